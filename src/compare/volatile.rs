//! Whether a difference looks like one that another run would show as well: clock, memory, chance.
//!
//! This looks at shapes and at the code's words; it proves nothing, and makes no claim held.

use std::cell::OnceCell;
use std::collections::HashSet;

use super::number;
use crate::plan::{Case, Decision};
use crate::syntax::{self, StatementKind};
use crate::text::LineNumber;

/// Calls that ask the clock, or the machine and the Python that the document's author did not have.
const SURROUNDINGS: [&str; 17] = [
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
    "urandom",
    "cwd(",
    "environ",
    "platform.",
    "sys.version",
    "sys.path",
    "cpu_count",
];

/// Calls that measure objects as this Python lays them out. How two measures compare is hardly its affair.
const MEASURES: [&str; 3] = ["getsizeof", "getrefcount", "tracemalloc"];

/// Calls that number what is there. The runs of the second look give other numbers, so code that is
/// built on them, as `__hash__` is, shows by itself whether it depends on them.
const NUMBERS: [&str; 5] = ["id(", "getpid", "get_ident", "current_thread", "hash("];

/// Calls that draw by chance, unless the code seeds them.
const CHANCE: [&str; 4] = ["random", "shuffle(", "choice(", "sample("];

/// Calls of [`SURROUNDINGS`] that draw by chance, too, and cannot be seeded.
const UNSEEDED: [&str; 3] = ["uuid", "secrets.", "urandom"];

/// What the code of one block asks the clock, memory or chance for; looked up when first wanted.
pub(super) struct Sources<'c> {
    /// The block.
    pub(super) case: &'c Case,
    /// The names whose values come from there.
    names: OnceCell<HashSet<String>>,
    /// Those whose values come from elsewhere than from numbers and measures of objects.
    unsteady: OnceCell<HashSet<String>>,
    /// Those whose values chance makes.
    drawn: OnceCell<HashSet<String>>,
    /// Those whose values are made of sets or hashes.
    hashed: OnceCell<HashSet<String>>,
    /// Those whose values come from standard input.
    typed: OnceCell<HashSet<String>>,
}

impl<'c> Sources<'c> {
    pub(super) fn new(case: &'c Case) -> Self {
        Sources {
            case,
            names: OnceCell::new(),
            unsteady: OnceCell::new(),
            drawn: OnceCell::new(),
            hashed: OnceCell::new(),
            typed: OnceCell::new(),
        }
    }

    /// Whether the statement on these lines calls what may be rounded otherwise on another system.
    fn may_round_otherwise(&self, lines: Option<(LineNumber, LineNumber)>) -> bool {
        lines.is_some_and(|(first, last)| {
            let code = statement(self.case, first, last);
            LIBM.iter().any(|word| mentions(&code, word))
        })
    }

    /// The code of the statement on these lines, or of the block.
    fn code(&self, lines: Option<(LineNumber, LineNumber)>) -> String {
        match lines {
            Some((first, last)) => statement(self.case, first, last),
            None => self.case.block.code.clone(),
        }
    }

    /// Whether `code` is a source of something, or uses a name that gets its value from one.
    fn comes_from(
        &self,
        code: &str,
        names: &OnceCell<HashSet<String>>,
        is_source: fn(&str) -> bool,
    ) -> bool {
        is_source(code) || self.uses_name_from(code, names, is_source)
    }

    /// Whether `code` uses a name that gets its value from a source; `names` keeps these.
    fn uses_name_from(
        &self,
        code: &str,
        names: &OnceCell<HashSet<String>>,
        is_source: fn(&str) -> bool,
    ) -> bool {
        let names = names.get_or_init(|| match all_code(self.case).any(is_source) {
            true => names_from(self.case, &|code, _| is_source(code)),
            // Most blocks have no source; their code need not be parsed for it.
            false => HashSet::new(),
        });
        identifiers(code).any(|name| names.contains(name))
    }

    /// Whether chance, or the order of a set, has a part in what the statement on these lines, or the
    /// block, shows.
    pub(super) fn look_lucky(&self, lines: Option<(LineNumber, LineNumber)>, actual: &str) -> bool {
        let code = self.code(lines);
        let draws = drawing(is_seeded(self.case, lines.map(|(_, last)| last)));
        // A name may hold what was drawn before the seed was set.
        let draws_first = drawing(is_seeded(self.case, None));
        if draws(&code) || self.uses_name_from(&code, &self.drawn, draws_first) {
            return true;
        }
        // How many items a set has, and whether it has this one, does not depend on their order; and
        // sets are compared without it.
        let actual = actual.trim();
        let is_set = actual.starts_with('{') && actual.ends_with('}') && !actual.contains('\n');
        let is_steady = is_set || is_truth(actual) || actual.parse::<f64>().is_ok();
        !is_steady && self.comes_from(&code, &self.hashed, makes_a_set)
    }

