//! When an announced exception agrees with one that was raised.

use similar::TextDiff;

use super::remark;
use super::same::{matches_with_ellipsis, same};
use super::text::collapse;
use super::tolerance::{Likeness, Tolerance};
use crate::claim::{ExpectedException, value};
use crate::observation::Exception;

/// How an announced exception compares with one that was raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// It is the one.
    Same(Likeness),
    /// The type is right, and the message is another.
    OtherMessage,
    /// It is another.
    Other,
}

/// `Type: message`, as the last line of a traceback has it.
pub(super) fn shown(exception: &Exception) -> String {
    match exception.message.is_empty() {
        true => exception.type_name.clone(),
        false => format!("{}: {}", exception.type_name, exception.message),
    }
}

/// Compares an announced exception with one that was raised.
pub(super) fn compare(expected: &ExpectedException, actual: &Exception) -> Match {
    let kind = match &expected.type_name {
        Some(name) => type_agrees(name, actual),
        None => Some(Likeness::Exact),
    };
    let Some(kind) = kind else {
        return Match::Other;
    };
    match expected.message.as_deref().map(str::trim) {
        None | Some("") => Match::Same(kind),
        Some(message) => match message_agrees(message, &actual.message) {
            Some(likeness) => Match::Same(kind.and(likeness)),
            // A bare "error" with other words is an explanation, not a message.
            None if expected.type_name.is_none() => {
                Match::Same(kind.under(Tolerance::ExplainedException))
            }
            None if is_other_value(message, &actual.message) => Match::Other,
            None if is_explanation(message, &actual.message) => {
                Match::Same(kind.under(Tolerance::ExplainedException))
            }
            None => Match::OtherMessage,
        },
    }
}

fn type_agrees(expected: &str, actual: &Exception) -> Option<Likeness> {
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    let expected_last = match last(expected).as_str() {
        "IOError" | "EnvironmentError" | "WindowsError" => "OSError".to_owned(),
        other => other.to_owned(),
    };
    if expected_last == last(&actual.type_name) {
        return Some(Likeness::Exact);
    }
    let is_base =
        expected_last != "object" && actual.bases.iter().any(|base| last(base) == expected_last);
    is_base.then_some(Likeness::Under(Tolerance::BaseClass))
}

fn message_agrees(expected: &str, actual: &str) -> Option<Likeness> {
    if expected == actual {
        return Some(Likeness::Exact);
    }
    let first_line = collapse(actual.lines().next().unwrap_or_default());
    let (expected, actual) = (plain(expected), plain(actual));
    if expected.trim_end_matches('.') == actual.trim_end_matches('.')
        || expected == plain(&first_line)
    {
        return Some(Likeness::Under(Tolerance::Spacing));
    }
    if actual.is_empty() {
        return None;
    }
    if let Some(rest) = expected.strip_prefix(&actual)
        && remark::begins(rest, remark::After::Value)
    {
        return Some(Likeness::Exact);
    }
    // `missing 1 required positional argument: 'x'` without the name of the function.
    let is_its_end = actual
        .strip_suffix(expected.as_str())
        .is_some_and(|before| before.ends_with(' ') && expected.split(' ').count() > 1);
    let is_shortened = is_its_end
        || matches_with_ellipsis(&expected, &actual)
        || matches_with_ellipsis(
            &format!("{}...", expected.trim_end_matches(['.', '…'])),
            &actual,
        );
    is_shortened.then_some(Likeness::Under(Tolerance::Ellipsis))
}

/// White space and quotes made equal, back-ticks dropped.
fn plain(message: &str) -> String {
    collapse(
        &remark::plain_quotes(message)
            .replace('`', "")
            .replace('"', "'"),
    )
}

/// `KeyError: 'a'` for `KeyError: 'b'`: two values, and not the same.
fn is_other_value(expected: &str, actual: &str) -> bool {
    match (value::whole(expected), value::whole(actual)) {
        (Some(expected), Some(actual)) => same(&expected, &actual).is_none(),
        _ => false,
    }
}

/// Whether the words after the type explain it rather than quote its message: they share next to
/// nothing with it. Messages differ between versions of Python, so likeness alone proves no error.
fn is_explanation(expected: &str, actual: &str) -> bool {
    const SHARED: f32 = 0.4;
    let (expected, actual) = (clipped(expected), clipped(actual));
    TextDiff::from_words(expected.as_str(), actual.as_str()).ratio() < SHARED
}

fn clipped(text: &str) -> String {
    text.chars().take(500).collect::<String>().to_lowercase()
}
