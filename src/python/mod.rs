//! The embedded interpreter: the only user of pyo3.
//!
//! [`main`] turns the process into a Python that runs `warm.py` and then `agent.py`, all the Python
//! that is shipped. What the agent needs from the outside world it asks of a [`Host`]: the next job (which forks),
//! and a place to report to. The supervisor never calls anything here.

#[expect(
    unsafe_code,
    reason = "the C interface of CPython, fork(2) and the shared page"
)]
pub mod fork;

use std::ffi::CString;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Mutex, OnceLock};

pub use pyo3::Python;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde::{Deserialize, Serialize};

use crate::observation::{Computed, EndKind, Exception, Raised, Record};
use crate::plan::{Announced, Snippet, SnippetKind, Source};
use crate::policy::Limits;
use crate::text::LineNumber;

/// One snippet to run, as the supervisor asks for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The document's path, for tracebacks.
    pub document: String,
    /// What to run.
    pub snippet: Snippet,
    /// A script cut into its top-level statements (those that share a line together), where the
    /// grammar could; else empty. Compiling them from text is cheaper than from a tree.
    pub chunks: Vec<Source>,
    /// How many of the last pieces of the context are watched and reported like the snippet itself.
    pub judged: usize,
    /// A secret of this run: marks and the completion record carry it.
    pub nonce: String,
    /// Its limits.
    pub limits: Limits,
    /// The scratch directory, where the sandbox does not give the snippet one of its own.
    pub scratch: Option<String>,
}

/// Where the interpreter keeps its files; the sandbox must leave them readable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// `sys.path`, without the script's directory.
    pub search_path: Vec<String>,
    /// `sys.prefix`.
    pub prefix: String,
    /// `sys.base_prefix`.
    pub base_prefix: String,
}

