//! The supervisor's side of one fork server: starts it, gives it jobs, keeps the clock, reads the
//! pipes, and decides how each run ended by what the kernel tells.

use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command as Process, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, OFlags};
use rustix::pipe::PipeFlags;
use rustix::process::{Signal, pidfd_send_signal};

use super::capture::Capture;
use super::chain::Places;
use super::interpreter::Installation;
use super::server::NOT_CONFINED;
use super::wire::{self, Command, Decoded, Event, REPORT_BYTES};
use super::{Interpreter, RunError};
use crate::observation::{ContextFailure, Emission, EndKind, Ending, Observation, Record, Stream};
use crate::plan::{Snippet, SnippetKind, Source};
use crate::policy::Limits;
use crate::python::Job;
use crate::python::fork::PAGE_HEADER;
use crate::sandbox::canary::Canary;
use crate::sandbox::cgroup::{Bounds, Delegated, Group, Shortage};
use crate::sandbox::{self, Confinement, Rung, Terms, channel};
use crate::syntax::Nesting;
use crate::text::{LineIndex, LineNumber};

/// The environment of every snippet: nothing of the caller's.
const ENVIRONMENT: [(&str, &str); 6] = [
    ("HOME", "/tmp/snippet"),
    ("PATH", "/usr/local/bin:/usr/bin:/bin"),
    ("LANG", "C.UTF-8"),
    ("TMPDIR", "/tmp"),
    ("USER", "user"),
    ("MPLBACKEND", "Agg"),
];
/// Why a block that starts processes tells nothing on rung D.
const ALONE: &str = "the block starts processes, which rung D of the sandbox has to forbid";
/// Why a block with shared memory tells nothing on rungs C and D.
const UNSHARED: &str =
    "the block wants shared memory, which only rungs A and B of the sandbox have to give";
/// Why a block that the kernel killed to make room for others tells nothing.
const SHORT: &str = "the machine, or the cgroup around snipcheck, ran out of memory";
/// Why a process that ended ahead of the first statement tells nothing of the block.
const NOT_BEGUN: &str = "the interpreter gave up before the first line, as where memory is short";
/// How long pipes may stay open after the last process is dead.
const DRAIN: Duration = Duration::from_millis(100);
/// How much longer than its limit a snippet may take to be killed.
const KILL_GRACE: Duration = Duration::from_secs(5);
/// How long a fork server may take to start.
const START: Duration = Duration::from_secs(30);
/// How much is read at a time: what a pipe holds at most would be 64 KiB, most blocks write a line.
const READ_BYTES: usize = 8 * 1024;
/// Marks may add this much to the bytes a snippet may write.
const MARKS_FACTOR: u64 = 24;

/// A running fork server.
#[derive(Debug)]
pub(super) struct Client {
    control: OwnedFd,
    /// The process, for the first of a family; the others are its children.
    process: Option<Child>,
    pub(super) interpreter: Interpreter,
    pub(super) confinement: Confinement,
    /// Where each of its snippets gets a control group.
    pub(super) groups: Option<&'static Delegated>,
    /// The group of the next snippet, made while another one ran.
    ready: Option<Group>,
}

/// Why a job gave no observation: the fork server is unusable from now on.
#[derive(Debug)]
pub(super) struct ServerLost(pub(super) String);

impl<E: Into<std::io::Error>> From<E> for ServerLost {
    fn from(error: E) -> Self {
        ServerLost(error.into().to_string())
    }
}

