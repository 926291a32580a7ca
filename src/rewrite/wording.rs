//! How a value is written in the place of another, in the style that stands there.
//!
//! In go the old text and what Python showed, out come the texts that may be written, the one nearest
//! to the old style first. Which of them is read back as meant, is decided by `replay`.

use super::value::{self as written, Numbers};
use crate::claim::value::{self, Value};
use crate::compare;

/// Texts longer than this, in bytes, are not searched for where the value ends.
const SEARCH_MAX: usize = 400;

/// The texts that may stand in the place of `old` to show `actual`.
pub(super) fn wordings(old: &str, actual: &str) -> Vec<String> {
    let mut texts = Vec::new();
    // `<class 'A'>` leaves out the module, and so will what stands in its place.
    if old.contains('<') && !old.contains("__main__.") {
        texts = in_the_style_of(old, &actual.replace("__main__.", ""));
    }
    texts.extend(in_the_style_of(old, actual));
    let mut distinct: Vec<String> = Vec::new();
    for text in texts {
        if !distinct.contains(&text) {
            distinct.push(text);
        }
    }
    distinct
}

fn in_the_style_of(old: &str, actual: &str) -> Vec<String> {
    let old_value = value::whole(old);
    let new_value = value::whole(actual);
    let mut texts: Vec<Option<String>> = Vec::new();
    let quote = old.chars().find(|c| matches!(c, '\'' | '"'));
    let is_old_text = matches!(old_value, Some(Value::Str(_)));
    let is_new_text = matches!(new_value, Some(Value::Str(_)));
    if is_old_text && !is_new_text {
        texts.push(written::quoted(actual, quote.unwrap_or('\'')));
    }
    for numbers in [Numbers::AsRounded, Numbers::AsShown] {
        texts.push(written::merged(old, actual, numbers));
        texts.push(written::merged_sequence(old, actual, numbers));
        texts.push(tail(old, actual).and_then(|tail| written::merged(old, tail, numbers)));
    }
    if old_value.is_none() {
        texts.push(type_name(old, actual));
        if is_new_text && quote.is_none() {
            texts.push(content(new_value.as_ref(), actual));
        }
    }
    let quotes = written::prevailing_quotes(old);
    if is_new_text || new_value.is_some() && old_value.is_some() {
        texts.push(Some(written::with_quotes(actual, quotes)));
    }
    texts.push(Some(actual.to_owned()));
    if new_value.is_none() {
        texts.push(written::quoted(actual, quotes.unwrap_or('\'')));
    }
    texts.into_iter().flatten().collect()
}

/// `9` of the printed `max: 9`, where the document has a value like it alone.
fn tail<'a>(old: &str, actual: &'a str) -> Option<&'a str> {
    let kind = std::mem::discriminant(&value::whole(old)?);
    if actual.contains('\n') || value::whole(actual).is_some() {
        return None;
    }
    let starts = [": ", "= ", "> ", "="].iter();
    let tails = starts.filter_map(|sign| actual.split_once(sign).map(|(_, tail)| tail.trim()));
    let mut values = tails.filter_map(|tail| Some((tail, value::whole(tail)?)));
    values.find_map(|(tail, value)| (std::mem::discriminant(&value) == kind).then_some(tail))
}

/// `str` for `<class 'str'>`, where the document has such a name.
fn type_name(old: &str, actual: &str) -> Option<String> {
    let is_name = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
    };
    let name = actual.strip_prefix("<class '")?.strip_suffix("'>")?;
    let last = name.rsplit('.').next()?;
    (is_name(old) && is_name(last)).then(|| last.to_owned())
}

/// The content of a string that Python shows in quotes, where it needs no escapes.
fn content(value: Option<&Value>, literal: &str) -> Option<String> {
    match value {
        Some(Value::Str(content)) if !literal.contains('\\') && !content.is_empty() => {
            Some(content.clone())
        }
        _ => None,
    }
}

/// Length of the part of `text` that is output, what follows being a remark: the part that is most
/// like what was shown.
pub(super) fn output_len(text: &str, actual: &str) -> usize {
    if text.len() > SEARCH_MAX || actual.len() > SEARCH_MAX {
        return text.len();
    }
    let likeness = |len: usize| {
        let head = text.get(..len).unwrap_or_default().trim_end();
        similar::TextDiff::from_chars(head, actual).ratio()
    };
    let mut best = (text.len(), likeness(text.len()));
    for len in compare::remark_starts(text) {
        let ratio = likeness(len);
        if ratio > best.1 || ratio >= best.1 && best.0 == text.len() {
            best = (len, ratio);
        }
    }
    best.0
}

/// `text` with memory addresses replaced by what stands for any address.
pub(super) fn without_addresses(text: &str) -> String {
    let mut parts = text.split("at 0x");
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        written.push_str("at 0x...");
        written.push_str(part.trim_start_matches(|c: char| c.is_ascii_hexdigit()));
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_wording_has_the_old_style() {
        let cases = [
            ("'a'", "b", "'b'"),
            ("\"a\"", "b", "\"b\""),
            ("a", "b", "b"),
            ("5", "6", "6"),
            ("5", "b c", "b c"),
            ("\"a\"", "'b'", "\"b\""),
            ("1, 2", "1 3", "1, 3"),
            ("8", "max: 9", "9"),
            ("int", "<class 'str'>", "str"),
            ("<class 'A'>", "<class '__main__.B'>", "<class 'B'>"),
            ("[\"a\"]", "(5, 'b')", "(5, \"b\")"),
            ("Hello", "'Hi'", "Hi"),
        ];
        for (old, actual, expected) in cases {
            let first = wordings(old, actual).into_iter().next();
            assert_eq!(first.as_deref(), Some(expected), "{old} and {actual}");
        }
    }

    #[test]
    fn a_remark_is_no_output() {
        let cases = [
            ("Hello, Bob — the greeting", "Hello, Ann", "Hello, Bob"),
            ("a — b", "a — c", "a — b"),
            ("Total: 5 (sum)", "Total: 6 (sum)", "Total: 5 (sum)"),
            ("Total: 5 (the sum)", "Total: 6", "Total: 5"),
            ("plain", "other", "plain"),
        ];
        for (text, actual, expected) in cases {
            let len = output_len(text, actual);
            assert_eq!(text.get(..len), Some(expected), "{text} and {actual}");
        }
    }

    #[test]
    fn addresses_are_left_out() {
        let shown = "<f at 0x7f01ab> <g at 0x1>";
        assert_eq!(without_addresses(shown), "<f at 0x...> <g at 0x...>");
    }
}
