//! The walk itself: statements and expressions in the order Python evaluates them.

use std::cell::OnceCell;
use std::collections::HashSet;

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{
    Comprehension, Decorator, ExceptHandler, Expr, ExprCall, ExprContext, ExprLambda, Operator,
    Parameters, Pattern, Stmt, StmtAnnAssign, StmtAssign, StmtAugAssign, StmtClassDef, StmtFor,
    StmtFunctionDef, StmtIf, StmtImport, StmtImportFrom, StmtTypeAlias, StmtWhile, StmtWith,
};
use ruff_text_size::{Ranged, TextRange};

use super::scope::{self, MAX_DEPTH, ScopeKind};
use super::walk::{Definition, DefinitionId, OuterLoop, Reach, Target, Walk, Weight, span};
use super::{Import, Names, StarImport, changes, strings};

// Statements.
impl<'a> Walk<'a> {
    fn statement(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(function) => self.function(function),
            Stmt::ClassDef(class) => self.class(class),
            Stmt::Assign(assign) => self.assign(assign),
            Stmt::AugAssign(assign) => self.augmented_assign(assign),
            Stmt::AnnAssign(assign) => self.annotated_assign(assign),
            Stmt::TypeAlias(alias) => self.type_alias(alias),
            Stmt::For(it) => self.for_loop(it),
            Stmt::While(it) => self.while_loop(it),
            Stmt::If(it) => self.if_branches(it),
            Stmt::Try(it) => {
                self.tries += 1;
                self.weighing(changes::weight_of_try(it), |walk| walk.visit_body(&it.body));
                for handler in &it.handlers {
                    self.branching(|walk| walk.visit_except_handler(handler));
                }
                self.visit_body(&it.orelse);
                self.tries -= 1;
                self.visit_body(&it.finalbody);
            }
            Stmt::With(it) => self.with(it),
            Stmt::Match(it) => {
                self.visit_expr(&it.subject);
                for case in &it.cases {
                    self.branching(|walk| walk.visit_match_case(case));
                }
            }
            Stmt::Import(it) => self.import(it),
            Stmt::ImportFrom(it) => self.import_from(it),
            Stmt::Delete(it) => {
                for target in &it.targets {
                    self.delete(target);
                }
            }
            Stmt::Global(it) => {
                if let Some(ScopeKind::Class { globals, .. }) =
                    self.scopes.last_mut().map(|scope| &mut scope.kind)
                {
                    globals.extend(it.names.iter().map(|name| name.as_str()));
                }
            }
            Stmt::Expr(it) => {
                if let Some(call) = called(&it.value) {
                    for root in changes::changed_by_statement(call) {
                        self.may_change(Some(root));
                    }
                }
                self.visit_expr(&it.value);
            }
            _ => visitor::walk_stmt(self, statement),
        }
    }

    fn assign(&mut self, assign: &'a StmtAssign) {
        match (&*assign.value, assign.targets.as_slice()) {
            (Expr::Lambda(lambda), [Expr::Name(target)]) => {
                self.lambda(lambda, Some(target.id.as_str()));
            }
            _ => self.visit_expr(&assign.value),
        }
        self.binding_value(&assign.value, |walk| {
            let mut alias_of = assign.value.as_name_expr();
            for target in &assign.targets {
                let is_name = target.is_name_expr();
                walk.alias_of = alias_of.filter(|_| is_name).map(|it| it.id.as_str());
                walk.visit_expr(target);
                alias_of = alias_of.or(target.as_name_expr());
            }
            walk.alias_of = None;
        });
    }

    fn binding_value(&mut self, value: &Expr, bind: impl FnOnce(&mut Self)) {
        self.is_call_value = changes::is_stateful_value(value);
        bind(self);
        self.is_call_value = false;
    }

    fn augmented_assign(&mut self, assign: &'a StmtAugAssign) {
        match &*assign.target {
            Expr::Name(target) => {
                self.load_value(&assign.target);
                self.load(target.id.as_str(), target.range, None, false);
                self.visit_expr(&assign.value);
                if self.owner.is_some() {
                    // The name must be there already: a function that does `n += 1` changes it.
                    self.change(Some(target.id.as_str()));
                } else {
                    self.store_name(target.id.as_str(), target.range);
                }
            }
            target => {
                self.visit_expr(target);
                self.visit_expr(&assign.value);
            }
        }
    }

    fn annotated_assign(&mut self, assign: &'a StmtAnnAssign) {
        if let Some(value) = &assign.value {
            self.visit_expr(value);
        }
        let is_in_function = self
            .scopes
            .last()
            .is_some_and(|scope| matches!(scope.kind, ScopeKind::Function(_)));
        if !is_in_function {
            self.visit_annotation(&assign.annotation);
        }
        match (&assign.value, &*assign.target) {
            (None, Expr::Name(_)) => {}
            (Some(value), target) => self.binding_value(value, |walk| walk.visit_expr(target)),
            (None, target) => self.visit_expr(target),
        }
    }

    fn type_alias(&mut self, alias: &'a StmtTypeAlias) {
        let Expr::Name(name) = &*alias.name else {
            return;
        };
        let holder = self.holder(name.id.as_str());
        let definition = self.define(Some(holder));
        self.within_type_parameters(alias.type_params.as_deref(), |walk| {
            walk.deferred(definition, |walk| walk.visit_expr(&alias.value));
        });
        self.store_name(name.id.as_str(), name.range);
    }

    fn for_loop(&mut self, it: &'a StmtFor) {
        self.load_value(&it.iter);
        self.visit_expr(&it.iter);
        self.looping(&it.body, |walk| {
            walk.visit_expr(&it.target);
            walk.visit_body(&it.body);
        });
        self.visit_body(&it.orelse);
    }

    fn while_loop(&mut self, it: &'a StmtWhile) {
        self.visit_expr(&it.test);
        self.looping(&it.body, |walk| walk.visit_body(&it.body));
        self.visit_body(&it.orelse);
    }

    fn looping(&mut self, body: &'a [Stmt], follow: impl FnOnce(&mut Self)) {
        let is_outermost = self.owner.is_none() && self.outer_loop.is_none();
        if is_outermost {
            self.outer_loop = Some(OuterLoop {
                body,
                branches: self.branches,
                bound: OnceCell::new(),
            });
        }
        follow(self);
        if is_outermost {
            self.outer_loop = None;
        }
    }

    fn if_branches(&mut self, it: &'a StmtIf) {
        self.visit_expr(&it.test);
        if is_main_guard(&it.test) {
            self.visit_body(&it.body);
        } else {
            self.branching(|walk| walk.visit_body(&it.body));
        }
        for clause in &it.elif_else_clauses {
            self.branching(|walk| walk.visit_elif_else_clause(clause));
        }
    }

    fn with(&mut self, it: &'a StmtWith) {
        for item in &it.items {
            self.visit_with_item(item);
        }
        let weight = changes::weight_of_with(it);
        let suppresses = it
            .items
            .iter()
            .filter_map(|item| called(&item.context_expr))
            .any(|call| changes::last_name(&call.func) == Some("suppress"));
        self.tries += usize::from(suppresses);
        self.weighing(weight, |walk| walk.visit_body(&it.body));
        self.tries -= usize::from(suppresses);
    }

    fn delete(&mut self, target: &'a Expr) {
        match target {
            Expr::Name(name) => {
                self.load(name.id.as_str(), name.range, None, false);
                if self.branches == 0 && self.outer_loop.is_none() {
                    self.unbind(name.id.as_str());
                }
            }
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|it| self.delete(it)),
            Expr::List(list) => list.elts.iter().for_each(|it| self.delete(it)),
            _ => self.visit_expr(target),
        }
    }

    fn import(&mut self, it: &'a StmtImport) {
        for alias in &it.names {
            let is_certain = self.runs_in_any_case();
            self.facts.imports.push(Import {
                module: alias.name.to_string(),
                span: span(alias.range),
                is_certain,
            });
            self.bind_import(scope::alias_name(alias), alias.range, it.range);
        }
    }

    fn import_from(&mut self, it: &'a StmtImportFrom) {
        let dots = ".".repeat(usize::try_from(it.level).unwrap_or(0).min(MAX_DEPTH));
        let name = it.module.as_ref().map_or("", |name| name.as_str());
        self.facts.imports.push(Import {
            module: format!("{dots}{name}"),
            span: it
                .module
                .as_ref()
                .map_or(span(it.range), |it| span(it.range)),
            is_certain: self.runs_in_any_case(),
        });
        for alias in &it.names {
            match (name, alias.name.as_str()) {
                (_, "*") => {
                    if self.runs_in_any_case() {
                        self.facts.star_imports.push(StarImport {
                            module: format!("{dots}{name}"),
                            span: span(it.range),
                        });
                    } else {
                        self.facts.is_open = true;
                    }
                }
                ("__main__", imported) => self.load(imported, alias.range, None, false),
                ("__future__", "annotations") => self.has_lazy_annotations = true,
                ("__future__", _) => {}
                _ => self.bind_import(scope::alias_name(alias), alias.range, it.range),
            }
        }
    }

    fn bind_import(&mut self, name: &'a str, range: TextRange, statement: TextRange) {
        if self.owner.is_some() {
            self.facts.imported_inside.push(name);
        }
        self.bind(name, range, Some(span(statement)));
    }

    fn branching(&mut self, follow: impl FnOnce(&mut Self)) {
        self.branches += 1;
        follow(self);
        self.branches -= 1;
    }

    fn weighing(&mut self, weight: Weight, follow: impl FnOnce(&mut Self)) {
        let outer = self.weight;
        self.weight = outer.min(weight);
        follow(self);
        self.weight = outer;
    }
}

