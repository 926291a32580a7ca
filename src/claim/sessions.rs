//! `>>>` sessions: their examples, and what each expects.
//!
//! In goes a block with prompts (`>>>`, or IPython's `In [1]:`), out come [`Example`]s, and of those
//! claims. More tolerant than the standard library's `doctest`: all lines between two prompts are
//! expected output, blank ones inside included; comment lines right under a prompt are expected output
//! in comment form.

use std::collections::HashSet;

use super::exceptions;
use super::scribe::{Line, Remark, Scribe, Target};
use super::weight::Place;
use super::{
    Claim, ClaimKind, Claims, Evidence, Expected, ExpectedException, Scope, Subject, scope, value,
};
use crate::block::Block;
use crate::document::Document;
use crate::syntax::{Comment, Nesting, StatementKind, syntax};
use crate::text::{LineNumber, Span};

/// A line of an example at its place in the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExampleLine {
    /// The text without prompt and line end.
    pub text: String,
    /// The same in the document.
    pub span: Span,
}

/// What stands between one `>>>` prompt and the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The source without prompts, lines ended by `\n`.
    pub source: String,
    /// The lines of `source`.
    pub lines: Vec<ExampleLine>,
    /// The document line of the first line of `source`.
    pub line: LineNumber,
    /// The document line of the last line of `source`.
    pub last: LineNumber,
    /// The expected output, without blank lines at its end; `<BLANKLINE>` stays as written.
    pub expected: Vec<ExampleLine>,
    /// Lines below the source that begin with `#`.
    pub comments: Vec<ExampleLine>,
    /// Whether the author asked that it not be run (`# doctest: +SKIP`).
    pub is_skipped: bool,
}

/// What a line of a session begins with.
enum Prompt<'a> {
    /// `>>>` or `In [1]:`, and the source behind it.
    First(&'a str),
    /// `...` or `...:`, and the source behind it.
    More(&'a str),
    /// `Out[1]:`, and the value behind it.
    Out(&'a str),
}

/// The prompt at the start of a line without its indentation.
fn prompt(body: &str) -> Option<Prompt<'_>> {
    let behind = |rest: &'_ str| rest.is_empty() || rest.starts_with(' ');
    let source = |rest: &'static str| body.strip_prefix(rest).filter(|rest| behind(rest));
    let numbered = |name: &'static str| {
        let (number, rest) = body.strip_prefix(name)?.split_once("]:")?;
        let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        (is_number && behind(rest)).then_some(rest)
    };
    let unspaced = |rest: &'_ str| rest.len() - usize::from(rest.starts_with(' '));
    let text = |rest: &'_ str| body.get(body.len() - unspaced(rest)..).unwrap_or_default();
    if let Some(rest) = source(">>>").or_else(|| numbered("In [")) {
        return Some(Prompt::First(text(rest)));
    }
    if let Some(rest) = source("...").or_else(|| source("...:")) {
        return Some(Prompt::More(text(rest)));
    }
    numbered("Out[").map(|rest| Prompt::Out(text(rest)))
}

/// Splits a session into its examples; lines before the first prompt belong to none.
pub fn examples(document: &Document, block: &Block) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut state = State::Output;
    for (code, place) in block.code.lines().zip(&block.lines) {
        let body = code.trim_start_matches([' ', '\t']);
        let line = |text: &str| {
            // Every text is the end of its line.
            let start = place.code_start + (code.len() - text.len());
            ExampleLine {
                text: text.to_owned(),
                span: block.document_span(Span::new(start, start + text.len())),
            }
        };
        let number = document.index.line(place.span.start);
        let prompt = prompt(body);
        if let Some(Prompt::First(source)) = prompt {
            examples.push(Example::begin(line(source), number));
            state = State::Source;
            continue;
        }
        let Some(example) = examples.last_mut() else {
            continue;
        };
        match prompt {
            Some(Prompt::More(source)) if state.takes(source, example) => {
                example.go_on(line(source), number);
            }
            Some(Prompt::Out(value)) => {
                state = State::Output;
                example.expected.push(line(value));
            }
            _ => {
                state = State::Output;
                let is_first = example.expected.is_empty();
                match body.starts_with('#') && is_first || body.starts_with("# ") {
                    true => example.comments.push(line(body)),
                    false => example.expected.push(line(code)),
                }
            }
        }
    }
    examples.iter_mut().for_each(finish);
    examples.retain(|example| !example.source.trim().is_empty() || !example.expected.is_empty());
    examples
}

