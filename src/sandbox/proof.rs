//! The self-test: a child confined like any snippet tries what must not be possible.
//!
//! A layer counts as enforced only if every attempt against it failed, and in the way in which that
//! very layer refuses: an attempt that fails for another reason proves nothing.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;

use rustix::io::Errno;
use rustix::process::{Signal, WaitOptions};
use serde::{Deserialize, Serialize};

use super::canary::Targets;
use super::layer::{Confinement, Layer, LayerState, Rung};
use super::sys::{self, Cloned, Forbidden};
use super::{Ground, access, cgroup, limits, user};
use crate::policy::Limits;

/// The layers in the order in which they are applied, limits together, and from which rung on each
/// is there.
const LAYERS: [(&str, Rung); 15] = [
    ("no-new-privileges", Rung::None),
    ("user-namespace", Rung::B),
    ("mount-namespace", Rung::B),
    ("read-only-root", Rung::B),
    ("own-proc", Rung::A),
    ("pid-namespace", Rung::C),
    ("network-namespace", Rung::C),
    ("ipc-namespace", Rung::C),
    ("capabilities", Rung::D),
    ("landlock", Rung::D),
    ("descriptors", Rung::None),
    ("resource-limits", Rung::None),
    ("process-limit", Rung::None),
    (cgroup::LAYER, Rung::APlus),
    ("seccomp", Rung::D),
];

/// One attempt and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    layer: String,
    what: String,
    /// Whether it was refused as this layer refuses.
    is_refused: bool,
    /// What the kernel said.
    said: String,
}

/// Attempts, collected.
#[derive(Debug, Default)]
struct Attempts(Vec<Attempt>);

impl Attempts {
    /// Takes down the outcome of trying `what`, which `layer` refuses with one of `expected`.
    fn add<T>(&mut self, layer: &str, what: &str, expected: &[Errno], outcome: io::Result<T>) {
        let (is_refused, said) = match outcome {
            Ok(_) => (false, "it succeeded".to_owned()),
            Err(error) => {
                let number = error.raw_os_error();
                let is_expected = expected.iter().any(|e| Some(e.raw_os_error()) == number);
                (is_expected, error.to_string())
            }
        };
        self.0.push(Attempt {
            layer: layer.to_owned(),
            what: what.to_owned(),
            is_refused,
            said,
        });
    }

    /// Takes down a fact that must be so.
    fn fact(&mut self, layer: &str, what: &str, is_so: bool) {
        self.0.push(Attempt {
            layer: layer.to_owned(),
            what: what.to_owned(),
            is_refused: is_so,
            said: "it is otherwise".to_owned(),
        });
    }
}

/// Tries everything; runs in a confined child, in its scratch directory, where `is_grouped` in a group
/// with room for few processes.
pub fn attempt_all(
    ground: &Ground,
    targets: &Targets,
    limits: &Limits,
    is_grouped: bool,
) -> Vec<Attempt> {
    let rung = ground.rung();
    let mut attempts = Attempts::default();
    privileges(&mut attempts);
    if is_grouped {
        crowd(&mut attempts);
    }
    resources(&mut attempts, limits);
    if rung == Rung::None {
        return attempts.0;
    }
    files(&mut attempts, rung, targets);
    processes(&mut attempts, rung, targets);
    network(&mut attempts, ground, targets);
    kernel(&mut attempts, rung, targets);
    attempts.0
}

fn privileges(attempts: &mut Attempts) {
    let has_none_new = rustix::thread::no_new_privs().unwrap_or(false);
    attempts.fact("no-new-privileges", "the flag is set", has_none_new);
    let sets = rustix::thread::capabilities(None);
    let is_empty = sets.is_ok_and(|sets| {
        sets.effective.is_empty() && sets.permitted.is_empty() && sets.inheritable.is_empty()
    });
    attempts.fact("capabilities", "there are none", is_empty);
    let open = (3..=limits::OPEN_FILES as i32).any(sys::is_open);
    attempts.fact("descriptors", "0, 1 and 2 alone are open", !open);
}

