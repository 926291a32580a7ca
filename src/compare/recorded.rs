//! What a block did, as it is recorded, and whether it still does what its record says.

use super::repeat::Repeats;
use super::{Status, Verdict};
use crate::observation::{Exception, Observation, Stream};
use crate::plan::{Case, Reason};
use crate::problem;
use crate::snapshot::{self, Actual, Home, Kept, Outcome, Record, Seen, Version, What};
use crate::text::{LineNumber, Span};

/// Characters of one value that are kept.
const MAX_CHARS: usize = 2_000;

/// Values of one statement that are kept.
const MAX_VALUES: usize = 20;

/// What the run did, in the form in which it would be recorded; `document` is the document's path.
pub fn actual(document: &str, case: &Case, observation: &Observation) -> Actual {
    of(case, outcome(document, case, observation))
}

/// What all of `runs` did, under different hash seeds, addresses, times and random states; the
/// parts in which they differ are not kept. `twin` is a further run under the first one's hash seed.
pub fn repeatable(
    document: &str,
    case: &Case,
    runs: &[Observation],
    twin: Option<&Observation>,
) -> Actual {
    let outcome = |run| outcome(document, case, run);
    let twin = twin.map(outcome);
    let outcomes: Vec<Outcome> = runs.iter().map(outcome).chain(twin.clone()).collect();
    let repeats = Repeats::new(case, runs.first(), outcomes.first(), twin.as_ref());
    let vary = |part, text: &str, is_same| repeats.why_not_kept(part, text, is_same);
    of(case, Outcome::common(&outcomes, &vary))
}

fn of(case: &Case, outcome: Outcome) -> Actual {
    Actual {
        id: case.block.id.clone(),
        digest: snapshot::digest(&case.block.code),
        outcome,
    }
}

fn outcome(document: &str, case: &Case, observation: &Observation) -> Outcome {
    let home = Home {
        document,
        block: &case.block,
    };
    let exception = observation.exception.as_ref().map(in_one_line);
    Outcome {
        stdout: snapshot::stream(&observation.text(Stream::Stdout), home),
        stderr: snapshot::stream(&without_carets(&observation.text(Stream::Stderr)), home),
        seen: seen(case, observation, home),
        exception: exception.map(|text| snapshot::kept(&text, home)),
    }
}

/// `text` without the lines that underline part of a traceback: each Python does that in its own way.
fn without_carets(text: &str) -> String {
    let is_underline = |line: &str| {
        let marks = line.trim();
        line.starts_with("    ") && !marks.is_empty() && marks.chars().all(|c| "~^".contains(c))
    };
    let lines = text.split_inclusive('\n');
    lines.filter(|line| !is_underline(line)).collect()
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

/// What claims saw of the block's statements, by line of the block.
fn seen(case: &Case, observation: &Observation, home: Home<'_>) -> Seen {
    let mut seen = Seen::new();
    let mut add = |line: LineNumber, what, text: &str| {
        let lines = &case.block.lines;
        if let Ok(index) = lines.binary_search_by_key(&line, |code| code.line) {
            let texts: &mut Vec<Kept> = seen.entry((index + 1, what)).or_default();
            if texts.len() < MAX_VALUES {
                texts.push(snapshot::kept(&shortened(text), home));
            }
        }
    };
    for computed in &observation.computed {
        let what = match computed.is_subject {
            true => What::After,
            false => What::Value,
        };
        add(computed.line, what, &computed.repr);
    }
    for raised in &observation.raised {
        add(raised.line, What::Raised, &in_one_line(&raised.exception));
    }
    seen
}

/// The text, or its beginning and a digest of all of it.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_CHARS) {
        None => text.to_owned(),
        Some((end, _)) => {
            let (start, digest) = (&text[..end], snapshot::digest(text));
            format!("{start} … ({} bytes, digest {digest})", text.len())
        }
    }
}

/// Fails a block that passed and does not do what `recorded` says of `python`; `accept` is the command
/// that records what it does now, `document` the document's path.
///
/// A block that did not pass is not compared: what it did says nothing about what it does.
pub fn against_record(
    verdict: Verdict,
    (document, case): (&str, &Case),
    observation: &Observation,
    (recorded, python): (&Record, Version),
    accept: &str,
) -> Verdict {
    if verdict.status != Status::Passed {
        return verdict;
    }
    let actual = actual(document, case, observation);
    let Some(difference) = snapshot::difference(recorded, &actual, python) else {
        return verdict;
    };
    let problem = if actual.digest == recorded.digest {
        problem::snapshot_differs(code(case), &difference, accept)
    } else {
        problem::snapshot_stale(code(case), &difference, accept)
    };
    failed(verdict, Reason::SnapshotDiffers, problem)
}

/// Fails a block that passed and of which nothing is recorded, where everything must be.
pub fn without_record(verdict: Verdict, case: &Case, accept: &str) -> Verdict {
    if verdict.status != Status::Passed {
        return verdict;
    }
    let problem = problem::no_snapshot(code(case), accept);
    failed(verdict, Reason::NoSnapshot, problem)
}

/// The first line of the block's code.
fn code(case: &Case) -> Span {
    let first = case.block.lines.first();
    first.map_or(Span::at(case.block.span.start), |line| line.span)
}

fn failed(verdict: Verdict, reason: Reason, problem: problem::Problem) -> Verdict {
    let mut problems = verdict.problems;
    problems.push(problem);
    Verdict {
        status: Status::Failed,
        reason: Some(reason),
        problems,
        ..verdict
    }
}