/// What the line before was.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Source of which it is not known whether more may follow.
    Source,
    /// Source that is open: a bare `...` goes on with it.
    Open,
    /// Output.
    Output,
}

impl State {
    /// Whether a line after `...` is source: a bare `...` after what is complete is left-out output.
    fn takes(&mut self, source: &str, example: &Example) -> bool {
        if *self == State::Source && source.trim().is_empty() && is_open(&example.source) {
            *self = State::Open;
        }
        match self {
            State::Open => true,
            State::Source => !source.trim().is_empty(),
            State::Output => false,
        }
    }
}

impl Example {
    fn begin(source: ExampleLine, line: LineNumber) -> Self {
        Example {
            source: format!("{}\n", source.text),
            lines: vec![source],
            line,
            last: line,
            expected: Vec::new(),
            comments: Vec::new(),
            is_skipped: false,
        }
    }

    fn go_on(&mut self, source: ExampleLine, line: LineNumber) {
        self.source.push_str(&source.text);
        self.source.push('\n');
        self.lines.push(source);
        self.last = line;
    }
}

/// Whether more lines may follow `source`, so that a bare `...` is a prompt and no output.
fn is_open(source: &str) -> bool {
    let syntax = syntax(source);
    let is_compound = syntax.statements.iter().any(|statement| {
        matches!(
            statement.kind,
            StatementKind::Compound | StatementKind::Definition
        )
    });
    is_compound || !syntax.errors.is_empty()
}

/// Drops blank lines around the expected output, and reads directives.
fn finish(example: &mut Example) {
    let is_blank = |line: &ExampleLine| line.text.trim().is_empty();
    while example.expected.last().is_some_and(is_blank) {
        example.expected.pop();
    }
    let leading = example
        .expected
        .iter()
        .take_while(|line| is_blank(line))
        .count();
    example.expected.drain(..leading);
    example.is_skipped = has_directive(example, "+SKIP");
}

fn has_directive(example: &Example, flag: &str) -> bool {
    example.lines.iter().any(|line| {
        let directive = line.text.rsplit_once("doctest:").map(|(_, flags)| flags);
        directive.is_some_and(|flags| flags.contains(flag))
    })
}

/// The claims and notes of a session, in document order.
pub fn session_claims(document: &Document, block: &Block, examples: &[Example]) -> Claims {
    let _ = (document, block);
    let mut claims = Claims::default();
    for example in examples {
        example_claims(example, &mut claims);
    }
    claims.claims.sort_by_key(|claim| claim.span.start);
    claims.notes.sort_by_key(|note| note.span.start);
    claims
}

fn example_claims(example: &Example, claims: &mut Claims) {
    let syntax = syntax(&example.source);
    let mut scribe = Scribe::new(&example.source, &syntax);
    let sources = source_comments(example, &syntax.comments);
    let below: Vec<Line<'_>> = example.comments.iter().map(as_line).collect();
    let target = syntax
        .statements
        .iter()
        .rfind(|statement| statement.nesting == Nesting::TopLevel)
        .map(|statement| Target {
            statement,
            first: example.line,
            last: example.last,
        });
    match target {
        _ if example.is_skipped => {
            scribe.notes(&sources, "skipped-by-author");
            scribe.notes(&below, "skipped-by-author");
        }
        Some(target) if example.expected.is_empty() => {
            commented(example, target, &sources, &below, &mut scribe);
        }
        _ => {
            scribe.notes(&sources, "on-an-example");
            let vague = |line: &Line<'_>| scope::scope(line.text) == Some(Scope::Approximate);
            let is_vague = sources.iter().any(vague);
            scribe.notes(&below, "beside-output");
            let is_print = target.is_some_and(|one| one.statement.kind == StatementKind::Print);
            expected(example, is_print, is_vague, &mut scribe);
        }
    }
    claims.claims.append(&mut scribe.claims.claims);
    claims.notes.append(&mut scribe.claims.notes);
}

