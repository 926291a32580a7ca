//! What the settings grant to sets of documents: the `[[grant]]` tables.
//!
//! ```toml
//! [[grant]]
//! paths = ["tutorial/**"]       # patterns of documents; without them, every document
//! reason = "the tutorial reads the sample data and talks to a server of its own"
//! read = ["data"]               # files and directories, relative to the settings file
//! loopback = true
//! timeout = 60
//! environment = { TZ = "Europe/Berlin" }
//! ```
//!
//! A grant lifts a limit, it never lowers one. The network of the machine cannot be granted.

use std::path::{Path, PathBuf};

use toml::Value;

use super::{Wrong, processes, size, string, strings, timeout};
use crate::policy::{Gift, Grant, Policy, Readable};
use crate::store::{PathError, Patterns};

/// Places that are each block's own, or that show the machine's processes and devices.
const NOT_READABLE: [&str; 4] = ["/proc", "/sys", "/dev", "/run"];
/// The same, for themselves alone.
const NOT_WHOLLY: [&str; 2] = ["/", "/tmp"];

/// Variables that make the loader or the interpreter run or read other files: they would act on the
/// fork server, before anything confines it.
const LOADERS: [&str; 5] = ["LD_", "PYTHON", "GLIBC_", "GCONV_", "LOCPATH"];

/// A `[[grant]]` table as it stands in the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct GrantTable {
    paths: Option<Vec<String>>,
    reason: String,
    read: Vec<String>,
    gifts: Vec<Gift>,
}

/// A grant, and the documents it is for.
#[derive(Clone, Debug)]
pub(super) struct Permit {
    /// `None`: all.
    documents: Option<Patterns>,
    grant: Grant,
}

/// Reads the value of the key `grant`.
pub(super) fn grants(value: Value) -> Result<Vec<GrantTable>, Wrong> {
    let Value::Array(tables) = value else {
        return Err(Wrong::Value("tables, each under `[[grant]]`"));
    };
    tables.into_iter().map(table).collect()
}

fn table(value: Value) -> Result<GrantTable, Wrong> {
    let Value::Table(table) = value else {
        return Err(Wrong::Value("tables, each under `[[grant]]`"));
    };
    let mut grant = GrantTable::default();
    for (key, value) in table {
        let inside = |wanted| Wrong::Inside(format!("grant.{key}"), wanted);
        grant.set(&key, value).map_err(|wrong| match wrong {
            Wrong::Value(wanted) => inside(wanted),
            Wrong::Key => inside(
                "left out: a grant has `paths`, `reason`, `read`, `loopback`, `environment`, \
                 `timeout`, `memory-mb`, `output-kb` and `processes`",
            ),
            inside => inside,
        })?;
    }
    if grant.reason.trim().is_empty() {
        let wanted = "there: a text that says why this is granted";
        return Err(Wrong::Inside("grant.reason".to_owned(), wanted));
    }
    if grant.read.is_empty() && grant.gifts.is_empty() {
        return Err(Wrong::Value("tables that grant something"));
    }
    Ok(grant)
}

impl GrantTable {
    fn set(&mut self, key: &str, value: Value) -> Result<(), Wrong> {
        match key {
            "paths" => self.paths = Some(strings(value)?),
            "reason" => self.reason = string(value)?,
            "read" => self.read = strings(value)?,
            "loopback" => {
                if value.as_bool().ok_or("true or false")? {
                    self.gifts.push(Gift::Loopback);
                }
            }
            "environment" => self.gifts.extend(variables(value)?),
            "timeout" => self.gifts.push(Gift::Time {
                wall_ms: timeout(value)?,
            }),
            "memory-mb" => self.gifts.push(Gift::Memory {
                bytes: size(value)? << 20,
            }),
            "output-kb" => self.gifts.push(Gift::Output {
                bytes: size(value)? << 10,
            }),
            "processes" => self.gifts.push(Gift::Processes {
                count: processes(value)?,
            }),
            _ => return Err(Wrong::Key),
        }
        Ok(())
    }
}

fn variables(value: Value) -> Result<Vec<Gift>, &'static str> {
    const WANTED: &str = "a table of names and texts";
    let Value::Table(table) = value else {
        return Err(WANTED);
    };
    let variable = |(name, value): (String, Value)| {
        let is_name = !name.is_empty() && !name.contains(['=', '\0']);
        if LOADERS.iter().any(|loader| name.starts_with(loader)) {
            return Err("without variables that steer the loader or the interpreter");
        }
        match value {
            Value::String(value) if is_name && !value.contains('\0') => {
                Ok(Gift::Variable { name, value })
            }
            _ => Err(WANTED),
        }
    };
    table.into_iter().map(variable).collect()
}

