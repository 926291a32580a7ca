//! What the author says about running a block: in its info string, or in an HTML comment before it.
//!
//! ```text
//! ```python notest            ```python {test="skip"}       <!-- skip: next -->
//! ```python group="setup"     ```python continuation        <!-- snipcheck: skip -->
//! ```python {requires="3.12"}
//! ```
//!
//! Words that other tools define are honoured, and words that nobody knows are left alone.

use crate::block::{Attribute, Block};
use crate::document::Document;

/// Which earlier blocks run before a block, by the author's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Chain {
    /// Nothing said: names decide.
    None,
    /// The block goes on where the one before it ends.
    Continuation,
    /// All earlier blocks of the same group.
    Group(String),
}

/// What the author says about one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Directives {
    /// Whether it is not to run.
    pub(super) is_skipped: bool,
    /// What runs before it.
    pub(super) chain: Chain,
    /// The oldest Python it is written for: major and minor version.
    pub(super) requires: Option<(u8, u8)>,
}

/// Reads the directives of `block`.
pub(super) fn directives(document: &Document, block: &Block) -> Directives {
    let attributes = block.attributes();
    let mut chain = Chain::None;
    let mut requires = None;
    for attribute in &attributes {
        match attribute.key {
            "group" | "session" if !attribute.value.is_empty() => {
                chain = Chain::Group(format!("{}={}", attribute.key, attribute.value));
            }
            "continuation" | "continue" if attribute.value.is_empty() => {
                chain = Chain::Continuation;
            }
            "requires" => requires = requires.max(version(attribute.value)),
            _ => {}
        }
    }
    let is_skipped_by_comment = block
        .comments
        .iter()
        .any(|&comment| is_skip_comment(document.slice(comment)));
    Directives {
        is_skipped: is_skipped_by_comment || attributes.iter().any(is_skip),
        chain,
        requires,
    }
}

/// The Python version that `3.12`, `>=3.12` or `python 3.12.1` names; a package is none.
fn version(value: &str) -> Option<(u8, u8)> {
    let value = value.trim().trim_start_matches("python").trim_start();
    let value = value.trim_start_matches(['>', '=']).trim();
    let mut parts = value.split('.');
    let (major, minor) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    (major == 3).then_some((major, minor))
}

fn is_skip(attribute: &Attribute<'_>) -> bool {
    match (attribute.key, attribute.value) {
        ("class", word) | (word, "") => matches!(
            word,
            "ignore" | "no-run" | "no_run" | "noexec" | "norun" | "notest" | "skip" | "skip-test"
        ),
        ("test", value) => matches!(value, "skip" | "false" | "no" | "off"),
        ("exec" | "run", value) => matches!(value, "false" | "no" | "off" | "0"),
        _ => false,
    }
}

/// Whether an HTML comment says to skip the block after it; a reason may follow.
fn is_skip_comment(comment: &str) -> bool {
    let text = comment
        .trim()
        .trim_start_matches("<!--")
        .trim_start_matches('-')
        .trim_end_matches("-->")
        .trim();
    let words: Vec<&str> = text.split_whitespace().take(3).collect();
    // `skip: next if …` holds a condition that nothing here can decide.
    match words.as_slice() {
        ["skip:", "next", third] => !third.starts_with("if"),
        ["skip:", "next"] => true,
        ["snipcheck:", word, ..] => word.trim_end_matches([',', ';', ':', '.']) == "skip",
        ["snipcheck-skip", ..] => true,
        _ => false,
    }
}
