//! Judges: what a case says against what its run did. Pure.
//!
//! In go a [`Case`] and the [`Observation`] of its run, out comes a [`Verdict`]: first on each claim
//! (`judge`, with `comment`, `output` and `raises` for the three things a claim can expect), then on the
//! block (`status`). Nothing here runs Python or knows of report formats.
//!
//! Doubt has one direction: what is not shown to agree is never held, and what is not plainly a
//! difference is inconclusive.

mod comment;
mod exception;
mod judge;
mod lack;
mod number;
mod outcome;
mod output;
mod raises;
mod remark;
mod repeat;
mod same;
mod status;
mod text;
pub mod tolerance;
mod trace;
mod typed;
mod volatile;
mod wording;

pub use same::same;
pub use volatile::may_hold_a_set;

pub mod recorded;

use crate::claim::{Claim, ClaimKind, Expected, HINT, Subject};
use crate::observation::{Ending, Observation};
use crate::plan::{Case, Directive, Order, Reason, Written};
use crate::problem::{self, Problem};
use crate::text::{LineNumber, Span};

use judge::Habit;
use trace::Trace;
use volatile::Sources;

/// The verdict on a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClaimVerdict {
    /// It is so.
    Held,
    /// It is not so.
    Broken,
    /// It could not be decided.
    Inconclusive,
}

/// A claim with what became of it.
#[derive(Clone, Debug)]
pub struct JudgedClaim {
    /// The claim.
    pub claim: Claim,
    /// The verdict.
    pub verdict: ClaimVerdict,
    /// The expected value, as written, without the prose after it.
    pub expected: String,
    /// What Python did, if it got there.
    pub actual: Option<String>,
    /// Kebab-case name of the tolerance under which it held.
    pub tolerance: Option<&'static str>,
    /// Why it is inconclusive (`not-reached`, `weak-evidence`, `other-version` …), or why it is broken where that is not plain.
    pub reason: Option<&'static str>,
}

/// The verdict on a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Ran to its end, and nothing it claims is broken.
    Passed,
    /// Something is wrong.
    Failed,
    /// It could not be decided.
    Inconclusive,
    /// It was not to be run.
    Skipped,
}

/// A block with what became of it.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The verdict.
    pub status: Status,
    /// Why, where it is not `Passed`.
    pub reason: Option<Reason>,
    /// Its claims; text that turned out to be none is not among them.
    pub claims: Vec<JudgedClaim>,
    /// How many of its comments are notes.
    pub notes: usize,
    /// What there is to tell: the plan's problems and the run's.
    pub problems: Vec<Problem>,
}

/// Judges `case` by what its run did.
pub fn compare(case: &Case, observation: &Observation) -> Verdict {
    compare_repeated(case, observation, &[])
}

/// Whether a run ended by itself, so that another one may be held against it.
pub fn has_ended(observation: &Observation) -> bool {
    matches!(
        observation.ending,
        Ending::Finished | Ending::Raised | Ending::Exited { .. }
    )
}

/// The verdict on a block that its author skips, where `verdict` is the one it would have got.
pub fn of_skipped(case: &Case, verdict: Verdict) -> Verdict {
    let is_skip = |directive: &&Directive| matches!(directive.order, Order::Skip(_));
    let skip = case.directives.iter().rev().find(is_skip);
    let problem = skip.map(|skip| match skip.written {
        Written::Document(span) => problem::unused_skip(span, None),
        Written::Settings(line) => {
            let opener = Span::at(case.block.span.start);
            problem::unused_skip(opener, Some(line.get()))
        }
    });
    let is_needed = verdict.status != Status::Passed;
    Verdict {
        status: Status::Skipped,
        reason: Some(Reason::SkippedByAuthor),
        claims: Vec::new(),
        notes: 0,
        problems: problem.filter(|_| !is_needed).into_iter().collect(),
    }
}

