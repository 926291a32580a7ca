//! Where the lines of an expected value stand in a document, and what stands before them.
//!
//! In go a document and a claim's span, out come [`Pieces`]: one span for each line of the value. From
//! steps on those lines come [`Edit`]s: added lines get the container's prefix and the line end that
//! stands there already.

use super::Edit;
use super::lines::Step;
use crate::document::Document;
use crate::text::{LineNumber, Span};

/// The lines of an expected value, each at its place.
pub(super) struct Pieces<'a> {
    document: &'a Document,
    /// The text of each line in the document.
    spans: Vec<Span>,
}

impl<'a> Pieces<'a> {
    /// Finds `lines`, which stand on so many lines of the document from the start of `span` on; `None`
    /// where they stand there otherwise than they were read.
    pub(super) fn new(document: &'a Document, span: Span, lines: &[&str]) -> Option<Self> {
        let first = document.index.line(span.start);
        let mut spans = Vec::with_capacity(lines.len());
        for (index, line) in lines.iter().enumerate() {
            let whole = document.line_span(first.plus(index));
            let line = line.trim_end();
            let end = whole.start + document.slice(whole).trim_end().len();
            let piece = if lines.len() == 1 {
                let text = document.text.get(span.range())?.trim_end();
                Span::new(span.start, span.start + text.len())
            } else {
                Span::new(end.checked_sub(line.len())?, end)
            };
            let is_there = document.text.get(piece.range()) == Some(line);
            if !is_there || index == 0 && piece.start != span.start || piece.end > whole.end {
                return None;
            }
            spans.push(piece);
        }
        let last = document.index.line(span.end);
        let is_all = last == first.plus(lines.len().checked_sub(1)?);
        is_all.then_some(Pieces { document, spans })
    }

    /// The edits that `steps` come to; `None` where a line cannot be added.
    pub(super) fn edits(&self, steps: &[Step]) -> Option<Vec<Edit>> {
        let mut edits: Vec<Edit> = Vec::new();
        let mut above: Option<usize> = None;
        let mut deleted_first: Option<usize> = None;
        for step in steps {
            match step {
                Step::Keep(at) | Step::Replace(at, _) => {
                    let piece = *self.spans.get(*at)?;
                    if let Some(start) = deleted_first.take() {
                        edits.push(Edit::new(Span::new(start, piece.start), ""));
                    }
                    if let Step::Replace(_, text) = step {
                        edits.push(Edit::new(piece, text));
                    }
                    above = Some(*at);
                }
                Step::Delete(at) => match above {
                    None => {
                        deleted_first = deleted_first.or(Some(self.spans.get(*at)?.start));
                    }
                    Some(_) => {
                        let start = self.line_end(at.checked_sub(1)?)?;
                        edits.push(Edit::new(Span::new(start, self.line_end(*at)?), ""));
                    }
                },
                Step::Insert(text) => self.insert(above, text, &mut edits)?,
            }
        }
        deleted_first.is_none().then_some(edits)
    }

    fn insert(&self, above: Option<usize>, text: &str, edits: &mut Vec<Edit>) -> Option<()> {
        let prefix = self.prefix(above.unwrap_or_default())?;
        let new_line = self.new_line(above.unwrap_or_default())?;
        let Some(above) = above else {
            let start = self.spans.first()?.start;
            // Several lines before the first one stay in their order.
            let text = format!("{text}{new_line}{prefix}");
            match edits.last_mut().filter(|edit| edit.span == Span::at(start)) {
                Some(edit) => edit.text.push_str(&text),
                None => edits.push(Edit::new(Span::at(start), &text)),
            }
            return Some(());
        };
        let end = self.line_end(above)?;
        let prefix = match text.is_empty() {
            true => prefix.trim_end(),
            false => prefix,
        };
        let line = format!("{new_line}{prefix}{text}");
        match edits.last_mut().filter(|edit| edit.span == Span::at(end)) {
            Some(edit) => edit.text.push_str(&line),
            None => edits.push(Edit::new(Span::at(end), &line)),
        }
        Some(())
    }

