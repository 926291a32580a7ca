//! From the paths that were typed to plans and their snapshots: all that comes before anything runs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::console::{Console, Exit};
use super::settings::{Settings, SettingsRule};
use crate::block::BlockId;
use crate::document::Document;
use crate::plan::{self, Case, DocumentPlan};
use crate::problem::Problem;
use crate::run;
use crate::snapshot::{self, Snapshot};
use crate::store::{self, Found, Selection, StoreError};
use crate::text::{LineNumber, Span};

/// The snapshot of a document, as it lies on disk.
#[derive(Clone, Debug)]
pub(super) struct Recorded {
    /// Where it lies, or would lie.
    pub(super) file: PathBuf,
    /// The document as the snapshot names it.
    pub(super) source: String,
    /// Its text; `None` where there is no such file.
    pub(super) text: Option<String>,
    /// What it says.
    pub(super) snapshot: Snapshot,
    /// What waits for a review beside it, and its text; `None` where nothing does, or nobody asked.
    pub(super) pending: Option<(String, Snapshot)>,
}

/// What is known of a planned document beside its plan.
#[derive(Debug)]
pub(super) struct Origin {
    /// Where the document lies; `None` for standard input.
    pub(super) file: Option<PathBuf>,
    /// Its snapshot; `None` where snapshots are not asked for, or it has a damaged one.
    pub(super) recorded: Option<Recorded>,
    /// Id and digest of each of its blocks, also of those that were not selected.
    pub(super) keys: Vec<(BlockId, String)>,
    /// For each case of the plan its index in `keys`.
    pub(super) key_of_case: Vec<usize>,
}

/// A document that was found.
#[derive(Debug)]
pub(super) enum Entry {
    /// It has the plan at the same place in [`Prepared::plans`].
    Planned(Origin),
    /// It could not be read.
    Unread {
        /// Its path.
        path: String,
        /// Why.
        problem: Problem,
    },
}

/// Everything that was found.
#[derive(Debug)]
pub(super) struct Prepared {
    /// The documents in order.
    pub(super) entries: Vec<Entry>,
    /// The plans of those that could be read, in the same order.
    pub(super) plans: Vec<DocumentPlan>,
    /// The documents that are gone, as their snapshots name them, and the snapshots are still there.
    pub(super) gone: Vec<String>,
    /// What is asked of snapshots.
    pub(super) demand: Demand,
    /// [`Exit::Unable`] where some path led nowhere or some snapshot cannot be read; the console was told.
    pub(super) exit: Exit,
}

/// What is asked of the snapshots of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Demand {
    /// Nothing: there are none, or they are left aside.
    Nothing,
    /// To know which blocks are in none.
    Tell,
    /// To hold every block.
    Require,
}

/// Whether snapshots are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Snapshots {
    /// Those of every document that has one.
    Read,
    /// Those, and what waits for a review beside them.
    WithPending,
    /// None.
    Ignore,
}

/// Finds, reads and plans the documents that `paths` name. Runs no block; only where a document holds a
/// star import, the interpreter is asked what that binds.
pub(super) fn prepare(
    paths: &[PathBuf],
    settings: &Settings,
    snapshots: Snapshots,
    console: &Console,
) -> Prepared {
    let documents = store::documents(paths, &settings.root, &settings.exclude);
    let mut prepared = Prepared {
        entries: Vec::new(),
        plans: Vec::new(),
        gone: Vec::new(),
        demand: match snapshots {
            Snapshots::Ignore => Demand::Nothing,
            _ if settings.require_snapshots => Demand::Require,
            _ if settings.expectations.is_dir() => Demand::Tell,
            _ => Demand::Nothing,
        },
        exit: Exit::Held,
    };
    for error in documents.errors {
        prepared.exit = console.error(error);
    }
    let mut options = settings.plan_options();
    let mut uses = vec![Use::default(); settings.rules.len()];
    let stars = documents.found.iter().flat_map(|found| &found.document);
    let stars: BTreeSet<String> = stars.flat_map(plan::star_imports).collect();
    options.exports = run::exports(&stars, &settings.run_options());
    for found in documents.found {
        options.rules = rules_for(&found, settings);
        options.policy = settings.policy_for(found.file.as_deref());
        prepared.add(found, settings, &options, &mut uses, snapshots, console);
    }
    if prepared.demand != Demand::Nothing {
        match gone(paths, settings) {
            Ok(gone) => prepared.gone = gone,
            Err(error) => prepared.exit = console.error(error),
        }
    }
    let is_all = store::covers(paths, &settings.root);
    for (rule, used) in settings.rules.iter().zip(uses) {
        let is_meant = is_all || rule.documents.is_some() && used.has_document;
        if is_meant && !used.has_block {
            console.warn(format_args!(
                "{}: this directive is for no block",
                rule.place
            ));
        }
    }
    prepared
}

