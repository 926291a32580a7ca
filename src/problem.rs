//! Something to tell about a document at a span.
//!
//! Every problem is made by a named constructor here, so that its wording stands in one place;
//! nothing in this file renders. Wording follows rustc: message lower case, no final stop, true on
//! its own; a label says why *here*; only `help` suggests.

use crate::text::Span;

/// How grave a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing; changes no verdict.
    Note,
    /// Probably wrong; changes no verdict.
    Warning,
    /// Wrong: the block or document fails.
    Error,
}

/// A remark at a place, part of a [`Problem`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where, in bytes of the document's text.
    pub span: Span,
    /// Why here.
    pub text: String,
}

/// Something to tell about a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Stable kebab-case name, such as `missing-import`.
    pub id: &'static str,
    /// How grave.
    pub severity: Severity,
    /// The main place; `None` when the whole document is meant (not readable, not UTF-8).
    pub span: Option<Span>,
    /// One sentence: lower case, no final stop.
    pub message: String,
    /// Remarks at places; the first stands at `span`.
    pub labels: Vec<Label>,
    /// Context that belongs to no place.
    pub notes: Vec<String>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Problem {
    fn new(id: &'static str, severity: Severity, span: Span, message: String) -> Self {
        Problem {
            id,
            severity,
            span: Some(span),
            message,
            labels: Vec::new(),
            notes: Vec::new(),
            help: None,
        }
    }

    fn of_document(id: &'static str, severity: Severity, message: String) -> Self {
        Problem {
            span: None,
            ..Problem::new(id, severity, Span::at(0), message)
        }
    }

    fn label(mut self, text: impl Into<String>) -> Self {
        if let Some(span) = self.span {
            self.labels.push(Label {
                span,
                text: text.into(),
            });
        }
        self
    }

    fn label_at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }
}

/// The document could not be read; `cause` is the operating system's word.
pub fn unreadable(cause: &str) -> Problem {
    Problem::of_document(
        "unreadable",
        Severity::Error,
        format!("the document cannot be read: {cause}"),
    )
}

/// The document is not UTF-8; the first bad byte is the `offset`-th, on the 1-based `line`.
pub fn not_utf8(offset: usize, line: usize) -> Problem {
    Problem::of_document(
        "not-utf8",
        Severity::Error,
        format!("the document is not UTF-8: bad byte at offset {offset}, line {line}"),
    )
    .help("save it as UTF-8; nothing in it was checked")
}

/// A fence that is never closed, so the rest of its container became code.
pub fn unclosed_fence(fence: Span) -> Problem {
    Problem::new(
        "unclosed-fence",
        Severity::Warning,
        fence,
        "this code fence is never closed".to_owned(),
    )
    .label("everything from here to the end of its container is code")
    .help("close it with a fence at least as long, of the same character")
}

/// A standard-library `module` used at module level without an import.
pub fn missing_import(name: Span, module: &str, import: &str) -> Problem {
    Problem::new(
        "missing-import",
        Severity::Error,
        name,
        format!("`{module}` is used but never imported"),
    )
    .label("a reader who runs this block gets a NameError here")
    .note(format!("the rest was judged with `{import}` supplied"))
    .help(format!("add `{import}`"))
}

/// A standard-library `module` used without an import inside a function that the block never calls.
pub fn latent_missing_import(name: Span, module: &str, import: &str) -> Problem {
    Problem::new(
        "missing-import",
        Severity::Warning,
        name,
        format!("`{module}` is used but never imported"),
    )
    .label("calling this would raise a NameError")
    .note("the block passes, because nothing in it calls this code")
    .help(format!("add `{import}`"))
}

/// A name that nothing in the document binds before this block.
pub fn undefined_name(name: Span, identifier: &str) -> Problem {
    Problem::new(
        "undefined-name",
        Severity::Warning,
        name,
        format!("`{identifier}` is defined neither here nor in an earlier block"),
    )
    .label("undefined here")
    .help("define it, or put the block that defines it before this one")
}

/// The same for a name by which a third-party package is commonly known; `import` would bring it.
pub fn undefined_alias(name: Span, identifier: &str, import: &str) -> Problem {
    Problem {
        help: Some(format!(
            "add `{import}`, or put the block that has it before this one"
        )),
        ..undefined_name(name, identifier)
    }
}

