//! How a text stands on one line of a snapshot.

use std::fmt::Write;

/// Writes `text` on one line, so that no editor or diff hides or changes any of it.
pub(super) fn escape(out: &mut String, text: &str) {
    let visible_end = text.trim_end().len();
    for (at, c) in text.char_indices() {
        let is_last = at + c.len_utf8() == text.len();
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if is_hidden(c) || (is_last && at >= visible_end) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
}

/// Whether `c` cannot be seen, or changes how the text around it is seen.
pub(super) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// The text of one line.
pub(super) struct Content {
    pub(super) text: String,
    /// Whether a lone backslash stood at its end: no line end follows in what was recorded.
    pub(super) is_open: bool,
}

pub(super) fn unescape(line: &str) -> Option<Content> {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\\') {
        text.push_str(before);
        let mut chars = after.chars();
        match chars.next() {
            None => {
                return Some(Content {
                    text,
                    is_open: true,
                });
            }
            Some('\\') => text.push('\\'),
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some('u') => {
                let (digits, after) = chars.as_str().strip_prefix('{')?.split_once('}')?;
                text.push(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?);
                rest = after;
                continue;
            }
            Some(_) => return None,
        }
        rest = chars.as_str();
    }
    text.push_str(rest);
    Some(Content {
        text,
        is_open: false,
    })
}
