//! The text form of a snapshot: insta's format, so that insta's own tools read and rewrite it.
//!
//! A header stands between `---` lines, then one record for each snippet.
//! `parse(&print(s, …)) == s` for every [`Snapshot`].
//!
//! ```text
//! ---
//! source: notes/memory.md
//! description: snipcheck snapshot 1
//! ---
//! ## reference-model/1
//! digest: 1f3a9c0de1b2a377
//! stdout:
//! | [1, 2, 3]
//! | no line end after this\
//! exception: ValueError: bad value
//! ```
//!
//! What a snippet wrote stands behind `| `, so that it can neither end a record nor look like a merge
//! conflict; what an editor or a diff would hide or change stands there as an escape.

use std::fmt::{self, Write};

use super::{Record, Snapshot};
use crate::block::BlockId;
use crate::text::LineNumber;

/// The version of the text form.
const VERSION: &str = "1";

/// What stands before the version in the header.
const DESCRIPTION: &str = "snipcheck snapshot";

/// The text form of `snapshot`; `source` is its document, relative to the project.
pub fn print(snapshot: &Snapshot, source: &str) -> String {
    let mut text = String::from("---\nsource: ");
    print_yaml(&mut text, source);
    let _ = writeln!(text, "\ndescription: {DESCRIPTION} {VERSION}\n---");
    for (index, record) in snapshot.records.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        print_line(&mut text, "##", &record.id.0);
        print_line(&mut text, "digest:", &record.digest);
        print_outcome(&mut text, record);
    }
    text
}

/// A text in YAML: bare where that can mean only this text, else quoted (JSON's form is YAML's too).
fn print_yaml(out: &mut String, text: &str) {
    let is_bare = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.contains('.')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte));
    if is_bare {
        out.push_str(text);
        return;
    }
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            _ if is_hidden(c) && u32::from(c) <= 0xffff => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

pub(super) fn print_outcome(out: &mut String, record: &Record) {
    print_section(out, "stdout:", &record.stdout);
    print_section(out, "stderr:", &record.stderr);
    if let Some(exception) = &record.exception {
        print_line(out, "exception:", exception);
    }
}

fn print_section(out: &mut String, name: &str, text: &str) {
    if text.is_empty() {
        return;
    }
    out.push_str(name);
    out.push('\n');
    for line in text.split_inclusive('\n') {
        let content = line.strip_suffix('\n');
        print_line(out, "|", content.unwrap_or(line));
        if content.is_none() {
            out.truncate(out.len() - 1);
            out.push_str("\\\n");
        }
    }
}

fn print_line(out: &mut String, start: &str, text: &str) {
    out.push_str(start);
    if !text.is_empty() {
        out.push(' ');
        escape(out, text);
    }
    out.push('\n');
}

/// Writes `text` on one line, so that no editor or diff hides or changes any of it.
fn escape(out: &mut String, text: &str) {
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
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// Why a text is not a snapshot, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotError {
    /// The first line that is wrong.
    pub line: LineNumber,
    /// What is wrong with it.
    pub damage: Damage,
}

/// What is wrong with a snapshot's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damage {
    /// A merge that was never finished.
    MergeConflict,
    /// The header is not ours.
    NotASnapshot,
    /// Another version of the text form.
    OtherVersion(String),
    /// A line that has no place where it stands.
    UnexpectedLine(String),
    /// The record that begins here lacks its digest.
    NoDigest,
    /// A backslash that begins no escape.
    BadEscape,
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.damage {
            Damage::MergeConflict => f.write_str("a merge conflict is not resolved here"),
            Damage::NotASnapshot => f.write_str("this is not a snapshot of snipcheck"),
            Damage::OtherVersion(version) => write!(
                f,
                "the snapshot has format {version}, this snipcheck reads format {VERSION}"
            ),
            Damage::UnexpectedLine(line) => write!(f, "the snapshot is damaged: `{line}`"),
            Damage::NoDigest => f.write_str("the snapshot is damaged: a record without digest"),
            Damage::BadEscape => {
                f.write_str("the snapshot is damaged: a backslash that begins no escape")
            }
        }
    }
}

impl std::error::Error for SnapshotError {}

