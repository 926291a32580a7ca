//! The fork server: one warm interpreter that forks a child for each job.
//!
//! It never sees a job's content: the page with it is mapped only in the child. It has one thread,
//! which is asserted before every fork.

use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::path::{Component, Path, PathBuf};
use std::process::{ExitCode, ExitStatus};

use crate::python::Python;
use rustix::fs::{Mode, OFlags};
use rustix::pipe::PipeFlags;
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, pidfd_open};

use super::wire::{Command, Event};
use crate::observation::Record;
use crate::policy::Readable;
use crate::python::fork::{self, Forked, Page};
use crate::python::{self, Host, Job, Layout};
use crate::sandbox::canary::Targets;
use crate::sandbox::proof::{self, Attempt};
use crate::sandbox::{self, Ground, Site, Terms, cell, channel, mounts};

/// The exit status of a child that could not be confined.
pub(super) const NOT_CONFINED: i32 = 120;

/// The life of the process that the supervisor starts as a fork server: `python terms`, with the
/// control socket as standard input.
pub fn fork_server_main(args: &[String]) -> ExitCode {
    match start(args) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            // Standard error is a file that the supervisor reads.
            let message = format!("{error}\n");
            let written = rustix::io::write(rustix::stdio::stderr(), message.as_bytes());
            ExitCode::from(if written.is_ok() { 1 } else { 2 })
        }
    }
}

fn start(args: &[String]) -> Result<u8, String> {
    let [python, terms, ..] = args else {
        return Err("the fork server is started by snipcheck itself".to_owned());
    };
    let terms: Terms = serde_json::from_str(terms).map_err(|error| error.to_string())?;
    sandbox::close_from(3);
    let control = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)
        .map_err(|error| error.to_string())?;
    rustix::stdio::dup2_stdin(&open_null()?).map_err(|error| error.to_string())?;
    rustix::process::setsid().map_err(|error| format!("setsid: {error}"))?;
    let ground = Ground::lay(&terms)?;
    let server = Server {
        control,
        ground,
        terms,
        child: None,
    };
    let status = python::main(Path::new(python), Box::new(server));
    Ok(u8::try_from(status).unwrap_or(1))
}

fn open_null() -> Result<OwnedFd, String> {
    rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())
        .map_err(|error| format!("/dev/null: {error}"))
}

fn open_directory(path: &str) -> Result<OwnedFd, String> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).map_err(|error| format!("{path}: {error}"))
}

#[derive(Debug)]
struct Server {
    control: OwnedFd,
    ground: Ground,
    terms: Terms,
    child: Option<Child>,
}

/// What a forked child keeps.
#[derive(Debug)]
struct Child {
    /// The process that may report: the page is not mapped in those it forks.
    pid: Pid,
    page: Page,
    /// Device and inode of the pipes on descriptors 1 and 2.
    streams: [(u64, u64); 2],
}

impl Host for Server {
    fn serve(&mut self, py: Python<'_>, layout: &Layout) -> Result<(Job, String), String> {
        let mut paths = vec![
            PathBuf::from(&layout.prefix),
            PathBuf::from(&layout.base_prefix),
        ];
        paths.extend(layout.search_path.iter().map(PathBuf::from));
        self.ground.settle(&paths, &self.terms)?;
        let version = Python::version_str()
            .split_whitespace()
            .next()
            .unwrap_or_default();
        let hello = Event::Hello {
            version: version.to_owned(),
            confinement: self.ground.confinement(&[]),
        };
        self.say(&hello, None)?;
        loop {
            let (message, fds) =
                channel::receive(self.control.as_fd()).map_err(|error| error.to_string())?;
            if message.is_empty() {
                fork::quit(0);
            }
            let command: Command =
                serde_json::from_slice(&message).map_err(|error| error.to_string())?;
            match command {
                Command::Split => {
                    if let Some(control) = fds.into_iter().next() {
                        self.split(py, control, &hello)?;
                    }
                }
                Command::Test(targets) => {
                    let groups: Vec<BorrowedFd<'_>> = fds.iter().map(AsFd::as_fd).collect();
                    match self.test_sandbox(py, &targets, &groups) {
                        Ok(attempts) => {
                            let confinement = self.ground.confinement(&attempts);
                            self.say(&Event::Tested(confinement), None)?;
                        }
                        Err(why) => {
                            self.say(&Event::Failed(why.clone()), None)?;
                            return Err(why);
                        }
                    }
                }
                Command::Job {
                    page_len,
                    has_group,
                } => {
                    if let Some(job) = self.job(py, page_len, has_group, fds)? {
                        return Ok(job);
                    }
                }
            }
        }
    }

