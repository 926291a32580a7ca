//! What the text of one comment says, taken by itself: a value, marked text, an exception, or nothing.
//!
//! The rules stand in [`read`] in the order in which they are tried. Which statement a comment belongs
//! to, and how firm that makes it, is decided in [`super::comments`].

use std::collections::HashSet;

use super::exceptions::{Manner, announced};
use super::value::{self, Value};
use super::wording::{Mark, Marked, Tail, marked, tail};
use super::{Scope, notes, scope};

/// How a value stands in its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// The text is the value.
    Whole,
    /// The text is several values, `0, 15` or, with `is_spaced`, `1 2 3`.
    Several {
        /// Whether spaces alone part them.
        is_spaced: bool,
    },
    /// The value, a separator, a remark.
    Remarked,
    /// The value, then a condition or an alternative.
    Conditional,
    /// The value, then words: `[1, 2] from the start`.
    Worded,
}

/// What a comment says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Nothing that could be a claim.
    Note(&'static str),
    /// A lead word and nothing else: the lines below hold the output.
    LoneLead,
    /// A value; the length counts from the start of the text.
    Value {
        /// Length of the value.
        len: usize,
        /// How it stands in the text.
        shape: Shape,
    },
    /// Text that may be output.
    Text,
    /// A number or constant that begins a sentence: `5 distinct elements`.
    Sentence,
    /// An exception.
    Exception {
        /// Its name; `None` for a bare "error".
        name: Option<String>,
        /// Its message.
        message: Option<String>,
        /// How plainly it is announced.
        manner: Manner,
    },
}

/// What a comment says, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// What it says.
    pub content: Content,
    /// How its text is marked.
    pub mark: Mark,
    /// Where the text behind sign and lead begins, in bytes of the comment.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// Where the lead word begins, if there is one.
    pub lead: Option<usize>,
    /// What limits it.
    pub scope: Option<Scope>,
}

impl Reading {
    fn note(rule: &'static str) -> Self {
        Reading {
            content: Content::Note(rule),
            mark: Mark::None,
            start: 0,
            end: 0,
            lead: None,
            scope: None,
        }
    }
}

/// Reads a comment from its `#` on; `defined` are the exception classes of the code.
pub(super) fn read(comment: &str, defined: &HashSet<&str>) -> Reading {
    let end = comment.trim_end().len();
    let hashes = comment.len() - comment.trim_start_matches('#').len();
    let body = comment.get(hashes..end).unwrap_or_default();
    let text = body.trim_start();
    if hashes >= 3 {
        return Reading::note("ruler");
    }
    if body.starts_with(':') {
        return Reading::note("directive");
    }
    let is_quote = body.starts_with('>') && !body.starts_with(">>") && !body.starts_with(">=");
    let at = end - text.len();
    let (mark, inner) = match text.strip_prefix('>') {
        Some(quoted) if is_quote => {
            let quoted = quoted.strip_prefix(' ').unwrap_or(quoted);
            let mark = Marked {
                mark: Mark::Quote,
                lead: None,
                aside: None,
                rest: text.len() - quoted.len(),
            };
            (mark, quoted)
        }
        _ => {
            if let Some(rule) = notes::never(text).filter(|rule| *rule != "question") {
                return Reading::note(rule);
            }
            let mark = marked(text);
            (mark, &text[mark.rest..])
        }
    };
    behind_mark(text, inner, mark, at, defined)
}

/// Reads what stands behind the mark: `inner`, the end of `text`, which begins at `at`.
fn behind_mark(
    text: &str,
    inner: &str,
    mark: Marked,
    at: usize,
    defined: &HashSet<&str>,
) -> Reading {
    let mut reading = Reading {
        content: Content::Text,
        mark: mark.mark,
        start: at + mark.rest,
        end: at + text.len(),
        lead: mark.lead.map(|lead| at + lead),
        scope: mark
            .aside
            .and_then(|(from, to)| text.get(from..to))
            .and_then(scope::scope),
    };
    if inner.is_empty() {
        reading.content = match mark.lead {
            Some(_) => Content::LoneLead,
            None => Content::Note("empty"),
        };
        return reading;
    }
    if mark.mark != Mark::Quote
        && let Some(rule @ ("question" | "complexity" | "no-error")) = notes::never(inner)
    {
        let is_marked_text = mark.mark != Mark::None && inner.chars().any(char::is_alphanumeric);
        if !(is_marked_text && rule != "complexity") {
            return Reading::note(rule);
        }
    }
    let inner = limited(inner, &mut reading);
    let inner = unquoted(inner, &mut reading);
    if reading.mark != Mark::Quote
        && let Some(found) = announced(inner, defined)
        && found.manner != Manner::Mention
    {
        reading.scope = reading
            .scope
            .or_else(|| scope::scope(&inner[found.start..]));
        reading.content = Content::Exception {
            name: found.name.map(str::to_owned),
            message: found.message.map(str::to_owned),
            manner: found.manner,
        };
        reading.start += found.start;
        return reading;
    }
    reading.content = content(inner, &mut reading.scope);
    reading
}

