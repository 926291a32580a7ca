//! The unsafe half of the embedded interpreter: starting it, forking it, leaving it, and the page
//! that a forked child shares with the supervisor.

use std::ffi::{CString, c_char, c_int, c_void};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use pyo3::{Python, ffi};

/// What `fork` returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forked {
    /// In the parent: the child's process id.
    Parent(i32),
    /// In the child.
    Child,
}

/// How a process ended: its wait status and what it used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The status as `wait4(2)` gives it.
    pub status: i32,
    /// User and system time in microseconds.
    pub cpu_us: u64,
    /// Largest resident set in bytes.
    pub max_rss_bytes: u64,
}

/// Runs the interpreter with `args` as its command line, as `python` itself would, and returns its status.
pub fn interpreter_main(args: &[CString]) -> c_int {
    let mut argv: Vec<*mut c_char> = args.iter().map(|arg| arg.as_ptr().cast_mut()).collect();
    let argc = argv.len() as c_int;
    argv.push(std::ptr::null_mut());
    // SAFETY: `argv` holds `argc` NUL-terminated strings and a final null; they outlive the call,
    // and Py_BytesMain only reads them (it copies what it keeps).
    unsafe { ffi::Py_BytesMain(argc, argv.as_mut_ptr()) }
}

/// Makes `_snipcheck` importable; must be called before [`interpreter_main`].
pub fn register_module(init: unsafe extern "C" fn() -> *mut ffi::PyObject) -> bool {
    // SAFETY: the name is a static NUL-terminated string, `init` is the module's init function
    // that pyo3 made, and no interpreter is running yet (the caller starts it afterwards).
    unsafe { ffi::PyImport_AppendInittab(c"_snipcheck".as_ptr(), Some(init)) == 0 }
}

/// Forks the process and its interpreter.
///
/// The caller is single-threaded (the fork server asserts it), so the child may allocate.
/// CPython 3.12 and later abort in a forked child unless its fork hooks ran; `py` proves that
/// the interpreter is attached, which the hooks need.
pub fn fork_interpreter(_py: Python<'_>) -> io::Result<Forked> {
    // SAFETY: the interpreter is attached to this thread (`_py`); before and after hooks are
    // paired on every path; the process has one thread, so fork(2) copies all of it.
    unsafe {
        ffi::PyOS_BeforeFork();
        let pid = libc::fork();
        match pid {
            0 => {
                ffi::PyOS_AfterFork_Child();
                Ok(Forked::Child)
            }
            pid => {
                let error = io::Error::last_os_error();
                ffi::PyOS_AfterFork_Parent();
                if pid < 0 {
                    Err(error)
                } else {
                    Ok(Forked::Parent(pid))
                }
            }
        }
    }
}

