//! Whatever is handed in, the program says what is wrong, judges the rest, and never panics.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Value;
use snipcheck::document::Document;
use snipcheck::plan;

use crate::chance::Chance;
use crate::project::{Project, Ran, repository_files};

/// The report on one document with this content.
fn report(name: &str, content: &[u8]) -> (Ran, Value) {
    let project = Project::new(&[]);
    project.write(name, content);
    let ran = project.run(&["check", "--format", "json", name]);
    let report = serde_json::from_str(&ran.stdout).expect("the report is JSON");
    (ran, report)
}

/// Reason and line of each problem, and the verdict on each claim, one document's.
fn outline(report: &Value) -> Vec<String> {
    let items = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut outline = Vec::new();
    for document in items(&report["documents"]) {
        for problem in items(&document["problems"]) {
            outline.push(format!("{} {}", problem["line"], problem["id"]));
        }
        for block in items(&document["blocks"]) {
            outline.push(format!(
                "{} {} {}",
                block["line"], block["status"], block["reason"]
            ));
            for claim in items(&block["claims"]) {
                outline.push(format!(
                    "{}:{} {}",
                    claim["line"], claim["column"], claim["verdict"]
                ));
            }
        }
    }
    outline.iter().map(|line| line.replace('"', "")).collect()
}

fn python(code: &str) -> String {
    format!("```python\n{code}\n```\n")
}

#[test]
fn an_empty_document_holds_nothing() {
    for content in ["", "\n", "   \t", "\u{feff}", "---\n---\n", "```", "<!--"] {
        let (ran, report) = report("empty.md", content.as_bytes());
        assert_eq!(ran.status, 0, "{content:?}");
        assert_eq!(report["summary"]["blocks"], 0, "{content:?}");
    }
}

#[test]
fn a_binary_file_is_named_and_the_rest_is_judged() {
    let project = Project::new(&[("b.md", &python("print(1)  # 1"))]);
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    project.write("a.md", &bytes);
    project.write("c.md", b"\xff\xfe#\0 \0T\0\n\0");
    project.write("d.md", b"# T\n\n```python\nprint(1)  # 1\0\n```\n");
    let ran = project.run(&["check", "."]);
    assert_eq!(ran.status, 1, "{}", ran.stdout);
    for name in ["a.md", "c.md"] {
        assert!(ran.stdout.contains(name), "{}", ran.stdout);
    }
    assert!(ran.stdout.contains("not UTF-8"), "{}", ran.stdout);
    assert!(ran.stdout.contains("1 passed"), "{}", ran.stdout);
}

#[test]
fn ten_megabytes_are_read() {
    let prose = "Some words, `code`, *emphasis* and [links](x).\n\n".repeat(200_000);
    let line = format!("data = '{}'  # a remark\n", "x".repeat(5_000));
    let code = python(&format!("{}print(len(data))  # 5000", line.repeat(2_000)));
    let project = Project::new(&[("prose.md", &prose), ("code.md", &code)]);
    let ran = project.run(&["list"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("1 claim"), "{}", ran.stdout);
    let ran = project.run(&["check", "--format", "concise"]);
    assert_eq!(ran.status, 0, "{}", ran.stdout);
    assert!(ran.stdout.contains("1 held"), "{}", ran.stdout);
}

/// A document of as many blocks, each with a claim.
fn blocks(count: usize) -> String {
    let mut text = String::new();
    for number in 0..count {
        let _ = write!(
            text,
            "## Part {number}\n\n```python\nx = {number}\nprint(x)  # {number}\n```\n\n"
        );
    }
    text
}

#[test]
fn a_hundred_thousand_blocks_are_listed() {
    let project = Project::new(&[("many.md", &blocks(100_000))]);
    let ran = project.run(&["list", "many.md"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("part-99999/1"));
}

#[test]
fn three_thousand_blocks_are_checked() {
    let (ran, report) = report("many.md", blocks(3_000).as_bytes());
    assert_eq!(ran.status, 0);
    assert_eq!(report["summary"]["passed"], 3_000);
    assert_eq!(report["summary"]["claims"]["held"], 3_000);
}

#[test]
fn what_cannot_be_read_is_a_problem_at_its_path() {
    let project = Project::new(&[("ok.md", &python("print(1)  # 1")), ("closed.md", "x")]);
    let closed = project.path("closed.md");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000))
        .expect("its permissions change");
    if fs::read(&closed).is_ok() {
        println!("skipped: this user may read every file");
        return;
    }
    let ran = project.run(&["check", "."]);
    assert_eq!(ran.status, 1, "{}", ran.stdout);
    assert!(ran.stdout.contains("closed.md"), "{}", ran.stdout);
    assert!(ran.stdout.contains("1 passed"), "{}", ran.stdout);
}

