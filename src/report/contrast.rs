//! Sets what was expected beside what Python did, so that the difference is seen, however small
//! or far into a long text it is. Pure, and linear in both texts.

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::neutral;
use super::summary::{counted, thousands};

/// Characters of a value that are shown on one line.
const SHOWN_CHARS: usize = 60;
/// Characters shown before the first difference of a long value.
const LEAD_CHARS: usize = 24;
/// Values shorter than this are compared at a glance.
const GLANCE_CHARS: usize = 16;
/// Lines of a difference that are shown.
const DIFF_LINES: usize = 16;
/// Lines from the first difference on that are compared with each other.
const DIFF_WINDOW: usize = 200;

/// What a document expects; never mixed up with [`Actual`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'a>(pub(super) &'a str);

/// What Python did.
#[derive(Clone, Copy, Debug)]
pub(super) struct Actual<'a>(pub(super) &'a str);

/// Two texts set side by side; everything in it is neutral text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Contrast {
    /// Index of the first line that differs.
    pub(super) line: usize,
    /// Whether either has more than one line.
    pub(super) is_multiline: bool,
    /// Whether Python's text is empty altogether.
    pub(super) is_actual_empty: bool,
    /// The expected text of that line in backticks, cut around the first difference; `None` where there is none.
    pub(super) expected: Option<String>,
    /// The actual text of that line, likewise.
    pub(super) actual: Option<String>,
    /// Lines that show the difference more closely; empty where it is seen at a glance.
    pub(super) closer: Vec<String>,
    /// Remarks about differences that no printing shows.
    pub(super) remarks: Vec<String>,
}

/// Sets `expected` beside `actual`.
pub(super) fn contrast(expected: Expected<'_>, actual: Actual<'_>) -> Contrast {
    let expected_lines = lines(expected.0);
    let actual_lines = lines(actual.0);
    let is_multiline = expected_lines.len() > 1 || actual_lines.len() > 1;
    let line = expected_lines
        .iter()
        .zip(&actual_lines)
        .take_while(|(expected, actual)| expected == actual)
        .count();
    let old = expected_lines.get(line).copied();
    let new = actual_lines.get(line).copied();
    let pair = Pair::new(old.unwrap_or_default(), new.unwrap_or_default());
    let closer = match diff(&expected_lines, &actual_lines, line) {
        Some(lines) => lines,
        None if old.is_some() && new.is_some() => pair.closer(),
        None => Vec::new(),
    };
    Contrast {
        line,
        is_multiline,
        is_actual_empty: actual.0.is_empty(),
        expected: old.map(|text| pair.shown(text)),
        actual: new.map(|text| pair.shown(text)),
        closer,
        remarks: if old.is_some() && new.is_some() {
            pair.remarks()
        } else {
            Vec::new()
        },
    }
}

/// `text` in backticks, cut after [`SHOWN_CHARS`] with its size said; `nothing` where it is empty.
pub(super) fn quoted(text: &str) -> String {
    window(text, 0, neutral::text)
}

fn lines(text: &str) -> Vec<&str> {
    if text.is_empty() {
        return Vec::new();
    }
    text.strip_suffix('\n')
        .unwrap_or(text)
        .split('\n')
        .collect()
}

/// One line of each, and where they part.
struct Pair<'a> {
    expected: &'a str,
    actual: &'a str,
    /// Characters that both begin with.
    common: usize,
    /// Whether they differ in white space or invisible characters alone.
    is_space_only: bool,
}

impl<'a> Pair<'a> {
    fn new(expected: &'a str, actual: &'a str) -> Self {
        let common = expected
            .chars()
            .zip(actual.chars())
            .take_while(|(expected, actual)| expected == actual)
            .count();
        let visible = |c: &char| !c.is_whitespace() && !neutral::is_invisible(*c);
        Pair {
            expected,
            actual,
            common,
            is_space_only: expected != actual
                && expected
                    .chars()
                    .filter(visible)
                    .eq(actual.chars().filter(visible)),
        }
    }

