//! A second look at what is about to be called broken, or held by luck: the same blocks run again under
//! other hash seeds.
//!
//! In go the plans and what the first run did, out comes what the blocks with such claims did then.
//! Another run has another hash seed, clock, address layout and random state; a claim that only some
//! runs contradict is neither broken nor held but not repeatable, which `compare` decides.

use std::collections::HashMap;

use crate::compare::{self, ClaimVerdict, JudgedClaim};
use crate::observation::Observation;
use crate::plan::{Case, DocumentPlan};
use crate::run::{self, RunError, RunOptions, RunOutcome};

/// The seeds of the further runs, each only for what all runs before have contradicted.
///
/// Two strings in a set change places under half of all seeds, so one more run would often miss it.
const HASH_SEEDS: [u32; 4] = [1, 2, 3, 4];

/// Blocks that take longer than this, in milliseconds of wall time, are run once more and not oftener.
const PATIENCE_MS: f64 = 500.0;

/// What blocks did in further runs, by document and case.
pub(super) type Again = HashMap<(usize, usize), Vec<Observation>>;

/// Runs the cases with claims in doubt again.
pub(super) fn look_again(
    plans: &[DocumentPlan],
    outcome: &RunOutcome,
    options: &RunOptions,
) -> Result<Again, RunError> {
    let mut again = Again::new();
    for (round, hash_seed) in HASH_SEEDS.into_iter().enumerate() {
        let doubted = doubted(plans, outcome, &again, round);
        if doubted.is_empty() {
            break;
        }
        run_once_more(plans, doubted, hash_seed, options, &mut again)?;
    }
    Ok(again)
}

/// Runs the cases that `is_wanted` names under all further hash seeds, slow ones under one, unless that
/// was done.
pub(super) fn run_until_sure(
    plans: &[DocumentPlan],
    outcome: &RunOutcome,
    options: &RunOptions,
    is_wanted: impl Fn(&DocumentPlan, usize, &Observation) -> bool,
    again: &mut Again,
) -> Result<(), RunError> {
    for (round, hash_seed) in HASH_SEEDS.into_iter().enumerate() {
        let documents = plans.iter().zip(&outcome.observations).enumerate();
        let mut wanted: Vec<(usize, Vec<usize>)> = Vec::new();
        for (document, (plan, observations)) in documents {
            let cases = observations.iter().enumerate().filter(|(case, first)| {
                let done = again.get(&(document, *case)).map_or(0, Vec::len);
                let is_due = done == round && (round < 2 || first.wall_ms < PATIENCE_MS);
                is_due && is_wanted(plan, *case, first)
            });
            let cases: Vec<usize> = cases.map(|(case, _)| case).collect();
            if !cases.is_empty() {
                wanted.push((document, cases));
            }
        }
        run_once_more(plans, wanted, hash_seed, options, again)?;
    }
    Ok(())
}

/// Runs `cases`, by document, under another hash seed.
fn run_once_more(
    plans: &[DocumentPlan],
    cases: Vec<(usize, Vec<usize>)>,
    hash_seed: u32,
    options: &RunOptions,
    again: &mut Again,
) -> Result<(), RunError> {
    let options = options.with_seed(hash_seed);
    let selected: Vec<DocumentPlan> = cases
        .iter()
        .filter_map(|(document, cases)| only(plans.get(*document)?, cases))
        .collect();
    if selected.is_empty() {
        return Ok(());
    }
    let outcome = run::run(&selected, &options, &|_, _| {})?;
    for ((document, cases), observations) in cases.into_iter().zip(outcome.observations) {
        for (case, observation) in cases.into_iter().zip(observations) {
            again.entry((document, case)).or_default().push(observation);
        }
    }
    Ok(())
}

/// The cases, by document, with claims that all runs so far have broken, or of which chance may have
/// made one hold.
fn doubted(
    plans: &[DocumentPlan],
    outcome: &RunOutcome,
    again: &Again,
    round: usize,
) -> Vec<(usize, Vec<usize>)> {
    let is_doubted = |document: usize, index: usize, case: &Case, first: &Observation| {
        let others = again.get(&(document, index)).map_or(&[][..], Vec::as_slice);
        if others.len() != round || !compare::has_ended(first) {
            return false;
        }
        let claims = compare::compare_repeated(case, first, others).claims;
        let is_broken = |claim: &JudgedClaim| claim.verdict == ClaimVerdict::Broken;
        let is_quick = first.wall_ms < PATIENCE_MS;
        // After one more run only the order of sets, and luck, is worth another one.
        claims.iter().any(is_broken) && (round == 0 || compare::may_hold_a_set(case) && is_quick)
            || is_quick && compare::may_be_luck(case, &claims)
    };
    let documents = plans.iter().zip(&outcome.observations).enumerate();
    documents
        .filter_map(|(document, (plan, observations))| {
            let cases = plan.all_cases().zip(observations).enumerate();
            let doubted: Vec<usize> = cases
                .filter(|(index, (case, first))| is_doubted(document, *index, case, first))
                .map(|(index, _)| index)
                .collect();
            (!doubted.is_empty()).then_some((document, doubted))
        })
        .collect()
}

/// The plan with these of its cases alone.
pub(super) fn only(plan: &DocumentPlan, cases: &[usize]) -> Option<DocumentPlan> {
    let all: Vec<&Case> = plan.all_cases().collect();
    let cases: Option<Vec<Case>> = cases
        .iter()
        .map(|index| all.get(*index).copied().cloned())
        .collect();
    Some(DocumentPlan {
        document: plan.document.clone(),
        cases: cases?,
        prose: Vec::new(),
        problems: Vec::new(),
    })
}