impl Client {
    /// Starts a fork server for `installation`: this very program, with an empty environment.
    pub(super) fn start(
        installation: &Installation,
        terms: &Terms,
        hash_seed: u32,
    ) -> Result<Client, RunError> {
        let failed =
            |what: &str, error: std::io::Error| RunError::new(format!("failed to {what}: {error}"));
        let (ours, theirs) =
            channel::pair().map_err(|error| failed("open a control socket", error))?;
        let messages = rustix::fs::memfd_create("fork-server-stderr", MemfdFlags::CLOEXEC)
            .map_err(|error| failed("open a memory file", error.into()))?;
        let messages = std::fs::File::from(messages);
        let stderr = messages
            .try_clone()
            .map_err(|error| failed("copy a descriptor", error))?;
        let program = std::env::current_exe()
            .map_err(|error| failed("find this program's own file", error))?;
        let variables = terms.variables.clone();
        let terms = serde_json::to_string(terms)
            .map_err(|error| failed("encode the terms", error.into()))?;
        let mut process = Process::new(program);
        process
            .arg(super::FORK_SERVER_WORD)
            .arg(&installation.executable)
            .arg(terms)
            .current_dir("/")
            .env_clear()
            .envs(ENVIRONMENT)
            .envs(variables)
            .env("PYTHONHASHSEED", hash_seed.to_string())
            .stdin(theirs)
            .stdout(Stdio::null())
            .stderr(stderr);
        if let Some(directory) = &installation.loader_path {
            process.env("LD_LIBRARY_PATH", directory.path());
        }
        let child = process
            .spawn()
            .map_err(|error| failed("start the fork server", error))?;
        // The end given to the child must not stay open here: its closing is how death is seen.
        drop(process);
        let mut client = Client {
            control: ours,
            process: Some(child),
            interpreter: Interpreter::unknown(),
            confinement: Confinement::unknown(),
            groups: None,
            ready: None,
        };
        client.greet().map_err(|lost| {
            let said = read_from_start(&messages);
            // The rehearsal leaves marks there.
            let said = said.rsplit('\u{3}').next().unwrap_or_default().trim();
            let why = if said.is_empty() { &lost.0 } else { said };
            RunError::new(format!("the Python interpreter did not start: {why}"))
        })?;
        Ok(client)
    }

    /// Has this server fork another one.
    pub(super) fn split(&self) -> Result<Client, ServerLost> {
        let (ours, theirs) = channel::pair()?;
        self.send(&Command::Split, &[theirs.as_fd()])?;
        drop(theirs);
        let mut client = Client {
            control: ours,
            process: None,
            interpreter: self.interpreter.clone(),
            confinement: self.confinement.clone(),
            groups: self.groups,
            ready: None,
        };
        client.greet()?;
        Ok(client)
    }

    /// Has the sandbox tested, and takes down what holds. With `groups`, its snippets get theirs if
    /// their limits do.
    pub(super) fn test(
        &mut self,
        canary: &Canary,
        limits: &Limits,
        groups: Result<&'static Delegated, String>,
    ) -> Result<(), ServerLost> {
        let groups = match self.confinement.rung() {
            Rung::A => groups,
            _ => Err("only together with rung A".to_owned()),
        };
        let trial = groups.clone().and_then(|groups| {
            let made = groups.trial(limits);
            made.map_err(|error| format!("make a cgroup: {error}"))
        });
        let entrances = trial.iter().flatten().filter_map(Group::entrance);
        let entrances: Vec<BorrowedFd<'_>> = entrances.collect();
        self.send(&Command::Test(canary.targets().clone()), &entrances)?;
        match self.event(Instant::now() + START)? {
            Some((Event::Tested(confinement), _)) => self.confinement = confinement,
            Some((Event::Failed(why), _)) => return Err(ServerLost(why)),
            _ => return Err(ServerLost("the self-test gave no answer".to_owned())),
        }
        for (layer, how) in canary.reached() {
            self.confinement.breached(layer, how);
        }
        let met = trial.and_then(
            |[few, little]| match (few.has_refused(), little.shortage()) {
                (Ok(true), Ok(Some(Shortage::Own))) => Ok(()),
                _ => Err(
                    "the kernel's own count of events tells of no limit that was met".to_owned(),
                ),
            },
        );
        self.confinement.settle_groups(met);
        self.groups = match self.confinement.rung() {
            Rung::APlus => groups.ok(),
            _ => None,
        };
        Ok(())
    }

    fn greet(&mut self) -> Result<(), ServerLost> {
        let deadline = Instant::now() + START;
        match self.event(deadline)? {
            Some((
                Event::Hello {
                    version,
                    confinement,
                },
                _,
            )) => {
                self.interpreter.version = version;
                self.confinement = confinement;
                Ok(())
            }
            Some((Event::Failed(why), _)) => Err(ServerLost(why)),
            Some(_) => Err(ServerLost("the fork server talks nonsense".to_owned())),
            None => Err(ServerLost("the fork server did not answer".to_owned())),
        }
    }

