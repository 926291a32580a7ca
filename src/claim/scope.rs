//! Words by which a claim limits itself: to some Python versions, or to being an example.

use super::Scope;

/// Phrases that make a value an example, wherever they stand in the remark beside it.
const VAGUE: &[&str] = &[
    "may vary",
    "might vary",
    "will vary",
    "can vary",
    "varies",
    "may differ",
    "will differ",
    "might differ",
    "may be different",
    "on my machine",
    "any order",
    "order may",
    "order is not",
    "not guaranteed",
    "at random",
    "depends on",
    "approximately",
    "может отличаться",
    "могут отличаться",
    "может быть другим",
    "зависит от",
    "у вас",
    "у меня",
    "порядок может",
    "порядок не",
    "не гарантир",
    "случайн",
    "приблизительно",
];

/// Words that do so only in a remark of few words: `140230 (random)`.
const VAGUE_ALONE: &[&str] = &[
    "e.g",
    "eg",
    "for example",
    "something like",
    "or so",
    "random",
    "approx",
    "about",
    "roughly",
    "around",
    "depends",
    "differs",
    "например",
    "примерно",
    "около",
    "вроде",
    "как-то так",
    "что-то вроде",
    "зависит",
    "par exemple",
    "environ",
    "大约",
    "约",
    "随机",
];

/// Most words of a remark in which one of those counts.
const FEW_WORDS: usize = 3;

/// Signs and words at the start of a text that make it approximate; longest first.
const LEADING: &[&str] = &[
    "something like",
    "for example",
    "approximately",
    "приблизительно",
    "что-то вроде",
    "например",
    "примерно",
    "approx.",
    "approx",
    "roughly",
    "around",
    "about",
    "около",
    "вроде",
    "e.g.",
    "eg.",
    "ca.",
    "~=",
    "~",
    "≈",
    "≅",
    "примерно:",
    "大约",
    "约",
];

/// Length of the approximate sign or word at the start of `text`, with the space and punctuation behind it.
pub(super) fn leading_vagueness(text: &str) -> Option<usize> {
    let sign = LEADING.iter().find(|sign| starts_with_word(text, sign))?;
    let rest = text[sign.len()..].trim_start_matches([' ', ',', ':', '\t']);
    (!rest.is_empty()).then_some(text.len() - rest.len())
}

/// Whether `text` starts with `word` in any case, and the word ends there.
fn starts_with_word(text: &str, word: &str) -> bool {
    let Some(head) = text.get(..word.len()) else {
        return false;
    };
    let ends = word.ends_with(|c: char| !c.is_alphabetic())
        || !text[word.len()..].starts_with(|c: char| c.is_alphanumeric());
    head.to_lowercase() == *word && ends
}

/// What the words beside a value limit it to.
pub(super) fn scope(words: &str) -> Option<Scope> {
    if words.trim().is_empty() {
        return None;
    }
    if let Some(version) = version(words) {
        return Some(Scope::Version(version.to_owned()));
    }
    let lower = words.to_lowercase();
    let has = |list: &[&str]| list.iter().any(|phrase| contains_word(&lower, phrase));
    let is_short = lower
        .split_whitespace()
        .filter(|word| word.contains(char::is_alphabetic))
        .count()
        <= FEW_WORDS;
    (has(VAGUE) || is_short && has(VAGUE_ALONE)).then_some(Scope::Approximate)
}

/// Whether `phrase` begins at a word's start somewhere in `text`.
fn contains_word(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let behind = text[at + phrase.len()..].chars().next();
        // Russian words are listed by their stems.
        let may_go_on = !phrase.is_ascii();
        !before.is_some_and(char::is_alphabetic)
            && (may_go_on || !behind.is_some_and(char::is_alphabetic))
    })
}

/// Names of the language that may stand before a version.
const LANGUAGE: &[&str] = &[
    "python",
    "py",
    "cpython",
    "pypy",
    "питон",
    "питоне",
    "питона",
    "пайтон",
    "пайтоне",
];