/// Judges `case` by what its run did; what only some runs contradict is not broken.
///
/// `others` are further runs of the same case, under another hash seed, clock and random state.
pub fn compare_repeated(case: &Case, observation: &Observation, others: &[Observation]) -> Verdict {
    // A run that somebody else ended, or that could not begin, says nothing.
    let ended = others.iter().filter(|other| has_ended(other));
    let others: Vec<Trace> = ended.map(Trace::new).collect();
    let trace = Trace::new(observation);
    let sources = Sources::new(case);
    let unjudged = unjudged_reason(observation);
    let judge_all = |habit| -> Vec<Option<JudgedClaim>> {
        let judged = case.claims.iter().map(|claim| match unjudged {
            Some(reason) => judge::not_judged(claim, reason),
            None => judge::judge(claim, &trace, &sources, habit)
                .map(|judged| repeated(judged, &others, &sources, habit)),
        });
        judged.collect()
    };
    let mut judged = judge_all(Habit::Unknown);
    if shows_habit(&judged) {
        let again = judge_all(Habit::Output);
        if again.iter().all(Option::is_some) {
            judged = again;
        }
    }
    // A hint stands in a comment that is counted already, and prose is no comment.
    let unsaid = case.claims.iter().zip(&judged).filter(|(claim, judged)| {
        judged.is_none() && claim.rule != HINT && claim.kind != ClaimKind::Prose
    });
    let notes = case.notes.len() + unsaid.count();
    let claims: Vec<JudgedClaim> = judged.into_iter().flatten().collect();
    let (status, reason, mut problems) = status::status(case, observation, &claims);
    problems.splice(0..0, case.problems.iter().cloned());
    Verdict {
        status,
        reason,
        notes,
        claims,
        problems,
    }
}

/// Whether some claim may hold by luck: by chance, or by the order of a set, the next run shows something
/// else.
pub fn may_be_luck(case: &Case, claims: &[JudgedClaim]) -> bool {
    let sources = Sources::new(case);
    claims.iter().any(|judged| is_lucky(judged, &sources))
}

fn is_lucky(judged: &JudgedClaim, sources: &Sources) -> bool {
    let lines = match judged.claim.subject {
        Subject::Statement { first, last, .. } => Some((first, last)),
        Subject::Block => None,
    };
    let actual = judged.actual.as_deref().unwrap_or_default();
    judged.verdict == ClaimVerdict::Held
        && !matches!(judged.claim.expected, Expected::Exception(_))
        && sources.look_lucky(lines, actual)
}

/// Whether lines of output, as a document has them, show what `actual` says.
pub fn shows(expected: &str, actual: &str) -> bool {
    output::agree(expected, actual).is_some()
}

/// Whether the statement on these lines probably shows something else on each run, or each day.
pub fn looks_volatile(case: &Case, first: LineNumber, last: LineNumber, shown: &str) -> bool {
    Sources::new(case).look_volatile(Some((first, last)), shown, shown)
}

/// Lengths in bytes of what stands before each remark that `text` may hold, from left to right.
pub fn remark_starts(text: &str) -> impl Iterator<Item = usize> {
    remark::heads(text).map(str::len)
}

/// Whether so many comments tell what was shown that the others may be meant so, too.
fn shows_habit(judged: &[Option<JudgedClaim>]) -> bool {
    let is_telling = |judged: &JudgedClaim| {
        let is_judged = judged.verdict != ClaimVerdict::Inconclusive;
        judged.claim.kind == ClaimKind::Comment && is_judged
    };
    let telling = judged.iter().flatten().filter(|judged| is_telling(judged));
    judged.iter().any(Option::is_none) && telling.count() >= 2
}

/// A broken claim stays so only if every other run contradicts it in the same way, and a claim about
/// what chance or the order of a set makes holds only if it does in every other run.
fn repeated(
    mut judged: JudgedClaim,
    others: &[Trace],
    sources: &Sources,
    habit: Habit,
) -> JudgedClaim {
    let judge = |other: &Trace| judge::judge(&judged.claim, other, sources, habit);
    let actual = judged.actual.as_deref().unwrap_or_default();
    // Addresses and the order of sets change from run to run, and are not what is wrong.
    let is_same = |other: &Trace| {
        judge(other).is_some_and(|again| {
            let shown = again.actual.as_deref().unwrap_or_default();
            again.verdict == ClaimVerdict::Broken && output::agree(actual, shown).is_some()
        })
    };
    let holds = |other: &Trace| judge(other).is_some_and(|it| it.verdict == ClaimVerdict::Held);
    let is_repeatable = match judged.verdict {
        ClaimVerdict::Broken => others.iter().all(is_same),
        ClaimVerdict::Held => others.iter().all(holds) || !is_lucky(&judged, sources),
        ClaimVerdict::Inconclusive => true,
    };
    if !is_repeatable {
        judged.verdict = ClaimVerdict::Inconclusive;
        judged.tolerance = None;
        judged.reason = Some("not-repeatable");
    }
    judged
}

/// Why no claim can be judged, where the snippet itself never ran.
fn unjudged_reason(observation: &Observation) -> Option<&'static str> {
    if observation.context_failure.is_some() {
        return Some("context-failed");
    }
    (observation.ending == Ending::NotRun).then_some("not-run")
}

#[cfg(test)]
mod tests;
