//! From plans and what the runs did to a report.

use super::prepare::{Entry, Origin, Prepared};
use super::second_look::Again;
use crate::compare::{self, ClaimVerdict, JudgedClaim, recorded};
use crate::observation::Observation;
use crate::plan::DocumentPlan;
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
    let mut observations = observations.into_iter();
    let mut blocks = Vec::with_capacity(plan.cases.len());
    for (index, ((case, observation), &key)) in plan
        .cases
        .into_iter()
        .zip(observations.by_ref())
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
        blocks.push(BlockReport {
            case,
            observation,
            verdict,
        });
    }
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
        problems: plan.problems,
        claims,
        blocks,
    }
}

/// `dict.get('k')` in a sentence names the method: nobody calls it so.
fn is_mention(observation: &Observation) -> bool {
    let raised = observation.exception.as_ref();
    raised.is_some_and(|it| it.type_name == "TypeError")
}
