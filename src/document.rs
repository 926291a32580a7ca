//! A Markdown file in memory: its path, its text and where its lines begin.

use crate::problem::{self, Problem};
use crate::text::{LineIndex, Position, Span};

/// A Markdown document; came from the store, goes to [`crate::block::blocks`].
#[derive(Clone, Debug)]
pub struct Document {
    /// The path as the user gave or found it, with `/` between parts; `<stdin>` for standard input.
    pub path: String,
    /// The text without a byte order mark.
    pub text: String,
    /// Where the lines of `text` begin.
    pub index: LineIndex,
    /// Whether a byte order mark stood before `text` in the file.
    pub has_bom: bool,
}

impl Document {
    /// Makes a document of a file's bytes; bytes that are not UTF-8 are a problem.
    pub fn from_bytes(path: impl Into<String>, bytes: Vec<u8>) -> Result<Self, Problem> {
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Document::new(path, text)),
            Err(error) => {
                let offset = error.utf8_error().valid_up_to();
                let before = String::from_utf8_lossy(&error.as_bytes()[..offset]).into_owned();
                let line = LineIndex::new(&before).line_count();
                Err(problem::not_utf8(offset, line))
            }
        }
    }

    /// Makes a document of a text.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let (text, has_bom) = match text.strip_prefix('\u{feff}') {
            Some(rest) => (rest.to_owned(), true),
            None => (text, false),
        };
        Document {
            path: path.into(),
            index: LineIndex::new(&text),
            text,
            has_bom,
        }
    }

    /// Line and column of the byte at `offset`.
    pub fn position(&self, offset: usize) -> Position {
        self.index.position(&self.text, offset)
    }

    /// The text of `span`.
    pub fn slice(&self, span: Span) -> &str {
        span.of(&self.text)
    }
}
