//! The only reader and writer of project files.
