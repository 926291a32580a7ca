//! Claims that do not hold or could not be decided, as [`Finding`]s.

use super::BlockReport;
use super::contrast::{Actual, Contrast, Expected, contrast, quoted};
use super::finding::{Finding, Mark};
use super::place::{line_content, within};
use super::summary::{NOT_REACHED, counted, thousands};
use crate::claim::{ClaimKind, Subject};
use crate::compare::{ClaimVerdict, JudgedClaim};
use crate::document::Document;
use crate::observation::{Observation, Stream};
use crate::plan::Reason;
use crate::problem::Severity;
use crate::text::{LineNumber, Span};

/// Undecided claims of one block that are marked.
const UNDECIDED_MARKS: usize = 12;

/// In what way Python came by the actual text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Printed,
    Evaluated,
    Raised,
    Nothing,
}

impl Way {
    fn of(claim: &JudgedClaim, observation: Option<&Observation>) -> Self {
        let Some(actual) = &claim.actual else {
            return Way::Nothing;
        };
        let (first, last, is_print) = match claim.claim.subject {
            Subject::Block => return Way::Printed,
            Subject::Statement {
                first,
                last,
                is_print,
                ..
            } => (first, last, is_print),
        };
        let Some(observation) = observation else {
            return Way::Evaluated;
        };
        let is_exception = observation.raised.iter().any(|raised| {
            let name = raised.exception.type_name.as_str();
            let bare = name.rsplit('.').next().unwrap_or(name);
            raised.line == first && (actual.starts_with(name) || actual.starts_with(bare))
        });
        let has_printed = is_print
            || claim.claim.kind == ClaimKind::Session
            || observation.emissions.iter().any(|emission| {
                let is_within = |line| first <= line && line <= last;
                emission.stream == Stream::Stdout
                    && (emission.line.is_some_and(is_within) || emission.statement == Some(first))
            });
        match (is_exception, has_printed) {
            (true, _) => Way::Raised,
            (false, true) => Way::Printed,
            (false, false) => Way::Evaluated,
        }
    }

    fn verb(self) -> &'static str {
        match self {
            Way::Printed => "Python printed",
            Way::Evaluated => "the value is",
            Way::Raised => "Python raised",
            Way::Nothing => "nothing was seen",
        }
    }
}

/// The finding for a broken `claim` of `block` (of the document itself where that is `None`).
pub(super) fn finding(
    claim: &JudgedClaim,
    document: Option<&Document>,
    block: Option<&BlockReport>,
) -> Finding {
    let observation = block.map(|block| &block.observation);
    let way = Way::of(claim, observation);
    let contrast = contrast(
        Expected(&claim.expected),
        Actual(claim.actual.as_deref().unwrap_or_default()),
    );
    let mut finding = Finding {
        id: Reason::BrokenClaim.as_str(),
        severity: Severity::Error,
        also_shown: statement_line(claim, document),
        span: Some(document.map_or(claim.claim.span, |document| {
            narrow(document, claim, &contrast)
        })),
        position: None,
        message: message(claim.claim.kind, way).to_owned(),
        brief: Some(brief(claim.claim.kind, &contrast, way)),
        label: label(claim.claim.kind, &contrast, way),
        marks: Vec::new(),
        notes: Vec::new(),
        help: Vec::new(),
    };
    if !contrast.closer.is_empty() {
        finding.notes.push(contrast.closer);
    }
    finding
        .notes
        .extend(contrast.remarks.into_iter().map(|remark| vec![remark]));
    if let Some(reason) = claim.reason {
        finding.notes.push(vec![format!(
            "judged so because: {}",
            reason.replace('-', " ")
        )]);
    }
    finding
}

/// The first line of the statement that the claim is about, where the claim stands on another one.
fn statement_line(claim: &JudgedClaim, document: Option<&Document>) -> Option<LineNumber> {
    match claim.claim.subject {
        Subject::Statement { first, .. } => {
            let line = document?.index.line(claim.claim.span.start);
            (first != line).then_some(first)
        }
        Subject::Block => None,
    }
}

fn message(kind: ClaimKind, way: Way) -> &'static str {
    match (kind, way) {
        (ClaimKind::Raises, Way::Raised) => "another exception was raised than the one announced",
        (ClaimKind::Raises, _) => "the announced exception was not raised",
        (ClaimKind::Comment, Way::Printed) => "the comment does not match what Python printed",
        (ClaimKind::Comment, Way::Evaluated) => "the comment does not match the value",
        (ClaimKind::Comment, _) => "the comment does not match what happened",
        (ClaimKind::Session, Way::Raised) => "the session does not match what Python raised",
        (ClaimKind::Session, _) => "the session does not match what Python printed",
        (ClaimKind::Output, _) => "the output block does not match what Python printed",
        (ClaimKind::Prose, _) => "the text does not match what Python does",
    }
}

