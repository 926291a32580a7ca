//! What becomes of a document's first Python block when its run did what the `observation` part says.
//!
//! ```json
//! {"stdout": [[4, "5\n"]], "stderr": [], "values": [[5, "'a'"]], "subjects": [[6, "[1]"]],
//!  "raised": [[7, "ValueError", "bad"]], "ending": "finished", "last": 7}
//! ```
//!
//! Numbers are lines of the document. A third item after `stdout` text is the line of the top-level
//! statement that was running, where it is not the one that holds the line. `raised` are exceptions at
//! statements; with the ending `raised` the last of them ended the run. `last` is the line of the last
//! top-level statement that was begun.

use std::fmt::Write;

use serde::Deserialize;
use snipcheck::block::{self, Block, Tag};
use snipcheck::claim::{self, value};
use snipcheck::compare::{self, JudgedClaim, Verdict};
use snipcheck::document::Document;
use snipcheck::observation::{Computed, Emission, Ending, Exception, Observation, Raised, Stream};
use snipcheck::plan::{self, Decision, Snippet, SnippetKind};
use snipcheck::policy::Policy;
use snipcheck::problem::Problem;
use snipcheck::syntax::{self, Nesting};
use snipcheck::text::{LineNumber, Span};

use crate::cases::Case;

/// The `observation` part.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    #[serde(default)]
    stdout: Vec<Written>,
    #[serde(default)]
    stderr: Vec<Written>,
    #[serde(default)]
    values: Vec<(usize, String)>,
    #[serde(default)]
    subjects: Vec<(usize, String)>,
    #[serde(default)]
    raised: Vec<(usize, String, String)>,
    ending: String,
    last: Option<usize>,
}

/// What a line wrote.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    By(usize, String),
    ByCallee(usize, String, usize),
}

/// Gives the block's status, its claims and its problems, one a line.
pub(crate) fn run(case: &Case) -> String {
    let document = Document::new(case.path.as_str(), case.document.as_str());
    let (blocks, _) = block::blocks(&document);
    let at = blocks
        .iter()
        .position(|block| block.tag == Tag::Python || block.is_session())
        .expect("the case holds a Python block");
    let planned = plan_case(&document, &blocks, at);
    let part = case.parts.iter().find(|part| part.info == "observation");
    let told = &part.expect("the case holds an observation").text;
    let told: Told = serde_json::from_str(told).expect("the observation is as this file says");
    let observation = observe(&document, &planned, told);
    render(&document, &compare::compare(&planned, &observation))
}

fn plan_case(document: &Document, blocks: &[Block], at: usize) -> plan::Case {
    let block = &blocks[at];
    let syntax = syntax::syntax(&block.code);
    let is_session = block.is_session();
    let mut found = if is_session {
        claim::session_claims(document, block, &claim::examples(document, block))
    } else {
        claim::claims(document, block, &syntax)
    };
    if let Some(next) = blocks.get(at + 1) {
        found.claims.extend(claim::output_claim(
            document, block, &syntax, next, is_session,
        ));
    }
    let kind = if is_session {
        SnippetKind::Session
    } else {
        SnippetKind::Script
    };
    plan::Case {
        block: block.clone(),
        kind,
        decision: Decision::Run(Snippet {
            kind,
            sources: vec![plan::Source {
                line: block.first_line(document),
                code: block.code.clone(),
            }],
            context: Vec::new(),
            supplied: Vec::new(),
            watches: Vec::new(),
            inputs: Vec::new(),
        }),
        context: Vec::new(),
        static_reason: None,
        claims: found.claims,
        notes: found.notes,
        problems: Vec::new(),
        policy: Policy::STUDY,
        directives: Vec::new(),
        packages: Vec::new(),
        is_tried: false,
    }
}

/// First and last lines of what runs at top level.
fn top_level(document: &Document, case: &plan::Case) -> Vec<(LineNumber, LineNumber)> {
    let block = &case.block;
    if case.kind == SnippetKind::Session {
        let examples = claim::examples(document, block);
        return examples
            .iter()
            .map(|example| (example.line, example.last))
            .collect();
    }
    let line = |offset: usize| document.index.line(block.document_offset(offset));
    let syntax = syntax::syntax(&block.code);
    let statements = syntax
        .statements
        .iter()
        .filter(|statement| statement.nesting == Nesting::TopLevel);
    statements
        .map(|statement| (line(statement.span.start), line(statement.span.end)))
        .collect()
}

