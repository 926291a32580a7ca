//! Value comments for prints that have none, in the style of their document.
//!
//! In go a state, out come proposals: only for prints at module level that ran once, wrote one short
//! line, and wrote the same in every run.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::proposal::Candidate;
use super::trial::Proposal;
use super::value;
use super::{Edit, Runs, State};
use crate::claim::{Claim, ClaimKind, Evidence, Subject};
use crate::compare::{self, ClaimVerdict, JudgedClaim};
use crate::document::Document;
use crate::observation::{Ending, Observation, Stream};
use crate::plan::{Case, Decision, SnippetKind};
use crate::syntax::{Nesting, Statement, StatementKind, Syntax, syntax};
use crate::text::{LineNumber, Span};

/// The longest value that is added, in characters.
const VALUE_MAX: usize = 60;

/// The longest line that an addition may make, in characters.
const LINE_MAX: usize = 100;

/// The longest text between code and value that is taken over, in bytes.
const MARK_MAX: usize = 24;

/// Fewer runs than this prove nothing.
const RUNS_MIN: usize = 3;

/// Whether a case has prints without comments whose lines could be added, if they are repeatable.
pub fn may_add(document: &Document, case: &Case, observation: &Observation) -> bool {
    !bare_prints(document, case, observation).is_empty()
}

/// The comments to add, each with its ways to write it.
pub(super) fn additions(state: &State) -> Vec<Proposal> {
    let document = &state.plan.document;
    let mut style: Option<Style> = None;
    // The line and the column of the last comment that was put apart from its code.
    let mut above: Option<(LineNumber, usize)> = None;
    let mut proposals = Vec::new();
    let cases = state.plan.cases.iter().zip(&state.runs).enumerate();
    for (index, (case, runs)) in cases {
        if runs.again.len() + 1 < RUNS_MIN {
            continue;
        }
        for print in bare_prints(document, case, &runs.first) {
            if !is_repeatable(&print, document, case, runs) {
                continue;
            }
            let style = style.get_or_insert_with(|| Style::of(state));
            let width = code(document, &print).chars().count();
            let aligned = aligned(document, &print, above);
            above = aligned.map(|gap| (print.last, width + gap));
            let gap = aligned.unwrap_or(style.gap);
            proposals.extend(style.proposal(document, index, &print, gap));
        }
    }
    proposals
}

/// A print without a comment, and the one line that it wrote.
struct BarePrint {
    first: LineNumber,
    last: LineNumber,
    shown: String,
}

fn bare_prints(document: &Document, case: &Case, observation: &Observation) -> Vec<BarePrint> {
    let is_of_block = |claim: &Claim| claim.subject == Subject::Block;
    let is_script = case.kind == SnippetKind::Script && matches!(case.decision, Decision::Run(_));
    if !is_script
        || observation.ending != Ending::Finished
        || observation.context_failure.is_some()
        || case.claims.iter().any(is_of_block)
    {
        return Vec::new();
    }
    let syntax = syntax(&case.block.code);
    let taken = taken_lines(document, case, &syntax);
    let written = Written::new(observation);
    let prints = syntax.statements.iter().filter_map(|statement| {
        let (first, last) = bare_lines(document, case, &syntax, statement, &taken)?;
        let shown = written.one_line(first, last, statement.nesting)?;
        Some(BarePrint { first, last, shown })
    });
    prints.collect()
}

/// Lines with comments, and those that some claim is about.
fn taken_lines(document: &Document, case: &Case, syntax: &Syntax) -> HashSet<LineNumber> {
    let comments = syntax.comments.iter().map(|comment| {
        let offset = case.block.document_offset(comment.span.start);
        document.index.line(offset)
    });
    let claims = case.claims.iter().filter_map(|claim| match claim.subject {
        Subject::Statement { last, .. } => Some(last),
        Subject::Block => None,
    });
    comments.chain(claims).collect()
}