// Definitions.
impl<'a> Walk<'a> {
    fn function(&mut self, it: &'a StmtFunctionDef) {
        let definition = self.define(Some(self.holder(it.name.as_str())));
        self.decorators(&it.decorator_list, Some(definition));
        let names = scope::function_names(&it.parameters, &it.body);
        self.defaults(&it.parameters, definition);
        self.within_type_parameters(it.type_params.as_deref(), |walk| {
            for parameter in &it.parameters {
                if let Some(annotation) = parameter.annotation() {
                    walk.visit_annotation(annotation);
                }
            }
            if let Some(returns) = &it.returns {
                walk.visit_annotation(returns);
            }
            walk.deferred(definition, |walk| {
                walk.within(ScopeKind::Function(names), |walk| {
                    walk.mark_parameter_call(definition, &it.parameters, &it.body);
                    walk.visit_body(&it.body);
                });
            });
        });
        self.store_name(it.name.as_str(), it.name.range);
    }

    fn lambda(&mut self, it: &'a ExprLambda, name: Option<&'a str>) {
        let holder = name.map(|name| self.holder(name));
        let definition = self.define(holder);
        if holder.is_none() {
            self.edge(Target::Definition(definition), true);
        }
        if let Some(parameters) = &it.parameters {
            self.defaults(parameters, definition);
        }
        let names = scope::lambda_names(it.parameters.as_deref(), &it.body);
        self.deferred(definition, |walk| {
            walk.within(ScopeKind::Function(names), |walk| walk.visit_expr(&it.body));
        });
    }

