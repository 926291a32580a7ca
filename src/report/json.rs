//! The report for machines: one JSON object, the names of schema `snipcheck-report/1`.
//!
//! Names are added, never renamed. Text is data and stays as it was; only its spelling in JSON is
//! chosen so that a terminal that shows it is safe.

use std::io::{self, Write};

use serde::{Serialize, Serializer};
use serde_json::ser::{CompactFormatter, Formatter};

use super::finding::Finding;
use super::granted::{self, BlockGrant, Granted};
use super::neutral;
use super::place::Places;
use super::summary::Summary;
use super::telling;
use super::{BlockReport, DocumentReport, Report};
use crate::claim::ClaimKind;
use crate::compare::{ClaimVerdict, JudgedClaim, Status};
use crate::observation::{Exception, Stream};
use crate::plan::{Directive, Reason, SnippetKind, Written};
use crate::problem::Severity;
use crate::run::Interpreter;
use crate::sandbox::Confinement;

/// Writes `report` to `out` as one line.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let root = Root {
        schema: "snipcheck-report/1",
        version: env!("CARGO_PKG_VERSION"),
        interpreter: &report.interpreter,
        sandbox: &report.confinement,
        grants: granted::granted(report),
        summary: Counts::new(&Summary::of(report), report.wall_ms),
        documents: Documents(&report.documents),
    };
    write(&root, out)
}

/// Writes `value` to `out` as one line that a terminal can show without harm.
pub fn write(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, Guarded);
    value.serialize(&mut serializer)?;
    writeln!(out)
}

/// Compact JSON in which nothing but visible characters stands raw, and no command of a CI service.
struct Guarded;

impl Formatter for Guarded {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut plain = 0;
        for (offset, c) in fragment.char_indices() {
            let opens_command = neutral::opens_command(&fragment[..offset], c);
            if c.is_control() || neutral::is_invisible(c) || opens_command {
                CompactFormatter.write_string_fragment(writer, &fragment[plain..offset])?;
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
                plain = offset + c.len_utf8();
            }
        }
        CompactFormatter.write_string_fragment(writer, &fragment[plain..])
    }
}

#[derive(Serialize)]
struct Root<'a> {
    schema: &'static str,
    version: &'static str,
    interpreter: &'a Interpreter,
    sandbox: &'a Confinement,
    grants: Vec<Granted<'a>>,
    summary: Counts,
    documents: Documents<'a>,
}

#[derive(Serialize)]
struct Counts {
    documents: usize,
    blocks: usize,
    ran: usize,
    passed: usize,
    failed: usize,
    inconclusive: usize,
    skipped: usize,
    new: usize,
    claims: ClaimCounts,
    notes: usize,
    wall_ms: f64,
}

#[derive(Serialize)]
struct ClaimCounts {
    held: usize,
    broken: usize,
    inconclusive: usize,
}

impl Counts {
    fn new(summary: &Summary, wall_ms: f64) -> Self {
        Counts {
            documents: summary.documents,
            blocks: summary.blocks,
            ran: summary.ran,
            passed: summary.passed,
            failed: summary.failed,
            inconclusive: summary.inconclusive,
            skipped: summary.skipped,
            new: summary.new,
            claims: ClaimCounts {
                held: summary.claims_held,
                broken: summary.claims_broken,
                inconclusive: summary.claims_inconclusive,
            },
            notes: summary.notes,
            wall_ms: milliseconds(wall_ms),
        }
    }
}

/// Written one at a time, so that a report of many documents is never twice in memory.
struct Documents<'a>(&'a [DocumentReport]);

impl Serialize for Documents<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(DocumentJson::new))
    }
}

#[derive(Serialize)]
struct DocumentJson<'a> {
    path: &'a str,
    problems: Vec<ProblemJson>,
    claims: Vec<ClaimJson<'a>>,
    blocks: Vec<BlockJson<'a>>,
}

impl<'a> DocumentJson<'a> {
    fn new(document: &'a DocumentReport) -> Self {
        let mut places = telling::places(document);
        DocumentJson {
            path: &document.path,
            problems: telling::of_document(document)
                .iter()
                .map(ProblemJson::new)
                .collect(),
            claims: claims(&document.claims, &mut places),
            blocks: document
                .blocks
                .iter()
                .map(|block| BlockJson::new(document, block, &mut places))
                .collect(),
        }
    }
}

#[derive(Serialize)]
struct BlockJson<'a> {
    id: &'a str,
    line: usize,
    end_line: usize,
    heading: &'a [String],
    info: &'a str,
    kind: SnippetKind,
    status: Status,
    reason: Option<Reason>,
    context: Vec<&'a str>,
    supplied: &'a [String],
    directives: Vec<DirectiveJson>,
    grants: Vec<BlockGrant<'a>>,
    ending: EndingJson<'a>,
    stdout: String,
    stderr: String,
    wall_ms: f64,
    claims: Vec<ClaimJson<'a>>,
    problems: Vec<ProblemJson>,
}