fn as_line(line: &ExampleLine) -> Line<'_> {
    Line {
        text: &line.text,
        at: line.span.start,
    }
}

/// The comments in an example's source, at their places in the document.
fn source_comments<'a>(example: &'a Example, comments: &[Comment]) -> Vec<Line<'a>> {
    let mut starts = Vec::with_capacity(example.lines.len());
    let mut start = 0;
    for line in &example.lines {
        starts.push(start);
        start += line.text.len() + 1;
    }
    let place = |comment: &Comment| {
        let row = starts.partition_point(|start| *start <= comment.span.start);
        let row = row.checked_sub(1)?;
        let line = example.lines.get(row)?;
        let offset = comment.span.start - starts.get(row)?;
        Some(Line {
            text: line.text.get(offset..)?,
            at: line.span.start + offset,
        })
    };
    comments.iter().filter_map(place).collect()
}

/// Comments as the only expectation: below the source, or behind it.
fn commented(
    example: &Example,
    target: Target<'_>,
    sources: &[Line<'_>],
    below: &[Line<'_>],
    scribe: &mut Scribe<'_>,
) {
    let last = example.lines.last().map(|line| line.span.start);
    let is_last = |line: &Line<'_>| last.is_some_and(|last| line.at > last);
    let remark = |place| Remark {
        target,
        place,
        is_above_next: false,
    };
    if !below.is_empty() {
        scribe.notes(sources, "on-an-example");
        scribe.read(&remark(Place::Below), below);
        return;
    }
    for line in sources {
        if !is_last(line) {
            scribe.note(*line, "on-an-example");
            continue;
        }
        let before = scribe.claims.claims.len();
        scribe.read(&remark(Place::Trailing), std::slice::from_ref(line));
        let is_weak = |claim: &Claim| claim.evidence == Evidence::Unmarked;
        if scribe
            .claims
            .claims
            .get(before..)
            .is_some_and(|new| new.iter().any(is_weak))
        {
            scribe.claims.claims.truncate(before);
            scribe.note(*line, "on-an-example");
        }
    }
}

/// Expected output as the interpreter would print it.
fn expected(example: &Example, is_print: bool, is_vague: bool, scribe: &mut Scribe<'_>) {
    let (Some(first), Some(last)) = (example.expected.first(), example.expected.last()) else {
        return;
    };
    // A line that begins with `#` above output may be output itself.
    let is_mixed = example
        .comments
        .iter()
        .any(|comment| comment.span.start < last.span.start);
    let subject = Subject::Statement {
        first: example.line,
        last: example.last,
        may_repeat: false,
        is_print,
    };
    let claim = |span: Span, text: String, expected: Expected, rule| Claim {
        kind: ClaimKind::Session,
        span,
        text,
        subject,
        expected,
        evidence: match is_mixed {
            true => Evidence::Weak,
            false => Evidence::Plain,
        },
        scope: is_vague.then_some(Scope::Approximate),
        rule,
    };
    if let Some((index, mut exception)) = traceback(&example.expected)
        && let Some(line) = example.expected.get(index)
    {
        if has_directive(example, "+IGNORE_EXCEPTION_DETAIL") {
            exception.message = None;
        }
        let more = example.expected.get(index + 1..).unwrap_or_default();
        let span = Span::new(line.span.start, last.span.end);
        let text: Vec<&str> = std::iter::once(line)
            .chain(more)
            .map(|line| line.text.as_str())
            .collect();
        let expected = Expected::Exception(exception);
        scribe
            .claims
            .claims
            .push(claim(span, text.join("\n"), expected, "traceback"));
        return;
    }
    if let ([only], Some(len)) = (example.expected.as_slice(), commented_value(&first.text)) {
        let value = only.text.get(..len).unwrap_or_default();
        let comment = only.text.get(len..).unwrap_or_default();
        let start = len + comment.len() - comment.trim_start().len();
        let line = Line {
            text: comment.trim_start(),
            at: only.span.start + start,
        };
        let span = Span::new(only.span.start, only.span.start + len);
        let mut found = claim(
            span,
            value.to_owned(),
            Expected::Output(format!("{value}\n")),
            "output",
        );
        found.scope = found.scope.or_else(|| scope::scope(line.text));
        scribe.claims.claims.push(found);
        scribe.note(line, "beside-output");
        return;
    }
    let text: Vec<&str> = example
        .expected
        .iter()
        .map(|line| line.text.as_str())
        .collect();
    let text = text.join("\n");
    let expected = Expected::Output(format!("{text}\n"));
    let span = Span::new(first.span.start, last.span.end);
    scribe
        .claims
        .claims
        .push(claim(span, text, expected, "output"));
}

/// Length of the value in a line of output that a comment follows.
fn commented_value(line: &str) -> Option<usize> {
    let (_, len) = value::prefix(line)?;
    let rest = line.get(len..)?;
    (rest.starts_with(char::is_whitespace) && rest.trim_start().starts_with('#')).then_some(len)
}

/// The exception that expected output shows, and the index of the line that names it.
fn traceback(expected: &[ExampleLine]) -> Option<(usize, ExpectedException)> {
    let begins = |line: &ExampleLine| {
        let text = line.text.trim();
        text.starts_with("Traceback (most recent call last)")
            || text.starts_with("Traceback (innermost last)")
    };
    let begins_in_ipython =
        |line: &ExampleLine| line.text.ends_with("Traceback (most recent call last)");
    let is_indented = |line: &ExampleLine| {
        line.text.starts_with([' ', '\t'])
            || line.text.trim().is_empty()
            || line.text.trim() == "..."
    };
    let index = if let Some(header) = expected.iter().rposition(begins) {
        let below = expected.get(header + 1..)?;
        match below.iter().position(|line| !is_indented(line)) {
            Some(index) => header + 1 + index,
            None => return Some((header, any_exception())),
        }
    } else if let Some(header) = expected.iter().rposition(begins_in_ipython) {
        let below = expected.get(header + 1..)?;
        let is_exception = |line: &ExampleLine| exception_line(&line.text, false).is_some();
        header + 1 + below.iter().rposition(is_exception)?
    } else {
        let index = expected.iter().position(|line| !is_indented(line))?;
        let is_bare = index == 0 && expected.len() == 1;
        let is_syntax = index > 0 && expected.first()?.text.trim().starts_with("File ");
        (is_bare || is_syntax).then_some(index)?
    };
    let has_header = expected.iter().any(begins);
    let exception = exception_line(&expected.get(index)?.text, has_header)?;
    Some((index, more_message(exception, expected.get(index + 1..)?)))
}

/// A traceback whose last line was left out.
fn any_exception() -> ExpectedException {
    ExpectedException {
        type_name: None,
        message: None,
    }
}

/// `Type: message`, or just `Type`.
fn exception_line(line: &str, has_header: bool) -> Option<ExpectedException> {
    let (name, message) = match line.split_once(':') {
        Some((name, message)) => (name.trim(), Some(message.trim())),
        None => (line.trim(), None),
    };
    let is_dotted = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || c == '_' || c == '.')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    let is_known = exceptions::name_len(name, &HashSet::new()) == Some(name.len());
    (is_dotted && (has_header || is_known)).then(|| ExpectedException {
        type_name: Some(name.to_owned()),
        message: message
            .filter(|message| !message.is_empty())
            .map(str::to_owned),
    })
}

/// The message goes on over the lines below.
fn more_message(mut exception: ExpectedException, below: &[ExampleLine]) -> ExpectedException {
    if let Some(message) = &mut exception.message {
        for line in below {
            message.push('\n');
            message.push_str(line.text.trim_end());
        }
    }
    exception
}
