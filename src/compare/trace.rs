//! What an observation says about one statement, found by line.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::observation::{Computed, Ending, Exception, Observation, Stream};
use crate::text::LineNumber;

/// How far back the beginning of an open line is looked for, in bytes.
const OPEN_LINE_MAX: usize = 4096;

/// An observation, indexed by document line.
pub(super) struct Trace<'o> {
    /// The observation.
    pub observation: &'o Observation,
    by_line: BTreeMap<LineNumber, Vec<usize>>,
    by_statement: HashMap<LineNumber, Vec<usize>>,
    values: HashMap<LineNumber, Vec<&'o Computed>>,
    raised: HashMap<LineNumber, Vec<&'o Exception>>,
    reached: HashSet<LineNumber>,
}

/// What one statement did.
#[derive(Default)]
pub(super) struct Seen<'o> {
    /// What it wrote to standard output, one piece a write.
    pub printed: Vec<&'o str>,
    /// What stood before that on its first line, by statements that left the line open.
    pub open_line: String,
    /// What was written while it ran, by it or by what it called; only of a top-level statement.
    pub during: String,
    /// What it wrote to standard error.
    pub stderr: String,
    /// The values of the expression itself, each time it ran.
    pub values: Vec<&'o Computed>,
    /// The values of its subject afterwards.
    pub subjects: Vec<&'o Computed>,
    /// The exceptions that passed through it, in order.
    pub raised: Vec<&'o Exception>,
    /// How far it got.
    pub progress: Progress,
}

/// How far a statement got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Progress {
    /// Nothing shows that it was begun.
    #[default]
    NotReached,
    /// It was begun, and the run ended in it.
    Begun,
    /// It ran, to its end or to an exception that did not end the run.
    Done,
}

impl<'o> Trace<'o> {
    pub(super) fn new(observation: &'o Observation) -> Self {
        let mut trace = Trace {
            observation,
            by_line: BTreeMap::new(),
            by_statement: HashMap::new(),
            values: HashMap::new(),
            raised: HashMap::new(),
            reached: observation.reached.iter().copied().collect(),
        };
        for (index, emission) in observation.emissions.iter().enumerate() {
            if let Some(line) = emission.line {
                trace.by_line.entry(line).or_default().push(index);
            }
            if let Some(line) = emission.statement {
                trace.by_statement.entry(line).or_default().push(index);
            }
        }
        for computed in &observation.computed {
            trace
                .values
                .entry(computed.line)
                .or_default()
                .push(computed);
        }
        for raised in &observation.raised {
            trace
                .raised
                .entry(raised.line)
                .or_default()
                .push(&raised.exception);
        }
        trace
    }