    fn report(&mut self, record: &Record) {
        let Some(child) = &mut self.child else {
            return;
        };
        if rustix::process::getpid() != child.pid {
            return;
        }
        if let Ok(mut line) = serde_json::to_vec(record) {
            line.push(b'\n');
            // A record that does not fit is lost; the end then does not fit either, or stands
            // after the loss, and the supervisor judges by what it has.
            child.page.append(&line);
        }
    }

    fn is_own(&self, fd: i32) -> bool {
        let (Some(child), stream) = (&self.child, if fd == 1 { 0 } else { 1 }) else {
            return false;
        };
        let fd = if fd == 1 {
            rustix::stdio::stdout()
        } else {
            rustix::stdio::stderr()
        };
        identity(fd) == Some(child.streams[stream])
    }

    fn relax_memory(&mut self) {
        sandbox::relax_memory();
    }
}

fn identity(fd: BorrowedFd<'_>) -> Option<(u64, u64)> {
    let stat = rustix::fs::fstat(fd).ok()?;
    Some((stat.st_dev, stat.st_ino))
}

impl Server {
    fn say(&self, event: &Event, fd: Option<BorrowedFd<'_>>) -> Result<(), String> {
        let message = serde_json::to_vec(event).map_err(|error| error.to_string())?;
        let fds: Vec<BorrowedFd<'_>> = fd.into_iter().collect();
        channel::send(self.control.as_fd(), &message, &fds).map_err(|error| error.to_string())
    }

    /// Forks another server. Only before the first job: afterwards this process's children are
    /// born in a dead cell.
    fn split(&mut self, py: Python<'_>, control: OwnedFd, hello: &Event) -> Result<(), String> {
        let ground = self.ground.split()?;
        self.assert_single_thread()?;
        match fork::fork_interpreter(py).map_err(|error| format!("fork: {error}"))? {
            Forked::Parent(_) => Ok(()),
            Forked::Child => {
                self.ground.take(ground)?;
                self.control = control;
                self.say(hello, None)
            }
        }
    }

    /// Runs one job to its end; in the child, returns it instead.
    fn job(
        &mut self,
        py: Python<'_>,
        page_len: usize,
        has_group: bool,
        fds: Vec<OwnedFd>,
    ) -> Result<Option<(Job, String)>, String> {
        let mut fds = fds.into_iter();
        let (Some(page), Some(stdout), Some(stderr)) = (fds.next(), fds.next(), fds.next()) else {
            return self.fail("a job without its descriptors");
        };
        let (scratch, group) = match has_group {
            true => (None, fds.next()),
            false => (fds.next(), None),
        };
        let cell = match self.ground.cell() {
            Ok(cell) => cell,
            Err(error) => return self.fail(&error),
        };
        self.assert_single_thread()?;
        match fork::fork_interpreter(py) {
            Err(error) => {
                if let Some(cell) = cell {
                    cell.end().map_err(|error| error.to_string())?;
                }
                self.fail(&format!("fork: {error}"))
            }
            Ok(Forked::Parent(pid)) => {
                drop((page, stdout, stderr, group));
                self.watch(pid, cell)?;
                Ok(None)
            }
            Ok(Forked::Child) => {
                let streams = [stdout, stderr];
                let site = Site {
                    cell: cell.as_ref(),
                    scratch: scratch.as_ref().map(AsFd::as_fd),
                    group: group.as_ref().map(AsFd::as_fd),
                };
                let job = self.begin(&page, page_len, &streams, site);
                // Closed already, all of them: `confine` closes every descriptor above 2.
                std::mem::forget((page, streams, cell, scratch, group));
                job.map(Some)
            }
        }
    }

    fn fail(&self, message: &str) -> Result<Option<(Job, String)>, String> {
        self.say(&Event::Failed(message.to_owned()), None)?;
        Ok(None)
    }

