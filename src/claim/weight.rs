//! How firm a claim is, by what its comment says and by what it stands on.
//!
//! DESIGN rules 2 to 4: a plain value on a statement that shows one can be broken, values in weak
//! places can be held only, unmarked text is a claim only if it comes true.

use super::exceptions;
use super::exceptions::Manner;
use super::reading::{Content, Reading, Shape};
use super::scribe::Remark;
use super::wording::Mark;
use super::{Evidence, notes};
use crate::syntax::{Nesting, StatementKind};

/// Where a comment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Behind the statement, on its last line.
    Trailing,
    /// On the line right below.
    Below,
    /// Below, after blank lines.
    BelowBlank,
}

/// A claim's firmness and the rule that made it a claim.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weight {
    /// How firm it is.
    pub evidence: Evidence,
    /// The name of the rule.
    pub rule: &'static str,
}

/// Weighs what a comment says about a statement: a weight, or the rule by which it is a note.
///
/// `text` is the text behind the mark; `more` lines below continue it.
pub(super) fn weigh(
    remark: &Remark<'_>,
    reading: &Reading,
    text: &str,
    more: usize,
) -> Result<Weight, &'static str> {
    let statement = remark.target.statement;
    let is_header = matches!(
        statement.kind,
        StatementKind::Compound | StatementKind::Definition
    ) && remark.place == Place::Trailing;
    // Several lines may still turn out to be the output.
    let is_several_texts = more > 0 && matches!(reading.content, Content::Text | Content::Sentence);
    if remark.place == Place::BelowBlank && reading.mark < Mark::Arrow && !is_several_texts {
        return Err("after-a-blank-line");
    }
    let mut weight = match &reading.content {
        Content::Exception {
            name,
            message,
            manner,
        } => {
            let is_firm = message.is_some() && name.is_some();
            exception(remark, is_header, is_firm, *manner)?
        }
        _ if is_header => return Err("on-a-header"),
        Content::Value { shape, .. } => value(remark, reading.mark, *shape, text, more)?,
        Content::Sentence => sentence(remark, reading.mark, more)?,
        Content::Text => marked_text(remark, reading.mark, text, more)?,
        Content::Note(rule) => return Err(rule),
        Content::LoneLead => return Err("lone-lead"),
    };
    if remark.place == Place::BelowBlank {
        weight.evidence = weight.evidence.max(Evidence::Weak);
    }
    Ok(weight)
}

fn exception(
    remark: &Remark<'_>,
    is_header: bool,
    is_firm: bool,
    manner: Manner,
) -> Result<Weight, &'static str> {
    let statement = remark.target.statement;
    let is_one_line = remark.target.first == remark.target.last;
    // What a `try:` line says is about its handlers, what `def f():` says about its callers.
    let is_try = statement.header_end == statement.span.start + "try:".len();
    if is_header && (is_try || statement.kind == StatementKind::Definition && !is_one_line) {
        return Err("on-a-header");
    }
    let evidence = match (&statement.kind, manner) {
        (_, Manner::Mention) => return Err("mentions-an-exception"),
        (_, Manner::Conditional) => Evidence::Unmarked,
        (_, Manner::Weak) => Evidence::Weak,
        (StatementKind::Compound, Manner::Plain) if is_header && !is_firm => Evidence::Weak,
        (_, Manner::Plain) => Evidence::Plain,
    };
    let evidence = match statement.nesting {
        Nesting::Body => evidence.max(Evidence::Weak),
        _ => evidence,
    };
    let rule = match manner {
        Manner::Weak => "error-word",
        _ => "exception",
    };
    Ok(Weight { evidence, rule })
}

