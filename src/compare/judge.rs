//! Judges one claim by what its statement did.

use similar::TextDiff;

use super::outcome::{Finding, Outcome, Place};
use super::same::same;
use super::text::{self, Said, tidy};
use super::tolerance::{Likeness, Tolerance};
use super::trace::{Progress, Seen, Trace};
use super::volatile::Sources;
use super::wording::{self, Manner};
use super::{ClaimVerdict, JudgedClaim, comment, exception, output, raises, remark, status, typed};
use crate::claim::value::{self, Value};
use crate::claim::{Claim, ClaimKind, Evidence, Expected, Scope, Subject};
use crate::observation::Stream;

/// How many lines of a block's output a sentence is compared with.
const LINE_LIMIT: usize = 1000;

/// What the other comments of the block show of how its author comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Habit {
    /// Nothing.
    Unknown,
    /// Comments behind what prints tell what it prints.
    Output,
}

/// The verdict on `claim`; `None` where it turned out to be a note.
pub(super) fn judge(
    claim: &Claim,
    trace: &Trace,
    sources: &Sources,
    habit: Habit,
) -> Option<JudgedClaim> {
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
            let outcome = comment::about_statement(&said, place, &seen);
            with_earlier_output(&said, outcome, |lines| {
                trace.output_until(place.first, place.last, lines)
            })
        }
        (Expected::Text { .. }, None) => text_about_block(&said, trace),
        (Expected::Output(lines), Some(place)) => {
            let outcome = output_of_example(lines, &trace.example(place.first, place.last));
            match claim.kind {
                // A string under several prints may tell of them all.
                ClaimKind::Comment => with_earlier_output(&said, outcome, |lines| {
                    trace.output_until(place.first, place.last, lines)
                }),
                _ => outcome,
            }
        }
        (Expected::Output(lines), None) => {
            let outcome = output_of_block(lines, trace);
            typed::without_input(outcome, lines, sources.case, trace)
        }
        (Expected::Exception(expected), Some(place)) => {
            let seen = seen(claim, trace, place);
            raises::at_statement(expected, &said, place, &seen, |raised| {
                status::lack(sources.case, raised)
            })
        }
        (Expected::Exception(expected), None) => {
            raises::in_block(expected, trace, |raised| status::lack(sources.case, raised))
        }
    };
    let lines = place.map(|place| (place.first, place.last));
    let is_raised = matches!(claim.expected, Expected::Exception(_));
    let outcome = in_words(claim, &said, outcome);
    settle(claim, &said, outcome, habit, |expected, actual| match () {
        () if is_raised => None,
        () if sources.lack_input(lines) => Some("reads-input"),
        () => sources
            .look_volatile(lines, expected, actual)
            .then_some("not-repeatable"),
    })
}

/// A claim about code that did not run; `None` for text that only its output could have made a claim.
pub(super) fn not_judged(claim: &Claim, reason: &'static str) -> Option<JudgedClaim> {
    settle(
        claim,
        &said(claim),
        Outcome::inconclusive(reason),
        Habit::Unknown,
        |_, _| None,
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
    let is_scoped = claim.scope.is_some();
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
            is_scoped,
        },
        Expected::Output(_) | Expected::Exception(_) => Said {
            text: &claim.text,
            with_lead: None,
            value_len: None,
            is_approximate,
            is_scoped,
        },
    }
}

