//! Renders verdicts and problems, one file per output format; nothing upstream knows of formats.
//!
//! In goes a [`Report`]. What is worth telling is decided once, in `telling`, and every format
//! tells the same; [`Summary`] counts, [`exit_status`] concludes. Text that a document or a
//! snippet wrote passes through `neutral` before any format for people shows it.

pub(crate) mod neutral;
mod place;
mod summary;
mod contrast;
mod finding;
mod judged;
mod outcome;
mod telling;
mod paint;
mod excerpt;
mod granted;
pub mod concise;
pub mod full;
pub mod json;
#[cfg(test)]
mod tests;

pub use summary::Summary;

use crate::compare::{JudgedClaim, Verdict};
use crate::document::Document;
use crate::observation::Observation;
use crate::plan::Case;
use crate::problem::{Problem, Severity};
use crate::run::Interpreter;
use crate::sandbox::Confinement;

/// A block, what it did and what became of it.
#[derive(Clone, Debug)]
pub struct BlockReport {
    /// What was planned.
    pub case: Case,
    /// What it did.
    pub observation: Observation,
    /// What became of it.
    pub verdict: Verdict,
    /// Whether it passed, and the project keeps snapshots but has none of it.
    pub is_new: bool,
}

/// A document and its blocks.
#[derive(Clone, Debug)]
pub struct DocumentReport {
    /// The path, also of a document that could not be read.
    pub path: String,
    /// The document; `None` where it could not be read.
    pub document: Option<Document>,
    /// Problems of the document itself.
    pub problems: Vec<Problem>,
    /// Claims that belong to no block.
    pub claims: Vec<JudgedClaim>,
    /// Its Python blocks in order.
    pub blocks: Vec<BlockReport>,
}

/// Everything a run has to tell.
#[derive(Clone, Debug)]
pub struct Report {
    /// What ran the snippets.
    pub interpreter: Interpreter,
    /// What confined them.
    pub confinement: Confinement,
    /// The documents in the order they were given.
    pub documents: Vec<DocumentReport>,
    /// Wall time of the whole run in milliseconds.
    pub wall_ms: f64,
}

/// How a report for people is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Whether to colour; nothing is said by colour alone.
    pub color: bool,
    /// Columns of the terminal; `None` where there is none.
    pub width: Option<usize>,
    /// Whether to show what passed and what is worth no more than a note.
    pub verbose: bool,
    /// Whether what could not be decided fails the run, and is therefore shown.
    pub strict: bool,
}

/// What the process exits with: 0 where everything judged held, 1 where something is broken or
/// failed; if `strict`, also where something could not be decided.
pub fn exit_status(report: &Report, strict: bool) -> u8 {
    let summary = Summary::of(report);
    let has_error = report
        .documents
        .iter()
        .flat_map(|document| &document.problems)
        .any(|problem| problem.severity == Severity::Error);
    let is_undecided = summary.inconclusive + summary.claims_inconclusive > 0;
    let is_wrong = summary.failed > 0 || summary.claims_broken > 0 || has_error;
    u8::from(is_wrong || strict && is_undecided)
}
