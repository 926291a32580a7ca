//! The names that a piece of Python binds and needs, by Python's scope rules.

use crate::text::Span;

/// A use of a name that the code itself does not bind before it (builtins are not listed).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The name.
    pub name: String,
    /// Its first use.
    pub span: Span,
    /// What is looked up on it (`sqrt` in `math.sqrt`), if anything.
    pub attribute: Option<String>,
    /// Whether it is used only inside functions that the code does not call: running it misses nothing.
    pub is_latent: bool,
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

/// A name bound at module level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The name.
    pub name: String,
    /// Where it is bound last.
    pub span: Span,
}

/// What names a piece of code binds, needs, changes and imports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Names bound at module level once it ran.
    pub bound: Vec<Binding>,
    /// Names it needs from outside, each once, in order of first use.
    pub needs: Vec<Need>,
    /// Names whose objects it changes in place without binding them (`a.append(1)`, `d["k"] = 2`, `del a[0]`).
    pub mutated: Vec<String>,
    /// Modules it imports, at any level.
    pub imports: Vec<Import>,
    /// Whether it has a star import, after which any name may be bound.
    pub has_star_import: bool,
    /// Whether it calls `input()` (the builtin).
    pub reads_input: bool,
}
