//! What a block lacks where an exception ended it: a package, a part of one, a file, the network, input,
//! a display, or another Python.
//!
//! In goes the exception, out comes a [`Lack`] where the exception is of that kind; any other
//! is the block's own fault.

use super::Status;
use crate::observation::Exception;
use crate::plan::Reason;
use crate::problem::{self, Problem};
use crate::syntax::names::{History, member_history, module_history, standard_library};
use crate::text::Span;

/// What is missing, and what that says of the block.
pub(super) struct Lack {
    pub(super) status: Status,
    pub(super) reason: Reason,
    pub(super) problem: Option<Problem>,
}

impl Lack {
    fn inconclusive(reason: Reason, problem: Problem) -> Self {
        Lack {
            status: Status::Inconclusive,
            reason,
            problem: Some(problem),
        }
    }

    /// Nobody has it.
    fn own_fault(at: Span, exception: &Exception, message: &str) -> Self {
        let problem = problem::uncaught_exception(at, &exception.type_name, message);
        Lack {
            status: Status::Failed,
            reason: Reason::UncaughtException,
            problem: Some(problem),
        }
    }

    /// No Python that can be used has it.
    fn python2(at: Span, gone: &str, instead: Option<&str>) -> Self {
        Lack {
            status: Status::Failed,
            reason: Reason::UncaughtException,
            problem: Some(problem::python2_only(at, gone, instead)),
        }
    }
}

/// The oldest Python that blocks can be run with.
const OLDEST: (u8, u8) = (3, 9);

/// What the block lacks that raised `exception` at `at`; `code` is the line there.
pub(super) fn lack(exception: &Exception, at: Span, code: &str) -> Option<Lack> {
    let name = exception.name.as_deref();
    if is_a(exception, "ModuleNotFoundError") {
        return name.map(|module| missing_module(exception, at, module));
    }
    if is_relative_import(exception) {
        let problem = problem::missing_parent_package(at);
        return Some(Lack::inconclusive(Reason::MissingPackage, problem));
    }
    if let Some((module, member)) = missing_member(exception) {
        return Some(lacking_member(exception, at, module, member));
    }
    if is_a(exception, "EOFError") && exception.message == "EOF when reading a line" {
        return Some(Lack {
            status: Status::Inconclusive,
            reason: Reason::ReadsInput,
            problem: None,
        });
    }
    if wants_network(exception) {
        let host = name.or_else(|| host_in(code));
        let problem = problem::needs_network(at, host);
        return Some(Lack::inconclusive(Reason::NeedsNetwork, problem));
    }
    if wants_display(exception) {
        return Some(Lack::inconclusive(
            Reason::NeedsDisplay,
            problem::needs_display(at),
        ));
    }
    if is_a(exception, "FileNotFoundError") {
        let problem = problem::needs_file(at, name);
        return Some(Lack::inconclusive(Reason::NeedsFile, problem));
    }
    if is_a(exception, "AttributeError")
        && let Some((method, instead)) = python2_method(&exception.message)
    {
        let gone = format!("the method `{method}`");
        return Some(Lack::python2(at, &gone, Some(instead)));
    }
    None
}

fn is_a(exception: &Exception, name: &str) -> bool {
    let kind = exception.type_name.rsplit('.').next().unwrap_or_default();
    kind == name || exception.bases.iter().any(|base| base == name)
}

fn missing_module(exception: &Exception, at: Span, module: &str) -> Lack {
    if let Some(known) = module_history(module) {
        return lacking_version(at, &format!("the module `{module}`"), known);
    }
    // A dotted name is only missed once the package it is in was found.
    let package = module.split('.').next().unwrap_or(module);
    if package == module || !is_found(exception, package) {
        let problem = problem::missing_package(at, module, distribution(module));
        return Lack::inconclusive(Reason::MissingPackage, problem);
    }
    if standard_library(package) {
        return Lack::own_fault(at, exception, &exception.message);
    }
    let problem = problem::not_in_package(at, package, module);
    Lack::inconclusive(Reason::OtherVersion, problem)
}

/// Whether the message names more than the package, so that the package itself is there.
fn is_found(exception: &Exception, package: &str) -> bool {
    exception.message != format!("No module named '{package}'")
}

