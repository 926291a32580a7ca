//! Judges one claim by what its statement did.

use similar::TextDiff;

use super::exception::{self, Match};
use super::output;
use super::text::{self, Said, tidy};
use super::tolerance::{Likeness, Tolerance};
use super::trace::{Progress, Seen, Trace};
use super::volatile::Sources;
use super::{ClaimVerdict, JudgedClaim};
use crate::claim::value;
use crate::claim::{Claim, ClaimKind, Evidence, Expected, ExpectedException, Scope, Subject};
use crate::observation::{Computed, Ending, Stream};
use crate::text::LineNumber;

/// What became of a claim, before its wording and scope are weighed.
struct Outcome {
    finding: Finding,
    /// What Python did, if it got there.
    actual: Option<String>,
}

enum Finding {
    Held(Likeness),
    Broken,
    Inconclusive(&'static str),
    /// It speaks of nothing that happened and was not plainly a claim.
    Nothing,
}

impl Outcome {
    fn new(finding: Finding, actual: impl Into<String>) -> Self {
        Outcome {
            finding,
            actual: Some(actual.into()),
        }
    }

    fn inconclusive(reason: &'static str) -> Self {
        Outcome {
            finding: Finding::Inconclusive(reason),
            actual: None,
        }
    }
}

/// Where a claim's statement stands.
#[derive(Clone, Copy)]
struct Place {
    first: LineNumber,
    last: LineNumber,
    may_repeat: bool,
    is_print: bool,
}

/// How many pieces of output are compared one by one.
const PIECE_LIMIT: usize = 1000;

/// The verdict on `claim`; `None` where it turned out to be a note.
pub(super) fn judge(claim: &Claim, trace: &Trace, sources: &Sources) -> Option<JudgedClaim> {
    let place = match claim.subject {
        Subject::Statement {
            first,
            last,
            may_repeat,
            is_print,
        } => Some(Place {
            first,
            last,
            may_repeat,
            is_print,
        }),
        Subject::Block => None,
    };
    let said = said(claim);
    let outcome = match (&claim.expected, place) {
        (Expected::Text { .. }, Some(place)) => {
            let seen = seen(claim, trace, place);
            text_about_statement(&said, place, &seen)
        }
        (Expected::Text { .. }, None) => text_about_block(&said, trace),
        (Expected::Output(lines), Some(place)) => {
            output_of_example(lines, &trace.example(place.first, place.last))
        }
        (Expected::Output(lines), None) => output_of_block(lines, trace),
        (Expected::Exception(expected), Some(place)) => {
            let seen = seen(claim, trace, place);
            exception_at_statement(expected, &said, place, &seen)
        }
        (Expected::Exception(expected), None) => exception_in_block(expected, trace),
    };
    let lines = place.map(|place| (place.first, place.last));
    settle(claim, &said, outcome, |expected, actual| {
        sources.look_volatile(lines, expected, actual)
    })
}

/// A claim about code that did not run; `None` for text that only its output could have made a claim.
pub(super) fn not_judged(claim: &Claim, reason: &'static str) -> Option<JudgedClaim> {
    settle(
        claim,
        &said(claim),
        Outcome::inconclusive(reason),
        |_, _| false,
    )
}

fn seen<'o>(claim: &Claim, trace: &Trace<'o>, place: Place) -> Seen<'o> {
    match claim.kind {
        ClaimKind::Session => trace.example(place.first, place.last),
        _ => trace.statement(place.first, place.last),
    }
}

fn said(claim: &Claim) -> Said<'_> {
    let is_approximate = claim.scope == Some(Scope::Approximate);
    match &claim.expected {
        Expected::Text {
            text,
            with_lead,
            value_len,
        } => Said {
            text,
            with_lead: with_lead.as_deref(),
            value_len: *value_len,
            is_approximate,
        },
        Expected::Output(_) | Expected::Exception(_) => Said {
            text: &claim.text,
            with_lead: None,
            value_len: None,
            is_approximate,
        },
    }
}

