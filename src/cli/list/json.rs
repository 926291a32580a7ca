//! The list for programs: one JSON object, the names of schema `snipcheck-list/1`.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{Listed, Role, Row, kind_name, reason, rows};
use crate::claim::Claim;
use crate::document::Document;
use crate::plan::{Case, Decision, Directive, Written};
use crate::problem::Problem;
use crate::report;

/// Writes what is listed to `out`, document by document.
pub(super) fn render(listed: &[Listed<'_>], out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{{\"schema\":\"snipcheck-list/1\",\"documents\":[")?;
    for (at, document) in listed.iter().enumerate() {
        if at > 0 {
            out.write_all(b",")?;
        }
        let value = match document {
            Listed::Unread { path, problem } => json!({
                "path": path,
                "problems": [problem_json(None, problem)],
                "claims": [],
                "blocks": [],
            }),
            Listed::Read { plan, blocks } => {
                let document = &plan.document;
                let problems = plan.problems.iter();
                let claims = plan.prose.iter().flat_map(|case| &case.claims);
                let blocks = rows(plan, blocks);
                json!({
                    "path": document.path,
                    "problems": problems.map(|it| problem_json(Some(document), it)).collect::<Vec<_>>(),
                    "claims": claims.map(|it| claim_json(document, it)).collect::<Vec<_>>(),
                    "blocks": blocks.iter().map(|row| row_json(document, row)).collect::<Vec<_>>(),
                })
            }
        };
        report::json::write(&value, out)?;
    }
    writeln!(out, "]}}")
}

/// A claim in a sentence.
fn claim_json(document: &Document, claim: &Claim) -> Value {
    let at = document.position(claim.span.start);
    json!({
        "line": at.line.get(),
        "column": at.column,
        "text": claim.text,
        "rule": claim.rule,
    })
}

fn row_json(document: &Document, row: &Row<'_>) -> Value {
    let block = row.block;
    let mut value = json!({
        "id": block.id.0,
        "line": block.first_line(document).get(),
        "end_line": block.last_line(document).get(),
        "heading": block.heading,
        "info": block.info,
    });
    let more = match row.role {
        Role::Case(case) => case_json(document, case),
        Role::OutputOf(owner) => json!({"role": "output", "of": owner.0}),
        Role::InputOf(owner) => json!({"role": "input", "of": owner.0}),
        Role::Other => json!({"role": "other"}),
    };
    if let (Value::Object(value), Value::Object(more)) = (&mut value, more) {
        value.extend(more);
    }
    value
}

fn case_json(document: &Document, case: &Case) -> Value {
    let (role, supplied) = match &case.decision {
        Decision::Run(snippet) => ("run", snippet.supplied.as_slice()),
        Decision::Skip(_) => ("skip", &[][..]),
    };
    let context: Vec<&str> = case.context.iter().map(|id| id.0.as_str()).collect();
    let problems = case.problems.iter();
    let directives = case.directives.iter();
    json!({
        "role": role,
        "kind": kind_name(case.kind),
        "reason": reason(case).map(|reason| reason.as_str()),
        "context": context,
        "supplied": supplied,
        "directives": directives.map(|it| directive_json(document, it)).collect::<Vec<_>>(),
        "claims": case.claims.len(),
        "notes": case.notes.len(),
        "problems": problems.map(|it| problem_json(Some(document), it)).collect::<Vec<_>>(),
    })
}

fn directive_json(document: &Document, directive: &Directive) -> Value {
    let (line, written) = match directive.written {
        Written::Document(span) => (document.index.line(span.start), "document"),
        Written::Settings(line) => (line, "settings"),
    };
    json!({
        "name": directive.order.name(),
        "value": directive.order.value(),
        "line": line.get(),
        "written": written,
    })
}

fn problem_json(document: Option<&Document>, problem: &Problem) -> Value {
    let place = document.zip(problem.span);
    let at = place.map(|(document, span)| document.position(span.start));
    json!({
        "id": problem.id,
        "severity": problem.severity,
        "line": at.map(|at| at.line.get()),
        "column": at.map(|at| at.column),
        "message": problem.message,
    })
}
