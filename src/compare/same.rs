//! When two values, read from what the document says and from what Python showed, are the same.

use std::collections::HashMap;

use super::number;
use super::tolerance::{Likeness, Tolerance};
use crate::claim::value::{Value, is_constant};

/// Steps one comparison may take; hostile nesting of sets and ellipses is taken for different.
const STEP_LIMIT: usize = 2_000_000;

/// Steps that lining up with gaps may take beyond a few for each item, to keep it near linear time.
const ALIGN_STEPS: usize = 100_000;

/// Compares an expected value with an actual one: how alike they are, or `None` where they differ.
///
/// Types differ where Python's would: a list is no tuple, `5` no `5.0`, `'5'` no `5`.
pub fn same(expected: &Value, actual: &Value) -> Option<Likeness> {
    if expected == actual {
        return Some(Likeness::Exact);
    }
    Comparison { steps: 0 }.value(expected, actual)
}

/// Lines up `expected`, in which some items stand for any run of items, with `actual`.
///
/// `alike` compares one item with one; gaps are taken greedily, as in file name patterns.
pub(super) fn align<E, A>(
    expected: &[E],
    actual: &[A],
    is_gap: impl Fn(&E) -> bool,
    mut alike: impl FnMut(&E, &A) -> Option<Likeness>,
) -> Option<Likeness> {
    let (mut e, mut a) = (0, 0);
    // Where to resume after the last gap: the item behind it, and what it has swallowed up to.
    let mut resume: Option<(usize, usize)> = None;
    let mut total = Vec::new();
    let mut steps_left = ALIGN_STEPS + 4 * (expected.len() + actual.len());
    while a < actual.len() || e < expected.len() {
        steps_left = steps_left.checked_sub(1)?;
        match (expected.get(e), actual.get(a)) {
            (Some(item), _) if is_gap(item) => {
                resume = Some((e + 1, a));
                total.push(Likeness::Under(Tolerance::Ellipsis));
                e += 1;
                continue;
            }
            (Some(item), Some(other)) => {
                if let Some(likeness) = alike(item, other) {
                    total.push(likeness);
                    (e, a) = (e + 1, a + 1);
                    continue;
                }
            }
            _ => {}
        }
        let (behind_gap, swallowed) = resume?;
        if swallowed >= actual.len() {
            return None;
        }
        total.truncate(behind_gap);
        resume = Some((behind_gap, swallowed + 1));
        (e, a) = (behind_gap, swallowed + 1);
    }
    Some(total.into_iter().max().unwrap_or(Likeness::Exact))
}

struct Comparison {
    steps: usize,
}

impl Comparison {
    fn value(&mut self, expected: &Value, actual: &Value) -> Option<Likeness> {
        self.steps += 1;
        if self.steps > STEP_LIMIT {
            return None;
        }
        match (expected, actual) {
            (Value::Number(e), Value::Number(a)) => number::same(e, a),
            (Value::Str(e), Value::Str(a)) => strings(e, a),
            (Value::Bytes(e), Value::Bytes(a)) => (e == a).then_some(Likeness::Exact),
            (Value::Name(e), Value::Name(a)) => names(e, a),
            (Value::Angle(e), Value::Angle(a)) => angles(e, a),
            (Value::Name(e), Value::Angle(a)) => {
                is_type_name(e, a).then_some(Likeness::Under(Tolerance::TypeShorthand))
            }
            // `{ a: 1 }` as JavaScript writes it.
            (Value::Name(e), Value::Str(a)) => {
                (e == a && !is_constant(e)).then_some(Likeness::Under(Tolerance::Quotes))
            }
            (Value::List(e), Value::List(a)) | (Value::Tuple(e), Value::Tuple(a)) => {
                self.items(e, a)
            }
            (Value::Set(e), Value::Set(a)) => self.set(e, a),
            (Value::Dict(e), Value::Dict(a)) => self.dict(e, a),
            (Value::Call(e, e_args), Value::Call(a, a_args)) => {
                let name = names(e, a)?;
                let arguments = self
                    .arguments(e_args, a_args)
                    .or_else(|| self.older_repr(e_args, a_args))?;
                Some(name.and(arguments))
            }
            (Value::Ellipsis, Value::Ellipsis) => Some(Likeness::Exact),
            _ => None,
        }
    }

    fn items(&mut self, expected: &[Value], actual: &[Value]) -> Option<Likeness> {
        align(
            expected,
            actual,
            |item| *item == Value::Ellipsis,
            |e, a| self.value(e, a),
        )
    }

