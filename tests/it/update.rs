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
    assert!(ran.stdout.contains("create  sums/1"), "{}", ran.stdout);
    assert!(snapshot(&project).contains("stdout:\n| 2\n"));
    assert_status(&project.run(&["check"]), 0);

    project.write("notes/a.md", b"# Sums\n\n```python\nprint(1 + 2)\n```\n");
    let ran = project.run(&["check"]);
    assert_status(&ran, 1);
    for part in [
        "snapshot-differs",
        "-| 2",
        "+| 3",
        "`snipcheck update --accept notes/a.md:4`",
    ] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
    assert_status(&project.run(&["check", "--no-snapshots"]), 0);

    assert_status(&project.run(&["update", "--accept", "notes/a.md:4"]), 0);
    assert!(snapshot(&project).contains("stdout:\n| 3\n"));
    assert_status(&project.run(&["check"]), 0);
}

#[test]
fn updating_again_changes_nothing() {
    let project = project("```python\nprint('a')\n```\n\n```python\nprint(object())\n```\n");
    project.run(&["update"]);
    let first = snapshot(&project);
    assert!(
        first.contains("| <object object at 0x‹address›>"),
        "{first}"
    );
    let ran = project.run(&["update"]);
    assert_eq!(ran.stdout, "2 unchanged\n");
    assert_eq!(snapshot(&project), first);
}

#[test]
fn what_is_not_repeatable_is_not_recorded_and_the_rest_is() {
    let flaky = [
        ("print(hash('a'))", "hash-seed"),
        ("print({'a', 'b', 'c', 'd', 'e'})", "hash-seed"),
        ("import random; print(random.random())", "chance"),
        ("import time; print(time.perf_counter_ns())", "clock"),
        (
            "import datetime; d = datetime.date.today(); print(d)",
            "clock",
        ),
        ("import os; print(os.getpid())", "machine"),
        ("print(object.__hash__(object()) % 1_000_003)", "address"),
    ];
    for (code, cause) in flaky {
        let project = project(&format!(
            "```python\nprint('before')\n{code}\nprint('behind')\n```\n"
        ));
        let ran = project.run(&["update"]);
        assert_status(&ran, 0);
        let told = format!("(not-repeatable: 1 part, {cause})");
        assert!(ran.stdout.contains(&told), "{code}: {}", ran.stdout);
        let kept = format!("stdout:\n| before\n~ {cause}\n| behind\n");
        assert!(snapshot(&project).contains(&kept), "{}", snapshot(&project));
        assert_status(&project.run(&["check"]), 0);
    }
}

#[test]
fn known_noise_is_masked_by_name_and_nothing_of_it_compared() {
    let project = project(
        "```python\nimport tempfile, threading, time, warnings\n\
         start = time.perf_counter()\n\
         print('took', time.perf_counter() - start)\n\
         print(object(), tempfile.gettempdir())\n\
         print(threading.get_ident())\n\
         warnings.warn('careful')\n```\n",
    );
    project.run(&["update"]);
    let kept = snapshot(&project);
    for line in [
        "| took ‹duration›\n",
        "| <object object at 0x‹address›> /tmp\n",
        "| ‹identity›\n",
        "| ‹document›:‹line 6›: UserWarning: careful\n",
    ] {
        assert!(kept.contains(line), "{line}: {kept}");
    }
    assert_status(&project.run(&["check"]), 0);
    // Prose before the block moves every line of it.
    let document = fs::read_to_string(project.path("notes/a.md")).expect("it is read");
    project.write("notes/a.md", format!("Prose.\n\n{document}").as_bytes());
    assert_status(&project.run(&["check"]), 0);
    assert!(project.run(&["update"]).stdout.starts_with("1 unchanged"));
}

#[test]
fn a_block_that_fails_keeps_its_record_and_gets_no_other() {
    let project = project("```python\nprint('a')\n```\n");
    project.run(&["update"]);
    let first = snapshot(&project);
    project.write("notes/a.md", b"```python\nprint('b')\n1 / 0\n```\n");
    let ran = project.run(&["update", "--accept"]);
    assert_status(&ran, 1);
    assert!(ran.stdout.contains("uncaught-exception"), "{}", ran.stdout);
    assert_eq!(snapshot(&project), first);
    let ran = project.run(&["update", "--accept", "--allow-failed"]);
    assert_status(&ran, 1);
    let kept = snapshot(&project);
    assert!(kept.contains("exception: ZeroDivisionError"), "{kept}");
}

#[test]
fn nothing_is_recorded_of_what_ran_without_a_sandbox() {
    let project = project("```python\nprint('a')\n```\n");
    let ran = project.run(&["update", "--no-sandbox"]);
    assert_status(&ran, 2);
    assert!(
        ran.stderr.contains("`--allow-unconfined`"),
        "{}",
        ran.stderr
    );
    assert!(!project.path("expectations").exists());
    assert_status(
        &project.run(&["update", "--no-sandbox", "--allow-unconfined"]),
        0,
    );
    assert!(snapshot(&project).contains("| a\n"));
}

#[test]
fn ci_writes_nothing_and_says_so() {
    let project = project("```python\nprint('a')\n```\n");
    for command in ["update", "review", "accept", "reject"] {
        let output = project.command(&[command]).env("CI", "true").output();
        let ran = Ran::new(output.expect("the program starts"));
        assert_status(&ran, 2);
        let sentence =
            format!("error: `{command}` writes nothing where the environment variable CI");
        assert!(ran.stderr.starts_with(&sentence), "{}", ran.stderr);
        assert!(!project.path("expectations").exists());
    }
}

#[test]
fn a_dry_run_prints_a_patch_and_writes_nothing_also_in_ci() {
    let project = project("```python\nprint('a')\n```\n");
    let patch = |project: &Project| {
        let output = project
            .command(&["update", "--dry-run"])
            .env("CI", "1")
            .output();
        let ran = Ran::new(output.expect("the program starts"));
        assert_status(&ran, 0);
        ran.stdout
    };
    let created = patch(&project);
    assert!(
        created.starts_with(&format!("--- /dev/null\n+++ b/{SNAPSHOT}\n")),
        "{created}"
    );
    assert!(!project.path("expectations").exists());
    project.run(&["update"]);
    let added: Vec<&str> = created.lines().skip(3).map(|line| &line[1..]).collect();
    assert_eq!(snapshot(&project).lines().collect::<Vec<_>>(), added);
    assert_eq!(patch(&project), "");
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
        ran.stdout.ends_with("recorded: 1 create, 2 format-only\n"),
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
