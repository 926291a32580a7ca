//! A change of a file as a unified diff, for people and for `patch`.
//!
//! Carriage returns and tabs stay, so that the patch of a document without tricks can be applied; what
//! a terminal or a CI log could act on is shown as an escape.

use crate::report::neutral;

/// What `patch -p1` makes the file `path` (`/` between parts) of `old` into that of `new`; `None`
/// stands for no file. Empty where nothing differs.
pub(super) fn patch(path: &str, old: Option<&str>, new: Option<&str>) -> String {
    if old == new {
        return String::new();
    }
    let path = neutral::text(path);
    let name = |prefix: &str, text: Option<&str>| match text {
        Some(_) => format!("{prefix}/{path}"),
        None => "/dev/null".to_owned(),
    };
    let diff = similar::TextDiff::from_lines(old.unwrap_or_default(), new.unwrap_or_default());
    let (old_name, new_name) = (name("a", old), name("b", new));
    let mut shown = diff.unified_diff();
    shown.header(&old_name, &new_name).to_string()
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
        let shown = rendered(&patch("n.md", Some(before), Some(after)), false);
        let expected = "--- a/n.md\n+++ b/n.md\n@@ -1,2 +1,2 @@\n a\r\n-\tb\r\n+\tc\\x1b[2J\r\n";
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_patch_names_the_file_and_what_is_not_there() {
        assert_eq!(patch("e/a.snap", Some("x\n"), Some("x\n")), "");
        let created = patch("e/a.snap", None, Some("x\n"));
        assert_eq!(
            created,
            "--- /dev/null\n+++ b/e/a.snap\n@@ -0,0 +1 @@\n+x\n"
        );
        let removed = patch("e/a.snap", Some("x\n"), None);
        assert_eq!(
            removed,
            "--- a/e/a.snap\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"
        );
    }
}
