//! This repository's own study documents hold, under every interpreter that is found.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

/// The fewest claims that the documents hold.
const CLAIMS_MIN: u64 = 1_700;
/// How many of them may be written for a newer Python.
const CLAIMS_NEWER_MAX: u64 = 20;
/// The minor versions of CPython 3 that the documents speak of.
const MINORS: std::ops::RangeInclusive<u32> = 11..=13;

/// The report on the study documents by the interpreter of the build; made once.
pub(crate) fn report() -> &'static Value {
    static REPORT: OnceLock<Value> = OnceLock::new();
    REPORT.get_or_init(|| check(None))
}

/// The report on the study documents, snapshots left aside: those are of one version.
fn check(python: Option<&Path>) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_snipcheck"));
    command
        .args(["check", "--strict", "--no-snapshots", "--format", "json"])
        .args(["snippets", "README.md"])
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    if let Some(python) = python {
        command.arg("--python").arg(python);
    }
    let output = command.output().expect("the program starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(errors, "", "{python:?}");
    serde_json::from_slice(&output.stdout).expect("the report is JSON")
}

/// What is broken, failed or undecided, one a line.
fn faults(report: &Value) -> String {
    let items = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut faults = String::new();
    for document in items(&report["documents"]) {
        let path = document["path"].as_str().unwrap_or_default();
        for block in items(&document["blocks"]) {
            let is_fine = block["status"] == "passed" || block["reason"] == "other-version";
            if !is_fine {
                let (line, reason) = (&block["line"], &block["reason"]);
                faults.push_str(&format!("{path}:{line}: {reason} {}\n", block["ending"]));
            }
            for claim in items(&block["claims"]) {
                if claim["verdict"] != "held" {
                    faults.push_str(&format!("{path}:{}: {claim}\n", claim["line"]));
                }
            }
        }
    }
    faults
}

#[test]
fn study_documents_hold() {
    let report = report();
    assert_eq!(faults(report), "");
    let summary = &report["summary"];
    let claims = &summary["claims"];
    assert!(claims["held"].as_u64() >= Some(CLAIMS_MIN), "{claims}");
}

#[test]
fn study_documents_hold_under_every_interpreter() {
    let found = interpreters();
    for minor in MINORS {
        let Some(python) = found.get(&minor) else {
            println!("Python 3.{minor}: not found, so not tried");
            continue;
        };
        let report = check(Some(python));
        let shown = python.display();
        assert_eq!(faults(&report), "", "{shown}");
        let held = &report["summary"]["claims"]["held"];
        assert!(
            held.as_u64() >= Some(CLAIMS_MIN - CLAIMS_NEWER_MAX),
            "{shown}: {held}"
        );
        println!("Python 3.{minor}: {held} claims hold");
    }
}

/// One CPython with a shared library for each minor version: from `PATH`, or pyenv's.
pub(crate) fn interpreters() -> BTreeMap<u32, PathBuf> {
    let mut candidates: Vec<PathBuf> = MINORS
        .map(|minor| PathBuf::from(format!("python3.{minor}")))
        .collect();
    let root = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".pyenv"));
    if let Some(root) = root.or(home)
        && let Ok(versions) = std::fs::read_dir(root.join("versions"))
    {
        let mut versions: Vec<PathBuf> = versions
            .filter_map(|entry| Some(entry.ok()?.path().join("bin/python")))
            .collect();
        versions.sort();
        candidates.extend(versions);
    }
    let mut found = BTreeMap::new();
    for candidate in candidates {
        if let Some(minor) = minor_version(&candidate) {
            found.entry(minor).or_insert(candidate);
        }
    }
    found
}

/// The minor version of a CPython 3 that can be embedded.
fn minor_version(python: &Path) -> Option<u32> {
    const QUESTION: &str = "import sys, sysconfig as s; print(sys.version_info[0], sys.version_info[1], \
         sys.implementation.name, s.get_config_var('Py_ENABLE_SHARED'))";
    let output = Command::new(python).args(["-c", QUESTION]).output().ok()?;
    let answer = String::from_utf8(output.stdout).ok()?;
    let mut words = answer.split_whitespace();
    let (major, minor) = (words.next()?, words.next()?.parse().ok()?);
    let is_fit = major == "3" && words.next() == Some("cpython") && words.next() == Some("1");
    (is_fit && MINORS.contains(&minor)).then_some(minor)
}
