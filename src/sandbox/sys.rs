//! The system calls that need `unsafe`: one thin function each.

use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::thread::UnshareFlags;

/// What [`fork`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cloned {
    /// In the parent: the child's process id.
    Parent(i32),
    /// In the child.
    Child,
}

/// Processes that share this one's memory (`CLONE_VM`), each with its namespaces and its own stack.
///
/// All of them live a life of the same kind, each with what it was given.
#[derive(Debug)]
pub(super) struct Sharers<T: Sync + 'static> {
    life: fn(&T) -> !,
    places: Vec<NonNull<Place<T>>>,
}

/// Where one of them lives; used again when it is dead.
#[derive(Debug)]
struct Place<T> {
    /// Zeroed by the kernel when the process has left its memory (`CLONE_CHILD_CLEARTID`).
    is_taken: AtomicU32,
    life: fn(&T) -> !,
    given: Option<T>,
    /// The end of its stack, which grows down.
    stack_end: *mut libc::c_void,
}

/// Bytes of stack of each, and of the unmapped stretch below it.
const SHARER_STACK: usize = 64 * 1024;
const GUARD: usize = 64 * 1024;

impl<T: Sync + 'static> Sharers<T> {
    /// Of those that live as `life` says. It runs beside this process in the same memory, without
    /// a thread of its own in the C library's eyes: it may make system calls and read what it was
    /// given, but must not allocate, must not panic and must not use thread-locals.
    pub(super) fn new(life: fn(&T) -> !) -> Self {
        let places = Vec::new();
        Sharers { life, places }
    }

    /// Starts one in new `namespaces`; it ends with `SIGCHLD`.
    pub(super) fn start(&mut self, namespaces: UnshareFlags, given: T) -> io::Result<()> {
        let place = self.free_place()?;
        let flags = libc::CLONE_VM | libc::CLONE_CHILD_CLEARTID | libc::SIGCHLD;
        // SAFETY: `free_place` gives a live place that nobody else refers to: its last process has
        // left this memory, and this process uses it nowhere else. The stack is its own, mapped and
        // as large as said; glibc's clone(2) aligns its end. From here on only the new process
        // touches `given`, until the kernel zeroes `is_taken`, which the place keeps at one address.
        let pid = unsafe {
            (*place.as_ptr()).given = Some(given);
            let is_taken = &raw const (*place.as_ptr()).is_taken;
            (*is_taken).store(1, Ordering::Relaxed);
            let flags = flags | namespaces.bits() as i32;
            let none = std::ptr::null_mut::<libc::c_void>();
            let stack_end = (*place.as_ptr()).stack_end;
            let start = begin::<T>;
            libc::clone(
                start,
                stack_end,
                flags,
                place.as_ptr().cast(),
                none,
                none,
                is_taken,
            )
        };
        if pid < 0 {
            let error = io::Error::last_os_error();
            // SAFETY: no process was made, so the place is this process's again.
            unsafe {
                (*place.as_ptr()).given = None;
                (*place.as_ptr()).is_taken.store(0, Ordering::Relaxed);
            }
            return Err(error);
        }
        Ok(())
    }

    fn free_place(&mut self) -> io::Result<NonNull<Place<T>>> {
        // SAFETY: places are never freed, and this field is only ever accessed as an atomic.
        let is_taken = |place: &NonNull<Place<T>>| unsafe { &(*place.as_ptr()).is_taken };
        let free = |place: &&NonNull<Place<T>>| is_taken(place).load(Ordering::Acquire) == 0;
        if let Some(place) = self.places.iter().find(free) {
            return Ok(*place);
        }
        let place = NonNull::from(Box::leak(Box::new(Place {
            is_taken: AtomicU32::new(0),
            life: self.life,
            given: None,
            stack_end: stack()?,
        })));
        self.places.push(place);
        Ok(place)
    }
}

/// Maps a stack with a guard below it; returns its end.
fn stack() -> io::Result<*mut libc::c_void> {
    let private = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_STACK;
    let len = GUARD + SHARER_STACK;
    // SAFETY: fresh mappings at an address of the kernel's choice alias no Rust object, and the
    // second call changes a part of the first one's mapping; the end is one past that mapping.
    unsafe {
        let start = libc::mmap(std::ptr::null_mut(), len, libc::PROT_NONE, private, -1, 0);
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let usable = libc::PROT_READ | libc::PROT_WRITE;
        if libc::mprotect(start.byte_add(GUARD), SHARER_STACK, usable) != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(start.byte_add(len))
    }
}

extern "C" fn begin<T: Sync + 'static>(place: *mut libc::c_void) -> i32 {
    // SAFETY: `start` passes a place that lives for ever; until this process is gone nobody
    // changes what this reads.
    let place = unsafe { &*place.cast::<Place<T>>() };
    match &place.given {
        Some(given) => (place.life)(given),
        None => 1,
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
pub(crate) fn raise_loopback() -> rustix::io::Result<()> {
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
    if result == 0 {
        return Ok(());
    }
    let error = io::Error::last_os_error();
    Err(rustix::io::Errno::from_io_error(&error).unwrap_or(rustix::io::Errno::INVAL))
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

/// Sets the action of every signal that has one to the default: what the caller's shell ignores (`SIGINT`
/// of a job in the background) outlives exec, and changes what code does (`signal(7)`).
pub(crate) fn reset_signals() {
    for signal in 1..32 {
        // SAFETY: SIG_DFL installs no handler; SIGKILL and SIGSTOP are refused, which changes nothing.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
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
