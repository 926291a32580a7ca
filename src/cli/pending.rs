//! Changes of snapshots that wait for a review: found, shown, taken over or dropped.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::args::PendingArgs;
use super::console::{Console, Exit};
use super::prepare::{Recorded, read};
use super::settings::Settings;
use super::update::put;
use crate::block::BlockId;
use crate::plan::{self, DocumentPlan};
use crate::snapshot::pending::{Change, Class, changes, settle};
use crate::snapshot::{self, Snapshot};
use crate::store::{self, Selection, StoreError};
use crate::text::LineNumber;

/// What is to become of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Decision {
    /// It goes on waiting.
    Pending,
    /// It is taken over.
    Accepted,
    /// It is dropped.
    Rejected,
}

/// The pending changes of one document.
pub(super) struct Waiting {
    /// The document's path, to show.
    pub(super) path: String,
    /// The document as it is now; `None` where it cannot be read.
    pub(super) plan: Option<DocumentPlan>,
    recorded: Recorded,
    proposed: Snapshot,
    /// The changes that are meant, by id.
    meant: Option<Vec<BlockId>>,
}

impl Waiting {
    /// The changes that are meant, in the order of the document.
    pub(super) fn changes(&self) -> Vec<Change<'_>> {
        let mut changes = changes(&self.recorded.snapshot, &self.proposed);
        if let Some(meant) = &self.meant {
            changes.retain(|change| meant.contains(change.id));
        }
        changes
    }

    /// Writes what became of the changes; those without a decision go on waiting.
    pub(super) fn decide(&self, decisions: &HashMap<BlockId, Decision>) -> Result<(), StoreError> {
        let decision = |change: &Change<'_>| decisions.get(change.id).copied();
        let settle = |takes: &dyn Fn(&Change<'_>) -> bool| {
            settle(&self.recorded.snapshot, &self.proposed, takes)
        };
        let settled = settle(&|change| decision(change) == Some(Decision::Accepted));
        let proposed = settle(&|change| decision(change) != Some(Decision::Rejected));
        put(&self.recorded, &settled, &proposed)
    }

    /// The first line of the block's code in the document as it is now.
    pub(super) fn line(&self, id: &BlockId) -> Option<LineNumber> {
        let plan = self.plan.as_ref()?;
        let case = plan.cases.iter().find(|case| case.block.id == *id)?;
        Some(case.block.first_line(&plan.document))
    }
}

/// Finds the pending changes that the arguments name; the console hears what cannot be read.
pub(super) fn waiting(
    args: &PendingArgs,
    settings: &Settings,
    console: &Console,
) -> (Vec<Waiting>, Exit) {
    let mut exit = Exit::Held;
    let typed: Vec<Typed> = args.paths.iter().map(|path| Typed::new(path)).collect();
    for (path, typed) in args.paths.iter().zip(&typed) {
        let is_known = typed.path.exists() || typed.is_recorded(settings);
        if !is_known {
            let path = path.display();
            exit = console.error(format_args!("no such file or directory: {path}"));
        }
    }
    let sources = match store::pending_sources(&settings.expectations) {
        Ok(sources) => sources,
        Err(error) => return (Vec::new(), console.error(error)),
    };
    let mut found = Vec::new();
    for source in sources {
        let document = store::document_of(&settings.root, &source);
        let named: Vec<&Typed> = typed
            .iter()
            .filter(|typed| typed.names(&document))
            .collect();
        if !typed.is_empty() && named.is_empty() {
            continue;
        }
        match read_waiting(settings, source, &document) {
            Ok(mut waiting) => {
                waiting.meant = meant(&waiting, &named, &args.only);
                found.push(waiting);
            }
            Err(error) => exit = console.error(error),
        }
    }
    for id in &args.only {
        let is_there = |waiting: &Waiting| waiting.changes().iter().any(|it| it.id.0 == *id);
        if !found.iter().any(is_there) {
            exit = console.error(format_args!("nothing is pending for the id {id}"));
        }
    }
    found.retain(|waiting| !waiting.changes().is_empty());
    (found, exit)
}

/// A typed path: a document, a directory, or one line of a document.
struct Typed {
    path: PathBuf,
    line: Option<LineNumber>,
}

