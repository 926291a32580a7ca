//! `snipcheck explain FILE:LINE`: everything about one block, and why it is judged as it is.

use std::fmt::Write;

use super::args::ExplainArgs;
use super::console::{Console, Exit};
use super::judge::judge;
use super::list::kind_name;
use super::prepare::{Snapshots, prepare};
use super::second_look::look_again;
use super::settings::{Settings, Typed};
use crate::compare::{ClaimVerdict, JudgedClaim, Status};
use crate::document::Document;
use crate::observation::{Ending, Observation, Stream};
use crate::plan::{Case, Decision};
use crate::policy::Limits;
use crate::problem::Problem;
use crate::report::BlockReport;
use crate::run;

/// Explains the block at the place that the arguments name.
pub(super) fn explain(args: &ExplainArgs, console: &Console) -> Exit {
    let settings = match Settings::load(Typed::of(&args.project, &args.run)) {
        Ok(settings) => settings,
        Err(error) => return console.error(error),
    };
    let paths = std::slice::from_ref(&args.place);
    let prepared = prepare(paths, &settings, Snapshots::Read, console);
    if prepared.exit == Exit::Unable {
        return prepared.exit;
    }
    let options = settings.run_options();
    let ran = run::run(&prepared.plans, &options, &|_, _| {}).and_then(|outcome| {
        let again = look_again(&prepared.plans, &outcome, &options)?;
        Ok((outcome, again))
    });
    let (outcome, again) = match ran {
        Ok(ran) => ran,
        Err(error) => return console.error(error),
    };
    let report = judge(prepared, outcome, &again, 0.0);
    let mut text = String::new();
    for document in &report.documents {
        for problem in &document.problems {
            let _ = writeln!(text, "{}: {}", document.path, problem.message);
        }
        if let Some(read) = &document.document {
            for block in &document.blocks {
                push_block(&mut text, read, block);
            }
        }
    }
    console.print(&text)
}

fn push_block(text: &mut String, document: &Document, block: &BlockReport) {
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
    let reason = verdict
        .reason
        .map(|reason| format!(": {}", reason.as_str()));
    let status = match verdict.status {
        Status::Passed => "passed",
        Status::Failed => "failed",
        Status::Inconclusive => "inconclusive",
        Status::Skipped => "skipped",
    };
    push(
        text,
        "verdict",
        &format!("{status}{}", reason.unwrap_or_default()),
    );
    for claim in &verdict.claims {
        push_claim(text, document, claim);
    }
    for note in &case.notes {
        let at = document.position(note.span.start);
        let comment = document.slice(note.span);
        let _ = writeln!(
            text,
            "\nnote at {}:{}  {comment}\n  read as a note by the rule `{}`",
            at.line, at.column, note.rule
        );
    }
    for problem in &verdict.problems {
        push_problem(text, document, problem);
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
        push(text, "on paper", reason.as_str());
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

fn push_claim(text: &mut String, document: &Document, judged: &JudgedClaim) {
    let at = document.position(judged.claim.span.start);
    let verdict = match judged.verdict {
        ClaimVerdict::Held => "held",
        ClaimVerdict::Broken => "broken",
        ClaimVerdict::Inconclusive => "inconclusive",
    };
    let _ = writeln!(text, "\nclaim at {}:{}  {verdict}", at.line, at.column);
    push(text, "text", &one_line(&judged.claim.text));
    push(text, "expected", &one_line(&judged.expected));
    push(
        text,
        "actual",
        &judged
            .actual
            .as_deref()
            .map_or("never reached".to_owned(), one_line),
    );
    push(text, "rule", judged.claim.rule);
    push(
        text,
        "evidence",
        &format!("{:?}", judged.claim.evidence).to_lowercase(),
    );
    if let Some(tolerance) = judged.tolerance {
        push(text, "tolerance", tolerance);
    }
    if let Some(reason) = judged.reason {
        push(text, "reason", reason);
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
