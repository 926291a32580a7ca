//! What Python's grammar says of a block: statements, comments, names.
//!
//! In goes the code of one block (a script, or one example of a session), out comes [`Syntax`].
//! This folder is the only user of the ruff crates. All spans are offsets in that code.

mod depth;
mod expression;
pub mod names;

use std::collections::HashSet;
use std::thread;

use ruff_python_ast::token::{Token, TokenKind};
use ruff_python_ast::{ExceptHandler, Expr, ExprCall, ModModule, PythonVersion, Stmt};
use ruff_python_parser::{Mode, ParseOptions, Parsed, parse_unchecked};
use ruff_text_size::{Ranged, TextRange};

use crate::text::Span;

pub use expression::{Computation, computation};

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
    /// The container of which the statement changes an item or a slice: `a` for `a[0] = 9`. A value
    /// comment that shows a container is about it.
    pub whole: Option<String>,
    /// Whether it stands in the body of an `except`: what it prints may well be the name of an exception.
    pub is_in_handler: bool,
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
    /// Whether it calls something that writes to standard output (`print`, `sys.stdout.write`, `pprint` …).
    pub may_print: bool,
    /// What names it binds, needs and imports.
    pub names: names::Names,
    /// Where it is not Python; empty if it parses.
    pub errors: Vec<SyntaxError>,
    /// The construct that asks for the newest Python, where not every Python from 3.9 on has it.
    pub newest: Option<NewSyntax>,
}

/// A construct that only later Pythons have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSyntax {
    /// Where.
    pub span: Span,
    /// What it is, such as `type parameter lists`.
    pub what: String,
    /// The first Python that has it.
    pub since: names::Version,
}

/// Nesting up to which the parser runs on the caller's stack.
const SHALLOW: usize = 48;

/// Stack of the thread that parses what is nested more deeply, in bytes; only what is touched is used.
const DEEP_STACK_BYTES: usize = 256 * 1024 * 1024;

/// Parses `code` as a module; errors are in the result, and what could be read is too.
///
/// New syntax of any version parses (and is told of), and so do `await`, `return` and `yield` outside functions: whether
/// they stand where they may is CPython's to say.
pub fn syntax(code: &str) -> Syntax {
    if u32::try_from(code.len()).is_err() {
        return Syntax::refused("more than 4 GiB of code");
    }
    match depth::depth(code) {
        depth if depth <= SHALLOW => parse(code),
        depth if depth <= depth::MAX => thread::scope(|scope| {
            thread::Builder::new()
                .stack_size(DEEP_STACK_BYTES)
                .spawn_scoped(scope, || parse(code))
                .ok()
                .and_then(|parser| parser.join().ok())
                .unwrap_or_else(|| Syntax::refused("nested too deeply to be parsed"))
        }),
        _ => Syntax::refused("nested too deeply to be parsed"),
    }
}

impl Syntax {
    fn refused(message: &str) -> Self {
        Syntax {
            errors: vec![SyntaxError {
                span: Span::at(0),
                message: message.to_owned(),
            }],
            ..Syntax::default()
        }
    }
}

fn parse(code: &str) -> Syntax {
    let options = ParseOptions::from(Mode::Module).with_target_version(PythonVersion::PY39);
    match parse_unchecked(code, options).try_into_module() {
        Some(parsed) => read(code, &parsed),
        None => Syntax::refused("not a module"),
    }
}

fn read(code: &str, parsed: &Parsed<ModModule>) -> Syntax {
    let mut reader = Reader {
        code,
        tokens: parsed.tokens(),
        modules: HashSet::from(["heapq", "random", "bisect"]),
        statements: Vec::new(),
        strings: Vec::new(),
        top_level: 0,
    };
    for (index, statement) in parsed.suite().iter().enumerate() {
        reader.top_level = index;
        reader.statement(statement, Place::TOP);
    }
    Syntax {
        statements: reader.statements,
        comments: comments(code, parsed.tokens()),
        strings: reader.strings,
        may_print: may_print(code, parsed.tokens()),
        errors: errors(code, parsed),
        newest: newest(parsed),
        names: names::names(parsed.syntax(), code),
    }
}

fn span(range: TextRange) -> Span {
    Span::new(range.start().to_usize(), range.end().to_usize())
}