    fn class(&mut self, it: &'a StmtClassDef) {
        self.decorators(&it.decorator_list, None);
        self.within_type_parameters(it.type_params.as_deref(), |walk| {
            if let Some(arguments) = &it.arguments {
                walk.visit_arguments(arguments);
            }
            let body = ScopeKind::Class {
                name: it.name.as_str(),
                bound: HashSet::new(),
                globals: HashSet::new(),
            };
            walk.within(body, |walk| walk.visit_body(&it.body));
        });
        self.store_name(it.name.as_str(), it.name.range);
    }

    fn define(&mut self, holder: Option<(scope::ScopeId, &'a str)>) -> DefinitionId {
        let generation = holder.map_or(0, |(_, name)| self.generation(name));
        let home = self.scopes.last().map(|scope| &scope.kind);
        self.facts.definitions.push(Definition {
            parent: self.owner,
            holder,
            generation,
            is_method: matches!(home, Some(ScopeKind::Class { .. })),
            calls_parameter: false,
            has_mutable_default: false,
        });
        self.facts.definitions.len() - 1
    }

    /// Follows code that runs when `definition` is called.
    fn deferred(&mut self, definition: DefinitionId, follow: impl FnOnce(&mut Self)) {
        let owner = self.owner.replace(definition);
        let weight = std::mem::replace(&mut self.weight, Weight::Full);
        let is_annotation = std::mem::replace(&mut self.is_annotation, false);
        let is_call_value = std::mem::replace(&mut self.is_call_value, false);
        follow(self);
        self.owner = owner;
        self.weight = weight;
        self.is_annotation = is_annotation;
        self.is_call_value = is_call_value;
    }

    fn decorators(&mut self, decorators: &'a [Decorator], definition: Option<DefinitionId>) {
        for decorator in decorators {
            let Some(definition) = definition else {
                self.visit_decorator(decorator);
                continue;
            };
            let (function, arguments, reach) = match &decorator.expression {
                Expr::Call(call) => (&*call.func, Some(&call.arguments), Reach::Result),
                expression => (expression, None, Reach::Body),
            };
            self.reach = reach;
            match function {
                Expr::Name(name) => {
                    self.load(name.id.as_str(), name.range, None, true);
                    let symbol = self.symbol(name.id.as_str());
                    self.facts.decorated.push((self.owner, symbol, definition));
                }
                function => self.visit_expr(function),
            }
            self.reach = Reach::All;
            if let Some(arguments) = arguments {
                self.visit_arguments(arguments);
            }
            if changes::root(function) == Some("atexit") {
                self.edge(Target::Definition(definition), true);
            }
        }
    }

    fn defaults(&mut self, parameters: &'a Parameters, definition: DefinitionId) {
        for parameter in parameters.iter_non_variadic_params() {
            let Some(default) = parameter.default.as_deref() else {
                continue;
            };
            self.visit_expr(default);
            let is_mutable = matches!(
                default,
                Expr::List(_) | Expr::Dict(_) | Expr::Set(_) | Expr::Call(_)
            );
            if let Some(definition) = self.facts.definitions.get_mut(definition) {
                definition.has_mutable_default |= is_mutable;
            }
        }
    }

    /// Notes whether the body itself calls the first parameter, as a statement or in an assignment or return.
    fn mark_parameter_call(
        &mut self,
        definition: DefinitionId,
        parameters: &Parameters,
        body: &[Stmt],
    ) {
        let Some(first) = parameters.iter().next() else {
            return;
        };
        let calls = body.iter().any(|statement| {
            let value = match statement {
                Stmt::Expr(it) => Some(&*it.value),
                Stmt::Assign(it) => Some(&*it.value),
                Stmt::Return(it) => it.value.as_deref(),
                _ => None,
            };
            let called = value.and_then(called).map(|call| &*call.func);
            matches!(called, Some(Expr::Name(name)) if name.id == first.name().id)
        });
        if let Some(definition) = self.facts.definitions.get_mut(definition) {
            definition.calls_parameter = calls;
        }
    }
}

// Expressions.
impl<'a> Walk<'a> {
    fn expression(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Name(name) => match name.ctx {
                ExprContext::Load => self.load(name.id.as_str(), name.range, None, false),
                ExprContext::Store => self.store_name(name.id.as_str(), name.range),
                ExprContext::Del | ExprContext::Invalid => {}
            },
            Expr::Attribute(it) => {
                if it.ctx != ExprContext::Load {
                    self.change(changes::root(&it.value));
                }
                match &*it.value {
                    Expr::Name(name) => {
                        self.load(name.id.as_str(), name.range, Some(it.attr.as_str()), false);
                    }
                    value => self.visit_expr(value),
                }
            }
            Expr::Subscript(it) => {
                if it.ctx != ExprContext::Load {
                    self.change(changes::root(&it.value));
                    self.facts.is_open |= changes::is_namespace(&it.value);
                }
                if matches!(
                    &*it.slice,
                    Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Slice(_)
                ) && !self.is_annotation
                {
                    self.load_value(&it.value);
                }
                visitor::walk_expr(self, expression);
            }
            Expr::Call(call) => self.call(call),
            Expr::Lambda(lambda) => self.lambda(lambda, None),
            Expr::Named(it) => {
                self.visit_expr(&it.value);
                if let Expr::Name(target) = &*it.target {
                    self.bind(target.id.as_str(), target.range, None);
                }
            }
            Expr::ListComp(it) => self.comprehension(&it.generators, &[&it.elt]),
            Expr::SetComp(it) => self.comprehension(&it.generators, &[&it.elt]),
            Expr::Generator(it) => self.comprehension(&it.generators, &[&it.elt]),
            Expr::DictComp(it) => {
                let parts: Vec<&Expr> = it.key.as_deref().into_iter().chain([&*it.value]).collect();
                self.comprehension(&it.generators, &parts);
            }
            Expr::BinOp(_) => self.operands(expression),
            _ => visitor::walk_expr(self, expression),
        }
    }

