//! Claims that do not hold or could not be decided, as [`Finding`]s.

use super::BlockReport;
use super::contrast::{Actual, Contrast, Expected, contrast, quoted};
use super::finding::{Finding, Mark};
use super::place::{line_content, within};
use super::summary::{NOT_REACHED, RAISED, counted, thousands};
use crate::claim::{self, ClaimKind, Subject};
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
            Subject::Block if claim.claim.kind == ClaimKind::Raises => {
                // It is compared with exceptions only.
                return if actual.is_empty() {
                    Way::Nothing
                } else {
                    Way::Raised
                };
            }
            Subject::Block => return Way::Printed,
            Subject::Statement {
                first,
                last,
                is_print,
                ..
            } => (first, last, is_print),
        };
        let Some(observation) = observation else {
            return match (claim.reason, is_print) {
                (Some(RAISED), _) => Way::Raised,
                (_, true) => Way::Printed,
                (_, false) => Way::Evaluated,
            };
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
    let way = Way::of(claim, block.map(|block| &block.observation));
    let contrast = contrast(
        Expected(&claim.expected),
        Actual(claim.actual.as_deref().unwrap_or_default()),
    );
    let did = did(claim, &contrast, way);
    let message = message(claim.claim.kind, way);
    let mut finding = Finding::new(Reason::BrokenClaim.as_str(), Severity::Error, message);
    finding.span = Some(match document {
        Some(document) => narrow(document, claim, &contrast),
        None => claim.claim.span,
    });
    finding.also_shown = statement_line(claim, document);
    finding.brief = Some(brief(claim, &contrast, &did));
    finding.label = did;
    if !announces_exception(claim) || way == Way::Raised {
        let closer = Some(contrast.closer).filter(|lines| !lines.is_empty());
        let remarks = contrast.remarks.into_iter().map(|remark| vec![remark]);
        finding.notes.extend(closer.into_iter().chain(remarks));
    }
    if let Some(reason) = claim.reason.filter(|reason| *reason != RAISED) {
        let reason = reason_words(reason);
        finding
            .notes
            .push(vec![format!("judged so because: {reason}")]);
    }
    finding
}

fn announces_exception(claim: &JudgedClaim) -> bool {
    matches!(claim.claim.expected, claim::Expected::Exception(_))
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
        (ClaimKind::Output, Way::Evaluated) => "the output block does not match the value",
        (ClaimKind::Output, _) => "the output block does not match what Python printed",
        (ClaimKind::Prose, _) => "the text does not match what Python does",
    }
}

fn brief(claim: &JudgedClaim, contrast: &Contrast, did: &str) -> String {
    let expected = contrast.expected.as_deref().unwrap_or("no more");
    if announces_exception(claim) {
        return format!("expected {expected}, but {did}");
    }
    let at_line = if contrast.is_multiline {
        format!("line {} of the output: ", contrast.line + 1)
    } else {
        String::new()
    };
    let mut brief = format!("{at_line}expected {expected}, but {did}");
    for remark in &contrast.remarks {
        brief += &format!("; {remark}");
    }
    brief
}

/// What Python did, where the document says something else.
fn did(claim: &JudgedClaim, contrast: &Contrast, way: Way) -> String {
    let verb = way.verb();
    if announces_exception(claim) && way != Way::Raised {
        return match &contrast.actual {
            Some(actual) if way != Way::Nothing => {
                format!("no exception was raised: {verb} {actual}")
            }
            _ => "no exception was raised".to_owned(),
        };
    }
    match (&contrast.expected, &contrast.actual) {
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
    let mut finding = Finding::new("inconclusive-claim", Severity::Note, message);
    finding.span = Some(first.claim.span);
    finding.label = undecided_label(first, observation);
    finding.marks = marks;
    if hidden > 0 {
        let hidden = thousands(hidden);
        finding
            .notes
            .push(vec![format!("{hidden} more are not shown")]);
    }
    Some(finding)
}

fn undecided_label(claim: &JudgedClaim, observation: Option<&Observation>) -> String {
    let reason = reason_words(claim.reason.unwrap_or("undecided"));
    let first_line = |actual: &str| quoted(actual.lines().next().unwrap_or_default());
    match &claim.actual {
        Some(actual) => {
            let way = Way::of(claim, observation);
            format!("{reason}: {} {}", way.verb(), first_line(actual))
        }
        None => reason,
    }
}

/// A claim's reason in words.
fn reason_words(reason: &str) -> String {
    match reason {
        "approximate" => "the text calls it approximate",
        "near-miss" => "close to it, but not the same",
        "no-value" => "there is no value to compare with",
        "not-repeatable" => "another run may give another value",
        "other-message" => "the same exception with another message",
        "other-version" => "the text speaks of other Python versions",
        "ran-several-times" => "the line ran several times",
        "weak-evidence" => "perhaps not meant as a value",
        other => return other.replace('-', " "),
    }
    .to_owned()
}
