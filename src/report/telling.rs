//! Decides what there is to tell: a block's verdict and observation go in, [`Finding`]s come out.
//!
//! A format chooses how much of each it shows; none of them decides what is worth telling.

use super::finding::{Finding, paragraph};
use super::judged;
use super::neutral;
use super::outcome;
use super::place::{Places, within};
use super::summary::{NOT_REACHED, counted};
use super::{BlockReport, DocumentReport};
use crate::compare::{ClaimVerdict, JudgedClaim, Status};
use crate::plan::Reason;
use crate::problem::{Problem, Severity};
use crate::text::LineNumber;

/// What there is to tell about a document itself.
pub(super) fn of_document(report: &DocumentReport) -> Vec<Finding> {
    let broken = report
        .claims
        .iter()
        .filter(|claim| claim.verdict == ClaimVerdict::Broken)
        .map(|claim| judged::finding(claim, report.document.as_ref(), None));
    let mut findings: Vec<Finding> = report
        .problems
        .iter()
        .map(Finding::of_problem)
        .chain(broken)
        .collect();
    settle(&mut findings, report, &mut places(report));
    findings
}

/// What there is to tell about a block; `places` are those of its document.
pub(super) fn of_block(
    document: &DocumentReport,
    block: &BlockReport,
    places: &mut Option<Places<'_>>,
) -> Vec<Finding> {
    let mut findings = broken_claims(document, block);
    let covered = !findings.is_empty();
    let problems = block.verdict.problems.iter();
    findings.extend(
        problems
            .filter(|problem| !(covered && problem.id == Reason::BrokenClaim.as_str()))
            .map(Finding::of_problem),
    );
    match findings.iter_mut().find(|finding| tells(finding, block)) {
        Some(finding) => outcome::enrich(finding, document, block),
        // Broken claims say more than that one is broken.
        None if covered && block.verdict.reason == Some(Reason::BrokenClaim) => {}
        None => findings.extend(outcome::finding(document, block)),
    }
    settle(&mut findings, document, places);
    if block.verdict.status == Status::Failed
        && let Some(last) = findings.iter_mut().rfind(|f| f.severity == Severity::Error)
    {
        last.notes.extend(unreached(&block.verdict.claims));
        last.notes.extend(context(block));
    }
    findings
}

/// The claims of the document itself, or of `block`, that could not be decided, as one finding.
pub(super) fn undecided(
    document: &DocumentReport,
    block: Option<&BlockReport>,
    places: &mut Option<Places<'_>>,
) -> Option<Finding> {
    let finding = match block {
        Some(block) => judged::undecided(&block.verdict.claims, Some(&block.observation)),
        None => judged::undecided(&document.claims, None),
    };
    let mut findings = [finding?];
    settle(&mut findings, document, places);
    let [finding] = findings;
    Some(finding)
}

/// Positions in the document, where there is one.
pub(super) fn places(report: &DocumentReport) -> Option<Places<'_>> {
    report.document.as_ref().map(Places::new)
}

/// The line by which the command line names this finding's block.
pub(super) fn rerun_line(
    document: &DocumentReport,
    block: &BlockReport,
    finding: &Finding,
) -> Option<LineNumber> {
    let document = document.document.as_ref()?;
    let first = block.case.block.first_line(document);
    let last = block.case.block.last_line(document);
    let line = finding.position.map_or(first, |position| position.line);
    Some(if first <= line && line <= last {
        line
    } else {
        first
    })
}

fn broken_claims(document: &DocumentReport, block: &BlockReport) -> Vec<Finding> {
    let verdict = &block.verdict;
    let mut findings: Vec<Finding> = verdict
        .claims
        .iter()
        .filter(|claim| claim.verdict == ClaimVerdict::Broken)
        .map(|claim| judged::finding(claim, document.document.as_ref(), Some(block)))
        .collect();
    let told: Vec<&Problem> = verdict
        .problems
        .iter()
        .filter(|problem| problem.id == Reason::BrokenClaim.as_str())
        .collect();
    if told.len() == findings.len() {
        for (finding, problem) in findings.iter_mut().zip(told) {
            finding
                .notes
                .extend(problem.notes.iter().map(|note| paragraph(note)));
            finding
                .help
                .extend(problem.help.iter().map(|help| neutral::text(help)));
        }
    }
    findings
}

/// Whether `finding` says why the block did not pass.
fn tells(finding: &Finding, block: &BlockReport) -> bool {
    match block.verdict.reason {
        Some(Reason::SyntaxError) => {
            matches!(finding.id, "syntax-error" | "python2" | "mixed-indentation")
        }
        Some(reason) => finding.id == reason.as_str(),
        None => false,
    }
}

/// Cuts spans to the text, sorts by place and finds the positions.
fn settle(findings: &mut [Finding], report: &DocumentReport, places: &mut Option<Places<'_>>) {
    if let Some(document) = &report.document {
        for finding in findings.iter_mut() {
            finding.span = finding.span.map(|span| within(document, span));
            for mark in &mut finding.marks {
                mark.span = within(document, mark.span);
            }
        }
    }
    findings.sort_by_key(|finding| finding.span.map(|span| span.start));
    if let Some(places) = places {
        for finding in findings {
            finding.position = finding.span.map(|span| places.at(span.start));
        }
    }
}

fn unreached(claims: &[JudgedClaim]) -> Option<Vec<String>> {
    let n = claims
        .iter()
        .filter(|claim| claim.reason == Some(NOT_REACHED))
        .count();
    let (claims, were) = match n {
        0 => return None,
        1 => ("1 claim".to_owned(), "was"),
        _ => (counted(n, "claim", "claims"), "were"),
    };
    Some(vec![format!("{claims} of this block {were} not reached")])
}

fn context(block: &BlockReport) -> Option<Vec<String>> {
    const NAMED: usize = 6;
    let context = &block.case.context;
    let mut names: Vec<String> = context
        .iter()
        .take(NAMED)
        .map(|id| format!("`{}`", neutral::text(&id.0)))
        .collect();
    if context.len() > NAMED {
        names.push(format!("{} more", context.len() - NAMED));
    }
    match context.len() {
        0 => None,
        1 => Some(vec![format!("run after block {}", names.join(""))]),
        _ => Some(vec![format!("run after blocks {}", names.join(", "))]),
    }
}
