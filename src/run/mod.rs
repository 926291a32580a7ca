//! Runs the cases of a plan: pool, time limits, fork servers.

/// The interpreter that ran the snippets.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Interpreter {
    /// Always `cpython`.
    pub implementation: String,
    /// Such as `3.11.7`.
    pub version: String,
}
