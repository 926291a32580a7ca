//! Names of which the document itself says that they are missing: then that is the point of the block.

use std::collections::HashSet;

use crate::claim::{Claim, Expected, Subject};
use crate::syntax::names::Need;
use crate::syntax::{StatementKind, Syntax};
use crate::text::{LineNumber, Span};

/// What the claims of one block announce as missing.
pub(super) struct Announced<'a> {
    /// Names that a message quotes: `name 'x' is not defined`.
    names: HashSet<&'a str>,
    /// First and last lines of statements that are said to fail, sorted.
    lines: Vec<(LineNumber, LineNumber)>,
    /// Functions, where some exception is announced without a name: it may come out of any of them.
    definitions: Vec<Span>,
}

impl<'a> Announced<'a> {
    /// Reads it out of the claims of a block.
    pub(super) fn new(claims: &'a [Claim], syntax: &Syntax) -> Self {
        let mut announced = Announced {
            names: HashSet::new(),
            lines: Vec::new(),
            definitions: Vec::new(),
        };
        let mut has_unnamed = false;
        for claim in claims {
            match &claim.expected {
                Expected::Output(text) => announced.names.extend(quoted_names(text)),
                Expected::Exception(expected) => {
                    let is_bare = expected.type_name.is_none();
                    let is_name_error = expected.type_name.as_deref() == Some("NameError");
                    if !is_bare && !is_name_error {
                        continue;
                    }
                    let message = expected.message.as_deref().unwrap_or_default();
                    let mut names = quoted_names(message).peekable();
                    let is_named = names.peek().is_some();
                    announced.names.extend(names);
                    has_unnamed |= is_name_error && message.is_empty();
                    if is_named {
                        continue;
                    }
                    if let Subject::Statement { first, last, .. } = claim.subject {
                        announced.lines.push((first, last));
                    }
                }
                Expected::Text { .. } => {}
            }
        }
        announced.lines.sort_unstable();
        if has_unnamed {
            announced.definitions = definitions(syntax);
        }
        announced
    }

    /// Whether the name of the need is said to be missing.
    pub(super) fn names(&self, need: &Need) -> bool {
        self.names.contains(need.name.as_str())
    }

    /// Whether the need, which stands on `line`, may be what some unnamed announcement means.
    pub(super) fn may_mean(&self, need: &Need, line: LineNumber) -> bool {
        let at = self.lines.partition_point(|&(first, _)| first <= line);
        let is_at_claim = at
            .checked_sub(1)
            .and_then(|at| self.lines.get(at))
            .is_some_and(|&(_, last)| line <= last);
        let at = self
            .definitions
            .partition_point(|span| span.start <= need.span.start);
        let is_in_definition = at
            .checked_sub(1)
            .and_then(|at| self.definitions.get(at))
            .is_some_and(|span| span.contains(need.span));
        is_at_claim || is_in_definition
    }
}

/// The definitions at module level; they do not overlap.
fn definitions(syntax: &Syntax) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for statement in &syntax.statements {
        let is_inside = spans.last().is_some_and(|it| it.contains(statement.span));
        if statement.kind == StatementKind::Definition && !is_inside {
            spans.push(statement.span);
        }
    }
    spans
}

/// The names in each `name 'x' is not defined`.
fn quoted_names(text: &str) -> impl Iterator<Item = &str> {
    text.split("name '")
        .skip(1)
        .filter_map(|rest| rest.split_once('\''))
        .filter(|(_, after)| after.trim_start().starts_with("is not defined") || after.is_empty())
        .map(|(name, _)| name)
}
