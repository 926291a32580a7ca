//! Rows of what a comment says, what Python did, and the verdict.

use super::*;
use crate::block::{Block, BlockId, CodeLine, Form, Gap, Tag};
use crate::claim::{ClaimKind, Evidence, Expected, ExpectedException, Scope, Subject, value};
use crate::observation::{Computed, Emission, Exception, Raised, Stream};
use crate::plan::{Decision, Snippet, SnippetKind};
use crate::policy::Policy;
use crate::text::{LineNumber, Span};

use Evidence::{Plain, Unmarked, Weak};

/// The only statement of every case here stands on this line.
fn line() -> LineNumber {
    LineNumber::new(10)
}

fn case(code: &str, claim: Claim) -> Case {
    let code_line = CodeLine {
        line: line(),
        code_start: 0,
        span: Span::new(100, 100 + code.len()),
    };
    Case {
        block: Block {
            id: BlockId("test/1".to_owned()),
            form: Form::Fenced,
            tag: Tag::Python,
            info: "python".to_owned(),
            heading: Vec::new(),
            span: Span::new(90, 200),
            code: format!("{code}\n"),
            lines: vec![code_line],
            gap: Gap::Far,
            comments: Vec::new(),
        },
        kind: SnippetKind::Script,
        decision: Decision::Run(Snippet {
            kind: SnippetKind::Script,
            sources: Vec::new(),
            context: Vec::new(),
            supplied: Vec::new(),
            watches: Vec::new(),
        }),
        context: Vec::new(),
        static_reason: None,
        claims: vec![claim],
        notes: Vec::new(),
        problems: Vec::new(),
        policy: Policy::STUDY,
    }
}

fn claim(kind: ClaimKind, text: &str, expected: Expected, evidence: Evidence) -> Claim {
    Claim {
        kind,
        span: Span::new(110, 112),
        text: text.to_owned(),
        subject: statement(false, true),
        expected,
        evidence,
        scope: None,
        rule: "test",
    }
}

fn statement(may_repeat: bool, is_print: bool) -> Subject {
    Subject::Statement {
        first: line(),
        last: line(),
        may_repeat,
        is_print,
    }
}

/// A text claim; the value is taken where a value begins and a firm claim is made.
fn text_claim(text: &str, evidence: Evidence) -> Claim {
    let value_len = value::prefix(text).map(|(_, len)| len).filter(|&len| {
        let rest = &text[len..];
        evidence != Unmarked && (rest.is_empty() || remark::begins(rest, true))
    });
    let expected = Expected::Text {
        text: text.to_owned(),
        with_lead: None,
        value_len,
    };
    claim(ClaimKind::Comment, text, expected, evidence)
}

fn finished() -> Observation {
    Observation {
        ending: Ending::Finished,
        reached: vec![line()],
        ..Observation::not_run()
    }
}

fn emission(text: &str) -> Emission {
    Emission {
        stream: Stream::Stdout,
        line: Some(line()),
        statement: Some(line()),
        text: text.to_owned(),
    }
}

fn printed(texts: &[&str]) -> Observation {
    Observation {
        emissions: texts.iter().map(|text| emission(text)).collect(),
        ..finished()
    }
}

fn computed(repr: &str, is_subject: bool) -> Computed {
    let content = match value::whole(repr) {
        Some(value::Value::Str(content)) => Some(content),
        _ => None,
    };
    Computed {
        line: line(),
        is_subject,
        repr: repr.to_owned(),
        type_name: if content.is_some() { "str" } else { "object" }.to_owned(),
        str: content,
    }
}

fn exception(type_name: &str, bases: &[&str], message: &str) -> Exception {
    Exception {
        type_name: type_name.to_owned(),
        bases: bases.iter().map(|base| (*base).to_owned()).collect(),
        message: message.to_owned(),
        lines: vec![line()],
        name: None,
        is_compile_error: false,
    }
}

/// `held`, `held:TOLERANCE`, `broken`, `inconclusive:REASON` or `note`.
fn told(verdict: &Verdict) -> String {
    let Some(claim) = verdict.claims.first() else {
        return "note".to_owned();
    };
    match (claim.verdict, claim.tolerance, claim.reason) {
        (ClaimVerdict::Held, Some(tolerance), _) => format!("held:{tolerance}"),
        (ClaimVerdict::Held, None, _) => "held".to_owned(),
        (ClaimVerdict::Broken, ..) => "broken".to_owned(),
        (ClaimVerdict::Inconclusive, _, reason) => {
            format!("inconclusive:{}", reason.unwrap_or_default())
        }
    }
}