/// A builtin that came with Python `since`, which is not the one that runs the blocks.
pub fn newer_builtin(name: Span, identifier: &str, since: (u8, u8)) -> Problem {
    let (major, minor) = since;
    Problem {
        message: format!("`{identifier}` is a builtin only from Python {major}.{minor} on"),
        help: Some(format!(
            "run the blocks with Python {major}.{minor} or later (`--python`)"
        )),
        ..undefined_name(name, identifier)
    }
}

/// The same for a name that well may be a standard-library one.
pub fn undefined_or_unimported(name: Span, identifier: &str, import: &str) -> Problem {
    Problem {
        help: Some(format!("define it, or add `{import}` if that is meant")),
        ..undefined_name(name, identifier)
    }
}

/// A name that only a later block binds; `later` is where.
pub fn defined_later(name: Span, identifier: &str, later: Span) -> Problem {
    Problem::new(
        "undefined-name",
        Severity::Warning,
        name,
        format!("`{identifier}` is defined only in a later block"),
    )
    .label("undefined here")
    .label_at(later, "defined here")
    .help("move the definition before this block")
}

/// A package that the interpreter does not have; `distribution` installs it, where that has another name.
pub fn missing_package(import: Span, package: &str, distribution: Option<&str>) -> Problem {
    let help = match distribution {
        Some(distribution) => format!(
            "install `{distribution}`, which brings `{package}`, for the interpreter that runs the blocks"
        ),
        None => format!("install `{package}` for the interpreter that runs the blocks"),
    };
    Problem::new(
        "missing-package",
        Severity::Note,
        import,
        format!("the package `{package}` is not installed"),
    )
    .label("imported here")
    .help(help)
}

/// A relative import: the block is one file of a package.
pub fn missing_parent_package(import: Span) -> Problem {
    Problem::new(
        "missing-package",
        Severity::Note,
        import,
        "this block is one file of a package, and the others are not here".to_owned(),
    )
    .label("imports from beside it")
}

/// A part `name` that the installed version of a `package` does not have.
pub fn not_in_package(at: Span, package: &str, name: &str) -> Problem {
    Problem::new(
        "other-version",
        Severity::Note,
        at,
        format!("`{package}`, as it is installed, has no `{name}`"),
    )
    .label("taken from it here")
    .help(format!(
        "correct the name, or install the version of `{package}` that this is written for"
    ))
}

/// Something of Python's own, `what`, that came with Python `since`, which is not the one that runs the blocks.
pub fn needs_newer_python(at: Span, what: &str, since: (u8, u8)) -> Problem {
    let (major, minor) = since;
    Problem::new(
        "other-version",
        Severity::Note,
        at,
        format!("{what} came with Python {major}.{minor}"),
    )
    .label("the Python that runs the blocks is older")
    .help(format!(
        "run the blocks with Python {major}.{minor} or later (`--python`)"
    ))
}

/// Something of Python's own, `what`, that Python had up to version `until` only; `instead` is what took its place.
pub fn needs_older_python(at: Span, what: &str, until: (u8, u8), instead: Option<&str>) -> Problem {
    let (major, minor) = until;
    let problem = Problem::new(
        "other-version",
        Severity::Note,
        at,
        format!("{what} is gone since Python {major}.{}", minor + 1),
    )
    .label("the Python that runs the blocks no longer has it");
    let by = instead.map(|instead| format!("; `{instead}` took its place"));
    problem.help(format!(
        "bring the document up to date{}",
        by.unwrap_or_default()
    ))
}

/// A file, at `path` if that is known, that is not there.
pub fn needs_file(at: Span, path: Option<&str>) -> Problem {
    let which = path.map(|path| format!(": `{}`", shortened(path)));
    Problem::new(
        "needs-file",
        Severity::Note,
        at,
        format!(
            "this block wants a file that is not there{}",
            which.unwrap_or_default()
        ),
    )
    .label("opened here")
    .help("let the block write the file first")
}

