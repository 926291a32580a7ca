//! Positions of many offsets of one document, in time linear in the document if they come in order.

use crate::document::Document;
use crate::text::{LineNumber, Position, Span};

/// Turns offsets of one document into positions; remembers the last, so that a line of a megabyte
/// with ten thousand problems is counted once.
pub(super) struct Places<'a> {
    document: &'a Document,
    last: (usize, Position),
}

impl<'a> Places<'a> {
    /// Positions in `document`.
    pub(super) fn new(document: &'a Document) -> Self {
        let start = Position {
            line: LineNumber::FIRST,
            column: 1,
        };
        Places {
            document,
            last: (0, start),
        }
    }

    /// The position of `offset`; what lies outside the text is taken for its end.
    pub(super) fn at(&mut self, offset: usize) -> Position {
        let offset = self.document.text.floor_char_boundary(offset);
        let (last_offset, last) = self.last;
        let line = self.document.index.line(offset);
        let position = if line == last.line && offset >= last_offset {
            let between = &self.document.text[last_offset..offset];
            Position {
                line,
                column: last.column + between.chars().count(),
            }
        } else {
            self.document.position(offset)
        };
        self.last = (offset, position);
        position
    }
}

/// `span` cut to the text and to character boundaries.
pub(super) fn within(document: &Document, span: Span) -> Span {
    let start = document.text.floor_char_boundary(span.start);
    let end = document.text.floor_char_boundary(span.end);
    Span::new(start, end.max(start))
}

/// The content of `line`: without prefix where it is one of `code`, else without white space around it.
pub(super) fn line_content(document: &Document, line: LineNumber) -> Span {
    let span = document.index.line_span(&document.text, line);
    let text = span.of(&document.text);
    let start = span.start + (text.len() - text.trim_start().len());
    Span::new(start, (start + text.trim().len()).max(start))
}
