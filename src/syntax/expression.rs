//! What a single expression comes to, as far as a sentence about it goes.

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{Expr, UnaryOp};
use ruff_python_parser::parse_expression;

use super::depth;

/// How an expression that computes something does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Computation {
    /// By an operator, a comparison, a subscript and the like.
    Operation,
    /// By a call with arguments, or of a method of a value that is written out.
    Call,
    /// By `print(…)`: what matters is what it writes.
    Print,
    /// By `type(…)`: its value is shown as a name.
    Type,
}

/// How `code` computes something; `None` where it is no single expression, or a mere value or name.
///
/// `[1, 2]`, `x` and `f()` compute nothing that a sentence could be about: what stands there is an example
/// of input, or the name of a thing.
pub fn computation(code: &str) -> Option<Computation> {
    if depth::depth(code) > super::SHALLOW {
        return None;
    }
    let parsed = parse_expression(code).ok()?;
    let found = kind(parsed.expr())?;
    let mut gaps = Gaps { is_any: false };
    gaps.visit_expr(parsed.expr());
    (!gaps.is_any).then_some(found)
}

fn kind(expression: &Expr) -> Option<Computation> {
    match expression {
        Expr::BinOp(_) | Expr::Compare(_) | Expr::BoolOp(_) | Expr::If(_) => {
            Some(Computation::Operation)
        }
        Expr::UnaryOp(operation) => {
            let is_signed_number = matches!(operation.op, UnaryOp::USub | UnaryOp::UAdd)
                && operation.operand.is_number_literal_expr();
            (!is_signed_number).then_some(Computation::Operation)
        }
        Expr::Subscript(_) | Expr::ListComp(_) | Expr::SetComp(_) | Expr::DictComp(_) => {
            Some(Computation::Operation)
        }
        Expr::FString(_) | Expr::Await(_) => Some(Computation::Operation),
        Expr::Attribute(attribute) => kind(&attribute.value),
        Expr::Call(call) => {
            let has_arguments = !call.arguments.is_empty();
            match &*call.func {
                Expr::Name(name) if has_arguments && name.id == "print" => Some(Computation::Print),
                Expr::Name(name) if has_arguments && name.id == "type" => Some(Computation::Type),
                Expr::Attribute(method) if !has_arguments => {
                    let is_of_value = !matches!(&*method.value, Expr::Name(_) | Expr::Attribute(_));
                    is_of_value.then_some(Computation::Call)
                }
                _ => has_arguments.then_some(Computation::Call),
            }
        }
        _ => None,
    }
}

/// Looks for `...`, which stands for what is left out.
struct Gaps {
    is_any: bool,
}

impl<'a> Visitor<'a> for Gaps {
    fn visit_expr(&mut self, expression: &'a Expr) {
        self.is_any |= expression.is_ellipsis_literal_expr();
        walk_expr(self, expression);
    }
}