/// Reads `text`, which stands at `at` in its comment behind the name of what it is the value of.
pub(super) fn named_value(text: &str, at: usize) -> Reading {
    let mut scope = None;
    let content = content(text, &mut scope);
    Reading {
        content,
        mark: Mark::None,
        start: at,
        end: at + text.len(),
        lead: None,
        scope,
    }
}

/// Strips words at the start that limit what follows, and notes them as the scope.
fn limited<'a>(inner: &'a str, reading: &mut Reading) -> &'a str {
    if let Some((words, len)) = scope::leading_version(inner) {
        reading.scope = Some(Scope::Version(words.to_owned()));
        reading.start += len;
        return &inner[len..];
    }
    if let Some(len) = scope::leading_vagueness(inner) {
        reading.scope = Some(Scope::Approximate);
        reading.start += len;
        return &inner[len..];
    }
    inner
}

/// Strips back-ticks around the value; what follows them is a remark.
fn unquoted<'a>(inner: &'a str, reading: &mut Reading) -> &'a str {
    let Some((code, rest)) = inner
        .strip_prefix('`')
        .and_then(|rest| rest.split_once('`'))
    else {
        return inner;
    };
    if code.is_empty() || !matches!(tail(rest, false), Tail::End | Tail::Remark) {
        return inner;
    }
    reading.scope = reading.scope.take().or_else(|| scope::scope(rest));
    reading.start += 1;
    reading.end = reading.start + code.len();
    code
}

/// Whether `text` is a value, has one in front, or is just text.
fn content(text: &str, limit: &mut Option<Scope>) -> Content {
    let Some((first, len)) = leading_value(text) else {
        return Content::Text;
    };
    if let Some((len, is_spaced)) = several(text, len) {
        let shape = Shape::Several { is_spaced };
        return Content::Value { len, shape };
    }
    let rest = &text[len..];
    let is_number = matches!(first, Some(Value::Number(_)));
    let is_simple = is_number || matches!(first, Some(Value::Name(_)));
    *limit = limit.take().or_else(|| scope::scope(rest));
    let shape = match tail(rest, is_number) {
        Tail::End => Shape::Whole,
        Tail::Elision if is_number => {
            let dots = rest.len() - rest.trim_start_matches(['.', '…']).len();
            *limit = limit.take().or(Some(Scope::Approximate));
            let len = len + dots;
            let shape = match tail(&text[len..], true) {
                Tail::End => Shape::Whole,
                _ => Shape::Remarked,
            };
            return Content::Value { len, shape };
        }
        Tail::Remark => Shape::Remarked,
        Tail::Word if matches!(limit, Some(Scope::Version(_))) => Shape::Remarked,
        Tail::Condition | Tail::Word if is_simple && !is_separated(rest) => {
            return Content::Sentence;
        }
        Tail::Condition => Shape::Conditional,
        Tail::Word => Shape::Worded,
        Tail::Elision | Tail::Glued => return Content::Text,
    };
    Content::Value { len, shape }
}

/// Whether something other than one space stands between a value and what follows.
fn is_separated(rest: &str) -> bool {
    !rest
        .strip_prefix(' ')
        .is_some_and(|rest| rest.starts_with(char::is_alphanumeric))
}

/// The value at the start of `text`, as far as it is written for one, and its length.
fn leading_value(text: &str) -> Option<(Option<Value>, usize)> {
    match value::prefix(text) {
        Some((Value::Call(name, arguments), _)) if !is_repr_name(&name, &arguments) => None,
        Some((value, _)) if is_placeholder(&value) => None,
        Some((value, len)) => Some((Some(value), len)),
        None => balanced(text).map(|len| (None, len)),
    }
}

