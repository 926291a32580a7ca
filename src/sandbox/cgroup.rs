//! Control groups: what all processes of a snippet may take together (cgroups(7); the kernel's
//! `Documentation/admin-guide/cgroup-v2.rst`). They make rung A into rung A+.
//!
//! ```text
//! delegated group            no process: the kernel wants none where limits are handed down
//! ├── snipcheck-supervisor   the supervisor and its fork servers, without limits
//! ├── snipcheck-4711-1       one snippet: memory.max, memory.oom.group, pids.max
//! └── snipcheck-4711-2
//! ```
//!
//! All of it is the supervisor's: it makes a group for each snippet, hands the entrance (an open
//! `cgroup.procs`) along with the job, reads from the kernel whether the limit was met, and removes
//! the group. The kernel asks for the rights of whoever opened the entrance, so a child can go in
//! out of any namespace. Nothing is ever written to a group that was not given away, or above it.

use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use super::delegation::{self, CONTROLLERS, hold_all, processes, strangers};
use super::limits::MEMORY_RESERVE;
use crate::policy::Limits;

/// The name of the layer.
pub const LAYER: &str = "cgroup-limits";
/// The group of the supervisor and its fork servers.
const HOME: &str = "snipcheck-supervisor";
/// What the names of all groups of snippets begin with; supervisor and number follow.
const PREFIX: &str = "snipcheck-";
/// What a snippet's group holds beyond its own doing, in bytes: its copies of the warm interpreter's
/// pages, its report, and what the kernel keeps for its processes.
const OWN_BYTES: u64 = 64 << 20;
/// How long a group may take to be empty once everything in it was killed.
const EMPTYING: Duration = Duration::from_secs(2);
/// How long to wait for others of this program that begin or end in the same group.
const OTHERS: Duration = Duration::from_millis(500);
const PAUSE: Duration = Duration::from_millis(2);

/// What all processes of a group may take together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Memory with everything in it: pages, memory files, what the kernel keeps.
    pub(super) memory_bytes: u64,
    /// Processes and threads.
    pub(super) tasks: u64,
}

impl Bounds {
    /// Of a snippet under `limits`: never so tight that one process meets them before its own
    /// limits, with both of its memory file systems full. Page tables take one part in 512.
    pub fn of(limits: &Limits) -> Bounds {
        let memory = limits.memory_bytes.saturating_add(MEMORY_RESERVE);
        let parts = [
            memory,
            memory / 256,
            limits.scratch_bytes.saturating_mul(2),
            OWN_BYTES,
        ];
        Bounds {
            memory_bytes: parts.into_iter().fold(0, u64::saturating_add),
            tasks: limits.processes,
        }
    }
}

/// The bounds of the self-test: met soon, and far below every process's own limits.
pub(super) const TRIAL: Bounds = Bounds {
    memory_bytes: 24 << 20,
    tasks: 8,
};

/// A group that was given to this process to divide.
#[derive(Debug)]
pub struct Delegated {
    path: PathBuf,
    /// Its directory, locked (`flock(2)`) as long as this process divides it.
    directory: OwnedFd,
    /// Whether this process was in it at first, and so has to go back.
    is_origin: bool,
    /// Whether controllers were handed down only by this process.
    is_divider: bool,
    made: AtomicU64,
}

static FOUND: OnceLock<Result<Delegated, String>> = OnceLock::new();

/// The group that this process may divide, or why there is none and what to do about it. Where there
/// is one, the process is moved to its own place in it, the first time that this is called.
pub fn delegated() -> Result<&'static Delegated, String> {
    FOUND
        .get_or_init(|| find().map_err(delegation::with_remedy))
        .as_ref()
        .map_err(String::clone)
}

/// Puts the group back as it was found, unless others of this program still use it. To be called
/// when the fork servers are gone; whoever is killed before leaves that to the next one.
pub fn give_back() {
    if let Some(Ok(delegated)) = FOUND.get()
        && delegated.is_origin
    {
        // A group that stays behind harms nobody, and the next run takes it over.
        if delegated.restore().is_err() {}
    }
}

