//! What an update did, in words.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::{self, Write};

use super::console::Verbosity;
use crate::block::BlockId;
use crate::snapshot::Cause;
use crate::snapshot::pending::{Change, Class};
use crate::text::LineNumber;

/// What there is to tell of one block.
pub(super) struct Told<'a> {
    /// The first line of its code.
    pub(super) line: LineNumber,
    /// Its id.
    pub(super) id: &'a BlockId,
    /// Whether it was learned what it does.
    pub(super) has_run: bool,
    /// Why it is not recorded, or not all of it.
    pub(super) why: Option<Why>,
}

/// Why a block is not recorded, or not all of it.
#[derive(Clone, Debug)]
pub(super) enum Why {
    /// It failed, for this reason.
    Failed(&'static str),
    /// It could not be decided, for this reason.
    Undecided(&'static str),
    /// So many parts differ from run to run, for these reasons.
    NotRepeatable(usize, BTreeSet<Cause>),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Failed(reason) => write!(f, "failed: {reason}"),
            Why::Undecided(reason) => write!(f, "inconclusive: {reason}"),
            Why::NotRepeatable(parts, causes) => {
                let causes: Vec<&str> = causes.iter().map(|cause| cause.as_str()).collect();
                let word = if *parts == 1 { "part" } else { "parts" };
                write!(f, "not-repeatable: {parts} {word}, {}", causes.join(", "))
            }
        }
    }
}

/// What was done so far, and the text that tells it.
#[derive(Default)]
pub(super) struct Tally {
    text: String,
    /// By class, in the order of [`CLASSES`]: what was taken over, and what waits.
    taken: [usize; 4],
    waiting: [usize; 4],
    unchanged: usize,
    /// Blocks that failed.
    pub(super) failed: usize,
    /// Blocks of which not everything is repeatable.
    pub(super) not_repeatable: usize,
    /// Blocks that could not be decided.
    pub(super) undecided: usize,
}

const CLASSES: [Class; 4] = [
    Class::Create,
    Class::Change,
    Class::FormatOnly,
    Class::Remove,
];

impl Tally {
    /// Tells of a document that could not be read.
    pub(super) fn unread(&mut self, path: &str, message: &str) {
        let _ = writeln!(self.text, "{path}\n  {message}");
    }

    /// Counts and tells the changes of a document; `waits` says which classes wait for a review.
    pub(super) fn document(
        &mut self,
        path: &str,
        blocks: &[Told<'_>],
        changes: &[Change<'_>],
        waits: &dyn Fn(Class) -> bool,
        verbosity: Verbosity,
    ) {
        let by_id: HashMap<&BlockId, &Change<'_>> =
            changes.iter().map(|change| (change.id, change)).collect();
        let before = self.text.len();
        for told in blocks {
            let change = by_id.get(told.id).filter(|change| change.new.is_some());
            match change {
                Some(change) => self.change(Some(told), change, waits(change.class), verbosity),
                None => self.unchanged(told, verbosity),
            }
        }
        let ids: HashSet<&BlockId> = blocks.iter().map(|told| told.id).collect();
        for change in changes {
            if change.new.is_none() || !ids.contains(change.id) {
                self.change(None, change, waits(change.class), verbosity);
            }
        }
        if self.text.len() > before {
            self.text.insert_str(before, &format!("{path}\n"));
        }
    }

    fn unchanged(&mut self, told: &Told<'_>, verbosity: Verbosity) {
        let is_failure = matches!(told.why, Some(Why::Failed(_)));
        let is_undecided = matches!(told.why, Some(Why::Undecided(_)));
        self.unchanged += usize::from(told.has_run);
        if is_failure || verbosity == Verbosity::Verbose {
            let what = match is_failure || is_undecided {
                true => "not recorded",
                false => "unchanged",
            };
            self.line(Some(told), what, told.id);
        }
    }

    fn change(
        &mut self,
        told: Option<&Told<'_>>,
        change: &Change<'_>,
        waits: bool,
        verbosity: Verbosity,
    ) {
        let counts = if waits {
            &mut self.waiting
        } else {
            &mut self.taken
        };
        let index = CLASSES.iter().position(|class| *class == change.class);
        if let Some(count) = index.and_then(|index| counts.get_mut(index)) {
            *count += 1;
        }
        if change.class == Class::FormatOnly && verbosity < Verbosity::Verbose {
            return;
        }
        self.line(told, change.class.as_str(), change.id);
        if change.class == Class::Change {
            for line in change.diff().lines() {
                let _ = writeln!(self.text, "      {line}");
            }
        }
    }

    fn line(&mut self, told: Option<&Told<'_>>, what: &str, id: &BlockId) {
        let line = told.map_or("-".to_owned(), |told| told.line.to_string());
        let why = told.and_then(|told| told.why.as_ref());
        let why = why.map_or(String::new(), |why| format!("  ({why})"));
        let _ = writeln!(self.text, "  {line}  {what}  {id}{why}");
    }

    /// All that is to be told; `is_dry` where nothing was written.
    pub(super) fn into_text(mut self, is_dry: bool) -> String {
        let classes = |counts: [usize; 4]| {
            let counts = counts
                .into_iter()
                .zip(CLASSES)
                .filter(|(count, _)| *count > 0);
            let parts: Vec<String> = counts
                .map(|(count, class)| format!("{count} {}", class.as_str()))
                .collect();
            parts.join(", ")
        };
        let taken = if is_dry { "would record" } else { "recorded" };
        let mut parts = Vec::new();
        for (counts, word) in [(self.taken, taken), (self.waiting, "pending")] {
            if counts.iter().any(|count| *count > 0) {
                parts.push(format!("{word}: {}", classes(counts)));
            }
        }
        let others = [
            (self.unchanged, "unchanged"),
            (self.failed, "failed"),
            (self.undecided, "not decided"),
            (self.not_repeatable, "not repeatable in part"),
        ];
        let others = others.into_iter().filter(|(count, _)| *count > 0);
        parts.extend(others.map(|(count, word)| format!("{count} {word}")));
        if parts.is_empty() {
            parts.push("no blocks to record".to_owned());
        }
        let _ = writeln!(self.text, "{}", parts.join("; "));
        if self.waiting.iter().any(|count| *count > 0) {
            self.text.push_str(
                "go through what is pending with `snipcheck review`, or take it all over with \
                 `snipcheck accept`\n",
            );
        }
        self.text
    }
}
