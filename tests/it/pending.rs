//! What waits for a review: asked for key by key, taken over or dropped without questions.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::project::{Project, Ran};

const OLD: &str = "# One\n\n```python\nprint('a')\n```\n\n# Two\n\n```python\nprint('b')\n```\n\n\
    # Three\n\n```python\nprint('c')\n```\n";

/// A project in which three changes of one document and one of another wait.
fn waiting() -> Project {
    let other = "```python\nprint('other')\n```\n";
    let project = Project::new(&[("notes/a.md", OLD), ("notes/b.md", other)]);
    assert_eq!(project.run(&["update"]).status, 0);
    let upper = OLD
        .replace("'a'", "'A'")
        .replace("'b'", "'B'")
        .replace("'c'", "'C'");
    project.write("notes/a.md", upper.as_bytes());
    project.write("notes/b.md", other.replace("other", "OTHER").as_bytes());
    let ran = project.run(&["update"]);
    assert!(ran.stdout.contains("pending: 4 change\n"), "{}", ran.stdout);
    project
}

/// The outputs in the accepted snapshot of a document, and those that wait, if any do.
fn outputs(project: &Project, document: &str) -> (String, Option<String>) {
    let read = |end: &str| {
        let path = project.path(&format!("expectations/notes/{document}.md.snap{end}"));
        let text = fs::read_to_string(path).ok()?;
        let lines = text.lines().filter_map(|line| line.strip_prefix("| "));
        Some(lines.collect::<Vec<_>>().join(" "))
    };
    (read("").unwrap_or_default(), read(".new"))
}

fn review(project: &Project, keys: &str) -> Ran {
    project.run_with_input(&["review"], keys)
}

fn pair(accepted: &str, pending: Option<&str>) -> (String, Option<String>) {
    (accepted.to_owned(), pending.map(str::to_owned))
}

