//! The list for people: a table for each document, and a line that counts.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::{Listed, Role, Row, cause, directive_text, kind_name, other_name, reason, rows};
use crate::block::Block;
use crate::claim::Claim;
use crate::document::Document;
use crate::plan::{Case, Decision, DocumentPlan};
use crate::text::LineNumber;

const HEAD: [&str; 7] = ["lines", "kind", "role", "reason", "claims", "block", ""];

/// The columns of a row; the last may be of any length.
type Cells = [String; 7];

#[derive(Default)]
struct Counts {
    documents: usize,
    python: usize,
    run: usize,
    doubtful: usize,
    claims: usize,
    sentences: usize,
}

/// The tables of all documents.
pub(super) fn table(listed: &[Listed<'_>]) -> String {
    let mut text = String::new();
    let mut counts = Counts::default();
    for document in listed {
        counts.documents += 1;
        match document {
            Listed::Unread { path, problem } => {
                let _ = writeln!(text, "{path}\n  {}", problem.message);
            }
            Listed::Read { plan, blocks } => {
                let rows = rows(plan, blocks);
                counts.add(plan);
                push_document(&mut text, plan, &rows);
            }
        }
    }
    if counts.python + counts.sentences > 0 {
        let _ = write!(text, "\n{counts}");
    }
    text
}

impl Counts {
    fn add(&mut self, plan: &DocumentPlan) {
        self.python += plan.cases.len();
        self.sentences += in_sentences(plan).count();
        for case in &plan.cases {
            let is_run = matches!(case.decision, Decision::Run(_));
            self.run += usize::from(is_run);
            self.doubtful += usize::from(is_run && reason(case).is_some());
            self.claims += case.claims.len();
        }
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let some = |n: usize, one: &str| match n {
            1 => format!("1 {one}"),
            n => format!("{n} {one}s"),
        };
        write!(
            f,
            "{}, {} of Python: {} to run",
            some(self.documents, "document"),
            some(self.python, "block"),
            self.run
        )?;
        if self.doubtful > 0 {
            write!(f, " ({} of them with a reason not to pass)", self.doubtful)?;
        }
        let skipped = self.python - self.run;
        write!(f, ", {skipped} not; {}", some(self.claims, "claim"))?;
        match self.sentences {
            0 => writeln!(f),
            n => writeln!(f, ", {n} more in sentences"),
        }
    }
}

/// What sentences claim of expressions in them.
fn in_sentences(plan: &DocumentPlan) -> impl Iterator<Item = &Claim> {
    plan.prose.iter().flat_map(|case| &case.claims)
}

fn push_document(text: &mut String, plan: &DocumentPlan, rows: &[Row<'_>]) {
    let _ = writeln!(text, "{}", plan.document.path);
    match rows {
        [] => text.push_str("  no code blocks\n"),
        rows => push_rows(text, &plan.document, rows),
    }
    for problem in &plan.problems {
        let _ = writeln!(text, "  {}", problem.message);
    }
    let lines = in_sentences(plan).map(|claim| plan.document.index.line(claim.span.start));
    let lines: BTreeSet<LineNumber> = lines.collect();
    if !lines.is_empty() {
        let word = if lines.len() == 1 { "line" } else { "lines" };
        let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "  claims in sentences: {word} {}", lines.join(", "));
    }
}

fn push_rows(text: &mut String, document: &Document, rows: &[Row<'_>]) {
    let mut table = vec![HEAD.map(str::to_owned)];
    table.extend(rows.iter().map(|row| cells(document, row)));
    let width = |column: usize| {
        let cells = table.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    for row in &table {
        let mut line = String::new();
        for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
            let _ = match column {
                // Numbers stand under each other.
                0 | 4 => write!(line, "  {cell:>width$}"),
                _ => write!(line, "  {cell:width$}"),
            };
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
}

fn cells(document: &Document, row: &Row<'_>) -> Cells {
    let lines = lines(document, row.block);
    let id = row.block.id.to_string();
    let other = |role: &str, remark: String| {
        let empty = String::new;
        let kind = "-".to_owned();
        [
            lines.clone(),
            kind,
            role.to_owned(),
            empty(),
            empty(),
            id.clone(),
            remark,
        ]
    };
    match row.role {
        Role::OutputOf(owner) => other("output", format!("of {owner}")),
        Role::InputOf(owner) => other("input", format!("of {owner}")),
        Role::Other => other("other", other_name(row.block).to_owned()),
        Role::Case(case) => [
            lines,
            kind_name(case.kind).to_owned(),
            match case.decision {
                Decision::Run(_) => "run".to_owned(),
                Decision::Skip(_) => "skip".to_owned(),
            },
            reason(case).map_or("", |reason| reason.as_str()).to_owned(),
            match case.claims.len() {
                0 => String::new(),
                n => n.to_string(),
            },
            id,
            remarks(case),
        ],
    }
}

/// What runs before the block, what was ordered, and why it is doubtful.
fn remarks(case: &Case) -> String {
    let mut remarks = Vec::new();
    if !case.context.is_empty() {
        let context: Vec<&str> = case.context.iter().map(|id| id.0.as_str()).collect();
        remarks.push(format!("after {}", context.join(", ")));
    }
    let directives = case.directives.iter();
    remarks.extend(directives.map(|directive| directive_text(&directive.order)));
    remarks.extend(cause(case).map(|problem| problem.message.clone()));
    remarks.join("; ")
}

fn lines(document: &Document, block: &Block) -> String {
    let (first, last) = (block.first_line(document), block.last_line(document));
    if first == last {
        first.to_string()
    } else {
        format!("{first}-{last}")
    }
}
