//! The directives that documents carry for other tools: comments of Sybil, phmdoctest,
//! pytest-codeblocks, doccmd and OCaml's MDX, words of info strings, and comments in the code.
//!
//! What nobody here knows is left alone.

use super::demand::{self, Demand};
use super::own::Mark;
use super::{Order, own};
use crate::block::Attribute;

/// What a comment means for one block, or for those behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Orders(Vec<Order>),
    Mark(Mark, Option<String>),
}

/// What the text of an HTML comment of another tool means; `None` where nobody knows.
pub(super) fn comment(text: &str) -> Option<Said> {
    if text.len() > 1_000 {
        return None;
    }
    let skip = |reason: Option<String>| Some(Said::Orders(vec![Order::Skip(reason)]));
    if let Some(rest) = text.strip_prefix("skip") {
        return sybil(rest);
    }
    if let Some(rest) = text.strip_prefix("phmdoctest-") {
        return phmdoctest(rest).map(Said::Orders);
    }
    if let Some(rest) = text.strip_prefix("pytest-codeblocks:") {
        return codeblocks(rest.trim());
    }
    if let Some(rest) = text.strip_prefix("pytest.mark.") {
        return match rest.split(['(', ' ']).next() {
            Some("skip") => skip(argument(rest)),
            Some("xfail") => skip(Some("it is expected to fail".to_owned())),
            _ => None,
        };
    }
    if let Some(rest) = text.strip_prefix("$MDX") {
        let mut words = rest.split([',', ' ']).filter(|word| !word.is_empty());
        return words
            .any(|word| word == "skip")
            .then_some(Said::Orders(vec![Order::Skip(None)]));
    }
    if let Some(flags) = text.strip_prefix("doctest:") {
        return flags
            .contains("+SKIP")
            .then_some(Said::Orders(vec![Order::Skip(None)]));
    }
    match text {
        "notest" | "no-test" | "no_test" | "skip-test" => skip(None),
        _ => None,
    }
}

/// What follows `skip` in `skip: next`, `skip: start "why"`, `skip doccmd[all]: end`.
fn sybil(rest: &str) -> Option<Said> {
    let (whom, what) = rest.split_once(':')?;
    let whom = whom.trim();
    if !(whom.is_empty() || whom.starts_with("doccmd[")) {
        return None;
    }
    let what = what.trim();
    let (word, rest) = what.split_at(what.find([' ', '\t']).unwrap_or(what.len()));
    let rest = rest.trim();
    // A condition that nothing here can decide.
    if rest.starts_with("if") {
        return None;
    }
    let reason = Some(rest.trim_matches('"').to_owned()).filter(|it| !it.is_empty());
    match word.trim_end_matches([',', ';']) {
        "next" => Some(Said::Orders(vec![Order::Skip(reason)])),
        "start" => Some(Said::Mark(Mark::Start, reason)),
        "end" => Some(Said::Mark(Mark::End, None)),
        _ => None,
    }
}

fn phmdoctest(rest: &str) -> Option<Vec<Order>> {
    if rest == "skip" || rest == "mark.skip" {
        return Some(vec![Order::Skip(None)]);
    }
    if let Some(label) = rest.strip_prefix("label ") {
        return Some(vec![Order::Name(label.trim().to_owned())]);
    }
    let version = rest.strip_prefix("mark.skipif<")?;
    let demands = demand::demands(version)?;
    Some(vec![Order::Requires(demands)])
}

fn codeblocks(rest: &str) -> Option<Said> {
    let orders = match rest.split('(').next()? {
        "skip" => vec![Order::Skip(argument(rest))],
        "skipfile" => return Some(Said::Mark(Mark::File, None)),
        "cont" => vec![Order::Continuation],
        "importorskip" => vec![Order::Requires(vec![Demand::Package(argument(rest)?)])],
        _ => return None,
    };
    Some(Said::Orders(orders))
}

/// The text in the brackets of `skip(reason="why")`.
fn argument(call: &str) -> Option<String> {
    let inside = call.split_once('(')?.1.trim_end().strip_suffix(')')?;
    let value = inside.rsplit_once('=').map_or(inside, |(_, value)| value);
    let value = value.trim().trim_matches(['"', '\'']);
    (!value.is_empty()).then(|| value.to_owned())
}

/// What a word of an info string means.
pub(super) fn word(attribute: Attribute<'_>) -> Option<Order> {
    let Attribute { key, value } = attribute;
    match key {
        "class" => return flag(value),
        _ if value.is_empty() => return flag(key),
        "test" => return test(value),
        "exec" | "run" | "eval" | "execute" => {
            let is_off = matches!(
                value.to_lowercase().as_str(),
                "false" | "no" | "off" | "0" | "never"
            );
            return is_off.then_some(Order::Skip(None));
        }
        "error" => {
            let may_fail = value.eq_ignore_ascii_case("true");
            return may_fail.then_some(Order::MayRaise);
        }
        "tags" => return tags(value),
        _ => {}
    }
    let known = [
        "group", "session", "name", "id", "requires", "raises", "timeout", "stdin",
    ];
    // In an info string any of them may be somebody else's, with other values.
    known
        .contains(&key)
        .then(|| own::order(key, value).ok().flatten())
        .flatten()
}

fn flag(word: &str) -> Option<Order> {
    Some(match word {
        "ignore" | "noexec" | "notest" | "no-test" | "skip" | "skip-test" => Order::Skip(None),
        "no-run" | "no_run" | "norun" => Order::NoRun,
        "should_panic" | "raises" => Order::Raises(None),
        "compile_fail" => Order::Raises(Some("SyntaxError".to_owned())),
        "continuation" | "continue" => Order::Continuation,
        "no-context" => Order::NoContext,
        "may-vary" => Order::MayVary,
        _ => return None,
    })
}

/// `skip`, `skip - why`, `xfail - why`, `false`.
fn test(value: &str) -> Option<Order> {
    let (word, reason) = match value.split_once('-') {
        Some((word, reason)) => (word.trim(), Some(reason.trim().to_owned())),
        None => (value.trim(), None),
    };
    matches!(word, "skip" | "xfail" | "false" | "no" | "off").then_some(Order::Skip(reason))
}

/// Cell tags of notebooks.
fn tags(value: &str) -> Option<Order> {
    let has = |tag: &str| {
        let mut tags = value.split(|c: char| !(c.is_alphanumeric() || c == '-'));
        tags.any(|it| it == tag)
    };
    if has("skip-execution") {
        Some(Order::Skip(None))
    } else if has("raises-exception") {
        Some(Order::MayRaise)
    } else {
        None
    }
}

/// What a comment line at the head of the code means; `text` is what stands behind its `#`.
pub(super) fn head(text: &str) -> Option<Order> {
    if let Some(option) = text.strip_prefix('|') {
        let (key, value) = option.split_once(':')?;
        return word(Attribute {
            key: key.trim(),
            value: value.trim(),
        });
    }
    let text = text.trim();
    for tool in ["doctest:", "xdoctest:", "byexample:", "pytest:"] {
        if let Some(flags) = text.strip_prefix(tool) {
            let mut flags = flags.split([',', ' ']);
            let is_skip = |flag: &str| matches!(flag, "+SKIP" | "+skip" | "skip");
            return flags.any(is_skip).then_some(Order::Skip(None));
        }
    }
    Some(match text {
        "NBVAL_SKIP" => Order::Skip(None),
        "NBVAL_IGNORE_OUTPUT" => Order::MayVary,
        "NBVAL_RAISES_EXCEPTION" => Order::MayRaise,
        _ => return None,
    })
}
