//! What became of one claim, before its wording and scope are weighed.

use super::tolerance::Likeness;
use crate::text::LineNumber;

/// What became of a claim, before its wording and scope are weighed.
pub(super) struct Outcome {
    pub finding: Finding,
    /// What Python did, if it got there.
    pub actual: Option<String>,
}

/// What comparing showed.
pub(super) enum Finding {
    Held(Likeness),
    Broken,
    Inconclusive(&'static str),
    /// It speaks of nothing that happened and was not plainly a claim.
    Nothing,
}

impl Outcome {
    pub(super) fn new(finding: Finding, actual: impl Into<String>) -> Self {
        Outcome {
            finding,
            actual: Some(actual.into()),
        }
    }

    pub(super) fn inconclusive(reason: &'static str) -> Self {
        Outcome {
            finding: Finding::Inconclusive(reason),
            actual: None,
        }
    }
}

/// Where a claim's statement stands.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub first: LineNumber,
    pub last: LineNumber,
    pub may_repeat: bool,
    pub is_print: bool,
}
