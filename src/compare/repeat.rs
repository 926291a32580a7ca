//! Why a part of what a block does is not the same in every run.
//!
//! Runs that differ are the evidence. Where they agree, some things are doubted all the same: a date or
//! a time of day, which the next minute would change and not the next run, and what is so on this
//! machine or at this place of the document only.

use std::cell::OnceCell;
use std::collections::HashSet;

use super::volatile::{identifiers, mentions, names_from};
use crate::observation::{Observation, Stream};
use crate::plan::{Case, Decision};
use crate::snapshot::{Cause, Kept, Outcome, Part, Stream as Lines};
use crate::text::LineNumber;

/// Calls that ask what time or day it is.
const TIME_OF_DAY: [&str; 8] = [
    "now(",
    "utcnow(",
    "today(",
    "ctime(",
    "localtime(",
    "gmtime(",
    "strftime(",
    "time.time(",
];

/// What tells of the machine and of the sandbox, by a number or a path.
const MACHINE: [&str; 15] = [
    "getpid(",
    "getppid(",
    "get_native_id(",
    "cpu_count(",
    "sys.path",
    "sys.executable",
    "sys.prefix",
    "sys.base_prefix",
    "sysconfig.",
    "getuser(",
    "getlogin(",
    "expanduser(",
    "home(",
    "cwd(",
    "getcwd(",
];

/// What tells of them in any words.
const MACHINE_NAME: [&str; 4] = ["platform.", "uname(", "gethostname(", "getfqdn("];

/// Words that show a date without a digit.
const DATE_WORDS: [&str; 38] = [
    "Mon",
    "Tue",
    "Wed",
    "Thu",
    "Fri",
    "Sat",
    "Sun",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
    "January",
    "February",
    "March",
    "April",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
    "UTC",
];

/// What code asks for, by the words that give it away, in the order in which they explain a difference.
const CAUSES: [(Cause, &[&str]); 4] = [
    (
        Cause::Chance,
        &[
            "random", "shuffle(", "choice(", "sample(", "uuid", "secrets.", "urandom",
        ],
    ),
    (
        Cause::Clock,
        &[
            "time",
            "now(",
            "today(",
            "perf_counter",
            "monotonic",
            "elapsed",
            "duration",
        ],
    ),
    (
        Cause::Threads,
        &[
            "thread",
            "Thread",
            "asyncio",
            "multiprocessing",
            "concurrent",
            "getpid",
            "subprocess",
            "get_ident",
            "Pool",
        ],
    ),
    (
        Cause::Address,
        &[
            "id(",
            "hash(",
            "__repr__",
            "object",
            "gc.",
            "getrefcount",
            "weakref",
        ],
    ),
];

/// Everything needed to say why a part is not kept.
pub(super) struct Repeats<'c> {
    case: &'c Case,
    /// The lines of the document that wrote each line of standard output and of standard error.
    stdout: Vec<Wrote>,
    stderr: Vec<Wrote>,
    first: Option<&'c Outcome>,
    /// What a further run under the first one's hash seed did.
    twin: Option<&'c Outcome>,
    /// The names that hold a time of day; looked up when first wanted.
    dates: OnceCell<HashSet<String>>,
    /// The names that hold something of the machine.
    machine: OnceCell<HashSet<String>>,
}

/// The innermost line and the statement that wrote something.
type Wrote = (Option<LineNumber>, Option<LineNumber>);

impl<'c> Repeats<'c> {
    pub(super) fn new(
        case: &'c Case,
        run: Option<&Observation>,
        first: Option<&'c Outcome>,
        twin: Option<&'c Outcome>,
    ) -> Self {
        let wrote = |stream| run.map_or_else(Vec::new, |run| wrote(run, stream));
        Repeats {
            case,
            stdout: wrote(Stream::Stdout),
            stderr: wrote(Stream::Stderr),
            first,
            twin,
            dates: OnceCell::new(),
            machine: OnceCell::new(),
        }
    }

    /// Why the part, which is `text` in the first run, is not kept; `None` where it is.
    pub(super) fn why_not_kept(&self, part: Part, text: &str, is_same: bool) -> Option<Cause> {
        let code = self.code(part);
        if is_same {
            return self.tells_time_or_place(&code, text);
        }
        let is_seeded = match (self.first, self.twin) {
            (Some(first), Some(twin)) => part_of(first, part) == part_of(twin, part),
            _ => false,
        };
        if is_seeded {
            return Some(Cause::HashSeed);
        }
        let whole = &self.case.block.code;
        Some(
            cause(&code)
                .or_else(|| cause(whole))
                .unwrap_or(Cause::Unknown),
        )
    }

