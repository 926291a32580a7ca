//! Passages: paragraphs that speak of code, as plain text whose every character has its place in the document.
//!
//! ```text
//! So **`2 ** 3`** gives `8`.     text `So ￼ gives ￼.`, codes `2 ** 3` and `8`
//! ```

use pulldown_cmark::Event;

use crate::text::Span;

/// Stands for a code span in [`Passage::text`].
pub const CODE: char = '\u{fffc}';

/// A piece of code between back-ticks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InlineCode {
    /// Where its [`CODE`] stands in the passage's text.
    pub at: usize,
    /// The code, as written.
    pub text: String,
    /// The same in the document, without back-ticks.
    pub span: Span,
}

/// A paragraph, or the text of a list item, that holds code between back-ticks or follows a code block.
#[derive(Clone, Debug, Default)]
pub struct Passage {
    /// The text without markup, its lines parted by `\n`; [`CODE`] for each code.
    pub text: String,
    /// The pieces of code in order.
    pub codes: Vec<InlineCode>,
    /// The headings above it, outermost first, as plain text.
    pub heading: Vec<String>,
    /// Index of the code block that it follows with nothing between.
    pub after: Option<usize>,
    /// The question right above the list that it stands in.
    pub question: Option<String>,
    /// Offsets in `text` where something begins, and its offset in the document.
    pub(super) places: Vec<(usize, usize)>,
}

impl Passage {
    /// The place in the document of the byte at `offset` of [`Passage::text`].
    pub fn document_offset(&self, offset: usize) -> usize {
        let index = self.places.partition_point(|&(at, _)| at <= offset);
        let place = index
            .checked_sub(1)
            .and_then(|index| self.places.get(index));
        place.map_or(0, |&(at, start)| start + (offset - at))
    }

    /// The place in the document of a span of [`Passage::text`].
    pub fn document_span(&self, span: Span) -> Span {
        let start = self.document_offset(span.start);
        Span::new(start, (start + span.len()).max(start))
    }

    /// Takes an inline event that stands at `span`; `source` is that part of the document.
    pub(super) fn take(&mut self, event: &Event<'_>, span: Span, source: &str) {
        match event {
            Event::Text(text) => {
                self.places.push((self.text.len(), span.start));
                self.text.push_str(text);
            }
            Event::Code(_) => self.take_code(span, source),
            Event::SoftBreak | Event::HardBreak => {
                self.places.push((self.text.len(), span.start));
                self.text.push('\n');
            }
            _ => {}
        }
    }

    fn take_code(&mut self, span: Span, source: &str) {
        let ticks = source.len() - source.trim_start_matches('`').len();
        let inner = source.get(ticks..source.len().saturating_sub(ticks));
        let inner = inner.unwrap_or_default();
        let text = inner.trim_matches(' ');
        let start = span.start + ticks + (inner.len() - inner.trim_start_matches(' ').len());
        self.places.push((self.text.len(), span.start));
        self.codes.push(InlineCode {
            at: self.text.len(),
            text: text.to_owned(),
            span: Span::new(start, start + text.len()),
        });
        self.text.push(CODE);
    }
}
