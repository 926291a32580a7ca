//! The embedded interpreter: the only user of pyo3.
