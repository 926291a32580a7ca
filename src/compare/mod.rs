//! Judges: what a case says against what its run did. Pure.

pub mod recorded;

use crate::claim::Claim;
use crate::observation::Observation;
use crate::plan::{Case, Reason};
use crate::problem::Problem;

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
    let _ = observation;
    Verdict {
        status: Status::Skipped,
        reason: None,
        claims: Vec::new(),
        notes: case.notes.len(),
        problems: case.problems.clone(),
    }
}
