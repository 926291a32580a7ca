//! Comments that announce an exception: `TypeError`, `raises KeyError: 'x'`, `❌ выбросит ValueError`, `error`.

use std::collections::HashSet;

use super::scope;
use super::wording::{Tail, begins_condition, is_pictograph, tail, words};

/// An announced exception as a text puts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Announced<'a> {
    /// The exception's name as written; `None` for a bare "error".
    pub name: Option<&'a str>,
    /// Offset of the name, or of the word for it.
    pub start: usize,
    /// The message as written.
    pub message: Option<&'a str>,
    /// How plainly.
    pub manner: Manner,
}

/// How plainly an exception is announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// The name comes first, or right after a verb, and the text ends or a remark follows.
    Plain,
    /// The word "error" alone, a warning's name, or a name with more words behind.
    Weak,
    /// Under a condition.
    Conditional,
    /// Merely mentioned.
    Mention,
}

/// Verbs that announce an exception, and words that may stand between them and its name.
const VERBS: &[&str] = &[
    "raises",
    "raise",
    "raised",
    "throws",
    "throw",
    "causes",
    "gives",
    "fails",
    "yield",
    "yields",
    "produces",
    "triggers",
    "выкинет",
    "выкидывает",
    "кинет",
    "кидает",
    "вызовет",
    "вызывает",
    "выбросит",
    "выбрасывает",
    "бросит",
    "бросает",
    "возникнет",
    "возникает",
    "упадёт",
    "упадет",
    "падает",
    "выдаст",
    "выдает",
    "выдаёт",
    "получим",
    "lève",
    "抛出",
    "报错",
    "викине",
];

/// Words that may stand around such a verb.
const FILLERS: &[&str] = &[
    "this",
    "it",
    "will",
    "would",
    "an",
    "a",
    "the",
    "with",
    "is",
    "be",
    "here",
    "code",
    "это",
    "будет",
    "с",
    "со",
    "код",
    "тут",
    "здесь",
    "line",
    "строка",
];

/// Words for an exception of any type.
const ERRORS: &[&str] = &[
    "error",
    "exception",
    "ошибка",
    "ошибку",
    "ошибкой",
    "исключение",
    "исключением",
    "erreur",
    "错误",
    "помилка",
];

/// Verbs behind a name that say it is raised.
const BEHIND: &[&str] = &[
    "raised",
    "will",
    "is",
    "gets",
    "occurs",
    "выбрасывается",
    "будет",
    "возникнет",
    "возникает",
    "вызывается",
    "поднимается",
    "at",
];

/// Reads `text` as the announcement of an exception; `defined` are exception classes of the code.
pub(super) fn announced<'a>(text: &'a str, defined: &HashSet<&str>) -> Option<Announced<'a>> {
    let mut at = text.find(|c: char| !is_pictograph(c) && !c.is_whitespace())?;
    let mut error_word = None;
    let mut has_verb = false;
    for _ in 0..7 {
        let rest = &text[at..];
        if let Some(len) = name_len(rest, defined) {
            return Some(named(text, at, len, has_verb));
        }
        let Some((_, word)) = words(rest).next() else {
            break;
        };
        let lower = word.to_lowercase();
        let is_error = ERRORS.contains(&lower.as_str());
        has_verb |= VERBS.contains(&lower.as_str());
        if !is_error && !VERBS.contains(&lower.as_str()) && !FILLERS.contains(&lower.as_str()) {
            break;
        }
        if is_error {
            error_word = Some(at);
        }
        at += word.len();
        let behind = text[at..].trim_start_matches([':', ' ', '-', '—', '!']);
        if is_error && text[at..].starts_with([':', '：']) && name_len(behind, defined).is_none() {
            break;
        }
        at = text.len() - behind.len();
        if text[at..].is_empty() {
            break;
        }
    }
    let bare = error_word
        .or(has_verb.then_some(0))
        .and_then(|start| bare(text, start, at));
    bare.or_else(|| in_passing(text, defined))
}

