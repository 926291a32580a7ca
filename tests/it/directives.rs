//! Directives in the settings file, and what is said where they are wrong or for nothing.

use crate::project::{Project, Ran};

const NOTE: &str =
    "# Servers\n\n## First\n\n```python\nlaunch()\n```\n\n# Files\n\n```python\nx = 1\n```\n";

fn listed(settings: &str, args: &[&str]) -> Ran {
    listed_in("snipcheck.toml", settings, args)
}

fn listed_in(file: &str, settings: &str, args: &[&str]) -> Ran {
    let project = Project::new(&[(file, settings), ("a/note.md", NOTE), ("b/note.md", NOTE)]);
    let mut all = vec!["list"];
    all.extend(args);
    project.run(&all)
}

#[test]
fn a_heading_and_a_path_choose_blocks() {
    let settings =
        "[[directive]]\npaths = [\"a/\"]\nheading = \"Serv*\"\nsay = \"skip — nobody there\"\n";
    let ran = listed(settings, &[]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert_eq!(ran.stderr, "");
    assert_eq!(
        ran.stdout.matches("skipped-by-author").count(),
        1,
        "{ran:?}"
    );
    let in_project = format!(
        "[tool.snipcheck]\n{}",
        settings.replace("[[dir", "[[tool.snipcheck.dir")
    );
    let ran = listed_in("pyproject.toml", &in_project, &[]);
    assert_eq!(
        ran.stdout.matches("skipped-by-author").count(),
        1,
        "{ran:?}"
    );
}

#[test]
fn a_block_is_chosen_by_its_id() {
    let ran = listed(
        "[[directive]]\nblock = \"files/1\"\nsay = \"no-run\"\n",
        &[],
    );
    assert_eq!(ran.stdout.matches("skip  no-run").count(), 2, "{ran:?}");
}

#[test]
fn a_directive_for_nothing_is_told() {
    let gone = "strict = false\n[[directive]]\npaths = [\"a/note.md\"]\nheading = \"Gone\"\nsay = \"skip\"\n";
    let warning = "warning: snipcheck.toml:2: this directive is for no block\n";
    assert_eq!(listed(gone, &[]).stderr, warning);
    assert_eq!(listed(gone, &["a/note.md"]).stderr, warning);
    // What was not looked at says nothing.
    assert_eq!(listed(gone, &["b/note.md"]).stderr, "");
    assert_eq!(listed(gone, &["a/note.md:6"]).stderr, "");
    let nowhere = "[[directive]]\npaths = [\"c/\"]\nsay = \"skip\"\n";
    assert_eq!(
        listed(nowhere, &["."]).stderr,
        warning.replace(":2:", ":1:")
    );
    assert_eq!(listed(nowhere, &["b"]).stderr, "");
}

#[test]
fn wrong_directives_are_errors_at_their_line() {
    for (settings, error) in [
        (
            "[[directive]]\npaths = [\"a\"]\nsay = \"skpi\"\n",
            "3: there is no directive `skpi`; did you mean `skip`?",
        ),
        (
            "[[directive]]\nheadings = \"a\"\nsay = \"skip\"\n",
            "2: unknown setting `headings`; did you mean `heading`?",
        ),
        (
            "jobs = 1\n\n[[directive]]\npaths = [\"a\"]\n",
            "3: a directive needs `say`, such as `say = \"skip\"`",
        ),
        (
            "[[directive]]\nsay = \"timeout=soon\"\n",
            "2: `timeout` needs a number of seconds",
        ),
        (
            "[[directive]]\nsay = \"skip\"\npaths = 3\n",
            "3: `paths` must be a list of texts",
        ),
        (
            "[[directive]]\nsay = \"skip\"\npaths = [\"a{b\"]\n",
            "3: `paths` holds a bad pattern `a{b`: error parsing glob 'a{b': unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)",
        ),
        (
            "directive = \"skip\"\n",
            "1: `directive` must be tables, each begun by `[[directive]]`",
        ),
    ] {
        let ran = listed(settings, &[]);
        assert_eq!(ran.status, 2, "{ran:?}");
        assert_eq!(ran.stderr, format!("error: snipcheck.toml:{error}\n"));
    }
}
