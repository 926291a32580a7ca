//! The only reader and writer of project files.
//!
//! In go the paths that were typed, out come [`Found`] documents in a stable order, read or with the
//! problem that kept them from being read. Snapshots are read and written as text; what the text
//! means is not known here.

mod files;
mod replace;
mod walk;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::document::Document;
use crate::problem::{self, Problem};
use crate::text::LineNumber;

pub use files::{
    StoreError, document_of, full, mirrored, pending_file, pending_sources, read_if_exists,
    recorded_sources, snapshot_file,
};
pub use replace::{remove, replace, write};
pub use walk::{Patterns, covers, meant};

/// The largest document that is read, in bytes.
pub const MAX_DOCUMENT_BYTES: u64 = 64 << 20;

/// The file name endings that make a file in a directory a document.
pub const EXTENSIONS: [&str; 5] = ["md", "markdown", "mdown", "mkd", "mdx"];

/// The path of the document that comes from standard input.
pub const STDIN: &str = "<stdin>";

/// A typed path that leads to no document.
#[derive(Debug, PartialEq, Eq)]
pub enum PathError {
    /// Nothing is there.
    Missing(String),
    /// A directory without Markdown in it.
    NoDocuments(String),
    /// Not a pattern.
    BadPattern {
        /// The setting that holds it.
        key: &'static str,
        /// The pattern as written.
        pattern: String,
        /// What is wrong with it.
        cause: String,
    },
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PathError::Missing(path) => write!(f, "no such file or directory: {path}"),
            PathError::NoDocuments(path) => write!(f, "no Markdown documents under {path}"),
            PathError::BadPattern {
                key,
                pattern,
                cause,
            } => {
                write!(f, "`{key}` holds a bad pattern `{pattern}`: {cause}")
            }
        }
    }
}

impl std::error::Error for PathError {}

/// Which blocks of a document are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// All.
    All,
    /// Those at these lines.
    Lines(BTreeSet<LineNumber>),
}

impl Selection {
    fn add(&mut self, other: Selection) {
        match (&mut *self, other) {
            (Selection::Lines(lines), Selection::Lines(more)) => lines.extend(more),
            (_, Selection::All) => *self = Selection::All,
            (Selection::All, Selection::Lines(_)) => {}
        }
    }
}

/// A document that a typed path led to.
#[derive(Debug)]
pub struct Found {
    /// The path to show: as given, or as found below a directory as given; `/` between parts.
    pub path: String,
    /// Where it lies on disk; `None` for standard input.
    pub file: Option<PathBuf>,
    /// Which of its blocks are meant.
    pub selection: Selection,
    /// The document, or why it could not be read.
    pub document: Result<Document, Problem>,
}

/// What the typed paths led to.
#[derive(Debug, Default)]
pub struct Documents {
    /// The documents: in the order of the paths, inside a directory sorted by path, each once.
    pub found: Vec<Found>,
    /// The paths that led nowhere.
    pub errors: Vec<PathError>,
}

/// Where a document lies, before it is read.
struct Place {
    path: String,
    file: Option<PathBuf>,
    selection: Selection,
    /// Set where it must not be read.
    refusal: Option<String>,
}

/// Finds and reads the documents that `paths` name: files, directories, `FILE:LINE`, and `-` for
/// standard input; without paths, the current directory.
///
/// `exclude` holds patterns as in `.gitignore`, relative to `root`; they leave out what is found in
/// directories, never a file that is named itself.
pub fn documents(paths: &[PathBuf], root: &Path, exclude: &[String]) -> Documents {
    let mut documents = Documents::default();
    let excluded = match Patterns::new("exclude", root, exclude) {
        Ok(excluded) => excluded,
        Err(error) => {
            documents.errors.push(error);
            return documents;
        }
    };
    let paths = meant(paths);
    let mut places = Vec::new();
    for path in paths {
        if let Err(error) = find(&path, &excluded, &mut places) {
            documents.errors.push(error);
        }
    }
    documents.found = once_each(places).into_iter().map(read_place).collect();
    documents
}

fn find(path: &Path, excluded: &Patterns, places: &mut Vec<Place>) -> Result<(), PathError> {
    if path == Path::new("-") {
        places.push(Place {
            path: STDIN.to_owned(),
            file: None,
            selection: Selection::All,
            refusal: None,
        });
        return Ok(());
    }
    if path.is_dir() {
        return walk::walk(path, excluded, places);
    }
    // A path that exists is taken at its word, also one that looks like FILE:LINE.
    let (file, selection) = match split_line(path) {
        Some((file, line)) if !exists(path) => (file, Selection::Lines(BTreeSet::from([line]))),
        _ => (path.to_path_buf(), Selection::All),
    };
    if !exists(&file) || file.is_dir() {
        return Err(PathError::Missing(shown(path)));
    }
    places.push(Place {
        path: shown(&file),
        file: Some(file),
        selection,
        refusal: None,
    });
    Ok(())
}

