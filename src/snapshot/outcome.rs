//! What one snippet did, as far as it is kept, and whether two such agree.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::mask;

/// Why a part of what a snippet did is not kept: what makes it differ from run to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The hash seed: the order of a set, the value of a hash.
    HashSeed,
    /// The time of the run, or how long something took.
    Clock,
    /// Random numbers.
    Chance,
    /// Where objects lie in memory.
    Address,
    /// Which thread or process comes first, or its number.
    Threads,
    /// The machine and the sandbox: process numbers, paths, names.
    Machine,
    /// The line of the document at which the code stands.
    Place,
    /// Runs differ, and nothing in the code tells why.
    Unknown,
}

impl Cause {
    const ALL: [Cause; 8] = [
        Cause::HashSeed,
        Cause::Clock,
        Cause::Chance,
        Cause::Address,
        Cause::Threads,
        Cause::Machine,
        Cause::Place,
        Cause::Unknown,
    ];

    /// The kebab-case name, as it stands in snapshots.
    pub fn as_str(self) -> &'static str {
        match self {
            Cause::HashSeed => "hash-seed",
            Cause::Clock => "clock",
            Cause::Chance => "chance",
            Cause::Address => "address",
            Cause::Threads => "threads",
            Cause::Machine => "machine",
            Cause::Place => "place",
            Cause::Unknown => "unknown",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.as_str() == name)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One text of an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It is the same in every run, known noise masked.
    Text(String),
    /// It is not.
    Varying(Cause),
}

impl Kept {
    /// Whether `actual` is what is kept here.
    fn covers(&self, actual: &Kept) -> bool {
        match (self, actual) {
            (Kept::Varying(_), _) => true,
            (Kept::Text(kept), Kept::Text(actual)) => {
                kept == actual || mask::is_masked(kept) && mask::when_varying(actual) == *kept
            }
            (Kept::Text(_), Kept::Varying(_)) => false,
        }
    }
}

/// What was written to one stream, by lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Line by line.
    Lines {
        /// The lines, without their ends.
        lines: Vec<Kept>,
        /// Whether no line end follows the last line; only behind a text that is not empty.
        is_open: bool,
    },
    /// Not even the number of lines is the same in every run.
    Varying(Cause),
}

impl Default for Stream {
    fn default() -> Self {
        Stream::of(Vec::new(), false)
    }
}

impl Stream {
    /// Takes lines without their ends; `is_open` says that no line end follows the last one.
    pub fn of(lines: Vec<Kept>, is_open: bool) -> Self {
        let ends_in_text = matches!(lines.last(), Some(Kept::Text(text)) if !text.is_empty());
        let is_open = is_open && ends_in_text;
        Stream::Lines { lines, is_open }
    }

    /// Takes everything that was written.
    pub(super) fn of_text(text: &str) -> Self {
        let line = |line: &str| Kept::Text(line.strip_suffix('\n').unwrap_or(line).to_owned());
        let lines = text.split_inclusive('\n').map(line).collect();
        Stream::of(lines, !text.is_empty() && !text.ends_with('\n'))
    }

    /// `actual`, with what is kept here in the place of every line that agrees with it.
    fn aligned(&self, actual: &Stream) -> Stream {
        let (lines, is_open, actual_lines, is_actual_open) = match (self, actual) {
            (Stream::Varying(_), _) => return self.clone(),
            (_, Stream::Varying(_)) => return actual.clone(),
            (
                Stream::Lines { lines, is_open },
                Stream::Lines {
                    lines: actual_lines,
                    is_open: is_actual_open,
                },
            ) => (lines, is_open, actual_lines, is_actual_open),
        };
        let covers = |(kept, actual): &(&Kept, &Kept)| kept.covers(actual);
        let shorter = lines.len().min(actual_lines.len());
        // Lines that were added or lost leave those before and behind them alike.
        let mut aligned = actual_lines.clone();
        if lines.len() == actual_lines.len() {
            for (slot, kept) in aligned.iter_mut().zip(lines) {
                if kept.covers(slot) {
                    slot.clone_from(kept);
                }
            }
        } else {
            let head = lines.iter().zip(actual_lines).take_while(covers).count();
            let tail = lines.iter().rev().zip(actual_lines.iter().rev());
            let tail = tail.take(shorter - head).take_while(covers).count();
            for (slot, kept) in aligned.iter_mut().zip(lines).take(head) {
                slot.clone_from(kept);
            }
            for (slot, kept) in aligned.iter_mut().rev().zip(lines.iter().rev()).take(tail) {
                slot.clone_from(kept);
            }
        }
        let ends_varying = matches!(aligned.last(), Some(Kept::Varying(_)));
        Stream::of(
            aligned,
            if ends_varying {
                *is_open
            } else {
                *is_actual_open
            },
        )
    }
}

