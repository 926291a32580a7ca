//! What a block says it requires: a version of Python, or a package.
//!
//! ```text
//! 3.12     >=3.10, <3.13     python 3.9     numpy     py>=3.11, numpy>=2
//! ```

use std::fmt;

/// Major and minor version of Python.
pub(super) type Version = (u8, u8);

/// How a version is compared with the one that is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Not older; a version alone means this too.
    AtLeast,
    /// Newer.
    Above,
    /// Not newer.
    AtMost,
    /// Older.
    Below,
    /// This minor version.
    Exactly,
    /// Any other minor version.
    Not,
}

/// One thing that a block requires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Demand {
    /// A version of Python.
    Python(Relation, Version),
    /// A package, by the name it is imported or installed under; its version is not looked at.
    Package(String),
}

impl Demand {
    /// Whether `python` will do; a package always does here.
    pub(super) fn is_met_by(&self, python: Version) -> bool {
        let Demand::Python(relation, named) = self else {
            return true;
        };
        match relation {
            Relation::AtLeast => python >= *named,
            Relation::Above => python > *named,
            Relation::AtMost => python <= *named,
            Relation::Below => python < *named,
            Relation::Exactly => python == *named,
            Relation::Not => python != *named,
        }
    }
}

impl fmt::Display for Demand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Demand::Python(relation, (major, minor)) => {
                let sign = match relation {
                    Relation::AtLeast => ">=",
                    Relation::Above => ">",
                    Relation::AtMost => "<=",
                    Relation::Below => "<",
                    Relation::Exactly => "==",
                    Relation::Not => "!=",
                };
                write!(f, "python{sign}{major}.{minor}")
            }
            Demand::Package(name) => f.write_str(name),
        }
    }
}

/// Reads a list of demands, divided by commas; `None` where some part is neither.
pub(super) fn demands(text: &str) -> Option<Vec<Demand>> {
    let parts = text.split(',').map(str::trim);
    let parts: Option<Vec<Demand>> = parts.filter(|it| !it.is_empty()).map(demand).collect();
    parts.filter(|parts| !parts.is_empty())
}

fn demand(text: &str) -> Option<Demand> {
    let after_name = ["python", "py", "Python"].iter().find_map(|name| {
        let rest = text.strip_prefix(name)?.trim_start();
        rest.starts_with(|c: char| c.is_ascii_digit() || "<>=!~".contains(c))
            .then_some(rest)
    });
    let text = after_name.unwrap_or(text);
    let signs: String = text.chars().take_while(|c| "<>=!~".contains(*c)).collect();
    let relation = match signs.as_str() {
        "" | ">=" | "=>" | "~=" => Relation::AtLeast,
        ">" => Relation::Above,
        "<=" | "=<" => Relation::AtMost,
        "<" => Relation::Below,
        "==" | "=" => Relation::Exactly,
        "!=" => Relation::Not,
        _ => return None,
    };
    let rest = text.get(signs.len()..)?.trim();
    match version(rest) {
        Some(version) => Some(Demand::Python(relation, version)),
        None if signs.is_empty() => package(rest),
        None => None,
    }
}

/// `3.12`, `3.12.1`, `3.12+`, `3`.
fn version(text: &str) -> Option<Version> {
    let mut parts = text.trim_end_matches(['+', '*', '.']).split('.');
    let major: u8 = parts.next()?.parse().ok()?;
    let minor = parts.next().map_or(Some(0), |minor| minor.parse().ok())?;
    (2..=4).contains(&major).then_some((major, minor))
}

/// `numpy`, `numpy>=2`, `uvicorn[standard]`.
fn package(text: &str) -> Option<Demand> {
    let is_part = |c: char| c.is_alphanumeric() || "._-".contains(c);
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let is_known_rest =
        rest.trim_start().is_empty() || rest.trim_start().starts_with(|c| "<>=!~[;".contains(c));
    (name.starts_with(char::is_alphabetic) && is_known_rest)
        .then(|| Demand::Package(name.to_owned()))
}
