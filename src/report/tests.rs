//! Reports made by hand, in every format; the snapshots are what users read.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::*;
use crate::block::{Block, BlockId, CodeLine, Form, Gap, Tag};
use crate::claim::{Claim, ClaimKind, Evidence, Expected, ExpectedException, Subject};
use crate::compare::{ClaimVerdict, Status};
use crate::observation::{ContextFailure, Emission, Ending, Exception, Stream};
use crate::plan::{Decision, Reason, SnippetKind};
use crate::policy::Policy;
use crate::problem;
use crate::sandbox::{Layer, LayerState};
use crate::text::{LineNumber, Span};

fn span_of(document: &Document, needle: &str) -> Span {
    let start = document.text.find(needle).expect(needle);
    Span::new(start, start + needle.len())
}

fn line_of(document: &Document, needle: &str) -> LineNumber {
    document.index.line(span_of(document, needle).start)
}

/// The block whose code begins with the line of `first` and ends with that of `last`.
fn block(document: &Document, id: &str, first: &str, last: &str) -> Block {
    let (first, last) = (line_of(document, first), line_of(document, last));
    let mut code = String::new();
    let mut lines = Vec::new();
    for number in first.get()..=last.get() {
        let line = LineNumber::new(number);
        let span = document.index.line_span(&document.text, line);
        let code_start = code.len();
        lines.push(CodeLine {
            line,
            code_start,
            span,
            inserted: 0,
        });
        code += span.of(&document.text);
        code.push('\n');
    }
    Block {
        id: BlockId(id.to_owned()),
        form: Form::Fenced,
        tag: Tag::Python,
        info: "python".to_owned(),
        heading: vec!["Notes".to_owned()],
        span: Span::new(lines[0].span.start, lines[lines.len() - 1].span.end),
        code,
        lines,
        gap: Gap::Far,
        lead: None,
        comments: Vec::new(),
    }
}

fn held(block: Block) -> BlockReport {
    BlockReport {
        is_new: false,
        case: Case {
            block,
            kind: SnippetKind::Script,
            decision: Decision::Skip(Reason::NotConfined),
            context: Vec::new(),
            static_reason: None,
            claims: Vec::new(),
            notes: Vec::new(),
            problems: Vec::new(),
            policy: Policy::STUDY,
            directives: Vec::new(),
            packages: Vec::new(),
            is_tried: false,
        },
        observation: Observation {
            ending: Ending::Finished,
            wall_ms: 1.4,
            ..Observation::not_run()
        },
        verdict: Verdict {
            status: Status::Passed,
            reason: None,
            claims: Vec::new(),
            notes: 1,
            problems: Vec::new(),
        },
    }
}

fn failed(block: Block, reason: Reason) -> BlockReport {
    let mut report = held(block);
    report.verdict.status = Status::Failed;
    report.verdict.reason = Some(reason);
    report
}

fn undecided(block: Block, reason: Reason) -> BlockReport {
    let mut report = failed(block, reason);
    report.verdict.status = Status::Inconclusive;
    report
}

fn judged(
    document: &Document,
    kind: ClaimKind,
    text: &str,
    expected: &str,
    actual: Option<&str>,
    verdict: ClaimVerdict,
) -> JudgedClaim {
    let line = line_of(document, text);
    let subject = match kind {
        ClaimKind::Output => Subject::Block,
        _ => Subject::Statement {
            first: line,
            last: line,
            may_repeat: false,
            is_print: document
                .slice(document.index.line_span(&document.text, line))
                .contains("print"),
        },
    };
    JudgedClaim {
        claim: Claim {
            kind,
            span: span_of(document, text),
            text: text.to_owned(),
            subject,
            expected: Expected::Output(expected.to_owned()),
            evidence: Evidence::Plain,
            scope: None,
            rule: "test",
        },
        verdict,
        expected: expected.to_owned(),
        actual: actual.map(str::to_owned),
        tolerance: None,
        reason: None,
    }
}

fn broken(document: &Document, text: &str, expected: &str, actual: &str) -> JudgedClaim {
    let verdict = ClaimVerdict::Broken;
    judged(
        document,
        ClaimKind::Comment,
        text,
        expected,
        Some(actual),
        verdict,
    )
}

