//! The names that a piece of Python binds and needs, by Python's scope rules.
//!
//! In goes a syntax tree, out come [`Names`]. Code at module level is followed in its order;
//! function bodies are set aside, and count only where something at module level, in the end, uses
//! the function. Which *other* code binds what is missing is decided by `plan`.

mod changes;
mod follow;
mod history;
mod resolve;
mod scope;
mod standard;
mod strings;
mod walk;

use ruff_python_ast::ModModule;

use crate::text::Span;

pub use history::{History, Version, builtin_since, member_history, module_history};
pub use standard::{conventional_import, implied_import, standard_library};

/// A use of a name that the code itself does not bind before it (builtins are not listed,
/// but for those that only later Pythons have).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The name.
    pub name: String,
    /// Its first use (that is run, where one is).
    pub span: Span,
    /// What is looked up on it (`sqrt` in `math.sqrt`), if anything.
    pub attribute: Option<String>,
    /// Whether it is used only inside functions that the code does not call: running it misses nothing.
    pub is_latent: bool,
    /// Whether the name itself is called, or decorates something.
    pub is_called: bool,
    /// Whether every use that is run stands where any exception is caught, so that the code goes on without it.
    pub is_guarded: bool,
    /// Whether it is used only in annotations, which CPython 3.14 and later do not evaluate.
    pub is_annotation: bool,
    /// Whether the code itself binds the name, only later.
    pub is_bound_later: bool,
    /// The first Python of which the name is a builtin: only for an older one it is missing.
    pub builtin_since: Option<Version>,
}

/// An imported module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The dotted name as written (`os.path`; `x.y` for `from x.y import z`).
    pub module: String,
    /// The whole import statement's part that names it.
    pub span: Span,
    /// Whether it runs at module level outside `try`: a missing package then ends the block.
    pub is_certain: bool,
}

/// `from module import *` at module level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StarImport {
    /// The module as written, with its leading dots.
    pub module: String,
    /// The whole statement.
    pub span: Span,
}

/// A name bound at module level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The name.
    pub name: String,
    /// Where it is bound last.
    pub span: Span,
    /// The import statement that binds it, where one at module level does and runs in any case.
    pub import: Option<Span>,
    /// Whether calling it may change what later code sees: a function that changes globals or has a
    /// mutable default, or the value of a call (a closure, a generator).
    pub is_stateful: bool,
    /// The other name of the same object: `a` where `b = a` or `a = b = []` binds `b`.
    pub alias_of: Option<String>,
}

/// What a module-level function or class uses when it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The name it is reached by.
    pub name: String,
    /// Global names in its body, each once: its own code's and those needed from outside.
    pub uses: Vec<String>,
    /// Those of them whose objects it may change, each once.
    pub changes: Vec<String>,
}

/// What names a piece of code binds, needs, changes and imports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Names bound at module level once it ran.
    pub bound: Vec<Binding>,
    /// Names it needs from outside, each once, in order of first use.
    pub needs: Vec<Need>,
    /// What its functions and classes lead to; those that use no global name are left out.
    pub definitions: Vec<Definition>,
    /// Names whose objects it changes in place without binding them (`a.append(1)`, `d["k"] = 2`, `del a[0]`).
    pub mutated: Vec<String>,
    /// Modules it imports, at any level.
    pub imports: Vec<Import>,
    /// Names it imports inside functions only, where module level does not see them.
    pub imported_inside: Vec<String>,
    /// Whether it has a star import, or writes to `globals()`, after which any name may be bound.
    pub has_star_import: bool,
    /// The same, the star imports of [`Names::star_imports`] left out.
    pub is_open: bool,
    /// The star imports that run in any case.
    pub star_imports: Vec<StarImport>,
    /// Whether it calls `input()` (the builtin).
    pub reads_input: bool,
}

/// The names of `module`, which was parsed out of `code`.
///
/// Works on what the parser could read of broken code too. String annotations are not looked into.
pub fn names(module: &ModModule, code: &str) -> Names {
    let _ = code;
    names_within(module, 0)
}

/// As [`names`], for code found `level` string literals deep (`eval("…")`).
fn names_within(module: &ModModule, level: usize) -> Names {
    let strings = strings::string_names(module, level);
    resolve::resolve(walk::walk(module, &strings))
}
