//! The one writer of project files: whole or not at all, however the process ends.
//!
//! The new content goes to a file beside the target, is brought to the disk, and takes the target's
//! name in one step. The target's permissions (and owner, where that is allowed) are kept, and a
//! symbolic link stays a link to what now holds the new content. Other hard links keep the old content.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::files::StoreError;

/// Symbolic links that are followed at most, as the kernel does.
const MAX_LINKS: usize = 40;

/// Writes `bytes` to the file at `path`, which is at every moment either the old one or the new one;
/// missing folders are made.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    put(path, bytes, || Ok(())).map_err(StoreError::new("write", path))
}

/// Replaces the content of the existing file at `path` as [`write`] does, but only while it still is
/// `read`: what somebody saved in the meantime is not lost.
pub fn replace(path: &Path, read: &[u8], bytes: &[u8]) -> Result<(), StoreError> {
    let is_unchanged = || match fs::read(path)? == read {
        true => Ok(()),
        false => Err(io::Error::other("it was changed since it was read")),
    };
    // Before any work, and again at the last moment.
    is_unchanged()
        .and_then(|()| put(path, bytes, is_unchanged))
        .map_err(StoreError::new("write", path))
}

/// Removes the file at `path`, if it is there.
pub fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::new("remove", path)(cause))
        }
        _ => Ok(()),
    }
}

fn put(path: &Path, bytes: &[u8], may_put: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    let target = target(path)?;
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    let old = match fs::metadata(&target) {
        Ok(old) if !old.is_file() => return Err(io::Error::other("it is not a file")),
        // Renaming would get round what its owner meant.
        Ok(old) if old.permissions().readonly() => {
            return Err(io::Error::other("it is read-only"));
        }
        Ok(old) => Some(old),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => None,
        Err(cause) => return Err(cause),
    };
    let mut file = tempfile::Builder::new()
        .prefix(".snipcheck-")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)?;
    file.write_all(bytes)?;
    if let Some(old) = &old {
        keep_attributes(file.as_file(), old)?;
    }
    file.as_file().sync_all()?;
    may_put()?;
    // Should the power fail now, the name may still be that of the old file: a whole file, too.
    file.persist(&target)?;
    Ok(())
}

fn keep_attributes(file: &File, old: &fs::Metadata) -> io::Result<()> {
    let own = file.metadata()?;
    if (own.uid(), own.gid()) != (old.uid(), old.gid()) {
        // Only root may give files away; the content matters more than the owner.
        let _ = std::os::unix::fs::fchown(file, Some(old.uid()), Some(old.gid()));
    }
    // After the owner: changing that takes special bits away.
    file.set_permissions(old.permissions())
}

/// What `path` leads to through symbolic links, whether or not that exists.
fn target(path: &Path) -> io::Result<PathBuf> {
    let mut target = path.to_path_buf();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&target) {
            Ok(next) => target = target.parent().unwrap_or(Path::new("")).join(next),
            // No link, or nothing there.
            Err(_) => return Ok(target),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a temporary folder")
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("it is listed");
        let name = |entry: io::Result<fs::DirEntry>| entry.expect("an entry").file_name();
        let mut names: Vec<String> = entries
            .map(|entry| name(entry).to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn writing_replaces_the_file_and_leaves_nothing_else() {
        let folder = folder();
        let file = folder.path().join("deep/er/a.snap");
        write(&file, b"one").expect("it is written");
        write(&file, b"two").expect("it is written again");
        assert_eq!(fs::read(&file).ok().as_deref(), Some(&b"two"[..]));
        assert_eq!(names(&folder.path().join("deep/er")), ["a.snap"]);
        remove(&file).expect("it is removed");
        remove(&file).expect("it is gone already");
        assert!(!file.exists());
    }

    #[test]
    fn permissions_are_kept_and_links_stay_links() {
        let folder = folder();
        let (real, link) = (folder.path().join("real.md"), folder.path().join("sub"));
        fs::create_dir(&link).expect("a folder");
        let link = link.join("link.md");
        fs::write(&real, "old").expect("a file");
        fs::set_permissions(&real, Permissions::from_mode(0o640)).expect("its permissions");
        symlink("../real.md", &link).expect("a link");
        write(&link, b"new").expect("it is written");
        assert!(link.is_symlink());
        assert_eq!(fs::read(&real).ok().as_deref(), Some(&b"new"[..]));
        let mode = fs::metadata(&real).map(|old| old.permissions().mode() & 0o777);
        assert_eq!(mode.ok(), Some(0o640));
        assert_eq!(names(folder.path()), ["real.md", "sub"]);
    }

    #[test]
    fn a_link_that_leads_nowhere_gets_its_target_and_a_circle_is_refused() {
        let folder = folder();
        let link = folder.path().join("link.md");
        symlink("later/real.md", &link).expect("a link");
        write(&link, b"new").expect("it is written");
        assert!(folder.path().join("later/real.md").is_file() && link.is_symlink());
        let circle = folder.path().join("circle.md");
        symlink("circle.md", &circle).expect("a link");
        assert!(write(&circle, b"new").is_err());
    }

    #[test]
    fn what_was_saved_in_the_meantime_stays() {
        let folder = folder();
        let file = folder.path().join("a.md");
        fs::write(&file, "saved by an editor").expect("a file");
        let error = replace(&file, b"read", b"new").expect_err("it is refused");
        assert!(error.to_string().ends_with("changed since it was read"));
        assert_eq!(
            fs::read(&file).ok().as_deref(),
            Some(&b"saved by an editor"[..])
        );
        replace(&file, b"saved by an editor", b"new").expect("it is replaced");
        assert_eq!(names(folder.path()), ["a.md"]);
        assert!(replace(&folder.path().join("gone.md"), b"", b"new").is_err());
    }

    #[test]
    fn what_is_no_file_or_read_only_stays_what_it_is() {
        let folder = folder();
        let error = write(folder.path(), b"new").expect_err("it is refused");
        assert!(error.to_string().ends_with("it is not a file"));
        let file = folder.path().join("locked.md");
        fs::write(&file, "old").expect("a file");
        fs::set_permissions(&file, Permissions::from_mode(0o444)).expect("its permissions");
        let error = write(&file, b"new").expect_err("it is refused");
        assert!(error.to_string().ends_with("it is read-only"));
    }
}
