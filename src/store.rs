//! The only reader and writer of project files.
//!
//! In go the paths that were typed, out come [`Found`] documents in a stable order, read or with the
//! problem that kept them from being read. Snapshots are read and written as text; what the text
//! means is not known here. Documents are never written.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use ignore::WalkBuilder;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::document::Document;
use crate::problem::{self, Problem};
use crate::text::LineNumber;

/// The largest document that is read, in bytes.
pub const MAX_DOCUMENT_BYTES: u64 = 64 << 20;

/// The file name endings that make a file in a directory a document.
pub const EXTENSIONS: [&str; 5] = ["md", "markdown", "mdown", "mkd", "mdx"];

/// The path of the document that comes from standard input.
pub const STDIN: &str = "<stdin>";

/// A file could not be read or written, or is not what it should be.
#[derive(Debug)]
pub struct StoreError {
    /// What was tried: a verb.
    action: &'static str,
    path: PathBuf,
    cause: io::Error,
}

impl StoreError {
    fn new(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
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

/// A typed path that leads to no document.
#[derive(Debug, PartialEq, Eq)]
pub enum PathError {
    /// Nothing is there.
    Missing(String),
    /// A directory without Markdown in it.
    NoDocuments(String),
    /// Not a pattern.
    BadPattern {
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
            PathError::BadPattern { pattern, cause } => {
                write!(f, "`exclude` holds a bad pattern `{pattern}`: {cause}")
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
    let excluded = match patterns(root, exclude) {
        Ok(excluded) => excluded,
        Err(error) => {
            documents.errors.push(error);
            return documents;
        }
    };
    let current_directory = [PathBuf::from(".")];
    let paths = if paths.is_empty() {
        &current_directory
    } else {
        paths
    };
    let mut places = Vec::new();
    for path in paths {
        if let Err(error) = find(path, &excluded, &mut places) {
            documents.errors.push(error);
        }
    }
    documents.found = once_each(places).into_iter().map(read_place).collect();
    documents
}

fn patterns(root: &Path, exclude: &[String]) -> Result<Gitignore, PathError> {
    let bad = |pattern: &str, error: ignore::Error| PathError::BadPattern {
        pattern: pattern.to_owned(),
        cause: error.to_string(),
    };
    let mut builder = GitignoreBuilder::new(root);
    for pattern in exclude {
        builder
            .add_line(None, pattern)
            .map_err(|error| bad(pattern, error))?;
    }
    builder
        .build()
        .map_err(|error| bad(&exclude.join(" "), error))
}

fn find(path: &Path, excluded: &Gitignore, places: &mut Vec<Place>) -> Result<(), PathError> {
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
        return walk(path, excluded, places);
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
fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Takes `FILE:LINE` apart.
fn split_line(path: &Path) -> Option<(PathBuf, LineNumber)> {
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

fn walk(directory: &Path, excluded: &Gitignore, places: &mut Vec<Place>) -> Result<(), PathError> {
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
            entry.depth() == 0 || !is_excluded(&matcher, entry.path(), is_directory)
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

fn is_excluded(excluded: &Gitignore, path: &Path, is_directory: bool) -> bool {
    if excluded.is_empty() {
        return false;
    }
    let full = std::path::absolute(path).map_or_else(|_| path.to_path_buf(), |p| normal(&p));
    excluded.matched(full, is_directory).is_ignore()
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

/// Writes `text` to the file at `path`, which is at every moment either the old one or the new one.
pub fn write(path: &Path, text: &str) -> Result<(), StoreError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    write_in(folder, path, text).map_err(StoreError::new("write", path))
}

fn write_in(folder: &Path, path: &Path, text: &str) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new()
        .prefix(".snipcheck-")
        .permissions(fs::Permissions::from_mode(0o666))
        .tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    // Without this the new name itself may be lost with the power.
    File::open(folder)?.sync_all()
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

fn full(path: &Path) -> PathBuf {
    std::path::absolute(path).map_or_else(|_| path.to_path_buf(), |full| normal(&full))
}

/// The file of the snapshot of the document that [`mirrored`] gives as `source`.
pub fn snapshot_file(expectations: &Path, source: &str) -> PathBuf {
    expectations.join(format!("{source}.snap"))
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

    #[test]
    fn writing_replaces_the_file_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("deep/er/a.snap");
        write(&file, "one").expect("it is written");
        write(&file, "two").expect("it is written again");
        assert_eq!(read_if_exists(&file).ok().flatten().as_deref(), Some("two"));
        let beside = fs::read_dir(folder.path().join("deep/er")).map(Iterator::count);
        assert_eq!(beside.ok(), Some(1));
        remove(&file).expect("it is removed");
        remove(&file).expect("it is gone already");
        assert_eq!(read_if_exists(&file).ok(), Some(None));
    }
}