    fn show(&self) -> fn(&str) -> String {
        if self.is_space_only {
            neutral::visible_space
        } else {
            neutral::text
        }
    }

    /// First character of the part that is shown of both.
    fn start(&self) -> usize {
        let longest = self
            .expected
            .chars()
            .count()
            .max(self.actual.chars().count());
        if longest <= SHOWN_CHARS {
            0
        } else {
            self.common.saturating_sub(LEAD_CHARS)
        }
    }

    fn shown(&self, text: &str) -> String {
        window(text, self.start(), self.show())
    }

    /// The two values one below the other and a caret where they part, if that helps.
    fn closer(&self) -> Vec<String> {
        let shorter = self
            .expected
            .chars()
            .count()
            .min(self.actual.chars().count());
        let is_cut = self.start() > 0;
        let is_close = shorter >= GLANCE_CHARS && 2 * (self.common + self.common_end()) >= shorter;
        if self.expected == self.actual || !(self.is_space_only || is_cut || is_close) {
            return Vec::new();
        }
        let mut lines = vec![
            format!("expected {}", self.shown(self.expected)),
            format!("  actual {}", self.shown(self.actual)),
        ];
        let prefix: String = self
            .expected
            .chars()
            .take(self.common)
            .skip(self.start())
            .collect();
        let prefix = (self.show())(&prefix);
        // Without a table of widths only narrow scripts can be counted; elsewhere no caret is
        // better than one at the wrong place.
        if prefix.chars().all(is_narrow) {
            let indent = "expected `".len() + usize::from(is_cut) + prefix.chars().count();
            lines.push(format!("{}^", " ".repeat(indent)));
        }
        lines
    }

    fn common_end(&self) -> usize {
        let (expected, actual) = (self.expected.chars().rev(), self.actual.chars().rev());
        expected
            .zip(actual)
            .take_while(|(expected, actual)| expected == actual)
            .count()
    }

    fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if self.is_space_only {
            remarks.push("they differ in white space or invisible characters alone".to_owned());
        }
        let mut expected = self.expected.chars().skip(self.common);
        let mut actual = self.actual.chars().skip(self.common);
        if let (Some(expected), Some(actual), next_expected, next_actual) = (
            expected.next(),
            actual.next(),
            expected.next(),
            actual.next(),
        ) && !self.is_space_only
            && (is_lookalike(expected, actual) || is_mark(next_expected) != is_mark(next_actual))
        {
            remarks.push(format!(
                "the document has `{}` (U+{:04X}) where Python has `{}` (U+{:04X})",
                neutral::text(&expected.to_string()),
                u32::from(expected),
                neutral::text(&actual.to_string()),
                u32::from(actual)
            ));
        }
        remarks
    }
}

/// What keyboards, editors and typesetters put in the place of ASCII characters.
const LOOKALIKES: [(char, &str); 29] = [
    ('a', "а"),
    ('e', "е"),
    ('o', "оο"),
    ('p', "рρ"),
    ('c', "с"),
    ('x', "х"),
    ('y', "у"),
    ('i', "і"),
    ('A', "АΑ"),
    ('B', "ВΒ"),
    ('E', "ЕΕ"),
    ('K', "КΚ"),
    ('M', "МΜ"),
    ('H', "НΗ"),
    ('O', "ОΟ"),
    ('P', "РΡ"),
    ('C', "С"),
    ('T', "ТΤ"),
    ('X', "ХΧ"),
    ('I', "ІΙ"),
    ('3', "З"),
    ('-', "‐‑–—−"),
    ('"', "“”„«»″"),
    ('\'', "‘’‚′"),
    ('.', "…"),
    ('*', "∗×"),
    ('~', "∼"),
    (':', "∶"),
    ('/', "∕⁄"),
];

/// Whether two different characters are easily taken for each other.
fn is_lookalike(a: char, b: char) -> bool {
    LOOKALIKES.iter().any(|&(ascii, others)| {
        ascii == a && others.contains(b) || ascii == b && others.contains(a)
    })
}

fn is_mark(c: Option<char>) -> bool {
    matches!(c, Some('\u{300}'..='\u{36f}'))
}