/// A problem as the judge tells it.
fn told(reason: Reason, span: Span, message: &str, label: &str) -> Problem {
    Problem {
        id: reason.as_str(),
        severity: Severity::Error,
        span: Some(span),
        message: message.to_owned(),
        labels: vec![problem::Label {
            span,
            text: label.to_owned(),
        }],
        notes: Vec::new(),
        help: None,
    }
}

fn exception(type_name: &str, message: &str, lines: &[LineNumber]) -> Exception {
    Exception {
        type_name: type_name.to_owned(),
        bases: Vec::new(),
        message: message.to_owned(),
        lines: lines.to_vec(),
        name: None,
        is_compile_error: false,
        column: None,
        wants_network: false,
    }
}

fn of(document: Document, blocks: Vec<BlockReport>) -> DocumentReport {
    DocumentReport {
        path: document.path.clone(),
        document: Some(document),
        problems: Vec::new(),
        claims: Vec::new(),
        blocks,
    }
}

fn report(documents: Vec<DocumentReport>) -> Report {
    Report {
        interpreter: Interpreter {
            implementation: "cpython".to_owned(),
            version: "3.11.7".to_owned(),
        },
        confinement: Confinement {
            rung: "A".to_owned(),
            layers: vec![Layer {
                name: "pid-namespace".to_owned(),
                state: LayerState::Enforced,
                detail: None,
            }],
        },
        documents,
        wall_ms: 12.5,
    }
}

const PLAIN: Style = Style {
    color: false,
    width: Some(100),
    verbose: false,
    strict: false,
};

fn full(report: &Report, style: Style) -> String {
    let mut out = Vec::new();
    full::render(report, style, &mut out).expect("writing to memory");
    String::from_utf8(out).expect("UTF-8")
}

fn concise(report: &Report) -> String {
    let mut out = Vec::new();
    concise::render(report, PLAIN, &mut out).expect("writing to memory");
    String::from_utf8(out).expect("UTF-8")
}

fn json(report: &Report) -> serde_json::Value {
    let mut out = Vec::new();
    json::render(report, &mut out).expect("writing to memory");
    serde_json::from_slice(&out).expect("valid JSON")
}

/// What a reader of the full and of the concise report sees.
fn both(report: &Report) -> String {
    format!("{}\n=== concise\n{}", full(report, PLAIN), concise(report))
}

const MEMORY: &str = "\
# Memory

## Reference model

A name is a label.

```python
a = [1, 2]
b = a            # a second name for the SAME object
b.append(3)
print(a)         # [1, 2] — two objects
print(b is a)    # True
```

```python
def half(n):
    return n / 0

total = half(10)
print(total)     # 5.0
```
";

fn memory() -> DocumentReport {
    let document = Document::new("notes/memory.md", MEMORY);
    let mut aliases = failed(
        block(&document, "reference-model/1", "a = [1", "print(b is"),
        Reason::BrokenClaim,
    );
    aliases.verdict.claims = vec![
        broken(&document, "[1, 2] — two objects", "[1, 2]", "[1, 2, 3]"),
        judged(
            &document,
            ClaimKind::Comment,
            "True",
            "True",
            Some("True"),
            ClaimVerdict::Held,
        ),
    ];
    aliases.observation.emissions = vec![Emission {
        stream: Stream::Stdout,
        line: Some(line_of(&document, "print(a)")),
        statement: Some(line_of(&document, "print(a)")),
        text: "[1, 2, 3]\nTrue\n".to_owned(),
    }];
    let mut division = failed(
        block(&document, "reference-model/2", "def half", "print(total)"),
        Reason::UncaughtException,
    );
    division.observation.ending = Ending::Raised;
    let lines = [
        line_of(&document, "total = half"),
        line_of(&document, "return n"),
    ];
    division.observation.exception =
        Some(exception("ZeroDivisionError", "division by zero", &lines));
    division.verdict.problems = vec![told(
        Reason::UncaughtException,
        span_of(&document, "return n / 0"),
        "this raises `ZeroDivisionError: division by zero`",
        "raised here, and nothing below was run",
    )];
    let mut unreached = judged(
        &document,
        ClaimKind::Comment,
        "5.0",
        "5.0",
        None,
        ClaimVerdict::Inconclusive,
    );
    unreached.reason = Some("not-reached");
    division.verdict.claims = vec![unreached];
    division.case.context = vec![BlockId("reference-model/1".to_owned())];
    of(document, vec![aliases, division])
}

