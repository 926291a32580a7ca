//! The one test binary.

mod cases;
mod laws;
mod planning;
mod stages;
