//! What the sandbox promises, through the program and on every rung: one file per promise under
//! `tests/cases/promises/`, with what is `## refused` and what is `## allowed`.
//!
//! A section may name the rungs it is for (`## refused on A B`); without any it is for all. Blocks
//! before the first section are for every section. A block must pass and hold at least one claim,
//! unless a line `Must be ⟨reason⟩.` (in backticks, several with `or` between them) stands before it:
//! then it must not pass, for that reason. Words in braces stand for what the harness lays out outside the sandbox.
//!
//! `SNIPCHECK_TEST_PYTHON` names another interpreter to run the blocks: for a run of this binary as a
//! user who cannot read the one that it was built with.
//!
//! `SNIPCHECK_TEST_TIMEOUT` gives blocks more than 3 seconds: for an emulated machine, which is slow.
//!
//! A rung that this machine does not give is left out with a word on standard error;
//! `SNIPCHECK_REQUIRE_SANDBOX=1` makes that a failure.

use std::fmt::Write as _;
use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::UnixListener;
use std::path::Path;

use serde_json::Value;

use crate::project::{Project, Ran};

const RUNGS: [&str; 4] = ["A", "B", "C", "D"];
const SECRET: &str = "xyzzy-planted-secret-4711";
/// Flags of every run: limits small enough to be met soon.
const FLAGS: [&str; 7] = [
    "check",
    "--format",
    "json",
    "--memory-mb",
    "512",
    "--output-kb",
    "256",
];

/// What lies outside, for blocks to reach for.
struct Outside {
    folder: tempfile::TempDir,
    tcp: TcpListener,
    udp: UdpSocket,
    unix: UnixListener,
}

impl Outside {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        open_to_all(folder.path());
        fs::write(folder.path().join("canary"), "alive").expect("a file");
        let unix = UnixListener::bind(folder.path().join("socket")).expect("a socket");
        let tcp = TcpListener::bind("127.0.0.1:0").expect("a port");
        let udp = UdpSocket::bind("127.0.0.1:0").expect("a port");
        unix.set_nonblocking(true).expect("a mode");
        tcp.set_nonblocking(true).expect("a mode");
        udp.set_nonblocking(true).expect("a mode");
        Outside {
            folder,
            tcp,
            udp,
            unix,
        }
    }

    /// The name that processes which must not survive give themselves: 15 bytes at most.
    fn orphan(&self) -> String {
        format!(
            "orphan{}",
            self.tcp.local_addr().expect("an address").port()
        )
    }

    fn fill_in(&self, text: &str, document: &Path) -> String {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        // In two halves, so that the document itself does not hold it.
        let (first, second) = SECRET.split_at(SECRET.len() / 2);
        let port = |address: std::io::Result<std::net::SocketAddr>| {
            address.expect("an address").port().to_string()
        };
        text.replace("{canary}", &path("canary"))
            .replace("{socket}", &path("socket"))
            .replace("{document}", &document.display().to_string())
            .replace(
                "{home}",
                &std::env::var("HOME").unwrap_or("/home".to_owned()),
            )
            .replace("{tcp}", &port(self.tcp.local_addr()))
            .replace("{udp}", &port(self.udp.local_addr()))
            .replace("{pid}", &std::process::id().to_string())
            .replace("{orphan}", &self.orphan())
            .replace("{secret-first}", first)
            .replace("{secret-second}", second)
    }

    fn assert_untouched(&self, whose: &str) {
        let canary = fs::read_to_string(self.folder.path().join("canary"));
        assert_eq!(canary.expect("the canary is there"), "alive", "{whose}");
        let entries = fs::read_dir(self.folder.path()).expect("a folder").count();
        assert_eq!(entries, 2, "{whose} left something outside");
        assert!(self.tcp.accept().is_err(), "{whose} got out by TCP");
        assert!(
            self.udp.recv(&mut [0; 9]).is_err(),
            "{whose} got out by UDP"
        );
        assert!(self.unix.accept().is_err(), "{whose} got out by a path");
        let orphans = processes_named(&self.orphan());
        assert_eq!(orphans, 0, "{whose} left processes behind");
    }
}

fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("a mode");
}

fn processes_named(name: &str) -> usize {
    let entries = fs::read_dir("/proc").expect("/proc").flatten();
    entries
        .filter(|entry| {
            let comm = fs::read_to_string(entry.path().join("comm"));
            comm.is_ok_and(|comm| comm.trim() == name)
        })
        .count()
}

/// The flags that name the interpreter.
fn python() -> Vec<String> {
    let named = std::env::var("SNIPCHECK_TEST_PYTHON");
    named.map_or(Vec::new(), |python| vec!["--python".to_owned(), python])
}

/// Whether this machine gives `rung`.
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
fn has(rung: &str) -> bool {
    let project = Project::new(&[]);
    let mut command = project.command(&["doctor", "--format", "json"]);
    command.args(["--rung-at-most", rung]).args(python());
    let ran = Ran::new(command.output().expect("the program starts"));
    let given: Value = serde_json::from_str(&ran.stdout).unwrap_or_default();
    // On rung C the kernel counts no processes of root's, which the report says.
    let is_unlimited = given["sandbox"]["layers"].as_array().is_some_and(|layers| {
        let mut limits = layers
            .iter()
            .filter(|layer| layer["name"] == "process-limit");
        limits.any(|layer| layer["state"] != "enforced")
    });
    let is_given = ran.status == 0 && given["sandbox"]["rung"] == rung && !is_unlimited;
    if !is_given {
        let is_required = std::env::var_os("SNIPCHECK_REQUIRE_SANDBOX").is_some() && !is_unlimited;
        assert!(
            !is_required,
            "no rung {rung}: {} {}",
            ran.stdout, ran.stderr
        );
        eprintln!(
            "left out, as this machine has no rung {rung}: {}",
            ran.stderr
        );
    }
    is_given
}

/// A part of a case under one heading.
struct Section<'a> {
    heading: &'a str,
    text: String,
}

fn sections(text: &str) -> Vec<Section<'_>> {
    let mut sections = vec![Section {
        heading: "",
        text: String::new(),
    }];
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            sections.push(Section {
                heading,
                text: String::new(),
            });
        }
        let section = sections.last_mut().expect("there is one");
        writeln!(section.text, "{line}").expect("writing to a string");
    }
    sections
}

fn is_for(section: &Section<'_>, rung: &str) -> bool {
    match section.heading.split_once(" on ") {
        None => true,
        Some((_, rungs)) => rungs.split(' ').any(|one| one == rung),
    }
}

fn promise(name: &str) {
    let case = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/cases/promises")
        .join(name)
        .with_extension("md");
    let text = fs::read_to_string(case).expect("the case is readable");
    let sections = sections(&text);
    for kind in ["refused", "allowed"] {
        let has_kind = sections.iter().any(|section| section.heading == kind);
        assert!(has_kind, "{name} shows nothing {kind} on every rung");
    }
    for rung in RUNGS {
        if has(rung) {
            let parts = sections.iter().filter(|section| is_for(section, rung));
            let text: String = parts.map(|section| section.text.as_str()).collect();
            check(name, rung, &text);
        }
    }
}

fn check(name: &str, rung: &str, text: &str) {
    let outside = Outside::new();
    let project = Project::new(&[]);
    open_to_all(&project.path(""));
    let text = outside.fill_in(text, &project.path("case.md"));
    project.write("case.md", text.as_bytes());
    project.write(".git/config", b"[remote]");
    project.write(".env", SECRET.as_bytes());
    let report = run(&project, rung);
    let whose = format!("{name} on rung {rung}");
    outside.assert_untouched(&whose);
    let lines: Vec<&str> = text.lines().collect();
    let mut wrong = String::new();
    for block in blocks(&report) {
        if let Err(why) = judge(block, &lines) {
            let line = &block["line"];
            writeln!(wrong, "block at line {line}: {why}\n{block:#}").expect("a string");
        }
    }
    assert!(wrong.is_empty(), "{whose}:\n{wrong}\n{text}");
}