#[test]
fn broken_comment_and_uncaught_exception() {
    insta::assert_snapshot!(both(&report(vec![memory()])));
}

#[test]
fn colours_repeat_what_words_say() {
    let report = report(vec![memory()]);
    let coloured = full(
        &report,
        Style {
            color: true,
            ..PLAIN
        },
    );
    insta::assert_snapshot!(coloured.replace('\x1b', "␛"));
    let mut stripped = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once('\x1b') {
        stripped += before;
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    assert_eq!(stripped + rest, full(&report, PLAIN));
}

const RUSSIAN: &str = "\
# Конспект

| 日本語 | 表 |

> ```python
> имя = 'Ёжик'
> print(имя.upper())   # ЁЖИК! — заглавными
> print('日本語', '🎉')\t# 日本誤 🎉
> print('c')           # с — одна буква
> print('a  b')        # a b
> print(0.1 + 0.2)     # 0.3000000000000004
> print('e\u{301}')    # \u{e9}
> ```
";

#[test]
fn columns_in_russian_wide_and_combining_text() {
    let document = Document::new("заметки/строки и числа.md", RUSSIAN);
    let mut strings = failed(
        block(&document, "конспект/1", "> имя", "> print('e"),
        Reason::BrokenClaim,
    );
    strings.verdict.claims = vec![
        broken(&document, "ЁЖИК! — заглавными", "ЁЖИК!", "ЁЖИК"),
        broken(&document, "日本誤 🎉", "日本誤 🎉", "日本語 🎉"),
        broken(&document, "с — одна", "с", "c"),
        broken(&document, "a b\n", "a b", "a  b"),
        broken(
            &document,
            "0.3000000000000004",
            "0.3000000000000004",
            "0.30000000000000004",
        ),
        broken(&document, "\u{e9}", "\u{e9}", "e\u{301}"),
    ];
    insta::assert_snapshot!(both(&report(vec![of(document, vec![strings])])));
}

const OUTPUTS: &str = "\
```python
for i in range(6):
    print(i * i)
```

Output:

```text
0
1
4
8
16
25
```

```pycon
>>> sorted({3, 1, 2})
[1, 3, 2]
```

```python
int('x')         # TypeError
[].pop           # IndexError
len('abc')       # 4
```

The list then is `[4]`.
";

#[test]
fn output_blocks_sessions_exceptions_and_prose() {
    let document = Document::new("b.md", OUTPUTS);
    let squares = "0\n1\n4\n8\n16\n25\n";
    let mut output = failed(
        block(&document, "1", "for i", "    print(i"),
        Reason::BrokenClaim,
    );
    output.verdict.claims = vec![judged(
        &document,
        ClaimKind::Output,
        squares,
        squares,
        Some("0\n1\n4\n9\n16\n25\n"),
        ClaimVerdict::Broken,
    )];
    let mut session = failed(
        block(&document, "2", ">>> sorted", "[1, 3"),
        Reason::BrokenClaim,
    );
    session.case.kind = SnippetKind::Session;
    let (text, verdict) = ("[1, 3, 2]", ClaimVerdict::Broken);
    let mut claim = judged(
        &document,
        ClaimKind::Session,
        text,
        text,
        Some("[1, 2, 3]"),
        verdict,
    );
    let prompt = line_of(&document, ">>> sorted");
    claim.claim.subject = Subject::Statement {
        first: prompt,
        last: prompt,
        may_repeat: false,
        is_print: false,
    };
    session.verdict.claims = vec![claim];
    let mut raises = failed(
        block(&document, "3", "int('x')", "len('abc')"),
        Reason::BrokenClaim,
    );
    let raised = exception(
        "ValueError",
        "invalid literal for int() with base 10: 'x'",
        &[],
    );
    raises.observation.raised = vec![crate::observation::Raised {
        line: line_of(&document, "int('x')"),
        exception: raised,
    }];
    let announced = |text: &str, actual: &str| {
        let (kind, verdict) = (ClaimKind::Raises, ClaimVerdict::Broken);
        let mut claim = judged(&document, kind, text, text, Some(actual), verdict);
        claim.claim.expected = Expected::Exception(ExpectedException {
            type_name: Some(text.to_owned()),
            message: None,
        });
        claim
    };
    raises.verdict.claims = vec![
        announced(
            "TypeError",
            "ValueError: invalid literal for int() with base 10: 'x'",
        ),
        announced("IndexError", "<built-in method pop of list object>"),
        broken(&document, "4\n```\n\nThe", "4", "3"),
    ];
    let prose = judged(
        &document,
        ClaimKind::Prose,
        "[4]",
        "[4]",
        Some("[3]"),
        ClaimVerdict::Broken,
    );
    let mut document = of(document, vec![output, session, raises]);
    document.claims = vec![prose];
    insta::assert_snapshot!(both(&report(vec![document])));
}

