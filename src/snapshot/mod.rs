//! What the last accepted run of a document's snippets did, as text under `expectations/`.
//!
//! Blocks find their records again by content and id ([`Snapshot::matching`]); what a block does is
//! compared in the form in which it would be recorded ([`Actual`]). Reads and writes no files.

mod form;
mod mask;
pub mod renewal;

use std::collections::{HashMap, VecDeque};
use std::fmt::Write;

use crate::block::BlockId;

pub use form::{Damage, SnapshotError, parse, print};

/// Lines of a difference that are shown at most.
const MAX_DIFF_LINES: usize = 200;

/// Characters of one such line that are shown at most.
const MAX_DIFF_COLUMNS: usize = 1000;

/// What one snippet did, as far as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The block.
    pub id: BlockId,
    /// A digest of the code that did it: hexadecimal.
    pub digest: String,
    /// Everything on standard output.
    pub stdout: String,
    /// Everything on standard error, without the traceback of `exception`.
    pub stderr: String,
    /// The exception that ended it: `TypeName: message`.
    pub exception: Option<String>,
}

/// What one snippet did just now, in the form in which it would be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actual(Record);

impl Actual {
    /// Takes what the block `id` did; what changes from run to run without meaning is masked.
    pub fn new(
        id: BlockId,
        code: &str,
        stdout: &str,
        stderr: &str,
        exception: Option<&str>,
    ) -> Self {
        Actual(Record {
            id,
            digest: digest(code),
            stdout: mask::masked(stdout),
            stderr: mask::masked(stderr),
            exception: exception.map(mask::masked),
        })
    }

    /// The record to keep.
    pub fn into_record(self) -> Record {
        self.0
    }
}

/// The snapshot of one document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Its records in document order.
    pub records: Vec<Record>,
}

/// Which record belongs to which block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matching<'a> {
    /// For each block its record, if it has one.
    pub records: Vec<Option<&'a Record>>,
    /// The records that belong to no block, in their order.
    pub orphans: Vec<&'a Record>,
}

impl Snapshot {
    /// Finds the records of blocks, given as id and digest of the code, in document order.
    ///
    /// The same code is the same snippet, whatever its id became when blocks were inserted or moved
    /// (its own id first, where several hold the same code); what is left is found by id.
    pub fn matching(&self, blocks: &[(BlockId, String)]) -> Matching<'_> {
        let mut found = vec![None; blocks.len()];
        let mut is_free = vec![true; self.records.len()];
        self.match_by(
            |record| (&record.id, &record.digest),
            blocks.iter().map(|(id, digest)| (id, digest)),
            &mut found,
            &mut is_free,
        );
        self.match_by(
            |record| &record.digest,
            blocks.iter().map(|(_, digest)| digest),
            &mut found,
            &mut is_free,
        );
        self.match_by(
            |record| &record.id,
            blocks.iter().map(|(id, _)| id),
            &mut found,
            &mut is_free,
        );
        let orphans = self.records.iter().zip(is_free);
        Matching {
            records: found
                .into_iter()
                .map(|index| index.and_then(|index: usize| self.records.get(index)))
                .collect(),
            orphans: orphans
                .filter_map(|(record, is_free)| is_free.then_some(record))
                .collect(),
        }
    }

    /// Gives free records to blocks that have none yet and the same key, in order.
    fn match_by<'a, K: std::hash::Hash + Eq>(
        &'a self,
        key_of: impl Fn(&'a Record) -> K,
        keys: impl Iterator<Item = K>,
        found: &mut [Option<usize>],
        is_free: &mut [bool],
    ) {
        let mut free: HashMap<K, VecDeque<usize>> = HashMap::new();
        for (index, record) in self.records.iter().enumerate() {
            if is_free.get(index) == Some(&true) {
                free.entry(key_of(record)).or_default().push_back(index);
            }
        }
        for (found, key) in found.iter_mut().zip(keys) {
            if found.is_none()
                && let Some(index) = free.get_mut(&key).and_then(VecDeque::pop_front)
            {
                *found = Some(index);
                if let Some(is_free) = is_free.get_mut(index) {
                    *is_free = false;
                }
            }
        }
    }
}

