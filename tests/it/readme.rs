//! The README shows a real document and what snipcheck really says of it.

use crate::project::Project;

/// What stands in the first fence of `text` that opens with `open`, and the rest behind it.
fn fence<'t>(text: &'t str, open: &str) -> (&'t str, &'t str) {
    let ticks = open.trim_end_matches(|c| c != '`');
    let (_, inside) = text.split_once(&format!("\n{open}\n")).expect(open);
    inside.split_once(&format!("\n{ticks}\n")).expect(ticks)
}

/// The words of a project, recorded, changed and updated.
fn changed_words() -> Project {
    let text = |call: &str| {
        format!(
            "# Words\n\n```python\ntext = \"to be or not to be\"\nprint(text.{call}())\n\
             len(text.split())   # 6\n```\n"
        )
    };
    let project = Project::new(&[("notes/words.md", &text("upper"))]);
    assert_eq!(project.run(&["update"]).status, 0);
    project.write("notes/words.md", text("title").as_bytes());
    assert_eq!(project.run(&["update"]).status, 0);
    project
}

#[test]
fn its_review_is_what_snipcheck_asks() {
    let readme = include_str!("../../README.md");
    let (_, section) = readme
        .split_once("\n## Snapshots\n")
        .expect("it tells of snapshots");
    let (review, _) = fence(section, "```text");
    let (command, expected) = review.split_once('\n').expect("the command comes first");
    assert_eq!(command, "$ snipcheck review");
    let project = changed_words();
    let ran = project.run_with_input(&["review"], "a\n");
    assert_eq!(ran.stdout.trim_end(), expected);
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

#[test]
fn its_patch_is_what_update_in_place_prints() {
    let readme = include_str!("../../README.md");
    let (document, rest) = fence(readme, "````markdown");
    let (patch, _) = fence(rest, "````diff");
    let project = Project::new(&[("notes/names.md", &format!("{document}\n"))]);
    let ran = project.run(&["update", "--in-place", "--dry-run", "notes"]);
    let said: Vec<&str> = ran.stdout.lines().skip(2).collect();
    let expected: Vec<&str> = patch.lines().collect();
    assert_eq!(said[..expected.len()], expected[..]);
}
