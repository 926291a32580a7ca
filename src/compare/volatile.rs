//! Whether a difference looks like one that another run would show as well: clock, memory, chance.
//!
//! This looks at shapes and at the code's words; it proves nothing, and makes no claim held.

use crate::plan::Case;
use crate::text::LineNumber;

/// Calls whose results differ from run to run or from machine to machine.
const SOURCES: [&str; 24] = [
    "id(",
    "time(",
    "now(",
    "today(",
    "ctime(",
    "perf_counter",
    "monotonic",
    "process_time",
    "timeit",
    "uuid",
    "secrets.",
    "getpid",
    "get_ident",
    "current_thread",
    "getsizeof",
    "getrefcount",
    "hash(",
    "urandom",
    "cwd(",
    "environ",
    "platform.",
    "sys.version",
    "sys.path",
    "tracemalloc",
];

/// Calls that draw by chance, unless the code seeds them.
const CHANCE: [&str; 4] = ["random", "shuffle(", "choice(", "sample("];

/// What the code of one block calls, looked up once.
pub(super) struct Sources<'c> {
    case: &'c Case,
    is_seeded: bool,
    /// Whether anything in the block is volatile.
    is_fed: bool,
}

impl<'c> Sources<'c> {
    pub(super) fn new(case: &'c Case) -> Self {
        let code = &case.block.code;
        let is_seeded = code.contains("seed(");
        Sources {
            case,
            is_seeded,
            is_fed: is_source(code, is_seeded),
        }
    }

    /// Whether the statement from `first` to `last` probably shows something else on each run.
    pub(super) fn look_volatile(
        &self,
        lines: Option<(LineNumber, LineNumber)>,
        expected: &str,
        actual: &str,
    ) -> bool {
        let calls_one = lines.is_some_and(|(first, last)| {
            is_source(&statement(self.case, first, last), self.is_seeded)
        });
        calls_one
            || (self.is_fed && shape(expected) == shape(actual))
            || are_identities(expected, actual)
    }
}

fn is_source(code: &str, is_seeded: bool) -> bool {
    let calls = |words: &[&str]| words.iter().any(|word| mentions(code, word));
    calls(&SOURCES) || (!is_seeded && calls(&CHANCE))
}

/// Whether `code` holds `word` where a name begins.
fn mentions(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code.get(..at).and_then(|before| before.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

/// The code of the lines, comments cut off.
fn statement(case: &Case, first: LineNumber, last: LineNumber) -> String {
    let lines = &case.block.lines;
    let begin = lines.partition_point(|line| line.line < first);
    let code = lines
        .iter()
        .skip(begin)
        .take_while(|line| line.line <= last)
        .map(|line| {
            let rest = case.block.code.get(line.code_start..).unwrap_or_default();
            let text = rest.lines().next().unwrap_or_default();
            text.split_once(" #").map_or(text, |(code, _)| code)
        });
    code.collect::<Vec<_>>().join("\n")
}

/// The text with every number made one sign, so that two times or two sizes look alike.
fn shape(text: &str) -> String {
    let mut shape = String::new();
    for c in text.chars() {
        match c {
            '0'..='9' if shape.ends_with('#') => {}
            '0'..='9' => shape.push('#'),
            '.' if shape.ends_with('#') => {}
            c => shape.push(c),
        }
    }
    shape
}

/// Two values of `id()`: the actual one lies where a 64-bit Linux process has its heap or its mappings.
fn are_identities(expected: &str, actual: &str) -> bool {
    let digits = |text: &str| text.trim().len();
    match (expected.trim().parse::<u64>(), actual.trim().parse::<u64>()) {
        (Ok(_), Ok(number)) => {
            (7..=16).contains(&digits(expected))
                && ((0x5500_0000_0000..0x5700_0000_0000).contains(&number)
                    || (0x7e00_0000_0000..0x8000_0000_0000).contains(&number))
        }
        _ => false,
    }
}