    fn send(&self, command: &Command, fds: &[BorrowedFd<'_>]) -> Result<(), ServerLost> {
        let message = serde_json::to_vec(command).map_err(|error| ServerLost(error.to_string()))?;
        Ok(channel::send(self.control.as_fd(), &message, fds)?)
    }

    /// Whether an event waits to be read.
    fn has_event(&self) -> Result<bool, ServerLost> {
        let mut fds = [PollFd::new(&self.control, PollFlags::IN)];
        Ok(poll_until(&mut fds, Instant::now())? > 0)
    }

    /// The next event, or `None` when there is none by `deadline`.
    fn event(&self, deadline: Instant) -> Result<Option<(Event, Option<OwnedFd>)>, ServerLost> {
        let mut fds = [PollFd::new(&self.control, PollFlags::IN)];
        while poll_until(&mut fds, deadline)? == 0 {
            if Instant::now() >= deadline {
                return Ok(None);
            }
        }
        let (message, fds) = channel::receive(self.control.as_fd())?;
        if message.is_empty() {
            return Err(ServerLost("the fork server died".to_owned()));
        }
        let event =
            serde_json::from_slice(&message).map_err(|error| ServerLost(error.to_string()))?;
        Ok(Some((event, fds.into_iter().next())))
    }

    /// Runs one snippet and tells what it did.
    pub(super) fn run(
        &mut self,
        document: &str,
        snippet: &Snippet,
        limits: &Limits,
        nonce: &str,
    ) -> Result<Observation, ServerLost> {
        let ran = self.perform(document, snippet, 0, limits, nonce)?;
        let mut observation = assemble(ran.decoded, ran.status, ran.killed);
        if !snippet.context.is_empty() && has_died_in_context(&observation) {
            observation.context_failure = Some(ContextFailure::default());
        }
        if self.confinement.rung() == Rung::D && could_not_fork(&observation) {
            // No fault of the block's: on this rung there is no process but its first.
            observation = not_confined(ALONE.to_owned());
        }
        if !self.confinement.rung().has_mounts() && was_refused_shared_memory(&observation) {
            observation = not_confined(UNSHARED.to_owned());
        }
        if ran.killed == Some(Killed::MachineShort) {
            observation = not_confined(SHORT.to_owned());
        }
        if snippet.context.is_empty() && has_never_begun(&observation) {
            observation = not_confined(NOT_BEGUN.to_owned());
        }
        observation.emissions = ran.emissions;
        observation.wall_ms = ran.wall_ms;
        observation.cpu_ms = ran.cpu_ms;
        observation.max_rss_bytes = ran.max_rss_bytes;
        Ok(observation)
    }

    /// Runs the blocks of a chain in one process: `snippet` is its last block, with those before it at
    /// the end of its context. Gives what each did or, where not all of them simply ran, the place of
    /// the first that did not; 0 where that is not known.
    pub(super) fn run_chain(
        &mut self,
        document: &str,
        snippet: &Snippet,
        places: &Places,
        limits: &Limits,
        nonce: &str,
    ) -> Result<Result<Vec<Observation>, usize>, ServerLost> {
        let judged = places.len().saturating_sub(1);
        let ran = self.perform(document, snippet, judged, limits, nonce)?;
        let Decoded { records, end } = ran.decoded;
        let stopped = records.iter().find_map(|record| match record {
            Record::ContextFailed(line, _) => Some(places.block(*line).unwrap_or(0)),
            _ => None,
        });
        let reached = records.iter().rev().find_map(|record| match record {
            Record::Reached(line) => places.block(*line),
            _ => None,
        });
        let own_end = Decoded {
            records: Vec::new(),
            end,
        };
        let last = assemble(own_end, ran.status, ran.killed);
        // Only a completion record says that all before the last block ran to their ends.
        let is_complete = matches!(
            last.ending,
            Ending::Finished | Ending::Raised | Ending::Exited { .. }
        );
        if stopped.is_some() || !is_complete {
            return Ok(Err(stopped.or(reached).unwrap_or(0)));
        }
        let Some(mut observations) = places.split(records, ran.emissions) else {
            return Ok(Err(0));
        };
        let count = observations.len() as f64;
        for observation in &mut observations {
            observation.ending = Ending::Finished;
            observation.wall_ms = ran.wall_ms / count;
            observation.cpu_ms = ran.cpu_ms / count;
            observation.max_rss_bytes = ran.max_rss_bytes;
        }
        if let Some(observation) = observations.last_mut() {
            observation.ending = last.ending;
            observation.exception = last.exception;
        }
        Ok(Ok(observations))
    }

    /// Has a snippet run, the last `judged` pieces of its context watched like itself.
    fn perform(
        &mut self,
        document: &str,
        snippet: &Snippet,
        judged: usize,
        limits: &Limits,
        nonce: &str,
    ) -> Result<Ran, ServerLost> {
        // Where the sandbox gives no scratch space, a directory of ours does; dropping removes it.
        let scratch = match self.confinement.rung().has_mounts() {
            true => None,
            false => Some(Scratch::new()?),
        };
        let job = Job {
            document: document.to_owned(),
            snippet: snippet.clone(),
            chunks: chunks(snippet),
            judged,
            nonce: nonce.to_owned(),
            limits: *limits,
            scratch: scratch
                .as_ref()
                .map(|scratch| scratch.folder.path().to_string_lossy().into_owned()),
        };
        let page = Page::new(&job)?;
        let groups = self.groups;
        // All snippets of a fork server have the same bounds.
        let make = || groups.map(|groups| groups.group(Bounds::of(limits)));
        let group = self.ready.take().map(Ok).or_else(make).transpose()?;
        let (stdout, stdout_end) = pipe()?;
        let (stderr, stderr_end) = pipe()?;
        let begun = Instant::now();
        let command = Command::Job {
            page_len: page.len,
            has_group: group.is_some(),
        };
        let mut fds = vec![page.file.as_fd(), stdout_end.as_fd(), stderr_end.as_fd()];
        fds.extend(scratch.as_ref().map(|scratch| scratch.open.as_fd()));
        fds.extend(group.as_ref().and_then(Group::entrance));
        self.send(&command, &fds)?;
        drop((stdout_end, stderr_end));
        let deadline = begun + Duration::from_millis(limits.wall_ms);
        let started = match self.event(deadline + KILL_GRACE)? {
            Some((Event::Started, Some(pidfd))) => pidfd,
            // No fault of the snippet's: another server may do better.
            Some((Event::Failed(why), _)) => return Err(ServerLost(why)),
            Some(_) => return Err(ServerLost("the fork server talks nonsense".to_owned())),
            None => return Err(ServerLost("the fork server did not answer".to_owned())),
        };
        // Where that fails, the next one finds out.
        self.ready = make().and_then(Result::ok);
        let mut watch = Watch {
            client: self,
            pidfd: started,
            streams: [Some(stdout), Some(stderr)],
            captures: [
                Capture::new(Stream::Stdout, nonce),
                Capture::new(Stream::Stderr, nonce),
            ],
            limits,
            deadline,
            killed: None,
        };
        let ended = watch.follow()?;
        let wall = begun.elapsed();
        let (killed, captures) = (watch.killed, watch.captures);
        let killed = match group {
            Some(group) => {
                let killed = killed.or(short(&group, ended.status)?);
                group.end()?;
                killed
            }
            None => killed,
        };
        Ok(Ran {
            decoded: wire::decode(&page.report()?, nonce),
            emissions: captures.into_iter().flat_map(Capture::finish).collect(),
            status: ended.status,
            killed,
            wall_ms: wall.as_secs_f64() * 1000.0,
            cpu_ms: ended.cpu_us as f64 / 1000.0,
            max_rss_bytes: ended.max_rss_bytes,
        })
    }
}

/// What a process did, before it is told whose doing it was.
struct Ran {
    decoded: Decoded,
    emissions: Vec<Emission>,
    status: i32,
    killed: Option<Killed>,
    wall_ms: f64,
    cpu_ms: f64,
    max_rss_bytes: u64,
}

impl Drop for Client {
    fn drop(&mut self) {
        let Some(mut process) = self.process.take() else {
            return;
        };
        // Its children, the other fork servers, die with it; it may be in the middle of nothing.
        if process.kill().is_ok() {
            process.wait().ok();
        }
    }
}

/// The top-level statements of a script, those that share a line together.
fn chunks(snippet: &Snippet) -> Vec<Source> {
    let ([source], SnippetKind::Script) = (snippet.sources.as_slice(), snippet.kind) else {
        return Vec::new();
    };
    let syntax = crate::syntax::syntax(&source.code);
    if !syntax.errors.is_empty() {
        return Vec::new();
    }
    let index = LineIndex::new(&source.code);
    let mut starts: Vec<LineNumber> = Vec::new();
    let mut last_end = None;
    for statement in &syntax.statements {
        if statement.nesting != Nesting::TopLevel {
            continue;
        }
        let line = index.line(statement.span.start);
        if last_end.is_none_or(|end| line > end) {
            starts.push(line);
        }
        last_end = last_end.max(Some(index.line(statement.span.end)));
    }
    let offset = |line: LineNumber| index.full_line_span(line).start;
    let ends = starts.iter().skip(1).map(|&line| offset(line));
    starts
        .iter()
        .zip(ends.chain([source.code.len()]))
        .map(|(&start, end)| Source {
            line: source.line.plus(start.index()),
            code: source.code[offset(start)..end].to_owned(),
        })
        .collect()
}

/// Why a run was killed: by the supervisor, or by the kernel in its group's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Killed {
    TimedOut,
    OutputLimit,
    /// All its processes together met the limit on memory.
    MemoryLimit,
    /// Others had need of the memory.
    MachineShort,
}

