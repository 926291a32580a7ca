//! Confines processes: the ordered steps, and what each of them was worth on this machine.
//!
//! The fork server calls, in this order, [`Ground::lay`] (before Python starts: namespaces and the
//! maker of cells), [`Ground::settle`] (once Python is warm: the read-only root, the large filter,
//! everything that a child needs ready-made), and for each snippet [`Ground::cell`], and in the
//! forked child [`Ground::confine`]. Every step either holds or is reported; a step that fails in
//! the child ends the child. [`proof`] then tries what must not be possible.
//!
//! | rung | files | processes, network, IPC | system calls |
//! |---|---|---|---|
//! | A+ | as A, with limits on the snippet's processes together ([`cgroup`]) | | |
//! | A, B | own tree and memory file systems, Landlock | own namespaces | filtered |
//! | C | Landlock | namespaces shared by one fork server's snippets, swept in between | filtered, no path sockets |
//! | D | Landlock | filtered: one process, no sockets | filtered |
//! | none | | | |

mod access;
mod calls;
pub mod canary;
pub mod cell;
pub mod cgroup;
pub mod channel;
mod delegation;
mod keeper;
mod ladder;
mod layer;
mod limits;
pub mod mounts;
pub mod proof;
mod seccomp;
#[expect(unsafe_code, reason = "system calls that no safe crate offers")]
mod sys;
mod user;

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{PidfdFlags, Resource, Signal, pidfd_open};
use rustix::thread::ThreadNameSpaceType;

use crate::policy::{Limits, Policy, Readable};
use access::Shown;
use calls::Floor;
use cell::{Cell, Furniture, Maker};
use keeper::Keeper;
use ladder::Climb;
pub use layer::{Confinement, Layer, LayerState, Rung};
use limits::Fixed;
pub use limits::relax_memory;
use seccomp::Instruction;
use user::Become;

/// How many cells stand ready beyond the one in use.
const READY_CELLS: usize = 1;
/// The first version of Landlock's interface that writes refusals to the machine's audit log, and
/// the flag that keeps it from doing so (`landlock_restrict_self(2)`).
const AUDITED_SINCE: i32 = 7;
const NO_AUDIT: u32 = 1; // LANDLOCK_RESTRICT_SELF_LOG_SAME_EXEC_OFF

/// What a fork server is told about its ground.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Terms {
    /// The limits of every snippet.
    pub limits: Limits,
    /// The strongest rung to take, as far as a fork server has to do with it: [`Rung::A`] at most.
    pub most: Rung,
    /// What every snippet may read beyond the interpreter and the system's programs.
    pub readable: Vec<Readable>,
    /// Whether every snippet gets a loopback interface of its own; only on rungs A and B.
    pub has_loopback: bool,
    /// Variables that every snippet finds in its environment. The process is started with them; its
    /// command line, which everybody on the machine may read, does not tell them.
    #[serde(skip)]
    pub variables: Vec<(String, String)>,
}

impl Terms {
    /// The terms of snippets under `policy`.
    pub fn new(policy: &Policy, most: Rung) -> Terms {
        let variables = policy.variables();
        Terms {
            limits: policy.limits,
            most: most.min(Rung::A),
            readable: policy.readable().cloned().collect(),
            has_loopback: policy.has_loopback(),
            variables: variables
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        }
    }
}

/// The ground on which a fork server's snippets run.
#[derive(Debug)]
pub struct Ground {
    /// This process, for its children.
    parent: Parent,
    climb: Climb,
    walls: Walls,
    landlock_abi: i32,
    becomes: Become,
    limits: Fixed,
    /// Whether some of the machine's own files are shown, whatever lies among them.
    shows_more: bool,
    has_loopback: bool,
    /// What every snippet may read, on rungs without mounts.
    shown: Option<Shown>,
    /// Each snippet's own filter.
    filter: Vec<Instruction>,
}

/// Where one snippet is put.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// Its cell, on rungs that have any.
    pub cell: Option<&'a Cell>,
    /// Its directory, where the cell gives none.
    pub scratch: Option<BorrowedFd<'a>>,
    /// The entrance to its control group, on rung A+.
    pub group: Option<BorrowedFd<'a>>,
}

#[derive(Debug)]
enum Walls {
    Cells { maker: Maker, ordered: usize },
    Kept(Keeper),
    None,
}

/// Asks the kernel to kill this process when its parent dies (`PR_SET_PDEATHSIG`).
///
/// Nothing comes of it where the parent is dead already; a child that must know has its [`Parent`].
fn die_with_parent() {
    if rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).is_err() {
        sys::quit(1);
    }
}

/// A process as those that it forks see it, also from another process namespace.
#[derive(Debug)]
pub struct Parent(OwnedFd);

impl Parent {
    /// This process, before it forks.
    pub fn this() -> io::Result<Parent> {
        let pidfd = pidfd_open(rustix::process::getpid(), PidfdFlags::empty())?;
        Ok(Parent(pidfd))
    }

