//! `snipcheck list`: every block with its role, and why it will not run. Runs nothing.
//!
//! The rows are gathered here once; `table` shows them to people, `json` to programs.

mod json;
mod table;

use std::collections::BTreeMap;

use super::args::{ListArgs, ListFormatArg, RunArgs};
use super::console::{Console, Exit};
use super::prepare::{Entry, Snapshots, prepare};
use super::settings::{Settings, Typed};
use crate::block::{self, Block, BlockId, Tag};
use crate::claim::ClaimKind;
use crate::plan::{Case, Decision, DocumentPlan, Order, Reason, SnippetKind, Written};
use crate::problem::Problem;

/// Lists the blocks of what the arguments name.
pub(super) fn list(args: &ListArgs, console: &Console) -> Exit {
    let settings = match Settings::load(Typed::of(&args.project, &RunArgs::default())) {
        Ok(settings) => settings,
        Err(error) => return console.error(error),
    };
    let prepared = prepare(&args.paths, &settings, Snapshots::Ignore, console);
    let mut exit = prepared.exit;
    let mut plans = prepared.plans.iter();
    let mut listed = Vec::with_capacity(prepared.entries.len());
    for entry in &prepared.entries {
        match entry {
            Entry::Unread { path, problem } => {
                listed.push(Listed::Unread { path, problem });
                exit = exit.max(Exit::Broken);
            }
            Entry::Planned(origin) => {
                if let Some(plan) = plans.next() {
                    let has_all = plan.cases.len() == origin.keys.len();
                    // Other blocks are no part of a plan.
                    let blocks = match has_all {
                        true => block::blocks(&plan.document).0,
                        false => Vec::new(),
                    };
                    listed.push(Listed::Read { plan, blocks });
                }
            }
        }
    }
    exit.max(match args.format {
        ListFormatArg::Full => console.print(&table::table(&listed)),
        ListFormatArg::Json => console.write(|out| json::render(&listed, out)),
    })
}

/// A document that was found.
enum Listed<'a> {
    Read {
        plan: &'a DocumentPlan,
        /// All its blocks; none where only some of them are asked for.
        blocks: Vec<Block>,
    },
    Unread {
        path: &'a str,
        problem: &'a Problem,
    },
}

/// A block, and what it is for.
struct Row<'a> {
    block: &'a Block,
    role: Role<'a>,
}

enum Role<'a> {
    /// Python.
    Case(&'a Case),
    /// What the block of this id prints.
    OutputOf(&'a BlockId),
    /// What the block of this id reads.
    InputOf(&'a BlockId),
    /// None.
    Other,
}

/// The blocks of a document in order: its Python, and those of `blocks` that are something else.
fn rows<'a>(plan: &'a DocumentPlan, blocks: &'a [Block]) -> Vec<Row<'a>> {
    let cases = plan.cases.iter().map(|case| Row {
        block: &case.block,
        role: Role::Case(case),
    });
    let mut rows: Vec<Row<'a>> = cases.collect();
    let (outputs, inputs) = (outputs(plan), inputs(plan));
    let is_case = |block: &Block| {
        let place = plan
            .cases
            .binary_search_by_key(&block.span, |it| it.block.span);
        place.is_ok()
    };
    let others = blocks.iter().filter(|block| !is_case(block)).map(|block| {
        let output = outputs.range(block.span.range()).next();
        let role = match (output, inputs.get(&block.span.start)) {
            (Some((_, owner)), _) => Role::OutputOf(owner),
            (None, Some(owner)) => Role::InputOf(owner),
            (None, None) => Role::Other,
        };
        Row { block, role }
    });
    rows.extend(others);
    rows.sort_by_key(|row| row.block.span);
    rows
}

/// Where the claims of output blocks begin, and the blocks that they are about.
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

/// Where input begins, and the blocks that read it.
fn inputs(plan: &DocumentPlan) -> BTreeMap<usize, &BlockId> {
    let inputs = plan.cases.iter().flat_map(|case| {
        case.directives
            .iter()
            .filter_map(|directive| match (&directive.order, directive.written) {
                (Order::Stdin(_), Written::Document(span)) => Some((span.start, &case.block.id)),
                _ => None,
            })
    });
    inputs.collect()
}

pub(super) fn kind_name(kind: SnippetKind) -> &'static str {
    match kind {
        SnippetKind::Script => "script",
        SnippetKind::Session => "session",
    }
}

/// What is wrong with a block on paper, or keeps it from running.
fn reason(case: &Case) -> Option<Reason> {
    match &case.decision {
        Decision::Run(_) => case.static_reason,
        Decision::Skip(reason) => Some(*reason),
    }
}

/// The problem that says why, in more words than the reason.
fn cause(case: &Case) -> Option<&Problem> {
    let reason = reason(case)?;
    let same = |problem: &&Problem| problem.id == reason.as_str();
    let told = case.problems.iter().find(same);
    told.or(match reason {
        Reason::SyntaxError | Reason::ContextFailed => case.problems.first(),
        _ => None,
    })
}

/// What a block that is no Python is instead.
fn other_name(block: &Block) -> &str {
    match &block.tag {
        Tag::Python => "python",
        Tag::None => "",
        Tag::Output(name) | Tag::Other(name) => name,
    }
}

/// A directive as it would be written.
pub(super) fn directive_text(order: &Order) -> String {
    match (order, order.value()) {
        (Order::Skip(_), Some(reason)) => format!("skip ({reason})"),
        (_, None) => order.name().to_owned(),
        (_, Some(value)) => {
            let value = value.replace('\\', "\\\\").replace('\n', "\\n");
            match value.contains([' ', ',']) {
                true => format!("{}=\"{value}\"", order.name()),
                false => format!("{}={value}", order.name()),
            }
        }
    }
}
