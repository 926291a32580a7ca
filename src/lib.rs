//! snipcheck runs the Python in Markdown documents and checks what the documents say about it.
//!
//! The path of the data, one type a step; the `mod` lines below stand in the same order, and that
//! order is the layering: a module names only modules above it.
//!
//! ```text
//! Document ─► Block ─► Syntax ─► Claim ┐
//!                      Snapshot ───────┼─► Case (in Plan) ─► request ═fork server═► Observation ─► Verdict ─► report
//!                      Policy ─────────┘          (anything wrong on the way is a Problem with a span)
//! ```
//!
//! Three processes share the work: the *supervisor* (this library, called by `main`) reads, plans
//! and judges and never runs Python; the *fork server* holds one warm interpreter; a *snippet* is
//! one fork of it, confined, running one block. `ARCHITECTURE.md` tells the rest.

pub mod text;
pub mod problem;
pub mod document;
pub mod block;
pub mod syntax;
pub mod claim;
pub mod snapshot;
pub mod policy;
pub mod plan;
pub mod observation;
pub mod sandbox;
pub mod python;
pub mod run;
pub mod compare;
pub mod rewrite;
pub mod report;
pub mod store;
pub mod cli;
