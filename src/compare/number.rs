//! Numbers as written: when two spellings are the same number, and when one is the other rounded.

use super::tolerance::{Likeness, Tolerance};

/// Compares two numbers as written. An integer is never the same as a float.
pub(super) fn same(expected: &str, actual: &str) -> Option<Likeness> {
    if expected == actual {
        return Some(Likeness::Exact);
    }
    // `007` is text: Python shows no number so.
    if is_padded(expected) || is_padded(actual) {
        return None;
    }
    match (integer(expected), integer(actual)) {
        (Some(e), Some(a)) => return (e == a).then_some(Likeness::Under(Tolerance::NumberForm)),
        (None, None) => {}
        _ => return None,
    }
    let (e, a) = (float(expected)?, float(actual)?);
    let is_double = |text| significant_digits(text) <= DOUBLE_DIGITS;
    if e == a && is_double(expected) && is_double(actual) {
        return Some(Likeness::Under(Tolerance::NumberForm));
    }
    is_rounded(expected, e, actual, a).then_some(Likeness::Under(Tolerance::FloatRounded))
}

/// How many significant digits tell every double from its neighbours; what is written with more is
/// meant digit by digit, as in `Decimal` or `f"{0.1:.20f}"`.
const DOUBLE_DIGITS: usize = 17;

/// The digits between the first and the last that are not zero.
fn significant_digits(text: &str) -> usize {
    let mantissa = text.split(['e', 'E']).next().unwrap_or(text);
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').len()
}

/// Whether zeros fill the number up on the left.
fn is_padded(text: &str) -> bool {
    let digits = text.trim_start_matches(['-', '+']);
    digits
        .strip_prefix('0')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Whether `actual` rounded to the places of `expected` is `expected`: `26` for `25.6`.
pub(super) fn rounds_to(expected: &str, actual: &str) -> bool {
    let places = expected
        .split_once('.')
        .map_or(0, |(_, places)| places.len());
    match (float(expected), float(actual)) {
        (Some(e), Some(a)) if places <= 17 => format!("{a:.places$}").parse() == Ok(e),
        _ => false,
    }
}

/// Whether two floats differ by no more than two of the least steps between floats: what the system's
/// mathematical library may differ in.
pub(super) fn are_neighbours(expected: &str, actual: &str) -> bool {
    match (float(expected), float(actual)) {
        (Some(e), Some(a)) if e.is_finite() && a.is_finite() => {
            e != a && (e - a).abs() <= 2.0 * f64::EPSILON * a.abs()
        }
        _ => false,
    }
}

/// Whether two numbers are near enough for a claim that calls itself approximate: within a tenth.
pub(super) fn is_near(expected: &str, actual: &str) -> bool {
    match (float(expected), float(actual)) {
        (Some(e), Some(a)) => e == a || (e - a).abs() <= 0.1 * a.abs().max(e.abs()),
        _ => false,
    }
}

/// The canonical decimal digits of an integer, or of one in another radix that fits 128 bits.
fn integer(text: &str) -> Option<String> {
    let plain = text.replace('_', "");
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let radix = match digits.get(..2) {
        Some("0x" | "0X") => 16,
        Some("0o" | "0O") => 8,
        Some("0b" | "0B") => 2,
        _ => 10,
    };
    if radix != 10 {
        let number = u128::from_str_radix(digits.get(2..)?, radix).ok()?;
        return Some(format!("{sign}{number}"));
    }
    let is_integer = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let significant = digits.trim_start_matches('0');
    is_integer.then(|| match significant {
        "" => "0".to_owned(),
        _ => format!("{sign}{significant}"),
    })
}

fn float(text: &str) -> Option<f64> {
    text.replace('_', "").parse().ok()
}

/// Whether `expected` is `actual` written shorter, by rounding or by cutting off.
///
/// What only hides the noise of binary fractions is no shorter spelling: `0.3` is not what Python
/// prints for `0.1 + 0.2`, and that is the very thing such examples are about.
fn is_rounded(expected: &str, e: f64, actual: &str, a: f64) -> bool {
    let (mantissa, exponent) = match expected.split_once(['e', 'E']) {
        Some((mantissa, _)) => (mantissa, true),
        None => (expected, false),
    };
    let Some((_, decimals)) = mantissa.split_once('.') else {
        return false;
    };
    let places = decimals.len();
    if e == 0.0 || !a.is_finite() || !(1..=17).contains(&places) {
        return false;
    }
    let without_noise: Option<f64> = format!("{a:.14e}").parse().ok();
    if without_noise == Some(e) {
        return false;
    }
    let rounded = if exponent {
        format!("{a:.places$e}")
    } else {
        format!("{a:.places$}")
    };
    rounded.parse() == Ok(e) || (places >= 2 && !exponent && actual.starts_with(expected))
}

/// The text cut into numbers and what stands between them.
pub(super) fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let is_number = rest.starts_with(|c: char| c.is_ascii_digit());
        let len = match is_number {
            true => number_len(rest),
            false => rest
                .find(|c: char| c.is_ascii_digit())
                .unwrap_or(rest.len()),
        };
        let (token, after) = rest.split_at(len);
        tokens.push(token);
        rest = after;
    }
    tokens
}

/// Length of the digits at the start, with one decimal point between digits.
fn number_len(text: &str) -> usize {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(text);
    let decimals = text
        .get(whole..)
        .and_then(|rest| rest.strip_prefix('.'))
        .map_or(0, digits);
    if decimals > 0 {
        whole + 1 + decimals
    } else {
        whole
    }
}
