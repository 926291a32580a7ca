//! `snipcheck update --in-place`: rewrites broken values in the documents themselves.
//!
//! Shows the change of each document as a patch, and writes it only when told to: by an answer on a
//! terminal, or by `--yes`. What may be written, and how, is decided in `rewrite`; here documents are
//! run, shown, asked about and written.

use std::fmt::Write as _;
use std::io::{self, BufRead, IsTerminal};
use std::path::Path;

use super::args::UpdateArgs;
use super::console::{Console, Exit};
use super::patch;
use super::prepare::{Entry, Origin, Prepared, Snapshots, prepare};
use super::progress::with_progress;
use super::second_look::{self, Again};
use super::settings::{Settings, Typed};
use super::update::{is_ci, refusal};
use crate::compare::Status;
use crate::document::Document;
use crate::observation::Observation;
use crate::plan::{DocumentPlan, Reason};
use crate::rewrite::{self, Adding, Rewriting, Runs, State};
use crate::run::{self, RunError, RunOptions, RunOutcome};
use crate::store;

/// The byte order mark in UTF-8.
const BOM: &str = "\u{feff}";

/// Who decides whether a change is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Consent {
    /// Nobody: changes are only shown.
    DryRun,
    /// It was given beforehand.
    Given,
    /// Whoever sits at the terminal.
    Ask,
    /// Nobody can be asked.
    Missing,
}

/// What is answered to one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Yes,
    No,
    /// This and all that follow.
    All,
    /// Neither this nor any that follows.
    Quit,
}

/// Rewrites the documents that the arguments name.
pub(super) fn in_place(args: &UpdateArgs, console: &Console) -> Exit {
    let consent = match () {
        () if args.dry_run => Consent::DryRun,
        () if is_ci() => {
            return console.error(refusal("update --in-place"));
        }
        () if args.yes => Consent::Given,
        () if io::stdin().is_terminal() && io::stdout().is_terminal() => Consent::Ask,
        () => Consent::Missing,
    };
    if args.paths.iter().any(|path| path == Path::new("-")) {
        return console.error("standard input cannot be rewritten in place; name a file");
    }
    let settings = match Settings::load(Typed::of(&args.project, &args.run)) {
        Ok(settings) => settings,
        Err(error) => return console.error(error),
    };
    let mut prepared = prepare(&args.paths, &settings, Snapshots::Ignore, console);
    prepared.keep_only(&args.only, console);
    if !args.only.is_empty() {
        // Sentences have no ids.
        prepared
            .plans
            .iter_mut()
            .for_each(|plan| plan.prose.clear());
    }
    if prepared.entries.is_empty() {
        return prepared.exit;
    }
    let adding = match args.add {
        true => Adding::Comments,
        false => Adding::Nothing,
    };
    let options = settings.run_options();
    let (outcome, again) = match run_all(&prepared, &options, adding, console) {
        Ok(done) => done,
        Err(error) => return console.error(error),
    };
    let exit = prepared.exit;
    let mut session = Session {
        console,
        consent,
        account: Account::default(),
        exit,
    };
    for (entry, state) in states(prepared, outcome, again) {
        match (entry, state) {
            (Entry::Unread { path, problem }, _) => {
                session.say(&format!("{path}\n  {}\n", problem.message), Exit::Broken);
            }
            (Entry::Planned(origin), Some(state)) => {
                let before = state.plan.document.clone();
                let rewriting = rewrite::rewrite(state, &settings.plan_options(), adding);
                session.document(&before, &origin, &rewriting);
            }
            (Entry::Planned(_), None) => {}
        }
    }
    session.finish()
}

/// Runs everything once, what is broken again, and what may get a comment as well.
fn run_all(
    prepared: &Prepared,
    options: &RunOptions,
    adding: Adding,
    console: &Console,
) -> Result<(RunOutcome, Again), RunError> {
    let outcome = with_progress(console, |progress| {
        run::run(&prepared.plans, options, progress)
    })?;
    let mut again = second_look::look_again(&prepared.plans, &outcome, options)?;
    if adding == Adding::Comments {
        let is_wanted = |plan: &DocumentPlan, case: usize, first: &Observation| {
            plan.cases
                .get(case)
                .is_some_and(|case| rewrite::may_add(&plan.document, case, first))
        };
        second_look::run_until_sure(&prepared.plans, &outcome, options, is_wanted, &mut again)?;
    }
    Ok((outcome, again))
}

