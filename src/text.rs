//! Places in a text: byte spans inside, 1-based lines and columns for people.
//!
//! [`LineIndex`] is the only thing in the crate that counts line ends.
//!
//! ```text
//! byte   0 1 2 3 4 5 6 7 8
//! text   a b \r\n c é  \n d        Span { start: 4, end: 7 } is "cé"
//! line   1 1 1 1 2 2 2 2 3         its start is line 2, column 1; its end is line 2, column 3
//! ```

use std::fmt;
use std::ops::Range;

/// A range of bytes in one text; `start <= end`, both on character boundaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset behind the last byte.
    pub end: usize,
}

impl Span {
    /// The span from `start` up to, not including, `end`.
    pub fn new(start: usize, end: usize) -> Self {
        debug_assert!(start <= end, "{start}..{end}");
        Span { start, end }
    }

    /// An empty span at `offset`.
    pub fn at(offset: usize) -> Self {
        Span::new(offset, offset)
    }

    /// The bytes as a range, for slicing.
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }

    /// The part of `text` that the span covers.
    pub fn of(self, text: &str) -> &str {
        &text[self.range()]
    }

    /// Whether `other` lies wholly inside.
    pub fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Length in bytes.
    pub fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether the span covers nothing.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Span::new(range.start, range.end)
    }
}

/// A line of a text, counted from 1.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct LineNumber(u32);

impl LineNumber {
    /// The first line.
    pub const FIRST: LineNumber = LineNumber(1);

    /// The line with the 1-based number `n`; 0 is taken for 1.
    pub fn new(n: usize) -> Self {
        LineNumber(u32::try_from(n.max(1)).unwrap_or(u32::MAX))
    }

    /// The 1-based number.
    pub fn get(self) -> usize {
        self.0 as usize
    }

    /// The 0-based index of the line.
    pub fn index(self) -> usize {
        self.get() - 1
    }

    /// The line `n` lines further down.
    pub fn plus(self, n: usize) -> Self {
        LineNumber::new(self.get() + n)
    }
}

impl fmt::Display for LineNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A place as people name it: 1-based line, 1-based column in characters (Unicode scalar values).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: LineNumber,
    /// The column: 1 stands before the first character of the line.
    pub column: usize,
}

/// Where the lines of one text begin.
///
/// A line ends at `\n`, `\r\n` or a lone `\r` (CommonMark 0.31, section 2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineIndex {
    /// Offset of the first byte of each line; never empty, the first is 0.
    starts: Vec<usize>,
    /// Length of the text in bytes.
    len: usize,
}

impl LineIndex {
    /// Indexes `text`.
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for (i, byte) in bytes.iter().enumerate() {
            let is_end = match byte {
                b'\n' => true,
                b'\r' => bytes.get(i + 1) != Some(&b'\n'),
                _ => false,
            };
            if is_end {
                starts.push(i + 1);
            }
        }
        LineIndex {
            starts,
            len: bytes.len(),
        }
    }

    /// How many lines there are; a text that ends in a line end has an empty last line.
    pub fn line_count(&self) -> usize {
        self.starts.len()
    }

    /// The line that holds the byte at `offset`.
    pub fn line(&self, offset: usize) -> LineNumber {
        LineNumber::new(self.starts.partition_point(|&start| start <= offset))
    }

    /// The span of `line` with its line end; empty at the end of the text for a line beyond the last.
    pub fn full_line_span(&self, line: LineNumber) -> Span {
        let start = self.starts.get(line.index()).copied().unwrap_or(self.len);
        let end = self
            .starts
            .get(line.index() + 1)
            .copied()
            .unwrap_or(self.len);
        Span::new(start, end)
    }

    /// The span of `line` without its line end; `text` is the indexed text.
    pub fn line_span(&self, text: &str, line: LineNumber) -> Span {
        let full = self.full_line_span(line);
        let content = full.of(text).trim_end_matches(['\n', '\r']);
        Span::new(full.start, full.start + content.len())
    }

    /// Line and column of the byte at `offset`; `text` is the indexed text.
    pub fn position(&self, text: &str, offset: usize) -> Position {
        let line = self.line(offset);
        let start = self.full_line_span(line).start;
        let before = text.get(start..offset).unwrap_or_default();
        Position {
            line,
            column: before.chars().count() + 1,
        }
    }
}