fn check_rows(
    rows: &[(&str, Evidence, &str, &str)],
    observe: impl Fn(&str) -> Observation,
    is_print: bool,
) {
    let mut wrong = Vec::new();
    for (text, evidence, actual, expected) in rows {
        let mut claim = text_claim(text, *evidence);
        claim.subject = statement(false, is_print);
        let verdict = compare(&case("show(x)", claim), &observe(actual));
        let told = told(&verdict);
        if told != *expected {
            wrong.push(format!(
                "{text:?} {evidence:?} against {actual:?}: {told}, not {expected}"
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} rows:\n{}",
        wrong.len(),
        rows.len(),
        wrong.join("\n")
    );
}

#[test]
fn a_comment_about_a_print() {
    let rows = [
        // The value alone.
        ("[1, 2, 3]", Plain, "[1, 2, 3]\n", "held"),
        ("[1, 2]", Plain, "[1, 2, 3]\n", "broken"),
        ("5", Plain, "5\n", "held"),
        ("5", Plain, "6\n", "broken"),
        ("5", Plain, "55\n", "broken"),
        ("55", Plain, "5\n", "broken"),
        ("5", Plain, "5.0\n", "broken"),
        ("5.0", Plain, "5\n", "broken"),
        ("True", Plain, "True\n", "held"),
        ("True", Plain, "False\n", "broken"),
        ("True", Plain, "1\n", "broken"),
        ("None", Plain, "None\n", "held"),
        ("-5", Plain, "-5\n", "held"),
        ("5", Plain, "-5\n", "broken"),
        ("", Plain, "5\n", "broken"),
        ("5", Plain, "", "broken"),
        ("5", Plain, "\n", "broken"),
        ("''", Plain, "\n", "held:quoted-string"),
        ("(1, 2)", Plain, "[1, 2]\n", "broken"),
        ("[1, 2]", Plain, "(1, 2)\n", "broken"),
        ("{}", Plain, "set()\n", "broken"),
        ("{1, 2}", Plain, "[1, 2]\n", "broken"),
        (
            "18446744073709551616",
            Plain,
            "18446744073709551616\n",
            "held",
        ),
        (
            "18446744073709551616",
            Plain,
            "18446744073709551615\n",
            "broken",
        ),
        // A value and a remark.
        ("[1, 2, 3] — one object", Plain, "[1, 2, 3]\n", "held"),
        ("[1, 2, 3] — один объект", Plain, "[1, 2, 3]\n", "held"),
        ("[1, 2] — два объекта", Plain, "[1, 2, 3]\n", "broken"),
        ("True (малые целые интернированы)", Plain, "True\n", "held"),
        ("True: один и тот же объект", Plain, "True\n", "held"),
        ("False, потому что строка новая", Plain, "False\n", "held"),
        ("False, потому что строка новая", Plain, "True\n", "broken"),
        ("False,  because 3 is greater", Plain, "False\n", "held"),
        ("None  ← BUG!", Plain, "None\n", "held"),
        ("True - dereference", Plain, "True\n", "held"),
        (
            "[10, 20, 30]   from beginning",
            Plain,
            "[10, 20, 30]\n",
            "held",
        ),
        ("False ❌", Plain, "False\n", "held"),
        ("True! indeed", Plain, "True\n", "held"),
        ("3. Done", Plain, "3\n", "held"),
        ("3.14 -> rounded", Plain, "3.14\n", "held"),
        ("3.14", Plain, "3\n", "broken"),
        ("3", Plain, "3.14\n", "broken"),
        ("10:30", Plain, "10\n", "broken"),
        // Several values are no value with a remark.
        ("1, 2, 3", Plain, "1\n", "broken"),
        ("0, 15", Plain, "0 15\n", "held:comma-joined"),
        ("0, 15", Plain, "0 16\n", "broken"),
        (
            "0, 15 — начало и конец",
            Plain,
            "0 15\n",
            "held:comma-joined",
        ),
        ("(4, 5, 6) {'a': 7}", Plain, "(4, 5, 6) {'a': 7}\n", "held"),
        ("1 2 3", Plain, "1 2 3 \n", "held"),
        ("3, 1", Plain, "(3, 1)\n", "held:comma-joined"),
        // The same value written otherwise.
        ("[1,2,3]", Plain, "[1, 2, 3]\n", "held:spacing"),
        ("[ 1, 2 ]", Plain, "[1, 2]\n", "held:spacing"),
        ("[\"a\", \"b\"]", Plain, "['a', 'b']\n", "held:quotes"),
        ("{'a', 'b'}", Plain, "{'b', 'a'}\n", "held:set-order"),
        ("{'a', 'b'}", Plain, "{'b', 'c'}\n", "broken"),
        (
            "{'a': 1, 'b': 2}",
            Plain,
            "{'b': 2, 'a': 1}\n",
            "held:dict-order",
        ),
        ("{ a: 1 }", Plain, "{'a': 1}\n", "held:quotes"),
        ("true", Plain, "True\n", "held:case"),
        ("false", Plain, "True\n", "broken"),
        ("1_000_000", Plain, "1000000\n", "held:number-form"),
        ("0x10", Plain, "16\n", "held:number-form"),
        ("2.50", Plain, "2.5\n", "held:number-form"),
        ("[1, 2, 3]", Plain, "[1 2 3]\n", "held:commas"),
        ("0.33", Plain, "0.3333333333333333\n", "held:float-rounded"),
        ("0.34", Plain, "0.3333333333333333\n", "broken"),
        ("3.14", Plain, "3.141592653589793\n", "held:float-rounded"),
        ("0.66", Plain, "0.6666666666666666\n", "held:float-rounded"),
        ("1.5e-05", Plain, "1.4999e-05\n", "held:float-rounded"),
        // What binary fractions are about is no rounding.
        ("0.3", Plain, "0.30000000000000004\n", "broken"),
        ("0.8", Plain, "0.7999999999999999\n", "broken"),
        (
            "[0.1, 0.33]",
            Plain,
            "[0.1, 0.3333333333333333]\n",
            "held:float-rounded",
        ),
        ("[1, 2, ...]", Plain, "[1, 2, 3, 4]\n", "held:ellipsis"),
        ("[1, ..., 9]", Plain, "[1, 2, 3, 8]\n", "broken"),
        (
            "[0, 1, ..., 9]",
            Plain,
            "[0, 1, 2, 3, 9]\n",
            "held:ellipsis",
        ),
        ("[1, [...]]", Plain, "[1, [...]]\n", "held"),
        (
            "<class 'D'>",
            Plain,
            "<class '__main__.D'>\n",
            "held:module-prefix",
        ),
        ("<class 'int'>", Plain, "<class 'str'>\n", "broken"),
        (
            "<D object at 0x7f00>",
            Plain,
            "<__main__.D object at 0x7ffe01>\n",
            "held:address",
        ),
        (
            "<__main__.D object at 0x7f00>",
            Plain,
            "<__main__.D object at 0x7ffe01>\n",
            "held:address",
        ),
        (
            "<__main__.D object at 0x...>",
            Plain,
            "<__main__.D object at 0x7ffe01>\n",
            "held:address",
        ),
        (
            "<D object>",
            Plain,
            "<D object at 0x7ffe01>\n",
            "held:address",
        ),
        (
            "<E object at 0x7f00>",
            Plain,
            "<__main__.D object at 0x7ffe01>\n",
            "broken",
        ),
        (
            "<function f at 0x1>",
            Plain,
            "<function outer.<locals>.f at 0x7ffe01>\n",
            "held:address",
        ),
        (
            "[int, str]",
            Plain,
            "[<class 'int'>, <class 'str'>]\n",
            "held:type-shorthand",
        ),
        ("int", Unmarked, "<class 'int'>\n", "held:type-shorthand"),
        ("Point(x=1, y=2)", Plain, "Point(x=1, y=2)\n", "held"),
        ("Point(x=1, y=2)", Plain, "Point(x=1, y=3)\n", "broken"),
        (
            "date(2024, 1, 1)",
            Plain,
            "datetime.date(2024, 1, 1)\n",
            "held:module-prefix",
        ),
        (
            "Counter({'a': 2, 'b': 1})",
            Plain,
            "Counter({'b': 1, 'a': 2})\n",
            "held:dict-order",
        ),
        (
            "frozenset({1, 2})",
            Plain,
            "frozenset({2, 1})\n",
            "held:set-order",
        ),
        ("Decimal('0.3')", Plain, "0.3\n", "held:repr-for-str"),
        ("Fraction(1, 3)", Plain, "1/3\n", "held:repr-for-str"),
        ("ValueError('bad')", Plain, "bad\n", "held:repr-for-str"),
        ("Decimal('0.3')", Plain, "0.4\n", "broken"),
        // Text.
        ("'Meta'", Plain, "Meta\n", "held:quoted-string"),
        ("'Meta'", Plain, "Mata\n", "broken"),
        ("'H'", Plain, "H\n", "held:quoted-string"),
        ("'a' — первая буква", Plain, "a\n", "held:quoted-string"),
        ("'5'", Plain, "5\n", "held:quoted-string"),
        ("b'Hello'", Plain, "b'Hello'\n", "held"),
        ("b'Hello'", Plain, "Hello\n", "broken"),
        ("Hello, World!", Unmarked, "Hello, World!\n", "held"),
        ("Hello, World!", Plain, "Hello\n", "broken"),
        ("Hello", Plain, "Hello, World!\n", "broken"),
        ("Привет, мир", Unmarked, "Привет, мир\n", "held"),
        ("Meow! (overridden method)", Unmarked, "Meow!\n", "held"),
        (
            "Alice (Initialized by Employee)",
            Unmarked,
            "Alice\n",
            "held",
        ),
        ("Alice - admin", Plain, "Alice\n", "broken"),
        ("Alice, 30", Plain, "Alice 30\n", "held:comma-joined"),
        ("Hello   World", Plain, "Hello World\n", "held:spacing"),
        ("Hello World.", Plain, "Hello World\n", "held:trailing-dot"),
        ("“quoted”", Plain, "\"quoted\"\n", "held:smart-quotes"),
        ("`Hello`", Plain, "Hello\n", "held:smart-quotes"),
        ("a,b,c", Plain, "a\n", "broken"),
        ("print the list", Unmarked, "[1]\n", "note"),
        (
            "Total: 15 items",
            Unmarked,
            "Total: 16 items\n",
            "inconclusive:near-miss",
        ),
        ("Total: 15 items", Plain, "Total: 16 items\n", "broken"),
        ("создаём список", Unmarked, "[1, 2]\n", "note"),
        ("5 distinct elements", Unmarked, "6\n", "note"),
        ("prose", Unmarked, "", "note"),
        // A part of the line.
        ("8", Plain, "max: 8\n", "held:line-end"),
        ("8", Plain, "max: 18\n", "broken"),
        ("[1, 2]", Plain, "numbers = [1, 2]\n", "held:line-end"),
        ("[1,2]", Plain, "numbers: [1, 2]\n", "held:line-end"),
        ("'Al'", Plain, "Name: Al\n", "held:line-end"),
        ("5", Plain, "3 5\n", "broken"),
        ("8", Plain, "max 8\n", "held:line-end"),
        ("3 * 3 = 9", Unmarked, "9\n", "held:value-last"),
        (
            "O(k) slicing — [3, 4, 5]",
            Unmarked,
            "[3, 4, 5]\n",
            "held:value-last",
        ),
        ("O(k) slicing — [3, 4, 5]", Unmarked, "[3, 4]\n", "note"),
        (
            "Area: 12.57",
            Unmarked,
            "Area: 12.566370614359172\n",
            "held:float-rounded",
        ),
        // Several lines.
        ("1\n2\n3", Plain, "1\n2\n3\n", "held"),
        ("1\n2\n3", Plain, "1\n2\n", "broken"),
        ("1, 2, 3", Plain, "1\n2\n3\n", "held:joined-lines"),
        ("1 2 3", Plain, "1\n2\n3\n", "held:joined-lines"),
        ("one, two", Plain, "one\ntwo\n", "held:joined-lines"),
        ("one\\ntwo", Plain, "one\ntwo\n", "held:joined-lines"),
        ("'one', 'two'", Plain, "one\ntwo\n", "held:joined-lines"),
        ("one, three", Plain, "one\ntwo\n", "broken"),
        (
            "(<class 'A'>,\n<class 'B'>)",
            Plain,
            "(<class '__main__.A'>, <class '__main__.B'>)\n",
            "held:module-prefix",
        ),
        // A left-out part of a text.
        (
            "Hello ... World",
            Plain,
            "Hello big World\n",
            "held:ellipsis",
        ),
        ("...", Plain, "Hello\n", "broken"),
        // Weak places.
        ("5", Weak, "5\n", "held"),
        ("5", Weak, "6\n", "inconclusive:weak-evidence"),
    ];
    check_rows(
        &rows,
        |actual| {
            printed(if actual.is_empty() {
                &[]
            } else {
                std::slice::from_ref(&actual)
            })
        },
        true,
    );
}

#[test]
fn a_comment_about_a_value() {
    let rows = [
        ("3", Plain, "3", "held"),
        ("3", Plain, "4", "broken"),
        ("'Jake'", Plain, "'Jake'", "held"),
        ("\"Jake\"", Plain, "'Jake'", "held:quotes"),
        ("Jake", Unmarked, "'Jake'", "held:text-in-quotes"),
        ("the name", Unmarked, "'Jake'", "note"),
        ("b'Hello'", Plain, "b'Hello'", "held"),
        ("{2, 1}", Plain, "{1, 2}", "held:set-order"),
        ("3, 1", Plain, "(3, 1)", "held:comma-joined"),
        ("None", Plain, "None", "held"),
        ("5", Plain, "None", "inconclusive:no-value"),
        ("0.1", Plain, "0.1", "held"),
        ("'5'", Plain, "5", "broken"),
        ("5", Plain, "'5'", "broken"),
        ("True", Plain, "'True'", "broken"),
        (
            "Hello, World",
            Plain,
            "'Hello, World'",
            "held:text-in-quotes",
        ),
        ("Hello", Plain, "'Hello, World'", "broken"),
    ];
    let observe = |repr: &str| Observation {
        computed: vec![computed(repr, false)],
        ..finished()
    };
    check_rows(&rows, observe, false);
}