/// Each document with what its blocks did; `None` where it could not be read.
fn states(
    prepared: Prepared,
    outcome: RunOutcome,
    mut again: Again,
) -> Vec<(Entry, Option<State>)> {
    let mut ran = prepared
        .plans
        .into_iter()
        .zip(outcome.observations)
        .enumerate();
    let mut states = Vec::with_capacity(prepared.entries.len());
    for entry in prepared.entries {
        let state = match &entry {
            Entry::Unread { .. } => None,
            Entry::Planned(origin) => ran.next().map(|(document, (plan, observations))| State {
                runs: observations
                    .into_iter()
                    .enumerate()
                    .map(|(case, first)| Runs {
                        first,
                        again: again.remove(&(document, case)).unwrap_or_default(),
                    })
                    .collect(),
                places: origin.key_of_case.clone(),
                ids: origin.keys.iter().map(|(id, _)| id.clone()).collect(),
                plan,
            }),
        };
        states.push((entry, state));
    }
    states
}

/// What was done so far.
#[derive(Default)]
struct Account {
    replaced: usize,
    added: usize,
    remarked: usize,
    left: usize,
    /// Documents that nobody wanted written.
    declined: usize,
    /// Documents that could not be written.
    failed: usize,
}

struct Session<'a> {
    console: &'a Console,
    consent: Consent,
    account: Account,
    exit: Exit,
}

