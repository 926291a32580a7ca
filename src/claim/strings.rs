//! A triple-quoted string right under a `print`: the several lines that it printed.
//!
//! ```text
//! print(json.dumps(d, indent=2))
//! """
//! {
//!   "a": 1
//! }
//! """
//! ```

use std::collections::HashSet;

use super::wording::{Mark, marked};
use super::{Claim, ClaimKind, Evidence, Expected, Subject, value};
use crate::block::Block;
use crate::document::Document;
use crate::syntax::{Nesting, Statement, StatementKind, Syntax};
use crate::text::{LineNumber, Span};

/// The claims that strings make about the prints above them; statements with a claim in `claims` have theirs.
pub(super) fn strings(
    document: &Document,
    block: &Block,
    syntax: &Syntax,
    claims: &[Claim],
) -> Vec<Claim> {
    let claimed: HashSet<LineNumber> = claims.iter().filter_map(first_line).collect();
    syntax
        .statements
        .windows(2)
        .filter_map(|pair| match pair {
            [print, string] => claim(document, block, syntax, print, string),
            _ => None,
        })
        .filter(|found| first_line(found).is_none_or(|line| !claimed.contains(&line)))
        .collect()
}

/// The first line of the statement that a claim is about.
fn first_line(claim: &Claim) -> Option<LineNumber> {
    match claim.subject {
        Subject::Statement { first, .. } => Some(first),
        Subject::Block => None,
    }
}

fn claim(
    document: &Document,
    block: &Block,
    syntax: &Syntax,
    print: &Statement,
    string: &Statement,
) -> Option<Claim> {
    let is_pair = print.kind == StatementKind::Print
        && print.nesting == string.nesting
        && syntax.strings.binary_search(&string.span).is_ok();
    let code = string.span.of(&block.code);
    let between = block.code.get(print.span.end..string.span.start)?;
    if !is_pair || between.matches('\n').count() != 1 || !between.trim().is_empty() {
        return None;
    }
    let inner = ["\"\"\"", "'''"]
        .iter()
        .find_map(|quotes| code.strip_prefix(*quotes)?.strip_suffix(*quotes))?;
    let mut skipped = 0;
    let mut has_lead = false;
    for line in inner.split_inclusive('\n').take(2) {
        let lead = marked(line.trim());
        let is_lead = lead.mark >= Mark::Lead && line.trim().len() == lead.rest;
        if !(is_lead || skipped == 0 && line.trim().is_empty()) {
            break;
        }
        has_lead |= is_lead;
        skipped += line.len();
    }
    if skipped == 0 {
        return None;
    }
    let lines = inner.get(skipped..)?;
    if lines.trim().is_empty() {
        return None;
    }
    let offset = string.span.start + 3 + skipped;
    let text = lines.trim_end();
    let span = block.document_span(Span::new(offset, offset + text.len()));
    let line = |offset| document.index.line(block.document_offset(offset));
    Some(Claim {
        kind: ClaimKind::Comment,
        span,
        text: text.to_owned(),
        subject: Subject::Statement {
            first: line(print.span.start),
            last: line(print.span.end),
            may_repeat: matches!(print.nesting, Nesting::Loop | Nesting::Body),
            is_print: true,
        },
        expected: Expected::Output(format!("{text}\n")),
        // A string under a print may also be a remark.
        evidence: if has_lead || value::whole(text).is_some() {
            Evidence::Plain
        } else {
            Evidence::Weak
        },
        scope: None,
        rule: "string-below",
    })
}
