//! A written value made to show another: what still says the same stays as it is written.
//!
//! In go the value as the document has it and the one that Python showed, out comes the text to write.
//! Quotes, spacing, line breaks between items, `...`, and numbers written shorter are kept where they
//! can be. Nothing here knows documents.

use crate::claim::value::{self, Value};
use crate::compare::same;
use crate::compare::tolerance::{Likeness, Tolerance};
use crate::text::Span;

/// Longer texts, in bytes, are not taken apart.
const LEN_MAX: usize = 8 * 1024;

/// How deep values are taken apart; deeper ones are written as a whole.
const DEPTH_MAX: usize = 12;

/// How numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbers {
    /// With as many decimal places as the document has.
    AsRounded,
    /// As Python shows them.
    AsShown,
}

/// `old` made to show `new`; `None` where one of them is no value.
pub(super) fn merged(old: &str, new: &str, numbers: Numbers) -> Option<String> {
    if old.len() > LEN_MAX || new.len() > LEN_MAX {
        return None;
    }
    value::whole(old)?;
    value::whole(new)?;
    let merger = Merger {
        numbers,
        quotes: prevailing_quotes(old),
    };
    Some(merger.value(old, new, 0))
}

/// `old`, several values parted by commas or spaces, made to show `new`, whose values may stand in brackets.
pub(super) fn merged_sequence(old: &str, new: &str, numbers: Numbers) -> Option<String> {
    if old.len() > LEN_MAX || new.len() > LEN_MAX {
        return None;
    }
    let stated = parts(old, 0)?;
    let bare = match value::whole(new) {
        Some(Value::Tuple(_)) => new.strip_prefix('(')?.strip_suffix(')')?,
        _ => new,
    };
    let found = parts(bare, 0)?;
    if stated.entries.len() < 2 || found.entries.is_empty() {
        return None;
    }
    let merger = Merger {
        numbers,
        quotes: prevailing_quotes(old),
    };
    merger.entries(old, &stated, bare, &found, 0)
}

/// The text of `literal`, a string as Python shows it, between other quotes where that needs no escapes.
pub(super) fn requoted(literal: &str, quote: char) -> Option<String> {
    let inner = ['\'', '"']
        .iter()
        .find_map(|own| literal.strip_prefix(*own)?.strip_suffix(*own))?;
    let is_plain = !inner.contains(['\\', quote]);
    is_plain.then(|| format!("{quote}{inner}{quote}"))
}

/// `text` in quotes, as Python would show a string of it; `None` where it would need escapes.
pub(super) fn quoted(text: &str, quote: char) -> Option<String> {
    let needs_escapes = |c: char| c == '\\' || c.is_control();
    if text.contains(needs_escapes) {
        return None;
    }
    let other = if quote == '"' { '\'' } else { '"' };
    [quote, other]
        .into_iter()
        .find(|quote| !text.contains(*quote))
        .map(|quote| format!("{quote}{text}{quote}"))
}

/// The quotes of all strings in `text`, if they are of one kind.
pub(super) fn prevailing_quotes(text: &str) -> Option<char> {
    let mut kinds = string_literals(text).filter_map(|span| span.of(text).chars().next());
    let first = kinds.next()?;
    kinds.all(|kind| kind == first).then_some(first)
}

/// `text` with its strings between `quote`, where that needs no escapes.
pub(super) fn with_quotes(text: &str, quote: Option<char>) -> String {
    let Some(quote) = quote else {
        return text.to_owned();
    };
    let mut written = String::with_capacity(text.len());
    let mut copied = 0;
    for span in string_literals(text) {
        written.push_str(&text[copied..span.start]);
        let literal = span.of(text);
        written.push_str(&requoted(literal, quote).unwrap_or_else(|| literal.to_owned()));
        copied = span.end;
    }
    written.push_str(&text[copied..]);
    written
}

/// The string literals in `text`, prefixes left out.
fn string_literals(text: &str) -> impl Iterator<Item = Span> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..)?;
        let start = at + rest.find(['\'', '"'])?;
        let literal = text.get(start..)?;
        let quote = literal.chars().next()?;
        let mut is_escaped = false;
        let mut chars = literal.char_indices().skip(1);
        let len = chars.find_map(|(offset, c)| {
            let is_end = c == quote && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            is_end.then_some(offset + 1)
        })?;
        at = start + len;
        Some(Span::new(start, at))
    })
}

/// A written container, or several values in a row, taken apart.
struct Parts {
    entries: Vec<Entry>,
}

/// One item, with its key where it has one.
struct Entry {
    key: Option<Span>,
    value: Span,
}

impl Entry {
    fn span(&self) -> Span {
        Span::new(
            self.key.map_or(self.value.start, |key| key.start),
            self.value.end,
        )
    }

