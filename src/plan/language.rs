//! What a block tagged as Python holds, where the grammar does not understand it.
//!
//! Nothing is found out that would turn broken Python into "not Python": a text is something else
//! only where one of its lines *is* that something, and the parser stumbled on it. The texts that
//! parse and are no Python are the include directive `--8<-- "file.py"` and JSON with its own words.

use std::collections::BTreeSet;

use crate::syntax::{self, Syntax};
use crate::text::{LineIndex, Span};

/// What a text turned out to be; spans are places in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Language {
    /// Python, or so broken that only CPython can say.
    Python,
    /// Python 2: where, and what gives it away.
    Python2(Span, &'static str),
    /// Something else: where, and what.
    Other(Span, &'static str),
}

/// One line of the text.
#[derive(Clone, Copy)]
struct Line<'a> {
    /// The line without white space around it.
    text: &'a str,
    /// Where that stands.
    span: Span,
    /// Whether the parser stumbled here.
    is_broken: bool,
}

/// Longer lines (in bytes) are nobody's command, sentence or Python 2.
const MAX_LINE: usize = 2_000;

/// What `code`, whose grammar is `syntax`, is.
pub(super) fn language(code: &str, syntax: &Syntax) -> Language {
    let lines = lines(code, syntax);
    if let Some(line) = lines.iter().find(|line| is_include(line, syntax)) {
        return Language::Other(line.span, "it holds an include directive");
    }
    // `In [2]: x` parses, as an annotation.
    if let Some(line) = lines.iter().find(|line| is_ipython_prompt(line, syntax)) {
        return Language::Other(line.span, "it holds IPython prompts");
    }
    if let Some(line) = lines.iter().find(|line| is_old_handler(line, syntax)) {
        return Language::Python2(line.span, "`except Type, name`");
    }
    if syntax.errors.is_empty() {
        let json = lines.first().filter(|_| is_json(code, syntax));
        return json.map_or(Language::Python, |line| {
            Language::Other(line.span, "it is JSON")
        });
    }
    for line in &lines {
        if let Some(what) = anywhere(line) {
            return Language::Other(line.span, what);
        }
    }
    let broken = || {
        lines
            .iter()
            .filter(|line| line.is_broken && line.text.len() <= MAX_LINE)
    };
    for line in broken() {
        if let Some(what) = command(line.text) {
            return Language::Other(line.span, what);
        }
        if let Some(construct) = python2(line.text) {
            return Language::Python2(line.span, construct);
        }
    }
    for line in broken() {
        if let Some(what) = notation(line.text) {
            return Language::Other(line.span, what);
        }
    }
    if let Some(head) = lines.last().filter(|_| is_heads_alone(code, &lines)) {
        return Language::Other(head.span, "what belongs below its head is left out");
    }
    Language::Python
}

/// More heads below each other than these are no illustration.
const MAX_HEADS: usize = 4;

/// `if ready:` or `class Box:` and `def open(self):`, and nothing that would stand in their bodies.
fn is_heads_alone(code: &str, lines: &[Line<'_>]) -> bool {
    let head = |line: &Line<'_>| {
        let bare = line.text.split(" #").next().unwrap_or_default();
        bare.trim_end()
            .ends_with(':')
            .then_some(line.span.start + bare.trim_end().len())
    };
    let Some(end) = lines.last().and_then(head) else {
        return false;
    };
    lines.len() <= MAX_HEADS
        && lines.iter().all(|line| head(line).is_some())
        && code
            .get(..end)
            .is_some_and(|heads| syntax::syntax(&format!("{heads} pass")).errors.is_empty())
}

/// One bracketed value that names nothing but what only JSON has.
fn is_json(code: &str, syntax: &Syntax) -> bool {
    let is_word = |name: &str| matches!(name, "true" | "false" | "null");
    let needs = &syntax.names.needs;
    code.trim_start().starts_with(['{', '['])
        && syntax.statements.len() == 1
        && !needs.is_empty()
        && needs.iter().all(|need| is_word(&need.name))
}

