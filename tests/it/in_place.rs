//! `update --in-place` from outside: only broken values change, nobody is surprised.
//!
//! Documents are put together from building blocks in every container and form, wrong values are
//! planted, and what comes back must be the true document byte for byte.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::chance::Chance;
use crate::project::{Project, Ran};

/// A piece of a document with one value in it, written as `{}`; what is true, and what is planted.
type Brick = (&'static str, &'static str, &'static str);

/// Code blocks with values in all conventions; the lines of a value in several are parted by `\n`.
const BRICKS: &[Brick] = &[
    ("```python\nprint(3 * 4)  # {}\n```", "12", "13"),
    (
        "```python\nprint([1, 2])      # {} — a list\n```",
        "[1, 2]",
        "[1, 3]",
    ),
    ("```py\nprint('ab'*2)# {}\n```", "'abab'", "'aba'"),
    (
        "```python\nprint('ab' * 2)\t#  {}  (twice)\n```",
        "\"abab\"",
        "\"ab\"",
    ),
    ("```python\nprint('a', 1)  # => {}\n```", "a 1", "a 2"),
    ("```python\nprint(1, 2)  # {}\n```", "1, 2", "1, 3"),
    (
        "```python\nprint('sum:', 2)  # Output: {} — as it should\n```",
        "sum: 2",
        "sum: 3",
    ),
    ("```python\nprint(f'n = {8}')  # {}\n```", "8", "9"),
    ("```python\nn = len('abc')  # {}\n```", "3", "5"),
    (
        "```python\n1 / 3  # {}, more or less\n```",
        "0.333",
        "0.334",
    ),
    ("```python\n10 ** 6  # {}\n```", "1_000_000", "1_000_001"),
    (
        "```python\nlist(range(99))  # {}\n```",
        "[0, 1, ..., 98]",
        "[0, 1, ..., 97]",
    ),
    (
        "```python\nprint({'a': [1]})\n# {}\n```",
        "{\"a\": [1]}",
        "{\"a\": [2]}",
    ),
    (
        "```python\nprint({3, 1, 2})  # {}\n```",
        "{3, 1, 2}",
        "{3, 1, 5}",
    ),
    ("```python\nint('x')  # {}\n```", "ValueError", "KeyError"),
    (
        "```python\n{}['a']  # raises {}\n```",
        "KeyError",
        "TypeError",
    ),
    (
        "```python\nfor n in range(3):\n    print(n)\n# Output:\n# {}\n```",
        "0\n# 1\n# 2",
        "0\n# 2",
    ),
    (
        "```python\nprint([(1, 2), (3, 4)])\n# {}\n```",
        "[(1, 2),\n#  (3, 4)]",
        "[(1, 2),\n#  (3, 5)]",
    ),
    (
        "```python\nprint('[1,\\n 2]')\n\"\"\"\n{}\n\"\"\"\n```",
        "[1,\n 2]",
        "[1,\n 3]",
    ),
    ("```python\n>>> 6 * 7\n{}\n```", "42", "41"),
    (
        "```pycon\n>>> for n in range(3):\n...     print(n)\n{}\n>>> 'x'\n'x'\n```",
        "0\n1\n2",
        "0\n1",
    ),
    (
        "```\n>>> print('a\\n\\nb')\n{}\n```",
        "a\n<BLANKLINE>\nb",
        "a\nb\nc",
    ),
    (
        "```\n>>> [][1]\nTraceback (most recent call last):\n  ...\n{}\n```",
        "IndexError: list index out of range",
        "KeyError: 1",
    ),
    (
        "```python\nprint('one')\nprint('two')\n```\n\n```text\n{}\n```",
        "one\ntwo",
        "one\n2",
    ),
    (
        "```python\nfor n in range(30): print(n)\n```\n\nOutput:\n\n```\n{}\n```",
        "0\n...\n29",
        "0\n...\n30",
    ),
    (
        "```python\nprint('вывод', '…')  # Вывод: {}\n```",
        "вывод …",
        "вывод 1",
    ),
];

/// Text between blocks, with traps: values outside code, and blocks that are no Python.
const MORTAR: &[&str] = &[
    "Some words, 13 of them, and `12`.",
    "## Heading",
    "```js\nconsole.log(3 * 4) // 13\n```",
    "Trailing spaces  \nand a [link](x.md).",
];

/// How a line stands in its container: the prefix of the first line and of the others.
const CONTAINERS: &[(&str, &str, &str)] = &[
    ("", "", ""),
    ("", "> ", "> "),
    ("", "- ", "  "),
    ("", "10. ", "    "),
    ("", "> * ", ">   "),
    ("!!! note\n\n", "    ", "    "),
    ("=== \"Tab\"\n\n", "\t", "\t"),
];

/// A true document and the same with planted values.
fn documents(seed: u64) -> (String, String) {
    let mut chance = Chance(seed);
    let (mut truth, mut planted) = (String::new(), String::new());
    for _ in 0..=chance.below(5) {
        let (template, value, wrong) = BRICKS[chance.below(BRICKS.len())];
        let (lead, first, rest) = CONTAINERS[chance.below(CONTAINERS.len())];
        // A true value among wrong ones must stay, too.
        let wrong = if chance.below(4) == 0 { value } else { wrong };
        for (text, value) in [(&mut truth, value), (&mut planted, wrong)] {
            let block = filled(template, value);
            text.push_str(lead);
            for (index, line) in block.lines().enumerate() {
                let line = format!("{}{line}", if index == 0 { first } else { rest });
                text.push_str(if line.trim() == ">" { ">" } else { &line });
                text.push('\n');
            }
            text.push('\n');
        }
        let mortar = MORTAR[chance.below(MORTAR.len())];
        for text in [&mut truth, &mut planted] {
            text.push_str(mortar);
            text.push_str("\n\n");
        }
    }
    let (crlf, bom, is_open) = (
        chance.below(3) == 0,
        chance.below(4) == 0,
        chance.below(3) == 0,
    );
    let formed = |text: String| {
        let text = if is_open {
            text.trim_end().to_owned()
        } else {
            text
        };
        let text = if crlf {
            text.replace('\n', "\r\n")
        } else {
            text
        };
        if bom { format!("\u{feff}{text}") } else { text }
    };
    (formed(truth), formed(planted))
}

/// `template` with `value` in the place of the last `{}`.
fn filled(template: &str, value: &str) -> String {
    let (before, after) = template.rsplit_once("{}").expect("a place for the value");
    format!("{before}{value}{after}")
}

fn write_all(project: &Project, documents: &BTreeMap<String, String>) {
    for (name, text) in documents {
        project.write(name, text.as_bytes());
    }
}

fn read_all(project: &Project, names: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let read = |name: &String| fs::read_to_string(project.path(name)).expect("it is there");
    names
        .keys()
        .map(|name| (name.clone(), read(name)))
        .collect()
}

fn rewritten(project: &Project, more: &[&str]) -> Ran {
    let mut words = vec!["update", "--in-place", "--yes"];
    words.extend(more);
    project.run(&words)
}

#[test]
fn planted_values_become_the_true_ones_byte_for_byte() {
    let seeds = 1..=60_u64;
    let both: Vec<(String, (String, String))> = seeds
        .map(|seed| (format!("{seed:03}.md"), documents(seed)))
        .collect();
    let truth: BTreeMap<String, String> = both
        .iter()
        .map(|(name, (truth, _))| (name.clone(), truth.clone()))
        .collect();
    let planted: BTreeMap<String, String> = both
        .into_iter()
        .map(|(name, (_, planted))| (name, planted))
        .collect();
    let project = Project::new(&[]);

    write_all(&project, &truth);
    let ran = rewritten(&project, &[]);
    assert_eq!(
        (ran.status, ran.stdout.as_str()),
        (0, "nothing to rewrite\n")
    );
    assert_eq!(read_all(&project, &truth), truth);

    write_all(&project, &planted);
    let ran = rewritten(&project, &[]);
    for (name, now) in read_all(&project, &truth) {
        assert_eq!(
            now, truth[&name],
            "{name}, from {:?}\n{}",
            planted[&name], ran.stdout
        );
    }
    assert_eq!(ran.status, 0, "{}", ran.stdout);
    assert!(ran.stdout.contains("values replaced"), "{}", ran.stdout);
}

#[test]
fn every_brick_comes_back_from_every_container() {
    let project = Project::new(&[]);
    let mut truth = BTreeMap::new();
    for (brick, (template, value, wrong)) in BRICKS.iter().enumerate() {
        for (container, (lead, first, rest)) in CONTAINERS.iter().enumerate() {
            let placed = |value: &str| {
                let block = filled(template, value);
                let lines: Vec<String> =
                    block.lines().map(|line| format!("{rest}{line}")).collect();
                let text = lines.join("\r\n");
                format!("{lead}{first}{}\r\n", &text[rest.len()..])
            };
            let name = format!("{brick:02}-{container}.md");
            project.write(&name, placed(wrong).as_bytes());
            truth.insert(name, placed(value));
        }
    }
    let ran = rewritten(&project, &[]);
    for (name, now) in read_all(&project, &truth) {
        assert_eq!(now, truth[&name], "{name}\n{}", ran.stdout);
    }
}

#[test]
fn what_the_labels_call_true_stays() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/labelled");
    let project = Project::new(&[]);
    let mut before = BTreeMap::new();
    for entry in fs::read_dir(&folder).expect("the labelled set is there") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|end| end == "md") {
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            let text = fs::read_to_string(&path).expect("it is readable");
            let labels = fs::read_to_string(path.with_extension("labels")).expect("its labels");
            project.write(&name, text.as_bytes());
            before.insert(name, (text, labels));
        }
    }
    let ran = rewritten(&project, &["."]);
    for (name, (text, labels)) in &before {
        let broken: Vec<usize> = labels
            .lines()
            .filter_map(|label| label.split_once(" broken ")?.0.parse().ok())
            .collect();
        let now = fs::read_to_string(project.path(name)).expect("it is there");
        for (line, old) in changed_lines(text, &now) {
            // What follows on the lines below belongs to the label.
            let is_broken = broken
                .iter()
                .any(|broken| (*broken..broken + 12).contains(&line));
            assert!(is_broken, "{name}:{line} was {old}");
        }
    }
    let after: BTreeMap<String, String> = before
        .keys()
        .map(|name| (name.clone(), String::new()))
        .collect();
    let after = read_all(&project, &after);
    assert_eq!(ran.stderr, "");
    rewritten(&project, &["."]);
    assert_eq!(
        read_all(&project, &after),
        after,
        "a second run changes nothing"
    );
}

