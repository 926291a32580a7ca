//! Snapshots from outside: `update` records, `check` compares, nothing wrong or flaky gets in.

use std::fs;

use crate::project::{Project, Ran};

const SNAPSHOT: &str = "expectations/notes/a.md.snap";

fn project(document: &str) -> Project {
    Project::new(&[("notes/a.md", document)])
}

/// The snapshot of the document, or an empty text where there is none.
fn snapshot(project: &Project) -> String {
    fs::read_to_string(project.path(SNAPSHOT)).unwrap_or_default()
}

fn assert_status(ran: &Ran, status: i32) {
    assert_eq!(ran.status, status, "{}\n{}", ran.stdout, ran.stderr);
}

#[test]
fn what_is_recorded_is_what_check_compares() {
    let project = project("# Sums\n\n```python\nprint(1 + 1)\n```\n");
    assert_status(&project.run(&["check"]), 0);
    assert!(
        !project.path("expectations").exists(),
        "check writes nothing"
    );

    let ran = project.run(&["update"]);
    assert_status(&ran, 0);
    assert!(ran.stdout.contains("created  sums/1"), "{}", ran.stdout);
    assert!(snapshot(&project).contains("stdout:\n| 2\n"));
    assert_status(&project.run(&["check"]), 0);

    project.write("notes/a.md", b"# Sums\n\n```python\nprint(1 + 2)\n```\n");
    let ran = project.run(&["check"]);
    assert_status(&ran, 1);
    for part in [
        "snapshot-differs",
        "-| 2",
        "+| 3",
        "`snipcheck update notes/a.md:4`",
    ] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
    assert_status(&project.run(&["check", "--no-snapshots"]), 0);

    assert_status(&project.run(&["update", "notes/a.md:4"]), 0);
    assert!(snapshot(&project).contains("stdout:\n| 3\n"));
    assert_status(&project.run(&["check"]), 0);
}

#[test]
fn updating_again_changes_nothing() {
    let project = project("```python\nprint('a')\n```\n\n```python\nprint(object())\n```\n");
    project.run(&["update"]);
    let first = snapshot(&project);
    assert!(first.contains("| <object object at 0x…>"), "{first}");
    let ran = project.run(&["update"]);
    assert_eq!(ran.stdout, "2 unchanged\n");
    assert_eq!(snapshot(&project), first);
}

#[test]
fn what_is_not_repeatable_is_not_recorded() {
    let project = project("```python\nprint(hash('a'))\n```\n\n```python\nprint('b')\n```\n");
    let ran = project.run(&["update"]);
    assert_status(&ran, 0);
    assert!(ran.stdout.contains("not repeatable"), "{}", ran.stdout);
    assert_eq!(snapshot(&project).matches("digest:").count(), 1);
    assert_status(&project.run(&["check"]), 0);
}

#[test]
fn a_block_that_fails_keeps_no_record() {
    let project = project("```python\nprint('a')\n```\n");
    project.run(&["update"]);
    project.write("notes/a.md", b"```python\nprint('a')\n1 / 0\n```\n");
    let ran = project.run(&["update"]);
    assert_status(&ran, 1);
    assert!(ran.stdout.contains("uncaught-exception"), "{}", ran.stdout);
    assert!(!project.path(SNAPSHOT).exists());
}

#[test]
fn a_dry_run_tells_and_writes_nothing_also_in_ci() {
    let project = project("```python\nprint('a')\n```\n");
    let output = project
        .command(&["update", "--dry-run"])
        .env("CI", "1")
        .output();
    let ran = Ran::new(output.expect("the program starts"));
    assert_status(&ran, 0);
    assert!(
        ran.stdout.contains(&format!("would write {SNAPSHOT}")),
        "{}",
        ran.stdout
    );
    assert!(!project.path("expectations").exists());
}

#[test]
fn an_inserted_block_leaves_the_others_their_records() {
    let project = project("# A\n\n```python\nprint('x')\n```\n\n```python\nprint('y')\n```\n");
    project.run(&["update"]);
    project.write(
        "notes/a.md",
        b"# A\n\nMore.\n\n```python\nprint('new')\n```\n\n```python\nprint('x')\n```\n\n```python\nprint('y')\n```\n",
    );
    assert_status(&project.run(&["check"]), 0);
    let ran = project.run(&["update"]);
    assert!(
        ran.stdout.ends_with("1 created, 2 changed\n"),
        "{}",
        ran.stdout
    );
}

#[test]
fn snapshots_lie_beside_the_settings_file() {
    let project = Project::new(&[
        ("snipcheck.toml", "expectations = 'recorded'\n"),
        ("notes/a.md", "```python\nprint('a')\n```\n"),
    ]);
    let mut command = project.command(&["update", "a.md"]);
    let output = command.current_dir(project.path("notes")).output();
    assert_status(&Ran::new(output.expect("the program starts")), 0);
    assert!(project.path("recorded/notes/a.md.snap").exists());
}
