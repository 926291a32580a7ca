//! What a report comes to: the counts, and the sentences that say them.

use std::collections::BTreeMap;

use super::Report;
use crate::compare::{ClaimVerdict, JudgedClaim, Status};
use crate::observation::Ending;
use crate::plan::Reason;
use crate::sandbox::LayerState;

/// Said of every report whose snippets ran without any confinement.
pub(super) const UNCONFINED: &str = "warning: NO SANDBOX: these blocks could do to this machine \
    whatever they liked; do this only with documents that you trust";

/// The reason of a claim whose statement never ran.
pub(super) const NOT_REACHED: &str = "not-reached";

/// The reason of a claim about a value where an exception came instead.
pub(super) const RAISED: &str = "raised";

/// The counts of a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Documents, also those that could not be read.
    pub documents: usize,
    /// Documents that could not be read.
    pub unread: usize,
    /// Python blocks.
    pub blocks: usize,
    /// Blocks that were started.
    pub ran: usize,
    /// Blocks in which everything is as the document says.
    pub passed: usize,
    /// Blocks in which something is wrong.
    pub failed: usize,
    /// Blocks that could not be decided.
    pub inconclusive: usize,
    /// Blocks that were not to be run.
    pub skipped: usize,
    /// Claims that are so, also those outside blocks.
    pub claims_held: usize,
    /// Claims that are not so.
    pub claims_broken: usize,
    /// Claims that could not be decided.
    pub claims_inconclusive: usize,
    /// Those of them whose statement never ran.
    pub claims_not_reached: usize,
    /// Blocks that passed and are in no snapshot, where the project keeps snapshots.
    pub new: usize,
    /// Comments that are no claims.
    pub notes: usize,
    /// Why blocks are inconclusive, and how many each.
    pub why_inconclusive: BTreeMap<Reason, usize>,
    /// Why blocks were skipped, and how many each.
    pub why_skipped: BTreeMap<Reason, usize>,
}

impl Summary {
    /// Counts `report`.
    pub fn of(report: &Report) -> Self {
        let mut summary = Summary {
            documents: report.documents.len(),
            ..Summary::default()
        };
        for document in &report.documents {
            summary.unread += usize::from(document.document.is_none());
            for claim in &document.claims {
                summary.add_claim(claim);
            }
            for block in &document.blocks {
                summary.blocks += 1;
                summary.ran += usize::from(block.observation.ending != Ending::NotRun);
                summary.add_status(block.verdict.status, block.verdict.reason);
                summary.new += usize::from(block.is_new);
                summary.notes += block.verdict.notes;
                for claim in &block.verdict.claims {
                    summary.add_claim(claim);
                }
            }
        }
        summary
    }

    fn add_claim(&mut self, claim: &JudgedClaim) {
        match claim.verdict {
            ClaimVerdict::Held => self.claims_held += 1,
            ClaimVerdict::Broken => self.claims_broken += 1,
            ClaimVerdict::Inconclusive => {
                self.claims_inconclusive += 1;
                self.claims_not_reached += usize::from(claim.reason == Some(NOT_REACHED));
            }
        }
    }

    fn add_status(&mut self, status: Status, reason: Option<Reason>) {
        let why = match status {
            Status::Passed => {
                self.passed += 1;
                return;
            }
            Status::Failed => {
                self.failed += 1;
                return;
            }
            Status::Inconclusive => {
                self.inconclusive += 1;
                &mut self.why_inconclusive
            }
            Status::Skipped => {
                self.skipped += 1;
                &mut self.why_skipped
            }
        };
        if let Some(reason) = reason {
            *why.entry(reason).or_default() += 1;
        }
    }

    /// Whether there is anything that [`Summary::claims_sentence`] could say.
    pub(super) fn has_claims_to_count(&self) -> bool {
        self.blocks + self.claims_held + self.claims_broken + self.claims_inconclusive > 0
    }

