//! Expressions in sentences as cases of their own: each runs alone, in a process of its own.

use crate::block::{Block, BlockId, CodeLine, Form, Gap, Tag};
use crate::claim::{Evidence, Expected, Stated, Subject};
use crate::document::Document;
use crate::syntax::{Computation, computation};

use super::{Announced, Case, Decision, Options, Snippet, SnippetKind, Source, Watch};

/// Exceptions by which an expression of which a value is told shows that it has none.
const NO_VALUE: &[&str] = &[
    "ValueError",
    "IndexError",
    "KeyError",
    "ZeroDivisionError",
    "OverflowError",
];

/// The case that runs an expression; `ordinal` counts those of the document from 1.
pub(super) fn case(document: &Document, stated: Stated, ordinal: usize, options: &Options) -> Case {
    let line = document.index.line(stated.span.start);
    let code = format!("{}\n", stated.code);
    let is_print = matches!(
        stated.claim.subject,
        Subject::Statement { is_print: true, .. }
    );
    let exception = match (&stated.claim.expected, stated.claim.evidence) {
        (Expected::Exception(_), Evidence::Plain | Evidence::Weak) => Announced::Any,
        _ => {
            // Calls may be mentioned without the arguments that they need.
            let is_call = matches!(computation(&stated.code), Some(Computation::Call));
            let of_operands = (!is_call).then_some("TypeError");
            let names = NO_VALUE.iter().copied().chain(of_operands);
            Announced::Types(names.map(str::to_owned).collect())
        }
    };
    let watch = Watch {
        line,
        last: line,
        wants_value: !is_print,
        subject: None,
        exception: Some(exception),
    };
    Case {
        kind: SnippetKind::Script,
        decision: Decision::Run(Snippet {
            kind: SnippetKind::Script,
            sources: vec![Source {
                line,
                code: code.clone(),
            }],
            context: Vec::new(),
            supplied: stated.supplied,
            watches: vec![watch],
            inputs: Vec::new(),
        }),
        context: Vec::new(),
        static_reason: None,
        claims: vec![stated.claim],
        notes: Vec::new(),
        problems: Vec::new(),
        policy: options.policy.clone(),
        directives: Vec::new(),
        packages: Vec::new(),
        is_tried: false,
        block: Block {
            id: BlockId(format!("prose/{ordinal}")),
            form: Form::Indented,
            tag: Tag::Python,
            info: String::new(),
            heading: stated.heading,
            span: stated.span,
            code,
            lines: vec![CodeLine {
                line,
                code_start: 0,
                span: stated.span,
                inserted: 0,
            }],
            gap: Gap::Far,
            lead: None,
            comments: Vec::new(),
        },
    }
}