fn is_narrow(c: char) -> bool {
    matches!(c, ' '..='\u{2ff}' | '\u{370}'..='\u{482}' | '\u{48a}'..='\u{58f}' | '→' | '…' | '—')
}

/// The characters of `text` from `start` on, in backticks, with what is left out said.
fn window(text: &str, start: usize, show: fn(&str) -> String) -> String {
    if text.is_empty() {
        return "nothing".to_owned();
    }
    let mut rest = text.chars().skip(start);
    let shown: String = rest.by_ref().take(SHOWN_CHARS).collect();
    let left_out = text.len() - shown.len();
    let is_cut_before = start > 0;
    let is_cut_after = rest.next().is_some();
    format!(
        "`{}{}{}`{}",
        if is_cut_before { "…" } else { "" },
        show(&shown),
        if is_cut_after { "…" } else { "" },
        match (is_cut_before, is_cut_after) {
            (false, false) => String::new(),
            (true, _) => format!(" ({} bytes in all)", thousands(text.len())),
            (false, true) => format!(" … {} more bytes", thousands(left_out)),
        }
    )
}

/// The lines around the first difference as a small diff: `-` expected, `+` actual; `None` where
/// no more than one line differs, which needs no diff.
fn diff(expected: &[&str], actual: &[&str], first: usize) -> Option<Vec<String>> {
    let from = first.saturating_sub(1);
    let part = |lines: &[&str]| -> Vec<String> {
        lines
            .iter()
            .skip(from)
            .take(DIFF_WINDOW)
            .map(|line| (*line).to_owned())
            .collect()
    };
    let (old, new) = (part(expected), part(actual));
    let mut rows = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
        push_rows(&mut rows, op, &old, &new);
    }
    let beyond = expected
        .len()
        .max(actual.len())
        .saturating_sub(from + DIFF_WINDOW);
    let changed = |sign: char| rows.iter().filter(|(row, _)| *row == sign).count();
    if beyond == 0 && changed('-') <= 1 && changed('+') <= 1 {
        return None;
    }
    let hidden = rows.len().saturating_sub(DIFF_LINES) + beyond;
    rows.truncate(DIFF_LINES);
    if hidden == 0 {
        // Equal lines at the end say nothing beyond the first of them.
        while matches!(rows.as_slice(), [.., (' ', _), (' ', _)]) {
            rows.pop();
        }
    }
    let mut shown = vec!["- is expected, + is what Python printed".to_owned()];
    if from > 0 {
        shown.push(format!(
            "  … {} before",
            counted(from, "equal line", "equal lines")
        ));
    }
    shown.extend(rows.iter().map(|(sign, line)| row(*sign, line)));
    if hidden > 0 {
        shown.push(format!("  … {} more", counted(hidden, "line", "lines")));
    }
    Some(shown)
}

fn push_rows<'a>(
    rows: &mut Vec<(char, &'a str)>,
    op: DiffOp,
    old: &'a [String],
    new: &'a [String],
) {
    let (_, old_range, new_range) = op.as_tag_tuple();
    if let DiffOp::Equal { .. } = op {
        rows.extend(old[old_range].iter().map(|line| (' ', line.as_str())));
    } else {
        rows.extend(old[old_range].iter().map(|line| ('-', line.as_str())));
        rows.extend(new[new_range].iter().map(|line| ('+', line.as_str())));
    }
}

