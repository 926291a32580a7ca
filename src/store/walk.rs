//! The documents in a directory, as git would see it.

use std::fs;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::full;
use super::{EXTENSIONS, PathError, Place, Selection, exists, shown};

/// Patterns of documents, as in `.gitignore`.
#[derive(Clone, Debug)]
pub struct Patterns {
    root: PathBuf,
    matcher: Gitignore,
}

impl Patterns {
    /// Patterns relative to the directory `root`; `key` is the setting that holds them.
    pub fn new(key: &'static str, root: &Path, patterns: &[String]) -> Result<Self, PathError> {
        let bad = |pattern: &str, error: ignore::Error| PathError::BadPattern {
            key,
            pattern: pattern.to_owned(),
            cause: error.to_string(),
        };
        let root = full(root);
        let mut builder = GitignoreBuilder::new(&root);
        for pattern in patterns {
            builder
                .add_line(None, pattern)
                .map_err(|error| bad(pattern, error))?;
        }
        let matcher = builder
            .build()
            .map_err(|error| bad(&patterns.join(" "), error))?;
        Ok(Patterns { root, matcher })
    }

    /// Whether they match the file, or a directory that it lies in. Nothing outside of the root is.
    pub fn match_file(&self, file: &Path) -> bool {
        let file = full(file);
        file.strip_prefix(&self.root).is_ok_and(|below| {
            let matched = self.matcher.matched_path_or_any_parents(below, false);
            matched.is_ignore()
        })
    }

    fn excludes(&self, path: &Path, is_directory: bool) -> bool {
        !self.matcher.is_empty() && self.matcher.matched(full(path), is_directory).is_ignore()
    }
}

/// The paths that were typed; without any, the current directory.
pub fn meant(paths: &[PathBuf]) -> Vec<PathBuf> {
    match paths {
        [] => vec![PathBuf::from(".")],
        paths => paths.to_vec(),
    }
}

/// Whether `paths` (none: the current directory) hold all of `root`.
pub fn covers(paths: &[PathBuf], root: &Path) -> bool {
    let paths = meant(paths);
    let Ok(root) = fs::canonicalize(root) else {
        return false;
    };
    paths
        .iter()
        .filter_map(|path| fs::canonicalize(path).ok())
        .any(|path| root.starts_with(path))
}

pub(super) fn walk(
    directory: &Path,
    excluded: &Patterns,
    places: &mut Vec<Place>,
) -> Result<(), PathError> {
    let inside = fs::canonicalize(directory).ok();
    let mut files = Vec::new();
    let matcher = excluded.clone();
    let walker = WalkBuilder::new(directory)
        // What one machine's user ignores everywhere must not change what is checked.
        .git_global(false)
        // Inside a repository its own border ends the search for `.gitignore` files further up.
        .require_git(is_in_repository(directory))
        .filter_entry(move |entry| {
            let is_directory = entry.file_type().is_some_and(|kind| kind.is_dir());
            entry.depth() == 0 || !matcher.excludes(entry.path(), is_directory)
        })
        .build();
    for entry in walker {
        match entry {
            Ok(entry) if is_document(&entry) => {
                let is_link = entry.path_is_symlink();
                let file = entry.into_path();
                let refusal = is_link
                    .then(|| refuse_link(&file, inside.as_deref()))
                    .flatten();
                files.push((file, refusal));
            }
            Ok(_) => {}
            Err(error) => {
                if let Some(place) = unreadable_directory(&error) {
                    files.push(place);
                }
            }
        }
    }
    if files.is_empty() {
        return Err(PathError::NoDocuments(shown(directory)));
    }
    files.sort();
    places.extend(files.into_iter().map(|(file, refusal)| Place {
        path: shown(&file),
        file: Some(file),
        selection: Selection::All,
        refusal,
    }));
    Ok(())
}

fn is_in_repository(directory: &Path) -> bool {
    fs::canonicalize(directory).is_ok_and(|full| {
        full.ancestors()
            .any(|ancestor| exists(&ancestor.join(".git")))
    })
}

fn is_document(entry: &ignore::DirEntry) -> bool {
    let is_directory = entry.file_type().is_some_and(|kind| kind.is_dir());
    let has_extension = entry
        .path()
        .extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| {
            EXTENSIONS
                .iter()
                .any(|known| extension.eq_ignore_ascii_case(known))
        });
    // A link to a directory is not entered: what it leads to is checked where it really lies.
    let is_link_to_directory = entry.path_is_symlink() && entry.path().is_dir();
    has_extension && !is_directory && !is_link_to_directory
}

/// Why the link at `file`, found while walking, is not followed.
///
/// A stranger's link to a private file elsewhere on the machine would show that file in the report.
fn refuse_link(file: &Path, inside: Option<&Path>) -> Option<String> {
    match (fs::canonicalize(file), inside) {
        (Ok(target), Some(inside)) if target.starts_with(inside) => None,
        (Ok(_), _) => Some("it is a symbolic link that leads out of the directory".to_owned()),
        (Err(cause), _) => Some(format!("it is a symbolic link that leads nowhere: {cause}")),
    }
}

fn unreadable_directory(error: &ignore::Error) -> Option<(PathBuf, Option<String>)> {
    match error {
        ignore::Error::WithPath { path, err } => Some((path.clone(), Some(err.to_string()))),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            unreadable_directory(err)
        }
        _ => None,
    }
}
