//! What an announcement says of the exceptions that passed through its statement.

use super::comment;
use super::exception::{self, Match};
use super::outcome::{Finding, Outcome, Place};
use super::text::{Said, tidy};
use super::tolerance::Tolerance;
use super::trace::{Progress, Seen, Trace};
use crate::claim::ExpectedException;
use crate::observation::Exception;

/// Compares an announced exception with those that passed through its statement.
pub(super) fn at_statement(
    expected: &ExpectedException,
    said: &Said,
    place: Place,
    seen: &Seen,
    lack: impl Fn(&Exception) -> Option<&'static str>,
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
        if raised.type_name == "MemoryError" {
            // The limit may have come before what would have happened.
            let shown = exception::shown(raised);
            return Outcome::new(Finding::Inconclusive("memory-limit"), shown);
        }
        let finding = match (matches.contains(&Match::OtherMessage), lack(raised)) {
            (true, _) => Finding::Inconclusive("other-message"),
            // A fragment that stumbles over what it lacks never came to what is announced.
            (false, Some(reason)) => Finding::Inconclusive(reason),
            (false, None) => Finding::Broken,
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
    let outcome = comment::about_statement(said, place, seen);
    if matches!(outcome.finding, Finding::Held(_)) {
        return Some(outcome);
    }
    let message = Said {
        text: expected.message.as_deref()?,
        with_lead: None,
        value_len: None,
        ..*said
    };
    let outcome = comment::about_statement(&message, place, seen);
    match outcome.finding {
        Finding::Held(likeness) => Some(Outcome {
            finding: Finding::Held(likeness.under(Tolerance::ExceptionPrefix)),
            ..outcome
        }),
        _ => None,
    }
}

/// Compares an announced exception with those of the whole block.
pub(super) fn in_block(
    expected: &ExpectedException,
    trace: &Trace,
    lack: impl Fn(&Exception) -> Option<&'static str>,
) -> Outcome {
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
            _ => {
                let finding = match lack(exception) {
                    Some(reason) => Finding::Inconclusive(reason),
                    None => Finding::Broken,
                };
                Outcome::new(finding, exception::shown(exception))
            }
        },
        None if trace.is_whole() => Outcome::new(Finding::Broken, ""),
        None => Outcome::inconclusive("not-reached"),
    }
}
