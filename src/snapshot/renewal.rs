//! What a document's snapshot becomes after its blocks were run again. Pure.

use super::{Actual, Outcome, Record, Snapshot, Variant, Version, Versions};
use crate::block::BlockId;

/// What came of running one block again.
#[derive(Clone, Debug)]
pub enum Fresh {
    /// This is what it does now.
    Ran(Actual),
    /// Nothing was learned about it: it did not run, could not be decided here, or failed.
    Unknown,
    /// It was not asked for.
    NotAsked,
}

/// What a renewal goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The Python that ran the blocks.
    pub python: Version,
    /// Whether what other versions did is to be forgotten.
    pub forgets_others: bool,
}

/// Renews `accepted` for the blocks of its document: `keys` says id and digest of each, `fresh` what
/// came of it. Blocks that were not asked for keep what is `pending` for them.
///
/// Records of no block go, unless some block was not asked for.
pub fn renew(
    accepted: &Snapshot,
    pending: Option<&Snapshot>,
    keys: &[(BlockId, String)],
    fresh: Vec<Fresh>,
    terms: Terms,
) -> Snapshot {
    let asks_for_all = !fresh.iter().any(|fresh| matches!(fresh, Fresh::NotAsked));
    let matching = accepted.matching(keys);
    let waiting = pending.map(|pending| pending.matching(keys));
    let mut records = Vec::new();
    let blocks = keys.iter().zip(fresh).zip(&matching.records);
    for (index, (((id, digest), fresh), recorded)) in blocks.enumerate() {
        let recorded = *recorded;
        let record = match fresh {
            Fresh::Ran(actual) => Some(renewed(recorded, actual, &accepted.pythons, terms)),
            Fresh::Unknown => recorded.map(|record| kept(record, id, digest)),
            Fresh::NotAsked => {
                let waiting = waiting.as_ref();
                let waiting = waiting.and_then(|waiting| *waiting.records.get(index)?);
                waiting.or(recorded).map(|record| kept(record, id, digest))
            }
        };
        records.extend(record);
    }
    if !asks_for_all {
        let is_waiting = |orphan: &&Record| match &waiting {
            // One that is to go already stays so.
            Some(waiting) => waiting.orphans.iter().any(|it| it.id == orphan.id),
            None => true,
        };
        let orphans = matching.orphans.into_iter().filter(is_waiting);
        records.extend(orphans.cloned());
    }
    let pythons = match (terms.forgets_others, asks_for_all) {
        (true, _) => Versions::of(terms.python),
        (false, true) => with(&accepted.pythons, terms.python),
        (false, false) if accepted.records.is_empty() => with(&accepted.pythons, terms.python),
        (false, false) => accepted.pythons.clone(),
    };
    Snapshot { pythons, records }
}

fn with(versions: &Versions, version: Version) -> Versions {
    let mut versions = versions.clone();
    versions.0.insert(version);
    versions
}

/// Keeps a record of a block that is not renewed; the same code under another id takes that id.
fn kept(recorded: &Record, id: &BlockId, digest: &str) -> Record {
    let mut record = recorded.clone();
    if record.digest == digest {
        record.id = id.clone();
    }
    record
}

/// The record of a block that does `actual` now; `known` are the versions that the snapshot speaks for.
fn renewed(recorded: Option<&Record>, actual: Actual, known: &Versions, terms: Terms) -> Record {
    let Some(recorded) = recorded else {
        return actual.into_record();
    };
    // What other versions did with other code says nothing.
    if recorded.digest != actual.digest || terms.forgets_others {
        let mut record = actual.into_record();
        let same_code = recorded.digest == record.digest;
        let old = recorded.under(terms.python).filter(|_| same_code);
        if let (Some(old), [variant]) = (old, record.variants.as_mut_slice())
            && old.covers(&variant.outcome)
        {
            variant.outcome = old.renewed(&variant.outcome);
        }
        return record;
    }
    let variants = match recorded.variants.as_slice() {
        [variant] if variant.pythons.0.is_empty() => {
            split(&variant.outcome, actual.outcome, known, terms.python)
        }
        variants => moved(variants, actual.outcome, terms.python),
    };
    Record {
        id: actual.id,
        digest: actual.digest,
        variants: only_where_they_differ(variants),
    }
}

