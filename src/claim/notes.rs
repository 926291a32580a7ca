//! Comments that are never claims, whatever they stand on: directives, annotations, steps, rulers, code.

use crate::syntax::{StatementKind, syntax};

/// Starts of directives to other tools, lower case.
const DIRECTIVES: &[&str] = &[
    "noqa",
    "type:",
    "pylint:",
    "fmt:",
    "pragma",
    "mypy:",
    "flake8:",
    "ruff:",
    "isort:",
    "nosec",
    "pyright:",
    "pytype:",
    "yapf:",
    "cython:",
    "doctest:",
    "xdoctest:",
    "byexample:",
    "snipcheck",
    "noinspection",
    "language=",
    "nosemgrep",
    "codespell",
    "region",
    "endregion",
    "%%",
    "-*-",
    "coding:",
    "coding=",
    "vim:",
    "cspell",
    "pyre-",
    "autopep8",
    "docformatter",
    "black:",
    "e.t.c",
];

/// Words that open a remark to the reader, lower case.
const REMARKS: &[&str] = &[
    "todo",
    "fixme",
    "xxx",
    "hack",
    "note:",
    "note that",
    "nb:",
    "n.b.",
    "важно",
    "внимание",
    "примечание",
    "warning:",
    "tip:",
    "подсказка",
    "see ",
    "см.",
    "http://",
    "https://",
    "www.",
];

/// Phrases that say nothing was raised, lower case.
const NO_ERROR: &[&str] = &[
    "без ошиб",
    "без исключ",
    "нет ошиб",
    "ошибки нет",
    "ошибки не",
    "ошибок нет",
    "no error",
    "no exception",
    "no problem",
    "not an error",
    "not error",
    "never raises",
    "does not raise",
    "doesn't raise",
    "не вызовет",
    "не вызывает",
    "won't raise",
    "works",
    "работает",
    "fine",
];

/// The rule by which `text`, a comment without its `#`, is never a claim.
pub(super) fn never(text: &str) -> Option<&'static str> {
    let lower: String = text.chars().take(80).collect::<String>().to_lowercase();
    let starts = |list: &[&str]| list.iter().any(|start| lower.starts_with(start));
    match () {
        () if text.is_empty() => Some("empty"),
        () if starts(DIRECTIVES) || text.starts_with('!') => Some("directive"),
        () if is_annotation(text) => Some("annotation"),
        () if text.starts_with("O(") || text.starts_with("Θ(") || text.starts_with("Ω(") => {
            Some("complexity")
        }
        () if is_ruler(text) => Some("ruler"),
        () if is_step(&lower) => Some("numbered-step"),
        () if starts(REMARKS) => Some("remark"),
        () if starts(NO_ERROR) => Some("no-error"),
        () if is_question(text) => Some("question"),
        () if matches!(text, "OK" | "Ok" | "ok" | "ОК" | "Ок" | "ок") => Some("no-error"),
        () if text.starts_with(['^', '↑', '←', '↓', '⬆', '⬇']) || text.starts_with("<-") => {
            Some("pointer")
        }
        () => None,
    }
}

/// `(1)!`, `(1)`, or a circled number: an annotation of MkDocs or of the text around.
fn is_annotation(text: &str) -> bool {
    let numbered = |text: &str| {
        let inner = text.strip_prefix('(')?;
        let (number, rest) = inner.split_once(')')?;
        let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        Some(is_number && rest.trim_start_matches('!').is_empty())
    };
    numbered(text) == Some(true) || text.starts_with(|c| ('①'..='⓿').contains(&c))
}

/// `-----`, `=== Title ===`, `***`: a line that parts sections.
fn is_ruler(text: &str) -> bool {
    let Some(first) = text.chars().next() else {
        return false;
    };
    let rest = text.trim_start_matches(first);
    let count = (text.len() - rest.len()) / first.len_utf8();
    match first {
        '-' | '=' | '*' | '_' | '~' | '#' | '+' | '─' | '═' | '━' => {
            count >= 3 && !rest.starts_with('>')
        }
        _ => false,
    }
}

/// `1. First`, `2) Then`, `Step 3`, `Шаг 1`.
fn is_step(lower: &str) -> bool {
    let behind_digits = lower.trim_start_matches(|c: char| c.is_ascii_digit());
    if behind_digits.len() < lower.len() {
        let rest = behind_digits.strip_prefix(['.', ')']);
        let item = rest.map(|rest| (rest.starts_with(' '), rest.trim_start()));
        return item.is_some_and(|(is_spaced, item)| {
            is_spaced && item.starts_with(|c: char| c.is_alphabetic() || "`\"'«(".contains(c))
        });
    }
    let word = [
        "step",
        "шаг",
        "этап",
        "пример",
        "example",
        "case",
        "случай",
        "вариант",
        "способ",
    ]
    .iter()
    .find_map(|word| lower.strip_prefix(word));
    word.is_some_and(|rest| {
        rest.trim_start_matches([' ', '№', '#'])
            .starts_with(|c: char| c.is_ascii_digit())
    })
}

/// `?`, `...`, `output?`, `что выведет?`: the answer is left to the reader.
fn is_question(text: &str) -> bool {
    let ends = |c: char| "?？!. …".contains(c);
    text.trim_matches(ends).is_empty()
        || text.ends_with(['?', '？'])
            && !text.starts_with(['\'', '"', '[', '(', '{', '<', '='])
            && !asks_why(text)
}

/// Words that ask for the reason of what was said.
const WHY: &[&str] = &[
    "why",
    "почему",
    "отчего",
    "чому",
    "warum",
    "wieso",
    "weshalb",
    "pourquoi",
    "perché",
    "dlaczego",
    "为什么",
    "なぜ",
];

/// `False — why?`: something is said, and only its reason is asked for.
fn asks_why(text: &str) -> bool {
    let Some((at, sign)) = text
        .rmatch_indices(['—', '–', '-', ',', '.', ';', '!'])
        .next()
    else {
        return false;
    };
    let asked = text[at + sign.len()..].trim_start().to_lowercase();
    let said = text[..at].trim_end();
    !said.is_empty()
        && !said.contains(['?', '？'])
        && WHY.iter().any(|word| asked.starts_with(word))
}

/// Whether a text is code that was commented out: it parses as a statement, or a call.
pub(super) fn is_code(text: &str) -> bool {
    // Prose parses only by accident, and never when it is long.
    if text.len() > 200 || !text.contains(['=', '(', ' ', '@']) {
        return false;
    }
    let is_open = [
        "for ", "while ", "if ", "def ", "class ", "with ", "async ", "try:", "else:", "elif ",
    ]
    .iter()
    .any(|word| text.starts_with(word))
        && text.ends_with(':');
    if is_open || text.starts_with('@') && !text.contains(' ') {
        return true;
    }
    let syntax = syntax(text);
    let is_statement = |kind: &StatementKind| match kind {
        StatementKind::Expression => {
            text.ends_with(')')
                && text.contains('(')
                && !text.starts_with('(')
                && !text.contains(" (")
        }
        StatementKind::Other => text.starts_with("pass"),
        _ => true,
    };
    syntax.errors.is_empty() && syntax.statements.iter().any(|one| is_statement(&one.kind))
}