/// How what a block does differs from its record, as a diff for people; `None` where it does not.
///
/// The code and the id may differ.
pub fn difference(recorded: &Record, actual: &Actual) -> Option<String> {
    let actual = &actual.0;
    let is_same = recorded.stdout == actual.stdout
        && recorded.stderr == actual.stderr
        && recorded.exception == actual.exception;
    if is_same {
        return None;
    }
    let (mut old, mut new) = (String::new(), String::new());
    form::print_outcome(&mut old, recorded);
    form::print_outcome(&mut new, actual);
    let (old, new) = around_first_difference(&old, &new);
    let diff = similar::TextDiff::from_slices(&old, &new);
    let mut text = String::new();
    for change in diff.iter_all_changes() {
        let line: String = change.value().chars().take(MAX_DIFF_COLUMNS).collect();
        let _ = writeln!(text, "{}{line}", change.tag());
    }
    text.truncate(text.trim_end().len());
    Some(text)
}

/// The lines of both from the heading of the first section that differs, as many as are shown.
fn around_first_difference<'a>(old: &'a str, new: &'a str) -> (Vec<&'a str>, Vec<&'a str>) {
    let same = old
        .lines()
        .zip(new.lines())
        .take_while(|(old, new)| old == new)
        .count();
    let start = same.saturating_sub(3);
    let window = |text: &'a str| text.lines().skip(start).take(MAX_DIFF_LINES).collect();
    (window(old), window(new))
}

/// A digest of `code`: 64 bits of FNV-1a as hexadecimal, to find a snippet again and not to prove anything.
pub fn digest(code: &str) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in code.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_fnv_1a() {
        assert_eq!(digest(""), "cbf29ce484222325");
        assert_eq!(digest("foobar"), "85944171f73967e8");
    }

    fn snapshot_of(blocks: &[(&str, &str)]) -> Snapshot {
        let record = |(id, code): &(&str, &str)| {
            Actual::new(BlockId((*id).to_owned()), code, code, "", None).into_record()
        };
        Snapshot {
            records: blocks.iter().map(record).collect(),
        }
    }

    /// The code of the record that each block gets, and the ids of the orphans.
    fn matched(records: &[(&str, &str)], blocks: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let snapshot = snapshot_of(records);
        let keys: Vec<_> = blocks
            .iter()
            .map(|(id, code)| (BlockId((*id).to_owned()), digest(code)))
            .collect();
        let matching = snapshot.matching(&keys);
        let code = |record: Option<&Record>| record.map_or("-", |r| r.stdout.as_str()).to_owned();
        (
            matching.records.into_iter().map(code).collect(),
            matching.orphans.iter().map(|r| r.id.0.clone()).collect(),
        )
    }

    #[test]
    fn an_inserted_block_does_not_take_its_neighbours_record() {
        let (found, orphans) = matched(
            &[("a/1", "x"), ("a/2", "y")],
            &[("a/1", "new"), ("a/2", "x"), ("a/3", "y")],
        );
        assert_eq!(found, ["-", "x", "y"]);
        assert!(orphans.is_empty());
    }

    #[test]
    fn an_edited_block_keeps_its_record_by_id_and_a_removed_one_is_an_orphan() {
        let (found, orphans) = matched(&[("a/1", "x"), ("b/1", "y")], &[("a/1", "edited")]);
        assert_eq!(found, ["x"]);
        assert_eq!(orphans, ["b/1"]);
    }

    #[test]
    fn equal_code_is_told_apart_by_id() {
        let (found, orphans) = matched(
            &[("a/1", "x"), ("b/1", "x"), ("c/1", "x")],
            &[("b/1", "x"), ("c/1", "x"), ("d/1", "x")],
        );
        assert_eq!(found, ["x", "x", "x"]);
        assert!(orphans.is_empty());
    }

    #[test]
    fn a_difference_shows_only_what_the_block_did() {
        let recorded = Actual::new(BlockId("a/1".into()), "x", "same\n1\n", "", None).into_record();
        let same = Actual::new(BlockId("b/7".into()), "y", "same\n1\n", "", None);
        assert_eq!(difference(&recorded, &same), None);
        let other = Actual::new(BlockId("a/1".into()), "x", "same\n1 \n", "", Some("E: e"));
        assert_eq!(
            difference(&recorded, &other).as_deref(),
            Some(" stdout:\n | same\n-| 1\n+| 1\\u{20}\n+exception: E: e")
        );
    }
}
