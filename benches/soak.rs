//! Thousands of good and hostile blocks, one after the other by the same supervisor: every one must
//! end as it should, and nothing may be left behind.
//!
//! `cargo bench --bench soak [-- N]`, N = 20,000 by default. It runs itself again inside of a user
//! namespace (util-linux's `unshare`) in which few namespaces may exist at one time, so that a leaked
//! one is missed soon, and is the subreaper, so that no process gets away.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use snipcheck::document::Document;
use snipcheck::observation::Observation;
use snipcheck::plan::{self, DocumentPlan, Options};
use snipcheck::policy::Policy;
use snipcheck::run::{self, RunOptions};
use snipcheck::sandbox::Rung;

/// Blocks between two looks at what is there.
const ROUND: usize = 2_000;
/// How many namespaces of each kind may exist at one time.
const NAMESPACES: &str = "64";
/// Set in the run inside of the user namespace.
const INSIDE: &str = "SNIPCHECK_SOAK_INSIDE";
/// By which everything that blocks try to leave behind is known.
const MARK: &str = "snipsoak";
/// The wall limit of the blocks that run into it, and of all others, in milliseconds.
const SHORT_MS: u64 = 150;
const LONG_MS: u64 = 60_000;

/// A kind of block: what it is called, how it must end, how many of 100 are of its kind, its code.
/// `MARK` in the code stands for the mark.
const KINDS: [(&str, &str, usize, &str); 18] = [
    (
        "good",
        "finished",
        38,
        "x = [n * n for n in range(100)]\nprint(sum(x))\n",
    ),
    (
        "good with files",
        "finished",
        8,
        "import tempfile, json\nwith tempfile.TemporaryFile('w+') as f:\n    json.dump({'a': 1}, f)\nopen('left', 'w').write('MARK' * 1000)\nopen('/tmp/MARK-' + str(id(f)), 'w').close()\n",
    ),
    (
        "good with a child",
        "finished",
        4,
        "import subprocess\nprint(subprocess.run(['/bin/echo', 'hi'], capture_output=True).stdout)\n",
    ),
    (
        "good with threads",
        "finished",
        4,
        "import threading\nts = [threading.Thread(target=sum, args=([1, 2],)) for _ in range(4)]\n[t.start() for t in ts]; [t.join() for t in ts]\n",
    ),
    (
        "raises",
        "raised",
        6,
        "def f(n):\n    return f(n - 1) if n else 1 / 0\nf(20)\n",
    ),
    ("exits", "exited", 3, "import sys\nsys.exit(3)\n"),
    ("leaves early", "early-exit", 5, "import os\nos._exit(0)\n"),
    (
        "becomes another program",
        "early-exit",
        2,
        "import os\nos.execv('/bin/true', ['true'])\n",
    ),
    (
        "crashes",
        "signalled",
        4,
        "import ctypes\nctypes.string_at(0)\n",
    ),
    (
        "kills itself and all others",
        "signalled",
        4,
        "import os, signal\ntry:\n    os.kill(-1, signal.SIGKILL)\nexcept OSError:\n    pass\nos.kill(os.getpid(), signal.SIGKILL)\n",
    ),
    (
        "leaves a daemon",
        "finished",
        5,
        "import os, signal, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        for n in range(1, 32):\n            try:\n                signal.signal(n, signal.SIG_IGN)\n            except OSError:\n                pass\n        os.closerange(0, 64)\n        time.sleep(600)\n    os._exit(0)\n",
    ),
    (
        "forks until it cannot",
        "finished",
        1,
        "import os, time\ntry:\n    for _ in range(1000):\n        if os.fork() == 0:\n            time.sleep(600)\n            os._exit(0)\nexcept BlockingIOError:\n    print('enough')\n",
    ),
    (
        "wants memory",
        "memory-limit",
        2,
        "x = []\nwhile True:\n    x.append(bytearray(8 << 20))\n",
    ),
    (
        "floods",
        "output-limit",
        3,
        "while True:\n    print('x' * 1000)\n",
    ),
    ("spins", "timed-out", 1, "while True:\n    pass\n"),
    (
        "leaves shared memory and queues",
        "finished",
        5,
        "import ctypes, os\nlibc = ctypes.CDLL(None)\nfd = os.open('/dev/shm/MARK', os.O_CREAT | os.O_RDWR)\nos.ftruncate(fd, 1 << 20)\nlibc.shmget(4711, 4096, 0o1666)\nlibc.msgget(4711, 0o1666)\nlibc.semget(4711, 1, 0o1666)\n",
    ),
    (
        "writes to every descriptor",
        "finished",
        3,
        "import os\nfor fd in range(256):\n    try:\n        os.write(fd, b'\\0\\2MARK')\n    except OSError:\n        pass\n",
    ),
    (
        "opens everything",
        "finished",
        2,
        "import os\nheld = []\ntry:\n    while True:\n        held.append(os.open('/dev/null', os.O_RDONLY))\nexcept OSError:\n    print(len(held) > 200)\n",
    ),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args
        .first()
        .is_some_and(|word| word == run::FORK_SERVER_WORD)
    {
        return run::fork_server_main(&args[1..]);
    }
    let count = args.iter().find_map(|arg| arg.parse().ok());
    let count: usize = count.unwrap_or(20_000);
    if std::env::var_os(INSIDE).is_none() {
        let error = inside(count);
        println!("without a limit on namespaces: {error}");
    }
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).expect("it is allowed");
    soak(count);
    ExitCode::SUCCESS
}

