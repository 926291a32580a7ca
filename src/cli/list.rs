//! `snipcheck list`: every block with its role, and why it will not run. Runs nothing.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::args::{ListArgs, RunArgs};
use super::console::{Console, Exit};
use super::prepare::{Entry, Snapshots, prepare};
use super::settings::{Settings, Typed};
use crate::block::{self, Block, BlockId, Tag};
use crate::claim::ClaimKind;
use crate::document::Document;
use crate::plan::{Case, Decision, DocumentPlan, SnippetKind};
use crate::text::Span;

/// Lists the blocks of what the arguments name.
pub(super) fn list(args: &ListArgs, console: &Console) -> Exit {
    let settings = match Settings::load(Typed::of(&args.project, &RunArgs::default())) {
        Ok(settings) => settings,
        Err(error) => return console.error(error),
    };
    let prepared = prepare(&args.paths, &settings, Snapshots::Ignore, console);
    let mut exit = prepared.exit;
    let mut text = String::new();
    let mut plans = prepared.plans.iter();
    for entry in &prepared.entries {
        match entry {
            Entry::Unread { path, problem } => {
                let _ = writeln!(text, "{path}\n  {}", problem.message);
                exit = exit.max(Exit::Broken);
            }
            Entry::Planned(origin) => {
                if let Some(plan) = plans.next() {
                    let has_all = plan.cases.len() == origin.keys.len();
                    push_document(&mut text, plan, has_all);
                }
            }
        }
    }
    exit.max(console.print(&text))
}

/// One line of the table.
struct Row {
    span: Span,
    lines: String,
    kind: &'static str,
    role: String,
    claims: String,
    id: String,
    context: String,
}

fn push_document(text: &mut String, plan: &DocumentPlan, has_all: bool) {
    let mut rows: Vec<Row> = plan.cases.iter().map(|case| case_row(plan, case)).collect();
    if has_all {
        let (blocks, _) = block::blocks(&plan.document);
        let is_case = |block: &Block| {
            let place = rows.binary_search_by_key(&block.span, |row| row.span);
            place.is_ok()
        };
        let outputs = outputs(plan);
        let others: Vec<Row> = blocks
            .iter()
            .filter(|block| !is_case(block))
            .map(|block| other_row(plan, block, &outputs))
            .collect();
        rows.extend(others);
        rows.sort_by_key(|row| row.span);
    }
    let _ = writeln!(text, "{}", plan.document.path);
    if rows.is_empty() {
        text.push_str("  no code blocks\n");
    }
    let width = |part: fn(&Row) -> &str| {
        let widths = rows.iter().map(|row| part(row).chars().count());
        widths.max().unwrap_or(0)
    };
    let (lines, role) = (width(|row| &row.lines), width(|row| &row.role));
    let (claims, id) = (width(|row| &row.claims), width(|row| &row.id));
    for row in &rows {
        let line = format!(
            "  {:>lines$}  {:7}  {:role$}  {:>claims$}  {:id$}  {}",
            row.lines, row.kind, row.role, row.claims, row.id, row.context
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
}

fn lines(document: &Document, block: &Block) -> String {
    let (first, last) = (block.first_line(document), block.last_line(document));
    if first == last {
        first.to_string()
    } else {
        format!("{first}-{last}")
    }
}

fn case_row(plan: &DocumentPlan, case: &Case) -> Row {
    let mut role = match &case.decision {
        Decision::Run(_) => "run".to_owned(),
        Decision::Skip(reason) => format!("skip: {}", reason.as_str()),
    };
    if let (Decision::Run(_), Some(reason)) = (&case.decision, case.static_reason) {
        role = format!("run: {}", reason.as_str());
    }
    let context: Vec<&str> = case.context.iter().map(|id| id.0.as_str()).collect();
    Row {
        span: case.block.span,
        lines: lines(&plan.document, &case.block),
        kind: kind_name(case.kind),
        role,
        claims: match case.claims.len() {
            0 => String::new(),
            1 => "1 claim".to_owned(),
            n => format!("{n} claims"),
        },
        id: case.block.id.to_string(),
        context: if context.is_empty() {
            String::new()
        } else {
            format!("after {}", context.join(", "))
        },
    }
}

pub(super) fn kind_name(kind: SnippetKind) -> &'static str {
    match kind {
        SnippetKind::Script => "script",
        SnippetKind::Session => "session",
    }
}

/// Where the claims of output blocks begin, in order, and the blocks that they are about.
fn outputs(plan: &DocumentPlan) -> BTreeMap<usize, &BlockId> {
    let claims = plan.cases.iter().flat_map(|case| {
        let outputs = case
            .claims
            .iter()
            .filter(|claim| claim.kind == ClaimKind::Output);
        outputs.map(|claim| (claim.span.start, &case.block.id))
    });
    claims.collect()
}

/// A block that holds no Python to run.
fn other_row(plan: &DocumentPlan, block: &Block, outputs: &BTreeMap<usize, &BlockId>) -> Row {
    let owner = outputs.range(block.span.range()).next();
    let role = match (owner, &block.tag) {
        (Some((_, owner)), _) => format!("output of {owner}"),
        (None, Tag::Python) => "not run".to_owned(),
        (None, Tag::None) => "not Python: no info string".to_owned(),
        (None, Tag::Output(name) | Tag::Other(name)) => format!("not Python: {name}"),
    };
    Row {
        span: block.span,
        lines: lines(&plan.document, block),
        kind: "-",
        role,
        claims: String::new(),
        id: block.id.to_string(),
        context: String::new(),
    }
}
