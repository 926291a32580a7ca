//! From plans and what the runs did to a report.

use std::collections::HashSet;

use super::prepare::{Demand, Entry, Origin, Prepared};
use super::second_look::Again;
use crate::compare::{self, ClaimVerdict, JudgedClaim, Status, recorded};
use crate::observation::Observation;
use crate::plan::{DocumentPlan, Order};
use crate::problem;
use crate::report::{BlockReport, DocumentReport, Report, neutral};
use crate::run::RunOutcome;
use crate::snapshot::{Matching, Version, version_of};

/// Judges everything that was prepared by what `outcome` says it did, and did `again`.
pub(super) fn judge(
    prepared: Prepared,
    outcome: RunOutcome,
    again: &Again,
    wall_ms: f64,
) -> Report {
    let terms = Terms {
        demand: prepared.demand,
        python: version_of(&outcome.interpreter.version).unwrap_or_default(),
    };
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
                    judge_document(plan, observations, again, &origin, terms)
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

/// How snapshots are compared.
#[derive(Clone, Copy)]
struct Terms {
    demand: Demand,
    python: Version,
}

fn judge_document<'a>(
    plan: DocumentPlan,
    observations: Vec<Observation>,
    again: impl Fn(usize) -> &'a [Observation],
    origin: &Origin,
    terms: Terms,
) -> DocumentReport {
    let matching = origin
        .recorded
        .as_ref()
        .map(|recorded| recorded.snapshot.matching(&origin.keys));
    let mut problems = plan.problems;
    if let Some(matching) = &matching
        && origin.keys.len() == plan.cases.len()
    {
        problems.extend(orphans(&plan.document.path, matching));
    }
    let mut blocks = Vec::with_capacity(plan.cases.len());
    let mut observations = observations.into_iter();
    let numbered = plan
        .cases
        .into_iter()
        .zip(observations.by_ref())
        .enumerate();
    for ((index, (case, observation)), &key) in numbered.zip(&origin.key_of_case) {
        let verdict = compare::compare_repeated(&case, &observation, again(index));
        let line = case.block.first_line(&plan.document);
        let accept = accept_command(&format!("{}:{line}", plan.document.path));
        let record = matching
            .as_ref()
            .and_then(|matching| *matching.records.get(key)?);
        let is_new = matching.is_some() && record.is_none() && verdict.status == Status::Passed;
        let verdict = match (record, terms.demand) {
            (Some(record), _) => {
                let case = (plan.document.path.as_str(), &case);
                let recorded = (record, terms.python);
                recorded::against_record(verdict, case, &observation, recorded, &accept)
            }
            (None, Demand::Require) if matching.is_some() => {
                recorded::without_record(verdict, &case, &accept)
            }
            (None, _) => verdict,
        };
        let (verdict, observation) = match case.is_tried {
            true => (compare::of_skipped(&case, verdict), Observation::not_run()),
            false => (verdict, observation),
        };
        blocks.push(BlockReport {
            case,
            observation,
            verdict,
            is_new: is_new && terms.demand != Demand::Nothing,
        });
    }
    settle_skips(&mut blocks);
    let mut claims = Vec::with_capacity(plan.prose.len());
    for (index, (case, observation)) in plan.prose.iter().zip(observations).enumerate() {
        let others = again(blocks.len() + index);
        if is_mention(&observation) {
            continue;
        }
        let verdict = compare::compare_repeated(case, &observation, others);
        claims.extend(verdict.claims.into_iter().map(|claim| JudgedClaim {
            // Nothing else of the observation is reported.
            reason: match (claim.verdict, observation.raised.is_empty()) {
                (ClaimVerdict::Broken, false) => Some("raised"),
                _ => claim.reason,
            },
            ..claim
        }));
    }
    DocumentReport {
        path: plan.document.path.clone(),
        document: Some(plan.document),
        problems,
        claims,
        blocks,
    }
}

/// `dict.get('k')` in a sentence names the method: nobody calls it so.
fn is_mention(observation: &Observation) -> bool {
    let raised = observation.exception.as_ref();
    raised.is_some_and(|it| it.type_name == "TypeError")
}

fn orphans(path: &str, matching: &Matching<'_>) -> Option<problem::Problem> {
    let ids: Vec<String> = matching
        .orphans
        .iter()
        .map(|record| record.id.0.clone())
        .collect();
    (!ids.is_empty()).then(|| problem::orphaned_snapshot(&ids, &accept_command(path)))
}

/// The command that takes over what `place` does now.
fn accept_command(place: &str) -> String {
    format!(
        "snipcheck update --accept {}",
        neutral::shell_argument(place)
    )
}