fn find() -> Result<Delegated, String> {
    let place = delegation::place()?;
    // Only this program makes a group of that name, in one that was given to it.
    let is_home = place.group.file_name().is_some_and(|name| name == HOME);
    let path = match place.group.parent() {
        Some(parent) if is_home => parent.to_owned(),
        _ => place.group.clone(),
    };
    delegation::has_controllers(&path)?;
    strangers(&path)?;
    if !delegation::is_given_away(&place.mount, &path) {
        return Err("the cgroup of this process was not delegated to it".to_owned());
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = rustix::fs::open(&path, flags, Mode::empty())
        .map_err(|error| format!("{}: {error}", path.display()))?;
    lock(&directory)?;
    let mut delegated = Delegated {
        path,
        directory,
        is_origin: !is_home,
        is_divider: false,
        made: AtomicU64::new(0),
    };
    delegated.divide()?;
    delegated.sweep();
    Ok(delegated)
}

/// Says to others of this program that the group is in use; waits for one that is giving it back.
fn lock(directory: &OwnedFd) -> Result<(), String> {
    let begun = Instant::now();
    loop {
        match rustix::fs::flock(directory, FlockOperation::NonBlockingLockShared) {
            Ok(()) => return Ok(()),
            Err(Errno::WOULDBLOCK) if begun.elapsed() < OTHERS => sleep(PAUSE),
            Err(error) => return Err(format!("the cgroup of this process is locked: {error}")),
        }
    }
}

impl Delegated {
    /// Makes a group for a snippet.
    pub fn group(&'static self, bounds: Bounds) -> io::Result<Group> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{}-{number}", std::process::id());
        rustix::fs::mkdirat(&self.directory, &name, Mode::from_raw_mode(0o755))?;
        let mut group = Group {
            parent: self,
            name,
            entrance: None,
            is_gone: false,
        };
        let set = |file: &str, value: &str| self.write(&group.file(file), value);
        set("memory.max", &bounds.memory_bytes.to_string())?;
        match set("memory.swap.max", "0") {
            // The kernel counts no swap, or the machine has none.
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        set("memory.oom.group", "1")?;
        set("pids.max", &bounds.tasks.to_string())?;
        group.entrance = Some(self.open(&group.file("cgroup.procs"), OFlags::WRONLY)?);
        Ok(group)
    }

    /// Two groups for the self-test, one with room for few processes, one with little memory.
    pub fn trial(&'static self, limits: &Limits) -> io::Result<[Group; 2]> {
        let usual = Bounds::of(limits);
        // Below the process's own limit, which must not be what refuses.
        let few = self.group(Bounds {
            tasks: TRIAL.tasks.min(usual.tasks.saturating_sub(1)).max(1),
            ..usual
        })?;
        let little = self.group(Bounds {
            memory_bytes: TRIAL.memory_bytes,
            ..usual
        })?;
        Ok([few, little])
    }

    fn open(&self, file: &str, access: OFlags) -> rustix::io::Result<OwnedFd> {
        let flags = access | OFlags::CLOEXEC;
        rustix::fs::openat(&self.directory, file, flags, Mode::empty())
    }

    fn write(&self, file: &str, text: &str) -> rustix::io::Result<()> {
        let file = self.open(file, OFlags::WRONLY)?;
        rustix::io::write(&file, text.as_bytes()).map(|_| ())
    }

    /// Moves this process to its own place and hands the controllers down; where that fails,
    /// everything is as before.
    fn divide(&mut self) -> Result<(), String> {
        let place = match self.is_origin {
            true => self.path.clone(),
            false => self.path.join(HOME),
        };
        if !processes(&place).is_ok_and(|all| all.contains(&std::process::id())) {
            return Err(format!("this process is not in {}", place.display()));
        }
        let word =
            |what: &str, error: Errno| format!("{what} in the cgroup of this process: {error}");
        let home = self.path.join(HOME);
        if self.is_origin {
            match rustix::fs::mkdirat(&self.directory, HOME, Mode::from_raw_mode(0o755)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(word("make a group", error)),
            }
        }
        let entrance = format!("{HOME}/cgroup.procs");
        let divided = match self.is_origin {
            true => self.write(&entrance, "0"),
            false => Ok(()),
        };
        let divided = divided
            .map_err(|error| word("move a process", error))
            .and_then(|()| self.hand_down());
        if divided.is_err() && self.is_origin {
            // Either has nothing to do, or is kept from it by others that are in there.
            if self.write("cgroup.procs", "0").is_err() || fs::remove_dir(home).is_err() {}
        }
        divided
    }

    fn hand_down(&mut self) -> Result<(), String> {
        const FILE: &str = "cgroup.subtree_control";
        let begun = Instant::now();
        let order = CONTROLLERS.map(|name| format!("+{name}")).join(" ");
        loop {
            let given = fs::read_to_string(self.path.join(FILE)).unwrap_or_default();
            if hold_all(&given) {
                return Ok(());
            }
            let done = match strangers(&self.path)?.is_empty() {
                true => self.write(FILE, &order),
                false => Err(Errno::BUSY),
            };
            match done {
                Ok(()) => {
                    self.is_divider = true;
                    return Ok(());
                }
                Err(Errno::BUSY) if begun.elapsed() < OTHERS => sleep(PAUSE),
                Err(error) => return Err(format!("hand cgroup controllers down: {error}")),
            }
        }
    }

    /// Removes the groups of those that were killed before they could.
    fn sweep(&self) {
        let alive = processes(&self.path.join(HOME)).unwrap_or_default();
        for entry in fs::read_dir(&self.path).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let owner = name
                .strip_prefix(PREFIX)
                .and_then(|name| name.split_once('-')?.0.parse::<u32>().ok());
            if owner.is_some_and(|owner| !alive.contains(&owner)) {
                // It may be another's that does the same.
                if self.clear(&name).is_err() {}
            }
        }
    }

    /// Kills everything in the group `name`, and removes it.
    fn clear(&self, name: &str) -> io::Result<()> {
        match self.write(&format!("{name}/cgroup.kill"), "1") {
            // Linux 5.14 has it; before that, the end of the cell is all there is.
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        self.remove(name)
    }

    /// Removes the group `name` as soon as it is empty.
    fn remove(&self, name: &str) -> io::Result<()> {
        let begun = Instant::now();
        loop {
            match rustix::fs::unlinkat(&self.directory, name, AtFlags::REMOVEDIR) {
                Ok(()) | Err(Errno::NOENT) => return Ok(()),
                Err(Errno::BUSY) if begun.elapsed() < EMPTYING => sleep(PAUSE),
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn restore(&self) -> io::Result<()> {
        // Held by others too, it is not to be had; the shared one then goes with this process.
        rustix::fs::flock(&self.directory, FlockOperation::NonBlockingLockExclusive)?;
        self.sweep();
        if self.is_divider {
            let order = CONTROLLERS.map(|name| format!("-{name}")).join(" ");
            self.write("cgroup.subtree_control", &order)?;
        }
        self.write("cgroup.procs", "0")?;
        // The last fork servers may still be dying.
        self.remove(HOME)
    }
}

/// Which limit made the kernel kill a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortage {
    /// That of the group itself.
    Own,
    /// That of the machine, or of a group above.
    Outside,
}

/// The group of one snippet. Dropping it kills what is left in it, and removes it.
#[derive(Debug)]
pub struct Group {
    parent: &'static Delegated,
    name: String,
    /// Its `cgroup.procs`; `None` until its limits are set.
    entrance: Option<OwnedFd>,
    is_gone: bool,
}

impl Group {
    /// What a child writes to, to be in it.
    pub fn entrance(&self) -> Option<BorrowedFd<'_>> {
        self.entrance.as_ref().map(AsFd::as_fd)
    }

    /// Whether the kernel killed it for want of memory, and whose; by its own word (`memory.events`).
    pub fn shortage(&self) -> io::Result<Option<Shortage>> {
        Ok(shortage(&self.read("memory.events")?))
    }

    /// Whether the kernel refused a process for this group's sake; by its own word (`pids.events`).
    pub fn has_refused(&self) -> io::Result<bool> {
        Ok(count(&self.read("pids.events")?, "max") > 0)
    }

    fn read(&self, file: &str) -> io::Result<String> {
        let file = self.parent.open(&self.file(file), OFlags::RDONLY)?;
        let mut text = [0; 1024];
        let len = rustix::io::read(&file, &mut text)?;
        Ok(String::from_utf8_lossy(&text[..len]).into_owned())
    }

    /// Kills what is left in it, and removes it; an error where that cannot be done.
    pub fn end(mut self) -> io::Result<()> {
        self.is_gone = true;
        self.parent.clear(&self.name)
    }

    fn file(&self, file: &str) -> String {
        format!("{}/{file}", self.name)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // What cannot be removed now is left to the next run.
        if !self.is_gone && self.parent.clear(&self.name).is_err() {}
    }
}

/// The number behind `name` in a file of events.
fn count(events: &str, name: &str) -> u64 {
    let mut lines = events.lines().filter_map(|line| line.split_once(' '));
    let found = lines.find(|(key, _)| *key == name);
    let count = found.and_then(|(_, count)| count.trim().parse().ok());
    count.unwrap_or(0)
}

fn shortage(events: &str) -> Option<Shortage> {
    match (count(events, "oom_kill"), count(events, "oom")) {
        (0, _) => None,
        (_, 0) => Some(Shortage::Outside),
        _ => Some(Shortage::Own),
    }
}

/// Puts this process, which has one thread, into the group behind `entrance`.
pub(super) fn enter(entrance: BorrowedFd<'_>) -> Result<(), String> {
    match rustix::io::write(entrance, b"0") {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("enter the group: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_limit_was_met_is_the_kernels_word() {
        let events = |oom, killed| format!("low 0\nhigh 0\nmax 9\noom {oom}\noom_kill {killed}\n");
        assert_eq!(shortage(&events(0, 0)), None);
        assert_eq!(shortage(&events(3, 0)), None);
        assert_eq!(shortage(&events(1, 4)), Some(Shortage::Own));
        assert_eq!(shortage(&events(0, 1)), Some(Shortage::Outside));
        assert_eq!(shortage(""), None);
    }

    #[test]
    fn a_process_meets_its_own_limits_first() {
        let limits = Limits::STUDY;
        let bounds = Bounds::of(&limits);
        let alone = limits.memory_bytes + MEMORY_RESERVE + 2 * limits.scratch_bytes;
        assert!(bounds.memory_bytes > alone + (24 << 20));
        assert_eq!(bounds.tasks, limits.processes);
        let endless = Limits {
            memory_bytes: u64::MAX,
            ..limits
        };
        assert_eq!(Bounds::of(&endless).memory_bytes, u64::MAX);
    }
}
