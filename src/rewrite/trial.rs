//! Tries proposals together and keeps those whose claims then hold, and nothing else has changed.
//!
//! In go a state and its proposals, out comes the state with all of them that stood the trial. A
//! proposal that did not stand it goes on to its next candidate; when it has none left, its place
//! stays as it is.

use std::collections::{HashMap, HashSet};

use super::proposal::Candidate;
use super::replay::{Shift, replay};
use super::{Edit, Runs, State};
use crate::claim::{Claim, Evidence};
use crate::compare::{self, ClaimVerdict};
use crate::plan::{self, Case, SnippetKind};
use crate::syntax::{StatementKind, syntax};

/// How often proposals are tried; each time all that failed go on to their next candidates.
const ROUNDS: usize = 24;

/// A change that is wanted in one case.
pub(super) struct Proposal {
    /// Index of the case in the state.
    pub case: usize,
    /// Where the value stands, or will stand: where its claim is found afterwards.
    pub start: usize,
    /// The claim that is to hold; `None` where there is none yet.
    pub claim: Option<Evidence>,
    /// The ways to do it.
    pub candidates: Vec<Candidate>,
    /// Index of the candidate that is tried.
    pub at: usize,
}

impl Proposal {
    fn candidate(&self) -> Option<&Candidate> {
        self.candidates.get(self.at)
    }

    /// The edits of the candidate that is tried, or was taken; `None` where none was.
    pub(super) fn edits(&self) -> Option<&[Edit]> {
        self.candidate().map(|one| one.edits.as_slice())
    }
}

/// The state with what could be done of `proposals`, and how to find places in it; `None` where
/// nothing could.
pub(super) fn trial(
    state: &State,
    proposals: &mut [Proposal],
    options: &plan::Options,
) -> Option<(State, Shift)> {
    for _ in 0..ROUNDS {
        let edits = edits(proposals);
        if edits.is_empty() {
            return None;
        }
        let failed = match replay(state, &edits, options) {
            Ok((next, shift)) => {
                let failed = failed(state, &next, &shift, proposals);
                if failed.is_empty() {
                    return Some((next, shift));
                }
                failed
            }
            Err(block) => vec![last_before(state, proposals, block)?],
        };
        for index in failed {
            if let Some(proposal) = proposals.get_mut(index) {
                proposal.at += 1;
            }
        }
    }
    // What is left is not worth a risk.
    proposals.iter_mut().for_each(|one| one.at = usize::MAX);
    None
}

/// The open proposals' edits, sorted; of two that overlap the first is done.
fn edits(proposals: &mut [Proposal]) -> Vec<Edit> {
    let mut order: Vec<usize> = (0..proposals.len()).collect();
    let first_start = |proposal: &Proposal| {
        let edits = proposal.candidate().map(|one| one.edits.as_slice());
        edits
            .and_then(|edits| edits.first())
            .map(|edit| edit.span.start)
    };
    order.sort_by_key(|index| proposals.get(*index).and_then(first_start));
    let mut edits: Vec<Edit> = Vec::new();
    for index in order {
        let Some(proposal) = proposals.get_mut(index) else {
            continue;
        };
        let Some(candidate) = proposal.candidate() else {
            continue;
        };
        let end = edits.last().map_or(0, |edit| edit.span.end);
        let is_free = candidate
            .edits
            .first()
            .is_some_and(|edit| edits.is_empty() || edit.span.start >= end);
        if is_free {
            edits.extend(candidate.edits.iter().cloned());
        } else {
            proposal.at = usize::MAX;
        }
    }
    edits
}

/// The last open proposal before or in the block `place`: it made the blocks from there on others.
fn last_before(state: &State, proposals: &[Proposal], place: usize) -> Option<usize> {
    let is_before = |one: &Proposal| {
        let own = state.places.get(one.case);
        own.is_some_and(|own| *own <= place)
    };
    last_open(proposals, is_before).or_else(|| last_open(proposals, |_| true))
}

/// The open proposal that stands furthest down among those that `may_be` it.
fn last_open(proposals: &[Proposal], may_be: impl Fn(&Proposal) -> bool) -> Option<usize> {
    let open = proposals
        .iter()
        .enumerate()
        .filter_map(|(index, one)| Some((one.edits()?.first()?.span.start, index, one)));
    let wanted = open.filter(|(_, _, one)| may_be(one));
    wanted
        .max_by_key(|(start, _, _)| *start)
        .map(|(_, index, _)| index)
}

