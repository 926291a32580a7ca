//! The one test binary.

mod cases;
mod claim_laws;
mod cli;
mod labelled;
mod laws;
mod project;
mod stages;
mod tidy;
mod update;
