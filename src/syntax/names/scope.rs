//! Scopes: which names belong to one, found before any of its code is followed.

use std::collections::HashSet;

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{
    Alias, Comprehension, ExceptHandler, Expr, ExprContext, Parameters, Pattern, Stmt, TypeParams,
};

/// How deep statements and expressions are followed; CPython's own parser gives up at about the same depth.
pub(super) const MAX_DEPTH: usize = 200;

/// Numbers a scope; no two scopes of one piece of code share one.
pub(super) type ScopeId = usize;

/// The module's own scope.
pub(super) const MODULE: ScopeId = 0;

/// What kind of scope it is, with the names it owns.
#[derive(Debug)]
pub(super) enum ScopeKind<'a> {
    /// The module: its names come and go as it runs.
    Module,
    /// A function or lambda body, which runs when called.
    Function(Owned<'a>),
    /// A class body, which runs at once.
    Class {
        /// The class's name.
        name: &'a str,
        /// Bound so far.
        bound: HashSet<&'a str>,
        /// Declared `global`.
        globals: HashSet<&'a str>,
    },
    /// A comprehension or generator expression, with its targets.
    Comprehension(HashSet<&'a str>),
    /// The type parameters of a function, class or alias (PEP 695).
    TypeParameters(HashSet<&'a str>),
}

/// One scope that is being followed.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    pub(super) id: ScopeId,
    pub(super) kind: ScopeKind<'a>,
}

/// The names of a function scope.
#[derive(Debug, Default)]
pub(super) struct Owned<'a> {
    /// Bound in it, and not declared `global` or `nonlocal`.
    pub(super) locals: HashSet<&'a str>,
    /// Declared `global`.
    pub(super) globals: HashSet<&'a str>,
}

/// The names of a function with these parameters and this body.
pub(super) fn function_names<'a>(parameters: &'a Parameters, body: &'a [Stmt]) -> Owned<'a> {
    let mut collector = Collector::default();
    collector.parameters(parameters);
    collector.visit_body(body);
    collector.owned()
}

/// The names of a lambda.
pub(super) fn lambda_names<'a>(parameters: Option<&'a Parameters>, body: &'a Expr) -> Owned<'a> {
    let mut collector = Collector::default();
    if let Some(parameters) = parameters {
        collector.parameters(parameters);
    }
    collector.visit_expr(body);
    collector.owned()
}

/// The names that statements bind in the scope they stand in.
pub(super) fn bound_in(body: &[Stmt]) -> HashSet<&str> {
    let mut collector = Collector::default();
    collector.visit_body(body);
    collector.bound
}

/// The names that the targets of a comprehension bind.
pub(super) fn comprehension_names(generators: &[Comprehension]) -> HashSet<&str> {
    let mut collector = Collector::default();
    for generator in generators {
        collector.visit_expr(&generator.target);
    }
    collector.bound
}

/// The names of type parameters.
pub(super) fn type_parameter_names(parameters: &TypeParams) -> HashSet<&str> {
    parameters
        .iter()
        .map(|parameter| parameter.name().as_str())
        .collect()
}

/// The name that an import binds: `import a.b` binds `a`.
pub(super) fn alias_name(alias: &Alias) -> &str {
    match &alias.asname {
        Some(name) => name.as_str(),
        None => alias.name.split('.').next().unwrap_or_default(),
    }
}

/// Collects what one scope binds, without entering the scopes inside it.
#[derive(Default)]
struct Collector<'a> {
    bound: HashSet<&'a str>,
    globals: HashSet<&'a str>,
    nonlocals: HashSet<&'a str>,
    /// Comprehensions around the current expression: their targets are their own, walrus targets are not.
    comprehensions: usize,
    depth: usize,
}

impl<'a> Collector<'a> {
    fn parameters(&mut self, parameters: &'a Parameters) {
        for parameter in parameters {
            self.bound.insert(parameter.name().as_str());
        }
    }

