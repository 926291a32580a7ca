//! The `snipcheck` binary: everything is in the library.

fn main() -> std::process::ExitCode {
    snipcheck::cli::main()
}
