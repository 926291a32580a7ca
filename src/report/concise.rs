//! One line for each thing to tell, as editors and `grep` like it, and the summary.
//!
//! ```text
//! notes/memory.md:17:20: error[broken-claim]: expected `[1, 2]`, but Python printed `[1, 2, 3]`
//! ```

use std::io::{self, Write};

use super::finding::Finding;
use super::neutral;
use super::paint::{self, paint};
use super::summary::{self, Summary};
use super::telling;
use super::{DocumentReport, Report, Style};
use crate::compare::Status;
use crate::problem::Severity;

/// Writes `report` to `out`.
pub fn render(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    for document in &report.documents {
        for finding in telling::of_document(document) {
            writeln!(out, "{}", line(document, &finding, style))?;
        }
        let mut places = telling::places(document);
        for block in &document.blocks {
            let is_silent = matches!(block.verdict.status, Status::Passed | Status::Skipped);
            for finding in telling::of_block(document, block, &mut places) {
                if finding.severity > Severity::Note || !is_silent || style.verbose {
                    writeln!(out, "{}", line(document, &finding, style))?;
                }
            }
        }
    }
    let summary = Summary::of(report);
    if summary.ran > 0 && !summary::is_confined(report) {
        writeln!(out, "{}", paint(style, paint::ALARM, summary::UNCONFINED))?;
    }
    writeln!(out, "{}", summary.blocks_sentence())?;
    if summary.has_claims_to_count() {
        writeln!(out, "{}", summary.claims_sentence())?;
    }
    Ok(())
}

/// `path:line:column: error[id]: …`, without its line end.
pub(super) fn line(document: &DocumentReport, finding: &Finding, style: Style) -> String {
    let mut place = neutral::path(&document.path);
    if let Some(position) = finding.position {
        place += &format!(":{}:{}", position.line, position.column);
    }
    let severity = format!("{}[{}]", paint::word(finding.severity), finding.id);
    format!(
        "{}: {}: {}",
        paint(style, paint::STRONG, &place),
        paint(style, paint::of(finding.severity), &severity),
        finding.line()
    )
}