/// A name that a module lacks: `(module, name)`.
fn missing_member(exception: &Exception) -> Option<(&str, &str)> {
    let message = exception.message.as_str();
    if is_a(exception, "ImportError") {
        let (name, rest) = quoted_after(message, "cannot import name '")?;
        let (module, _) = quoted_after(rest, " from '")?;
        return Some((module, name));
    }
    let (module, rest) = is_a(exception, "AttributeError")
        .then(|| quoted_after(message, "module '"))
        .flatten()?;
    let (name, _) = quoted_after(rest, " has no attribute '")?;
    Some((module, name))
}

/// What stands between `opening`, which begins the text, and the next quote; and what follows.
fn quoted_after<'a>(text: &'a str, opening: &str) -> Option<(&'a str, &'a str)> {
    text.strip_prefix(opening)?.split_once('\'')
}

fn lacking_member(exception: &Exception, at: Span, module: &str, name: &str) -> Lack {
    if let Some(known) = member_history(module, name) {
        return lacking_version(at, &format!("`{module}.{name}`"), known);
    }
    if !matches!(module, "__main__" | "builtins") && !standard_library(module) {
        let problem = problem::not_in_package(at, module, name);
        return Lack::inconclusive(Reason::OtherVersion, problem);
    }
    // The place of the module on this machine, which the message ends with, is nobody's concern.
    let message = exception.message.split(" (").next().unwrap_or_default();
    Lack::own_fault(at, exception, message)
}

/// Python has it, only not the one that runs the blocks.
fn lacking_version(at: Span, what: &str, known: History) -> Lack {
    let problem = match (known.since, known.until) {
        (_, Some(until)) if until < (3, 0) => return Lack::python2(at, what, known.successor),
        (_, Some(until)) => problem::needs_older_python(at, what, until, known.successor),
        (since, None) => problem::needs_newer_python(at, what, since.unwrap_or(OLDEST)),
    };
    match known.until {
        // No reader of today can run it.
        Some(until) if until < OLDEST => Lack {
            status: Status::Failed,
            reason: Reason::OtherVersion,
            problem: Some(Problem {
                severity: problem::Severity::Error,
                ..problem
            }),
        },
        _ => Lack::inconclusive(Reason::OtherVersion, problem),
    }
}

/// The name under which a module is installed, where it is not its own.
fn distribution(module: &str) -> Option<&'static str> {
    let mut lines = include_str!("distributions.txt").lines();
    lines.find_map(|line| line.strip_prefix(module)?.strip_prefix(' '))
}

/// The method of a builtin type that only Python 2 had, and what took its place.
fn python2_method(message: &str) -> Option<(&str, &'static str)> {
    let (kind, rest) = quoted_after(message, "'")?;
    let (method, _) = quoted_after(rest, " object has no attribute '")?;
    let instead = match (kind, method) {
        ("dict", "has_key") => "in",
        ("dict", "iteritems" | "viewitems") => "items",
        ("dict", "iterkeys" | "viewkeys") => "keys",
        ("dict", "itervalues" | "viewvalues") => "values",
        ("generator", "next") => "next(…)",
        _ => return None,
    };
    Some((method, instead))
}

/// Whether the block is a module of a package that is not there, as `from . import x` shows.
fn is_relative_import(exception: &Exception) -> bool {
    exception.type_name == "ImportError"
        && exception.message.starts_with("attempted relative import")
}

fn wants_network(exception: &Exception) -> bool {
    const TYPES: [&str; 4] = ["gaierror", "URLError", "ConnectionRefusedError", "herror"];
    const MESSAGES: [&str; 4] = [
        "Network is unreachable",
        "Temporary failure in name resolution",
        "Name or service not known",
        "Connection refused",
    ];
    let kind = exception.type_name.rsplit('.').next().unwrap_or_default();
    exception.wants_network
        || TYPES.contains(&kind)
        || (exception.bases.iter().any(|base| base == "OSError")
            && MESSAGES
                .iter()
                .any(|message| exception.message.contains(message)))
}

/// Whether tkinter, pygame or the like found no screen.
fn wants_display(exception: &Exception) -> bool {
    let message = exception.message.as_str();
    (is_a(exception, "TclError") && message.contains("display"))
        || (exception.type_name == "pygame.error" && message.contains("video device"))
}