#[test]
fn output_that_is_too_long_or_too_short() {
    let document = Document::new("b.md", OUTPUTS);
    let squares = "0\n1\n4\n8\n16\n25\n";
    let claim = |actual| {
        let verdict = ClaimVerdict::Broken;
        let mut block = failed(
            block(&document, "1", "for i", "    print(i"),
            Reason::BrokenClaim,
        );
        block.verdict.claims = vec![judged(
            &document,
            ClaimKind::Output,
            squares,
            squares,
            Some(actual),
            verdict,
        )];
        block
    };
    let blocks = vec![
        claim("0\n1\n4\n8\n16\n"),
        claim("0\n1\n4\n8\n16\n25\n36\n"),
        claim(""),
        claim("0\n1\n5\n8\n17\n25\n"),
        claim("0\n1\n4\n8 \n16\n25\n"),
    ];
    insta::assert_snapshot!(both(&report(vec![of(document.clone(), blocks)])));
}

const ENDINGS: &str = "\
```python
print('begin')
while True: pass
```

```python
import numpy as np
import os
os._exit(0)
```
";

#[test]
fn endings_show_last_words_and_need_no_problem() {
    let document = Document::new("endings.md", ENDINGS);
    let ended = |ending, reason| {
        let mut block = failed(block(&document, "1", "print(", "while"), reason);
        block.observation.ending = ending;
        block.observation.reached = vec![LineNumber::new(2), LineNumber::new(3)];
        block.observation.emissions = vec![Emission {
            stream: Stream::Stderr,
            line: None,
            statement: None,
            text: "one\ntwo\nFatal Python error: Segmentation fault\n::error::gotcha\n\n"
                .to_owned(),
        }];
        block
    };
    let mut signalled = ended(Ending::Signalled { signal: 11 }, Reason::Signalled);
    signalled.verdict.problems = vec![told(
        Reason::Signalled,
        span_of(&document, "while True: pass"),
        "signal 11 killed the block",
        "this statement was running",
    )];
    let mut unconfined = ended(Ending::NotRun, Reason::NotConfined);
    unconfined.verdict.status = Status::Inconclusive;
    unconfined.observation.infrastructure_failure = Some("no user namespaces\x1b[2J".to_owned());
    let blocks = vec![
        signalled,
        ended(Ending::TimedOut, Reason::TimedOut),
        unconfined,
    ];
    insta::assert_snapshot!(both(&report(vec![of(document, blocks)])));
}

#[test]
fn what_could_not_be_decided_is_short() {
    let document = Document::new("endings.md", ENDINGS);
    let numpy = |id| {
        let mut block = undecided(
            block(&document, id, "import numpy", "os._exit"),
            Reason::MissingPackage,
        );
        block.observation.ending = Ending::Raised;
        let at = span_of(&document, "numpy");
        block.verdict.problems = vec![problem::missing_package(at, "numpy")];
        block
    };
    let mut context = undecided(
        block(&document, "4", "print(", "while"),
        Reason::ContextFailed,
    );
    context.observation = Observation::not_run();
    context.observation.context_failure = Some(ContextFailure {
        line: Some(LineNumber::new(7)),
        exception: Some(exception("KeyError", "'a'", &[])),
    });
    let mut name = undecided(
        block(&document, "5", "print(", "while"),
        Reason::UndefinedName,
    );
    name.verdict.problems = vec![problem::undefined_name(
        span_of(&document, "print"),
        "print",
    )];
    let mut skipped = held(block(&document, "6", "import numpy", "os._exit"));
    skipped.observation = Observation::not_run();
    skipped.verdict.status = Status::Skipped;
    skipped.verdict.reason = Some(Reason::SkippedByAuthor);
    let mut passed = held(block(&document, "7", "print(", "while"));
    let mut claim = judged(
        &document,
        ClaimKind::Comment,
        "begin",
        "begin",
        Some("139872"),
        ClaimVerdict::Inconclusive,
    );
    claim.reason = Some("not-repeatable");
    passed.verdict.claims = vec![claim];
    let blocks = vec![
        numpy("1"),
        numpy("2"),
        numpy("3"),
        context,
        name,
        skipped,
        passed,
    ];
    let report = report(vec![of(document, blocks)]);
    assert_eq!(exit_status(&report, false), 0);
    assert_eq!(exit_status(&report, true), 1);
    let verbose = full(
        &report,
        Style {
            verbose: true,
            ..PLAIN
        },
    );
    insta::assert_snapshot!(format!("{}\n=== verbose\n{verbose}", both(&report)));
}

#[test]
fn problems_of_documents_and_blocks() {
    let unreadable = DocumentReport {
        path: "gone.md".to_owned(),
        document: None,
        problems: vec![problem::unreadable("Permission denied (os error 13)")],
        claims: Vec::new(),
        blocks: Vec::new(),
    };
    let text =
        "```python\nprint(math.floor(x))\n```\n\ntext\n\n```python\nx = 3.7\n```\n\n````python\n";
    let document = Document::new("names.md", text);
    let mut import = failed(
        block(&document, "1", "print(", "print("),
        Reason::MissingImport,
    );
    let math = span_of(&document, "math");
    import.verdict.problems = vec![
        problem::missing_import(math, "math", "import math"),
        problem::defined_later(span_of(&document, "x)"), "x", span_of(&document, "x = 3")),
    ];
    let mut latent = held(block(&document, "2", "x = 3", "x = 3"));
    let at = span_of(&document, "x = 3");
    latent.verdict.problems = vec![problem::latent_missing_import(at, "json", "import json")];
    let mut names = of(document.clone(), vec![import, latent]);
    names.problems = vec![problem::unclosed_fence(span_of(&document, "````python"))];
    let report = report(vec![unreadable, names]);
    assert_eq!(exit_status(&report, false), 1);
    insta::assert_snapshot!(both(&report));
}

#[test]
fn hostile_text_stays_text() {
    let text =
        "```python\nprint('\x1b]0;title\x07')  # \u{202e}evil\u{2069} \x1b[31m ##[error]x\n```\n";
    let document = Document::new("::error::\x1b[2J/a'b\u{202e}.md", text);
    let mut block = failed(
        block(&document, "\x1b[1m/1", "print(", "print("),
        Reason::BrokenClaim,
    );
    let claim = "\u{202e}evil\u{2069} \x1b[31m ##[error]x";
    block.verdict.claims = vec![broken(&document, claim, claim, "\x1b]0;title\x07\u{9b}2J")];
    block.case.context = vec![BlockId("\x1b[2J".to_owned())];
    block.verdict.problems = vec![problem::not_python(
        Span::new(3, 99_999),
        "a\n::error::\x1b[0m",
    )];
    block.observation.ending = Ending::Raised;
    block.observation.exception =
        Some(exception("E\x1b[0m", "\n::error::x", &[LineNumber::new(2)]));
    let evil = "this raises `E\x1b[0m: \n::error::x`";
    let at = span_of(&document, "print(");
    let mut problem = told(
        Reason::UncaughtException,
        at,
        evil,
        "\x1b[0m\n::error::label",
    );
    problem.notes = vec!["one\n::error::two\n\u{202e}three".to_owned()];
    problem.help = Some("::error::help\n::error::".to_owned());
    block.verdict.problems.push(problem);
    let report = report(vec![of(document, vec![block])]);
    let shown = both(&report);
    for c in shown.chars() {
        assert!(
            c == '\n' || !c.is_control() && !neutral::is_invisible(c),
            "{c:?}"
        );
    }
    assert!(!shown.contains("##["));
    assert!(
        !shown
            .lines()
            .any(|line| line.trim_start().starts_with("::"))
    );
    let mut raw = Vec::new();
    json::render(&report, &mut raw).expect("writing to memory");
    let raw = String::from_utf8(raw).expect("UTF-8");
    assert!(
        raw.trim_end()
            .chars()
            .all(|c| !c.is_control() && !neutral::is_invisible(c))
    );
    let claim_json = &json(&report)["documents"][0]["blocks"][0]["claims"][0];
    assert_eq!(claim_json["expected"], claim, "JSON keeps the data");
    insta::assert_snapshot!(shown);
}