    fn tells_time_or_place(&self, code: &str, text: &str) -> Option<Cause> {
        let has_digit = text.contains(|c: char| c.is_ascii_digit());
        if has_digit
            && ["lineno", "getsourcelines"]
                .iter()
                .any(|word| code.contains(word))
        {
            return Some(Cause::Place);
        }
        // What depends on a version but does not show it is told apart by version.
        if has_digit && code.contains("sys.version") {
            return Some(Cause::Machine);
        }
        let comes_from = |names: &OnceCell<HashSet<String>>, words: &[&str]| {
            let is_source = |code: &str| words.iter().any(|word| mentions(code, word));
            let names = names.get_or_init(|| names_from(self.case, &|code, _| is_source(code)));
            is_source(code) || identifiers(code).any(|name| names.contains(name))
        };
        let mut words = text.split(|c: char| !c.is_alphanumeric());
        let shows_time = has_digit || words.any(|word| DATE_WORDS.contains(&word));
        if shows_time && comes_from(&self.dates, &TIME_OF_DAY) {
            return Some(Cause::Clock);
        }
        let is_answer = ["", "True", "False", "None"].contains(&text.trim());
        let shows_machine = has_digit || text.contains('/');
        let is_of_machine = shows_machine && comes_from(&self.machine, &MACHINE)
            || !is_answer && MACHINE_NAME.iter().any(|word| mentions(code, word));
        is_of_machine.then_some(Cause::Machine)
    }

    /// The code that made the part: the lines of the block that it came from.
    fn code(&self, part: Part) -> String {
        let wrote = match part {
            Part::Stdout(Some(index)) => self.stdout.get(index).copied(),
            Part::Stderr(Some(index)) => self.stderr.get(index).copied(),
            Part::Seen(line) => {
                let line = self.case.block.lines.get(line.saturating_sub(1));
                line.map(|code| (Some(code.line), None))
            }
            Part::Stdout(None) | Part::Stderr(None) | Part::Exception => None,
        };
        let (inner, statement) = wrote.unwrap_or_default();
        let mut code = String::new();
        for line in [inner, statement].into_iter().flatten() {
            code.push_str(self.line(line));
            code.push('\n');
        }
        code
    }

    fn line(&self, line: LineNumber) -> &str {
        let lines = &self.case.block.lines;
        let own = lines.binary_search_by_key(&line, |code| code.line).ok();
        let own = own.and_then(|index| self.case.block.code.lines().nth(index));
        own.or_else(|| self.context_line(line)).unwrap_or_default()
    }

    fn context_line(&self, line: LineNumber) -> Option<&str> {
        let Decision::Run(snippet) = &self.case.decision else {
            return None;
        };
        let mut sources = snippet.context.iter().flat_map(|(_, sources)| sources);
        sources.find_map(|source| {
            let index = line.get().checked_sub(source.line.get())?;
            source.code.lines().nth(index)
        })
    }
}

/// For each line of `stream` who wrote its first character.
fn wrote(run: &Observation, stream: Stream) -> Vec<Wrote> {
    let mut wrote = Vec::new();
    let mut is_new_line = true;
    for emission in run
        .emissions
        .iter()
        .filter(|emission| emission.stream == stream)
    {
        for line in emission.text.split_inclusive('\n') {
            if is_new_line {
                wrote.push((emission.line, emission.statement));
            }
            is_new_line = line.ends_with('\n');
        }
    }
    wrote
}

fn cause(code: &str) -> Option<Cause> {
    let names = |words: &[&str]| words.iter().any(|word| code.contains(word));
    let found = CAUSES.iter().find(|(_, words)| names(words));
    found.map(|(cause, _)| *cause)
}

/// The texts of one part.
fn part_of(outcome: &Outcome, part: Part) -> Vec<Option<&Kept>> {
    match part {
        Part::Stdout(index) => line_of(&outcome.stdout, index),
        Part::Stderr(index) => line_of(&outcome.stderr, index),
        Part::Seen(line) => {
            let seen = outcome.seen.iter().filter(|((at, _), _)| *at == line);
            seen.flat_map(|(_, texts)| texts.iter().map(Some)).collect()
        }
        Part::Exception => vec![outcome.exception.as_ref()],
    }
}

fn line_of(stream: &Lines, index: Option<usize>) -> Vec<Option<&Kept>> {
    match (stream, index) {
        (Lines::Lines { lines, .. }, Some(index)) => vec![lines.get(index)],
        (Lines::Lines { lines, .. }, None) => lines.iter().map(Some).collect(),
        (Lines::Varying(_), _) => Vec::new(),
    }
}
