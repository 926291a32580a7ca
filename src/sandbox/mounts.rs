//! What a snippet sees of the file system: a read-only tree of the interpreter, its packages and
//! the system's libraries, and memory file systems of its own on `/tmp` and `/dev/shm`.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::mount::{
    MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags, mount,
    mount_bind_recursive, mount_change, move_mount, open_tree, unmount,
};

use super::cell::Furniture;
use super::sys;

/// The snippet's working directory.
pub const WORK: &str = "/tmp/snippet";

/// Directories of the system that hold public programs and libraries.
const SYSTEM: [&str; 7] = [
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32",
];
/// Files that programs and the dynamic loader read; none is private to a user.
const ETC: [&str; 6] = [
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/alternatives",
];
const DEVICES: [&str; 5] = ["null", "zero", "full", "random", "urandom"];
const PASSWD: &str =
    "root:x:0:0:root:/:/bin/false\nuser:x:1000:1000:user:/tmp/snippet:/bin/false\n";
const GROUP: &str = "root:x:0:\nuser:x:1000:\n";
const HOSTS: &str = "127.0.0.1 localhost\n::1 localhost\n";

const READ_ONLY: u64 = 1; // MOUNT_ATTR_RDONLY
const NO_SUID: u64 = 2; // MOUNT_ATTR_NOSUID
const NO_DEVICES: u64 = 4; // MOUNT_ATTR_NODEV

/// Where public programs and libraries lie, and the files that they read.
pub(super) fn public_paths() -> impl Iterator<Item = &'static Path> {
    SYSTEM.iter().chain(&ETC).map(Path::new)
}

/// A step of building the tree that failed: what, and the operating system's word.
#[derive(Debug)]
pub struct MountError {
    step: String,
    cause: io::Error,
}

impl std::fmt::Display for MountError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.step, self.cause)
    }
}

impl std::error::Error for MountError {}

trait Step<T> {
    fn step(self, step: impl FnOnce() -> String) -> Result<T, MountError>;
}

impl<T, E: Into<io::Error>> Step<T> for Result<T, E> {
    fn step(self, step: impl FnOnce() -> String) -> Result<T, MountError> {
        self.map_err(|cause| MountError {
            step: step(),
            cause: cause.into(),
        })
    }
}

/// Replaces the root of this mount namespace by the read-only tree; `paths` are the interpreter's.
///
/// The old root is first moved aside below a memory file system, so that nothing that is to be
/// shown can be hidden by the mount point used on the way.
pub fn pivot(paths: &[PathBuf]) -> Result<(), MountError> {
    mount_change(
        "/",
        MountPropagationFlags::PRIVATE | MountPropagationFlags::REC,
    )
    .step(|| "make mounts private".to_owned())?;
    let none: Option<&CStr> = None;
    mount("tmpfs", "/tmp", "tmpfs", MountFlags::NOSUID, none)
        .step(|| "mount a tmpfs".to_owned())?;
    rustix::process::chdir("/tmp").step(|| "chdir".to_owned())?;
    make_dir(Path::new("old"))?;
    make_dir(Path::new("new"))?;
    rustix::process::pivot_root(".", "old").step(|| "pivot_root".to_owned())?;
    rustix::process::chdir("/").step(|| "chdir".to_owned())?;
    mount(
        "tmpfs",
        "/new",
        "tmpfs",
        MountFlags::NOSUID,
        Some(c"mode=755"),
    )
    .step(|| "mount the new root".to_owned())?;
    fill(paths)?;
    rustix::process::chdir("/new").step(|| "chdir".to_owned())?;
    rustix::process::pivot_root(".", ".").step(|| "pivot_root".to_owned())?;
    unmount(".", UnmountFlags::DETACH).step(|| "detach the old root".to_owned())?;
    rustix::process::chdir("/").step(|| "chdir".to_owned())?;
    // Alone: what is bound below is restricted already, and the fork server writes to its /proc.
    sys::restrict_mount(c"/", READ_ONLY | NO_SUID).step(|| "make the root read-only".to_owned())
}

