//! What a difference means where the comment is words: another output than was shown, or no output at all.
//!
//! Pure text. Only [`super::judge`] asks; whether the text agrees has been decided before.

use similar::TextDiff;

use super::{number, remark};
use crate::claim::value::{self, Value};

/// How much like output a text is that differs from what was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// Words beside a value, or in another script: a remark on it.
    Remark,
    /// Text that may be output or a remark.
    Doubtful,
    /// It is of the kind of what was shown.
    Output,
    /// It is nearly what was shown.
    Close,
}

/// Texts longer than this, in bytes, are not compared character by character.
const LIMIT: usize = 400;

/// Judges by `actual` what `text`, which differs from it, was meant for.
pub(super) fn manner(text: &str, actual: &str) -> Manner {
    let (text, actual) = (text.trim(), actual.trim());
    let shows_value = |text: &str| {
        text.contains(|c: char| c.is_ascii_digit() || matches!(c, '\'' | '"'))
            || text.starts_with(['[', '(', '{'])
            || actual.starts_with('<') && is_name(text)
    };
    let is_value = value::whole(actual).is_some();
    if is_value && !shows_value(text) {
        return Manner::Remark;
    }
    let (stated, found) = (script(text), script(actual));
    if !is_value && stated.is_some() && found.is_some() && stated != found {
        return Manner::Remark;
    }
    let is_short = text.len() <= LIMIT && actual.len() <= LIMIT;
    let (text, actual) = (text.to_lowercase(), actual.to_lowercase());
    if is_short && TextDiff::from_chars(text.as_str(), actual.as_str()).ratio() >= 0.6 {
        return Manner::Close;
    }
    let words = |text: &str| text.split_whitespace().count();
    match (words(&text), words(&actual)) {
        (1, 1) => Manner::Output,
        _ if is_short && TextDiff::from_words(text.as_str(), actual.as_str()).ratio() >= 0.5 => {
            Manner::Close
        }
        _ if is_value => Manner::Output,
        _ => Manner::Doubtful,
    }
}

/// Whether the letters of a text are ASCII; `None` where it has none, or both kinds.
fn script(text: &str) -> Option<bool> {
    let mut letters = text.chars().filter(|c| c.is_alphabetic());
    let is_ascii = letters.next()?.is_ascii();
    letters
        .all(|c| c.is_ascii() == is_ascii)
        .then_some(is_ascii)
}

/// Whether `text`, or its part in front of a remark, is `actual` with other numbers in it, or another
/// member of the same name: `2024-03-01` for `2024-02-29`, `Color.BLUE` for `Color.RED`.
pub(super) fn is_of_same_form(text: &str, actual: &str) -> bool {
    let (text, actual) = (text.trim(), actual.trim());
    if actual.len() > LIMIT || text.len() > LIMIT {
        return false;
    }
    std::iter::once(text)
        .chain(remark::heads(text))
        .any(|head| {
            has_other_numbers(head, actual)
                || is_in_other_case(head, actual)
                || is_of_same_shape(head, actual)
                || is_other_member(head, actual)
                || is_other_type(head, actual)
        })
}

/// Whether `text`, or its part in front of a remark, has several words, and half of all words are shared.
pub(super) fn shares_words(text: &str, actual: &str) -> bool {
    const SHARED: f32 = 0.5;
    if value::whole(actual).is_some() {
        return false;
    }
    let actual: Vec<&str> = actual.split_whitespace().collect();
    let is_like = |head: &str| {
        let words: Vec<&str> = head.split_whitespace().collect();
        (2..=20).contains(&words.len())
            && (2..=20).contains(&actual.len())
            && TextDiff::from_slices(&words, &actual).ratio() >= SHARED
            || are_like_words(&words, &actual)
    };
    std::iter::once(text)
        .chain(remark::heads(text))
        .any(is_like)
}

/// `Hello, world` for `Hello, World`: several words that differ in their capitals.
fn is_in_other_case(text: &str, actual: &str) -> bool {
    text.contains(' ') && text.to_lowercase() == actual.to_lowercase()
}

/// Words behind which stands what happened, against what was expected.
const CONTRASTS: [&str; 12] = [
    "got",
    "actual",
    "but",
    "in fact",
    "really",
    "instead",
    "а получ",
    "получ",
    "на самом деле",
    "на деле",
    "фактически",
    "но ",
];

/// `Expected [0, 1], got [1, 1]`: what was shown stands behind a word that sets it against the value in front.
pub(super) fn is_contrasted(text: &str, actual: &str) -> bool {
    if actual.is_empty() || text.len() > LIMIT {
        return false;
    }
    let places = text.match_indices(actual).map(|(at, _)| at);
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let behind = |at: usize| text.get(at + actual.len()..).unwrap_or_default();
    let before = |at: usize| text.get(..at).unwrap_or_default();
    places
        .filter(|&at| !behind(at).starts_with(is_word) && !before(at).ends_with(is_word))
        .any(|at| {
            let before = before(at).to_lowercase();
            CONTRASTS.iter().any(|word| before.contains(word))
        })
}

