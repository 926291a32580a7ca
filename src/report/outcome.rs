//! How a block that did not pass ended, as a [`Finding`], for reasons that no problem told already.

use super::contrast::quoted;
use super::finding::{Finding, Mark, paragraph};
use super::neutral;
use super::place::line_content;
use super::summary::{bytes, duration};
use super::{BlockReport, DocumentReport};
use crate::compare::Status;
use crate::observation::{Ending, Exception, Observation, Stream};
use crate::plan::Reason;
use crate::problem::Severity;
use crate::text::{LineNumber, Span};

/// Callers of the failing line that are marked.
const CALLERS: usize = 4;
/// Lines of standard error that are shown where a process died.
const STDERR_LINES: usize = 3;

/// The words for one reason.
#[derive(Default)]
struct Words {
    message: String,
    label: String,
    help: &'static str,
}

impl Words {
    fn new(message: impl Into<String>, label: &str, help: &'static str) -> Self {
        Words {
            message: message.into(),
            label: label.to_owned(),
            help,
        }
    }
}

/// The finding for `reason`; `None` where the document is not at hand.
pub(super) fn finding(
    reason: Reason,
    document: &DocumentReport,
    block: &BlockReport,
) -> Option<Finding> {
    let observation = &block.observation;
    let words = words(reason, block);
    let document = document.document.as_ref()?;
    let first = block.case.block.first_line(document);
    let line = last_line(reason, observation).unwrap_or(first);
    let span_of = |line: LineNumber| -> Span {
        let lines = &block.case.block.lines;
        match lines.binary_search_by_key(&line, |code| code.line) {
            Ok(index) => trimmed(&document.text, lines[index].span),
            Err(_) => line_content(document, line),
        }
    };
    let callers = callers(reason, observation, line);
    let mut finding = Finding {
        id: reason.as_str(),
        severity: match block.verdict.status {
            Status::Failed => Severity::Error,
            Status::Passed | Status::Inconclusive | Status::Skipped => Severity::Note,
        },
        span: Some(span_of(line)),
        position: None,
        also_shown: None,
        message: words.message,
        brief: None,
        label: words.label,
        marks: callers
            .into_iter()
            .map(|line| Mark {
                span: span_of(line),
                text: "called from here".to_owned(),
            })
            .collect(),
        notes: Vec::new(),
        help: Vec::new(),
    };
    if !words.help.is_empty() {
        finding.help.push(words.help.to_owned());
    }
    if matches!(
        reason,
        Reason::Signalled | Reason::EarlyExit | Reason::Exited
    ) {
        finding.notes.extend(last_words(observation));
    }
    Some(finding)
}

fn words(reason: Reason, block: &BlockReport) -> Words {
    let observation = &block.observation;
    let limits = &block.case.policy.limits;
    match reason {
        Reason::UncaughtException | Reason::SyntaxError => raised(reason, observation),
        Reason::TimedOut => Words::new(
            format!("the block did not end within {}", seconds(limits.wall_ms)),
            "still running this",
            "make it end sooner, or give it a longer time limit",
        ),
        Reason::MemoryLimit => Words::new(
            format!(
                "the block wanted more than {} of memory",
                bytes(limits.memory_bytes)
            ),
            "while running this",
            "make it use less, or give it a higher memory limit",
        ),
        Reason::OutputLimit => Words::new(
            format!("the block printed more than {}", bytes(limits.output_bytes)),
            "while running this",
            "make it print less, or give it a higher output limit",
        ),
        Reason::ProcessLimit => Words::new(
            format!(
                "the block wanted more than {} processes or threads",
                limits.processes
            ),
            "while running this",
            "make it start fewer",
        ),
        Reason::EarlyExit => Words::new(
            "the process ended before the block did",
            "the last statement that began",
            "",
        ),
        Reason::Exited => exited(observation),
        Reason::Signalled => signalled(observation),
        Reason::BrokenClaim => Words::new("a claim of this block does not hold", "", ""),
        Reason::SnapshotDiffers => Words::new(
            "this block no longer does what its snapshot says",
            "",
            "look at the difference, then accept it with `snipcheck update`",
        ),
        Reason::MissingPackage
        | Reason::UndefinedName
        | Reason::MissingImport
        | Reason::ReadsInput
        | Reason::NeedsNetwork
        | Reason::NeedsFile => lacking(reason, observation),
        Reason::NotPython => Words::new("this block is not Python", "", ""),
        Reason::ContextFailed => context_failed(observation),
        Reason::NotConfined => Words::new(
            "the sandbox could not be set up, so this block was not run",
            "",
            "`snipcheck doctor` says what is missing",
        ),
        Reason::SkippedByAuthor => Words::new("the document asks to skip this block", "", ""),
    }
}

fn raised(reason: Reason, observation: &Observation) -> Words {
    let Some(exception) = &observation.exception else {
        let message = match reason {
            Reason::SyntaxError => "this is not valid Python",
            _ => "an exception ended the block",
        };
        return Words::new(message, "", "");
    };
    if reason == Reason::SyntaxError || exception.is_compile_error {
        let message = neutral::text(&exception.message);
        return Words::new(format!("this is not valid Python: {message}"), "", "");
    }
    Words::new(
        format!("uncaught exception {}", described(exception)),
        "raised here",
        "if it is meant, announce it in a comment on this line",
    )
}

