//! Things go wrong around the program: it is killed, its streams are closed, the machine gives less
//! than usual. It says so or copes, and leaves nothing behind.

mod kills;
mod scarce;

use std::collections::BTreeSet;
use std::fs;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::project::{Project, Ran};

const HELD: &str = "```python\nprint(1)  # 1\n```\n";
const BROKEN: &str = "```python\nprint(1)  # 2\n```\n";
/// How long processes may take to die, on a machine with other work to do.
const DEATH: Duration = Duration::from_secs(10);

/// Blocks that keep many processes busy; the last sleeps for a time that marks this test.
fn busy(mark: u32) -> String {
    let sleeper = format!(
        "```python\nimport os, subprocess, time\nsubprocess.Popen(['sleep', '{mark}'])\n\
         if os.fork() == 0:\n    os.setsid()\n    os.execvp('sleep', ['sleep', '{mark}'])\n\
         while True:\n    pass\n```\n\n"
    );
    sleeper.repeat(3)
}

/// A process: its number, and when it was started (numbers are used again).
type Process = (u32, String);

/// The fields of `/proc/<pid>/stat` behind the name, unless the process is dead.
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<String> = text
        .rsplit(')')
        .next()?
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    // Without a command line it has no memory any more, and only waits to be reaped.
    let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    (!line.is_empty()).then_some(fields)
}

fn started(fields: &[String]) -> String {
    fields.get(19).cloned().unwrap_or_default()
}

fn all_processes() -> Vec<u32> {
    let entries = fs::read_dir("/proc").expect("/proc is there");
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect()
}

/// All processes below `root`.
fn descendants(root: u32) -> BTreeSet<Process> {
    let all: Vec<(u32, Vec<String>)> = all_processes()
        .into_iter()
        .filter_map(|pid| Some((pid, stat(pid)?)))
        .collect();
    let mut found = BTreeSet::new();
    let mut parents = vec![root];
    while let Some(parent) = parents.pop() {
        for (pid, fields) in &all {
            if fields.get(1) == Some(&parent.to_string()) && found.insert((*pid, started(fields))) {
                parents.push(*pid);
            }
        }
    }
    found
}

fn is_alive((pid, start): &Process) -> bool {
    stat(*pid).is_some_and(|fields| started(&fields) == *start)
}

/// Processes whose command line is `sleep <mark>`.
fn sleepers(mark: u32) -> usize {
    let wanted = format!("sleep\0{mark}\0");
    all_processes()
        .into_iter()
        .filter(|pid| stat(*pid).is_some())
        .filter(|pid| {
            fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line == wanted.as_bytes())
        })
        .count()
}

/// Starts a check and waits until its snippets have started processes of their own.
fn start_busy(project: &Project, mark: u32) -> (Child, BTreeSet<Process>) {
    project.write("busy.md", busy(mark).as_bytes());
    let mut child = project
        .command(&["check", "busy.md", "--jobs", "2"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let begun = Instant::now();
    while sleepers(mark) < 4 {
        let ended = child.try_wait().expect("it can be waited for");
        assert!(ended.is_none(), "it ended before its snippets: {ended:?}");
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "no snippet started"
        );
        sleep(Duration::from_millis(10));
    }
    let below = descendants(child.id());
    assert!(below.len() >= 4, "{below:?}");
    (child, below)
}

/// Waits until everything is dead, and says what is not.
fn assert_dead(below: &BTreeSet<Process>, mark: u32) {
    let begun = Instant::now();
    loop {
        let left: Vec<&Process> = below.iter().filter(|process| is_alive(process)).collect();
        if left.is_empty() && sleepers(mark) == 0 {
            return;
        }
        assert!(begun.elapsed() < DEATH, "still alive: {left:?}");
        sleep(Duration::from_millis(10));
    }
}

/// Whether every process of a snippet dies with it: that takes a process namespace.
fn has_namespaces() -> bool {
    let doctor = Project::new(&[]).run(&["doctor"]).stdout;
    let has = ["rung A", "rung B", "rung C"]
        .iter()
        .any(|rung| doctor.contains(rung));
    if !has {
        println!("skipped: the kernel gives no namespaces");
    }
    has
}

fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill")
        .args([&format!("-{signal}"), &child.id().to_string()])
        .status();
    assert!(sent.expect("kill starts").success());
}

#[test]
fn nothing_outlives_a_killed_program() {
    if !has_namespaces() {
        return;
    }
    for (signal, mark) in [("KILL", 31_001), ("INT", 31_002), ("TERM", 31_003)] {
        let project = Project::new(&[]);
        let (mut child, below) = start_busy(&project, mark);
        send(signal, &child);
        let begun = Instant::now();
        let status = child.wait().expect("it can be waited for");
        assert!(!status.success(), "{signal}: {status}");
        assert!(
            begun.elapsed() < DEATH,
            "{signal} took {:?}",
            begun.elapsed()
        );
        assert_dead(&below, mark);
    }
}

#[test]
fn nothing_outlives_a_verdict() {
    if !has_namespaces() {
        return;
    }
    const MARK: u32 = 31_004;
    let project = Project::new(&[("busy.md", &busy(MARK))]);
    let ran = project.run(&["check", "--timeout", "0.3", "busy.md"]);
    assert_eq!(ran.status, 1);
    assert_eq!(sleepers(MARK), 0);
}

