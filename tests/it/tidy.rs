//! House rules that the compiler does not know: layers, and who may use what.
//!
//! The rules look at code only: comments and test modules are left out first.

use std::fs;

use crate::project::{repository, repository_files as files};

/// A source file under `src/`.
struct Source {
    /// Its path from the root of the repository, `/` between parts.
    path: String,
    /// Its text.
    text: String,
    /// Its text without comments and without its test module; lines keep their numbers.
    code: String,
}

fn sources() -> Vec<Source> {
    let sources: Vec<Source> = files("src", &["rs"])
        .into_iter()
        .filter(|(path, _)| !path.ends_with("/tests.rs"))
        .map(|(path, text)| Source {
            code: code(&text),
            path,
            text,
        })
        .collect();
    assert!(sources.len() > 10, "the sources were not found");
    sources
}

/// `text` without comments and without what follows `#[cfg(test)] mod`.
fn code(text: &str) -> String {
    let without_tests = match text.find("#[cfg(test)]\nmod ") {
        Some(at) => &text[..at],
        None => text,
    };
    let without_comment = |line: &str| match line.find("//") {
        // The `//` of an address in a text is no comment.
        Some(at) if !line[..at].ends_with(':') => line[..at].to_owned(),
        _ => line.to_owned(),
    };
    let lines: Vec<String> = without_tests.lines().map(without_comment).collect();
    lines.join("\n")
}

/// The places in `code` where `word` stands as a word: 1-based lines.
fn lines_with(code: &str, word: &str) -> Vec<usize> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let has_word = |line: &str| {
        line.match_indices(word).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            let after = line[at + word.len()..].chars().next();
            // A word that ends in `_` stands for all names that begin with it.
            !before.is_some_and(is_part) && (word.ends_with('_') || !after.is_some_and(is_part))
        })
    };
    let numbered = code.lines().enumerate();
    numbered
        .filter(|(_, line)| has_word(line))
        .map(|(index, _)| index + 1)
        .collect()
}

