//! `snipcheck update`: records what the blocks do in the snapshots under `expectations/`.
//!
//! Records only what passed, and of that what several runs have in common. What is new is recorded at
//! once; what would change or take away something recorded waits beside it for a review. Writes
//! nothing where CI runs.

use super::args::UpdateArgs;
use super::console::{Console, Exit};
use super::patch;
use super::prepare::{Entry, Origin, Prepared, Recorded, Snapshots, prepare, read_recorded};
use super::progress::with_progress;
use super::repeat::{Runs, run_repeatedly};
use super::settings::{Settings, Typed};
use super::tally::{Tally, Told, Why};
use crate::compare::{self, Status, has_ended, recorded};
use crate::observation::Observation;
use crate::plan::{Case, DocumentPlan};
use crate::sandbox::Rung;
use crate::snapshot::pending::{Change, Class, changes, settle};
use crate::snapshot::renewal::{Fresh, Terms, renew};
use crate::snapshot::{self, Snapshot, version_of};
use crate::store::{self, StoreError};

/// What is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writing {
    /// Nothing: the patch is printed.
    Patch,
    /// Everything, at once.
    All,
    /// What nobody needs to review; the rest waits.
    Harmless,
    /// Nothing before a review.
    Pending,
}

impl Writing {
    fn of(args: &UpdateArgs) -> Self {
        match (args.dry_run, args.accept, args.pending) {
            (true, _, _) => Writing::Patch,
            (false, true, _) => Writing::All,
            (false, false, true) => Writing::Pending,
            (false, false, false) => Writing::Harmless,
        }
    }

    /// Whether the change is taken over without a review.
    fn takes(self, class: Class) -> bool {
        match self {
            Writing::Patch | Writing::All => true,
            Writing::Harmless => matches!(class, Class::Create | Class::FormatOnly),
            Writing::Pending => false,
        }
    }
}

/// Updates the snapshots of what the arguments name.
pub(super) fn update(args: &UpdateArgs, console: &Console) -> Exit {
    if !args.dry_run && is_ci() {
        return console.error(refusal("update"));
    }
    let settings = match Settings::load(Typed::of(&args.project, &args.run)) {
        Ok(settings) => settings,
        Err(error) => return console.error(error),
    };
    let mut prepared = prepare(&args.paths, &settings, Snapshots::WithPending, console);
    prepared.keep_only(&args.only, console);
    leave_out_unrecordable(&mut prepared, console);
    // Only what blocks do is recorded.
    for plan in &mut prepared.plans {
        plan.prose.clear();
    }
    if prepared.entries.is_empty() {
        return prepared.exit;
    }
    let repeated = with_progress(console, |progress| {
        run_repeatedly(&prepared.plans, &settings.run_options(), &differ, progress)
    });
    let repeated = match repeated {
        Ok(repeated) => repeated,
        Err(error) => return console.error(error),
    };
    if repeated.confinement.rung() == Rung::None && !args.allow_unconfined {
        return console.error(
            "nothing is recorded of blocks that ran without a sandbox: they could have read or \
             changed anything; `--allow-unconfined` records them all the same",
        );
    }
    let mut work = Work {
        args,
        console,
        settings: &settings,
        writing: Writing::of(args),
        terms: Terms {
            python: version_of(&repeated.interpreter.version).unwrap_or_default(),
            forgets_others: args.drop_other_pythons,
        },
        tally: Tally::default(),
        patch: String::new(),
        exit: Exit::Held,
    };
    let mut planned = prepared.plans.iter().zip(&repeated.runs);
    for entry in &prepared.entries {
        match entry {
            Entry::Unread { path, problem } => work.unread(path, &problem.message),
            Entry::Planned(origin) => {
                if let Some((plan, runs)) = planned.next() {
                    work.document(plan, origin, runs);
                }
            }
        }
    }
    // With `--only`, blocks are meant, and what is gone has none.
    for source in prepared.gone.iter().filter(|_| args.only.is_empty()) {
        work.gone(source);
    }
    prepared.exit.max(work.tell())
}

/// Whether this runs where nothing may be written.
pub(super) fn is_ci() -> bool {
    std::env::var_os("CI")
        .is_some_and(|value| !value.is_empty() && value != "false" && value != "0")
}

/// What `command` says where nothing may be written.
pub(super) fn refusal(command: &str) -> String {
    format!(
        "`{command}` writes nothing where the environment variable CI is set; \
         run it on your own machine and commit what it writes"
    )
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

/// Whether runs of the case differ in anything that would be recorded.
fn differ(plan: &DocumentPlan, case: &Case, runs: &[Observation]) -> bool {
    let actual = |run| recorded::actual(&plan.document.path, case, run);
    let mut actuals = runs.iter().map(actual);
    let first = actuals.next();
    actuals.any(|other| Some(&other) != first.as_ref())
}

/// An update under way.
struct Work<'a> {
    args: &'a UpdateArgs,
    console: &'a Console,
    settings: &'a Settings,
    writing: Writing,
    terms: Terms,
    tally: Tally,
    patch: String,
    exit: Exit,
}