fn resources(attempts: &mut Attempts, limits: &Limits) {
    const LAYER: &str = "resource-limits";
    let mut large: Vec<u8> = Vec::new();
    let wanted = usize::try_from(limits.memory_bytes).unwrap_or(usize::MAX / 2);
    let is_too_large = large
        .try_reserve_exact(wanted.saturating_add(1 << 30))
        .is_err();
    attempts.fact(LAYER, "more memory is refused", is_too_large);
    let file = std::fs::File::create("large");
    let grown = file.and_then(|file| file.set_len(limits.scratch_bytes.saturating_add(1)));
    attempts.add(LAYER, "write a larger file", &[Errno::FBIG], grown);
    let high = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), limits::OPEN_FILES as i32);
    attempts.add(
        LAYER,
        "open more files",
        &[Errno::INVAL],
        high.map_err(io::Error::from),
    );
}

fn files(attempts: &mut Attempts, rung: Rung, targets: &Targets) {
    let beside = targets.file.with_extension("made");
    let (layer, expected) = match rung.has_mounts() {
        true => ("mount-namespace", Errno::NOENT),
        false => ("landlock", Errno::ACCESS),
    };
    attempts.add(
        layer,
        "read a file outside",
        &[expected],
        std::fs::read(&targets.file),
    );
    attempts.add(
        layer,
        "make a file outside",
        &[expected],
        std::fs::write(beside, ""),
    );
    let tree = std::fs::write("/snipcheck-canary", "");
    if rung.has_mounts() {
        attempts.add(
            "read-only-root",
            "make a file in the root",
            &[Errno::ROFS],
            tree,
        );
    }
    if rung.has_mounts() {
        // Writable by its mode and its mount.
        let zero = std::fs::OpenOptions::new().write(true).open("/dev/zero");
        attempts.add("landlock", "write to a device", &[Errno::ACCESS], zero);
    }
    if rung == Rung::A {
        let comm = std::fs::OpenOptions::new()
            .write(true)
            .open("/proc/self/comm");
        attempts.add("landlock", "write to /proc", &[Errno::ACCESS], comm);
        let is_second = std::fs::read_link("/proc/self").is_ok_and(|link| link == Path::new("2"));
        attempts.fact("own-proc", "it shows this process as the second", is_second);
    }
}

fn processes(attempts: &mut Attempts, rung: Rung, targets: &Targets) {
    let signal = sys::attempt(Forbidden::Signal(targets.pid));
    if rung.has_namespaces() {
        // A supervisor that is process 1 or 2 of a container has a namesake in here.
        let expected: &[Errno] = match targets.pid {
            ..=2 => &[Errno::SRCH, Errno::PERM],
            _ => &[Errno::SRCH],
        };
        attempts.add("pid-namespace", "find the supervisor", expected, signal);
    } else {
        attempts.add("seccomp", "find the supervisor", &[Errno::PERM], signal);
        attempts.add("seccomp", "fork", &[Errno::AGAIN], fork());
    }
    if rung.has_mounts() {
        let is_seen = rustix::process::getuid().as_raw() == user::SEEN_UID;
        attempts.fact("user-namespace", "the user is one of its own", is_seen);
    }
    if rung.has_namespaces() {
        let lowered = limits::set(rustix::process::Resource::Nproc, 0, 0);
        let forked = match lowered {
            Ok(()) => fork(),
            Err(_) => Ok(()),
        };
        attempts.add("process-limit", "fork beyond it", &[Errno::AGAIN], forked);
    }
}

/// Starts more processes than the group may hold, and far fewer than the process limit lets pass.
fn crowd(attempts: &mut Attempts) {
    // Dead ones count until they are waited for.
    let crowded = (0..=cgroup::TRIAL.tasks).try_for_each(|_| fork());
    while rustix::process::wait(WaitOptions::empty()).is_ok() {}
    let what = "fork beyond the limit of its group";
    attempts.add(cgroup::LAYER, what, &[Errno::AGAIN], crowded);
}

/// Takes more memory than the group of the self-test may have, though less than the process's own
/// limit lets pass; runs in a confined child that the kernel is to kill.
pub fn overtake() {
    limits::relax_memory();
    let len = 2 * cgroup::TRIAL.memory_bytes as usize;
    let mut taken: Vec<u8> = Vec::new();
    if taken.try_reserve_exact(len).is_ok() {
        taken.resize(len, 1);
    }
    std::hint::black_box(&taken);
}

