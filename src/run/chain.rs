//! Chains: blocks of which each runs after exactly what the one before it ran after, and after that one.
//!
//! The run of the last block of a chain runs all of them, one after the other, in one process. A chain
//! is run that way once, and what each block did is told apart by the lines it stands on. That is linear
//! in the length of the chain, where a run for each block would be quadratic.
//!
//! Only what is sure to be the same either way is taken from such a run: blocks whose code can tell the
//! difference are left out (`Manner`), and from the first block on that does not simply run to its end,
//! every block is run by itself.

use std::collections::HashMap;

use crate::observation::{Emission, Observation, Record};
use crate::plan::{Case, Decision, DocumentPlan, Snippet, Source};
use crate::text::LineNumber;

/// So many blocks are run in one process: what they report must fit into one page.
const LENGTH_MAX: usize = 250;

/// Blocks that are run in one process, as indices of cases.
#[derive(Debug, Default)]
struct Chain {
    cases: Vec<usize>,
    /// Of all code that runs in it, context included.
    manner: Manner,
}

/// The chains of a document's cases that are to be run, as indices of [`DocumentPlan::all_cases`]; most
/// are one case long.
pub(super) fn chains(plan: &DocumentPlan, are_wanted: bool) -> Vec<Vec<usize>> {
    let mut chains: Vec<Chain> = Vec::new();
    // The chain that ends with the block of this id.
    let mut open: HashMap<&str, usize> = HashMap::new();
    for (at, case) in plan.cases.iter().enumerate() {
        let Decision::Run(snippet) = &case.decision else {
            continue;
        };
        let own = Manner::of_sources(snippet);
        let previous = case.context.last().map(|id| id.0.as_str());
        let known = previous.and_then(|id| open.get(id).copied());
        let joined = known.filter(|&chain| {
            let chain = chains.get(chain);
            are_wanted && chain.is_some_and(|chain| chain.goes_on(plan, case, snippet, own))
        });
        let chain = match joined.and_then(|chain| chains.get_mut(chain)) {
            Some(chain) => {
                chain.manner = chain.manner.and(own);
                chain
            }
            None => {
                let manner = own.and(Manner::of_context(snippet));
                let cases = Vec::new();
                chains.push(Chain { cases, manner });
                let Some(chain) = chains.last_mut() else {
                    continue;
                };
                chain
            }
        };
        chain.cases.push(at);
        // Several blocks may go on from one; only the first of them joins it.
        if let Some(id) = previous.filter(|_| joined.is_some()) {
            open.remove(id);
        }
        open.insert(&case.block.id.0, joined.unwrap_or(chains.len() - 1));
    }
    let in_prose = plan.all_cases().enumerate().skip(plan.cases.len());
    let runs = |case: &Case| matches!(case.decision, Decision::Run(_));
    let alone = in_prose
        .filter(|(_, case)| runs(case))
        .map(|(at, _)| vec![at]);
    let together = chains.into_iter().map(|chain| chain.cases);
    together.chain(alone).collect()
}

impl Chain {
    /// Whether `case` runs after exactly what the last block of the chain ran after, and after that
    /// one, and it makes no difference to any of them to be run in one process.
    fn goes_on(&self, plan: &DocumentPlan, case: &Case, snippet: &Snippet, own: Manner) -> bool {
        let last = self.cases.last().and_then(|&last| plan.cases.get(last));
        let (Some(last), Some((previous, context))) = (last, snippet.context.split_last()) else {
            return false;
        };
        let Decision::Run(before) = &last.decision else {
            return false;
        };
        if !snippet.inputs.is_empty() {
            // Each block has an input of its own.
            return false;
        }
        self.cases.len() < LENGTH_MAX
            && self.manner.and(own).is_plain()
            && case.policy == last.policy
            && snippet.supplied == before.supplied
            && (previous.0, &previous.1) == (before.kind, &before.sources)
            && context == before.context.as_slice()
    }
}

/// How many blocks, context counted, are run for the cases of `plans`.
pub fn count_pieces(plans: &[DocumentPlan], are_chained: bool) -> usize {
    let of_chain = |plan: &DocumentPlan, chain: &Vec<usize>| {
        let last = chain.last().and_then(|&last| plan.any_case(last));
        last.map_or(0, |case| case.context.len() + 1)
    };
    let of_plan = |plan: &DocumentPlan| -> usize {
        let chains = chains(plan, are_chained);
        chains.iter().map(|chain| of_chain(plan, chain)).sum()
    };
    plans.iter().map(of_plan).sum()
}

/// Words of code that acts at the end of its process, that looks into how it is run, or that leaves.
const TELLING: &[&str] = &[
    "Popen",
    "Process",
    "SystemExit",
    "Thread",
    "Timer",
    "__builtins__",
    "__del__",
    "__file__",
    "__main__",
    "_exit",
    "_getframe",
    "alarm",
    "async",
    "asyncio",
    "atexit",
    "await",
    "builtins",
    "concurrent",
    "ctypes",
    "displayhook",
    "excepthook",
    "exit",
    "f_back",
    "finalize",
    "fork",
    "gc",
    "getrecursionlimit",
    "getrefcount",
    "gi_frame",
    "input",
    "inspect",
    "linecache",
    "multiprocessing",
    "popen",
    "quit",
    "recursion",
    "setprofile",
    "setrecursionlimit",
    "settrace",
    "signal",
    "stdin",
    "subprocess",
    "system",
    "tb_frame",
    "threading",
    "tracemalloc",
    "weakref",
];

