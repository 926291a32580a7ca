//! Directives in the settings file, for documents that must stay free of them.
//!
//! ```toml
//! [[directive]]
//! paths = ["notes/network/**"]   # as in .gitignore; without them, every document
//! heading = "Servers*"           # one of the headings above the block; `*` stands for any text
//! block = "servers/1"            # the id of the block
//! say = "skip — needs a server"  # what would stand behind `snipcheck:` in the document
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use toml::{Spanned, Value};

use super::{BadDirective, SettingsError};
use crate::plan::{self, Rule};
use crate::store::Patterns;
use crate::text::{LineIndex, LineNumber};

/// The keys of a `[[directive]]`.
pub(super) const KEYS: [&str; 4] = ["block", "heading", "paths", "say"];

/// What a `[[directive]]` says, before paths are known.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FileRule {
    paths: Option<(Vec<String>, LineNumber)>,
    rule: Rule,
}

/// A directive of the settings for the documents it is meant for.
#[derive(Clone, Debug)]
pub struct SettingsRule {
    /// Its documents; `None`: all.
    pub(in super::super) documents: Option<Patterns>,
    /// What it says of their blocks.
    pub(in super::super) rule: Rule,
    /// `FILE:LINE` of it.
    pub(in super::super) place: String,
}

type Table = BTreeMap<Spanned<String>, Spanned<Value>>;

#[derive(Default, Deserialize)]
struct Own {
    #[serde(default)]
    directive: Vec<Spanned<Table>>,
}

#[derive(Deserialize)]
struct Pyproject {
    tool: Option<Tools>,
}

#[derive(Deserialize)]
struct Tools {
    snipcheck: Option<Own>,
}

/// Whether `value` can be the directives of a file.
pub(super) fn is_list(value: &Value) -> bool {
    let Value::Array(tables) = value else {
        return false;
    };
    tables.iter().all(Value::is_table)
}

/// Reads the directives again, now with the places of everything in them.
pub(super) fn read(path: &Path, text: &str) -> Result<Vec<FileRule>, SettingsError> {
    let own = match path
        .file_name()
        .is_some_and(|name| name == super::PYPROJECT_FILE)
    {
        true => super::parse_toml::<Pyproject>(path, text)?
            .tool
            .and_then(|tools| tools.snipcheck),
        false => Some(super::parse_toml::<Own>(path, text)?),
    };
    let index = LineIndex::new(text);
    let tables = own.unwrap_or_default().directive;
    tables
        .into_iter()
        .map(|table| {
            let line = index.line(table.span().start);
            read_one(path, &index, line, table.into_inner())
        })
        .collect()
}

fn read_one(
    path: &Path,
    index: &LineIndex,
    line: LineNumber,
    table: Table,
) -> Result<FileRule, SettingsError> {
    let mut rule = FileRule {
        paths: None,
        rule: Rule {
            heading: None,
            block: None,
            orders: Vec::new(),
            line,
        },
    };
    for (key, value) in table {
        let key_line = index.line(key.span().start);
        let line = index.line(value.span().start);
        let key = key.into_inner();
        if !KEYS.contains(&key.as_str()) {
            return Err(SettingsError::UnknownKey {
                path: path.to_path_buf(),
                line: key_line,
                key,
                known: &KEYS,
            });
        }
        let wrong = |wanted| SettingsError::BadValue {
            path: path.to_path_buf(),
            line,
            key: key.clone(),
            wanted,
        };
        if key == "paths" {
            let texts = super::strings(value.into_inner()).map_err(wrong)?;
            rule.paths = Some((texts, line));
            continue;
        }
        let text = super::string(value.into_inner()).map_err(wrong)?;
        match key.as_str() {
            "heading" => rule.rule.heading = Some(text),
            "block" => rule.rule.block = Some(text),
            _ => {
                rule.rule.orders = plan::orders(&text).map_err(|wrong| {
                    let what = BadDirective::Wrong(wrong);
                    bad(path, line, what)
                })?;
            }
        }
    }
    match rule.rule.orders.is_empty() {
        true => Err(bad(path, line, BadDirective::Missing)),
        false => Ok(rule),
    }
}

fn bad(path: &Path, line: LineNumber, what: BadDirective) -> SettingsError {
    SettingsError::BadDirective {
        path: path.to_path_buf(),
        line,
        what,
    }
}

/// The rules for documents below `root`; `path` is the settings file.
pub(super) fn rules(
    root: &Path,
    path: &Path,
    rules: Vec<FileRule>,
) -> Result<Vec<SettingsRule>, SettingsError> {
    let finish = |read: FileRule| {
        let documents = read.paths.map(|(texts, line)| {
            Patterns::new("paths", root, &texts)
                .map_err(|error| bad(path, line, BadDirective::Paths(error)))
        });
        Ok(SettingsRule {
            documents: documents.transpose()?,
            place: format!("{}:{}", path.display(), read.rule.line),
            rule: read.rule,
        })
    };
    rules.into_iter().map(finish).collect()
}
