//! Which files, ports and processes a snippet may touch: Landlock rulesets.
//!
//! A ruleset handles every right that the kernel knows and grants few; what is left out here is
//! refused with `EACCES` (`EPERM` for signals). Where an older kernel does not know a right, the
//! rule for it falls away; [`missing`] says which.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, Scope,
};

/// The newest rights that are asked for.
const NEWEST: ABI = ABI::V9;

/// Devices that a snippet may write to.
const SINKS: [&str; 2] = ["/dev/null", "/dev/full"];

/// Devices that a snippet may read, where they are the machine's.
const SOURCES: [&str; 3] = ["/dev/zero", "/dev/random", "/dev/urandom"];

/// What rulesets without mounts of their own are made of, opened ahead of need.
#[derive(Debug)]
pub(super) struct Shown {
    read: Vec<PathFd>,
    sinks: Vec<PathFd>,
}

/// The ruleset of a cell, made where its mounts are in sight: the whole tree may be read, the
/// cell's own memory file systems may be written. Where the cell has a network of its own, that
/// is wall enough for TCP.
pub(super) fn of_cell(has_network: bool) -> Result<OwnedFd, String> {
    let mut rules = create(has_network)?;
    rules = grant(rules, &open("/")?, reading())?;
    for path in ["/tmp", "/dev/shm"] {
        rules = grant(rules, &open(path)?, owning())?;
    }
    for path in SINKS {
        rules = grant(rules, &open(path)?, writing())?;
    }
    finish(rules)
}

impl Shown {
    /// Opens `paths`, those that exist, and the devices.
    pub(super) fn open(paths: impl IntoIterator<Item = PathBuf>) -> Result<Shown, String> {
        let read = paths
            .into_iter()
            .chain(SOURCES.map(PathBuf::from))
            .filter(|path| path.exists())
            .map(|path| PathFd::new(path).map_err(|error| error.to_string()))
            .collect::<Result<_, _>>()?;
        let sinks = SINKS.into_iter().map(open).collect::<Result<_, String>>()?;
        Ok(Shown { read, sinks })
    }

    /// The ruleset of one snippet that shares the machine's mounts: besides what is shown it may
    /// read what `/proc` tells of itself, and write below `scratch`.
    pub(super) fn ruleset(&self, scratch: BorrowedFd<'_>) -> Result<OwnedFd, String> {
        let mut rules = create(false)?;
        for path in &self.read {
            rules = grant(rules, path, reading())?;
        }
        for path in &self.sinks {
            rules = grant(rules, path, writing())?;
        }
        if let Ok(own) = open("/proc/self") {
            rules = grant(rules, &own, reading())?;
        }
        rules = grant(rules, &scratch, owning())?;
        finish(rules)
    }
}

/// What the rulesets of this kernel, which knows Landlock's interface `abi`, leave out.
pub(super) fn missing(abi: i32) -> Vec<&'static str> {
    let since: [(i32, &str); 5] = [
        (2, "moving files between directories"),
        (3, "truncating files"),
        (4, "TCP"),
        (5, "device ioctls"),
        (6, "signals and abstract sockets"),
    ];
    let later = since.iter().filter(|(first, _)| abi < *first);
    later.map(|(_, what)| *what).collect()
}

fn create(has_network: bool) -> Result<RulesetCreated, String> {
    Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))
        .and_then(|rules| match has_network {
            true => Ok(rules),
            false => rules.handle_access(AccessNet::from_all(NEWEST)),
        })
        .and_then(|rules| rules.scope(Scope::from_all(NEWEST)))
        .and_then(Ruleset::create)
        .map_err(|error| error.to_string())
}

fn open(path: &str) -> Result<PathFd, String> {
    PathFd::new(path).map_err(|error| error.to_string())
}

fn grant(
    rules: RulesetCreated,
    path: &impl AsFd,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, String> {
    let is_directory = rustix::fs::fstat(path.as_fd())
        .map(|stat| rustix::fs::FileType::from_raw_mode(stat.st_mode).is_dir())
        .map_err(|error| error.to_string())?;
    // A rule on a file with a directory's rights is refused by the kernel.
    let access = match is_directory {
        true => access,
        false => access & AccessFs::from_file(NEWEST),
    };
    rules
        .add_rule(PathBeneath::new(path.as_fd(), access))
        .map_err(|error| error.to_string())
}

fn finish(rules: RulesetCreated) -> Result<OwnedFd, String> {
    Option::<OwnedFd>::from(rules).ok_or_else(|| "this kernel has no Landlock".to_owned())
}

fn reading() -> BitFlags<AccessFs> {
    AccessFs::from_read(NEWEST)
}

fn writing() -> BitFlags<AccessFs> {
    reading() | AccessFs::WriteFile | AccessFs::Truncate | AccessFs::IoctlDev
}

/// Everything but devices.
fn owning() -> BitFlags<AccessFs> {
    AccessFs::from_all(NEWEST) & !(AccessFs::MakeChar | AccessFs::MakeBlock)
}
