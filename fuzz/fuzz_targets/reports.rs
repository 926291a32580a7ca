//! What every target asks of a report, in each format.

use snipcheck::compare::compare;
use snipcheck::observation::Observation;
use snipcheck::plan::DocumentPlan;
use snipcheck::report::{self, BlockReport, DocumentReport, Report, Style};
use snipcheck::run::Interpreter;
use snipcheck::sandbox::Confinement;

/// Judges each case of `plan` by what `observe` makes of it, and renders the report in every format.
pub fn judge_and_render(plan: DocumentPlan, observe: impl Fn(usize) -> Observation) {
    let path = plan.document.path.clone();
    let cases = plan.cases.into_iter().enumerate();
    let blocks = cases
        .map(|(index, case)| {
            let observation = observe(index);
            BlockReport {
                verdict: compare(&case, &observation),
                observation,
                case,
            }
        })
        .collect();
    let report = Report {
        interpreter: Interpreter {
            implementation: "cpython".to_owned(),
            version: "3.11.7".to_owned(),
        },
        confinement: Confinement::unknown(),
        documents: vec![DocumentReport {
            path,
            document: Some(plan.document),
            problems: plan.problems,
            claims: Vec::new(),
            blocks,
        }],
        wall_ms: 1.0,
    };
    render(&report);
}

fn render(report: &Report) {
    let style = Style {
        verbose: true,
        ..Style::default()
    };
    let mut full = Vec::new();
    report::full::render(report, style, &mut full).expect("a vector takes everything");
    assert_shown_safely(full);
    let mut concise = Vec::new();
    report::concise::render(report, style, &mut concise).expect("a vector takes everything");
    assert_shown_safely(concise);
    let mut json = Vec::new();
    report::json::render(report, &mut json).expect("a vector takes everything");
    serde_json::from_slice::<serde_json::Value>(&json).expect("valid JSON");
    assert_shown_safely(json);
}

/// A terminal shows it and does nothing, and a CI service reads no command out of it.
fn assert_shown_safely(text: Vec<u8>) {
    let text = String::from_utf8(text).expect("UTF-8");
    for line in text.split('\n') {
        let is_harmful = |c: char| {
            c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        assert!(!line.contains(is_harmful), "{line:?}");
        let start = line.trim_start();
        assert!(
            !start.starts_with("::") && !start.starts_with("##["),
            "{line:?}"
        );
    }
}
