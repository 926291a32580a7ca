//! Cells: process, mount and IPC namespaces, each owned by a tiny init, made ahead of need.
//!
//! ```text
//! fork server ──"make one"──► maker ──clone(pid, mount, ipc)──► init: mounts, then sleeps
//!      ▲                                                          │
//!      └────────────── ready, with the init's pidfd ──────────────┘
//! ```
//!
//! A snippet is forked by the fork server *into* a cell, where it is process 2. Killing the init
//! kills everything in the cell, and the pidfd turns readable only when all of it is dead
//! (pid_namespaces(7)). Neither maker nor init ever runs Python; both are small, so they are cheap.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use rustix::thread::UnshareFlags;

use super::sys::{self, Cloned};
use super::{Parent, access, channel, mounts};

/// What each cell is made of.
const CELL: UnshareFlags = UnshareFlags::NEWPID
    .union(UnshareFlags::NEWNS)
    .union(UnshareFlags::NEWIPC);

/// The fork server's end of the line to its maker.
#[derive(Debug)]
pub struct Maker {
    socket: OwnedFd,
}

/// A ready cell: dead when dropped.
#[derive(Debug)]
pub struct Cell {
    /// The init's pidfd.
    pub init: OwnedFd,
    /// The Landlock ruleset for the cell's mounts; `None` where the kernel has no Landlock.
    pub(super) rules: Option<OwnedFd>,
    /// Whether it has a `/proc` of its own.
    pub(super) has_proc: bool,
}

/// What the init of a new cell says, with its pidfd and the ruleset attached.
const READY: &[u8] = b"ready";
/// The same of a cell without `/proc`.
const READY_WITHOUT_PROC: &[u8] = b"ready, no proc";

/// How to furnish cells.
#[derive(Clone, Debug)]
pub(super) struct Furniture {
    /// The size of each memory file system in bytes.
    pub(super) scratch_bytes: u64,
    /// Whether to try for a `/proc`.
    pub(super) wants_proc: bool,
    /// Whether it gets a network of its own, with a loopback interface.
    pub(super) wants_loopback: bool,
    /// What is shown of the machine's files beyond the ordinary: absolute paths without links.
    pub(super) readable: Vec<PathBuf>,
}

impl Maker {
    /// Forks a maker off this process, which must be single-threaded and small.
    pub(super) fn start(furniture: Furniture) -> io::Result<Maker> {
        let (ours, theirs) = channel::pair()?;
        let parent = Parent::this()?;
        match sys::fork()? {
            Cloned::Parent(_) => Ok(Maker { socket: ours }),
            Cloned::Child => {
                parent.die_with();
                drop((ours, parent));
                serve(theirs, &furniture)
            }
        }
    }

    /// A second line to a maker of its own, for a further fork server.
    pub fn split(&self) -> io::Result<Maker> {
        let (ours, theirs) = channel::pair()?;
        channel::send(self.socket.as_fd(), b"split", &[theirs.as_fd()])?;
        Ok(Maker { socket: ours })
    }

    /// Asks for a cell, to be fetched with [`Maker::take`].
    pub fn order(&self) -> io::Result<()> {
        channel::send(self.socket.as_fd(), b"cell", &[])
    }

    /// Waits for the next ordered cell.
    pub fn take(&self) -> io::Result<Cell> {
        let (message, fds) = channel::receive(self.socket.as_fd())?;
        let mut fds = fds.into_iter();
        match fds.next() {
            Some(init) => Ok(Cell {
                init,
                rules: fds.next(),
                has_proc: message == READY,
            }),
            None if message.is_empty() => Err(io::Error::other("the cell maker is gone")),
            None => Err(io::Error::other(
                String::from_utf8_lossy(&message).into_owned(),
            )),
        }
    }
}

impl Cell {
    /// Kills everything in the cell and waits until it is dead.
    pub fn end(self) -> io::Result<()> {
        kill_and_wait(self.init.as_fd())
    }
}

/// Sends `SIGKILL` to the process behind `pidfd` and waits until it is gone.
pub fn kill_and_wait(pidfd: BorrowedFd<'_>) -> io::Result<()> {
    match pidfd_send_signal(pidfd, Signal::KILL) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => {}
        Err(error) => return Err(error.into()),
    }
    loop {
        let mut fds = [PollFd::new(&pidfd, PollFlags::IN)];
        match poll(&mut fds, None) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// The maker's life: one cell for each request, until the fork server is gone.
fn serve(socket: OwnedFd, furniture: &Furniture) -> ! {
    let Ok(own) = Parent::this() else {
        sys::quit(1);
    };
    // Dead inits are nobody's business here; the fork server watches their pidfds.
    sys::ignore_signal(libc::SIGCHLD);
    loop {
        let Ok((message, fds)) = channel::receive(socket.as_fd()) else {
            sys::quit(1);
        };
        match message.as_slice() {
            b"cell" => make(socket.as_fd(), furniture, &own),
            b"split" => {
                let Some(line) = fds.into_iter().next() else {
                    continue;
                };
                if let Ok(Cloned::Child) = sys::fork() {
                    own.die_with();
                    drop((socket, own));
                    serve(line, furniture);
                }
            }
            _ => sys::quit(0),
        }
    }
}

fn make(socket: BorrowedFd<'_>, furniture: &Furniture, own: &Parent) {
    let mut namespaces = CELL;
    namespaces.set(UnshareFlags::NEWNET, furniture.wants_loopback);
    match sys::clone(namespaces) {
        Ok(Cloned::Parent(_)) => {}
        Ok(Cloned::Child) => init(socket, furniture, own),
        Err(error) => {
            // The fork server waits for an answer; without one it learns from the closed line.
            if channel::send(socket, format!("clone: {error}").as_bytes(), &[]).is_err() {
                sys::quit(1);
            }
        }
    }
}

/// An init's life: furnish the cell, say so, reap what it inherits, and wait to be killed.
fn init(socket: BorrowedFd<'_>, furniture: &Furniture, parent: &Parent) -> ! {
    parent.die_with();
    if let Err(error) = settle(socket, furniture)
        && channel::send(socket, error.as_bytes(), &[]).is_err()
    {
        sys::quit(1);
    }
    super::close_from(0);
    sys::sleep_forever()
}

fn settle(socket: BorrowedFd<'_>, furniture: &Furniture) -> Result<(), String> {
    let has_proc = mounts::furnish(furniture).map_err(|error| error.to_string())?;
    if furniture.wants_loopback {
        sys::raise_loopback().map_err(|error| format!("loopback: {error}"))?;
    }
    let pidfd = pidfd_open(rustix::process::getpid(), PidfdFlags::empty())
        .map_err(|error| format!("pidfd_open: {error}"))?;
    let rules = match sys::landlock_abi() {
        0 => None,
        _ => Some(access::of_cell(furniture.wants_loopback)?),
    };
    let message = if has_proc { READY } else { READY_WITHOUT_PROC };
    let fds: Vec<BorrowedFd<'_>> = [&pidfd]
        .into_iter()
        .chain(&rules)
        .map(AsFd::as_fd)
        .collect();
    channel::send(socket, message, &fds).map_err(|error| error.to_string())
}