    /// A long sum nests to the left as deep as it is long; it is taken apart without recursion.
    fn operands(&mut self, expression: &'a Expr) {
        let mut rights = Vec::new();
        let mut left = expression;
        while let Expr::BinOp(it) = left {
            // Types can be joined by `|`.
            rights.push((&*it.right, it.op != Operator::BitOr));
            left = &it.left;
        }
        let is_first_value = rights.last().is_some_and(|(_, is_value)| *is_value);
        rights.push((left, is_first_value));
        for (operand, is_value) in rights.into_iter().rev() {
            if is_value {
                self.load_value(operand);
            }
            self.visit_expr(operand);
        }
    }

    fn call(&mut self, call: &'a ExprCall) {
        self.change(changes::changed_by_call(call));
        self.facts.is_open |= changes::binds_anything(call);
        match &*call.func {
            Expr::Name(name) => {
                if name.id == "print" {
                    call.arguments
                        .args
                        .iter()
                        .for_each(|it| self.load_value(it));
                }
                self.load(name.id.as_str(), name.range, None, true);
            }
            function => self.visit_expr(function),
        }
        self.visit_arguments(&call.arguments);
        if let Some(names) = self.strings.get(&strings::key(call)) {
            self.code_in_string(names, call.range());
        }
    }

    /// Code in a string sees the names of its caller, as `eval` does.
    fn code_in_string(&mut self, names: &'a Names, range: TextRange) {
        for need in names.needs.iter().filter(|need| !need.is_latent) {
            self.load(&need.name, range, need.attribute.as_deref(), need.is_called);
        }
        for name in &names.mutated {
            self.change(Some(name));
        }
        for binding in &names.bound {
            self.bind(&binding.name, range, None);
        }
    }

