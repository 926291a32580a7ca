//! Runs the cases of a plan: pool, time limits, fork servers.

use std::fmt;
use std::path::PathBuf;

use crate::observation::Observation;
use crate::plan::DocumentPlan;
use crate::sandbox::Confinement;

/// The interpreter that ran the snippets.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Interpreter {
    /// Always `cpython`.
    pub implementation: String,
    /// Such as `3.11.7`.
    pub version: String,
}

/// How to run.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Cases that run at the same time; at least 1.
    pub jobs: usize,
    /// The interpreter to run them with, if not the one built in.
    pub python: Option<PathBuf>,
    /// `PYTHONHASHSEED` of the interpreter.
    pub hash_seed: u32,
}

/// What a run gave.
#[derive(Clone, Debug)]
pub struct RunOutcome {
    /// What ran the snippets.
    pub interpreter: Interpreter,
    /// What confined them.
    pub confinement: Confinement,
    /// For each document, for each case, what it did; `NotRun` where it was not to be run.
    pub observations: Vec<Vec<Observation>>,
}

/// Why nothing could be run.
#[derive(Debug)]
pub enum RunError {
    /// Running is not there.
    Unsupported,
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failed to run anything: no runner")
    }
}

impl std::error::Error for RunError {}

/// Runs the cases of `plans`; `progress` is told how many of how many are done.
pub fn run(
    plans: &[DocumentPlan],
    options: &RunOptions,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<RunOutcome, RunError> {
    let _ = (plans, options, progress);
    Err(RunError::Unsupported)
}