/// Weighs an outcome by how firmly and within what limits the claim speaks; `doubt` gives the reason
/// why a difference between expected and actual may come from elsewhere.
fn settle(
    claim: &Claim,
    said: &Said,
    outcome: Outcome,
    habit: Habit,
    doubt: impl Fn(&str, &str) -> Option<&'static str>,
) -> Option<JudgedClaim> {
    let expected = match &claim.expected {
        Expected::Output(lines) => tidy(lines),
        Expected::Text { .. } => said.expected().to_owned(),
        Expected::Exception(_) => claim.text.trim().to_owned(),
    };
    let is_unmarked = claim.evidence == Evidence::Unmarked;
    let (verdict, likeness, reason) = match outcome.finding {
        Finding::Nothing => return None,
        // Equal as values, and yet not what is shown: older Pythons kept no order.
        Finding::Held(Likeness::Under(Tolerance::DictOrder)) => {
            (ClaimVerdict::Inconclusive, None, Some("dict-order"))
        }
        Finding::Held(likeness) => (ClaimVerdict::Held, Some(likeness), None),
        Finding::Inconclusive(_) if is_unmarked => return None,
        Finding::Inconclusive(reason) => (ClaimVerdict::Inconclusive, None, Some(reason)),
        Finding::Broken => {
            let actual = outcome.actual.as_deref().unwrap_or_default();
            let reason = match difference(claim, said, actual, habit) {
                Difference::None => return None,
                Difference::Doubtful(reason) => Some(reason),
                Difference::Plain => doubt(&expected, actual),
            };
            match reason {
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

/// What a difference between a claim and what happened comes to.
enum Difference {
    /// The text was no claim.
    None,
    /// It does not break the claim, and why.
    Doubtful(&'static str),
    /// It breaks the claim.
    Plain,
}

fn difference(claim: &Claim, said: &Said, actual: &str, habit: Habit) -> Difference {
    if claim.evidence == Evidence::Unmarked {
        let is_print = matches!(claim.subject, Subject::Statement { is_print: true, .. });
        let is_output_habit = habit == Habit::Output && wording::shares_words(said.text, actual);
        return match () {
            () if actual.is_empty() => Difference::None,
            () if is_output_habit => scoped(claim),
            () if !is_print => Difference::None,
            () if wording::is_of_same_form(said.text, actual) => scoped(claim),
            () if is_near_miss(said, actual) => Difference::Doubtful("near-miss"),
            () => Difference::None,
        };
    }
    let is_text = matches!(claim.expected, Expected::Text { .. });
    if let doubt @ Difference::Doubtful(_) = scoped(claim) {
        return doubt;
    }
    if is_text && claim.rule == "marked-text" {
        let has_lead = said.with_lead.is_some();
        match wording::manner(said.text, actual) {
            Manner::Remark => return Difference::None,
            Manner::Doubtful if !has_lead => return Difference::Doubtful("may-be-prose"),
            Manner::Doubtful | Manner::Output | Manner::Close => {}
        }
    }
    if claim.evidence == Evidence::Weak {
        let is_split = matches!(
            claim.rule,
            "value" | "marked-text" | "string-below" | "output-lines-of-block"
        );
        let is_worded = matches!(claim.rule, "value-and-words" | "value-and-condition");
        return match () {
            () if is_worded && wording::are_of_other_kinds(said.expected(), actual) => {
                Difference::None
            }
            () if claim.rule == "values" && text::are_alike_in_kind(said.text, actual) => {
                Difference::Plain
            }
            () if is_worded && wording::is_other_container(said.expected(), said.text, actual) => {
                Difference::Plain
            }
            () if is_split && wording::differ_in_some_lines(said.text, actual) => Difference::Plain,
            () => Difference::Doubtful("weak-evidence"),
        };
    }
    match () {
        () if !is_text => Difference::Plain,
        () if wording::is_contrasted(said.text, actual) => Difference::Doubtful("text-after-value"),
        () if is_one_line_of(said.expected(), actual) => Difference::Doubtful("part-of-output"),
        () if is_inside(said.expected(), actual) => Difference::Doubtful("shorthand"),
        () if is_followed_by_words(said.text.trim(), actual) || text::states(said, actual) => {
            Difference::Doubtful("text-after-value")
        }
        () => Difference::Plain,
    }
}

/// What the claim's own words make of a plain difference.
fn scoped(claim: &Claim) -> Difference {
    match &claim.scope {
        Some(Scope::Version(_)) => Difference::Doubtful("other-version"),
        Some(Scope::Approximate) => Difference::Doubtful("approximate"),
        None => Difference::Plain,
    }
}

/// `=> 3 and the rest is left`: what is marked and begins with the value that was shown says so.
fn in_words(claim: &Claim, said: &Said, outcome: Outcome) -> Outcome {
    let is_worded = matches!(claim.rule, "marked-sentence" | "value-and-words");
    let shown = outcome.actual.as_deref().unwrap_or_default();
    let is_so = matches!(outcome.finding, Finding::Broken)
        && is_worded
        && claim.evidence == Evidence::Weak
        && text::states(said, shown)
        && !text::has_alternative(said);
    match is_so {
        true => Outcome {
            finding: Finding::Held(Likeness::Under(Tolerance::ValueFirst)),
            ..outcome
        },
        false => outcome,
    }
}

/// Several lines may tell what the statements above printed as well.
fn with_earlier_output(
    said: &Said,
    outcome: Outcome,
    printed: impl Fn(usize) -> String,
) -> Outcome {
    let count = said.text.lines().count();
    let shown = outcome.actual.as_deref().unwrap_or_default();
    if !matches!(outcome.finding, Finding::Broken) || count < 2 || shown.lines().count() >= count {
        return outcome;
    }
    let printed = tidy(&printed(count));
    let skipped = printed.lines().count().saturating_sub(count);
    let last: Vec<&str> = printed.lines().skip(skipped).collect();
    let last = last.join("\n");
    let finding = match text::agree(said, &last) {
        Some(likeness) => Finding::Held(likeness.under(Tolerance::EarlierOutput)),
        None => Finding::Broken,
    };
    Outcome::new(finding, last)
}

/// Whether one line is stated of the several that were shown.
fn is_one_line_of(stated: &str, actual: &str) -> bool {
    actual.contains('\n') && actual.lines().any(|line| line.trim() == stated)
}

/// `['a']` for `dict_keys(['a'])`: neither what is shown nor another value.
fn is_inside(expected: &str, actual: &str) -> bool {
    let (Some(stated), Some(Value::Call(_, arguments))) =
        (value::whole(expected), value::whole(actual))
    else {
        return false;
    };
    let last = arguments
        .iter()
        .rev()
        .find(|(keyword, _)| keyword.is_none());
    let is_container = matches!(stated, Value::List(_) | Value::Dict(_) | Value::Set(_));
    is_container && last.is_some_and(|(_, inner)| same(&stated, inner).is_some())
        || is_without_keywords(&stated, &arguments, actual)
}

/// `deque([1])` for `deque([1], maxlen=3)`.
fn is_without_keywords(
    stated: &Value,
    arguments: &[(Option<String>, Value)],
    actual: &str,
) -> bool {
    let Value::Call(name, stated) = stated else {
        return false;
    };
    let (same_part, rest) = arguments.split_at(stated.len().min(arguments.len()));
    actual.starts_with(name.as_str())
        && !rest.is_empty()
        && rest.iter().all(|(keyword, _)| keyword.is_some())
        && same_part
            .iter()
            .zip(stated)
            .all(|((k, a), (l, b))| k == l && same(b, a).is_some())
}

/// `5 elements` for `5`: a remark, or another text than was shown.
fn is_followed_by_words(text: &str, actual: &str) -> bool {
    let rest = text
        .strip_prefix(actual)
        .and_then(|rest| rest.strip_prefix(' '));
    value::whole(actual).is_some()
        && rest.is_some_and(|rest| rest.starts_with(char::is_alphabetic))
        && !remark::is_all_values(text)
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

/// Compares a sentence about a block with all that it printed, or, of several lines, with one of them.
fn text_about_block(said: &Said, trace: &Trace) -> Outcome {
    let all = tidy(&trace.observation.text(Stream::Stdout));
    if let Some(likeness) = text::agree(said, &all) {
        return Outcome::new(Finding::Held(likeness), all);
    }
    let of_line = |line: &str| text::agree(said, line).map(|likeness| (line.to_owned(), likeness));
    let of_several = Tolerance::OneOfSeveral;
    if all.contains('\n')
        && let Some((line, likeness)) = all.lines().rev().take(LINE_LIMIT).find_map(of_line)
    {
        return Outcome::new(Finding::Held(likeness.under(of_several)), line);
    }
    let finding = match trace.is_whole() {
        false => return Outcome::inconclusive("not-reached"),
        true if all.is_empty() => Finding::Inconclusive("no-value"),
        true if all.contains('\n') => Finding::Inconclusive("part-of-output"),
        true => Finding::Broken,
    };
    Outcome::new(finding, all)
}

/// Compares the output of one example of a session: what it printed, and the value it displayed.
fn output_of_example(lines: &str, seen: &Seen) -> Outcome {
    let printed = seen.printed.concat();
    if let Some(likeness) = output::agree(lines, &printed) {
        return Outcome::new(Finding::Held(likeness), tidy(&printed));
    }
    if let Some(value) = comment::returned_values(seen).last() {
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
    let finding = match trace.is_whole() {
        true => Finding::Broken,
        false if printed.trim().is_empty() || output::is_begun(lines, &printed) => {
            Finding::Inconclusive("not-reached")
        }
        false => Finding::Broken,
    };
    let finding = match finding {
        Finding::Broken if is_of_some_statements(lines, trace) => {
            Finding::Inconclusive("part-of-output")
        }
        finding => finding,
    };
    Outcome::new(finding, tidy(&printed))
}

/// Whether the lines are all that some statements, one after the other, printed.
fn is_of_some_statements(lines: &str, trace: &Trace) -> bool {
    let mut all = String::from("\n");
    let mut bounds = Vec::new();
    let mut above = None;
    for emission in &trace.observation.emissions {
        if emission.stream != Stream::Stdout {
            continue;
        }
        if emission.statement != above {
            bounds.push(all.len());
            above = emission.statement;
        }
        all.push_str(&emission.text);
    }
    bounds.push(all.len());
    let stated = format!("\n{}\n", tidy(lines));
    all.match_indices(stated.as_str()).any(|(at, _)| {
        let is_bound = |offset: usize| bounds.binary_search(&offset).is_ok();
        is_bound(at + 1) && is_bound(at + stated.len())
    })
}
