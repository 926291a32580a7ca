//! What the standard library did not always have, or has no longer: from which Python, up to which.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Major and minor version of Python.
pub type Version = (u8, u8);

/// The Pythons that have a module, or a name in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct History {
    /// The first, where it is later than 3.9.
    pub since: Option<Version>,
    /// The last, where later ones lack it.
    pub until: Option<Version>,
    /// What took its place.
    pub successor: Option<&'static str>,
}

/// By module, and by name in it; the module itself has the name `*`.
static HISTORY: LazyLock<HashMap<(&'static str, &'static str), History>> = LazyLock::new(|| {
    let mut history = HashMap::new();
    for line in include_str!("history.txt").lines() {
        let mut words = line.split_ascii_whitespace();
        let (Some(module), Some(kind)) = (words.next(), words.next()) else {
            continue;
        };
        let mut known = History {
            since: words.next().and_then(version),
            until: words.next().and_then(version),
            successor: None,
        };
        if kind == "*" {
            known.successor = words.next();
            history.insert((module, "*"), known);
        } else {
            known.successor = (module == "collections").then_some("collections.abc");
            history.extend(words.map(|name| ((module, name), known)));
        }
    }
    history
});

fn version(text: &str) -> Option<Version> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// The history of a module of the standard library (dotted or not), where not every Python from 3.9
/// to 3.14 has it; that of the package it is in, where it has none of its own.
pub fn module_history(module: &str) -> Option<History> {
    let own = HISTORY.get(&(module, "*")).copied();
    own.or_else(|| module_history(module.rsplit_once('.')?.0))
}

/// The history of a `name` in a module of the standard library, where not every Python from 3.9 to 3.14 has it.
pub fn member_history(module: &str, name: &str) -> Option<History> {
    HISTORY.get(&(module, name)).copied()
}

/// Builtins that not every Python from 3.9 on has, and the first that does.
const NEW_BUILTINS: &[(&str, Version)] = &[
    ("BaseExceptionGroup", (3, 11)),
    ("EncodingWarning", (3, 10)),
    ("ExceptionGroup", (3, 11)),
    ("PythonFinalizationError", (3, 13)),
    ("aiter", (3, 10)),
    ("anext", (3, 10)),
];

/// The first Python that has this builtin, where not every one from 3.9 on does.
pub fn builtin_since(name: &str) -> Option<Version> {
    let found = NEW_BUILTINS.iter().find(|(new, _)| *new == name);
    found.map(|&(_, since)| since)
}
