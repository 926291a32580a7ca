//! The text form of a snapshot: insta's format, so that insta's own tools read and rewrite it.
//!
//! A header stands between `---` lines, then one record for each snippet.
//! `parse(&print(s, …)) == s` for every [`Snapshot`].
//!
//! ```text
//! ---
//! source: notes/memory.md
//! description: snipcheck snapshot 1 under python 3.11
//! ---
//! ## reference-model/1
//! digest: 1f3a9c0de1b2a377
//! stdout:
//! | [1, 2, 3]
//! ~ clock
//! | no line end after this\
//! value 3: [1, 2, 3]
//! raised 5: IndexError: list index out of range
//! exception: ValueError: bad value
//! ```
//!
//! What a snippet wrote stands behind `| `, so that it can neither end a record nor look like a merge
//! conflict; what an editor or a diff would hide or change stands there as an escape. `~` and a cause
//! stand for what differs from run to run. Where Python versions differ, a record holds several
//! outcomes, each behind a line such as `python: 3.9-3.11`.

mod escape;
#[cfg(test)]
mod tests;

use std::fmt::{self, Write};

use self::escape::{Content, escape, is_hidden, unescape};
use super::{Cause, Kept, Outcome, Record, Seen, Snapshot, Stream, Variant, Versions, What};
use crate::block::BlockId;
use crate::text::LineNumber;

/// The version of the text form.
const VERSION: &str = "1";

/// What stands before the version in the header.
const DESCRIPTION: &str = "snipcheck snapshot";

/// What stands behind it, before the Python versions. Without marks that YAML would want quoted, so that
/// insta writes the same bytes.
const PYTHON: &str = " under python ";

