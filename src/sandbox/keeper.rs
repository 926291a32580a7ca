//! The keeper: process 1 of the process namespace that all snippets of a fork server on rung C are
//! born in. It reaps, and between two snippets it kills whatever the first one left.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use super::sys::{self, Cloned};
use super::{Parent, channel};

/// The fork server's end of the line to its keeper.
#[derive(Debug)]
pub(super) struct Keeper {
    socket: OwnedFd,
}

impl Keeper {
    /// Forks the keeper: the first child of this process since it asked for a process namespace.
    pub(super) fn start() -> io::Result<Keeper> {
        let (ours, theirs) = channel::pair()?;
        let parent = Parent::this()?;
        match sys::fork()? {
            Cloned::Parent(_) => Ok(Keeper { socket: ours }),
            Cloned::Child => {
                drop(ours);
                parent.die_with();
                keep(&theirs)
            }
        }
    }

    /// Kills everything in the namespace but the keeper; returns when all of it is dead.
    pub(super) fn sweep(&self) -> io::Result<()> {
        channel::send(self.socket.as_fd(), b"sweep", &[])?;
        let (answer, _) = channel::receive(self.socket.as_fd())?;
        match answer.as_slice() {
            b"clean" => Ok(()),
            _ => Err(io::Error::other("the keeper of the namespace is gone")),
        }
    }
}

fn keep(socket: &OwnedFd) -> ! {
    loop {
        let Ok((message, _)) = channel::receive(socket.as_fd()) else {
            sys::quit(1);
        };
        if message.is_empty() {
            sys::quit(0);
        }
        // No process can fork past the signal, and orphans become children of this one.
        while sys::kill_all().is_ok() {
            // Nothing to wait for yet means that a parent in the namespace is still dying.
            if rustix::process::wait(rustix::process::WaitOptions::empty()).is_err() {
                rustix::thread::sched_yield();
            }
        }
        if channel::send(socket.as_fd(), b"clean", &[]).is_err() {
            sys::quit(1);
        }
    }
}
