//! Renders verdicts and problems, one file per output format; nothing upstream knows of formats.

use crate::compare::{JudgedClaim, Verdict};
use crate::document::Document;
use crate::observation::Observation;
use crate::plan::Case;
use crate::problem::Problem;
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