    /// Follows the child `pid` to the death of all it started.
    fn watch(&self, pid: i32, cell: Option<cell::Cell>) -> Result<(), String> {
        let word = |error: rustix::io::Errno| error.to_string();
        let child = Pid::from_raw(pid).ok_or("no child")?;
        let ended = match cell {
            Some(cell) => {
                self.say(&Event::Started, Some(cell.init.as_fd()))?;
                let ended = fork::wait(pid).map_err(|error| error.to_string())?;
                cell.end().map_err(|error| error.to_string())?;
                ended
            }
            None => {
                let pidfd = pidfd_open(child, PidfdFlags::empty()).map_err(word)?;
                self.say(&Event::Started, Some(pidfd.as_fd()))?;
                let ended = fork::wait(pid).map_err(|error| error.to_string())?;
                if !self.ground.sweep()? {
                    sweep(child);
                }
                ended
            }
        };
        let event = Event::Ended {
            status: ended.status,
            cpu_us: ended.cpu_us,
            max_rss_bytes: ended.max_rss_bytes,
        };
        self.say(&event, None)
    }

    /// The child's first steps: map the page, confine itself, and only then read the job.
    fn begin(
        &mut self,
        page: &OwnedFd,
        page_len: usize,
        streams: &[OwnedFd; 2],
        site: Site<'_>,
    ) -> Result<(Job, String), String> {
        let Ok(mut page) = Page::map(page.as_fd(), page_len) else {
            fork::quit(NOT_CONFINED);
        };
        let [stdout, stderr] = streams;
        // Opened anew: flags of a shared one would carry over from snippet to snippet.
        let confined = open_null().and_then(|null| {
            let descriptors = [null.as_fd(), stdout.as_fd(), stderr.as_fd()];
            let confined = self.ground.confine(site, descriptors);
            // Closed already, where it was not confined the process ends.
            std::mem::forget(null);
            confined
        });
        let job: Result<Job, String> = confined.and_then(|()| {
            serde_json::from_slice(&page.take_request()).map_err(|error| error.to_string())
        });
        let placed = job.and_then(|job| {
            let file = enter_scratch(job.scratch.as_deref())?;
            link_readable(&self.terms.readable)?;
            Ok((job, file))
        });
        match placed {
            Ok((job, file)) => {
                let streams = [
                    identity(rustix::stdio::stdout()).unwrap_or_default(),
                    identity(rustix::stdio::stderr()).unwrap_or_default(),
                ];
                self.child = Some(Child {
                    pid: rustix::process::getpid(),
                    page,
                    streams,
                });
                Ok((job, file))
            }
            Err(error) => {
                if let Ok(mut line) = serde_json::to_vec(&Record::NotConfined(error)) {
                    line.push(b'\n');
                    page.append(&line);
                }
                fork::quit(NOT_CONFINED);
            }
        }
    }

    /// Has children, confined like any snippet, try what must not be possible; the limits on groups
    /// where it is given the entrances to two.
    fn test_sandbox(
        &mut self,
        py: Python<'_>,
        targets: &Targets,
        groups: &[BorrowedFd<'_>],
    ) -> Result<Vec<Attempt>, String> {
        let mut attempts = self.try_all(py, targets, groups.first().copied())?;
        if let Some(group) = groups.get(1) {
            attempts.push(self.try_memory(py, *group)?);
        }
        Ok(attempts)
    }

    /// Has a child take more memory than `group` may have.
    fn try_memory(&mut self, py: Python<'_>, group: BorrowedFd<'_>) -> Result<Attempt, String> {
        let cell = self.ground.cell()?;
        self.assert_single_thread()?;
        match fork::fork_interpreter(py).map_err(|error| format!("fork: {error}"))? {
            Forked::Parent(pid) => {
                let ended = fork::wait(pid).map_err(|error| error.to_string())?;
                if let Some(cell) = cell {
                    cell.end().map_err(|error| error.to_string())?;
                }
                Ok(proof::overtaken(ExitStatus::from_raw(ended.status)))
            }
            Forked::Child => {
                let site = Site {
                    cell: cell.as_ref(),
                    scratch: None,
                    group: Some(group),
                };
                let streams = [rustix::stdio::stdin(); 3];
                if self.ground.confine(site, streams).is_err() {
                    fork::quit(NOT_CONFINED);
                }
                proof::overtake();
                fork::quit(0);
            }
        }
    }

    /// Has a child try everything else.
    fn try_all(
        &mut self,
        py: Python<'_>,
        targets: &Targets,
        group: Option<BorrowedFd<'_>>,
    ) -> Result<Vec<Attempt>, String> {
        let word = |error: rustix::io::Errno| error.to_string();
        let (answer, answer_end) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC).map_err(word)?;
        let has_mounts = self.ground.rung().has_mounts();
        let directory = targets.scratch.to_string_lossy().into_owned();
        let scratch = match has_mounts {
            true => None,
            false => Some(open_directory(&directory)?),
        };
        let cell = self.ground.cell()?;
        self.assert_single_thread()?;
        match fork::fork_interpreter(py).map_err(|error| format!("fork: {error}"))? {
            Forked::Parent(pid) => {
                drop(answer_end);
                let mut text = Vec::new();
                std::fs::File::from(answer)
                    .read_to_end(&mut text)
                    .map_err(|error| error.to_string())?;
                let ended = fork::wait(pid).map_err(|error| error.to_string())?;
                if let Some(cell) = cell {
                    cell.end().map_err(|error| error.to_string())?;
                }
                self.ground.sweep()?;
                serde_json::from_slice(&text).map_err(|_| {
                    let said = String::from_utf8_lossy(&text);
                    format!("the self-test ended with status {}: {said}", ended.status)
                })
            }
            Forked::Child => {
                let streams = [
                    rustix::stdio::stdin(),
                    answer_end.as_fd(),
                    rustix::stdio::stdin(),
                ];
                let site = Site {
                    cell: cell.as_ref(),
                    scratch: scratch.as_ref().map(AsFd::as_fd),
                    group,
                };
                let entered = self
                    .ground
                    .confine(site, streams)
                    .and_then(|()| enter_scratch((!has_mounts).then_some(directory.as_str())));
                let answer = match entered {
                    Ok(_) => {
                        let limits = &self.terms.limits;
                        let is_grouped = group.is_some();
                        let attempts =
                            proof::attempt_all(&self.ground, targets, limits, is_grouped);
                        serde_json::to_vec(&attempts).unwrap_or_default()
                    }
                    Err(error) => error.into_bytes(),
                };
                // Before it is confined, the pipe is not standard output yet.
                let written = match rustix::io::write(&answer_end, &answer) {
                    Err(rustix::io::Errno::BADF) => {
                        rustix::io::write(rustix::stdio::stdout(), &answer)
                    }
                    written => written,
                };
                fork::quit(i32::from(written != Ok(answer.len())));
            }
        }
    }