/// A connection, to `host` if that is known: no block gets one.
pub fn needs_network(at: Span, host: Option<&str>) -> Problem {
    let which = host.map(|host| format!(": `{}`", shortened(host)));
    Problem::new(
        "needs-network",
        Severity::Note,
        at,
        format!(
            "this block wants the network, which no block gets{}",
            which.unwrap_or_default()
        ),
    )
    .label("connects here")
}

/// A window: no block has a display.
pub fn needs_display(at: Span) -> Problem {
    Problem::new(
        "needs-display",
        Severity::Note,
        at,
        "this block opens a window, and there is no display".to_owned(),
    )
    .label("wants a display")
}

/// Indentation by tabs at `other`, and by spaces elsewhere in the same block, or the other way round.
pub fn mixed_indentation(at: Span, other: Span) -> Problem {
    let problem = Problem::new(
        "mixed-indentation",
        Severity::Error,
        at,
        "this is not valid Python: tabs and spaces are mixed in its indentation".to_owned(),
    )
    .label("the parser stopped here");
    let problem = match other.start == at.start {
        true => problem,
        false => problem.label_at(other, "indented with the other character"),
    };
    problem.help("indent the whole block with spaces")
}

/// Text in a Python block that CPython refuses; `message` is its word.
pub fn syntax_error(at: Span, message: &str) -> Problem {
    Problem::new(
        "syntax-error",
        Severity::Error,
        at,
        format!("this is not valid Python: {message}"),
    )
    .label("the parser stopped here")
}

/// Python 2 in a Python block; `construct` names what gives it away.
pub fn python2(at: Span, construct: &str) -> Problem {
    Problem::new(
        "python2",
        Severity::Error,
        at,
        format!("this is Python 2: {construct}"),
    )
    .label("not valid in Python 3")
}

/// Something that only Python 2 had, `gone`, and what took its place, where that is known.
pub fn python2_only(at: Span, gone: &str, instead: Option<&str>) -> Problem {
    let problem = python2(at, &format!("{gone} is gone"));
    match instead {
        Some(instead) => problem.help(format!("Python 3 has `{instead}` for it")),
        None => problem,
    }
}

/// A block tagged as Python that holds something else; `what` says what.
pub fn not_python(at: Span, what: &str) -> Problem {
    Problem::new(
        "not-python",
        Severity::Note,
        at,
        format!("this block is not Python: {what}"),
    )
    .label("taken for something else from here")
}

/// A word after `snipcheck:` that is no directive.
pub fn unknown_directive(word: Span, name: &str, nearest: Option<&str>) -> Problem {
    let problem = Problem::new(
        "unknown-directive",
        Severity::Warning,
        word,
        format!("there is no directive `{}`", shortened(name)),
    )
    .label("not honoured");
    match nearest {
        Some(nearest) => problem.help(format!("did you mean `{nearest}`?")),
        None => problem.help("`snipcheck explain unknown-directive` lists the directives"),
    }
}

/// A directive whose value is not what it can be.
pub fn bad_directive(place: Span, name: &str, wanted: &str) -> Problem {
    Problem::new(
        "bad-directive",
        Severity::Warning,
        place,
        format!("`{name}` needs {wanted}"),
    )
    .label("not honoured")
}

/// `snipcheck:` with nothing behind it.
pub fn empty_directive(place: Span) -> Problem {
    Problem {
        message: "no directive follows `snipcheck:`".to_owned(),
        ..bad_directive(place, "snipcheck", "a directive")
    }
}

/// `skip-start` without `skip-end`, or the other way round; `name` is the one that is there.
pub fn unpaired_directive(comment: Span, name: &str) -> Problem {
    let (message, label) = match name {
        "skip-start" => (
            "`skip-start` is never ended",
            "everything from here to the end of the document is skipped",
        ),
        _ => ("`skip-end` ends nothing", "not honoured"),
    };
    Problem::new(
        "unpaired-directive",
        Severity::Warning,
        comment,
        message.to_owned(),
    )
    .label(label)
}

/// A directive of this program that no Python block follows.
pub fn stray_directive(comment: Span) -> Problem {
    Problem::new(
        "stray-directive",
        Severity::Warning,
        comment,
        "no Python block follows this directive".to_owned(),
    )
    .label("not honoured")
    .help("put it right before the block that it is for, with only blank lines between")
}

