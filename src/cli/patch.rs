//! A change of a document as a unified diff, for people and for `patch`.
//!
//! Carriage returns and tabs stay, so that the patch of a document without tricks can be applied; what
//! a terminal or a CI log could act on is shown as an escape.

use crate::report::neutral;

/// Lines around a change.
const CONTEXT: usize = 3;

/// The change from `before` to `after`.
pub(super) fn patch(path: &str, before: &str, after: &str) -> String {
    let path = neutral::text(path);
    let diff = similar::TextDiff::from_lines(before, after);
    let mut unified = diff.unified_diff();
    unified
        .context_radius(CONTEXT)
        .header(&format!("a/{path}"), &format!("b/{path}"));
    unified.to_string()
}

/// `patch` with every line made harmless, and painted where that is wanted.
pub(super) fn rendered(patch: &str, in_color: bool) -> String {
    let mut rendered = String::with_capacity(patch.len());
    for line in patch.split_inclusive('\n') {
        let content = line.trim_end_matches('\n');
        let (text, end) = match content.strip_suffix('\r') {
            Some(text) => (text, "\r\n"),
            None => (content, "\n"),
        };
        let parts: Vec<String> = text.split('\t').map(neutral::text).collect();
        let text = neutral::line_start(&parts.join("\t"));
        let style = match text.chars().next() {
            Some('+') => "\x1b[32m",
            Some('-') => "\x1b[31m",
            Some('@') => "\x1b[36m",
            _ => "",
        };
        match in_color && !style.is_empty() {
            true => rendered.push_str(&format!("{style}{text}\x1b[0m")),
            false => rendered.push_str(&text),
        }
        rendered.push_str(end);
    }
    rendered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_and_tabs_stay_and_tricks_are_shown() {
        let before = "a\r\n\tb\r\n";
        let after = "a\r\n\tc\x1b[2J\r\n";
        let shown = rendered(&patch("n.md", before, after), false);
        let expected = "--- a/n.md\n+++ b/n.md\n@@ -1,2 +1,2 @@\n a\r\n-\tb\r\n+\tc\\x1b[2J\r\n";
        assert_eq!(shown, expected);
    }
}
