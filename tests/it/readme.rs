//! The README shows a real document and what snipcheck really says of it.

use crate::project::Project;

/// What stands in the first fence of `text` that opens with `open`, and the rest behind it.
fn fence<'t>(text: &'t str, open: &str) -> (&'t str, &'t str) {
    let ticks = open.trim_end_matches(|c| c != '`');
    let (_, inside) = text.split_once(&format!("\n{open}\n")).expect(open);
    inside.split_once(&format!("\n{ticks}\n")).expect(ticks)
}

#[test]
fn its_report_is_what_snipcheck_prints() {
    let readme = include_str!("../../README.md");
    let (document, rest) = fence(readme, "````markdown");
    let (report, _) = fence(rest, "```text");
    let project = Project::new(&[("notes/names.md", &format!("{document}\n"))]);
    let ran = project.run(&["check", "notes"]);
    assert_eq!(ran.status, 1);
    let said: Vec<&str> = ran.stdout.lines().collect();
    let expected: Vec<&str> = report.lines().collect();
    // The last lines tell version and time.
    assert_eq!(said[..expected.len()], expected[..]);
}