/// Waits for the child `pid` to end.
pub fn wait(pid: i32) -> io::Result<Ended> {
    let mut status = 0;
    // SAFETY: an all-zero rusage is a valid value of that plain C struct.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both pointers are to live locals of the right types.
        let waited = unsafe { libc::wait4(pid, &mut status, 0, &mut usage) };
        if waited == pid {
            let micros = |time: libc::timeval| time.tv_sec as u64 * 1_000_000 + time.tv_usec as u64;
            return Ok(Ended {
                status,
                cpu_us: micros(usage.ru_utime) + micros(usage.ru_stime),
                max_rss_bytes: usage.ru_maxrss as u64 * 1024,
            });
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// Has C code write whole lines at once, as on a terminal: they then stand where they belong among
/// what Python writes.
pub fn buffer_c_lines() -> bool {
    // SAFETY: `stdout` is the C library's own stream, open and unused as yet; the null buffer makes
    // the library allocate one (setvbuf(3)).
    unsafe { libc::setvbuf(stdout, std::ptr::null_mut(), libc::_IOLBF, C_BUFFER) == 0 }
}

const C_BUFFER: usize = 4096;

/// Has what the interpreter allocates from here on stand on huge pages: what a fork copies of it,
/// and an end clears away, is then one entry for 2 MiB and not 512.
///
/// To be called before the interpreter starts; [`gather_heap`] completes it. Where the kernel gives
/// no huge pages all is as without.
pub fn gather_arenas() {
    // SAFETY: malloc copes with others who move the end of the heap (sbrk(2)). No interpreter runs
    // yet, so it has no arena of another origin; the allocator is copied, its functions keep to
    // what CPython's own do (they map and unmap).
    unsafe {
        let end = libc::sbrk(0).addr();
        if libc::sbrk((end.next_multiple_of(HUGE_PAGE) - end) as isize).addr() == end {
            HEAP.store(end.next_multiple_of(HUGE_PAGE), Ordering::Relaxed);
        }
        let mut arenas = ArenaAllocator {
            context: std::ptr::null_mut(),
            allocate: allocate_arena,
            free: free_arena,
        };
        PyObject_SetArenaAllocator(&mut arenas);
    }
}

/// Moves the heap to huge pages, as far as it fills them, and takes no more of them for arenas: a
/// child that needs a little more must not clear 2 MiB for it. To be called before the first fork.
pub fn gather_heap() {
    let (heap, arenas) = (&HEAP, &ARENAS);
    let (mut at, arenas) = (heap.load(Ordering::Relaxed), arenas.load(Ordering::Relaxed));
    // SAFETY: both kinds of advice leave contents alone, whatever is mapped there (madvise(2)).
    unsafe {
        let end = libc::sbrk(0).addr();
        while at != 0 && at + HUGE_PAGE <= end {
            // Since Linux 6.1; elsewhere nothing happens.
            libc::madvise(at as *mut c_void, HUGE_PAGE, libc::MADV_COLLAPSE);
            at += HUGE_PAGE;
        }
        if arenas != 0 {
            libc::madvise(arenas as *mut c_void, ARENAS_LEN, libc::MADV_NOHUGEPAGE);
        }
    }
}

const HUGE_PAGE: usize = 2 << 20;
/// The warm interpreter's objects take about half of it.
const ARENAS_LEN: usize = 4 * HUGE_PAGE;
/// Where the heap begins to fill huge pages; 0 where it could not be moved there.
static HEAP: AtomicUsize = AtomicUsize::new(0);
/// Where the stretch for arenas begins, and how much of it is given out.
static ARENAS: AtomicUsize = AtomicUsize::new(0);
static ARENAS_GIVEN: AtomicUsize = AtomicUsize::new(0);

/// `PyObjectArenaAllocator`, which the stable ABI leaves out.
#[repr(C)]
struct ArenaAllocator {
    context: *mut c_void,
    allocate: extern "C" fn(*mut c_void, usize) -> *mut c_void,
    free: extern "C" fn(*mut c_void, *mut c_void, usize),
}

unsafe extern "C" {
    fn PyObject_SetArenaAllocator(allocator: *mut ArenaAllocator);
}

extern "C" fn allocate_arena(_: *mut c_void, size: usize) -> *mut c_void {
    let given = ARENAS_GIVEN.load(Ordering::Relaxed);
    if given == 0 {
        ARENAS.store(map_arenas(), Ordering::Relaxed);
    }
    let arenas = ARENAS.load(Ordering::Relaxed);
    // Callers hold the interpreter's lock, so nobody comes between.
    ARENAS_GIVEN.store(given.saturating_add(size), Ordering::Relaxed);
    if arenas != 0 && given.saturating_add(size) <= ARENAS_LEN {
        return (arenas + given) as *mut c_void;
    }
    match map(size) {
        0 => std::ptr::null_mut(),
        at => at as *mut c_void,
    }
}

extern "C" fn free_arena(_: *mut c_void, at: *mut c_void, size: usize) {
    // SAFETY: the interpreter gives back what `allocate_arena` gave it, and uses it no more. What
    // of the large stretch was unmapped is not given out again.
    unsafe { libc::munmap(at, size) };
}

/// Maps the stretch for arenas, at the start of a huge page; 0 where it cannot.
fn map_arenas() -> usize {
    let at = map(ARENAS_LEN + HUGE_PAGE);
    if at == 0 {
        return 0;
    }
    let start = at.next_multiple_of(HUGE_PAGE);
    // SAFETY: both ends lie within the mapping just made, which nobody uses yet.
    unsafe {
        if start > at {
            libc::munmap(at as *mut c_void, start - at);
        }
        let rest = at + HUGE_PAGE - start;
        if rest > 0 {
            libc::munmap((start + ARENAS_LEN) as *mut c_void, rest);
        }
        libc::madvise(start as *mut c_void, ARENAS_LEN, libc::MADV_HUGEPAGE);
    }
    start
}

/// Maps fresh memory; 0 where there is none.
fn map(len: usize) -> usize {
    let usable = libc::PROT_READ | libc::PROT_WRITE;
    let private = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a fresh mapping at an address of the kernel's choice aliases no Rust object.
    let at = unsafe { libc::mmap(std::ptr::null_mut(), len, usable, private, -1, 0) };
    if at == libc::MAP_FAILED { 0 } else { at.addr() }
}

/// Uses up the free room between what is allocated, so that what a child allocates stands together
/// on few pages: each page that a child writes to is copied for it. The room is never given back.
pub fn fill_holes() {
    // SAFETY: gives whole free pages back to the kernel and has no preconditions (malloc_trim(3)).
    unsafe { libc::malloc_trim(0) };
    // SAFETY: any size may be asked for, and what is returned is never used (malloc(3)).
    let allocate = |size| unsafe { libc::malloc(size) }.addr();
    let large = (0..7).map(|shift| (64 * 1024) >> shift);
    let small = (1..65).rev().map(|units| units * 16 - 8);
    let mut highest = allocate(96 * 1024);
    for size in large.chain(small) {
        let mut beyond = 0;
        for _ in 0..HOLES_MAX {
            let at = allocate(size);
            if at > highest {
                highest = at;
                beyond += 1;
            }
            if at == 0 || beyond > 1 {
                break;
            }
        }
    }
    for size in (1..=32).map(|units| units * 16) {
        fill_pools(size);
    }
}

/// Takes blocks of `size` bytes from the interpreter's small-object allocator up to the end of a
/// pool that was all free.
fn fill_pools(size: usize) {
    let (mut last, mut run) = (0, 0);
    for _ in 0..HOLES_MAX {
        // SAFETY: any size may be asked for by the thread that is attached to the interpreter,
        // which the caller is (it is called from the interpreter's own code); the block is never used.
        let at = unsafe { ffi::PyObject_Malloc(size) }.addr();
        let is_next = at == last + size;
        if at == 0 || (!is_next && run >= POOL_BYTES - size) {
            return;
        }
        run = if is_next { run + size } else { size };
        last = at;
    }
}

/// The most blocks of one size that are looked for.
const HOLES_MAX: usize = 20_000;
/// Blocks of one size stand together on a stretch of this many bytes at least, less its head.
const POOL_BYTES: usize = 4096 - 48 - 512;

unsafe extern "C" {
    static stdout: *mut libc::FILE;
}

/// Leaves the process without exit handlers, once what C code wrote is flushed.
pub fn quit(status: i32) -> ! {
    // SAFETY: a null stream means all streams (fflush(3)).
    unsafe { libc::fflush(std::ptr::null_mut()) };
    // SAFETY: _exit(2) has no preconditions.
    unsafe { libc::_exit(status) }
}

/// Bytes before the request: the lengths of request and report, as native 64-bit words.
pub const PAGE_HEADER: usize = 16;

/// The memory that one child shares with the supervisor: the request, then room for the report.
///
/// ```text
/// 0            8           16             16 + request, rounded up to 8   len
/// │ request len │ report len │ request …    │ report …                    │
/// ```
///
/// It is not inherited by further children and needs no descriptor, so a snippet finds no channel
/// by walking its descriptors. What the snippet's own process writes into it is untrusted.
#[derive(Debug)]
pub struct Page {
    start: *mut u8,
    len: usize,
    report_at: usize,
    report_len: usize,
}

// SAFETY: the mapping belongs to this value alone; nothing in it depends on the thread.
unsafe impl Send for Page {}

impl Page {
    /// Maps all `len` bytes of `fd`, a memory file that the supervisor filled.
    pub fn map(fd: BorrowedFd<'_>, len: usize) -> io::Result<Page> {
        // SAFETY: a fresh shared mapping at an address of the kernel's choice aliases no Rust object.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                len,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                fd.as_raw_fd(),
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the range is the mapping just made. Without the mark a grandchild would share it.
        if unsafe { libc::madvise(start, len, libc::MADV_DONTFORK) } != 0 {
            return Err(io::Error::last_os_error());
        }
        let mut page = Page {
            start: start.cast(),
            len,
            report_at: 0,
            report_len: 0,
        };
        let request_len = page.word(0).load(Ordering::Acquire) as usize;
        let report_at = PAGE_HEADER.saturating_add(request_len).next_multiple_of(8);
        if len < PAGE_HEADER || report_at > len {
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        page.report_at = report_at;
        Ok(page)
    }

    fn word(&self, index: usize) -> &AtomicU64 {
        // SAFETY: the mapping is at least a page long and page-aligned, `index` is 0 or 1, and
        // both processes only touch these words atomically while the child lives.
        unsafe { &*self.start.cast::<AtomicU64>().add(index) }
    }

    /// The request, and forgets it: the bytes are overwritten with zeros.
    pub fn take_request(&mut self) -> Vec<u8> {
        let len = self.word(0).load(Ordering::Acquire) as usize;
        // SAFETY: `map` checked that header and request lie within the mapping; the supervisor
        // wrote them before it sent the descriptor and does not write again.
        let bytes = unsafe { std::slice::from_raw_parts_mut(self.start.add(PAGE_HEADER), len) };
        let request = bytes.to_vec();
        bytes.fill(0);
        request
    }

    /// Appends `record` to the report; `false` when there is no room left for it.
    pub fn append(&mut self, record: &[u8]) -> bool {
        let at = self.report_at + self.report_len;
        if record.len() > self.len - at {
            return false;
        }
        // SAFETY: the target range was just checked to lie within the mapping, and `record`
        // cannot overlap memory that only this value refers to.
        unsafe {
            std::ptr::copy_nonoverlapping(record.as_ptr(), self.start.add(at), record.len());
        }
        self.report_len += record.len();
        self.word(1)
            .store(self.report_len as u64, Ordering::Release);
        true
    }
}
