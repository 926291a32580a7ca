//! What is meant: flags, then `snipcheck.toml` or `[tool.snipcheck]` of `pyproject.toml`, then defaults.
//!
//! The settings file is the nearest one from the current directory upward; in one directory
//! `snipcheck.toml` wins. Paths in it are relative to its directory, paths in flags to the current one.
//! Every key is also a flag, but for those that describe a document set (`assume-imports`, `exclude`).

mod directive;
mod grants;

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use serde::Deserialize;
use toml::{Spanned, Value};

pub use self::directive::SettingsRule;
use self::grants::{GrantError, GrantTable, Permit};
use super::args::{FormatArg, ProjectArgs, RunArgs, RungArg};
use crate::plan::{self, Wrong as WrongDirective};
use crate::policy::{Limits, Policy};
use crate::run::{self, RunOptions};
use crate::sandbox::Rung;
use crate::store::{self, PathError, StoreError};
use crate::text::{LineIndex, LineNumber};

/// The keys of a settings file.
const KEYS: [&str; 15] = [
    "assume-imports",
    "directive",
    "exclude",
    "expectations",
    "format",
    "grant",
    "jobs",
    "memory-mb",
    "output-kb",
    "processes",
    "python",
    "require",
    "require-snapshots",
    "strict",
    "timeout",
];

const SETTINGS_FILE: &str = "snipcheck.toml";
const PYPROJECT_FILE: &str = "pyproject.toml";

/// The longest wall limit: a day, in seconds.
const MAX_TIMEOUT_SECONDS: f64 = 86_400.0;

/// What was typed, as far as a settings file may say it too.
#[derive(Clone, Copy, Debug)]
pub struct Typed<'a> {
    /// Flags about files.
    pub project: &'a ProjectArgs,
    /// Flags about running.
    pub run: &'a RunArgs,
    /// `--format`.
    pub format: Option<FormatArg>,
    /// `--strict`.
    pub strict: bool,
}

impl<'a> Typed<'a> {
    /// Of a command that has no other flags than these.
    pub fn of(project: &'a ProjectArgs, run: &'a RunArgs) -> Self {
        Typed {
            project,
            run,
            format: None,
            strict: false,
        }
    }
}

/// Everything the commands go by.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The current directory.
    pub current: PathBuf,
    /// The directory of the settings file, or the current one: paths of snapshots mirror paths below it.
    pub root: PathBuf,
    /// The folder of the snapshots.
    pub expectations: PathBuf,
    /// How to report.
    pub format: FormatArg,
    /// Blocks that run at the same time.
    pub jobs: usize,
    /// Whether what could not be decided fails.
    pub strict: bool,
    /// Whether a block that passes without a snapshot fails.
    pub require_snapshots: bool,
    /// What a block's run may do, where nothing is granted.
    pub policy: Policy,
    /// What is granted to some documents.
    permits: Vec<Permit>,
    /// The interpreter that runs the blocks, if not the one built in: a name on the path, or a file.
    pub python: Option<PathBuf>,
    /// The strongest and the weakest rung of the sandbox to run on.
    pub rungs: Rungs,
    /// Modules that the documents take as imported.
    pub assume_imports: Vec<String>,
    /// Patterns (as in `.gitignore`, relative to `root`) of documents to leave out.
    pub exclude: Vec<String>,
    /// Whether skipped blocks run too, to see whether they have to be skipped.
    pub tries_skipped: bool,
    /// Directives for blocks whose documents do not carry them.
    pub rules: Vec<SettingsRule>,
    /// Whether blocks of which one goes on from another may be run together.
    pub are_chained: bool,
}

impl Settings {
    /// The settings of a run in the current directory.
    pub fn load(typed: Typed<'_>) -> Result<Self, SettingsError> {
        let current = std::env::current_dir().map_err(SettingsError::NoCurrentDirectory)?;
        settings(&current, typed)
    }

    /// `path` as people here would name it.
    pub fn shown<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        shown(&self.current, path)
    }

    /// How to plan what no directive of the settings is for; asks the interpreter for its version.
    pub fn plan_options(&self) -> plan::Options {
        plan::Options {
            assume_imports: self.assume_imports.clone(),
            python: run::python_version(self.python.as_deref()),
            exports: plan::Exports::new(),
            policy: self.policy.clone(),
            rules: Vec::new(),
            tries_skipped: self.tries_skipped,
        }
    }

    /// What the blocks of the document at `file` may do; `None` is standard input.
    pub fn policy_for(&self, file: Option<&Path>) -> Policy {
        let mut policy = self.policy.clone();
        for permit in &self.permits {
            permit.apply(file, &mut policy);
        }
        policy
    }

    /// How to run, under the first hash seed.
    pub fn run_options(&self) -> RunOptions {
        RunOptions {
            jobs: self.jobs,
            python: self.python.clone(),
            hash_seed: 0,
            policy: self.policy.clone(),
            most: self.rungs.most,
            least: self.rungs.least,
            are_chained: self.are_chained,
        }
    }
}

