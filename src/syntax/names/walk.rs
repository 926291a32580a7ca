//! Follows a syntax tree in the order Python runs it and notes what happens to names at module level.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use ruff_python_ast::visitor::Visitor;
use ruff_python_ast::{Expr, ModModule, Stmt, TypeParams};
use ruff_text_size::TextRange;

use super::scope::{self, MODULE, Scope, ScopeId, ScopeKind};
use super::standard::is_builtin;
use super::strings::StringNames;
use super::{Import, StarImport};
use crate::text::Span;

/// How surely a piece of code runs, and with what result where a name is missing; the greater the surer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// In a function that nobody calls.
    Latent,
    /// Where a `NameError` is what the author waits for.
    Expected,
    /// Where any exception is caught.
    Guarded,
    /// Nothing stands between it and the end of the run.
    Full,
}

/// Numbers a function or lambda.
pub(super) type DefinitionId = usize;

/// A function, lambda or lazily evaluated type alias.
#[derive(Debug)]
pub(super) struct Definition<'a> {
    /// The function in whose body it stands.
    pub(super) parent: Option<DefinitionId>,
    /// Under which name in which scope people get at it: its own, or that of its outermost class.
    pub(super) holder: Option<(ScopeId, &'a str)>,
    /// Which of several definitions under that name at module level it is, counted from 0.
    pub(super) generation: usize,
    /// Whether it stands in a class body: using the class does not say that it is called.
    pub(super) is_method: bool,
    /// Whether it calls its first parameter itself: as a decorator it runs what it decorates.
    pub(super) calls_parameter: bool,
    /// Whether a default is an object that calls can change.
    pub(super) has_mutable_default: bool,
}

/// What makes a function run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Target<'a> {
    /// Whatever has this name in this scope.
    Symbol(ScopeId, &'a str),
    /// This very function.
    Definition(DefinitionId),
}

/// How far into the functions inside a function its use reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Reach {
    /// Its own body: what it returns is not called yet, as with `@decorate`.
    Body,
    /// Its own body and that of what it returns, as with `@decorate(…)`.
    Result,
    /// Everything.
    All,
}

/// Code of `from` (module level if `None`) uses `to`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge<'a> {
    pub(super) from: Option<DefinitionId>,
    pub(super) to: Target<'a>,
    pub(super) weight: Weight,
    pub(super) reach: Reach,
    pub(super) is_call: bool,
    /// Which of several definitions the name stood for, if that is sure.
    pub(super) generation: Option<usize>,
    /// How many globals were bound by then.
    pub(super) globals_bound: usize,
}

/// A use of a global name that was not bound at that time.
#[derive(Debug)]
pub(super) struct Use<'a> {
    pub(super) name: &'a str,
    pub(super) span: Span,
    pub(super) attribute: Option<&'a str>,
    pub(super) is_called: bool,
    pub(super) is_annotation: bool,
    pub(super) owner: Option<DefinitionId>,
    pub(super) weight: Weight,
    /// Whether some function before it binds the name after `global`, so that a call may have bound it.
    pub(super) is_declared: bool,
}

/// A global name at module level.
#[derive(Debug)]
pub(super) struct Global<'a> {
    pub(super) span: Span,
    /// How many globals were bound before it.
    pub(super) bound_before: usize,
    /// The other name of the object, if it is known to have one.
    pub(super) alias_of: Option<&'a str>,
    pub(super) import: Option<Span>,
    pub(super) is_call_value: bool,
    pub(super) is_present: bool,
}

/// The object of a global name is changed in place, or a function binds the name anew.
#[derive(Debug)]
pub(super) struct Change<'a> {
    pub(super) name: &'a str,
    pub(super) owner: Option<DefinitionId>,
    /// Whether there is no doubt: an assignment or a well-known method, not just any call.
    pub(super) is_sure: bool,
    /// Whether the name was bound by then.
    pub(super) is_bound: bool,
}

/// How many names of one object are followed.
const MAX_ALIASES: usize = 8;

