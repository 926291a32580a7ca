//! Confines processes: the ordered steps, and what each of them was worth on this machine.
//!
//! The fork server calls, in this order, [`Ground::lay`] (before Python starts: namespaces and the
//! maker of cells), [`Ground::settle`] (once Python is warm: the read-only root), and for each
//! snippet [`Ground::cell`], and in the forked child [`Ground::confine`]. Every step either holds
//! or is reported; a step that fails in the child ends the child.

pub mod cell;
pub mod channel;
pub mod mounts;
#[expect(unsafe_code, reason = "system calls that no safe crate offers")]
mod sys;

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::process::{DumpableBehavior, Resource, Rlimit, Signal, setrlimit};
use rustix::thread::{CapabilitySet, CapabilitySets, ThreadNameSpaceType, UnshareFlags};

use crate::policy::Limits;
use cell::{Cell, Maker};

/// Whether a layer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LayerState {
    /// In force for every snippet.
    Enforced,
    /// In force in part.
    Degraded,
    /// Not in force.
    Absent,
}

/// One layer of confinement.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Layer {
    /// Stable kebab-case name, such as `pid-namespace`.
    pub name: String,
    /// Whether it holds.
    pub state: LayerState,
    /// Why not, or how much.
    pub detail: Option<String>,
}

/// What confined the snippets of a run.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Confinement {
    /// `namespaces` or `none`; the rungs `A` to `D` are given only with Landlock and seccomp in force.
    pub rung: String,
    /// The layers in the order they are applied.
    pub layers: Vec<Layer>,
}

/// The user that snippets become when the tool runs as root: one that owns nothing on the machine.
const NOBODY_USES: u32 = 0x7000_0001;
/// The user that a snippet sees itself as.
const SEEN_UID: u32 = 1000;
/// How far the memory limit is lifted so that a `MemoryError` can be reported, in bytes.
const MEMORY_RESERVE: u64 = 64 << 20;
const OPEN_FILES: u64 = 256;
/// How many cells stand ready beyond the one in use.
const READY_CELLS: usize = 1;

const SHARED: UnshareFlags = UnshareFlags::NEWNS
    .union(UnshareFlags::NEWNET)
    .union(UnshareFlags::NEWIPC)
    .union(UnshareFlags::NEWUTS)
    .union(UnshareFlags::NEWCGROUP);

/// The ground on which a fork server's snippets run.
#[derive(Debug)]
pub struct Ground {
    cells: Option<Cells>,
    is_root: bool,
    refusal: Option<String>,
    has_root_tree: bool,
}

#[derive(Debug)]
struct Cells {
    maker: Maker,
    ordered: usize,
}

/// The namespaces that this machine gives, tried in throw-away children.
fn probe() -> Result<(), String> {
    let (ours, theirs) = channel::pair().map_err(|error| format!("socketpair: {error}"))?;
    match sys::fork().map_err(|error| format!("fork: {error}"))? {
        sys::Cloned::Parent(_) => {
            drop(theirs);
            let (message, _) =
                channel::receive(ours.as_fd()).map_err(|error| format!("probe: {error}"))?;
            match message.as_slice() {
                b"ok" => Ok(()),
                b"" => Err("the probe died".to_owned()),
                why => Err(String::from_utf8_lossy(why).into_owned()),
            }
        }
        sys::Cloned::Child => {
            drop(ours);
            let answer = match try_ground() {
                Ok(()) => "ok".to_owned(),
                Err(error) => error,
            };
            let sent = channel::send(theirs.as_fd(), answer.as_bytes(), &[]);
            sys::quit(i32::from(sent.is_err()));
        }
    }
}

fn try_ground() -> Result<(), String> {
    enter_namespaces()?;
    mounts::pivot(&[]).map_err(|error| error.to_string())?;
    let maker = Maker::start(1 << 20).map_err(|error| error.to_string())?;
    maker.order().map_err(|error| error.to_string())?;
    let cell = maker.take().map_err(|error| error.to_string())?;
    cell.end().map_err(|error| error.to_string())
}

/// Moves this process into namespaces of its own; as an ordinary user with a user namespace first,
/// in one call, because a second one is refused where a system restricts them.
fn enter_namespaces() -> Result<(), String> {
    if rustix::process::geteuid().is_root() {
        return sys::unshare(SHARED).map_err(|error| format!("unshare: {error}"));
    }
    let uid = rustix::process::geteuid().as_raw();
    let gid = rustix::process::getegid().as_raw();
    sys::unshare(SHARED | UnshareFlags::NEWUSER).map_err(|error| format!("unshare: {error}"))?;
    write_maps("/proc/self", uid, uid, gid, gid).map_err(|error| format!("user map: {error}"))
}

