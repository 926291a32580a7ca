//! What the static reading of names promises holds: a block of which the plan misses no name runs, after
//! its context, without a `NameError`.
//!
//! The documents are made of random statements that bind, use, delete and hide names by every rule of
//! scope, and are run by the program itself. What is left out are statements whose effect on names depends on
//! values, such as a branch that is not taken: there the static reading is meant to be hopeful.

use std::fmt::Write;

use serde_json::Value;
use snipcheck::document::Document;
use snipcheck::plan::{self, Decision, Options};
use snipcheck::syntax;

use crate::project::Project;

const DOCUMENTS: u64 = 10;
const BLOCKS: usize = 40;

/// A sequence of numbers that only its seed decides (SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }

    fn name(&mut self) -> &'static str {
        ["a", "b", "c", "d", "e"][self.below(5)]
    }

    fn function(&mut self) -> &'static str {
        ["f", "g", "h"][self.below(3)]
    }

    fn class(&mut self) -> &'static str {
        ["K", "L"][self.below(2)]
    }
}

/// Statements; `A`, `B` and `C` stand for names, `F` and `G` for functions, `K` for a class.
const STATEMENTS: &[&str] = &[
    "A = 1",
    "A = B = 2",
    "A = [B]",
    "A: int = 3",
    "print(A)",
    "repr((A, B))",
    "A, *B = 1, 2, 3",
    "[A for A in (1, 2)]",
    "[A for B in (1, 2) for A in (B,)]",
    "[(A := B) for B in (1, 2)]",
    "{A: B for A in (1,)}",
    "sum(A for A in [len(str(B))])",
    "(A := 4)",
    "del A\nA = 0",
    "for A in (1, 2):\n    B = A",
    "while True:\n    A = 1\n    break\nelse:\n    print(B)",
    "with __import__('contextlib').nullcontext(5) as A:\n    print(B)",
    "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    A = str(error)",
    "try:\n    print(A)\nexcept NameError:\n    A = 6",
    "import math as A",
    "from math import pi as A, floor",
    "import os.path",
    "print(os.path.sep, A)",
    "def F():\n    return A",
    "def F(A=B):\n    C = A\n    return C",
    "def F():\n    A = 1\n    def inner():\n        nonlocal A\n        A = 2\n        return A, B\n    return inner()",
    "def F():\n    global A\n    A = 7",
    "def F():\n    return [A for A in (1, 2)], B",
    "def F(*A, **B):\n    return [C for C in A]",
    "def F():\n    return G()",
    "F = lambda: A",
    "F = lambda A=B: A",
    "F()",
    "print(F() is None, A)",
    "def F():\n    if False:\n        return A\n    return B",
    "class K:\n    A = 1\n    B = A\n    def m(self):\n        return C",
    "class K:\n    A = [B for C in (1,)]",
    "class K:\n    def __init__(self):\n        self.x = A",
    "class K:\n    def __str__(self):\n        return __class__.__name__\n    y = A",
    "K()",
    "K().x",
    "print(str(K()))",
    "def decorate(it):\n    return it\n@decorate\ndef F():\n    return A",
    "def F(x: A = 1) -> B:\n    return x",
    "def F(x: 'A' = 1) -> 'B':\n    y: C = 2\n    return y",
    "A += 1 if isinstance(A, int) else A",
    "print(f'{A!r:>{10}}')",
    "eval('A')",
    "exec('A = 8')",
    "list(map(lambda A: A, [B]))",
    "__name__, __doc__, A",
];

fn statement(chance: &mut Chance) -> String {
    let pattern = STATEMENTS[chance.below(STATEMENTS.len())];
    let names = [chance.name(), chance.name(), chance.name()];
    let functions = [chance.function(), chance.function()];
    let class = chance.class();
    // A word of the pattern that is a placeholder stands alone.
    let mut code = String::new();
    let mut word = String::new();
    for c in pattern.chars().chain(['\n']) {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        code += match word.as_str() {
            "A" => names[0],
            "B" => names[1],
            "C" => names[2],
            "F" => functions[0],
            "G" => functions[1],
            "K" => class,
            other => other,
        };
        word.clear();
        code.push(c);
    }
    code
}

fn document(seed: u64) -> String {
    let mut chance = Chance(seed);
    let mut text = String::from("# Made\n");
    for block in 0..BLOCKS {
        let mut code = String::new();
        // The first ones bind what the others use.
        if block < 5 {
            let _ = writeln!(code, "{} = {block}", ["a", "b", "c", "d", "e"][block]);
        }
        for _ in 0..=chance.below(3) {
            code += &statement(&mut chance);
        }
        let _ = write!(text, "\nThen:\n\n```python\n{code}```\n");
    }
    text
}

#[test]
fn what_misses_no_name_raises_no_name_error() {
    let documents: Vec<(String, String)> = (1..=DOCUMENTS)
        .map(|seed| (format!("{seed}.md"), document(seed)))
        .collect();
    let files: Vec<(&str, &str)> = documents.iter().map(|(a, b)| (&**a, &**b)).collect();
    let project = Project::new(&files);
    let ran = project.run(&["check", "--format", "json", "."]);
    let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let (mut judged, mut wrong) = (0, String::new());
    for (path, text) in &documents {
        let plan = plan::plan(
            Document::new(path.as_str(), text.as_str()),
            &Options::default(),
        );
        let reports = report["documents"].as_array().expect("documents");
        let own = reports.iter().find(|it| it["path"] == **path).expect("it");
        let blocks = own["blocks"].as_array().expect("blocks");
        assert_eq!(plan.cases.len(), blocks.len());
        for (case, block) in plan.cases.iter().zip(blocks) {
            let misses = case.static_reason.is_some() || !case.problems.is_empty();
            if misses || !matches!(case.decision, Decision::Run(_)) {
                continue;
            }
            judged += 1;
            let exception = &block["ending"]["exception"];
            let message = exception["message"].as_str().unwrap_or_default();
            let own = syntax::syntax(&case.block.code).names.bound;
            // What a block binds itself, only too late, it misses by its own fault.
            let is_own = own
                .iter()
                .any(|it| message.contains(&format!("'{}'", it.name)));
            // What a function of the context misses, its branch may well never be taken.
            let lines = block["line"].as_u64()..=block["end_line"].as_u64();
            let is_here = lines.contains(&exception["line"].as_u64());
            if exception["type"] == "NameError" && !is_own && is_here {
                let (line, context) = (&block["line"], &block["context"]);
                let _ = writeln!(wrong, "{path}:{line}, after {context}: {exception}");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}\n{documents:#?}");
    assert!(judged > 300, "{judged} blocks were judged");
}
