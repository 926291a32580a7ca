//! From plans and what the runs did to a report.

use super::prepare::{Entry, Origin, Prepared};
use crate::compare::{self, recorded};
use crate::observation::Observation;
use crate::plan::DocumentPlan;
use crate::report::{BlockReport, DocumentReport, Report, neutral};
use crate::run::RunOutcome;

/// Judges everything that was prepared by what `outcome` says it did.
pub(super) fn judge(prepared: Prepared, outcome: RunOutcome, wall_ms: f64) -> Report {
    let mut judged = prepared.plans.into_iter().zip(outcome.observations);
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
            Entry::Planned(origin) => documents.extend(
                judged
                    .next()
                    .map(|(plan, observations)| judge_document(plan, observations, &origin)),
            ),
        }
    }
    Report {
        interpreter: outcome.interpreter,
        confinement: outcome.confinement,
        documents,
        wall_ms,
    }
}

fn judge_document(
    plan: DocumentPlan,
    observations: Vec<Observation>,
    origin: &Origin,
) -> DocumentReport {
    let recorded = origin
        .recorded
        .as_ref()
        .map(|recorded| recorded.snapshot.matching(&origin.keys).records)
        .unwrap_or_default();
    let mut blocks = Vec::with_capacity(plan.cases.len());
    for ((case, observation), &key) in plan
        .cases
        .into_iter()
        .zip(observations)
        .zip(&origin.key_of_case)
    {
        let mut verdict = compare::compare(&case, &observation);
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
    DocumentReport {
        path: plan.document.path.clone(),
        document: Some(plan.document),
        problems: plan.problems,
        claims: Vec::new(),
        blocks,
    }
}