/// Builds the tree under `/new` out of what lies under `/old`.
fn fill(paths: &[PathBuf]) -> Result<(), MountError> {
    let mut shown: Vec<PathBuf> = Vec::new();
    for path in public_paths() {
        show(path, &mut shown)?;
    }
    for path in paths {
        show(path, &mut shown)?;
    }
    for (name, text) in [("passwd", PASSWD), ("group", GROUP), ("hosts", HOSTS)] {
        let path = Path::new("/new/etc").join(name);
        make_parents(&path)?;
        std::fs::write(&path, text).step(|| format!("write {name}"))?;
    }
    for name in DEVICES {
        let device = Path::new("/dev").join(name);
        bind(&device, READ_ONLY | NO_SUID)?;
    }
    for (link, target) in [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
    ] {
        let link = Path::new("/new/dev").join(link);
        rustix::fs::symlink(target, &link).step(|| format!("link {}", link.display()))?;
    }
    for directory in ["/new/dev/shm", "/new/tmp", "/new/proc"] {
        make_dir(Path::new(directory))?;
    }
    // Cells may mount a process file system of their own only while a full one is in sight; they
    // mount it over this one, which nobody can reach or uncover then (mount_namespaces(7)).
    mount_bind_recursive("/old/proc", "/new/proc").step(|| "bind /proc".to_owned())
}

/// Makes `path` visible at its own place, unless something already shown holds it.
fn show(path: &Path, shown: &mut Vec<PathBuf>) -> Result<(), MountError> {
    if !path.is_absolute() || path == Path::new("/") || shown.iter().any(|p| path.starts_with(p)) {
        return Ok(());
    }
    let old = under("/old", path);
    let Ok(metadata) = std::fs::symlink_metadata(&old) else {
        return Ok(());
    };
    if metadata.is_symlink() {
        let target = std::fs::read_link(&old).step(|| format!("read {}", path.display()))?;
        let link = under("/new", path);
        make_parents(&link)?;
        if std::fs::symlink_metadata(&link).is_err() {
            rustix::fs::symlink(&target, &link).step(|| format!("link {}", path.display()))?;
        }
        let parent = path.parent().unwrap_or(Path::new("/"));
        return show(&normal(&parent.join(target)), shown);
    }
    bind(path, READ_ONLY | NO_SUID | NO_DEVICES)?;
    shown.push(path.to_owned());
    Ok(())
}

/// Binds `/old` + `path` on `/new` + `path`.
fn bind(path: &Path, attributes: u64) -> Result<(), MountError> {
    let old = under("/old", path);
    let new = under("/new", path);
    let Ok(metadata) = std::fs::metadata(&old) else {
        return Ok(());
    };
    make_parents(&new)?;
    if metadata.is_dir() {
        make_dir(&new)?;
    } else {
        rustix::fs::open(
            &new,
            OFlags::CREATE | OFlags::WRONLY | OFlags::CLOEXEC,
            Mode::from_raw_mode(0o644),
        )
        .step(|| format!("create {}", path.display()))?;
    }
    mount_bind_recursive(&old, &new).step(|| format!("bind {}", path.display()))?;
    if attributes != 0 {
        let target = CString::new(new.as_os_str().as_bytes()).unwrap_or_default();
        sys::restrict_mounts(&target, attributes)
            .step(|| format!("restrict {}", path.display()))?;
    }
    Ok(())
}

fn under(root: &str, path: &Path) -> PathBuf {
    Path::new(root).join(path.strip_prefix("/").unwrap_or(path))
}

/// The path without `.` and `..`, which are taken by name.
fn normal(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                parts.pop();
            }
            std::path::Component::CurDir => {}
            part => parts.push(part),
        }
    }
    parts
}