fn errors(code: &str, parsed: &Parsed<ModModule>) -> Vec<SyntaxError> {
    let word = |message: String| {
        let mut chars = message.chars();
        let first = chars.next().map(char::to_lowercase);
        let lower: String = first.into_iter().flatten().chain(chars).collect();
        lower.trim_end_matches('.').to_owned()
    };
    parsed
        .errors()
        .iter()
        .map(|error| SyntaxError {
            span: Span::new(
                span(error.location).start.min(code.len()),
                span(error.location).end.min(code.len()),
            ),
            message: word(error.error.to_string()),
        })
        .collect()
}

/// The grammar tells of such constructs in words: `Cannot use X on Python 3.9 (syntax was added in Python 3.12)`.
fn newest(parsed: &Parsed<ModModule>) -> Option<NewSyntax> {
    let all = parsed.unsupported_syntax_errors().iter();
    let known = all.filter_map(|error| {
        let told = error.to_string();
        let (_, since) = told.rsplit_once("added in Python ")?;
        let (major, minor) = since.trim_end_matches(')').split_once('.')?;
        let what = told
            .strip_prefix("Cannot use ")
            .and_then(|rest| rest.split_once(" on Python "))
            .map_or("this syntax", |(what, _)| what);
        Some(NewSyntax {
            span: span(error.range),
            what: what.to_owned(),
            since: (major.parse().ok()?, minor.parse().ok()?),
        })
    });
    // The first of the newest.
    known.reduce(|best, next| if next.since > best.since { next } else { best })
}

fn comments(code: &str, tokens: &[Token]) -> Vec<Comment> {
    tokens
        .iter()
        .filter(|token| token.kind() == TokenKind::Comment)
        .map(|token| {
            let span = span(token.range());
            let before = code.get(..span.start).unwrap_or_default();
            let line = before.rfind(['\n', '\r']).map_or(0, |end| end + 1);
            let indentation = before.get(line..).unwrap_or_default();
            Comment {
                span,
                is_own_line: indentation.trim_start_matches('\u{feff}').trim().is_empty(),
            }
        })
        .collect()
}

/// Functions and methods that write to standard output, by the last part of their names.
const PRINTERS: [&str; 12] = [
    "print",
    "pprint",
    "pp",
    "write",
    "writelines",
    "display",
    "dis",
    "help",
    "system",
    "run",
    "print_stats",
    "pretty_print",
];

fn may_print(code: &str, tokens: &[Token]) -> bool {
    tokens.windows(2).any(|pair| {
        let [name, bracket] = pair else { return false };
        name.kind() == TokenKind::Name
            && bracket.kind() == TokenKind::Lpar
            && PRINTERS.contains(&code.get(span(name.range()).range()).unwrap_or_default())
    })
}

/// Where a statement stands.
#[derive(Clone, Copy)]
struct Place {
    nesting: Nesting,
    is_in_handler: bool,
}

impl Place {
    const TOP: Place = Place {
        nesting: Nesting::TopLevel,
        is_in_handler: false,
    };

    /// Inside something more: what can repeat goes on repeating.
    fn inside(self, nesting: Nesting) -> Place {
        Place {
            nesting: self.nesting.max(nesting),
            ..self
        }
    }
}

/// Collects the statements of one module.
struct Reader<'a> {
    code: &'a str,
    tokens: &'a [Token],
    /// Names that stand for modules, whose functions change their first argument and not the module.
    modules: HashSet<&'a str>,
    statements: Vec<Statement>,
    strings: Vec<Span>,
    top_level: usize,
}

