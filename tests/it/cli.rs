//! The program from outside: arguments, settings, files, streams and exit status.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use crate::project::{Project, Ran};

fn run(args: &[&str]) -> Ran {
    Project::new(&[]).run(args)
}

#[test]
fn help_and_version_are_no_errors() {
    let help = run(&["--help"]);
    assert_eq!(help.status, 0);
    for command in ["check", "update", "list", "explain", "doctor"] {
        assert!(help.stdout.contains(command), "{command}: {}", help.stdout);
    }
    assert!(!help.stdout.contains("__fork-server"), "{}", help.stdout);
    let version = run(&["--version"]);
    assert_eq!(version.status, 0);
    assert_eq!(
        version.stdout,
        concat!("snipcheck ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn bad_arguments_are_status_2_and_say_what_was_meant() {
    let cases: [(&[&str], &str); 7] = [
        (&[], "Usage"),
        (&["chek"], "check"),
        (&["check", "--formt", "json"], "--format"),
        (&["check", "--format", "yaml"], "concise"),
        (&["check", "--timeout", "0"], "0.001"),
        (&["check", "--jobs", "0"], "1..=1024"),
        (&["check", "--quiet", "--verbose"], "--verbose"),
    ];
    for (args, word) in cases {
        let ran = run(args);
        assert_eq!(ran.status, 2, "{args:?}");
        assert!(ran.stderr.contains(word), "{args:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{args:?}");
    }
}

#[test]
fn a_path_that_leads_nowhere_is_named() {
    let ran = run(&["check", "no/such.md"]);
    assert_eq!(ran.status, 2);
    assert_eq!(ran.stderr, "error: no such file or directory: no/such.md\n");
    let ran = run(&["list", "no/such.md:12"]);
    assert_eq!(
        ran.stderr,
        "error: no such file or directory: no/such.md:12\n"
    );
}

#[test]
fn a_folder_without_documents_is_named() {
    let project = Project::new(&[("notes/readme.txt", "x"), ("empty/.hidden/a.md", "x")]);
    for (path, shown) in [("notes", "notes"), ("empty", "empty"), (".", ".")] {
        let ran = project.run(&["check", path]);
        assert_eq!(ran.status, 2);
        let expected = format!("error: no Markdown documents under {shown}\n");
        assert_eq!(ran.stderr, expected);
    }
}

#[test]
fn the_rest_is_listed_beside_a_path_that_leads_nowhere() {
    let project = Project::new(&[("a.md", "text\n")]);
    let ran = project.run(&["list", "no.md", "a.md"]);
    assert_eq!(ran.status, 2);
    assert_eq!(ran.stderr, "error: no such file or directory: no.md\n");
    assert!(ran.stdout.starts_with("a.md\n"), "{}", ran.stdout);
}

/// The documents that `list` names, in order.
fn listed(project: &Project, args: &[&str]) -> Vec<String> {
    let args: Vec<&str> = ["list"].iter().chain(args).copied().collect();
    let ran = project.run(&args);
    let is_path = |line: &&str| !line.starts_with(' ');
    ran.stdout
        .lines()
        .take_while(|line| !line.is_empty())
        .filter(is_path)
        .map(str::to_owned)
        .collect()
}

#[test]
fn folders_are_walked_in_order_as_git_would() {
    let project = Project::new(&[
        (".gitignore", "build/\n*.tmp.md\n"),
        ("b.md", ""),
        ("a/z.md", ""),
        ("a/b.MARKDOWN", ""),
        ("a-b.mkd", ""),
        ("a/notes.txt", ""),
        ("build/out.md", ""),
        ("c.tmp.md", ""),
        (".hidden.md", ""),
    ]);
    let all = ["a/b.MARKDOWN", "a/z.md", "a-b.mkd", "b.md"];
    assert_eq!(listed(&project, &[]), all);
    assert_eq!(listed(&project, &["."]), all);
    assert_eq!(
        listed(&project, &["./b.md", "a", "a/z.md"]),
        ["b.md", "a/b.MARKDOWN", "a/z.md"]
    );
    assert_eq!(
        listed(&project, &["build/out.md", "a/notes.txt"]),
        ["build/out.md", "a/notes.txt"]
    );
}

#[test]
fn a_repository_ends_the_search_for_ignored_files() {
    let project = Project::new(&[
        (".gitignore", "*\n"),
        ("repository/.git/HEAD", "ref: refs/heads/main\n"),
        ("repository/a.md", ""),
    ]);
    assert_eq!(listed(&project, &["repository"]), ["repository/a.md"]);
}

#[test]
fn excluded_documents_are_left_out_unless_named() {
    let project = Project::new(&[
        ("snipcheck.toml", "exclude = ['drafts/', '/a.md']\n"),
        ("a.md", ""),
        ("notes/a.md", ""),
        ("notes/drafts/b.md", ""),
    ]);
    assert_eq!(listed(&project, &["."]), ["notes/a.md"]);
    assert_eq!(listed(&project, &["a.md"]), ["a.md"]);
}

#[test]
fn links_are_followed_only_inside_and_each_file_comes_once() {
    let project = Project::new(&[("in/a.md", ""), ("in/sub/b.md", ""), ("out/secret.md", "")]);
    let link = |target: &str, name: &str| symlink(target, project.path(name)).expect("a link");
    link("a.md", "in/again.md");
    link("..", "in/sub/loop");
    link("../out/secret.md", "in/secret.md");
    link("nowhere.md", "in/broken.md");
    let ran = project.run(&["list", "in"]);
    assert_eq!(ran.status, 1);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(
        lines,
        [
            "in/a.md",
            "  no code blocks",
            "in/broken.md",
            "  the document cannot be read: it is a symbolic link that leads nowhere: \
             No such file or directory (os error 2)",
            "in/secret.md",
            "  the document cannot be read: it is a symbolic link that leads out of the directory",
            "in/sub/b.md",
            "  no code blocks",
        ]
    );
}

#[test]
fn what_is_no_text_file_is_refused_at_once() {
    let project = Project::new(&[]);
    let pipe = Command::new("mkfifo").arg(project.path("pipe.md")).status();
    assert!(pipe.expect("mkfifo starts").success());
    project.write("bytes.md", b"# a\n\xff\n");
    let ran = project.run(&["list", "pipe.md", "bytes.md", "/dev/zero"]);
    assert_eq!(ran.status, 1);
    for message in [
        "pipe.md\n  the document cannot be read: it is a named pipe, not a file",
        "bytes.md\n  the document is not UTF-8: bad byte at offset 4, line 2",
        "/dev/zero\n  the document cannot be read: it is a device, not a file",
    ] {
        assert!(ran.stdout.contains(message), "{}", ran.stdout);
    }
}

#[test]
fn settings_are_found_upward_and_their_errors_are_located() {
    let project = Project::new(&[
        ("snipcheck.toml", "strict = true\ntimeot = 3\n"),
        ("sub/a.md", ""),
    ]);
    let mut command = project.command(&["list", "a.md"]);
    let output = command.current_dir(project.path("sub")).output();
    let ran = Ran::new(output.expect("the program starts"));
    assert_eq!(ran.status, 2);
    let folder = fs::canonicalize(project.path("")).expect("the folder is there");
    assert_eq!(
        ran.stderr,
        format!(
            "error: {}/snipcheck.toml:2: unknown setting `timeot`; did you mean `timeout`?\n",
            folder.display()
        )
    );
}

#[test]
fn pyproject_is_read_only_where_it_names_the_tool() {
    let project = Project::new(&[("pyproject.toml", "this is {{ no }} TOML"), ("a.md", "")]);
    assert_eq!(project.run(&["list"]).status, 0);
    project.write(
        "pyproject.toml",
        b"[tool.other]\nx = 1\n[tool.snipcheck]\njobs = 'many'\n",
    );
    let ran = project.run(&["list"]);
    assert_eq!(ran.status, 2);
    let message = "pyproject.toml:4: `jobs` must be a whole number from 1 to 1024\n";
    assert!(ran.stderr.ends_with(message), "{}", ran.stderr);
    project.write("pyproject.toml", b"[tool.snipcheck\n");
    let ran = project.run(&["list"]);
    assert!(
        ran.stderr.contains("pyproject.toml:1: not valid TOML"),
        "{}",
        ran.stderr
    );
    // In one folder the file of our own wins.
    project.write("snipcheck.toml", b"");
    assert_eq!(project.run(&["list"]).status, 0);
}

#[test]
fn a_bad_pattern_is_named() {
    let project = Project::new(&[("snipcheck.toml", "exclude = ['a{b']\n"), ("a.md", "")]);
    let ran = project.run(&["list"]);
    assert_eq!(ran.status, 2);
    assert!(
        ran.stderr.contains("`exclude` holds a bad pattern `a{b`"),
        "{}",
        ran.stderr
    );
}

#[test]
fn standard_input_is_a_document() {
    let project = Project::new(&[]);
    let ran = project.run_with_input(&["list", "-"], "text\n");
    assert_eq!(ran.status, 0);
    assert_eq!(ran.stdout, "<stdin>\n  no code blocks\n");
}

#[test]
fn a_reader_that_went_away_is_no_panic() {
    let project = Project::new(&[("a.md", "text\n")]);
    for args in [&["list"][..], &["--help"]] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = project.command(args).stdout(writer).output();
        let ran = Ran::new(output.expect("the program starts"));
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{args:?}");
    }
}

#[test]
fn update_refuses_to_write_in_ci() {
    let project = Project::new(&[("a.md", "")]);
    let output = project.command(&["update"]).env("CI", "true").output();
    let ran = Ran::new(output.expect("the program starts"));
    assert_eq!(ran.status, 2);
    assert!(
        ran.stderr.contains("`update` writes nothing"),
        "{}",
        ran.stderr
    );
    assert!(!project.path("expectations").exists());
}

#[test]
fn a_damaged_snapshot_is_located_and_never_overwritten() {
    let project = Project::new(&[("notes/a.md", "")]);
    let damaged = "---\nsource: notes/a.md\ndescription: snipcheck snapshot 1\n---\n<<<<<<< HEAD\n";
    project.write("expectations/notes/a.md.snap", damaged.as_bytes());
    let ran = project.run(&["update"]);
    assert_eq!(ran.status, 2);
    let message = "expectations/notes/a.md.snap:5: a merge conflict is not resolved here; \
                   nothing of it was changed\n";
    assert!(ran.stderr.ends_with(message), "{}", ran.stderr);
    let kept = fs::read_to_string(project.path("expectations/notes/a.md.snap"));
    assert_eq!(kept.expect("it is still there"), damaged);
}

#[test]
fn file_names_cannot_act_on_the_terminal() {
    let project = Project::new(&[("a\u{1b}[2J.md", "text\n")]);
    let ran = project.run(&["list"]);
    assert_eq!(ran.stdout, "a\\x1b[2J.md\n  no code blocks\n");
}

const TRUE: &str = "```python\nprint(1)  # 1\n```\n";
const BROKEN: &str = "```python\nprint(1)  # 2\n```\n";

#[test]
fn the_status_says_whether_all_that_was_judged_held() {
    let project = Project::new(&[
        ("true.md", TRUE),
        ("broken.md", BROKEN),
        ("undecided.md", "```python\nimport no_such_package\n```\n"),
    ]);
    let cases: [(&[&str], i32); 7] = [
        (&["check", "true.md"], 0),
        (&["check", "broken.md"], 1),
        (&["check", "true.md", "broken.md"], 1),
        (&["check", "undecided.md"], 0),
        (&["check", "--strict", "undecided.md"], 1),
        (&["check", "true.md", "missing.md"], 2),
        (&["check", "broken.md", "missing.md"], 2),
    ];
    for (args, status) in cases {
        let ran = project.run(args);
        assert_eq!(ran.status, status, "{args:?}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains("block"), "{args:?}: {}", ran.stdout);
    }
}

#[test]
fn a_line_selects_its_block_and_nothing_else() {
    let project = Project::new(&[("a.md", &format!("{TRUE}\n{BROKEN}"))]);
    for line in 1..=3 {
        assert_eq!(
            project.run(&["check", &format!("a.md:{line}")]).status,
            0,
            "{line}"
        );
    }
    for line in 5..=7 {
        assert_eq!(
            project.run(&["check", &format!("a.md:{line}")]).status,
            1,
            "{line}"
        );
    }
    let ran = project.run(&["check", "a.md:4"]);
    assert_eq!(ran.status, 2);
    assert_eq!(ran.stderr, "error: no Python block at a.md:4\n");
}

#[test]
fn json_is_one_object_whatever_went_wrong_beside_it() {
    let project = Project::new(&[("a.md", BROKEN)]);
    project.write("bytes.md", b"\xff");
    let ran = project.run(&["check", "--format", "json", "a.md", "bytes.md", "no.md"]);
    assert_eq!(ran.status, 2);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).expect("it is JSON");
    assert_eq!(report["schema"], "snipcheck-report/1");
    assert_eq!(report["summary"]["claims"]["broken"], 1);
    assert_eq!(
        report["documents"][0]["blocks"][0]["reason"],
        "broken-claim"
    );
    assert_eq!(report["documents"][1]["problems"][0]["id"], "not-utf8");
}

#[test]
fn colour_is_only_where_it_is_wanted() {
    let project = Project::new(&[("a.md", BROKEN)]);
    assert!(!project.run(&["check"]).stdout.contains('\u{1b}'));
    let ran = project.run(&["check", "--color", "always"]);
    assert!(ran.stdout.contains('\u{1b}'));
    let ran = project.run(&["check", "--color", "always", "--format", "json"]);
    assert!(!ran.stdout.contains('\u{1b}'));
}

#[test]
fn no_interpreter_is_status_2() {
    let project = Project::new(&[("a.md", TRUE)]);
    let ran = project.run(&["check", "--python", "no/such/python"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("no/such/python"), "{}", ran.stderr);
}

#[test]
fn a_run_whose_reader_went_away_keeps_its_status() {
    let project = Project::new(&[("a.md", BROKEN)]);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let output = project.command(&["check"]).stdout(writer).output();
    let ran = Ran::new(output.expect("the program starts"));
    assert_eq!((ran.status, ran.stderr.as_str()), (1, ""));
}

#[test]
fn explain_tells_what_one_block_did_and_why_it_is_judged_so() {
    let project = Project::new(&[("a.md", BROKEN)]);
    let ran = project.run(&["explain", "a.md:2"]);
    assert_eq!(ran.status, 0);
    for part in [
        "a.md:2",
        "finished",
        "| 1",
        "broken: the document says",
        "failed: broken-claim",
    ] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
}

#[test]
fn doctor_names_interpreter_and_layers() {
    let ran = run(&["doctor"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(
        ran.stdout.starts_with("interpreter  cpython 3."),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("no-new-privileges"), "{}", ran.stdout);
}
