//! Statements of the study documents are broken at random: the tool reports these, and nothing else.
//!
//! What is broken is what a reader would call a wrong answer: a value behind code, the type of an exception, a line of
//! output. Left aside is what the tool leaves undecided on purpose: measured values, comments about one version, names
//! and files of which it cannot know whether they are missing by mistake, prose after `print`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::chance::Chance;
use crate::project::{Project, repository_files};
use crate::study::report;

/// Experiments: the seed, and how many statements are broken at a time.
const EXPERIMENTS: [(u64, usize); 5] = [(1, 10), (2, 10), (3, 10), (5, 10), (8, 100)];
/// The fewest statements to choose from, so that the choice stays a choice.
const STATEMENTS_MIN: usize = 800;
/// Code with one of these words measures something, or asks for the time or the version.
const MEASURING: [&str; 16] = [
    "choice(",
    "current_thread",
    "cwd(",
    "environ",
    "get_ident",
    "getpid",
    "getrefcount",
    "getsizeof",
    "hash(",
    "id(",
    "now(",
    "random",
    "sys.path",
    "sys.version",
    "time",
    "tracemalloc",
];
/// An exception of these types may mean that something is missing here.
const MISSING: [&str; 6] = [
    "FileNotFoundError",
    "ImportError",
    "ModuleNotFoundError",
    "NameError",
    "OSError",
    "UnboundLocalError",
];

/// A claim that can be broken.
struct Statement {
    /// The document, from the root of the repository.
    path: String,
    /// The line in it, from 1.
    line: u64,
    /// Where the value stands in the line, in characters from 1.
    column: usize,
    /// What the document says.
    right: String,
    /// What it is made to say.
    wrong: String,
}

fn items(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The report on all documents of the project.
fn check(project: &Project) -> Value {
    let ran = project.run(&["check", "--no-snapshots", "--format", "json"]);
    serde_json::from_str(&ran.stdout).expect("the report is JSON")
}

/// The integer that `text` begins with, one more; what follows must not make it another number.
fn next_integer(text: &str) -> Option<String> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let is_integer = digits.len() < 10 && !rest.starts_with(['.', 'e', '_']);
    let number: u64 = digits.parse().ok().filter(|_| is_integer)?;
    Some(format!("{}{rest}", number + 1))
}

/// Another value of the same form: a truth value turned, a number raised, a string made longer.
fn other_value(right: &str) -> Option<String> {
    match right {
        "True" => return Some("False".to_owned()),
        "False" => return Some("True".to_owned()),
        _ => {}
    }
    if right.starts_with(|c: char| c.is_ascii_digit()) {
        return next_integer(right).filter(|other| other.bytes().all(|b| b.is_ascii_digit()));
    }
    if !right.starts_with(['[', '(', '{', '\'']) || right.contains("Error") {
        return None;
    }
    let at = right.find(|c: char| c.is_ascii_digit() || c == '\'')?;
    let (before, rest) = right.split_at(at);
    let other = match rest.strip_prefix('\'') {
        Some(string) => format!("'other {string}"),
        None => next_integer(rest)?,
    };
    Some(format!("{before}{other}"))
}

/// Another type of exception in front of the same message.
fn other_exception(right: &str) -> Option<String> {
    let end = right
        .find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '_')))
        .unwrap_or(right.len());
    let (name, rest) = right.split_at(end);
    let other = if name == "OverflowError" {
        "KeyError"
    } else {
        "OverflowError"
    };
    (!MISSING.contains(&name)).then(|| format!("{other}{rest}"))
}

/// What the claim is made to say instead, if it is one that a reader would take at its word.
fn wrong(claim: &Value, line: &str, right: &str) -> Option<String> {
    let column = usize::try_from(claim["column"].as_u64()?).ok()?;
    let before: String = line.chars().take(column - 1).collect();
    let is_behind_code = before
        .split('#')
        .next()
        .is_some_and(|c| !c.trim().is_empty());
    let is_about_versions = line.contains("3.");
    match text(&claim["kind"]) {
        "comment" if is_behind_code && !is_about_versions => other_value(right),
        "raises" => other_exception(right),
        "output" => right
            .starts_with(char::is_alphabetic)
            .then(|| format!("other {right}")),
        _ => None,
    }
}

/// The code of a block, by the lines that the report gives for it.
fn code(block: &Value, lines: &[&str]) -> String {
    let line = |key: &str| block[key].as_u64().unwrap_or(1) as usize;
    lines[line("line") - 1..line("end_line")].join("\n")
}