/// In what way a value was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// The value of the expression on the line.
    Value,
    /// The value, afterwards, of what the statement names.
    After,
    /// An exception that the document announces there, and that passed the statement.
    Raised,
}

impl What {
    pub(super) const ALL: [What; 3] = [What::Value, What::After, What::Raised];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            What::Value => "value",
            What::After => "after",
            What::Raised => "raised",
        }
    }
}

/// What claims saw: by line of the block (from 1), in order of time.
pub type Seen = BTreeMap<(usize, What), Vec<Kept>>;

/// What one snippet did, as far as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Standard output.
    pub stdout: Stream,
    /// Standard error, without the underlining in tracebacks.
    pub stderr: Stream,
    /// What the claims of the block look at; no list is empty.
    pub seen: Seen,
    /// The exception that ended it: `TypeName: message`.
    pub exception: Option<Kept>,
}

/// A part of an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A line of standard output (from 0), or all of it where runs have not as many lines.
    Stdout(Option<usize>),
    /// The same of standard error.
    Stderr(Option<usize>),
    /// What was seen at a line of the block (from 1).
    Seen(usize),
    /// The exception that ended it.
    Exception,
}

impl Outcome {
    /// Puts what is kept here in the place of everything in `actual` that agrees with it, so that
    /// the two are equal where nothing differs. What was seen is left aside unless `with_seen`, and
    /// else where only one of the two has it: another claim makes no other outcome.
    pub(super) fn aligned(&self, actual: &Outcome, with_seen: bool) -> (Outcome, Outcome) {
        let mut kept_seen = Seen::new();
        let mut actual_seen = Seen::new();
        if with_seen {
            for (key, kept) in &self.seen {
                if let Some(actual) = actual.seen.get(key) {
                    kept_seen.insert(*key, kept.clone());
                    actual_seen.insert(*key, aligned_texts(kept, actual));
                }
            }
        }
        let exception = match (&self.exception, &actual.exception) {
            (Some(kept), Some(actual)) if kept.covers(actual) => Some(kept.clone()),
            (_, actual) => actual.clone(),
        };
        let kept = Outcome {
            seen: kept_seen,
            ..self.clone()
        };
        let actual = Outcome {
            stdout: self.stdout.aligned(&actual.stdout),
            stderr: self.stderr.aligned(&actual.stderr),
            seen: actual_seen,
            exception,
        };
        (kept, actual)
    }

    /// Whether `actual`, of the same code, is what is kept here.
    pub(super) fn covers(&self, actual: &Outcome) -> bool {
        let (kept, actual) = self.aligned(actual, true);
        kept == actual
    }

    /// `actual`, which agrees with it, as it is kept from now on: what was found to vary stays so.
    pub(super) fn renewed(&self, actual: &Outcome) -> Outcome {
        let seen = actual.seen.iter().map(|(key, texts)| {
            let kept = self.seen.get(key).unwrap_or(texts);
            (*key, kept.clone())
        });
        Outcome {
            seen: seen.collect(),
            ..self.clone()
        }
    }