/// Weighs an outcome by how firmly and within what limits the claim speaks.
fn settle(
    claim: &Claim,
    said: &Said,
    outcome: Outcome,
    is_volatile: impl Fn(&str, &str) -> bool,
) -> Option<JudgedClaim> {
    let expected = match &claim.expected {
        Expected::Output(lines) => tidy(lines),
        Expected::Text { .. } => said.expected().to_owned(),
        Expected::Exception(_) => claim.text.trim().to_owned(),
    };
    let is_unmarked = claim.evidence == Evidence::Unmarked;
    let (verdict, likeness, reason) = match outcome.finding {
        Finding::Nothing => return None,
        Finding::Held(likeness) => (ClaimVerdict::Held, Some(likeness), None),
        Finding::Inconclusive(_) if is_unmarked => return None,
        Finding::Broken if is_unmarked => {
            let is_print = matches!(claim.subject, Subject::Statement { is_print: true, .. });
            if !(is_print && is_near_miss(said, outcome.actual.as_deref()?)) {
                return None;
            }
            (ClaimVerdict::Inconclusive, None, Some("near-miss"))
        }
        Finding::Inconclusive(reason) => (ClaimVerdict::Inconclusive, None, Some(reason)),
        Finding::Broken => {
            let actual = outcome.actual.as_deref().unwrap_or_default();
            match doubt(claim, || is_volatile(&expected, actual)) {
                Some(reason) => (ClaimVerdict::Inconclusive, None, Some(reason)),
                None => (ClaimVerdict::Broken, None, None),
            }
        }
    };
    Some(JudgedClaim {
        claim: claim.clone(),
        verdict,
        expected,
        actual: outcome.actual,
        tolerance: likeness.and_then(Likeness::tolerance),
        reason,
    })
}

/// Why a difference does not break the claim, if it does not.
fn doubt(claim: &Claim, is_volatile: impl Fn() -> bool) -> Option<&'static str> {
    match &claim.scope {
        Some(Scope::Version(_)) => return Some("other-version"),
        Some(Scope::Approximate) => return Some("approximate"),
        None => {}
    }
    match claim.evidence {
        Evidence::Weak => Some("weak-evidence"),
        Evidence::Plain | Evidence::Unmarked => is_volatile().then_some("not-repeatable"),
    }
}

fn text_about_statement(said: &Said, place: Place, seen: &Seen) -> Outcome {
    if !seen.printed.is_empty() {
        return text_about_output(said, place, seen);
    }
    let values = shown_values(&seen.values, said);
    if let Some(outcome) = text_about_values(said, place, &values) {
        return outcome;
    }
    if let Some(likeness) = text::agree(said, &seen.stderr) {
        let held = Finding::Held(likeness.under(Tolerance::WithStderr));
        return Outcome::new(held, tidy(&seen.stderr));
    }
    if let Some(exception) = seen.raised.last() {
        let finding = match seen.progress {
            Progress::Done => Finding::Broken,
            Progress::Begun | Progress::NotReached => Finding::Inconclusive("raised"),
        };
        return Outcome::new(finding, exception::shown(exception));
    }
    match seen.progress {
        Progress::NotReached | Progress::Begun => Outcome::inconclusive("not-reached"),
        Progress::Done if place.is_print => Outcome::new(Finding::Broken, ""),
        Progress::Done => subject_differs(said, seen),
    }
}