/// The open proposals that did not stand the trial.
fn failed(state: &State, next: &State, shift: &Shift, proposals: &[Proposal]) -> Vec<usize> {
    let mut by_case: HashMap<usize, Vec<usize>> = HashMap::new();
    for (index, proposal) in proposals.iter().enumerate() {
        if proposal.candidate().is_some() {
            by_case.entry(proposal.case).or_default().push(index);
        }
    }
    let mut failed = Vec::new();
    let after: Vec<&Case> = next.plan.all_cases().collect();
    for (at, old) in state.plan.all_cases().enumerate() {
        let own = by_case.remove(&at).unwrap_or_default();
        let tried: Vec<(usize, &Proposal)> = own
            .iter()
            .filter_map(|index| Some((*index, proposals.get(*index)?)))
            .collect();
        let new = after.get(at).copied();
        let wrong = match new.zip(next.runs.get(at)) {
            Some((new, runs)) => not_held(new, runs, shift, &tried),
            None => Vec::new(),
        };
        let is_as_before = || new.is_some_and(|new| is_as_before(old, new, shift, &tried));
        if wrong.is_empty() && !is_as_before() {
            let end = old.block.span.end;
            let above = |one: &Proposal| {
                one.edits()
                    .is_some_and(|edits| edits.first().is_some_and(|edit| edit.span.start <= end))
            };
            let culprit = tried.last().map(|(index, _)| *index);
            let culprit = culprit.or_else(|| last_open(proposals, above));
            failed.extend(culprit.or_else(|| last_open(proposals, |_| true)));
            // The cases behind it may be others for the same cause.
            break;
        }
        failed.extend(wrong);
    }
    failed.sort_unstable();
    failed.dedup();
    failed
}

/// Of the proposals of a case those whose claims do not hold now.
fn not_held(case: &Case, runs: &Runs, shift: &Shift, tried: &[(usize, &Proposal)]) -> Vec<usize> {
    if tried.is_empty() {
        return Vec::new();
    }
    let verdict = compare::compare_repeated(case, &runs.first, &runs.again);
    let held = verdict
        .claims
        .iter()
        .filter(|judged| judged.verdict == ClaimVerdict::Held);
    let held: HashMap<usize, Evidence> = held
        .map(|judged| (judged.claim.span.start, judged.claim.evidence))
        .collect();
    let holds = |proposal: &Proposal| {
        let start = match proposal.claim {
            Some(_) => shift.start(proposal.start),
            None => added_start(proposal, shift),
        };
        let may_weaken = proposal.candidate().is_some_and(|one| one.may_weaken);
        let least = proposal.claim.unwrap_or(Evidence::Plain);
        held.get(&start)
            .is_some_and(|evidence| may_weaken || *evidence <= least)
    };
    let wrong = tried.iter().filter(|(_, proposal)| !holds(proposal));
    wrong.map(|(index, _)| *index).collect()
}

/// Where the value of an added comment begins: `start` counts from where the comment is put in.
fn added_start(proposal: &Proposal, shift: &Shift) -> usize {
    let edit = proposal.candidate().and_then(|one| one.edits.first());
    edit.map_or(0, |edit| {
        shift.offset(edit.span.end) - edit.text.len() + proposal.start
    })
}

/// Whether nothing but the tried claims has changed in a case.
fn is_as_before(old: &Case, new: &Case, shift: &Shift, tried: &[(usize, &Proposal)]) -> bool {
    let added = tried.iter().filter(|(_, one)| one.claim.is_none()).count();
    let starts: HashSet<usize> = tried
        .iter()
        .filter(|(_, one)| one.claim.is_some())
        .map(|(_, one)| one.start)
        .collect();
    let is_tried = |claim: &Claim| starts.contains(&claim.span.start);
    let found: HashMap<usize, &Claim> = new
        .claims
        .iter()
        .map(|claim| (claim.span.start, claim))
        .collect();
    let stays = |claim: &Claim| {
        found
            .get(&shift.start(claim.span.start))
            .is_some_and(|new| {
                new.kind == claim.kind && (is_tried(claim) || new.text == claim.text)
            })
    };
    let is_untouched = !tried.is_empty() || old.block.code == new.block.code;
    is_untouched
        && old.kind == new.kind
        && old.context == new.context
        && old.static_reason == new.static_reason
        && old.claims.len() + added == new.claims.len()
        && old.notes.len() == new.notes.len()
        && old.claims.iter().all(stays)
        && (tried.is_empty() || has_same_code(old, new))
}

/// Whether both blocks hold the same statements, strings that stand alone left aside.
fn has_same_code(old: &Case, new: &Case) -> bool {
    if old.block.code == new.block.code || old.kind == SnippetKind::Session {
        return true;
    }
    let (before, after) = (syntax(&old.block.code), syntax(&new.block.code));
    let statements = before.statements.iter().zip(&after.statements);
    before.statements.len() == after.statements.len()
        && before.errors.len() == after.errors.len()
        && statements.into_iter().all(|(one, other)| {
            let is_string = before.strings.binary_search(&one.span).is_ok();
            let is_compound = matches!(
                one.kind,
                StatementKind::Compound | StatementKind::Definition
            );
            let code = |case: &'_ Case, span: crate::text::Span| {
                case.block.code.get(span.range()).map(str::to_owned)
            };
            one.kind == other.kind
                && one.nesting == other.nesting
                // A body may hold comments; its statements are compared by themselves.
                && (is_string || is_compound || code(old, one.span) == code(new, other.span))
        })
}
