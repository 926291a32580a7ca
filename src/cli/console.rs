//! What people see: the two output streams, colour, and the exit status.
//!
//! A reader that goes away early (`snipcheck check | head`) is no error, and never a panic.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};

use super::args::{Args, ColorArg};

/// How a command ended; the graver of two is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Exit {
    /// Everything judged held.
    Held,
    /// Something is broken or failed.
    Broken,
    /// The command could not do its job.
    Unable,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Held => ExitCode::SUCCESS,
            Exit::Broken => ExitCode::from(1),
            Exit::Unable => ExitCode::from(2),
        }
    }
}

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verbosity {
    /// The results only.
    Quiet,
    /// What most people want.
    Normal,
    /// Also what held, and why a block was skipped.
    Verbose,
}

/// The streams of this process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Console {
    /// Whether standard output takes colour.
    pub(super) has_color: bool,
    /// How much is said.
    pub(super) verbosity: Verbosity,
}

impl Console {
    pub(super) fn new(args: &Args) -> Self {
        let has_color = match args.color {
            ColorArg::Auto => AutoStream::choice(&io::stdout()) != ColorChoice::Never,
            ColorArg::Always => true,
            ColorArg::Never => false,
        };
        let verbosity = match (args.quiet, args.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, true) => Verbosity::Verbose,
            (false, false) => Verbosity::Normal,
        };
        Console {
            has_color,
            verbosity,
        }
    }

    /// Whether a progress bar would be seen and wanted.
    pub(super) fn shows_progress(&self) -> bool {
        self.verbosity > Verbosity::Quiet && io::stderr().is_terminal()
    }

    /// Writes `text` to standard output.
    pub(super) fn print(&self, text: &str) -> Exit {
        let mut stdout = io::stdout().lock();
        match stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush())
        {
            Err(cause) if cause.kind() != io::ErrorKind::BrokenPipe => {
                self.error(format_args!("failed to write the output: {cause}"))
            }
            _ => Exit::Held,
        }
    }

    /// Says on standard error why the command cannot do its job.
    pub(super) fn error(&self, message: impl Display) -> Exit {
        // Nobody is left to tell when standard error is gone too.
        let _ = writeln!(
            io::stderr().lock(),
            "error: {}",
            harmless(&message.to_string())
        );
        Exit::Unable
    }
}

/// `text` with what a terminal could act on shown as escapes: it may come from a document or a file name.
pub(super) fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        let is_hidden = c.is_control()
            || matches!(c, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if is_hidden && c != '\n' {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}
