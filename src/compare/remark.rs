//! Where, in a comment, the value ends and the author's remark begins.

use crate::claim::value;

/// Words that begin a reason, after a space or a comma.
const REASONS: [&str; 9] = [
    "because",
    "since",
    "потому что",
    "так как",
    "т.к.",
    "т. к.",
    "поскольку",
    "а не",
    "not ",
];

/// Signs that separate a remark from any text, after white space.
const STRONG: [&str; 8] = ["—", "–", "(", "←", "<-", "#", "//", "⟵"];

/// Signs that separate a remark from a value, after white space; in text they may belong to it.
const WEAK: [&str; 7] = ["- ", "-- ", "->", "→", "=>", "⇒", "["];

/// What a remark may stand behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// A value: commas and stops behind it cannot belong to it.
    Value,
    /// Any text.
    Text,
}

/// Whether `rest`, the text behind something that stood first, begins a remark about it.
///
pub(super) fn begins(rest: &str, after: After) -> bool {
    let after_value = after == After::Value;
    let trimmed = rest.trim_start();
    let space = rest.get(..rest.len() - trimmed.len()).unwrap_or_default();
    if trimmed.is_empty() || trimmed.starts_with(is_emoji) || trimmed.starts_with('←') {
        return true;
    }
    if is_wide(space) {
        return true;
    }
    let is_exclaimed = trimmed.trim_start_matches('!').is_empty();
    if after_value && (is_exclaimed || value::is_followed_full_width(trimmed)) {
        return true;
    }
    if !space.is_empty() {
        let starts_with_any = |signs: &[&str]| signs.iter().any(|sign| trimmed.starts_with(sign));
        let is_sum = trimmed
            .strip_prefix("= ")
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == '('));
        return starts_with_any(&STRONG)
            || starts_with_any(&REASONS)
            || (after_value && (starts_with_any(&WEAK) || is_sum));
    }
    let Some(behind) = trimmed.strip_prefix([',', ';', ':', '.', '!', '?']) else {
        return after_value && (trimmed.starts_with('—') || trimmed.starts_with('→'));
    };
    let behind = behind.trim_start_matches('!');
    let is_spaced = behind.is_empty() || behind.starts_with(char::is_whitespace);
    let is_reason = REASONS
        .iter()
        .any(|reason| behind.trim_start().starts_with(reason));
    is_spaced && (after_value || (is_reason && trimmed.starts_with(',')))
}

/// White space that no sentence has between its words.
fn is_wide(space: &str) -> bool {
    !space.contains('\n') && (space.contains('\t') || space.chars().count() > 1)
}

/// Texts longer than this, in bytes, are not searched for remarks.
const SEARCH_LIMIT: usize = 4096;

/// The text up to each place where a remark may begin, from left to right.
pub(super) fn heads(text: &str) -> impl Iterator<Item = &str> {
    let text_searched = if text.len() > SEARCH_LIMIT { "" } else { text };
    text_searched
        .char_indices()
        .filter(|(_, c)| c.is_whitespace())
        .filter_map(|(at, _)| {
            let head = text.get(..at)?;
            let is_inner = head.ends_with(char::is_whitespace) || head.is_empty();
            let rest = text.get(at..)?;
            let is_cut = begins(rest, After::Text)
                || (begins(rest, After::Value)
                    && (value::whole(head).is_some() || is_all_values(head)));
            (!is_inner && is_cut && !rest.trim().is_empty()).then_some(head)
        })
}

/// Pictographs, check marks and warning signs.
fn is_emoji(c: char) -> bool {
    matches!(u32::from(c), 0x20E3 | 0xFE0F | 0x2600..=0x27BF | 0x2B00..=0x2BFF | 0x1F000..=0x1FAFF)
}

/// The text with typographic quotes and primes made plain.
pub(super) fn plain_quotes(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '“' | '”' | '„' | '«' | '»' => '"',
            '‘' | '’' | '‚' => '\'',
            _ => c,
        })
        .collect()
}

/// Whether `text` is nothing but several values: `1, 2, 3` does not say `1` with a remark.
pub(super) fn is_all_values(text: &str) -> bool {
    let mut rest = text;
    let mut count = 0;
    while let Some((_, len)) = value::prefix(rest) {
        count += 1;
        rest = rest.get(len..).unwrap_or_default();
        rest = rest.trim_start_matches(|c: char| {
            c.is_whitespace()
                || matches!(c, ',' | ';' | ':' | '=' | '-' | '–' | '—' | '|' | '→' | '>')
        });
        if rest.is_empty() {
            return count > 1;
        }
    }
    false
}