impl Session<'_> {
    fn say(&mut self, text: &str, exit: Exit) {
        self.exit = self.exit.max(exit).max(self.console.print(text));
    }

    fn document(&mut self, before: &Document, origin: &Origin, rewriting: &Rewriting) {
        let after = &rewriting.state.plan.document;
        let is_written = before.text != after.text && self.change(before, after, origin);
        let account = &mut self.account;
        if before.text != after.text && (is_written || self.consent == Consent::DryRun) {
            account.replaced += rewriting.replaced;
            account.added += rewriting.added;
            account.remarked += rewriting.remarked;
        }
        account.left += rewriting.left.len();
        let mut text = String::new();
        for left in &rewriting.left {
            let line = match is_written {
                true => left.line,
                false => rewriting.line_before(left.line),
            };
            let expected = in_short(&left.expected);
            let shown = match left.actual.as_deref().map(in_short) {
                Some(shown) if !shown.is_empty() => format!("Python showed `{shown}`"),
                _ => "Python showed nothing".to_owned(),
            };
            let _ = writeln!(
                text,
                "{}:{line}: left `{expected}` ({shown}): {}",
                before.path, left.reason
            );
        }
        let is_failed = |status| status == Status::Failed;
        let verdicts = rewriting.state.judged();
        let fails = verdicts.iter().any(|verdict| {
            is_failed(verdict.status) && verdict.reason != Some(Reason::BrokenClaim)
        });
        let exit = match fails || !rewriting.left.is_empty() {
            true => Exit::Broken,
            false => Exit::Held,
        };
        self.say(&text, exit);
    }

    /// Shows the change of a document, and writes it where that is wanted; says whether it did.
    fn change(&mut self, before: &Document, after: &Document, origin: &Origin) -> bool {
        let shown = patch::patch(&before.path, Some(&before.text), Some(&after.text));
        let printed = self.console.write(|out| {
            let bytes = patch::rendered(&shown, self.console.has_color);
            out.write_all(bytes.as_bytes())
        });
        self.exit = self.exit.max(printed);
        let is_wanted = match self.consent {
            Consent::DryRun | Consent::Missing => false,
            Consent::Given => true,
            Consent::Ask => self.asked(&before.path),
        };
        if !is_wanted {
            self.account.declined += usize::from(self.consent != Consent::DryRun);
            return false;
        }
        let Some(file) = &origin.file else {
            return false;
        };
        let bytes = |document: &Document| {
            let bom = if document.has_bom { BOM } else { "" };
            format!("{bom}{}", document.text).into_bytes()
        };
        match store::replace(file, &bytes(before), &bytes(after)) {
            Ok(()) => true,
            Err(error) => {
                self.exit = self.console.error(error);
                self.account.failed += 1;
                false
            }
        }
    }

    fn asked(&mut self, path: &str) -> bool {
        let question = format!("write {path}? [y]es, [n]o, [a]ll, [q]uit ");
        let ask = || {
            self.console.write(|out| out.write_all(question.as_bytes()));
            let mut line = String::new();
            match io::stdin().lock().read_line(&mut line) {
                Ok(len) if len > 0 => Some(line),
                _ => None,
            }
        };
        match answer(ask) {
            Answer::Yes => true,
            Answer::No => false,
            Answer::All => {
                self.consent = Consent::Given;
                true
            }
            Answer::Quit => {
                self.consent = Consent::DryRun;
                self.account.declined += 1;
                false
            }
        }
    }

    fn finish(mut self) -> Exit {
        let account = &self.account;
        let would = match self.consent {
            Consent::DryRun | Consent::Missing => "would be ",
            Consent::Given | Consent::Ask => "",
        };
        let mut parts = Vec::new();
        if account.replaced > 0 {
            let count = counted(account.replaced, "value", "values");
            parts.push(format!("{count} {would}replaced"));
        }
        if account.added > 0 {
            let count = counted(account.added, "comment", "comments");
            parts.push(format!("{count} {would}added"));
        }
        if account.left > 0 {
            let count = counted(account.left, "broken value", "broken values");
            parts.push(format!("{count} left"));
        }
        let mut text = match parts.is_empty() && account.declined + account.failed == 0 {
            true => "nothing to rewrite\n".to_owned(),
            false if parts.is_empty() => String::new(),
            false => format!("{}\n", parts.join(", ")),
        };
        if account.remarked > 0 {
            let _ = writeln!(
                text,
                "words behind values were kept in {}: read whether they still say what is so",
                counted(account.remarked, "place", "places")
            );
        }
        let exit = self.console.print(&text);
        self.exit = self.exit.max(exit);
        if self.consent == Consent::Missing && self.account.declined > 0 {
            let error = "nothing was written: nobody can be asked here; \
                         say `--yes` to write, or `--dry-run` to only look";
            self.exit = self.console.error(error);
        }
        self.exit
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// The answer that `ask` leads to; `ask` gives a line, or `None` where no more come.
fn answer(mut ask: impl FnMut() -> Option<String>) -> Answer {
    loop {
        let Some(line) = ask() else {
            return Answer::Quit;
        };
        match line.trim().to_lowercase().as_str() {
            "y" | "yes" => return Answer::Yes,
            "n" | "no" => return Answer::No,
            "a" | "all" => return Answer::All,
            "q" | "quit" => return Answer::Quit,
            _ => {}
        }
    }
}

/// One short line of `text`.
fn in_short(text: &str) -> String {
    const LEN_MAX: usize = 60;
    let first = text.lines().next().unwrap_or_default();
    let short: String = first.chars().take(LEN_MAX).collect();
    match short.len() < text.trim_end().len() {
        true => format!("{short}…"),
        false => short,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(lines: &[&str]) -> Answer {
        let mut lines = lines.iter();
        answer(|| lines.next().map(|line| (*line).to_owned()))
    }

    #[test]
    fn only_a_plain_yes_is_one() {
        assert_eq!(answered(&["y\n"]), Answer::Yes);
        assert_eq!(answered(&["\n", "what?\n", "YES\n"]), Answer::Yes);
        assert_eq!(answered(&["n\n"]), Answer::No);
        assert_eq!(answered(&["a\n"]), Answer::All);
        assert_eq!(answered(&["q\n"]), Answer::Quit);
        assert_eq!(answered(&["\n"]), Answer::Quit, "the input has ended");
    }
}