/// Becomes this program inside of the user namespace; returns only where there can be none.
fn inside(count: usize) -> std::io::Error {
    let program = std::env::current_exe().expect("its own file");
    let scratch = tempfile::tempdir().expect("a folder").keep();
    let can = Command::new("unshare").args(["-U", "-r", "true"]).status();
    if !can.as_ref().is_ok_and(std::process::ExitStatus::success) {
        return std::io::Error::other(format!("{can:?}"));
    }
    let script = format!(
        "for kind in user pid mnt ipc net uts cgroup; do \
         echo {NAMESPACES} > /proc/sys/user/max_${{kind}}_namespaces || exit 1; done; exec \"$@\""
    );
    Command::new("unshare")
        .args(["-U", "-r", "sh", "-c", &script, "sh"])
        .arg(program)
        .arg(count.to_string())
        .env(INSIDE, "1")
        .env("TMPDIR", scratch)
        .exec()
}

fn soak(count: usize) {
    let options = RunOptions {
        are_chained: true,
        jobs: 3,
        python: None,
        hash_seed: 0,
        policy: policy(LONG_MS),
        most: Rung::A,
        least: Rung::D,
    };
    let begun = Instant::now();
    let mut done = 0;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    // What a first run needs for good (a pool, the allocator's arenas) is no leak.
    round(&options, 100, &mut BTreeMap::new());
    let first = Remains::look();
    let mut rounds: Vec<Remains> = Vec::new();
    println!("start: {first}");
    while done < count {
        let size = ROUND.min(count - done);
        round(&options, size, &mut counts);
        done += size;
        let latest = Remains::look();
        println!(
            "{done} blocks, {:.0} s: {latest}",
            begun.elapsed().as_secs_f64()
        );
        assert_eq!(latest.processes, 0, "processes are left");
        assert_eq!(latest.mounts, first.mounts, "mounts are left");
        assert_eq!(
            latest.descriptors, first.descriptors,
            "descriptors are left"
        );
        assert_eq!(
            latest.objects,
            Vec::<PathBuf>::new(),
            "files or shared memory are left"
        );
        rounds.push(latest);
    }
    if std::env::var_os(INSIDE).is_some() {
        fs::remove_dir(std::env::temp_dir()).expect("it is empty");
    }
    // Rounds of the same size, so that each holds as many observations as the first.
    if let [first, .., last] = rounds.as_slice() {
        let grown = last.resident_kb.saturating_sub(first.resident_kb);
        println!("memory of the supervisor grew by {grown} KiB since the first round");
        assert!(grown < 8 * 1024, "it grew by {grown} KiB");
    }
    for (kind, count) in counts {
        println!("{count:>7} {kind}");
    }
}

fn policy(wall_ms: u64) -> Policy {
    let mut policy = Policy::STUDY;
    policy.limits.wall_ms = wall_ms;
    policy.limits.memory_bytes = 128 << 20;
    policy.limits.output_bytes = 64 << 10;
    policy.limits.processes = 16;
    policy
}