#[test]
fn this_repository_s_own_documents_stay() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let project = Project::new(&[]);
    let readme = fs::read(root.join("README.md")).expect("the README is there");
    project.write("README.md", &readme);
    for entry in fs::read_dir(root.join("snippets")).expect("the snippets are there") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|end| end == "md") {
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            project.write(&name, &fs::read(&path).expect("it is readable"));
        }
    }
    let ran = rewritten(&project, &[]);
    assert!(
        ran.stdout.ends_with("nothing to rewrite\n"),
        "{}",
        ran.stdout
    );
}

/// The lines of `before`, from 1, that `after` has not, or not there.
fn changed_lines<'t>(before: &'t str, after: &'t str) -> Vec<(usize, &'t str)> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let numbered = old
        .iter()
        .enumerate()
        .map(|(index, line)| (index + 1, *line));
    if old.len() == new.len() {
        let pairs = numbered.zip(&new).filter(|((_, old), new)| *old != **new);
        return pairs.map(|(numbered, _)| numbered).collect();
    }
    let ops = similar::capture_diff_slices(similar::Algorithm::Myers, &old, &new);
    let gone: Vec<usize> = ops
        .iter()
        .filter(|op| op.tag() != similar::DiffTag::Equal)
        .flat_map(similar::DiffOp::old_range)
        .collect();
    numbered
        .filter(|(line, _)| gone.contains(&(line - 1)))
        .collect()
}

