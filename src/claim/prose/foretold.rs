//! Paragraphs beside a block that foretell its exception: "This raises a `TypeError`:", «Код упадёт с ошибкой:».
//!
//! They never break: an exception that comes as told was announced, and everything else was prose.

use std::collections::HashSet;

use super::super::exceptions::name_len;
use super::super::{Claim, ClaimKind, Evidence, Expected, ExpectedException, Subject};
use super::joint::is_among;
use crate::block::Passage;
use crate::document::Document;
use crate::text::Span;

/// Words that say by themselves that code fails.
const FAILS: &str = "fails crashes raises throws упадёт упадет падает сломается";

/// Words that say so behind one of [`WILL`].
const FAIL: &str = "fail crash raise throw";
const WILL: &str = "will would should must";

/// Words for an exception of any type. They say so at the end of a sentence, or behind one of [`GIVES`].
const EXCEPTIONS: &str = "error errors exception exceptions ошибка ошибку ошибке ошибкой ошибки исключение исключения исключению исключением";
const GIVES: &str = "an get gives causes cause raise raises throw throws с получим получаем получите будет вызовет вызывает выбросит \
    выбрасывает бросит бросает даст даёт к";

/// Words that take it back, or tell of something else.
const DENYING: &str = "not no never without avoid avoids instead fix fixed fixes handle handles handling catch catches \
    prevent prevents unless won't can't isn't не нет без избежать исправим исправить обработаем обработка перехватим \
    перехватываем ловим поймать вместо чтобы";

/// How many words before the name or the word for failing may take it back.
const NEAR: usize = 3;

/// Longer sentences than this, in bytes, foretell nothing.
const LIMIT: usize = 400;

/// What the paragraph at `lead`, right before a block, foretells of it.
pub(super) fn before(document: &Document, lead: Span) -> Option<Claim> {
    let text = document.slice(lead);
    let start = last_sentence(text);
    let sentence = text.get(start..)?;
    // Other sentences tell of what was, or will be.
    let leads = sentence
        .trim_end_matches(['*', '_', ' '])
        .ends_with([':', '：']);
    foretold(sentence, leads, |at, len| {
        Span::new(lead.start + start + at, lead.start + start + at + len)
    })
}

/// What the paragraph right after a block tells of it.
pub(super) fn after(passage: &Passage) -> Option<Claim> {
    let text = passage.text.as_str();
    let with_code = passage
        .codes
        .iter()
        .rev()
        .fold(text.to_owned(), |text, code| {
            // Exceptions are named between back-ticks as well.
            format!(
                "{}{}{}",
                &text[..code.at],
                code.text,
                &text[code.at + super::CODE.len_utf8()..]
            )
        });
    let end = with_code.find([';', '!', '?']).unwrap_or(with_code.len());
    let end = with_code.find(". ").map_or(end, |at| at.min(end));
    let whole = Span::new(
        passage.document_offset(0),
        passage.document_offset(text.len()),
    );
    foretold(with_code.get(..end)?, false, |_, _| whole)
}

fn last_sentence(text: &str) -> usize {
    let text = text.trim_end();
    let ends = [". ", "! ", "? ", ".\n", "!\n", "?\n"];
    let start = ends
        .iter()
        .filter_map(|end| text.rfind(end).map(|at| at + end.len()));
    start.max().unwrap_or(0)
}

/// Where a lower-case sentence says that something fails, if it does.
fn failure(sentence: &str) -> Option<usize> {
    if let Some(at) = ["doesn't work", "does not work", "не работает"]
        .iter()
        .find_map(|phrase| sentence.find(phrase))
    {
        return Some(at);
    }
    let is_part = |c: char| c.is_alphanumeric() || c == '\'';
    let words: Vec<&str> = sentence
        .split(|c: char| !is_part(c))
        .filter(|word| !word.is_empty())
        .collect();
    let mut before = "";
    for (index, &word) in words.iter().enumerate() {
        let is_last = index + 1 == words.len();
        let is_told = is_among(FAILS, word)
            || is_among(FAIL, word) && is_among(WILL, before)
            || is_among(EXCEPTIONS, word) && (is_last || is_among(GIVES, before));
        if is_told {
            return Some(word.as_ptr() as usize - sentence.as_ptr() as usize);
        }
        before = word;
    }
    None
}

fn foretold(
    sentence: &str,
    may_be_unnamed: bool,
    place: impl Fn(usize, usize) -> Span,
) -> Option<Claim> {
    if sentence.len() > LIMIT {
        return None;
    }
    let names = sentence.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '-')));
    let named = names.map(|word| word.trim_matches('.')).find(|word| {
        // An `uncaught-exception` and an exception as such are no types.
        word.contains(|c: char| c.is_uppercase())
            && name_len(word, &HashSet::new()) == Some(word.len())
    });
    let lower = sentence.to_lowercase().replace('’', "'");
    let failing = match may_be_unnamed {
        true => failure(&lower),
        false => None,
    };
    let (at, len, told) = match (named, failing) {
        (Some(name), _) => {
            let at = name.as_ptr() as usize - sentence.as_ptr() as usize;
            (at, name.len(), sentence.get(..at)?.to_lowercase())
        }
        (None, Some(at)) => (0, sentence.trim_end().len(), lower.get(..at)?.to_owned()),
        (None, None) => return None,
    };
    let words = told.split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '’')));
    let mut last_words = words.filter(|word| !word.is_empty()).rev().take(NEAR);
    if last_words.any(|word| is_among(DENYING, word)) {
        return None;
    }
    Some(Claim {
        kind: ClaimKind::Prose,
        span: place(at, len),
        text: sentence.get(at..at + len)?.to_owned(),
        subject: Subject::Block,
        expected: Expected::Exception(ExpectedException {
            type_name: named.map(str::to_owned),
            message: None,
        }),
        evidence: Evidence::Unmarked,
        scope: None,
        rule: "foretold-exception",
    })
}