    /// Whether what the statement on these lines, or the block, shows was to be read from standard input,
    /// and there is none.
    pub(super) fn lack_input(&self, lines: Option<(LineNumber, LineNumber)>) -> bool {
        let is_there =
            || lines.is_none() || self.comes_from(&self.code(lines), &self.typed, is_typed);
        waits_for_input(self.case) && is_there()
    }

    /// Whether the statement on these lines probably shows something else on each run.
    pub(super) fn look_volatile(
        &self,
        lines: Option<(LineNumber, LineNumber)>,
        expected: &str,
        actual: &str,
    ) -> bool {
        let code = self.code(lines);
        let is_seeded = is_seeded(self.case, lines.map(|(_, last)| last));
        // Whether two numbers or two measures are equal is neither.
        let (names, is_source) = match [expected, actual].iter().all(|text| is_truth(text)) {
            true => (
                self.unsteady
                    .get_or_init(|| names_from(self.case, &|code, _| is_unsteady(code, is_seeded))),
                is_unsteady(&code, is_seeded),
            ),
            false => (
                self.names.get_or_init(|| volatile_names(self.case)),
                is_measured(&code, is_seeded) || mentions_any(&code, &NUMBERS),
            ),
        };
        let is_source = is_source || identifiers(&code).any(|name| names.contains(name));
        match lines {
            Some(_) => {
                is_source
                    || are_identities(expected, actual)
                    || number::are_neighbours(expected, actual) && self.may_round_otherwise(lines)
            }
            // Of a whole output only the numbers may differ.
            None => is_source && shape(expected) == shape(actual),
        }
    }
}

/// Functions that the system's mathematical library may round in its own way.
const LIBM: [&str; 18] = [
    "sin(", "cos(", "tan(", "asin(", "acos(", "atan(", "atan2(", "sinh(", "cosh(", "tanh(", "exp(",
    "exp2(", "log(", "log10(", "cbrt(", "pow(", "gamma(", "hypot(",
];

/// Whether chance was seeded up to the line, or in the block before it is asked for the first time.
fn is_seeded(case: &Case, line: Option<LineNumber>) -> bool {
    let code = &case.block.code;
    let Some(line) = line else {
        let is_first = |line: &&str| line.contains("seed(") || is_drawn(line);
        let mut lines = code.lines().filter(|line| !is_only_named(line));
        return lines
            .find(is_first)
            .is_some_and(|line| line.contains("seed("));
    };
    let lines = &case.block.lines;
    let end = lines.partition_point(|mapped| mapped.line <= line);
    let end = lines.get(end).map_or(code.len(), |line| line.code_start);
    code.get(..end)
        .is_some_and(|before| before.contains("seed("))
}

/// Whether what the line mentions is not asked for when the line runs, or the line is within a body.
fn is_only_named(line: &str) -> bool {
    let openers = [
        "import ",
        "from ",
        "def ",
        "async def ",
        "class ",
        "@",
        " ",
        "\t",
    ];
    openers.iter().any(|opener| line.starts_with(opener))
}

/// The names that get a volatile value, in the context or in the block, directly or through each other.
fn volatile_names(case: &Case) -> HashSet<String> {
    let is_seeded = is_seeded(case, None);
    names_from(case, &|code, is_definition| {
        is_measured(code, is_seeded) || !is_definition && mentions_any(code, &NUMBERS)
    })
}

/// The names that get their value from code of which `is_source` is true, in the context or in the
/// block, directly or through each other. It is also told whether the code is a definition.
pub(super) fn names_from(case: &Case, is_source: &dyn Fn(&str, bool) -> bool) -> HashSet<String> {
    let mut names = HashSet::new();
    if let Decision::Run(snippet) = &case.decision {
        for source in snippet.context.iter().flat_map(|(_, sources)| sources) {
            add_names(&source.code, is_source, &mut names);
        }
    }
    add_names(&case.block.code, is_source, &mut names);
    names
}

fn add_names(code: &str, is_source: &dyn Fn(&str, bool) -> bool, names: &mut HashSet<String>) {
    for statement in syntax::syntax(code).statements {
        let whole = code.get(statement.span.range()).unwrap_or_default();
        let header = code
            .get(statement.span.start..statement.header_end)
            .unwrap_or_default();
        let (text, bound) = match statement.kind {
            StatementKind::Assignment { .. } => (whole, statement.subject.as_deref()),
            StatementKind::Definition => (whole, defined_name(header)),
            StatementKind::Compound => (header, bound_by_header(header)),
            _ => continue,
        };
        let Some(bound) = bound else { continue };
        let is_definition = matches!(statement.kind, StatementKind::Definition);
        if is_source(text, is_definition) || identifiers(text).any(|name| names.contains(name)) {
            names.extend(identifiers(bound).map(str::to_owned));
        }
    }
}

