//! A triple-quoted string right under a statement: what it printed, often on several lines.
//!
//! ```text
//! print(json.dumps(d, indent=2))
//! """
//! {
//!   "a": 1
//! }
//! """
//! ```

use std::collections::{HashMap, HashSet};

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
    let mut by_end: HashMap<usize, Vec<&Statement>> = HashMap::new();
    for statement in &syntax.statements {
        let ending = by_end.entry(statement.span.end).or_default();
        ending.push(statement);
    }
    // A loop that ends there comes before the last line of its body.
    let above = |last: &Statement, string: &Statement| {
        let mut ending = by_end.get(&last.span.end)?.iter().copied();
        ending.find(|one| one.nesting == string.nesting)
    };
    let pairs = syntax.statements.windows(2);
    pairs
        .filter_map(|pair| match pair {
            [last, string] => claim(document, block, syntax, above(last, string)?, string),
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

/// The text of a string that tells of output: where it begins in the string's inside, and whether a
/// lead word says that it does.
fn told(inner: &str) -> Option<(usize, bool)> {
    if !inner.trim().contains('\n') {
        let start = inner.len() - inner.trim_start().len();
        let lead = marked(inner.trim());
        let is_led =
            lead.mark >= Mark::Lead && lead.lead.is_some() && lead.rest < inner.trim().len();
        if is_led {
            return Some((start + lead.rest, true));
        }
    }
    let mut skipped = 0;
    let mut has_lead = false;
    for line in inner.split_inclusive('\n').take(2) {
        let lead = marked(line.trim());
        let is_lead = lead.lead.is_some() && line.trim().len() == lead.rest;
        if !(is_lead || skipped == 0 && line.trim().is_empty()) {
            break;
        }
        has_lead |= is_lead;
        skipped += line.len();
    }
    (skipped > 0).then_some((skipped, has_lead))
}

fn claim(
    document: &Document,
    block: &Block,
    syntax: &Syntax,
    above: &Statement,
    string: &Statement,
) -> Option<Claim> {
    let is_string = syntax.strings.binary_search(&string.span).is_ok();
    let code = string.span.of(&block.code);
    let between = block.code.get(above.span.end..string.span.start)?;
    if !is_string || between.matches('\n').count() != 1 || !between.trim().is_empty() {
        return None;
    }
    let inner = ["\"\"\"", "'''"]
        .iter()
        .find_map(|quotes| code.strip_prefix(*quotes)?.strip_suffix(*quotes))?;
    let (skipped, has_lead) = told(inner)?;
    let is_print = above.kind == StatementKind::Print;
    let may_show = is_print
        || has_lead
            && matches!(
                above.kind,
                StatementKind::Expression | StatementKind::Compound
            );
    let lines = inner.get(skipped..).filter(|_| may_show)?;
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
            first: line(above.span.start),
            last: line(above.span.end),
            may_repeat: matches!(above.nesting, Nesting::Loop | Nesting::Body),
            is_print,
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