/// The lines of a snapshot that are left to read.
struct Reader<'a> {
    lines:
        std::iter::Peekable<std::iter::Zip<std::ops::RangeFrom<usize>, std::str::Split<'a, char>>>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Reader {
            lines: (1..).zip(text.split('\n')).peekable(),
        }
    }

    /// The number and the text of the line to read; a `\r` from another system's line end is not part of it.
    fn peek(&mut self) -> Option<(LineNumber, &'a str)> {
        self.lines.peek().map(|&(number, line)| {
            (
                LineNumber::new(number),
                line.strip_suffix('\r').unwrap_or(line),
            )
        })
    }

    fn skip_empty(&mut self) {
        while self.peek().is_some_and(|(_, line)| line.is_empty()) {
            self.lines.next();
        }
    }

    /// Takes the line `start`, or `start`, a space and a text, which is given unescaped.
    fn take(&mut self, start: &str) -> Result<Option<Content>, SnapshotError> {
        let Some((line, text)) = self.peek() else {
            return Ok(None);
        };
        let Some(rest) = text.strip_prefix(start) else {
            return Ok(None);
        };
        let content = match rest.strip_prefix(' ') {
            Some(content) => content,
            None if rest.is_empty() => "",
            None => return Ok(None),
        };
        self.lines.next();
        match unescape(content) {
            Some(content) => Ok(Some(content)),
            None => Err(SnapshotError {
                line,
                damage: Damage::BadEscape,
            }),
        }
    }

    /// Takes a line as [`Reader::take`] does, which must hold a whole text.
    fn take_whole(&mut self, start: &str) -> Result<Option<String>, SnapshotError> {
        let line = self.peek().map_or(LineNumber::FIRST, |(line, _)| line);
        match self.take(start)? {
            Some(content) if content.is_open => Err(SnapshotError {
                line,
                damage: Damage::BadEscape,
            }),
            content => Ok(content.map(|content| content.text)),
        }
    }

    fn header(&mut self) -> Result<(), SnapshotError> {
        let not_ours = |line| SnapshotError {
            line,
            damage: Damage::NotASnapshot,
        };
        let first = self.lines.next().map(|(_, line)| line.trim_end());
        if first != Some("---") {
            return Err(not_ours(LineNumber::FIRST));
        }
        let mut version = None;
        while let Some((line, text)) = self.peek() {
            self.lines.next();
            if text == "---" {
                return match version {
                    Some((_, version)) if version == VERSION => Ok(()),
                    Some((line, version)) => Err(SnapshotError {
                        line,
                        damage: Damage::OtherVersion(version),
                    }),
                    None => Err(not_ours(line)),
                };
            }
            if let Some(description) = text.strip_prefix("description:") {
                let description = description.trim().trim_matches(['"', '\'']);
                version = description
                    .strip_prefix(DESCRIPTION)
                    .map(|version| (line, version.trim().to_owned()));
            }
        }
        Err(not_ours(LineNumber::FIRST))
    }

    fn record(&mut self, id: String, line: LineNumber) -> Result<Record, SnapshotError> {
        let digest = self.take_whole("digest:")?.ok_or(SnapshotError {
            line,
            damage: Damage::NoDigest,
        })?;
        Ok(Record {
            id: BlockId(id),
            digest,
            stdout: self.section("stdout:")?,
            stderr: self.section("stderr:")?,
            exception: self.take_whole("exception:")?,
        })
    }

    fn section(&mut self, name: &str) -> Result<String, SnapshotError> {
        let mut text = String::new();
        if self.peek().is_none_or(|(_, line)| line != name) {
            return Ok(text);
        }
        self.lines.next();
        while let Some(content) = self.take("|")? {
            text.push_str(&content.text);
            if content.is_open {
                break;
            }
            text.push('\n');
        }
        Ok(text)
    }
}

/// The text of one line.
struct Content {
    text: String,
    /// Whether a lone backslash stood at its end: no line end follows in what was recorded.
    is_open: bool,
}