/// The outcome for all versions, and `actual` under `python` beside it where that differs.
fn split(common: &Outcome, actual: Outcome, known: &Versions, python: Version) -> Vec<Variant> {
    let mut others = known.clone();
    others.0.remove(&python);
    let agrees = common.covers(&actual);
    if agrees || others.0.is_empty() {
        let outcome = match agrees {
            true => common.renewed(&actual),
            false => actual,
        };
        return vec![Variant {
            pythons: Versions::default(),
            outcome,
        }];
    }
    let of_others = Variant {
        pythons: others,
        outcome: common.clone(),
    };
    let own = Variant {
        pythons: Versions::of(python),
        outcome: actual,
    };
    vec![of_others, own]
}

/// The variants with `python` at the one that agrees with `actual`.
fn moved(variants: &[Variant], actual: Outcome, python: Version) -> Vec<Variant> {
    let own = |variant: &Variant| variant.pythons.0.contains(&python);
    let agreeing = variants
        .iter()
        .position(|variant| own(variant) && variant.outcome.covers(&actual))
        .or_else(|| variants.iter().position(|it| it.outcome.covers(&actual)));
    let mut variants = variants.to_vec();
    for variant in &mut variants {
        variant.pythons.0.remove(&python);
    }
    match agreeing.and_then(|index| variants.get_mut(index)) {
        Some(variant) => {
            variant.pythons.0.insert(python);
            variant.outcome = variant.outcome.renewed(&actual);
        }
        None => variants.push(Variant {
            pythons: Versions::of(python),
            outcome: actual,
        }),
    }
    variants.retain(|variant| !variant.pythons.0.is_empty());
    variants.sort_by_key(|variant| variant.pythons.0.first().copied());
    variants
}

fn only_where_they_differ(mut variants: Vec<Variant>) -> Vec<Variant> {
    if let [alone] = variants.as_mut_slice() {
        alone.pythons = Versions::default();
    }
    variants
}

#[cfg(test)]
mod tests {
    use super::super::{Stream, digest};
    use super::*;

    const OLD: Terms = terms(9);
    const NEW: Terms = terms(12);

    const fn terms(minor: u8) -> Terms {
        Terms {
            python: (3, minor),
            forgets_others: false,
        }
    }

    fn id(id: &str) -> BlockId {
        BlockId(id.to_owned())
    }

    fn actual(name: &str, code: &str, stdout: &str) -> Actual {
        Actual {
            id: id(name),
            digest: digest(code),
            outcome: Outcome {
                stdout: Stream::of_text(stdout),
                ..Outcome::default()
            },
        }
    }

    fn ran(name: &str, code: &str, stdout: &str) -> Fresh {
        Fresh::Ran(actual(name, code, stdout))
    }

    fn old() -> Snapshot {
        Snapshot {
            pythons: Versions::of(OLD.python),
            records: ["a", "b", "c"]
                .map(|name| actual(name, name, name).into_record())
                .to_vec(),
        }
    }

    fn keys(blocks: &[(&str, &str)]) -> Vec<(BlockId, String)> {
        let key = |(name, code): &(&str, &str)| (id(name), digest(code));
        blocks.iter().map(key).collect()
    }

