//! Which control group this process is in, and whether it was delegated: given away by whoever
//! manages the groups, for its processes to divide (cgroups(7), "Delegation").
//!
//! Nothing is changed here. Out comes a [`Place`], or a sentence that says why not.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The controllers that limits take.
pub(super) const CONTROLLERS: [&str; 2] = ["memory", "pids"];

/// What systemd writes on a group that it has delegated; the second one only root can read.
const MARKS: [&str; 2] = ["user.delegate", "trusted.delegate"];

/// Where the group of this process is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Where its hierarchy is mounted.
    pub(super) mount: PathBuf,
    /// Its directory.
    pub(super) group: PathBuf,
}

/// Finds the group of this process.
pub(super) fn place() -> Result<Place, String> {
    let read = |path: &str| fs::read_to_string(path).map_err(|error| format!("{path}: {error}"));
    place_in(&read("/proc/self/cgroup")?, &read("/proc/self/mountinfo")?)
}

/// Finds the group in what `/proc/self/cgroup` and `/proc/self/mountinfo` say (cgroups(7),
/// proc_pid_mountinfo(5)).
fn place_in(groups: &str, mounts: &str) -> Result<Place, String> {
    let own = groups.lines().find_map(|line| line.strip_prefix("0::"));
    let own = Path::new(own.ok_or("the kernel has no cgroup v2")?);
    let mut has_first_version = false;
    let mut found = None;
    for line in mounts.lines() {
        let (Some((_, file_system)), Some(root), Some(point)) = (
            line.split_once(" - "),
            line.split(' ').nth(3),
            line.split(' ').nth(4),
        ) else {
            continue;
        };
        let mut words = file_system.split(' ');
        match words.next() {
            Some("cgroup") => {
                let mut options = words.nth(1).unwrap_or_default().split(',');
                has_first_version |= options.any(|option| CONTROLLERS.contains(&option));
            }
            // What is mounted may begin below or beside the group of this process.
            Some("cgroup2") if found.is_none() => {
                let below = own.strip_prefix(unescaped(root)).ok();
                found = below.map(|below| {
                    let mount = PathBuf::from(unescaped(point));
                    let group = match below.as_os_str().is_empty() {
                        true => mount.clone(),
                        false => mount.join(below),
                    };
                    Place { mount, group }
                });
            }
            _ => {}
        }
    }
    if has_first_version {
        let why = "memory and processes are counted by cgroup v1 here; boot with \
                   `systemd.unified_cgroup_hierarchy=1`";
        return Err(why.to_owned());
    }
    found.ok_or("cgroup v2 is not mounted where this process is".to_owned())
}

/// Space, tab, line end and backslash stand as octal numbers in `mountinfo`.
fn unescaped(text: &str) -> String {
    [
        ("\\040", " "),
        ("\\011", "\t"),
        ("\\012", "\n"),
        ("\\134", "\\"),
    ]
    .into_iter()
    .fold(text.to_owned(), |text, (code, sign)| {
        text.replace(code, sign)
    })
}

/// Whether `group` can give limits to those below it.
pub(super) fn has_controllers(group: &Path) -> Result<(), String> {
    // The root of all groups has no type, and no limits.
    if !group.join("cgroup.type").exists() {
        return Err("this process is in the machine's root cgroup".to_owned());
    }
    let given = fs::read_to_string(group.join("cgroup.controllers")).unwrap_or_default();
    match hold_all(&given) {
        true => Ok(()),
        false => Err("the cgroup of this process has no memory and pids controllers".to_owned()),
    }
}

/// Whether all controllers that it takes are among those `given`.
pub(super) fn hold_all(given: &str) -> bool {
    let mut needed = CONTROLLERS.iter();
    needed.all(|name| given.split_whitespace().any(|given| given == *name))
}

/// Whether `group` may be divided by whoever is in it. Where systemd manages the groups, it must have
/// delegated the nearest of its units at or above the group: what systemd keeps to itself is nobody
/// else's to write to (systemd's `CGROUP_DELEGATION`, "single-writer rule").
pub(super) fn is_given_away(mount: &Path, group: &Path) -> bool {
    let above = group
        .ancestors()
        .take_while(|path| path.starts_with(mount))
        .collect::<Vec<_>>();
    let Some(unit) = above.iter().position(|path| is_unit(path)) else {
        return true;
    };
    let (unit, above) = (above[unit], &above[unit + 1..]);
    let is_marked = MARKS.iter().any(|mark| {
        let mut value = [0; 1];
        let got = rustix::fs::getxattr(unit, *mark, &mut value[..]);
        got == Ok(1) && value == *b"1"
    });
    if is_marked || rustix::process::geteuid().is_root() {
        return is_marked;
    }
    match above.iter().any(|path| is_users_manager(path)) {
        // Everything there is the user's, and before version 253 nothing is marked.
        true => is_delegated_by_users_manager(unit),
        // The system's manager gives a group to a user only in order to delegate it.
        false => {
            let owner = fs::metadata(unit).map(|metadata| metadata.uid());
            owner.is_ok_and(|owner| owner == rustix::process::geteuid().as_raw())
        }
    }
}