/// Compares with the output as a whole, or, of a statement that ran several times, with its parts.
fn text_about_output(said: &Said, place: Place, seen: &Seen) -> Outcome {
    let all = seen.printed.concat();
    if let Some(likeness) = text::agree(said, &all) {
        return Outcome::new(Finding::Held(likeness), tidy(&all));
    }
    let pieces = &seen.printed;
    if place.may_repeat || (pieces.len() > 1 && !place.is_print) {
        let parts: Vec<Option<Likeness>> = pieces
            .iter()
            .take(PIECE_LIMIT)
            .map(|piece| text::agree(said, piece))
            .collect();
        if let Some((index, likeness)) = of_several(&parts, pieces.len()) {
            let actual = pieces.get(index).copied().unwrap_or_default();
            return Outcome::new(Finding::Held(likeness), tidy(actual));
        }
    }
    if !place.is_print
        && let Some(outcome) = text_about_values(said, place, &returned_values(seen))
        && matches!(outcome.finding, Finding::Held(_))
    {
        return outcome;
    }
    let finding = match seen.progress {
        Progress::Begun if seen.raised.is_empty() => Finding::Inconclusive("not-reached"),
        Progress::Begun => Finding::Inconclusive("raised"),
        _ if place.may_repeat && pieces.len() != 1 => Finding::Inconclusive("ran-several-times"),
        _ => Finding::Broken,
    };
    Outcome::new(finding, tidy(&all))
}

/// Which of several outputs is meant: each of them, the first, or one.
fn of_several(parts: &[Option<Likeness>], count: usize) -> Option<(usize, Likeness)> {
    let index = parts.iter().position(Option::is_some)?;
    let likeness = parts.get(index).copied().flatten()?;
    if parts.len() == count && parts.iter().all(Option::is_some) {
        return Some((index, parts.iter().copied().flatten().max()?));
    }
    let tolerance = match index {
        0 => Tolerance::FirstOfSeveral,
        _ => Tolerance::OneOfSeveral,
    };
    Some((index, likeness.under(tolerance)))
}

/// The values that a comment may speak of: `None` only where it says so.
fn shown_values<'o>(values: &[&'o Computed], said: &Said) -> Vec<&'o Computed> {
    let says_none = said
        .text
        .trim_start()
        .get(..4)
        .is_some_and(|word| word.eq_ignore_ascii_case("none"));
    values
        .iter()
        .copied()
        .filter(|value| says_none || value.repr != "None")
        .collect()
}

fn returned_values<'o>(seen: &Seen<'o>) -> Vec<&'o Computed> {
    seen.values
        .iter()
        .copied()
        .filter(|value| value.repr != "None")
        .collect()
}

/// Compares with the values that the statement had; `None` where it had none.
fn text_about_values(said: &Said, place: Place, values: &[&Computed]) -> Option<Outcome> {
    let last = values.last()?;
    let parts: Vec<Option<Likeness>> = values
        .iter()
        .take(PIECE_LIMIT)
        .map(|value| agrees_with_value(said, value))
        .collect();
    if let Some((index, likeness)) = of_several(&parts, values.len()) {
        let repr = values.get(index).map_or("", |value| value.repr.as_str());
        return Some(Outcome::new(Finding::Held(likeness), repr));
    }
    let finding = match place.may_repeat && values.len() > 1 {
        true => Finding::Inconclusive("ran-several-times"),
        false => Finding::Broken,
    };
    Some(Outcome::new(finding, last.repr.as_str()))
}

/// Compares with a value's repr, or with its `str`, where the comment shows no value of another type.
fn agrees_with_value(said: &Said, value: &Computed) -> Option<Likeness> {
    let quoted = Likeness::Under(Tolerance::QuotedString);
    if let Some(likeness) = text::agree(said, &value.repr).filter(|likeness| *likeness != quoted) {
        return Some(likeness);
    }
    let is_text = value.type_name == "str";
    if is_text && value::whole(said.expected()).is_some() {
        return None;
    }
    let tolerance = match is_text {
        true => Tolerance::TextInQuotes,
        false => Tolerance::StrForRepr,
    };
    let likeness = text::agree(said, value.str.as_deref()?)?;
    Some(likeness.under(tolerance))
}

