//! A document with its edits made, read and judged again by what its blocks did before.
//!
//! In go a [`State`] and edits, out comes the next state: the new document's plan, and the runs with
//! the lines of the new document. Edits change comments, outputs and prose only, so the blocks would
//! do the same again; whether the text reads so is what [`super::trial`] checks.

use std::collections::HashSet;

use super::{Edit, Runs, State, applied};
use crate::block::BlockId;
use crate::document::Document;
use crate::observation::{Exception, Observation};
use crate::plan;
use crate::text::{LineIndex, LineNumber};

/// Where places of the old document are in the new one.
pub(super) struct Shift {
    /// Ends of edits in the old document, and by how many bytes everything behind them moves.
    moves: Vec<(usize, isize)>,
    old: LineIndex,
    new: LineIndex,
}

impl Shift {
    /// The shift that `edits` make; they are sorted and do not overlap.
    fn new(old: &Document, new: &Document, edits: &[Edit]) -> Self {
        let mut by = 0_isize;
        let moves = edits.iter().map(|edit| {
            by += edit.text.len().cast_signed() - edit.span.len().cast_signed();
            (edit.span.end, by)
        });
        Shift {
            moves: moves.collect(),
            old: old.index.clone(),
            new: new.index.clone(),
        }
    }

    /// The place in the new document of the byte at `offset` of the old one.
    pub(super) fn offset(&self, offset: usize) -> usize {
        let before = self.moves.partition_point(|(end, _)| *end <= offset);
        let by = before
            .checked_sub(1)
            .and_then(|at| self.moves.get(at))
            .map_or(0, |(_, by)| *by);
        offset.saturating_add_signed(by)
    }

    /// The place in the new document of a value that began at `offset`, with what was put in before its
    /// first byte.
    pub(super) fn start(&self, offset: usize) -> usize {
        match offset.checked_sub(1) {
            Some(before) => self.offset(before) + 1,
            None => 0,
        }
    }

    /// How many lines the old document has.
    pub(super) fn line_count(&self) -> usize {
        self.old.line_count()
    }

    /// The line of the new document that holds what began on `line` of the old one.
    pub(super) fn line(&self, line: LineNumber) -> LineNumber {
        let start = self.old.full_line_span(line).start;
        self.new.line(self.offset(start))
    }
}

/// The state after `edits`, which are sorted and do not overlap. Where the document then has other
/// Python blocks: the index of the first that differs.
pub(super) fn replay(
    state: &State,
    edits: &[Edit],
    options: &plan::Options,
) -> Result<(State, Shift), usize> {
    let old = &state.plan.document;
    let mut document = Document::new(old.path.clone(), applied(&old.text, edits));
    document.has_bom = old.has_bom;
    let shift = Shift::new(old, &document, edits);
    let mut plan = plan::plan(document, options);
    let ids: Vec<_> = plan.cases.iter().map(|case| &case.block.id).collect();
    if !ids.iter().copied().eq(&state.ids) {
        let same = ids
            .iter()
            .zip(&state.ids)
            .take_while(|(new, old)| **new == *old);
        return Err(same.count());
    }
    let mut wanted = state.places.iter().peekable();
    let mut at = 0;
    plan.cases.retain(|_| {
        let is_wanted = wanted.next_if(|place| **place == at).is_some();
        at += 1;
        is_wanted
    });
    let prose: HashSet<_> = old_prose(state).collect();
    plan.prose.retain(|case| prose.contains(&case.block.id));
    let moved = |observation: &Observation| moved(observation, &shift);
    let runs = state.runs.iter().map(|runs| Runs {
        first: moved(&runs.first),
        again: runs.again.iter().map(moved).collect(),
    });
    let next = State {
        runs: runs.collect(),
        ids: state.ids.clone(),
        places: state.places.clone(),
        plan,
    };
    Ok((next, shift))
}

/// The names of the sentences that are meant.
fn old_prose(state: &State) -> impl Iterator<Item = &BlockId> {
    state.plan.prose.iter().map(|case| &case.block.id)
}

/// The observation as a run of the new document would have given it.
fn moved(observation: &Observation, shift: &Shift) -> Observation {
    let mut moved = observation.clone();
    let exception = |exception: &mut Exception| {
        for line in &mut exception.lines {
            *line = shift.line(*line);
        }
    };
    for emission in &mut moved.emissions {
        emission.line = emission.line.map(|line| shift.line(line));
        emission.statement = emission.statement.map(|line| shift.line(line));
    }
    for computed in &mut moved.computed {
        computed.line = shift.line(computed.line);
    }
    for raised in &mut moved.raised {
        raised.line = shift.line(raised.line);
        exception(&mut raised.exception);
    }
    for line in &mut moved.reached {
        *line = shift.line(*line);
    }
    moved.exception.iter_mut().for_each(exception);
    moved
}
