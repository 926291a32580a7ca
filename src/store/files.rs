//! Texts on disk, and where snapshots lie.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// A file could not be read or written, or is not what it should be.
#[derive(Debug)]
pub struct StoreError {
    /// What was tried: a verb.
    action: &'static str,
    path: PathBuf,
    cause: io::Error,
}

impl StoreError {
    pub(super) fn new(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |cause| StoreError {
            action,
            path,
            cause,
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StoreError {
            action,
            path,
            cause,
        } = self;
        write!(f, "failed to {action} `{}`: {cause}", path.display())
    }
}

impl std::error::Error for StoreError {}

/// The text of the file at `path`; `None` where there is none.
pub fn read_if_exists(path: &Path) -> Result<Option<String>, StoreError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(cause)
            if matches!(
                cause.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(None)
        }
        Err(cause) => Err(StoreError::new("read", path)(cause)),
    }
}

/// Where `document` stands seen from `root`, as the snapshots mirror it: `/` between parts, and `_up`
/// for each step out of `root`, so that the mirrored path stays below the folder of the snapshots.
pub fn mirrored(root: &Path, document: &Path) -> String {
    let (root, document) = (full(root), full(document));
    let (root, document) = match (fs::canonicalize(&root), fs::canonicalize(&document)) {
        (Ok(real_root), Ok(real_document)) if !document.starts_with(&root) => {
            (real_root, real_document)
        }
        _ => (root, document),
    };
    let shared = root
        .components()
        .zip(document.components())
        .take_while(|(a, b)| a == b)
        .count();
    let ups = root.components().skip(shared).map(|_| "_up".into());
    let downs = document
        .components()
        .skip(shared)
        .map(|part| part.as_os_str().to_string_lossy());
    ups.chain(downs).collect::<Vec<_>>().join("/")
}

pub(super) fn full(path: &Path) -> PathBuf {
    std::path::absolute(path).map_or_else(|_| path.to_path_buf(), |full| normal(&full))
}

/// The file of the snapshot of the document that [`mirrored`] gives as `source`.
pub fn snapshot_file(expectations: &Path, source: &str) -> PathBuf {
    expectations.join(format!("{source}.snap"))
}

/// `path` without `.` and `..`, read by the letter.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => {
                normal.push(component);
            }
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_stays_below_the_folder_of_the_snapshots() {
        let root = Path::new("/p/notes");
        let cases = [
            ("/p/notes/a.md", "a.md"),
            ("/p/notes/sub/../b/c.md", "b/c.md"),
            ("/p/other/a.md", "_up/other/a.md"),
            ("/q/../../../a.md", "_up/_up/a.md"),
        ];
        for (document, expected) in cases {
            assert_eq!(mirrored(root, Path::new(document)), expected);
        }
    }
}
