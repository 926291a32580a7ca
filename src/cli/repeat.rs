//! Blocks run as often as it takes to know what of them is repeatable.
//!
//! In go plans, out comes for every block what it did in several runs. Each run has other fork
//! servers, and so another address layout; it happens at another moment, and random states come from
//! the system anew. All but one have a hash seed of their own.

use super::second_look::only;
use crate::compare::{has_ended, may_hold_a_set};
use crate::observation::Observation;
use crate::plan::{Case, DocumentPlan};
use crate::run::{self, Interpreter, RunError, RunOptions};
use crate::sandbox::Confinement;

/// The hash seeds of the runs of every block.
const HASH_SEEDS: [u32; 3] = [0, 2_718_281, 3_141_592];

/// The hash seeds of further runs of blocks that may hold a set: two strings in one change places
/// under half of all seeds, so few runs would miss it too often.
const SET_HASH_SEEDS: [u32; 5] = [1_414_213, 1_618_033, 577_215, 2_236_067, 1_732_050];

/// What one block did.
#[derive(Clone, Debug, Default)]
pub(super) struct Runs {
    /// Under different hash seeds, the first one that of `check`; empty where it was not to run.
    pub(super) seeded: Vec<Observation>,
    /// Once more under the first hash seed, where the others differ.
    pub(super) twin: Option<Observation>,
}

/// Everything that was run.
pub(super) struct Repeated {
    /// What ran the blocks.
    pub(super) interpreter: Interpreter,
    /// What confined them.
    pub(super) confinement: Confinement,
    /// For each document, for each case: what it did.
    pub(super) runs: Vec<Vec<Runs>>,
}

/// Tells of a case whether its runs so far differ.
pub(super) type Differ<'a> = &'a dyn Fn(&DocumentPlan, &Case, &[Observation]) -> bool;

/// Runs every case, and those that ended by themselves again and again.
pub(super) fn run_repeatedly(
    plans: &[DocumentPlan],
    options: &RunOptions,
    differ: Differ<'_>,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Repeated, RunError> {
    let first = run::run(plans, options, progress)?;
    let runs = first.observations.into_iter();
    let runs = runs.map(|document| document.into_iter().map(started).collect());
    let mut repeated = Repeated {
        interpreter: first.interpreter,
        confinement: first.confinement,
        runs: runs.collect(),
    };
    let ended = |_: &DocumentPlan, _: &Case, runs: &Runs| runs.seeded.iter().all(has_ended);
    for seed in HASH_SEEDS.into_iter().skip(1) {
        repeated.again(
            plans,
            &options.with_seed(seed),
            &ended,
            progress,
            keep_seeded,
        )?;
    }
    let may_differ_yet = |plan: &DocumentPlan, case: &Case, runs: &Runs| {
        ended(plan, case, runs) && may_hold_a_set(case) && !differ(plan, case, &runs.seeded)
    };
    for seed in SET_HASH_SEEDS {
        let options = options.with_seed(seed);
        repeated.again(plans, &options, &may_differ_yet, progress, keep_seeded)?;
    }
    let differs = |plan: &DocumentPlan, case: &Case, runs: &Runs| {
        ended(plan, case, runs) && differ(plan, case, &runs.seeded)
    };
    repeated.again(plans, options, &differs, progress, |runs, observation| {
        runs.twin = Some(observation);
    })?;
    Ok(repeated)
}

fn started(observation: Observation) -> Runs {
    Runs {
        seeded: vec![observation],
        twin: None,
    }
}

fn keep_seeded(runs: &mut Runs, observation: Observation) {
    runs.seeded.push(observation);
}

impl Repeated {
    /// Runs the cases of which `is_wanted` is true once more and hands what they did to `keep`.
    fn again(
        &mut self,
        plans: &[DocumentPlan],
        options: &RunOptions,
        is_wanted: &dyn Fn(&DocumentPlan, &Case, &Runs) -> bool,
        progress: &(dyn Fn(usize, usize) + Sync),
        keep: fn(&mut Runs, Observation),
    ) -> Result<(), RunError> {
        let mut wanted: Vec<(usize, Vec<usize>)> = Vec::new();
        for (document, (plan, runs)) in plans.iter().zip(&self.runs).enumerate() {
            let numbered = plan.cases.iter().zip(runs).enumerate();
            let cases: Vec<usize> = numbered
                .filter(|(_, (case, runs))| is_wanted(plan, case, runs))
                .map(|(index, _)| index)
                .collect();
            if !cases.is_empty() {
                wanted.push((document, cases));
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let selected: Vec<DocumentPlan> = wanted
            .iter()
            .filter_map(|(document, cases)| only(plans.get(*document)?, cases))
            .collect();
        let outcome = run::run(&selected, options, progress)?;
        for ((document, cases), observations) in wanted.into_iter().zip(outcome.observations) {
            for (case, observation) in cases.into_iter().zip(observations) {
                let runs = self.runs.get_mut(document);
                if let Some(runs) = runs.and_then(|document| document.get_mut(case)) {
                    keep(runs, observation);
                }
            }
        }
        Ok(())
    }
}