/// Words that take back what follows.
const DENYING: &[&str] = &[
    "not",
    "no",
    "never",
    "t",
    "without",
    "instead",
    "avoid",
    "avoids",
    "prevents",
    "handles",
    "handled",
    "catches",
    "caught",
    "не",
    "нет",
    "без",
    "вместо",
    "избежать",
    "ловит",
    "ловим",
    "перехватит",
    "обработает",
];

/// `prints 5, then raises TypeError`: if it comes so, it was announced.
fn in_passing<'a>(text: &'a str, defined: &HashSet<&str>) -> Option<Announced<'a>> {
    let mut is_behind_verb = false;
    for word in text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')) {
        let lower = word.to_lowercase();
        if DENYING.contains(&lower.as_str()) {
            return None;
        }
        if is_behind_verb && name_len(word, defined).is_some() {
            let name = word.trim_end_matches('.');
            return Some(Announced {
                name: Some(name),
                start: word.as_ptr() as usize - text.as_ptr() as usize,
                message: None,
                manner: Manner::Conditional,
            });
        }
        let may_stand_between = FILLERS.contains(&lower.as_str());
        is_behind_verb = VERBS.contains(&lower.as_str()) || is_behind_verb && may_stand_between;
    }
    None
}

/// Stems of words that say of code that it does not work.
const FAILING: &[&str] = &[
    "error",
    "exception",
    "fails",
    "fail ",
    "crash",
    "breaks",
    "broken",
    "boom",
    "illegal",
    "invalid",
    "forbidden",
    "not allowed",
    "can't",
    "cannot",
    "can not",
    "doesn't work",
    "does not work",
    "won't work",
    "will not work",
    "not work",
    "impossible",
    "immutable",
    "unhashable",
    "ошибк",
    "исключени",
    "упадёт",
    "упадет",
    "падает",
    "сломается",
    "ломается",
    "нельзя",
    "невозможно",
    "запрещен",
    "не сработает",
    "не работает",
    "не получится",
    "неизменяем",
    "нехешируем",
];

/// Stems of questions after what code does, whatever that is.
const ASKING: &[&str] = &[
    "what happens",
    "what will happen",
    "what would happen",
    "что произойд",
    "что случится",
    "что будет",
    "що станеться",
    "що буде",
    "was passiert",
    "que se passe",
    "qué pasa",
    "会发生什么",
    "何が起こ",
];

/// Signs that do so.
const FAILING_SIGNS: [char; 8] = ['❌', '✗', '✘', '🚫', '⛔', '💥', '✖', '🔥'];

/// The exception that a remark tells of without announcing it: `Boom, a KeyError`, «❌ так нельзя».
///
/// What comes so was no surprise to the author; what does not come breaks nothing.
pub(super) fn hinted<'a>(text: &'a str, defined: &HashSet<&str>) -> Option<Option<&'a str>> {
    for word in text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')) {
        if DENYING.contains(&word.to_lowercase().as_str()) {
            break;
        }
        if name_len(word, defined).is_some() {
            return Some(Some(word.trim_end_matches('.')));
        }
    }
    let lower = text.to_lowercase().replace('’', "'");
    let has_stem = FAILING.iter().any(|stem| {
        lower.match_indices(stem).any(|(at, _)| {
            let before = lower[..at].trim_end();
            let is_denied = DENYING
                .iter()
                .any(|word| before.rsplit(|c: char| !c.is_alphanumeric()).next() == Some(*word));
            !is_denied && !lower[..at].ends_with(char::is_alphanumeric)
        })
    });
    let has_sign = text.contains(FAILING_SIGNS);
    let asks = text.contains(['?', '？']) && ASKING.iter().any(|question| lower.contains(question));
    (has_stem || has_sign || asks).then_some(None)
}

