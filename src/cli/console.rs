//! What people see: the two output streams, colour, and the exit status.
//!
//! A reader that goes away early (`snipcheck check | head`) is no error, and never a panic.

use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};

use super::args::{Args, ColorArg};
use crate::report::{Style, neutral};

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
    /// Results and no progress bar.
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

    /// How reports for people look here.
    pub(super) fn style(&self, strict: bool) -> Style {
        let width = io::stdout()
            .is_terminal()
            .then(|| rustix::termios::tcgetwinsize(io::stdout()).ok())
            .flatten()
            .map(|size| usize::from(size.ws_col))
            .filter(|&columns| columns > 0);
        Style {
            color: self.has_color,
            width,
            verbose: self.verbosity == Verbosity::Verbose,
            strict,
        }
    }

    /// Writes what `render` gives to standard output.
    pub(super) fn write(&self, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Exit {
        let mut stdout = BufWriter::new(io::stdout().lock());
        match render(&mut stdout).and_then(|()| stdout.flush()) {
            Err(cause) if cause.kind() != io::ErrorKind::BrokenPipe => {
                self.error(format_args!("failed to write the output: {cause}"))
            }
            _ => Exit::Held,
        }
    }

    /// Writes `text`, parts of which may come from a document or a file name, to standard output.
    pub(super) fn print(&self, text: &str) -> Exit {
        self.write(|out| out.write_all(harmless(text).as_bytes()))
    }

    /// Says on standard error what may be wrong and stops nothing.
    pub(super) fn warn(&self, message: impl Display) {
        let _ = writeln!(
            io::stderr().lock(),
            "warning: {}",
            harmless(&message.to_string())
        );
    }

    /// Says on standard error what is beside the point of the output.
    pub(super) fn remark(&self, text: &str) {
        // Nobody is left to tell when standard error is gone too.
        let _ = io::stderr().lock().write_all(harmless(text).as_bytes());
    }

    /// Says on standard error why the command cannot do its job.
    pub(super) fn error(&self, message: impl Display) -> Exit {
        complain(&format!("error: {message}\n"));
        Exit::Unable
    }
}

/// Writes `text` to standard error, harmless to look at.
pub(super) fn complain(text: &str) {
    // Nobody is left to tell when standard error is gone too.
    let _ = io::stderr().lock().write_all(harmless(text).as_bytes());
}

/// `text` with what a terminal or a CI log could act on shown as escapes.
pub(super) fn harmless(text: &str) -> String {
    let line = |line: &str| neutral::line_start(&neutral::text(line));
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}