/// The documents below the directories in `paths` that have a snapshot and are no more.
fn gone(paths: &[PathBuf], settings: &Settings) -> Result<Vec<String>, StoreError> {
    let paths = store::meant(paths).into_iter();
    let directories = paths.filter(|path| path.is_dir());
    let directories: Vec<PathBuf> = directories.map(|path| store::full(&path)).collect();
    let mut sources = store::recorded_sources(&settings.expectations)?;
    sources.retain(|source| {
        let document = store::document_of(&settings.root, source);
        let is_meant = directories.iter().any(|path| document.starts_with(path));
        is_meant && !store::exists(&document)
    });
    Ok(sources)
}

/// What came of a directive in the settings.
#[derive(Clone, Copy, Debug, Default)]
struct Use {
    /// Whether it is for a document that was planned as a whole.
    has_document: bool,
    /// Whether it is for a block in one.
    has_block: bool,
}

fn rules_for(found: &Found, settings: &Settings) -> Vec<plan::Rule> {
    let fits = |it: &&SettingsRule| is_for(it, found.file.as_deref());
    let rules = settings.rules.iter().filter(fits);
    rules.map(|it| it.rule.clone()).collect()
}

fn is_for(rule: &SettingsRule, file: Option<&Path>) -> bool {
    let Some(documents) = &rule.documents else {
        return true;
    };
    file.is_some_and(|file| documents.match_file(file))
}

impl Prepared {
    fn add(
        &mut self,
        found: Found,
        settings: &Settings,
        options: &plan::Options,
        uses: &mut [Use],
        snapshots: Snapshots,
        console: &Console,
    ) {
        let Found {
            path,
            file,
            selection,
            document,
        } = found;
        let document = match document {
            Ok(document) => document,
            Err(problem) => {
                self.entries.push(Entry::Unread { path, problem });
                return;
            }
        };
        let mut plan = plan::plan(document, options);
        for (rule, used) in settings.rules.iter().zip(uses) {
            if is_for(rule, file.as_deref()) {
                used.has_document |= selection == Selection::All;
                let mut blocks = plan.cases.iter().map(|case| &case.block);
                used.has_block |= blocks.any(|block| rule.rule.is_about(block));
            }
        }
        let keys: Vec<_> = plan.cases.iter().map(key).collect();
        let key_of_case = select(&mut plan, &selection, |line| {
            self.exit = console.error(format_args!("no Python block at {path}:{line}"));
        });
        if selection != Selection::All && key_of_case.is_empty() && plan.prose.is_empty() {
            return;
        }
        let recorded = match (&file, snapshots) {
            (Some(file), Snapshots::Read | Snapshots::WithPending) => {
                read_snapshot(settings, file, snapshots)
                    .map_err(|error| self.exit = console.error(error))
                    .ok()
            }
            _ => None,
        };
        self.entries.push(Entry::Planned(Origin {
            file,
            recorded,
            keys,
            key_of_case,
        }));
        self.plans.push(plan);
    }
}

impl Prepared {
    /// Leaves only the blocks with these ids, if any are given; the console hears of those that no document has.
    pub(super) fn keep_only(&mut self, ids: &[String], console: &Console) {
        if ids.is_empty() {
            return;
        }
        let mut missed: BTreeSet<&String> = ids.iter().collect();
        let mut plans = std::mem::take(&mut self.plans).into_iter();
        self.entries.retain_mut(|entry| {
            let Entry::Planned(origin) = entry else {
                return true;
            };
            let Some(mut plan) = plans.next() else {
                return false;
            };
            let is_meant = |case: &Case| ids.contains(&case.block.id.0);
            let mut cases = plan.cases.iter();
            origin
                .key_of_case
                .retain(|_| cases.next().is_some_and(&is_meant));
            plan.cases.retain(is_meant);
            for case in &plan.cases {
                missed.remove(&case.block.id.0);
            }
            let is_kept = !plan.cases.is_empty();
            self.plans.extend(is_kept.then_some(plan));
            is_kept
        });
        for id in missed {
            self.exit = console.error(format_args!("no Python block has the id {id}"));
        }
    }
}

