//! Output as a terminal shows it, with what was typed standing between what was printed.
//!
//! A block that reads from a file prints `Who? Hello`; its author saw `Who? Ada` and, on the next line,
//! `Hello`.

use super::outcome::{Finding, Outcome};
use super::output;
use super::text::tidy;
use super::tolerance::Tolerance;
use super::trace::Trace;
use crate::observation::Stream;
use crate::plan::{Case, Decision};

/// What was typed, taken out of the expected text.
struct Stripped {
    text: String,
    /// How many lines of input were found.
    found: usize,
}

/// Looks again at an output block that differs, where the block was given input.
pub(super) fn without_input(
    outcome: Outcome,
    expected: &str,
    case: &Case,
    trace: &Trace,
) -> Outcome {
    let inputs = inputs(case);
    if !matches!(outcome.finding, Finding::Broken) || inputs.is_empty() {
        return outcome;
    }
    let printed = trace.observation.text(Stream::Stdout);
    let stripped = strip(expected, &printed, &inputs);
    if stripped.found == 0 {
        return outcome;
    }
    if let Some(likeness) = output::agree(&stripped.text, &printed) {
        let likeness = likeness.under(Tolerance::TypedInput);
        return Outcome::new(Finding::Held(likeness), tidy(&printed));
    }
    match stripped.found == inputs.len() {
        true => outcome,
        // Who typed what is not plain, so neither is what was printed.
        false => Outcome {
            finding: Finding::Inconclusive("typed-input"),
            ..outcome
        },
    }
}

/// The lines that the block itself is given.
fn inputs(case: &Case) -> Vec<&str> {
    let Decision::Run(snippet) = &case.decision else {
        return Vec::new();
    };
    let own = snippet.inputs.last().map(String::as_str);
    own.unwrap_or_default().lines().collect()
}

/// Takes each line of input out of `expected` where, behind what was printed up to there, it stands and
/// was not printed.
fn strip(expected: &str, printed: &str, inputs: &[&str]) -> Stripped {
    let mut stripped = Stripped {
        text: String::new(),
        found: 0,
    };
    let mut rest = printed;
    for line in expected.split_inclusive('\n') {
        let shown = line.trim_end();
        let prompt = inputs
            .get(stripped.found)
            .and_then(|input| shown.strip_suffix(input.trim_end()))
            .filter(|prompt| {
                let behind = rest.strip_prefix(prompt.trim_end());
                let is_printed = rest
                    .strip_prefix(shown)
                    .is_some_and(|it| it.is_empty() || it.starts_with('\n'));
                behind.is_some() && !is_printed
            });
        match prompt {
            Some(prompt) => {
                stripped.found += 1;
                stripped.text.push_str(prompt);
                rest = rest.strip_prefix(prompt).unwrap_or_default();
            }
            None => {
                stripped.text.push_str(line);
                let after = rest.split_once('\n');
                rest = after.map_or("", |(_, after)| after);
            }
        }
    }
    stripped
}