    /// In a forked child: dies when the parent does, at once if that has come to pass.
    pub fn die_with(&self) {
        die_with_parent();
        let now = Timespec::default();
        let mut fds = [PollFd::new(&self.0, PollFlags::IN)];
        // Readable as soon as the process has ended (pidfd_open(2)).
        if poll(&mut fds, Some(&now)) != Ok(0) {
            sys::quit(1);
        }
    }
}

/// Closes every descriptor from `first` on.
pub fn close_from(first: u32) {
    if sys::close_range(first).is_ok() {
        return;
    }
    // Descriptors are few and limited by RLIMIT_NOFILE; a hole ends nothing.
    let limit = rustix::process::getrlimit(Resource::Nofile).current;
    let limit = limit.unwrap_or(1 << 16).min(1 << 16) as u32;
    for fd in first..limit {
        sys::close(fd);
    }
}

impl Ground {
    /// Prepares this process, the future fork server: no new privileges, no core files, the
    /// namespaces of the strongest rung, and a maker of cells. It is single-threaded and small.
    pub fn lay(terms: &Terms) -> Result<Ground, String> {
        die_with_parent();
        sys::reset_signals();
        rustix::thread::set_no_new_privs(true).map_err(|error| format!("no_new_privs: {error}"))?;
        limits::set(Resource::Core, 0, 0)?;
        sys::limit_arenas();
        prefer_for_death();
        let climb = ladder::climb(terms.most)?;
        let walls = match climb.rung {
            Rung::APlus | Rung::A | Rung::B => {
                ladder::enter_shared()?;
                let readable = terms.readable.iter().map(|readable| readable.path.clone());
                let maker = Maker::start(Furniture {
                    scratch_bytes: terms.limits.scratch_bytes,
                    wants_proc: climb.rung >= Rung::A,
                    wants_loopback: terms.has_loopback,
                    readable: readable.collect(),
                });
                let maker = maker.map_err(|error| format!("cell maker: {error}"))?;
                Walls::Cells { maker, ordered: 0 }
            }
            Rung::C => Walls::Kept(ladder::enter_pit()?),
            Rung::D | Rung::None => {
                rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
                    .map_err(|error| format!("subreaper: {error}"))?;
                Walls::None
            }
        };
        Ok(Ground {
            parent: Parent::this().map_err(|error| format!("pidfd_open: {error}"))?,
            shows_more: !terms.readable.is_empty(),
            has_loopback: terms.has_loopback && climb.rung.has_mounts(),
            climb,
            walls,
            landlock_abi: sys::landlock_abi(),
            becomes: Become::Same,
            limits: Fixed::default(),
            shown: None,
            filter: Vec::new(),
        })
    }

    /// Replaces the root by the read-only tree, once the interpreter has said where its files are,
    /// installs the large filter, and makes ready what every child needs.
    pub fn settle(&mut self, paths: &[PathBuf], terms: &Terms) -> Result<(), String> {
        let rung = self.climb.rung;
        let tried = |error: io::Error| format!("try an unused user: {error}");
        let granted = terms.readable.iter().map(|readable| readable.path.clone());
        let shown = paths.iter().cloned().chain(granted);
        match rung {
            Rung::APlus | Rung::A | Rung::B => {
                let shown: Vec<PathBuf> = shown.collect();
                mounts::pivot(&shown).map_err(|error| error.to_string())?;
                self.becomes = Become::in_own_tree().map_err(tried)?;
            }
            Rung::C | Rung::D => {
                let public = mounts::public_paths().map(PathBuf::from);
                self.shown = Some(Shown::open(public.chain(shown))?);
                if rung == Rung::D {
                    self.becomes = Become::if_readable(paths).map_err(tried)?;
                }
            }
            Rung::None => {}
        }
        let is_alone = self.becomes == Become::Unused;
        self.limits = Fixed::new(&terms.limits, rung, is_alone);
        if rung == Rung::None {
            return Ok(());
        }
        let floor = Floor {
            has_namespaces: rung.has_namespaces(),
            has_mounts: rung.has_mounts(),
            shares_user: !is_alone,
            has_paths: rung.has_mounts() && !self.shows_more,
        };
        self.filter = seccomp::compile(&floor.last());
        sys::install_filter(&seccomp::compile(&floor.base()))
            .map_err(|error| format!("install the filter of system calls: {error}"))
    }

    /// The same ground for a further fork server that is about to be forked off this one; only on
    /// rungs with cells.
    pub fn split(&mut self) -> Result<Walled, String> {
        match &self.walls {
            Walls::Cells { maker, .. } => {
                let maker = maker.split().map_err(|error| error.to_string())?;
                Ok(Walled(Walls::Cells { maker, ordered: 0 }))
            }
            Walls::Kept(_) | Walls::None => Err("this ground cannot be split".to_owned()),
        }
    }

    /// Goes over to the ground that [`Ground::split`] gave, in the process that was forked.
    pub fn take(&mut self, walled: Walled) -> Result<(), String> {
        self.parent.die_with();
        self.parent = Parent::this().map_err(|error| format!("pidfd_open: {error}"))?;
        self.walls = walled.0;
        Ok(())
    }

    /// The rung.
    pub fn rung(&self) -> Rung {
        self.climb.rung
    }

