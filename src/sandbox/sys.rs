//! The system calls that need `unsafe`: one thin function each.

use std::io;

use rustix::thread::UnshareFlags;

/// What [`clone`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cloned {
    /// In the parent: the child's process id.
    Parent(i32),
    /// In the child.
    Child,
}

/// Forks with new namespaces (`clone(2)` with a null stack); the child ends with `SIGCHLD`.
///
/// The caller has one thread. The C library does not hear of the new process: the child may make
/// system calls and allocate, but must not create threads or raise signals at itself.
pub(crate) fn clone(flags: UnshareFlags) -> io::Result<Cloned> {
    let flags = u64::from(flags.bits()) | libc::SIGCHLD as u64;
    // SAFETY: without CLONE_VM a null stack means the child gets a copy of this one, as with
    // fork(2); no pointer argument is used by any of the flags passed.
    let pid = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
    match pid {
        0 => Ok(Cloned::Child),
        pid if pid > 0 => Ok(Cloned::Parent(pid as i32)),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Moves this process into new namespaces (`unshare(2)`).
///
/// Never with `CLONE_FILES`, so no descriptor changes its owner.
pub(crate) fn unshare(flags: UnshareFlags) -> io::Result<()> {
    debug_assert!(!flags.contains(UnshareFlags::FILES));
    // SAFETY: rustix marks the call unsafe for CLONE_FILES alone, which is never passed.
    unsafe { rustix::thread::unshare_unsafe(flags) }.map_err(io::Error::from)
}

/// Adds `MOUNT_ATTR_*` flags to the mount at `path` and all below it (`mount_setattr(2)`, Linux 5.12).
pub(crate) fn restrict_mounts(path: &std::ffi::CStr, attributes: u64) -> io::Result<()> {
    let attr = libc::mount_attr {
        attr_set: attributes,
        attr_clr: 0,
        propagation: 0,
        userns_fd: 0,
    };
    // SAFETY: `path` is NUL-terminated and `attr` lives through the call, whose size is passed.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            libc::AT_RECURSIVE,
            &raw const attr,
            size_of::<libc::mount_attr>(),
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Keeps the allocator from reserving 64 MiB of address space for every thread (`mallopt(3)`).
pub(crate) fn limit_arenas() {
    // SAFETY: mallopt has no memory preconditions; a refusal (0) leaves the default, which only
    // makes threads use more of the snippet's own address space.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, 2) };
}

/// Sets the action of `signal` to "ignore" (`signal(2)`).
pub(crate) fn ignore_signal(signal: i32) {
    // SAFETY: SIG_IGN installs no handler; the call cannot fail for the signals used here.
    unsafe { libc::signal(signal, libc::SIG_IGN) };
}

/// Forks a plain copy of this single-threaded process that runs no Python yet.
pub(crate) fn fork() -> io::Result<Cloned> {
    // SAFETY: the process has one thread, so the child may do all that the parent might.
    match unsafe { libc::fork() } {
        0 => Ok(Cloned::Child),
        pid if pid > 0 => Ok(Cloned::Parent(pid)),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Sleeps until a signal ends the process.
pub(crate) fn sleep_forever() -> ! {
    loop {
        // SAFETY: pause(2) has no preconditions.
        unsafe { libc::pause() };
    }
}

/// Leaves the process at once.
pub(crate) fn quit(status: i32) -> ! {
    // SAFETY: _exit(2) has no preconditions.
    unsafe { libc::_exit(status) }
}

/// Closes all descriptors from `first` on (`close_range(2)`, Linux 5.9).
///
/// The caller owns no descriptor above `first` any more: it is about to run a snippet or to sleep.
pub(crate) fn close_range(first: u32) -> io::Result<()> {
    // SAFETY: values that still hold such a descriptor are never used again by the callers, which
    // leave the process by `_exit` without dropping them.
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Closes descriptor `fd`, whether or not it is open; the same promise as for [`close_range`].
pub(crate) fn close(fd: u32) {
    // SAFETY: see `close_range`.
    unsafe { libc::close(fd as i32) };
}

/// Makes `fd` (0, 1 or 2) a copy of `stream`, open across exec.
pub(crate) fn replace(stream: std::os::fd::BorrowedFd<'_>, fd: i32) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    // SAFETY: descriptors 0 to 2 are owned by nobody in Rust's sense; replacing them is what a
    // process that becomes a snippet is for.
    if unsafe { libc::dup2(stream.as_raw_fd(), fd) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
