//! Everything about one block: what was ordered, what ran before it, what it did, and line by line how
//! its comments were read and why they are judged so.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::words;
use crate::claim::{Claim, Evidence};
use crate::cli::list::{directive_text, kind_name};
use crate::compare::{ClaimVerdict, JudgedClaim, Status};
use crate::document::Document;
use crate::observation::{Ending, Observation, Stream};
use crate::plan::{Case, Decision, Written};
use crate::policy::Limits;
use crate::problem::Problem;
use crate::report::BlockReport;
use crate::text::{LineNumber, Span};

/// Longer values are cut, in characters.
const VALUE_CHARS: usize = 400;

/// Adds all there is to tell about `block`.
pub(super) fn push_block(text: &mut String, document: &Document, block: &BlockReport) {
    let BlockReport {
        case,
        observation,
        verdict,
        is_new: _,
    } = block;
    let _ = writeln!(
        text,
        "{}:{}  {}",
        document.path,
        case.block.first_line(document),
        case.block.id
    );
    push(text, "heading", &case.block.heading.join(" > "));
    push(text, "info", &case.block.info);
    push(text, "kind", kind_name(case.kind));
    for directive in &case.directives {
        let place = match directive.written {
            Written::Document(span) => format!("line {}", document.index.line(span.start)),
            Written::Settings(line) => format!("line {line} of the settings file"),
        };
        let shown = format!("{}, at {place}", directive_text(&directive.order));
        push(text, "directive", &shown);
    }
    push_decision(text, case);
    push(text, "policy", &limits(&case.policy.limits));
    for grant in &case.policy.grants {
        let gifts: Vec<String> = grant.gifts.iter().map(ToString::to_string).collect();
        push(
            text,
            "granted",
            &format!("{}: {}", gifts.join(", "), grant.reason),
        );
    }
    push_observation(text, observation);
    push_verdict(text, block);
    push_lines(text, document, block);
    let is_told = |problem: &&Problem| problem.id == "broken-claim";
    for problem in verdict.problems.iter().filter(|it| !is_told(it)) {
        push_problem(text, document, problem);
    }
}

/// Adds what became of the claims in sentences, below each line that holds some.
pub(super) fn push_sentences(text: &mut String, document: &Document, claims: &[JudgedClaim]) {
    let mut remarks = Remarks::new();
    for judged in claims {
        let line = document.index.line(judged.claim.span.start);
        remarks
            .entry(line)
            .or_default()
            .extend(claim_remarks(judged));
    }
    for (line, remarks) in remarks {
        if text.is_empty() {
            let _ = writeln!(text, "{}:{line}", document.path);
        }
        push_remarks(text, document, line, &remarks, line.to_string().len());
    }
}

fn push_verdict(text: &mut String, block: &BlockReport) {
    let verdict = &block.verdict;
    let status = match verdict.status {
        Status::Passed => "passed",
        Status::Failed => "failed",
        Status::Inconclusive => "inconclusive",
        Status::Skipped => "skipped",
    };
    let shown = match verdict.reason.filter(|_| verdict.status != Status::Passed) {
        Some(reason) => {
            let id = reason.as_str();
            format!("{status}: {id} (`snipcheck explain {id}`)")
        }
        None => status.to_owned(),
    };
    push(text, "verdict", &shown);
}

/// What is said below a line.
type Remarks = BTreeMap<LineNumber, Vec<String>>;

/// The code, with the reasoning below each line that something is said about.
fn push_lines(text: &mut String, document: &Document, block: &BlockReport) {
    let mut remarks = remarks(document, block);
    let lines = &block.case.block.lines;
    let width = lines.last().map_or(1, |line| line.line.to_string().len());
    text.push('\n');
    for line in lines {
        let _ = writeln!(
            text,
            "{}",
            format!("{:>width$} | {}", line.line, document.slice(line.span)).trim_end()
        );
        for remark in remarks.remove(&line.line).unwrap_or_default() {
            let _ = writeln!(text, "{:width$} =   {remark}", "");
        }
    }
    // Output blocks, directives and sentences stand outside of the code.
    for (line, remarks) in remarks {
        push_remarks(text, document, line, &remarks, width);
    }
}

/// A line of the document that is not part of the code, and what is said below it.
fn push_remarks(
    text: &mut String,
    document: &Document,
    line: LineNumber,
    remarks: &[String],
    width: usize,
) {
    let shown = document.slice(document.line_span(line));
    let _ = writeln!(text, "\n{line:>width$} | {}", shown.trim_end());
    for remark in remarks {
        let _ = writeln!(text, "{:width$} =   {remark}", "");
    }
}

fn remarks(document: &Document, block: &BlockReport) -> Remarks {
    let case = &block.case;
    let mut remarks = Remarks::new();
    let line_of = |span: Span| document.index.line(span.start);
    for judged in &block.verdict.claims {
        let shown = remarks.entry(line_of(judged.claim.span)).or_default();
        shown.extend(claim_remarks(judged));
    }
    let is_judged = |claim: &Claim| {
        let judged = &block.verdict.claims;
        judged.iter().any(|it| it.claim.span == claim.span)
    };
    for claim in case.claims.iter().filter(|claim| !is_judged(claim)) {
        let shown = remarks.entry(line_of(claim.span)).or_default();
        let rule = words::of_rule(claim.rule);
        shown.push(format!("note: {rule}, and not what Python shows"));
    }
    for note in &case.notes {
        let shown = remarks.entry(line_of(note.span)).or_default();
        shown.push(format!("note: {}", words::of_rule(note.rule)));
    }
    remarks
}