const WRONG: &str = "```python\nprint(1 + 1)  # 3\n```\n\n```python\nprint(2 + 2)  # 5\n```\n";
const RIGHT: &str = "```python\nprint(1 + 1)  # 2\n```\n\n```python\nprint(2 + 2)  # 4\n```\n";

fn text(project: &Project) -> String {
    fs::read_to_string(project.path("notes/a.md")).expect("it is there")
}

fn project() -> Project {
    Project::new(&[("notes/a.md", WRONG)])
}

#[test]
fn a_dry_run_prints_the_patch_and_writes_nothing() {
    let project = project();
    let mut command = project.command(&["update", "--in-place", "--dry-run", "notes"]);
    let ran = Ran::new(
        command
            .env("CI", "true")
            .output()
            .expect("the program starts"),
    );
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(text(&project), WRONG);
    let expected = "--- a/notes/a.md\n+++ b/notes/a.md\n@@ -1,7 +1,7 @@\n ```python\n\
                    -print(1 + 1)  # 3\n+print(1 + 1)  # 2\n";
    assert!(ran.stdout.starts_with(expected), "{}", ran.stdout);
    assert!(
        ran.stdout.ends_with("2 values would be replaced\n"),
        "{}",
        ran.stdout
    );
}

#[test]
fn nothing_is_written_in_ci_from_standard_input_or_without_consent() {
    let project = project();
    let mut command = project.command(&["update", "--in-place", "--yes", "notes"]);
    let ran = Ran::new(
        command
            .env("CI", "true")
            .output()
            .expect("the program starts"),
    );
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("CI is set"), "{}", ran.stderr);

    let ran = rewritten(&project, &["-"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("standard input"), "{}", ran.stderr);

    let ran = project.run(&["update", "--in-place", "notes"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stdout.contains("+print(1 + 1)  # 2"), "{}", ran.stdout);
    assert!(ran.stderr.contains("`--yes`"), "{}", ran.stderr);

    assert_eq!(text(&project), WRONG);
    assert_eq!(
        project.run(&["update", "--add"]).status,
        2,
        "it belongs to --in-place"
    );
}

#[test]
fn a_line_stands_for_its_block() {
    let project = project();
    let ran = rewritten(&project, &["notes/a.md:6"]);
    assert_eq!(ran.status, 0, "{}", ran.stdout);
    assert_eq!(text(&project), WRONG.replace("# 5", "# 4"));
    rewritten(&project, &["notes/a.md:2"]);
    assert_eq!(text(&project), RIGHT);
}

#[test]
fn permissions_and_links_are_kept() {
    let project = project();
    let file = project.path("notes/a.md");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("its permissions");
    symlink("notes/a.md", project.path("link.md")).expect("a link");
    let ran = rewritten(&project, &["link.md"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(project.path("link.md").is_symlink());
    assert_eq!(text(&project), RIGHT);
    let mode = fs::metadata(&file).map(|meta| meta.permissions().mode() & 0o777);
    assert_eq!(mode.ok(), Some(0o640));
    let beside = fs::read_dir(project.path("notes")).map(Iterator::count);
    assert_eq!(beside.ok(), Some(1));
}

#[test]
fn what_was_saved_while_the_blocks_ran_is_not_lost() {
    let slow = "```python\nimport time\ntime.sleep(1.5)\nprint(1)  # 2\n```\n";
    let project = Project::new(&[("notes/a.md", slow)]);
    let mut command = project.command(&["update", "--in-place", "--yes", "notes"]);
    let child = command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the program starts");
    // It has been read by then, and each of its runs takes longer.
    std::thread::sleep(std::time::Duration::from_millis(1000));
    project.write("notes/a.md", b"saved by an editor\n");
    let ran = Ran::new(child.wait_with_output().expect("it ends"));
    assert_eq!(text(&project), "saved by an editor\n");
    assert_eq!(ran.status, 2, "{}", ran.stdout);
    assert!(
        ran.stderr.contains("changed since it was read"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_failure_that_is_no_value_still_counts() {
    let document = "```python\nprint(1)  # 2\n1 / 0\n```\n";
    let project = Project::new(&[("notes/a.md", document)]);
    let ran = rewritten(&project, &[]);
    assert_eq!(ran.status, 1, "{}", ran.stdout);
    assert!(text(&project).contains("print(1)  # 1\n"));
}
