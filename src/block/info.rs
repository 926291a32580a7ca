//! Reads info strings: what a fence says about its content.
//!
//! ```text
//! python                      py,ignore                python:path/file.py -s 2
//! python {test="skip"}        {.python .numberLines}   {python, echo=FALSE}
//! Python hl_lines="2 3"       {code-cell} ipython3     {name="squares"}
//! ```

use super::Tag;

/// One word of an info string beside the language.
///
/// `key="a b"` and `key=a` have a key and a value; `#x` is `id` = `x`, `.x` is `class` = `x`; any
/// other word is a key with an empty value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// The key as written.
    pub key: &'a str,
    /// The value without its quotes.
    pub value: &'a str,
}

/// What the info string `info` says the block holds.
pub(super) fn tag(info: &str) -> Tag {
    match language(info).0 {
        Some(language) => classify(&language.to_lowercase()),
        None => Tag::None,
    }
}

/// Every word of `info` beside the language, in order.
pub(super) fn attributes(info: &str) -> Vec<Attribute<'_>> {
    let words = words(language(info).1);
    words.into_iter().map(|(_, word)| word).collect()
}

/// The words of `text`, written as in an info string behind the language; with each its offset.
pub fn words(text: &str) -> Vec<(usize, Attribute<'_>)> {
    let mut rest = text;
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start_matches(is_separator);
        if rest.is_empty() {
            return found;
        }
        let at = text.len() - rest.len();
        let (word, after) = rest.split_at(word_len(rest));
        rest = after;
        found.push((at, attribute(word)));
    }
}

fn attribute(word: &str) -> Attribute<'_> {
    if let Some(value) = word.strip_prefix('#') {
        return Attribute { key: "id", value };
    }
    if let Some(value) = word.strip_prefix('.') {
        return Attribute {
            key: "class",
            value,
        };
    }
    let (key, value) = word.split_once('=').unwrap_or((word, ""));
    let unquoted = ['"', '\'']
        .iter()
        .find_map(|&quote| value.strip_prefix(quote)?.strip_suffix(quote));
    Attribute {
        key,
        value: unquoted.unwrap_or(value),
    }
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, ',' | '{' | '}')
}

/// Length of the word that `text` starts with; quotes may hold separators.
fn word_len(text: &str) -> usize {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'') && text[..at].ends_with('=') => quote = Some(c),
            None if is_separator(c) => return at,
            None => {}
        }
    }
    text.len()
}

/// The language, if `info` names one, and what stands beside it.
fn language(info: &str) -> (Option<&str>, &str) {
    // Copied from a web page, such characters stand where nobody sees them.
    let info = info.trim_start_matches(['\u{200b}', '\u{2060}', '\u{feff}']);
    match info.strip_prefix('{') {
        Some(braced) => braced_language(info, braced),
        None => leading_word(info),
    }
}

/// The language of `{python}`, `{.python #id}`, `{code-cell} python`; none in `{test="skip"}`.
fn braced_language<'a>(info: &'a str, braced: &'a str) -> (Option<&'a str>, &'a str) {
    let (inside, after) = braced.split_once('}').unwrap_or((braced, ""));
    if matches!(
        inside.trim(),
        "code-cell" | "code" | "code-block" | "sourcecode"
    ) {
        return match leading_word(after.trim_start()) {
            (None, rest) => (Some(inside.trim()), rest),
            named => named,
        };
    }
    let trimmed = inside.trim_start();
    if let Some(class) = trimmed.strip_prefix('.') {
        let (word, _) = class.split_at(word_len(class));
        return (Some(word).filter(|word| !word.is_empty()), info);
    }
    leading_word(braced.trim_start())
}

/// The language that `text` starts with: up to white space, `,`, `{`, `:`, `@` and the like.
fn leading_word(text: &str) -> (Option<&str>, &str) {
    let bare = text.strip_prefix('.').unwrap_or(text);
    let len = bare
        .find(|c: char| !c.is_alphanumeric() && !matches!(c, '+' | '-' | '_' | '.' | '#'))
        .unwrap_or(bare.len());
    let (word, rest) = bare.split_at(len);
    if (rest.starts_with('=') && !word.is_empty()) || bare.starts_with(['#', '}']) {
        (None, text)
    } else if word.is_empty() {
        let (word, rest) = text.split_at(word_len(text));
        (Some(word).filter(|word| !word.is_empty()), rest)
    } else {
        (Some(word), rest)
    }
}

/// `language` is in lower case.
fn classify(language: &str) -> Tag {
    match language {
        "python" | "py" | "py3" | "pycon" | "pycon3" | "python-repl" | "python-console"
        | "ipython" | "ipython3" | "doctest" | "testcode" | "pyodide" => Tag::Python,
        "text" | "txt" | "console" | "output" | "out" | "sh" | "bash" | "zsh" | "shell"
        | "plaintext" | "plain" | "stdout" | "stderr" | "none" | "terminal" | "shell-session"
        | "result" | "log" | "ansi" | "raw" | "nohighlight" | "testoutput" | "traceback"
        | "pytb" | "py3tb" => Tag::Output(language.to_owned()),
        _ if is_python3(language) => Tag::Python,
        _ => Tag::Other(language.to_owned()),
    }
}

/// `python3`, `python3.12`; not `python2`, whose code is another language.
fn is_python3(language: &str) -> bool {
    language
        .strip_prefix("python3")
        .is_some_and(|minor| minor.chars().all(|c| c == '.' || c.is_ascii_digit()))
}

/// What stands in an HTML comment, without white space around it, and where that begins.
pub fn comment_text(comment: &str) -> (usize, &str) {
    let opened = comment.trim_start_matches("<!--");
    let text = opened.trim_start_matches('-').trim_start();
    let at = comment.len() - text.len();
    let text = text.trim_end();
    (at, text.strip_suffix("-->").unwrap_or(text).trim_end())
}

/// What a text such as `snipcheck: skip` tells this program, and where that begins; `None` where it
/// speaks to somebody else.
pub fn own_text(text: &str) -> Option<(usize, &str)> {
    let rest = text.strip_prefix("snipcheck")?;
    let said = rest.strip_prefix([':', '-']).or_else(|| {
        // Without the colon it may be a remark about the program.
        let first = rest.strip_prefix(' ')?.split_whitespace().next()?;
        matches!(first, "skip" | "no-run" | "no-context" | "continuation").then_some(rest)
    })?;
    let trimmed = said.trim_start();
    Some((text.len() - trimmed.len(), trimmed))
}
