//! The embedded interpreter: the only user of pyo3.

use std::process::ExitCode;

/// Runs the fork server of this process, told by its standard input what to do.
pub fn fork_server_main() -> ExitCode {
    ExitCode::from(2)
}
