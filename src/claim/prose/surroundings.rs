//! What stands around a claim in a sentence, and how firm it leaves it.
//!
//! A condition, a question, another language or a wrong answer on display make the same words say
//! something else.

use std::ops::Range;

use super::super::{Scope, scope};
use super::joint::is_among;
use crate::block::{Block, CODE, Passage, Tag};
use crate::document::Document;

/// How firm a sentence is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Firmness {
    /// It says so.
    Plain,
    /// Only what comes true was meant so.
    Confirming,
}

/// What stands around a claim.
#[derive(Clone, Debug)]
pub(super) struct Surroundings {
    /// How firm it leaves the claim; `None` where there is none.
    pub firmness: Option<Firmness>,
    /// What limits it.
    pub scope: Option<Scope>,
}

/// Words before an expression that make it part of something larger, or of something that is not so.
const RISKY: &str = "if when whenever unless suppose imagine assume assuming whether think thinks expect expects \
    expected expecting believe wrong wrongly mistake mistakenly incorrect incorrectly myth misconception naive \
    naively intuitively instead rather not never cannot can't isn't doesn't don't didn't won't without would could \
    should might must may false-positive used otherwise unlike contrary true-or-false guess javascript js java \
    typescript ruby perl php kotlin scala haskell golang rust matlab excel sql bash numpy pandas c c++ c# go lua \
    mathematically math r swift julia \
    если когда пусть допустим предположим кажется казалось думают думаете подумать ожидают ожидаете ожидали ожидать \
    ошибочно неверно неправильно миф заблуждение вместо не ни нельзя без бы иначе раньше отличие угадайте математически \
    математике js ✗ ✘ ❌ 🚫 ⛔ ~~";

/// Stems of Russian words that do so.
const RISKY_STEMS: [&str; 12] = [
    "каза",
    "кажет",
    "показа",
    "покажет",
    "дума",
    "подума",
    "ожида",
    "ошибочн",
    "неверн",
    "неправильн",
    "наивн",
    "якобы",
];

/// Words right before an expression behind which it is an expression still.
const LEADING: &str = "so thus then that because since and but while whereas hence therefore e g i example instance \
    expression expressions call calling calls evaluating evaluate why note even though although here now also the \
    means consider however both code statement python compare hint tip write writing run running like \
    поэтому значит что так и а но тогда например выражение выражения вызов код запись даже хотя здесь тут значение \
    результат почему итак сравнение операция функция метод также зато потому ведь кстати пример пайтон питон \
    следовательно важно отсюда вот аналогично очевидно понятно likewise similarly again obviously clearly naturally \
    course therefore finally first second next лишь теперь function method operation comparison value";

/// Words behind a value, in its own clause, under which it need not come true.
const CONDITIONS: &str = "if when whenever unless while where provided given depending assuming until or only for \
    under on after before with except если когда при где или либо только для после до пока зависит кроме у с";

/// Words in a heading under which wrong answers, or another language, may stand.
const ASIDE: &str = "quiz quizzes myth myths misconception misconceptions викторина квиз мифы заблуждения javascript js \
    java ruby php c++ golang typescript numpy pandas";

/// Words of a question above a list, under which wrong answers stand as well.
const TESTING: &str = "quiz quizzes which choose select guess myth myths misconception misconceptions wrong predict \
    викторина тест квиз выберите выбери какие какой какая каков угадай угадайте миф мифы заблуждения заблуждение неверно \
    верно javascript js java ruby php c++ golang typescript";

/// Languages whose expressions look like Python's.
const OTHERS: &str = "js javascript jsx ts typescript tsx java kotlin scala c cpp c++ csharp cs c# go golang rust rs \
    ruby rb php perl swift lua r julia haskell hs elixir dart groovy matlab octave node coffee clojure lisp racket";