#[test]
fn nothing_to_run_is_said() {
    let prose = of(Document::new("a.md", "text\n"), Vec::new());
    let two = of(Document::new("b.md", "text\n"), Vec::new());
    let mut unconfined = report(vec![prose, two]);
    unconfined.confinement.rung = "none".to_owned();
    insta::assert_snapshot!(format!(
        "{}\n=== no documents\n{}",
        both(&unconfined),
        both(&report(Vec::new()))
    ));
}

#[test]
fn a_run_without_a_sandbox_says_so_aloud() {
    let document = Document::new("endings.md", ENDINGS);
    let passed = held(block(&document, "1", "print(", "while"));
    let mut weak = report(vec![of(document, vec![passed])]);
    weak.confinement.rung = "C".to_owned();
    weak.confinement.layers[0].state = LayerState::Absent;
    let mut unconfined = weak.clone();
    unconfined.confinement.rung = "none".to_owned();
    insta::assert_snapshot!(format!("{}\n=== weak\n{}", both(&unconfined), both(&weak)));
}

#[test]
fn a_line_of_a_megabyte_is_cut_around_the_claim() {
    let text = format!(
        "```python\nx = '{}' # 3 {}\n```\n",
        "ж".repeat(250_000),
        "б".repeat(250_000)
    );
    let document = Document::new("long.md", text);
    let mut block = failed(block(&document, "1", "x = '", "x = '"), Reason::BrokenClaim);
    block.verdict.claims = vec![broken(&document, "3 ", "3", "4")];
    let shown = full(&report(vec![of(document, vec![block])]), PLAIN);
    assert!(shown.len() < 2_000, "{}", shown.len());
    insta::assert_snapshot!(shown);
}