/// Which rungs of the sandbox will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rungs {
    /// The strongest to take.
    pub most: Rung,
    /// The weakest to run on.
    pub least: Rung,
}

impl Rungs {
    /// No settings file can turn the sandbox off: it may come with the documents.
    fn new(typed: &RunArgs, file: &FileSettings) -> Rungs {
        if typed.no_sandbox {
            return Rungs {
                most: Rung::None,
                least: Rung::None,
            };
        }
        let least = typed.require.or(file.require).map_or(Rung::D, rung);
        Rungs {
            most: typed.rung_at_most.map_or(Rung::APlus, rung),
            least: least.max(Rung::D),
        }
    }
}

fn rung(arg: RungArg) -> Rung {
    match arg {
        RungArg::APlus => Rung::APlus,
        RungArg::A => Rung::A,
        RungArg::B => Rung::B,
        RungArg::C => Rung::C,
        RungArg::D => Rung::D,
        RungArg::None => Rung::None,
    }
}

fn shown<'a>(current: &Path, path: &'a Path) -> std::path::Display<'a> {
    path.strip_prefix(current).unwrap_or(path).display()
}

/// Why the settings cannot be used.
#[derive(Debug)]
pub enum SettingsError {
    /// The current directory is gone, or out of reach.
    NoCurrentDirectory(std::io::Error),
    /// A file could not be read.
    Store(StoreError),
    /// A file is not TOML.
    NotToml {
        /// The file.
        path: PathBuf,
        /// The first line that is wrong.
        line: LineNumber,
        /// The parser's word.
        message: String,
    },
    /// A key that means nothing.
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The key's line.
        line: LineNumber,
        /// The key.
        key: String,
        /// The keys that there are.
        known: &'static [&'static str],
    },
    /// A directive that means nothing.
    BadDirective {
        /// The file.
        path: PathBuf,
        /// Its line.
        line: LineNumber,
        /// What is wrong with it.
        what: BadDirective,
    },
    /// A value that its key cannot have.
    BadValue {
        /// The file.
        path: PathBuf,
        /// The value's line.
        line: LineNumber,
        /// The key.
        key: String,
        /// What it can have.
        wanted: &'static str,
    },
    /// A grant that cannot be given.
    Grant(GrantError),
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SettingsError::NoCurrentDirectory(cause) => {
                write!(f, "failed to find the current directory: {cause}")
            }
            SettingsError::Store(error) => error.fmt(f),
            SettingsError::NotToml {
                path,
                line,
                message,
            } => write!(f, "{}:{line}: not valid TOML: {message}", path.display()),
            SettingsError::UnknownKey {
                path,
                line,
                key,
                known,
            } => {
                write!(f, "{}:{line}: unknown setting `{key}`; ", path.display())?;
                match nearest_key(key, known) {
                    Some(nearest) => write!(f, "did you mean `{nearest}`?"),
                    None => {
                        let known: Vec<String> = known.iter().map(|key| quoted(key)).collect();
                        write!(f, "the settings are {}", known.join(", "))
                    }
                }
            }
            SettingsError::BadDirective { path, line, what } => {
                write!(f, "{}:{line}: {what}", path.display())
            }
            SettingsError::BadValue {
                path,
                line,
                key,
                wanted,
            } => write!(f, "{}:{line}: `{key}` must be {wanted}", path.display()),
            SettingsError::Grant(error) => error.fmt(f),
        }
    }
}

/// What is wrong with a `[[directive]]`.
#[derive(Debug)]
pub enum BadDirective {
    /// It says nothing.
    Missing,
    /// What it says is wrong.
    Wrong(WrongDirective),
    /// Its paths are no patterns.
    Paths(PathError),
}

