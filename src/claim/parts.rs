//! Several values by the names that an assignment binds: `head = 1, rest = [2, 3]`.
//!
//! In go the text and the targets of the assignment, as the source of the tuple that they make; out
//! comes the value of that tuple as the text has it.

use std::collections::HashMap;

use super::wording::{Tail, tail};
use super::{Scope, scope, value};

/// What a text says of all names that a statement binds.
pub(super) struct Parts {
    /// The tuple of the targets with a value in the place of each name.
    pub value: String,
    /// How many bytes the names and values take at the start of the text.
    pub len: usize,
    /// What limits it.
    pub scope: Option<Scope>,
}

/// Reads `text` as the values of the names in `targets`, such as `(head, rest)`; `_` needs none.
pub(super) fn named(text: &str, targets: &str) -> Option<Parts> {
    if !targets.starts_with('(') {
        return None;
    }
    let mut values: HashMap<&str, &str> = HashMap::new();
    let mut at = 0;
    loop {
        let (name, written, end) = part(text, at)?;
        if values.insert(name, written).is_some() {
            return None;
        }
        at = end;
        let rest = text.get(at..)?;
        let next = [", ", "; ", " and ", " и "]
            .iter()
            .find(|sign| rest.starts_with(**sign))
            .map(|sign| at + sign.len())
            .filter(|next| part(text, *next).is_some());
        match next {
            Some(next) => at = next,
            None => break,
        }
    }
    let rest = text.get(at..)?;
    if values.len() < 2 || !matches!(tail(rest, false), Tail::End | Tail::Remark) {
        return None;
    }
    Some(Parts {
        value: filled(targets, values)?,
        len: at,
        scope: scope::scope(rest),
    })
}

/// The name and the value at `at`, and where they end.
fn part(text: &str, at: usize) -> Option<(&str, &str, usize)> {
    let rest = text.get(at..)?;
    let len = rest.find(|c: char| !is_part_of_name(c)).unwrap_or(0);
    let (name, behind) = rest.split_at(len);
    let written = behind.trim_start().strip_prefix('=')?;
    let written = written.strip_prefix('=').unwrap_or(written).trim_start();
    let (_, len) = value::prefix(written)?;
    let end = text.len() - written.len() + len;
    (!name.is_empty()).then_some((name, &written[..len], end))
}

/// `targets` with each name's value in its place; `None` where a name has none, or a value no name.
fn filled(targets: &str, mut values: HashMap<&str, &str>) -> Option<String> {
    let mut filled = String::new();
    let mut rest = targets;
    while let Some(c) = rest.chars().next() {
        let len = rest
            .find(|c: char| !is_part_of_name(c))
            .unwrap_or(rest.len());
        let (name, behind) = rest.split_at(len);
        match name {
            "" => {
                filled.push(c);
                rest = &rest[c.len_utf8()..];
                continue;
            }
            "_" => filled.push_str("..."),
            name => filled.push_str(values.remove(name)?),
        }
        rest = behind;
    }
    values.is_empty().then_some(filled)
}

fn is_part_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
