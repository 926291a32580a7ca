//! What was typed: the command line as clap reads it.
//!
//! [`Args`] goes to [`super::settings`], which turns it into what is meant. Nothing here reads files or
//! the environment.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

/// Runs the Python in Markdown documents and checks what the documents say about it.
#[derive(Debug, Parser)]
#[command(name = "snipcheck", version, about, max_term_width = 100)]
#[command(
    after_help = "Exit status: 0 everything judged held, 1 something is broken or failed, \
                        2 snipcheck could not do its job."
)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// Colour the output
    #[arg(long, value_enum, value_name = "WHEN", default_value_t, global = true)]
    pub color: ColorArg,

    /// Say more: also what held and why a block was skipped
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,

    /// Show no progress bar
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the blocks, judge their claims, report
    Check(CheckArgs),
    /// Record what the blocks do in snapshots
    Update(UpdateArgs),
    /// Go through pending changes of snapshots one by one
    Review(PendingArgs),
    /// Take over pending changes of snapshots
    Accept(PendingArgs),
    /// Drop pending changes of snapshots
    Reject(PendingArgs),
    /// Show every block with its role, without running anything
    List(ListArgs),
    /// Tell everything about one block, or what an id in a report means
    Explain(ExplainArgs),
    /// Show the interpreter and the sandbox layers of this machine
    Doctor(DoctorArgs),
}

/// `snipcheck check`.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// Files, directories, `FILE:LINE` for one block, `-` for standard input [default: .]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// How to report [default: full]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<FormatArg>,

    /// Fail also where something could not be decided
    #[arg(long)]
    pub strict: bool,

    /// Do not compare with snapshots
    #[arg(long)]
    pub no_snapshots: bool,

    /// Run skipped blocks too, and report each skip that is not needed
    #[arg(long)]
    pub unused_skips: bool,

    /// Fail blocks that pass and are in no snapshot
    #[arg(long, conflicts_with = "no_snapshots")]
    pub require_snapshots: bool,

    /// Where snapshots live and how blocks run.
    #[command(flatten)]
    pub project: ProjectArgs,

    /// Limits and interpreter.
    #[command(flatten)]
    pub run: RunArgs,
}

/// `snipcheck update`.
#[derive(Debug, clap::Args)]
pub struct UpdateArgs {
    /// Files, directories, `FILE:LINE` for one block [default: .]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Only the block with this id; may be repeated
    #[arg(long, value_name = "ID")]
    pub only: Vec<String>,

    /// Print what would change as a patch, write nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Rewrite what is broken in the documents themselves, and no snapshots
    #[arg(long, conflicts_with_all = ["accept", "pending", "drop_other_pythons", "allow_failed", "allow_unconfined"])]
    pub in_place: bool,

    /// With `--in-place`: write a comment behind each print that has none
    #[arg(long, requires = "in_place")]
    pub add: bool,

    /// With `--in-place`: write without asking
    #[arg(long, requires = "in_place", conflicts_with = "dry_run")]
    pub yes: bool,

    /// Take over changes at once, without a review
    #[arg(long)]
    pub accept: bool,

    /// Leave everything for a review, also what is recorded for the first time
    #[arg(long, conflicts_with = "accept")]
    pub pending: bool,

    /// Forget what other Python versions did
    #[arg(long)]
    pub drop_other_pythons: bool,

    /// Record also blocks that fail
    #[arg(long)]
    pub allow_failed: bool,

    /// Record also what ran without a sandbox
    #[arg(long, requires = "no_sandbox")]
    pub allow_unconfined: bool,

    /// Where snapshots live.
    #[command(flatten)]
    pub project: ProjectArgs,

    /// Limits and interpreter.
    #[command(flatten)]
    pub run: RunArgs,
}

/// `snipcheck review`, `accept` and `reject`.
#[derive(Debug, clap::Args)]
pub struct PendingArgs {
    /// Documents, directories, `FILE:LINE` for one block [default: all with pending changes]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Only the block with this id; may be repeated
    #[arg(long, value_name = "ID")]
    pub only: Vec<String>,

