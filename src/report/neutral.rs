//! Makes text that strangers wrote harmless to look at: document text and snippet output are data.
//!
//! What comes out of here cannot move a cursor, colour, hide or reorder anything, and holds no
//! command of a CI system: control, bidirectional and invisible characters are shown as escapes
//! (`\x1b`, `\u{202e}`), and so are the two ways to begin a workflow command.

use std::fmt::Write as _;

/// `text` on one line, with everything that a terminal or a CI log could act on shown as an escape.
///
/// A caller that puts it first on a line uses [`line_start`] as well.
pub(crate) fn text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut before = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if is_safe(c, before, chars.peek().copied()) && !opens_command(&shown, c) {
            shown.push(c);
        } else {
            escape(&mut shown, c);
        }
        before = Some(c);
    }
    shown
}

/// As [`text`], with spaces as `·`, tabs as `→` and every other white space as an escape.
pub(super) fn visible_space(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' ' => shown.push('·'),
            '\t' => shown.push('→'),
            _ if c.is_whitespace() || !is_safe(c, None, None) || opens_command(&shown, c) => {
                escape(&mut shown, c);
            }
            _ => shown.push(c),
        }
    }
    shown
}

/// `line` with its first colon escaped where it would start a workflow command.
///
/// GitHub's runner takes a line for a command if it starts with `::` after white space
/// (actions/runner, `ActionCommand.TryParseV2`).
pub(crate) fn line_start(line: &str) -> String {
    let content = line.trim_start();
    match content.strip_prefix("::") {
        Some(rest) => {
            let indent = &line[..line.len() - content.len()];
            format!("{indent}\\x3a:{rest}")
        }
        None => line.to_owned(),
    }
}

/// A path for people, safe at the start of a line.
pub(super) fn path(path: &str) -> String {
    let shown = text(path);
    if shown.trim_start().starts_with("::") {
        format!("./{shown}")
    } else {
        shown
    }
}

/// What stands for `c` in a source excerpt: `None` to leave it out, else one character of known width.
///
/// `shown` is what already stands on the line.
pub(super) fn placeholder(shown: &str, c: char, next: Option<char>) -> Option<char> {
    match c {
        '\t' => Some('\t'),
        '\u{7f}' => Some('␡'),
        '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)),
        // It asks for a picture; a terminal that obeys makes the character wider than it says.
        '\u{fe0f}' => None,
        '\u{200c}' | '\u{200d}' if is_safe(c, shown.chars().next_back(), next) => Some(c),
        _ if c.is_control() || is_invisible(c) || opens_command(shown, c) => Some('\u{fffd}'),
        _ => Some(c),
    }
}

/// An argument for a POSIX shell; `$'…'` where it holds what must not be seen raw.
pub(crate) fn shell_argument(argument: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_./:@%+=,-".contains(c);
    if !argument.is_empty() && argument.chars().all(is_plain) {
        return argument.to_owned();
    }
    if argument.chars().all(|c| is_safe(c, None, None)) && !argument.contains("##") {
        return format!("'{}'", argument.replace('\'', "'\\''"));
    }
    let mut quoted = String::from("$'");
    for c in argument.chars() {
        match c {
            '\'' | '\\' => {
                quoted.push('\\');
                quoted.push(c);
            }
            _ if c != '#' && is_safe(c, None, None) => quoted.push(c),
            _ => {
                let mut bytes = [0; 4];
                for byte in c.encode_utf8(&mut bytes).bytes() {
                    let _ = write!(quoted, "\\{byte:03o}");
                }
            }
        }
    }
    quoted.push('\'');
    quoted
}

/// Whether a reader sees nothing, or another order, where `c` stands.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0e}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

fn is_safe(c: char, before: Option<char>, after: Option<char>) -> bool {
    // Joiners are spelling in Persian, Hindi and emoji, and tricks anywhere else.
    if matches!(c, '\u{200c}' | '\u{200d}') {
        let is_letter = |c: char| u32::from(c) >= 0x600 && !is_invisible(c);
        return before.is_some_and(is_letter) && after.is_some_and(is_letter);
    }
    !c.is_control() && !is_invisible(c)
}

/// Whether `c` would complete `##[` or `##name[`, which CI systems obey anywhere on a line
/// (actions/runner, `ActionCommand.TryParse`; Azure's `##vso[`, TeamCity's `##teamcity[`).
pub(super) fn opens_command(shown: &str, c: char) -> bool {
    c == '['
        && shown
            .trim_end_matches(|c: char| c.is_ascii_alphabetic())
            .ends_with("##")
}

fn escape(shown: &mut String, c: char) {
    let _ = match c {
        '\n' => write!(shown, "\\n"),
        '\r' => write!(shown, "\\r"),
        '\t' => write!(shown, "\\t"),
        _ if u32::from(c) < 0x100 => write!(shown, "\\x{:02x}", u32::from(c)),
        _ => write!(shown, "\\u{{{:x}}}", u32::from(c)),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_tricks_are_shown() {
        assert_eq!(text("\x1b]52;c;aGk=\x07"), r"\x1b]52;c;aGk=\x07");
        assert_eq!(text("\u{9b}2J"), r"\x9b2J");
        assert_eq!(text("a\u{202e}b\u{2069}"), r"a\u{202e}b\u{2069}");
        assert_eq!(text("a\u{200b}b\u{feff}"), r"a\u{200b}b\u{feff}");
        assert_eq!(text("a\r\nb\tc"), r"a\r\nb\tc");
    }

    #[test]
    fn ordinary_writing_stays() {
        for plain in [
            "Привет, мир — ёж",
            "日本語",
            "👩\u{200d}💻",
            "می\u{200c}خواهم",
            "e\u{301}",
        ] {
            assert_eq!(text(plain), plain);
        }
    }

    #[test]
    fn workflow_commands_are_broken_up() {
        assert_eq!(text("##[error]x"), r"##\x5berror]x");
        assert_eq!(text("a ##vso[task]"), r"a ##vso\x5btask]");
        assert_eq!(line_start("  ::error::x"), r"  \x3a:error::x");
        assert_eq!(line_start("a::b"), "a::b");
        assert_eq!(path("::set-output.md"), "./::set-output.md");
        assert_eq!(placeholder("##", '[', None), Some('\u{fffd}'));
    }

    #[test]
    fn a_shell_reads_the_path_back() {
        assert_eq!(shell_argument("notes/memory.md:17"), "notes/memory.md:17");
        assert_eq!(
            shell_argument("заметки/память.md:17"),
            "заметки/память.md:17"
        );
        assert_eq!(shell_argument("my notes.md:1"), "'my notes.md:1'");
        assert_eq!(shell_argument("it's.md:1"), r"'it'\''s.md:1'");
        assert_eq!(shell_argument("a\x1b[2J'.md"), r"$'a\033[2J\'.md'");
        assert_eq!(shell_argument("a\u{202e}.md"), r"$'a\342\200\256.md'");
        assert_eq!(shell_argument(""), "''");
    }
}