/// Whether the kernel killed the first process of `group` for want of memory.
fn short(group: &Group, status: i32) -> Result<Option<Killed>, ServerLost> {
    let signal = ExitStatus::from_raw(status).signal();
    if signal != Some(Signal::KILL.as_raw()) {
        return Ok(None);
    }
    Ok(group.shortage()?.map(|shortage| match shortage {
        Shortage::Own => Killed::MemoryLimit,
        Shortage::Outside => Killed::MachineShort,
    }))
}

#[derive(Clone, Copy, Debug)]
struct Dead {
    status: i32,
    cpu_us: u64,
    max_rss_bytes: u64,
}

/// One run in progress.
struct Watch<'a> {
    client: &'a Client,
    pidfd: OwnedFd,
    streams: [Option<std::fs::File>; 2],
    captures: [Capture; 2],
    limits: &'a Limits,
    deadline: Instant,
    killed: Option<Killed>,
}

impl Watch<'_> {
    /// Reads and waits until all of the run is dead and its pipes are at their end.
    fn follow(&mut self) -> Result<Dead, ServerLost> {
        let dead = loop {
            let deadline = match self.killed {
                None => self.deadline,
                Some(_) => self.deadline.max(Instant::now()) + KILL_GRACE,
            };
            let is_answer = self.wait(deadline)?;
            if is_answer {
                match self.client.event(deadline)? {
                    Some((
                        Event::Ended {
                            status,
                            cpu_us,
                            max_rss_bytes,
                        },
                        _,
                    )) => {
                        break Dead {
                            status,
                            cpu_us,
                            max_rss_bytes,
                        };
                    }
                    _ => return Err(ServerLost("the fork server talks nonsense".to_owned())),
                }
            }
            if self.killed.is_none() && Instant::now() >= self.deadline {
                // This program may have been stopped for a while: what ended by then was in time.
                if !self.client.has_event()? {
                    self.kill(Killed::TimedOut)?;
                }
            } else if self.killed.is_some() && Instant::now() >= deadline {
                return Err(ServerLost("a snippet could not be killed".to_owned()));
            }
        };
        self.drain()?;
        Ok(dead)
    }

    fn kill(&mut self, why: Killed) -> Result<(), ServerLost> {
        self.killed = Some(why);
        match pidfd_send_signal(&self.pidfd, Signal::KILL) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits for bytes or an event; whether there is an event.
    fn wait(&mut self, deadline: Instant) -> Result<bool, ServerLost> {
        let mut fds = vec![PollFd::new(&self.client.control, PollFlags::IN)];
        fds.extend(
            self.streams
                .iter()
                .flatten()
                .map(|stream| PollFd::new(stream, PollFlags::IN)),
        );
        poll_until(&mut fds, deadline)?;
        let is_answer = !fds[0].revents().is_empty();
        drop(fds);
        for stream in 0..2 {
            self.read(stream)?;
        }
        let written: u64 = self.captures.iter().map(|capture| capture.payload).sum();
        let raw: u64 = self.captures.iter().map(|capture| capture.raw).sum();
        let limit = self.limits.output_bytes;
        if self.killed.is_none() && (written > limit || raw > limit.saturating_mul(MARKS_FACTOR)) {
            self.kill(Killed::OutputLimit)?;
        }
        Ok(is_answer)
    }

    /// Reads what is there, up to one buffer; bytes beyond the limit are dropped.
    fn read(&mut self, index: usize) -> Result<(), ServerLost> {
        let Some(stream) = &mut self.streams[index] else {
            return Ok(());
        };
        let mut buffer = [0; READ_BYTES];
        match stream.read(&mut buffer) {
            Ok(0) => self.streams[index] = None,
            Ok(_) if self.killed == Some(Killed::OutputLimit) => {}
            Ok(count) => self.captures[index].feed(&buffer[..count]),
            Err(error) => match error.kind() {
                std::io::ErrorKind::WouldBlock | std::io::ErrorKind::Interrupted => {}
                _ => return Err(error.into()),
            },
        }
        Ok(())
    }

    /// Reads both pipes to their end, which the death of every writer has brought about.
    fn drain(&mut self) -> Result<(), ServerLost> {
        let deadline = Instant::now() + DRAIN;
        while self.streams.iter().any(Option::is_some) {
            let mut fds: Vec<PollFd<'_>> = self
                .streams
                .iter()
                .flatten()
                .map(|stream| PollFd::new(stream, PollFlags::IN))
                .collect();
            let ready = poll_until(&mut fds, deadline)?;
            drop(fds);
            for stream in 0..2 {
                self.read(stream)?;
            }
            if ready == 0 && Instant::now() >= deadline {
                return Err(ServerLost("a snippet outlived its end".to_owned()));
            }
        }
        Ok(())
    }
}