fn make_parents(path: &Path) -> Result<(), MountError> {
    match path.parent() {
        Some(parent) => {
            std::fs::create_dir_all(parent).step(|| format!("create {}", parent.display()))
        }
        None => Ok(()),
    }
}

fn make_dir(path: &Path) -> Result<(), MountError> {
    match std::fs::create_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(error).step(|| format!("create {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// What a cell may read below the places that its own memory file systems cover.
struct Hidden(Vec<(PathBuf, OwnedFd)>);

impl Hidden {
    /// Takes copies of the mounts, while they are in sight.
    fn hold(readable: &[PathBuf]) -> Result<Hidden, MountError> {
        let covered = ["/tmp", "/dev/shm"];
        let is_within = |path: &PathBuf| readable.iter().any(|p| p != path && path.starts_with(p));
        let covered = readable.iter().enumerate().filter(|(index, path)| {
            let is_first = !readable.iter().take(*index).any(|p| p == *path);
            is_first && !is_within(path) && covered.iter().any(|place| path.starts_with(place))
        });
        let covered = covered.map(|(_, path)| path);
        let held = covered.map(|path| {
            let flags = OpenTreeFlags::OPEN_TREE_CLONE
                | OpenTreeFlags::OPEN_TREE_CLOEXEC
                | OpenTreeFlags::AT_RECURSIVE;
            let tree = open_tree(rustix::fs::CWD, path, flags);
            tree.map(|tree| (path.clone(), tree))
                .step(|| format!("hold {}", path.display()))
        });
        Ok(Hidden(held.collect::<Result<_, _>>()?))
    }

    fn show(self) -> Result<(), MountError> {
        for (path, tree) in self.0 {
            make_parents(&path)?;
            let metadata =
                rustix::fs::fstat(&tree).step(|| format!("look at {}", path.display()))?;
            if rustix::fs::FileType::from_raw_mode(metadata.st_mode).is_dir() {
                make_dir(&path)?;
            } else {
                std::fs::write(&path, "").step(|| format!("create {}", path.display()))?;
            }
            let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
            move_mount(&tree, "", rustix::fs::CWD, &path, flags)
                .step(|| format!("show {}", path.display()))?;
        }
        Ok(())
    }
}

/// Mounts what one cell has of its own: `/tmp` and `/dev/shm`; runs in its new mount namespace.
pub(super) fn furnish(furniture: &Furniture) -> Result<(), MountError> {
    let hidden = Hidden::hold(&furniture.readable)?;
    let scratch_bytes = furniture.scratch_bytes;
    let options = format!("mode=1777,size={scratch_bytes},nr_inodes=16384");
    let options = CString::new(options).unwrap_or_default();
    for place in ["/tmp", "/dev/shm"] {
        mount("tmpfs", place, "tmpfs", PLAIN, Some(options.as_c_str()))
            .step(|| format!("mount {place}"))?;
    }
    hidden.show()
}

const PLAIN: MountFlags = MountFlags::NOSUID.union(MountFlags::NODEV);

/// Mounts the `/proc` of one cell, where it is wanted and the kernel lets it; returns whether.
///
/// Runs in the cell's own process namespace, whose processes a `/proc` shows, and allocates nothing.
pub(super) fn furnish_proc(is_wanted: bool) -> rustix::io::Result<bool> {
    let none: Option<&CStr> = None;
    if is_wanted {
        // Processes alone, not the machine (Linux 5.8); otherwise all of it.
        for options in [Some(c"subset=pid"), none] {
            let flags = PLAIN | MountFlags::NOEXEC;
            if mount(c"proc", c"/proc", c"proc", flags, options).is_ok() {
                return Ok(true);
            }
        }
    }
    // The process file system in sight shows the machine's processes: better none.
    let flags = PLAIN | MountFlags::RDONLY;
    mount(c"tmpfs", c"/proc", c"tmpfs", flags, none).map(|()| false)
}