/// Whether `Name(…)` is how objects show themselves, and not a call or `O(1)`.
fn is_repr_name(name: &str, arguments: &[(Option<String>, Value)]) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    let known = [
        "range",
        "deque",
        "array",
        "defaultdict",
        "frozenset",
        "set",
        "dict",
        "bytearray",
        "slice",
        "count",
        "repeat",
        "mappingproxy",
        "environ",
        "date",
        "time",
        "datetime",
        "timedelta",
        "namespace",
        "partial",
        "compile",
        "matrix",
        "dtype",
        "struct_time",
        "cycle",
        "mapping",
    ];
    let is_view = last.starts_with("dict_") || last.starts_with("odict_");
    // `O(1)` tells of cost, `P(x=1)` of a point.
    let has_keyword = arguments.iter().any(|(keyword, _)| keyword.is_some());
    (last.chars().count() > 1 || has_keyword)
        && (last.starts_with(char::is_uppercase)
            || is_view
            || known.contains(&last)
            || name.contains('.') && last == "methodcaller")
}

/// `(x, y)`, `[optional]`, `{key: value}`, `<name>`: words in brackets that stand for values.
fn is_placeholder(value: &Value) -> bool {
    let is_word = |item: &Value| matches!(item, Value::Name(name) if !is_constant(name) && !name.contains('.'));
    match value {
        Value::Tuple(items) | Value::List(items) | Value::Set(items) => {
            let is_left_out = |item: &Value| *item == Value::Ellipsis;
            !items.is_empty() && items.iter().all(|item| is_word(item) || is_left_out(item))
        }
        Value::Dict(pairs) => {
            !pairs.is_empty()
                && pairs
                    .iter()
                    .all(|(key, value)| is_word(key) && is_word(value))
        }
        Value::Angle(inner) => inner.chars().all(|c| c.is_alphanumeric() || c == '_'),
        _ => false,
    }
}

fn is_constant(name: &str) -> bool {
    matches!(
        name,
        "None" | "True" | "False" | "true" | "false" | "null" | "nan" | "inf" | "NotImplemented"
    )
}

/// Length of several values at the start of `text`, if they make it up wholly, and whether spaces part them.
fn several(text: &str, first: usize) -> Option<(usize, bool)> {
    let mut at = first;
    let mut commas = 0;
    let mut count = 1;
    while !text[at..].trim().is_empty() {
        let rest = &text[at..];
        let behind_comma = rest.strip_prefix(',');
        let next = behind_comma.unwrap_or(rest).trim_start();
        let start = text.len() - next.len();
        if start == at {
            return None;
        }
        let (value, len) = value::prefix(next)?;
        let is_remark = match value {
            _ if is_placeholder(&value) => true,
            Value::Tuple(_) => false,
            // `4 (5)` is a value and a remark about it.
            _ => next.starts_with('('),
        };
        if is_remark {
            return None;
        }
        commas += usize::from(behind_comma.is_some());
        count += 1;
        at = start + len;
        if count > 200 {
            return None;
        }
    }
    (count > 1).then_some((at, commas == 0))
}

/// Length of text in brackets that no literal is but that still looks like output: `{ a: x y }`, `[<A>, ..]`.
fn balanced(text: &str) -> Option<usize> {
    if !text.starts_with(['[', '{', '(']) {
        return None;
    }
    let mut open = 0_usize;
    let mut quote = None;
    let mut words_in_row = 0;
    let mut is_data = false;
    let mut in_word = false;
    for (offset, c) in text.char_indices().take(4_000) {
        let is_letter = c.is_alphabetic() || c == '_';
        if quote.is_none() {
            words_in_row = match () {
                () if is_letter && !in_word => words_in_row + 1,
                () if is_letter || c == ' ' => words_in_row,
                () => 0,
            };
        }
        in_word = is_letter || in_word && c.is_alphanumeric();
        is_data |= c.is_ascii_digit() || matches!(c, '\'' | '"' | '<');
        match (quote, c) {
            (Some(q), _) if q == c => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '[' | '{' | '(') => open += 1,
            (None, ']' | '}' | ')') => open = open.saturating_sub(1),
            _ => {}
        }
        if words_in_row > 2 {
            return None;
        }
        if open == 0 {
            return is_data.then_some(offset + c.len_utf8());
        }
    }
    None
}

/// Whether `text` is one value, or several, and nothing else.
pub(super) fn is_value(text: &str) -> bool {
    let shape = content(text.trim(), &mut None);
    matches!(
        shape,
        Content::Value {
            shape: Shape::Whole | Shape::Several { .. },
            ..
        }
    )
}
