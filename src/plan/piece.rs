//! One Python block, read: its kind, its sources, its names, and what is said about it.

use crate::block::{Block, Tag};
use crate::claim::{self, Claim, Claims, Example};
use crate::document::Document;
use crate::problem::{self, Problem};
use crate::syntax::names::Names;
use crate::syntax::{self, Syntax};
use crate::text::Span;

use super::directive::Directives;
use super::language::{Language, language};
use super::{Options, Reason, SnippetKind, Source};

/// A Python block, before it is known what it needs from others.
pub(super) struct Piece {
    pub(super) kind: SnippetKind,
    pub(super) directives: Directives,
    /// The code: the block's own, or the examples of a session one after the other.
    pub(super) code: String,
    pub(super) sources: Vec<Source>,
    /// The lines of a session's `code`: where they begin in it, and their places in the document.
    pub(super) lines: Vec<(usize, Span)>,
    /// What the grammar says of `code`; statements and comments of a session are not looked at.
    pub(super) syntax: Syntax,
    pub(super) claims: Claims,
    pub(super) problems: Vec<Problem>,
    /// Why it does not run, if it does not.
    pub(super) skip: Option<Reason>,
    /// Whether it is skipped, and runs only to see whether it has to be.
    pub(super) is_tried: bool,
    /// Whether CPython will refuse it, so that no other block can build on it.
    pub(super) is_broken: bool,
}

/// Whether the block holds Python to run.
pub(super) fn is_python(block: &Block) -> bool {
    block.tag == Tag::Python || block.is_session()
}

impl Piece {
    /// Reads a block that [`is_python`].
    pub(super) fn new(
        document: &Document,
        block: &Block,
        directives: Directives,
        options: &Options,
    ) -> Piece {
        let mut piece = match block.is_session() || block.is_ipython() {
            true => Piece::session(document, block, directives),
            false => Piece::script(document, block, directives),
        };
        let is_refused = options
            .python
            .is_some_and(|python| piece.directives.refuses(python))
            || claim::is_of_python2(document, block);
        let is_skipped = piece.directives.is_skipped();
        piece.is_tried = is_skipped && !is_refused && options.tries_skipped && piece.skip.is_none();
        if piece.is_tried {
            // Its claims decide whether it has to be skipped.
        } else if is_skipped || is_refused {
            piece.skip = Some(match is_refused {
                true => Reason::OtherVersion,
                false => Reason::SkippedByAuthor,
            });
            piece.problems.clear();
        } else if piece.skip.is_none() && piece.directives.is_not_run() {
            piece.parse_only(block);
        }
        let claims = &mut piece.claims.claims;
        claims.sort_by_key(|claim| claim.span.start);
        piece.directives.limit(claims);
        if piece.skip.is_some() {
            piece.claims = Claims::default();
        }
        if let (Some(python), Some(newest)) = (options.python, &piece.syntax.newest)
            && piece.is_usable()
            && newest.since > python
        {
            // CPython will refuse it.
            let at = piece.document_span(block, newest.span);
            let problem = problem::needs_newer_python(at, &newest.what, newest.since);
            piece.problems.push(problem);
            piece.is_broken = true;
        }
        piece.problems.append(&mut piece.directives.problems);
        piece
    }

    /// Leaves it unrun, and tells whether it is Python at all.
    fn parse_only(&mut self, block: &Block) {
        let is_announced = is_announced(&self.claims, "SyntaxError");
        let error = match self.kind {
            SnippetKind::Script => self.syntax.errors.first(),
            SnippetKind::Session => None,
        };
        let problem = error
            .filter(|_| self.problems.is_empty())
            .map(|error| problem::syntax_error(block.document_span(error.span), &error.message));
        self.problems.extend(problem.filter(|_| !is_announced));
        self.skip = Some(match self.problems.is_empty() {
            true => Reason::NoRun,
            false => Reason::SyntaxError,
        });
    }

    fn script(document: &Document, block: &Block, directives: Directives) -> Piece {
        let syntax = syntax::syntax(&block.code);
        let mut claims = claim::claims(document, block, &syntax);
        claims.claims.extend(directives.claim(block));
        let mut piece = Piece {
            kind: SnippetKind::Script,
            directives,
            code: block.code.clone(),
            lines: Vec::new(),
            sources: vec![Source {
                line: block.first_line(document),
                code: block.code.clone(),
            }],
            claims,
            problems: Vec::new(),
            skip: None,
            is_tried: false,
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
            Language::Other(..)
                if ["SyntaxError", "IndentationError"]
                    .iter()
                    .any(|name| is_announced(&piece.claims, name)) => {}
            Language::Other(at, what) => piece.not_python(block.document_span(at), what),
        }
        piece
    }

