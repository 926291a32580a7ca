//! Which expressions change an object in place, catch a `NameError`, or hold code in a string.

use ruff_python_ast::{ExceptHandler, Expr, ExprCall, StmtTry, StmtWith};

use super::walk::Weight;

/// Methods that change what they are called on, wherever the call stands.
const CHANGING: &[&str] = &[
    "__delitem__",
    "__next__",
    "__setitem__",
    "add",
    "append",
    "appendleft",
    "clear",
    "difference_update",
    "discard",
    "extend",
    "extendleft",
    "insert",
    "intersection_update",
    "pop",
    "popitem",
    "popleft",
    "put",
    "remove",
    "reverse",
    "rotate",
    "send",
    "setdefault",
    "sort",
    "subtract",
    "update",
    "write",
];

/// Methods of builtin types that change nothing, even as a statement of their own.
const PURE: &[&str] = &[
    "capitalize",
    "copy",
    "count",
    "decode",
    "difference",
    "encode",
    "endswith",
    "find",
    "format",
    "get",
    "hex",
    "index",
    "intersection",
    "isalpha",
    "isdigit",
    "isdisjoint",
    "issubset",
    "issuperset",
    "items",
    "join",
    "keys",
    "lower",
    "lstrip",
    "most_common",
    "partition",
    "replace",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "symmetric_difference",
    "title",
    "union",
    "upper",
    "values",
    "zfill",
];

/// Functions, by their last name, that change their first argument.
const CHANGING_FUNCTIONS: &[&str] = &[
    "delattr",
    "heapify",
    "heappop",
    "heappush",
    "heappushpop",
    "heapreplace",
    "insort",
    "insort_left",
    "insort_right",
    "next",
    "setattr",
    "shuffle",
];

/// Constructors whose value does not change when it is called.
const STATELESS_FACTORIES: &[&str] = &[
    "Enum",
    "NamedTuple",
    "NewType",
    "TypeVar",
    "TypedDict",
    "attrgetter",
    "compile",
    "itemgetter",
    "make_dataclass",
    "methodcaller",
    "namedtuple",
    "partial",
    "type",
];

/// The name at the root of `a`, `a.b`, `a[0].c`.
pub(super) fn root(mut expression: &Expr) -> Option<&str> {
    loop {
        expression = match expression {
            Expr::Name(name) => return Some(name.id.as_str()),
            Expr::Attribute(it) => &it.value,
            Expr::Subscript(it) => &it.value,
            Expr::Starred(it) => &it.value,
            _ => return None,
        };
    }
}

/// The last name of `f`, `m.f`.
pub(super) fn last_name(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Name(name) => Some(name.id.as_str()),
        Expr::Attribute(attribute) => Some(attribute.attr.as_str()),
        _ => None,
    }
}

/// The root of the object that a call changes wherever it stands: `a` in `a.pop()`, `next(a)`.
pub(super) fn changed_by_call(call: &ExprCall) -> Option<&str> {
    if let Expr::Attribute(function) = &*call.func
        && CHANGING.contains(&function.attr.as_str())
    {
        return root(&function.value);
    }
    let is_changing = last_name(&call.func).is_some_and(|name| CHANGING_FUNCTIONS.contains(&name));
    call.arguments
        .args
        .first()
        .filter(|_| is_changing)
        .and_then(root)
}

/// The root of the object that a call standing alone changes: the value is thrown away, so it was
/// made for its effect on the receiver, or on what a function is given.
pub(super) fn changed_by_statement(call: &ExprCall) -> Vec<&str> {
    match &*call.func {
        Expr::Attribute(function) if PURE.contains(&function.attr.as_str()) => Vec::new(),
        Expr::Attribute(function) => root(&function.value).into_iter().collect(),
        Expr::Name(function) if super::standard::is_builtin(&function.id) => Vec::new(),
        Expr::Name(_) => call
            .arguments
            .args
            .iter()
            .filter(|argument| argument.is_name_expr())
            .filter_map(root)
            .collect(),
        _ => Vec::new(),
    }
}

/// Whether `value` is a call whose result may remember being called.
pub(super) fn is_stateful_value(value: &Expr) -> bool {
    let Expr::Call(call) = value else {
        return value.is_generator_expr();
    };
    !last_name(&call.func).is_some_and(|name| STATELESS_FACTORIES.contains(&name))
}

/// How surely a `NameError` in the body of this `try` goes unnoticed.
pub(super) fn weight_of_try(statement: &StmtTry) -> Weight {
    statement
        .handlers
        .iter()
        .map(|handler| {
            let ExceptHandler::ExceptHandler(handler) = handler;
            match handler.type_.as_deref() {
                Some(caught) => weight_of_caught(caught),
                None => Weight::Guarded,
            }
        })
        .min()
        .unwrap_or(Weight::Full)
}

/// The same for the body of a `with` that suppresses exceptions or expects one.
pub(super) fn weight_of_with(statement: &StmtWith) -> Weight {
    statement
        .items
        .iter()
        .filter_map(|item| match &item.context_expr {
            Expr::Call(call) => Some(call),
            _ => None,
        })
        .filter(|call| {
            matches!(
                last_name(&call.func),
                Some("suppress" | "raises" | "assertRaises" | "assertRaisesRegex")
            )
        })
        .flat_map(|call| call.arguments.args.iter().map(weight_of_caught))
        .min()
        .unwrap_or(Weight::Full)
}

fn weight_of_caught(caught: &Expr) -> Weight {
    match caught {
        Expr::Tuple(tuple) => tuple
            .elts
            .iter()
            .map(|element| weight_of_name(last_name(element)))
            .min()
            .unwrap_or(Weight::Full),
        _ => weight_of_name(last_name(caught)),
    }
}

fn weight_of_name(name: Option<&str>) -> Weight {
    match name {
        Some("NameError" | "UnboundLocalError") => Weight::Expected,
        Some("Exception" | "BaseException") => Weight::Guarded,
        _ => Weight::Full,
    }
}

/// Whether a call may bind any name: `exec(code)`, `globals().update(…)`.
pub(super) fn binds_anything(call: &ExprCall) -> bool {
    match &*call.func {
        Expr::Name(name) if name.id == "exec" => !call
            .arguments
            .args
            .first()
            .is_some_and(Expr::is_string_literal_expr),
        Expr::Attribute(function) => {
            is_namespace(&function.value)
                && matches!(
                    function.attr.as_str(),
                    "update" | "setdefault" | "__setitem__"
                )
        }
        _ => false,
    }
}

/// Whether the expression is the dictionary of global names: `globals()`, and at module level `locals()` and `vars()`.
pub(super) fn is_namespace(expression: &Expr) -> bool {
    let Expr::Call(call) = expression else {
        return false;
    };
    let is_function = matches!(&*call.func, Expr::Name(name) if matches!(name.id.as_str(), "globals" | "locals" | "vars"));
    is_function && call.arguments.args.is_empty()
}
