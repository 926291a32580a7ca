//! The plan of a document, as text.

use std::fmt::Write;

use snipcheck::document::Document;
use snipcheck::plan::{
    self, Case as Planned, Decision, Directive, Options, Rule, Snippet, SnippetKind, Source, Watch,
    Written,
};
use snipcheck::problem::{Problem, Severity};
use snipcheck::text::LineNumber;

use crate::cases::Case;

/// Lists each Python block with its kind, decision, context, supplied imports, findings and watches.
///
/// A part `options` may say `assume-imports: math typing`, `python: 3.14` and `rule: HEADING | skip`.
pub(crate) fn run(case: &Case) -> String {
    let document = Document::new(case.path.as_str(), case.document.as_str());
    let plan = plan::plan(document, &options(case));
    let mut out = String::new();
    for planned in &plan.cases {
        push_case(&mut out, &plan.document, planned);
    }
    if plan.cases.is_empty() {
        out.push_str("no Python\n");
    }
    for problem in &plan.problems {
        push_problem(&mut out, &plan.document, problem);
    }
    out
}

fn options(case: &Case) -> Options {
    let mut options = Options::default();
    for part in case.parts.iter().filter(|part| part.info == "options") {
        for line in part.text.lines() {
            match line.split_once(": ") {
                Some(("assume-imports", modules)) => {
                    options.assume_imports = modules.split(' ').map(str::to_owned).collect();
                }
                Some(("python", version)) => {
                    let (major, minor) = version.split_once('.').expect("a version is x.y");
                    let number = |text: &str| text.parse().expect("a version has numbers");
                    options.python = Some((number(major), number(minor)));
                }
                Some(("rule", text)) => options.rules.push(rule(text)),
                _ => panic!("no option is called {line}"),
            }
        }
    }
    options
}

/// `HEADING | ORDERS`.
fn rule(text: &str) -> Rule {
    let (heading, orders) = text.split_once(" | ").expect("a rule has two parts");
    Rule {
        heading: Some(heading.to_owned()),
        block: None,
        orders: plan::orders(orders).expect("its orders are right"),
        line: LineNumber::FIRST,
    }
}

fn push_case(out: &mut String, document: &Document, case: &Planned) {
    let kind = match case.kind {
        SnippetKind::Script => "script",
        SnippetKind::Session => "session",
    };
    let decision = match &case.decision {
        Decision::Run(_) => "run".to_owned(),
        Decision::Skip(reason) => format!("skip {}", reason.as_str()),
    };
    let line = case.block.first_line(document);
    let _ = write!(out, "{} line {line}: {kind}, {decision}", case.block.id);
    if let Some(reason) = case.static_reason {
        let _ = write!(out, ", {}", reason.as_str());
    }
    if !case.claims.is_empty() {
        let _ = write!(out, ", {} claims", case.claims.len());
    }
    out.push('\n');
    for directive in &case.directives {
        push_directive(out, document, directive);
    }
    if let Decision::Run(snippet) = &case.decision {
        push_snippet(out, case, snippet);
    }
    for problem in &case.problems {
        push_problem(out, document, problem);
    }
}

fn push_directive(out: &mut String, document: &Document, directive: &Directive) {
    let _ = write!(out, "  directive {}", directive.order.name());
    if let Some(value) = directive.order.value() {
        let _ = write!(out, " {value:?}");
    }
    let _ = match directive.written {
        Written::Document(span) => writeln!(out, " @ {}", document.index.line(span.start)),
        Written::Settings(line) => writeln!(out, " @ settings {line}"),
    };
}

fn push_snippet(out: &mut String, case: &Planned, snippet: &Snippet) {
    if snippet.kind == SnippetKind::Session {
        push_sources(out, "example", &snippet.sources);
    }
    assert_eq!(case.context.len(), snippet.context.len());
    for (id, (kind, sources)) in case.context.iter().zip(&snippet.context) {
        let _ = writeln!(out, "  context {id} ({kind:?})");
        push_sources(out, "  source", sources);
    }
    for import in &snippet.supplied {
        let _ = writeln!(out, "  supplied {import}");
    }
    for watch in &snippet.watches {
        push_watch(out, watch);
    }
    if !snippet.inputs.is_empty() {
        let _ = writeln!(out, "  inputs {:?}", snippet.inputs);
    }
}

fn push_sources(out: &mut String, title: &str, sources: &[Source]) {
    for source in sources {
        let first = source.code.lines().next().unwrap_or_default();
        let more = source.code.lines().count().saturating_sub(1);
        let _ = write!(out, "  {title} {}: {first}", source.line);
        let _ = match more {
            0 => writeln!(out),
            more => writeln!(out, " (+{more} lines)"),
        };
    }
}

fn push_watch(out: &mut String, watch: &Watch) {
    let _ = write!(out, "  watch {}-{}:", watch.line, watch.last);
    if watch.wants_value {
        out.push_str(" value");
    }
    if let Some(subject) = &watch.subject {
        let _ = write!(out, " subject `{subject}`");
    }
    if watch.exception.is_some() {
        out.push_str(" exception");
    }
    out.push('\n');
}

fn push_problem(out: &mut String, document: &Document, problem: &Problem) {
    let severity = match problem.severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    let place = problem.span.map_or("-".to_owned(), |span| {
        let position = document.position(span.start);
        format!(
            "{}:{} `{}`",
            position.line,
            position.column,
            document.slice(span)
        )
    });
    let _ = writeln!(
        out,
        "  {severity} {}: {} @ {place}",
        problem.id, problem.message
    );
    if let Some(help) = &problem.help {
        let _ = writeln!(out, "    help: {help}");
    }
}