impl fmt::Display for BadDirective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadDirective::Missing | BadDirective::Wrong(WrongDirective::Empty) => {
                f.write_str("a directive needs `say`, such as `say = \"skip\"`")
            }
            BadDirective::Wrong(WrongDirective::Unknown(name, nearest)) => {
                write!(f, "there is no directive `{name}`")?;
                match nearest {
                    Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
                    None => Ok(()),
                }
            }
            BadDirective::Wrong(WrongDirective::Value(name, wanted)) => {
                write!(f, "`{name}` needs {wanted}")
            }
            BadDirective::Paths(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SettingsError {}

impl From<StoreError> for SettingsError {
    fn from(error: StoreError) -> Self {
        SettingsError::Store(error)
    }
}

fn quoted(key: &str) -> String {
    format!("`{key}`")
}

fn nearest_key(key: &str, known: &'static [&'static str]) -> Option<&'static str> {
    let wanted = key.to_lowercase().replace('_', "-");
    similar::get_close_matches(wanted.as_str(), known, 1, 0.55)
        .first()
        .and_then(|nearest| known.iter().copied().find(|known| known == nearest))
}

/// One more than there are cores: while one block's process is being cleared away, another runs.
fn default_jobs() -> usize {
    available_parallelism().map_or(1, NonZeroUsize::get) + 1
}

/// A program as a shell would take it: a bare name is looked up on the search path, anything else
/// is a file below `base`.
fn program(base: &Path, name: &Path) -> PathBuf {
    match name.components().count() {
        1 if name.is_relative() => name.to_owned(),
        _ => base.join(name),
    }
}

/// The settings for a run in the directory `current`.
fn settings(current: &Path, typed: Typed<'_>) -> Result<Settings, SettingsError> {
    let (root, path, file) = match nearest_file(current)? {
        Some(found) => found,
        None => {
            let root = current.to_path_buf();
            (root, PathBuf::new(), FileSettings::default())
        }
    };
    let limits = limits(typed.run, &file);
    let expectations = match (&typed.project.expectations, &file.expectations) {
        (Some(typed), _) => current.join(typed),
        (None, Some(set)) => root.join(set),
        (None, None) => root.join("expectations"),
    };
    let python = match (&typed.run.python, &file.python) {
        (Some(typed), _) => Some(program(current, typed)),
        (None, Some(set)) => Some(program(&root, Path::new(set))),
        (None, None) => None,
    };
    let jobs = typed.run.jobs.or(file.jobs).map(|jobs| jobs as usize);
    let rungs = Rungs::new(typed.run, &file);
    let permits = file
        .grants
        .into_iter()
        .map(|table| Permit::new(&root, table));
    let permits = permits
        .collect::<Result<_, _>>()
        .map_err(SettingsError::Grant)?;
    Ok(Settings {
        current: current.to_path_buf(),
        expectations,
        format: typed.format.or(file.format).unwrap_or_default(),
        jobs: jobs.unwrap_or_else(default_jobs),
        strict: typed.strict || file.strict.unwrap_or(false),
        require_snapshots: file.require_snapshots.unwrap_or(false),
        policy: Policy {
            limits,
            grants: Vec::new(),
        },
        permits,
        python,
        rungs,
        tries_skipped: false,
        rules: directive::rules(&root, &path, file.directives)?,
        assume_imports: file.assume_imports,
        exclude: file.exclude,
        are_chained: !typed.run.separate,
        root,
    })
}

fn limits(typed: &RunArgs, file: &FileSettings) -> Limits {
    let study = Limits::STUDY;
    let bytes = |typed: Option<u64>, set: Option<u64>, shift: u32, default: u64| {
        typed.or(set).map_or(default, |count| count << shift)
    };
    Limits {
        wall_ms: typed.timeout.or(file.timeout_ms).unwrap_or(study.wall_ms),
        memory_bytes: bytes(typed.memory_mb, file.memory_mb, 20, study.memory_bytes),
        output_bytes: bytes(typed.output_kb, file.output_kb, 10, study.output_bytes),
        processes: typed
            .processes
            .or(file.processes)
            .unwrap_or(study.processes),
        ..study
    }
}

/// Reads a number of seconds as milliseconds.
pub(super) fn parse_seconds(text: &str) -> Result<u64, String> {
    text.parse()
        .ok()
        .and_then(milliseconds)
        .ok_or_else(|| format!("not a number of seconds between 0.001 and {MAX_TIMEOUT_SECONDS}"))
}

fn milliseconds(seconds: f64) -> Option<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked first"
    )]
    (0.001..=MAX_TIMEOUT_SECONDS)
        .contains(&seconds)
        .then(|| (seconds * 1000.0).round() as u64)
}