#[test]
fn a_review_asks_for_each_change_and_writes_what_was_decided() {
    let project = waiting();
    let ran = review(&project, "arcs\na");
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(
        ran.stdout.contains("notes/a.md:4  one/1  (change, 1 of 4)"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout
            .ends_with("2 accepted, 1 rejected, 1 left pending\n"),
        "{}",
        ran.stdout
    );
    assert_eq!(outputs(&project, "a"), pair("A b c", Some("A b C")));
    assert_eq!(outputs(&project, "b"), pair("OTHER", None));
    let ran = review(&project, "x?q");
    assert!(
        ran.stdout
            .ends_with("0 accepted, 0 rejected, 1 left pending\n"),
        "{}",
        ran.stdout
    );
    assert_eq!(outputs(&project, "a"), pair("A b c", Some("A b C")));
}

#[test]
fn one_key_takes_over_all_of_a_document_and_no_other() {
    let project = waiting();
    let ran = review(&project, "A");
    assert!(
        ran.stdout
            .ends_with("3 accepted, 0 rejected, 1 left pending\n"),
        "{}",
        ran.stdout
    );
    assert_eq!(outputs(&project, "a"), pair("A B C", None));
    assert_eq!(outputs(&project, "b"), pair("other", Some("OTHER")));
}

#[test]
fn a_terminal_gives_each_key_at_once_and_is_left_as_it_was() {
    let project = waiting();
    let driver = "import os, pty, sys, termios\n\
        pid, fd = pty.fork()\n\
        if pid == 0: os.execv(sys.argv[1], [sys.argv[1], 'review'])\n\
        before = termios.tcgetattr(fd)\n\
        said = b''\n\
        for key in (b'a', b's', b'r', b'q'):\n\
        \x20   while not said.endswith(b'uit? '): said += os.read(fd, 4096)\n\
        \x20   os.write(fd, key)\n\
        \x20   said += b' '\n\
        try:\n\
        \x20   while True:\n\
        \x20       more = os.read(fd, 4096)\n\
        \x20       if not more: break\n\
        \x20       said += more\n\
        except OSError: pass\n\
        print(os.waitpid(pid, 0)[1], said.decode())\n";
    let output = Command::new("python3")
        .args(["-c", driver, env!("CARGO_BIN_EXE_snipcheck")])
        .current_dir(project.path(""))
        .env_remove("CI")
        .output();
    let Ok(output) = output else {
        println!("no python3 to drive a terminal, so not tried");
        return;
    };
    let ran = Ran::new(output);
    assert!(ran.stdout.starts_with("0 "), "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stdout
            .contains("1 accepted, 1 rejected, 2 left pending"),
        "{}",
        ran.stdout
    );
    assert_eq!(outputs(&project, "a"), pair("A b c", Some("A B c")));
}

#[test]
fn changes_are_taken_over_and_dropped_by_id_place_and_path() {
    let project = waiting();
    assert_eq!(project.run(&["accept", "--only", "two/1"]).status, 0);
    assert_eq!(outputs(&project, "a"), pair("a B c", Some("A B C")));
    assert_eq!(project.run(&["reject", "notes/a.md:16"]).status, 0);
    assert_eq!(outputs(&project, "a"), pair("a B c", Some("A B c")));
    let ran = project.run(&["accept", "notes/b.md"]);
    assert_eq!(
        ran.stdout,
        "notes/b.md\n  2  accepted: change  top/1\n1 accepted\n"
    );
    assert_eq!(outputs(&project, "b"), pair("OTHER", None));
    assert_eq!(project.run(&["reject", "notes"]).status, 0);
    assert_eq!(outputs(&project, "a"), pair("a B c", None));
    assert_eq!(project.run(&["accept"]).stdout, "nothing is pending\n");
}

#[test]
fn what_is_not_there_is_named_and_nothing_is_decided() {
    let project = waiting();
    for (args, message) in [
        (
            ["accept", "--only", "four/1"],
            "error: nothing is pending for the id four/1\n",
        ),
        (
            ["reject", "--only", "four/1"],
            "error: nothing is pending for the id four/1\n",
        ),
        (
            ["accept", "notes", "gone.md"],
            "error: no such file or directory: gone.md\n",
        ),
    ] {
        let ran = project.run(&args);
        assert_eq!((ran.status, ran.stderr.as_str()), (2, message));
    }
    let path = "expectations/notes/b.md.snap.new";
    project.write(path, b"<<<<<<< HEAD\n");
    let ran = project.run(&["accept"]);
    assert_eq!(ran.status, 2);
    let message = format!("error: {path}:1: a merge conflict is not resolved here");
    assert!(ran.stderr.starts_with(&message), "{}", ran.stderr);
    assert_eq!(outputs(&project, "a"), pair("a b c", Some("A B C")));
    assert_eq!(project.run(&["update"]).status, 2);
    assert_eq!(
        fs::read(project.path(path)).ok().as_deref(),
        Some(&b"<<<<<<< HEAD\n"[..])
    );
}

#[test]
fn programs_get_one_object() {
    let project = waiting();
    let json = |args: &[&str]| -> Value {
        let ran = project.run(&[args, &["--format", "json"]].concat());
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        serde_json::from_str(&ran.stdout).expect("it is JSON")
    };
    let listed = json(&["review"]);
    assert_eq!(listed["schema"], "snipcheck-pending/1");
    let change = &listed["documents"][0]["changes"][0];
    let expected = serde_json::json!({"id": "one/1", "line": 4, "class": "change",
        "state": "pending", "diff": " stdout:\n-| a\n+| A"});
    assert_eq!(*change, expected);
    assert_eq!(outputs(&project, "a"), pair("a b c", Some("A B C")));
    let accepted = json(&["accept", "--only", "one/1"]);
    assert_eq!(accepted["documents"][0]["changes"][0]["state"], "accepted");
    assert_eq!(accepted["documents"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        json(&["reject"])["documents"][1]["changes"][0]["state"],
        "rejected"
    );
}

#[test]
fn everything_may_wait_and_one_block_may_be_updated_alone() {
    let project = Project::new(&[("notes/a.md", OLD)]);
    let ran = project.run(&["update", "--pending", "--only", "two/1"]);
    assert!(ran.stdout.contains("pending: 1 create\n"), "{}", ran.stdout);
    assert_eq!(outputs(&project, "a"), pair("", Some("b")));
    // What waits for one block is not lost when another is updated.
    project.run(&["update", "--pending", "notes/a.md:4"]);
    assert_eq!(outputs(&project, "a"), pair("", Some("a b")));
    let ran = project.run(&["update", "--only", "four/1"]);
    assert_eq!(ran.status, 2);
    assert_eq!(ran.stderr, "error: no Python block has the id four/1\n");
    project.run(&["accept"]);
    assert_eq!(outputs(&project, "a"), pair("a b", None));
    let ran = project.run(&["check"]);
    assert!(
        ran.stdout.contains("3 passed; 1 new: in no snapshot yet"),
        "{}",
        ran.stdout
    );
    let ran = project.run(&["check", "--require-snapshots"]);
    assert_eq!(ran.status, 1);
    assert!(ran.stdout.contains("error[no-snapshot]"), "{}", ran.stdout);
    project.write("snipcheck.toml", b"require-snapshots = true\n");
    assert_eq!(project.run(&["check"]).status, 1);
    assert_eq!(project.run(&["check", "--no-snapshots"]).status, 0);
}

#[test]
fn the_tool_of_insta_reviews_what_waits() {
    let project = waiting();
    project.write(
        "Cargo.toml",
        b"[package]\nname = \"p\"\nversion = \"0.1.0\"\n[workspace]\n",
    );
    project.write("src/lib.rs", b"");
    let insta = |args: &[&str]| {
        let mut command = Command::new("cargo-insta");
        command
            .args(args)
            .current_dir(project.path(""))
            .env_remove("CI");
        command.output()
    };
    let Ok(listed) = insta(&["pending-snapshots"]) else {
        println!("cargo-insta is not installed, so not tried");
        return;
    };
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.contains("expectations/notes/a.md.snap"), "{listed}");
    let accepted = insta(&["accept"]).expect("it starts again");
    assert!(accepted.status.success());
    assert_eq!(outputs(&project, "a"), pair("A B C", None));
    let before = fs::read(project.path("expectations/notes/a.md.snap")).expect("a snapshot");
    assert_eq!(project.run(&["check"]).status, 0);
    assert_eq!(project.run(&["update"]).stdout, "4 unchanged\n");
    let behind = fs::read(project.path("expectations/notes/a.md.snap")).expect("a snapshot");
    assert_eq!(before, behind, "insta and snipcheck write the same bytes");
}