/// A block that is skipped, and would pass; `place` is the directive, or the block where it stands on a
/// line of the settings file.
pub fn unused_skip(place: Span, settings_line: Option<usize>) -> Problem {
    let problem = Problem::new(
        "unused-skip",
        Severity::Warning,
        place,
        "this skip is not needed: the block runs, and nothing it claims is broken".to_owned(),
    );
    match settings_line {
        None => problem
            .label("skipped because of this")
            .help("take the directive away"),
        Some(line) => problem.label("this block is skipped").help(format!(
            "take away the directive at line {line} of the settings file"
        )),
    }
}

/// A name that only blocks bind that the author keeps from running before this one.
pub fn out_of_context(name: Span, identifier: &str) -> Problem {
    Problem::new(
        "undefined-name",
        Severity::Warning,
        name,
        format!("`{identifier}` is defined in an earlier block, which `no-context` leaves out"),
    )
    .label("undefined here")
    .help("define it, or take `no-context` away")
}

/// A standard-library name that the block imports, but only inside a function, and uses outside.
pub fn import_out_of_reach(name: Span, identifier: &str, import: &str) -> Problem {
    Problem::new(
        "missing-import",
        Severity::Error,
        name,
        format!("`{identifier}` is imported only inside a function, and used outside"),
    )
    .label("a reader who runs this block gets a NameError here")
    .note(format!("the rest was judged with `{import}` supplied"))
    .help(format!("move `{import}` to the top of the block"))
}

/// A block that leans on more earlier blocks than are run before one.
pub fn context_too_long(block: Span) -> Problem {
    Problem::new(
        "context-too-long",
        Severity::Warning,
        block,
        "this block needs too many earlier blocks to be run".to_owned(),
    )
    .label("not run")
    .help("bring what it needs together in one block")
}

/// A claim that does not hold; `expected` is its value as written, `actual` what Python did, and
/// `did` says how it did it (`printed`, `gave`).
pub fn broken_claim(claim: Span, expected: &str, did: &str, actual: &str) -> Problem {
    let message = match (expected.contains('\n'), actual) {
        (true, "") => "expected output, but Python printed nothing".to_owned(),
        (true, _) => "Python printed something else than this output".to_owned(),
        (false, "") => format!(
            "expected `{}`, but Python printed nothing",
            shortened(expected)
        ),
        (false, _) => format!(
            "expected `{}`, but Python {did} `{}`",
            shortened(expected),
            shortened(actual)
        ),
    };
    Problem::new("broken-claim", Severity::Error, claim, message).label("this is not so")
}

/// An exception that nobody announced.
pub fn uncaught_exception(line: Span, type_name: &str, message: &str) -> Problem {
    let shown = match message.is_empty() {
        true => type_name.to_owned(),
        false => format!("{type_name}: {}", shortened(message)),
    };
    // `_queue.Empty` is `queue.Empty` to those who write.
    let public = match type_name.rsplit_once('.') {
        Some((module, name)) => format!("{}.{name}", module.trim_start_matches('_')),
        None => type_name.to_owned(),
    };
    Problem::new(
        "uncaught-exception",
        Severity::Error,
        line,
        format!("this raises `{shown}`"),
    )
    .label("raised here")
    .help(format!("if that is the point, say so: `# {public}`"))
}

/// A block that ran longer than its limit.
pub fn timed_out(line: Span, wall_ms: u64) -> Problem {
    Problem::new(
        "timed-out",
        Severity::Error,
        line,
        format!("the block did not end within {wall_ms} ms"),
    )
    .label("this statement was running")
}

/// A block that wanted more memory than its limit.
pub fn memory_limit(line: Span, memory_bytes: u64) -> Problem {
    Problem::new(
        "memory-limit",
        Severity::Error,
        line,
        format!(
            "the block wants more than {} MiB of memory",
            memory_bytes >> 20
        ),
    )
    .label("this statement was running")
}

/// A block that wrote more than its limit.
pub fn output_limit(line: Span, output_bytes: u64) -> Problem {
    Problem::new(
        "output-limit",
        Severity::Error,
        line,
        format!("the block writes more than {} KiB", output_bytes >> 10),
    )
    .label("this statement was running")
}