/// What a settings file says.
#[derive(Debug, Default, PartialEq)]
struct FileSettings {
    expectations: Option<String>,
    format: Option<FormatArg>,
    grants: Vec<GrantTable>,
    jobs: Option<u32>,
    strict: Option<bool>,
    require_snapshots: Option<bool>,
    timeout_ms: Option<u64>,
    memory_mb: Option<u64>,
    output_kb: Option<u64>,
    processes: Option<u64>,
    python: Option<String>,
    require: Option<RungArg>,
    assume_imports: Vec<String>,
    exclude: Vec<String>,
    /// Whether there are any: they are read later, with their places.
    has_directives: bool,
    directives: Vec<directive::FileRule>,
}

type Table = BTreeMap<Spanned<String>, Spanned<Value>>;

#[derive(Deserialize)]
struct Pyproject {
    tool: Option<Tools>,
}

#[derive(Deserialize)]
struct Tools {
    snipcheck: Option<Table>,
}

/// The directory of the nearest settings file, the file as it is shown, and what it says.
fn nearest_file(current: &Path) -> Result<Option<(PathBuf, PathBuf, FileSettings)>, SettingsError> {
    for directory in current.ancestors() {
        let path = directory.join(SETTINGS_FILE);
        if let Some(text) = store::read_if_exists(&path)? {
            let path = path.strip_prefix(current).unwrap_or(&path);
            let table = parse_toml::<Table>(path, &text)?;
            let file = FileSettings::read(path, &text, table)?;
            return Ok(Some((directory.to_path_buf(), path.to_path_buf(), file)));
        }
        let path = directory.join(PYPROJECT_FILE);
        let text = store::read_if_exists(&path)?;
        let path = path.strip_prefix(current).unwrap_or(&path);
        // A project file that never names this tool is not ours to complain about.
        if let Some(text) = text
            && text.contains("snipcheck")
            && let Some(table) = parse_toml::<Pyproject>(path, &text)?
                .tool
                .and_then(|tools| tools.snipcheck)
        {
            let file = FileSettings::read(path, &text, table)?;
            return Ok(Some((directory.to_path_buf(), path.to_path_buf(), file)));
        }
    }
    Ok(None)
}

fn parse_toml<T: serde::de::DeserializeOwned>(path: &Path, text: &str) -> Result<T, SettingsError> {
    toml::from_str(text).map_err(|error| SettingsError::NotToml {
        path: path.to_path_buf(),
        line: LineIndex::new(text).line(error.span().map_or(0, |span| span.start)),
        message: error.message().trim_end().replace('\n', ", "),
    })
}

impl FileSettings {
    fn read(path: &Path, text: &str, table: Table) -> Result<Self, SettingsError> {
        let mut file = FileSettings::default();
        let index = LineIndex::new(text);
        for (key, value) in table {
            let key_line = index.line(key.span().start);
            let value_line = index.line(value.span().start);
            let key = key.into_inner();
            file.set(&key, value.into_inner())
                .map_err(|wrong| match wrong {
                    Wrong::Key => SettingsError::UnknownKey {
                        path: path.to_path_buf(),
                        line: key_line,
                        key,
                        known: &KEYS,
                    },
                    Wrong::Value(wanted) => SettingsError::BadValue {
                        path: path.to_path_buf(),
                        line: value_line,
                        key,
                        wanted,
                    },
                    Wrong::Inside(key, wanted) => SettingsError::BadValue {
                        path: path.to_path_buf(),
                        line: value_line,
                        key,
                        wanted,
                    },
                })?;
        }
        if file.has_directives {
            file.directives = directive::read(path, text)?;
        }
        Ok(file)
    }

    fn set(&mut self, key: &str, value: Value) -> Result<(), Wrong> {
        match key {
            "assume-imports" => self.assume_imports = strings(value)?,
            "directive" => {
                self.has_directives = true;
                directive::is_list(&value)
                    .then_some(())
                    .ok_or("tables, each begun by `[[directive]]`")?;
            }
            "exclude" => self.exclude = strings(value)?,
            "expectations" => self.expectations = Some(string(value)?),
            "format" => self.format = Some(format(value)?),
            "grant" => self.grants = grants::grants(value)?,
            "jobs" => self.jobs = Some(jobs(value)?),
            "memory-mb" => self.memory_mb = Some(size(value)?),
            "output-kb" => self.output_kb = Some(size(value)?),
            "processes" => self.processes = Some(processes(value)?),
            "python" => self.python = Some(string(value)?),
            "require" => self.require = Some(required(value)?),
            "require-snapshots" => {
                self.require_snapshots = Some(value.as_bool().ok_or("true or false")?);
            }
            "strict" => self.strict = Some(value.as_bool().ok_or("true or false")?),
            "timeout" => self.timeout_ms = Some(timeout(value)?),
            _ => return Err(Wrong::Key),
        }
        Ok(())
    }
}

