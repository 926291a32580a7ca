//! Laws over hostile input: nothing panics, spans hold what they say, time is linear.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::block::blocks;
use crate::syntax::syntax;

/// Pieces out of which comments, prompts and output are made, the awkward ones among them.
const PIECES: &[&str] = &[
    "#",
    "# ",
    " ",
    "  ",
    "\t",
    "\n",
    "\n",
    "\n\n",
    "    ",
    "print(x)",
    "x = 1",
    "f(x)",
    "def f():",
    "if x:",
    "a.b(c)",
    "del a[0]",
    "=>",
    "->",
    "→",
    ">",
    ">>>",
    ">>> ",
    "...",
    "... ",
    "=",
    "==",
    "Output",
    "Output:",
    "Вывод",
    "Вывод:",
    "выведет",
    "输出",
    "：",
    "[1, 2]",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    "<",
    ">",
    "<class 'A'>",
    "5",
    "1.5",
    "'a'",
    "\"",
    "'",
    "`",
    "True",
    "None",
    "é",
    "İ",
    "ẞ",
    "👍🏽",
    "\u{301}",
    "—",
    " — ",
    " - ",
    ",",
    ":",
    ";",
    "!",
    "?",
    ".",
    "…",
    "~",
    "≈",
    "например",
    "e.g.",
    "about",
    "TypeError",
    "raises",
    "error",
    "Ошибка:",
    "KeyError: 'k'",
    "Python",
    "Python 2",
    "3.8+",
    "< 3.5",
    "(Python 2):",
    "O(1)",
    "noqa",
    "1. a",
    "if",
    "если",
    "Traceback (most recent call last):",
    "\"\"\"",
    "doctest: +SKIP",
    "\u{feff}",
    "\u{2028}",
    "\u{c}",
    "\\",
    "class E(Exception):",
];

fn hostile() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..60).prop_map(|pieces| pieces.concat())
}

fn check(text: &str) {
    let document = Document::new("any.md", text);
    let (blocks, _) = blocks(&document);
    for pair in blocks.windows(2) {
        if let [block, next] = pair {
            let syntax = syntax(&block.code);
            let _ = output_claim(&document, block, &syntax, next, block.is_session());
        }
    }
    for block in &blocks {
        let examples = examples(&document, block);
        let sessions = session_claims(&document, block, &examples);
        let scripts = claims(&document, block, &syntax(&block.code));
        for claim in sessions.claims.iter().chain(&scripts.claims) {
            assert!(text.get(claim.span.range()).is_some(), "{claim:?}");
            if let Expected::Text {
                text, value_len, ..
            } = &claim.expected
            {
                assert!(
                    value_len.is_none_or(|len| text.get(..len).is_some()),
                    "{claim:?}"
                );
            }
        }
        for note in sessions.notes.iter().chain(&scripts.notes) {
            assert!(document.slice(note.span).starts_with('#'), "{note:?}");
        }
    }
}

proptest! {
    #[test]
    fn any_comment_is_read(text in hostile()) {
        let comment = text.replace('\n', " ");
        check(&format!("```python\nprint(x)  # {comment}\n# {comment}\n```\n\n{comment}:\n\n```\n{comment}\n```\n"));
    }

    #[test]
    fn any_code_is_read(code in hostile(), next in hostile()) {
        check(&format!("```python\n{code}\n```\n\n```\n{next}\n```\n"));
    }

    #[test]
    fn any_session_is_read(code in hostile()) {
        check(&format!("```\n>>> {code}\n```\n"));
    }

    #[test]
    fn any_text_is_read(text in "\\PC{0,80}") {
        check(&format!("```python\nf()  # {text}\n# {text}\n```\n"));
    }
}

#[test]
fn every_comment_is_a_claim_or_a_note_once() {
    let text = "```python\nprint(1)  # 1\n# a\n\n# b\nx = (  # c\n    1)\nelse:  # d\n# e\n```\n";
    let document = Document::new("a.md", text);
    let (blocks, _) = blocks(&document);
    let syntax = syntax(&blocks[0].code);
    let claims = claims(&document, &blocks[0], &syntax);
    assert_eq!(
        claims.claims.len() + claims.notes.len(),
        syntax.comments.len()
    );
}

#[test]
fn time_is_linear() {
    let many = 20_000;
    let hostile = [
        "print(x)  # [1, 2] — remark\n".repeat(many),
        "# a\n".repeat(many),
        format!("print(x)\n{}", "# 1\n".repeat(many)),
        format!("print(x)\n{}", "# [1,\n".repeat(many)),
        format!("print(x)\n# Output:\n{}", "# [\n".repeat(many)),
        format!("print(x)\n# => [\n{}", "# => a\n".repeat(many)),
        format!("print(x)  # {}\n", "1 ".repeat(many)),
        format!("print(x)  # {}\n", "[".repeat(many)),
        format!("print(x)  # {}\n", "raises ".repeat(many)),
        format!("print(x)  # {}\n", "Python ".repeat(many)),
        format!("print(x)  # {}\n", "Output: ".repeat(many)),
        "print(x)\n\n\n# a\n".repeat(many / 2),
        "print(x)\n# => a\n# => b\n".repeat(many / 2),
        format!("x\n{}# a\n", "\n".repeat(many)),
        "print(x)\n\"\"\"\na\n\"\"\"\n".repeat(many / 2),
        ">>> x\n1\n".repeat(many),
        format!(">>> x\n{}", "1\n".repeat(many)),
        format!(">>> if x:\n{}", "...\n".repeat(many)),
        format!(">>> x\n{}", "...\n".repeat(many)),
        format!("import os\n{}", "# => a\n# Output: b\n".repeat(many / 2)),
        "print(x)\n\"\"\"\na\n\"\"\"\nprint(x)  # 1\n".repeat(many / 2),
        "f()  # ((((((((((((((((((((((((((((((((((((((((((((((((((\n".repeat(1_000),
        "class E(Exception): pass\nf()  # E\n".repeat(many / 2),
    ];
    for code in hostile {
        let started = Instant::now();
        check(&format!("```python\n{code}```\n"));
        let spent = started.elapsed();
        assert!(
            spent < Duration::from_secs(20),
            "{:.40} took {spent:?}",
            code
        );
    }
}
