//! What a comment says of what its statement printed, had as a value, or changed.

use super::exception;
use super::outcome::{Finding, Outcome, Place};
use super::text::{self, Said, tidy};
use super::tolerance::{Likeness, Tolerance};
use super::trace::{Progress, Seen};
use crate::claim::value::{self, Value};
use crate::observation::Computed;

/// How many pieces of output are compared one by one.
const PIECE_LIMIT: usize = 1000;

/// Texts longer than this, in bytes, are compared with the output as a whole only.
const TEXT_LIMIT: usize = 4096;

/// Compares a comment with what its statement did.
pub(super) fn about_statement(said: &Said, place: Place, seen: &Seen) -> Outcome {
    if !seen.printed.is_empty() {
        return about_output(said, place, seen);
    }
    let values = shown_values(&seen.values, said);
    if let Some(outcome) = about_values(said, place, &values) {
        // `a.pop()  # [1, 2]` tells what is left.
        return match about_subject(said, &seen.subjects) {
            Some(other) if matches!(outcome.finding, Finding::Broken) => other,
            _ => outcome,
        };
    }
    if !seen.stderr.is_empty()
        && let Some(likeness) = text::agree(said, &seen.stderr)
    {
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
fn about_output(said: &Said, place: Place, seen: &Seen) -> Outcome {
    let all = seen.printed.concat();
    for written in [&all, &seen.during] {
        if let Some(likeness) = text::agree(said, written) {
            return Outcome::new(Finding::Held(likeness), tidy(written));
        }
    }
    let whole_line = format!("{}{all}", seen.open_line);
    if !seen.open_line.is_empty()
        && let Some(likeness) = text::agree(said, &whole_line)
    {
        let held = Finding::Held(likeness.under(Tolerance::WholeLine));
        return Outcome::new(held, tidy(&whole_line));
    }
    let pieces = &seen.printed;
    let is_short = said.text.len() <= TEXT_LIMIT;
    // Of two prints on one line the comment is about the last.
    if is_short
        && place.is_print
        && !place.may_repeat
        && let [_, .., last] = pieces.as_slice()
        && let Some(likeness) = text::agree(said, last)
    {
        let held = Finding::Held(likeness.under(Tolerance::OneOfSeveral));
        return Outcome::new(held, tidy(last));
    }
    if is_short && (place.may_repeat || (pieces.len() > 1 && !place.is_print)) {
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
    if !place.is_print {
        let values = [returned_values(seen), seen.subjects.clone()];
        let held = values
            .iter()
            .filter_map(|values| about_values(said, place, values))
            .find(|outcome| matches!(outcome.finding, Finding::Held(_)));
        if let Some(outcome) = held {
            return outcome;
        }
    }
    let finding = match seen.progress {
        Progress::Begun if seen.raised.is_empty() => Finding::Inconclusive("not-reached"),
        Progress::Begun => Finding::Inconclusive("raised"),
        // As many lines as were printed in all are about each time that it ran.
        _ if is_of_all_lines(said.text, &all) => Finding::Broken,
        _ if place.may_repeat && pieces.len() != 1 => Finding::Inconclusive("ran-several-times"),
        _ => Finding::Broken,
    };
    let is_line_end = all.trim().is_empty() && !seen.open_line.is_empty();
    let shown = match said.text.contains('\n') && !seen.during.is_empty() {
        true => &seen.during,
        false if is_line_end => &whole_line,
        false => &all,
    };
    Outcome::new(finding, tidy(shown))
}

fn is_of_all_lines(text: &str, all: &str) -> bool {
    let count = text.lines().count();
    count > 1 && tidy(all).lines().count() == count
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
        .is_some_and(|word| ["none", "null"].contains(&word.to_lowercase().as_str()));
    values
        .iter()
        .copied()
        .filter(|value| says_none || value.repr != "None")
        .collect()
}

pub(super) fn returned_values<'o>(seen: &Seen<'o>) -> Vec<&'o Computed> {
    seen.values
        .iter()
        .copied()
        .filter(|value| value.repr != "None")
        .collect()
}

/// Compares with the values that the statement had; `None` where it had none.
fn about_values(said: &Said, place: Place, values: &[&Computed]) -> Option<Outcome> {
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
    if let Some(outcome) = one_after_the_other(said, values) {
        return Some(outcome);
    }
    let finding = match place.may_repeat && values.len() > 1 {
        true => Finding::Inconclusive("ran-several-times"),
        false => Finding::Broken,
    };
    Some(Outcome::new(finding, last.repr.as_str()))
}

/// `total += n  # 1, 3, 6`: the values of each time that the statement ran.
fn one_after_the_other(said: &Said, values: &[&Computed]) -> Option<Outcome> {
    if values.len() < 2 || values.len() > PIECE_LIMIT {
        return None;
    }
    let reprs: Vec<&str> = values.iter().map(|value| value.repr.as_str()).collect();
    let all = reprs.join("\n");
    let likeness = text::agree(said, &all)?;
    let held = Finding::Held(likeness.under(Tolerance::JoinedLines));
    Some(Outcome::new(held, reprs.join(", ")))
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

/// What a comment says of the subject of a statement that has a value of another kind as well; `None`
/// where it does not speak of it.
fn about_subject(said: &Said, subjects: &[&Computed]) -> Option<Outcome> {
    let last = subjects.last()?;
    let likeness = subjects
        .iter()
        .find_map(|subject| agrees_with_value(said, subject));
    match likeness {
        Some(likeness) => Some(Outcome::new(Finding::Held(likeness), last.repr.as_str())),
        None => are_containers_alike(said.expected(), &last.repr)
            .then(|| Outcome::new(Finding::Broken, last.repr.as_str())),
    }
}

/// Whether both are containers of one kind.
fn are_containers_alike(stated: &str, shown: &str) -> bool {
    matches!(
        (value::whole(stated), value::whole(shown)),
        (Some(Value::List(_)), Some(Value::List(_)))
            | (Some(Value::Dict(_)), Some(Value::Dict(_)))
            | (Some(Value::Set(_)), Some(Value::Set(_)))
    )
}

/// A statement that printed nothing and has no value: the comment may speak of what it changed.
///
/// A comment of another kind than the subject (`queue.put(5)  # 5`) says something else.
fn subject_differs(said: &Said, seen: &Seen) -> Outcome {
    let held = seen.subjects.iter().find_map(|subject| {
        let likeness = agrees_with_value(said, subject)?;
        Some(Outcome::new(Finding::Held(likeness), subject.repr.as_str()))
    });
    if let Some(outcome) = held.or_else(|| one_after_the_other(said, &seen.subjects)) {
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
