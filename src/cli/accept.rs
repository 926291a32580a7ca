//! `snipcheck accept` and `snipcheck reject`: pending changes without questions.

use std::collections::HashMap;
use std::fmt::Write;

use super::args::RunArgs;
use super::args::{PendingArgs, PendingFormatArg};
use super::console::{Console, Exit};
use super::pending::{Decision, is_outdated, print_json, waiting};
use super::settings::{Settings, Typed};
use super::update::{is_ci, refusal};

/// Takes over the pending changes that the arguments name.
pub(super) fn accept(args: &PendingArgs, console: &Console) -> Exit {
    decide_all(args, console, "accept", Decision::Accepted)
}

/// Drops the pending changes that the arguments name.
pub(super) fn reject(args: &PendingArgs, console: &Console) -> Exit {
    decide_all(args, console, "reject", Decision::Rejected)
}

fn decide_all(args: &PendingArgs, console: &Console, command: &str, decision: Decision) -> Exit {
    if is_ci() {
        return console.error(refusal(command));
    }
    let run = RunArgs::default();
    let settings = match Settings::load(Typed::of(&args.project, &run)) {
        Ok(settings) => settings,
        Err(error) => return console.error(error),
    };
    let (found, mut exit) = waiting(args, &settings, console);
    // With an id that is nowhere pending, or a file that cannot be read, more may be wrong than that.
    if exit != Exit::Held {
        return exit;
    }
    let word = match decision {
        Decision::Accepted => "accepted",
        Decision::Rejected => "rejected",
        Decision::Pending => "left pending",
    };
    let mut text = String::new();
    let mut decided = Vec::new();
    for waiting in &found {
        let changes = waiting.changes();
        let decisions: HashMap<_, _> = changes
            .iter()
            .map(|change| (change.id.clone(), decision))
            .collect();
        if let Err(error) = waiting.decide(&decisions) {
            exit = console.error(error);
            continue;
        }
        let _ = writeln!(text, "{}", waiting.path);
        for change in &changes {
            let line = waiting
                .line(change.id)
                .map_or("-".to_owned(), |line| line.to_string());
            let class = change.class.as_str();
            let note = match is_outdated(waiting, change) {
                true => "  (its code was changed since)",
                false => "",
            };
            let _ = writeln!(text, "  {line}  {word}: {class}  {}{note}", change.id);
        }
        decided.push((waiting, decisions));
    }
    if args.format == Some(PendingFormatArg::Json) {
        return exit.max(print_json(&decided, &settings, console));
    }
    let count: usize = decided.iter().map(|(_, decisions)| decisions.len()).sum();
    match count {
        0 => text.push_str("nothing is pending\n"),
        n => {
            let _ = writeln!(text, "{n} {word}");
        }
    }
    exit.max(console.print(&text))
}
