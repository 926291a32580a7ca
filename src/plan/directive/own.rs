//! The directives of this program, by whatever way they come.
//!
//! ```text
//! skip — needs a GPU        no-run                raises=ValueError      timeout=30
//! requires="3.12, numpy"    stdin="3\n4"          group=setup            name=squares
//! ```
//!
//! Words are written as in an info string. What follows the directives is the reason, for people.

use std::ops::Range;

use super::{MAX_STDIN_BYTES, Order, STDIN_LIMIT, demand};
use crate::block::{Attribute, words};

/// Every directive there is.
const NAMES: [&str; 18] = [
    "continuation",
    "group",
    "id",
    "may-vary",
    "name",
    "no-context",
    "no-run",
    "raises",
    "reason",
    "requires",
    "run",
    "session",
    "skip",
    "skip-end",
    "skip-file",
    "skip-start",
    "stdin",
    "timeout",
];

/// The longest time limit: a day, in seconds.
const MAX_TIMEOUT_SECONDS: f64 = 86_400.0;

/// Most characters of a word that may be a directive written wrong.
const MAX_NAME: usize = 24;

/// What a text says about more than the block after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Blocks are left out from here on.
    Start,
    /// No longer.
    End,
    /// All blocks of the document are left out.
    File,
}

/// What is wrong with a directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// There is none of that name; the nearest that there is.
    Unknown(String, Option<&'static str>),
    /// It must be written otherwise: how.
    Value(&'static str, &'static str),
    /// No directive is there at all.
    Empty,
}

/// What a text says.
#[derive(Clone, Debug, Default)]
pub(super) struct Parsed {
    /// The directives and where they stand in the text.
    pub(super) orders: Vec<(Range<usize>, Order)>,
    pub(super) mark: Option<Mark>,
    pub(super) reason: Option<String>,
    pub(super) wrong: Vec<(Range<usize>, Wrong)>,
}

/// Reads what stands behind `snipcheck:`, or in a settings file.
pub(super) fn parse(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    for (at, word) in words(text) {
        let key_end = at + word.key.len();
        let has_value = text.get(key_end..).is_some_and(|it| it.starts_with('='));
        let end = match has_value {
            // The quotes belong to it.
            true => word_end(text, key_end, word),
            false => key_end,
        };
        let name = normal(word.key);
        let is_first = parsed.orders.is_empty() && parsed.mark.is_none();
        let is_name = NAMES.contains(&name.as_str());
        let is_known = is_name && (has_value || is_first || is_flag(&name));
        // `skip group of servers` is a sentence, `skip no-runn` a slip.
        let is_slip = !is_name && nearest(&name).is_some();
        if !is_known && !is_first && !has_value && !is_slip {
            parsed.take_reason(text.get(at..).unwrap_or_default());
            break;
        }
        match (parsed.mark_of(&name), order(&name, word.value)) {
            _ if !is_known => {
                let wrong = Wrong::Unknown(word.key.to_owned(), nearest(&name));
                parsed.wrong.push((at..end, wrong));
                if is_first {
                    break;
                }
            }
            (Some(mark), _) => parsed.mark = Some(mark),
            (None, Ok(Some(order))) => parsed.orders.push((at..end, order)),
            (None, Ok(None)) => parsed.take_reason(word.value),
            (None, Err(wrong)) => parsed.wrong.push((at..end, wrong)),
        }
    }
    if parsed.orders.is_empty() && parsed.mark.is_none() && parsed.wrong.is_empty() {
        parsed.wrong.push((0..text.len(), Wrong::Empty));
    }
    parsed.give_reason();
    parsed
}

impl Parsed {
    fn mark_of(&self, name: &str) -> Option<Mark> {
        match name {
            "skip-start" => Some(Mark::Start),
            "skip-end" => Some(Mark::End),
            "skip-file" => Some(Mark::File),
            _ => None,
        }
    }

    fn take_reason(&mut self, text: &str) {
        let text = text.trim_matches(|c: char| c.is_whitespace() || "—–-:;,().".contains(c));
        let text = text.strip_prefix("because ").unwrap_or(text);
        if !text.is_empty() {
            self.reason = Some(text.to_owned());
        }
    }

    fn give_reason(&mut self) {
        let Some(said) = &self.reason else {
            return;
        };
        for (_, order) in &mut self.orders {
            if let Order::Skip(reason @ None) = order {
                *reason = Some(said.clone());
            }
        }
    }
}

/// Where a word with a value ends: behind the quotes, if it has some.
fn word_end(text: &str, key_end: usize, word: Attribute<'_>) -> usize {
    let bare = key_end + 1 + word.value.len();
    let is_quoted = text
        .get(key_end + 1..)
        .is_some_and(|it| it.starts_with(['"', '\'']) && !word.value.starts_with(['"', '\'']));
    match is_quoted {
        true => (bare + 2).min(text.len()),
        false => bare.min(text.len()),
    }
}

fn normal(key: &str) -> String {
    let key: String = key.chars().take(MAX_NAME).collect();
    let key = key.trim_end_matches([':', ';', '.']);
    key.to_lowercase().replace('_', "-")
}

