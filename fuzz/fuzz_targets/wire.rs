//! Everything that the supervisor decodes from a snippet: the report page and both streams with
//! their marks, with a wait status of the kernel's; then the verdict and its report.
//!
//! ```text
//! status (2 bytes) │ length of the page (2) │ length of stdout (2) │ page │ stdout │ stderr
//! ```

#![no_main]

mod reports;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use snipcheck::document::Document;
use snipcheck::observation::Ending;
use snipcheck::plan::{self, DocumentPlan, Options};
use snipcheck::run;

/// The document whose block is judged; its lines are 1 to 12.
const DOCUMENT: &str = "# Block\n\n```python\nx = [1]\nprint(x)  # [1] - one\nlen(x)  # 1\n\
                        for y in x:\n    print(y)  # 1\nint('')  # ValueError\nprint(2)\n# 2\n```\n";
/// What stands for the secret of the run in the input.
const NONCE: &str = "0123456789abcdef";

static PLAN: LazyLock<DocumentPlan> =
    LazyLock::new(|| plan::plan(Document::new("a.md", DOCUMENT), &Options::default()));

fuzz_target!(|data: &[u8]| {
    let Some((head, rest)) = data.split_at_checked(6) else {
        return;
    };
    let word = |at: usize| u16::from_le_bytes([head[at], head[at + 1]]);
    let (page, rest) = rest.split_at(rest.len().min(word(2).into()));
    let (stdout, stderr) = rest.split_at(rest.len().min(word(4).into()));
    let status = i32::from(word(0));
    let observe = |nonce| run::observation_of(page, [stdout, stderr], status, nonce);
    let unknown = observe("fedcba9876543210");
    assert!(
        matches!(
            unknown.ending,
            Ending::EarlyExit | Ending::Signalled { .. } | Ending::NotRun
        ),
        "{:?}",
        unknown.ending
    );
    let known = observe(NONCE);
    assert!(known.ending != Ending::Finished || status == 0, "{status}");
    reports::judge_and_render(PLAN.clone(), |_| known.clone());
});