fn unescape(line: &str) -> Option<Content> {
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

/// Reads the text form.
pub fn parse(text: &str) -> Result<Snapshot, SnapshotError> {
    if let Some(line) = conflict(text) {
        return Err(SnapshotError {
            line,
            damage: Damage::MergeConflict,
        });
    }
    let mut reader = Reader::new(text);
    reader.header()?;
    let mut snapshot = Snapshot::default();
    loop {
        reader.skip_empty();
        let Some((line, text)) = reader.peek() else {
            return Ok(snapshot);
        };
        match reader.take_whole("##")? {
            Some(id) => snapshot.records.push(reader.record(id, line)?),
            None => {
                return Err(SnapshotError {
                    line,
                    damage: Damage::UnexpectedLine(text.chars().take(60).collect()),
                });
            }
        }
    }
}

/// The first mark of an unfinished merge; nothing that is recorded begins a line like that.
fn conflict(text: &str) -> Option<LineNumber> {
    let is_mark = |line: &str| {
        ["<<<<<<<", "|||||||", ">>>>>>>"].iter().any(|mark| {
            line.strip_prefix(mark)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        }) || line == "======="
    };
    text.lines()
        .position(is_mark)
        .map(|index| LineNumber::FIRST.plus(index))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Actual;
    use super::*;

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            proptest::collection::vec(
                prop_oneof![
                    Just("---"),
                    Just("## a"),
                    Just("| "),
                    Just("|"),
                    Just("\\"),
                    Just("\n"),
                    Just("\r"),
                    Just("\r\n"),
                    Just(" "),
                    Just("\t"),
                    Just("\u{85}"),
                    Just("\u{2028}"),
                    Just("\u{feff}"),
                    Just("\u{3000}"),
                    Just("\0"),
                    Just("stdout:"),
                    Just("digest: x"),
                    Just("<<<<<<< HEAD"),
                    Just("======="),
                    Just("\\u{20}"),
                    Just("имя"),
                    Just("exception: E"),
                    Just("\x1b[31m"),
                ],
                0..8
            )
            .prop_map(|parts| parts.concat()),
        ]
    }

    fn record() -> impl Strategy<Value = Record> {
        (text(), text(), text(), text(), proptest::option::of(text())).prop_map(
            |(id, digest, stdout, stderr, exception)| Record {
                id: BlockId(id),
                digest,
                stdout,
                stderr,
                exception,
            },
        )
    }

    fn snapshot() -> impl Strategy<Value = Snapshot> {
        proptest::collection::vec(record(), 0..4).prop_map(|records| Snapshot { records })
    }

    proptest! {
        #[test]
        fn parse_undoes_print(snapshot in snapshot(), source in text()) {
            let text = print(&snapshot, &source);
            prop_assert_eq!(parse(&text), Ok(snapshot.clone()), "{}", text);
            let with_carriage_returns = text.replace('\n', "\r\n");
            prop_assert_eq!(parse(&with_carriage_returns), Ok(snapshot), "{}", text);
        }

        #[test]
        fn parse_survives_any_text(text in text(), snapshot in snapshot(), cut in 0.0..1.0_f64) {
            let _ = parse(&text);
            let whole = print(&snapshot, "a.md");
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "any cut will do"
            )]
            let at = whole.floor_char_boundary((whole.len() as f64 * cut) as usize);
            let _ = parse(&format!("{}{text}", &whole[..at]));
        }
    }

    fn damage(text: &str) -> (usize, String) {
        let error = parse(text).expect_err("it is damaged");
        (error.line.get(), error.to_string())
    }

    const HEADER: &str = "---\nsource: a.md\ndescription: snipcheck snapshot 1\n---\n";

    #[test]
    fn insta_reads_and_rewrites_it_without_loss() {
        let record = |id: &str, stdout: &str| {
            Actual::new(BlockId(id.to_owned()), "x", stdout, "", Some("E: \n x ")).into_record()
        };
        let snapshot = Snapshot {
            records: vec![
                record("a/1", "---\n\t1 \r\n\n"),
                record("тема/2", "no end\n "),
            ],
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        for source in ["notes/a.md", "1: заметки #\u{2028}\"\\.md", "no", ""] {
            let file = folder.path().join("a.md.snap");
            let text = print(&snapshot, source);
            std::fs::write(&file, &text).expect("it is written");
            let read = insta::Snapshot::from_file(&file).expect("insta reads it");
            assert_eq!(read.metadata().source(), Some(source));
            assert_eq!(read.metadata().description(), Some("snipcheck snapshot 1"));
            read.save(&file).expect("insta writes it");
            let rewritten = std::fs::read_to_string(&file).expect("it is read");
            assert_eq!(parse(&rewritten), Ok(snapshot.clone()), "{rewritten}");
        }
    }

    #[test]
    fn damage_is_told_with_its_line() {
        let cases = [
            ("", 1, "this is not a snapshot of snipcheck"),
            (
                "---\nsource: a.md\n---\n",
                3,
                "this is not a snapshot of snipcheck",
            ),
            (
                "---\ndescription: snipcheck snapshot 7\n---\n",
                2,
                "the snapshot has format 7, this snipcheck reads format 1",
            ),
        ];
        for (text, line, message) in cases {
            assert_eq!(damage(text), (line, message.to_owned()));
        }
        let cases = [
            (
                "## a/1\nstdout:\n| 1\n",
                5,
                "the snapshot is damaged: a record without digest",
            ),
            (
                "## a/1\ndigest: 0\nstdout:\n1\n",
                8,
                "the snapshot is damaged: `1`",
            ),
            (
                "## a/1\ndigest: 0\nstdout:\n| \\q\n",
                8,
                "the snapshot is damaged: a backslash that begins no escape",
            ),
            (
                "## a/1\n<<<<<<< HEAD\ndigest: 0\n=======\ndigest: 1\n>>>>>>> b\n",
                6,
                "a merge conflict is not resolved here",
            ),
        ];
        for (body, line, message) in cases {
            assert_eq!(
                damage(&format!("{HEADER}{body}")),
                (line, message.to_owned())
            );
        }
    }

    #[test]
    fn it_reads_well_in_a_pull_request() {
        let id = BlockId("lists/1".to_owned());
        let actual = Actual::new(
            id,
            "print(x)",
            "[1, 2]\n\n  C:\\new\ttab \r\n<object object at 0x7f00aa12>",
            "warning\n",
            Some("ValueError: bad\nvalue"),
        );
        let snapshot = Snapshot {
            records: vec![actual.into_record()],
        };
        let expected = concat!(
            "---\n",
            "source: notes/a.md\n",
            "description: snipcheck snapshot 1\n",
            "---\n",
            "## lists/1\n",
            "digest: 6f2f3b0e5d3c9d06\n",
            "stdout:\n",
            "| [1, 2]\n",
            "|\n",
            "|   C:\\\\new\\ttab \\r\n",
            "| <object object at 0x…>\\\n",
            "stderr:\n",
            "| warning\n",
            "exception: ValueError: bad\\nvalue\n",
        );
        let printed = print(&snapshot, "notes/a.md");
        let digest = super::super::digest("print(x)");
        assert_eq!(printed, expected.replace("6f2f3b0e5d3c9d06", &digest));
    }
}