    fn assert_single_thread(&self) -> Result<(), String> {
        let threads = match std::fs::read_dir("/proc/self/task") {
            Ok(tasks) => tasks.count(),
            // Without /proc nothing tells; the agent starts no thread and imports nothing after
            // this was first counted.
            Err(_) => 1,
        };
        if threads == 1 {
            Ok(())
        } else {
            Err(format!("the fork server has {threads} threads"))
        }
    }
}

/// Goes to the snippet's working directory and names its script.
fn enter_scratch(given: Option<&str>) -> Result<String, String> {
    let directory = match given {
        Some(directory) => directory,
        None => {
            std::fs::create_dir(mounts::WORK).map_err(|error| format!("scratch: {error}"))?;
            mounts::WORK
        }
    };
    rustix::process::chdir(directory).map_err(|error| format!("scratch: {error}"))?;
    Ok(format!("{directory}/snippet.py"))
}

/// Puts what is granted by a relative name where that name leads from the working directory.
fn link_readable(readable: &[Readable]) -> Result<(), String> {
    for Readable { path, name } in readable {
        let name = Path::new(name);
        let is_below = name
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        if !is_below {
            continue;
        }
        let word = |error: std::io::Error| format!("{}: {error}", name.display());
        if let Some(parent) = name.parent() {
            std::fs::create_dir_all(parent).map_err(word)?;
        }
        // Two grants may name the same path, or one below the other.
        if std::fs::symlink_metadata(name).is_err() {
            std::os::unix::fs::symlink(path, name).map_err(word)?;
        }
    }
    Ok(())
}

/// Kills whatever the snippet left behind, where no namespace does it: this process is the
/// subreaper, so every orphan becomes its child sooner or later.
fn sweep(first: Pid) {
    loop {
        let group = rustix::process::kill_process_group(first, Signal::KILL);
        for child in children() {
            if rustix::process::kill_process(child, Signal::KILL).is_err() {
                continue;
            }
        }
        match rustix::process::wait(WaitOptions::empty()) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => {}
            Err(_) if group.is_ok() => {}
            Err(_) => return,
        }
    }
}

fn children() -> Vec<Pid> {
    let pid = rustix::process::getpid().as_raw_nonzero();
    std::fs::read_to_string(format!("/proc/self/task/{pid}/children"))
        .unwrap_or_default()
        .split_whitespace()
        .filter_map(|pid| Pid::from_raw(pid.parse().ok()?))
        .collect()
}