fn lacking(reason: Reason, observation: &Observation) -> Words {
    let name = observation
        .exception
        .as_ref()
        .and_then(|exception| exception.name.as_deref())
        .map(neutral::text);
    let (subject, rest, help) = match reason {
        Reason::MissingPackage => (
            name.map_or("a package".to_owned(), |name| {
                format!("the package `{name}`")
            }),
            "is not installed",
            "install it for the interpreter that runs the blocks",
        ),
        Reason::UndefinedName => (
            name.map_or("a name".to_owned(), |name| format!("`{name}`")),
            "is defined neither here nor in an earlier block",
            "define it, or put the block that defines it before this one",
        ),
        Reason::MissingImport => (
            name.map_or("a module".to_owned(), |name| format!("`{name}`")),
            "is used but never imported",
            "add the import",
        ),
        Reason::ReadsInput => (
            "this block".to_owned(),
            "waits for input, and there is none",
            "",
        ),
        Reason::NeedsFile => (
            "this block".to_owned(),
            "wants a file that is not there",
            "",
        ),
        _ => (
            "this block".to_owned(),
            "wants the network, which it does not get",
            "",
        ),
    };
    Words::new(format!("{subject} {rest}"), "", help)
}

fn exited(observation: &Observation) -> Words {
    match observation.ending {
        Ending::Exited { status, is_early } => Words::new(
            format!("`SystemExit` with status {status} ended the block"),
            if is_early {
                "what follows this did not run"
            } else {
                ""
            },
            "",
        ),
        _ => Words::new("`SystemExit` ended the block", "", ""),
    }
}

fn signalled(observation: &Observation) -> Words {
    let message = match observation.ending {
        Ending::Signalled { signal } => match signal_name(signal) {
            Some(name) => format!("{name} (signal {signal}) ended the block"),
            None => format!("signal {signal} ended the block"),
        },
        _ => "a signal ended the block".to_owned(),
    };
    Words::new(message, "while running this", "")
}

fn context_failed(observation: &Observation) -> Words {
    let failure = observation.context_failure.as_ref();
    let cause = failure.and_then(|failure| failure.exception.as_ref());
    let message = match cause {
        Some(exception) => format!(
            "a block that this one needs failed: {}",
            described(exception)
        ),
        None => "a block that this one needs failed".to_owned(),
    };
    Words::new(message, "", "put that block right first")
}

/// Such as `` `ValueError: bad` ``.
fn described(exception: &Exception) -> String {
    if exception.message.is_empty() {
        return quoted(&exception.type_name);
    }
    quoted(&format!("{}: {}", exception.type_name, exception.message))
}

/// The document line that the reason is best shown at.
fn last_line(reason: Reason, observation: &Observation) -> Option<LineNumber> {
    let context = observation.context_failure.as_ref();
    match reason {
        Reason::ContextFailed => context.and_then(|failure| failure.line),
        Reason::TimedOut
        | Reason::MemoryLimit
        | Reason::OutputLimit
        | Reason::ProcessLimit
        | Reason::EarlyExit
        | Reason::Exited
        | Reason::Signalled => observation.reached.last().copied(),
        _ => observation
            .exception
            .as_ref()
            .and_then(|exception| exception.lines.last().copied()),
    }
}

/// The lines that called the failing one, innermost first, each once.
fn callers(reason: Reason, observation: &Observation, innermost: LineNumber) -> Vec<LineNumber> {
    let mut callers = Vec::new();
    if reason != Reason::UncaughtException {
        return callers;
    }
    let lines = observation
        .exception
        .iter()
        .flat_map(|exception| exception.lines.iter().rev());
    for &line in lines {
        if callers.len() == CALLERS {
            break;
        }
        if line != innermost && !callers.contains(&line) {
            callers.push(line);
        }
    }
    callers
}

/// The end of standard error.
fn last_words(observation: &Observation) -> Option<Vec<String>> {
    let stderr = observation.text(Stream::Stderr);
    let stderr = stderr.trim_end();
    if stderr.is_empty() {
        return None;
    }
    let tail: Vec<&str> = stderr.rsplit('\n').take(STDERR_LINES).collect();
    let mut lines = vec!["the end of its standard error:".to_owned()];
    for line in tail.into_iter().rev() {
        let shown: String = line.chars().take(120).collect();
        lines.extend(paragraph(&format!("| {shown}")));
    }
    Some(lines)
}

fn trimmed(text: &str, span: Span) -> Span {
    let content = span.of(text);
    let start = span.start + (content.len() - content.trim_start().len());
    Span::new(start, start + content.trim().len())
}

fn seconds(wall_ms: u64) -> String {
    if wall_ms.is_multiple_of(1_000) {
        format!("{} s", wall_ms / 1_000)
    } else {
        duration(wall_ms as f64)
    }
}

/// Names of the signals that end study snippets, with their numbers on Linux (signal(7)).
fn signal_name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        31 => "SIGSYS",
        _ => return None,
    })
}