/// Whether something is there, a broken symbolic link included.
pub fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Takes `FILE:LINE` apart.
pub fn split_line(path: &Path) -> Option<(PathBuf, LineNumber)> {
    let (file, line) = path.to_str()?.rsplit_once(':')?;
    let is_number = !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit());
    let line = line.parse::<usize>().ok().filter(|&line| line > 0)?;
    (is_number && !file.is_empty()).then(|| (PathBuf::from(file), LineNumber::new(line)))
}

/// A path as it is shown: without `./` before it, `/` between parts.
fn shown(path: &Path) -> String {
    let stripped = path.strip_prefix(".").unwrap_or(path);
    let stripped = if stripped.as_os_str().is_empty() {
        path
    } else {
        stripped
    };
    stripped.to_string_lossy().into_owned()
}

/// Keeps each file once, where it came first; selections of the same file are joined.
fn once_each(places: Vec<Place>) -> Vec<Place> {
    let mut seen = HashMap::new();
    let mut kept: Vec<Place> = Vec::new();
    for place in places {
        let identity = place
            .file
            .as_deref()
            .map(|file| fs::canonicalize(file).unwrap_or_else(|_| file.to_path_buf()));
        match seen.get(&identity).and_then(|&at: &usize| kept.get_mut(at)) {
            Some(first) => first.selection.add(place.selection),
            None => {
                seen.insert(identity, kept.len());
                kept.push(place);
            }
        }
    }
    kept
}

/// Why a file is not read.
enum Refusal {
    /// For this reason.
    Unreadable(String),
    /// It is larger than [`MAX_DOCUMENT_BYTES`].
    TooLarge,
}

impl From<io::Error> for Refusal {
    fn from(cause: io::Error) -> Self {
        Refusal::Unreadable(cause.to_string())
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unreadable(cause) => problem::unreadable(&cause),
            Refusal::TooLarge => problem::too_large(MAX_DOCUMENT_BYTES >> 20),
        }
    }
}

fn read_place(place: Place) -> Found {
    let Place {
        path,
        file,
        selection,
        refusal,
    } = place;
    let bytes = match (&file, refusal) {
        (_, Some(refusal)) => Err(Refusal::Unreadable(refusal)),
        (Some(file), None) => read_document(file),
        (None, None) => read_bounded(io::stdin().lock()),
    };
    let document = match bytes {
        Ok(bytes) => Document::from_bytes(path.clone(), bytes),
        Err(refusal) => Err(refusal.into()),
    };
    Found {
        path,
        file,
        selection,
        document,
    }
}

fn read_document(file: &Path) -> Result<Vec<u8>, Refusal> {
    refuse_special(fs::metadata(file)?.file_type())?;
    // The file may have been replaced since: opening a named pipe must not block.
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(file)?;
    refuse_special(opened.metadata()?.file_type())?;
    read_bounded(opened)
}

fn refuse_special(kind: fs::FileType) -> Result<(), Refusal> {
    if kind.is_file() {
        return Ok(());
    }
    Err(Refusal::Unreadable(format!("it is {}", described(kind))))
}

fn described(kind: fs::FileType) -> &'static str {
    if kind.is_fifo() {
        "a named pipe, not a file"
    } else if kind.is_socket() {
        "a socket, not a file"
    } else if kind.is_char_device() || kind.is_block_device() {
        "a device, not a file"
    } else {
        "not a file"
    }
}

fn read_bounded(reader: impl Read) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    reader
        .take(MAX_DOCUMENT_BYTES + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_DOCUMENT_BYTES {
        return Err(Refusal::TooLarge);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_off_a_path_only_where_it_is_one() {
        let split = |path: &str| split_line(Path::new(path)).map(|(_, line)| line.get());
        assert_eq!(split("a.md:12"), Some(12));
        assert_eq!(split("c:/a.md:7"), Some(7));
        for path in [
            "a.md", "a.md:", "a.md:0", "a.md:-1", "a.md:+1", ":3", "a.md:x",
        ] {
            assert_eq!(split(path), None, "{path}");
        }
    }
}