    /// How to tell; with `json`, `review` lists and asks nothing [default: full]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<PendingFormatArg>,

    /// Where snapshots live.
    #[command(flatten)]
    pub project: ProjectArgs,
}

/// How pending changes are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PendingFormatArg {
    /// For people
    #[default]
    Full,
    /// One JSON object
    Json,
}

/// `snipcheck list`.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    /// Files, directories, `FILE:LINE` for one block, `-` for standard input [default: .]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// How to show them
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub format: ListFormatArg,

    /// Where snapshots live.
    #[command(flatten)]
    pub project: ProjectArgs,
}

/// `snipcheck explain`.
#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// A line inside the block, as `FILE:LINE`, or an id from a report [default: list the ids]
    #[arg(value_name = "FILE:LINE or ID")]
    pub subject: Option<PathBuf>,

    /// Where snapshots live.
    #[command(flatten)]
    pub project: ProjectArgs,

    /// Limits and interpreter.
    #[command(flatten)]
    pub run: RunArgs,
}

/// `snipcheck doctor`.
#[derive(Debug, clap::Args)]
pub struct DoctorArgs {
    /// How to report [default: full]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<FormatArg>,

    /// Limits and interpreter.
    #[command(flatten)]
    pub run: RunArgs,
}

/// Flags about the files of a project.
#[derive(Debug, Default, clap::Args)]
pub struct ProjectArgs {
    /// Folder of the snapshots [default: expectations, beside the settings file]
    #[arg(long, value_name = "DIR")]
    pub expectations: Option<PathBuf>,
}

/// Flags about running.
#[derive(Debug, Default, clap::Args)]
pub struct RunArgs {
    /// Blocks that run at the same time [default: one more than cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub jobs: Option<u32>,

    /// Wall time that a block may take [default: 10]
    #[arg(long, value_name = "SECONDS", value_parser = super::settings::parse_seconds)]
    pub timeout: Option<u64>,

    /// Memory that a block may take, in MiB [default: 1024]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    pub memory_mb: Option<u64>,

    /// Output that a block may write, in KiB [default: 1024]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    pub output_kb: Option<u64>,

    /// Processes and threads that a block may have at one time [default: 64]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=65_536))]
    pub processes: Option<u64>,

    /// The interpreter that runs the blocks [default: the one snipcheck was built with]
    #[arg(long, value_name = "PATH")]
    pub python: Option<PathBuf>,

    /// Run nothing unless the sandbox is at least this strong [default: D]
    #[arg(long, value_enum, value_name = "RUNG", ignore_case = true)]
    pub require: Option<RungArg>,

    /// Run the blocks with all your rights: they can read, change and send what you can
    #[arg(long, conflicts_with = "require")]
    pub no_sandbox: bool,

    /// Take no stronger rung than this: for tests of the weaker ones.
    #[arg(long, value_enum, value_name = "RUNG", ignore_case = true, hide = true)]
    pub rung_at_most: Option<RungArg>,

    /// Run each block in a process of its own, even where one goes on from another: for tests.
    #[arg(long, hide = true)]
    pub separate: bool,
}

/// A rung of the sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "verbatim")]
pub enum RungArg {
    /// As A, with limits on all processes of a block together
    #[value(name = "A+")]
    APlus,
    /// Namespaces with a file tree and a `/proc` of their own
    A,
    /// The same without `/proc`
    B,
    /// Namespaces without mounts
    C,
    /// Landlock and filtered system calls
    D,
    /// Nothing; for tests
    #[value(hide = true)]
    None,
}

/// A report format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    /// The document's lines with the claims underlined
    #[default]
    Full,
    /// One line for each problem
    Concise,
    /// One JSON object
    Json,
}

/// A format of `snipcheck list`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ListFormatArg {
    /// A table for each document
    #[default]
    Full,
    /// One JSON object
    Json,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorArg {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}
