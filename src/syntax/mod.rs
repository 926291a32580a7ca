//! What Python's grammar says of a block: statements, comments, names.
//!
//! In goes the code of one block (a script, or one example of a session), out comes [`Syntax`].
//! This folder is the only user of the ruff crates. All spans are offsets in that code.

pub mod names;

use crate::text::Span;

/// What a statement is, as far as claims about it go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatementKind {
    /// `print(…)`, alone on its statement.
    Print,
    /// Any other expression statement.
    Expression,
    /// An assignment of any kind to `targets`; `is_bare_literal`: the right side is a literal.
    Assignment {
        /// Whether the value is written out as a literal, so that a comment about it is trivial or prose.
        is_bare_literal: bool,
    },
    /// `return …` or a statement holding `yield`.
    Return,
    /// `del …`.
    Delete,
    /// `raise …`.
    Raise,
    /// `assert …`.
    Assert,
    /// `import …` or `from … import …`.
    Import,
    /// A function or class definition; the span covers the whole body, `header` only its first line.
    Definition,
    /// `if`, `for`, `while`, `with`, `try`, `match`: the span covers the whole body.
    Compound,
    /// Anything else (`pass`, `global`, …).
    Other,
}

/// How often a statement may run, by where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Nesting {
    /// At module level.
    TopLevel,
    /// Inside `if`, `with`, `try` or `match` at module level: at most once.
    Branch,
    /// Inside a loop at module level.
    Loop,
    /// Inside a function or class body.
    Body,
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// From its first byte to the end of its last expression (decorators and body included).
    pub span: Span,
    /// Where a comment on the statement's own line may stand: for a compound statement or a
    /// definition the end of its header (the colon), else the end of `span`.
    pub header_end: usize,
    /// What it is.
    pub kind: StatementKind,
    /// Where it stands.
    pub nesting: Nesting,
    /// Index of the top-level statement that holds it (its own index if it is one), counted over top-level statements.
    pub top_level: usize,
    /// Source of the expression that a value comment on this statement is about, evaluated after it:
    /// the target of an assignment (`x`, `self.x`, `(a, b)`), the base of `del a[1]`, the receiver
    /// of a method call (`a.append(3)`). `None` where there is none.
    pub subject: Option<String>,
}

/// One comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comment {
    /// From the `#` to the end of its line.
    pub span: Span,
    /// Whether nothing but white space stands before it on its line.
    pub is_own_line: bool,
}

/// A place where the parser stopped understanding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where.
    pub span: Span,
    /// The parser's word, lower case, no stop.
    pub message: String,
}

/// What the grammar says of one piece of Python.
#[derive(Clone, Debug, Default)]
pub struct Syntax {
    /// All statements in source order, a compound one before those in its body.
    pub statements: Vec<Statement>,
    /// All comments in source order.
    pub comments: Vec<Comment>,
    /// String literals standing as statements (docstrings included), in source order.
    pub strings: Vec<Span>,
    /// What names it binds, needs and imports.
    pub names: names::Names,
    /// Where it is not Python; empty if it parses.
    pub errors: Vec<SyntaxError>,
}

/// Parses `code` as a module; errors are in the result, and what could be read is too.
pub fn syntax(code: &str) -> Syntax {
    let _ = code;
    Syntax::default()
}