fn key(case: &Case) -> (BlockId, String) {
    (case.block.id.clone(), snapshot::digest(&case.block.code))
}

/// Leaves only the selected cases in `plan` and gives the index that each of them had; `miss` is told
/// each line without a block.
fn select(
    plan: &mut DocumentPlan,
    selection: &Selection,
    mut miss: impl FnMut(LineNumber),
) -> Vec<usize> {
    let Selection::Lines(lines) = selection else {
        return (0..plan.cases.len()).collect();
    };
    let mut is_hit = vec![false; plan.cases.len()];
    let mut missed: BTreeSet<_> = lines.iter().copied().collect();
    for (case, is_hit) in plan.cases.iter().zip(&mut is_hit) {
        for &line in lines {
            if stands_at(&plan.document, case, line) {
                *is_hit = true;
                missed.remove(&line);
            }
        }
    }
    plan.prose.retain(|case| {
        let hits = lines
            .iter()
            .filter(|&&line| stands_at(&plan.document, case, line));
        hits.map(|line| missed.remove(line)).count() > 0
    });
    missed.into_iter().for_each(&mut miss);
    let indices: Vec<usize> = (0..is_hit.len()).filter(|&index| is_hit[index]).collect();
    let mut hits = is_hit.into_iter();
    plan.cases.retain(|_| hits.next().unwrap_or(false));
    indices
}

/// Whether `selection` means the block `id`.
pub(super) fn selects(plan: &DocumentPlan, selection: &Selection, id: &BlockId) -> bool {
    let Selection::Lines(lines) = selection else {
        return true;
    };
    let mut cases = plan.cases.iter().filter(|case| case.block.id == *id);
    cases.any(|case| {
        lines
            .iter()
            .any(|&line| stands_at(&plan.document, case, line))
    })
}

/// Whether `line` holds part of the block, its fences included, or of something said about it.
fn stands_at(document: &Document, case: &Case, line: LineNumber) -> bool {
    let touches = |span: Span| {
        let end = span.end.saturating_sub(1).max(span.start);
        document.index.line(span.start) <= line && line <= document.index.line(end)
    };
    touches(case.block.span) || case.claims.iter().any(|claim| touches(claim.span))
}

fn read_snapshot(
    settings: &Settings,
    file: &Path,
    snapshots: Snapshots,
) -> Result<Recorded, String> {
    read_recorded(settings, store::mirrored(&settings.root, file), snapshots)
}

/// The snapshot of the document that it names `source`.
pub(super) fn read_recorded(
    settings: &Settings,
    source: String,
    snapshots: Snapshots,
) -> Result<Recorded, String> {
    let file = store::snapshot_file(&settings.expectations, &source);
    let (text, snapshot) = read(settings, &file)?.unzip();
    let pending = match snapshots {
        Snapshots::WithPending => read(settings, &store::pending_file(&file))?,
        Snapshots::Read | Snapshots::Ignore => None,
    };
    Ok(Recorded {
        file,
        source,
        text,
        snapshot: snapshot.unwrap_or_default(),
        pending,
    })
}

/// The text and the meaning of the snapshot in `file`; `None` where there is no such file.
pub(super) fn read(settings: &Settings, file: &Path) -> Result<Option<(String, Snapshot)>, String> {
    let Some(text) = store::read_if_exists(file).map_err(|error| error.to_string())? else {
        return Ok(None);
    };
    match snapshot::parse(&text) {
        Ok(snapshot) => Ok(Some((text, snapshot))),
        Err(error) => {
            let place = format!("{}:{}", settings.shown(file), error.line);
            Err(format!("{place}: {error}; nothing of it was changed"))
        }
    }
}