    /// `id = text of each variant`, one for each record.
    fn shown(snapshot: &Snapshot) -> Vec<String> {
        let variant = |variant: &Variant| match &variant.outcome.stdout {
            Stream::Lines { lines, .. } => format!("{}{lines:?}", variant.pythons),
            Stream::Varying(cause) => cause.to_string(),
        };
        let text = |record: &Record| {
            let variants: Vec<String> = record.variants.iter().map(variant).collect();
            let variants = variants
                .join(" ")
                .replace("Text(", "")
                .replace(['[', ']', ')', '"'], "");
            format!("{} {variants}", record.id)
        };
        snapshot.records.iter().map(text).collect()
    }

    #[test]
    fn what_ran_is_recorded_and_the_rest_stays() {
        let renewal = renew(
            &old(),
            None,
            &keys(&[("new", "new"), ("a", "a"), ("b", "b2"), ("c", "c")]),
            vec![
                ran("new", "new", "1"),
                ran("a", "a", "a"),
                ran("b", "b2", "other"),
                Fresh::Unknown,
            ],
            OLD,
        );
        assert_eq!(shown(&renewal), ["new 1", "a a", "b other", "c c"]);
    }

    #[test]
    fn a_moved_block_takes_its_record_along_and_orphans_go() {
        let fresh = vec![Fresh::Unknown, ran("y", "a", "a")];
        let renewal = renew(&old(), None, &keys(&[("z", "b"), ("y", "a")]), fresh, OLD);
        assert_eq!(shown(&renewal), ["z b", "y a"]);
    }

    #[test]
    fn one_block_alone_leaves_the_others_and_what_waits_for_them_alone() {
        let blocks = keys(&[("a", "a"), ("b", "b")]);
        let fresh = || vec![Fresh::NotAsked, ran("b", "b", "B")];
        let renewal = renew(&old(), None, &blocks, fresh(), OLD);
        assert_eq!(shown(&renewal), ["a a", "b B", "c c"]);
        let waiting = renew(
            &old(),
            None,
            &blocks,
            vec![ran("a", "a", "A"), Fresh::Unknown],
            OLD,
        );
        let renewal = renew(&old(), Some(&waiting), &blocks, fresh(), OLD);
        assert_eq!(shown(&renewal), ["a A", "b B"]);
    }

    fn once(snapshot: &Snapshot, code: &str, stdout: &str, terms: Terms) -> Snapshot {
        renew(
            snapshot,
            None,
            &keys(&[("a", code)]),
            vec![ran("a", code, stdout)],
            terms,
        )
    }

    #[test]
    fn versions_stand_side_by_side_only_where_they_differ() {
        let first = once(&Snapshot::default(), "a", "old", OLD);
        let same = once(&first, "a", "old", NEW);
        assert_eq!(
            (shown(&same), same.pythons.to_string()),
            (vec!["a old".into()], "3.9 3.12".into())
        );
        let differs = once(&first, "a", "young", NEW);
        assert_eq!(shown(&differs), ["a 3.9old 3.12young"]);
        assert_eq!(once(&differs, "a", "old", OLD), differs);
        let third = once(&differs, "a", "young", terms(13));
        assert_eq!(shown(&third), ["a 3.9old 3.12-3.13young"]);
        let between = once(&third, "a", "third", terms(10));
        assert_eq!(shown(&between), ["a 3.9old 3.10third 3.12-3.13young"]);
        let merged = once(&once(&third, "a", "old", NEW), "a", "old", terms(13));
        assert_eq!(shown(&merged), ["a old"]);
    }

    #[test]
    fn other_code_or_the_wish_to_forget_leaves_one_version() {
        let differs = once(
            &once(&Snapshot::default(), "a", "old", OLD),
            "a",
            "young",
            NEW,
        );
        assert_eq!(shown(&once(&differs, "a2", "edited", NEW)), ["a edited"]);
        let forgets = Terms {
            forgets_others: true,
            ..NEW
        };
        let forgot = once(&differs, "a", "young", forgets);
        assert_eq!(shown(&forgot), ["a young"]);
        assert_eq!(forgot.pythons, Versions::of(NEW.python));
    }
}
