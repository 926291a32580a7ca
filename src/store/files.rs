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

/// `path` from the root on, without `.` and `..`, read by the letter.
pub fn full(path: &Path) -> PathBuf {
    std::path::absolute(path).map_or_else(|_| path.to_path_buf(), |full| normal(&full))
}

/// The file of the snapshot of the document that [`mirrored`] gives as `source`.
pub fn snapshot_file(expectations: &Path, source: &str) -> PathBuf {
    expectations.join(format!("{source}.snap"))
}

/// What waits for a review beside the snapshot in `file`, where insta's tools look for it.
pub fn pending_file(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

/// The document whose snapshot lies in `file` below `expectations`, as [`mirrored`] gave it; `None` for
/// a file that is no snapshot.
fn source_of(expectations: &Path, file: &Path) -> Option<String> {
    let below = file.strip_prefix(expectations).ok()?.to_str()?;
    below.strip_suffix(".snap").map(str::to_owned)
}

/// The documents, as [`mirrored`] gives them, for whose snapshots something waits for a review; sorted.
pub fn pending_sources(expectations: &Path) -> Result<Vec<String>, StoreError> {
    sources(expectations, |file| {
        let waits = file.extension().is_some_and(|ending| ending == "new");
        source_of(expectations, &file.with_extension("")).filter(|_| waits)
    })
}

/// The documents, as [`mirrored`] gives them, that have a snapshot; sorted.
pub fn recorded_sources(expectations: &Path) -> Result<Vec<String>, StoreError> {
    sources(expectations, |file| source_of(expectations, file))
}

fn sources(
    expectations: &Path,
    source: impl Fn(&Path) -> Option<String>,
) -> Result<Vec<String>, StoreError> {
    let mut folders = vec![expectations.to_path_buf()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => continue,
            entries => entries.map_err(StoreError::new("read", &folder))?,
        };
        for entry in entries {
            let entry = entry.map_err(StoreError::new("read", &folder))?;
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else {
                sources.extend(source(&path));
            }
        }
    }
    sources.sort();
    Ok(sources)
}

/// The document that [`mirrored`] gave as `source`.
pub fn document_of(root: &Path, source: &str) -> PathBuf {
    let part = |part| if part == "_up" { ".." } else { part };
    let path: PathBuf = source.split('/').map(part).collect();
    full(&root.join(path))
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
