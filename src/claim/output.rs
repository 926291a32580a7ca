//! An output block after the code: everything that the code printed.
//!
//! In go a code block and the block after it, out comes a claim if that one is output: because a line
//! such as `**Output:**` says so, or because it follows directly, the code prints, and it looks like
//! nothing else.

use std::collections::HashSet;

use super::exceptions::name_len;
use super::wording::lead_in;
use super::{Claim, ClaimKind, Evidence, Expected, Scope, Subject, reading, scope};
use crate::block::{Block, Form, Gap, Tag};
use crate::document::Document;
use crate::syntax::{Nesting, StatementKind, Syntax, computation, syntax};
use crate::text::Span;

/// The claim that `next` makes about what `block` prints, if it makes one.
///
/// `syntax` is that of `block`, which is the block right before `next`; `is_session` says whether it
/// is a session.
pub fn output_claim(
    document: &Document,
    block: &Block,
    syntax: &Syntax,
    next: &Block,
    is_session: bool,
) -> Option<Claim> {
    let intro = match next.gap {
        Gap::Far => return None,
        Gap::Adjacent => None,
        Gap::Paragraph(span) => Some(Intro::read(document.slice(span))?),
    };
    let span = content(next, &block.code, syntax.may_print || intro.is_some())?;
    let text = span.of(&next.code);
    if let Some(claim) = value_of_last(document, block, syntax, next, span, is_session) {
        return Some(claim);
    }
    let is_output = match (&next.tag, &intro) {
        _ if next.is_session() => false,
        (Tag::None | Tag::Output(_), Some(_)) => !is_other(next, text, &block.code),
        (Tag::None | Tag::Output(_), None) if ends_in_exception(text) => !is_session,
        (Tag::None | Tag::Output(_), None) => {
            syntax.may_print
                && !is_session
                && !is_other(next, text, &block.code)
                && !is_code(text)
                && !is_list_item(next, text, &block.code)
        }
        (Tag::Python, Some(_)) => !is_session && is_literal_output(text),
        (Tag::Other(_), Some(_)) => is_data(&next.tag) && syntax.may_print && !is_session,
        (Tag::Python | Tag::Other(_), None) => false,
    };
    if !is_output {
        return None;
    }
    let is_plain = (syntax.may_print || ends_in_exception(text)) && !is_session;
    Some(Claim {
        kind: ClaimKind::Output,
        span: next.document_span(span),
        text: text.to_owned(),
        subject: Subject::Block,
        expected: Expected::Output(format!("{text}\n")),
        // Without a print in sight it may be the value of the last expression, as notebooks show it.
        evidence: if is_plain {
            Evidence::Plain
        } else {
            Evidence::Weak
        },
        scope: intro.as_ref().and_then(|intro| intro.scope.clone()),
        rule: if intro.is_some() {
            "output-after-lead-in"
        } else {
            "output-block"
        },
    })
}

/// The value of the expression that ends the code, as a notebook shows it below.
fn value_of_last(
    document: &Document,
    block: &Block,
    syntax: &Syntax,
    next: &Block,
    span: Span,
    is_session: bool,
) -> Option<Claim> {
    let last = syntax.statements.last()?;
    let text = span.of(&next.code);
    let is_shown = last.kind == StatementKind::Expression
        && last.nesting == Nesting::TopLevel
        && !syntax.may_print
        && !is_session
        && !syntax.strings.contains(&last.span)
        && matches!(next.tag, Tag::None | Tag::Output(_))
        && reading::is_value(text);
    let code = last.span.of(&block.code);
    let is_name = code.chars().all(|c| c.is_alphanumeric() || c == '_');
    let computes = || is_name || computation(code).is_some();
    let line = |offset| document.index.line(block.document_offset(offset));
    (is_shown && computes()).then(|| Claim {
        kind: ClaimKind::Output,
        span: next.document_span(span),
        text: text.to_owned(),
        subject: Subject::Statement {
            first: line(last.span.start),
            last: line(last.span.end.max(last.span.start + 1) - 1),
            may_repeat: false,
            is_print: false,
        },
        expected: Expected::Text {
            text: text.to_owned(),
            with_lead: None,
            value_len: Some(text.len()),
        },
        evidence: Evidence::Plain,
        scope: None,
        rule: "value-below",
    })
}

/// Whether the paragraph right before a block says that it is output of Python 2: `**Output (Python 2.x):**`.
pub fn is_of_python2(document: &Document, block: &Block) -> bool {
    let words = block.lead.and_then(|lead| lead_in(document.slice(lead)));
    match words.and_then(scope::scope) {
        Some(Scope::Version(version)) => {
            let digits = version.trim_start_matches(|c: char| !c.is_ascii_digit());
            digits.starts_with('2') && !version.contains(['>', '+'])
        }
        _ => false,
    }
}

/// A line that announces output.
struct Intro {
    scope: Option<Scope>,
}

impl Intro {
    fn read(paragraph: &str) -> Option<Intro> {
        let line = paragraph.trim();
        let line = summary(line).unwrap_or(line);
        let words = lead_in(line)?;
        Some(Intro {
            scope: scope::scope(words),
        })
    }
}