fn lines<'a>(code: &'a str, syntax: &Syntax) -> Vec<Line<'a>> {
    let index = LineIndex::new(code);
    let broken: BTreeSet<usize> = syntax
        .errors
        .iter()
        .map(|error| index.line(error.span.start).index())
        .collect();
    let mut start = 0;
    let mut lines = Vec::new();
    for (at, raw) in code.split_inclusive('\n').enumerate() {
        let text = raw.trim();
        let indent = raw.len() - raw.trim_start().len();
        let from = start + if text.is_empty() { 0 } else { indent };
        if !text.is_empty() && !text.starts_with('#') {
            lines.push(Line {
                text,
                span: Span::new(from, from + text.len()),
                is_broken: broken.contains(&at),
            });
        }
        start += raw.len();
    }
    lines
}

/// `{!> file.py !}`, `{* file.py *}`, `{% include "file.py" %}`, `--8<-- "file.py"`.
fn is_include(line: &Line<'_>, syntax: &Syntax) -> bool {
    let text = line.text;
    let is_braced = [("{!", "!}"), ("{*", "*}"), ("{%", "%}"), ("{{#", "}}")]
        .iter()
        .any(|(open, close)| text.starts_with(open) && text.ends_with(close));
    if is_braced {
        return !syntax.errors.is_empty();
    }
    // As Python it would be a set in a set, which is none.
    let is_template = text.starts_with("{{") && text.ends_with("}}") && !text.contains(':');
    if is_template {
        return line.is_broken || starts_statement(line, syntax);
    }
    let is_scissors = text
        .trim_start_matches(';')
        .strip_prefix("--8<--")
        .is_some_and(|rest| rest.trim_start().starts_with(['"', '\'']) || rest.is_empty());
    // In a string it would be text like any other.
    is_scissors && (line.is_broken || starts_statement(line, syntax))
}

/// Whether a statement begins where the line does; in a string none does.
fn starts_statement(line: &Line<'_>, syntax: &Syntax) -> bool {
    let start = line.span.start;
    let at = syntax
        .statements
        .partition_point(|statement| statement.span.start < start);
    let statement = syntax.statements.get(at);
    statement.is_some_and(|statement| statement.span.start == start)
}

fn is_ipython_prompt(line: &Line<'_>, syntax: &Syntax) -> bool {
    let number = line
        .text
        .strip_prefix("In [")
        .and_then(|rest| rest.split_once("]:"));
    let is_prompt = number.is_some_and(|(number, _)| number.bytes().all(|b| b.is_ascii_digit()));
    is_prompt && (line.is_broken || starts_statement(line, syntax))
}

/// `except ValueError, error:` parses as of Python 3.14, where it means something else.
fn is_old_handler(line: &Line<'_>, syntax: &Syntax) -> bool {
    let Some(rest) = line.text.strip_prefix("except ") else {
        return false;
    };
    let Some((caught, name)) = rest
        .strip_suffix(':')
        .and_then(|rest| rest.rsplit_once(','))
    else {
        return false;
    };
    let is_name = |text: &str, allow_dot: bool| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_alphanumeric() || c == '_' || (allow_dot && c == '.'))
    };
    let caught = caught.trim_matches(['(', ')', ' ']);
    let is_handler = caught.split(',').all(|part| is_name(part.trim(), true))
        && is_name(name.trim(), false)
        && name.trim().starts_with(|c: char| c.is_lowercase());
    is_handler && !is_in_string(line, syntax)
}

fn is_in_string(line: &Line<'_>, syntax: &Syntax) -> bool {
    let after = syntax
        .strings
        .partition_point(|string| string.start <= line.span.start);
    after
        .checked_sub(1)
        .and_then(|at| syntax.strings.get(at))
        .is_some_and(|string| string.contains(line.span))
}