impl<'a> Reader<'a> {
    fn text(&self, node: &impl Ranged) -> &'a str {
        self.code
            .get(span(node.range()).range())
            .unwrap_or_default()
    }

    fn suite(&mut self, body: &'a [Stmt], place: Place) {
        for statement in body {
            self.statement(statement, place);
        }
    }

    fn statement(&mut self, statement: &'a Stmt, place: Place) {
        let (kind, subject) = self.kind(statement);
        let span = span(statement.range());
        let header_end = match first_of_body(statement) {
            Some(first) => self.colon_before(first).unwrap_or(span.end),
            None => span.end,
        };
        self.statements.push(Statement {
            span,
            header_end,
            kind,
            nesting: place.nesting,
            top_level: self.top_level,
            subject,
            whole: self.whole(statement),
            is_in_handler: place.is_in_handler,
        });
        self.inner(statement, place);
    }

    fn inner(&mut self, statement: &'a Stmt, place: Place) {
        let branch = place.inside(Nesting::Branch);
        match statement {
            Stmt::FunctionDef(def) => self.suite(
                &def.body,
                Place {
                    nesting: Nesting::Body,
                    is_in_handler: false,
                },
            ),
            Stmt::ClassDef(def) => self.suite(&def.body, place.inside(Nesting::Body)),
            Stmt::For(each) => {
                self.suite(&each.body, place.inside(Nesting::Loop));
                self.suite(&each.orelse, branch);
            }
            Stmt::While(each) => {
                self.suite(&each.body, place.inside(Nesting::Loop));
                self.suite(&each.orelse, branch);
            }
            Stmt::If(test) => {
                self.suite(&test.body, branch);
                for clause in &test.elif_else_clauses {
                    self.suite(&clause.body, branch);
                }
            }
            Stmt::With(with) => self.suite(&with.body, branch),
            Stmt::Match(subject) => {
                for case in &subject.cases {
                    self.suite(&case.body, branch);
                }
            }
            Stmt::Try(attempt) => {
                self.suite(&attempt.body, branch);
                for ExceptHandler::ExceptHandler(handler) in &attempt.handlers {
                    let place = Place {
                        is_in_handler: true,
                        ..branch
                    };
                    self.suite(&handler.body, place);
                }
                self.suite(&attempt.orelse, branch);
                self.suite(&attempt.finalbody, branch);
            }
            _ => {}
        }
    }

    /// What a statement is, and what a comment on it is about.
    fn kind(&mut self, statement: &'a Stmt) -> (StatementKind, Option<String>) {
        let assignment = |value: &Expr| StatementKind::Assignment {
            is_bare_literal: is_literal(value),
        };
        match statement {
            Stmt::Expr(expression) => self.expression(&expression.value),
            Stmt::Assign(assign) => (
                assignment(&assign.value),
                assign
                    .targets
                    .first()
                    .and_then(|target| self.target(target)),
            ),
            Stmt::AugAssign(assign) => (
                StatementKind::Assignment {
                    is_bare_literal: false,
                },
                self.target(&assign.target),
            ),
            Stmt::AnnAssign(assign) => match &assign.value {
                Some(value) => (assignment(value), self.target(&assign.target)),
                None => (StatementKind::Other, None),
            },
            Stmt::Return(_) => (StatementKind::Return, None),
            Stmt::Delete(delete) => (StatementKind::Delete, self.deleted_from(&delete.targets)),
            Stmt::Raise(_) => (StatementKind::Raise, None),
            Stmt::Assert(_) => (StatementKind::Assert, None),
            Stmt::Import(import) => {
                for alias in &import.names {
                    let name = alias.asname.as_ref().unwrap_or(&alias.name);
                    let first = self.text(name).split('.').next().unwrap_or_default();
                    self.modules.insert(first);
                }
                (StatementKind::Import, None)
            }
            Stmt::ImportFrom(_) => (StatementKind::Import, None),
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => (StatementKind::Definition, None),
            Stmt::For(_)
            | Stmt::While(_)
            | Stmt::If(_)
            | Stmt::With(_)
            | Stmt::Match(_)
            | Stmt::Try(_) => (StatementKind::Compound, None),
            Stmt::TypeAlias(_)
            | Stmt::Global(_)
            | Stmt::Nonlocal(_)
            | Stmt::Pass(_)
            | Stmt::Break(_)
            | Stmt::Continue(_)
            | Stmt::IpyEscapeCommand(_) => (StatementKind::Other, None),
        }
    }

    fn expression(&mut self, value: &'a Expr) -> (StatementKind, Option<String>) {
        match value {
            Expr::StringLiteral(_) => {
                self.strings.push(span(value.range()));
                (StatementKind::Expression, None)
            }
            Expr::Call(call) if is_print(call) => (StatementKind::Print, None),
            Expr::Call(call) => (StatementKind::Expression, self.receiver(call)),
            Expr::Yield(_) | Expr::YieldFrom(_) => (StatementKind::Return, None),
            _ => (StatementKind::Expression, None),
        }
    }

    /// The source of a target that can be evaluated again without effects.
    fn target(&self, target: &Expr) -> Option<String> {
        let parts = match target {
            Expr::Tuple(tuple) => &tuple.elts,
            Expr::List(list) => &list.elts,
            _ => return is_pure(target).then(|| self.text(target).to_owned()),
        };
        let mut sources = Vec::new();
        for part in parts {
            let part = match part {
                Expr::Starred(starred) => &starred.value,
                _ => part,
            };
            sources.push(self.target(part)?);
        }
        match sources.as_slice() {
            [] => None,
            [one] => Some(format!("({one},)")),
            _ => Some(format!("({})", sources.join(", "))),
        }
    }

    /// The container whose item or slice is assigned something that is none itself.
    fn whole(&self, statement: &Stmt) -> Option<String> {
        let (target, value) = match statement {
            Stmt::Assign(assign) => match assign.targets.as_slice() {
                [target] => (target, &assign.value),
                _ => return None,
            },
            Stmt::AugAssign(assign) => (assign.target.as_ref(), &assign.value),
            _ => return None,
        };
        let mut inner = target.as_subscript_expr()?;
        let is_slice = inner.slice.is_slice_expr();
        let is_scalar = is_literal(value) && !is_display(value) || value.is_bin_op_expr();
        while let Expr::Subscript(outer) = inner.value.as_ref() {
            inner = outer;
        }
        let container = self.target(&inner.value)?;
        (is_slice || is_scalar).then_some(container)
    }

    fn deleted_from(&self, targets: &[Expr]) -> Option<String> {
        match targets {
            [Expr::Subscript(subscript)] => self.target(&subscript.value),
            _ => None,
        }
    }

    /// What a method call may have changed: the receiver, or the argument of a module's function.
    fn receiver(&self, call: &'a ExprCall) -> Option<String> {
        let Expr::Attribute(method) = call.func.as_ref() else {
            return None;
        };
        let object = match method.value.as_ref() {
            Expr::Name(name) if self.modules.contains(name.id.as_str()) => {
                call.arguments.args.first()?
            }
            object => object,
        };
        is_chain(object).then(|| self.text(object).to_owned())
    }

    /// The end of the colon before `offset`, with nothing but comments and line ends between.
    fn colon_before(&self, offset: usize) -> Option<usize> {
        let index = self
            .tokens
            .partition_point(|token| span(token.range()).start < offset);
        self.tokens
            .get(..index)?
            .iter()
            .rev()
            .find(|token| token.kind() == TokenKind::Colon)
            .map(|token| span(token.range()).end)
    }
}