fn run(project: &Project, rung: &str) -> Value {
    let mut command = project.command(&FLAGS);
    let timeout = std::env::var("SNIPCHECK_TEST_TIMEOUT").unwrap_or("3".to_owned());
    command.args(["--timeout", &timeout, "--rung-at-most", rung, "case.md"]);
    command.args(python());
    command.env("PROMISE_SECRET", SECRET);
    command.env("GITHUB_TOKEN", SECRET);
    let output = command.output().expect("the program starts");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    let report = serde_json::from_str(&stdout);
    report.unwrap_or_else(|error| panic!("{error}: {stdout}{stderr}"))
}

fn blocks(report: &Value) -> &Vec<Value> {
    let blocks = report["documents"][0]["blocks"].as_array();
    blocks.expect("the report has blocks")
}

fn judge(block: &Value, lines: &[&str]) -> Result<(), String> {
    let first = block["line"].as_u64().expect("a line") as usize;
    // The code begins behind its fence; above that a blank line, and above that the demand.
    let above = lines[..first - 1].iter().rev();
    let mut said = above.filter(|line| !line.trim().is_empty());
    let demand = said
        .find(|line| !line.starts_with("```"))
        .and_then(|line| line.strip_prefix("Must be `")?.strip_suffix("`."));
    let status = block["status"].as_str().unwrap_or_default();
    let reason = block["reason"].as_str().unwrap_or_default();
    match demand {
        Some(demand) if status == "passed" || !demand.split("` or `").any(|one| one == reason) => {
            Err(format!("it must be {demand}, it is {status} {reason}"))
        }
        Some(_) => Ok(()),
        None if status != "passed" => Err(format!("it must pass, it is {status} {reason}")),
        None => {
            let claims = block["claims"].as_array().expect("claims");
            match claims.iter().all(|claim| claim["verdict"] == "held") {
                true => Ok(()),
                false => Err("not all of its claims are held".to_owned()),
            }
        }
    }
}

#[test]
fn a_block_reads_nothing_outside() {
    promise("files-read");
}

#[test]
fn a_block_changes_nothing_outside() {
    promise("files-write");
}

#[test]
fn a_block_reaches_no_network() {
    promise("network");
}

#[test]
fn a_block_reaches_no_process_and_leaves_none() {
    promise("processes");
}

#[test]
fn a_block_has_few_ways_into_the_kernel() {
    promise("kernel");
}

#[test]
fn a_block_has_limits() {
    promise("resources");
}

#[test]
fn a_block_can_lie_only_about_itself() {
    promise("verdict");
}

#[test]
fn a_block_knows_no_secrets() {
    promise("secrets");
}

