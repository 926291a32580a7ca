//! Processes of a run are killed at moments of chance: it tells the truth about the rest, or that it
//! could not, and leaves nothing behind.
//!
//! `SNIPCHECK_KILLS=50 cargo test --test it kills` kills each kind of process that often; without the
//! variable a few times.

use std::fs;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{BROKEN, HELD, all_processes, descendants, has_namespaces};
use crate::chance::Chance;
use crate::project::Project;

/// How long whatever was killed may take to be gone, and a run to end, before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(20);
const RUN: Duration = Duration::from_secs(120);
/// Moments lie this far from the start, in milliseconds.
const SPREAD_MS: usize = 1_500;

fn rounds() -> u64 {
    let asked = std::env::var("SNIPCHECK_KILLS").ok();
    asked.and_then(|count| count.parse().ok()).unwrap_or(3)
}

/// A run of blocks that hold and blocks that are broken, known by its limit on processes.
struct Victim {
    project: Project,
    child: Child,
    mark: u64,
}

impl Victim {
    fn start(mark: u64) -> Victim {
        let sleepy = "```python\nimport time, os\nif os.fork() == 0:\n    time.sleep(60)\n\
                      time.sleep(0.02)\nprint(1)  # 1\n```\n";
        let text = [HELD, BROKEN, sleepy, BROKEN].concat().repeat(20);
        let project = Project::new(&[("a.md", &text)]);
        let out = fs::File::create(project.path("out.json")).expect("a file");
        let args = [
            "check",
            "--format",
            "json",
            "--jobs",
            "3",
            "--processes",
            &mark.to_string(),
            "a.md",
        ];
        let child = project
            .command(&args)
            .stdout(out)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        Victim {
            project,
            child,
            mark,
        }
    }

    /// Waits for the end, and takes what was written.
    fn end(mut self) -> (Project, Output) {
        let begun = Instant::now();
        while self
            .child
            .try_wait()
            .expect("it can be waited for")
            .is_none()
        {
            assert!(begun.elapsed() < RUN, "{}: it hangs", self.mark);
            sleep(Duration::from_millis(5));
        }
        let output = self.child.wait_with_output().expect("it ended");
        let begun = Instant::now();
        while !marked(self.mark).is_empty() {
            let left = marked(self.mark);
            assert!(
                begun.elapsed() < PATIENCE,
                "{}: left behind: {left:?}",
                self.mark
            );
            sleep(Duration::from_millis(5));
        }
        (self.project, output)
    }
}

/// Processes of the run with this mark, which all of them have in their arguments: the program in
/// one form, fork servers and what they forked in another.
fn marked(mark: u64) -> Vec<u32> {
    let typed = format!("--processes\0{mark}\0");
    let told = format!("\"processes\":{mark},");
    let has_mark = |pid: &u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line);
        line.contains(&typed) || line.contains(&told)
    };
    all_processes().into_iter().filter(has_mark).collect()
}

fn kill(pid: u32) {
    // It may have ended by itself a moment ago.
    let _ = Command::new("kill")
        .args(["-KILL", &pid.to_string()])
        .stderr(Stdio::null())
        .status();
}

/// What may become of a block when a process of the run is killed, by what it would have become.
fn assert_true(project: &Project, output: &Output, mark: u64) {
    let text = fs::read_to_string(project.path("out.json")).expect("a report");
    let errors = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(2) {
        assert!(
            !errors.trim().is_empty() && text.is_empty(),
            "{mark}: {errors}{text}"
        );
        return;
    }
    assert_eq!(output.status.code(), Some(1), "{mark}: {errors}");
    let report: Value = serde_json::from_str(&text).expect("a report");
    let blocks = report["documents"][0]["blocks"].as_array().expect("blocks");
    assert_eq!(blocks.len(), 80);
    let mut killed = 0;
    for (index, block) in blocks.iter().enumerate() {
        let wanted = match index % 2 {
            0 => ["passed", ""],
            _ => ["failed", "broken-claim"],
        };
        let is = ["status", "reason"].map(|name| block[name].as_str().unwrap_or_default());
        let is_lost = matches!(
            is,
            ["failed", "signalled"] | ["inconclusive", "not-confined"]
        );
        assert!(
            is == wanted || is_lost,
            "{mark}: block {index} is {is:?}: {block:#}"
        );
        killed += usize::from(is_lost);
    }
    // One for the process that was killed, more only where it was everybody's parent.
    assert!(killed <= 4, "{mark}: {killed} blocks were lost");
}

#[test]
fn the_program_is_killed_at_any_moment() {
    if !has_namespaces() {
        return;
    }
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    for round in 0..rounds() {
        let mark = 20_000 + round;
        let mut victim = Victim::start(mark);
        sleep(Duration::from_millis(chance.below(SPREAD_MS) as u64));
        victim.child.kill().expect("it can be killed");
        let (_, output) = victim.end();
        assert!(!output.status.success());
    }
}

#[test]
fn a_fork_server_is_killed_at_any_moment() {
    if !has_namespaces() {
        return;
    }
    let mut chance = Chance(0xd1b5_4a32_d192_ed03);
    for round in 0..rounds() {
        let mark = 22_000 + round;
        let victim = Victim::start(mark);
        sleep(Duration::from_millis(chance.below(SPREAD_MS) as u64));
        let own = victim.child.id().to_string();
        for (pid, _) in descendants(victim.child.id()) {
            let is_first = super::stat(pid).is_some_and(|fields| fields.get(1) == Some(&own));
            if is_first {
                kill(pid);
            }
        }
        let (project, output) = victim.end();
        assert_true(&project, &output, mark);
    }
}

#[test]
fn any_process_below_is_killed_at_any_moment() {
    if !has_namespaces() {
        return;
    }
    let mut chance = Chance(0x2545_f491_4f6c_dd1d);
    for round in 0..rounds() {
        let mark = 24_000 + round;
        let victim = Victim::start(mark);
        sleep(Duration::from_millis(chance.below(SPREAD_MS) as u64));
        let below: Vec<_> = descendants(victim.child.id()).into_iter().collect();
        let chosen = chance.below(below.len());
        if let Some((pid, _)) = below.get(chosen) {
            kill(*pid);
        }
        let (project, output) = victim.end();
        assert_true(&project, &output, mark);
    }
}

/// The whole program is stopped for longer than a block may take: what had ended by then is no
/// time-out.
#[test]
fn a_pause_is_no_time_limit() {
    let text = HELD.repeat(40);
    let project = Project::new(&[("a.md", &text)]);
    let child = project
        .command(&["check", "--format", "concise", "--timeout", "5", "a.md"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let pid = child.id().to_string();
    for signal in ["-STOP", "-CONT"] {
        sleep(Duration::from_millis(300));
        if signal == "-CONT" {
            sleep(Duration::from_secs(6));
        }
        let sent = Command::new("kill")
            .args([signal, &pid])
            .stderr(Stdio::null())
            .status();
        assert!(sent.is_ok());
    }
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("40 passed"), "{said}");
}