    fn owned(self) -> Owned<'a> {
        let mut locals = self.bound;
        locals.retain(|name| !self.globals.contains(name) && !self.nonlocals.contains(name));
        Owned {
            locals,
            globals: self.globals,
        }
    }

    fn comprehension(&mut self, generators: &'a [Comprehension], parts: &[&'a Expr]) {
        self.comprehensions += 1;
        for generator in generators {
            self.visit_comprehension(generator);
        }
        for part in parts {
            self.visit_expr(part);
        }
        self.comprehensions -= 1;
    }

    fn defaults(&mut self, parameters: &'a Parameters) {
        for parameter in parameters.iter_non_variadic_params() {
            if let Some(default) = &parameter.default {
                self.visit_expr(default);
            }
        }
    }

    fn statement(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(function) => {
                self.bound.insert(function.name.as_str());
                for decorator in &function.decorator_list {
                    self.visit_decorator(decorator);
                }
                self.defaults(&function.parameters);
            }
            Stmt::ClassDef(class) => {
                self.bound.insert(class.name.as_str());
                for decorator in &class.decorator_list {
                    self.visit_decorator(decorator);
                }
                if let Some(arguments) = &class.arguments {
                    self.visit_arguments(arguments);
                }
            }
            Stmt::Global(global) => self
                .globals
                .extend(global.names.iter().map(|name| name.as_str())),
            Stmt::Nonlocal(nonlocal) => self
                .nonlocals
                .extend(nonlocal.names.iter().map(|name| name.as_str())),
            Stmt::TypeAlias(alias) => self.visit_expr(&alias.name),
            _ => visitor::walk_stmt(self, statement),
        }
    }

    fn expression(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Name(name) => {
                if name.ctx != ExprContext::Load && self.comprehensions == 0 {
                    self.bound.insert(name.id.as_str());
                }
            }
            Expr::Named(named) => {
                if let Expr::Name(target) = &*named.target {
                    self.bound.insert(target.id.as_str());
                }
                self.visit_expr(&named.value);
            }
            Expr::Lambda(lambda) => {
                if let Some(parameters) = &lambda.parameters {
                    self.defaults(parameters);
                }
            }
            Expr::ListComp(it) => self.comprehension(&it.generators, &[&it.elt]),
            Expr::SetComp(it) => self.comprehension(&it.generators, &[&it.elt]),
            Expr::Generator(it) => self.comprehension(&it.generators, &[&it.elt]),
            Expr::DictComp(it) => {
                let parts: Vec<&Expr> = it.key.as_deref().into_iter().chain([&*it.value]).collect();
                self.comprehension(&it.generators, &parts);
            }
            _ => visitor::walk_expr(self, expression),
        }
    }
}

impl<'a> Visitor<'a> for Collector<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        if self.depth < MAX_DEPTH {
            self.depth += 1;
            self.statement(statement);
            self.depth -= 1;
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if self.depth < MAX_DEPTH {
            self.depth += 1;
            self.expression(expression);
            self.depth -= 1;
        }
    }

    fn visit_annotation(&mut self, _annotation: &'a Expr) {}

    fn visit_alias(&mut self, alias: &'a Alias) {
        self.bound.insert(alias_name(alias));
    }

    fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(handler_parts) = handler;
        if let Some(name) = &handler_parts.name {
            self.bound.insert(name.as_str());
        }
        visitor::walk_except_handler(self, handler);
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        if self.depth >= MAX_DEPTH {
            return;
        }
        self.depth += 1;
        self.bound.extend(pattern_name(pattern));
        visitor::walk_pattern(self, pattern);
        self.depth -= 1;
    }
}

/// The name that a pattern itself captures, those inside it left out.
pub(super) fn pattern_name(pattern: &Pattern) -> Option<&str> {
    let name = match pattern {
        Pattern::MatchAs(it) => it.name.as_ref(),
        Pattern::MatchStar(it) => it.name.as_ref(),
        Pattern::MatchMapping(it) => it.rest.as_ref(),
        _ => None,
    };
    name.map(|name| name.as_str())
}
