//! Finds the CPython whose shared library the binary links, and gives the binary a path to it, so
//! that it starts without any environment variable. Where there is none, one error says what to
//! install. pyo3 itself is told not to look (`.cargo/config.toml`).

use std::path::Path;
use std::process::Command;

/// Tried in this order, unless `PYO3_PYTHON` names one.
const NAMES: [&str; 9] = [
    "python3",
    "python",
    "/usr/bin/python3",
    "python3.14",
    "python3.13",
    "python3.12",
    "python3.11",
    "python3.10",
    "python3.9",
];

const QUESTION: &str = "
import sys, sysconfig
get = sysconfig.get_config_var
print(sys.executable)
print(sys.implementation.name)
print('%d %d' % sys.version_info[:2])
print(get('Py_ENABLE_SHARED') or 0)
print(get('LIBDIR'))
print(get('LDLIBRARY'))
print(get('INSTSONAME'))
";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=PYO3_PYTHON");
    println!("cargo::rerun-if-env-changed=PATH");
    let names = match std::env::var("PYO3_PYTHON") {
        Ok(name) => vec![name],
        Err(_) => NAMES.map(str::to_owned).to_vec(),
    };
    let mut refused = Vec::new();
    for name in names {
        match examine(&name) {
            Ok(python) => return link(&python),
            Err(why) => refused.push(format!("{name}: {why}")),
        }
    }
    println!(
        "cargo::error=no CPython 3.9 or later with a shared library (libpython) and headers was found; \
         install one (Debian and Ubuntu: `apt-get install python3-dev`, Fedora: `dnf install \
         python3-devel`, pyenv: PYTHON_CONFIGURE_OPTS=--enable-shared), or name one with \
         PYO3_PYTHON=/path/to/python3 (tried: {})",
        refused.join("; ")
    );
}

/// What is needed to link one interpreter's library.
struct Python {
    executable: String,
    library_dir: String,
    /// Name for the linker, such as `python3.11`.
    link_name: String,
    /// Name that the loader looks for, such as `libpython3.11.so.1.0`.
    loader_name: String,
}

fn examine(name: &str) -> Result<Python, String> {
    let output = Command::new(name)
        .args(["-I", "-c", QUESTION])
        .output()
        .map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    let [
        executable,
        implementation,
        version,
        shared,
        library_dir,
        library,
        loader_name,
    ] = lines[..]
    else {
        return Err("it does not run".to_owned());
    };
    let mut version = version.split(' ').map(str::parse::<u32>);
    let version = (version.next(), version.next());
    if implementation != "cpython" {
        return Err(format!("it is {implementation}"));
    }
    if !matches!(version, (Some(Ok(3)), Some(Ok(minor))) if minor >= 9) {
        return Err("it is older than 3.9".to_owned());
    }
    let link_name = library
        .strip_prefix("lib")
        .and_then(|name| name.strip_suffix(".so"));
    let (Some(link_name), "1") = (link_name, shared) else {
        return Err("it was built without a shared library".to_owned());
    };
    let file = Path::new(library_dir).join(library);
    if !file.exists() {
        return Err(format!("{} is not installed", file.display()));
    }
    Ok(Python {
        executable: executable.to_owned(),
        library_dir: library_dir.to_owned(),
        link_name: link_name.to_owned(),
        loader_name: loader_name.to_owned(),
    })
}

fn link(python: &Python) {
    let Python {
        executable,
        library_dir,
        link_name,
        loader_name,
    } = python;
    println!("cargo::rustc-link-search=native={library_dir}");
    println!("cargo::rustc-link-lib={link_name}");
    // A run path, not an rpath: LD_LIBRARY_PATH must win when another interpreter is chosen.
    println!("cargo::rustc-link-arg=-Wl,--enable-new-dtags,-rpath,{library_dir}");
    println!("cargo::rustc-env=SNIPCHECK_BUILT_FOR={executable}");
    println!("cargo::rustc-env=SNIPCHECK_LIBPYTHON={loader_name}");
}