/// The code of every block under `heading`.
fn code_under<'a>(sections: &'a [Section<'a>], heading: &str) -> Vec<&'a str> {
    let section = sections.iter().find(|section| section.heading == heading);
    let text = &section.expect("the section is there").text;
    let fences = text.split("```python\n").skip(1);
    fences
        .map(|rest| rest.split("```").next().unwrap_or_default())
        .collect()
}

/// Innocent, attack, innocent, attack, …, innocent: what every innocent block prints. Its claim is
/// wrong on purpose, so that the report shows it.
fn innocents(sections: &[Section<'_>], rung: &str, jobs: &str) -> Vec<String> {
    let innocent = code_under(sections, "innocent")[0];
    let mut text = String::from("# Neighbours\n");
    let mut add = |heading: String, code: &str| {
        write!(text, "\n## {heading}\n\n```python\n{code}```\n").expect("a string");
    };
    add("Innocent 0".to_owned(), innocent);
    for (n, attack) in code_under(sections, "attacks").iter().enumerate() {
        add(format!("Attack {n}"), attack);
        add(format!("Innocent {}", n + 1), innocent);
    }
    let project = Project::new(&[("case.md", text.as_str())]);
    let mut command = project.command(&FLAGS);
    command.args(["--timeout", "1", "--jobs", jobs]);
    command.args(["--rung-at-most", rung, "case.md"]);
    command.args(python());
    let output = command.output().expect("the program starts");
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    let claims = blocks(&report)
        .iter()
        .flat_map(|block| block["claims"].as_array());
    claims
        .flatten()
        .map(|claim| claim["actual"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn whatever_a_block_does_the_next_one_finds_the_same_world() {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/promises/neighbours.md");
    let text = fs::read_to_string(case).expect("the case is readable");
    let sections = sections(&text);
    for rung in RUNGS.into_iter().filter(|rung| has(rung)) {
        for jobs in ["1", "2"] {
            let printed = innocents(&sections, rung, jobs);
            assert_eq!(printed.len(), code_under(&sections, "attacks").len() + 1);
            assert!(printed[0].len() > 1_000, "{}", printed[0]);
            for later in &printed {
                assert_eq!(later, &printed[0], "rung {rung}, {jobs} jobs");
            }
        }
    }
}

#[test]
fn nothing_runs_on_a_weaker_rung_than_demanded() {
    let project = Project::new(&[
        ("a.md", "```python\nprint(1)  # 1\n```\n"),
        ("strict/snipcheck.toml", "require = \"A\"\n"),
        ("strict/a.md", "```python\nprint(1)  # 1\n```\n"),
        ("lax/snipcheck.toml", "no-sandbox = true\n"),
    ]);
    let check = |folder: &str, args: &[&str]| {
        let mut command = project.command(&["check", "--format", "json"]);
        command.args(args).current_dir(project.path(folder));
        Ran::new(command.output().expect("the program starts"))
    };
    let refused: [(&str, &[&str], &str); 4] = [
        ("", &["a.md", "--rung-at-most", "none"], "--no-sandbox"),
        (
            "",
            &["a.md", "--rung-at-most", "D", "--require", "C"],
            "not C",
        ),
        ("strict", &["a.md", "--rung-at-most", "D"], "not A"),
        // What comes with the documents cannot turn the sandbox off.
        ("lax", &["../a.md"], "unknown setting `no-sandbox`"),
    ];
    for (folder, args, word) in refused {
        let ran = check(folder, args);
        assert_eq!(ran.status, 2, "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(word), "{args:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{args:?}");
    }
    let bare = check("", &["a.md", "--no-sandbox"]);
    assert_eq!(bare.status, 0, "{}", bare.stderr);
    let report: Value = serde_json::from_str(&bare.stdout).expect("a report");
    assert_eq!(report["sandbox"]["rung"], "none");
    let told = project.run(&["check", "a.md", "--no-sandbox"]);
    assert!(told.stdout.contains("no sandbox"), "{}", told.stdout);
}

#[test]
fn shared_memory_that_a_rung_has_not_is_no_fault_of_the_block() {
    let text = "# Shared\n\n```python\nfrom multiprocessing import shared_memory\n\
                one = shared_memory.SharedMemory(create=True, size=8)\none.unlink()\n```\n";
    for rung in RUNGS.into_iter().filter(|rung| has(rung)) {
        let project = Project::new(&[("case.md", text)]);
        let mut command = project.command(&FLAGS);
        command
            .args(["--rung-at-most", rung, "case.md"])
            .args(python());
        let output = command.output().expect("the program starts");
        let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
        let block = &blocks(&report)[0];
        let has_some = matches!(report["sandbox"]["rung"].as_str(), Some("A" | "B"));
        let expected = if has_some { "passed" } else { "inconclusive" };
        assert_eq!(block["status"], expected, "rung {rung}: {block:#}");
    }
}