    /// What the statement from `first` to `last` did.
    ///
    /// Text that no line of it wrote is its own where it is a top-level statement that called what wrote it.
    pub(super) fn statement(&self, first: LineNumber, last: LineNumber) -> Seen<'o> {
        let mut indices: Vec<usize> = self
            .by_line
            .range(first..=last.max(first))
            .flat_map(|(_, indices)| indices.iter().copied())
            .collect();
        indices.sort_unstable();
        let is_top_level = self.reached.contains(&first);
        if indices.is_empty() && is_top_level {
            indices = self.by_statement.get(&first).cloned().unwrap_or_default();
        }
        let mut seen = self.seen(&indices);
        seen.open_line = self.open_line(indices.first().copied());
        if is_top_level && let Some(during) = self.by_statement.get(&first) {
            seen.during = self.seen(during).printed.concat();
        }
        self.add_values(&mut seen, first);
        self.add_exceptions(&mut seen, first, last);
        let has_run = !seen.printed.is_empty()
            || !seen.values.is_empty()
            || !seen.subjects.is_empty()
            || !seen.raised.is_empty();
        seen.progress = match is_top_level || has_run {
            true if self.is_last_begun(first) || self.ended_at(first, last) => Progress::Begun,
            true => Progress::Done,
            false => Progress::NotReached,
        };
        seen
    }

    /// What was written to standard output since the last line end before the emission `index`.
    fn open_line(&self, index: Option<usize>) -> String {
        let mut pieces: Vec<&str> = Vec::new();
        let mut len = 0;
        let before = index.and_then(|index| self.observation.emissions.get(..index));
        for emission in before.unwrap_or_default().iter().rev() {
            if emission.stream != Stream::Stdout || len > OPEN_LINE_MAX {
                break;
            }
            let text = emission.text.as_str();
            let open = text.rfind('\n').map_or(text, |end| &text[end + 1..]);
            pieces.push(open);
            len += open.len();
            if open.len() < text.len() {
                break;
            }
        }
        pieces.reverse();
        pieces.concat()
    }

    /// What was printed until the statement from `first` to `last` had written its last: at least so
    /// many lines, if there are.
    pub(super) fn output_until(&self, first: LineNumber, last: LineNumber, lines: usize) -> String {
        let by_line = self.by_line.range(first..=last.max(first));
        let end = by_line
            .filter_map(|(_, indices)| indices.last())
            .chain(self.by_statement.get(&first).and_then(|all| all.last()))
            .max();
        let emissions = end.and_then(|end| self.observation.emissions.get(..=*end));
        let mut found = Vec::new();
        let mut line_ends = 0;
        for emission in emissions.unwrap_or_default().iter().rev() {
            if line_ends > lines {
                break;
            }
            if emission.stream == Stream::Stdout {
                line_ends += emission.text.matches('\n').count();
                found.push(emission.text.as_str());
            }
        }
        found.into_iter().rev().collect()
    }

    /// Whether the run got as far as it was going to.
    pub(super) fn is_whole(&self) -> bool {
        matches!(
            self.observation.ending,
            Ending::Finished | Ending::Exited { .. }
        )
    }

    /// What the example of a session that begins on `first` showed.
    pub(super) fn example(&self, first: LineNumber, last: LineNumber) -> Seen<'o> {
        let mut seen = self.statement(first, last);
        if let Some(indices) = self.by_statement.get(&first) {
            let shown = self.seen(indices);
            seen.printed = shown.printed;
            seen.stderr = shown.stderr;
        }
        seen
    }

    fn seen(&self, indices: &[usize]) -> Seen<'o> {
        let mut seen = Seen::default();
        for emission in indices
            .iter()
            .filter_map(|&index| self.observation.emissions.get(index))
        {
            match emission.stream {
                Stream::Stdout => seen.printed.push(&emission.text),
                Stream::Stderr => seen.stderr.push_str(&emission.text),
            }
        }
        seen
    }

    fn add_values(&self, seen: &mut Seen<'o>, first: LineNumber) {
        for computed in self.values.get(&first).into_iter().flatten() {
            match computed.is_subject {
                true => seen.subjects.push(computed),
                false => seen.values.push(computed),
            }
        }
    }

    fn add_exceptions(&self, seen: &mut Seen<'o>, first: LineNumber, last: LineNumber) {
        for line in first.get()..=last.max(first).get() {
            let raised = self.raised.get(&LineNumber::new(line));
            seen.raised.extend(raised.into_iter().flatten());
        }
        if let Some(exception) = self.ending_exception_at(first, last)
            && !seen.raised.contains(&exception)
        {
            seen.raised.push(exception);
        }
    }

    /// The exception that ended the run, if it passed through these lines.
    fn ending_exception_at(&self, first: LineNumber, last: LineNumber) -> Option<&'o Exception> {
        let exception = self.observation.exception.as_ref()?;
        let passed = exception
            .lines
            .iter()
            .any(|line| (first..=last.max(first)).contains(line));
        passed.then_some(exception)
    }

    fn ended_at(&self, first: LineNumber, last: LineNumber) -> bool {
        self.observation.ending == Ending::Raised && self.ending_exception_at(first, last).is_some()
    }

    /// Whether the run ended in the top-level statement on `first` without reaching its end.
    fn is_last_begun(&self, first: LineNumber) -> bool {
        let is_whole = match self.observation.ending {
            Ending::Finished => true,
            Ending::Exited { is_early, .. } => !is_early,
            _ => false,
        };
        !is_whole && self.observation.reached.last() == Some(&first)
    }
}