/// What is wrong with a line of a settings file.
#[derive(Debug, PartialEq)]
enum Wrong {
    /// There is no such key.
    Key,
    /// Its value must be something else: this.
    Value(&'static str),
    /// A key inside of its value, with the keys that lead there, must be something else.
    Inside(String, &'static str),
}

impl From<&'static str> for Wrong {
    fn from(wanted: &'static str) -> Self {
        Wrong::Value(wanted)
    }
}

fn string(value: Value) -> Result<String, &'static str> {
    match value {
        Value::String(text) if !text.is_empty() => Ok(text),
        _ => Err("a text that is not empty"),
    }
}

fn strings(value: Value) -> Result<Vec<String>, &'static str> {
    const WANTED: &str = "a list of texts";
    let Value::Array(values) = value else {
        return Err(WANTED);
    };
    values
        .into_iter()
        .map(|value| string(value).map_err(|_| WANTED))
        .collect()
}

fn format(value: Value) -> Result<FormatArg, &'static str> {
    value
        .as_str()
        .and_then(|name| <FormatArg as clap::ValueEnum>::from_str(name, false).ok())
        .ok_or("\"full\", \"concise\" or \"json\"")
}

fn required(value: Value) -> Result<RungArg, &'static str> {
    value
        .as_str()
        .and_then(|name| <RungArg as clap::ValueEnum>::from_str(name, true).ok())
        .filter(|rung| *rung != RungArg::None)
        .ok_or("\"A+\", \"A\", \"B\", \"C\" or \"D\"")
}

fn jobs(value: Value) -> Result<u32, &'static str> {
    within(&value, 1024)
        .and_then(|jobs| u32::try_from(jobs).ok())
        .ok_or("a whole number from 1 to 1024")
}

fn size(value: Value) -> Result<u64, &'static str> {
    within(&value, 1 << 20).ok_or("a whole number from 1 to 1048576")
}

fn processes(value: Value) -> Result<u64, &'static str> {
    within(&value, 65_536).ok_or("a whole number from 1 to 65536")
}

fn timeout(value: Value) -> Result<u64, &'static str> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "numbers that large are out of range"
    )]
    let seconds = value
        .as_float()
        .or_else(|| value.as_integer().map(|n| n as f64));
    seconds
        .and_then(milliseconds)
        .ok_or("a number of seconds between 0.001 and 86400")
}

fn within(value: &Value, max: u64) -> Option<u64> {
    let number = u64::try_from(value.as_integer()?).ok()?;
    (1..=max).contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<FileSettings, SettingsError> {
        let path = Path::new(SETTINGS_FILE);
        FileSettings::read(path, text, parse_toml(path, text)?)
    }

    fn error(text: &str) -> String {
        read(text).expect_err("it is wrong").to_string()
    }

    #[test]
    fn every_key_that_is_suggested_is_known() {
        for key in KEYS {
            let wrong = FileSettings::default().set(key, Value::Integer(-1));
            assert!(matches!(wrong, Err(Wrong::Value(_))), "{key}: {wrong:?}");
        }
    }

    #[test]
    fn units_become_bytes_and_milliseconds() {
        let file = read("timeout = 2.5\nmemory-mb = 3\noutput-kb = 4\n").expect("it is right");
        let limits = limits(&RunArgs::default(), &file);
        assert_eq!(limits.wall_ms, 2_500);
        assert_eq!(limits.memory_bytes, 3 * 1024 * 1024);
        assert_eq!(limits.output_bytes, 4 * 1024);
    }

    #[test]
    fn errors_name_the_line_and_what_was_meant() {
        assert_eq!(
            error("strict = true\nTimout = 3\n"),
            "snipcheck.toml:2: unknown setting `Timout`; did you mean `timeout`?"
        );
        assert_eq!(
            error("memory_mb = 3\n"),
            "snipcheck.toml:1: unknown setting `memory_mb`; did you mean `memory-mb`?"
        );
        assert_eq!(
            error("jobs = 0\n"),
            "snipcheck.toml:1: `jobs` must be a whole number from 1 to 1024"
        );
        assert_eq!(
            error("timeout = nan\n"),
            "snipcheck.toml:1: `timeout` must be a number of seconds between 0.001 and 86400"
        );
    }

    #[test]
    fn a_key_near_nothing_gets_the_whole_list() {
        let error = error("zzz = 1\n");
        assert!(error.contains("`assume-imports`, `directive`"), "{error}");
    }
}