/// Maps one user and one group into this process's new user namespace (user_namespaces(7)).
fn write_maps(base: &str, uid: u32, outer_uid: u32, gid: u32, outer_gid: u32) -> io::Result<()> {
    std::fs::write(format!("{base}/setgroups"), "deny")?;
    std::fs::write(format!("{base}/uid_map"), format!("{uid} {outer_uid} 1"))?;
    std::fs::write(format!("{base}/gid_map"), format!("{gid} {outer_gid} 1"))
}

/// Asks the kernel to kill this process when its parent dies (`PR_SET_PDEATHSIG`).
pub fn die_with_parent() {
    if rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).is_err() {
        sys::quit(1);
    }
}

/// Closes every descriptor from `first` on.
pub fn close_from(first: u32) {
    let mut fd = first;
    // Descriptors are few and limited by RLIMIT_NOFILE; a hole ends nothing.
    let limit = rustix::process::getrlimit(Resource::Nofile)
        .current
        .unwrap_or(1 << 16)
        .min(1 << 16) as u32;
    if sys::close_range(first).is_ok() {
        return;
    }
    while fd < limit {
        sys::close(fd);
        fd += 1;
    }
}

impl Ground {
    /// Prepares this process, the future fork server: no new privileges, no core files, namespaces
    /// where the kernel gives them, and a maker of cells. It is single-threaded and small.
    pub fn lay(limits: &Limits) -> Result<Ground, String> {
        die_with_parent();
        rustix::thread::set_no_new_privs(true).map_err(|error| format!("no_new_privs: {error}"))?;
        set_limit(Resource::Core, 0, 0)?;
        sys::limit_arenas();
        let is_root = rustix::process::geteuid().is_root();
        let mut ground = Ground {
            cells: None,
            is_root,
            refusal: None,
            has_root_tree: false,
        };
        match probe() {
            Ok(()) => {
                enter_namespaces()?;
                let maker = Maker::start(limits.scratch_bytes)
                    .map_err(|error| format!("cell maker: {error}"))?;
                ground.cells = Some(Cells { maker, ordered: 0 });
            }
            Err(why) => {
                ground.refusal = Some(why);
                rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
                    .map_err(|error| format!("subreaper: {error}"))?;
            }
        }
        Ok(ground)
    }

    /// Replaces the root by the read-only tree, once the interpreter has said where its files are.
    pub fn settle(&mut self, paths: &[PathBuf]) -> Result<(), String> {
        if self.cells.is_some() {
            mounts::pivot(paths).map_err(|error| error.to_string())?;
            self.has_root_tree = true;
        }
        Ok(())
    }

    /// The same ground for a further fork server that is about to be forked off this one.
    pub fn split(&self) -> Result<Ground, String> {
        let cells = match &self.cells {
            Some(cells) => {
                let maker = cells.maker.split().map_err(|error| error.to_string())?;
                Some(Cells { maker, ordered: 0 })
            }
            None => None,
        };
        Ok(Ground {
            cells,
            is_root: self.is_root,
            refusal: self.refusal.clone(),
            has_root_tree: self.has_root_tree,
        })
    }

    /// Whether each snippet gets scratch space of its own from the sandbox.
    pub fn has_scratch(&self) -> bool {
        self.cells.is_some()
    }

    /// Takes a ready cell and makes this process's next child be born in it; `None` without namespaces.
    pub fn cell(&mut self) -> Result<Option<Cell>, String> {
        let Some(cells) = &mut self.cells else {
            return Ok(None);
        };
        while cells.ordered < READY_CELLS + 1 {
            cells.maker.order().map_err(|error| error.to_string())?;
            cells.ordered += 1;
        }
        let cell = cells.maker.take().map_err(|error| error.to_string())?;
        cells.ordered -= 1;
        rustix::thread::move_into_thread_name_spaces(
            cell.init.as_fd(),
            ThreadNameSpaceType::PROCESS_ID,
        )
        .map_err(|error| format!("setns(pid): {error}"))?;
        Ok(Some(cell))
    }