#[test]
fn nothing_to_judge_is_an_error_that_names_the_path() {
    let project = Project::new(&[("notes/plain.txt", "x")]);
    for (path, word) in [
        ("notes", "no Markdown documents"),
        ("nowhere", "no such file"),
        ("nowhere/a.md", "no such file"),
        ("notes/plain.txt/a.md", "no such file"),
    ] {
        let ran = project.run(&["check", path]);
        assert_eq!(ran.status, 2, "{path:?}: {}", ran.stdout);
        assert!(ran.stderr.contains(word), "{path:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{path:?}");
    }
}

#[test]
fn long_lines_are_judged_and_shown_short() {
    let long = "a".repeat(1_000_000);
    let code = format!("x = '{long}'\nprint(len(x))  # 1000000\nprint(x)  # '{long}'");
    let document = format!("{}\n\n{}", "word ".repeat(200_000), python(&code));
    let project = Project::new(&[("long.md", &document)]);
    let ran = project.run(&["check", "--format", "full", "--output-kb", "2048"]);
    assert_eq!(ran.status, 0, "{:.400}", ran.stdout);
    let code = format!("x = '{long}'\nprint(x)  # '{}b'", &long[1..]);
    let project = Project::new(&[("long.md", &python(&code))]);
    let ran = project.run(&["check", "--format", "full", "--output-kb", "2048"]);
    assert_eq!(ran.status, 1);
    assert!(ran.stdout.len() < 10_000, "{}", ran.stdout.len());
}

#[test]
fn deep_nesting_is_no_trap() {
    let quote = ">".repeat(5_000);
    let quotes = format!("{quote} ```python\n{quote} print(1)  # 1\n{quote} ```\n");
    let mut lists = String::new();
    for depth in 0..1_000 {
        let _ = writeln!(lists, "{}- x", "  ".repeat(depth));
    }
    let fence = "`".repeat(10_000);
    let fences = format!("{fence}python\nprint(1)  # 1\n{fence}\n");
    for (name, text) in [("quotes", &quotes), ("lists", &lists), ("fences", &fences)] {
        let (ran, report) = report(&format!("{name}.md"), text.as_bytes());
        assert_eq!(ran.status, 0, "{name}: {report}");
        assert_eq!(report["summary"]["failed"], 0, "{name}");
    }
}

