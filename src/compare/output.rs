//! When an output block, or what a session shows, agrees with what was printed.

use super::same::{align, matches_with_ellipsis, same};
use super::text::{collapse, is_type_shorthand, tidy};
use super::tolerance::{Likeness, Tolerance};
use crate::claim::value::{self, Value};

/// Lines longer than this, in bytes, are compared as they stand only.
const LINE_LIMIT: usize = 64 * 1024;

/// How closely the expected lines agree with all that was printed; `None` where they do not.
///
/// White space at line ends and final line ends never matter. A line of `...` stands for any lines.
pub(super) fn agree(expected: &str, actual: &str) -> Option<Likeness> {
    let (expected, actual) = (tidy(expected), tidy(actual));
    if expected == actual {
        return Some(Likeness::Exact);
    }
    let stated: Vec<&str> = expected
        .split('\n')
        .map(|line| {
            if line.trim() == "<BLANKLINE>" {
                ""
            } else {
                line
            }
        })
        .collect();
    let found: Vec<&str> = actual.split('\n').collect();
    align(&stated, &found, is_gap, |e, a| line_agrees(e, a)).or_else(|| {
        let filled = |lines: &[&str]| -> Vec<String> {
            lines
                .iter()
                .filter(|line| !line.trim().is_empty())
                .map(|line| (*line).to_owned())
                .collect()
        };
        let (stated, found) = (filled(&stated), filled(&found));
        align(
            &stated,
            &found,
            |line| is_gap(&line.as_str()),
            |e, a| line_agrees(e, a),
        )
        .map(|likeness| likeness.under(Tolerance::Spacing))
        .or_else(|| values_agree(&expected, &actual))
    })
}

/// Whether the actual lines may be the beginning of the expected ones, which go on.
pub(super) fn is_begun(expected: &str, actual: &str) -> bool {
    let (expected, actual) = (tidy(expected), tidy(actual));
    let (stated, found): (Vec<&str>, Vec<&str>) =
        (expected.lines().collect(), actual.lines().collect());
    let is_shorter = found.len() < stated.len();
    let mut lines = stated.iter().zip(&found);
    stated.iter().any(is_gap) || (is_shorter && lines.all(|(e, a)| line_agrees(e, a).is_some()))
}

/// Whether the line stands for any lines.
fn is_gap(line: &&str) -> bool {
    matches!(line.trim(), "..." | "…" | "[...]")
}

/// The expected text with each traceback shortened to its last line, as a person would compare it.
pub(super) fn without_traceback_body(text: &str) -> String {
    let mut kept = String::new();
    let mut is_inside = false;
    for line in text.lines() {
        if line.starts_with("Traceback (most recent call last)") {
            is_inside = true;
            continue;
        }
        if is_inside && line.starts_with([' ', '\t', '.']) {
            continue;
        }
        is_inside = false;
        kept.push_str(line);
        kept.push('\n');
    }
    kept
}

fn line_agrees(expected: &str, actual: &str) -> Option<Likeness> {
    let (expected, actual) = (expected.trim_end(), actual.trim_end());
    if expected == actual {
        return Some(Likeness::Exact);
    }
    if expected.len() > LINE_LIMIT || actual.len() > LINE_LIMIT {
        return None;
    }
    if expected.split_whitespace().eq(actual.split_whitespace()) {
        return Some(Likeness::Under(Tolerance::Spacing));
    }
    // IPython shows a type by its name.
    if is_type_shorthand(expected.trim(), actual.trim()) {
        return Some(Likeness::Under(Tolerance::TypeShorthand));
    }
    values_agree(expected, actual)
        .or_else(|| parts_agree(expected, actual))
        .or_else(|| {
            matches_with_ellipsis(expected.trim(), actual.trim())
                .then_some(Likeness::Under(Tolerance::Ellipsis))
        })
}

/// Both texts are one value each, and the same, but for spelling.
fn values_agree(expected: &str, actual: &str) -> Option<Likeness> {
    let (stated, found) = (value::whole(expected)?, value::whole(actual)?);
    copies_agree((&stated, expected), (&found, actual))
}

/// Compares two values that are there with their spelling, by what a copied output may differ in.
fn copies_agree(expected: (&Value, &str), actual: (&Value, &str)) -> Option<Likeness> {
    let likeness = match same(expected.0, actual.0)? {
        Likeness::Exact if expected.1 != actual.1 => spelling(expected.1, actual.1),
        likeness => likeness,
    };
    match likeness {
        Likeness::Under(tolerance) if !tolerance.is_fit_for_copied_output() => None,
        _ => Some(likeness),
    }
}

fn spelling(expected: &str, actual: &str) -> Likeness {
    let dense = |text: &str| -> String { text.chars().filter(|c| !c.is_whitespace()).collect() };
    let commas = |text: &str| text.matches(',').count();
    match () {
        () if collapse(expected) == collapse(actual) || dense(expected) == dense(actual) => {
            Likeness::Under(Tolerance::Spacing)
        }
        () if commas(expected) != commas(actual) => Likeness::Under(Tolerance::Commas),
        () => Likeness::Under(Tolerance::Quotes),
    }
}

/// `set: {'b', 'a'}`: equal text around values that are the same.
fn parts_agree(expected: &str, actual: &str) -> Option<Likeness> {
    let (mut e, mut a) = (expected, actual);
    let mut all = Likeness::Exact;
    loop {
        let shared = shared_text(e, a);
        e = e.get(shared..)?;
        a = a.get(shared..)?;
        if e.is_empty() && a.is_empty() {
            return (all > Likeness::Exact).then_some(all);
        }
        let (stated, e_len) = value::prefix(e)?;
        let (found, a_len) = value::prefix(a)?;
        let part = copies_agree((&stated, e.get(..e_len)?), (&found, a.get(..a_len)?))?;
        all = all.and(part);
        e = e.get(e_len..)?;
        a = a.get(a_len..)?;
    }
}

/// How many bytes at the start are equal and hold no value that only brackets end.
fn shared_text(expected: &str, actual: &str) -> usize {
    let mut len = 0;
    for (e, a) in expected.chars().zip(actual.chars()) {
        if e != a || matches!(e, '{' | '<' | '[' | '(') {
            break;
        }
        len += e.len_utf8();
    }
    len
}