fn row(sign: char, line: &str) -> String {
    let shown: String = line.chars().take(2 * SHOWN_CHARS).collect();
    let left_out = line.len() - shown.len();
    let mut shown = neutral::text(&shown);
    // White space at the end is lost on a reader unless it is drawn.
    let trimmed = shown.trim_end().len();
    if sign != ' ' && trimmed < shown.len() {
        let end = neutral::visible_space(&shown[trimmed..]);
        shown.truncate(trimmed);
        shown += &end;
    }
    if left_out > 0 {
        shown += &format!("… {} more bytes", thousands(left_out));
    }
    if sign == ' ' {
        shown = neutral::line_start(&shown);
    }
    format!("{sign} {shown}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(expected: &str, actual: &str) -> Contrast {
        contrast(Expected(expected), Actual(actual))
    }

    #[test]
    fn short_values_need_no_closer_look() {
        let contrast = of("[1, 2]", "[1, 2, 3]");
        assert_eq!(contrast.expected.as_deref(), Some("`[1, 2]`"));
        assert_eq!(contrast.actual.as_deref(), Some("`[1, 2, 3]`"));
        assert!(contrast.closer.is_empty());
    }

    #[test]
    fn one_digit_in_a_long_number_gets_a_caret() {
        assert_eq!(
            of("0.30000000000000004", "0.30000000000000014").closer,
            [
                "expected `0.30000000000000004`",
                "  actual `0.30000000000000014`",
                "                           ^",
            ]
        );
    }

    #[test]
    fn white_space_alone_is_drawn() {
        let contrast = of("a b", "a  b");
        assert_eq!(contrast.actual.as_deref(), Some("`a··b`"));
        assert_eq!(
            contrast.closer,
            ["expected `a·b`", "  actual `a··b`", "            ^"]
        );
        assert_eq!(of("a\u{a0}b", "a b").expected.as_deref(), Some(r"`a\xa0b`"));
        assert_eq!(of("a\u{200b}b", "ab").remarks.len(), 1);
    }

    #[test]
    fn letters_of_two_alphabets_are_named() {
        assert_eq!(
            of("с", "c").remarks,
            ["the document has `с` (U+0441) where Python has `c` (U+0063)"]
        );
        assert_eq!(of("3", "4").remarks, [""; 0]);
    }

    #[test]
    fn long_values_are_cut_around_the_difference() {
        let expected = format!("[{}1, 2]", "0, ".repeat(500));
        let actual = format!("[{}1, 3]", "0, ".repeat(500));
        let contrast = of(&expected, &actual);
        assert_eq!(
            contrast.closer,
            [
                "expected `…0, 0, 0, 0, 0, 0, 0, 1, 2]` (1,506 bytes in all)",
                "  actual `…0, 0, 0, 0, 0, 0, 0, 1, 3]` (1,506 bytes in all)",
                "                                   ^",
            ]
        );
    }

    #[test]
    fn lines_are_compared_from_the_first_difference_on() {
        let contrast = of("a\nb\nc\nd\ne\nf\n", "a\nb\nx\ny\ne\nf\n");
        assert_eq!(contrast.line, 2);
        assert_eq!(
            contrast.closer,
            [
                "- is expected, + is what Python printed",
                "  … 1 equal line before",
                "  b",
                "- c",
                "- d",
                "+ x",
                "+ y",
                "  e",
            ]
        );
    }

    #[test]
    fn one_letter_written_in_two_ways_is_named() {
        assert_eq!(
            of("caf\u{e9}", "cafe\u{301}").remarks,
            ["the document has `\u{e9}` (U+00E9) where Python has `e` (U+0065)"]
        );
    }

    #[test]
    fn one_line_more_needs_no_diff() {
        assert!(of("a\nb\n", "a\nb\nc\n").closer.is_empty());
        assert!(of("a\nb\n", "a\nc\n").closer.is_empty());
        assert_eq!(of("a\n", "").actual, None);
    }

    #[test]
    fn a_missing_last_line_is_none() {
        let contrast = of("a\nb\n", "a\n");
        assert_eq!(contrast.expected.as_deref(), Some("`b`"));
        assert_eq!(contrast.actual, None);
    }

    #[test]
    fn a_megabyte_is_quick_and_short() {
        let expected = "x\n".repeat(500_000);
        let actual = "y\n".repeat(500_000);
        let contrast = of(&expected, &actual);
        assert!(contrast.closer.len() < 20);
        let wide = of(&"ж".repeat(500_000), &"ш".repeat(500_000));
        assert_eq!(
            wide.expected,
            Some(format!("`{}…` … 999,880 more bytes", "ж".repeat(60)))
        );
    }
}