#[test]
fn a_hundred_thousand_problems_are_all_told() {
    const LINES: usize = 50_000;
    let mut text = String::from("```python\n");
    for i in 0..LINES {
        let _ = writeln!(text, "print({i})  # {}", i + 1);
    }
    // The other half stands on one line.
    text += &"a.b; ".repeat(LINES);
    text += "\n```\n";
    let document = Document::new("many.md", text);
    let mut block = failed(
        block(&document, "1", "print(0)", "a.b; "),
        Reason::BrokenClaim,
    );
    let mut claims = Vec::new();
    for i in 0..LINES {
        let line = document
            .index
            .line_span(&document.text, LineNumber::new(i + 2));
        let value = (i + 1).to_string();
        let mut claim = broken(&document, "print(0)", &value, &i.to_string());
        claim.claim.span = Span::new(line.end - value.len(), line.end);
        claims.push(claim);
    }
    let start = span_of(&document, "a.b; ").start;
    let mut problems = Vec::new();
    for i in 0..LINES {
        let at = Span::new(start + 5 * i, start + 5 * i + 1);
        problems.push(problem::latent_missing_import(at, "a", "import a"));
    }
    block.verdict.claims = claims;
    block.verdict.problems = problems;
    let report = report(vec![of(document, vec![block])]);
    let shown = full(&report, PLAIN);
    let findings = |id: &str| shown.matches(id).count();
    assert_eq!(findings("error[broken-claim]"), LINES);
    assert_eq!(findings("warning[missing-import]"), LINES);
    assert!(shown.contains("200 findings are shown in full"));
    assert_eq!(concise(&report).lines().count(), 2 * LINES + 2);
    let problems = &json(&report)["documents"][0]["blocks"][0]["problems"];
    assert_eq!(problems[2 * LINES - 1]["column"], 5 * (LINES - 1) + 1);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..Default::default()
    })]

    /// Whatever a document and a snippet say, and wherever a problem claims to stand.
    #[test]
    fn no_text_and_no_span_breaks_a_report(
        text in "[a`#> \\t\r\n\u{1b}\u{85}\u{200d}\u{202e}\u{301}ж語🎉\\[:]{1,160}",
        expected in "[a \\t\n\u{1b}ж語🎉#\\[:]{0,90}",
        actual in "[a \\t\n\u{1b}ж語🎉#\\[:]{0,90}",
        spans in proptest::collection::vec((0..400_usize, 0..60_usize), 5),
        width in 0..120_usize,
    ) {
        let document = Document::new("a.md", text);
        let span = |i: usize| Span::new(spans[i].0, spans[i].0 + spans[i].1);
        let mut block = failed(block(&document, "1", "", ""), Reason::BrokenClaim);
        let mut claim = broken(&document, "", &expected, &actual);
        claim.claim.span = span(0);
        let mut doubtful = claim.clone();
        doubtful.verdict = ClaimVerdict::Inconclusive;
        doubtful.claim.span = span(1);
        block.verdict.claims = vec![claim, doubtful];
        block.verdict.problems = vec![problem::defined_later(span(2), &actual, span(3))];
        block.observation.exception = Some(exception(&expected, &actual, &[LineNumber::new(spans[4].0)]));
        let mut unexplained = block.clone();
        unexplained.verdict.reason = Some(Reason::NeedsFile);
        unexplained.verdict.claims.clear();
        let report = report(vec![of(document, vec![block, unexplained])]);
        let style = Style { color: false, width: Some(width), verbose: true, strict: true };
        for c in (full(&report, style) + &concise(&report)).chars() {
            proptest::prop_assert!(c == '\n' || !c.is_control(), "{:?}", c);
        }
        json(&report);
    }
}