impl Work<'_> {
    fn unread(&mut self, path: &str, message: &str) {
        self.tally.unread(path, message);
        self.exit = self.exit.max(Exit::Broken);
    }

    fn document(&mut self, plan: &DocumentPlan, origin: &Origin, runs: &[Runs]) {
        let Some(recorded) = &origin.recorded else {
            return;
        };
        let mut all_fresh = vec![Fresh::NotAsked; origin.keys.len()];
        let mut told = Vec::with_capacity(plan.cases.len());
        for ((case, runs), &key) in plan.cases.iter().zip(runs).zip(&origin.key_of_case) {
            let (fresh, why) = self.fresh(plan, case, runs);
            let has_run = matches!(fresh, Fresh::Ran(_));
            if let Some(slot) = all_fresh.get_mut(key) {
                *slot = fresh;
            }
            told.push(Told {
                line: case.block.first_line(&plan.document),
                id: &case.block.id,
                has_run,
                why,
            });
        }
        let waiting = recorded.pending.as_ref().map(|(_, pending)| pending);
        let proposed = renew(
            &recorded.snapshot,
            waiting,
            &origin.keys,
            all_fresh,
            self.terms,
        );
        self.propose(&plan.document.path, &told, recorded, &proposed);
    }

    /// A document that is no more: nothing is to be recorded of it.
    fn gone(&mut self, source: &str) {
        match read_recorded(self.settings, source.to_owned(), Snapshots::WithPending) {
            Ok(recorded) => {
                let document = store::document_of(&self.settings.root, source);
                let path = self.settings.shown(&document).to_string();
                self.propose(&path, &[], &recorded, &Snapshot::default());
            }
            Err(error) => self.exit = self.console.error(error),
        }
    }

    /// Takes over what needs no review of the changes to `proposed`, and puts the rest beside it.
    fn propose(&mut self, path: &str, told: &[Told<'_>], recorded: &Recorded, proposed: &Snapshot) {
        let settled = settle(&recorded.snapshot, proposed, |change: &Change<'_>| {
            self.writing.takes(change.class)
        });
        let all = changes(&recorded.snapshot, proposed);
        let waits = |class: Class| !self.writing.takes(class);
        let verbosity = self.console.verbosity;
        self.tally.document(path, told, &all, &waits, verbosity);
        if self.writing == Writing::Patch {
            self.show(recorded, &settled);
        } else if let Err(error) = put(recorded, &settled, proposed) {
            self.exit = self.console.error(error);
        }
    }

    /// What came of a block in all runs, and what there is to tell of it.
    fn fresh(&mut self, plan: &DocumentPlan, case: &Case, runs: &Runs) -> (Fresh, Option<Why>) {
        let all = || runs.seeded.iter().chain(&runs.twin);
        let mut verdicts = all().map(|run| compare::compare(case, run));
        let worst = verdicts.find(|verdict| verdict.status != Status::Passed);
        let reason = worst.as_ref().and_then(|verdict| verdict.reason);
        let reason = reason.map_or("unknown", |reason| reason.as_str());
        let failure = match worst.map(|verdict| verdict.status) {
            Some(Status::Skipped) => return (Fresh::Unknown, None),
            Some(Status::Inconclusive) => {
                self.tally.undecided += 1;
                return (Fresh::Unknown, Some(Why::Undecided(reason)));
            }
            Some(Status::Failed) => {
                self.tally.failed += 1;
                self.exit = self.exit.max(Exit::Broken);
                Some(Why::Failed(reason))
            }
            Some(Status::Passed) | None => None,
        };
        if failure.is_some() && !(self.args.allow_failed && all().all(has_ended)) {
            return (Fresh::Unknown, failure);
        }
        let path = plan.document.path.as_str();
        let actual = recorded::repeatable(path, case, &runs.seeded, runs.twin.as_ref());
        let (parts, causes) = actual.outcome.not_kept();
        self.tally.not_repeatable += usize::from(parts > 0);
        let why = (parts > 0).then_some(Why::NotRepeatable(parts, causes));
        (Fresh::Ran(actual), failure.or(why))
    }

    /// Adds to the patch what becomes of the file of a snapshot.
    fn show(&mut self, recorded: &Recorded, settled: &Snapshot) {
        let file = &recorded.file;
        let path = file.strip_prefix(&self.settings.root).unwrap_or(file);
        let path = path.to_string_lossy();
        let new = text_of(settled, &recorded.source);
        self.patch += &patch::patch(&path, recorded.text.as_deref(), new.as_deref());
    }

    fn tell(self) -> Exit {
        let printed = match self.writing {
            // A patch must be nothing else.
            Writing::Patch => {
                let patch = patch::rendered(&self.patch, false);
                let printed = self.console.write(|out| out.write_all(patch.as_bytes()));
                self.console.remark(&self.tally.into_text(true));
                printed
            }
            _ => self.console.print(&self.tally.into_text(false)),
        };
        self.exit.max(printed)
    }
}

/// The file of a snapshot; `None` where it holds nothing and so is to be none.
fn text_of(snapshot: &Snapshot, source: &str) -> Option<String> {
    (!snapshot.records.is_empty()).then(|| snapshot::print(snapshot, source))
}

/// Writes `settled` where the snapshot lies and `proposed`, where that differs, beside it.
pub(super) fn put(
    recorded: &Recorded,
    settled: &Snapshot,
    proposed: &Snapshot,
) -> Result<(), StoreError> {
    let text = text_of(settled, &recorded.source);
    if text != recorded.text {
        match &text {
            Some(text) => store::write(&recorded.file, text.as_bytes())?,
            None => store::remove(&recorded.file)?,
        }
    }
    let beside = store::pending_file(&recorded.file);
    let pending = (settled != proposed).then(|| snapshot::print(proposed, &recorded.source));
    match (&pending, &recorded.pending) {
        (Some(new), Some((old, _))) if new == old => Ok(()),
        (Some(new), _) => store::write(&beside, new.as_bytes()),
        (None, Some(_)) => store::remove(&beside),
        (None, None) => Ok(()),
    }
}
