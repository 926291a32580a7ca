//! Rows of what a comment says, what Python did, and the verdict.

use super::*;
use crate::block::{Block, BlockId, CodeLine, Form, Gap, Tag};
use crate::claim::{ClaimKind, Evidence, Expected, ExpectedException, Scope, Subject, value};
use crate::observation::{Computed, Emission, Exception, Raised, Stream};
use crate::plan::{Decision, Snippet, SnippetKind};
use crate::policy::Policy;
use crate::text::{LineNumber, Span};

use Evidence::{Plain, Unmarked, Weak};

/// The comment's text, how firm it is, what Python showed, and the verdict.
type Row = (&'static str, Evidence, &'static str, &'static str);

/// The only statement of every case here stands on this line.
fn line() -> LineNumber {
    LineNumber::new(10)
}

fn case(code: &str, claim: Claim) -> Case {
    let code_line = CodeLine {
        line: line(),
        code_start: 0,
        span: Span::new(100, 100 + code.len()),
        inserted: 0,
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
            lead: None,
            comments: Vec::new(),
        },
        kind: SnippetKind::Script,
        decision: Decision::Run(Snippet {
            kind: SnippetKind::Script,
            sources: Vec::new(),
            context: Vec::new(),
            supplied: Vec::new(),
            watches: Vec::new(),
            inputs: Vec::new(),
        }),
        context: Vec::new(),
        static_reason: None,
        claims: vec![claim],
        notes: Vec::new(),
        problems: Vec::new(),
        policy: Policy::STUDY,
        directives: Vec::new(),
        packages: Vec::new(),
        is_tried: false,
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
        evidence != Unmarked && (rest.is_empty() || remark::begins(rest, remark::After::Value))
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
        column: None,
        wants_network: false,
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

fn check_rows(rows: &[Row], observe: impl Fn(&str) -> Observation, is_print: bool) {
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

#[rustfmt::skip]
const PRINTED: &[Row] = &[
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
    ("18446744073709551616", Plain, "18446744073709551616\n", "held"),
    ("18446744073709551616", Plain, "18446744073709551615\n", "broken"),
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
    ("[10, 20, 30]   from beginning", Plain, "[10, 20, 30]\n", "held"),
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
    ("0, 15 — начало и конец", Plain, "0 15\n", "held:comma-joined"),
    ("(4, 5, 6) {'a': 7}", Plain, "(4, 5, 6) {'a': 7}\n", "held"),
    ("1 2 3", Plain, "1 2 3 \n", "held"),
    ("3, 1", Plain, "(3, 1)\n", "held:comma-joined"),
    // The same value written otherwise.
    ("[1,2,3]", Plain, "[1, 2, 3]\n", "held:spacing"),
    ("[ 1, 2 ]", Plain, "[1, 2]\n", "held:spacing"),
    ("[\"a\", \"b\"]", Plain, "['a', 'b']\n", "held:quotes"),
    ("{'a', 'b'}", Plain, "{'b', 'a'}\n", "held:set-order"),
    ("{'a', 'b'}", Plain, "{'b', 'c'}\n", "broken"),
    ("{'a': 1, 'b': 2}", Plain, "{'b': 2, 'a': 1}\n", "inconclusive:dict-order"),
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
    ("[0.1, 0.33]", Plain, "[0.1, 0.3333333333333333]\n", "held:float-rounded"),
    ("[1, 2, ...]", Plain, "[1, 2, 3, 4]\n", "held:ellipsis"),
    ("[1, ..., 9]", Plain, "[1, 2, 3, 8]\n", "broken"),
    ("[0, 1, ..., 9]", Plain, "[0, 1, 2, 3, 9]\n", "held:ellipsis"),
    ("[1, [...]]", Plain, "[1, [...]]\n", "held"),
    ("<class 'D'>", Plain, "<class '__main__.D'>\n", "held:module-prefix"),
    ("<class 'int'>", Plain, "<class 'str'>\n", "broken"),
    ("<D object at 0x7f00>", Plain, "<__main__.D object at 0x7ffe01>\n", "held:address"),
    ("<__main__.D object at 0x7f00>", Plain, "<__main__.D object at 0x7ffe01>\n", "held:address"),
    ("<__main__.D object at 0x...>", Plain, "<__main__.D object at 0x7ffe01>\n", "held:address"),
    ("<D object>", Plain, "<D object at 0x7ffe01>\n", "held:address"),
    ("<E object at 0x7f00>", Plain, "<__main__.D object at 0x7ffe01>\n", "broken"),
    ("<function f at 0x1>", Plain, "<function outer.<locals>.f at 0x7ffe01>\n", "held:address"),
    ("[int, str]", Plain, "[<class 'int'>, <class 'str'>]\n", "held:type-shorthand"),
    ("int", Unmarked, "<class 'int'>\n", "held:type-shorthand"),
    ("Point(x=1, y=2)", Plain, "Point(x=1, y=2)\n", "held"),
    ("Point(x=1, y=2)", Plain, "Point(x=1, y=3)\n", "broken"),
    ("date(2024, 1, 1)", Plain, "datetime.date(2024, 1, 1)\n", "held:module-prefix"),
    ("Counter({'a': 2, 'b': 1})", Plain, "Counter({'b': 1, 'a': 2})\n", "inconclusive:dict-order"),
    ("frozenset({1, 2})", Plain, "frozenset({2, 1})\n", "held:set-order"),
    ("Decimal('0.3')", Plain, "0.3\n", "held:repr-for-str"),
    ("Fraction(1, 3)", Plain, "1/3\n", "held:repr-for-str"),
    ("ValueError('bad')", Plain, "bad\n", "held:repr-for-str"),
    ("Decimal('0.3')", Plain, "0.4\n", "broken"),
    ("OrderedDict([('a', 1)])", Plain, "OrderedDict({'a': 1})\n", "held:older-repr"),
    ("OrderedDict([('a', 2)])", Plain, "OrderedDict({'a': 1})\n", "broken"),
    // Neither so nor otherwise.
    ("['a', 'b']", Plain, "dict_keys(['a', 'b'])\n", "inconclusive:shorthand"),
    ("['a', 'c']", Plain, "dict_keys(['a', 'b'])\n", "broken"),
    ("5 elements", Plain, "5\n", "inconclusive:text-after-value"),
    ("5 elements", Plain, "6\n", "broken"),
    ("ValueError: bad", Unmarked, "bad\n", "held:exception-prefix"),
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
    ("Alice (Initialized by Employee)", Unmarked, "Alice\n", "held"),
    ("Alice - admin", Plain, "Alice\n", "broken"),
    ("Alice, 30", Plain, "Alice 30\n", "held:comma-joined"),
    ("Hello   World", Plain, "Hello World\n", "held:spacing"),
    ("Hello World.", Plain, "Hello World\n", "held:trailing-dot"),
    ("“quoted”", Plain, "\"quoted\"\n", "held:smart-quotes"),
    ("`Hello`", Plain, "Hello\n", "held:smart-quotes"),
    ("a,b,c", Plain, "a\n", "broken"),
    ("print the list", Unmarked, "[1]\n", "note"),
    ("Total: 15 items", Unmarked, "Total: 16 items\n", "broken"),
    ("Totel: 16 items", Unmarked, "Total: 16 items\n", "inconclusive:near-miss"),
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
    ("O(k) slicing — [3, 4, 5]", Unmarked, "[3, 4, 5]\n", "held:value-last"),
    ("O(k) slicing — [3, 4, 5]", Unmarked, "[3, 4]\n", "note"),
    ("Area: 12.57", Unmarked, "Area: 12.566370614359172\n", "held:float-rounded"),
    // Several lines.
    ("1\n2\n3", Plain, "1\n2\n3\n", "held"),
    ("1\n2\n3", Plain, "1\n2\n", "broken"),
    ("1, 2, 3", Plain, "1\n2\n3\n", "held:joined-lines"),
    ("1 2 3", Plain, "1\n2\n3\n", "held:joined-lines"),
    ("one, two", Plain, "one\ntwo\n", "held:joined-lines"),
    ("one\\ntwo", Plain, "one\ntwo\n", "held:joined-lines"),
    ("'one', 'two'", Plain, "one\ntwo\n", "held:joined-lines"),
    ("one, three", Plain, "one\ntwo\n", "broken"),
    ("(<class 'A'>,\n<class 'B'>)", Plain, "(<class '__main__.A'>, <class '__main__.B'>)\n", "held:module-prefix"),
    // A left-out part of a text.
    ("Hello ... World", Plain, "Hello big World\n", "held:ellipsis"),
    ("...", Plain, "Hello\n", "broken"),
    // Weak places.
    ("5", Weak, "5\n", "held"),
    ("5", Weak, "6\n", "inconclusive:weak-evidence"),
];

#[test]
fn a_comment_about_a_print() {
    let observe = |actual: &str| match actual {
        "" => finished(),
        _ => printed(&[actual]),
    };
    check_rows(PRINTED, observe, true);
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

#[test]
fn a_comment_about_what_a_statement_changed() {
    let rows = [
        ("[1, 2, 3]", Plain, "[1, 2, 3]", "held"),
        ("[1, 2]", Plain, "[1, 2, 3]", "broken"),
        ("5", Plain, "[5]", "inconclusive:no-value"),
        ("None", Plain, "[5]", "held"),
        ("append in place", Unmarked, "[5]", "note"),
    ];
    let observe = |repr: &str| Observation {
        computed: vec![computed("None", false), computed(repr, true)],
        ..finished()
    };
    check_rows(&rows, observe, false);
}

#[test]
fn a_comment_in_code_that_ran_several_times() {
    #[rustfmt::skip]
    let rows: [(&str, Evidence, &[&str], &str); 10] = [
        ("0 1 2", Plain, &["0\n", "1\n", "2\n"], "held:joined-lines"),
        ("0, 1, 2", Plain, &["0\n", "1\n", "2\n"], "held:joined-lines"),
        ("0\n1\n2", Plain, &["0\n", "1\n", "2\n"], "held"),
        ("0", Plain, &["0\n", "1\n", "2\n"], "held:first-of-several"),
        ("2", Plain, &["0\n", "1\n", "2\n"], "held:one-of-several"),
        ("5", Plain, &["5\n", "5\n"], "held"),
        ("7", Plain, &["0\n", "1\n"], "inconclusive:ran-several-times"),
        ("7", Plain, &["0\n"], "broken"),
        ("7", Plain, &[], "inconclusive:not-reached"),
        ("prose", Unmarked, &["0\n", "1\n"], "note"),
    ];
    for (text, evidence, pieces, expected) in rows {
        let mut claim = text_claim(text, evidence);
        claim.subject = statement(true, true);
        let observation = Observation {
            reached: vec![LineNumber::new(9)],
            ..printed(pieces)
        };
        let verdict = compare(&case("print(x)", claim), &observation);
        assert_eq!(told(&verdict), expected, "{text:?} against {pieces:?}");
    }
}

#[test]
fn text_printed_from_another_line_belongs_to_the_statement_that_called_it() {
    let observe = |text: &str| Observation {
        emissions: vec![Emission {
            line: Some(LineNumber::new(3)),
            ..emission(text)
        }],
        computed: vec![computed("None", false)],
        ..finished()
    };
    let rows = [
        ("Hi Al", Unmarked, "Hi Al\n", "held"),
        ("'Hi Al'", Plain, "Hi Al\n", "held:quoted-string"),
        ("'Hi Bo'", Plain, "Hi Al\n", "broken"),
        ("say hello", Unmarked, "Hi Al\n", "note"),
    ];
    check_rows(&rows, observe, false);
}

#[test]
fn a_statement_that_prints_one_thing_and_returns_another() {
    let observation = Observation {
        computed: vec![computed("3", false)],
        ..printed(&["adding\n"])
    };
    for (text, expected) in [("3", "held"), ("adding", "held"), ("4", "broken")] {
        let mut claim = text_claim(text, Plain);
        claim.subject = statement(false, false);
        assert_eq!(
            told(&compare(&case("add(1, 2)", claim), &observation)),
            expected,
            "{text:?}"
        );
    }
}

#[test]
fn a_lead_word_may_belong_to_the_output() {
    let rows = [
        ("3", "Вывод: 3", "Вывод: 3\n", "held:lead-word-in-output"),
        ("3", "Вывод: 3", "3\n", "held"),
        ("3", "Вывод: 3", "Вывод: 4\n", "broken"),
        (
            "Hello",
            "Prints Hello",
            "Prints Hello\n",
            "held:lead-word-in-output",
        ),
    ];
    for (text, with_lead, actual, expected) in rows {
        let mut claim = text_claim(text, Plain);
        if let Expected::Text {
            with_lead: lead, ..
        } = &mut claim.expected
        {
            *lead = Some(with_lead.to_owned());
        }
        let verdict = compare(&case("print(x)", claim), &printed(&[actual]));
        assert_eq!(told(&verdict), expected, "{with_lead:?} against {actual:?}");
    }
}

#[test]
fn words_of_its_own_limit_a_claim() {
    let version = || Some(Scope::Version("Python < 3.8".to_owned()));
    let rows = [
        ("5", version(), "6\n", "inconclusive:other-version"),
        ("5", version(), "5\n", "held"),
        (
            "2.3",
            Some(Scope::Approximate),
            "2.3456\n",
            "held:float-rounded",
        ),
        ("2.3", Some(Scope::Approximate), "2.4\n", "held:approximate"),
        (
            "0.5 s",
            Some(Scope::Approximate),
            "0.51\n",
            "held:approximate",
        ),
        (
            "0.3",
            Some(Scope::Approximate),
            "0.30000000000000004\n",
            "held:approximate",
        ),
        (
            "4388123",
            Some(Scope::Approximate),
            "140123\n",
            "inconclusive:approximate",
        ),
    ];
    for (text, scope, actual, expected) in rows {
        let claim = Claim {
            scope,
            ..text_claim(text, Plain)
        };
        let verdict = compare(&case("print(x)", claim), &printed(&[actual]));
        assert_eq!(told(&verdict), expected, "{text:?} against {actual:?}");
    }
}

#[test]
fn what_differs_on_each_run_breaks_nothing() {
    #[rustfmt::skip]
    let rows = [
        ("print(id(x))", "4387143328", "139876543210\n", "inconclusive:not-repeatable"),
        ("print(time.time())", "1700000000.5", "1700000009.7\n", "inconclusive:not-repeatable"),
        ("print(random.randint(1, 6))", "4", "2\n", "inconclusive:not-repeatable"),
        ("random.seed(1); print(random.randint(1, 6))", "4", "2\n", "broken"),
        ("print(x)", "4387143328", "139876543210000\n", "inconclusive:not-repeatable"),
        ("print(2 ** 48)", "281474976710655", "281474976710656\n", "broken"),
        ("print(valid(x))", "4", "5\n", "broken"),
        ("print(runtime(x))", "4", "5\n", "broken"),
    ];
    for (code, text, actual, expected) in rows {
        let verdict = compare(&case(code, text_claim(text, Plain)), &printed(&[actual]));
        assert_eq!(told(&verdict), expected, "{code}");
    }
}

#[test]
fn further_runs_count_only_where_they_ended_by_themselves() {
    let cut_short = |ending| Observation {
        ending,
        ..Observation::not_run()
    };
    let killed = [
        cut_short(Ending::NotRun),
        cut_short(Ending::Signalled { signal: 9 }),
        cut_short(Ending::TimedOut),
    ];
    let (right, wrong) = (printed(&["1\n"]), printed(&["2\n"]));
    let judged = |code: &str, others: &[Observation]| {
        let case = case(code, text_claim("2", Plain));
        told(&compare_repeated(&case, &right, others))
    };
    assert_eq!(judged("print(x)", &killed), "broken");
    assert_eq!(judged("print(x)", std::slice::from_ref(&right)), "broken");
    assert_eq!(
        judged("print(x)", std::slice::from_ref(&wrong)),
        "inconclusive:not-repeatable"
    );
    let lucky = |others: &[Observation]| {
        let case = case("print(random.choice([1, 2]))", text_claim("1", Plain));
        told(&compare_repeated(&case, &right, others))
    };
    assert_eq!(lucky(&killed), "held");
    assert_eq!(lucky(&[wrong]), "inconclusive:not-repeatable");
}

#[test]
fn a_claim_that_was_not_reached() {
    let line_before = LineNumber::new(4);
    let raised_before = Observation {
        ending: Ending::Raised,
        exception: Some(Exception {
            lines: vec![line_before],
            ..exception("KeyError", &["KeyError", "LookupError", "Exception"], "'x'")
        }),
        reached: vec![line_before],
        ..Observation::not_run()
    };
    let raised_here = Observation {
        ending: Ending::Raised,
        exception: Some(exception("KeyError", &[], "'x'")),
        ..finished()
    };
    let timed_out_here = Observation {
        ending: Ending::TimedOut,
        ..printed(&["1\n"])
    };
    let rows = [
        (
            &raised_before,
            "inconclusive:not-reached",
            Reason::UncaughtException,
        ),
        (
            &raised_here,
            "inconclusive:raised",
            Reason::UncaughtException,
        ),
        (
            &timed_out_here,
            "inconclusive:not-reached",
            Reason::TimedOut,
        ),
        (
            &Observation::not_run(),
            "inconclusive:not-run",
            Reason::NotConfined,
        ),
    ];
    for (observation, expected, reason) in rows {
        let verdict = compare(&case("print(x)", text_claim("5", Plain)), observation);
        assert_eq!(told(&verdict), expected);
        assert_eq!(verdict.reason, Some(reason));
        let unmarked = compare(
            &case("print(x)", text_claim("some words", Unmarked)),
            observation,
        );
        assert_eq!((told(&unmarked).as_str(), unmarked.notes), ("note", 1));
    }
}

#[test]
fn an_announced_exception() {
    let bases = ["ValueError", "Exception", "BaseException"];
    let raised = |type_name: &str, message: &str| Observation {
        raised: vec![Raised {
            line: line(),
            exception: exception(type_name, &bases, message),
        }],
        ..finished()
    };
    let quiet = finished();
    let value_error = raised(
        "ValueError",
        "invalid literal for int() with base 10: '12a'",
    );
    let decode_error = raised(
        "json.decoder.JSONDecodeError",
        "Expecting value: line 1 column 1 (char 0)",
    );
    #[rustfmt::skip]
    let rows = [
        (Some("ValueError"), None, Plain, &value_error, "held"),
        (Some("Exception"), None, Plain, &value_error, "held:base-class"),
        (Some("TypeError"), None, Plain, &value_error, "broken"),
        (Some("object"), None, Plain, &value_error, "broken"),
        (Some("TypeError"), None, Weak, &value_error, "inconclusive:weak-evidence"),
        (None, None, Plain, &value_error, "held"),
        (None, Some("нельзя"), Plain, &value_error, "held:explained-exception"),
        (None, None, Plain, &quiet, "note"),
        (Some("ValueError"), None, Plain, &quiet, "broken"),
        (Some("JSONDecodeError"), None, Plain, &decode_error, "held"),
        (Some("json.JSONDecodeError"), None, Plain, &decode_error, "held"),
        (Some("ValueError"), Some("invalid literal for int() with base 10: '12a'"), Plain, &value_error, "held"),
        (Some("ValueError"), Some("invalid literal for int()"), Plain, &value_error, "held:ellipsis"),
        (Some("ValueError"), Some("invalid literal for int() with base 10: \"12a\"."), Plain, &value_error, "held:spacing"),
        (Some("ValueError"), Some("invalid literal for int() with base 10: '12a' — не число"), Plain, &value_error, "held"),
        (Some("ValueError"), Some("нельзя превратить в число"), Plain, &value_error, "held:explained-exception"),
        (Some("ValueError"), Some("invalid literal for float() with base 10: 'x'"), Plain, &value_error, "inconclusive:other-message"),
    ];
    for (type_name, message, evidence, observation, expected) in rows {
        let exception = ExpectedException {
            type_name: type_name.map(str::to_owned),
            message: message.map(str::to_owned),
        };
        let text = format!(
            "{}: {}",
            type_name.unwrap_or("error"),
            message.unwrap_or_default()
        );
        let claim = claim(
            ClaimKind::Raises,
            &text,
            Expected::Exception(exception),
            evidence,
        );
        let verdict = compare(&case("int(x)", claim), observation);
        assert_eq!(told(&verdict), expected, "{text}");
    }
}

#[test]
fn the_name_of_an_exception_may_be_what_is_printed() {
    let rows = [
        ("ValueError", None, "ValueError\n", "held"),
        (
            "ValueError: bad",
            Some("bad"),
            "bad\n",
            "held:exception-prefix",
        ),
        ("ValueError: bad", Some("bad"), "ValueError: bad\n", "held"),
        ("ValueError: bad", Some("bad"), "good\n", "broken"),
    ];
    for (text, message, actual, expected) in rows {
        let exception = ExpectedException {
            type_name: Some("ValueError".to_owned()),
            message: message.map(str::to_owned),
        };
        let claim = claim(
            ClaimKind::Raises,
            text,
            Expected::Exception(exception),
            Plain,
        );
        let verdict = compare(&case("print(e)", claim), &printed(&[actual]));
        assert_eq!(told(&verdict), expected, "{text} against {actual:?}");
    }
}

#[test]
fn an_exception_that_a_claim_announces_does_not_fail_the_block() {
    let observation = Observation {
        ending: Ending::Raised,
        exception: Some(exception("KeyError", &["KeyError"], "'x'")),
        ..finished()
    };
    let expected = Expected::Exception(ExpectedException {
        type_name: Some("KeyError".to_owned()),
        message: None,
    });
    let claim = claim(ClaimKind::Raises, "KeyError", expected, Plain);
    let verdict = compare(&case("d['x']", claim), &observation);
    assert_eq!((verdict.status, verdict.reason), (Status::Passed, None));
}

#[test]
fn an_output_block() {
    #[rustfmt::skip]
    let rows = [
        ("1\n2\n", "1\n2\n", "held"),
        ("1\n2\n\n", "1  \n2", "held"),
        ("1\n2\n", "1\n3\n", "broken"),
        ("1\n2\n", "1\n2\n3\n", "broken"),
        ("1\n2\n", "", "broken"),
        ("1\n...\n9\n", "1\n2\n3\n9\n", "held:ellipsis"),
        ("1\n...\n9\n", "1\n2\n3\n8\n", "broken"),
        ("a\n\nb\n", "a\nb\n", "held:spacing"),
        ("a\n<BLANKLINE>\nb\n", "a\n\nb\n", "held"),
        ("a   b\n", "a b\n", "held:spacing"),
        ("{'a', 'b'}\n", "{'b', 'a'}\n", "held:set-order"),
        ("set: {'a', 'b'}\n", "set: {'b', 'a'}\n", "held:set-order"),
        ("set: {'a', 'c'}\n", "set: {'b', 'a'}\n", "broken"),
        ("{'a': 1, 'b': 2}\n", "{'b': 2, 'a': 1}\n", "broken"),
        ("0.33\n", "0.3333333333333333\n", "broken"),
        ("<A object at 0x10a>\n", "<A object at 0x7ff>\n", "held:address"),
        ("obj = <__main__.A object at 0x10a>\n", "obj = <__main__.A object at 0x7ff>\n", "held:address"),
        ("[\"a\"]\n", "['a']\n", "held:quotes"),
        ("[1,\n 2]\n", "[1, 2]\n", "held:spacing"),
        ("[1 2]\n", "[1, 2]\n", "broken"),
        ("Привет\n", "Привет\n", "held"),
        ("start ... end\n", "start of the end\n", "held:ellipsis"),
        ("true\n", "True\n", "broken"),
    ];
    for (lines, actual, expected) in rows {
        let mut claim = claim(
            ClaimKind::Output,
            lines.trim(),
            Expected::Output(lines.to_owned()),
            Plain,
        );
        claim.subject = Subject::Block;
        let verdict = compare(&case("print(x)", claim), &printed(&[actual]));
        assert_eq!(told(&verdict), expected, "{lines:?} against {actual:?}");
    }
}

#[test]
fn an_output_block_with_the_traceback() {
    let observation = Observation {
        ending: Ending::Raised,
        exception: Some(exception(
            "ZeroDivisionError",
            &["ZeroDivisionError"],
            "division by zero",
        )),
        ..printed(&["start\n"])
    };
    let rows = [
        (
            "start\nZeroDivisionError: division by zero\n",
            "held:with-stderr",
            Status::Passed,
        ),
        (
            "start\nTraceback (most recent call last):\n  File \"a.py\", line 2\nZeroDivisionError: division by zero\n",
            "held:with-stderr",
            Status::Passed,
        ),
        ("start\nend\n", "inconclusive:not-reached", Status::Failed),
        ("begin\nend\n", "broken", Status::Failed),
    ];
    for (lines, expected, status) in rows {
        let mut claim = claim(
            ClaimKind::Output,
            lines,
            Expected::Output(lines.to_owned()),
            Plain,
        );
        claim.subject = Subject::Block;
        let verdict = compare(&case("1 / 0", claim), &observation);
        assert_eq!(
            (told(&verdict).as_str(), verdict.status),
            (expected, status),
            "{lines:?}"
        );
    }
}

fn session(claim: Claim) -> Case {
    Case {
        kind: SnippetKind::Session,
        ..case(">>> x", claim)
    }
}

#[test]
fn an_example_of_a_session() {
    let rows = [
        ("5\n", vec!["5\n"], "held"),
        ("'a'\n", vec!["'a'\n"], "held"),
        ("\"a\"\n", vec!["'a'\n"], "held:quotes"),
        ("5\n", vec!["6\n"], "broken"),
        ("hi\n3\n", vec!["hi\n", "3\n"], "held"),
        ("5\n", vec![], "broken"),
    ];
    for (lines, pieces, expected) in rows {
        let claim = claim(
            ClaimKind::Session,
            lines,
            Expected::Output(lines.to_owned()),
            Plain,
        );
        let verdict = compare(&session(claim), &printed(&pieces));
        assert_eq!(told(&verdict), expected, "{lines:?} against {pieces:?}");
    }
}

#[test]
fn a_session_whose_example_raises() {
    let observe = |type_name: &str, name: Option<&str>| Observation {
        raised: vec![Raised {
            line: line(),
            exception: Exception {
                name: name.map(str::to_owned),
                ..exception(type_name, &[type_name], "message")
            },
        }],
        ..finished()
    };
    let rows = [
        (
            observe("ZeroDivisionError", None),
            Status::Failed,
            Reason::UncaughtException,
        ),
        (
            observe("NameError", Some("df")),
            Status::Inconclusive,
            Reason::UndefinedName,
        ),
        (
            observe("ModuleNotFoundError", Some("numpy")),
            Status::Inconclusive,
            Reason::MissingPackage,
        ),
    ];
    for (observation, status, reason) in rows {
        let claim = claim(
            ClaimKind::Session,
            "5",
            Expected::Output("5\n".to_owned()),
            Plain,
        );
        let verdict = compare(&session(claim), &observation);
        assert_eq!(told(&verdict), "inconclusive:raised");
        assert_eq!((verdict.status, verdict.reason), (status, Some(reason)));
    }
}

#[test]
fn each_ending_has_its_status() {
    let ended = |ending: Ending| Observation {
        ending,
        ..finished()
    };
    let raised = |type_name: &str, message: &str| Observation {
        exception: Some(exception(type_name, &[type_name, "OSError"], message)),
        ..ended(Ending::Raised)
    };
    let compile_error = Observation {
        exception: Some(Exception {
            is_compile_error: true,
            column: None,
            wants_network: false,
            ..exception("SyntaxError", &[], "invalid syntax")
        }),
        reached: Vec::new(),
        ..ended(Ending::Raised)
    };
    use Status::{Failed, Inconclusive, Passed};
    #[rustfmt::skip]
    let rows = [
        (finished(), Passed, None, None),
        (ended(Ending::Exited { status: 0, is_early: false, }), Passed, None, None),
        (ended(Ending::Exited { status: 0, is_early: true, }), Inconclusive, Some(Reason::Exited), Some("exited")),
        (ended(Ending::Exited { status: 1, is_early: false, }), Inconclusive, Some(Reason::Exited), Some("exited")),
        (ended(Ending::Signalled { signal: 11 }), Failed, Some(Reason::Signalled), Some("signalled")),
        (ended(Ending::TimedOut), Failed, Some(Reason::TimedOut), Some("timed-out")),
        (ended(Ending::MemoryLimit), Failed, Some(Reason::MemoryLimit), Some("memory-limit")),
        (ended(Ending::OutputLimit), Failed, Some(Reason::OutputLimit), Some("output-limit")),
        (ended(Ending::ProcessLimit), Failed, Some(Reason::ProcessLimit), Some("process-limit")),
        (ended(Ending::EarlyExit), Failed, Some(Reason::EarlyExit), Some("early-exit")),
        (ended(Ending::NotRun), Inconclusive, Some(Reason::NotConfined), None),
        (compile_error, Failed, Some(Reason::SyntaxError), Some("syntax-error")),
        (raised("ValueError", "bad"), Failed, Some(Reason::UncaughtException), Some("uncaught-exception")),
        (raised("EOFError", "EOF when reading a line"), Inconclusive, Some(Reason::ReadsInput), None),
        (raised("EOFError", "other"), Failed, Some(Reason::UncaughtException), Some("uncaught-exception")),
        (raised("socket.gaierror", "no"), Inconclusive, Some(Reason::NeedsNetwork), Some("needs-network")),
        (raised("OSError", "[Errno 101] Network is unreachable"), Inconclusive, Some(Reason::NeedsNetwork), Some("needs-network")),
        (raised("FileNotFoundError", "no"), Inconclusive, Some(Reason::NeedsFile), Some("needs-file")),
        (raised("UnboundLocalError", "x"), Failed, Some(Reason::UncaughtException), Some("uncaught-exception")),
    ];
    for (observation, status, reason, problem) in rows {
        let case = Case {
            claims: Vec::new(),
            ..case("f()", text_claim("5", Plain))
        };
        let verdict = compare(&case, &observation);
        let first = verdict.problems.first().map(|problem| problem.id);
        assert_eq!(
            (verdict.status, verdict.reason, first),
            (status, reason, problem),
            "{:?}",
            observation.ending
        );
    }
}

#[test]
fn what_is_known_on_paper_weighs_in() {
    let broken = printed(&["6\n"]);
    let held = printed(&["5\n"]);
    let base = || case("print(x)", text_claim("5", Plain));
    let with = |reason| Case {
        static_reason: Some(reason),
        ..base()
    };
    let skipped = |reason| Case {
        decision: Decision::Skip(reason),
        ..base()
    };
    use Status::{Failed, Inconclusive, Skipped};
    #[rustfmt::skip]
    let rows = [
        (base(), &broken, Failed, Reason::BrokenClaim),
        (with(Reason::MissingImport), &held, Failed, Reason::MissingImport),
        (with(Reason::MissingImport), &broken, Failed, Reason::BrokenClaim),
        (with(Reason::UndefinedName), &held, Inconclusive, Reason::UndefinedName),
        (with(Reason::UndefinedName), &broken, Failed, Reason::BrokenClaim),
        (skipped(Reason::SkippedByAuthor), &held, Skipped, Reason::SkippedByAuthor),
        (skipped(Reason::NotPython), &held, Skipped, Reason::NotPython),
        (skipped(Reason::UndefinedName), &held, Inconclusive, Reason::UndefinedName),
        (skipped(Reason::SyntaxError), &held, Failed, Reason::SyntaxError),
    ];
    for (case, observation, status, reason) in rows {
        let verdict = compare(&case, observation);
        assert_eq!((verdict.status, verdict.reason), (status, Some(reason)));
    }
}

#[test]
fn a_context_that_failed_decides_nothing() {
    let observation = Observation {
        context_failure: Some(crate::observation::ContextFailure::default()),
        ..Observation::not_run()
    };
    let verdict = compare(&case("print(x)", text_claim("5", Plain)), &observation);
    assert_eq!(told(&verdict), "inconclusive:context-failed");
    assert_eq!(
        (verdict.status, verdict.reason),
        (Status::Inconclusive, Some(Reason::ContextFailed))
    );
}

mod laws {
    use proptest::prelude::*;

    use super::super::tolerance::Likeness;
    use super::super::{same, text};
    use crate::claim::value::{self, Value};

    /// A value's repr, as Python writes it.
    fn repr(value: &Value) -> String {
        let join = |items: &[Value]| items.iter().map(repr).collect::<Vec<_>>().join(", ");
        match value {
            Value::Name(text) | Value::Number(text) => text.clone(),
            Value::Str(text) => format!(
                "'{}'",
                text.replace('\\', "\\\\")
                    .replace('\'', "\\'")
                    .replace('\n', "\\n")
            ),
            Value::List(items) => format!("[{}]", join(items)),
            Value::Tuple(items) if items.len() == 1 => format!("({},)", join(items)),
            Value::Tuple(items) => format!("({})", join(items)),
            Value::Set(items) => format!("{{{}}}", join(items)),
            Value::Dict(pairs) => {
                let pairs: Vec<_> = pairs
                    .iter()
                    .map(|(k, v)| format!("{}: {}", repr(k), repr(v)))
                    .collect();
                format!("{{{}}}", pairs.join(", "))
            }
            Value::Call(name, items) => {
                let items: Vec<_> = items
                    .iter()
                    .map(|(key, value)| match key {
                        Some(key) => format!("{key}={}", repr(value)),
                        None => repr(value),
                    })
                    .collect();
                format!("{name}({})", items.join(", "))
            }
            Value::Angle(text) => format!("<{text}>"),
            Value::Bytes(_) | Value::Ellipsis => String::new(),
        }
    }

    fn scalar() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<i64>().prop_map(|n| Value::Number(n.to_string())),
            (any::<i32>(), 1..1000u32).prop_map(|(n, d)| Value::Number(format!("{n}.{d}1"))),
            "[a-zа-я '\\\\\n]{0,8}".prop_map(Value::Str),
            prop_oneof![Just("True"), Just("False"), Just("None")]
                .prop_map(|name| Value::Name(name.to_owned())),
            "[A-Z][a-z]{1,5}".prop_map(|name| Value::Angle(format!("class '{name}'"))),
        ]
    }

    fn any_value() -> impl Strategy<Value = Value> {
        scalar().prop_recursive(4, 40, 5, |inner| {
            let items = || prop::collection::vec(inner.clone(), 0..5);
            prop_oneof![
                items().prop_map(Value::List),
                items().prop_map(Value::Tuple),
                prop::collection::vec(inner.clone(), 1..5).prop_map(Value::Set),
                prop::collection::vec((scalar(), inner.clone()), 0..5).prop_map(Value::Dict),
                ("[A-Z][a-z]{2,5}", items()).prop_map(|(name, items)| {
                    Value::Call(name, items.into_iter().map(|item| (None, item)).collect())
                }),
            ]
        })
    }

    /// The value with its first scalar replaced by something unlike it.
    fn changed(value: &Value) -> Value {
        let mut copy = value.clone();
        change_first(&mut copy);
        copy
    }

    fn change_first(value: &mut Value) -> bool {
        match value {
            Value::List(items) | Value::Tuple(items) | Value::Set(items) => {
                items.iter_mut().any(change_first)
            }
            Value::Dict(pairs) => pairs.iter_mut().any(|(_, value)| change_first(value)),
            Value::Call(_, items) => items.iter_mut().any(|(_, value)| change_first(value)),
            scalar => {
                *scalar = Value::Str("something else altogether".to_owned());
                true
            }
        }
    }

    proptest! {
        #[test]
        fn a_repr_is_read_back_whole(value in any_value()) {
            let text = repr(&value);
            prop_assert_eq!(value::whole(&text), Some(value), "{}", text);
        }

        #[test]
        fn a_value_is_the_same_as_itself_and_as_nothing_changed(value in any_value()) {
            prop_assert_eq!(same(&value, &value), Some(Likeness::Exact));
            let other = changed(&value);
            if other != value {
                prop_assert_eq!(same(&value, &other), None);
                prop_assert_eq!(same(&other, &value), None);
            }
        }

        #[test]
        fn a_value_alone_agrees_with_its_own_repr_only(value in any_value(), remark in "( — [a-zа-я ]*)?") {
            let shown = repr(&value);
            let text = format!("{shown}{remark}");
            let said = text::Said { text: &text, with_lead: None, value_len: Some(shown.len()), is_approximate: false, is_scoped: false };
            prop_assert_eq!(text::agree(&said, &shown), Some(Likeness::Exact));
            let other = changed(&value);
            if other != value {
                prop_assert_eq!(text::agree(&said, &repr(&other)), None, "{} against {}", text, repr(&other));
            }
        }

        #[test]
        fn no_texts_make_the_judge_panic(text in "\\PC{0,40}", actual in "\\PC{0,40}", len in 0..40usize) {
            let value_len = text.is_char_boundary(len).then_some(len);
            let said = text::Said { text: &text, with_lead: Some(&text), value_len, is_approximate: true, is_scoped: false };
            let _ = text::agree(&said, &actual);
            let _ = super::super::output::agree(&text, &actual);
        }

        #[test]
        fn no_signs_make_the_judge_panic(
            text in "[\\[\\](){}<>'\"`,:=.…—\\- 0x1-9a-cé\n]{0,40}",
            actual in "[\\[\\](){}<>'\"`,:=.…—\\- 0x1-9a-cé\n]{0,40}",
        ) {
            let said = text::Said { text: &text, with_lead: None, value_len: None, is_approximate: true, is_scoped: false };
            let _ = text::agree(&said, &actual);
            let _ = super::super::output::agree(&text, &actual);
        }
    }
}