impl Typed {
    fn new(path: &Path) -> Self {
        match store::split_line(path) {
            Some((file, line)) if !path.exists() => Typed {
                path: store::full(&file),
                line: Some(line),
            },
            _ => Typed {
                path: store::full(path),
                line: None,
            },
        }
    }

    fn names(&self, document: &Path) -> bool {
        document.starts_with(&self.path)
    }

    /// Whether something waits for a document that is gone.
    fn is_recorded(&self, settings: &Settings) -> bool {
        let source = store::mirrored(&settings.root, &self.path);
        store::pending_file(&store::snapshot_file(&settings.expectations, &source)).exists()
    }
}

fn read_waiting(settings: &Settings, source: String, document: &Path) -> Result<Waiting, String> {
    let file = store::snapshot_file(&settings.expectations, &source);
    let (text, accepted) = read(settings, &file)?.unzip();
    let pending = read(settings, &store::pending_file(&file))?;
    let proposed = pending.as_ref().map(|(_, proposed)| proposed.clone());
    let found = store::documents(&[document.to_path_buf()], &settings.root, &[]).found;
    let readable = found.into_iter().find_map(|found| found.document.ok());
    Ok(Waiting {
        path: settings.shown(document).to_string(),
        plan: readable.map(|document| plan::plan(document, &settings.plan_options())),
        recorded: Recorded {
            file,
            source,
            text,
            snapshot: accepted.unwrap_or_default(),
            pending,
        },
        proposed: proposed.unwrap_or_default(),
        meant: None,
    })
}

/// The ids of the changes that are meant; `None`: all.
fn meant(waiting: &Waiting, named: &[&Typed], only: &[String]) -> Option<Vec<BlockId>> {
    let lines: Vec<LineNumber> = named.iter().filter_map(|typed| typed.line).collect();
    let is_whole = named.iter().any(|typed| typed.line.is_none()) || named.is_empty();
    if only.is_empty() && is_whole {
        return None;
    }
    let by_line = |id: &BlockId| {
        is_whole
            || waiting.plan.as_ref().is_some_and(|plan| {
                let selection = Selection::Lines(lines.iter().copied().collect());
                super::prepare::selects(plan, &selection, id)
            })
    };
    let changes = changes(&waiting.recorded.snapshot, &waiting.proposed);
    let ids = changes.iter().map(|change| change.id);
    let ids = ids.filter(|id| by_line(id) && (only.is_empty() || only.contains(&id.0)));
    Some(ids.cloned().collect())
}

/// Tells programs what became of pending changes.
pub(super) fn print_json(
    decided: &[(&Waiting, HashMap<BlockId, Decision>)],
    settings: &Settings,
    console: &Console,
) -> Exit {
    let documents = decided.iter().map(|(waiting, decisions)| {
        let told = |change: &Change<'_>| ChangeJson {
            id: change.id.0.clone(),
            line: waiting.line(change.id).map(LineNumber::get),
            class: change.class,
            state: decisions
                .get(change.id)
                .copied()
                .unwrap_or(Decision::Pending),
            diff: change.diff(),
        };
        DocumentJson {
            path: &waiting.path,
            snapshot: settings.shown(&waiting.recorded.file).to_string(),
            changes: waiting.changes().iter().map(told).collect(),
        }
    });
    let root = Root {
        schema: "snipcheck-pending/1",
        version: env!("CARGO_PKG_VERSION"),
        documents: documents.collect(),
    };
    console.write(|out| crate::report::json::write(&root, out))
}

#[derive(Serialize)]
struct Root<'a> {
    schema: &'static str,
    version: &'static str,
    documents: Vec<DocumentJson<'a>>,
}

#[derive(Serialize)]
struct DocumentJson<'a> {
    path: &'a str,
    snapshot: String,
    changes: Vec<ChangeJson>,
}

#[derive(Serialize)]
struct ChangeJson {
    id: String,
    line: Option<usize>,
    class: Class,
    state: Decision,
    diff: String,
}

/// Whether the block of a change was changed since.
pub(super) fn is_outdated(waiting: &Waiting, change: &Change<'_>) -> bool {
    let Some(plan) = &waiting.plan else {
        return false;
    };
    let case = plan.cases.iter().find(|case| case.block.id == *change.id);
    match (case, change.new) {
        (Some(case), Some(new)) => snapshot::digest(&case.block.code) != new.digest,
        _ => false,
    }
}