/// "error", "ошибка: деление на ноль", "вызовет исключение".
fn bare(text: &str, start: usize, at: usize) -> Option<Announced<'_>> {
    let rest = &text[at..];
    let message = rest.strip_prefix([':', '：']).map(str::trim);
    let trimmed = rest.trim_start();
    let is_end = trimmed.trim_matches(['!', '.']).is_empty()
        || trimmed.starts_with(['(', '—', '–'])
        || message.is_some();
    is_end.then_some(Announced {
        name: None,
        start,
        message: message.filter(|message| !message.is_empty()),
        manner: Manner::Weak,
    })
}

fn named(text: &str, at: usize, len: usize, has_verb: bool) -> Announced<'_> {
    let name = &text[at..at + len];
    let rest = &text[at + len..];
    let message = rest
        .strip_prefix([':', '：'])
        .map(str::trim)
        .filter(|message| !message.is_empty());
    let next = words(rest.trim_start())
        .next()
        .map(|(_, word)| word.to_lowercase());
    let is_behind = next.is_some_and(|word| BEHIND.contains(&word.as_str()));
    let manner = match tail(rest, false) {
        _ if rest.starts_with([':', '：']) || rest.starts_with('(') => Manner::Plain,
        Tail::Condition => Manner::Conditional,
        Tail::End | Tail::Remark => Manner::Plain,
        _ if is_behind && !begins_condition(rest) => Manner::Plain,
        Tail::Word if scope::version(rest).is_some() => Manner::Plain,
        Tail::Word if has_verb => Manner::Weak,
        // `KeyError otherwise`: if it comes so, it was announced.
        Tail::Word
            if text
                .trim_start_matches(is_pictograph)
                .trim_start()
                .starts_with(name) =>
        {
            Manner::Conditional
        }
        Tail::Word | Tail::Elision | Tail::Glued => Manner::Mention,
    };
    let manner = match manner {
        Manner::Plain if name.ends_with("Warning") => Manner::Weak,
        manner => manner,
    };
    Announced {
        name: Some(name),
        start: at,
        message,
        manner,
    }
}

/// Length of the exception's name at the start of `text`, dotted names included.
pub(super) fn name_len(text: &str, defined: &HashSet<&str>) -> Option<usize> {
    let len = text
        .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'))
        .unwrap_or(text.len());
    let name = text[..len].trim_end_matches('.');
    let (owner, last) = name.rsplit_once('.').unwrap_or(("", name));
    // `re.error`, `csv.Error`, `queue.Empty`: short names that only the module tells apart.
    let is_short = matches!(last, "error" | "Error" | "Empty" | "Full" | "ShutDown");
    let is_of_module =
        !owner.is_empty() && is_short || matches!(name, "socket.timeout" | "socket.gaierror");
    (is_name(last) || is_of_module || defined.contains(last)).then_some(name.len())
}

/// Exceptions of the standard library whose names do not tell, and are no ordinary words.
const UNTOLD: [&str; 21] = [
    "BadGzipFile",
    "BadStatusLine",
    "BadZipFile",
    "BrokenExecutor",
    "BrokenProcessPool",
    "BrokenThreadPool",
    "BufferTooShort",
    "DivisionByZero",
    "FloatOperation",
    "IncompleteRead",
    "InvalidOperation",
    "InvalidURL",
    "LargeZipFile",
    "QueueEmpty",
    "QueueFull",
    "QueueShutDown",
    "RemoteDisconnected",
    "ResponseNotReady",
    "SkipTest",
    "TimeoutExpired",
    "UnsupportedOperation",
];

/// Whether `name` is built as the names of exceptions are, or known for one.
pub(super) fn is_name(name: &str) -> bool {
    let suffixes = [
        "Error",
        "Exception",
        "Warning",
        "Exit",
        "Interrupt",
        "Iteration",
    ];
    let is_identifier = name.starts_with(|c: char| c.is_uppercase() || c == '_');
    let has_stem = suffixes
        .iter()
        .any(|suffix| name.len() > suffix.len() && name.ends_with(suffix));
    is_identifier
        && (has_stem
            || matches!(name, "Exception" | "ExceptionGroup" | "BaseExceptionGroup")
            || UNTOLD.contains(&name))
}