/// Words by which looking at a value can change what is seen later.
const LOOKING: &[&str] = &[
    "__format__",
    "__get__",
    "__getattr__",
    "__getattribute__",
    "__getitem__",
    "__repr__",
    "__str__",
    "cached_property",
    "property",
];

/// Words with which a generator that is never finished acts at the end of its process.
const CLOSING: &[&str] = &["GeneratorExit", "except", "finally", "with"];

/// What a piece of code could notice of others that follow it in its process.
#[derive(Clone, Copy, Debug, Default)]
struct Manner {
    /// It holds a word of [`TELLING`].
    tells: bool,
    /// It holds a word of [`LOOKING`].
    is_changed_by_looks: bool,
    /// Claims look at its values.
    is_looked_at: bool,
    yields: bool,
    /// It holds a word of [`CLOSING`].
    closes: bool,
}

impl Manner {
    fn of_sources(snippet: &Snippet) -> Manner {
        let mut watches = snippet.watches.iter();
        Manner {
            is_looked_at: watches.any(|watch| watch.wants_value || watch.subject.is_some()),
            ..Manner::of_code(&snippet.sources)
        }
    }

    fn of_context(snippet: &Snippet) -> Manner {
        let context = snippet.context.iter();
        let all = context.map(|(_, sources)| Manner::of_code(sources));
        all.fold(Manner::default(), Manner::and)
    }

    fn of_code(sources: &[Source]) -> Manner {
        let mut manner = Manner::default();
        for source in sources {
            let words = source
                .code
                .split(|c: char| !c.is_alphanumeric() && c != '_');
            for word in words {
                manner.tells |= TELLING.contains(&word);
                manner.is_changed_by_looks |= LOOKING.contains(&word);
                manner.yields |= word == "yield";
                manner.closes |= CLOSING.contains(&word);
            }
        }
        manner
    }

    fn and(self, other: Manner) -> Manner {
        Manner {
            tells: self.tells || other.tells,
            is_changed_by_looks: self.is_changed_by_looks || other.is_changed_by_looks,
            is_looked_at: self.is_looked_at || other.is_looked_at,
            yields: self.yields || other.yields,
            closes: self.closes || other.closes,
        }
    }

    /// Whether it makes no difference that others follow.
    fn is_plain(self) -> bool {
        !(self.tells
            || (self.is_looked_at && self.is_changed_by_looks)
            || (self.yields && self.closes))
    }
}

/// First and last line of each block of a chain, in order.
#[derive(Debug)]
pub(super) struct Places(Vec<(LineNumber, LineNumber)>);

impl Places {
    /// Those of these snippets.
    pub(super) fn new<'a>(snippets: impl Iterator<Item = &'a Snippet>) -> Places {
        Places(snippets.map(|snippet| lines(&snippet.sources)).collect())
    }

    /// How many blocks there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The block that holds the line, by its place in the chain.
    pub(super) fn block(&self, line: LineNumber) -> Option<usize> {
        let after = self.0.partition_point(|&(first, _)| first <= line);
        let at = after.checked_sub(1)?;
        self.0.get(at).filter(|(_, last)| line <= *last).map(|_| at)
    }

    /// Tells apart what the blocks reported; `None` where that is not in their order.
    pub(super) fn split(
        &self,
        records: Vec<Record>,
        emissions: Vec<Emission>,
    ) -> Option<Vec<Observation>> {
        let mut observations = vec![Observation::not_run(); self.len()];
        let mut running = 0;
        for record in records {
            if let Record::Reached(line) = record {
                running = self.block(line).filter(|&next| next >= running)?;
            }
            let observation = observations.get_mut(running)?;
            match record {
                Record::Reached(line) => observation.reached.push(line),
                // What is seen of an earlier block's function is for that block alone.
                Record::Computed(computed) if self.block(computed.line) != Some(running) => {}
                Record::Computed(computed) => observation.computed.push(computed),
                Record::Raised(raised) => observation.raised.push(raised),
                Record::ContextFailed(..) | Record::NotConfined(_) | Record::End { .. } => {
                    return None;
                }
            }
        }
        let mut place = (None, 0, false);
        for emission in emissions {
            if place.0 != Some(emission.stream) {
                place = (Some(emission.stream), 0, false);
            }
            let (_, running, is_over) = &mut place;
            match emission.statement {
                Some(_) if *is_over => return None,
                Some(line) => *running = self.block(line).filter(|next| next >= running)?,
                // No statement runs any more: what is written belongs to the end of the process.
                None => (*running, *is_over) = (self.len().checked_sub(1)?, true),
            }
            observations.get_mut(*running)?.emissions.push(emission);
        }
        Some(observations)
    }
}

fn lines(sources: &[Source]) -> (LineNumber, LineNumber) {
    let first = sources.first().map_or(LineNumber::FIRST, |it| it.line);
    let last = sources.last().map_or(first, |it| {
        it.line.plus(it.code.lines().count().saturating_sub(1))
    });
    (first, last)
}

/// The one snippet that runs the last block of `chain` after all before it, watched all of them.
pub(super) fn joined(chain: &[&Snippet]) -> Option<Snippet> {
    let (first, rest) = chain.split_first()?;
    let mut joined = Snippet::clone(chain.last()?);
    joined.watches.clone_from(&first.watches);
    for snippet in rest {
        let (start, end) = lines(&snippet.sources);
        let own = snippet
            .watches
            .iter()
            .filter(|watch| start <= watch.line && watch.line <= end);
        joined.watches.extend(own.cloned());
    }
    Some(joined)
}