fn keys(value: &serde_json::Value) -> BTreeSet<&str> {
    value
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn json_has_the_names_that_machines_depend_on() {
    let mut memory = memory();
    let document = memory.document.clone().expect("a document");
    memory.claims = vec![broken(&document, "A name", "A", "B")];
    memory.problems = vec![problem::unreadable("gone")];
    let json = json(&report(vec![memory]));
    let is = |value: &serde_json::Value, names: &str| {
        assert_eq!(keys(value), names.split(' ').collect::<BTreeSet<_>>());
    };
    is(
        &json,
        "schema version interpreter sandbox grants summary documents",
    );
    is(&json["interpreter"], "implementation version");
    is(&json["sandbox"], "rung layers");
    is(&json["sandbox"]["layers"][0], "name state detail");
    is(
        &json["summary"],
        "documents blocks ran passed failed inconclusive skipped new claims notes wall_ms",
    );
    is(&json["summary"]["claims"], "held broken inconclusive");
    let document = &json["documents"][0];
    is(document, "path problems claims blocks");
    let claim = "line column kind text expected actual verdict reason tolerance";
    let problem = "id severity line column message";
    is(&document["claims"][0], claim);
    is(&document["problems"][0], problem);
    let block = &document["blocks"][0];
    is(
        block,
        "id line end_line heading info kind status reason context directives grants ending stdout \
         stderr wall_ms claims problems",
    );
    is(&block["claims"][0], claim);
    is(&block["problems"][0], problem);
    is(&block["ending"], "kind exception");
    is(
        &document["blocks"][1]["ending"]["exception"],
        "type message line",
    );
}

#[test]
fn json_of_a_small_report() {
    let mut out = Vec::new();
    json::render(&report(vec![memory()]), &mut out).expect("writing to memory");
    let json = String::from_utf8(out).expect("UTF-8");
    assert_eq!(json.lines().count(), 1);
    // The order of the names is part of it, so this is the text itself, broken into lines.
    insta::assert_snapshot!(json.replace(",\"", ",\n\"").replace("[{", "[\n{"));
}
