//! Any text as a document: blocks, syntax, claims, plan; then verdicts on runs that printed what
//! the claims say, or nothing, and their reports.

#![no_main]

mod reports;

use libfuzzer_sys::fuzz_target;
use snipcheck::block::blocks;
use snipcheck::claim::claims;
use snipcheck::document::Document;
use snipcheck::observation::{Emission, Ending, Observation, Stream};
use snipcheck::plan::{self, Case, Decision, DocumentPlan, Options};
use snipcheck::syntax::syntax;
use snipcheck::text::Span;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        assert!(Document::from_bytes("a.md", data.to_vec()).is_err());
        return;
    };
    let document = Document::new("a.md", text);
    read_blocks(&document);
    let plan = plan::plan(document, &Options::default());
    for case in &plan.cases {
        for claim in &case.claims {
            assert_inside(&plan.document, claim.span);
        }
        for note in &case.notes {
            assert_inside(&plan.document, note.span);
        }
    }
    let said: Vec<Observation> = plan
        .cases
        .iter()
        .map(|case| as_claimed(&plan, case))
        .collect();
    reports::judge_and_render(plan.clone(), |_| Observation::not_run());
    reports::judge_and_render(plan, |index| said[index].clone());
});

fn read_blocks(document: &Document) {
    let (blocks, _) = blocks(document);
    for block in &blocks {
        assert_inside(document, block.span);
        assert!(block.first_line(document) <= block.last_line(document));
        let syntax = syntax(&block.code);
        for statement in &syntax.statements {
            assert!(
                block
                    .code
                    .get(statement.span.start..statement.span.end)
                    .is_some()
            );
        }
        claims(document, block, &syntax);
    }
}

fn assert_inside(document: &Document, span: Span) {
    assert!(
        document.text.get(span.start..span.end).is_some(),
        "{span:?}"
    );
}

/// A run in which the line of each claim printed the claim's text.
fn as_claimed(plan: &DocumentPlan, case: &Case) -> Observation {
    let Decision::Run(snippet) = &case.decision else {
        return Observation::not_run();
    };
    let line_of = |span: Span| plan.document.index.line(span.start);
    let emissions = case.claims.iter().map(|claim| Emission {
        stream: Stream::Stdout,
        line: Some(line_of(claim.span)),
        statement: Some(line_of(claim.span)),
        text: format!("{}\n", claim.text),
    });
    Observation {
        ending: Ending::Finished,
        emissions: emissions.collect(),
        reached: snippet.sources.iter().map(|source| source.line).collect(),
        ..Observation::not_run()
    }
}