    fn is_gap(&self, text: &str) -> bool {
        self.key.is_none() && matches!(self.value.of(text), "..." | "…")
    }
}

/// Takes apart what stands in `text` from `head` on, up to the closing bracket or the end.
fn parts(text: &str, head: usize) -> Option<Parts> {
    let mut entries = Vec::new();
    let mut at = head;
    loop {
        at = behind_space(text, at);
        let rest = text.get(at..)?;
        if rest.is_empty() || rest.starts_with([']', ')', '}']) {
            let is_end = rest.chars().nth(1).is_none();
            return is_end.then_some(Parts { entries });
        }
        let first = Span::new(at, at + item_len(rest)?);
        at = behind_space(text, first.end);
        let rest = text.get(at..)?;
        let entry = match rest.strip_prefix([':', '=']) {
            Some(_) if head > 0 => {
                at = behind_space(text, at + 1);
                let value = Span::new(at, at + item_len(text.get(at..)?)?);
                at = behind_space(text, value.end);
                Entry {
                    key: Some(first),
                    value,
                }
            }
            _ => Entry {
                key: None,
                value: first,
            },
        };
        let end = entry.value.end;
        entries.push(entry);
        let rest = text.get(at..)?;
        match rest.strip_prefix(',') {
            Some(_) => at += 1,
            // Parted by spaces, as numpy and `print` do.
            None if at > end || rest.is_empty() || rest.starts_with([']', ')', '}']) => {}
            None => return None,
        }
    }
}

fn behind_space(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + (rest.len() - rest.trim_start().len())
}

/// Length of the item at the start: a value, `...`, or a bare name.
fn item_len(text: &str) -> Option<usize> {
    if let Some(gap) = ["...", "…"].iter().find(|gap| text.starts_with(**gap)) {
        return Some(gap.len());
    }
    if let Some((_, len)) = value::prefix(text) {
        // `1.` is a number only inside brackets.
        let dot = usize::from(text.get(len..).is_some_and(|rest| {
            rest.strip_prefix('.')
                .is_some_and(|rest| rest.starts_with([' ', ']']))
        }));
        return Some(len + dot);
    }
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    let len = text.find(|c| !is_name(c)).unwrap_or(text.len());
    (len > 0).then_some(len)
}

/// Length of the name and the bracket that a container begins with.
fn head_len(text: &str) -> Option<usize> {
    let len = text.find(['[', '(', '{'])?;
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    text.get(..len)?.chars().all(is_name).then_some(len + 1)
}

/// Puts new values into what stands there.
struct Merger {
    numbers: Numbers,
    /// The quotes of all old strings, where they agree.
    quotes: Option<char>,
}

impl Merger {
    fn value(&self, old: &str, new: &str, depth: usize) -> String {
        if is_same(old, new) {
            return old.to_owned();
        }
        self.container(old, new, depth)
            .or_else(|| self.scalar(old, new))
            .unwrap_or_else(|| with_quotes(new, self.quotes))
    }

