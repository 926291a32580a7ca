//! Runs every Markdown file under `tests/cases/<stage>/` through its stage and compares the result
//! with the snapshot beside it (`name.md`, `name.snap`).
//!
//! The document under test is the case file itself or, where the file holds an outer fence of four
//! or more backticks tagged `markdown`, the content of that fence; headings and explanations then
//! stand outside. Every other top-level fence beside it is a [`Part`], such as an `observation`.
//! Under a line `<!-- escapes -->` the document may hold visible escapes: `\r`, `\t`, `\0`,
//! `\u{feff}`, `\\`, and a `\` at the end of a line that removes the line end.
//!
//! Accept changes with `INSTA_UPDATE=always cargo test`, after reading them.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::stages;

/// One case file, taken apart.
pub(crate) struct Case {
    /// The path under `tests/cases`, with `/` between parts: also the document's path.
    pub(crate) path: String,
    /// The text of the document under test.
    pub(crate) document: String,
    /// The fences that stand beside an outer `markdown` fence, in order.
    pub(crate) parts: Vec<Part>,
}

/// A fence of a case file beside the document under test.
pub(crate) struct Part {
    /// The info string, trimmed.
    pub(crate) info: String,
    /// The lines between the fences.
    pub(crate) text: String,
}

/// What the stage makes of the case; `None` where the machine lacks what the case needs.
fn run_stage(stage: &str, case: &Case) -> Option<String> {
    Some(match stage {
        "extract" => stages::extract::run(case),
        "names" => stages::names::run(case),
        "claims" => stages::claims::run(case),
        "plan" => stages::plan::run(case),
        "compare" => stages::compare::run(case),
        "in_place" => stages::in_place::run(case),
        "check" => return stages::check::run(case),
        other => panic!("no stage is called {other}"),
    })
}

#[test]
fn extract() {
    run_cases("extract");
}

#[test]
fn names() {
    run_cases("names");
}

#[test]
fn plan() {
    run_cases("plan");
}

#[test]
fn claims() {
    run_cases("claims");
}

#[test]
fn compare() {
    run_cases("compare");
}

#[test]
fn in_place() {
    run_cases("in_place");
}

#[test]
fn check_endings() {
    run_cases("check/endings");
}

#[test]
fn check_reasons() {
    run_cases("check/reasons");
}

#[test]
fn check_scripts() {
    run_cases("check/scripts");
}

#[test]
fn check_directives() {
    run_cases("check/directives");
}

#[test]
fn check_hostile() {
    run_cases("check/hostile");
}

/// Runs all cases in a folder, which begins with its stage, and only then fails, naming each that differs.
fn run_cases(folder: &str) {
    let stage = folder.split('/').next().unwrap_or(folder);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files = Vec::new();
    collect_files(&root.join(folder), &mut files);
    files.sort();
    let mut failed = Vec::new();
    let mut count = 0;
    for file in &files {
        let relative = relative_path(&root, file);
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("md") => {
                count += 1;
                if catch_unwind(AssertUnwindSafe(|| {
                    hold_to_snapshot(stage, &relative, file)
                }))
                .is_err()
                {
                    failed.push(relative);
                }
            }
            Some("snap") if !file.with_extension("md").exists() => {
                failed.push(format!("{relative} (no case beside it)"));
            }
            _ => {}
        }
    }
    assert!(count > 0, "no case was found in {folder}");
    assert!(
        failed.is_empty(),
        "{} of {count} cases in {folder} failed:\n  {}",
        failed.len(),
        failed.join("\n  ")
    );
}

fn hold_to_snapshot(stage: &str, relative: &str, file: &Path) {
    let text = fs::read_to_string(file).expect("a case file is readable");
    let Some(actual) = run_stage(stage, &parse_case(relative, &text)) else {
        return;
    };
    let folder = file.parent().expect("a case lies in a folder");
    let name = file.file_stem().expect("a case has a name");
    insta::with_settings!({
        snapshot_path => folder,
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!(name.to_string_lossy().into_owned(), actual);
    });
}

fn collect_files(folder: &Path, into: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).expect("the folder of a stage is readable");
    for entry in entries {
        let path = entry.expect("a folder entry is readable").path();
        if path.is_dir() {
            collect_files(&path, into);
        } else {
            into.push(path);
        }
    }
}

fn relative_path(root: &Path, file: &Path) -> String {
    let relative = file
        .strip_prefix(root)
        .expect("a case lies under the root")
        .to_string_lossy();
    relative.replace(std::path::MAIN_SEPARATOR, "/")
}

/// Takes a case file apart.
fn parse_case(path: &str, text: &str) -> Case {
    let mut document = None;
    let mut parts = Vec::new();
    let mut has_escapes = false;
    let mut lines = text.split_inclusive('\n');
    while let Some(line) = lines.next() {
        has_escapes |= line.trim_end() == "<!-- escapes -->";
        let ticks = count_ticks(line);
        if ticks < 3 {
            continue;
        }
        let info = line[ticks..].trim().to_owned();
        let content: String = lines
            .by_ref()
            .take_while(|line| {
                count_ticks(line) < ticks || !line.trim_matches('`').trim().is_empty()
            })
            .collect();
        if ticks > 3 && info == "markdown" {
            assert!(document.is_none(), "{path} holds two documents");
            document = Some(content);
        } else {
            parts.push(Part {
                info,
                text: content,
            });
        }
    }
    let (document, parts) = match document {
        Some(document) if has_escapes => (unescape(&document), parts),
        Some(document) => (document, parts),
        None => (text.to_owned(), Vec::new()),
    };
    Case {
        path: path.to_owned(),
        document,
        parts,
    }
}

/// How many backticks the line begins with.
fn count_ticks(line: &str) -> usize {
    line.bytes().take_while(|&byte| byte == b'`').count()
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let (character, used) = match rest.chars().next() {
            Some('r') => (Some('\r'), 1),
            Some('t') => (Some('\t'), 1),
            Some('0') => (Some('\0'), 1),
            Some('\\') => (Some('\\'), 1),
            Some('\n') => (None, 1),
            Some('u') => unescape_code_point(rest),
            _ => (Some('\\'), 0),
        };
        out.extend(character);
        rest = &rest[used..];
    }
    out.push_str(rest);
    out
}

/// The character of `u{…}` and the length of that text.
fn unescape_code_point(rest: &str) -> (Option<char>, usize) {
    let end = rest.find('}').expect("`\\u{` is closed");
    let digits = rest.get(2..end).expect("`\\u` is followed by `{`");
    let number = u32::from_str_radix(digits, 16).expect("`\\u{…}` holds hexadecimal digits");
    (
        Some(char::from_u32(number).expect("`\\u{…}` names a character")),
        end + 1,
    )
}
