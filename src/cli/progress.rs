//! The progress bar, for people who wait.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::console::Console;

/// A run shorter than this needs no bar.
const PATIENCE: Duration = Duration::from_millis(500);

/// Does `work`, which tells how many of how many are done, and shows that on standard error.
pub(super) fn with_progress<T>(
    console: &Console,
    work: impl FnOnce(&(dyn Fn(usize, usize) + Sync)) -> T,
) -> T {
    if !console.shows_progress() {
        return work(&|_, _| {});
    }
    let started = Instant::now();
    let bar = OnceLock::new();
    let result = work(&|done, total| {
        if started.elapsed() >= PATIENCE {
            let bar: &ProgressBar = bar.get_or_init(new_bar);
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        }
    });
    if let Some(bar) = bar.get() {
        bar.finish_and_clear();
    }
    result
}

fn new_bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} blocks, {elapsed}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style)
}