#[test]
fn code_that_is_nested_too_deeply_fails_alone() {
    let parentheses = format!("x = {}1{}", "(".repeat(5_000), ")".repeat(5_000));
    let minuses = format!("x = {}1\nprint(x)  # 1", "-".repeat(200_000));
    let lists = format!("x = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    let calls = format!("x = print{}", "()".repeat(50_000));
    let sums = format!("x = 1{}\nprint(x)  # 100001", " + 1".repeat(100_000));
    let blocks: String = (0..150)
        .map(|depth| format!("{}if True:\n", " ".repeat(depth)))
        .collect();
    let claim = format!("print(1)  # {}", "[".repeat(100_000));
    for code in [parentheses, minuses, lists, calls, sums, blocks, claim] {
        let start: String = code.chars().take(40).collect();
        let document = format!(
            "{}\n{}\n{}",
            python("print(1)  # 1"),
            python(&code),
            python("print(2)  # 2")
        );
        let (_, report) = report("deep.md", document.as_bytes());
        assert_eq!(report["summary"]["ran"], 3, "{start}");
        assert!(report["summary"]["passed"].as_u64() >= Some(2), "{start}");
        let reason = &report["documents"][0]["blocks"][1]["reason"];
        let is_fair = reason.is_null() || reason == "syntax-error" || reason == "signalled";
        assert!(is_fair, "{start}: {reason}");
    }
}

#[test]
fn huge_numbers_are_compared_and_not_computed() {
    let nines = "9".repeat(100_000);
    let code = format!(
        "print(7)  # {nines}\nprint(1)  # 1e999999999\nprint(2)  # 0x{}\nprint(10 ** 20)  # 1e20\n\
         print(5)  # 5e-999999999\nprint(3)  # -{nines}.{nines}",
        "f".repeat(10_000)
    );
    let (ran, report) = report("numbers.md", python(&code).as_bytes());
    assert_eq!(ran.status, 1);
    let verdicts = outline(&report);
    for line in [2, 3, 4, 6, 7] {
        let start = format!("{line}:");
        let verdict = verdicts.iter().find(|it| it.starts_with(&start));
        assert!(
            verdict.is_some_and(|it| it.ends_with("broken")),
            "{verdicts:?}"
        );
    }
}

#[test]
fn an_int_literal_past_the_interpreters_limit_is_its_error() {
    let code = format!("x = {}\nprint(x > 0)  # True", "9".repeat(100_000));
    let (_, report) = report("int.md", python(&code).as_bytes());
    let reason = &report["documents"][0]["blocks"][0]["reason"];
    assert!(reason.is_null() || reason == "syntax-error", "{reason}");
}

#[test]
fn lines_and_columns_survive_a_byte_order_mark_and_foreign_line_ends() {
    let unix = "# Заголовок\n\n```python\nprint('я')  # я\nprint(2)  # 3\n```\n\n> ```python\n> 1 +\n> ```\n";
    let expected = [
        "4 failed broken-claim",
        "4:15 held",
        "5:13 broken",
        "9 failed syntax-error",
    ];
    for line_end in ["\n", "\r\n", "\r"] {
        for start in ["", "\u{feff}"] {
            let text = format!("{start}{}", unix.replace('\n', line_end));
            let (ran, report) = report("ends.md", text.as_bytes());
            assert_eq!(ran.status, 1);
            assert_eq!(outline(&report), expected, "{line_end:?} {start:?}");
        }
    }
}

#[test]
fn odd_names_are_found_and_shown_on_one_line() {
    let names = [
        "with space.md",
        "строка.md",
        "new\nline.md",
        "quote'\".md",
        "-dash.md",
        "$(touch owned).md",
        "\u{202e}dm.md",
        "100%:12.md",
    ];
    let text = python("print(1)  # 2");
    let project = Project::new(&names.map(|name| (name, text.as_str())));
    let ran = project.run(&["check", "--format", "json"]);
    assert_eq!(ran.status, 1);
    let report: Value = serde_json::from_str(&ran.stdout).expect("the report is JSON");
    let documents = report["documents"].as_array().expect("a list").clone();
    let mut paths: Vec<&str> = documents
        .iter()
        .filter_map(|it| it["path"].as_str())
        .collect();
    paths.sort_unstable();
    let mut expected = names;
    expected.sort_unstable();
    assert_eq!(paths, expected);
    let ran = project.run(&["check", "--format", "concise"]);
    let problems = ran.stdout.lines().filter(|it| it.contains("broken-claim"));
    assert_eq!(problems.count(), names.len(), "{}", ran.stdout);
    for name in names {
        let typed = format!("./{name}");
        let ran = project.run(&["check", "--format", "concise", &typed]);
        assert_eq!(ran.status, 1, "{name:?}: {}", ran.stderr);
    }
    assert!(!project.path("owned").exists());
}

#[test]
fn bytes_that_are_no_text_are_shown_as_such() {
    let code = "import os\nos.write(1, b'\\xff\\xfe\\x00\\n')\nprint('\\udcff'.encode('utf-8', 'surrogateescape'))  # b'\\xff'\nvalue = '\\ud800'\nvalue  # '\\ud800'\nraise ValueError('\\udcff')";
    let (ran, report) = report("bytes.md", python(code).as_bytes());
    assert_eq!(ran.status, 1);
    let block = &report["documents"][0]["blocks"][0];
    assert_eq!(block["reason"], "uncaught-exception");
    assert_eq!(block["ending"]["exception"]["message"], "\\udcff");
    assert_eq!(report["summary"]["claims"]["held"], 2);
}

#[test]
fn an_overflowing_stack_costs_its_own_block() {
    let overflow = "import sys\nsys.setrecursionlimit(10 ** 9)\ndef down(n):\n    return [down(n + 1)]\ndown(0)\nprint(1)  # 1";
    let in_c = "import sys\nsys.setrecursionlimit(10 ** 9)\nx = []\nfor _ in range(10 ** 6):\n    x = [x]\nrepr(x)\nprint(1)  # 1";
    let in_thread = "import threading\nthreading.stack_size(64 * 1024)\nimport sys\nsys.setrecursionlimit(10 ** 9)\ndef down(n):\n    return [down(n + 1)]\nthread = threading.Thread(target=down, args=(0,))\nthread.start()\nthread.join()";
    let text = [
        "print(0)  # 0",
        overflow,
        "print(1)  # 1",
        in_c,
        in_thread,
        "print(2)  # 2",
    ];
    let document: String = text.iter().map(|code| python(code) + "\n").collect();
    let (ran, report) = report("stack.md", document.as_bytes());
    assert_eq!(ran.status, 1);
    let blocks = report["documents"][0]["blocks"].as_array().expect("a list");
    for (block, is_harmless) in blocks.iter().zip([true, false, true, false, false, true]) {
        let (status, reason) = (&block["status"], &block["reason"]);
        if is_harmless {
            assert_eq!(status, "passed", "{}: {reason}", block["line"]);
        } else {
            println!("line {}: {status} {reason}", block["line"]);
        }
    }
}

/// The offset of a character of `text`.
fn offset(chance: &mut Chance, text: &str) -> usize {
    let mut offset = chance.below(text.len() + 1);
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

const SPICES: [&str; 40] = [
    "```",
    "````",
    "~~~",
    "```python\n",
    ">>> ",
    "... ",
    "# ",
    "# => ",
    "'",
    "\"\"\"",
    "\\",
    "\\\n",
    "(",
    ")",
    "[",
    "{",
    "}",
    ":",
    "\t",
    "\r",
    "\r\n",
    "\u{feff}",
    "\0",
    "\u{2028}",
    "\u{301}",
    "> ",
    "- ",
    "    ",
    "<!--",
    "-->",
    "<details>",
    "f'{",
    "{x!r:",
    "lambda: ",
    "async ",
    "@",
    ";",
    "🎉",
    "Traceback (most recent call last):\n",
    "---\n",
];

/// The text with a few random edits.
fn mutated(text: &str, chance: &mut Chance) -> String {
    let mut text = text.to_owned();
    for _ in 0..=chance.below(4) {
        let (a, b) = (offset(chance, &text), offset(chance, &text));
        let (from, to) = (a.min(b), a.max(b));
        let near = (from + 40).min(to);
        let near = (from..=near)
            .rev()
            .find(|&it| text.is_char_boundary(it))
            .unwrap_or(from);
        match chance.below(6) {
            0 => text.truncate(a),
            1 => text.replace_range(from..near, ""),
            2 => text.insert_str(a, SPICES[chance.below(SPICES.len())]),
            3 => text.replace_range(from..near, SPICES[chance.below(SPICES.len())]),
            4 => {
                let copy = text[from..near].to_owned();
                text.insert_str(a, &copy);
            }
            _ => text.insert_str(a, &SPICES[chance.below(SPICES.len())].repeat(20)),
        }
    }
    text
}

#[test]
fn no_mutation_of_a_study_document_makes_planning_panic() {
    const MUTATIONS: usize = 2_000;
    /// Only so much of a document is used, so that many mutations fit into a second.
    const LEN_MAX: usize = 2_500;
    let texts: Vec<String> = repository_files("snippets", &["md"])
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    assert!(!texts.is_empty(), "the study documents are there");
    let mut chance = Chance(1);
    for number in 0..MUTATIONS {
        let text = &texts[number % texts.len()];
        let mut from = offset(&mut chance, text);
        from = text[..from].rfind('\n').map_or(0, |end| end + 1);
        let part: String = text[from..].chars().take(LEN_MAX).collect();
        let text = mutated(&part, &mut chance);
        let planned = catch_unwind(AssertUnwindSafe(|| {
            plan::plan(
                Document::new("mutated.md", text.as_str()),
                &plan::Options::default(),
            )
        }));
        assert!(planned.is_ok(), "mutation {number} panics:\n{text:?}");
    }
}