/// All that was seen.
#[derive(Debug, Default)]
pub(super) struct Facts<'a> {
    pub(super) definitions: Vec<Definition<'a>>,
    pub(super) edges: Vec<Edge<'a>>,
    pub(super) uses: Vec<Use<'a>>,
    /// Names bound at module level, by module-level code.
    pub(super) globals: HashMap<&'a str, Global<'a>>,
    /// The same in order of first binding.
    pub(super) order: Vec<&'a str>,
    /// Names that functions bind after `global`.
    pub(super) declared: Vec<(&'a str, Span, DefinitionId)>,
    pub(super) changes: Vec<Change<'a>>,
    /// Decorated functions: who decorates, the decorator's symbol, and the function.
    pub(super) decorated: Vec<(Option<DefinitionId>, Target<'a>, DefinitionId)>,
    /// Calls of the builtin `input`, by whom.
    pub(super) inputs: Vec<Option<DefinitionId>>,
    /// Names imported inside functions.
    pub(super) imported_inside: Vec<&'a str>,
    pub(super) imports: Vec<Import>,
    /// Those that run in any case.
    pub(super) star_imports: Vec<StarImport>,
    /// Whether anything else may bind any name.
    pub(super) is_open: bool,
}

/// Follows `module`; `strings` are the names of code in its string literals.
pub(super) fn walk<'a>(module: &'a ModModule, strings: &'a StringNames) -> Facts<'a> {
    let mut walk = Walk {
        scopes: vec![Scope {
            id: MODULE,
            kind: ScopeKind::Module,
        }],
        next_scope: MODULE + 1,
        owner: None,
        weight: Weight::Full,
        reach: Reach::All,
        branches: 0,
        tries: 0,
        outer_loop: None,
        is_annotation: false,
        is_call_value: false,
        alias_of: None,
        has_lazy_annotations: false,
        depth: 0,
        strings,
        generations: HashMap::new(),
        declared_names: HashSet::new(),
        facts: Facts::default(),
    };
    walk.visit_body(&module.body);
    walk.facts
}

/// The outermost loop around the current module-level statement.
pub(super) struct OuterLoop<'a> {
    pub(super) body: &'a [Stmt],
    /// Branches around the loop itself.
    pub(super) branches: usize,
    /// What the body binds; found out only when asked.
    pub(super) bound: OnceCell<HashSet<&'a str>>,
}

/// State of the walk.
pub(super) struct Walk<'a> {
    /// Open scopes, the module first.
    pub(super) scopes: Vec<Scope<'a>>,
    pub(super) next_scope: ScopeId,
    /// The function whose body is being followed.
    pub(super) owner: Option<DefinitionId>,
    pub(super) weight: Weight,
    /// How far what is loaded now is used.
    pub(super) reach: Reach,
    /// `if`, `match` and handlers around the current statement.
    pub(super) branches: usize,
    /// `try` bodies around the current statement.
    pub(super) tries: usize,
    pub(super) outer_loop: Option<OuterLoop<'a>>,
    pub(super) is_annotation: bool,
    /// Whether what is being bound is the value of a call.
    pub(super) is_call_value: bool,
    /// The name of what is being bound to another name.
    pub(super) alias_of: Option<&'a str>,
    pub(super) has_lazy_annotations: bool,
    pub(super) depth: usize,
    pub(super) strings: &'a StringNames,
    /// How often each name was bound anew at module level.
    pub(super) generations: HashMap<&'a str, usize>,
    /// Names that some function seen so far binds after `global`.
    pub(super) declared_names: HashSet<&'a str>,
    pub(super) facts: Facts<'a>,
}

/// Whose name it is.
enum Resolution {
    /// A function's or comprehension's.
    Local(ScopeId),
    /// The class body's in which it is used.
    Class,
    /// The module's, or nobody's.
    Global,
}

pub(super) fn span(range: TextRange) -> Span {
    Span::new(range.start().to_usize(), range.end().to_usize())
}

// Names: looking up, binding, unbinding.
impl<'a> Walk<'a> {
    fn resolve(&self, name: &str) -> Resolution {
        let mut is_class_visible = true;
        for scope in self.scopes.iter().rev() {
            match &scope.kind {
                ScopeKind::Module => break,
                ScopeKind::Function(owned) => {
                    if owned.globals.contains(name) {
                        return Resolution::Global;
                    }
                    if owned.locals.contains(name) {
                        return Resolution::Local(scope.id);
                    }
                    is_class_visible = false;
                }
                ScopeKind::Class { bound, globals, .. } if is_class_visible => {
                    if globals.contains(name) {
                        return Resolution::Global;
                    }
                    if bound.contains(name) {
                        return Resolution::Class;
                    }
                    is_class_visible = false;
                }
                ScopeKind::Class { .. } => {}
                ScopeKind::Comprehension(targets) => {
                    if targets.contains(name) {
                        return Resolution::Local(scope.id);
                    }
                    is_class_visible = false;
                }
                ScopeKind::TypeParameters(names) => {
                    if names.contains(name) {
                        return Resolution::Local(scope.id);
                    }
                }
            }
        }
        Resolution::Global
    }

