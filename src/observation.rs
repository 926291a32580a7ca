//! What one run did. It crosses the process boundary and everything in it that the snippet could
//! have written is untrusted: text to compare and to show, never to act on.

use serde::{Deserialize, Serialize};

use crate::text::LineNumber;

/// How a run ended. Decided from facts the kernel gives, and the completion record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Ending {
    /// Ran to its end.
    Finished,
    /// An exception that nobody announced ended it.
    Raised,
    /// `sys.exit` or `raise SystemExit` ended it, with this status.
    Exited {
        /// The exit status the process would have had.
        status: i32,
        /// Whether statements were left that did not run.
        is_early: bool,
    },
    /// A signal ended it.
    Signalled {
        /// The signal's number.
        signal: i32,
    },
    /// It ran longer than the wall limit.
    TimedOut,
    /// It wanted more memory than the limit.
    MemoryLimit,
    /// It wrote more than the limit.
    OutputLimit,
    /// It wanted more processes or threads than the limit.
    ProcessLimit,
    /// The process ended without the completion record: `os._exit`, `execv`, or a broken protocol.
    EarlyExit,
    /// It never ran.
    NotRun,
}

impl Ending {
    /// Its name in reports (`ending.kind` in JSON).
    pub fn kind(&self) -> &'static str {
        match self {
            Ending::Finished => "finished",
            Ending::Raised => "raised",
            Ending::Exited { .. } => "exited",
            Ending::Signalled { .. } => "signalled",
            Ending::TimedOut => "timed-out",
            Ending::MemoryLimit => "memory-limit",
            Ending::OutputLimit => "output-limit",
            Ending::ProcessLimit => "process-limit",
            Ending::EarlyExit => "early-exit",
            Ending::NotRun => "not-run",
        }
    }
}

/// An exception as the interpreter described it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    /// The type with its module, but for builtins and `__main__`: `ValueError`, `json.decoder.JSONDecodeError`.
    pub type_name: String,
    /// Names (without modules) of the type and of all its bases.
    pub bases: Vec<String>,
    /// `str(exception)`.
    pub message: String,
    /// Document lines of the traceback, outermost first; for a `SyntaxError` of the snippet its own line.
    pub lines: Vec<LineNumber>,
    /// For a `NameError` the name, for an `ImportError` the module.
    pub name: Option<String>,
    /// Whether compiling the snippet raised it, before anything ran.
    pub is_compile_error: bool,
    /// For a compile error, where in its line: 1-based character of the code as it ran.
    #[serde(default)]
    pub column: Option<usize>,
    /// Whether it is the refusal of a connection or of a name look-up, or such a refusal led to it.
    #[serde(default)]
    pub wants_network: bool,
}

/// Text and where it came from: what one line of the document wrote, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Emission {
    /// Standard output or standard error.
    pub stream: Stream,
    /// The innermost document line that was running, if one was.
    pub line: Option<LineNumber>,
    /// First line of the top-level statement (of this block) that was running; `None` before and after.
    pub statement: Option<LineNumber>,
    /// What was written; invalid UTF-8 replaced.
    pub text: String,
}

/// An output stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// The value of an expression that a claim is about, each time it was computed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Computed {
    /// First line of the statement.
    pub line: LineNumber,
    /// Whether it is the value of the expression statement itself, or of its subject afterwards.
    pub is_subject: bool,
    /// `repr(value)`, at most 64 KiB.
    pub repr: String,
    /// `str(value)`, where it differs from the repr.
    pub str: Option<String>,
    /// Name of the value's type.
    pub type_name: String,
}

/// An exception seen at a watched statement, whether or not it was caught further out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raised {
    /// First line of the statement it passed through.
    pub line: LineNumber,
    /// What it was.
    pub exception: Exception,
}

/// How a context block kept the snippet from running.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextFailure {
    /// First line of the context block that failed.
    pub line: Option<LineNumber>,
    /// What it raised.
    pub exception: Option<Exception>,
}

/// What one run of one snippet did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// How it ended.
    pub ending: Ending,
    /// The exception that ended it, with [`Ending::Raised`] (and for limits that showed as exceptions).
    pub exception: Option<Exception>,
    /// What it wrote, in order within each stream; context output is not in it.
    pub emissions: Vec<Emission>,
    /// Values of watched statements, in the order they were computed.
    pub computed: Vec<Computed>,
    /// Exceptions at watched statements, in order.
    pub raised: Vec<Raised>,
    /// First lines of the top-level statements that were begun, in order.
    pub reached: Vec<LineNumber>,
    /// Set where a context block failed: the snippet itself did not run.
    pub context_failure: Option<ContextFailure>,
    /// Set where the sandbox could not be set up, or the fork server failed: why.
    pub infrastructure_failure: Option<String>,
    /// Wall time of the snippet in milliseconds.
    pub wall_ms: f64,
    /// User and system CPU time of the snippet in milliseconds.
    pub cpu_ms: f64,
    /// Largest resident set in bytes.
    pub max_rss_bytes: u64,
}

impl Observation {
    /// An observation of something that never ran.
    pub fn not_run() -> Self {
        Observation {
            ending: Ending::NotRun,
            exception: None,
            emissions: Vec::new(),
            computed: Vec::new(),
            raised: Vec::new(),
            reached: Vec::new(),
            context_failure: None,
            infrastructure_failure: None,
            wall_ms: 0.0,
            cpu_ms: 0.0,
            max_rss_bytes: 0,
        }
    }

    /// All that was written to `stream`.
    pub fn text(&self, stream: Stream) -> String {
        self.emissions
            .iter()
            .filter(|emission| emission.stream == stream)
            .map(|emission| emission.text.as_str())
            .collect()
    }
}

/// One thing that a running snippet reports, in the order it happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Record {
    /// A top-level statement begins on this line.
    Reached(LineNumber),
    /// A watched value.
    Computed(Computed),
    /// An exception at a watched statement.
    Raised(Raised),
    /// The context block that starts on this line failed.
    ContextFailed(LineNumber, Exception),
    /// The sandbox could not be set up; the snippet did not run.
    NotConfined(String),
    /// The snippet reached its end, one way or another. Only the last record counts, and only with the nonce.
    End {
        /// The job's nonce.
        nonce: String,
        /// How, as the snippet's own process saw it.
        kind: EndKind,
        /// The exit status that follows.
        status: i32,
        /// Whether statements were left.
        is_early: bool,
        /// The exception that ended it.
        exception: Option<Exception>,
    },
}

/// How a snippet's own process saw its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndKind {
    /// Ran to its end.
    Finished,
    /// An exception ended it.
    Raised,
    /// `SystemExit` ended it.
    Exited,
    /// A `MemoryError` ended it.
    MemoryLimit,
    /// The system refused another process or thread.
    ProcessLimit,
}
