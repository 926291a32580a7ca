//! Which interpreter runs the snippets, and how the loader finds its library.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::RunError;

/// The interpreter that the binary was built with.
const BUILT_FOR: &str = env!("SNIPCHECK_BUILT_FOR");
/// The library name that the binary is linked to.
const LIBRARY: &str = env!("SNIPCHECK_LIBPYTHON");

/// An interpreter that can be embedded.
#[derive(Debug)]
pub(super) struct Installation {
    /// Its executable; prefix, packages and virtual environment follow from it.
    pub(super) executable: PathBuf,
    /// Holds a link with the linked library's name to this interpreter's library; `None` for the
    /// interpreter that the binary was built with, whose place the binary knows.
    pub(super) loader_path: Option<tempfile::TempDir>,
    /// Major and minor version.
    pub(super) version: Option<(u8, u8)>,
}

/// Finds what is needed to embed `python`, or the interpreter that the binary was built with.
pub(super) fn locate(python: Option<&Path>) -> Result<Installation, RunError> {
    let Some(python) = python else {
        return Ok(Installation {
            executable: PathBuf::from(BUILT_FOR),
            loader_path: None,
            // Such as `libpython3.11.so.1.0`.
            version: parse_version(LIBRARY.trim_start_matches("libpython")),
        });
    };
    const QUESTION: &str = "import sys, sysconfig as s; \
        print(sys.executable); print(s.get_config_var('LIBDIR')); \
        print(s.get_config_var('INSTSONAME')); print(s.get_config_var('Py_ENABLE_SHARED')); \
        print('%d.%d' % sys.version_info[:2]); print(sys.implementation.name)";
    let failed = |why: String| RunError::new(format!("failed to use {}: {why}", python.display()));
    let output = Command::new(python)
        .args(["-I", "-c", QUESTION])
        .output()
        .map_err(|error| failed(error.to_string()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = text.lines().collect();
    let [executable, directory, library, shared, version, name] = lines[..] else {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(failed(format!("it does not run: {}", said.trim())));
    };
    if name != "cpython" {
        return Err(failed(format!(
            "it is {name}; only CPython can be embedded"
        )));
    }
    if parse_version(version) < Some((3, 9)) {
        return Err(failed(format!(
            "it is Python {version}; 3.9 or later is needed"
        )));
    }
    let library = Path::new(directory).join(library);
    if shared != "1" || !library.exists() {
        return Err(failed(
            "it has no shared library (libpython); install it, or use a Python built with \
             --enable-shared"
                .to_owned(),
        ));
    }
    let loader_path = tempfile::Builder::new()
        .prefix("snipcheck-lib-")
        .tempdir()
        .map_err(|error| failed(error.to_string()))?;
    std::os::unix::fs::symlink(&library, loader_path.path().join(LIBRARY))
        .map_err(|error| failed(error.to_string()))?;
    Ok(Installation {
        executable: PathBuf::from(executable),
        loader_path: Some(loader_path),
        version: parse_version(version),
    })
}

fn parse_version(text: &str) -> Option<(u8, u8)> {
    let mut parts = text.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}
