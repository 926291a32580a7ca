//! The one test binary.

mod cases;
mod cli;
mod laws;
mod project;
mod robust;
mod stages;
mod study;
mod tidy;
mod update;