    /// What several runs of the same code have in common.
    ///
    /// `vary` is asked of every part, with its text in the first run and whether the runs agree on
    /// it: why it is not to be kept. Where runs differ it must know a cause.
    pub fn common(runs: &[Outcome], vary: &dyn Fn(Part, &str, bool) -> Option<Cause>) -> Outcome {
        let Some((first, others)) = runs.split_first() else {
            return Outcome::default();
        };
        let stream = |of: fn(&Outcome) -> &Stream, part: fn(Option<usize>) -> Part| {
            let others: Vec<&Stream> = others.iter().map(of).collect();
            common_stream(of(first), &others, &|line, text, is_same| {
                vary(part(line), text, is_same)
            })
        };
        let seen = first.seen.iter().map(|(&(line, what), texts)| {
            let others: Vec<&[Kept]> = others
                .iter()
                .map(|run| run.seen.get(&(line, what)).map_or(&[][..], Vec::as_slice))
                .collect();
            let vary = |text: &str, is_same: bool| vary(Part::Seen(line), text, is_same);
            ((line, what), common_texts(texts, &others, &vary))
        });
        let exceptions: Vec<Option<&Kept>> =
            others.iter().map(|run| run.exception.as_ref()).collect();
        let exception = first.exception.as_ref().map(|exception| {
            common_text(exception, &exceptions, &|text, is_same| {
                vary(Part::Exception, text, is_same)
            })
        });
        Outcome {
            stdout: stream(|run| &run.stdout, Part::Stdout),
            stderr: stream(|run| &run.stderr, Part::Stderr),
            seen: seen.collect(),
            exception,
        }
    }

    /// How many parts are not kept, and why.
    pub fn not_kept(&self) -> (usize, BTreeSet<Cause>) {
        let lines = [&self.stdout, &self.stderr].into_iter().flat_map(|stream| {
            let (lines, whole) = match stream {
                Stream::Lines { lines, .. } => (lines.as_slice(), None),
                Stream::Varying(cause) => (&[][..], Some(*cause)),
            };
            lines.iter().filter_map(cause_of).chain(whole)
        });
        let seen = self.seen.values().flatten().chain(&self.exception);
        let causes: Vec<Cause> = lines.chain(seen.filter_map(cause_of)).collect();
        (causes.len(), causes.into_iter().collect())
    }
}

fn cause_of(kept: &Kept) -> Option<Cause> {
    match kept {
        Kept::Text(_) => None,
        Kept::Varying(cause) => Some(*cause),
    }
}

fn aligned_texts(kept: &[Kept], actual: &[Kept]) -> Vec<Kept> {
    match kept {
        [Kept::Varying(_)] => kept.to_vec(),
        _ if kept.len() != actual.len() => actual.to_vec(),
        _ => {
            let pairs = kept.iter().zip(actual);
            let aligned = |(kept, actual): (&Kept, &Kept)| {
                if kept.covers(actual) { kept } else { actual }.clone()
            };
            pairs.map(aligned).collect()
        }
    }
}

/// As in [`Outcome::common`], for the lines of one stream.
type VaryLine<'a> = &'a dyn Fn(Option<usize>, &str, bool) -> Option<Cause>;

fn common_stream(first: &Stream, others: &[&Stream], vary: VaryLine<'_>) -> Stream {
    let Stream::Lines { lines, is_open } = first else {
        return first.clone();
    };
    let mut columns: Vec<Vec<Option<&Kept>>> = vec![Vec::new(); lines.len()];
    for other in others {
        match other {
            Stream::Lines {
                lines: other_lines,
                is_open: is_other_open,
            } if other_lines.len() == lines.len() && is_other_open == is_open => {
                for (column, line) in columns.iter_mut().zip(other_lines) {
                    column.push(Some(line));
                }
            }
            _ => return Stream::Varying(vary(None, "", false).unwrap_or(Cause::Unknown)),
        }
    }
    let numbered = lines.iter().zip(&columns).enumerate();
    let common = numbered.map(|(index, (line, others))| {
        common_text(line, others, &|text, is_same| {
            vary(Some(index), text, is_same)
        })
    });
    Stream::of(common.collect(), *is_open)
}