/// How a run ended, by the kernel's facts first and the snippet's own word last.
pub(super) fn assemble(decoded: Decoded, status: i32, killed: Option<Killed>) -> Observation {
    let mut observation = Observation::not_run();
    for record in decoded.records {
        match record {
            Record::Reached(line) => observation.reached.push(line),
            Record::Computed(computed) => observation.computed.push(computed),
            Record::Raised(raised) => observation.raised.push(raised),
            Record::ContextFailed(line, exception) => {
                observation.context_failure = Some(ContextFailure {
                    line: Some(line),
                    exception: Some(exception),
                });
            }
            Record::NotConfined(why) => observation.infrastructure_failure = Some(why),
            Record::End { .. } => {}
        }
    }
    let status = ExitStatus::from_raw(status);
    let end = decoded.end;
    observation.ending = match (killed, status.signal(), status.code()) {
        (Some(Killed::TimedOut), ..) => Ending::TimedOut,
        (Some(Killed::OutputLimit), ..) => Ending::OutputLimit,
        (Some(Killed::MemoryLimit), ..) => Ending::MemoryLimit,
        (Some(Killed::MachineShort), ..) => Ending::NotRun,
        (None, Some(signal), _) => Ending::Signalled { signal },
        (None, None, Some(NOT_CONFINED)) if observation.infrastructure_failure.is_some() => {
            Ending::NotRun
        }
        (None, None, code) => match end {
            Some(end) if code == Some(end.status & 0xff) => {
                observation.exception = end.exception;
                match end.kind {
                    EndKind::Finished if code == Some(0) => Ending::Finished,
                    EndKind::Finished => Ending::EarlyExit,
                    EndKind::Raised => Ending::Raised,
                    EndKind::Exited => Ending::Exited {
                        status: end.status,
                        is_early: end.is_early,
                    },
                    EndKind::MemoryLimit => Ending::MemoryLimit,
                    EndKind::ProcessLimit => Ending::ProcessLimit,
                }
            }
            _ => Ending::EarlyExit,
        },
    };
    observation
}

