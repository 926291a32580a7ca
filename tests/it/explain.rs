//! `snipcheck explain` and `snipcheck list`: pages for ids, the reasoning about one block, and the table.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::project::Project;

fn run(args: &[&str]) -> crate::project::Ran {
    Project::new(&[]).run(args)
}

#[test]
fn an_id_has_a_page_and_without_one_they_are_listed() {
    let list = run(&["explain"]);
    assert_eq!(list.status, 0, "{list:?}");
    for id in [
        "broken-claim",
        "missing-import",
        "unused-skip",
        "needs-network",
    ] {
        assert!(list.stdout.contains(&format!("\n{id} ")), "{}", list.stdout);
        let page = run(&["explain", id]);
        assert_eq!(page.status, 0, "{page:?}");
        assert!(page.stdout.starts_with(&format!("{id}\n\n")), "{page:?}");
    }
    let tolerance = run(&["explain", "set-order"]);
    assert!(
        tolerance.stdout.contains("a set has no order"),
        "{tolerance:?}"
    );
}

#[test]
fn an_id_that_nobody_knows_is_told_with_the_nearest() {
    let ran = run(&["explain", "broken-clam"]);
    assert_eq!(ran.status, 2);
    assert_eq!(
        ran.stderr,
        "error: there is no id `broken-clam`; did you mean `broken-claim`?\n"
    );
    let ran = run(&["explain", "zzzzzz"]);
    assert!(ran.stderr.contains("FILE:LINE"), "{ran:?}");
    let ran = run(&["explain", "gone.md:3"]);
    assert_eq!(ran.stderr, "error: no such file or directory: gone.md:3\n");
}

/// Pages whose example shows nothing here: it takes too long, or is told with another format or document.
const WITHOUT_EXAMPLE: [&str; 4] = [
    "inconclusive-claim",
    "memory-limit",
    "needs-network",
    "reads-input",
];

#[test]
fn the_examples_of_the_pages_show_what_they_are_about() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/explain/pages");
    let mut count = 0;
    let project = Project::new(&[]);
    for entry in fs::read_dir(folder).expect("the pages are there") {
        let path = entry.expect("a page").path();
        let text = fs::read_to_string(&path).expect("a page is text");
        let id = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        // A document within the page stands between longer fences.
        let inner = text.split_once("````markdown\n");
        let inner = inner.and_then(|(_, rest)| rest.split_once("````\n"));
        let example = inner.map_or(text.as_str(), |(inside, _)| inside);
        let has_example = example.contains("```python\n") || inner.is_some();
        if has_example && !WITHOUT_EXAMPLE.contains(&id.as_str()) {
            count += 1;
            project.write(&format!("{id}.md"), example.as_bytes());
        }
    }
    assert!(count > 15, "only {count} pages have examples");
    let ran = project.run(&[
        "check",
        "--format",
        "json",
        "--timeout",
        "1",
        "--unused-skips",
    ]);
    let report: Value = serde_json::from_str(&ran.stdout).expect("the report is JSON");
    let documents = report["documents"].as_array().expect("documents");
    assert_eq!(documents.len(), count);
    for document in documents {
        let id = document["path"]
            .as_str()
            .expect("a path")
            .trim_end_matches(".md");
        let has = |key: &str| {
            document
                .to_string()
                .contains(&format!("\"{key}\":\"{id}\""))
        };
        assert!(has("id") || has("reason"), "{id}: {document}");
    }
}

const NOTE: &str = r#"# Names

```python
words = ["to", "be"]
```

<!-- snipcheck: timeout=3 -->

```python
# the words are ours
print(words)          # ['to', 'be'] — both
len(words)            # 3
words.pop()           # => 'or'
for word in words:
    print(word)       # be
print(word)           # end of the list
float("0.1") * 3      # 0.3
int("x")              # ValueError
```

```text
```

```python
input("Who? ")
```

```input
Ada
```

```python {test="skip"}
launch()
```

```js
1
```
"#;

#[test]
fn each_comment_is_explained_below_its_line() {
    let project = Project::new(&[("note.md", NOTE)]);
    let ran = project.run(&["explain", "note.md:10"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    let is_stable = |line: &&str| !line.starts_with("  spent") && !line.starts_with("  policy");
    let shown: Vec<&str> = ran.stdout.lines().filter(is_stable).collect();
    insta::assert_snapshot!("explained", shown.join("\n"));
}

#[test]
fn the_table_shows_every_block() {
    let project = Project::new(&[("note.md", NOTE), ("other.md", "# Nothing\n")]);
    let ran = project.run(&["list"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    insta::assert_snapshot!("table", ran.stdout);
    let ran = project.run(&["list", "note.md:10"]);
    assert_eq!(ran.stdout.matches("script").count(), 1, "{ran:?}");
    assert!(!ran.stdout.contains("names/1 "), "{ran:?}");
}

#[test]
fn the_list_is_data_too() {
    let project = Project::new(&[("note.md", NOTE)]);
    let ran = project.run(&["list", "--format", "json"]);
    let list: Value = serde_json::from_str(&ran.stdout).expect("it is JSON");
    assert_eq!(list["schema"], "snipcheck-list/1");
    let blocks = list["documents"][0]["blocks"].as_array().expect("blocks");
    let roles: Vec<&Value> = blocks.iter().map(|block| &block["role"]).collect();
    assert_eq!(
        roles,
        ["run", "run", "other", "run", "input", "skip", "other"]
    );
    assert_eq!(blocks[1]["context"][0], "names/1");
    assert_eq!(blocks[1]["directives"][0]["name"], "timeout");
    assert_eq!(blocks[1]["directives"][0]["value"], "3");
    assert_eq!(blocks[1]["directives"][0]["line"], 7);
    assert_eq!(blocks[4]["of"], "names/3");
    assert_eq!(blocks[5]["reason"], "skipped-by-author");
    let ran = project.run(&["check", "--format", "json"]);
    let report: Value = serde_json::from_str(&ran.stdout).expect("it is JSON");
    let block = &report["documents"][0]["blocks"][1];
    assert_eq!(block["directives"], blocks[1]["directives"]);
}

#[test]
fn sentences_are_explained_and_listed_too() {
    let note =
        "# Powers\n\n```python\nx = 1\n```\n\n`2 ** 3` gives `8`, and `len('abc')` returns `4`.\n";
    let project = Project::new(&[("note.md", note)]);
    let ran = project.run(&["explain", "note.md:7"]);
    let shown: Vec<&str> = ran.stdout.lines().collect();
    insta::assert_snapshot!("sentences", shown.join("\n"));
    let ran = project.run(&["list"]);
    assert!(
        ran.stdout.contains("  claims in sentences: line 7\n"),
        "{ran:?}"
    );
    assert!(ran.stdout.contains(", 2 more in sentences"), "{ran:?}");
    let ran = project.run(&["list", "--format", "json"]);
    let list: Value = serde_json::from_str(&ran.stdout).expect("it is JSON");
    let claims = &list["documents"][0]["claims"];
    assert_eq!(claims[1]["text"], "4");
    assert_eq!(claims[1]["line"], 7);
    assert_eq!(claims[1]["column"], 47);
}
