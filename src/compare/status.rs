//! The verdict on a block: how its run ended, what became of its claims, what was known on paper.

use super::volatile::Sources;
use super::{ClaimVerdict, JudgedClaim, Status, lack};
use crate::claim::{Expected, Subject};
use crate::observation::{Ending, Exception, Observation};
use crate::plan::{Case, Decision, Reason, SnippetKind};
use crate::policy::Limits;
use crate::problem::{self, Problem};
use crate::syntax::{self, Nesting, StatementKind};
use crate::text::{LineNumber, Span};

type Judgement = (Status, Option<Reason>, Vec<Problem>);

/// The status of the block, its reason, and the problems that the run showed.
pub(super) fn status(case: &Case, observation: &Observation, claims: &[JudgedClaim]) -> Judgement {
    if let Decision::Skip(reason) = case.decision {
        return (status_of_skipped(reason), Some(reason), Vec::new());
    }
    if observation.context_failure.is_some() {
        return (
            Status::Inconclusive,
            Some(Reason::ContextFailed),
            Vec::new(),
        );
    }
    let ending = judge_ending(case, observation, claims);
    let mut problems = Vec::new();
    for claim in claims
        .iter()
        .filter(|claim| claim.verdict == ClaimVerdict::Broken)
    {
        let actual = claim.actual.as_deref().unwrap_or_default();
        problems.push(problem::broken_claim(
            claim.claim.span,
            &claim.expected,
            did(claim),
            actual,
        ));
    }
    let is_broken = !problems.is_empty();
    let (status, reason) = match ending {
        Some((Status::Failed, reason, _)) => (Status::Failed, Some(reason)),
        _ if is_broken => (Status::Failed, Some(Reason::BrokenClaim)),
        _ if case.static_reason == Some(Reason::MissingImport) => {
            (Status::Failed, Some(Reason::MissingImport))
        }
        Some((status, reason, _)) => (status, Some(reason)),
        None => match case.static_reason {
            Some(reason) => (status_of_skipped(reason), Some(reason)),
            None => (Status::Passed, None),
        },
    };
    problems.extend(ending.and_then(|(.., problem)| problem));
    (status, reason, problems)
}

/// The word for how Python showed what it did.
fn did(claim: &JudgedClaim) -> &'static str {
    match claim.claim.subject {
        Subject::Statement {
            is_print: false, ..
        } => "gave",
        Subject::Statement { is_print: true, .. } | Subject::Block => "printed",
    }
}

/// The status of a block that a reason known on paper decides.
fn status_of_skipped(reason: Reason) -> Status {
    match reason {
        Reason::SkippedByAuthor | Reason::NoRun | Reason::OtherVersion | Reason::NotPython => {
            Status::Skipped
        }
        Reason::SyntaxError
        | Reason::MissingImport
        | Reason::BrokenClaim
        | Reason::UncaughtException
        | Reason::TimedOut
        | Reason::MemoryLimit
        | Reason::OutputLimit
        | Reason::ProcessLimit
        | Reason::EarlyExit
        | Reason::Signalled
        | Reason::SnapshotDiffers
        | Reason::NoSnapshot => Status::Failed,
        Reason::Exited
        | Reason::MissingPackage
        | Reason::UndefinedName
        | Reason::ReadsInput
        | Reason::NeedsNetwork
        | Reason::NeedsFile
        | Reason::NeedsDisplay
        | Reason::ContextFailed
        | Reason::NotConfined => Status::Inconclusive,
    }
}

