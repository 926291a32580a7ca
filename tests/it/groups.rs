//! Rung A+: limits on all processes of a block together.
//!
//! They take a control group that was delegated. `tests/delegated` gives one to the tests, in
//! `SNIPCHECK_TEST_CGROUP`; without it what can be tried is what is said without.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::project::{Project, Ran};

const HOME: &str = "snipcheck-supervisor";
const PLAIN: &str = "```python\nprint(1)  # 1\n```\n";
/// Prints what another block of the document could have spoilt.
const INNOCENT: &str = "```python\nimport os, subprocess\nprint(open('/proc/self/cgroup').read().splitlines()[-1])  # 0::/\n\
    print(sorted(os.listdir('/tmp')))  # ['snippet']\n\
    print(subprocess.run(['echo', 'here'], capture_output=True).stdout)  # b'here\\n'\n\
    print(len(bytearray(100 << 20)))  # 104857600\n```\n";
/// Four processes that each take 160 MiB, with a limit of 256.
const MEMORY_BOMB: &str = "```python\nimport os, time\nfor _ in range(4):\n    if os.fork() == 0:\n        \
    taken = b'x' * (160 << 20)\n        time.sleep(60)\n        os._exit(0)\ntime.sleep(60)\n```\n";
const FORK_BOMB: &str = "```python\nimport os, time\nwhile True:\n    if os.fork() == 0:\n        time.sleep(60)\n```\n";
const FLAGS: [&str; 8] = [
    "--format",
    "json",
    "--memory-mb",
    "256",
    "--processes",
    "16",
    "--timeout",
    "50",
];

/// A group of its own for one test, in the one that was delegated.
struct Delegated {
    path: PathBuf,
}

impl Delegated {
    fn new(test: &str) -> Option<Delegated> {
        let Some(given) = std::env::var_os("SNIPCHECK_TEST_CGROUP") else {
            println!("left out: no delegated cgroup (see tests/delegated)");
            return None;
        };
        let path = Path::new(&given).join(test);
        fs::create_dir(&path).expect("a group can be made");
        Some(Delegated { path })
    }

    /// The program, started in this group, or, where others have divided that already, in theirs.
    fn command(&self, project: &Project, args: &[&str]) -> Command {
        let program = project.command(&[]).get_program().to_owned();
        let enter = "for place in \"$0\" \"$0/snipcheck-supervisor\"; do \
                     echo 0 2>&- > \"$place/cgroup.procs\" && break; done; exec \"$@\"";
        let mut command = Command::new("sh");
        command
            .args(["-c", enter])
            .arg(&self.path)
            .arg(program)
            .args(args)
            .current_dir(project.path(""))
            .env_remove("CI")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, project: &Project, args: &[&str]) -> Ran {
        let output = self.command(project, args).output();
        Ran::new(output.expect("a shell starts"))
    }

    /// The groups below this one.
    fn groups(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.path).expect("the group is there");
        let entries = entries.map(|entry| entry.expect("an entry"));
        let groups = entries.filter(|entry| entry.path().is_dir());
        groups
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect()
    }

    fn assert_as_found(&self) {
        assert_eq!(self.groups(), Vec::<String>::new());
        let handed = fs::read_to_string(self.path.join("cgroup.subtree_control"));
        assert_eq!(handed.expect("it is readable").trim(), "");
    }
}

impl Drop for Delegated {
    fn drop(&mut self) {
        for group in self.groups() {
            fs::remove_dir(self.path.join(group)).ok();
        }
        fs::remove_dir(&self.path).ok();
    }
}

fn report(ran: &Ran) -> Value {
    let report = serde_json::from_str(&ran.stdout);
    report.unwrap_or_else(|error| panic!("{error}: {}{}", ran.stdout, ran.stderr))
}

fn layer(sandbox: &Value) -> &Value {
    let mut layers = sandbox["layers"].as_array().expect("layers").iter();
    let found = layers.find(|layer| layer["name"] == "cgroup-limits");
    found.expect("it is listed")
}

/// Status and reason of each block.
fn outcomes(report: &Value) -> Vec<String> {
    let blocks = report["documents"][0]["blocks"].as_array().expect("blocks");
    let outcome = |block: &Value| match block["reason"].as_str() {
        Some(reason) => reason.to_owned(),
        None => block["status"].as_str().unwrap_or_default().to_owned(),
    };
    blocks.iter().map(outcome).collect()
}

