//! The one test binary.

mod cases;
mod cli;
mod labelled;
mod laws;
mod project;
mod stages;
mod tidy;
mod update;