/// Whether the value is written as a list, a tuple, a set or a dictionary.
fn is_display(value: &Expr) -> bool {
    matches!(
        value,
        Expr::List(_) | Expr::Tuple(_) | Expr::Set(_) | Expr::Dict(_)
    )
}

fn first_of_body(statement: &Stmt) -> Option<usize> {
    let body = match statement {
        Stmt::FunctionDef(def) => &def.body,
        Stmt::ClassDef(def) => &def.body,
        Stmt::For(each) => &each.body,
        Stmt::While(each) => &each.body,
        Stmt::If(test) => &test.body,
        Stmt::With(with) => &with.body,
        Stmt::Try(attempt) => &attempt.body,
        Stmt::Match(subject) => {
            return subject.cases.first().map(|case| span(case.range).start);
        }
        _ => return None,
    };
    body.first().map(|first| span(first.range()).start)
}

fn is_print(call: &ExprCall) -> bool {
    matches!(call.func.as_ref(), Expr::Name(name) if name.id.as_str() == "print")
}

/// A name or an attribute chain on one.
fn is_chain(mut expression: &Expr) -> bool {
    while let Expr::Attribute(attribute) = expression {
        expression = &attribute.value;
    }
    matches!(expression, Expr::Name(name) if !name.id.is_empty())
}

/// Whether evaluating it a second time has no effect: chains with subscripts that are names or literals.
fn is_pure(mut expression: &Expr) -> bool {
    loop {
        expression = match expression {
            Expr::Attribute(attribute) => &attribute.value,
            Expr::Subscript(subscript)
                if is_chain(&subscript.slice) || is_literal(&subscript.slice) =>
            {
                &subscript.value
            }
            Expr::Name(name) => return !name.id.is_empty(),
            _ => return false,
        }
    }
}

/// A value written out: a constant, a signed number, or a display of such.
fn is_literal(expression: &Expr) -> bool {
    match expression {
        Expr::UnaryOp(unary) => is_literal(&unary.operand),
        Expr::List(list) => list.elts.iter().all(is_literal),
        Expr::Tuple(tuple) => tuple.elts.iter().all(is_literal),
        Expr::Set(set) => set.elts.iter().all(is_literal),
        Expr::Dict(dict) => dict
            .items
            .iter()
            .all(|item| item.key.as_ref().is_some_and(is_literal) && is_literal(&item.value)),
        _ => expression.is_literal_expr(),
    }
}

#[cfg(test)]
mod tests;