/// Whether the run was cut off before the snippet itself began.
fn has_died_in_context(observation: &Observation) -> bool {
    let is_cut_off = match observation.ending {
        Ending::Finished | Ending::Raised | Ending::Exited { .. } | Ending::NotRun => false,
        Ending::Signalled { .. }
        | Ending::TimedOut
        | Ending::MemoryLimit
        | Ending::OutputLimit
        | Ending::ProcessLimit
        | Ending::EarlyExit => true,
    };
    is_cut_off && observation.reached.is_empty()
}

/// Whether the process ended before anything of the block was run.
fn has_never_begun(observation: &Observation) -> bool {
    observation.ending == Ending::EarlyExit && observation.reached.is_empty()
}

/// Whether a process was one too many; of threads Python says it otherwise.
fn could_not_fork(observation: &Observation) -> bool {
    let exception = observation.exception.as_ref();
    observation.ending == Ending::ProcessLimit
        && exception.is_some_and(|exception| exception.type_name == "BlockingIOError")
}

/// Whether the exception at the end is about a file that `multiprocessing` makes in `/dev/shm`.
fn was_refused_shared_memory(observation: &Observation) -> bool {
    observation.exception.as_ref().is_some_and(|exception| {
        exception.type_name == "PermissionError"
            && ["'/dev/shm/", "'/psm_"]
                .iter()
                .any(|place| exception.message.contains(place))
    })
}