/// `{1, 2} difference` for `{2, 3}`: a container of the kind that was shown, and few plain words.
pub(super) fn is_other_container(stated: &str, text: &str, actual: &str) -> bool {
    let same_kind = match (value::whole(stated), value::whole(actual)) {
        (Some(Value::List(a)), Some(Value::List(b)))
        | (Some(Value::Set(a)), Some(Value::Set(b)))
        | (Some(Value::Tuple(a)), Some(Value::Tuple(b))) => !a.is_empty() && !b.is_empty(),
        (Some(Value::Dict(a)), Some(Value::Dict(b))) => !a.is_empty() && !b.is_empty(),
        _ => false,
    };
    let rest = text.trim().strip_prefix(stated).unwrap_or_default();
    let words: Vec<&str> = rest.split_whitespace().collect();
    let is_plain = |word: &&str| word.chars().all(char::is_alphabetic);
    same_kind && (1..=3).contains(&words.len()) && words.iter().all(is_plain)
}

/// `Alicia` for `Alice`: one word each, and most letters shared.
fn are_like_words(words: &[&str], actual: &[&str]) -> bool {
    const SHARED: f32 = 0.7;
    const LEN: std::ops::RangeInclusive<usize> = 4..=60;
    match (words, actual) {
        (&[word], &[actual]) => {
            LEN.contains(&word.len())
                && LEN.contains(&actual.len())
                && word.chars().next().is_some_and(char::is_uppercase)
                    == actual.chars().next().is_some_and(char::is_uppercase)
                && TextDiff::from_chars(word, actual).ratio() >= SHARED
        }
        _ => false,
    }
}

fn has_other_numbers(text: &str, actual: &str) -> bool {
    let (stated, found) = (number::tokens(text), number::tokens(actual));
    let is_number = |token: &str| token.starts_with(|c: char| c.is_ascii_digit());
    let mut is_other = false;
    let mut pairs = stated.iter().zip(&found);
    let are_alike = pairs.all(|(e, a)| {
        is_other |= !number::rounds_to(e, a) && is_number(e);
        e == a || is_number(e) && is_number(a)
    });
    are_alike && is_other && stated.len() == found.len()
}

/// `-1 day, 3:00:00` for `-2 days, 21:00:00`, `Hi, Al!` for `Hi, Bo!`: words and several signs in the same
/// order, and numbers or words that are shared.
fn is_of_same_shape(text: &str, actual: &str) -> bool {
    let shape = |text: &str| {
        let mut shape = String::new();
        for c in text.chars() {
            let kind = match c {
                '0'..='9' => '0',
                c if c.is_alphabetic() => 'a',
                c => c,
            };
            if !(kind.is_alphanumeric() && shape.ends_with(kind)) {
                shape.push(kind);
            }
        }
        shape
    };
    let (stated, found) = (shape(text), shape(actual));
    let signs = stated
        .chars()
        .filter(|c| !c.is_alphanumeric() && !c.is_whitespace());
    let is_like = || stated.contains('0') || shares_words(text, actual);
    stated == found && signs.count() > 1 && is_like() && text != actual
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !text.starts_with(|c: char| c.is_ascii_digit())
}

/// `int` for `<class 'float'>`.
fn is_other_type(text: &str, actual: &str) -> bool {
    const TYPES: &str = "int float complex bool str bytes bytearray list tuple dict set frozenset range \
        NoneType function generator type object";
    actual.starts_with("<class '") && TYPES.split_whitespace().any(|name| name == text)
}

fn is_other_member(text: &str, actual: &str) -> bool {
    let split = |text: &'_ str| -> Option<(String, bool)> {
        let (owner, member) = text.rsplit_once('.')?;
        Some((
            owner.to_owned(),
            owner.split('.').all(is_name) && is_name(member),
        ))
    };
    match (split(text), split(actual)) {
        (Some((owner, true)), Some((other, true))) => owner == other,
        _ => false,
    }
}

/// Whether two texts begin with values of different kinds, or one of them with none.
pub(super) fn are_of_other_kinds(stated: &str, actual: &str) -> bool {
    let kind = |text: &str| value::whole(text).map(|value| std::mem::discriminant(&value));
    let is_text = |text: &str| matches!(value::whole(text), Some(Value::Str(_)) | None);
    kind(stated) != kind(actual) && !(is_text(stated) && is_text(actual))
}

/// Whether two texts have the same number of lines, several, and at least half of them are equal.
pub(super) fn differ_in_some_lines(stated: &str, actual: &str) -> bool {
    let count = stated.lines().count();
    let equal = stated
        .lines()
        .zip(actual.lines())
        .filter(|(e, a)| e.trim() == a.trim())
        .count();
    count > 1 && actual.lines().count() == count && equal * 2 >= count
}
