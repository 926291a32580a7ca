//! One thing to tell: the same for every format.
//!
//! All texts in a [`Finding`] are neutral already; only the document's own lines are not in it.

use super::neutral;
use crate::problem::{Problem, Severity};
use crate::text::{LineNumber, Position, Span};

/// A remark at a place in the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Where.
    pub(super) span: Span,
    /// Why here; may be empty.
    pub(super) text: String,
}

/// One thing to tell.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    /// Stable kebab-case name.
    pub(super) id: &'static str,
    /// How grave.
    pub(super) severity: Severity,
    /// The main place; `None` where the whole document is meant.
    pub(super) span: Option<Span>,
    /// The same for people.
    pub(super) position: Option<Position>,
    /// A line to show with it, unmarked: the statement that the finding speaks of.
    pub(super) also_shown: Option<LineNumber>,
    /// One line that is true without the excerpt below it: for a heading.
    pub(super) message: String,
    /// One line that says all: for formats without an excerpt. `None`: the message does.
    pub(super) brief: Option<String>,
    /// Why at `span`; may be empty.
    pub(super) label: String,
    /// Remarks at other places.
    pub(super) marks: Vec<Mark>,
    /// Context, each a paragraph of lines.
    pub(super) notes: Vec<Vec<String>>,
    /// What to do about it.
    pub(super) help: Vec<String>,
}

impl Finding {
    /// The line that says all of it.
    pub(super) fn line(&self) -> &str {
        self.brief.as_deref().unwrap_or(&self.message)
    }

    /// A finding without a place; `message` is neutral text.
    pub(super) fn new(id: &'static str, severity: Severity, message: impl Into<String>) -> Self {
        Finding {
            id,
            severity,
            span: None,
            position: None,
            also_shown: None,
            message: message.into(),
            brief: None,
            label: String::new(),
            marks: Vec::new(),
            notes: Vec::new(),
            help: Vec::new(),
        }
    }

    /// The finding that says what `problem` says.
    pub(super) fn of_problem(problem: &Problem) -> Self {
        let message = neutral::text(&problem.message);
        let mut finding = Finding::new(problem.id, problem.severity, message);
        finding.span = problem.span;
        finding.absorb(problem);
        finding
    }

    /// Takes over what `problem` says beyond its message.
    pub(super) fn absorb(&mut self, problem: &Problem) {
        for label in &problem.labels {
            let text = neutral::text(&label.text);
            if Some(label.span) == self.span && self.label.is_empty() {
                self.label = text;
            } else if Some(label.span) != self.span {
                self.marks.push(Mark {
                    span: label.span,
                    text,
                });
            }
        }
        self.notes
            .extend(problem.notes.iter().map(|note| paragraph(note)));
        self.help
            .extend(problem.help.iter().map(|help| neutral::text(help)));
    }
}

/// The lines of a text that came from elsewhere, each neutral.
pub(super) fn paragraph(text: &str) -> Vec<String> {
    text.trim_end()
        .split('\n')
        .map(|line| neutral::line_start(&neutral::text(line)))
        .collect()
}