/// How firm sentences about expressions may be in this document; `None` where it is not about Python.
pub(super) fn is_about_python(document: &Document, blocks: &[Block]) -> Option<Firmness> {
    let is_python = |block: &Block| block.tag == Tag::Python || block.is_session();
    let has_python = blocks.iter().any(is_python) || names_python(&document.text);
    let is_other = |block: &Block| matches!(&block.tag, Tag::Other(tag) if is_among(OTHERS, tag));
    let has_other = blocks.iter().any(is_other);
    has_python.then_some(match has_other {
        true => Firmness::Confirming,
        false => Firmness::Plain,
    })
}

fn names_python(text: &str) -> bool {
    ["Python", "python", "Питон", "питон", "Пайтон", "пайтон"]
        .iter()
        .any(|name| text.contains(name))
}

impl Surroundings {
    /// Of what stands from `start` to `end` in a sentence of the passage.
    pub(super) fn of(passage: &Passage, start: usize, end: usize) -> Surroundings {
        let text = &passage.text;
        let head = sentence_start(text.get(..start).unwrap_or_default());
        let rest = text.get(end..).unwrap_or_default();
        let tail = &rest[..sentence_end(rest)];
        let firmness = match () {
            () if asks(rest, tail) || is_task(head) => None,
            () if goes_on(rest) => None,
            () => Some(before(head).max(behind(tail)).max(around(passage))),
        };
        Surroundings {
            firmness,
            scope: scope_of(passage, head, tail),
        }
    }

    /// Of a value in a table, behind which `rest` of the passage ends its cell.
    pub(super) fn of_cell(passage: &Passage, rest: Range<usize>) -> Surroundings {
        let tail = passage.text.get(rest).unwrap_or_default();
        Surroundings {
            firmness: Some(behind(tail).max(around(passage))),
            scope: scope_of(passage, "", tail),
        }
    }
}

/// The version or the vagueness that the words around name; Python 3 is what runs.
fn scope_of(passage: &Passage, head: &str, tail: &str) -> Option<Scope> {
    let limits = |words: &str| {
        scope::scope(words).filter(|found| match found {
            Scope::Version(words) => !is_any_python3(words),
            Scope::Approximate => true,
        })
    };
    // "For example" before an expression makes nothing vague.
    let is_version = |found: &Scope| matches!(found, Scope::Version(_));
    let of_heading = || {
        let headings = passage.heading.iter().rev();
        headings
            .filter_map(|heading| limits(heading))
            .find(is_version)
    };
    limits(tail)
        .or_else(|| limits(head).filter(is_version))
        .or_else(of_heading)
}

/// `in Python 3`: no limit.
fn is_any_python3(words: &str) -> bool {
    let digits: String = words
        .chars()
        .filter(|c| "0123456789.<>=≤".contains(*c))
        .collect();
    matches!(digits.as_str(), "3" | "3.")
}

/// The last sentence of `text`, which is not over yet.
fn sentence_start(text: &str) -> &str {
    let ends = [". ", "! ", "? ", ".\n", "!\n", "?\n", "; "];
    let start = ends
        .iter()
        .filter_map(|end| text.rfind(end).map(|at| at + end.len()))
        .max();
    text.get(start.unwrap_or(0)..).unwrap_or_default()
}

/// Where the first sentence of `text` ends.
fn sentence_end(text: &str) -> usize {
    let ends = [". ", "! ", "? ", ".\n", "!\n", "?\n", ";"];
    ends.iter()
        .filter_map(|end| text.find(end))
        .min()
        .unwrap_or(text.len())
}

/// Whether the sentence ends in a question mark.
fn asks(rest: &str, tail: &str) -> bool {
    rest[tail.len()..].starts_with('?') || tail.trim_end().ends_with(['?', '？'])
}

/// `[ ]`, `A)`: an answer to choose.
fn is_task(head: &str) -> bool {
    let head = head.trim_start();
    let is_box = ["[ ]", "[x]", "[X]", "( )", "☐"]
        .iter()
        .any(|mark| head.starts_with(mark));
    let mut chars = head.chars();
    let is_letter =
        chars.next().is_some_and(char::is_alphabetic) && matches!(chars.next(), Some(')' | '.'));
    is_box || is_letter
}