/// What the ending alone says; `None` where the run reached its end as the document expects.
fn judge_ending(
    case: &Case,
    observation: &Observation,
    claims: &[JudgedClaim],
) -> Option<(Status, Reason, Option<Problem>)> {
    let limits = &case.policy.limits;
    let at = place_of(case, observation.reached.last().copied());
    let failed = |reason, problem| Some((Status::Failed, reason, Some(problem)));
    match &observation.ending {
        Ending::Finished => unannounced_in_session(case, observation, claims)
            .map(|exception| judge_exception(case, exception)),
        Ending::Raised => {
            unannounced(observation, claims).map(|exception| judge_exception(case, exception))
        }
        Ending::Exited {
            status: 0,
            is_early: false,
        } => None,
        Ending::Exited { status, is_early } => {
            let problem = problem::exited(at, *status, *is_early);
            Some((Status::Inconclusive, Reason::Exited, Some(problem)))
        }
        Ending::Signalled { signal } => failed(Reason::Signalled, problem::signalled(at, *signal)),
        Ending::TimedOut => failed(Reason::TimedOut, problem::timed_out(at, limits.wall_ms)),
        Ending::MemoryLimit => failed(
            Reason::MemoryLimit,
            problem::memory_limit(at, limits.memory_bytes),
        ),
        Ending::OutputLimit => failed(
            Reason::OutputLimit,
            problem::output_limit(at, limits.output_bytes),
        ),
        Ending::ProcessLimit => failed(
            Reason::ProcessLimit,
            problem::process_limit(at, process_count(limits)),
        ),
        Ending::EarlyExit => failed(Reason::EarlyExit, problem::early_exit(at)),
        Ending::NotRun => {
            let problem = observation
                .infrastructure_failure
                .as_deref()
                .map(|cause| problem::not_confined(place_of(case, None), cause));
            Some((Status::Inconclusive, Reason::NotConfined, problem))
        }
    }
}

fn process_count(limits: &Limits) -> u64 {
    limits.processes
}

/// The exception that ended the run, unless a claim that holds announced it.
fn unannounced<'o>(observation: &'o Observation, claims: &[JudgedClaim]) -> Option<&'o Exception> {
    let exception = observation.exception.as_ref()?;
    let is_announced = claims.iter().any(|claim| {
        claim.verdict == ClaimVerdict::Held
            && match (&claim.claim.expected, &claim.claim.subject) {
                (Expected::Exception(_), Subject::Statement { first, last, .. }) => exception
                    .lines
                    .iter()
                    .any(|line| (first..=last).contains(&line)),
                (Expected::Exception(_), Subject::Block) => true,
                (Expected::Output(_), Subject::Block) => claim.tolerance == Some("with-stderr"),
                _ => false,
            }
    });
    (!is_announced).then_some(exception)
}

/// The first exception in a session that no claim speaks of; a session goes on behind it.
fn unannounced_in_session<'o>(
    case: &Case,
    observation: &'o Observation,
    claims: &[JudgedClaim],
) -> Option<&'o Exception> {
    if case.kind != SnippetKind::Session {
        return None;
    }
    let is_announced = |line: LineNumber| {
        claims.iter().any(|claim| {
            let is_about_it = match claim.claim.expected {
                Expected::Exception(_) => true,
                Expected::Output(_) => claim.verdict == ClaimVerdict::Held,
                Expected::Text { .. } => false,
            };
            is_about_it
                && matches!(claim.claim.subject, Subject::Statement { first, last, .. } if (first..=last).contains(&line))
        })
    };
    observation
        .raised
        .iter()
        // What a context block raised is its own affair.
        .find(|raised| span_of(case, raised.line).is_some() && !is_announced(raised.line))
        .map(|raised| &raised.exception)
}