/// Whether the directive means something without a value.
fn is_flag(name: &str) -> bool {
    matches!(
        name,
        "continuation"
            | "may-vary"
            | "no-context"
            | "no-run"
            | "raises"
            | "run"
            | "skip"
            | "skip-end"
            | "skip-file"
            | "skip-start"
    )
}

fn nearest(name: &str) -> Option<&'static str> {
    let nearest = similar::get_close_matches(name, &NAMES, 1, 0.7);
    let nearest = nearest.first()?;
    NAMES.into_iter().find(|known| known == nearest)
}

/// The order that a directive gives; `None` for `reason`, which gives none.
pub(super) fn order(name: &str, value: &str) -> Result<Option<Order>, Wrong> {
    let text = || match value.is_empty() {
        true => None,
        false => Some(value.to_owned()),
    };
    Ok(Some(match name {
        "skip" => Order::Skip(text()),
        "no-run" => Order::NoRun,
        "run" => Order::Run,
        "no-context" => Order::NoContext,
        "continuation" => Order::Continuation,
        "may-vary" => Order::MayVary,
        "raises" => Order::Raises(exception(value)?),
        "group" => Order::Group(text().ok_or(Wrong::Value("group", "the name of a group"))?),
        "session" => {
            Order::Session(text().ok_or(Wrong::Value("session", "the name of a session"))?)
        }
        "name" | "id" => Order::Name(text().ok_or(Wrong::Value("name", "a name"))?),
        "timeout" => Order::Timeout(milliseconds(value)?),
        "requires" => Order::Requires(demand::demands(value).ok_or(Wrong::Value(
            "requires",
            "a version of Python, or the name of a package",
        ))?),
        "stdin" if value.len() > MAX_STDIN_BYTES => {
            return Err(Wrong::Value("stdin", STDIN_LIMIT));
        }
        "stdin" => Order::Stdin(unescaped(value)),
        _ => return Ok(None),
    }))
}

fn exception(value: &str) -> Result<Option<String>, Wrong> {
    let is_name = |part: &str| {
        part.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    match value {
        "" => Ok(None),
        _ if value.split('.').all(is_name) => Ok(Some(value.to_owned())),
        _ => Err(Wrong::Value("raises", "the name of an exception")),
    }
}

fn milliseconds(value: &str) -> Result<u64, Wrong> {
    let seconds: Option<f64> = value.trim_end_matches('s').trim_end().parse().ok();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked first"
    )]
    seconds
        .filter(|seconds| (0.001..=MAX_TIMEOUT_SECONDS).contains(seconds))
        .map(|seconds| (seconds * 1000.0).round() as u64)
        .ok_or(Wrong::Value("timeout", "a number of seconds"))
}

/// Input as written in one line: `\n` ends a line, `\t` is a tab, `\\` a backslash. Its last line is
/// ended too.
fn unescaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 1);
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some('\\') | None => text.push('\\'),
                Some(other) => text.extend(['\\', other]),
            },
            c => text.push(c),
        }
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orders(text: &str) -> Vec<Order> {
        let parsed = parse(text);
        assert_eq!(parsed.wrong, [], "{text}");
        parsed.orders.into_iter().map(|(_, order)| order).collect()
    }

    #[test]
    fn what_follows_the_directives_is_a_reason() {
        let skip = |reason: &str| vec![Order::Skip(Some(reason.to_owned()))];
        for text in [
            "skip needs a GPU",
            "skip, needs a GPU",
            "skip: needs a GPU",
            "skip — needs a GPU.",
            "skip (needs a GPU)",
            "skip because needs a GPU",
            "skip reason=\"needs a GPU\"",
            "skip=\"needs a GPU\"",
        ] {
            assert_eq!(orders(text), skip("needs a GPU"), "{text}");
        }
        assert_eq!(orders("skip group of servers"), skip("group of servers"));
    }

    #[test]
    fn directives_stand_beside_each_other() {
        assert_eq!(
            orders("no_context, timeout=2.5 raises=json.JSONDecodeError"),
            [
                Order::NoContext,
                Order::Timeout(2_500),
                Order::Raises(Some("json.JSONDecodeError".to_owned()))
            ]
        );
        assert_eq!(
            orders(r#"stdin="3\n4""#),
            [Order::Stdin("3\n4\n".to_owned())]
        );
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        let wrong = |text: &str| {
            let parsed = parse(text);
            let mut wrong = parsed.wrong.into_iter();
            wrong
                .next()
                .map(|(place, wrong)| (text[place].to_owned(), wrong))
        };
        let unknown =
            |word: &str, near| Some((word.to_owned(), Wrong::Unknown(word.to_owned(), near)));
        assert_eq!(wrong("skpi"), unknown("skpi", Some("skip")));
        assert_eq!(wrong("skip, no-runn"), unknown("no-runn", Some("no-run")));
        assert_eq!(wrong("frobnicate"), unknown("frobnicate", None));
        assert_eq!(
            wrong("skip timeout=\"soon\"").map(|(place, _)| place),
            Some("timeout=\"soon\"".to_owned())
        );
        assert_eq!(wrong(""), Some((String::new(), Wrong::Empty)));
    }
}