/// The lines of a print that stands alone on them without a comment.
fn bare_lines(
    document: &Document,
    case: &Case,
    syntax: &Syntax,
    statement: &Statement,
    taken: &HashSet<LineNumber>,
) -> Option<(LineNumber, LineNumber)> {
    let is_print = statement.kind == StatementKind::Print && statement.nesting < Nesting::Loop;
    if !is_print || !syntax.errors.is_empty() {
        return None;
    }
    let code = &case.block.code;
    let before = code.get(..statement.span.start)?;
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let behind = code.get(statement.span.end..)?.split('\n').next()?;
    let is_alone = before.get(line_start..)?.trim().is_empty() && behind.trim().is_empty();
    let line = |offset| document.index.line(case.block.document_offset(offset));
    let (first, last) = (line(statement.span.start), line(statement.span.end));
    let is_bare = (first.get()..=last.get()).all(|line| !taken.contains(&LineNumber::new(line)));
    (is_alone && is_bare).then_some((first, last))
}

/// What was written to standard output, by line.
struct Written<'o> {
    observation: &'o Observation,
    by_line: BTreeMap<LineNumber, Vec<usize>>,
    by_statement: HashMap<LineNumber, Vec<usize>>,
}

impl<'o> Written<'o> {
    fn new(observation: &'o Observation) -> Self {
        let mut written = Written {
            observation,
            by_line: BTreeMap::new(),
            by_statement: HashMap::new(),
        };
        for (index, emission) in observation.emissions.iter().enumerate() {
            if let Some(line) = emission.line {
                written.by_line.entry(line).or_default().push(index);
            }
            if let Some(line) = emission.statement {
                written.by_statement.entry(line).or_default().push(index);
            }
        }
        written
    }

    /// The one line that the statement wrote, without its line end; `None` for anything else.
    fn one_line(&self, first: LineNumber, last: LineNumber, nesting: Nesting) -> Option<String> {
        let own: Vec<usize> = self
            .by_line
            .range(first..=last)
            .flat_map(|(_, indices)| indices.iter().copied())
            .collect();
        let during = self.by_statement.get(&first);
        // What it called may have written as well.
        if nesting == Nesting::TopLevel && during.is_none_or(|during| *during != own) {
            return None;
        }
        let at_start = own.first()?;
        let before = self.observation.emissions.get(..*at_start)?;
        let is_out = |index: &usize| {
            let emission = self.observation.emissions.get(*index);
            emission.is_some_and(|emission| emission.stream == Stream::Stdout)
        };
        let above = before.iter().rev().find(|one| one.stream == Stream::Stdout);
        if !own.iter().all(is_out) || above.is_some_and(|one| !one.text.ends_with('\n')) {
            return None;
        }
        let pieces = own
            .iter()
            .filter_map(|index| self.observation.emissions.get(*index));
        let all: String = pieces.map(|emission| emission.text.as_str()).collect();
        let line = all.strip_suffix('\n')?;
        let is_short = line.chars().count() <= VALUE_MAX;
        let is_plain = line.trim() == line && !line.is_empty();
        let is_foreign = |c: char| c.is_control() || matches!(c, '\u{fffd}' | '\u{feff}');
        (is_short && is_plain && !line.contains(is_foreign)).then(|| line.to_owned())
    }
}

/// Whether every run wrote the same, and nothing in the code says that another one would not.
fn is_repeatable(print: &BarePrint, document: &Document, case: &Case, runs: &Runs) -> bool {
    let is_noise = print.shown.contains("at 0x") || print.shown.contains("/tmp/");
    let is_same = |again: &Observation| {
        bare_prints(document, case, again)
            .iter()
            .any(|other| other.first == print.first && other.shown == print.shown)
    };
    !is_noise
        && !compare::looks_volatile(case, print.first, print.last, &print.shown)
        && runs.again.iter().all(is_same)
}

/// How a document writes values behind its prints.
struct Style {
    /// From the `#` to the value.
    mark: String,
    /// Spaces before the `#`.
    gap: usize,
    /// Whether it writes text without quotes.
    has_bare_text: bool,
}