fn value(
    remark: &Remark<'_>,
    mark: Mark,
    shape: Shape,
    text: &str,
    more: usize,
) -> Result<Weight, &'static str> {
    let statement = remark.target.statement;
    let is_of_container = statement.whole.is_some() && text.starts_with(['[', '{']);
    let is_print = statement.kind == StatementKind::Print;
    let (evidence, rule) = match shape {
        Shape::Whole => (Evidence::Plain, "value"),
        Shape::Several { is_spaced } if is_print || !is_spaced => (Evidence::Plain, "values"),
        Shape::Several { .. } => (Evidence::Weak, "values"),
        Shape::Remarked => (Evidence::Plain, "value-and-remark"),
        Shape::Conditional if mark == Mark::None => (Evidence::Unmarked, "value-and-condition"),
        Shape::Conditional => (Evidence::Weak, "value-and-condition"),
        Shape::Worded if remark.place != Place::Trailing && mark < Mark::Arrow => {
            return Err("prose");
        }
        Shape::Worded if mark == Mark::Soft => (Evidence::Unmarked, "value-and-words"),
        Shape::Worded => (Evidence::Weak, "value-and-words"),
    };
    // Several signed lines may belong to several statements.
    let is_split = more > 0 && matches!(mark, Mark::Sign | Mark::Arrow) && shape != Shape::Remarked;
    let evidence = if is_split {
        evidence.max(Evidence::Weak)
    } else {
        evidence
    };
    let is_sure = matches!(shape, Shape::Whole);
    let evidence = match statement.kind {
        StatementKind::Print | StatementKind::Expression => evidence,
        StatementKind::Assignment { .. } | StatementKind::Delete if statement.subject.is_none() => {
            return Err("no-subject");
        }
        StatementKind::Assignment { is_bare_literal } if is_bare_literal && !is_of_container => {
            let least = if mark >= Mark::Arrow {
                Evidence::Weak
            } else {
                Evidence::Unmarked
            };
            evidence.max(least)
        }
        StatementKind::Assignment { .. } if !is_sure => evidence.max(Evidence::Weak),
        StatementKind::Assignment { .. } | StatementKind::Delete => evidence,
        StatementKind::Return => evidence.max(Evidence::Weak),
        StatementKind::Compound if mark >= Mark::Lead => evidence,
        StatementKind::Compound => evidence.max(Evidence::Weak),
        StatementKind::Definition => return Err("on-a-definition"),
        StatementKind::Raise
        | StatementKind::Assert
        | StatementKind::Import
        | StatementKind::Other => return Err("shows-no-value"),
    };
    Ok(Weight { evidence, rule })
}

/// `5 distinct elements`: output only if the print says exactly so, or if it is marked.
fn sentence(remark: &Remark<'_>, mark: Mark, more: usize) -> Result<Weight, &'static str> {
    let kind = &remark.target.statement.kind;
    let shows = matches!(
        kind,
        StatementKind::Print | StatementKind::Expression | StatementKind::Compound
    );
    let may_confirm = match remark.place {
        Place::Trailing => *kind == StatementKind::Print,
        Place::Below | Place::BelowBlank => more > 0 && shows && !remark.is_above_next,
    };
    match mark {
        Mark::Arrow | Mark::Lead | Mark::Sign | Mark::Quote if shows => Ok(Weight {
            evidence: Evidence::Weak,
            rule: "marked-sentence",
        }),
        Mark::None | Mark::Soft if may_confirm => Ok(Weight {
            evidence: Evidence::Unmarked,
            rule: "unmarked-text",
        }),
        _ => Err("prose"),
    }
}

/// Whether the name of an exception stands somewhere in `text`.
fn mentions_exception(text: &str) -> bool {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .any(exceptions::is_name)
}

fn marked_text(
    remark: &Remark<'_>,
    mark: Mark,
    text: &str,
    more: usize,
) -> Result<Weight, &'static str> {
    let statement = remark.target.statement;
    let is_print = statement.kind == StatementKind::Print;
    let shows = is_print
        || matches!(
            statement.kind,
            StatementKind::Expression | StatementKind::Compound
        );
    let is_trailing_print = is_print && remark.place == Place::Trailing;
    let is_code = match is_trailing_print {
        // `print(f"x = {x}")  # x = 5` is output.
        true => ["print(", "import ", "from ", "del ", "return "]
            .iter()
            .any(|start| text.starts_with(start)),
        false => notes::is_code(text),
    };
    let weight = |evidence, rule| Ok(Weight { evidence, rule });
    match mark {
        Mark::None | Mark::Soft if is_code => Err("commented-out-code"),
        Mark::Quote if shows => weight(Evidence::Plain, "quoted-text"),
        Mark::Lead | Mark::Sign if is_print && more == 0 => weight(Evidence::Plain, "marked-text"),
        Mark::Lead if shows => weight(Evidence::Plain, "marked-text"),
        Mark::Sign | Mark::Arrow if shows => weight(Evidence::Weak, "marked-text"),
        Mark::Arrow | Mark::Lead | Mark::Sign | Mark::Quote if statement.subject.is_some() => {
            weight(Evidence::Unmarked, "marked-text")
        }
        Mark::None | Mark::Soft if remark.is_above_next => Err("above-a-statement"),
        Mark::None | Mark::Soft if !is_print && mentions_exception(text) => {
            Err("mentions-an-exception")
        }
        Mark::None | Mark::Soft if shows => weight(Evidence::Unmarked, "unmarked-text"),
        _ => Err("prose"),
    }
}
