//! The lines of a document that a finding is about, ready to be underlined.
//!
//! Source lines come from strangers: each character that must not be seen raw is replaced by one
//! of known width, long lines are cut around what is marked, and the spans are moved along.

use std::collections::BTreeMap;
use std::ops::Range;

use super::finding::{Finding, Mark};
use super::neutral;
use super::place::line_content;
use crate::document::Document;
use crate::text::{LineNumber, Span};

/// Lines between a mark and the main place beyond which the mark becomes a note.
const NEAR_LINES: usize = 60;
/// Lines between a claim and its statement up to which both are shown.
const SHOWN_LINES: usize = 8;
/// Fewest characters that a line is cut to, however narrow the terminal.
const LINE_CHARS: usize = 40;

/// What a part of an excerpt is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// The main place.
    Main,
    /// A place that a remark is about.
    Other,
    /// To be seen, without an underline.
    Shown,
}

/// Underlined text of [`Excerpt::source`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Underline {
    /// Bytes of the source.
    pub(super) range: Range<usize>,
    /// What stands behind the underline; may be empty.
    pub(super) label: String,
    /// What it is there for.
    pub(super) role: Role,
}

/// Lines to show and what to underline in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// The lines from [`Excerpt::first`] on; those that say nothing are empty.
    pub(super) source: String,
    /// The document line of the first.
    pub(super) first: LineNumber,
    /// The document line of the last.
    pub(super) last: LineNumber,
    /// What to underline, the main place first.
    pub(super) underlines: Vec<Underline>,
    /// Marks too far off to show: `line 120: defined here`.
    pub(super) far: Vec<String>,
}

/// The excerpt for `finding`, with lines of about `width` columns; `None` where it has no place.
pub(super) fn excerpt(document: &Document, finding: &Finding, width: usize) -> Option<Excerpt> {
    let main_line = document.index.line(finding.span?.start);
    let main = Mark {
        span: finding.span?,
        text: finding.label.clone(),
    };
    let mut far = Vec::new();
    let mut by_line: BTreeMap<LineNumber, Vec<(&Mark, Role)>> = BTreeMap::new();
    by_line
        .entry(main_line)
        .or_default()
        .push((&main, Role::Main));
    let shown = finding.also_shown.map(|line| Mark {
        span: line_content(document, line),
        text: String::new(),
    });
    if let (Some(mark), Some(line)) = (&shown, finding.also_shown)
        && line.get().abs_diff(main_line.get()) <= SHOWN_LINES
    {
        by_line.entry(line).or_default().push((mark, Role::Shown));
    }
    for mark in &finding.marks {
        let line = document.index.line(mark.span.start);
        if line.get().abs_diff(main_line.get()) <= NEAR_LINES {
            by_line.entry(line).or_default().push((mark, Role::Other));
        } else {
            far.push(format!("line {line}: {}", mark.text));
        }
    }
    let first = *by_line.first_key_value()?.0;
    let last = *by_line.last_key_value()?.0;
    let mut source = String::new();
    let mut underlines = Vec::new();
    for number in first.get()..=last.get() {
        let line = LineNumber::new(number);
        if number > first.get() {
            source.push('\n');
        }
        match by_line.get(&line) {
            Some(marks) => push_line(&mut source, &mut underlines, document, line, marks, width),
            // One line alone between two marked ones is shown rather than left out.
            None if by_line.contains_key(&LineNumber::new(number - 1))
                && by_line.contains_key(&line.plus(1)) =>
            {
                push_line(&mut source, &mut underlines, document, line, &[], width);
            }
            None => {}
        }
    }
    underlines.sort_by_key(|underline| underline.role);
    Some(Excerpt {
        source,
        first,
        last,
        underlines,
        far,
    })
}

fn push_line(
    source: &mut String,
    underlines: &mut Vec<Underline>,
    document: &Document,
    line: LineNumber,
    marks: &[(&Mark, Role)],
    width: usize,
) {
    let span = document.index.line_span(&document.text, line);
    let text = span.of(&document.text);
    let line_base = source.len();
    let shown_chars = width.max(LINE_CHARS);
    let is_long = text.chars().nth(shown_chars).is_some();
    let from = match marks.first() {
        Some((mark, _)) if is_long => {
            let before = mark.span.start.clamp(span.start, span.end) - span.start;
            text[..text.floor_char_boundary(before)]
                .chars()
                .count()
                .saturating_sub(shown_chars / 3)
        }
        _ => 0,
    };
    if from > 0 {
        source.push('…');
    }
    let mut ends: Vec<Bounds> = marks
        .iter()
        .map(|(mark, _)| Bounds::new(mark.span, span))
        .collect();
    let mut chars = text.char_indices().skip(from).peekable();
    for _ in 0..shown_chars {
        let Some((offset, c)) = chars.next() else {
            break;
        };
        ends.iter_mut()
            .for_each(|bounds| bounds.pass(offset, source.len()));
        let next = chars.peek().map(|(_, next)| *next);
        source.extend(neutral::placeholder(&source[line_base..], c, next));
    }
    let end = source.len();
    if chars.next().is_some() {
        source.push('…');
    }
    for ((mark, role), bounds) in marks.iter().zip(ends) {
        let start = bounds.start.unwrap_or(end);
        underlines.push(Underline {
            range: start..bounds.end.unwrap_or(end).max(start),
            label: mark.text.clone(),
            role: *role,
        });
    }
}

/// Where the ends of one mark come to lie in the source, once their places in the line are passed.
struct Bounds {
    wanted: Range<usize>,
    start: Option<usize>,
    end: Option<usize>,
}

impl Bounds {
    fn new(mark: Span, line: Span) -> Self {
        let start = mark.start.clamp(line.start, line.end) - line.start;
        let end = mark.end.clamp(line.start, line.end) - line.start;
        Bounds {
            wanted: start..end,
            start: None,
            end: None,
        }
    }

    fn pass(&mut self, offset: usize, at: usize) {
        if self.start.is_none() && offset >= self.wanted.start {
            self.start = Some(at);
        }
        if self.end.is_none() && offset >= self.wanted.end {
            self.end = Some(at);
        }
    }
}
