//! The code blocks of a document, with their lines mapped back to the file.
//!
//! In goes a [`Document`], out come its [`Block`]s in document order and whatever is wrong with the
//! Markdown. This is the only user of pulldown-cmark. Nothing here knows Python beyond prompts.

use std::fmt;

use crate::document::Document;
use crate::problem::Problem;
use crate::text::{LineNumber, Span};

/// Names a block for good: heading slug and a given name or an ordinal, such as `reference-model/1`.
///
/// Unique in its document and never made of line numbers, so that editing prose keeps it.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct BlockId(pub String);

impl fmt::Display for BlockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How a block stands in the Markdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Between fences (CommonMark 0.31, section 4.5).
    Fenced,
    /// Indented by four columns (section 4.4).
    Indented,
}

/// What the info string says the block holds; the content may say otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tag {
    /// Python under any of its names: `python`, `py`, `python3`, `{.python …}`, `pycon` …
    Python,
    /// No info string, or an indented block.
    None,
    /// A name for output or a terminal: `text`, `console`, `output`, `sh`, `bash` …; lower case.
    Output(String),
    /// Any other language; lower case.
    Other(String),
}

/// What stands between a block and the one before it, in the same container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gap {
    /// The block is the first of its container, or a heading, a rule or more than one paragraph stands between.
    Far,
    /// Nothing but blank lines and HTML comments.
    Adjacent,
    /// One paragraph: its text as written (a possible lead-in such as `**Output:**`) and its place.
    Paragraph(Span),
}

/// One line of a block's code and where it stands in the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeLine {
    /// The line in the document.
    pub line: LineNumber,
    /// Offset in [`Block::code`] of the line's first byte.
    pub code_start: usize,
    /// The same line in the document, without prefix, removed indentation and line end.
    ///
    /// It equals the code line but where a tab was cut in two by a container (CommonMark 2.2).
    pub span: Span,
}

/// One code block of a document.
#[derive(Clone, Debug)]
pub struct Block {
    /// Its lasting name.
    pub id: BlockId,
    /// How it stands in the Markdown.
    pub form: Form,
    /// What the info string says it holds.
    pub tag: Tag,
    /// The info string as written, white space trimmed; empty for an indented block.
    pub info: String,
    /// The headings above it, outermost first, as plain text.
    pub heading: Vec<String>,
    /// The whole block with its fences.
    pub span: Span,
    /// The code: container prefixes and a uniform indentation removed, lines ended by `\n`.
    pub code: String,
    /// The lines of `code`; the same number as `code.lines()`.
    pub lines: Vec<CodeLine>,
    /// What stands between this block and the one before it.
    pub gap: Gap,
    /// HTML comments that stand right before the block (only blank lines between), in order.
    pub comments: Vec<Span>,
}

impl Block {
    /// Whether the block holds a `>>>` session: prompts at line starts, and nothing else before the first.
    pub fn is_session(&self) -> bool {
        let _ = &self.code;
        false
    }

    /// Whether the block holds an IPython transcript: `In [1]:` before the first line of code.
    pub fn is_ipython(&self) -> bool {
        false
    }

    /// The document line of the first line of code (of the block's start where it is empty).
    pub fn first_line(&self, document: &Document) -> LineNumber {
        match self.lines.first() {
            Some(line) => line.line,
            None => document.index.line(self.span.start),
        }
    }

    /// The document line of the last line of code.
    pub fn last_line(&self, document: &Document) -> LineNumber {
        match self.lines.last() {
            Some(line) => line.line,
            None => document.index.line(self.span.start),
        }
    }

    /// The place in the document of the byte at `offset` of [`Block::code`].
    pub fn document_offset(&self, offset: usize) -> usize {
        let index = self
            .lines
            .partition_point(|line| line.code_start <= offset)
            .saturating_sub(1);
        match self.lines.get(index) {
            Some(line) => (line.span.start + (offset - line.code_start)).min(line.span.end),
            None => self.span.start,
        }
    }

    /// The place in the document of a span of [`Block::code`].
    pub fn document_span(&self, span: Span) -> Span {
        let start = self.document_offset(span.start);
        Span::new(start, self.document_offset(span.end).max(start))
    }
}

/// The code blocks of `document` in order, and what is wrong with its Markdown.
pub fn blocks(document: &Document) -> (Vec<Block>, Vec<Problem>) {
    let _ = document;
    (Vec::new(), Vec::new())
}
