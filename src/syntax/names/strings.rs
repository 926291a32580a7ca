//! Code in string literals that a call runs: `eval("x + 1")`, `cProfile.run("main()")`.

use std::collections::HashMap;

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Expr, ExprCall, ModModule, Stmt};
use ruff_text_size::TextSize;

use super::scope::MAX_DEPTH;
use super::{Names, changes, names_within};

/// Strings in strings are followed no deeper than this.
const MAX_LEVEL: usize = 2;
/// Code in strings longer than this (in bytes) is not followed.
const MAX_LEN: usize = 2_000;

/// The names of code in strings, by where the call that runs it starts and ends.
pub(super) type StringNames = HashMap<(TextSize, TextSize), Names>;

/// Finds such calls in `module`, which was itself found `level` strings deep.
pub(super) fn string_names(module: &ModModule, level: usize) -> StringNames {
    let mut finder = Finder {
        found: HashMap::new(),
        depth: 0,
        level,
    };
    if level < MAX_LEVEL {
        finder.visit_body(&module.body);
    }
    finder.found
}

struct Finder {
    found: StringNames,
    depth: usize,
    level: usize,
}

impl Finder {
    fn call(&mut self, call: &ExprCall) {
        let Some(code) = code_in_strings(call).filter(|code| code.len() <= MAX_LEN) else {
            return;
        };
        let Ok(parsed) = ruff_python_parser::parse_module(&code) else {
            return;
        };
        let names = names_within(parsed.syntax(), self.level + 1);
        self.found.insert(key(call), names);
    }
}

/// What a call is known by.
pub(super) fn key(call: &ExprCall) -> (TextSize, TextSize) {
    (call.range_start, call.arguments.range.end())
}

impl<'a> Visitor<'a> for Finder {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        if self.depth < MAX_DEPTH {
            self.depth += 1;
            visitor::walk_stmt(self, statement);
            self.depth -= 1;
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if self.depth < MAX_DEPTH {
            self.depth += 1;
            if let Expr::Call(call) = expression {
                self.call(call);
            }
            visitor::walk_expr(self, expression);
            self.depth -= 1;
        }
    }
}

/// Code that a call runs out of string literals, in the global names of its caller.
fn code_in_strings(call: &ExprCall) -> Option<String> {
    let arguments = &call.arguments;
    let literal = |expression: &Expr| match expression {
        Expr::StringLiteral(literal) => Some(literal.value.to_str().to_owned()),
        _ => None,
    };
    let first = arguments.args.first().and_then(literal);
    let keyword = |name: &str| arguments.find_keyword(name).map(|it| &it.value);
    match (&*call.func, changes::last_name(&call.func)?) {
        (Expr::Name(_), "eval" | "exec") if arguments.args.len() == 1 => first,
        (Expr::Attribute(function), "run") if is_profiler(&function.value) => first,
        (_, "timeit" | "repeat" | "Timer") => {
            let setup = keyword("setup").or_else(|| arguments.args.get(1));
            let setup = setup.and_then(literal).unwrap_or_default();
            // Without `globals`, the statement sees nothing but what its setup imports.
            let code = match keyword("globals") {
                Some(_) => format!(
                    "{setup}\n{}",
                    first.or_else(|| keyword("stmt").and_then(literal))?
                ),
                None => setup,
            };
            Some(code)
        }
        _ => None,
    }
}

fn is_profiler(module: &Expr) -> bool {
    matches!(changes::last_name(module), Some("cProfile" | "profile"))
}