fn claim_remarks(judged: &JudgedClaim) -> Vec<String> {
    let expected = quoted(&judged.expected);
    let actual = match judged.actual.as_deref() {
        Some("") => "nothing".to_owned(),
        Some(actual) => quoted(actual),
        None => "nothing, for it was not reached".to_owned(),
    };
    let mut remarks = vec![match judged.verdict {
        ClaimVerdict::Held => match judged.actual.as_deref() == Some(judged.expected.as_str()) {
            true => format!("held: {expected} is what Python shows"),
            false => format!("held: the document says {expected}, Python shows {actual}"),
        },
        ClaimVerdict::Broken => {
            format!("broken: the document says {expected}, Python shows {actual}")
        }
        ClaimVerdict::Inconclusive => {
            format!("inconclusive: the document says {expected}, Python shows {actual}")
        }
    }];
    if let Some(reason) = judged.reason {
        remarks.push(format!("because {}", words::of_reason(reason)));
    }
    if let Some(tolerance) = judged.tolerance {
        remarks.push(format!("allowed: {}", words::of_tolerance(tolerance)));
    }
    let weight = match judged.claim.evidence {
        Evidence::Plain => "plainly meant: a difference breaks it",
        Evidence::Weak => "in a weak place: it can be held, and a difference decides nothing",
        Evidence::Unmarked => "unmarked text: it can be held, and is a note otherwise",
    };
    let rule = words::of_rule(judged.claim.rule);
    remarks.push(format!("read as: {rule}; {weight}"));
    remarks
}

fn quoted(value: &str) -> String {
    let line = one_line(value);
    match line.chars().count() > VALUE_CHARS {
        true => {
            let cut: String = line.chars().take(VALUE_CHARS).collect();
            format!("`{cut}` …")
        }
        false => format!("`{line}`"),
    }
}

fn push(text: &mut String, name: &str, value: &str) {
    let value = if value.is_empty() { "-" } else { value };
    let _ = writeln!(text, "  {name:12} {value}");
}

fn push_decision(text: &mut String, case: &Case) {
    let context: Vec<&str> = case.context.iter().map(|id| id.0.as_str()).collect();
    push(text, "context", &context.join(", "));
    match &case.decision {
        Decision::Run(snippet) => {
            push(text, "supplied", &snippet.supplied.join("; "));
            push(text, "decision", "run");
        }
        Decision::Skip(reason) => push(
            text,
            "decision",
            &format!("do not run: {}", reason.as_str()),
        ),
    }
    if let Some(reason) = case.static_reason {
        let id = reason.as_str();
        push(
            text,
            "on paper",
            &format!("{id} (`snipcheck explain {id}`)"),
        );
    }
}

fn limits(limits: &Limits) -> String {
    format!(
        "{} s, {} MiB of memory, {} KiB of output, {} processes, {} MiB of scratch space",
        limits.wall_ms as f64 / 1000.0,
        limits.memory_bytes >> 20,
        limits.output_bytes >> 10,
        limits.processes,
        limits.scratch_bytes >> 20
    )
}

fn push_observation(text: &mut String, observation: &Observation) {
    push(text, "ending", &ending(&observation.ending));
    if observation.ending == Ending::NotRun {
        return;
    }
    let spent = format!(
        "{:.1} ms of wall time, {:.1} ms of CPU time, {} KiB of memory at most",
        observation.wall_ms,
        observation.cpu_ms,
        observation.max_rss_bytes >> 10
    );
    push(text, "spent", &spent);
    if let Some(exception) = &observation.exception {
        let shown = format!("{}: {}", exception.type_name, exception.message);
        push(text, "exception", &shown.replace('\n', "\\n"));
    }
    for (name, stream) in [("stdout", Stream::Stdout), ("stderr", Stream::Stderr)] {
        let written = observation.text(stream);
        if !written.is_empty() {
            let _ = writeln!(text, "  {name}");
            for line in written.lines() {
                let _ = writeln!(text, "    | {line}");
            }
        }
    }
}

fn ending(ending: &Ending) -> String {
    match ending {
        Ending::Finished => "finished".to_owned(),
        Ending::Raised => "raised".to_owned(),
        Ending::Exited { status, is_early } => {
            let early = if *is_early { ", before its end" } else { "" };
            format!("exited with status {status}{early}")
        }
        Ending::Signalled { signal } => format!("killed by signal {signal}"),
        Ending::TimedOut => "timed out".to_owned(),
        Ending::MemoryLimit => "memory limit".to_owned(),
        Ending::OutputLimit => "output limit".to_owned(),
        Ending::ProcessLimit => "process limit".to_owned(),
        Ending::EarlyExit => "exited early, without reaching its end".to_owned(),
        Ending::NotRun => "not run".to_owned(),
    }
}

fn one_line(value: &str) -> String {
    value.replace('\n', "\\n")
}

fn push_problem(text: &mut String, document: &Document, problem: &Problem) {
    let place = problem.span.map_or(String::new(), |span| {
        let at = document.position(span.start);
        format!(" at {}:{}", at.line, at.column)
    });
    let _ = writeln!(
        text,
        "\nproblem{place}  {}: {}",
        problem.id, problem.message
    );
    for note in &problem.notes {
        let _ = writeln!(text, "  note: {}", note.replace('\n', "\n    "));
    }
    if let Some(help) = &problem.help {
        let _ = writeln!(text, "  help: {help}");
    }
}
