//! A Markdown file in memory: its path, its text and where its lines begin.

use crate::problem::{self, Problem};
use crate::text::{LineIndex, LineNumber, Position, Span};

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
    /// The front matter at the very start, from its first delimiter line to its last one.
    pub front_matter: Option<Span>,
}

impl Document {
    /// Makes a document of a file's bytes; bytes that are not UTF-8 are a problem.
    #[expect(
        clippy::result_large_err,
        reason = "made once a document, and mostly handed on"
    )]
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
        let index = LineIndex::new(&text);
        Document {
            path: path.into(),
            front_matter: front_matter(&text, &index),
            index,
            text,
            has_bom,
        }
    }

    /// Line and column of the byte at `offset`.
    pub fn position(&self, offset: usize) -> Position {
        self.index.position(&self.text, offset)
    }

    /// The span of `line` without its line end.
    pub fn line_span(&self, line: LineNumber) -> Span {
        self.index.line_span(&self.text, line)
    }

    /// The text of `span`.
    pub fn slice(&self, span: Span) -> &str {
        span.of(&self.text)
    }
}

/// The metadata block that `text` starts with: YAML or JSON between `---` lines (the last may be
/// `...`), TOML between `+++` lines.
///
/// A document may also start with a thematic break, so `---` counts only with a closing line, no
/// code fence in between, and data right below it.
fn front_matter(text: &str, index: &LineIndex) -> Option<Span> {
    let lines = (1..=index.line_count()).map(|n| index.line_span(text, LineNumber::new(n)));
    let mut lines = lines.map(|span| (span, span.of(text).trim_end()));
    let is_toml = match lines.next() {
        Some((_, "---")) => false,
        Some((_, "+++")) => true,
        _ => return None,
    };
    let mut has_data = is_toml;
    for (span, line) in lines {
        let is_end = match line {
            "+++" => is_toml,
            "---" | "..." => !is_toml,
            _ => false,
        };
        if is_end {
            return Some(Span::new(0, span.end));
        }
        if line.starts_with("```") || line.starts_with("~~~") {
            return None;
        }
        if !has_data && !line.starts_with('#') {
            if !is_yaml_data(line) {
                return None;
            }
            has_data = true;
        }
    }
    None
}

/// Whether `line` can be the first one of YAML metadata: `key:`, `"key":` or a flow collection.
fn is_yaml_data(line: &str) -> bool {
    if line.starts_with(['{', '[']) {
        return true;
    }
    let Some((key, value)) = line.split_once(':') else {
        return false;
    };
    let key = key.trim_end().trim_matches(['"', '\'']);
    (value.is_empty() || value.starts_with([' ', '\t']))
        && !key.is_empty()
        && key
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))
}
