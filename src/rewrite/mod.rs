//! Writes into a document what is true: broken values replaced, missing ones added. Pure.
//!
//! In goes a [`State`] (a plan and what its blocks did), out comes a [`Rewriting`] with the new text.
//! `proposal` says what may be written for one broken claim, `addition` what for a bare print; `value`,
//! `lines` and `wording` keep the style that stands there, `place` the bytes around it; `trial` has the
//! new document read and judged again by the same runs. What does not hold then, or changes anything
//! else, is not written.

mod addition;
mod lines;
mod place;
mod proposal;
mod replay;
mod trial;
mod value;
mod wording;

use std::fmt;

use crate::block::BlockId;
use crate::compare::{self, ClaimVerdict, Verdict};
use crate::observation::Observation;
use crate::plan::{self, DocumentPlan};
use crate::text::{LineNumber, Span};

pub use addition::may_add;
use replay::Shift;
use trial::Proposal;

/// How often the document is gone through: a comment set right may show what others are meant to say.
const PASSES: usize = 4;

/// A change of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Edit {
    /// The bytes that go; empty where something is only put in.
    span: Span,
    /// What comes in their place.
    text: String,
}

impl Edit {
    fn new(span: Span, text: &str) -> Self {
        Edit {
            span,
            text: text.to_owned(),
        }
    }
}

/// `text` with `edits`, which are sorted and do not overlap, made.
fn applied(text: &str, edits: &[Edit]) -> String {
    let mut written = String::with_capacity(text.len());
    let mut copied = 0;
    for edit in edits {
        written.push_str(text.get(copied..edit.span.start).unwrap_or_default());
        written.push_str(&edit.text);
        copied = edit.span.end;
    }
    written.push_str(text.get(copied..).unwrap_or_default());
    written
}

/// What one case did.
#[derive(Clone, Debug)]
pub struct Runs {
    /// In the first run.
    pub first: Observation,
    /// In further runs, under other hash seeds.
    pub again: Vec<Observation>,
}

/// A document whose blocks have run.
#[derive(Clone, Debug)]
pub struct State {
    /// Its plan; cases that are not meant may be left out.
    pub plan: DocumentPlan,
    /// What each case of the plan did, those of sentences last.
    pub runs: Vec<Runs>,
    /// For each block of the plan its index among all Python blocks of the document; ascending.
    pub places: Vec<usize>,
    /// The ids of all Python blocks of the document.
    pub ids: Vec<BlockId>,
}

impl State {
    /// The verdict on each case of the plan.
    pub fn judged(&self) -> Vec<Verdict> {
        let cases = self.plan.all_cases().zip(&self.runs);
        cases
            .map(|(case, runs)| compare::compare_repeated(case, &runs.first, &runs.again))
            .collect()
    }
}

/// Whether bare prints get comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adding {
    /// They do.
    Comments,
    /// They stay bare.
    Nothing,
}

/// Why a broken value was left as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is not decided that it is broken.
    Undecided,
    /// It stands where its meaning is not plain.
    Weak,
    /// The block was not run again.
    SeenOnce,
    /// The block did not run to its end.
    DidNotEnd,
    /// There is nothing that could stand there.
    NothingShown,
    /// The document announces an exception and nothing is raised.
    NothingRaised,
    /// The document has a value and an exception is raised.
    Raised,
    /// It may be about what was printed, or about a value.
    Ambiguous,
    /// What is shown takes several lines, and there is one.
    SeveralLines,
    /// It would be too long.
    TooLong,
    /// It holds what a document should not, or what Markdown would take for its own.
    ForeignCharacters,
    /// It names something of this machine.
    OfThisMachine,
    /// The lines that `...` stands for cannot be told any more.
    LeftOutLines,
    /// The place of the value is not known exactly.
    NoPlace,
    /// What was written would be read otherwise.
    NotReadBack,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::Undecided => "it could not be decided",
            Reason::Weak => "it is not plain that it is meant as a value",
            Reason::SeenOnce => "its block could not be run a second time",
            Reason::DidNotEnd => "its block did not run to its end",
            Reason::NothingShown => "there is nothing to write: nothing was printed",
            Reason::NothingRaised => "an exception is announced and nothing is raised",
            Reason::Raised => "an exception is raised in place of the value",
            Reason::Ambiguous => "it may be about what was printed, or about a value",
            Reason::SeveralLines => "the output takes several lines",
            Reason::TooLong => "what Python showed is too long to stand here",
            Reason::ForeignCharacters => "what Python showed does not belong into Markdown",
            Reason::OfThisMachine => "what Python showed names a file of this run",
            Reason::LeftOutLines => "what `...` leaves out cannot be told any more",
            Reason::NoPlace => "the exact place of the value is not known",
            Reason::NotReadBack => "written here, it would be read otherwise",
        })
    }
}