/// The name in `def name(…)`, `async def name(…)` or `class name(…)`, decorators before it or not.
fn defined_name(header: &str) -> Option<&str> {
    let mut words = identifiers(header);
    words.find(|word| matches!(*word, "def" | "class"))?;
    words.next()
}

/// What `for … in` or `with … as` binds.
fn bound_by_header(header: &str) -> Option<&str> {
    match header.split_once("for ") {
        Some((_, rest)) => rest.split_once(" in ").map(|(targets, _)| targets),
        None => header.split_once(" as ").map(|(_, target)| target),
    }
}

pub(super) fn identifiers(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| word.starts_with(|c: char| c.is_alphabetic() || c == '_'))
}

/// Whether `code` asks the clock, the surroundings, or chance.
fn is_unsteady(code: &str, is_seeded: bool) -> bool {
    mentions_any(code, &SURROUNDINGS) || (!is_seeded && mentions_any(code, &CHANCE))
}

fn is_drawn(code: &str) -> bool {
    mentions_any(code, &UNSEEDED) || mentions_any(code, &CHANCE)
}

/// What tells whether code draws by chance: where a seed fixes it, only by what knows no seed.
fn drawing(is_seeded: bool) -> fn(&str) -> bool {
    match is_seeded {
        true => |code| mentions_any(code, &UNSEEDED),
        false => is_drawn,
    }
}

/// The code of the block and of its context.
fn all_code(case: &Case) -> impl Iterator<Item = &str> {
    let context = match &case.decision {
        Decision::Run(snippet) => snippet.context.as_slice(),
        Decision::Skip(_) => &[],
    };
    let sources = context.iter().flat_map(|(_, sources)| sources);
    let context = sources.map(|source| source.code.as_str());
    context.chain([case.block.code.as_str()])
}

/// Whether the code, context included, may make a set or a hash.
pub fn may_hold_a_set(case: &Case) -> bool {
    let Decision::Run(snippet) = &case.decision else {
        return false;
    };
    let context = snippet.context.iter().flat_map(|(_, sources)| sources);
    let mut sources = snippet.sources.iter().chain(context);
    sources.any(|source| makes_a_set(&source.code))
}

fn makes_a_set(code: &str) -> bool {
    let mut braces = code.match_indices('{');
    ["set(", "hash(", "id("]
        .iter()
        .any(|word| code.contains(word))
        || braces.any(|(at, _)| begins_a_set(code.get(at + 1..).unwrap_or_default()))
}

/// Whether what stands behind a brace is a set of something, and no dictionary nor a field of a string.
fn begins_a_set(behind: &str) -> bool {
    // Enough for the first item; more would make many braces on one line costly.
    let start: String = behind.chars().take(120).collect();
    let line = start.trim_start().lines().next().unwrap_or_default();
    let quote = line.chars().next().filter(|c| matches!(c, '\'' | '"'));
    let unquoted = match quote {
        Some(quote) => match line.get(1..).and_then(|inner| inner.split_once(quote)) {
            Some((_, rest)) => rest,
            None => return false,
        },
        None => line,
    };
    let end = unquoted.find([',', ':', '}']).unwrap_or(unquoted.len());
    let (item, rest) = unquoted.split_at(end);
    rest.starts_with(',') || item.contains(" for ") || quote.is_some() && rest.starts_with('}')
}

/// Whether the block reads standard input by itself (`input()` says so when it ends) and is given none.
fn waits_for_input(case: &Case) -> bool {
    let Decision::Run(snippet) = &case.decision else {
        return false;
    };
    let is_given = snippet.inputs.last().is_some_and(|own| !own.is_empty());
    let is_read = all_code(case).any(is_typed);
    is_read && !is_given
}

fn is_typed(code: &str) -> bool {
    ["sys.stdin", "stdin.read", "in stdin", "open(0"]
        .iter()
        .any(|word| mentions(code, word))
}

fn is_measured(code: &str, is_seeded: bool) -> bool {
    is_unsteady(code, is_seeded) || mentions_any(code, &MEASURES)
}

fn mentions_any(code: &str, words: &[&str]) -> bool {
    words.iter().any(|word| mentions(code, word))
}

fn is_truth(text: &str) -> bool {
    matches!(text.trim(), "True" | "False")
}

/// Whether `code` holds `word` where a name begins.
pub(super) fn mentions(code: &str, word: &str) -> bool {
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
