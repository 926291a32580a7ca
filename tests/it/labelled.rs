//! The labelled set: documents as people write them, each comment with what it is worth.
//!
//! Beside `tests/labelled/NAME.md` lies `NAME.labels`, one line for each label: a line of the document, a
//! verdict and a convention. The document itself holds no trace of them. `held` and `broken` are claims,
//! `inconclusive` are claims that no run can decide, `note` is no claim, `failed` is code that fails.
//! What is not labelled must not be broken.
//!
//! `cargo test --test it labelled -- --nocapture` prints precision and recall for each convention.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::project::Project;

/// The least share of broken claims that must be found.
const RECALL: f64 = 0.95;

/// The least share of true claims that must be confirmed.
const CONFIRMED: f64 = 0.95;

/// What a line is labelled with.
struct Label {
    verdict: String,
    convention: String,
}

/// Counts for one convention.
#[derive(Default)]
struct Score {
    held: usize,
    confirmed: usize,
    broken: usize,
    found: usize,
    called_broken: usize,
    others: usize,
}

impl Score {
    fn add(&mut self, label: &str, verdict: &str) {
        self.called_broken += usize::from(verdict == "broken");
        match label {
            "held" => {
                self.held += 1;
                self.confirmed += usize::from(verdict == "held");
            }
            "broken" => {
                self.broken += 1;
                self.found += usize::from(verdict == "broken");
            }
            _ => self.others += 1,
        }
    }

    fn row(&self, name: &str) -> String {
        let share = |part: usize, whole: usize| match whole {
            0 => "-".to_owned(),
            _ => format!("{:.1}%", 100.0 * part as f64 / whole as f64),
        };
        format!(
            "{name:24} {:>6} {:>6} {:>6}   {:>9} {:>9} {:>9}\n",
            self.held,
            self.broken,
            self.others,
            share(self.found, self.called_broken),
            share(self.found, self.broken),
            share(self.confirmed, self.held),
        )
    }
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "the report is for whoever runs it with --nocapture"
)]
fn labelled() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/labelled");
    let project = Project::new(&[]);
    let mut names: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("the labelled set is there")
        .map(|entry| entry.expect("an entry is readable").path())
        .filter(|path| path.extension().is_some_and(|end| end == "md"))
        .collect();
    names.sort();
    for path in &names {
        let text = fs::read_to_string(path).expect("a document is readable");
        project.write(&file_name(path), text.as_bytes());
    }
    let report: Value =
        serde_json::from_str(&project.run(&["check", "--format", "json", "."]).stdout)
            .expect("the report is JSON");
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    let mut wrong = String::new();
    let mut missed = String::new();
    for (path, document) in names
        .iter()
        .zip(report["documents"].as_array().expect("a list"))
    {
        let labels = labels(&path.with_extension("labels"));
        let verdicts = verdicts(document);
        let name = file_name(path);
        assert_eq!(document["path"], name.as_str());
        for line in labels
            .keys()
            .chain(verdicts.keys().filter(|line| !labels.contains_key(line)))
        {
            let verdict = verdicts.get(line).map_or("note", String::as_str);
            let label = labels.get(line);
            let labelled = label.map_or("note", |label| label.verdict.as_str());
            let convention = label.map_or("unlabelled", |label| label.convention.as_str());
            scores
                .entry(convention.to_owned())
                .or_default()
                .add(labelled, verdict);
            let list = match verdict == "broken" || verdict == "failed" {
                _ if verdict == labelled => continue,
                true => &mut wrong,
                false if label.is_none() => continue,
                false => &mut missed,
            };
            let _ = writeln!(
                list,
                "  {name}:{line} ({convention}) is {labelled}, not {verdict}"
            );
        }
    }
    println!("{}", table(&scores));
    println!("other differences:\n{missed}");
    assert!(wrong.is_empty(), "called broken or failed:\n{wrong}");
    let sum = |of: fn(&Score) -> usize| scores.values().map(of).sum::<usize>() as f64;
    assert!(
        sum(|score| score.found) >= RECALL * sum(|score| score.broken),
        "missed:\n{missed}"
    );
    assert!(
        sum(|score| score.confirmed) >= CONFIRMED * sum(|score| score.held),
        "missed:\n{missed}"
    );
}

fn table(scores: &BTreeMap<String, Score>) -> String {
    let mut text = format!(
        "{:24} {:>6} {:>6} {:>6}   {:>9} {:>9} {:>9}\n",
        "convention", "held", "broken", "other", "precision", "recall", "confirmed"
    );
    let mut total = Score::default();
    for (name, score) in scores {
        text.push_str(&score.row(name));
        total.held += score.held;
        total.confirmed += score.confirmed;
        total.broken += score.broken;
        total.found += score.found;
        total.called_broken += score.called_broken;
        total.others += score.others;
    }
    text.push_str(&total.row("all"));
    text
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().expect("a file has a name");
    name.to_string_lossy().into_owned()
}

/// The labels by line.
fn labels(path: &Path) -> BTreeMap<u64, Label> {
    let text = fs::read_to_string(path).expect("each document has labels");
    let label = |line: &str| {
        let mut words = line.split(' ').map(str::to_owned);
        let number = words.next()?.parse().ok()?;
        let label = Label {
            verdict: words.next()?,
            convention: words.next()?,
        };
        Some((number, label))
    };
    text.lines()
        .map(|line| label(line).unwrap_or_else(|| panic!("{}: {line:?}", path.display())))
        .collect()
}

/// The worst verdict on each line of a document that says something.
fn verdicts(document: &Value) -> BTreeMap<u64, String> {
    const FROM_WORST: [&str; 4] = ["broken", "failed", "held", "inconclusive"];
    let rank = |verdict: &str| FROM_WORST.iter().position(|one| *one == verdict);
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut found: Vec<(u64, String)> = Vec::new();
    let mut add = |line: &Value, verdict: &str| {
        let line = line.as_u64().expect("a line is a number");
        found.push((line, verdict.to_owned()));
    };
    let blocks = list(&document["blocks"]);
    let in_blocks = blocks.iter().flat_map(|block| list(&block["claims"]));
    for claim in in_blocks.chain(list(&document["claims"])) {
        let verdict = claim["verdict"].as_str().expect("a claim has a verdict");
        add(&claim["line"], verdict);
    }
    for problem in blocks.iter().flat_map(|block| list(&block["problems"])) {
        if problem["severity"] == "error" && problem["id"] != "broken-claim" {
            add(&problem["line"], "failed");
        }
    }
    let mut worst: BTreeMap<u64, String> = BTreeMap::new();
    for (line, verdict) in found {
        match worst.get(&line) {
            Some(known) if rank(known) <= rank(&verdict) => {}
            _ => {
                worst.insert(line, verdict);
            }
        }
    }
    worst
}