    pub(super) fn load(
        &mut self,
        name: &'a str,
        range: TextRange,
        attribute: Option<&'a str>,
        is_called: bool,
    ) {
        let symbol = match self.resolve(name) {
            Resolution::Class => return,
            Resolution::Local(scope) => Target::Symbol(scope, name),
            Resolution::Global => Target::Symbol(MODULE, name),
        };
        self.edge(symbol, is_called);
        if !matches!(symbol, Target::Symbol(MODULE, _)) || self.is_at_hand(name) {
            return;
        }
        if name == "input" && is_called {
            self.facts.inputs.push(self.owner);
        }
        if !is_builtin(name) {
            self.facts.uses.push(Use {
                name,
                span: span(range),
                attribute,
                is_called,
                is_annotation: self.is_annotation,
                owner: self.owner,
                weight: self.weight,
                is_declared: self.owner.is_none() && self.declared_names.contains(name),
            });
        }
    }

    /// Notes a builtin name that is used as no builtin can be, so that some other code gives it
    /// another meaning: `list[0]`, `for x in list`, `sum + 1`.
    pub(super) fn load_value(&mut self, expression: &'a Expr) {
        let Expr::Name(name) = expression else {
            return;
        };
        let is_global = matches!(self.resolve(&name.id), Resolution::Global);
        let may_be_other = is_builtin(&name.id) && !name.id.starts_with("__");
        if may_be_other && is_global && !self.is_at_hand(&name.id) {
            self.facts.uses.push(Use {
                name: name.id.as_str(),
                span: span(name.range),
                attribute: None,
                is_called: false,
                is_annotation: self.is_annotation,
                owner: self.owner,
                weight: self.weight,
                is_declared: false,
            });
        }
    }

    /// Whether module-level code that runs now has this global name, had it and deleted it, or may have it.
    fn is_at_hand(&self, name: &str) -> bool {
        if self.owner.is_some() {
            return false;
        }
        self.facts.globals.contains_key(name) || self.is_bound_by_loop(name)
    }

    /// Whether an earlier turn of the loop around a branch may have bound the name.
    fn is_bound_by_loop(&self, name: &str) -> bool {
        self.outer_loop.as_ref().is_some_and(|it| {
            self.branches > it.branches
                && it
                    .bound
                    .get_or_init(|| scope::bound_in(it.body))
                    .contains(name)
        })
    }

    pub(super) fn edge(&mut self, to: Target<'a>, is_call: bool) {
        let mut generation = None;
        if let (None, None, Target::Symbol(MODULE, name)) = (self.owner, &self.outer_loop, to) {
            // What is not bound yet is not a function of this code.
            let Some(latest) = self.generations.get(name).and_then(|it| it.checked_sub(1)) else {
                return;
            };
            generation = Some(latest);
        }
        self.facts.edges.push(Edge {
            from: self.owner,
            to,
            weight: self.weight,
            reach: self.reach,
            is_call,
            generation,
            globals_bound: self.facts.order.len(),
        });
    }

    /// The generation of what is now defined under a name at module level.
    pub(super) fn generation(&self, name: &str) -> usize {
        let bound = self.generations.get(name).copied().unwrap_or(0);
        match self.runs_in_any_case() {
            true => bound,
            // On a branch it stands beside what the name stood for before.
            false => bound.saturating_sub(1),
        }
    }

    /// Binds `name` in the innermost scope that is not a comprehension's.
    pub(super) fn bind(&mut self, name: &'a str, range: TextRange, import: Option<Span>) {
        let Some(scope) = self.scopes.iter_mut().rev().find(|scope| {
            !matches!(
                scope.kind,
                ScopeKind::Comprehension(_) | ScopeKind::TypeParameters(_)
            )
        }) else {
            return;
        };
        let is_global = match &mut scope.kind {
            ScopeKind::Module => true,
            ScopeKind::Function(owned) => owned.globals.contains(name),
            ScopeKind::Class { bound, globals, .. } => {
                let is_global = globals.contains(name);
                if !is_global {
                    bound.insert(name);
                }
                is_global
            }
            ScopeKind::Comprehension(_) | ScopeKind::TypeParameters(_) => false,
        };
        if is_global {
            self.bind_global(name, span(range), import);
        }
    }

