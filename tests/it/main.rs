//! The one test binary.

mod cases;
mod cli;
mod laws;
mod stages;
mod tidy;