/// What an exception that nobody announced says of the block.
fn judge_exception(case: &Case, exception: &Exception) -> (Status, Reason, Option<Problem>) {
    let own = exception.lines.iter().rev().copied();
    let line = own.into_iter().find(|line| span_of(case, *line).is_some());
    let at = place_of(case, line);
    if exception.is_compile_error {
        return judge_compile_error(case, exception, at);
    }
    let kind = exception.type_name.rsplit('.').next().unwrap_or_default();
    if kind == "NameError" || exception.bases.iter().any(|base| base == "NameError") {
        if is_known(case, "python2", exception) {
            return (Status::Failed, Reason::UncaughtException, None);
        }
        if is_bound_nowhere(case, exception) {
            let name = exception.name.as_deref();
            let is_known = is_known(case, "undefined-name", exception);
            let problem = name.filter(|_| !is_known);
            let problem = problem.map(|name| problem::undefined_name(at, name));
            return (Status::Inconclusive, Reason::UndefinedName, problem);
        }
    }
    let code = line.and_then(|line| code_of(case, line));
    let code = code.map_or("", |(_, code)| code);
    if let Some(lack) = lack::lack(exception, at, code) {
        if lack.reason == Reason::MissingPackage && is_required(case, exception) {
            return (Status::Skipped, Reason::MissingPackage, None);
        }
        return (lack.status, lack.reason, lack.problem);
    }
    // Nobody typed what was to be read, so what came of it is nobody's fault.
    let sources = Sources::new(case);
    let mut lines = exception.lines.iter();
    if lines.any(|line| sources.lack_input(Some((*line, *line)))) {
        return (Status::Inconclusive, Reason::ReadsInput, None);
    }
    let problem = problem::uncaught_exception(at, &exception.type_name, &exception.message);
    (Status::Failed, Reason::UncaughtException, Some(problem))
}

/// What it says that the interpreter refused the code.
fn judge_compile_error(
    case: &Case,
    exception: &Exception,
    at: Span,
) -> (Status, Reason, Option<Problem>) {
    let has = |ids: &[&str]| case.problems.iter().any(|it| ids.contains(&it.id));
    if has(&["other-version"]) {
        return (Status::Inconclusive, Reason::OtherVersion, None);
    }
    let at = column_of(case, exception).unwrap_or(at);
    let is_a = |name: &str| exception.bases.iter().any(|base| base == name);
    // The plan has said where it is not Python, if its own parser saw it.
    let problem = if has(&["syntax-error", "python2"]) {
        None
    } else if let Some(other) =
        mixed_indentation(case, exception).filter(|_| is_a("IndentationError"))
    {
        Some(problem::mixed_indentation(at, other))
    } else {
        Some(problem::syntax_error(at, &exception.message))
    };
    (Status::Failed, Reason::SyntaxError, problem)
}

/// The nearest line before the refused one that is indented with the other of tab and space.
fn mixed_indentation(case: &Case, exception: &Exception) -> Option<Span> {
    let line = *exception.lines.last()?;
    let (start, refused) = code_of(case, line)?;
    let indentation = |text: &'_ str| -> (bool, bool) {
        let end = text.len() - text.trim_start().len();
        let white = text.get(..end).unwrap_or_default();
        (white.contains('\t'), white.contains(' '))
    };
    let (tab, space) = indentation(refused);
    let lines = case.block.lines.iter().rev();
    let mut before = lines.skip_while(|it| it.code_start > start);
    before.find_map(|it| {
        let (_, text) = code_of(case, it.line)?;
        let (has_tab, has_space) = indentation(text);
        let is_other = (space && has_tab) || (tab && has_space);
        (is_other && !text.trim().is_empty())
            .then(|| span_of(case, it.line))
            .flatten()
    })
}

/// Whether the plan has told the problem `id` of the name that the exception misses.
fn is_known(case: &Case, id: &str, exception: &Exception) -> bool {
    let Some(name) = exception.name.as_deref() else {
        return false;
    };
    let name = format!("`{name}`");
    case.problems
        .iter()
        .any(|problem| problem.id == id && problem.message.contains(&name))
}

/// Whether the block says that it requires the package which an exception misses.
fn is_required(case: &Case, exception: &Exception) -> bool {
    let normal = |name: &str| name.to_lowercase().replace('-', "_");
    let module = exception.name.as_deref().unwrap_or_default();
    let package = normal(module.split('.').next().unwrap_or_default());
    case.packages
        .iter()
        .any(|required| normal(required) == package)
}

