//! Lines of expected output made to show other lines: those that still agree stay as they are.
//!
//! In go the old lines and the new ones, out come [`Step`]s. A line of `...` that stands for left-out
//! lines is kept while the lines around it have their places.

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::value::{self, Numbers};
use crate::compare;

/// What becomes of a line, in the order of the new text; indices are those of the old lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The old line stays.
    Keep(usize),
    /// Another text stands in its place.
    Replace(usize, String),
    /// It goes.
    Delete(usize),
    /// A line comes in here.
    Insert(String),
}

/// How far a line that differs is taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Care {
    /// What still says the same in a value stays as it is written.
    Values,
    /// Lines that agree stay, others are written as shown.
    Lines,
    /// Every line is written as shown, unless it is the same already.
    Nothing,
}

/// The steps from `old` to lines that show `new`; `None` where no way keeps what `...` stands for.
pub(super) fn steps(old: &[&str], new: &[&str], care: Care) -> Option<Vec<Step>> {
    let gaps: Vec<usize> = (0..old.len())
        .filter(|at| old.get(*at).is_some_and(|line| is_gap(line)))
        .collect();
    match gaps.as_slice() {
        [gap] if new.len() >= old.len() && care != Care::Nothing => {
            let behind = old.len() - gap - 1;
            let mut steps = paired(old, 0, new.get(..*gap)?, care);
            steps.push(Step::Keep(*gap));
            let last = new.get(new.len() - behind..)?;
            steps.extend(paired(old, gap + 1, last, care));
            Some(steps)
        }
        [] | [_] => Some(differing(old, new, care)),
        _ => None,
    }
}

/// Whether the line stands for any lines.
pub(super) fn is_gap(line: &str) -> bool {
    matches!(line.trim(), "..." | "…" | "[...]")
}

/// Each line of `new` with the old line at the same place, from the old line `from` on.
fn paired(old: &[&str], from: usize, new: &[&str], care: Care) -> Vec<Step> {
    let pairs = new.iter().enumerate().map(|(index, line)| {
        let at = from + index;
        one(at, old.get(at).copied().unwrap_or_default(), line, care)
    });
    pairs.collect()
}

fn one(at: usize, old: &str, new: &str, care: Care) -> Step {
    if agrees(old, new, care) {
        return Step::Keep(at);
    }
    let merged = match care {
        Care::Values => value::merged(old, new, Numbers::AsShown),
        Care::Lines | Care::Nothing => None,
    };
    Step::Replace(at, merged.unwrap_or_else(|| new.to_owned()))
}

fn agrees(old: &str, new: &str, care: Care) -> bool {
    old == new || care != Care::Nothing && !is_gap(old) && compare::shows(old, new)
}

fn differing(old: &[&str], new: &[&str], care: Care) -> Vec<Step> {
    let alike = |(old, new): &(&&str, &&str)| agrees(old, new, care);
    let front = old.iter().zip(new).take_while(alike).count();
    let (old_rest, new_rest) = (&old[front..], &new[front..]);
    let pairs = old_rest.iter().rev().zip(new_rest.iter().rev());
    let back = pairs.take_while(alike).count();
    let old_middle = &old_rest[..old_rest.len() - back];
    let new_middle = &new_rest[..new_rest.len() - back];
    let mut steps: Vec<Step> = (0..front).map(Step::Keep).collect();
    for op in capture_diff_slices(Algorithm::Myers, old_middle, new_middle) {
        let (old_range, new_range) = (op.old_range(), op.new_range());
        if let DiffOp::Equal { .. } = op {
            steps.extend(old_range.map(|at| Step::Keep(front + at)));
            continue;
        }
        let shared = old_range.len().min(new_range.len());
        let lines = &new_middle[new_range];
        let (first, more) = lines.split_at(shared);
        steps.extend(paired(old, front + old_range.start, first, care));
        let behind = old_range.start + shared..old_range.end;
        steps.extend(behind.map(|at| Step::Delete(front + at)));
        steps.extend(more.iter().map(|line| Step::Insert((*line).to_owned())));
    }
    steps.extend((old.len() - back..old.len()).map(Step::Keep));
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(old: &str, new: &str) -> String {
        let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
        let steps = steps(&old, &new, Care::Values).expect("a way");
        let words: Vec<String> = steps
            .iter()
            .map(|step| match step {
                Step::Keep(at) => format!("={at}"),
                Step::Replace(at, text) => format!("{at}:{text}"),
                Step::Delete(at) => format!("-{at}"),
                Step::Insert(text) => format!("+{text}"),
            })
            .collect();
        words.join(" ")
    }

    #[test]
    fn lines_that_agree_stay() {
        let cases = [
            ("a\nb\nc", "a\nx\nc", "=0 1:x =2"),
            ("a\nb", "a\nb\nc", "=0 =1 +c"),
            ("a\nb\nc", "a\nc", "=0 -1 =2"),
            ("a\n...\nz", "a\nb\nc\ny", "=0 =1 2:y"),
            ("{'b', 'a'}\n3", "{'a', 'b'}\n4", "=0 1:4"),
            ("[\"a\", 1]", "['a', 2]", "0:[\"a\", 2]"),
            ("a\n...\nz", "y", "0:y -1 -2"),
        ];
        for (old, new, expected) in cases {
            assert_eq!(told(old, new), expected, "{old} and {new}");
        }
    }
}
