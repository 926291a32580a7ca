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
    /// Why there is no `/proc` (rung A).
    pub(super) no_proc: Option<String>,
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
        no_proc: None,
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
        Rung::APlus | Rung::A | Rung::B => probe(|| try_cells(most))?,
        _ => not_asked(),
    };
    match tried {
        Ok(answer) => {
            climb.rung = if answer == "proc" { Rung::A } else { Rung::B };
            climb.no_proc = match (climb.rung, most) {
                (Rung::A, _) => None,
                (_, Rung::A) => Some(refused_proc()),
                _ => Some(format!("not above rung {most} as asked")),
            };
            return Ok(climb);
        }
        Err(why) => climb.no_mounts = Some(with_remedy(&why)),
    }
    let tried = match most {
        Rung::APlus | Rung::A | Rung::B | Rung::C => probe(try_pit)?,
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

/// What on a machine refuses namespaces and mounts, as far as it shows.
#[derive(Debug, Default)]
struct Signs {
    /// Settings by which there are no namespaces of some kind, such as `user.max_user_namespaces`.
    used_up: Vec<String>,
    /// `kernel.unprivileged_userns_clone=0`, on Debian and its like.
    forbids_users: bool,
    /// `kernel.apparmor_restrict_unprivileged_userns=1`, on Ubuntu.
    restricts_users: bool,
    /// System calls were filtered before this program started.
    is_filtered: bool,
    /// The AppArmor profile that this program is under.
    profile: Option<String>,
}

impl Signs {
    fn read() -> Signs {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let status = read("/proc/self/status");
        let label = read("/proc/self/attr/apparmor/current");
        let profile = label.split_whitespace().next();
        let limits = ["user", "mnt", "pid", "net", "ipc", "uts", "cgroup"].into_iter();
        let used_up = limits
            .filter(|kind| read(&format!("/proc/sys/user/max_{kind}_namespaces")).trim() == "0");
        Signs {
            used_up: used_up
                .map(|kind| format!("user.max_{kind}_namespaces"))
                .collect(),
            forbids_users: read("/proc/sys/kernel/unprivileged_userns_clone").trim() == "0",
            restricts_users: read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").trim()
                == "1",
            is_filtered: status.lines().any(|line| line == "Seccomp:\t2"),
            profile: profile
                .filter(|profile| *profile != "unconfined")
                .map(str::to_owned),
        }
    }

    /// What to do about `why`.
    fn remedy(&self, why: &str) -> String {
        let is_permission = why.contains("os error 1)");
        let is_access = why.contains("os error 13)");
        if why.contains("os error 28)") {
            let used_up = self.used_up.first().map(String::as_str);
            let limit = used_up.unwrap_or("user.max_user_namespaces");
            return format!("; raise the limit: `sudo sysctl {limit}=10000`");
        }
        if !is_permission && !is_access {
            return String::new();
        }
        // Under a profile of its own the program is not among those that Ubuntu restricts.
        match &self.profile {
            _ if is_permission && self.is_filtered => {
                "; system calls are filtered, as in containers: `--security-opt \
                 seccomp=unconfined`, or run outside of it"
                    .to_owned()
            }
            Some(profile) if is_access => format!(
                "; the AppArmor profile `{profile}` refuses it; in a container: `--security-opt \
                 apparmor=unconfined`, or run outside of it"
            ),
            _ if self.forbids_users => "; this system forbids user namespaces: \
                 `sudo sysctl kernel.unprivileged_userns_clone=1` allows them"
                .to_owned(),
            _ if self.restricts_users => "; this system restricts user namespaces: \
                 `sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0` lifts that"
                .to_owned(),
            _ => "; in a container or a changed root, run outside of it".to_owned(),
        }
    }
}

/// The reason, and what to do about it.
fn with_remedy(why: &str) -> String {
    format!("{why}{}", Signs::read().remedy(why))
}

/// Why a cell could not mount a `/proc`, and what to do about it.
fn refused_proc() -> String {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let mut places = mounts.lines().filter_map(|line| line.split(' ').nth(4));
    let remedy = match places.any(|place| place.starts_with("/proc/")) {
        true => {
            ": parts of the one here are covered, as in containers: `--security-opt \
             systempaths=unconfined` (Podman: `unmask=ALL`) uncovers them"
        }
        false => "",
    };
    format!("the kernel refuses a fresh /proc{remedy}")
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
        wants_proc: most >= Rung::A,
        wants_loopback: false,
        readable: Vec::new(),
    };
    let maker = Maker::start(furniture).map_err(|error| error.to_string())?;
    maker.order().map_err(|error| error.to_string())?;
    let cell = maker.take().map_err(|error| error.to_string())?;
    let answer = if cell.has_proc { "proc" } else { "no-proc" };
    cell.end().map_err(|error| error.to_string())?;
    // As every snippet does: an unused user may be refused what root is not.
    let proc = user::own_proc().map_err(|error| format!("/proc/self: {error}"))?;
    let becomes = user::Become::in_own_tree().map_err(|error| error.to_string())?;
    if becomes == user::Become::Unused {
        user::become_unused().map_err(|error| format!("become an unused user: {error}"))?;
    }
    user::enter_own(&proc, false)?;
    Ok(answer.to_owned())
}

fn try_pit() -> Result<String, String> {
    let keeper = enter_pit()?;
    keeper.sweep().map_err(|error| error.to_string())?;
    Ok(String::new())
}

/// Moves this process into the namespaces of rungs A and B; as an ordinary user, or as root of a
/// container that lacks the privilege, with a user namespace first, in one call.
pub(super) fn enter_shared() -> Result<(), String> {
    if user::is_administrator() {
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

#[cfg(test)]
mod tests {
    use super::Signs;

    #[test]
    fn a_remedy_is_for_what_stands_in_the_way() {
        let none = Signs::default();
        let filtered = Signs {
            is_filtered: true,
            profile: Some("docker-default".to_owned()),
            restricts_users: true,
            ..Signs::default()
        };
        let unfiltered = Signs {
            profile: Some("docker-default".to_owned()),
            restricts_users: true,
            ..Signs::default()
        };
        let debian = Signs {
            forbids_users: true,
            ..Signs::default()
        };
        let ubuntu = Signs {
            restricts_users: true,
            ..Signs::default()
        };
        let no_mounts = Signs {
            used_up: vec!["user.max_mnt_namespaces".to_owned()],
            ..Signs::default()
        };
        let permission = "unshare: Operation not permitted (os error 1)";
        let access = "make mounts private: Permission denied (os error 13)";
        let full = "unshare: No space left on device (os error 28)";
        let other = "keeper: Cannot allocate memory (os error 12)";
        for (signs, why, word) in [
            (&filtered, permission, "seccomp=unconfined"),
            (&unfiltered, access, "apparmor=unconfined"),
            (&debian, permission, "kernel.unprivileged_userns_clone=1"),
            (
                &ubuntu,
                permission,
                "apparmor_restrict_unprivileged_userns=0",
            ),
            (&ubuntu, access, "apparmor_restrict_unprivileged_userns=0"),
            (&none, permission, "outside"),
            (&none, full, "user.max_user_namespaces=10000"),
            (&no_mounts, full, "user.max_mnt_namespaces=10000"),
        ] {
            let remedy = signs.remedy(why);
            assert!(remedy.contains(word), "{signs:?}: {why}{remedy}");
        }
        assert_eq!(none.remedy(other), "");
    }
}