/// Words and signs that may stand between the language's name and a version, or before a version.
const BOUNDS: &[&str] = &[
    "<",
    "<=",
    ">",
    ">=",
    "≥",
    "≤",
    "до",
    "с",
    "от",
    "до версии",
    "версии",
    "version",
    "versions",
    "since",
    "before",
    "until",
    "till",
    "after",
    "from",
    "in",
    "on",
    "в",
    "на",
    "начиная",
    "начиная с",
    "ниже",
    "выше",
    "старше",
    "pre",
    "up",
];

/// The words of `text` that name Python versions: `Python < 3.8`, `in Python 2`, `до 3.8`, `3.12+`.
pub(super) fn version(text: &str) -> Option<&str> {
    let mut words: Vec<(usize, &str)> = Vec::new();
    for part in text.split_whitespace() {
        let word = part.trim_matches(|c: char| "()[],;:.*!—–`\"'".contains(c));
        if !word.is_empty() {
            words.push((word.as_ptr() as usize - text.as_ptr() as usize, word));
        }
    }
    let span = |from: usize, to: usize| {
        let (start, _) = words.get(from)?;
        let (last, word) = words.get(to)?;
        text.get(*start..last + word.len())
    };
    let lower = |index: usize| words.get(index).map(|(_, word)| word.to_lowercase());
    for index in 0..words.len() {
        let word = lower(index).unwrap_or_default();
        let before = index.checked_sub(1).and_then(lower).unwrap_or_default();
        let is_bound_before = BOUNDS.contains(&before.as_str());
        let from = index - usize::from(is_bound_before);
        if is_versioned_name(&word) {
            return span(from, index);
        }
        if LANGUAGE.contains(&word.as_str()) {
            let next = lower(index + 1).unwrap_or_default();
            let is_bound = BOUNDS.contains(&next.as_str());
            let at = index + 1 + usize::from(is_bound);
            if lower(at).is_some_and(|word| is_version(&word, true)) {
                return span(from, at);
            }
        }
        let has_bound =
            is_bound_before || word.starts_with(['<', '>', '≥', '≤']) || word.ends_with('+');
        if has_bound && is_version(&word, false) {
            return span(from, index);
        }
    }
    None
}

/// `python3`, `py2.7`, `python3.8+`.
fn is_versioned_name(word: &str) -> bool {
    LANGUAGE
        .iter()
        .filter_map(|name| word.strip_prefix(name))
        .any(|rest| is_version(rest.trim_start_matches('-'), true))
}

/// A version of Python, such as `3.12`, `<3.8`, `3.9+`, `2.x`; a bare `2` or `3` only after the language's name.
fn is_version(word: &str, may_be_major: bool) -> bool {
    let word = word.trim_start_matches(['<', '>', '=', '≥', '≤']);
    let word = word.trim_end_matches(['+', '-']);
    let (major, minor) = match word.split_once('.') {
        Some((major, minor)) => (major, Some(minor)),
        None => (word, None),
    };
    let is_minor = |minor: &str| {
        minor == "x"
            || (1..=2).contains(&minor.len()) && minor.bytes().all(|b| b.is_ascii_digit())
            || minor
                .split('.')
                .all(|part| part == "x" || part.parse::<u8>().is_ok())
    };
    matches!(major, "2" | "3") && minor.map_or(may_be_major, is_minor)
}

/// A version before the value: `3.12+: 5`, `Python 2: 5`, `В Python 2 — 5`; the words and the value's offset.
pub(super) fn leading_version(text: &str) -> Option<(&str, usize)> {
    let ends = [": ", " => ", " -> ", " → ", " — ", " – ", " - "];
    let (at, separator) = ends
        .iter()
        .filter_map(|end| text.find(end).map(|at| (at, *end)))
        .min()?;
    let head = text.get(..at)?;
    let words = version(head)?;
    let others = head.split_whitespace().count() - words.split_whitespace().count();
    let rest = at + separator.len();
    let rest = rest + (text[rest..].len() - text[rest..].trim_start().len());
    (others <= 1 && head.len() <= 60).then_some((words, rest))
}
