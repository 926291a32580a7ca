//! Directives for a stretch of the document, between one HTML comment and another, or for all of it.

use std::collections::HashSet;

use super::own::{self, Mark};
use super::{Directive, Order, Written, foreign, wrong_problem};
use crate::block::{self, Block};
use crate::document::Document;
use crate::problem::{self, Problem};
use crate::text::Span;

/// The stretches of a document that are left out.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Regions {
    /// In order, never overlapping.
    stretches: Vec<(Span, Directive)>,
    whole: Option<Directive>,
}

/// What an HTML comment says about more than the next block.
struct Said {
    mark: Mark,
    reason: Option<String>,
    is_own: bool,
}

impl Regions {
    /// Reads the comments of `document`, in order; problems of unpaired ones go to `problems`.
    pub(in super::super) fn new(
        document: &Document,
        comments: &[Span],
        problems: &mut Vec<Problem>,
    ) -> Regions {
        let mut regions = Regions::default();
        let mut open: Option<(Span, Directive, bool)> = None;
        for &comment in comments {
            let Some(said) = said(document, comment) else {
                continue;
            };
            let directive = Directive {
                order: Order::Skip(said.reason),
                written: Written::Document(comment),
            };
            match (said.mark, open.take()) {
                (Mark::File, was) => {
                    regions.whole.get_or_insert(directive);
                    open = was;
                }
                (Mark::Start, None) => open = Some((comment, directive, said.is_own)),
                // A second start changes nothing.
                (Mark::Start, was) => open = was,
                (Mark::End, Some((start, directive, _))) => {
                    let stretch = Span::new(start.start, comment.end);
                    regions.stretches.push((stretch, directive));
                }
                (Mark::End, None) if said.is_own => {
                    problems.push(problem::unpaired_directive(comment, "skip-end"));
                }
                (Mark::End, None) => {}
            }
        }
        if let Some((start, directive, is_own)) = open {
            if is_own {
                problems.push(problem::unpaired_directive(start, "skip-start"));
            }
            let stretch = Span::new(start.start, document.text.len());
            regions.stretches.push((stretch, directive));
        }
        regions
    }

    /// The directives over the place `at`.
    pub(super) fn over(&self, at: usize) -> impl Iterator<Item = &Directive> {
        let before = self.stretches.partition_point(|(span, _)| span.start <= at);
        let last = before.checked_sub(1).and_then(|it| self.stretches.get(it));
        let around = last.filter(|(span, _)| at < span.end);
        let around = around.map(|(_, directive)| directive);
        self.whole.iter().chain(around)
    }
}

fn said(document: &Document, comment: Span) -> Option<Said> {
    let (_, text) = block::comment_text(document.slice(comment));
    if let Some((_, own)) = block::own_text(text) {
        let parsed = own::parse(own);
        return Some(Said {
            mark: parsed.mark?,
            reason: parsed.reason,
            is_own: true,
        });
    }
    match foreign::comment(text)? {
        foreign::Said::Mark(mark, reason) => Some(Said {
            mark,
            reason,
            is_own: false,
        }),
        foreign::Said::Orders(_) => None,
    }
}

/// Directives of this program in `comments` that stand before none of `blocks`.
pub(in super::super) fn strays<'a>(
    document: &Document,
    comments: &[Span],
    blocks: impl Iterator<Item = &'a Block>,
) -> Vec<Problem> {
    let is_own = |comment: Span| {
        let (_, text) = block::comment_text(document.slice(comment));
        block::own_text(text).map(|(_, said)| own::parse(said))
    };
    let used: HashSet<usize> = blocks
        .flat_map(|block| block.comments.iter().map(|comment| comment.start))
        .collect();
    let mut problems = Vec::new();
    for &comment in comments {
        if used.contains(&comment.start) {
            continue;
        }
        let Some(parsed) = is_own(comment) else {
            continue;
        };
        if let Some((_, wrong)) = parsed.wrong.first() {
            problems.push(wrong_problem(comment, wrong));
        } else if parsed.mark.is_none() {
            problems.push(problem::stray_directive(comment));
        }
    }
    problems
}