fn brief(kind: ClaimKind, contrast: &Contrast, way: Way) -> String {
    let expected = contrast.expected.as_deref().unwrap_or("no more");
    let at_line = if contrast.is_multiline {
        format!("line {} of the output: ", contrast.line + 1)
    } else {
        String::new()
    };
    let mut brief = format!(
        "{at_line}expected {expected}, but {}",
        label(kind, contrast, way)
    );
    for remark in &contrast.remarks {
        brief += &format!("; {remark}");
    }
    brief
}

/// What Python did, where the document says something else.
fn label(kind: ClaimKind, contrast: &Contrast, way: Way) -> String {
    let verb = way.verb();
    match (&contrast.expected, &contrast.actual) {
        _ if way == Way::Nothing && kind == ClaimKind::Raises => {
            "no exception was raised".to_owned()
        }
        _ if way == Way::Nothing => "nothing of the kind happened".to_owned(),
        (Some(_), Some(actual)) => format!("{verb} {actual}"),
        (_, None) if contrast.is_actual_empty => format!("{verb} nothing"),
        (Some(_), None) => "Python's output ends before this line".to_owned(),
        (None, Some(actual)) if contrast.line > 0 => format!("then {verb} {actual} as well"),
        (None, actual) => format!("{verb} {}", actual.as_deref().unwrap_or("nothing")),
    }
}

/// The part of the claim that is wrong: of several lines the one that differs first, of one line the value.
fn narrow(document: &Document, claim: &JudgedClaim, contrast: &Contrast) -> Span {
    let span = within(document, claim.claim.span);
    let text = span.of(&document.text);
    if text.contains('\n') {
        let start = document.index.line(span.start);
        let count = claim.expected.lines().count().max(1);
        let line = start.plus(contrast.line.min(count - 1));
        let content = line_content(document, line);
        return match claim.expected.lines().nth(contrast.line.min(count - 1)) {
            Some(expected) => part_ending(document, content, expected),
            None => content,
        };
    }
    match text.find(claim.expected.as_str()) {
        Some(offset) if !claim.expected.is_empty() => Span::new(
            span.start + offset,
            span.start + offset + claim.expected.len(),
        ),
        _ => span,
    }
}

/// The end of `line` that reads `text`, so that a quote's or a comment's sign stays outside.
fn part_ending(document: &Document, line: Span, text: &str) -> Span {
    let text = text.trim();
    let is_there = !text.is_empty() && line.of(&document.text).ends_with(text);
    if is_there {
        Span::new(line.end - text.len(), line.end)
    } else {
        line
    }
}

/// Claims that could not be decided, in one finding; `None` where there are none.
///
/// Claims that were not reached are left to the finding that says what stopped the block.
pub(super) fn undecided(
    claims: &[JudgedClaim],
    observation: Option<&Observation>,
) -> Option<Finding> {
    let mut claims = claims.iter().filter(|claim| {
        claim.verdict == ClaimVerdict::Inconclusive && claim.reason != Some(NOT_REACHED)
    });
    let first = claims.next()?;
    let mut marks: Vec<Mark> = claims
        .map(|claim| Mark {
            span: claim.claim.span,
            text: undecided_label(claim, observation),
        })
        .collect();
    let n = marks.len() + 1;
    let message = format!("{} could not be decided", counted(n, "claim", "claims"));
    let hidden = n.saturating_sub(UNDECIDED_MARKS);
    marks.truncate(UNDECIDED_MARKS - 1);
    Some(Finding {
        id: "inconclusive-claim",
        severity: Severity::Note,
        span: Some(first.claim.span),
        position: None,
        message,
        also_shown: None,
        brief: None,
        label: undecided_label(first, observation),
        marks,
        notes: (hidden > 0)
            .then(|| vec![format!("{} more are not shown", thousands(hidden))])
            .into_iter()
            .collect(),
        help: Vec::new(),
    })
}

fn undecided_label(claim: &JudgedClaim, observation: Option<&Observation>) -> String {
    let reason = claim.reason.unwrap_or("inconclusive").replace('-', " ");
    let first_line = |actual: &str| quoted(actual.lines().next().unwrap_or_default());
    match &claim.actual {
        Some(actual) => {
            let way = Way::of(claim, observation);
            format!("{reason}: {} {}", way.verb(), first_line(actual))
        }
        None => reason,
    }
}
