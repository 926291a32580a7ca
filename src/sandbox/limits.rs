//! Resource limits of a snippet, worked out once and set in every child.

use rustix::process::{Resource, Rlimit, setrlimit};

use super::layer::Rung;
use crate::policy::Limits;

/// How far the memory limit is lifted so that a `MemoryError` can be reported, in bytes.
pub(super) const MEMORY_RESERVE: u64 = 64 << 20;
/// Descriptors that a snippet may have open.
pub(super) const OPEN_FILES: u64 = 256;
/// Processes of the fork server that a shared user namespace counts with the snippet's: itself and
/// its keeper.
const COUNTED_ALONG: u64 = 2;

/// The limits as `setrlimit` takes them: resource, soft and hard.
#[derive(Clone, Debug, Default)]
pub(super) struct Fixed(Vec<(Resource, u64, u64)>);

impl Fixed {
    /// For snippets of a process that is about as large as this one.
    pub(super) fn new(limits: &Limits, rung: Rung, is_alone: bool) -> Fixed {
        let memory = limits.memory_bytes.saturating_add(address_space());
        let mut fixed = vec![(Resource::As, memory, memory.saturating_add(MEMORY_RESERVE))];
        let mut hard = |resource, most| fixed.push((resource, most, most));
        hard(Resource::Fsize, limits.scratch_bytes);
        hard(Resource::Nofile, OPEN_FILES);
        hard(Resource::Nproc, processes(limits, rung, is_alone));
        hard(Resource::Memlock, 0);
        hard(
            Resource::Msgqueue,
            if rung.has_mounts() { 64 << 10 } else { 0 },
        );
        hard(Resource::Rtprio, 0);
        hard(Resource::Core, 0);
        Fixed(fixed)
    }

    /// Sets them for this process.
    pub(super) fn set(&self) -> Result<(), String> {
        for &(resource, soft, hard) in &self.0 {
            set(resource, soft, hard)?;
        }
        Ok(())
    }
}

/// The kernel counts processes by user and user namespace; where the snippet shares both with
/// others, theirs come on top.
fn processes(limits: &Limits, rung: Rung, is_alone: bool) -> u64 {
    let others = match rung {
        Rung::APlus | Rung::A | Rung::B => 0,
        Rung::C => COUNTED_ALONG,
        Rung::D | Rung::None if is_alone => 0,
        Rung::D | Rung::None => own_tasks(),
    };
    limits.processes.saturating_add(others)
}

/// Sets one limit for this process, or keeps the caller's where that is lower: nobody may raise it.
pub(super) fn set(resource: Resource, soft: u64, hard: u64) -> Result<(), String> {
    let most = rustix::process::getrlimit(resource)
        .maximum
        .unwrap_or(u64::MAX);
    let limit = Rlimit {
        current: Some(soft.min(most)),
        maximum: Some(hard.min(most)),
    };
    setrlimit(resource, limit).map_err(|error| format!("setrlimit({resource:?}): {error}"))
}

/// Lifts the soft memory limit to the hard one.
pub fn relax_memory() {
    let limit = rustix::process::getrlimit(Resource::As);
    let lifted = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    // Nothing to do where it fails: the report will then be cut short, which the supervisor sees.
    if setrlimit(Resource::As, lifted).is_err() {}
}

/// The address space this process has now, in bytes; 0 where `/proc` does not tell.
fn address_space() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok());
    pages.unwrap_or(0) * rustix::param::page_size() as u64
}

/// How many threads the user of this process has on the machine.
fn own_tasks() -> u64 {
    use std::os::unix::fs::MetadataExt;
    let uid = rustix::process::getuid().as_raw();
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let own = entries.filter(|entry| {
        let is_process = entry.file_name().to_string_lossy().parse::<u32>().is_ok();
        is_process && entry.metadata().is_ok_and(|metadata| metadata.uid() == uid)
    });
    own.map(|entry| std::fs::read_dir(entry.path().join("task")).map_or(1, Iterator::count) as u64)
        .sum()
}