/// A block that wanted more processes and threads at one time than its limit.
pub fn process_limit(line: Span, processes: u64) -> Problem {
    Problem::new(
        "process-limit",
        Severity::Error,
        line,
        format!("the block wants more than {processes} processes and threads at one time"),
    )
    .label("this statement was running")
}

/// A process that ended before the block's end without saying so (`os._exit`, `os.execv`).
pub fn early_exit(line: Span) -> Problem {
    Problem::new(
        "early-exit",
        Severity::Error,
        line,
        "the process ended before the block did".to_owned(),
    )
    .label("this statement was running")
    .note("what would have followed was not checked")
}

/// A block that a signal killed.
pub fn signalled(line: Span, signal: i32) -> Problem {
    Problem::new(
        "signalled",
        Severity::Error,
        line,
        format!("signal {signal} killed the block"),
    )
    .label("this statement was running")
}

/// A block that left by `sys.exit`, early or with a status other than 0.
pub fn exited(line: Span, status: i32, is_early: bool) -> Problem {
    let message = match is_early {
        true => format!("the block exits with status {status} before its end"),
        false => format!("the block exits with status {status}"),
    };
    Problem::new("exited", Severity::Note, line, message).label("this statement was running")
}

/// A block that did not run because its process could not be confined.
pub fn not_confined(block: Span, cause: &str) -> Problem {
    Problem::new(
        "not-confined",
        Severity::Warning,
        block,
        format!("the block was not run: {cause}"),
    )
    .label("nothing here was checked")
}

/// The first line of a text, no longer than a message can bear.
fn shortened(text: &str) -> String {
    const CHARS: usize = 80;
    let line = text.lines().next().unwrap_or_default();
    match text.lines().count() > 1 || line.chars().count() > CHARS {
        true => format!("{} …", line.chars().take(CHARS).collect::<String>()),
        false => line.to_owned(),
    }
}

/// The document is larger than the `limit_mb` MiB that are read.
pub fn too_large(limit_mb: u64) -> Problem {
    Problem::of_document(
        "too-large",
        Severity::Error,
        format!("the document is larger than {limit_mb} MiB"),
    )
    .help("split it; nothing in it was checked")
}

/// What a block printed or raised is not what its snapshot says; `command` accepts what it does now.
pub fn snapshot_differs(code: Span, difference: &str, command: &str) -> Problem {
    Problem::new(
        "snapshot-differs",
        Severity::Error,
        code,
        "this block no longer does what its snapshot says".to_owned(),
    )
    .label("ran to its end with another result")
    .note(format!("recorded (-) and actual (+):\n{difference}"))
    .help(format!("accept what it does now with `{command}`"))
}

/// The same for a block whose code was changed since the snapshot was taken.
pub fn snapshot_stale(code: Span, difference: &str, command: &str) -> Problem {
    Problem::new(
        "snapshot-differs",
        Severity::Error,
        code,
        "this block does something else than before its code was changed".to_owned(),
    )
    .label("changed since its snapshot was taken")
    .note(format!("recorded (-) and actual (+):\n{difference}"))
    .help(format!("accept what it does now with `{command}`"))
}

/// A block of which nothing is recorded, where everything must be; `command` records it.
pub fn no_snapshot(code: Span, command: &str) -> Problem {
    Problem::new(
        "no-snapshot",
        Severity::Error,
        code,
        "nothing is recorded of this block".to_owned(),
    )
    .label("ran to its end, and its snapshot does not know it")
    .help(format!("record what it does with `{command}`"))
}

/// Records in a document's snapshot whose blocks are gone; `command` removes them.
pub fn orphaned_snapshot(ids: &[String], command: &str) -> Problem {
    const SHOWN: usize = 10;
    let mut shown: Vec<String> = ids.iter().take(SHOWN).map(|id| format!("`{id}`")).collect();
    if ids.len() > SHOWN {
        shown.push(format!("{} more", ids.len() - SHOWN));
    }
    let what = match ids.len() {
        1 => "a record of a block that is",
        _ => "records of blocks that are",
    };
    Problem::of_document(
        "orphaned-snapshot",
        Severity::Warning,
        format!(
            "the snapshot holds {what} not in the document: {}",
            shown.join(", ")
        ),
    )
    .help(format!("`{command}` takes them out"))
}
