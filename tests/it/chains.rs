//! Blocks that are run together in one process are judged as if each had been run by itself.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use snipcheck::document::Document;
use snipcheck::plan::{self, Options};
use snipcheck::run;

use crate::project::Project;

/// A list that grows by one in each of so many blocks.
fn growing(blocks: usize) -> String {
    let mut text =
        String::from("# Title\n\n```python\nimport time\nxs = []\nt = time.time_ns()\n```\n");
    for at in 1..blocks {
        text += &format!("\n```python\nxs.append({at})\nprint(len(xs), t)  # {at}\n```\n");
    }
    text
}

#[test]
fn two_hundred_chained_blocks_are_run_once_each() {
    let plans = [plan::plan(
        Document::new("chain.md", growing(200)),
        &Options::default(),
    )];
    assert_eq!(run::count_pieces(&plans, false), 200 * 201 / 2);
    assert_eq!(run::count_pieces(&plans, true), 200);
}

#[test]
fn a_chain_is_one_process() {
    let project = Project::new(&[("chain.md", &growing(30))]);
    let times = |arguments: &[&str]| {
        let ran = project.run(&[&["check", "chain.md", "--format", "json"], arguments].concat());
        let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        let blocks = report["documents"][0]["blocks"].as_array().expect("blocks");
        let last_word = |block: &Value| {
            let words = block["stdout"].as_str().expect("text").split_whitespace();
            words.last().map(str::to_owned)
        };
        let mut times: Vec<String> = blocks.iter().filter_map(last_word).collect();
        assert_eq!(times.len(), 29);
        times.dedup();
        times.len()
    };
    assert_eq!(times(&[]), 1);
    assert_eq!(times(&["--separate"]), 29);
}

/// What is judged of each block that has a context or is one, by its place.
fn verdicts(folder: &Path, paths: &[&str], arguments: &[&str]) -> BTreeMap<String, Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_snipcheck"))
        .args([
            "check",
            "--no-snapshots",
            "--format",
            "json",
            "--timeout",
            "5",
        ])
        .args(arguments)
        .args(paths)
        .current_dir(folder)
        .output()
        .expect("the program starts");
    let report: Value = serde_json::from_slice(&output.stdout).expect("the report is JSON");
    let items = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut verdicts = BTreeMap::new();
    for document in items(&report["documents"]) {
        let blocks = items(&document["blocks"]);
        let used: Vec<Value> = blocks.iter().flat_map(|it| items(&it["context"])).collect();
        for block in blocks {
            if items(&block["context"]).is_empty() && !used.contains(&block["id"]) {
                continue;
            }
            let claims: Vec<Value> = items(&block["claims"])
                .iter()
                .map(|it| json!([it["line"], it["verdict"], it["reason"], it["actual"]]))
                .collect();
            let problems: Vec<Value> = items(&block["problems"])
                .iter()
                .map(|it| json!([it["id"], it["line"], it["message"]]))
                .collect();
            let judged = json!({
                "status": block["status"], "reason": block["reason"], "ending": block["ending"],
                "stdout": block["stdout"], "stderr": block["stderr"],
                "claims": claims, "problems": problems,
            });
            let text = without_addresses(&judged.to_string());
            let place = format!("{}:{}", document["path"], block["line"]);
            verdicts.insert(place, serde_json::from_str(&text).expect("still JSON"));
        }
    }
    verdicts
}

fn without_addresses(text: &str) -> String {
    let mut parts = text.split("0x");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("0x");
        out.push_str(part.trim_start_matches(|c: char| c.is_ascii_hexdigit()));
    }
    out
}

#[test]
fn chained_and_separate_runs_are_judged_alike() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let paths = ["tests/cases/check/scripts/chains.md", "tests/cases/plan"];
    let chained = verdicts(root, &paths, &[]);
    let separate = verdicts(root, &paths, &["--separate"]);
    assert!(chained.len() > 60, "{}", chained.len());
    for (place, verdict) in &chained {
        assert_eq!(Some(verdict), separate.get(place), "{place}");
    }
}