/// The text of `<details><summary>Answer</summary>`.
fn summary(html: &str) -> Option<&str> {
    let (_, rest) = html.strip_prefix("<details")?.split_once("<summary>")?;
    let (text, _) = rest.split_once("</summary>")?;
    Some(
        text.trim()
            .trim_start_matches("<b>")
            .trim_end_matches("</b>"),
    )
}

/// The part of an output block that is output: without its heading line and blank lines around.
/// What stands in the code, `printer`, may be printed by it and is no heading.
fn content(next: &Block, printer: &str, may_print: bool) -> Option<Span> {
    let code = &next.code;
    let mut start = 0;
    for line in code.split_inclusive('\n') {
        if !is_heading(line.trim(), printer, may_print) {
            break;
        }
        start += line.len();
    }
    let end = code.trim_end().len();
    (start < end).then(|| Span::new(start, end))
}

/// Lines at the start of an output block that are not output: blank, `output`, `$ python x.py`.
fn is_heading(line: &str, printer: &str, may_print: bool) -> bool {
    let word = line
        .trim_start_matches(['#', ' '])
        .trim_end_matches([':', '：', ' '])
        .to_lowercase();
    let is_word =
        ["output", "вывод", "stdout", "输出"].contains(&word.as_str()) && !printer.contains(line);
    let is_command = ["$ python", "% python", "> python", "# python", "$ py "]
        .iter()
        .any(|command| line.starts_with(command));
    line.is_empty() || is_word || is_command && may_print
}

/// Whether `word` is one of the words of `list`.
fn is_among(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|one| one == word)
}

/// Names of shells and terminals among the tags.
const SHELLS: &str = "sh bash shell zsh console shell-session terminal powershell cmd bat";

/// Commands with which a shell block begins that is no output.
const COMMANDS: &str = "pip pip3 python python3 cd ls git docker npm curl uv poetry sudo apt apt-get export \
    mkdir pytest source conda brew cat wget make virtualenv pipenv mypy ruff";

/// Names of data languages among the tags.
const DATA: &str = "json yaml xml html csv toml markdown ini";

/// Whether the text is a shell transcript, a directory tree, a diagram, or lines of another tool.
fn is_other(next: &Block, text: &str, code: &str) -> bool {
    let is_shell = matches!(&next.tag, Tag::Output(tag) if is_among(SHELLS, tag));
    let first = text.lines().next().unwrap_or_default();
    let is_command = text.lines().any(|line| line.starts_with("$ "))
        || first.starts_with("PS ")
        || is_shell
            && first
                .split_whitespace()
                .next()
                .is_some_and(|word| is_among(COMMANDS, word));
    let draws = |text: &str| {
        text.chars()
            .any(|c| matches!(c, '\u{2500}'..='\u{259f}' | '▲'..='◆'))
    };
    is_command || draws(text) && !draws(code)
}

/// `- Numbers:`, where `code` prints no such sign: an item of a list that is indented like code.
fn is_list_item(next: &Block, text: &str, code: &str) -> bool {
    let indented = (next.form == Form::Indented).then_some(text);
    let Some(rest) = indented.and_then(|text| text.strip_prefix(['-', '*', '+'])) else {
        return false;
    };
    let sign = &text[..text.len() - rest.len()];
    let is_printed = ["\"", "'", "\\n"]
        .iter()
        .any(|before| code.contains(&format!("{before}{sign}")));
    let words = rest.trim_start_matches([' ', '*', '`', '_']);
    rest.starts_with(' ') && words.starts_with(char::is_alphabetic) && !is_printed
}

/// Whether the text is Python with statements of its own: the next piece of code, not output.
fn is_code(text: &str) -> bool {
    let syntax = syntax(text);
    let is_shown =
        |kind: &StatementKind| matches!(kind, StatementKind::Expression | StatementKind::Other);
    syntax.errors.is_empty()
        && (syntax.may_print || syntax.statements.iter().any(|one| !is_shown(&one.kind)))
}

/// Whether the text of a block tagged as Python is values, words, or no Python at all.
fn is_literal_output(text: &str) -> bool {
    let is_value = |line: &str| line.trim().is_empty() || reading::is_value(line);
    if text.lines().all(is_value) || reading::is_value(text) {
        return true;
    }
    let starts = [
        "def ", "class ", "import ", "from ", "for ", "while ", "if ", "with ", "try:", "print(",
        "@", "#", ">>>",
    ];
    let is_code_line = |line: &str| starts.iter().any(|start| line.starts_with(start));
    let syntax = syntax(text);
    let has_statements = syntax
        .statements
        .iter()
        .any(|one| one.kind != StatementKind::Expression);
    let is_prose = !syntax.errors.is_empty() || !has_statements && !text.contains('(');
    is_prose && !syntax.may_print && !text.lines().any(is_code_line)
}

/// Whether the last line is that of a traceback: `KeyError: 'x'`.
fn ends_in_exception(text: &str) -> bool {
    let last = text.trim_end().lines().next_back().unwrap_or_default();
    let len = name_len(last, &HashSet::new());
    len.and_then(|len| last.get(len..))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(": "))
}

/// Languages that are data: a program may well print them.
fn is_data(tag: &Tag) -> bool {
    matches!(tag, Tag::Other(tag) if is_among(DATA, tag))
}