fn assert_none(broken: &[String]) {
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

/// The modules of the crate in the order of `src/lib.rs`, which is the layering.
fn layers() -> Vec<String> {
    let lib = fs::read_to_string(repository().join("src/lib.rs")).expect("src/lib.rs is readable");
    let layers: Vec<String> = lib
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect();
    assert!(layers.len() > 10, "src/lib.rs lists its modules");
    layers
}

#[test]
fn a_module_names_only_modules_above_it() {
    let layers = layers();
    let rank = |module: &str| layers.iter().position(|layer| layer == module);
    let mut broken = Vec::new();
    for source in sources() {
        let own = source.path["src/".len()..]
            .split(['/', '.'])
            .next()
            .unwrap_or_default()
            .to_owned();
        if matches!(own.as_str(), "lib" | "main") {
            continue;
        }
        let own_rank = rank(&own);
        if own_rank.is_none() {
            broken.push(format!(
                "{} belongs to no module of src/lib.rs",
                source.path
            ));
        }
        for (index, line) in source.code.lines().enumerate() {
            for (at, _) in line.match_indices("crate::") {
                let rest = &line[at + "crate::".len()..];
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
                let named = &rest[..end.unwrap_or(rest.len())];
                if named != own && (rank(named).is_none() || rank(named) > own_rank) {
                    let place = format!("{}:{}", source.path, index + 1);
                    broken.push(format!(
                        "{place} names `{rest}`, which is not above `{own}`"
                    ));
                }
            }
        }
    }
    assert_none(&broken);
}

/// What only some files may use, and which: each begins with one of these.
const RESERVED: [(&str, &[&str]); 9] = [
    ("pulldown_cmark", &["src/block"]),
    ("ruff_", &["src/syntax/"]),
    ("pyo3", &["src/python/"]),
    ("rayon", &["src/run/"]),
    ("clap", &["src/cli/"]),
    (
        "std::fs",
        &["src/store/", "src/sandbox/", "src/run/", "src/python/"],
    ),
    (
        "std::process::Command",
        &["src/sandbox/", "src/run/", "src/python/"],
    ),
    (
        "std::process::exit",
        &["src/sandbox/", "src/run/", "src/python/"],
    ),
    ("unsafe", &["src/sandbox/sys.rs", "src/python/fork.rs"]),
];

#[test]
fn reserved_things_are_used_only_where_they_belong() {
    let mut broken = Vec::new();
    for source in sources() {
        for (word, homes) in RESERVED {
            if homes.iter().any(|home| source.path.starts_with(home)) {
                continue;
            }
            for line in lines_with(&source.code, word) {
                let homes = homes.join(", ");
                broken.push(format!(
                    "{}:{line} uses `{word}`, for {homes} only",
                    source.path
                ));
            }
        }
    }
    assert_none(&broken);
}

#[test]
fn lints_are_expected_with_a_reason_and_never_allowed() {
    let mut broken = Vec::new();
    for source in sources() {
        for (index, line) in source.code.lines().enumerate() {
            if line.contains("#[allow(") || line.contains("#![allow(") {
                broken.push(format!("{}:{} allows a lint", source.path, index + 1));
            }
        }
    }
    assert_none(&broken);
}

#[test]
fn every_source_file_says_what_it_is_for() {
    let silent: Vec<String> = sources()
        .iter()
        .filter(|source| !source.text.starts_with("//! "))
        .map(|source| format!("{} does not begin with `//!`", source.path))
        .collect();
    assert_none(&silent);
}

#[test]
fn no_file_is_named_after_nothing() {
    let named: Vec<String> = sources()
        .iter()
        .filter(|source| {
            let mut parts = source.path.split(['/', '.']);
            parts.any(|part| matches!(part, "utils" | "util" | "helpers" | "common" | "misc"))
        })
        .map(|source| source.path.clone())
        .collect();
    assert_none(&named);
}

#[test]
fn main_stays_small() {
    let main =
        fs::read_to_string(repository().join("src/main.rs")).expect("src/main.rs is readable");
    assert!(main.lines().count() <= 40);
}

#[test]
fn what_is_left_to_do_names_its_issue() {
    let mark = concat!("TO", "DO");
    let mut broken = Vec::new();
    for folder in ["src", "tests"] {
        for (path, text) in files(folder, &["rs", "py"]) {
            for line in lines_with(&text, mark) {
                let text = text.lines().nth(line - 1).unwrap_or_default();
                let rest = text.split_once(mark).map_or("", |(_, rest)| rest);
                let number = rest
                    .strip_prefix("(#")
                    .and_then(|rest| rest.split_once(')'));
                if number.is_none_or(|(number, _)| number.parse::<u32>().is_err()) {
                    broken.push(format!("{path}:{line} is left to do under no issue"));
                }
            }
        }
    }
    assert_none(&broken);
}

#[test]
fn no_path_of_one_machine_is_written_down() {
    let paths = [concat!("/wo", "rk/"), concat!("/ro", "ot/")];
    let mut broken = Vec::new();
    for folder in ["src", "tests", "snippets", "expectations", "benches"] {
        for (path, text) in files(folder, &["rs", "py", "md", "snap", "toml"]) {
            for (index, line) in text.lines().enumerate() {
                if paths.iter().any(|path| line.contains(path)) {
                    broken.push(format!("{path}:{} holds a path of one machine", index + 1));
                }
            }
        }
    }
    assert_none(&broken);
}

/// Ids that mean one thing in several places, each with its own words.
const SHARED_IDS: [&str; 3] = ["missing-import", "snapshot-differs", "undefined-name"];

/// The ids in `src/problem.rs`, one for each constructor.
fn problem_ids() -> Vec<String> {
    let text = fs::read_to_string(repository().join("src/problem.rs")).expect("it is readable");
    let code = code(&text);
    let mut ids = Vec::new();
    for start in ["Problem::new(", "Problem::of_document("] {
        for (at, _) in code.match_indices(start) {
            let argument = code[at + start.len()..].trim_start();
            let literal = argument
                .strip_prefix('"')
                .and_then(|rest| rest.split_once('"'));
            ids.extend(literal.map(|(id, _)| id.to_owned()));
        }
    }
    assert!(ids.len() > 5, "src/problem.rs makes problems");
    ids.sort();
    ids
}

/// The names of reasons in `src/plan/mod.rs`.
fn reasons() -> Vec<String> {
    let text = fs::read_to_string(repository().join("src/plan/mod.rs")).expect("it is readable");
    let arms = text.lines().filter_map(|line| {
        let (reason, name) = line.trim().split_once(" => \"")?;
        let name = name.strip_suffix("\",")?;
        reason.starts_with("Reason::").then(|| name.to_owned())
    });
    let reasons: Vec<String> = arms.collect();
    assert!(reasons.len() > 10, "src/plan/mod.rs names reasons");
    reasons
}

#[test]
fn every_id_and_every_reason_has_a_page_and_every_page_one_of_them() {
    let mut ids = problem_ids();
    ids.extend(reasons());
    // What the report alone tells of.
    ids.push("inconclusive-claim".to_owned());
    let pages = files("src/cli/explain/pages", &["md"]);
    let pages: Vec<&str> = pages
        .iter()
        .filter_map(|(path, _)| path.rsplit('/').next()?.strip_suffix(".md"))
        .collect();
    let table =
        fs::read_to_string(repository().join("src/cli/explain/page.rs")).expect("it is readable");
    let mut broken = Vec::new();
    for id in &ids {
        if !pages.contains(&id.as_str()) {
            broken.push(format!("`{id}` has no page in src/cli/explain/pages"));
        }
        if !table.contains(&format!("    \"{id}\",\n")) {
            broken.push(format!(
                "`{id}` is not among the pages of src/cli/explain/page.rs"
            ));
        }
    }
    let unknown = pages
        .iter()
        .filter(|page| !ids.iter().any(|id| id == *page));
    broken.extend(unknown.map(|page| format!("the page `{page}` is about no id")));
    assert_none(&broken);
}

#[test]
fn problem_ids_are_kebab_case_and_mean_one_thing() {
    let ids = problem_ids();
    let is_kebab = |id: &str| {
        let is_word = |word: &str| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        id.starts_with(|c: char| c.is_ascii_lowercase()) && id.split('-').all(is_word)
    };
    let mut broken: Vec<String> = ids
        .iter()
        .filter(|id| !is_kebab(id))
        .map(|id| format!("`{id}` is not kebab-case"))
        .collect();
    for pair in ids.windows(2) {
        if pair[0] == pair[1] && !SHARED_IDS.contains(&pair[0].as_str()) {
            broken.push(format!("`{}` is made by two constructors", pair[0]));
        }
    }
    assert_none(&broken);
}
