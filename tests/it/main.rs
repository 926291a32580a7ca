//! The one test binary.

mod cases;
mod cli;
mod laws;
mod planning;
mod project;
mod readme;
mod stages;
mod tidy;
mod update;