/// What came of [`overtake`], by how its process ended.
pub fn overtaken(status: ExitStatus) -> Attempt {
    Attempt {
        layer: cgroup::LAYER.to_owned(),
        what: "take more memory than its group may".to_owned(),
        is_refused: status.signal() == Some(Signal::KILL.as_raw()),
        said: format!("it ended with {status}"),
    }
}

fn fork() -> io::Result<()> {
    match sys::fork()? {
        Cloned::Child => sys::quit(0),
        Cloned::Parent(_) => Ok(()),
    }
}

fn network(attempts: &mut Attempts, ground: &Ground, targets: &Targets) {
    let (rung, abi) = (ground.rung(), ground.landlock_abi);
    let address = |port| SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
    let unix = UnixStream::connect(&targets.socket).map(drop);
    let udp = UdpSocket::bind("0.0.0.0:0")
        .and_then(|socket| socket.send_to(b"canary", address(targets.udp_port)));
    let tcp = TcpStream::connect(address(targets.tcp_port)).map(drop);
    if !rung.has_namespaces() {
        attempts.add("seccomp", "connect to a UNIX socket", &[Errno::PERM], unix);
        attempts.add("seccomp", "send a UDP packet", &[Errno::NETUNREACH], udp);
        attempts.add("seccomp", "connect by TCP", &[Errno::NETUNREACH], tcp);
        return;
    }
    let (layer, expected) = match rung.has_mounts() && !ground.shows_more {
        true => ("mount-namespace", Errno::NOENT),
        false => ("seccomp", Errno::PERM),
    };
    attempts.add(layer, "connect to a UNIX socket", &[expected], unix);
    if ground.has_loopback {
        own_loopback(attempts, tcp);
    } else {
        no_loopback(attempts, abi, udp, tcp);
    }
    if abi >= 6 {
        let first = sys::attempt(Forbidden::Signal(1));
        attempts.add(
            "landlock",
            "signal the namespace's first process",
            &[Errno::PERM],
            first,
        );
    }
}

/// The interface is there, and neither the machine's nor a way out.
fn own_loopback(attempts: &mut Attempts, tcp: io::Result<()>) {
    const LAYER: &str = "network-namespace";
    attempts.add(LAYER, "connect by TCP", &[Errno::CONNREFUSED], tcp);
    // An address that documents use and nobody has (RFC 5737).
    let out = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 9);
    let udp = UdpSocket::bind("0.0.0.0:0").and_then(|socket| socket.send_to(b"canary", out));
    attempts.add(LAYER, "send a UDP packet out", &[Errno::NETUNREACH], udp);
}

fn no_loopback(attempts: &mut Attempts, abi: i32, udp: io::Result<usize>, tcp: io::Result<()>) {
    attempts.add(
        "network-namespace",
        "send a UDP packet",
        &[Errno::NETUNREACH],
        udp,
    );
    if abi >= 4 {
        attempts.add("landlock", "connect by TCP", &[Errno::ACCESS], tcp);
        let bound = TcpListener::bind("0.0.0.0:0");
        attempts.add("landlock", "bind a TCP port", &[Errno::ACCESS], bound);
    } else {
        attempts.add(
            "network-namespace",
            "connect by TCP",
            &[Errno::NETUNREACH],
            tcp,
        );
    }
}

fn kernel(attempts: &mut Attempts, rung: Rung, targets: &Targets) {
    for (what, call, expected) in [
        ("a user namespace", Forbidden::Unshare, Errno::PERM),
        ("be traced", Forbidden::Trace, Errno::PERM),
        ("use a keyring", Forbidden::Keyring, Errno::PERM),
        (
            "change the personality",
            Forbidden::Personality,
            Errno::PERM,
        ),
        ("io_uring", Forbidden::Ring, Errno::PERM),
        ("bpf", Forbidden::Bpf, Errno::PERM),
        ("clone3", Forbidden::Clone3, Errno::NOSYS),
        ("an unknown call", Forbidden::Nothing, Errno::NOSYS),
    ] {
        attempts.add("seccomp", what, &[expected], sys::attempt(call));
    }
    let queue = sys::attempt(Forbidden::Queue(targets.queue));
    if rung.has_mounts() {
        // Allowed inside; the supervisor looks whether it came out.
        attempts.fact(
            "ipc-namespace",
            "a message queue can be made inside",
            queue.is_ok(),
        );
    } else {
        attempts.add("seccomp", "make a message queue", &[Errno::PERM], queue);
    }
}

