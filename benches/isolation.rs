//! How much a block costs: N small blocks by snipcheck, by a fresh `python -I` each, and by a bare
//! fork of a warm interpreter each, in one run. Only the ratios mean anything on a shared machine.
//!
//! `cargo bench --bench isolation [-- N]`, N = 300 by default.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How often everything is measured; the median counts.
const ROUNDS: usize = 5;
/// How many fresh interpreters are timed to speak for all N.
const FRESH_SAMPLE: usize = 40;

/// Forks one child per block and waits for it, on as many workers as there are cores.
const BARE_FORK: &str = r#"
import json, os, sys, time
import collections, contextlib, copy, dataclasses, datetime, enum, functools, heapq, inspect
import itertools, math, operator, random, re, string, threading, types, typing, weakref, traceback
import gc
blocks = json.load(sys.stdin)
gc.collect(); gc.freeze()
sink = os.open(os.devnull, os.O_WRONLY)
begun = time.perf_counter()
def work(mine):
    for code in mine:
        pid = os.fork()
        if pid == 0:
            os.dup2(sink, 1)
            exec(compile(code, "block", "exec"), {"__name__": "__main__"})
            sys.stdout.flush()
            os._exit(0)
        os.waitpid(pid, 0)
cores = os.cpu_count() or 1
workers = []
for core in range(1, cores):
    pid = os.fork()
    if pid == 0:
        work(blocks[core::cores])
        os._exit(0)
    workers.append(pid)
work(blocks[0::cores])
for pid in workers:
    os.waitpid(pid, 0)
print(time.perf_counter() - begun, file=sys.stderr)
"#;

fn main() {
    let count = std::env::args()
        .skip(1)
        .find_map(|arg| arg.parse::<usize>().ok())
        .unwrap_or(300);
    let blocks: Vec<String> = (0..count)
        .map(|n| format!("x = {n}\nprint(x * 2)  # {}\n", n * 2))
        .collect();
    let directory = tempfile::tempdir().expect("a temporary directory");
    let document = directory.path().join("blocks.md");
    let mut text = String::from("# Blocks\n");
    for block in &blocks {
        write!(text, "\n```python\n{block}```\n").expect("writing to a string");
    }
    std::fs::write(&document, text).expect("writing the document");

    let ours = median(|| snipcheck(&document, count));
    let bare = median(|| bare_fork(&blocks));
    let fresh = median(|| fresh_interpreters(&blocks[..count.min(FRESH_SAMPLE)]));
    let fresh = fresh.mul_f64(count as f64 / count.min(FRESH_SAMPLE) as f64);
    let per_block = |time: Duration| time.as_secs_f64() * 1e3 / count as f64;
    let row = |name: &str, time: Duration| {
        println!(
            "{name:<44} {:>8.1} ms {:>8.3} ms/block {:>7.2} x snipcheck",
            time.as_secs_f64() * 1e3,
            per_block(time),
            time.as_secs_f64() / ours.as_secs_f64(),
        );
    };
    println!("{count} blocks, median of {ROUNDS} rounds");
    row("snipcheck check (start-up included)", ours);
    row("python -I for each, one after the other", fresh);
    row("bare fork of a warm interpreter for each", bare);
}

fn median(mut measure: impl FnMut() -> Duration) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS).map(|_| measure()).collect();
    times.sort();
    times[ROUNDS / 2]
}

fn snipcheck(document: &std::path::Path, count: usize) -> Duration {
    let begun = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_snipcheck"))
        .args(["check", "--format", "json", "--no-snapshots"])
        .arg(document)
        .output()
        .expect("running snipcheck");
    let time = begun.elapsed();
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && report.contains(&format!("\"held\":{count}")),
        "snipcheck did not hold all {count} claims"
    );
    time
}

fn fresh_interpreters(blocks: &[String]) -> Duration {
    let begun = Instant::now();
    for block in blocks {
        let status = Command::new(python())
            .args(["-I", "-c", block])
            .stdout(Stdio::null())
            .status()
            .expect("running python");
        assert!(status.success());
    }
    begun.elapsed()
}

fn bare_fork(blocks: &[String]) -> Duration {
    let mut python = Command::new(python())
        .args(["-I", "-c", BARE_FORK])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("running python");
    let json = serde_json::to_string(blocks).expect("encoding the blocks");
    let mut stdin = python.stdin.take().expect("a pipe");
    stdin
        .write_all(json.as_bytes())
        .expect("writing the blocks");
    drop(stdin);
    let output = python.wait_with_output().expect("waiting for python");
    let seconds = String::from_utf8_lossy(&output.stderr);
    Duration::from_secs_f64(seconds.trim().parse().expect("a time"))
}

/// The interpreter itself, not a wrapper script that finds it.
fn python() -> &'static str {
    static PYTHON: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    PYTHON.get_or_init(|| {
        let name = std::env::var("PYO3_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let output = Command::new(name)
            .args(["-c", "import sys; print(sys.executable)"])
            .output()
            .expect("running python");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    })
}