/// A statement that printed nothing and has no value: the comment may speak of what it changed.
///
/// A comment of another kind than the subject (`queue.put(5)  # 5`) says something else.
fn subject_differs(said: &Said, seen: &Seen) -> Outcome {
    let held = seen.subjects.iter().find_map(|subject| {
        let likeness = agrees_with_value(said, subject)?;
        Some(Outcome::new(Finding::Held(likeness), subject.repr.as_str()))
    });
    if let Some(outcome) = held {
        return outcome;
    }
    let Some(last) = seen.subjects.last() else {
        let value = seen.values.last().map(|value| value.repr.clone());
        return Outcome {
            finding: Finding::Inconclusive("no-value"),
            actual: value,
        };
    };
    let kind = |text: &str| value::whole(text).map(|value| std::mem::discriminant(&value));
    let finding = match kind(said.expected()) == kind(&last.repr) && seen.subjects.len() == 1 {
        true => Finding::Broken,
        false => Finding::Inconclusive("no-value"),
    };
    Outcome::new(finding, last.repr.as_str())
}

/// Whether text that nothing marks as a claim is too like the output to be anything else.
fn is_near_miss(said: &Said, actual: &str) -> bool {
    const LIKE: f32 = 0.85;
    const LEN: std::ops::RangeInclusive<usize> = 4..=400;
    let (text, actual) = (said.text.trim(), actual.trim());
    LEN.contains(&text.len())
        && LEN.contains(&actual.len())
        && TextDiff::from_chars(text, actual).ratio() >= LIKE
}

fn text_about_block(said: &Said, trace: &Trace) -> Outcome {
    let all = trace.observation.text(Stream::Stdout);
    match text::agree(said, &all) {
        Some(likeness) => Outcome::new(Finding::Held(likeness), tidy(&all)),
        None if is_whole(trace) => Outcome::new(Finding::Broken, tidy(&all)),
        None => Outcome::inconclusive("not-reached"),
    }
}

fn is_whole(trace: &Trace) -> bool {
    matches!(
        trace.observation.ending,
        Ending::Finished | Ending::Exited { .. }
    )
}

/// Compares the output of one example of a session: what it printed, and the value it displayed.
fn output_of_example(lines: &str, seen: &Seen) -> Outcome {
    let printed = seen.printed.concat();
    if let Some(likeness) = output::agree(lines, &printed) {
        return Outcome::new(Finding::Held(likeness), tidy(&printed));
    }
    if let Some(value) = returned_values(seen).last() {
        let displayed = format!("{printed}{}\n", value.repr);
        let finding = match output::agree(lines, &displayed) {
            Some(likeness) => Finding::Held(likeness),
            None => Finding::Broken,
        };
        return Outcome::new(finding, tidy(&displayed));
    }
    let with_stderr = format!("{printed}{}", seen.stderr);
    if let Some(likeness) = output::agree(
        &output::without_traceback_body(lines),
        &output::without_traceback_body(&with_stderr),
    ) {
        let held = Finding::Held(likeness.under(Tolerance::WithStderr));
        return Outcome::new(held, tidy(&with_stderr));
    }
    match (seen.raised.last(), seen.progress) {
        (Some(exception), _) => {
            Outcome::new(Finding::Inconclusive("raised"), exception::shown(exception))
        }
        (None, Progress::Done) => Outcome::new(Finding::Broken, tidy(&printed)),
        (None, Progress::Begun | Progress::NotReached) => Outcome::inconclusive("not-reached"),
    }
}

/// Compares an output block with all that the block printed.
fn output_of_block(lines: &str, trace: &Trace) -> Outcome {
    let observation = trace.observation;
    let printed = observation.text(Stream::Stdout);
    if let Some(likeness) = output::agree(lines, &printed) {
        return Outcome::new(Finding::Held(likeness), tidy(&printed));
    }
    let stated = output::without_traceback_body(lines);
    let both: String = observation
        .emissions
        .iter()
        .map(|emission| emission.text.as_str())
        .collect();
    let last_line = observation
        .exception
        .as_ref()
        .map(exception::shown)
        .unwrap_or_default();
    let alternatives = [
        output::without_traceback_body(&both),
        output::without_traceback_body(&format!("{printed}{}", observation.text(Stream::Stderr))),
        format!("{printed}{last_line}\n"),
    ];
    for alternative in &alternatives {
        if alternative.trim().is_empty() {
            continue;
        }
        if let Some(likeness) = output::agree(&stated, alternative) {
            let held = Finding::Held(likeness.under(Tolerance::WithStderr));
            return Outcome::new(held, tidy(alternative));
        }
    }
    let finding = match is_whole(trace) {
        true => Finding::Broken,
        false if printed.trim().is_empty() || output::is_begun(lines, &printed) => {
            Finding::Inconclusive("not-reached")
        }
        false => Finding::Broken,
    };
    Outcome::new(finding, tidy(&printed))
}