    fn session(document: &Document, block: &Block, directives: Directives) -> Piece {
        let examples = claim::examples(document, block);
        let mut claims = claim::session_claims(document, block, &examples);
        claims.claims.extend(directives.claim(block));
        let mut piece = Piece {
            kind: SnippetKind::Session,
            directives,
            code: String::new(),
            lines: Vec::new(),
            sources: Vec::new(),
            syntax: Syntax::default(),
            claims,
            problems: Vec::new(),
            skip: None,
            is_tried: false,
            is_broken: false,
        };
        piece.add_examples(&examples);
        if piece.sources.is_empty() && examples.iter().any(|example| example.is_skipped) {
            piece.skip = Some(Reason::SkippedByAuthor);
        } else if piece.sources.is_empty() {
            let at = block.document_span(Span::new(0, first_line_len(&block.code)));
            let what = match block.is_ipython() {
                true => "it holds IPython prompts",
                false => "it holds prompts and no code",
            };
            piece.not_python(at, what);
        }
        piece
    }

    fn add_examples(&mut self, examples: &[Example]) {
        for example in examples.iter().filter(|example| !example.is_skipped) {
            let own = syntax::syntax(&example.source);
            self.sources.push(Source {
                line: example.line,
                code: example.source.clone(),
            });
            if own.errors.is_empty() {
                for line in &example.lines {
                    self.lines.push((self.code.len(), line.span));
                    self.code.push_str(&line.text);
                    self.code.push('\n');
                }
            } else if let Language::Python2(at, construct) = language(&example.source, &own)
                && self.problems.is_empty()
                && !is_announced(&self.claims, "SyntaxError")
            {
                let at = place_in_example(example, at);
                self.problems.push(problem::python2(at, construct));
            }
        }
        self.syntax = syntax::syntax(&self.code);
    }

    fn not_python(&mut self, at: Span, what: &str) {
        self.problems = vec![problem::not_python(at, what)];
        self.skip = Some(Reason::NotPython);
    }

    /// Takes what an output block claims, unless `about`, the directives before that, leave it out.
    pub(super) fn take_output(&mut self, mut output: Claim, about: &Directives) {
        if self.skip.is_some() || about.is_skipped() {
            return;
        }
        for directives in [&self.directives, about] {
            directives.limit(std::slice::from_mut(&mut output));
        }
        self.claims.claims.push(output);
    }

    /// What the grammar says of its names.
    pub(super) fn names(&self) -> &Names {
        &self.syntax.names
    }

    /// Whether other blocks can build on it.
    pub(super) fn is_usable(&self) -> bool {
        self.is_runnable() && !self.is_tried
    }

    /// Whether it runs, and CPython will not refuse it.
    pub(super) fn is_runnable(&self) -> bool {
        self.skip.is_none() && !self.is_broken
    }

    /// The place in the document of a span of the code.
    pub(super) fn document_span(&self, block: &Block, span: Span) -> Span {
        if self.kind == SnippetKind::Script {
            return block.document_span(span);
        }
        let at = self
            .lines
            .partition_point(|&(start, _)| start <= span.start);
        let Some(&(start, place)) = at.checked_sub(1).and_then(|at| self.lines.get(at)) else {
            return Span::at(block.span.start);
        };
        let from = (place.start + (span.start - start)).min(place.end);
        Span::new(from, (from + span.len()).min(place.end))
    }

    /// A statement of its code as a source of its own.
    pub(super) fn excerpt(&self, document: &Document, block: &Block, statement: Span) -> Source {
        let place = self.document_span(block, statement);
        let code = self.code.get(statement.range()).unwrap_or_default();
        Source {
            line: document.index.line(place.start),
            code: format!("{code}\n"),
        }
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

/// The place in the document of a span of an example's source.
fn place_in_example(example: &Example, span: Span) -> Span {
    let mut start = 0;
    let mut place = None;
    for line in &example.lines {
        let end = start + line.text.len();
        if (start..=end).contains(&span.start) {
            let at = (line.span.start + (span.start - start)).min(line.span.end);
            place = Some(Span::new(at, (at + span.len()).min(line.span.end).max(at)));
        }
        start = end + 1;
    }
    place.unwrap_or(Span::at(
        example.lines.first().map_or(0, |it| it.span.start),
    ))
}