#[test]
fn a_killed_fork_server_is_replaced() {
    let text = format!("{}{HELD}", busy(31_005)) + &HELD.repeat(5);
    let project = Project::new(&[("a.md", &text)]);
    let child = project
        .command(&["check", "--timeout", "2", "--format", "concise", "a.md"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let begun = Instant::now();
    while sleepers(31_005) == 0 && begun.elapsed() < Duration::from_secs(20) {
        sleep(Duration::from_millis(10));
    }
    for (pid, _) in descendants(child.id()) {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let is_server = String::from_utf8_lossy(&line).contains("__fork-server");
        let is_first =
            stat(pid).is_some_and(|fields| fields.get(1) == Some(&child.id().to_string()));
        if is_server && is_first {
            let killed = Command::new("kill")
                .args(["-KILL", &pid.to_string()])
                .status();
            assert!(killed.expect("kill starts").success());
        }
    }
    let ran = Ran::new(child.wait_with_output().expect("it ends"));
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    assert!(ran.stdout.contains("6 passed"), "{}", ran.stdout);
    if has_namespaces() {
        assert_eq!(sleepers(31_005), 0);
    }
}

/// Runs a line of shell in which `$0` is the program.
fn shell(project: &Project, line: &str) -> Output {
    let mut command = project.command(&[]);
    let program = command.get_program().to_owned();
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(line).arg(program);
    if let Some(folder) = command.get_current_dir() {
        shell.current_dir(folder);
    }
    command = shell;
    command.env_remove("CI").stdin(Stdio::null());
    command.output().expect("a shell starts")
}

#[test]
fn what_the_caller_ignores_is_not_ignored_in_a_block() {
    let document = "```python\nimport signal\n\
        print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)  # True\n\
        print(signal.getsignal(signal.SIGHUP) == signal.SIG_DFL)  # True\n\
        signal.raise_signal(signal.SIGINT)  # KeyboardInterrupt\n```\n";
    let project = Project::new(&[("signals.md", document)]);
    let line = "trap '' INT HUP TERM USR1; exec \"$0\" check signals.md --format concise";
    let output = shell(&project, line);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn closed_streams_change_no_verdict() {
    let project = Project::new(&[("held.md", HELD), ("broken.md", BROKEN)]);
    for closing in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", ">/dev/null 2>&1 <&-"] {
        for (document, status) in [("held.md", 0), ("broken.md", 1)] {
            let line = format!("exec \"$0\" check {document} --format concise {closing}");
            let output = shell(&project, &line);
            assert_eq!(output.status.code(), Some(status), "{line}");
            if !closing.contains('>') {
                assert!(!output.stdout.is_empty(), "{line}");
            }
        }
    }
}

#[test]
fn a_report_that_cannot_be_written_is_an_error() {
    let project = Project::new(&[("held.md", HELD)]);
    for format in ["full", "concise", "json"] {
        let line = format!("exec \"$0\" check held.md --format {format} >/dev/full");
        let output = shell(&project, &line);
        assert_eq!(output.status.code(), Some(2), "{format}");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(errors.contains("No space left"), "{format}: {errors}");
    }
}

#[test]
fn a_reader_that_leaves_early_is_no_panic() {
    let project = Project::new(&[("many.md", &BROKEN.repeat(300))]);
    for command in ["check", "list"] {
        let line = format!("\"$0\" {command} many.md | head -n 1");
        let output = shell(&project, &line);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!errors.contains("panicked"), "{command}: {errors}");
    }
}

#[test]
fn a_bare_environment_suffices() {
    let project = Project::new(&[("held.md", HELD)]);
    let output = project
        .command(&["check", "held.md"])
        .env_clear()
        .output()
        .expect("it starts");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let output = project
        .command(&["check", "held.md"])
        .env_remove("HOME")
        .env("TMPDIR", "/nonexistent")
        .env("PYTHONHOME", "/nonexistent")
        .env("PYTHONPATH", "/nonexistent")
        .env("PYTHONSTARTUP", "/nonexistent")
        .env("LD_PRELOAD", "")
        .env("LANG", "C")
        .env("LC_ALL", "POSIX")
        .output()
        .expect("it starts");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn a_deleted_directory_is_said() {
    let project = Project::new(&[("gone/held.md", HELD)]);
    let output = shell(
        &project,
        "cd gone && rm -r ../gone && exec \"$0\" check held.md",
    );
    assert_eq!(output.status.code(), Some(2));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("current directory"), "{errors}");
}

#[test]
fn low_limits_of_the_caller_are_kept() {
    let project = Project::new(&[("held.md", &HELD.repeat(20))]);
    for limit in [
        "ulimit -n 64",
        "ulimit -c 0",
        "ulimit -l 0",
        "ulimit -s 1024",
    ] {
        let line = format!("{limit} && exec \"$0\" check held.md --format concise");
        let output = shell(&project, &line);
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{limit}: {said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn two_runs_do_not_see_each_other() {
    let text = format!(
        "{HELD}\n```python\nimport os\nopen('shared.txt', 'x').write('1')\nprint(os.listdir('.'))\n```\n{BROKEN}"
    )
    .repeat(10);
    let project = Project::new(&[("a.md", &text)]);
    let runs: Vec<Child> = (0..2)
        .map(|_| {
            project
                .command(&["check", "--format", "concise", "a.md"])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("it starts")
        })
        .collect();
    let outputs: Vec<Ran> = runs
        .into_iter()
        .map(|run| Ran::new(run.wait_with_output().expect("it ends")))
        .collect();
    for ran in &outputs {
        assert_eq!(ran.status, 1, "{}", ran.stderr);
        assert_eq!(ran.stdout, outputs[0].stdout);
        assert!(ran.stdout.contains("20 passed"), "{}", ran.stdout);
    }
}