fn exception_at_statement(
    expected: &ExpectedException,
    said: &Said,
    place: Place,
    seen: &Seen,
) -> Outcome {
    let matches: Vec<Match> = seen
        .raised
        .iter()
        .map(|raised| exception::compare(expected, raised))
        .collect();
    let held = seen
        .raised
        .iter()
        .zip(&matches)
        .find_map(|(raised, found)| match found {
            Match::Same(likeness) => Some(Outcome::new(
                Finding::Held(*likeness),
                exception::shown(raised),
            )),
            Match::OtherMessage | Match::Other => None,
        });
    if let Some(outcome) = held {
        return outcome;
    }
    if let Some(outcome) = printed_exception(expected, said, place, seen) {
        return outcome;
    }
    if let Some(raised) = seen.raised.last() {
        let finding = match matches.contains(&Match::OtherMessage) {
            true => Finding::Inconclusive("other-message"),
            false => Finding::Broken,
        };
        return Outcome::new(finding, exception::shown(raised));
    }
    let shown = match (seen.printed.concat(), seen.values.last()) {
        (printed, Some(value)) if printed.is_empty() => value.repr.clone(),
        (printed, _) => tidy(&printed),
    };
    let finding = match seen.progress {
        Progress::NotReached | Progress::Begun => Finding::Inconclusive("not-reached"),
        Progress::Done if expected.type_name.is_none() => Finding::Nothing,
        Progress::Done => Finding::Broken,
    };
    Outcome::new(finding, shown)
}

/// `print(type(error).__name__)  # ValueError`: the exception's name or message is what was printed.
fn printed_exception(
    expected: &ExpectedException,
    said: &Said,
    place: Place,
    seen: &Seen,
) -> Option<Outcome> {
    let outcome = text_about_statement(said, place, seen);
    if matches!(outcome.finding, Finding::Held(_)) {
        return Some(outcome);
    }
    let message = Said {
        text: expected.message.as_deref()?,
        with_lead: None,
        value_len: None,
        ..*said
    };
    let outcome = text_about_statement(&message, place, seen);
    match outcome.finding {
        Finding::Held(likeness) => Some(Outcome {
            finding: Finding::Held(likeness.under(Tolerance::ExceptionPrefix)),
            ..outcome
        }),
        _ => None,
    }
}

fn exception_in_block(expected: &ExpectedException, trace: &Trace) -> Outcome {
    let observation = trace.observation;
    let raised = observation
        .exception
        .iter()
        .chain(observation.raised.iter().map(|raised| &raised.exception));
    let mut last = None;
    for exception in raised {
        if let Match::Same(likeness) = exception::compare(expected, exception) {
            return Outcome::new(Finding::Held(likeness), exception::shown(exception));
        }
        last = Some(exception);
    }
    match last {
        Some(exception) => match exception::compare(expected, exception) {
            Match::OtherMessage => Outcome::new(
                Finding::Inconclusive("other-message"),
                exception::shown(exception),
            ),
            _ => Outcome::new(Finding::Broken, exception::shown(exception)),
        },
        None if expected.type_name.is_none() => Outcome::inconclusive("not-reached"),
        None if is_whole(trace) => Outcome::new(Finding::Broken, ""),
        None => Outcome::inconclusive("not-reached"),
    }
}
