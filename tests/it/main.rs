//! The one test binary.

mod cases;
mod cli;
mod faults;
mod labelled;
mod laws;
mod planning;
mod project;
mod readme;
mod robust;
mod stages;
mod study;
mod tidy;
mod update;