    /// Such as `3 documents, 41 blocks: 38 ran, 35 passed, 2 failed, 1 inconclusive, 3 skipped`.
    pub fn blocks_sentence(&self) -> String {
        let mut sentence = match self.documents {
            0 => return "no Markdown documents, so nothing was checked".to_owned(),
            n => counted(n, "document", "documents"),
        };
        if self.unread > 0 {
            sentence += &format!(" ({} could not be read)", thousands(self.unread));
        }
        if self.blocks == 0 {
            return sentence + ", no Python blocks";
        }
        sentence += &format!(
            ", {}: {} ran, {} passed",
            counted(self.blocks, "block", "blocks"),
            thousands(self.ran),
            thousands(self.passed)
        );
        for (n, word) in [
            (self.failed, "failed"),
            (self.inconclusive, "inconclusive"),
            (self.skipped, "skipped"),
        ] {
            if n > 0 {
                sentence += &format!(", {} {word}", thousands(n));
            }
        }
        if self.new > 0 {
            sentence += &format!("; {} new: in no snapshot yet", thousands(self.new));
        }
        sentence
    }

    /// Such as `claims: 112 held, 2 broken, 4 inconclusive; 57 comments are notes`.
    pub fn claims_sentence(&self) -> String {
        let mut sentence = if self.claims_held + self.claims_broken + self.claims_inconclusive == 0
        {
            "claims: none".to_owned()
        } else {
            format!("claims: {} held", thousands(self.claims_held))
        };
        for (n, word) in [
            (self.claims_broken, "broken"),
            (self.claims_inconclusive, "inconclusive"),
        ] {
            if n > 0 {
                sentence += &format!(", {} {word}", thousands(n));
            }
        }
        match self.notes {
            0 => {}
            1 => sentence += "; 1 comment is a note",
            n => sentence += &format!("; {} comments are notes", thousands(n)),
        }
        sentence
    }

    /// Such as `inconclusive: 2 missing-package; skipped: 1 not-python`; `None` where every block was judged.
    pub fn reasons_sentence(&self) -> Option<String> {
        let part = |word: &str, why: &BTreeMap<Reason, usize>| {
            let counts: Vec<String> = why
                .iter()
                .map(|(reason, &n)| format!("{} {}", thousands(n), reason.as_str()))
                .collect();
            (!counts.is_empty()).then(|| format!("{word}: {}", counts.join(", ")))
        };
        let parts: Vec<String> = [
            part("inconclusive", &self.why_inconclusive),
            part("skipped", &self.why_skipped),
        ]
        .into_iter()
        .flatten()
        .collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

/// Such as `CPython 3.11.7, sandbox rung A, 1.24 s`.
pub(super) fn run_sentence(report: &Report) -> String {
    let mut sentence = match report.interpreter.implementation.as_str() {
        "cpython" => "CPython".to_owned(),
        other => super::neutral::text(other),
    };
    sentence += &format!(" {}", super::neutral::text(&report.interpreter.version));
    if is_confined(report) {
        let rung = super::neutral::text(&report.confinement.rung);
        sentence += &match rung.chars().count() {
            ..=2 => format!(", sandbox rung {rung}"),
            _ => format!(", sandbox: {rung}"),
        };
        let lacking: Vec<String> = report
            .confinement
            .gaps()
            .map(|layer| match layer.state {
                LayerState::Enforced => layer.name.clone(),
                LayerState::Degraded => format!("{} degraded", layer.name),
                LayerState::Absent => format!("{} absent", layer.name),
            })
            .collect();
        if !lacking.is_empty() {
            sentence += &format!(" ({})", lacking.join(", "));
        }
    } else {
        sentence += ", no sandbox";
    }
    sentence + &format!(", {}", duration(report.wall_ms))
}

/// Whether anything at all confined the snippets.
pub(super) fn is_confined(report: &Report) -> bool {
    report.confinement.rung != "none"
}

/// `1 block`, `41 blocks`.
pub(super) fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{} {}", thousands(n), if n == 1 { one } else { many })
}

/// A number with its thousands set apart: `1,234`.
pub(super) fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// A time as people say it; `ms` in milliseconds.
pub(super) fn duration(ms: f64) -> String {
    if ms < 10.0 {
        format!("{ms:.1} ms")
    } else if ms < 1_000.0 {
        format!("{ms:.0} ms")
    } else if ms < 100_000.0 {
        format!("{:.2} s", ms / 1_000.0)
    } else {
        format!("{:.0} s", ms / 1_000.0)
    }
}
