//! What was granted to the documents of a report, each grant once.

use serde::Serialize;

use super::summary::counted;
use super::{Report, neutral};
use crate::policy::{Gift, Grant};

/// A grant that some documents had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Granted<'a> {
    /// What it gives, in words.
    pub(super) gives: Vec<String>,
    /// What of it the sandbox of this run could not give.
    pub(super) lacks: Vec<String>,
    /// Why, in the words of the settings.
    pub(super) reason: &'a str,
    /// How many documents have it.
    pub(super) documents: usize,
}

/// The grants in the order in which they were first used.
pub(super) fn granted(report: &Report) -> Vec<Granted<'_>> {
    let has_loopback = report.confinement.rung().has_mounts();
    let mut found: Vec<(&Grant, usize)> = Vec::new();
    for document in &report.documents {
        // All blocks of a document have the same grants.
        let first = document.blocks.first();
        for grant in first.map_or(&[][..], |block| &block.case.policy.grants) {
            match found.iter_mut().find(|(known, _)| *known == grant) {
                Some((_, documents)) => *documents += 1,
                None => found.push((grant, 1)),
            }
        }
    }
    let told = found.into_iter().map(|(grant, documents)| Granted {
        gives: words(grant.gifts.iter()),
        lacks: words(
            grant
                .gifts
                .iter()
                .filter(|gift| **gift == Gift::Loopback && !has_loopback),
        ),
        reason: &grant.reason,
        documents,
    });
    told.collect()
}

/// Grants of one block, for machines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct BlockGrant<'a> {
    gives: Vec<String>,
    reason: &'a str,
}

/// The grants of one block.
pub(super) fn of_block(grants: &[Grant]) -> Vec<BlockGrant<'_>> {
    let told = grants.iter().map(|grant| BlockGrant {
        gives: words(grant.gifts.iter()),
        reason: &grant.reason,
    });
    told.collect()
}

fn words<'a>(gifts: impl Iterator<Item = &'a Gift>) -> Vec<String> {
    gifts.map(Gift::to_string).collect()
}

impl Granted<'_> {
    /// Such as ``granted to 3 documents: read `data`, 60 s: the tutorial reads the sample data``.
    pub(super) fn sentence(&self) -> String {
        let lacks = match self.lacks.is_empty() {
            true => String::new(),
            false => format!(" (not given on this rung: {})", self.lacks.join(", ")),
        };
        let sentence = format!(
            "granted to {}: {}{lacks}: {}",
            counted(self.documents, "document", "documents"),
            self.gives.join(", "),
            self.reason
        );
        neutral::text(&sentence)
    }
}