/// Whether it is the unit of a user's own systemd.
fn is_users_manager(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("user@") && name.ends_with(".service")
}

fn is_delegated_by_users_manager(unit: &Path) -> bool {
    let asked = Command::new("systemctl")
        .args(["--user", "show", "--property=Delegate", "--value", "--"])
        .arg(unit.file_name().unwrap_or_default())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    asked.is_ok_and(|told| told.status.success() && told.stdout == b"yes\n")
}

/// Whether systemd has named it.
fn is_unit(path: &Path) -> bool {
    let kind = path.extension().unwrap_or_default();
    ["scope", "service", "slice", "socket", "mount", "swap"]
        .map(AsRef::as_ref)
        .contains(&kind)
}

/// The processes of a group; 0 for one that cannot be seen from here.
pub(super) fn processes(group: &Path) -> io::Result<Vec<u32>> {
    let text = fs::read_to_string(group.join("cgroup.procs"))?;
    Ok(text.lines().filter_map(|line| line.parse().ok()).collect())
}

/// Whether it runs this very program.
fn is_same_program(pid: u32) -> bool {
    let program = |process: String| fs::read_link(format!("/proc/{process}/exe")).ok();
    let other = program(pid.to_string());
    other.is_some() && other == program("self".to_owned())
}

/// The processes in `group` besides this one: of this program alone, which go to their own place soon.
pub(super) fn strangers(group: &Path) -> Result<Vec<u32>, String> {
    let own = std::process::id();
    let all = processes(group).map_err(|error| format!("{}: {error}", group.display()))?;
    let others: Vec<u32> = all.into_iter().filter(|pid| *pid != own).collect();
    match others.iter().find(|pid| !is_same_program(**pid)) {
        None => Ok(others),
        Some(pid) => {
            let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            let name = name.trim();
            Err(format!(
                "the cgroup of this process holds others too, such as `{name}`"
            ))
        }
    }
}

/// The reason, and what to do about it.
pub(super) fn with_remedy(why: String) -> String {
    if !Path::new("/run/systemd/system").exists() {
        return why;
    }
    let user = match rustix::process::geteuid().is_root() {
        true => "",
        false => "--user ",
    };
    format!("{why}; run it as `systemd-run {user}--scope -p Delegate=yes snipcheck …`")
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIFIED: &str = "\
24 1 0:22 / /proc rw - proc proc rw
30 25 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate
";

    fn group(groups: &str, mounts: &str) -> Result<String, String> {
        place_in(groups, mounts).map(|place| place.group.display().to_string())
    }

    #[test]
    fn the_own_group_is_found() {
        let own = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-r1.scope\n";
        let found =
            "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/run-r1.scope";
        assert_eq!(group(own, UNIFIED).as_deref(), Ok(found));
        assert_eq!(group("0::/\n", UNIFIED).as_deref(), Ok("/sys/fs/cgroup"));
        // In a container that sees its part of the machine's hierarchy, with a space in its name.
        let part = "30 25 0:26 /box\\0401 /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
        let found = group("0::/box 1/inner\n", part);
        assert_eq!(found.as_deref(), Ok("/sys/fs/cgroup/inner"));
        // Beside what is mounted there is nothing to be reached.
        let beside = group("0::/other\n", part).unwrap_err();
        assert!(beside.contains("not mounted"), "{beside}");
    }

    #[test]
    fn both_versions_side_by_side_are_told_apart() {
        let own = "4:memory:/jobs/1\n1:name=systemd:/\n0::/jobs/1\n";
        let unified = "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
        let named = "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n";
        let memory = "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";
        let found = group(own, &format!("{named}{unified}"));
        assert_eq!(found.as_deref(), Ok("/sys/fs/cgroup/unified/jobs/1"));
        let first = group(own, &format!("{named}{memory}{unified}")).unwrap_err();
        assert!(first.contains("cgroup v1"), "{first}");
        let none = group("4:memory:/jobs/1\n", memory).unwrap_err();
        assert!(none.contains("no cgroup v2"), "{none}");
        assert!(group("0::/\n", "nonsense\n\n - cgroup2").is_err());
    }

    #[test]
    fn units_are_known_by_their_names() {
        let is_unit = |path| is_unit(Path::new(path));
        assert!(is_unit("/sys/fs/cgroup/system.slice/run-r2.scope"));
        assert!(is_unit("/sys/fs/cgroup/user@1000.service"));
        assert!(!is_unit("/sys/fs/cgroup/jobs/harness"));
        assert!(!is_unit("/sys/fs/cgroup"));
        // Nobody has named them, so they belong to whoever may write to them.
        assert!(is_given_away(
            Path::new("/nowhere"),
            Path::new("/nowhere/jobs/1")
        ));
        assert!(!is_given_away(
            Path::new("/nowhere"),
            Path::new("/nowhere/a.scope/1")
        ));
    }
}