    /// Confines this process, a child just forked. In this order:
    ///
    /// 1. die with the fork server, own session;
    /// 2. into the cell's mounts and IPC (needs the privileges that 4 gives up);
    /// 3. descriptors: exactly 0, 1 and 2, none shared with anything else;
    /// 4. as root, become a user that owns nothing; then a user namespace that owns nothing, so
    ///    that the process limit counts this snippet alone; no capabilities;
    /// 5. resource limits, hard as soft.
    pub fn confine(
        &self,
        cell: Option<&Cell>,
        streams: [BorrowedFd<'_>; 3],
        limits: &Limits,
    ) -> Result<(), String> {
        die_with_parent();
        rustix::process::setsid().map_err(|error| format!("setsid: {error}"))?;
        if let Some(cell) = cell {
            rustix::thread::move_into_thread_name_spaces(
                cell.init.as_fd(),
                ThreadNameSpaceType::MOUNT | ThreadNameSpaceType::INTER_PROCESS_COMMUNICATION,
            )
            .map_err(|error| format!("setns(mount, ipc): {error}"))?;
        }
        take_streams(streams).map_err(|error| format!("descriptors: {error}"))?;
        if cell.is_some() {
            self.drop_user()?;
        }
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
        set_limits(limits)
    }

    fn drop_user(&self) -> Result<(), String> {
        use rustix::fs::{Gid, Uid};
        let mut uid = rustix::process::geteuid().as_raw();
        let mut gid = rustix::process::getegid().as_raw();
        if self.is_root {
            uid = NOBODY_USES;
            gid = NOBODY_USES;
            let (user, group) = (Uid::from_raw(uid), Gid::from_raw(gid));
            rustix::thread::set_thread_groups(&[])
                .and_then(|()| rustix::thread::set_thread_res_gid(group, group, group))
                .and_then(|()| rustix::thread::set_thread_res_uid(user, user, user))
                .map_err(|error| format!("become an unused user: {error}"))?;
            // A change of user makes the process undumpable, and its /proc files root's.
            rustix::process::set_dumpable_behavior(DumpableBehavior::Dumpable)
                .map_err(|error| format!("dumpable: {error}"))?;
        }
        // The change of user clears the wish to die with the parent (prctl(2)).
        die_with_parent();
        // A namespace of its own needs a map, and the map a /proc; without one the user stays.
        if std::fs::exists("/proc/self/uid_map").unwrap_or(false) {
            sys::unshare(UnshareFlags::NEWUSER).map_err(|error| format!("own user: {error}"))?;
            write_maps("/proc/self", SEEN_UID, uid, SEEN_UID, gid)
                .map_err(|error| format!("own user map: {error}"))?;
        }
        let none = CapabilitySet::empty();
        rustix::thread::set_capabilities(
            None,
            CapabilitySets {
                effective: none,
                permitted: none,
                inheritable: none,
            },
        )
        .map_err(|error| format!("capabilities: {error}"))
    }

    /// What confines the snippets.
    pub fn confinement(&self) -> Confinement {
        let layer = |name: &str, state: LayerState, detail: Option<String>| Layer {
            name: name.to_owned(),
            state,
            detail,
        };
        let mut layers = vec![
            layer("no-new-privileges", LayerState::Enforced, None),
            layer("resource-limits", LayerState::Enforced, None),
        ];
        let names = [
            "user-namespace",
            "mount-namespace",
            "pid-namespace",
            "network-namespace",
            "ipc-namespace",
            "read-only-root",
        ];
        for name in names {
            layers.push(match &self.refusal {
                None => layer(name, LayerState::Enforced, None),
                Some(why) => layer(name, LayerState::Absent, Some(why.clone())),
            });
        }
        for name in ["landlock", "seccomp"] {
            let why = "not built in this version".to_owned();
            layers.push(layer(name, LayerState::Absent, Some(why)));
        }
        let rung = if self.cells.is_some() {
            "namespaces"
        } else {
            "none"
        };
        Confinement {
            rung: rung.to_owned(),
            layers,
        }
    }
}

/// Makes the three streams descriptors 0, 1 and 2 and closes every other one.
fn take_streams(streams: [BorrowedFd<'_>; 3]) -> io::Result<()> {
    // First out of the way of 0 to 2, so that none of the three overwrites another.
    let mut moved: Vec<OwnedFd> = Vec::new();
    for stream in streams {
        moved.push(rustix::io::fcntl_dupfd_cloexec(stream, 10)?);
    }
    for (fd, stream) in moved.iter().enumerate() {
        sys::replace(stream.as_fd(), fd as i32)?;
    }
    drop(moved);
    close_from(3);
    Ok(())
}

/// Sets a limit, or keeps the caller's where that is lower: nobody may raise it.
fn set_limit(resource: Resource, soft: u64, hard: u64) -> Result<(), String> {
    let most = rustix::process::getrlimit(resource)
        .maximum
        .unwrap_or(u64::MAX);
    let limit = Rlimit {
        current: Some(soft.min(most)),
        maximum: Some(hard.min(most)),
    };
    setrlimit(resource, limit).map_err(|error| format!("setrlimit({resource:?}): {error}"))
}

fn set_limits(limits: &Limits) -> Result<(), String> {
    let memory = limits.memory_bytes.saturating_add(address_space());
    set_limit(Resource::As, memory, memory.saturating_add(MEMORY_RESERVE))?;
    for (resource, most) in [
        (Resource::Fsize, limits.scratch_bytes),
        (Resource::Nofile, OPEN_FILES),
        (Resource::Nproc, limits.processes),
        (Resource::Memlock, 0),
        (Resource::Core, 0),
    ] {
        set_limit(resource, most, most)?;
    }
    Ok(())
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
