//! What the self-test reaches for: a file, sockets and a process of the supervisor's.
//!
//! The supervisor lays these out where any program of its user could reach them. A snippet must not.

use std::io;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::sys;

/// Where everything is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Targets {
    /// A file that everybody may read, in a directory that holds [`Targets::socket`] too.
    pub file: PathBuf,
    /// A directory that the snippet gets as its scratch directory where the sandbox gives none.
    pub scratch: PathBuf,
    /// A UNIX socket that listens.
    pub socket: PathBuf,
    /// A TCP port of 127.0.0.1 that listens; 0 where there is no loopback.
    pub tcp_port: u16,
    /// A UDP port of 127.0.0.1 that is bound; 0 where there is no loopback.
    pub udp_port: u16,
    /// The supervisor.
    pub pid: i32,
    /// The key of a message queue that nobody has; a snippet makes it.
    pub queue: i32,
}

/// The supervisor's end.
#[derive(Debug)]
pub struct Canary {
    targets: Targets,
    tcp: Option<TcpListener>,
    udp: Option<UdpSocket>,
    unix: UnixListener,
    _folder: TempDir,
}

impl Canary {
    /// Lays it out.
    pub fn lay_out() -> io::Result<Canary> {
        use std::os::unix::fs::PermissionsExt;
        let folder = super::folder("snipcheck-canary-")?;
        // Only the sandbox may stand in the way, not the file's mode.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))?;
        let file = folder.path().join("file");
        std::fs::write(&file, "canary")?;
        let socket = folder.path().join("socket");
        let unix = UnixListener::bind(&socket)?;
        std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o777))?;
        unix.set_nonblocking(true)?;
        let scratch = folder.path().join("scratch");
        std::fs::create_dir(&scratch)?;
        let tcp = TcpListener::bind("127.0.0.1:0").ok();
        let udp = UdpSocket::bind("127.0.0.1:0").ok();
        if let Some(tcp) = &tcp {
            tcp.set_nonblocking(true)?;
        }
        if let Some(udp) = &udp {
            udp.set_nonblocking(true)?;
        }
        let mut key = [0; 4];
        rustix::rand::getrandom(&mut key, rustix::rand::GetRandomFlags::empty())?;
        let port = |address: io::Result<std::net::SocketAddr>| address.map_or(0, |a| a.port());
        let targets = Targets {
            file,
            scratch,
            socket,
            tcp_port: tcp.as_ref().map_or(0, |tcp| port(tcp.local_addr())),
            udp_port: udp.as_ref().map_or(0, |udp| port(udp.local_addr())),
            pid: std::process::id() as i32,
            // Positive, and not IPC_PRIVATE.
            queue: i32::from_ne_bytes(key) & 0x7fff_ffff | 1,
        };
        Ok(Canary {
            targets,
            tcp,
            udp,
            unix,
            _folder: folder,
        })
    }

    /// What to reach for.
    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    /// What was reached: the names of the layers that should have been in the way.
    pub fn reached(&self) -> Vec<(&'static str, &'static str)> {
        let mut reached = Vec::new();
        if self.tcp.as_ref().is_some_and(|tcp| tcp.accept().is_ok()) {
            reached.push(("network-namespace", "a TCP connection got out"));
        }
        let mut byte = [0; 1];
        if self
            .udp
            .as_ref()
            .is_some_and(|udp| udp.recv(&mut byte).is_ok())
        {
            reached.push(("network-namespace", "a UDP packet got out"));
        }
        if self.unix.accept().is_ok() {
            reached.push(("seccomp", "a UNIX socket was connected to"));
        }
        if let Ok(id) = sys::message_queue(self.targets.queue) {
            reached.push(("ipc-namespace", "a message queue got out"));
            // Left behind it would stay for ever; where that fails, it is at least reported.
            if sys::remove_message_queue(id).is_err() {}
        }
        reached
    }
}