/// The claims of one block that can be broken.
fn statements_of(block: &Value, code: &str, path: &str, lines: &[&str]) -> Vec<Statement> {
    let prints = code.lines().any(|line| line.starts_with("print("));
    let statement = |claim: &Value| {
        let line = claim["line"].as_u64()?;
        let column = usize::try_from(claim["column"].as_u64()?).ok()?;
        let right = text(&claim["expected"]).lines().next()?;
        let is_weak = claim["kind"] == "output" && !prints;
        let wrong = wrong(claim, lines[line as usize - 1], right).filter(|_| !is_weak)?;
        let (path, right) = (path.to_owned(), right.to_owned());
        Some(Statement {
            path,
            line,
            column,
            right,
            wrong,
        })
    };
    items(&block["claims"])
        .iter()
        .filter_map(statement)
        .collect()
}

/// The claims of the report that can be broken.
fn statements(report: &Value, documents: &BTreeMap<String, String>) -> Vec<Statement> {
    let mut found = Vec::new();
    for document in items(&report["documents"]) {
        let path = text(&document["path"]);
        let Some(document_text) = documents.get(path) else {
            continue;
        };
        let lines: Vec<&str> = document_text.lines().collect();
        let blocks = items(&document["blocks"]);
        let codes: BTreeMap<&str, String> = blocks
            .iter()
            .map(|block| (text(&block["id"]), code(block, &lines)))
            .collect();
        for block in &blocks {
            let own = &codes[text(&block["id"])];
            let context = items(&block["context"]);
            let context = context.iter().filter_map(|id| codes.get(text(id)));
            let run: String = context.chain([own]).cloned().collect();
            if !MEASURING.iter().any(|word| run.contains(word)) {
                found.extend(statements_of(block, own, path, &lines));
            }
        }
    }
    found
}

/// The document with the statement broken.
fn broken(document: &str, statement: &Statement) -> String {
    let mut lines: Vec<String> = document.split('\n').map(str::to_owned).collect();
    let line = &mut lines[statement.line as usize - 1];
    let start = line
        .char_indices()
        .nth(statement.column - 1)
        .map_or(line.len(), |(at, _)| at);
    let end = start + statement.right.len();
    assert_eq!(&line[start..end], statement.right, "{}", statement.path);
    line.replace_range(start..end, &statement.wrong);
    lines.join("\n")
}

/// Document and line of every claim that does not hold.
fn not_held(report: &Value) -> BTreeSet<(String, u64, String)> {
    let mut found = BTreeSet::new();
    for document in items(&report["documents"]) {
        let path = text(&document["path"]);
        let blocks = items(&document["blocks"]);
        for claim in blocks.iter().flat_map(|block| items(&block["claims"])) {
            if claim["verdict"] != "held" {
                let line = claim["line"].as_u64().unwrap_or_default();
                found.insert((path.to_owned(), line, text(&claim["verdict"]).to_owned()));
            }
        }
    }
    found
}

/// Breaks statements of a copy and compares what was broken with what is reported.
fn experiment(
    seed: u64,
    number: usize,
    statements: &[Statement],
    documents: &BTreeMap<String, String>,
) {
    let mut chance = Chance(seed);
    let mut chosen = BTreeMap::new();
    while chosen.len() < number {
        let statement = &statements[chance.below(statements.len())];
        chosen.insert((&statement.path, statement.line), statement);
    }
    let mut copies: BTreeMap<&str, String> = BTreeMap::new();
    for statement in chosen.values() {
        let copy = copies
            .entry(&statement.path)
            .or_insert_with(|| documents[&statement.path].clone());
        *copy = broken(copy, statement);
    }
    let files: Vec<(&str, &str)> = copies.iter().map(|(path, copy)| (*path, &**copy)).collect();
    let project = Project::new(&files);
    let report = check(&project);

    let said = not_held(&report);
    let done: BTreeSet<(String, u64, String)> = chosen
        .values()
        .map(|s| (s.path.clone(), s.line, "broken".to_owned()))
        .collect();
    let silent: Vec<_> = done.difference(&said).collect();
    let surplus: Vec<_> = said.difference(&done).collect();
    assert!(
        silent.is_empty(),
        "seed {seed}: not reported {silent:#?}, said {surplus:#?}"
    );
    assert!(
        surplus.is_empty(),
        "seed {seed}: reported as well {surplus:#?}"
    );
    for block in items(&report["documents"])
        .iter()
        .flat_map(|d| items(&d["blocks"]))
    {
        let is_expected = matches!(
            text(&block["reason"]),
            "" | "broken-claim" | "other-version"
        );
        assert!(is_expected, "seed {seed}: {block}");
    }
}

#[test]
fn broken_statements_are_reported_and_no_others() {
    let documents: BTreeMap<String, String> =
        repository_files("snippets", &["md"]).into_iter().collect();
    let statements = statements(report(), &documents);
    println!("{} statements can be broken", statements.len());
    assert!(statements.len() >= STATEMENTS_MIN, "{}", statements.len());
    for (seed, number) in EXPERIMENTS {
        experiment(seed, number, &statements, &documents);
    }
}