#[test]
fn without_a_delegated_group_it_is_rung_a_and_only_those_who_ask_hear_of_it() {
    let project = Project::new(&[("a.md", PLAIN)]);
    let doctor = report(&project.run(&["doctor", "--format", "json"]));
    let sandbox = &doctor["sandbox"];
    if sandbox["rung"] == "A+" {
        println!("left out: there is a delegated cgroup");
        return;
    }
    assert_eq!(layer(sandbox)["state"], "absent", "{sandbox:#}");
    let why = layer(sandbox)["detail"]
        .as_str()
        .expect("the reason is said");
    assert!(why.len() > 10, "{why}");
    for format in ["full", "concise"] {
        let ran = project.run(&["check", "a.md", "--format", format]);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        assert!(!ran.stdout.contains("group"), "{}", ran.stdout);
        assert_eq!(ran.stderr, "");
    }
    let ran = project.run(&["check", "a.md", "--require", "A+"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""));
    let is_told = ran.stderr.contains("not A+") && ran.stderr.contains(why);
    assert!(is_told || sandbox["rung"] != "A", "{}", ran.stderr);
    let most = ["doctor", "--format", "json", "--rung-at-most", "A"];
    let most = report(&project.run(&most));
    assert_eq!(most["sandbox"]["rung"], sandbox["rung"]);
}

#[test]
fn processes_are_counted_together() {
    let Some(group) = Delegated::new("together") else {
        return;
    };
    let text = [INNOCENT, MEMORY_BOMB, INNOCENT, FORK_BOMB, INNOCENT].join("\n");
    let project = Project::new(&[("a.md", &text)]);
    for jobs in ["1", "2"] {
        let args = ["check", "a.md", "--require", "A+", "--jobs", jobs];
        let ran = group.run(&project, &[&args[..], &FLAGS].concat());
        let report = report(&ran);
        assert_eq!(report["sandbox"]["rung"], "A+", "{}", ran.stderr);
        assert_eq!(layer(&report["sandbox"])["state"], "enforced");
        let expected = [
            "passed",
            "memory-limit",
            "passed",
            "process-limit",
            "passed",
        ];
        assert_eq!(outcomes(&report), expected, "{report:#}");
        group.assert_as_found();
    }
}

#[test]
fn others_in_the_group_keep_it_as_it_is() {
    let Some(group) = Delegated::new("others") else {
        return;
    };
    let enter = "echo 0 > \"$0/cgroup.procs\"; exec sleep 100";
    let mut other = Command::new("sh")
        .args(["-c", enter])
        .arg(&group.path)
        .spawn()
        .expect("a shell starts");
    let entrance = group.path.join("cgroup.procs");
    while !fs::read_to_string(format!("/proc/{}/comm", other.id()))
        .is_ok_and(|name| name == "sleep\n")
    {
        sleep(Duration::from_millis(10));
    }
    let project = Project::new(&[("a.md", PLAIN)]);
    let report = report(&group.run(&project, &["check", "a.md", "--format", "json"]));
    let inside = fs::read_to_string(entrance).expect("it is readable");
    other.kill().expect("it is ours");
    other.wait().expect("it ends");
    assert_eq!(report["sandbox"]["rung"], "A");
    let why = layer(&report["sandbox"])["detail"]
        .as_str()
        .expect("a reason");
    assert!(why.contains("`sleep`"), "{why}");
    assert_eq!(outcomes(&report), ["passed"]);
    assert_eq!(inside.trim(), other.id().to_string());
    group.assert_as_found();
}

#[test]
fn two_runs_share_a_group() {
    let Some(group) = Delegated::new("shared") else {
        return;
    };
    let project = Project::new(&[("a.md", &PLAIN.repeat(40))]);
    let args = ["check", "a.md", "--format", "json", "--jobs", "1"];
    let start = || {
        let mut command = group.command(&project, &args);
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        child.expect("a shell starts")
    };
    let both: [Child; 2] = [start(), start()];
    for child in both {
        let ran = Ran::new(child.wait_with_output().expect("it ends"));
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        // Both begin at once: the shell of the second may be what the first finds there.
        println!("{}", report(&ran)["sandbox"]["rung"]);
    }
    let left = group.groups();
    assert!(left.iter().all(|name| name == HOME), "{left:?}");
}

#[test]
fn what_a_killed_run_left_goes_with_the_next() {
    let Some(group) = Delegated::new("killed") else {
        return;
    };
    let sleepy = "```python\nimport time\ntime.sleep(100)\n```\n";
    let project = Project::new(&[("a.md", &sleepy.repeat(2)), ("b.md", PLAIN)]);
    let args = ["check", "a.md", "--timeout", "100", "--jobs", "2"];
    let mut child = group
        .command(&project, &args)
        .stdout(Stdio::null())
        .spawn()
        .expect("a shell starts");
    let is_snippet = |name: &String| {
        let processes = fs::read_to_string(group.path.join(name).join("cgroup.procs"));
        name != HOME && processes.is_ok_and(|processes| !processes.is_empty())
    };
    let begun = Instant::now();
    while group
        .groups()
        .iter()
        .filter(|name| is_snippet(name))
        .count()
        < 2
    {
        assert!(begun.elapsed() < Duration::from_secs(60), "none started");
        sleep(Duration::from_millis(20));
    }
    child.kill().expect("it is ours");
    child.wait().expect("it ends");
    let left = group.groups();
    // Two that ran, and perhaps some that stood ready.
    assert!(left.len() >= 3, "{left:?}");
    let args = ["check", "b.md", "--format", "json", "--require", "A+"];
    let ran = group.run(&project, &args);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    // That one was started in there itself.
    assert_eq!(group.groups(), [HOME]);
}
