//! `snipcheck update`: records what the blocks do in the snapshots under `expectations/`.
//!
//! Records only what passed, and did the same in two runs under different hash seeds. Writes nothing
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

/// The hash seeds of the two runs that must agree.
const HASH_SEEDS: [u32; 2] = [0, 2_718_281];

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
    if prepared.entries.is_empty() {
        return prepared.exit;
    }
    let runs = with_progress(console, |progress| {
        run_twice(&prepared.plans, &settings.run_options(), progress)
    });
    let [first, second] = match runs {
        Ok(runs) => runs,
        Err(error) => return console.error(error),
    };
    let mut account = Account::new(console, writing);
    let mut observed = prepared.plans.iter().zip(first.into_iter().zip(second));
    for entry in &prepared.entries {
        match entry {
            Entry::Unread { path, problem } => {
                let _ = writeln!(account.text, "{path}\n  {}", problem.message);
                account.exit = account.exit.max(Exit::Broken);
            }
            Entry::Planned(origin) => {
                if let Some((plan, (first, second))) = observed.next() {
                    account.document(plan, origin, &first, &second);
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

type Observations = Vec<Vec<Observation>>;

fn run_twice(
    plans: &[DocumentPlan],
    options: &RunOptions,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<[Observations; 2], RunError> {
    let run = |index: usize| {
        let options = RunOptions {
            hash_seed: HASH_SEEDS[index],
            ..options.clone()
        };
        let outcome = run::run(plans, &options, &|done, total| {
            progress(total * index + done, total * HASH_SEEDS.len());
        });
        outcome.map(|outcome| outcome.observations)
    };
    Ok([run(0)?, run(1)?])
}

/// What came of a block in two runs, and why it is not recorded where that needs telling.
fn fresh(case: &Case, first: &Observation, second: &Observation) -> (Fresh, Option<String>) {
    let verdicts = [first, second].map(|observation| compare::compare(case, observation));
    let [Status::Passed, Status::Passed] = verdicts.each_ref().map(|verdict| verdict.status) else {
        return not_passed(&verdicts);
    };
    let once = recorded::actual(case, first);
    let again = recorded::actual(case, second);
    if once == again {
        return (Fresh::Passed(once), None);
    }
    let shown = difference(&once.into_record(), &again).unwrap_or_default();
    let why = format!("not repeatable: two runs differ\n{shown}");
    (Fresh::NotRepeatable, Some(why))
}

fn not_passed(verdicts: &[Verdict; 2]) -> (Fresh, Option<String>) {
    let [first, second] = verdicts;
    let graver = if first.status == Status::Passed || second.status == Status::Failed {
        second
    } else {
        first
    };
    let reason = graver.reason.map_or("unknown", |reason| reason.as_str());
    match graver.status {
        Status::Failed => (Fresh::Failed, Some(format!("failed: {reason}"))),
        Status::Inconclusive => (Fresh::Unknown, Some(format!("inconclusive: {reason}"))),
        Status::Skipped | Status::Passed => (Fresh::Unknown, None),
    }
}

/// What was done so far, and the text that tells it.
struct Account<'a> {
    console: &'a Console,
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
    fn new(console: &'a Console, writing: Writing) -> Self {
        Account {
            console,
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

    fn document(
        &mut self,
        plan: &DocumentPlan,
        origin: &Origin,
        first: &[Observation],
        second: &[Observation],
    ) {
        let Some(recorded) = &origin.recorded else {
            return;
        };
        let mut all_fresh = vec![Fresh::NotAsked; origin.keys.len()];
        let mut lines = Vec::new();
        let runs = first.iter().zip(second);
        for ((case, &key), (first, second)) in plan.cases.iter().zip(&origin.key_of_case).zip(runs)
        {
            let (fresh, why) = fresh(case, first, second);
            match fresh {
                Fresh::Failed => {
                    self.failed += 1;
                    self.exit = self.exit.max(Exit::Broken);
                }
                Fresh::NotRepeatable => self.not_repeatable += 1,
                Fresh::Unknown => self.unknown += 1,
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
        let file = recorded.file.display();
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
