//! Patterns of paths, as in `.gitignore`.

use std::fs;
use std::path::{Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::files::full;

/// A pattern of paths below a directory.
#[derive(Clone, Debug)]
pub struct Pattern {
    root: PathBuf,
    matcher: Gitignore,
}

impl Pattern {
    /// The pattern that `text` is for paths below `root`, or why it is none.
    pub fn new(root: &Path, text: &str) -> Result<Pattern, String> {
        let root = full(root);
        let mut builder = GitignoreBuilder::new(&root);
        let built = builder.add_line(None, text).and_then(|it| it.build());
        match built {
            Ok(matcher) => Ok(Pattern { root, matcher }),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Whether `file` or a directory above it is meant.
    pub fn fits(&self, file: &Path) -> bool {
        let file = full(file);
        // The matcher takes nothing from outside its root.
        let Ok(inside) = file.strip_prefix(&self.root) else {
            return false;
        };
        let found = self.matcher.matched_path_or_any_parents(inside, false);
        found.is_ignore()
    }
}

/// Whether `paths` (none: the current directory) hold all of `root`.
pub fn covers(paths: &[PathBuf], root: &Path) -> bool {
    let current = [PathBuf::from(".")];
    let paths = if paths.is_empty() { &current } else { paths };
    let Ok(root) = fs::canonicalize(root) else {
        return false;
    };
    paths
        .iter()
        .filter_map(|path| fs::canonicalize(path).ok())
        .any(|path| root.starts_with(path))
}
