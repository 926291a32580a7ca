//! What a run itself adds to a finding: who called the failing line, the last words of a process
//! that died, and a finding for a reason that no problem told.

use super::contrast::quoted;
use super::finding::{Finding, Mark, paragraph};
use super::neutral;
use super::place::line_content;
use super::{BlockReport, DocumentReport};
use crate::compare::Status;
use crate::document::Document;
use crate::observation::{Exception, Observation, Stream};
use crate::plan::Reason;
use crate::problem::Severity;
use crate::text::{LineNumber, Span};

/// Callers of the failing line that are marked.
const CALLERS: usize = 4;
/// Lines of standard error that are shown where a process died.
const STDERR_LINES: usize = 3;
/// Characters of each of them.
const STDERR_CHARS: usize = 120;

/// Adds to `finding`, which says why `block` did not pass, what its run shows beyond that.
pub(super) fn enrich(finding: &mut Finding, document: &DocumentReport, block: &BlockReport) {
    let observation = &block.observation;
    match block.verdict.reason {
        Some(Reason::UncaughtException) => {
            if let Some(document) = &document.document {
                finding.marks.extend(callers(finding.span, document, block));
            }
        }
        Some(Reason::Signalled | Reason::EarlyExit | Reason::Exited) => {
            finding.notes.extend(last_words(observation));
        }
        _ => {}
    }
}

/// The finding for the reason of a block of which no problem told; `None` where there is none.
pub(super) fn finding(document: &DocumentReport, block: &BlockReport) -> Option<Finding> {
    let reason = block.verdict.reason?;
    let (severity, became) = match block.verdict.status {
        Status::Passed | Status::Skipped => return None,
        Status::Failed => (Severity::Error, "failed"),
        Status::Inconclusive => (Severity::Note, "could not be judged"),
    };
    let observation = &block.observation;
    let (message, help) = words(reason, became, observation);
    let document = document.document.as_ref()?;
    let line = place(reason, observation).unwrap_or(block.case.block.first_line(document));
    let mut finding = Finding::new(reason.as_str(), severity, message);
    finding.span = Some(content(document, block, line));
    finding.help.extend(help.map(str::to_owned));
    Some(finding)
}

fn words(
    reason: Reason,
    became: &str,
    observation: &Observation,
) -> (String, Option<&'static str>) {
    let shown = |exception: Option<&Exception>| match exception {
        Some(exception) if exception.message.is_empty() => {
            format!(": {}", quoted(&exception.type_name))
        }
        Some(exception) => {
            let text = format!("{}: {}", exception.type_name, exception.message);
            format!(": {}", quoted(&text))
        }
        None => String::new(),
    };
    let own = shown(observation.exception.as_ref());
    match reason {
        Reason::ContextFailed => {
            let failure = observation.context_failure.as_ref();
            let cause = shown(failure.and_then(|failure| failure.exception.as_ref()));
            (
                format!("a block that this one needs failed{cause}"),
                Some("put that block right first"),
            )
        }
        Reason::ReadsInput => (
            "this block waits for input, and there is none".to_owned(),
            None,
        ),
        Reason::NeedsNetwork => (
            format!("this block wants the network, which no block gets{own}"),
            None,
        ),
        Reason::NeedsFile => (
            format!("this block wants a file that is not there{own}"),
            Some("let the block write the file first"),
        ),
        Reason::NotConfined => (
            match observation.infrastructure_failure.as_deref() {
                Some(cause) => format!("this block was not run: {}", neutral::text(cause)),
                None => "this block was not run: the sandbox could not be set up".to_owned(),
            },
            Some("`snipcheck doctor` says what is missing"),
        ),
        other => (
            format!("this block {became}: {}", other.as_str().replace('-', " ")),
            None,
        ),
    }
}

/// The document line that the reason is best shown at.
fn place(reason: Reason, observation: &Observation) -> Option<LineNumber> {
    if reason == Reason::ContextFailed {
        return observation.context_failure.as_ref()?.line;
    }
    match &observation.exception {
        Some(exception) => exception.lines.last().copied(),
        None => observation.reached.last().copied(),
    }
}

/// The lines that called the failing one, innermost first, each once.
fn callers(at: Option<Span>, document: &Document, block: &BlockReport) -> Vec<Mark> {
    let lines = block.observation.exception.iter();
    let lines = lines.flat_map(|exception| exception.lines.iter().rev());
    let innermost = at.map(|span| document.index.line(span.start));
    let mut callers: Vec<LineNumber> = Vec::new();
    for &line in lines {
        if callers.len() == CALLERS {
            break;
        }
        if Some(line) != innermost && !callers.contains(&line) {
            callers.push(line);
        }
    }
    callers
        .into_iter()
        .map(|line| Mark {
            span: content(document, block, line),
            text: "called from here".to_owned(),
        })
        .collect()
}

/// The code on `line`, without what the Markdown around it puts before it.
fn content(document: &Document, block: &BlockReport, line: LineNumber) -> Span {
    let lines = &block.case.block.lines;
    let known = lines.binary_search_by_key(&line, |code| code.line).ok();
    match known.and_then(|index| lines.get(index)) {
        Some(code) => {
            let text = document.slice(code.span);
            let start = code.span.start + (text.len() - text.trim_start().len());
            Span::new(start, start + text.trim().len())
        }
        None => line_content(document, line),
    }
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
        let shown: String = line.chars().take(STDERR_CHARS).collect();
        lines.extend(paragraph(&format!("| {shown}")));
    }
    Some(lines)
}
