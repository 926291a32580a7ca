//! `snipcheck check`: run, judge, report. Writes nothing but its report.

use std::time::Instant;

use super::args::{CheckArgs, FormatArg};
use super::console::{Console, Exit};
use super::judge::judge;
use super::prepare::{Snapshots, prepare};
use super::progress::with_progress;
use super::second_look::look_again;
use super::settings::{Settings, Typed};
use crate::report;
use crate::run;
use crate::store;

/// Checks what the arguments name.
pub(super) fn check(args: &CheckArgs, console: &Console) -> Exit {
    let started = Instant::now();
    let typed = Typed {
        project: &args.project,
        run: &args.run,
        format: args.format,
        strict: args.strict,
    };
    let mut settings = match Settings::load(typed) {
        Ok(settings) => settings,
        Err(error) => return console.error(error),
    };
    settings.tries_skipped = args.unused_skips;
    settings.require_snapshots |= args.require_snapshots;
    let snapshots = if args.no_snapshots {
        settings.require_snapshots = false;
        Snapshots::Ignore
    } else {
        Snapshots::Read
    };
    let prepared = prepare(&args.paths, &settings, snapshots, console);
    let exit = prepared.exit;
    for source in &prepared.gone {
        let file = store::snapshot_file(&settings.expectations, source);
        console.warn(format_args!(
            "{}: the document of this snapshot is gone; `snipcheck update --accept` removes it",
            settings.shown(&file)
        ));
    }
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
    let again = match look_again(&prepared.plans, &outcome, &options) {
        Ok(again) => again,
        Err(error) => return console.error(error),
    };
    let wall_ms = started.elapsed().as_secs_f64() * 1000.0;
    let report = judge(prepared, outcome, &again, wall_ms);
    let style = console.style(settings.strict);
    let printed = console.write(|out| match settings.format {
        FormatArg::Full => report::full::render(&report, style, out),
        FormatArg::Concise => report::concise::render(&report, style, out),
        FormatArg::Json => report::json::render(&report, out),
    });
    let verdict = match report::exit_status(&report, settings.strict) {
        0 => Exit::Held,
        _ => Exit::Broken,
    };
    exit.max(printed).max(verdict)
}