/// The host of the first address in a piece of code.
fn host_in(code: &str) -> Option<&str> {
    let (_, rest) = code.split_once("://")?;
    let is_part = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
    rest.get(..end).filter(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(type_name: &str, message: &str, name: Option<&str>) -> (Status, &'static str, String) {
        let base = match type_name {
            "ModuleNotFoundError" => "ImportError",
            other => other,
        };
        let exception = Exception {
            type_name: type_name.to_owned(),
            bases: vec![type_name.to_owned(), base.to_owned()],
            message: message.to_owned(),
            lines: Vec::new(),
            name: name.map(str::to_owned),
            is_compile_error: false,
            column: None,
            wants_network: false,
        };
        let lack = lack(&exception, Span::at(0), "get('https://example.com/a')").expect("a lack");
        let problem = lack.problem.expect("a problem");
        let help = problem.help.unwrap_or_default();
        let text = format!("{}; {help}", problem.message);
        (lack.status, lack.reason.as_str(), text)
    }

    /// Message, name, and what is said: `status reason words`.
    const TABLE: &[(&str, &str, &str)] = &[
        (
            "No module named 'cv2'",
            "cv2",
            "? missing-package opencv-python",
        ),
        ("No module named 'yaml'", "yaml", "? missing-package PyYAML"),
        (
            "No module named 'winreg'",
            "winreg",
            "? missing-package `winreg`",
        ),
        (
            "No module named 'numpy.old'",
            "numpy.old",
            "? other-version no `numpy.old`",
        ),
        (
            "No module named 'os.paths'; 'os' is not a package",
            "os.paths",
            "! uncaught-exception os.paths",
        ),
        (
            "No module named 'distutils'",
            "distutils",
            "? other-version since Python 3.12",
        ),
        (
            "No module named 'tomllib'",
            "tomllib",
            "? other-version came with Python 3.11",
        ),
        (
            "No module named 'compression'",
            "compression",
            "? other-version came with Python 3.14",
        ),
        (
            "No module named 'urllib2'",
            "urllib2",
            "! uncaught-exception `urllib.request`",
        ),
        (
            "cannot import name 'batched' from 'itertools' (unknown location)",
            "itertools",
            "? other-version came with Python 3.12",
        ),
        (
            "cannot import name 'Mapping' from 'collections' (/a/b.py)",
            "collections",
            "? other-version `collections.abc` took its place",
        ),
        (
            "cannot import name 'gcd' from 'fractions' (/a/b.py)",
            "fractions",
            "! other-version since Python 3.9",
        ),
        (
            "cannot import name 'izip' from 'itertools' (/a/b.py)",
            "itertools",
            "! uncaught-exception Python 2",
        ),
        (
            "cannot import name 'sqr' from 'math' (/a/b.so)",
            "math",
            "! uncaught-exception from 'math'`;",
        ),
        (
            "cannot import name 'escape' from 'flask' (/a/b.py)",
            "flask",
            "? other-version `flask`, as it is installed",
        ),
        (
            "module 'math' has no attribute 'sumprod'",
            "",
            "? other-version 3.12",
        ),
        (
            "module 'numpy' has no attribute 'float'",
            "",
            "? other-version `numpy`",
        ),
        (
            "module 'math' has no attribute 'sqr'",
            "",
            "! uncaught-exception 'sqr'",
        ),
    ];

    #[test]
    fn modules_and_their_parts() {
        for (message, name, expected) in TABLE {
            let type_name = match message.split(' ').next() {
                Some("No") => "ModuleNotFoundError",
                Some("cannot") => "ImportError",
                _ => "AttributeError",
            };
            let name = Some(*name).filter(|name| !name.is_empty());
            let (status, reason, text) = told(type_name, message, name);
            let mark = match status {
                Status::Failed => '!',
                _ => '?',
            };
            let words = expected.splitn(3, ' ').nth(2).unwrap_or_default();
            assert!(text.contains(words), "{message}: {text}");
            assert_eq!(format!("{mark} {reason} {words}"), *expected, "{message}");
        }
    }

    #[test]
    fn hosts_and_files() {
        let (.., text) = told("socket.gaierror", "[Errno -3]", Some("example.org"));
        assert!(text.contains("`example.org`"), "{text}");
        let (.., text) = told("socket.gaierror", "[Errno -3]", None);
        assert!(text.contains("`example.com`"), "{text}");
        let no_display = "no display name and no $DISPLAY environment variable";
        assert_eq!(
            told("_tkinter.TclError", no_display, None).1,
            "needs-display"
        );
        let (_, reason, text) = told("FileNotFoundError", "[Errno 2]", Some("a/b.csv"));
        assert!(
            reason == "needs-file" && text.contains("`a/b.csv`"),
            "{text}"
        );
    }
}