impl Ground {
    /// What confines the snippets, by what the self-test found; without any attempt nothing but the
    /// rung means something.
    pub fn confinement(&self, attempts: &[Attempt]) -> Confinement {
        let layers: Vec<Layer> = LAYERS
            .into_iter()
            .map(|(name, since)| self.layer(name, since, attempts))
            .collect();
        Confinement {
            rung: self.rung().name().to_owned(),
            layers,
        }
    }

    fn layer(&self, name: &str, since: Rung, attempts: &[Attempt]) -> Layer {
        let layer = |state, detail| Layer {
            name: name.to_owned(),
            state,
            detail,
        };
        let mine: Vec<&Attempt> = attempts
            .iter()
            .filter(|attempt| attempt.layer == name)
            .collect();
        // A group is no part of the ground; where there is one, it was tried.
        let is_there = self.rung() >= since || (since == Rung::APlus && !mine.is_empty());
        if !is_there {
            return layer(LayerState::Absent, self.why_absent(since));
        }
        let failed: Vec<&&Attempt> = mine.iter().filter(|attempt| !attempt.is_refused).collect();
        if failed.is_empty() {
            return self.intact(name, layer);
        }
        let told: Vec<String> = failed
            .iter()
            .map(|attempt| format!("{}: {}", attempt.what, attempt.said))
            .collect();
        let state = match failed.len() == mine.len() {
            true => LayerState::Absent,
            false => LayerState::Degraded,
        };
        layer(state, Some(told.join("; ")))
    }

    fn intact(&self, name: &str, layer: impl FnOnce(LayerState, Option<String>) -> Layer) -> Layer {
        match (name, self.rung()) {
            ("landlock", _) => {
                let missing = access::missing(self.landlock_abi);
                let abi = format!("ABI {}", self.landlock_abi);
                match missing.is_empty() {
                    true => layer(LayerState::Enforced, Some(abi)),
                    false => {
                        let detail = format!("{abi}, without {}", missing.join(", "));
                        layer(LayerState::Degraded, Some(detail))
                    }
                }
            }
            ("process-limit", Rung::None) => {
                let why = "counted together with the user's other processes, and not for root";
                layer(LayerState::Degraded, Some(why.to_owned()))
            }
            ("process-limit", Rung::D) => {
                layer(LayerState::Enforced, Some("threads only".to_owned()))
            }
            _ => layer(LayerState::Enforced, None),
        }
    }

    fn why_absent(&self, since: Rung) -> Option<String> {
        let climb = &self.climb;
        let own = match since {
            // The supervisor knows.
            Rung::APlus => return None,
            Rung::A if self.rung() == Rung::B => &climb.no_proc,
            Rung::A | Rung::B => &climb.no_mounts,
            Rung::C => &climb.no_namespaces,
            Rung::D | Rung::None => &climb.no_landlock,
        };
        own.clone().or_else(|| climb.no_landlock.clone())
    }
}

impl Layer {
    /// The weakest rung that has it.
    pub(super) fn since(&self) -> Rung {
        let mut known = LAYERS.iter().filter(|(name, _)| *name == self.name);
        known.next().map_or(Rung::None, |(_, since)| *since)
    }
}

impl Confinement {
    /// Takes a layer down that was found open from outside.
    pub fn breached(&mut self, name: &str, how: &str) {
        for layer in &mut self.layers {
            if layer.name == name {
                layer.state = LayerState::Absent;
                layer.detail = Some(how.to_owned());
            }
        }
    }

    /// Whether each layer that its rung stands on holds, at least in part; otherwise the first
    /// that does not.
    pub fn weakest(&self) -> Option<&Layer> {
        let rung = self.rung();
        let is_needed = |layer: &&Layer| {
            let since = layer.since();
            since <= rung && since > Rung::None
        };
        let mut needed = self.layers.iter().filter(is_needed);
        needed.find(|layer| layer.state == LayerState::Absent)
    }
}