/// Whether the value is part of something larger: `` `5`-th``, `` `[1]` + `[2]` ``.
fn goes_on(rest: &str) -> bool {
    let trimmed = rest.trim_start_matches([' ', '\n']);
    let is_glued = rest.starts_with(|c: char| c.is_alphanumeric() || "-_/+*".contains(c));
    let is_operator = trimmed.starts_with(['+', '*', '/', '%', '&', '|', '^', '<', '>', '='])
        || rest.trim_start_matches(' ').starts_with(CODE);
    let is_arrow = ["=>", "->", "→", "<-", "⇒"]
        .iter()
        .any(|arrow| trimmed.starts_with(arrow));
    is_glued || is_operator && !is_arrow || is_arrow && trimmed.contains(CODE)
}

fn word_list(text: &str) -> impl DoubleEndedIterator<Item = String> {
    text.split(|c: char| c.is_whitespace() || ",.;:()[]«»\"“”—–|*".contains(c))
        .filter(|word| !word.is_empty())
        .map(|word| word.replace('’', "'").to_lowercase())
}

/// How firm what stands before the expression leaves it.
fn before(head: &str) -> Firmness {
    if word_list(head).any(|word| {
        RISKY_STEMS.iter().any(|stem| word.starts_with(stem))
            || is_among(RISKY, &word)
            || word.starts_with(['✗', '✘', '❌', '🚫', '⛔'])
            || word.starts_with("~~")
    }) {
        return Firmness::Confirming;
    }
    let last = head.trim_end();
    let is_clause_start = last.is_empty()
        || last.ends_with([
            ',', ':', ';', '—', '–', '(', '-', '•', '.', '!', '"', '«', '✅', '✓', '✔', '→', '>',
        ])
        || last.ends_with(|c: char| super::super::wording::is_pictograph(c));
    let leads = word_list(last)
        .next_back()
        .is_some_and(|word| is_among(LEADING, &word));
    match is_clause_start || leads {
        true => Firmness::Plain,
        false => Firmness::Confirming,
    }
}

/// How firm what stands behind the value leaves it.
fn behind(tail: &str) -> Firmness {
    let end = tail
        .find([',', ':', '—', '–', '('])
        .or_else(|| tail.find(" - "))
        .unwrap_or(tail.len());
    let (clause, rest) = tail.split_at(end);
    let is_condition = |word: String| is_among(CONDITIONS, &word);
    // What is called a reason may speak of conditions.
    let reason = ["because", "since", "потому", "так как", "поскольку", "ведь"];
    let is_reasoned = reason
        .iter()
        .any(|word| clause.trim_start().starts_with(word));
    let first = word_list(rest).next();
    let begins_condition = first.is_some_and(|word| {
        is_among(
            "if when unless or only если когда или либо только при",
            &word,
        )
    });
    let is_conditional = !is_reasoned && word_list(clause).any(is_condition);
    let last_clause = tail.rsplit([',', '—', '–', '(']).next();
    let ends_conditional = last_clause
        .and_then(|clause| word_list(clause).next())
        .is_some_and(|word| is_among("if when unless если когда", &word));
    match is_conditional || begins_condition || ends_conditional {
        true => Firmness::Confirming,
        false => Firmness::Plain,
    }
}

/// How firm the headings and the question above a list leave what stands below.
fn around(passage: &Passage) -> Firmness {
    let tests = |text: &str| word_list(text).any(|word| is_among(TESTING, word.trim_matches('?')));
    let is_tested = passage
        .heading
        .iter()
        .any(|heading| word_list(heading).any(|word| is_among(ASIDE, &word)));
    let is_choice = passage.question.as_deref().is_some_and(tests);
    match is_tested || is_choice {
        true => Firmness::Confirming,
        false => Firmness::Plain,
    }
}
