//! What a table says better than a document: statements one by one, and input that is deep or broken.

use super::*;

fn only(code: &str) -> Statement {
    let syntax = syntax(code);
    assert!(syntax.errors.is_empty(), "{code}: {:?}", syntax.errors);
    syntax.statements.into_iter().next().expect("a statement")
}

#[test]
fn subjects() {
    let table = [
        ("x = f()", Some("x")),
        ("self.x = f()", Some("self.x")),
        ("a = b = f()", Some("a")),
        ("a, b = f()", Some("(a, b)")),
        ("(a, b) = f()", Some("(a, b)")),
        ("[a, *rest] = f()", Some("(a, rest)")),
        ("a, = f()", Some("(a,)")),
        ("d['k'] = f()", Some("d['k']")),
        ("d[i] += 1", Some("d[i]")),
        ("d[next(i)] = 1", None),
        ("x: int = 5", Some("x")),
        ("x: int", None),
        ("del a[1]", Some("a")),
        ("del a[1:3]", Some("a")),
        ("del a", None),
        ("del a[0], b[0]", None),
        ("a.append(3)", Some("a")),
        ("self.items.sort()", Some("self.items")),
        ("f().append(3)", None),
        ("random.shuffle(deck)", Some("deck")),
        ("heapq.heappush(h, 1)", Some("h")),
        ("random.seed(1)", None),
        ("print(x)", None),
        ("x", None),
        ("for x in y: pass", None),
    ];
    for (code, subject) in table {
        assert_eq!(only(code).subject.as_deref(), subject, "{code}");
    }
    let syntax = syntax("import numpy as np\nnp.add(a, 1)\n");
    assert_eq!(syntax.statements[1].subject.as_deref(), Some("a"));
}

#[test]
fn kinds() {
    let literal = |is_bare_literal| StatementKind::Assignment { is_bare_literal };
    let table = [
        ("print(1)", StatementKind::Print),
        ("print", StatementKind::Expression),
        ("x.print(1)", StatementKind::Expression),
        ("await f()", StatementKind::Expression),
        ("x = [1, -2, {'a': (3,)}]", literal(true)),
        ("x = [1, y]", literal(false)),
        ("x += 1", literal(false)),
        ("return 1", StatementKind::Return),
        ("yield 1", StatementKind::Return),
        ("del x", StatementKind::Delete),
        ("raise X", StatementKind::Raise),
        ("assert x", StatementKind::Assert),
        ("from a import b", StatementKind::Import),
        ("class A: pass", StatementKind::Definition),
        ("async def f(): pass", StatementKind::Definition),
        ("async with a: pass", StatementKind::Compound),
        ("match x:\n  case 1: pass", StatementKind::Compound),
        ("type A = int", StatementKind::Other),
        ("pass", StatementKind::Other),
    ];
    for (code, kind) in table {
        assert_eq!(only(code).kind, kind, "{code}");
    }
}

#[test]
fn places() {
    let code = "\
for i in x:
    if i:
        print(i)
else:
    print(0)
def f():
    for i in x:
        print(i)
try:
    g()
except E:
    print(1)
";
    let syntax = syntax(code);
    let found: Vec<_> = syntax
        .statements
        .iter()
        .map(|s| {
            (
                s.span.of(code).lines().next().unwrap_or_default(),
                s.nesting,
                s.top_level,
                s.is_in_handler,
            )
        })
        .collect();
    let expected = [
        ("for i in x:", Nesting::TopLevel, 0, false),
        ("if i:", Nesting::Loop, 0, false),
        ("print(i)", Nesting::Loop, 0, false),
        ("print(0)", Nesting::Branch, 0, false),
        ("def f():", Nesting::TopLevel, 1, false),
        ("for i in x:", Nesting::Body, 1, false),
        ("print(i)", Nesting::Body, 1, false),
        ("try:", Nesting::TopLevel, 2, false),
        ("g()", Nesting::Branch, 2, false),
        ("print(1)", Nesting::Branch, 2, true),
    ];
    assert_eq!(found, expected);
}

#[test]
fn headers_end_at_their_colon() {
    let code = "@deco(a=lambda: 1)\ndef f(x: int = {1: 2}[1]) -> dict:  # note: here\n    pass\n";
    let statement = only(code);
    assert!(code[..statement.header_end].ends_with("-> dict:"));
    let statement = only("if x: y = 1");
    assert_eq!(statement.header_end, 5);
}

