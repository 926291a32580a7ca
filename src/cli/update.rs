//! `snipcheck update`: records what the blocks do in the snapshots under `expectations/`.
//!
//! Records only what passed, and did the same in runs under different hash seeds. Writes nothing
//! where CI runs.

use std::fmt::Write;

use super::args::UpdateArgs;
use super::console::{Console, Exit, Verbosity};
use super::prepare::{Entry, Origin, Prepared, Recorded, Snapshots, prepare};
use super::progress::with_progress;
use super::settings::{Settings, Typed};
use crate::compare::{self, Status, Verdict, recorded};
use crate::document::Document;
use crate::observation::Observation;
use crate::plan::{Case, DocumentPlan};
use crate::run::{self, RunError, RunOptions};
use crate::snapshot::renewal::{Change, Fresh, Renewal, renew};
use crate::snapshot::{self, difference};
use crate::store;

/// The hash seeds of the runs that must agree.
///
/// Two elements of a set keep their order under every second seed, so two runs would miss too much.
const HASH_SEEDS: [u32; 3] = [0, 2_718_281, 3_141_592];

/// Whether files are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writing {
    Do,
    OnlyTell,
}

/// Updates the snapshots of what the arguments name.
pub(super) fn update(args: &UpdateArgs, console: &Console) -> Exit {
    let writing = if args.dry_run {
        Writing::OnlyTell
    } else {
        Writing::Do
    };
    if writing == Writing::Do && is_ci() {
        return console.error(
            "`update` writes nothing where the environment variable CI is set; \
             run it on your own machine and commit what it writes",
        );
    }
    let settings = match Settings::load(Typed::of(&args.project, &args.run)) {
        Ok(settings) => settings,
        Err(error) => return console.error(error),
    };
    let mut prepared = prepare(&args.paths, &settings, Snapshots::Read, console);
    leave_out_unrecordable(&mut prepared, console);
    // Only what blocks do is recorded.
    for plan in &mut prepared.plans {
        plan.prose.clear();
    }
    if prepared.entries.is_empty() {
        return prepared.exit;
    }
    let runs = with_progress(console, |progress| {
        run_again_and_again(&prepared.plans, &settings.run_options(), progress)
    });
    let mut runs: Vec<_> = match runs {
        Ok(runs) => runs.into_iter().map(Vec::into_iter).collect(),
        Err(error) => return console.error(error),
    };
    let mut account = Account::new(console, &settings, writing);
    let mut plans = prepared.plans.iter();
    for entry in &prepared.entries {
        match entry {
            Entry::Unread { path, problem } => {
                let _ = writeln!(account.text, "{path}\n  {}", problem.message);
                account.exit = account.exit.max(Exit::Broken);
            }
            Entry::Planned(origin) => {
                let observed: Vec<_> = runs.iter_mut().filter_map(Iterator::next).collect();
                if let Some(plan) = plans.next() {
                    account.document(plan, origin, &observed);
                }
            }
        }
    }
    prepared.exit.max(account.tell())
}

fn is_ci() -> bool {
    std::env::var_os("CI")
        .is_some_and(|value| !value.is_empty() && value != "false" && value != "0")
}

/// Takes out documents that can have no snapshot, so that nothing of theirs runs in vain.
fn leave_out_unrecordable(prepared: &mut Prepared, console: &Console) {
    let mut is_kept = Vec::new();
    prepared.entries.retain(|entry| match entry {
        Entry::Unread { .. } => true,
        Entry::Planned(origin) => {
            is_kept.push(origin.recorded.is_some());
            origin.recorded.is_some()
        }
    });
    let mut kept = is_kept.into_iter();
    prepared.plans.retain(|plan| {
        if plan.document.path == store::STDIN {
            prepared.exit = console.error("standard input has no snapshot");
        }
        kept.next().unwrap_or(false)
    });
}

/// What each run under [`HASH_SEEDS`] observed of each document's cases.
type Runs = Vec<Vec<Vec<Observation>>>;

fn run_again_and_again(
    plans: &[DocumentPlan],
    options: &RunOptions,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Runs, RunError> {
    let numbered = HASH_SEEDS.into_iter().enumerate();
    numbered
        .map(|(before, hash_seed)| {
            let options = RunOptions {
                hash_seed,
                ..options.clone()
            };
            let outcome = run::run(plans, &options, &|done, total| {
                progress(total * before + done, total * HASH_SEEDS.len());
            });
            outcome.map(|outcome| outcome.observations)
        })
        .collect()
}

/// What came of a block in all runs, and why it is not recorded where that needs telling.
fn fresh(case: &Case, observed: &[&Observation]) -> (Fresh, Option<String>) {
    let mut actuals = Vec::with_capacity(observed.len());
    for observation in observed {
        let verdict = compare::compare(case, observation);
        if verdict.status != Status::Passed {
            return not_passed(&verdict);
        }
        actuals.push(recorded::actual(case, observation));
    }
    let mut actuals = actuals.into_iter();
    let Some(first) = actuals.next() else {
        return (Fresh::Unknown, None);
    };
    match actuals.find(|actual| *actual != first) {
        None => (Fresh::Passed(first), None),
        Some(other) => {
            let shown = difference(&first.into_record(), &other).unwrap_or_default();
            let why = format!("not repeatable: two runs differ\n{shown}");
            (Fresh::NotRepeatable, Some(why))
        }
    }
}

fn not_passed(verdict: &Verdict) -> (Fresh, Option<String>) {
    let reason = verdict.reason.map_or("unknown", |reason| reason.as_str());
    match verdict.status {
        Status::Failed => (Fresh::Failed, Some(format!("failed: {reason}"))),
        Status::Inconclusive => (Fresh::Unknown, Some(format!("inconclusive: {reason}"))),
        Status::Skipped | Status::Passed => (Fresh::Unknown, None),
    }
}

/// What was done so far, and the text that tells it.
struct Account<'a> {
    console: &'a Console,
    settings: &'a Settings,
    writing: Writing,
    text: String,
    exit: Exit,
    created: usize,
    changed: usize,
    removed: usize,
    kept: usize,
    failed: usize,
    not_repeatable: usize,
    unknown: usize,
}