/// What the agent asks of the process that embeds it.
pub trait Host: Send {
    /// Serves jobs: returns in a forked and confined child with one job and the path of its script.
    fn serve(&mut self, py: Python<'_>, layout: &Layout) -> Result<(Job, String), String>;
    /// Takes down what the snippet reports.
    fn report(&mut self, record: &Record);
    /// Whether descriptor `fd` still is the stream that the supervisor reads.
    fn is_own(&self, fd: i32) -> bool;
    /// Lifts the memory limit a little, so that the end can be reported after a `MemoryError`.
    fn relax_memory(&mut self);
}

const WARM: &std::ffi::CStr =
    match std::ffi::CStr::from_bytes_with_nul(concat!(include_str!("warm.py"), "\0").as_bytes()) {
        Ok(code) => code,
        Err(_) => panic!("a NUL in warm.py"),
    };

static HOST: OnceLock<Mutex<Box<dyn Host>>> = OnceLock::new();

/// Runs the agent in this process, with the interpreter `python`; returns when it could not.
pub fn main(python: &Path, host: Box<dyn Host>) -> i32 {
    fork::gather_arenas();
    let is_registered = fork::buffer_c_lines() && fork::register_module(native::__pyo3_init);
    if HOST.set(Mutex::new(host)).is_err() || !is_registered {
        return 1;
    }
    let program = python.to_string_lossy().into_owned();
    let args: Vec<CString> = [
        program.as_str(),
        "-s",
        "-B",
        "-c",
        "import _snipcheck; _snipcheck.start()",
    ]
    .iter()
    .filter_map(|arg| CString::new(*arg).ok())
    .collect();
    fork::interpreter_main(&args)
}

fn with_host<T>(act: impl FnOnce(&mut dyn Host) -> T) -> PyResult<T> {
    let host = HOST
        .get()
        .ok_or_else(|| PyRuntimeError::new_err("no host"))?;
    // A poisoned lock means that a snippet's report panicked; the report is then incomplete, and
    // the supervisor sees that.
    let mut host = host.lock().unwrap_or_else(|poison| poison.into_inner());
    Ok(act(host.as_mut()))
}

type Pieces = Vec<(usize, String)>;
type ExceptionParts = (
    String,
    Vec<String>,
    String,
    Vec<usize>,
    Option<String>,
    Option<usize>,
    bool,
    bool,
);
/// The last two: whether an exception is announced, and of which types (`None`: any).
type WatchParts = (
    usize,
    usize,
    bool,
    Option<String>,
    bool,
    Option<Vec<String>>,
);
type JobParts = (
    String,
    String,
    String,
    (&'static str, Pieces),
    Pieces,
    Vec<(&'static str, Pieces)>,
    usize,
    Vec<String>,
    Vec<WatchParts>,
    Vec<String>,
);

fn pieces(kind: SnippetKind, sources: &[Source]) -> (&'static str, Pieces) {
    let kind = match kind {
        SnippetKind::Script => "script",
        SnippetKind::Session => "session",
    };
    (kind, lines(sources))
}

fn lines(sources: &[Source]) -> Pieces {
    sources
        .iter()
        .map(|source| (source.line.get(), source.code.clone()))
        .collect()
}

fn job_parts(job: Job, file: String) -> JobParts {
    let snippet = job.snippet;
    let context = snippet
        .context
        .iter()
        .map(|(kind, sources)| pieces(*kind, sources))
        .collect();
    let watches = snippet
        .watches
        .into_iter()
        .map(|watch| {
            let types = match &watch.exception {
                Some(Announced::Types(types)) => Some(types.clone()),
                Some(Announced::Any) | None => None,
            };
            (
                watch.line.get(),
                watch.last.get(),
                watch.wants_value,
                watch.subject,
                watch.exception.is_some(),
                types,
            )
        })
        .collect();
    (
        job.document,
        job.nonce,
        file,
        pieces(snippet.kind, &snippet.sources),
        lines(&job.chunks),
        context,
        job.judged,
        snippet.supplied,
        watches,
        snippet.inputs,
    )
}

fn exception(parts: ExceptionParts) -> Exception {
    let (type_name, bases, message, lines, name, column, is_compile_error, wants_network) = parts;
    Exception {
        type_name,
        bases,
        message,
        lines: lines.into_iter().map(LineNumber::new).collect(),
        name,
        is_compile_error,
        column,
        wants_network,
    }
}

/// The agent's code, while a child compiles it: beside the warming, and because what compiling takes
/// would leave holes in the memory of this process, which all further children pay for.
struct Compiling {
    child: i32,
    code: std::io::PipeReader,
}

fn compile_agent(py: Python<'_>) -> PyResult<Vec<u8>> {
    let parts = (include_str!("agent.py"), "<snipcheck>", "exec");
    let code = py.import("builtins")?.call_method1("compile", parts)?;
    py.import("marshal")?
        .call_method1("dumps", (code,))?
        .extract()
}

impl Compiling {
    fn start(py: Python<'_>) -> PyResult<Compiling> {
        let (code, mut writer) = std::io::pipe()?;
        match fork::fork_interpreter(py)? {
            fork::Forked::Child => {
                // Where memory is short, pyo3 panics; the parent then tries for itself.
                std::panic::set_hook(Box::new(|_| {}));
                let compile = std::panic::AssertUnwindSafe(|| compile_agent(py));
                let written = match std::panic::catch_unwind(compile) {
                    Ok(Ok(code)) => writer.write_all(&code).is_ok(),
                    _ => false,
                };
                fork::quit(i32::from(!written));
            }
            fork::Forked::Parent(child) => Ok(Compiling { child, code }),
        }
    }

    /// The code, marshalled.
    fn finish(mut self, py: Python<'_>) -> PyResult<Vec<u8>> {
        let mut code = Vec::new();
        self.code.read_to_end(&mut code)?;
        match fork::wait(self.child)?.status {
            0 => Ok(code),
            _ => compile_agent(py),
        }
    }
}

/// What the agent sees of Rust.
#[pymodule(name = "_snipcheck")]
mod native {
    use super::*;

    /// Loads the agent and runs it.
    #[pyfunction]
    fn start(py: Python<'_>) -> PyResult<()> {
        let native = py.import("_snipcheck")?;
        let compiling = Compiling::start(py)?;
        py.run(WARM, Some(&PyDict::new(py)), None)?;
        let code = compiling.finish(py)?;
        let load = || -> PyResult<Bound<'_, PyModule>> {
            let agent = PyModule::new(py, "_snipcheck_agent")?;
            let code = py.import("marshal")?.call_method1("loads", (&code,))?;
            py.import("builtins")?
                .call_method1("exec", (code, agent.dict()))?;
            Ok(agent)
        };
        load()?;
        py.import("gc")?.call_method0("collect")?;
        fork::fill_holes();
        // Once more, now that its objects come to stand together.
        load()?.call_method1("main", (native,))?;
        Ok(())
    }

    /// Returns in a forked child, with its job.
    #[pyfunction]
    fn serve(
        py: Python<'_>,
        search_path: Vec<String>,
        prefix: String,
        base_prefix: String,
    ) -> PyResult<JobParts> {
        let layout = Layout {
            search_path,
            prefix,
            base_prefix,
        };
        let (job, file) =
            with_host(|host| host.serve(py, &layout))?.map_err(PyRuntimeError::new_err)?;
        Ok(job_parts(job, file))
    }

    #[pyfunction]
    fn reached(line: usize) -> PyResult<()> {
        with_host(|host| host.report(&Record::Reached(LineNumber::new(line))))
    }

    #[pyfunction]
    fn computed(
        line: usize,
        is_subject: bool,
        repr: String,
        str: Option<String>,
        type_name: String,
    ) -> PyResult<()> {
        let computed = Computed {
            line: LineNumber::new(line),
            is_subject,
            repr,
            str,
            type_name,
        };
        with_host(|host| host.report(&Record::Computed(computed)))
    }

    #[pyfunction]
    fn raised(line: usize, parts: ExceptionParts) -> PyResult<()> {
        let raised = Raised {
            line: LineNumber::new(line),
            exception: exception(parts),
        };
        with_host(|host| host.report(&Record::Raised(raised)))
    }

    #[pyfunction]
    fn context_failed(line: usize, parts: ExceptionParts) -> PyResult<()> {
        let record = Record::ContextFailed(LineNumber::new(line), exception(parts));
        with_host(|host| host.report(&record))
    }

    #[pyfunction]
    fn end(
        kind: &str,
        nonce: String,
        status: i32,
        is_early: bool,
        parts: Option<ExceptionParts>,
    ) -> PyResult<()> {
        let kind = match kind {
            "finished" => EndKind::Finished,
            "exited" => EndKind::Exited,
            "memory-limit" => EndKind::MemoryLimit,
            "process-limit" => EndKind::ProcessLimit,
            _ => EndKind::Raised,
        };
        let record = Record::End {
            nonce,
            kind,
            status,
            is_early,
            exception: parts.map(exception),
        };
        with_host(|host| host.report(&record))
    }

    #[pyfunction]
    fn is_own(fd: i32) -> PyResult<bool> {
        with_host(|host| host.is_own(fd))
    }

    #[pyfunction]
    fn relax_memory() -> PyResult<()> {
        with_host(|host| host.relax_memory())
    }

    #[pyfunction]
    fn fill_holes() {
        fork::fill_holes();
        fork::gather_heap();
    }

    #[pyfunction]
    fn quit(status: i32) {
        fork::quit(status)
    }
}