fn not_confined(why: String) -> Observation {
    Observation {
        infrastructure_failure: Some(why),
        ..Observation::not_run()
    }
}

/// A directory for one snippet; dropping it removes it.
struct Scratch {
    open: OwnedFd,
    folder: tempfile::TempDir,
}

impl Scratch {
    fn new() -> Result<Scratch, ServerLost> {
        let folder = sandbox::folder("snipcheck-")?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let open = rustix::fs::open(folder.path(), flags, rustix::fs::Mode::empty())?;
        Ok(Scratch { open, folder })
    }
}

/// The memory file that carries a job to the child and its report back.
struct Page {
    file: std::fs::File,
    len: usize,
    report_at: u64,
}

impl Page {
    fn new(job: &Job) -> Result<Page, ServerLost> {
        let request = serde_json::to_vec(job).map_err(|error| ServerLost(error.to_string()))?;
        let file = rustix::fs::memfd_create("job", MemfdFlags::CLOEXEC)?;
        let file = std::fs::File::from(file);
        let report_at = (PAGE_HEADER + request.len()).next_multiple_of(8);
        let len = report_at + REPORT_BYTES;
        file.set_len(len as u64)?;
        file.write_all_at(&(request.len() as u64).to_ne_bytes(), 0)?;
        file.write_all_at(&request, PAGE_HEADER as u64)?;
        Ok(Page {
            file,
            len,
            report_at: report_at as u64,
        })
    }

    fn report(&self) -> Result<Vec<u8>, ServerLost> {
        let mut word = [0; 8];
        self.file.read_exact_at(&mut word, 8)?;
        let len = usize::try_from(u64::from_ne_bytes(word)).unwrap_or(usize::MAX);
        let mut report = vec![0; len.min(REPORT_BYTES)];
        self.file.read_exact_at(&mut report, self.report_at)?;
        Ok(report)
    }
}

/// A pipe whose reading end never blocks.
fn pipe() -> Result<(std::fs::File, OwnedFd), ServerLost> {
    let (read, write) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
    rustix::fs::fcntl_setfl(&read, OFlags::NONBLOCK)?;
    Ok((std::fs::File::from(read), write))
}

fn poll_until(fds: &mut [PollFd<'_>], deadline: Instant) -> Result<usize, ServerLost> {
    let left = deadline.saturating_duration_since(Instant::now());
    let timeout = Timespec {
        tv_sec: left.as_secs() as i64,
        tv_nsec: i64::from(left.subsec_nanos()),
    };
    match poll(fds, Some(&timeout)) {
        Ok(count) => Ok(count),
        Err(rustix::io::Errno::INTR) => Ok(0),
        Err(error) => Err(error.into()),
    }
}

fn read_from_start(file: &std::fs::File) -> String {
    let mut text = vec![0; 16 * 1024];
    let count = file.read_at(&mut text, 0).unwrap_or(0);
    String::from_utf8_lossy(&text[..count]).into_owned()
}