#[test]
fn comments_are_tokens() {
    let code = "x = '# no'  # yes\n# own\n  \nf'{a}# no'  # é\n\"\"\"\n# no\n\"\"\"\n";
    let syntax = syntax(code);
    let found: Vec<_> = syntax
        .comments
        .iter()
        .map(|c| (c.span.of(code), c.is_own_line))
        .collect();
    assert_eq!(found, [("# yes", false), ("# own", true), ("# é", false)]);
    assert_eq!(syntax.strings.len(), 1);
}

#[test]
fn syntax_of_any_version_and_place_parses() {
    for code in [
        "await f()",
        "async with a as b: pass",
        "return 5",
        "yield 5",
        "type A[T] = list[T]",
        "match x:\n    case [a, *_]: pass",
        "f'{f'{x}'}'",
        "t'{x}'",
        "try: pass\nexcept* E: pass",
        "",
        "\n\n",
        "# only a comment",
        "...",
    ] {
        assert!(syntax(code).errors.is_empty(), "{code}");
    }
}

#[test]
fn what_is_wrong_is_told_and_the_rest_is_read() {
    let syntax = syntax("x = 1\nprint x\ny = 2  # two\n");
    assert!(!syntax.errors.is_empty());
    assert_eq!(syntax.comments.len(), 1);
    assert!(syntax.errors.iter().all(|e| !e.message.ends_with('.')));
}

#[test]
fn printing_is_seen_anywhere_in_the_code() {
    for code in [
        "def f():\n    print(1)",
        "sys.stdout.write('a')",
        "[print(i) for i in x]",
    ] {
        assert!(syntax(code).may_print, "{code}");
    }
    for code in ["x = 1", "'print(1)'", "# print(1)", "printed(1)"] {
        assert!(!syntax(code).may_print, "{code}");
    }
}

#[test]
fn depth_is_refused_and_never_overflows() {
    let many = 200_000;
    let deep = [
        "(".repeat(5_001),
        "(".repeat(many),
        "[".repeat(many) + &"]".repeat(many),
        format!("{}1", "-".repeat(many)),
        format!("{}1", "not ".repeat(many)),
        format!("a{}", ".b".repeat(many)),
        format!("a{}", "()".repeat(many)),
        format!("a{}", "[0]".repeat(many)),
        format!("1{}", "+1".repeat(many)),
        format!("1{}", "**1".repeat(many)),
        format!("{}1", "1 if 1 else ".repeat(many)),
        format!("{}1", "lambda a, b: ".repeat(many)),
        format!("{}f()", "await ".repeat(many)),
        "async ".repeat(many),
        "f'{".repeat(many),
        format!("f'{}'", "{a:".repeat(many)),
        (0..6_000)
            .map(|i| format!("{}if 1:\n", " ".repeat(i)))
            .collect(),
    ];
    for code in &deep {
        assert!(!syntax(code).errors.is_empty(), "{:.20}", code);
    }
    let fine = [
        format!("{}1{}", "(".repeat(150), ")".repeat(150)),
        format!("x = 1{}", " + 1".repeat(2_000)),
        format!("x = [{}]", "1 + 1, ".repeat(many)),
        format!("x = {{{}}}", "'a': [1, 2], ".repeat(many)),
        "x = 1; ".repeat(many),
        format!("a{}", ".b()".repeat(2_000)),
    ];
    for code in &fine {
        assert!(
            syntax(code).errors.is_empty(),
            "{:.20}: {:?}",
            code,
            syntax(code).errors
        );
    }
}

#[test]
fn broken_code_takes_linear_time() {
    let started = std::time::Instant::now();
    for code in [
        "(\n".repeat(4_000),
        "x = (\n".repeat(100_000),
        "print 'a'\n".repeat(100_000),
        "{".repeat(100_000),
        "'\n".repeat(100_000),
        "\"\"\"".repeat(100_001),
        ") ".repeat(100_000),
        "with (".repeat(600),
        "match (".repeat(600),
        "def f(\n".repeat(50_000),
    ] {
        let _ = syntax(&code);
        let spent = started.elapsed();
        assert!(spent.as_secs() < 60, "{:.20} after {spent:?}", code);
    }
}
