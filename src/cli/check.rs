//! `snipcheck check`: run, judge, report. Writes nothing but its report.

use std::time::Instant;

use super::args::{CheckArgs, FormatArg};
use super::console::{Console, Exit};
use super::judge::judge;
use super::prepare::{Snapshots, prepare};
use super::progress::with_progress;
use super::settings::{Settings, Typed};
use crate::compare::{ClaimVerdict, Status};
use crate::problem::Severity;
use crate::report::{DocumentReport, Report};
use crate::run;

/// Checks what the arguments name.
pub(super) fn check(args: &CheckArgs, console: &Console) -> Exit {
    let started = Instant::now();
    let typed = Typed {
        project: &args.project,
        run: &args.run,
        format: args.format,
        strict: args.strict,
    };
    let settings = match Settings::load(typed) {
        Ok(settings) => settings,
        Err(error) => return console.error(error),
    };
    let snapshots = if args.no_snapshots {
        Snapshots::Ignore
    } else {
        Snapshots::Read
    };
    let prepared = prepare(&args.paths, &settings, snapshots, console);
    let exit = prepared.exit;
    if prepared.entries.is_empty() {
        return exit;
    }
    let options = settings.run_options();
    let outcome = with_progress(console, |progress| {
        run::run(&prepared.plans, &options, progress)
    });
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error) => return console.error(error),
    };
    let wall_ms = started.elapsed().as_secs_f64() * 1000.0;
    let report = judge(prepared, outcome, wall_ms);
    let printed = console.print(&render(&report, settings.format, console));
    exit.max(printed).max(verdict(&report, settings.strict))
}

fn render(report: &Report, format: FormatArg, console: &Console) -> String {
    let _ = (report, console);
    match format {
        FormatArg::Full | FormatArg::Concise | FormatArg::Json => String::new(),
    }
}

/// What the whole report comes to.
fn verdict(report: &Report, is_strict: bool) -> Exit {
    let is_held = report
        .documents
        .iter()
        .all(|document| is_held(document, is_strict));
    if is_held { Exit::Held } else { Exit::Broken }
}

fn is_held(document: &DocumentReport, is_strict: bool) -> bool {
    let claim_holds = |verdict: ClaimVerdict| match verdict {
        ClaimVerdict::Held => true,
        ClaimVerdict::Broken => false,
        ClaimVerdict::Inconclusive => !is_strict,
    };
    let status_holds = |status: Status| match status {
        Status::Passed | Status::Skipped => true,
        Status::Failed => false,
        Status::Inconclusive => !is_strict,
    };
    let has_error = document
        .problems
        .iter()
        .any(|problem| problem.severity == Severity::Error);
    let blocks_hold = document.blocks.iter().all(|block| {
        let claims = &block.verdict.claims;
        status_holds(block.verdict.status) && claims.iter().all(|claim| claim_holds(claim.verdict))
    });
    !has_error && blocks_hold && document.claims.iter().all(|c| claim_holds(c.verdict))
}
