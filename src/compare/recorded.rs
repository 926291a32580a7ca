//! Judges what a block did against its record in the snapshot.

use super::{Status, Verdict};
use crate::observation::{Exception, Observation, Stream};
use crate::plan::{Case, Reason};
use crate::problem;
use crate::snapshot::{self, Actual, Record};
use crate::text::Span;

/// What the run did, in the form in which it would be recorded.
pub fn actual(case: &Case, observation: &Observation) -> Actual {
    Actual::new(
        case.block.id.clone(),
        &case.block.code,
        &observation.text(Stream::Stdout),
        &observation.text(Stream::Stderr),
        observation.exception.as_ref().map(in_one_line).as_deref(),
    )
}

fn in_one_line(exception: &Exception) -> String {
    let Exception {
        type_name, message, ..
    } = exception;
    if message.is_empty() {
        type_name.clone()
    } else {
        format!("{type_name}: {message}")
    }
}

/// Fails a block that passed and does not do what `recorded` says; `accept` is the command that
/// records what it does now.
///
/// A block that did not pass is not compared: what it did says nothing about what it does.
pub fn against_record(
    verdict: Verdict,
    case: &Case,
    observation: &Observation,
    recorded: &Record,
    accept: &str,
) -> Verdict {
    if verdict.status != Status::Passed {
        return verdict;
    }
    let actual = actual(case, observation);
    let Some(difference) = snapshot::difference(recorded, &actual) else {
        return verdict;
    };
    let code = case
        .block
        .lines
        .first()
        .map_or(Span::at(case.block.span.start), |line| line.span);
    let problem = if actual.into_record().digest == recorded.digest {
        problem::snapshot_differs(code, &difference, accept)
    } else {
        problem::snapshot_stale(code, &difference, accept)
    };
    let mut problems = verdict.problems;
    problems.push(problem);
    Verdict {
        status: Status::Failed,
        reason: Some(Reason::SnapshotDiffers),
        problems,
        ..verdict
    }
}
