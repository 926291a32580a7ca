//! What the claims about a block want to see of its statements.

use std::collections::BTreeMap;

use crate::block::Block;
use crate::claim::{Claim, Evidence, Expected, ExpectedException, HINT, Subject};
use crate::document::Document;
use crate::syntax::{Statement, StatementKind, Syntax};
use crate::text::LineNumber;

use super::{Announced, Watch};

/// First and last line.
type Lines = (LineNumber, LineNumber);

/// One watch per statement that some claim is about, in document order.
pub(super) fn watches(
    document: &Document,
    block: &Block,
    syntax: &Syntax,
    claims: &[Claim],
) -> Vec<Watch> {
    let mut watches: BTreeMap<Lines, Watch> = BTreeMap::new();
    let statements = by_lines(document, block, syntax);
    for claim in claims {
        let Subject::Statement { first, last, .. } = claim.subject else {
            continue;
        };
        let watch = watches.entry((first, last)).or_insert_with(|| Watch {
            line: first,
            last,
            wants_value: false,
            subject: None,
            exception: None,
        });
        if let Expected::Exception(expected) = &claim.expected {
            let announced = announced(expected, claim);
            watch.exception = Some(match watch.exception.take() {
                None => announced,
                Some(earlier) => earlier.or(announced),
            });
        } else if let Some(statement) = statements.get(&(first, last)) {
            want(watch, statement, claim);
        }
    }
    watches.into_values().collect()
}

/// What may pass the statement without ending the block.
///
/// A plain announcement lets every exception pass: one of another type breaks the claim, and the
/// claims below are judged all the same. A weaker one must name what comes, or nothing would fail.
fn announced(expected: &ExpectedException, claim: &Claim) -> Announced {
    match (&expected.type_name, claim.evidence) {
        (None, Evidence::Unmarked) if claim.rule == HINT => Announced::Any,
        (_, Evidence::Plain) | (None, Evidence::Weak) => Announced::Any,
        (Some(name), _) => Announced::Types(vec![last_part(name).to_owned()]),
        (None, Evidence::Unmarked) => Announced::Types(Vec::new()),
    }
}

fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// What an earlier block needs watched while it runs as context: its announced exceptions.
pub(super) fn in_context(watches: Vec<Watch>) -> impl Iterator<Item = Watch> {
    watches
        .into_iter()
        .filter(|watch| watch.exception.is_some())
        .map(|watch| Watch {
            wants_value: false,
            subject: None,
            ..watch
        })
}

/// A claim about a value wants that of the expression, and that of what the statement is about.
fn want(watch: &mut Watch, statement: &Statement, claim: &Claim) {
    match statement.kind {
        StatementKind::Expression => watch.wants_value = true,
        StatementKind::Assignment { .. } | StatementKind::Delete => {}
        _ => return,
    }
    let shows_container = claim.text.starts_with(['[', '{']);
    watch.subject = match &statement.whole {
        Some(whole) if shows_container => Some(whole.clone()),
        _ => statement.subject.clone(),
    };
}

/// The last statement on each range of lines: a comment stands behind that one.
fn by_lines<'a>(
    document: &Document,
    block: &Block,
    syntax: &'a Syntax,
) -> BTreeMap<Lines, &'a Statement> {
    let line = |offset| document.index.line(block.document_offset(offset));
    syntax
        .statements
        .iter()
        .map(|statement| {
            let end = statement.span.end.max(statement.span.start + 1) - 1;
            ((line(statement.span.start), line(end)), statement)
        })
        .collect()
}