    fn bind_global(&mut self, name: &'a str, span: Span, import: Option<Span>) {
        if let Some(owner) = self.owner {
            self.facts.declared.push((name, span, owner));
            self.push_change(name, true);
            self.declared_names.insert(name);
            return;
        }
        if self.alias_of == Some(name) {
            // `x = x` changes nothing: the object stays whose it was.
            return;
        }
        let import = import.filter(|_| self.runs_in_any_case());
        let runs_in_any_case = self.runs_in_any_case();
        let generations = self.generations.entry(name).or_insert(0);
        if runs_in_any_case || *generations == 0 {
            *generations += 1;
        }
        let known = self.facts.globals.get(name);
        let global = Global {
            span,
            bound_before: known.map_or(self.facts.order.len(), |it| it.bound_before),
            alias_of: self.alias_of,
            import,
            is_call_value: self.is_call_value,
            is_present: true,
        };
        if self.facts.globals.insert(name, global).is_none() {
            self.facts.order.push(name);
        }
    }

    pub(super) fn unbind(&mut self, name: &str) {
        if let Some(ScopeKind::Class { bound, .. }) = self.scopes.last_mut().map(|it| &mut it.kind)
        {
            bound.remove(name);
        } else if self.scopes.len() == 1
            && let Some(global) = self.facts.globals.get_mut(name)
        {
            global.is_present = false;
        }
    }

    pub(super) fn runs_in_any_case(&self) -> bool {
        self.owner.is_none() && self.branches == 0 && self.tries == 0 && self.outer_loop.is_none()
    }

    pub(super) fn store_name(&mut self, name: &'a str, range: TextRange) {
        let is_comprehension = matches!(
            self.scopes.last().map(|it| &it.kind),
            Some(ScopeKind::Comprehension(_))
        );
        if !is_comprehension {
            self.bind(name, range, None);
        }
    }

    /// Where `name` is looked up from here, as a target.
    pub(super) fn symbol(&self, name: &'a str) -> Target<'a> {
        match self.resolve(name) {
            Resolution::Local(scope) => Target::Symbol(scope, name),
            Resolution::Class | Resolution::Global => Target::Symbol(MODULE, name),
        }
    }

    /// Whether module level has the name now.
    pub(super) fn has_global(&self, name: &str) -> bool {
        self.facts.globals.get(name).is_some_and(|it| it.is_present)
    }

    /// Notes that the object of `name`, if it is a global one, is changed in place.
    pub(super) fn change(&mut self, name: Option<&'a str>) {
        self.change_if_global(name, true);
    }

    /// The same where it only may be.
    pub(super) fn may_change(&mut self, name: Option<&'a str>) {
        self.change_if_global(name, false);
    }

    fn change_if_global(&mut self, name: Option<&'a str>, is_sure: bool) {
        if let Some(name) = name
            && matches!(self.resolve(name), Resolution::Global)
        {
            self.push_change(name, is_sure);
        }
    }

    fn push_change(&mut self, name: &'a str, is_sure: bool) {
        let mut object = Some(name);
        // The object may have other names; a chain of them may well be a circle.
        for _ in 0..MAX_ALIASES {
            let Some(name) = object else {
                break;
            };
            let global = self.facts.globals.get(name);
            self.facts.changes.push(Change {
                name,
                owner: self.owner,
                is_sure,
                is_bound: self.owner.is_none() && global.is_some(),
            });
            object = global.and_then(|global| global.alias_of);
        }
    }
}

// Scopes.
impl<'a> Walk<'a> {
    pub(super) fn within(
        &mut self,
        kind: ScopeKind<'a>,
        follow: impl FnOnce(&mut Self),
    ) -> ScopeId {
        let id = self.next_scope;
        self.next_scope += 1;
        self.scopes.push(Scope { id, kind });
        follow(self);
        self.scopes.pop();
        id
    }

    pub(super) fn within_type_parameters(
        &mut self,
        parameters: Option<&'a TypeParams>,
        follow: impl FnOnce(&mut Self),
    ) {
        match parameters {
            Some(parameters) => {
                let names = scope::type_parameter_names(parameters);
                self.within(ScopeKind::TypeParameters(names), follow);
            }
            None => follow(self),
        }
    }

    /// Under which name and in which scope people get at what is now defined as `name`: a method is
    /// reached through its outermost class.
    pub(super) fn holder(&self, name: &'a str) -> (ScopeId, &'a str) {
        let mut holder = name;
        for scope in self.scopes.iter().rev() {
            match &scope.kind {
                ScopeKind::Class { name, .. } => holder = name,
                ScopeKind::TypeParameters(_) => {}
                ScopeKind::Module | ScopeKind::Function(_) | ScopeKind::Comprehension(_) => {
                    return (scope.id, holder);
                }
            }
        }
        (MODULE, holder)
    }
}
