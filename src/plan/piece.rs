//! One Python block, read: its kind, its sources, its names, and what is said about it.

use crate::block::{Block, Tag};
use crate::claim::{self, Claims, Example};
use crate::document::Document;
use crate::problem::{self, Problem};
use crate::syntax::names::Names;
use crate::syntax::{self, Syntax};
use crate::text::{LineNumber, Span};

use super::directive::{Directives, directives};
use super::language::{Language, language};
use super::{Reason, SnippetKind, Source};

/// A Python block, before it is known what it needs from others.
pub(super) struct Piece {
    pub(super) kind: SnippetKind,
    pub(super) directives: Directives,
    /// The code: the block's own, or the examples of a session one after the other.
    pub(super) code: String,
    /// Where in `code` each source begins; sorted.
    pub(super) starts: Vec<usize>,
    pub(super) sources: Vec<Source>,
    /// What the grammar says of `code`; statements and comments of a session are not looked at.
    pub(super) syntax: Syntax,
    pub(super) claims: Claims,
    pub(super) problems: Vec<Problem>,
    /// Why it does not run, if it does not.
    pub(super) skip: Option<Reason>,
    /// Whether CPython will refuse it, so that no other block can build on it.
    pub(super) is_broken: bool,
}

/// Whether the block holds Python to run.
pub(super) fn is_python(block: &Block) -> bool {
    block.tag == Tag::Python || block.is_session()
}

impl Piece {
    /// Reads a block that [`is_python`].
    pub(super) fn new(document: &Document, block: &Block) -> Piece {
        let mut piece = match block.is_session() || block.is_ipython() {
            true => Piece::session(document, block),
            false => Piece::script(document, block),
        };
        if piece.directives.is_skipped {
            piece.skip = Some(Reason::SkippedByAuthor);
            piece.problems.clear();
        }
        if piece.skip.is_some() {
            piece.claims = Claims::default();
        }
        piece
    }

    fn script(document: &Document, block: &Block) -> Piece {
        let syntax = syntax::syntax(&block.code);
        let mut piece = Piece {
            kind: SnippetKind::Script,
            directives: directives(document, block),
            code: block.code.clone(),
            starts: vec![0],
            sources: vec![Source {
                line: block.first_line(document),
                code: block.code.clone(),
            }],
            claims: claim::claims(document, block, &syntax),
            problems: Vec::new(),
            skip: None,
            is_broken: !syntax.errors.is_empty(),
            syntax,
        };
        match language(&block.code, &piece.syntax) {
            Language::Python => {}
            Language::Python2(at, construct) => {
                let at = block.document_span(at);
                piece.is_broken = true;
                if !is_announced(&piece.claims, "SyntaxError") {
                    piece.problems.push(problem::python2(at, construct));
                }
            }
            Language::Other(at, what) => piece.not_python(block.document_span(at), what),
        }
        piece
    }

    fn session(document: &Document, block: &Block) -> Piece {
        let examples = claim::examples(document, block);
        let mut piece = Piece {
            kind: SnippetKind::Session,
            directives: directives(document, block),
            code: String::new(),
            starts: Vec::new(),
            sources: Vec::new(),
            syntax: Syntax::default(),
            claims: claim::session_claims(document, block, &examples),
            problems: Vec::new(),
            skip: None,
            is_broken: false,
        };
        piece.add_examples(document, examples);
        if piece.sources.is_empty() {
            let at = block.document_span(Span::new(0, first_line_len(&block.code)));
            piece.not_python(at, "it holds prompts and no code");
        }
        piece
    }

    fn add_examples(&mut self, document: &Document, examples: Vec<Example>) {
        for example in examples {
            let own = syntax::syntax(&example.source);
            self.starts.push(self.code.len());
            self.sources.push(Source {
                line: example.line,
                code: example.source.clone(),
            });
            if own.errors.is_empty() {
                self.code.push_str(&example.source);
                if !self.code.ends_with('\n') {
                    self.code.push('\n');
                }
                continue;
            }
            if let Language::Python2(at, construct) = language(&example.source, &own)
                && self.problems.is_empty()
                && !is_announced(&self.claims, "SyntaxError")
            {
                let at = place_in_session(document, example.line, &example.source, at);
                self.problems.push(problem::python2(at, construct));
            }
        }
        self.syntax = syntax::syntax(&self.code);
    }

    fn not_python(&mut self, at: Span, what: &str) {
        self.problems = vec![problem::not_python(at, what)];
        self.skip = Some(Reason::NotPython);
    }

    /// What the grammar says of its names.
    pub(super) fn names(&self) -> &Names {
        &self.syntax.names
    }

    /// Whether other blocks can build on it.
    pub(super) fn is_usable(&self) -> bool {
        self.skip.is_none() && !self.is_broken
    }

    /// The place in the document of a span of the code.
    pub(super) fn document_span(&self, document: &Document, block: &Block, span: Span) -> Span {
        match self.kind {
            SnippetKind::Script => block.document_span(span),
            SnippetKind::Session => {
                let (start, line) = self.source_at(span.start);
                let code = self.code.get(start..).unwrap_or_default();
                let inside = Span::new(span.start - start, span.end - start);
                place_in_session(document, line, code, inside)
            }
        }
    }

    /// A piece of its code as a source of its own.
    pub(super) fn excerpt(&self, span: Span) -> Source {
        let (start, line) = self.source_at(span.start);
        let before = self.code.get(start..span.start).unwrap_or_default();
        let code = self.code.get(span.range()).unwrap_or_default();
        Source {
            line: line.plus(before.matches('\n').count()),
            code: format!("{code}\n"),
        }
    }

    /// Start in the code, and document line, of the source that holds the offset.
    fn source_at(&self, offset: usize) -> (usize, LineNumber) {
        // Examples that do not parse have no code, and share their start with the next.
        let at = self
            .starts
            .partition_point(|&start| start <= offset)
            .saturating_sub(1);
        let start = self.starts.get(at).copied().unwrap_or(0);
        let line = self.sources.get(at).map_or(LineNumber::FIRST, |it| it.line);
        (start.min(offset), line)
    }
}

/// Whether some claim announces an exception of this type.
pub(super) fn is_announced(claims: &Claims, type_name: &str) -> bool {
    claims.claims.iter().any(|claim| match &claim.expected {
        claim::Expected::Exception(expected) => expected.type_name.as_deref() == Some(type_name),
        claim::Expected::Output(text) => text.contains(type_name),
        claim::Expected::Text { .. } => false,
    })
}

fn first_line_len(code: &str) -> usize {
    code.lines().next().map_or(0, str::len)
}

/// The place of a span of an example's code, which stands behind prompts from `line` on.
fn place_in_session(document: &Document, line: LineNumber, code: &str, span: Span) -> Span {
    let place = |offset: usize| {
        let before = code.get(..offset).unwrap_or_default();
        let row = before.matches('\n').count();
        let row_start = before.rfind('\n').map_or(0, |at| at + 1);
        let text = code.get(row_start..).unwrap_or_default();
        let text = text.lines().next().unwrap_or_default();
        let whole = document.index.line_span(&document.text, line.plus(row));
        let shown = document.slice(whole).trim_end();
        let prefix = shown.strip_suffix(text.trim_end()).map_or(0, str::len);
        (whole.start + prefix + (offset - row_start)).min(whole.end)
    };
    let start = place(span.start);
    Span::new(start, place(span.end).max(start))
}