impl<'a> Account<'a> {
    fn new(console: &'a Console, settings: &'a Settings, writing: Writing) -> Self {
        Account {
            console,
            settings,
            writing,
            text: String::new(),
            exit: Exit::Held,
            created: 0,
            changed: 0,
            removed: 0,
            kept: 0,
            failed: 0,
            not_repeatable: 0,
            unknown: 0,
        }
    }

    fn document(&mut self, plan: &DocumentPlan, origin: &Origin, runs: &[Vec<Observation>]) {
        let Some(recorded) = &origin.recorded else {
            return;
        };
        let mut all_fresh = vec![Fresh::NotAsked; origin.keys.len()];
        let mut lines = Vec::new();
        let numbered = plan.cases.iter().zip(&origin.key_of_case).enumerate();
        for (index, (case, &key)) in numbered {
            let observed: Vec<_> = runs.iter().filter_map(|run| run.get(index)).collect();
            let (fresh, why) = fresh(case, &observed);
            match fresh {
                Fresh::Failed => {
                    self.failed += 1;
                    self.exit = self.exit.max(Exit::Broken);
                }
                Fresh::NotRepeatable => self.not_repeatable += 1,
                Fresh::Unknown => self.unknown += usize::from(why.is_some()),
                Fresh::Passed(_) | Fresh::NotAsked => {}
            }
            if let Some(slot) = all_fresh.get_mut(key) {
                *slot = fresh;
            }
            lines.push((key, case, why));
        }
        let renewal = renew(&recorded.snapshot, &origin.keys, all_fresh);
        let before = self.text.len();
        for (key, case, why) in lines {
            let change = renewal.changes.get(key).unwrap_or(&Change::None);
            self.block(&plan.document, case, change, why.as_deref());
        }
        for orphan in &renewal.removed_orphans {
            self.removed += 1;
            let _ = writeln!(
                self.text,
                "  -  removed  {orphan}  (no block holds this code or id any more)"
            );
        }
        let written = self.write(recorded, &renewal);
        if self.text.len() > before || written.is_some() {
            self.text
                .insert_str(before, &format!("{}\n", plan.document.path));
        }
        if let Some(written) = written {
            let _ = writeln!(self.text, "  {written}");
        }
    }

    fn block(&mut self, document: &Document, case: &Case, change: &Change, why: Option<&str>) {
        let what = match change {
            Change::Created => "created",
            Change::Changed(_) => "changed",
            Change::Renewed => "renewed",
            Change::Removed => "removed",
            Change::Kept => "kept",
            Change::None => "not recorded",
        };
        match change {
            Change::Created => self.created += 1,
            Change::Changed(_) | Change::Renewed => self.changed += 1,
            Change::Removed => self.removed += 1,
            Change::Kept => self.kept += 1,
            Change::None => {}
        }
        let is_worth_telling = why.is_some() || !matches!(change, Change::Kept | Change::None);
        if !is_worth_telling && self.console.verbosity < Verbosity::Verbose {
            return;
        }
        let line = case.block.first_line(document);
        let (why, details) = match (why, change) {
            (Some(why), _) => why.split_once('\n').unwrap_or((why, "")),
            (None, Change::Changed(difference)) => ("", difference.as_str()),
            (None, _) => ("", ""),
        };
        let why = if why.is_empty() {
            String::new()
        } else {
            format!("  ({why})")
        };
        let _ = writeln!(self.text, "  {line}  {what}  {}{why}", case.block.id);
        for detail in details.lines() {
            let _ = writeln!(self.text, "      {detail}");
        }
    }

    /// Writes the snapshot if that changes its file, and says so.
    fn write(&mut self, recorded: &Recorded, renewal: &Renewal) -> Option<String> {
        let text = (!renewal.snapshot.records.is_empty())
            .then(|| snapshot::print(&renewal.snapshot, &recorded.source));
        if text == recorded.text {
            return None;
        }
        let file = self.settings.shown(&recorded.file);
        let (done, result) = match (&text, self.writing) {
            (Some(text), Writing::Do) => ("wrote", store::write(&recorded.file, text)),
            (None, Writing::Do) => ("removed", store::remove(&recorded.file)),
            (Some(_), Writing::OnlyTell) => ("would write", Ok(())),
            (None, Writing::OnlyTell) => ("would remove", Ok(())),
        };
        match result {
            Ok(()) => Some(format!("{done} {file}")),
            Err(error) => {
                self.exit = self.console.error(error);
                None
            }
        }
    }

    fn tell(mut self) -> Exit {
        let counts = [
            (self.created, "created"),
            (self.changed, "changed"),
            (self.removed, "removed"),
            (self.kept, "unchanged"),
            (self.failed, "failed"),
            (self.not_repeatable, "not repeatable"),
            (self.unknown, "not decided"),
        ];
        let counts: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        if counts.is_empty() {
            self.text.push_str("no blocks to record\n");
        } else {
            let _ = writeln!(self.text, "{}", counts.join(", "));
        }
        self.exit.max(self.console.print(&self.text))
    }
}
