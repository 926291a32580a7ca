//! Cells: process, mount and IPC namespaces, each owned by a tiny init, made ahead of need.
//!
//! ```text
//! fork server ──"cell"──► maker: unshare(mount), furnish ──clone(vm, pid, ipc)──► init: /proc,
//!      ▲                    │ back to its own mounts                                │  then sleeps
//!      │                    ▼                                                       │
//!      └──────────────────────── ready, with the init's pidfd ──────────────────────┘
//! ```
//!
//! A snippet is forked by the fork server *into* a cell, where it is process 2. Killing the init
//! kills everything in the cell, and the pidfd turns readable only when all of it is dead
//! (pid_namespaces(7)). Neither maker nor init ever runs Python. An init shares its maker's memory:
//! an address space of its own would take longer to make and to clear away than all its mounts.

use std::io::{self, Write as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags};
use rustix::process::{PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space};

use super::sys::{self, Cloned, Sharers};
use super::{Parent, access, channel, mounts};

/// What the init of a cell is born into, besides the mounts that its maker is in.
const CELL: UnshareFlags = UnshareFlags::NEWPID.union(UnshareFlags::NEWIPC);

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
    let (Ok(parent), Ok(home)) = (Parent::this(), own_mounts()) else {
        sys::quit(1);
    };
    // The inits look at both for as long as they live.
    let (socket, parent): (&OwnedFd, &Parent) =
        (Box::leak(Box::new(socket)), Box::leak(Box::new(parent)));
    // Dead inits are nobody's business here; the fork server watches their pidfds.
    sys::ignore_signal(libc::SIGCHLD);
    let mut inits = Sharers::new(live);
    loop {
        let Ok((message, fds)) = channel::receive(socket.as_fd()) else {
            sys::quit(1);
        };
        match message.as_slice() {
            b"cell" => {
                let made = make(socket, furniture, parent, &mut inits);
                let mounts = Some(LinkNameSpaceType::Mount);
                if move_into_link_name_space(home.as_fd(), mounts).is_err() {
                    sys::quit(1);
                }
                // The fork server waits for an answer; without one it learns from the closed line.
                if let Err(error) = made
                    && channel::send(socket.as_fd(), error.as_bytes(), &[]).is_err()
                {
                    sys::quit(1);
                }
            }
            b"split" => {
                let Some(line) = fds.into_iter().next() else {
                    continue;
                };
                if let Ok(Cloned::Child) = sys::fork() {
                    parent.die_with();
                    sys::close(rustix::fd::AsRawFd::as_raw_fd(socket) as u32);
                    drop(home);
                    serve(line, furniture);
                }
            }
            _ => sys::quit(0),
        }
    }
}

/// The mount namespace of this process.
fn own_mounts() -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let mounts = rustix::fs::open("/proc/self/ns/mnt", flags, Mode::empty())?;
    Ok(mounts)
}

/// Makes a cell, and leaves this process in its mounts.
fn make(
    socket: &'static OwnedFd,
    furniture: &Furniture,
    parent: &'static Parent,
    inits: &mut Sharers<Init>,
) -> Result<(), String> {
    sys::unshare(UnshareFlags::NEWNS).map_err(|error| format!("unshare(mount): {error}"))?;
    mounts::furnish(furniture).map_err(|error| error.to_string())?;
    let rules = match sys::landlock_abi() {
        0 => None,
        _ => Some(access::of_cell(furniture.wants_loopback)?),
    };
    let mut namespaces = CELL;
    namespaces.set(UnshareFlags::NEWNET, furniture.wants_loopback);
    let init = Init {
        parent,
        socket,
        rules,
        wants_proc: furniture.wants_proc,
        wants_loopback: furniture.wants_loopback,
    };
    inits
        .start(namespaces, init)
        .map_err(|error| format!("clone: {error}"))
}

/// What an init knows.
#[derive(Debug)]
struct Init {
    parent: &'static Parent,
    socket: &'static OwnedFd,
    rules: Option<OwnedFd>,
    wants_proc: bool,
    wants_loopback: bool,
}

/// An init's life: mount what it takes a process of the cell to mount, say so, and wait to be
/// killed. It shares its maker's memory, so it allocates nothing.
fn live(init: &Init) -> ! {
    init.parent.die_with();
    let socket = init.socket.as_fd();
    let told = match settle(init) {
        Ok((message, pidfd)) => {
            let rules = init.rules.as_ref().map(AsFd::as_fd);
            match rules {
                Some(rules) => channel::send(socket, message, &[pidfd.as_fd(), rules]),
                None => channel::send(socket, message, &[pidfd.as_fd()]),
            }
        }
        Err((step, errno)) => {
            let mut message = [0; 80];
            let mut rest = &mut message[..];
            let written = write!(rest, "{step}: errno {}", errno.raw_os_error());
            let left = rest.len();
            written.and_then(|()| channel::send(socket, &message[..message.len() - left], &[]))
        }
    };
    if told.is_err() {
        sys::quit(1);
    }
    super::close_from(0);
    sys::sleep_forever()
}

fn settle(init: &Init) -> Result<(&'static [u8], OwnedFd), (&'static str, rustix::io::Errno)> {
    let has_proc = mounts::furnish_proc(init.wants_proc).map_err(|errno| ("hide /proc", errno))?;
    if init.wants_loopback {
        sys::raise_loopback().map_err(|errno| ("loopback", errno))?;
    }
    let own = pidfd_open(rustix::process::getpid(), PidfdFlags::empty());
    let pidfd = own.map_err(|errno| ("pidfd_open", errno))?;
    Ok((if has_proc { READY } else { READY_WITHOUT_PROC }, pidfd))
}
