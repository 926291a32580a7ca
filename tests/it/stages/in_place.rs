//! What `snipcheck update --in-place` does to a document: the patch, what it tells, the exit status.
//!
//! Beside the snapshot each case shows three things: a second run changes nothing, and the document with
//! `\r\n` line ends, or with a byte order mark and without a final line end, becomes the same text in
//! that form. `<!-- arguments: --add -->` in a document gives further arguments.

use std::fs;

use crate::cases::Case;
use crate::project::Project;

/// Gives exit status and output.
pub(crate) fn run(case: &Case) -> String {
    let name = case.path.rsplit('/').next().unwrap_or(&case.path);
    let arguments: Vec<&str> = case
        .document
        .lines()
        .filter_map(|line| line.strip_prefix("<!-- arguments: ")?.strip_suffix(" -->"))
        .flat_map(|words| words.split(' '))
        .collect();
    let project = Project::new(&[(name, &case.document)]);
    let update = || {
        let mut words = vec!["update", "--in-place", "--yes", "."];
        words.extend(&arguments);
        project.run(&words)
    };
    let ran = update();
    assert_eq!(ran.stderr, "", "{}", case.path);
    let read = |name: &str| fs::read_to_string(project.path(name)).expect("it is there");
    let after = read(name);

    let crlf = |text: &str| text.replace("\r\n", "\n").replace('\n', "\r\n");
    let bare = |text: &str| {
        let text = text.trim_start_matches('\u{feff}');
        format!("\u{feff}{}", text.trim_end_matches(['\n', '\r']))
    };
    project.write("crlf.md", crlf(&case.document).as_bytes());
    project.write("bare.md", bare(&case.document).as_bytes());
    update();
    assert_eq!(read(name), after, "{}: a second run changes it", case.path);
    assert_eq!(read("crlf.md"), crlf(&after), "{}: with CRLF", case.path);
    assert_eq!(read("bare.md"), bare(&after), "{}: bare", case.path);

    format!("exit status {}\n{}", ran.status, visible(&ran.stdout))
}

/// What an editor or a snapshot may lose, as escapes.
fn visible(text: &str) -> String {
    let mut shown = String::new();
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches('\n');
        let bare = content.trim_end_matches(' ');
        shown.push_str(&bare.replace('\t', "\\t").replace('\r', "\\r"));
        shown.push_str(&"·".repeat(content.len() - bare.len()));
        shown.push('\n');
    }
    shown
}
