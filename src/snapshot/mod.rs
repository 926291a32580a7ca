//! What the last accepted run of a document's snippets did, as text under `expectations/`.
//!
//! Blocks find their records again by content and id ([`Snapshot::matching`]); what a block does is
//! compared in the form in which it would be recorded ([`Actual`]). [`renewal`] says what a snapshot
//! becomes after its blocks ran again, [`pending`] what of that waits for a person. Reads and writes
//! no files.

mod difference;
mod form;
mod mask;
mod outcome;
pub mod pending;
pub mod renewal;
mod versions;

use std::collections::{HashMap, VecDeque};

use crate::block::BlockId;

pub use difference::difference;
pub use form::{Damage, SnapshotError, parse, print};
pub use mask::Home;
pub use outcome::{Cause, Kept, Outcome, Part, Seen, Stream, What};
pub use versions::{Version, Versions, version_of};

/// What one snippet did, as far as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The block.
    pub id: BlockId,
    /// A digest of the code that did it: hexadecimal.
    pub digest: String,
    /// What it did: once for all Python versions, or once for each group of them; never empty.
    pub variants: Vec<Variant>,
}

/// What one snippet did under some Python versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// The versions; none where this is the only variant, and so is for all.
    pub pythons: Versions,
    /// What it did.
    pub outcome: Outcome,
}

impl Record {
    /// What it did under `python`, or else under the nearest version.
    pub fn under(&self, python: Version) -> Option<&Outcome> {
        let variants = self.variants.iter();
        let nearest = variants.min_by_key(|variant| variant.pythons.distance(python));
        nearest.map(|variant| &variant.outcome)
    }
}

/// What one snippet did just now, in the form in which it would be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actual {
    /// The block.
    pub id: BlockId,
    /// The digest of its code.
    pub digest: String,
    /// What it did.
    pub outcome: Outcome,
}

impl Actual {
    /// The record that holds for all Python versions.
    pub fn into_record(self) -> Record {
        Record {
            id: self.id,
            digest: self.digest,
            variants: vec![Variant {
                pythons: Versions::default(),
                outcome: self.outcome,
            }],
        }
    }
}

/// Everything that was written to a stream, noise masked.
pub fn stream(text: &str, home: Home<'_>) -> Stream {
    Stream::of_text(&mask::always(text, Some(home)))
}

/// A text of another kind, noise masked.
pub fn kept(text: &str, home: Home<'_>) -> Kept {
    Kept::Text(mask::always(text, Some(home)))
}

/// The snapshot of one document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The Python versions under which the whole document was recorded.
    pub pythons: Versions,
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
            let outcome = Outcome {
                stdout: Stream::of_text(code),
                ..Outcome::default()
            };
            let actual = Actual {
                id: BlockId((*id).to_owned()),
                digest: digest(code),
                outcome,
            };
            actual.into_record()
        };
        Snapshot {
            records: blocks.iter().map(record).collect(),
            ..Snapshot::default()
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
        let code = |record: Option<&Record>| {
            let code_of = |record: &Record| {
                let mut pairs = records.iter();
                pairs.find(|(_, code)| digest(code) == record.digest)
            };
            record
                .and_then(code_of)
                .map_or("-", |(_, code)| *code)
                .to_owned()
        };
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
}
