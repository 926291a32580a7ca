//! Who a snippet is: users, user namespaces, capabilities.

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use rustix::fs::{Access, Gid, Mode, OFlags, Uid};
use rustix::process::DumpableBehavior;
use rustix::thread::{CapabilitySet, CapabilitySets, UnshareFlags};

use super::Parent;
use super::sys::{self, Cloned};

/// The user that snippets become when the tool runs as root: one that owns nothing on the machine.
const NOBODY_USES: u32 = 0x7000_0001;
/// The user that a snippet in a namespace of its own sees itself as.
pub(super) const SEEN_UID: u32 = 1000;

/// The user and group of this process, seen from outside its namespaces.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ids {
    uid: u32,
    gid: u32,
}

impl Ids {
    pub(super) fn outside() -> Self {
        Ids {
            uid: rustix::process::geteuid().as_raw(),
            gid: rustix::process::getegid().as_raw(),
        }
    }

    /// Maps them to themselves in the user namespace that this process has just made.
    pub(super) fn map_own(self) -> io::Result<()> {
        write_maps(&own_proc()?, self.uid, self.gid, self)
    }
}

/// `/proc/self`, to be opened while there is a `/proc` in sight.
pub(super) fn own_proc() -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::open("/proc/self", flags, Mode::empty())?)
}

/// Maps one user and one group into this process's new user namespace (user_namespaces(7)).
fn write_maps(proc: &OwnedFd, uid: u32, gid: u32, outside: Ids) -> io::Result<()> {
    write(proc, "setgroups", "deny")?;
    write(proc, "uid_map", &format!("{uid} {} 1", outside.uid))?;
    write(proc, "gid_map", &format!("{gid} {} 1", outside.gid))
}

fn write(proc: &OwnedFd, name: &str, text: &str) -> io::Result<()> {
    // Opened here and not ahead: the kernel asks who opened it, and that must be the new user.
    let flags = OFlags::WRONLY | OFlags::CLOEXEC;
    let file = rustix::fs::openat(proc, name, flags, Mode::empty())?;
    rustix::io::write(&file, text.as_bytes())?;
    Ok(())
}

/// What a snippet becomes, decided before the first one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Become {
    /// Stays who the tool is.
    Same,
    /// An unused user, as the tool is root.
    Unused,
}

impl Become {
    /// In a tree of the snippet's own, where the path to the interpreter is open to everybody.
    pub(super) fn in_own_tree() -> io::Result<Self> {
        // Root of a container may have no other user to become.
        Self::if_readable(&[])
    }

    /// Among the machine's own mounts: only a user who can read the interpreter's files will do.
    pub(super) fn if_readable(paths: &[PathBuf]) -> io::Result<Self> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Become::Same);
        }
        let pid = match sys::fork()? {
            Cloned::Parent(pid) => pid,
            Cloned::Child => {
                let existing = paths
                    .iter()
                    .filter(|path| path.exists())
                    .collect::<Vec<_>>();
                let can_read = become_unused().is_ok()
                    && existing
                        .iter()
                        .all(|path| rustix::fs::access(*path, Access::READ_OK).is_ok());
                sys::quit(i32::from(!can_read));
            }
        };
        let pid = rustix::process::Pid::from_raw(pid);
        let ended = rustix::process::waitpid(pid, rustix::process::WaitOptions::empty())?;
        let can_read = ended.is_some_and(|(_, status)| status.exit_status() == Some(0));
        Ok(if can_read {
            Become::Unused
        } else {
            Become::Same
        })
    }

    /// Becomes it, in the child. `scratch` goes along.
    pub(super) fn take(
        self,
        scratch: Option<std::os::fd::BorrowedFd<'_>>,
        parent: &Parent,
    ) -> Result<(), String> {
        if self == Become::Same {
            return Ok(());
        }
        if let Some(scratch) = scratch {
            let (user, group) = unused();
            rustix::fs::fchown(scratch, Some(user), Some(group))
                .map_err(|error| format!("give the scratch directory away: {error}"))?;
        }
        become_unused().map_err(|error| format!("become an unused user: {error}"))?;
        // The change of user has cleared the wish to die with the parent (prctl(2)).
        parent.die_with();
        Ok(())
    }
}

/// One user for each process that is alive at one time, so that snippets are strangers to each other.
fn unused() -> (Uid, Gid) {
    let parent = rustix::process::getppid().map_or(0, |pid| pid.as_raw_nonzero().get() as u32);
    let id = NOBODY_USES + (parent & 0xf_ffff);
    (Uid::from_raw(id), Gid::from_raw(id))
}

/// Becomes the unused user of this process's children.
pub(super) fn become_unused() -> io::Result<()> {
    let (user, group) = unused();
    rustix::thread::set_thread_groups(&[])?;
    rustix::thread::set_thread_res_gid(group, group, group)?;
    rustix::thread::set_thread_res_uid(user, user, user)?;
    // A change of user makes the process undumpable, and its /proc files root's.
    rustix::process::set_dumpable_behavior(DumpableBehavior::Dumpable)?;
    Ok(())
}

/// Moves this process into a user namespace that owns nothing, so that the process limit counts the
/// snippet alone; `proc` is its own `/proc/self`. Where it is in a group of its own, that is the root of
/// all that it can learn of groups (cgroup_namespaces(7)).
pub(super) fn enter_own(proc: &OwnedFd, is_grouped: bool) -> Result<(), String> {
    let outside = Ids::outside();
    let mut namespaces = UnshareFlags::NEWUSER;
    namespaces.set(UnshareFlags::NEWCGROUP, is_grouped);
    sys::unshare(namespaces).map_err(|error| format!("own user: {error}"))?;
    write_maps(proc, SEEN_UID, SEEN_UID, outside).map_err(|error| format!("own user map: {error}"))
}

/// Whether this process is root with the privilege to make namespaces and mounts, which root of a
/// container may lack.
pub(super) fn is_administrator() -> bool {
    let sets = rustix::thread::capabilities(None);
    let may = sets.is_ok_and(|sets| sets.effective.contains(CapabilitySet::SYS_ADMIN));
    may && rustix::process::geteuid().is_root()
}

/// Gives up every capability.
pub(super) fn drop_capabilities() -> Result<(), String> {
    let none = CapabilitySet::empty();
    let sets = CapabilitySets {
        effective: none,
        permitted: none,
        inheritable: none,
    };
    rustix::thread::set_capabilities(None, sets).map_err(|error| format!("capabilities: {error}"))
}
