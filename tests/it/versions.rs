//! Snapshots under several interpreters: one outcome for all, variants only where they differ.

use std::fs;

use crate::project::Project;
use crate::study::interpreters;

const SNAPSHOT: &str = "expectations/a.md.snap";

/// Both blocks run everywhere; only what the second one does depends on the version.
const DOCUMENT: &str = "# Same\n\n```python\nprint(1 + 1)\n```\n\n# Other\n\n\
    ```python\nimport itertools\nprint(\"new\" if hasattr(itertools, \"batched\") else \"old\")\n```\n";

#[test]
fn variants_stand_side_by_side_only_where_versions_differ() {
    let found = interpreters();
    let older = found.range(..12).next_back();
    let newer = found.range(12..).next();
    let (Some((old, old_python)), Some((new, new_python))) = (older, newer) else {
        println!("no two interpreters to tell apart, so not tried");
        return;
    };
    let project = Project::new(&[("a.md", DOCUMENT)]);
    let run = |python: &std::path::Path, args: &[&str]| {
        let python = python.to_str().expect("a plain path");
        project.run(&[args, &["--python", python]].concat())
    };
    let snapshot = || fs::read_to_string(project.path(SNAPSHOT)).expect("a snapshot");
    assert_eq!(run(old_python, &["update"]).status, 0);
    assert!(!snapshot().contains("python: "), "{}", snapshot());

    let ran = run(new_python, &["check"]);
    assert_eq!(ran.status, 1, "{}", ran.stdout);
    assert!(ran.stdout.contains("-| old") && ran.stdout.contains("+| new"));
    assert!(ran.stdout.contains("1 passed, 1 failed"), "{}", ran.stdout);

    let ran = run(new_python, &["update"]);
    assert!(
        ran.stdout.contains("pending: 1 change; 1 unchanged"),
        "{}",
        ran.stdout
    );
    assert_eq!(project.run(&["accept"]).status, 0);
    let both = format!("python: 3.{old}\nstdout:\n| old\npython: 3.{new}\nstdout:\n| new\n");
    assert!(snapshot().ends_with(&both), "{}", snapshot());
    assert_eq!(snapshot().matches("python: ").count(), 2, "{}", snapshot());
    let header = format!("description: snipcheck snapshot 1 under python 3.{old}");
    assert!(snapshot().contains(&header), "{}", snapshot());
    for python in found.values() {
        let ran = run(python, &["check"]);
        assert_eq!(ran.status, 0, "{}: {}", python.display(), ran.stdout);
    }
    for python in [old_python, new_python] {
        assert!(run(python, &["update"]).stdout.starts_with("2 unchanged"));
    }

    let ran = run(new_python, &["update", "--accept", "--drop-other-pythons"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(
        !snapshot().contains("python: ") && snapshot().contains("| new"),
        "{}",
        snapshot()
    );
}