    /// Takes a ready cell and makes this process's next child be born in it; `None` without cells.
    pub fn cell(&mut self) -> Result<Option<Cell>, String> {
        let Walls::Cells { maker, ordered } = &mut self.walls else {
            return Ok(None);
        };
        while *ordered < READY_CELLS + 1 {
            maker.order().map_err(|error| error.to_string())?;
            *ordered += 1;
        }
        let cell = maker.take().map_err(|error| error.to_string())?;
        *ordered -= 1;
        rustix::thread::move_into_thread_name_spaces(
            cell.init.as_fd(),
            ThreadNameSpaceType::PROCESS_ID,
        )
        .map_err(|error| format!("setns(pid): {error}"))?;
        Ok(Some(cell))
    }

    /// Kills whatever a snippet left in namespaces that outlive it; `false` where there are none.
    pub fn sweep(&self) -> Result<bool, String> {
        match &self.walls {
            Walls::Kept(keeper) => {
                keeper.sweep().map_err(|error| error.to_string())?;
                Ok(true)
            }
            Walls::Cells { .. } => Ok(true),
            Walls::None => Ok(false),
        }
    }

    /// Confines this process, a child just forked. In this order:
    ///
    /// 1. into its group, so that nothing of the snippet is ever outside; die with the fork server,
    ///    own session;
    /// 2. into the cell's mounts and IPC (needs the privileges that 3 gives up);
    /// 3. as root, become a user that owns nothing; then a user namespace that owns nothing, so
    ///    that the process limit counts this snippet alone; no capabilities;
    /// 4. Landlock: after the mounts, which it forbids to change, and after the user's maps, which
    ///    are files;
    /// 5. descriptors: exactly 0, 1 and 2, none shared with anything else; the last use of any other;
    /// 6. resource limits, hard as soft;
    /// 7. the snippet's own filter: last, as it refuses most of the above.
    pub fn confine(&mut self, site: Site<'_>, streams: [BorrowedFd<'_>; 3]) -> Result<(), String> {
        let Site {
            cell,
            scratch,
            group,
        } = site;
        if let Some(entrance) = group {
            cgroup::enter(entrance)?;
        }
        self.parent.die_with();
        rustix::process::setsid().map_err(|error| format!("setsid: {error}"))?;
        if let Some(cell) = cell {
            // The fork server's `/proc` shows this process too, and is there even on rung B.
            let proc = user::own_proc().map_err(|error| format!("/proc/self: {error}"))?;
            let mut namespaces =
                ThreadNameSpaceType::MOUNT | ThreadNameSpaceType::INTER_PROCESS_COMMUNICATION;
            namespaces.set(ThreadNameSpaceType::NETWORK, self.has_loopback);
            rustix::thread::move_into_thread_name_spaces(cell.init.as_fd(), namespaces)
                .map_err(|error| format!("setns(mount, ipc): {error}"))?;
            self.becomes.take(None, &self.parent)?;
            user::enter_own(&proc, group.is_some())?;
        } else {
            self.becomes.take(scratch, &self.parent)?;
        }
        if self.climb.rung != Rung::None {
            user::drop_capabilities()?;
            self.restrict_access(cell, scratch)?;
        }
        take_streams(streams).map_err(|error| format!("descriptors: {error}"))?;
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
        self.limits.set()?;
        if self.filter.is_empty() {
            return Ok(());
        }
        seccomp::personalise(&mut self.filter, std::process::id());
        sys::install_filter(&self.filter)
            .map_err(|error| format!("install the filter of system calls: {error}"))
    }

    fn restrict_access(
        &self,
        cell: Option<&Cell>,
        scratch: Option<BorrowedFd<'_>>,
    ) -> Result<(), String> {
        let own: OwnedFd;
        let rules = match (cell, &self.shown) {
            (Some(cell), _) => cell.rules.as_ref().ok_or("the cell has no ruleset")?,
            (None, Some(shown)) => {
                own = shown.ruleset(scratch.ok_or("no scratch directory")?)?;
                &own
            }
            (None, None) => return Err("nothing is ready to be shown".to_owned()),
        };
        let flags = match self.landlock_abi {
            AUDITED_SINCE.. => NO_AUDIT,
            _ => 0,
        };
        sys::restrict_files(rules.as_fd(), flags).map_err(|error| format!("landlock: {error}"))
    }
}

/// Where the machine runs out of memory, this process and its snippets go before anything else.
fn prefer_for_death() {
    // Some systems have no such file; the limits on memory do not depend on it.
    if std::fs::write("/proc/self/oom_score_adj", "1000").is_err() {}
}

/// A part of a ground on its way into another process.
#[derive(Debug)]
pub struct Walled(Walls);

/// A directory that removes itself, where the user's programs put such, or else where all do.
pub fn folder(prefix: &str) -> io::Result<tempfile::TempDir> {
    let make = |place: PathBuf| tempfile::Builder::new().prefix(prefix).tempdir_in(place);
    make(std::env::temp_dir())
        .or_else(|_| make(PathBuf::from("/tmp")))
        .or_else(|_| make(PathBuf::from("/dev/shm")))
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