/// Runs a mixture of `size` blocks, and holds each to its kind.
fn round(options: &RunOptions, size: usize, counts: &mut BTreeMap<&str, usize>) {
    let mixture: Vec<usize> = KINDS
        .iter()
        .enumerate()
        .flat_map(|(kind, &(_, _, share, _))| std::iter::repeat_n(kind, share))
        .collect();
    // A stride without a common divisor mixes them, always in the same way.
    let kinds: Vec<usize> = (0..size).map(|n| mixture[n * 37 % mixture.len()]).collect();
    let plan = plan(&kinds);
    let outcome = run::run(std::slice::from_ref(&plan), options, &|_, _| {}).expect("it runs");
    assert_eq!(
        outcome.confinement.rung(),
        Rung::A,
        "the soak is for rung A"
    );
    let [observations] = &outcome.observations[..] else {
        panic!("one document");
    };
    for (&kind, observation) in kinds.iter().zip(observations) {
        let (name, wanted, ..) = KINDS[kind];
        let ended = ending(observation);
        assert_eq!(ended, wanted, "{name}: {observation:?}");
        *counts.entry(name).or_default() += 1;
    }
}

fn plan(kinds: &[usize]) -> DocumentPlan {
    let mut text = String::new();
    for &kind in kinds {
        let code = KINDS[kind].3.replace("MARK", MARK);
        write!(text, "# Block\n\n```python\n{code}```\n\n").expect("a string");
    }
    let options = Options {
        policy: policy(LONG_MS),
        ..Options::default()
    };
    let mut plan = plan::plan(Document::new("soak.md", text), &options);
    assert_eq!(plan.cases.len(), kinds.len());
    for (case, &kind) in plan.cases.iter_mut().zip(kinds) {
        if KINDS[kind].1 == "timed-out" {
            case.policy = policy(SHORT_MS);
        }
    }
    plan
}

fn ending(observation: &Observation) -> &'static str {
    if observation.infrastructure_failure.is_some() {
        return "failed";
    }
    observation.ending.kind()
}

/// What is there between two rounds.
#[derive(Clone, Debug)]
struct Remains {
    processes: usize,
    mounts: usize,
    descriptors: usize,
    /// Files and shared memory of the blocks', of the self-test's and of scratch directories.
    objects: Vec<PathBuf>,
    resident_kb: u64,
}

impl std::fmt::Display for Remains {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} processes, {} mounts, {} descriptors, {} files, {} KiB resident",
            self.processes,
            self.mounts,
            self.descriptors,
            self.objects.len(),
            self.resident_kb
        )
    }
}

impl Remains {
    fn look() -> Remains {
        reap();
        let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let status = text("/proc/self/status");
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let resident = resident.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        Remains {
            processes: children(std::process::id()),
            mounts: text("/proc/self/mountinfo").lines().count(),
            descriptors: fs::read_dir("/proc/self/fd").map_or(0, Iterator::count),
            objects: objects(),
            resident_kb: resident.unwrap_or(0),
        }
    }
}

/// Live children of any thread of `pid`; orphans come to it.
fn children(pid: u32) -> usize {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("its threads");
    let lists = tasks
        .flatten()
        .map(|task| fs::read_to_string(task.path().join("children")));
    let lists: Vec<String> = lists.map(Result::unwrap_or_default).collect();
    lists
        .iter()
        .flat_map(|list| list.split_whitespace())
        .count()
}

/// Takes note of the deaths of orphans, for which their killer did not wait; a second must do.
fn reap() {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(1) {
        match rustix::process::wait(rustix::process::WaitOptions::NOHANG) {
            Ok(Some(_)) => {}
            Ok(None) => std::thread::sleep(Duration::from_millis(5)),
            Err(_) => return,
        }
    }
}

/// What blocks left where everybody may write, and what the program left in its temporary folder.
fn objects() -> Vec<PathBuf> {
    let mut folders = vec![PathBuf::from("/dev/shm"), PathBuf::from("/tmp")];
    if std::env::var_os(INSIDE).is_some() {
        folders.push(std::env::temp_dir());
    }
    let is_own = |path: &PathBuf| {
        let is_marked = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(MARK));
        is_marked || path.parent() == folders.get(2).map(PathBuf::as_path)
    };
    let entries = folders
        .iter()
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flatten();
    entries
        .flatten()
        .map(|entry| entry.path())
        .filter(is_own)
        .collect()
}