/// What shows itself on any line of a text that does not parse.
fn anywhere(line: &Line<'_>) -> Option<&'static str> {
    if line.text.starts_with("Traceback (most recent call last)") {
        return Some("it holds a traceback");
    }
    if line.text.starts_with(">>>") {
        return Some("it mixes a script with a `>>>` session or its output");
    }
    let is_cut_off = line.text.len() > 3 && line.text.ends_with("...");
    (is_cut_off && line.text.len() <= MAX_LINE && opens_more(line.text))
        .then_some("parts of it are left out")
}

/// Whether more brackets open than close.
fn opens_more(text: &str) -> bool {
    let count = |brackets: [char; 3]| text.matches(brackets).count();
    count(['(', '[', '{']) > count([')', ']', '}'])
}

/// First words of lines for a shell.
const SHELL_COMMANDS: &[&str] = &[
    "apt",
    "apt-get",
    "brew",
    "cat",
    "cd",
    "conda",
    "curl",
    "docker",
    "echo",
    "export",
    "git",
    "ls",
    "mkdir",
    "npm",
    "pip",
    "pip3",
    "pipenv",
    "poetry",
    "py",
    "pytest",
    "python",
    "python3",
    "source",
    "sudo",
    "uv",
    "uvicorn",
    "virtualenv",
    "wget",
];

/// A line for a shell or for IPython.
fn command(text: &str) -> Option<&'static str> {
    if text.starts_with('%') {
        return Some("it holds an IPython magic");
    }
    if text.starts_with('!') && !text.starts_with("!=") {
        return Some("it holds an IPython shell escape");
    }
    if text.starts_with("$ ") {
        return Some("it holds shell commands");
    }
    let is_name = |word: &str| {
        word.chars()
            .all(|c| c.is_alphanumeric() || "_.".contains(c))
    };
    if text.strip_suffix('?').is_some_and(is_name) {
        return Some("it asks IPython for help");
    }
    let (first, rest) = text.split_once(' ')?;
    let is_argument = rest.starts_with(|c: char| c.is_alphanumeric() || "-./~\"'$".contains(c));
    (SHELL_COMMANDS.contains(&first) && is_argument).then_some("it holds shell commands")
}

/// The construct of Python 2 that broke the line, if one did.
fn python2(text: &str) -> Option<&'static str> {
    let text = match text.rsplit_once(": ") {
        // `if x: print x`
        Some((_, last)) if last.starts_with("print ") => last,
        _ => text,
    };
    let parses = |code: &str| syntax::syntax(code).errors.is_empty();
    if let Some(operand) = text.strip_prefix("print ") {
        let operand = operand.trim_end_matches([',', ';']);
        return parses(operand.split(" #").next().unwrap_or(operand))
            .then_some("`print` as a statement");
    }
    if let Some(code) = text.strip_prefix("exec ") {
        return parses(code).then_some("`exec` as a statement");
    }
    if let Some(raised) = text.strip_prefix("raise ") {
        return (raised.contains(',') && parses(raised)).then_some("`raise Type, message`");
    }
    if text.contains('`') {
        let called = text
            .split('`')
            .enumerate()
            .fold(String::new(), |code, (at, part)| {
                let quote = if at % 2 == 1 {
                    "("
                } else if at > 0 {
                    ")"
                } else {
                    ""
                };
                code + quote + part
            });
        return parses(&called).then_some("backticks for `repr`");
    }
    if text.contains("<>") && parses(&completed(&text.replace("<>", "!="))) {
        return Some("`<>` for `!=`");
    }
    if text.contains("lambda (") {
        return Some("a tuple as a parameter");
    }
    old_literal(text)
}

/// The head of a compound statement with a body, so that it can be parsed alone.
fn completed(text: &str) -> String {
    let text = text.strip_prefix("el").unwrap_or(text);
    match text.ends_with(':') {
        true => format!("{text} pass"),
        false => text.to_owned(),
    }
}

