//! What an update would change in an accepted snapshot, and what becomes of each change. Pure.

use std::collections::HashSet;

use super::{Record, Snapshot, Variant, difference};
use crate::block::BlockId;

/// What a change does to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// There was none.
    Create,
    /// The block does something else than it did.
    Change,
    /// Its code or its id changed, or more of it is looked at; what it does did not change.
    FormatOnly,
    /// No block is its block any more.
    Remove,
}

impl Class {
    /// The kebab-case name.
    pub fn as_str(self) -> &'static str {
        match self {
            Class::Create => "create",
            Class::Change => "change",
            Class::FormatOnly => "format-only",
            Class::Remove => "remove",
        }
    }
}

/// One change that an update proposes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change<'a> {
    /// What it does.
    pub class: Class,
    /// The block; of a record that goes, the block that it was of.
    pub id: &'a BlockId,
    /// The accepted record, if there is one.
    pub old: Option<&'a Record>,
    /// The proposed record, if one is to stay.
    pub new: Option<&'a Record>,
}

impl Change<'_> {
    /// The change for people: what goes behind `-`, what comes behind `+`.
    pub fn diff(&self) -> String {
        fn variants(record: Option<&Record>) -> &[Variant] {
            record.map_or(&[], |record| &record.variants)
        }
        difference::of_variants(variants(self.old), variants(self.new))
    }
}

/// What `proposed` changes in `accepted`: in the order of `proposed`, what goes last.
pub fn changes<'a>(accepted: &'a Snapshot, proposed: &'a Snapshot) -> Vec<Change<'a>> {
    let pairs = pairs(accepted, proposed);
    pairs
        .into_iter()
        .filter_map(|(old, new)| change(old, new))
        .collect()
}

/// Takes over from `proposed` the changes that `takes` says, and leaves the others as they are in
/// `accepted`.
pub fn settle(
    accepted: &Snapshot,
    proposed: &Snapshot,
    takes: impl Fn(&Change<'_>) -> bool,
) -> Snapshot {
    let mut records = Vec::new();
    for (old, new) in pairs(accepted, proposed) {
        let is_taken = change(old, new).is_none_or(|change| takes(&change));
        records.extend(if is_taken { new } else { old }.cloned());
    }
    Snapshot {
        pythons: proposed.pythons.clone(),
        records,
    }
}

/// Each record of either with what it is in the other.
fn pairs<'a>(
    accepted: &'a Snapshot,
    proposed: &'a Snapshot,
) -> Vec<(Option<&'a Record>, Option<&'a Record>)> {
    let key = |record: &Record| (record.id.clone(), record.digest.clone());
    let keys: Vec<_> = proposed.records.iter().map(key).collect();
    let matching = accepted.matching(&keys);
    let both = matching.records.into_iter().zip(&proposed.records);
    let mut pairs: Vec<_> = both.map(|(old, new)| (old, Some(new))).collect();
    // A given id is one record's only, whatever stands in a file that was edited by hand.
    let mut seen = HashSet::new();
    let orphans = matching.orphans.into_iter();
    pairs.extend(
        orphans
            .filter(|old| seen.insert(&old.id))
            .map(|old| (Some(old), None)),
    );
    pairs
}

fn change<'a>(old: Option<&'a Record>, new: Option<&'a Record>) -> Option<Change<'a>> {
    let (class, id) = match (old, new) {
        (None, None) => return None,
        (None, Some(new)) => (Class::Create, &new.id),
        (Some(old), None) => (Class::Remove, &old.id),
        (Some(old), Some(new)) if old == new => return None,
        (Some(old), Some(new)) if do_the_same(old, new) => (Class::FormatOnly, &new.id),
        (Some(_), Some(new)) => (Class::Change, &new.id),
    };
    Some(Change {
        class,
        id,
        old,
        new,
    })
}

fn do_the_same(old: &Record, new: &Record) -> bool {
    let is_same_code = old.digest == new.digest;
    let is_same = |(old, new): (&Variant, &Variant)| {
        let (kept, actual) = old.outcome.aligned(&new.outcome, is_same_code);
        old.pythons == new.pythons && kept == actual
    };
    old.variants.len() == new.variants.len() && old.variants.iter().zip(&new.variants).all(is_same)
}

#[cfg(test)]
mod tests {
    use super::super::{Actual, Outcome, Stream, digest};
    use super::*;

    /// A snapshot of blocks, given as id, code and output.
    fn snapshot(blocks: &[(&str, &str, &str)]) -> Snapshot {
        let record = |(id, code, stdout): &(&str, &str, &str)| {
            let actual = Actual {
                id: BlockId((*id).to_owned()),
                digest: digest(code),
                outcome: Outcome {
                    stdout: Stream::of_text(stdout),
                    ..Outcome::default()
                },
            };
            actual.into_record()
        };
        Snapshot {
            records: blocks.iter().map(record).collect(),
            ..Snapshot::default()
        }
    }

    fn told(accepted: &Snapshot, proposed: &Snapshot) -> Vec<String> {
        let told = |change: &Change<'_>| format!("{} {}", change.class.as_str(), change.id);
        changes(accepted, proposed).iter().map(told).collect()
    }

    #[test]
    fn changes_have_their_classes() {
        let accepted = snapshot(&[
            ("a", "a", "1"),
            ("b", "b", "2"),
            ("c", "c", "3"),
            ("d", "d", "4"),
        ]);
        let proposed = snapshot(&[
            ("n", "n", "0"),
            ("a", "a", "1"),
            ("b", "b", "two"),
            ("e", "c", "3"),
        ]);
        assert_eq!(
            told(&accepted, &proposed),
            ["create n", "change b", "format-only e", "remove d"]
        );
        assert_eq!(told(&accepted, &accepted), Vec::<String>::new());
        let diffs: Vec<String> = changes(&accepted, &proposed)
            .iter()
            .map(Change::diff)
            .collect();
        assert_eq!(diffs[1], " stdout:\n-| 2\\\n+| two\\");
        assert_eq!(diffs[3], "-stdout:\n-| 4\\");
    }

    #[test]
    fn only_what_is_taken_comes_over() {
        let accepted = snapshot(&[("a", "a", "1"), ("b", "b", "2"), ("d", "d", "4")]);
        let proposed = snapshot(&[("n", "n", "0"), ("a", "a", "one"), ("b", "b", "two")]);
        let settled = settle(&accepted, &proposed, |change| change.id.0 == "b");
        assert_eq!(
            settled,
            snapshot(&[("a", "a", "1"), ("b", "b", "two"), ("d", "d", "4")])
        );
        assert_eq!(settle(&accepted, &proposed, |_| true), proposed);
        assert_eq!(settle(&accepted, &proposed, |_| false), accepted);
    }
}
