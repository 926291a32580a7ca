//! Decides everything before anything runs: which blocks run, after which others, under what policy,
//! and why the rest does not. Pure.

use crate::block::{Block, BlockId};
use crate::claim::{Claim, Note};
use crate::document::Document;
use crate::policy::Policy;
use crate::problem::Problem;
use crate::text::LineNumber;

/// Whether a block is run as a script or replayed as a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SnippetKind {
    /// Run as `python file.py` would.
    Script,
    /// Its `>>>` examples are entered one after the other.
    Session,
}

/// A piece of source at its place in the document.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Source {
    /// Document line of its first line.
    pub line: LineNumber,
    /// The code; lines ended by `\n`.
    pub code: String,
}

/// A value that some claim wants to see.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Watch {
    /// First document line of the statement.
    pub line: LineNumber,
    /// Last document line of the statement.
    pub last: LineNumber,
    /// Whether the value of the expression statement itself is wanted.
    pub wants_value: bool,
    /// The expression to evaluate after the statement, if one is wanted.
    pub subject: Option<String>,
    /// Whether the document announces an exception here: the block then goes on with the next statement.
    pub expects_exception: bool,
}

/// A Python block as it will be run.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Snippet {
    /// Script or session.
    pub kind: SnippetKind,
    /// The code: one source for a script, one per example for a session.
    pub sources: Vec<Source>,
    /// The earlier blocks it needs, in document order: `(kind, sources)` each.
    pub context: Vec<(SnippetKind, Vec<Source>)>,
    /// Import statements supplied because the block lacks them (`import math`).
    pub supplied: Vec<String>,
    /// What claims want to see.
    pub watches: Vec<Watch>,
}

/// Why a block does not run, or is not judged by running (`reason` in JSON).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// A claim is broken.
    BrokenClaim,
    /// An exception that nobody announced.
    UncaughtException,
    /// Not valid Python.
    SyntaxError,
    /// Longer than the wall limit.
    TimedOut,
    /// More memory than the limit.
    MemoryLimit,
    /// More output than the limit.
    OutputLimit,
    /// More processes than the limit.
    ProcessLimit,
    /// Ended without reaching its end.
    EarlyExit,
    /// `sys.exit` before the end, or with a status other than 0.
    Exited,
    /// Killed by a signal.
    Signalled,
    /// The output differs from the snapshot.
    SnapshotDiffers,
    /// A package is not installed.
    MissingPackage,
    /// A name is bound nowhere.
    UndefinedName,
    /// It waits for input.
    ReadsInput,
    /// A standard-library import is missing.
    MissingImport,
    /// It wants the network.
    NeedsNetwork,
    /// It wants a file that is not there.
    NeedsFile,
    /// It is tagged as Python and is something else.
    NotPython,
    /// A block it depends on failed.
    ContextFailed,
    /// The sandbox could not be set up.
    NotConfined,
    /// The author said so.
    SkippedByAuthor,
}

impl Reason {
    /// The kebab-case name.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::BrokenClaim => "broken-claim",
            Reason::UncaughtException => "uncaught-exception",
            Reason::SyntaxError => "syntax-error",
            Reason::TimedOut => "timed-out",
            Reason::MemoryLimit => "memory-limit",
            Reason::OutputLimit => "output-limit",
            Reason::ProcessLimit => "process-limit",
            Reason::EarlyExit => "early-exit",
            Reason::Exited => "exited",
            Reason::Signalled => "signalled",
            Reason::SnapshotDiffers => "snapshot-differs",
            Reason::MissingPackage => "missing-package",
            Reason::UndefinedName => "undefined-name",
            Reason::ReadsInput => "reads-input",
            Reason::MissingImport => "missing-import",
            Reason::NeedsNetwork => "needs-network",
            Reason::NeedsFile => "needs-file",
            Reason::NotPython => "not-python",
            Reason::ContextFailed => "context-failed",
            Reason::NotConfined => "not-confined",
            Reason::SkippedByAuthor => "skipped-by-author",
        }
    }
}

/// What is to be done with a block.
#[derive(Clone, Debug)]
pub enum Decision {
    /// Run it.
    Run(Snippet),
    /// Do not run it.
    Skip(Reason),
}

/// One Python block with everything needed to run and judge it.
#[derive(Clone, Debug)]
pub struct Case {
    /// The block.
    pub block: Block,
    /// Script or session.
    pub kind: SnippetKind,
    /// Whether and how it runs.
    pub decision: Decision,
    /// The blocks of the context, in document order.
    pub context: Vec<BlockId>,
    /// Static findings that decide the verdict whatever the run does: a missing import fails the
    /// block, an undefined name makes it inconclusive.
    pub static_reason: Option<Reason>,
    /// What the document says about it.
    pub claims: Vec<Claim>,
    /// Its comments that are no claims.
    pub notes: Vec<Note>,
    /// What is wrong with it on paper.
    pub problems: Vec<Problem>,
    /// What its run may do.
    pub policy: Policy,
}

/// All that is to be done with one document.
#[derive(Clone, Debug)]
pub struct DocumentPlan {
    /// The document.
    pub document: Document,
    /// Its Python blocks in order.
    pub cases: Vec<Case>,
    /// Claims that belong to no block.
    pub claims: Vec<Claim>,
    /// Problems of the document itself.
    pub problems: Vec<Problem>,
}
