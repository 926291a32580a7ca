//! Arguments, settings and one file per command.

pub mod args;
pub mod settings;

use std::process::ExitCode;

/// Runs the program and gives its exit status.
pub fn main() -> ExitCode {
    ExitCode::from(2)
}