    fn comprehension(&mut self, generators: &'a [Comprehension], parts: &[&'a Expr]) {
        let Some((first, rest)) = generators.split_first() else {
            return;
        };
        // The first iterable is evaluated outside, everything else inside (language reference, 6.2.4).
        self.visit_expr(&first.iter);
        let targets = scope::comprehension_names(generators);
        self.within(ScopeKind::Comprehension(targets), |walk| {
            walk.visit_expr(&first.target);
            first.ifs.iter().for_each(|it| walk.visit_expr(it));
            for generator in rest {
                walk.visit_comprehension(generator);
            }
            parts.iter().for_each(|part| walk.visit_expr(part));
        });
    }
}

impl<'a> Visitor<'a> for Walk<'a> {
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

    fn visit_decorator(&mut self, decorator: &'a Decorator) {
        match &decorator.expression {
            Expr::Name(name) => self.load(name.id.as_str(), name.range, None, true),
            expression => self.visit_expr(expression),
        }
    }

    fn visit_annotation(&mut self, annotation: &'a Expr) {
        if self.has_lazy_annotations {
            return;
        }
        let outer = std::mem::replace(&mut self.is_annotation, true);
        self.visit_expr(annotation);
        self.is_annotation = outer;
    }

    fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(it) = handler;
        if let Some(caught) = &it.type_ {
            self.visit_expr(caught);
        }
        let Some(name) = &it.name else {
            return self.visit_body(&it.body);
        };
        let was_bound = self.has_global(name.as_str());
        self.bind(name.as_str(), name.range, None);
        self.visit_body(&it.body);
        if !was_bound {
            self.unbind(name.as_str());
        }
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        if self.depth >= MAX_DEPTH {
            return;
        }
        self.depth += 1;
        visitor::walk_pattern(self, pattern);
        if let Some(name) = scope::pattern_name(pattern) {
            self.bind(name, pattern.range(), None);
        }
        self.depth -= 1;
    }
}

/// The call that an expression is, awaited or not.
fn called(expression: &Expr) -> Option<&ExprCall> {
    match expression {
        Expr::Call(call) => Some(call),
        Expr::Await(it) => it.value.as_call_expr(),
        _ => None,
    }
}

/// Whether the test is `__name__ == "__main__"`, which holds for every block.
fn is_main_guard(test: &Expr) -> bool {
    let Expr::Compare(compare) = test else {
        return false;
    };
    let is_name = |it: &Expr| it.as_name_expr().is_some_and(|it| it.id == "__name__");
    let is_main = |it: &Expr| {
        it.as_string_literal_expr()
            .is_some_and(|it| it.value.to_str() == "__main__")
    };
    let [right] = &*compare.comparators else {
        return false;
    };
    (is_name(&compare.left) && is_main(right)) || (is_main(&compare.left) && is_name(right))
}
