//! From the paths that were typed to plans and their snapshots: all that comes before anything runs.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::console::{Console, Exit};
use super::settings::Settings;
use crate::block::BlockId;
use crate::document::Document;
use crate::plan::{self, Case, DocumentPlan};
use crate::problem::Problem;
use crate::run;
use crate::snapshot::{self, Snapshot};
use crate::store::{self, Found, Selection};
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
}

/// What is known of a planned document beside its plan.
#[derive(Debug)]
pub(super) struct Origin {
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
    /// [`Exit::Unable`] where some path led nowhere or some snapshot cannot be read; the console was told.
    pub(super) exit: Exit,
}

/// Whether snapshots are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Snapshots {
    /// Those of every document that has one.
    Read,
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
        exit: Exit::Held,
    };
    for error in documents.errors {
        prepared.exit = console.error(error);
    }
    let mut options = settings.plan_options();
    let stars = documents.found.iter().flat_map(|found| &found.document);
    let stars: BTreeSet<String> = stars.flat_map(plan::star_imports).collect();
    options.exports = run::exports(&stars, &settings.run_options());
    for found in documents.found {
        options.policy = settings.policy_for(found.file.as_deref());
        prepared.add(found, settings, &options, snapshots, console);
    }
    prepared
}

impl Prepared {
    fn add(
        &mut self,
        found: Found,
        settings: &Settings,
        options: &plan::Options,
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
        let keys: Vec<_> = plan.cases.iter().map(key).collect();
        let key_of_case = select(&mut plan, &selection, |line| {
            self.exit = console.error(format_args!("no Python block at {path}:{line}"));
        });
        if selection != Selection::All && key_of_case.is_empty() {
            return;
        }
        let recorded = match (file, snapshots) {
            (Some(file), Snapshots::Read) => read_snapshot(settings, &file)
                .map_err(|error| self.exit = console.error(error))
                .ok(),
            _ => None,
        };
        self.entries.push(Entry::Planned(Origin {
            recorded,
            keys,
            key_of_case,
        }));
        self.plans.push(plan);
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
    missed.into_iter().for_each(&mut miss);
    let indices: Vec<usize> = (0..is_hit.len()).filter(|&index| is_hit[index]).collect();
    let mut hits = is_hit.into_iter();
    plan.cases.retain(|_| hits.next().unwrap_or(false));
    indices
}

/// Whether `line` holds part of the block, its fences included, or of something said about it.
fn stands_at(document: &Document, case: &Case, line: LineNumber) -> bool {
    let touches = |span: Span| {
        let end = span.end.saturating_sub(1).max(span.start);
        document.index.line(span.start) <= line && line <= document.index.line(end)
    };
    touches(case.block.span) || case.claims.iter().any(|claim| touches(claim.span))
}

fn read_snapshot(settings: &Settings, file: &std::path::Path) -> Result<Recorded, String> {
    let source = store::mirrored(&settings.root, file);
    let file = store::snapshot_file(&settings.expectations, &source);
    let text = store::read_if_exists(&file).map_err(|error| error.to_string())?;
    let snapshot = match &text {
        None => Snapshot::default(),
        Some(text) => snapshot::parse(text)
            .map_err(|error| format!("{}:{}: {error}", settings.shown(&file), error.line))?,
    };
    Ok(Recorded {
        file,
        source,
        text,
        snapshot,
    })
}