/// What the block lacks, where an exception says no more than that.
pub(super) fn lack(case: &Case, exception: &Exception) -> Option<&'static str> {
    if exception.type_name == "ModuleNotFoundError" {
        return Some(Reason::MissingPackage.as_str());
    }
    let is_undefined =
        exception.type_name == "NameError" && is_known(case, "undefined-name", exception);
    is_undefined.then_some(Reason::UndefinedName.as_str())
}

/// Whether the name that a `NameError` misses is bound by nothing in the block, so that the block is
/// a fragment of something larger; a name it binds itself, but too late or in vain, is its own error.
fn is_bound_nowhere(case: &Case, exception: &Exception) -> bool {
    if exception.type_name != "NameError" {
        return false;
    }
    if case.static_reason == Some(Reason::UndefinedName) {
        return true;
    }
    let Some(name) = exception.name.as_deref() else {
        return false;
    };
    let Decision::Run(snippet) = &case.decision else {
        return false;
    };
    if is_taken_up(case, exception, name) {
        return true;
    }
    let context = snippet.context.iter().flat_map(|(_, sources)| sources);
    !snippet.sources.iter().chain(context).any(|source| {
        syntax::syntax(&source.code)
            .names
            .bound
            .iter()
            .any(|binding| binding.name == name)
    })
}

/// Whether the statement that misses the name is an assignment that binds it first, from itself:
/// `words = sorted(words)` goes on with what the block does not show.
fn is_taken_up(case: &Case, exception: &Exception, name: &str) -> bool {
    let code = &case.block.code;
    let binds = |code: &str| {
        let names = syntax::syntax(code).names;
        names.bound.iter().any(|binding| binding.name == name)
    };
    let own = exception.lines.iter().rev();
    let Some((start, line)) = own.filter_map(|line| code_of(case, *line)).next() else {
        return false;
    };
    let at = start + (line.len() - line.trim_start().len());
    let whole = syntax::syntax(code);
    let statement = whole.statements.iter().find(|statement| {
        statement.nesting == Nesting::TopLevel
            && matches!(statement.kind, StatementKind::Assignment { .. })
            && statement.span.contains(Span::at(at))
    });
    case.kind == SnippetKind::Script
        && statement.is_some_and(|statement| {
            let before = code.get(..statement.span.start).unwrap_or_default();
            let is_part = |c: char| !(c.is_alphanumeric() || c == '_');
            binds(statement.span.of(code)) && !before.split(is_part).any(|word| word == name)
        })
}

/// The place of a line of the block; of the block's first line where it is none.
fn place_of(case: &Case, line: Option<LineNumber>) -> Span {
    line.and_then(|line| span_of(case, line))
        .or_else(|| case.block.lines.first().map(|line| line.span))
        .unwrap_or(case.block.span)
}

/// The place of a compile error from its column on, where the interpreter told one.
fn column_of(case: &Case, exception: &Exception) -> Option<Span> {
    let column = exception.column?;
    let line = exception.lines.last()?;
    let whole = span_of(case, *line)?;
    let (start, text) = code_of(case, *line)?;
    let before = text
        .chars()
        .take(column.saturating_sub(1))
        .map(char::len_utf8);
    let offset = case.block.document_offset(start + before.sum::<usize>());
    (whole.start..=whole.end)
        .contains(&offset)
        .then(|| Span::new(offset, whole.end))
}

/// Where the code of a line of the block begins in the block's code, and that code.
fn code_of(case: &Case, line: LineNumber) -> Option<(usize, &str)> {
    let lines = &case.block.lines;
    let index = lines
        .binary_search_by_key(&line, |code_line| code_line.line)
        .ok()?;
    let start = lines.get(index)?.code_start;
    let text = case.block.code.get(start..)?.lines().next()?;
    Some((start, text))
}

fn span_of(case: &Case, line: LineNumber) -> Option<Span> {
    let (start, text) = code_of(case, line)?;
    let indent = text.len() - text.trim_start().len();
    let end = case.block.document_offset(start + text.len());
    Some(Span::new(case.block.document_offset(start + indent), end))
}
