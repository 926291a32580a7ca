//! What confinement costs: the same small blocks by the same fork server, bare (`--no-sandbox`: a
//! fork, its limits and nothing else) and on each rung, in one run. Only the ratios mean anything on a
//! shared machine.
//!
//! `cargo bench --bench sandbox [-- N]`, N = 300 by default.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

/// How often every way is measured, one after the other, so that all meet the same noise.
const ROUNDS: usize = 7;
/// The ways: a name, and the flags.
const WAYS: [(&str, &[&str]); 4] = [
    ("bare fork", &["--no-sandbox"]),
    ("rung A", &["--rung-at-most", "A"]),
    ("rung C", &["--rung-at-most", "C"]),
    ("rung D", &["--rung-at-most", "D"]),
];

#[derive(Default)]
struct Measured {
    /// From the request to the verdict, one block at a time, in milliseconds.
    alone_ms: Vec<f64>,
    /// All blocks on all cores, start-up included.
    together: Vec<Duration>,
    /// The program's start, without any block.
    start: Vec<Duration>,
}

fn main() {
    let count = std::env::args()
        .skip(1)
        .find_map(|arg| arg.parse::<usize>().ok())
        .unwrap_or(300);
    let folder = tempfile::tempdir().expect("a temporary directory");
    let document = folder.path().join("blocks.md");
    let mut text = String::from("# Blocks\n");
    for n in 0..count {
        let twice = n * 2;
        write!(text, "\n```python\nx = {n}\nprint(x * 2)  # {twice}\n```\n").expect("a string");
    }
    std::fs::write(&document, text).expect("writing the document");
    let mut measured: Vec<Measured> = WAYS.iter().map(|_| Measured::default()).collect();
    for _ in 0..ROUNDS {
        for ((_, flags), measured) in WAYS.iter().zip(&mut measured) {
            let (_, report) = check(&document, flags, &["--jobs", "1"]);
            measured.alone_ms.extend(walls(&report, count));
            measured.together.push(check(&document, flags, &[]).0);
            measured.start.push(survey(flags));
        }
    }
    println!("{count} blocks, {ROUNDS} rounds; in parentheses: times the bare fork");
    println!("           p50 ms            p99 ms            blocks/s, all cores   start-up ms");
    let rows: Vec<[f64; 4]> = measured
        .into_iter()
        .map(|measured| row(measured, count))
        .collect();
    let [bare_p50, bare_p99, bare_throughput, _] = rows[0];
    for ((name, _), [p50, p99, throughput, start]) in WAYS.iter().zip(&rows) {
        println!(
            "{name:<10} {p50:>7.3} ({:>4.2})    {p99:>7.3} ({:>4.2})    {throughput:>10.0} ({:>4.2})    {start:>10.1}",
            p50 / bare_p50,
            p99 / bare_p99,
            throughput / bare_throughput,
        );
    }
}

/// p50, p99, blocks per second without the start, and the start in milliseconds.
fn row(mut measured: Measured, count: usize) -> [f64; 4] {
    measured.alone_ms.sort_by(f64::total_cmp);
    measured.together.sort();
    measured.start.sort();
    let quantile = |q: f64| {
        let index = (measured.alone_ms.len() as f64 * q) as usize;
        measured.alone_ms[index.min(measured.alone_ms.len() - 1)]
    };
    let start = measured.start[ROUNDS / 2];
    let running = measured.together[ROUNDS / 2].saturating_sub(start);
    let throughput = count as f64 / running.as_secs_f64().max(1e-3);
    [
        quantile(0.5),
        quantile(0.99),
        throughput,
        start.as_secs_f64() * 1e3,
    ]
}

fn check(document: &Path, flags: &[&str], more: &[&str]) -> (Duration, Value) {
    let begun = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_snipcheck"))
        .args(["check", "--format", "json", "--no-snapshots"])
        .args(flags)
        .args(more)
        .arg(document)
        .output()
        .expect("running snipcheck");
    let time = begun.elapsed();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{flags:?}: {said}");
    let report = serde_json::from_slice(&output.stdout).expect("a report");
    (time, report)
}

fn walls(report: &Value, count: usize) -> Vec<f64> {
    let blocks = report["documents"][0]["blocks"].as_array().expect("blocks");
    let walls: Vec<f64> = blocks
        .iter()
        .filter_map(|block| block["wall_ms"].as_f64())
        .collect();
    assert_eq!(walls.len(), count);
    walls
}

/// How long it takes to find the rung, test it and say so.
fn survey(flags: &[&str]) -> Duration {
    let begun = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_snipcheck"))
        .arg("doctor")
        .args(flags)
        .output()
        .expect("running snipcheck");
    assert!(output.status.success());
    begun.elapsed()
}