fn observe(document: &Document, case: &plan::Case, told: Told) -> Observation {
    let statements = top_level(document, case);
    let holder = |line: LineNumber| {
        statements
            .iter()
            .find(|(first, last)| (*first..=*last).contains(&line))
            .map(|(first, _)| *first)
    };
    let emissions = |written: Vec<Written>, stream: Stream| -> Vec<Emission> {
        let emission = |written| match written {
            Written::By(line, text) => (line, text, line),
            Written::ByCallee(line, text, statement) => (line, text, statement),
        };
        written
            .into_iter()
            .map(emission)
            .map(|(line, text, statement)| Emission {
                stream,
                line: Some(LineNumber::new(line)),
                statement: holder(LineNumber::new(statement)),
                text,
            })
            .collect()
    };
    let mut raised: Vec<Raised> = told
        .raised
        .into_iter()
        .map(|(line, type_name, message)| raised_at(line, &type_name, message))
        .collect();
    let ending = ending(&told.ending);
    let exception = match ending {
        Ending::Raised => raised.pop().map(|raised| raised.exception),
        _ => None,
    };
    let last = told.last.map(LineNumber::new);
    let mut all = emissions(told.stdout, Stream::Stdout);
    all.extend(emissions(told.stderr, Stream::Stderr));
    let values = told
        .values
        .into_iter()
        .map(|(line, repr)| computed(line, repr, false));
    let subjects = told
        .subjects
        .into_iter()
        .map(|(line, repr)| computed(line, repr, true));
    Observation {
        ending,
        exception,
        emissions: all,
        computed: values.chain(subjects).collect(),
        raised,
        reached: statements
            .iter()
            .map(|(first, _)| *first)
            .filter(|line| last.is_none_or(|last| *line <= last))
            .collect(),
        ..Observation::not_run()
    }
}

fn raised_at(line: usize, type_name: &str, message: String) -> Raised {
    let bases: &[&str] = match type_name {
        "KeyError" | "IndexError" => &["LookupError", "Exception", "BaseException"],
        "ModuleNotFoundError" => &["ImportError", "Exception", "BaseException"],
        _ => &["Exception", "BaseException"],
    };
    let quoted = message.split('\'').nth(1).map(str::to_owned);
    let exception = Exception {
        type_name: type_name.to_owned(),
        bases: std::iter::once(type_name)
            .chain(bases.iter().copied())
            .map(str::to_owned)
            .collect(),
        name: quoted.filter(|_| matches!(type_name, "NameError" | "ModuleNotFoundError")),
        message,
        lines: vec![LineNumber::new(line)],
        is_compile_error: type_name == "SyntaxError",
        column: None,
        wants_network: false,
    };
    Raised {
        line: LineNumber::new(line),
        exception,
    }
}

fn computed(line: usize, repr: String, is_subject: bool) -> Computed {
    let (str, type_name) = match value::whole(&repr) {
        Some(value::Value::Str(content)) => (Some(content), "str"),
        _ => (None, "object"),
    };
    Computed {
        line: LineNumber::new(line),
        is_subject,
        repr,
        str,
        type_name: type_name.to_owned(),
    }
}

fn ending(name: &str) -> Ending {
    match name {
        "finished" => Ending::Finished,
        "raised" => Ending::Raised,
        "exited-early" => Ending::Exited {
            status: 0,
            is_early: true,
        },
        "signalled" => Ending::Signalled { signal: 11 },
        "timed-out" => Ending::TimedOut,
        "early-exit" => Ending::EarlyExit,
        other => panic!("no ending is called {other}"),
    }
}

fn render(document: &Document, verdict: &Verdict) -> String {
    let mut out = kebab(&verdict.status);
    if let Some(reason) = verdict.reason {
        let _ = write!(out, ": {}", reason.as_str());
    }
    let _ = writeln!(out, " ({} notes)", verdict.notes);
    for claim in &verdict.claims {
        push_claim(&mut out, document, claim);
    }
    for problem in &verdict.problems {
        push_problem(&mut out, document, problem);
    }
    out
}

fn push_claim(out: &mut String, document: &Document, claim: &JudgedClaim) {
    let _ = write!(
        out,
        "{} {} {}",
        place(document, claim.claim.span),
        kebab(&claim.claim.kind),
        kebab(&claim.verdict)
    );
    if let Some(word) = claim.tolerance.or(claim.reason) {
        let _ = write!(out, " ({word})");
    }
    let _ = write!(out, " | {}", one_line(&claim.expected));
    if let Some(actual) = &claim.actual {
        let _ = write!(out, " | {}", one_line(actual));
    }
    out.push('\n');
}

fn push_problem(out: &mut String, document: &Document, problem: &Problem) {
    let place = problem
        .span
        .map_or("-".to_owned(), |span| place(document, span));
    let _ = writeln!(out, "{place} {}: {}", problem.id, problem.message);
    for label in &problem.labels {
        let _ = writeln!(
            out,
            "  {} {}",
            one_line(document.slice(label.span)),
            label.text
        );
    }
    for note in &problem.notes {
        let _ = writeln!(out, "  note: {note}");
    }
    if let Some(help) = &problem.help {
        let _ = writeln!(out, "  help: {help}");
    }
}

fn place(document: &Document, span: Span) -> String {
    let position = document.position(span.start);
    format!("{}:{}", position.line, position.column)
}

fn kebab(value: &impl serde::Serialize) -> String {
    let json = serde_json::to_string(value).expect("a word is serialized");
    json.trim_matches('"').to_owned()
}

fn one_line(text: &str) -> String {
    text.replace('\n', "⏎")
}
