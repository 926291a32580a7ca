//! What a document says about what its code does, as far as running it can decide.
//!
//! In go a [`Document`], one of its [`Block`]s and what the grammar says of it; out come [`Claim`]s
//! and notes. Whether a claim *holds* is decided later, by `compare`, with the actual output in hand:
//! here only what is said, about which statement, and how firmly.

pub mod value;

mod comments;
mod exceptions;
mod notes;
mod output;
mod parts;
mod prose;
mod reading;
mod scope;
mod scribe;
mod sessions;
mod strings;
mod vocabulary;
mod weight;
mod wording;

use crate::block::Block;
use crate::document::Document;
use crate::syntax::Syntax;
use crate::text::{LineNumber, Span};

pub use output::{is_of_python2, output_claim};
pub use prose::{Prose, Stated, prose};
pub use scribe::{HINT, NAMED_PARTS};
pub use sessions::{Example, ExampleLine, examples, session_claims};

/// The convention a claim is written in (`kind` in JSON).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClaimKind {
    /// A comment that states a value or an output.
    Comment,
    /// Expected output in a `>>>` session.
    Session,
    /// An output block after the code.
    Output,
    /// An announced exception.
    Raises,
    /// A sentence outside the code.
    Prose,
}

/// How much weight the wording carries when it differs from what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// Plainly meant as a value: a difference breaks it.
    Plain,
    /// Meant as a value in a weak place (DESIGN §5 rule 4): can be held; a difference is inconclusive.
    Weak,
    /// Unmarked text: can be held; otherwise it is a note and not a claim at all.
    Unmarked,
}

/// What a claim is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The statement that starts on `first` and ends on `last` (document lines).
    Statement {
        /// First line of the statement.
        first: LineNumber,
        /// Last line of the statement's code.
        last: LineNumber,
        /// Whether it can run more than once (in a loop or a body).
        may_repeat: bool,
        /// Whether it is a `print(…)`.
        is_print: bool,
    },
    /// Everything the block printed.
    Block,
}

/// An announced exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedException {
    /// The type's name as written (`TypeError`, `json.JSONDecodeError`); `None` for a bare "error".
    pub type_name: Option<String>,
    /// The message as written, if any.
    pub message: Option<String>,
}

/// What is expected, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A value or printed text, and whatever prose goes on after it: sign and lead word are stripped,
    /// the rest of the comment stands here. Several comment lines are joined by `\n`.
    Text {
        /// The whole rest, such as `[1, 2, 3] — one object`.
        text: String,
        /// The same with the lead word kept, where there was one (`Вывод: 3`): it may be part of the output.
        with_lead: Option<String>,
        /// Length in bytes of the part of `text` that is plainly a value (`[1, 2, 3]`), where the grammar sees one.
        value_len: Option<usize>,
    },
    /// The exact lines of an output block or a session example, each ended by `\n`.
    Output(String),
    /// An exception.
    Exception(ExpectedException),
}

/// A claim's own words that limit it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// It speaks of certain Python versions; the text says which.
    Version(String),
    /// It says of itself that the value is approximate or an example.
    Approximate,
}

/// Something the document says about what a snippet does, that running it can decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The convention.
    pub kind: ClaimKind,
    /// Where the expected value stands in the document.
    pub span: Span,
    /// The text after sign and lead word, for people (`text` in JSON).
    pub text: String,
    /// What it is about.
    pub subject: Subject,
    /// What it says.
    pub expected: Expected,
    /// How firmly.
    pub evidence: Evidence,
    /// What limits it.
    pub scope: Option<Scope>,
    /// Why it was read as a claim, for `explain`: the name of the rule.
    pub rule: &'static str,
}

/// A comment that is not a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The comment in the document.
    pub span: Span,
    /// Why it is a note, for `explain`: the name of the rule.
    pub rule: &'static str,
}

/// All that the comments, sessions and output blocks of one block say.
#[derive(Clone, Debug, Default)]
pub struct Claims {
    /// The claims in document order.
    pub claims: Vec<Claim>,
    /// The comments that are none.
    pub notes: Vec<Note>,
}

/// The claims and notes in the comments and strings of a script, in document order.
pub fn claims(document: &Document, block: &Block, syntax: &Syntax) -> Claims {
    let mut found = comments::comments(block, syntax);
    let strings = strings::strings(document, block, syntax, &found.claims);
    found.claims.extend(strings);
    found.claims.sort_by_key(|claim| claim.span.start);
    found.notes.sort_by_key(|note| note.span.start);
    found
}

#[cfg(test)]
mod tests;