fn common_texts(
    first: &[Kept],
    others: &[&[Kept]],
    vary: &dyn Fn(&str, bool) -> Option<Cause>,
) -> Vec<Kept> {
    if others.iter().any(|other| other.len() != first.len()) {
        let cause = vary("", false).unwrap_or(Cause::Unknown);
        return vec![Kept::Varying(cause)];
    }
    let numbered = first.iter().enumerate();
    let common = numbered.map(|(index, text)| {
        let others: Vec<Option<&Kept>> = others.iter().map(|other| other.get(index)).collect();
        common_text(text, &others, vary)
    });
    common.collect()
}

/// The text as it is in every run; else as it is with known noise masked; else that it varies.
fn common_text(
    first: &Kept,
    others: &[Option<&Kept>],
    vary: &dyn Fn(&str, bool) -> Option<Cause>,
) -> Kept {
    let Kept::Text(text) = first else {
        return first.clone();
    };
    if others.iter().all(|other| *other == Some(first)) {
        return vary(text, true).map_or_else(|| first.clone(), Kept::Varying);
    }
    let masked = mask::when_varying(text);
    let is_masked_away = others.iter().all(|other| match other {
        Some(Kept::Text(other)) => mask::when_varying(other) == masked,
        _ => false,
    });
    match is_masked_away {
        true => Kept::Text(masked),
        false => Kept::Varying(vary(text, false).unwrap_or(Cause::Unknown)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(stdout: &str) -> Outcome {
        Outcome {
            stdout: Stream::of_text(stdout),
            ..Outcome::default()
        }
    }

    fn lines(outcome: &Outcome) -> Vec<String> {
        let Stream::Lines { lines, .. } = &outcome.stdout else {
            return vec!["~~".to_owned()];
        };
        let shown = |kept: &Kept| match kept {
            Kept::Text(text) => text.clone(),
            Kept::Varying(cause) => format!("~{cause}"),
        };
        lines.iter().map(shown).collect()
    }

    fn common(runs: &[&str]) -> Outcome {
        let runs: Vec<Outcome> = runs.iter().map(|run| outcome(run)).collect();
        Outcome::common(&runs, &|_, _, is_same| (!is_same).then_some(Cause::Clock))
    }

    #[test]
    fn only_what_every_run_says_is_kept() {
        let kept = common(&["a\n1\nb", "a\n2\nb", "a\n1\nb"]);
        assert_eq!(lines(&kept), ["a", "~clock", "b"]);
        assert_eq!(kept.not_kept(), (1, BTreeSet::from([Cause::Clock])));
        assert_eq!(lines(&common(&["a\nb\n", "a\n"])), ["~~"]);
        let kept = common(&["took 1.2 ms\n", "took 0.9 ms\n"]);
        assert_eq!(lines(&kept), ["took ‹duration›"]);
    }

    #[test]
    fn what_is_kept_covers_every_run_it_came_from_and_no_other() {
        let runs = ["a\n1\ntook 3 ms\n", "a\n2\ntook 4 ms\n"];
        let kept = common(&runs);
        for run in runs {
            assert!(kept.covers(&outcome(run)), "{run}");
        }
        assert!(kept.covers(&outcome("a\nanything\ntook 77 s\n")));
        for run in [
            "a\n1\n",
            "b\n1\ntook 3 ms\n",
            "a\n1\ntook long\n",
            "a\n1\ntook 3 ms",
        ] {
            assert!(!kept.covers(&outcome(run)), "{run}");
        }
    }

    #[test]
    fn what_was_found_to_vary_stays_so_when_it_happens_not_to() {
        let kept = common(&["1\n", "2\n"]);
        let fresh = common(&["1\n", "1\n"]);
        assert!(kept.covers(&fresh) && !fresh.covers(&kept));
        assert_eq!(kept.renewed(&fresh), kept);
    }

    #[test]
    fn what_only_one_of_two_looked_at_is_no_difference() {
        let mut more = outcome("a\n");
        more.seen
            .insert((1, What::Value), vec![Kept::Text("1".into())]);
        assert!(more.covers(&outcome("a\n")) && outcome("a\n").covers(&more));
        let mut other = more.clone();
        other
            .seen
            .insert((1, What::Value), vec![Kept::Text("2".into())]);
        assert!(!more.covers(&other));
        assert_eq!(outcome("a\n").renewed(&more), more);
    }
}
