//! The study documents answer every topic once, and prove each answer by a claim that holds.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::project::repository_files;
use crate::study::report;

/// The topics: letter, the digits of its numbers, and the last number.
const TOPICS: [(char, usize, u32); 5] = [
    ('A', 2, 24),  // what a machine-learning engineer should know of Python, in Russian
    ('B', 3, 154), // questions to back-end developers, in Russian
    ('C', 2, 8),   // an expert's interview, in English
    ('D', 2, 7),   // how CPython works, in Russian
    ('E', 2, 32),  // advanced topics, in English
];

/// An answer in a study document.
struct Answer {
    /// The document, from the root of the repository.
    path: String,
    /// The lines from its heading to the next heading that is as high, from 1; the last one is left out.
    lines: std::ops::Range<usize>,
    /// The topics that it answers.
    topics: Vec<String>,
}

fn topics() -> BTreeSet<String> {
    let ids = |&(letter, width, last): &(char, usize, u32)| {
        (1..=last).map(move |number| format!("{letter}{number:0width$}"))
    };
    TOPICS.iter().flat_map(ids).collect()
}

/// How high a heading is, 1 for the highest; `None` for another line.
fn level(line: &str) -> Option<usize> {
    let level = line.len() - line.trim_start_matches('#').len();
    (level > 0 && line.chars().nth(level) == Some(' ')).then_some(level)
}

/// The lines of `text` that are headings: number from 0, and height.
fn headings(text: &str) -> Vec<(usize, usize)> {
    let mut is_code = false;
    let mut headings = Vec::new();
    for (number, line) in text.lines().enumerate() {
        is_code ^= line.trim_start().starts_with("```");
        if let Some(level) = level(line).filter(|_| !is_code) {
            headings.push((number, level));
        }
    }
    headings
}

/// The answers in one document.
fn answers_in(path: &str, text: &str) -> Vec<Answer> {
    let headings = headings(text);
    let lines: Vec<&str> = text.lines().collect();
    let mut answers = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let Some(ids) = line
            .strip_prefix("<!-- answers:")
            .and_then(|rest| rest.strip_suffix("-->"))
        else {
            continue;
        };
        let own = headings.iter().find(|(at, _)| at + 1 == number);
        let (start, level) = *own.unwrap_or_else(|| panic!("{path}:{}: no heading", number + 1));
        let next = headings.iter().find(|(at, l)| *at > start && *l <= level);
        let end = next.map_or(lines.len(), |(at, _)| *at);
        answers.push(Answer {
            path: path.to_owned(),
            lines: start + 1..end + 1,
            topics: ids.split(',').map(|id| id.trim().to_owned()).collect(),
        });
    }
    answers
}

/// Every answer of the study documents.
fn answers() -> Vec<Answer> {
    repository_files("snippets", &["md"])
        .iter()
        .flat_map(|(path, text)| answers_in(path, text))
        .collect()
}

#[test]
fn every_topic_is_answered_once() {
    let topics = topics();
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for answer in answers() {
        for topic in &answer.topics {
            let place = format!("{}:{}", answer.path, answer.lines.start);
            assert!(topics.contains(topic), "{place}: no topic {topic}");
            places.entry(topic.clone()).or_default().push(place);
        }
    }
    let twice: Vec<_> = places.iter().filter(|(_, at)| at.len() > 1).collect();
    assert!(twice.is_empty(), "answered more than once: {twice:#?}");
    let missing: Vec<_> = topics
        .iter()
        .filter(|topic| !places.contains_key(*topic))
        .collect();
    assert!(missing.is_empty(), "not answered: {missing:?}");
    println!("{} of {} topics are answered", places.len(), topics.len());
}

#[test]
fn every_answer_is_proven() {
    let report = report();
    let mut held: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let items = |value: &Value| value.as_array().cloned().unwrap_or_default();
    for document in items(&report["documents"]) {
        let path = document["path"].as_str().unwrap_or_default().to_owned();
        let lines = held.entry(path).or_default();
        for claim in items(&document["blocks"])
            .iter()
            .flat_map(|block| items(&block["claims"]))
        {
            if claim["verdict"] == "held" {
                lines.push(claim["line"].as_u64().unwrap_or_default() as usize);
            }
        }
    }
    let unproven: Vec<String> = answers()
        .iter()
        .filter(|answer| {
            let lines = held.get(&answer.path).cloned().unwrap_or_default();
            !lines.iter().any(|line| answer.lines.contains(line))
        })
        .map(|answer| format!("{}:{}", answer.path, answer.lines.start))
        .collect();
    assert!(unproven.is_empty(), "no claim holds in {unproven:#?}");
}

#[test]
fn the_table_of_contents_names_every_document() {
    let documents = repository_files("snippets", &["md"]);
    let contents = include_str!("../../snippets/README.md");
    let mut links: BTreeSet<String> = BTreeSet::new();
    let mut rest = contents;
    while let Some((_, tail)) = rest.split_once("](") {
        let (link, tail) = tail.split_once(')').unwrap_or_default();
        links.insert(format!("snippets/{link}"));
        rest = tail;
    }
    let paths: BTreeSet<String> = documents.into_iter().map(|(path, _)| path).collect();
    let missing: Vec<_> = paths
        .iter()
        .filter(|path| !links.contains(*path) && *path != "snippets/README.md")
        .collect();
    assert!(missing.is_empty(), "not in the table: {missing:#?}");
    let dead: Vec<_> = links.iter().filter(|link| !paths.contains(*link)).collect();
    assert!(dead.is_empty(), "links to nothing: {dead:#?}");
}

/// The number that stands before `word` in the README's sentence on the study documents.
fn said(word: &str) -> usize {
    let readme = include_str!("../../README.md");
    let sentence = readme
        .split_once("The study documents hold more than ")
        .and_then(|(_, rest)| rest.split_once('.'))
        .map_or("", |(sentence, _)| sentence);
    let words: Vec<&str> = sentence.split_whitespace().collect();
    let at = words.iter().position(|w| w.trim_end_matches(',') == word);
    let number = at.and_then(|at| words.get(at.checked_sub(1)?));
    let digits: String = number.into_iter().flat_map(|w| w.chars()).collect();
    digits.replace(',', "").parse().expect(word)
}

#[test]
fn the_readme_counts_the_study_documents() {
    let report = report();
    let items = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let blocks: Vec<Value> = items(&report["documents"])
        .iter()
        .filter(|document| document["path"] != "README.md")
        .flat_map(|document| items(&document["blocks"]))
        .collect();
    let claims = blocks.iter().map(|block| items(&block["claims"]).len());
    let counted = [
        ("answers", answers().len()),
        ("blocks", blocks.len()),
        ("claims", claims.sum()),
    ];
    for (word, number) in counted {
        println!("{number} {word}");
        let said = said(word);
        assert!(said <= number, "{number} {word}, the README says {said}");
        // Rounded down, and not out of date.
        let is_close = number - said <= number / 10;
        assert!(is_close, "{number} {word}, the README says {said}");
    }
}
