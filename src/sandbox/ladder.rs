//! Which rung this machine gives: tried in throw-away children, the strongest first.

use std::os::fd::AsFd;

use rustix::thread::UnshareFlags;

use super::cell::{Furniture, Maker};
use super::keeper::Keeper;
use super::layer::Rung;
use super::{channel, mounts, sys, user};

/// Namespaces that all snippets share; the fork server lives in them.
const SHARED: UnshareFlags = UnshareFlags::NEWNS
    .union(UnshareFlags::NEWNET)
    .union(UnshareFlags::NEWIPC)
    .union(UnshareFlags::NEWUTS)
    .union(UnshareFlags::NEWCGROUP);

/// Namespaces of rung C. They must come in one call: where a system restricts user namespaces
/// (Ubuntu 24.04), the first one is made and a second call is refused.
const PIT: UnshareFlags = UnshareFlags::NEWUSER
    .union(UnshareFlags::NEWPID)
    .union(UnshareFlags::NEWNET)
    .union(UnshareFlags::NEWIPC)
    .union(UnshareFlags::NEWUTS);

/// The oldest Landlock that holds files alone: before 3 a file could be truncated unseen.
const ALONE_ABI: i32 = 3;

/// The rung, and why not a better one: the first rung that each reason rules out, and the reason.
#[derive(Clone, Debug)]
pub(super) struct Climb {
    pub(super) rung: Rung,
    /// Why there are no mounts (rungs A and B).
    pub(super) no_mounts: Option<String>,
    /// Why there are no namespaces at all.
    pub(super) no_namespaces: Option<String>,
    /// Why Landlock alone does not do.
    pub(super) no_landlock: Option<String>,
}

/// Finds the strongest rung, no stronger than `most`.
pub(super) fn climb(most: Rung) -> Result<Climb, String> {
    let mut climb = Climb {
        rung: Rung::None,
        no_mounts: None,
        no_namespaces: None,
        no_landlock: None,
    };
    let not_asked = || Err(format!("not above rung {most} as asked"));
    let abi = sys::landlock_abi();
    if most == Rung::None {
        let why = "no sandbox, as asked".to_owned();
        climb.no_mounts = Some(why.clone());
        climb.no_namespaces = Some(why.clone());
        climb.no_landlock = Some(why);
        return Ok(climb);
    }
    if abi == 0 {
        climb.no_landlock = Some(NO_LANDLOCK.to_owned());
        return Ok(climb);
    }
    let tried = match most {
        Rung::A | Rung::B => probe(|| try_cells(most))?,
        _ => not_asked(),
    };
    match tried {
        Ok(answer) => {
            climb.rung = if answer == "proc" { Rung::A } else { Rung::B };
            return Ok(climb);
        }
        Err(why) => climb.no_mounts = Some(with_remedy(&why)),
    }
    let tried = match most {
        Rung::A | Rung::B | Rung::C => probe(try_pit)?,
        _ => not_asked(),
    };
    match tried {
        Ok(_) => climb.rung = Rung::C,
        Err(why) => climb.no_namespaces = Some(with_remedy(&why)),
    }
    if climb.rung == Rung::None {
        match abi {
            ALONE_ABI.. => climb.rung = Rung::D,
            _ => climb.no_landlock = Some(OLD_LANDLOCK.to_owned()),
        }
    } else if abi < ALONE_ABI {
        climb.rung = Rung::None;
        climb.no_landlock = Some(OLD_LANDLOCK.to_owned());
    }
    Ok(climb)
}

const NO_LANDLOCK: &str = "the kernel has no Landlock: it takes Linux 5.13 or later with \
                           `landlock` among its security modules (`lsm=` on its command line)";
const OLD_LANDLOCK: &str = "the kernel's Landlock is too old to hold files alone: without \
                            mounts it takes Linux 6.2";

/// The reason, and what to do about it.
fn with_remedy(why: &str) -> String {
    let restriction = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";
    let is_restricted = std::fs::read_to_string(restriction).is_ok_and(|text| text.trim() == "1");
    let remedy = if why.contains("os error 28") {
        "; raise the limit: `sudo sysctl user.max_user_namespaces=10000`"
    } else if is_restricted {
        "; this system restricts user namespaces: \
         `sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0` lifts that"
    } else if why.contains("os error 1)") || why.contains("os error 13)") {
        "; in a container: `--security-opt seccomp=unconfined`, or run outside of it"
    } else {
        ""
    };
    format!("{why}{remedy}")
}

/// Runs `attempt` in a child; its answer, or why it failed. The outer error is this process's own.
fn probe(
    attempt: impl FnOnce() -> Result<String, String>,
) -> Result<Result<String, String>, String> {
    let (ours, theirs) = channel::pair().map_err(|error| format!("socketpair: {error}"))?;
    match sys::fork().map_err(|error| format!("fork: {error}"))? {
        sys::Cloned::Parent(_) => {
            drop(theirs);
            let (message, _) =
                channel::receive(ours.as_fd()).map_err(|error| format!("probe: {error}"))?;
            let message = String::from_utf8_lossy(&message).into_owned();
            Ok(match message.split_once(' ') {
                Some(("ok", answer)) => Ok(answer.to_owned()),
                Some((_, why)) => Err(why.to_owned()),
                None => Err("the probe died".to_owned()),
            })
        }
        sys::Cloned::Child => {
            drop(ours);
            let answer = match attempt() {
                Ok(answer) => format!("ok {answer}"),
                Err(why) => format!("no {why}"),
            };
            let sent = channel::send(theirs.as_fd(), answer.as_bytes(), &[]);
            sys::quit(i32::from(sent.is_err()));
        }
    }
}

fn try_cells(most: Rung) -> Result<String, String> {
    enter_shared()?;
    mounts::pivot(&[]).map_err(|error| error.to_string())?;
    let furniture = Furniture {
        scratch_bytes: 1 << 20,
        wants_proc: most == Rung::A,
        wants_loopback: false,
        readable: Vec::new(),
    };
    let maker = Maker::start(furniture).map_err(|error| error.to_string())?;
    maker.order().map_err(|error| error.to_string())?;
    let cell = maker.take().map_err(|error| error.to_string())?;
    let answer = if cell.has_proc { "proc" } else { "no-proc" };
    cell.end().map_err(|error| error.to_string())?;
    let proc = user::own_proc().map_err(|error| format!("/proc/self: {error}"))?;
    user::enter_own(&proc)?;
    Ok(answer.to_owned())
}

fn try_pit() -> Result<String, String> {
    let keeper = enter_pit()?;
    keeper.sweep().map_err(|error| error.to_string())?;
    Ok(String::new())
}

/// Moves this process into the namespaces of rungs A and B; as an ordinary user with a user
/// namespace first, in one call.
pub(super) fn enter_shared() -> Result<(), String> {
    if rustix::process::geteuid().is_root() {
        return sys::unshare(SHARED).map_err(|error| format!("unshare: {error}"));
    }
    let ids = user::Ids::outside();
    sys::unshare(SHARED | UnshareFlags::NEWUSER).map_err(|error| format!("unshare: {error}"))?;
    ids.map_own().map_err(|error| format!("user map: {error}"))
}

/// Moves this process's children into the namespaces of rung C, and starts their keeper.
pub(super) fn enter_pit() -> Result<Keeper, String> {
    sys::unshare(PIT).map_err(|error| format!("unshare: {error}"))?;
    Keeper::start().map_err(|error| format!("keeper: {error}"))
}