    fn scalar(&self, old: &str, new: &str) -> Option<String> {
        match (value::whole(old)?, value::whole(new)?) {
            (Value::Str(_), Value::Str(_)) => {
                let quote = old.chars().find(|c| matches!(c, '\'' | '"'))?;
                requoted(new, quote)
            }
            (Value::Number(old), Value::Number(new)) => number(&old, &new, self.numbers),
            (Value::Name(old), Value::Name(new)) => {
                let is_json = matches!(old.as_str(), "true" | "false" | "null");
                match new.as_str() {
                    "True" if is_json => Some("true".to_owned()),
                    "False" if is_json => Some("false".to_owned()),
                    "None" if is_json => Some("null".to_owned()),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn container(&self, old: &str, new: &str, depth: usize) -> Option<String> {
        if depth >= DEPTH_MAX {
            return None;
        }
        let (head, new_head) = (head_len(old)?, head_len(new)?);
        if old.get(..head)? != new.get(..new_head)? {
            return None;
        }
        let (stated, found) = (parts(old, head)?, parts(new, new_head)?);
        let is_tuple = old.starts_with('(');
        if stated.entries.is_empty()
            || found.entries.is_empty()
            || is_tuple && stated.entries.len() != found.entries.len()
        {
            return None;
        }
        if matches!(value::whole(old), Some(Value::Set(_))) {
            return self.set(old, &stated, new, &found);
        }
        self.entries(old, &stated, new, &found, depth + 1)
    }

    /// Puts the entries of `new` in the places of those of `old`.
    fn entries(
        &self,
        old: &str,
        stated: &Parts,
        new: &str,
        found: &Parts,
        depth: usize,
    ) -> Option<String> {
        let gaps: Vec<usize> = (0..stated.entries.len())
            .filter(|at| stated.entries.get(*at).is_some_and(|one| one.is_gap(old)))
            .collect();
        let (count, new_count) = (stated.entries.len(), found.entries.len());
        let alike =
            |at: usize, new_at: usize| match (stated.entries.get(at), found.entries.get(new_at)) {
                (Some(one), Some(other)) => is_same_entry(old, one, new, other),
                _ => false,
            };
        let (front, back) = match gaps.as_slice() {
            // Items that stayed keep their places at both ends.
            [] => {
                let most = count.min(new_count);
                let front = (0..most).take_while(|at| alike(*at, *at)).count();
                let back = (1..=most - front)
                    .take_while(|back| alike(count - back, new_count - back))
                    .count();
                (front, back)
            }
            [gap] if new_count > count - 1 => (*gap, count - gap - 1),
            _ => return None,
        };
        let mut texts: Vec<Option<String>> = Vec::new();
        let pair = |at: usize, new_at: usize| {
            let (one, other) = (stated.entries.get(at)?, found.entries.get(new_at)?);
            self.entry(old, one, new, other, depth)
        };
        for at in 0..front {
            texts.push(pair(at, at));
        }
        if let [gap] = gaps.as_slice() {
            texts.push(Some(stated.entries.get(*gap)?.value.of(old).to_owned()));
        } else {
            let middle = count - front - back;
            for at in front..new_count - back {
                texts.push(match at < front + middle {
                    true => pair(at, at),
                    false => Some(with_quotes(
                        found.entries.get(at)?.span().of(new),
                        self.quotes,
                    )),
                });
            }
        }
        for back in (1..=back).rev() {
            texts.push(pair(count - back, new_count - back));
        }
        joined(old, stated, &texts.into_iter().collect::<Option<Vec<_>>>()?)
    }

    fn entry(
        &self,
        old: &str,
        one: &Entry,
        new: &str,
        other: &Entry,
        depth: usize,
    ) -> Option<String> {
        let value = self.value(one.value.of(old), other.value.of(new), depth);
        match (one.key, other.key) {
            (Some(key), Some(new_key)) => {
                let between = old.get(key.end..one.value.start)?;
                let key = self.value(key.of(old), new_key.of(new), depth);
                Some(format!("{key}{between}{value}"))
            }
            (None, None) => Some(value),
            _ => Some(with_quotes(other.span().of(new), self.quotes)),
        }
    }

    /// A set keeps the order of what stays in it; the rest goes where Python shows it, or behind that.
    fn set(&self, old: &str, stated: &Parts, new: &str, found: &Parts) -> Option<String> {
        if stated.entries.iter().any(|one| one.is_gap(old)) {
            return None;
        }
        let shown: Vec<&str> = found.entries.iter().map(|it| it.value.of(new)).collect();
        let mut kept: Vec<Option<&str>> = vec![None; shown.len()];
        let mut order: Vec<usize> = Vec::new();
        for own in stated.entries.iter().map(|one| one.value.of(old)) {
            let mut free = kept.iter().zip(&shown).enumerate();
            let place = free.position(|(_, (taken, shown))| taken.is_none() && is_same(own, shown));
            if let Some((place, taken)) = place.and_then(|at| Some((at, kept.get_mut(at)?))) {
                *taken = Some(own);
                order.push(place);
            }
        }
        let written = |place: usize| match kept.get(place).copied().flatten() {
            Some(own) => own.to_owned(),
            None => with_quotes(shown.get(place).copied().unwrap_or_default(), self.quotes),
        };
        if !order.is_sorted() {
            let mut others: Vec<usize> = (0..shown.len()).collect();
            others.retain(|place| kept.get(*place).is_some_and(Option::is_none));
            others.sort_by_key(|place| shown.get(*place));
            order.extend(others);
        } else {
            order = (0..shown.len()).collect();
        }
        let texts: Vec<String> = order.into_iter().map(written).collect();
        joined(old, stated, &texts)
    }
}

/// The entries' new texts with what stands between the old ones.
fn joined(old: &str, stated: &Parts, texts: &[String]) -> Option<String> {
    let first = stated.entries.first()?;
    let last = stated.entries.last()?;
    let glues: Vec<&str> = stated
        .entries
        .windows(2)
        .filter_map(|pair| match pair {
            [one, next] => old.get(one.span().end..next.span().start),
            _ => None,
        })
        .collect();
    let mut written = old.get(..first.span().start)?.to_owned();
    for (index, text) in texts.iter().enumerate() {
        if let Some(before) = index.checked_sub(1) {
            let glue = glues.get(before).or(glues.last());
            written.push_str(glue.copied().unwrap_or(", "));
        }
        written.push_str(text);
    }
    written.push_str(old.get(last.value.end..)?);
    Some(written)
}

fn is_same_entry(old: &str, one: &Entry, new: &str, other: &Entry) -> bool {
    let keys = match (one.key, other.key) {
        (Some(key), Some(other)) => is_same(key.of(old), other.of(new)),
        (None, None) => true,
        _ => false,
    };
    keys && is_same(one.value.of(old), other.value.of(new))
}

/// Whether the two texts are one value, written in a way that breaks no claim.
fn is_same(old: &str, new: &str) -> bool {
    // Inside brackets bare names are values, too.
    let inside = |text: &str| value::whole(&format!("[{text}]"));
    match (inside(old), inside(new)) {
        (Some(old), Some(new)) => {
            same(&old, &new).is_some_and(|how| how != Likeness::Under(Tolerance::DictOrder))
        }
        _ => old == new,
    }
}

/// A number written as the old one was: with as few decimal places, with `_` between groups.
fn number(old: &str, new: &str, numbers: Numbers) -> Option<String> {
    let decimals = |text: &str| text.split_once('.').map_or(0, |(_, places)| places.len());
    let is_plain = |text: &str| {
        text.bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-'))
    };
    let places = decimals(old);
    let is_rounded = numbers == Numbers::AsRounded
        && is_plain(old)
        && is_plain(new)
        && (2..=15).contains(&places)
        && decimals(new) > places;
    if is_rounded {
        let number: f64 = new.parse().ok()?;
        return Some(format!("{number:.places$}"));
    }
    let digits = new.strip_prefix('-').unwrap_or(new);
    let is_grouped = old.contains('_') && digits.bytes().all(|b| b.is_ascii_digit());
    is_grouped.then(|| {
        let mut grouped = String::new();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                grouped.push('_');
            }
            grouped.push(digit);
        }
        let sign = if new.len() > digits.len() { "-" } else { "" };
        format!("{sign}{grouped}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_still_holds_stays_as_it_is_written() {
        let cases = [
            ("[1, 2]", "[1, 2, 3]", "[1, 2, 3]"),
            ("[ 1,2 ]", "[1, 3]", "[ 1,3 ]"),
            ("[1, 2, ..., 9]", "[1, 3, 4, 5, 8, 10]", "[1, 3, ..., 10]"),
            ("[1, 2, 3, 4]", "[1, 3, 4]", "[1, 3, 4]"),
            ("[\"a\", \"b\"]", "['a', 'c', 'd']", "[\"a\", \"c\", \"d\"]"),
            (
                "{'a': 1, \"b\": 2}",
                "{'a': 1, 'b': 3}",
                "{'a': 1, \"b\": 3}",
            ),
            ("{'c', 'a'}", "{'a', 'b', 'c'}", "{'c', 'a', 'b'}"),
            ("{2, 3, 4}", "{1, 2, 3}", "{1, 2, 3}"),
            (
                "Counter({'a': 1})",
                "Counter({'a': 2})",
                "Counter({'a': 2})",
            ),
            ("P(x=1,  y=2)", "P(x=1, y=3)", "P(x=1,  y=3)"),
            ("(1, 2)", "(1, 2, 3)", "(1, 2, 3)"),
            ("(1,)", "(2,)", "(2,)"),
            ("\"a\"", "'b'", "\"b\""),
            ("\"a\"", "'say \"b\"'", "'say \"b\"'"),
            ("0.34", "0.3333333333333333", "0.33"),
            ("1_000", "2000000", "2_000_000"),
            ("true", "False", "false"),
            ("[1 2]", "[1 3]", "[1 3]"),
            ("[1,\n {'a': 1}]", "[1, {'a': 2}]", "[1,\n {'a': 2}]"),
            ("5", "[5]", "[5]"),
            ("[]", "[1]", "[1]"),
        ];
        for (old, new, expected) in cases {
            let written = merged(old, new, Numbers::AsRounded);
            assert_eq!(written.as_deref(), Some(expected), "{old} and {new}");
        }
    }

    #[test]
    fn several_values_keep_what_parts_them() {
        let cases = [
            ("1, 2", "1 3", "1, 3"),
            ("1 2 3", "1 2 4", "1 2 4"),
            ("1, 2", "(1, 3)", "1, 3"),
            ("0, 'a'", "(0, 'b')", "0, 'b'"),
        ];
        for (old, new, expected) in cases {
            let written = merged_sequence(old, new, Numbers::AsShown);
            assert_eq!(written.as_deref(), Some(expected), "{old} and {new}");
        }
    }
}
