//! Killed in the middle of an update, whatever it was doing, it leaves every file whole.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::chance::Chance;
use crate::project::Project;

const DOCUMENTS: usize = 200;
const KILLS: usize = 50;

/// Documents whose snapshots change without anything being run: each has one block that is left out,
/// and a record of a block that is gone.
fn project() -> Project {
    let project = Project::new(&[]);
    for index in 0..DOCUMENTS {
        let document = format!("# Kept\n\n<!-- snipcheck: skip -->\n```python\nx = {index}\n```\n");
        project.write(&format!("notes/{index}.md"), document.as_bytes());
        let snapshot = format!(
            "---\nsource: notes/{index}.md\ndescription: snipcheck snapshot 1\n---\n\
             ## kept/1\ndigest: 0\nstdout:\n| {index}\n\n## gone/1\ndigest: 1\nstdout:\n| {}\n",
            "a long line that is gone ".repeat(400)
        );
        project.write(
            &format!("expectations/notes/{index}.md.snap"),
            snapshot.as_bytes(),
        );
    }
    project
}

/// The snapshots by name; files that a killed writer left beside them are taken away.
fn contents(folder: &Path) -> BTreeMap<String, String> {
    let mut contents = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if name.starts_with(".snipcheck-") {
            fs::remove_file(&path).expect("it can be removed");
            continue;
        }
        contents.insert(name, fs::read_to_string(&path).expect("it is text"));
    }
    contents
}

#[test]
fn a_killed_update_leaves_every_file_old_or_new() {
    let project = project();
    let folder = project.path("expectations/notes");
    let old = contents(&folder);
    let started = Instant::now();
    let ran = project.run(&["update", "--accept"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let whole = usize::try_from(started.elapsed().as_micros()).expect("it ends some time");
    let new = contents(&folder);
    assert_eq!((old.len(), new.len()), (DOCUMENTS, DOCUMENTS));
    assert!(
        old.iter().all(|(name, text)| new[name] != *text),
        "all of them change"
    );

    let mut chance = Chance(7);
    let (mut cut_short, mut killed) = (0, 0);
    for _ in 0..KILLS {
        for (name, text) in &old {
            fs::write(folder.join(name), text).expect("it is put back");
        }
        let mut command = project.command(&["update", "--accept"]);
        let mut child = command
            .stdout(Stdio::null())
            .spawn()
            .expect("the program starts");
        std::thread::sleep(Duration::from_micros(chance.below(whole) as u64));
        child.kill().expect("it is ours");
        let status = child.wait().expect("it ends");
        killed += usize::from(status.signal() == Some(9));
        let found = contents(&folder);
        assert_eq!(found.len(), DOCUMENTS, "no file is lost or added");
        let mut renewed = 0;
        for (name, text) in &found {
            let is_new = *text == new[name];
            assert!(
                is_new || *text == old[name],
                "{name} is neither old nor new"
            );
            renewed += usize::from(is_new);
        }
        cut_short += usize::from(renewed > 0 && renewed < DOCUMENTS);
    }
    println!("{killed} of {KILLS} runs were killed, {cut_short} of them while files were written");
    assert!(
        cut_short > 0,
        "some kill must fall between the first file and the last"
    );
}