/// Why a grant cannot be given.
#[derive(Debug)]
pub enum GrantError {
    /// A path to read that is not there, or cannot be shown.
    Unreadable {
        /// As the settings name it.
        name: String,
        /// Why.
        why: String,
    },
    /// A pattern of documents.
    Pattern(PathError),
}

impl std::fmt::Display for GrantError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            GrantError::Unreadable { name, why } => write!(f, "cannot grant `{name}`: {why}"),
            GrantError::Pattern(error) => error.fmt(f),
        }
    }
}

impl Permit {
    /// What `table` says, in the directory `root` of the settings file.
    pub(super) fn new(root: &Path, table: GrantTable) -> Result<Permit, GrantError> {
        let mut names = table.read;
        // What lies below another granted path comes behind it.
        names.sort();
        let read = names.into_iter().map(|name| readable(root, name));
        let mut gifts = read.collect::<Result<Vec<Gift>, _>>()?;
        gifts.extend(table.gifts);
        let patterns = table
            .paths
            .map(|paths| Patterns::new("paths", root, &paths).map_err(GrantError::Pattern));
        Ok(Permit {
            documents: patterns.transpose()?,
            grant: Grant {
                gifts,
                reason: table.reason.trim().to_owned(),
            },
        })
    }

    /// Adds the grant to `policy`, if it is for the document at `file` (`None`: standard input).
    pub(super) fn apply(&self, file: Option<&Path>, policy: &mut Policy) {
        let is_meant = match (&self.documents, file) {
            (None, _) => true,
            (Some(patterns), Some(file)) => patterns.match_file(file),
            (Some(_), None) => false,
        };
        if is_meant {
            policy.allow(self.grant.clone());
        }
    }
}

fn readable(root: &Path, name: String) -> Result<Gift, GrantError> {
    let refuse = |why: String| GrantError::Unreadable {
        name: name.clone(),
        why,
    };
    let path = root.join(&name);
    let path: PathBuf = path
        .canonicalize()
        .map_err(|error| refuse(error.to_string()))?;
    let is_below = |place: &&str| path.starts_with(place);
    if NOT_WHOLLY.iter().any(|place| path == Path::new(place)) || NOT_READABLE.iter().any(is_below)
    {
        let shown = path.display();
        return Err(refuse(format!("blocks have no business in `{shown}`")));
    }
    Ok(Gift::Read(Readable { path, name }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<GrantTable>, Wrong> {
        let mut table: toml::Table = toml::from_str(text).expect("it is TOML");
        grants(table.remove("grant").expect("it grants"))
    }

    #[test]
    fn a_grant_needs_a_reason_and_something_to_give() {
        let wrong = read("[[grant]]\ntimeout = 3\n").expect_err("there is no reason");
        assert!(matches!(wrong, Wrong::Inside(key, _) if key == "grant.reason"));
        let wrong = read("[[grant]]\nreason = ' '\ntimeout = 3\n").expect_err("it is empty");
        assert!(matches!(wrong, Wrong::Inside(key, _) if key == "grant.reason"));
        assert!(read("[[grant]]\nreason = 'why'\n").is_err());
        assert!(read("[[grant]]\nreason = 'why'\nloopback = false\n").is_err());
        assert!(read("[[grant]]\nreason = 'why'\nloopback = true\n").is_ok());
    }

    #[test]
    fn the_network_and_the_loader_cannot_be_granted() {
        for line in [
            "network = true",
            "environment = { LD_PRELOAD = '/x.so' }",
            "environment = { PYTHONPATH = '.' }",
            "environment = { 'A=B' = 'x' }",
            "environment = { A = 1 }",
        ] {
            let text = format!("[[grant]]\nreason = 'why'\n{line}\n");
            assert!(read(&text).is_err(), "{line}");
        }
        for name in ["/", "/proc", "/proc/1", "/dev/null", "/tmp", "no/such"] {
            assert!(readable(Path::new("/"), name.to_owned()).is_err(), "{name}");
        }
    }

    #[test]
    fn a_grant_lifts_a_limit_and_lowers_none() {
        let mut policy = Policy::STUDY;
        let tables = "[[grant]]\nreason = 'why'\ntimeout = 60\nmemory-mb = 1\n";
        for table in read(tables).expect("it is right") {
            let permit = Permit::new(Path::new("/"), table).expect("it can be given");
            permit.apply(None, &mut policy);
        }
        assert_eq!(policy.limits.wall_ms, 60_000);
        assert_eq!(
            policy.limits.memory_bytes,
            Policy::STUDY.limits.memory_bytes
        );
    }
}
