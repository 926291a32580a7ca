//! The one test binary.

#![expect(
    clippy::print_stdout,
    reason = "a test says what it could not try on this machine"
)]

mod cases;
mod chance;
mod chains;
mod claim_laws;
mod cli;
mod directives;
mod explain;
mod faults;
mod grants;
mod groups;
mod killed;
mod labelled;
mod in_place;
mod laws;
mod luck;
mod names_hold;
mod pending;
mod planning;
mod project;
mod promises;
mod readme;
mod robust;
mod stages;
mod study;
mod terminal;
mod study_bank;
mod study_broken;
mod tidy;
mod trees;
mod update;
mod versions;