impl Style {
    fn of(state: &State) -> Style {
        let document = &state.plan.document;
        let mut marks: BTreeMap<String, usize> = BTreeMap::new();
        let mut gaps: BTreeMap<usize, usize> = BTreeMap::new();
        let (mut bare, mut quoted) = (0, 0);
        for judged in state.judged().iter().flat_map(|verdict| &verdict.claims) {
            let Some((gap, mark)) = mark(document, judged) else {
                continue;
            };
            *marks.entry(mark.to_owned()).or_default() += 1;
            *gaps.entry(gap).or_default() += 1;
            quoted += usize::from(judged.tolerance == Some("quoted-string"));
            bare += usize::from(judged.claim.evidence == Evidence::Unmarked);
        }
        let most = |counts: BTreeMap<usize, usize>| {
            counts
                .into_iter()
                .max_by_key(|(_, count)| *count)
                .map(|(gap, _)| gap)
        };
        Style {
            mark: marks
                .into_iter()
                .max_by_key(|(_, count)| *count)
                .map_or_else(|| "# ".to_owned(), |(mark, _)| mark),
            gap: most(gaps).filter(|gap| *gap == 1).unwrap_or(2),
            has_bare_text: bare > quoted,
        }
    }

    fn proposal(
        &self,
        document: &Document,
        case: usize,
        print: &BarePrint,
        gap: usize,
    ) -> Option<Proposal> {
        let code = code(document, print);
        let line = document.line_span(print.last);
        // White space behind the code would stand behind the comment.
        let at = Span::new(line.start + code.len(), line.end);
        let start = gap + self.mark.len();
        let bare = (print.shown.clone(), self.has_bare_text);
        let texts = match value::quoted(&print.shown, '\'') {
            Some(quoted) => vec![bare, (quoted, false)],
            None => vec![bare],
        };
        let is_short = |text: &str| code.chars().count() + start + text.chars().count() <= LINE_MAX;
        let candidates: Vec<Candidate> = texts
            .into_iter()
            .filter(|(text, _)| is_short(text))
            .map(|(text, may_weaken)| Candidate {
                edits: vec![Edit::new(
                    at,
                    &format!("{}{}{text}", " ".repeat(gap), self.mark),
                )],
                may_weaken,
            })
            .collect();
        (!candidates.is_empty()).then_some(Proposal {
            case,
            start,
            claim: None,
            candidates,
            at: 0,
        })
    }
}

/// Spaces before the `#`, and the text from there to the value, of a held comment behind code.
fn mark<'a>(document: &'a Document, judged: &JudgedClaim) -> Option<(usize, &'a str)> {
    let claim = &judged.claim;
    if claim.kind != ClaimKind::Comment || judged.verdict != ClaimVerdict::Held {
        return None;
    }
    let line = document.index.line(claim.span.start);
    let start = document.line_span(line).start;
    let before = document.text.get(start..claim.span.start)?;
    let hash = before.rfind('#')?;
    let (code, mark) = before.split_at_checked(hash)?;
    let bare = code.trim_end();
    let is_behind_code = bare.ends_with(')') && !bare.contains('#');
    let is_mark = mark.len() <= MARK_MAX && !mark.contains('`');
    (is_behind_code && is_mark).then_some((code.len() - bare.len(), mark))
}

/// The last line of the print.
fn code<'a>(document: &'a Document, print: &BarePrint) -> &'a str {
    document.slice(document.line_span(print.last)).trim_end()
}

/// Spaces that put the comment into the column of the one on the line above or below, where that
/// stands apart from its code; `added` is the line and the column of the last one that was added so.
fn aligned(
    document: &Document,
    print: &BarePrint,
    added: Option<(LineNumber, usize)>,
) -> Option<usize> {
    let width = |text: &str| text.chars().count();
    let code = code(document, print);
    let column = |line: LineNumber| {
        let text = document.slice(document.line_span(line));
        let (before, _) = text.split_once(" #")?;
        let is_apart = before.ends_with("  ") && !before.trim().is_empty();
        (is_apart && !before.contains('#')).then(|| width(before) + 1)
    };
    let above = print.first.get().checked_sub(1).filter(|line| *line > 0);
    let near = above
        .map(LineNumber::new)
        .into_iter()
        .chain([print.last.plus(1)]);
    let added = added.filter(|(line, _)| line.plus(1) == print.first);
    near.filter_map(column)
        .chain(added.map(|(_, column)| column))
        .find_map(|column| column.checked_sub(width(code)).filter(|gap| *gap >= 2))
}
