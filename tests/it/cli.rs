//! The program from outside: arguments, settings, files, streams and exit status.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A folder with files, in which the program is run.
struct Project {
    folder: TempDir,
}

/// What a run of the program gave.
#[derive(Debug)]
struct Ran {
    status: i32,
    stdout: String,
    stderr: String,
}

impl Project {
    fn new(files: &[(&str, &str)]) -> Self {
        let project = Project {
            folder: TempDir::new().expect("a temporary folder"),
        };
        for (path, text) in files {
            project.write(path, text.as_bytes());
        }
        project
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, content: &[u8]) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).expect("a folder");
        fs::write(path, content).expect("a file");
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_snipcheck"));
        command
            .args(args)
            .current_dir(self.folder.path())
            .env_remove("CI")
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR_FORCE")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Ran {
        let output = self.command(args).output().expect("the program starts");
        Ran::new(output)
    }
}

impl Ran {
    fn new(output: Output) -> Self {
        Ran {
            status: output.status.code().expect("it was not killed"),
            stdout: String::from_utf8(output.stdout).expect("its output is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("its errors are UTF-8"),
        }
    }
}

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
    let folder = fs::canonicalize(project.folder.path()).expect("the folder is there");
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
    let mut child = project
        .command(&["list", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("its input is a pipe");
    stdin.write_all(b"text\n").expect("it reads");
    drop(stdin);
    let ran = Ran::new(child.wait_with_output().expect("it ends"));
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
    let message = "expectations/notes/a.md.snap:5: a merge conflict is not resolved here\n";
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