/// `0777`, `10L`, `ur"…"`.
fn old_literal(text: &str) -> Option<&'static str> {
    let is_word = |c: char| c.is_alphanumeric() || "_.:-/".contains(c);
    for word in text.split(|c| !is_word(c)) {
        let digits = word.trim_end_matches(['L', 'l']);
        let is_number = digits.len() > 1 || digits != word;
        if digits.is_empty() || !is_number || !digits.bytes().all(|b| b.is_ascii_digit()) {
            continue;
        }
        if digits != word {
            return Some("a `long` literal");
        }
        if digits.starts_with('0') && digits.bytes().all(|b| b < b'8') {
            return Some("an octal literal without `0o`");
        }
    }
    let has_prefix = ["ur'", "ur\"", "UR'", "UR\""]
        .iter()
        .any(|prefix| text.contains(prefix));
    has_prefix.then_some("a `ur\"…\"` string")
}

/// What people write among code for other people.
fn notation(text: &str) -> Option<&'static str> {
    if text.starts_with(['↑', '↓', '⬆', '⬇', '▲', '▼', '└', '╰', '│']) || points_at_code(text)
    {
        return Some("it holds marks that point at code");
    }
    if has_placeholder(text) {
        return Some("it holds a placeholder to be filled in");
    }
    if text.contains('…') || text.contains("...") {
        return Some("parts of it are left out");
    }
    let is_definition = text.starts_with("def ") || text.starts_with("async def ");
    if text.contains(['→', '⇒']) || text.contains("=>") || (text.contains("->") && !is_definition)
    {
        return Some("it holds arrows between code and result");
    }
    is_prose(text).then_some("it holds prose or output")
}

/// `^^^^ a typo`, or `^` on a line of its own.
fn points_at_code(text: &str) -> bool {
    text.starts_with("^^") || text.starts_with('^') && text.trim_matches(['^', ' ']).is_empty()
}

/// `<name>` or `<some words>` where an operand could stand.
fn has_placeholder(text: &str) -> bool {
    text.match_indices('<').any(|(at, _)| {
        let Some((inside, _)) = text[at + 1..].split_once('>') else {
            return false;
        };
        let starts_operand = !text[..at]
            .trim_end()
            .ends_with(|c: char| c.is_alphanumeric() || "_)]}".contains(c))
            || text[..at].ends_with(' ') && !inside.starts_with(' ');
        starts_operand
            && inside.starts_with(char::is_alphabetic)
            && inside
                .chars()
                .all(|c| c.is_alphanumeric() || " _-./|".contains(c))
    })
}

/// Words that begin statements and operators: a line that starts with one is broken code, not prose.
const KEYWORDS: &[&str] = &[
    "and", "as", "assert", "async", "await", "break", "case", "class", "continue", "def", "del",
    "elif", "else", "else:", "except", "exec", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "match", "nonlocal", "not", "or", "pass", "print", "raise", "return",
    "try", "try:", "type", "while", "with", "yield",
];

/// Whether the line is nothing but words: at least three, or two that begin like a sentence.
fn is_prose(text: &str) -> bool {
    let text = text.trim_start_matches(|c: char| c.is_ascii_digit() || " .)-*•".contains(c));
    let words: Vec<&str> = text.split_whitespace().collect();
    let Some(first) = words.first() else {
        return false;
    };
    let is_word = |word: &&str| {
        let bare = word.trim_matches(|c: char| ".,:;!?()\"'«»“”—–-".contains(c));
        bare.chars().all(|c| c.is_alphabetic() || "-'’".contains(c))
    };
    if KEYWORDS.contains(first) || !words.iter().all(is_word) {
        return false;
    }
    words.len() >= 3
        || (words.len() == 2 && first.starts_with(char::is_uppercase) && !text.ends_with(':'))
}