/// A broken value that stays as it is.
#[derive(Clone, Debug)]
pub struct Left {
    /// Its line in the rewritten document.
    pub line: LineNumber,
    /// What the document says.
    pub expected: String,
    /// What Python did.
    pub actual: Option<String>,
    /// Why it stays.
    pub reason: Reason,
}

/// What became of a document.
pub struct Rewriting {
    /// The document as it is to be, with the runs moved to its lines.
    pub state: State,
    /// How many values were replaced.
    pub replaced: usize,
    /// How many comments were added.
    pub added: usize,
    /// How many replaced values have words of the author behind them.
    pub remarked: usize,
    /// The broken values that stay.
    pub left: Vec<Left>,
    shifts: Vec<Shift>,
}

impl Rewriting {
    /// The line of the document as it was that is now `line`.
    pub fn line_before(&self, line: LineNumber) -> LineNumber {
        let now = |before: usize| {
            let before = LineNumber::new(before);
            self.shifts
                .iter()
                .fold(before, |line, shift| shift.line(line))
        };
        let (mut low, mut high) = (1, line.get().max(self.line_count()));
        while low < high {
            let middle = low + (high - low) / 2;
            match now(middle) < line {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        LineNumber::new(low)
    }

    fn line_count(&self) -> usize {
        self.shifts.first().map_or(1, Shift::line_count)
    }
}

/// Replaces the broken values of `state`, and adds what is wanted.
pub fn rewrite(state: State, options: &plan::Options, adding: Adding) -> Rewriting {
    let mut rewriting = Rewriting {
        state,
        replaced: 0,
        added: 0,
        remarked: 0,
        left: Vec::new(),
        shifts: Vec::new(),
    };
    for _ in 0..PASSES {
        let proposals = proposals(&rewriting.state);
        if !rewriting.take(proposals, options) {
            break;
        }
    }
    if adding == Adding::Comments {
        let additions = addition::additions(&rewriting.state);
        rewriting.take(additions, options);
    }
    rewriting.left = left(&rewriting.state);
    rewriting
}

impl Rewriting {
    /// Goes on to the state with what could be done of `proposals`; says whether anything was done.
    fn take(&mut self, mut proposals: Vec<Proposal>, options: &plan::Options) -> bool {
        let Some((state, shift)) = trial::trial(&self.state, &mut proposals, options) else {
            return false;
        };
        let document = &self.state.plan.document;
        for done in &proposals {
            let Some(edits) = done.edits() else { continue };
            match done.claim {
                Some(_) => self.replaced += 1,
                None => self.added += 1,
            }
            let behind = edits.last().map(|edit| {
                let line = document.line_span(document.index.line(edit.span.end));
                document
                    .text
                    .get(edit.span.end..line.end)
                    .unwrap_or_default()
            });
            // A sentence goes on in any case.
            let has_words = behind
                .is_some_and(|text| !text.starts_with('`') && text.contains(char::is_alphabetic));
            self.remarked += usize::from(has_words && done.claim.is_some());
        }
        self.state = state;
        self.shifts.push(shift);
        true
    }
}

/// What may be written for each broken claim.
fn proposals(state: &State) -> Vec<Proposal> {
    let verdicts = state.judged();
    let cases = verdicts.iter().zip(&state.runs).enumerate();
    let mut proposals = Vec::new();
    for (case, (verdict, runs)) in cases {
        for judged in broken(verdict) {
            let Ok(candidates) = proposal::candidates(&state.plan.document, judged, runs) else {
                continue;
            };
            proposals.push(Proposal {
                case,
                start: judged.claim.span.start,
                claim: Some(judged.claim.evidence),
                candidates,
                at: 0,
            });
        }
    }
    proposals
}

fn broken(verdict: &Verdict) -> impl Iterator<Item = &compare::JudgedClaim> {
    let claims = verdict.claims.iter();
    claims.filter(|judged| judged.verdict == ClaimVerdict::Broken)
}

/// The broken claims that stay, and why.
fn left(state: &State) -> Vec<Left> {
    let document = &state.plan.document;
    let verdicts = state.judged();
    let mut left = Vec::new();
    for (verdict, runs) in verdicts.iter().zip(&state.runs) {
        for judged in broken(verdict) {
            let reason = proposal::candidates(document, judged, runs).err();
            left.push(Left {
                line: document.index.line(judged.claim.span.start),
                expected: judged.expected.clone(),
                actual: judged.actual.clone(),
                reason: reason.unwrap_or(Reason::NotReadBack),
            });
        }
    }
    left
}
