//! Differences for people: between what was recorded and what happened, and between two files.

use std::fmt::Write;

use super::{Actual, Record, Variant, Version, form};

/// Lines of a difference that are shown at most.
const MAX_DIFF_LINES: usize = 200;

/// Characters of one such line that are shown at most.
const MAX_DIFF_COLUMNS: usize = 1000;

/// How what a block does under `python` differs from its record, as a diff; `None` where it does not.
///
/// The code and the id may differ; what claims saw is then not compared.
pub fn difference(recorded: &Record, actual: &Actual, python: Version) -> Option<String> {
    let kept = recorded.under(python)?;
    let is_same_code = recorded.digest == actual.digest;
    let (kept, actual) = kept.aligned(&actual.outcome, is_same_code);
    if kept == actual {
        return None;
    }
    let (mut old, mut new) = (String::new(), String::new());
    form::print_outcome(&mut old, &kept);
    form::print_outcome(&mut new, &actual);
    Some(diff(&old, &new))
}

/// How `new` differs from `old`, the outcomes of one record, as a diff.
pub(super) fn of_variants(old: &[Variant], new: &[Variant]) -> String {
    let (mut old_text, mut new_text) = (String::new(), String::new());
    form::print_variants(&mut old_text, old);
    form::print_variants(&mut new_text, new);
    diff(&old_text, &new_text)
}

fn diff(old: &str, new: &str) -> String {
    let (old, new) = around_first_difference(old, new);
    let diff = similar::TextDiff::from_slices(&old, &new);
    let mut text = String::new();
    for change in diff.iter_all_changes() {
        let line: String = change.value().chars().take(MAX_DIFF_COLUMNS).collect();
        let _ = writeln!(text, "{}{line}", change.tag());
    }
    text.truncate(text.trim_end().len());
    text
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

#[cfg(test)]
mod tests {
    use super::super::{Outcome, Stream};
    use super::*;
    use crate::block::BlockId;

    fn actual(id: &str, digest: &str, stdout: &str) -> Actual {
        Actual {
            id: BlockId(id.to_owned()),
            digest: digest.to_owned(),
            outcome: Outcome {
                stdout: Stream::of_text(stdout),
                ..Outcome::default()
            },
        }
    }

    #[test]
    fn a_difference_shows_only_what_the_block_did() {
        let recorded = actual("a/1", "x", "same\n1\n").into_record();
        let same = actual("b/7", "y", "same\n1\n");
        assert_eq!(difference(&recorded, &same, (3, 11)), None);
        let other = actual("a/1", "x", "same\n1 \n");
        assert_eq!(
            difference(&recorded, &other, (3, 11)).as_deref(),
            Some(" stdout:\n | same\n-| 1\n+| 1\\u{20}")
        );
    }
}