impl<'a> BlockJson<'a> {
    fn new(
        report: &'a DocumentReport,
        block: &'a BlockReport,
        places: &mut Option<Places<'_>>,
    ) -> Self {
        let source = &block.case.block;
        let (line, end_line) = report.document.as_ref().map_or((1, 1), |document| {
            (
                source.first_line(document).get(),
                source.last_line(document).get(),
            )
        });
        let (verdict, observation) = (&block.verdict, &block.observation);
        BlockJson {
            id: &source.id.0,
            line,
            end_line,
            heading: &source.heading,
            info: &source.info,
            kind: block.case.kind,
            status: verdict.status,
            reason: match verdict.status {
                Status::Passed => None,
                Status::Failed | Status::Inconclusive | Status::Skipped => verdict.reason,
            },
            context: block.case.context.iter().map(|id| id.0.as_str()).collect(),
            supplied: block.case.supplied(),
            directives: directives(report, block),
            grants: granted::of_block(&block.case.policy.grants),
            ending: EndingJson {
                kind: observation.ending.kind(),
                exception: observation.exception.as_ref().map(ExceptionJson::new),
            },
            stdout: observation.text(Stream::Stdout),
            stderr: observation.text(Stream::Stderr),
            wall_ms: milliseconds(observation.wall_ms),
            claims: claims(&verdict.claims, places),
            problems: telling::of_block(report, block, places)
                .iter()
                .map(ProblemJson::new)
                .collect(),
        }
    }
}

#[derive(Serialize)]
struct DirectiveJson {
    name: &'static str,
    value: Option<String>,
    /// In the document or in the settings file, as `written` says.
    line: Option<usize>,
    written: &'static str,
}

fn directives(report: &DocumentReport, block: &BlockReport) -> Vec<DirectiveJson> {
    let json = |directive: &Directive| {
        let (line, written) = match directive.written {
            Written::Document(span) => {
                let document = report.document.as_ref();
                (document.map(|it| it.index.line(span.start)), "document")
            }
            Written::Settings(line) => (Some(line), "settings"),
        };
        DirectiveJson {
            name: directive.order.name(),
            value: directive.order.value(),
            line: line.map(|line| line.get()),
            written,
        }
    };
    block.case.directives.iter().map(json).collect()
}

#[derive(Serialize)]
struct EndingJson<'a> {
    kind: &'static str,
    exception: Option<ExceptionJson<'a>>,
}

#[derive(Serialize)]
struct ExceptionJson<'a> {
    r#type: &'a str,
    message: &'a str,
    line: Option<usize>,
}

impl<'a> ExceptionJson<'a> {
    fn new(exception: &'a Exception) -> Self {
        ExceptionJson {
            r#type: &exception.type_name,
            message: &exception.message,
            line: exception.lines.last().map(|line| line.get()),
        }
    }
}

#[derive(Serialize)]
struct ClaimJson<'a> {
    line: Option<usize>,
    column: Option<usize>,
    kind: ClaimKind,
    text: &'a str,
    expected: &'a str,
    actual: Option<&'a str>,
    verdict: ClaimVerdict,
    reason: Option<&'static str>,
    tolerance: Option<&'static str>,
}

fn claims<'a>(claims: &'a [JudgedClaim], places: &mut Option<Places<'_>>) -> Vec<ClaimJson<'a>> {
    claims
        .iter()
        .map(|judged| {
            let start = judged.claim.span.start;
            let position = places.as_mut().map(|places| places.at(start));
            ClaimJson {
                line: position.map(|position| position.line.get()),
                column: position.map(|position| position.column),
                kind: judged.claim.kind,
                text: &judged.claim.text,
                expected: &judged.expected,
                actual: judged.actual.as_deref(),
                verdict: judged.verdict,
                reason: judged.reason,
                tolerance: judged.tolerance,
            }
        })
        .collect()
}

#[derive(Serialize)]
struct ProblemJson {
    id: &'static str,
    severity: Severity,
    line: Option<usize>,
    column: Option<usize>,
    message: String,
}

impl ProblemJson {
    fn new(finding: &Finding) -> Self {
        ProblemJson {
            id: finding.id,
            severity: finding.severity,
            line: finding.position.map(|position| position.line.get()),
            column: finding.position.map(|position| position.column),
            message: finding.line().to_owned(),
        }
    }
}

/// To the microsecond; what is not a number is 0, because JSON has no word for it.
fn milliseconds(ms: f64) -> f64 {
    if ms.is_finite() {
        (ms * 1_000.0).round() / 1_000.0
    } else {
        0.0
    }
}
