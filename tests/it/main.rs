//! The one test binary.

mod cases;
mod cli;
mod laws;
mod project;
mod promises;
mod stages;
mod tidy;
mod update;