    fn line(&self, at: usize) -> Option<LineNumber> {
        let piece = self.spans.get(at)?;
        Some(self.document.index.line(piece.start))
    }

    /// Where the content of the line of the piece `at` ends.
    fn line_end(&self, at: usize) -> Option<usize> {
        Some(self.document.line_span(self.line(at)?).end)
    }

    /// What ends the line of the piece `at`, or the lines before it.
    fn new_line(&self, at: usize) -> Option<&'a str> {
        let line = self.line(at)?;
        line_end(self.document, line)
    }

    /// What stands before the value on a line of its own: that of the piece `at` or of one near it.
    fn prefix(&self, at: usize) -> Option<&'a str> {
        let above = (0..=at).rev();
        let below = at + 1..self.spans.len();
        above.chain(below).find_map(|at| {
            let piece = self.spans.get(at).filter(|piece| !piece.is_empty())?;
            let start = self.document.line_span(self.line(at)?).start;
            let before = self.document.text.get(start..piece.start)?;
            let before = before.find("Out[").map_or(before, |at| &before[..at]);
            let container = before.split('#').next().unwrap_or_default();
            container
                .chars()
                .all(|c| matches!(c, ' ' | '\t' | '>'))
                .then_some(before)
        })
    }
}

/// What ends `line`, or, at the end of a document without a line end, the lines before it.
pub(super) fn line_end(document: &Document, line: LineNumber) -> Option<&str> {
    let ends = (1..=line.get()).rev().map(|number| {
        let line = LineNumber::new(number);
        let full = document.index.full_line_span(line);
        let content = document.line_span(line);
        document.text.get(content.end..full.end).unwrap_or_default()
    });
    let mut ends = ends.take(2);
    ends.find(|end| !end.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rewrite::applied;

    fn written(text: &str, lines: &[&str], steps: &[Step]) -> Option<String> {
        let document = Document::new("a.md", text);
        let start = document.text.find(lines.first()?)?;
        let last = document.text.rfind(lines.last()?)? + lines.last()?.len();
        let pieces = Pieces::new(&document, Span::new(start, last), lines)?;
        Some(applied(&document.text, &pieces.edits(steps)?))
    }

    #[test]
    fn added_lines_stand_as_those_around_them() {
        let keep = Step::Keep;
        let insert = |text: &str| Step::Insert(text.to_owned());
        let steps = [keep(0), insert("x"), insert(""), keep(1)];
        let cases = [
            ("> a\r\n> b\r\n", "> a\r\n> x\r\n>\r\n> b\r\n"),
            ("\ta\n\tb", "\ta\n\tx\n\n\tb"),
            ("  # a\n  # b\n", "  # a\n  # x\n  #\n  # b\n"),
            ("f()  # a\n  # b\n", "f()  # a\n  # x\n  #\n  # b\n"),
        ];
        for (before, after) in cases {
            let written = written(before, &["a", "b"], &steps);
            assert_eq!(written.as_deref(), Some(after));
        }
        let behind_code = written("f()  # a\n", &["a"], &[keep(0), insert("x")]);
        assert_eq!(behind_code, None);
    }

    #[test]
    fn lines_go_with_their_prefix() {
        let text = "> a\n> b\n> c";
        let lines = ["a", "b", "c"];
        let first = [Step::Delete(0), Step::Delete(1), Step::Keep(2)];
        assert_eq!(written(text, &lines, &first).as_deref(), Some("> c"));
        let last = [Step::Keep(0), Step::Delete(1), Step::Delete(2)];
        assert_eq!(written(text, &lines, &last).as_deref(), Some("> a"));
        let all = [Step::Delete(0), Step::Delete(1), Step::Delete(2)];
        assert_eq!(written(text, &lines, &all), None);
    }
}
