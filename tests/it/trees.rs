//! Cases that are folders: the project in `before/`, the commands in `commands`, the project in `after/`.
//!
//! `commands` is a transcript. A line behind `$ ` is run, with the keys behind `<` as its input; what
//! it says follows, and `? N` where its exit status is not 0. `@PYTHON@` stands for the version of the
//! interpreter. `INSTA_UPDATE=always cargo test` writes what comes of the commands and `after/`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::project::{Project, Ran};

/// The files below `folder`, by path.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let below = path.strip_prefix(folder).expect("it is below");
            let content = fs::read(&path).expect("it is readable");
            found.insert(below.to_string_lossy().into_owned(), content);
        }
    }
    found
}

/// Major and minor version of the interpreter that runs the blocks.
fn python() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| {
        let project = Project::new(&[("a.md", "```python\nprint(1)\n```\n")]);
        let ran = project.run(&["check", "--format", "json"]);
        let report: serde_json::Value = serde_json::from_str(&ran.stdout).expect("a report");
        let version = report["interpreter"]["version"]
            .as_str()
            .expect("a version");
        version.splitn(3, '.').take(2).collect::<Vec<_>>().join(".")
    })
}

const PYTHON: &str = "@PYTHON@";

fn run(project: &Project, line: &str) -> Ran {
    let (command, keys) = line.split_once(" < ").unwrap_or((line, ""));
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    project.run_with_input(&words, keys)
}

/// What the commands of `transcript` say in `project`.
fn transcript(project: &Project, transcript: &str) -> String {
    let mut said = String::new();
    for line in transcript.lines().filter(|line| line.starts_with("$ ")) {
        let ran = run(project, &line[2..]);
        let _ = writeln!(said, "{line}");
        for line in ran.stdout.lines().chain(ran.stderr.lines()) {
            // Version and time of the run.
            if !line.starts_with("CPython ") {
                said.push_str(line.trim_end());
                said.push('\n');
            }
        }
        if ran.status != 0 {
            let _ = writeln!(said, "? {}", ran.status);
        }
    }
    said
}

fn check(case: &Path) {
    let project = Project::new(&[]);
    for (path, content) in files(&case.join("before")) {
        match String::from_utf8(content) {
            Ok(text) => project.write(&path, text.replace(PYTHON, python()).as_bytes()),
            Err(error) => project.write(&path, error.as_bytes()),
        }
    }
    let commands = fs::read_to_string(case.join("commands")).expect("the commands");
    let own = format!("under python {}", python());
    let said = transcript(&project, &commands);
    let said = said.replace(&own, &format!("under python {PYTHON}"));
    let mut after = files(&project.path(""));
    for content in after.values_mut() {
        if let Ok(text) = String::from_utf8(content.clone()) {
            *content = text
                .replace(&own, &format!("under python {PYTHON}"))
                .into_bytes();
        }
    }
    if std::env::var("INSTA_UPDATE").is_ok_and(|value| value == "always") {
        fs::write(case.join("commands"), &said).expect("it is written");
        let _ = fs::remove_dir_all(case.join("after"));
        for (path, content) in &after {
            let path = case.join("after").join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, content).expect("it is written");
        }
        return;
    }
    let name = case.display();
    assert_eq!(said, commands, "{name}: the commands say something else");
    let expected = files(&case.join("after"));
    let paths = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(paths(&after), paths(&expected), "{name}: other files");
    for (path, content) in &after {
        let shown = |content: &[u8]| String::from_utf8_lossy(content).into_owned();
        assert_eq!(shown(content), shown(&expected[path]), "{name}: {path}");
        assert_eq!(*content, expected[path], "{name}: {path}");
    }
}

#[test]
fn commands_leave_the_project_as_it_should_be() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/trees");
    let entries = fs::read_dir(&folder).expect("the folder of the cases");
    let mut cases: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    assert!(cases.len() > 5, "{} cases", cases.len());
    for case in cases {
        check(&case);
    }
}