    fn arguments(
        &mut self,
        expected: &[(Option<String>, Value)],
        actual: &[(Option<String>, Value)],
    ) -> Option<Likeness> {
        // `frozenset({...})`, `Counter({...})`: the order inside is the inner value's affair.
        align(
            expected,
            actual,
            |(keyword, item)| keyword.is_none() && *item == Value::Ellipsis,
            |(e_key, e), (a_key, a)| {
                if e_key == a_key {
                    self.value(e, a)
                } else {
                    None
                }
            },
        )
    }

    /// `OrderedDict([('a', 1)])`, which Python 3.12 shows as `OrderedDict({'a': 1})`, and the reverse.
    fn older_repr(
        &mut self,
        expected: &[(Option<String>, Value)],
        actual: &[(Option<String>, Value)],
    ) -> Option<Likeness> {
        let (pairs, dict) = match (expected, actual) {
            ([(None, Value::List(pairs))], [(None, Value::Dict(dict))])
            | ([(None, Value::Dict(dict))], [(None, Value::List(pairs))]) => (pairs, dict),
            _ => return None,
        };
        let is_same = pairs.len() == dict.len()
            && pairs.iter().zip(dict).all(|(pair, (key, value))| {
                *pair == Value::Tuple(vec![key.clone(), value.clone()])
            });
        is_same.then_some(Likeness::Under(Tolerance::OlderRepr))
    }

    fn set(&mut self, expected: &[Value], actual: &[Value]) -> Option<Likeness> {
        if let Some(in_order) = self.items(expected, actual) {
            return Some(in_order);
        }
        let stated: Vec<&Value> = expected
            .iter()
            .filter(|item| **item != Value::Ellipsis)
            .collect();
        let has_gap = stated.len() < expected.len();
        let found: Vec<&Value> = actual.iter().collect();
        let likeness = self.unordered(&stated, &found, has_gap, Self::value_of)?;
        if has_gap {
            return Some(likeness.under(Tolerance::Ellipsis));
        }
        Some(likeness.under(Tolerance::SetOrder))
    }

    fn value_of(&mut self, expected: &&Value, actual: &&Value) -> Option<Likeness> {
        self.value(expected, actual)
    }

    fn dict(&mut self, expected: &[(Value, Value)], actual: &[(Value, Value)]) -> Option<Likeness> {
        let is_gap =
            |(key, value): &(Value, Value)| *key == Value::Ellipsis && *value == Value::Ellipsis;
        let in_order = align(expected, actual, is_gap, |e, a| self.pair(&e, &a));
        if in_order.is_some() {
            return in_order;
        }
        let has_gap = expected.iter().any(is_gap);
        let stated: Vec<_> = expected.iter().filter(|pair| !is_gap(pair)).collect();
        let found: Vec<_> = actual.iter().collect();
        let likeness = self.unordered(&stated, &found, has_gap, Self::pair)?;
        Some(likeness.under(Tolerance::DictOrder))
    }

    fn pair(&mut self, expected: &&(Value, Value), actual: &&(Value, Value)) -> Option<Likeness> {
        let key = self.value(&expected.0, &actual.0)?;
        Some(key.and(self.value(&expected.1, &actual.1)?))
    }

    /// Pairs each expected item with an actual one of its own; with `has_gap` actual ones may be left over.
    fn unordered<T: std::fmt::Debug>(
        &mut self,
        expected: &[T],
        actual: &[T],
        has_gap: bool,
        alike: impl Fn(&mut Self, &T, &T) -> Option<Likeness>,
    ) -> Option<Likeness> {
        if expected.len() > actual.len() || (expected.len() < actual.len() && !has_gap) {
            return None;
        }
        // Equal items first, by hash: only what is left is compared each with each.
        let mut equal: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, item) in actual.iter().enumerate() {
            let key = format!("{item:?}");
            self.steps += key.len();
            equal.entry(key).or_default().push(index);
        }
        let mut is_taken = vec![false; actual.len()];
        let mut rest = Vec::new();
        for item in expected {
            match equal.get_mut(&format!("{item:?}")).and_then(Vec::pop) {
                Some(index) => is_taken[index] = true,
                None => rest.push(item),
            }
        }
        let mut left: Vec<&T> = actual
            .iter()
            .zip(is_taken)
            .filter_map(|(item, is_taken)| (!is_taken).then_some(item))
            .collect();
        if rest.len().saturating_mul(left.len()) > STEP_LIMIT {
            return None;
        }
        let mut total = Likeness::Exact;
        for item in rest {
            let found = left.iter().enumerate().find_map(|(index, other)| {
                alike(self, item, other).map(|likeness| (index, likeness))
            });
            let (index, likeness) = found?;
            left.swap_remove(index);
            total = total.and(likeness);
        }
        Some(total)
    }
}

