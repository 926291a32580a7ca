//! What the code around a comment defines and prints: the words that reading its comments needs.

use std::collections::HashSet;

use super::exceptions;
use crate::syntax::{StatementKind, Syntax};

/// What the code defines and prints, as far as reading its comments needs it.
#[derive(Debug, Default)]
pub(super) struct Vocabulary<'a> {
    /// The code itself.
    pub code: &'a str,
    /// Exception classes that the code defines.
    pub defined: HashSet<&'a str>,
    /// Words for "error" that stand in the code itself: a comment that begins with one may be output.
    pub printed: Vec<&'static str>,
}

impl<'a> Vocabulary<'a> {
    /// The vocabulary of `code`.
    pub(super) fn new(code: &'a str, syntax: &Syntax) -> Self {
        let mut defined = HashSet::new();
        for statement in &syntax.statements {
            if statement.kind == StatementKind::Definition {
                let header = code.get(statement.span.start..statement.header_end);
                defined.extend(header.and_then(|header| exception_class(header, &defined)));
            }
        }
        let words = [
            "Ошибка",
            "ошибка",
            "Error",
            "error",
            "ERROR",
            "Exception",
            "Исключение",
        ];
        let count = |text: &str, word: &str| text.matches(word).count();
        let printed = words.into_iter().filter(|word| {
            let comments = syntax
                .comments
                .iter()
                .filter_map(|c| code.get(c.span.range()));
            count(code, word) > comments.map(|text| count(text, word)).sum()
        });
        Vocabulary {
            code,
            printed: printed.collect(),
            defined,
        }
    }
}

/// The name of an exception class out of the header that defines it: `class Missing(KeyError):`.
fn exception_class<'a>(header: &'a str, defined: &HashSet<&str>) -> Option<&'a str> {
    let definition = header
        .lines()
        .find_map(|line| line.trim().strip_prefix("class "))?;
    let (name, bases) = definition.split_once('(')?;
    let mut bases = bases.split([',', ')']).map(str::trim);
    let is_exception = bases.any(|base| {
        let last = base.rsplit('.').next().unwrap_or_default();
        exceptions::is_name(last) || defined.contains(last)
    });
    is_exception.then_some(name.trim())
}
