//! From plans and what the runs did to a report.

use std::collections::HashSet;

use super::prepare::{Entry, Origin, Prepared};
use super::second_look::Again;
use crate::compare::{self, recorded};
use crate::observation::Observation;
use crate::plan::{DocumentPlan, Order};
use crate::report::{BlockReport, DocumentReport, Report, neutral};
use crate::run::RunOutcome;

/// Judges everything that was prepared by what `outcome` says it did, and did `again`.
pub(super) fn judge(
    prepared: Prepared,
    outcome: RunOutcome,
    again: &Again,
    wall_ms: f64,
) -> Report {
    let judged = prepared.plans.into_iter().zip(outcome.observations);
    let mut judged = judged.enumerate();
    let mut documents = Vec::with_capacity(prepared.entries.len());
    for entry in prepared.entries {
        match entry {
            Entry::Unread { path, problem } => documents.push(DocumentReport {
                path,
                document: None,
                problems: vec![problem],
                claims: Vec::new(),
                blocks: Vec::new(),
            }),
            Entry::Planned(origin) => {
                documents.extend(judged.next().map(|(index, (plan, observations))| {
                    let again = |case| {
                        let others = again.get(&(index, case));
                        others.map_or(&[][..], Vec::as_slice)
                    };
                    judge_document(plan, observations, again, &origin)
                }))
            }
        }
    }
    Report {
        interpreter: outcome.interpreter,
        confinement: outcome.confinement,
        documents,
        wall_ms,
    }
}

/// A directive that skips many blocks is needed if one of them needs it, and told of once.
fn settle_skips(blocks: &mut [BlockReport]) {
    let skip_of = |block: &BlockReport| {
        let mut directives = block.case.directives.iter().rev();
        let skip = directives.find(|it| matches!(it.order, Order::Skip(_)))?;
        block.case.is_tried.then_some(skip.written)
    };
    let is_unused = |block: &BlockReport| !block.verdict.problems.is_empty();
    let mut needed = HashSet::new();
    for block in blocks.iter().filter(|block| !is_unused(block)) {
        needed.extend(skip_of(block));
    }
    for block in blocks {
        if let Some(skip) = skip_of(block)
            && !needed.insert(skip)
        {
            block.verdict.problems.clear();
        }
    }
}

fn judge_document<'a>(
    plan: DocumentPlan,
    observations: Vec<Observation>,
    again: impl Fn(usize) -> &'a [Observation],
    origin: &Origin,
) -> DocumentReport {
    let recorded = origin
        .recorded
        .as_ref()
        .map(|recorded| recorded.snapshot.matching(&origin.keys).records)
        .unwrap_or_default();
    let mut blocks = Vec::with_capacity(plan.cases.len());
    for (index, ((case, observation), &key)) in plan
        .cases
        .into_iter()
        .zip(observations)
        .zip(&origin.key_of_case)
        .enumerate()
    {
        let mut verdict = compare::compare_repeated(&case, &observation, again(index));
        if let Some(&Some(record)) = recorded.get(key) {
            let line = case.block.first_line(&plan.document);
            let accept = format!(
                "snipcheck update {}",
                neutral::shell_argument(&format!("{}:{line}", plan.document.path))
            );
            verdict = recorded::against_record(verdict, &case, &observation, record, &accept);
        }
        let mut observation = observation;
        if case.is_tried {
            verdict = compare::of_skipped(&case, verdict);
            observation = Observation::not_run();
        }
        blocks.push(BlockReport {
            case,
            observation,
            verdict,
        });
    }
    settle_skips(&mut blocks);
    DocumentReport {
        path: plan.document.path.clone(),
        document: Some(plan.document),
        problems: plan.problems,
        claims: Vec::new(),
        blocks,
    }
}
