//! Gives the binary a path to the libpython it links, so that it starts without any environment
//! variable, and says in one clear error what to install where there is none.

use pyo3_build_config::InterpreterConfig;

fn main() {
    let config: &InterpreterConfig = pyo3_build_config::get();
    if !config.shared() {
        fail(&format!(
            "the Python {} that was found has no shared library (libpython)",
            config.version()
        ));
    }
    let Some(lib_dir) = config.lib_dir() else {
        fail("the Python that was found does not say where its libpython lies");
    };
    let Some(executable) = config.executable() else {
        fail("the Python that was found does not say where its executable lies");
    };
    let library = config
        .run_python_script("import sysconfig; print(sysconfig.get_config_var('INSTSONAME'))")
        .unwrap_or_default();
    // A run path, not an rpath: LD_LIBRARY_PATH must win when another interpreter is chosen.
    println!("cargo:rustc-link-arg=-Wl,--enable-new-dtags,-rpath,{lib_dir}");
    println!("cargo:rustc-env=SNIPCHECK_LIBPYTHON={}", library.trim());
    println!("cargo:rustc-env=SNIPCHECK_BUILT_FOR={executable}");
    println!("cargo:rerun-if-changed=build.rs");
}

fn fail(what: &str) -> ! {
    println!(
        "cargo:error={what}; install a CPython 3.9 or later with its shared library and headers \
         (Debian and Ubuntu: `apt-get install python3-dev`, Fedora: `dnf install python3-devel`), \
         or name another with PYO3_PYTHON=/path/to/python3"
    );
    std::process::exit(1);
}
