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
    set_mount_attributes(path, attributes, libc::AT_RECURSIVE)
}

/// The same for the mount at `path` alone.
pub(crate) fn restrict_mount(path: &std::ffi::CStr, attributes: u64) -> io::Result<()> {
    set_mount_attributes(path, attributes, 0)
}

fn set_mount_attributes(path: &std::ffi::CStr, attributes: u64, flags: i32) -> io::Result<()> {
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
            flags,
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

/// Brings the loopback interface of this process's network namespace up (`netdevice(7)`).
pub(crate) fn raise_loopback() -> io::Result<()> {
    use rustix::net::{AddressFamily, SocketType};
    use std::os::fd::AsRawFd;
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::DGRAM, None)?;
    // SAFETY: an all-zero ifreq is a valid value of that plain C struct.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    request.ifr_name[0] = b'l' as libc::c_char;
    request.ifr_name[1] = b'o' as libc::c_char;
    request.ifr_ifru.ifru_flags = libc::IFF_UP as libc::c_short;
    // SAFETY: the request names an interface and holds flags, as SIOCSIFFLAGS reads it; it lives
    // through the call.
    let result = unsafe {
        libc::ioctl(
            socket.as_raw_fd(),
            libc::SIOCSIFFLAGS as _,
            &raw const request,
        )
    };
    check(i64::from(result)).map(|_| ())
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

/// The version of Landlock's interface that the kernel offers, 0 for none (`landlock_create_ruleset(2)`).
pub(super) fn landlock_abi() -> i32 {
    let ask: libc::c_ulong = 1; // LANDLOCK_CREATE_RULESET_VERSION
    // SAFETY: with this flag the call takes no attributes and makes nothing.
    let abi = unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            std::ptr::null::<u8>(),
            0_usize,
            ask,
        )
    };
    i32::try_from(abi).unwrap_or(0).max(0)
}

/// Restricts this process for ever to what `rules`, a Landlock ruleset, grants (`landlock_restrict_self(2)`).
pub(super) fn restrict_files(rules: std::os::fd::BorrowedFd<'_>, flags: u32) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    // SAFETY: the call takes a descriptor, borrowed for its length, and flags.
    let result =
        unsafe { libc::syscall(libc::SYS_landlock_restrict_self, rules.as_raw_fd(), flags) };
    check(result).map(|_| ())
}

/// Installs a system-call filter in this process, which has one thread (`seccomp(2)`).
pub(super) fn install_filter(program: &[super::seccomp::Instruction]) -> io::Result<()> {
    let len =
        u16::try_from(program.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    let program = libc::sock_fprog {
        len,
        filter: program.as_ptr().cast_mut().cast(),
    };
    let set_filter: libc::c_uint = 1; // SECCOMP_SET_MODE_FILTER
    // SAFETY: `Instruction` has the layout of `sock_filter` (repr(C), same fields), the program has
    // `len` of them, and the kernel only reads and copies them.
    let result = unsafe { libc::syscall(libc::SYS_seccomp, set_filter, 0, &raw const program) };
    check(result).map(|_| ())
}

/// Sends `SIGKILL` to every process that this one may signal, itself and process 1 excepted (`kill(2)`).
///
/// For the first process of a process namespace, whose reach ends with the namespace.
pub(super) fn kill_all() -> io::Result<()> {
    debug_assert_eq!(std::process::id(), 1);
    // SAFETY: kill(2) has no memory preconditions.
    check(i64::from(unsafe { libc::kill(-1, libc::SIGKILL) })).map(|_| ())
}

fn check(result: libc::c_long) -> io::Result<libc::c_long> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

/// Something that a snippet must not be able to do, by a call that harms nobody if it succeeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Forbidden {
    /// A user namespace.
    Unshare,
    /// To be traced by its parent.
    Trace,
    /// The session keyring.
    Keyring,
    /// Readable memory becomes executable.
    Personality,
    /// A ring of asynchronous calls; without parameters, which is an error in any case.
    Ring,
    /// A filter program; without attributes.
    Bpf,
    /// The call that takes its flags out of a filter's sight; without arguments.
    Clone3,
    /// Another architecture's numbers: a number that nobody knows.
    Nothing,
    /// A message queue with this key.
    Queue(i32),
    /// To know whether this process exists.
    Signal(i32),
}

/// Tries `what` (each call is made with constant arguments and no pointer but null).
pub(super) fn attempt(what: Forbidden) -> io::Result<i64> {
    let (number, arguments): (_, [i64; 2]) = match what {
        Forbidden::Unshare => (libc::SYS_unshare, [i64::from(libc::CLONE_NEWUSER), 0]),
        Forbidden::Trace => (libc::SYS_ptrace, [0, 0]),
        Forbidden::Keyring => (libc::SYS_keyctl, [0, -3]),
        Forbidden::Personality => (libc::SYS_personality, [0x0040_0000, 0]),
        Forbidden::Ring => (libc::SYS_io_uring_setup, [1, 0]),
        Forbidden::Bpf => (libc::SYS_bpf, [0, 0]),
        Forbidden::Clone3 => (libc::SYS_clone3, [0, 0]),
        Forbidden::Nothing => (1023, [0, 0]),
        Forbidden::Queue(key) => (libc::SYS_msgget, [i64::from(key), 0o1600]),
        Forbidden::Signal(pid) => (libc::SYS_kill, [i64::from(pid), 0]),
    };
    let [first, second] = arguments;
    // SAFETY: all of these calls take numbers or null here; none writes to this process's memory.
    check(unsafe { libc::syscall(number, first, second, 0, 0, 0, 0) })
}

/// The message queue with `key`, if this process sees one (`msgget(2)`).
pub(super) fn message_queue(key: i32) -> io::Result<i32> {
    // SAFETY: msgget(2) takes numbers.
    let id = check(i64::from(unsafe { libc::msgget(key, 0) }))?;
    Ok(id as i32)
}

/// Removes a message queue (`msgctl(2)`).
pub(super) fn remove_message_queue(id: i32) -> io::Result<()> {
    // SAFETY: IPC_RMID takes no buffer.
    check(i64::from(unsafe {
        libc::msgctl(id, libc::IPC_RMID, std::ptr::null_mut())
    }))
    .map(|_| ())
}

/// Whether descriptor `fd` is open (`fcntl(2)`).
pub(super) fn is_open(fd: i32) -> bool {
    // SAFETY: F_GETFD takes no argument and changes nothing, whoever owns the descriptor.
    unsafe { libc::fcntl(fd, libc::F_GETFD) >= 0 }
}
