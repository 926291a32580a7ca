//! What a document's snapshot becomes after its blocks were run again. Pure.

use super::{Actual, Record, Snapshot, difference};
use crate::block::BlockId;

/// What came of running one block again.
#[derive(Clone, Debug)]
pub enum Fresh {
    /// It passed, and twice in the same way.
    Passed(Actual),
    /// It passed, and differed from one run to the next: nothing of it can be kept.
    NotRepeatable,
    /// It failed: a snapshot must not make that look right.
    Failed,
    /// It did not run, or could not be decided, on this machine: nothing was learned about it.
    Unknown,
    /// It was not asked for.
    NotAsked,
}

/// What became of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The block had none.
    Created,
    /// The block does something else, as the diff shows.
    Changed(String),
    /// Its code or its id changed, what it does did not.
    Renewed,
    /// It stays as it is.
    Kept,
    /// It goes.
    Removed,
    /// There was none and there is none.
    None,
}

/// The snapshot of a document after an update.
#[derive(Clone, Debug)]
pub struct Renewal {
    /// The records to keep, in document order.
    pub snapshot: Snapshot,
    /// What became of the record of each block.
    pub changes: Vec<Change>,
    /// Ids of records that go because no block is theirs any more.
    pub removed_orphans: Vec<BlockId>,
}

/// Renews `old` for the blocks of its document: `keys` says id and digest of each, `fresh` what came of it.
///
/// Records of no block go, unless some block was not asked for.
pub fn renew(old: &Snapshot, keys: &[(BlockId, String)], fresh: Vec<Fresh>) -> Renewal {
    let asks_for_all = !fresh.iter().any(|fresh| matches!(fresh, Fresh::NotAsked));
    let matching = old.matching(keys);
    let mut records = Vec::new();
    let mut changes = Vec::new();
    for (((id, digest), fresh), recorded) in keys.iter().zip(fresh).zip(matching.records) {
        let (record, change) = match fresh {
            Fresh::Passed(actual) => {
                let change = change(recorded, &actual);
                (Some(actual.into_record()), change)
            }
            Fresh::NotRepeatable | Fresh::Failed => (None, removal(recorded)),
            Fresh::Unknown | Fresh::NotAsked => kept(recorded, id, digest),
        };
        records.extend(record);
        changes.push(change);
    }
    let mut removed_orphans = Vec::new();
    for orphan in matching.orphans {
        if asks_for_all {
            removed_orphans.push(orphan.id.clone());
        } else {
            records.push(orphan.clone());
        }
    }
    Renewal {
        snapshot: Snapshot { records },
        changes,
        removed_orphans,
    }
}

fn change(recorded: Option<&Record>, actual: &Actual) -> Change {
    match recorded {
        None => Change::Created,
        Some(recorded) => match difference(recorded, actual) {
            Some(difference) => Change::Changed(difference),
            None if actual.0 == *recorded => Change::Kept,
            None => Change::Renewed,
        },
    }
}

fn removal(recorded: Option<&Record>) -> Change {
    match recorded {
        Some(_) => Change::Removed,
        None => Change::None,
    }
}

/// Keeps a record of a block that is not renewed; the same code under another id takes that id.
fn kept(recorded: Option<&Record>, id: &BlockId, digest: &str) -> (Option<Record>, Change) {
    let Some(recorded) = recorded else {
        return (None, Change::None);
    };
    let mut record = recorded.clone();
    if record.digest == digest && record.id != *id {
        record.id = id.clone();
        return (Some(record), Change::Renewed);
    }
    (Some(record), Change::Kept)
}

#[cfg(test)]
mod tests {
    use super::super::digest;
    use super::*;

    fn id(id: &str) -> BlockId {
        BlockId(id.to_owned())
    }

    fn actual(name: &str, code: &str, stdout: &str) -> Actual {
        Actual::new(id(name), code, stdout, "", None)
    }

    fn old() -> Snapshot {
        Snapshot {
            records: ["a", "b", "c"]
                .map(|name| actual(name, name, name).into_record())
                .to_vec(),
        }
    }

    fn keys(blocks: &[(&str, &str)]) -> Vec<(BlockId, String)> {
        let key = |(name, code): &(&str, &str)| (id(name), digest(code));
        blocks.iter().map(key).collect()
    }

    fn ids(renewal: &Renewal) -> Vec<&str> {
        let records = renewal.snapshot.records.iter();
        records.map(|record| record.id.0.as_str()).collect()
    }

    #[test]
    fn what_passed_is_recorded_and_the_rest_goes() {
        let renewal = renew(
            &old(),
            &keys(&[("new", "new"), ("a", "a"), ("b", "b2"), ("c", "c")]),
            vec![
                Fresh::Passed(actual("new", "new", "1")),
                Fresh::Passed(actual("a", "a", "a")),
                Fresh::Passed(actual("b", "b2", "other")),
                Fresh::Failed,
            ],
        );
        assert_eq!(ids(&renewal), ["new", "a", "b"]);
        let changed = " stdout:\n-| b\\\n+| other\\".to_owned();
        assert_eq!(
            renewal.changes,
            [
                Change::Created,
                Change::Kept,
                Change::Changed(changed),
                Change::Removed
            ]
        );
    }

    #[test]
    fn a_moved_block_takes_its_record_along_and_orphans_go() {
        let renewal = renew(
            &old(),
            &keys(&[("z", "b"), ("y", "a")]),
            vec![Fresh::Unknown, Fresh::Passed(actual("y", "a", "a"))],
        );
        assert_eq!(ids(&renewal), ["z", "y"]);
        assert_eq!(renewal.changes, [Change::Renewed, Change::Renewed]);
        assert_eq!(renewal.removed_orphans, [id("c")]);
    }

    #[test]
    fn one_block_alone_leaves_the_others_alone() {
        let renewal = renew(
            &old(),
            &keys(&[("a", "a"), ("b", "b")]),
            vec![Fresh::NotAsked, Fresh::NotRepeatable],
        );
        assert_eq!(ids(&renewal), ["a", "c"]);
        assert_eq!(renewal.changes, [Change::Kept, Change::Removed]);
        assert!(renewal.removed_orphans.is_empty());
    }
}