fn strings(expected: &str, actual: &str) -> Option<Likeness> {
    if expected == actual {
        return Some(Likeness::Exact);
    }
    matches_with_ellipsis(expected, actual).then_some(Likeness::Under(Tolerance::Ellipsis))
}

fn names(expected: &str, actual: &str) -> Option<Likeness> {
    if expected == actual {
        return Some(Likeness::Exact);
    }
    let python = |name: &str| match name {
        "true" => Some("True"),
        "false" => Some("False"),
        "null" | "none" => Some("None"),
        _ => None,
    };
    if python(expected) == Some(actual) {
        return Some(Likeness::Under(Tolerance::Case));
    }
    is_last_part(expected, actual).then_some(Likeness::Under(Tolerance::ModulePrefix))
}

/// Whether the dotted name `whole` ends with `part`.
fn is_last_part(part: &str, whole: &str) -> bool {
    whole
        .strip_suffix(part)
        .is_some_and(|before| before.ends_with('.'))
        && !part.is_empty()
}

/// Whether `name` is the type of which `angle` is the repr (`class 'collections.Counter'`).
pub(super) fn is_type_name(name: &str, angle: &str) -> bool {
    angle
        .strip_prefix("class '")
        .and_then(|rest| rest.strip_suffix('\''))
        .is_some_and(|full| full == name || is_last_part(name, full))
}

/// Compares the contents of two `<…>`, word by word.
fn angles(expected: &str, actual: &str) -> Option<Likeness> {
    let e_words = words(expected);
    let a_words = words(actual);
    let likeness = align(
        &e_words,
        &a_words,
        |word| matches!(*word, "..." | "…"),
        |e, a| match () {
            () if e == a => Some(Likeness::Exact),
            () if is_address(e) && is_address(a) => Some(Likeness::Under(Tolerance::Address)),
            () if is_last_part(e, a) => Some(Likeness::Under(Tolerance::ModulePrefix)),
            () => None,
        },
    );
    if likeness.is_some() {
        return likeness;
    }
    // `<D object>` for `<D object at 0x7f…>`.
    let (address, before) = a_words.split_last()?;
    let (at, before) = before.split_last()?;
    let is_left_out = is_address(address) && *at == "at" && e_words.last() != Some(address);
    let shorter = e_words.len() == before.len()
        && e_words
            .iter()
            .zip(before)
            .all(|(e, a)| e == a || is_last_part(e, a));
    (is_left_out && shorter).then_some(Likeness::Under(Tolerance::Address))
}

/// `0x7f…`, however it is shortened.
pub(super) fn is_address(word: &str) -> bool {
    word.strip_prefix("0x").is_some_and(|digits| {
        digits
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '…' | '?' | '*'))
    })
}

/// The words of a repr and the signs between them; white space only separates.
fn words(text: &str) -> Vec<&str> {
    let is_sign = |c: char| {
        matches!(
            c,
            '\'' | '"' | ',' | ';' | ':' | '=' | '(' | ')' | '[' | ']' | '{' | '}'
        )
    };
    let mut words = Vec::new();
    for chunk in text.split_whitespace() {
        let mut rest = chunk;
        while let Some(first) = rest.chars().next() {
            let len = match is_sign(first) {
                true => first.len_utf8(),
                false => rest.find(is_sign).unwrap_or(rest.len()),
            };
            let (word, after) = rest.split_at(len);
            words.push(word);
            rest = after;
        }
    }
    words
}

/// Whether `actual` is `pattern` with each `...` or `…` standing for some text.
///
/// At least three characters must be stated, or the pattern says nothing.
pub(super) fn matches_with_ellipsis(pattern: &str, actual: &str) -> bool {
    let unified = pattern.replace('…', "...");
    let mut parts = unified.split("...").map(|part| part.trim_matches(' '));
    let stated: usize = unified
        .replace("...", "")
        .chars()
        .filter(|c| c.is_alphanumeric())
        .count();
    if !unified.contains("...") || stated < 3 {
        return false;
    }
    let Some(mut rest) = parts.next().and_then(|first| actual.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.len() > part.len() && rest.ends_with(part);
        }
        // A gap swallows one character at least: `'short…'` is not `'short'`.
        let Some(swallowed) = rest.chars().next().map(char::len_utf8) else {
            return false;
        };
        let behind = rest.get(swallowed..).unwrap_or_default();
        match behind.find(part) {
            Some(at) => rest = behind.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    false
}