/// The text form of `snapshot`; `source` is its document, relative to the project.
pub fn print(snapshot: &Snapshot, source: &str) -> String {
    let mut text = String::from("---\nsource: ");
    print_yaml(&mut text, source);
    let _ = write!(text, "\ndescription: {DESCRIPTION} {VERSION}");
    if !snapshot.pythons.0.is_empty() {
        let _ = write!(text, "{PYTHON}{}", snapshot.pythons);
    }
    text.push_str("\n---\n");
    for (index, record) in snapshot.records.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        print_line(&mut text, "##", &record.id.0);
        print_line(&mut text, "digest:", &record.digest);
        print_variants(&mut text, &record.variants);
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

pub(super) fn print_variants(out: &mut String, variants: &[Variant]) {
    for variant in variants {
        if !variant.pythons.0.is_empty() {
            print_line(out, "python:", &variant.pythons.to_string());
        }
        print_outcome(out, &variant.outcome);
    }
}

pub(super) fn print_outcome(out: &mut String, outcome: &Outcome) {
    print_stream(out, "stdout", &outcome.stdout);
    print_stream(out, "stderr", &outcome.stderr);
    for ((line, what), texts) in &outcome.seen {
        for text in texts {
            print_kept(out, &format!("{} {line}", what.as_str()), text);
        }
    }
    if let Some(exception) = &outcome.exception {
        print_kept(out, "exception", exception);
    }
}

fn print_stream(out: &mut String, name: &str, stream: &Stream) {
    let (lines, is_open) = match stream {
        Stream::Varying(cause) => {
            let _ = writeln!(out, "{name} ~ {cause}");
            return;
        }
        Stream::Lines { lines, is_open } => (lines, is_open),
    };
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(out, "{name}:");
    for line in lines {
        match line {
            Kept::Text(text) => print_line(out, "|", text),
            Kept::Varying(cause) => {
                let _ = writeln!(out, "~ {cause}");
            }
        }
    }
    if *is_open {
        out.truncate(out.len() - 1);
        out.push_str("\\\n");
    }
}

fn print_kept(out: &mut String, name: &str, kept: &Kept) {
    match kept {
        Kept::Text(text) => print_line(out, &format!("{name}:"), text),
        Kept::Varying(cause) => {
            let _ = writeln!(out, "{name} ~ {cause}");
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
    /// Several outcomes of which some name no Python versions, or a version twice.
    BadVersions,
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
            Damage::BadVersions => {
                f.write_str("the snapshot is damaged: it is not clear for which Python this is")
            }
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

    /// Reads the header and gives the Python versions that it names.
    fn header(&mut self) -> Result<Versions, SnapshotError> {
        let not_ours = |line| SnapshotError {
            line,
            damage: Damage::NotASnapshot,
        };
        let first = self.lines.next().map(|(_, line)| line.trim_end());
        if first != Some("---") {
            return Err(not_ours(LineNumber::FIRST));
        }
        let mut versions = None;
        while let Some((line, text)) = self.peek() {
            self.lines.next();
            if text == "---" {
                return versions.unwrap_or_else(|| Err(not_ours(line)));
            }
            if let Some(description) = text.strip_prefix("description:") {
                let description = description.trim().trim_matches(['"', '\'']);
                versions = description.strip_prefix(DESCRIPTION).map(|rest| {
                    described(rest.trim()).map_err(|damage| SnapshotError { line, damage })
                });
            }
        }
        Err(not_ours(LineNumber::FIRST))
    }

    fn record(&mut self, id: String, line: LineNumber) -> Result<Record, SnapshotError> {
        let digest = self.take_whole("digest:")?.ok_or(SnapshotError {
            line,
            damage: Damage::NoDigest,
        })?;
        let mut variants = Vec::new();
        loop {
            let line = self.peek().map_or(line, |(line, _)| line);
            let bad_versions = SnapshotError {
                line,
                damage: Damage::BadVersions,
            };
            let pythons = match self.take_whole("python:")? {
                Some(text) => Versions::parse(&text).ok_or(bad_versions)?,
                None if variants.is_empty() => Versions::default(),
                None => break,
            };
            let outcome = self.outcome()?;
            variants.push(Variant { pythons, outcome });
        }
        if !are_distinct(&variants) {
            return Err(SnapshotError {
                line,
                damage: Damage::BadVersions,
            });
        }
        Ok(Record {
            id: BlockId(id),
            digest,
            variants,
        })
    }

    fn outcome(&mut self) -> Result<Outcome, SnapshotError> {
        Ok(Outcome {
            stdout: self.stream("stdout")?,
            stderr: self.stream("stderr")?,
            seen: self.seen()?,
            exception: self.kept("exception")?,
        })
    }

    fn stream(&mut self, name: &str) -> Result<Stream, SnapshotError> {
        if let Some(cause) = self.varying(name)? {
            return Ok(Stream::Varying(cause));
        }
        let is_here = self
            .peek()
            .is_some_and(|(_, line)| line.strip_prefix(name).is_some_and(|rest| rest == ":"));
        if !is_here {
            return Ok(Stream::default());
        }
        self.lines.next();
        let mut lines = Vec::new();
        loop {
            if let Some(cause) = self.varying("")? {
                lines.push(Kept::Varying(cause));
            } else if let Some(content) = self.take("|")? {
                lines.push(Kept::Text(content.text));
                if content.is_open {
                    return Ok(Stream::of(lines, true));
                }
            } else {
                return Ok(Stream::of(lines, false));
            }
        }
    }

    fn seen(&mut self) -> Result<Seen, SnapshotError> {
        let mut seen = Seen::new();
        while let Some((name, key)) = self.peek().and_then(|(_, text)| seen_key(text)) {
            let Some(kept) = self.kept(name)? else { break };
            seen.entry(key).or_default().push(kept);
        }
        Ok(seen)
    }

    /// Takes the line `name: text`, or `name ~ cause`.
    fn kept(&mut self, name: &str) -> Result<Option<Kept>, SnapshotError> {
        if let Some(cause) = self.varying(name)? {
            return Ok(Some(Kept::Varying(cause)));
        }
        Ok(self.take_whole(&format!("{name}:"))?.map(Kept::Text))
    }

    /// Takes the line `name ~ cause`, or `~ cause` where `name` is empty.
    fn varying(&mut self, name: &str) -> Result<Option<Cause>, SnapshotError> {
        let Some((line, text)) = self.peek() else {
            return Ok(None);
        };
        let cause = text.strip_prefix(name).and_then(|rest| match name {
            "" => rest.strip_prefix("~ "),
            _ => rest.strip_prefix(" ~ "),
        });
        let Some(cause) = cause else { return Ok(None) };
        self.lines.next();
        match Cause::parse(cause) {
            Some(cause) => Ok(Some(cause)),
            None => Err(unexpected(line, text)),
        }
    }
}

/// What the header says behind the name of the format: version, then Python versions.
fn described(text: &str) -> Result<Versions, Damage> {
    let (version, pythons) = match text.split_once(PYTHON) {
        Some((version, pythons)) => (version, Some(pythons)),
        None => (text, None),
    };
    if version != VERSION {
        return Err(Damage::OtherVersion(version.to_owned()));
    }
    match pythons {
        None => Ok(Versions::default()),
        Some(pythons) => Versions::parse(pythons).ok_or(Damage::BadVersions),
    }
}

/// `value 3`, `after 3` or `raised 3` at the start of a line, and what it means.
fn seen_key(text: &str) -> Option<(&str, (usize, What))> {
    let (word, rest) = text.split_once(' ')?;
    let what = What::ALL.into_iter().find(|what| what.as_str() == word)?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let line = rest.get(..digits)?.parse().ok()?;
    Some((text.get(..word.len() + 1 + digits)?, (line, what)))
}

/// Whether it is clear which outcome a Python version has.
fn are_distinct(variants: &[Variant]) -> bool {
    let mut all = std::collections::BTreeSet::new();
    let mut is_new = |variant: &Variant| variant.pythons.0.iter().all(|&python| all.insert(python));
    let are_new = variants.iter().all(&mut is_new);
    are_new && (variants.len() == 1 || variants.iter().all(|it| !it.pythons.0.is_empty()))
}

fn unexpected(line: LineNumber, text: &str) -> SnapshotError {
    SnapshotError {
        line,
        damage: Damage::UnexpectedLine(text.chars().take(60).collect()),
    }
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
    let mut snapshot = Snapshot {
        pythons: reader.header()?,
        records: Vec::new(),
    };
    loop {
        reader.skip_empty();
        let Some((line, text)) = reader.peek() else {
            return Ok(snapshot);
        };
        match reader.take_whole("##")? {
            Some(id) => snapshot.records.push(reader.record(id, line)?),
            None => return Err(unexpected(line, text)),
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
