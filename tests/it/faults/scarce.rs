//! The machine gives less than usual: descriptors, memory, disk, processes. The program does its
//! job or says that it cannot; it never judges wrongly.

use std::process::Output;

use super::{BROKEN, HELD, shell};
use crate::project::Project;

/// Runs `line` on a document that holds and on one that is broken; `$1` is the document.
///
/// What may come out: the right verdict, nothing decided, or status 2 with a reason.
fn assert_never_wrong(project: &Project, prepare: &str) -> [Option<i32>; 2] {
    [("held.md", 0), ("broken.md", 1)].map(|(document, right)| {
        let line = format!("{prepare}\nexec \"$0\" check {document} --format concise --jobs 2");
        let output = shell(project, &line);
        let said = told(&output);
        assert!(!said.contains("panicked"), "{line}: {said}");
        match output.status.code() {
            Some(2) => assert!(said.contains("error: "), "{line}: {said}"),
            // Nothing may count as passed that did not run to its end.
            Some(0) if right == 1 => assert!(said.contains(" 0 passed"), "{line}: {said}"),
            // A shell that cannot even start a program.
            Some(126 | 127) => assert!(!said.contains("claims:"), "{line}: {said}"),
            // Too little even for the loader, or for the words that there is too little.
            None => assert!(!said.contains("claims:"), "{line}: {said}"),
            code => assert_eq!(code, Some(right), "{line}: {said}"),
        }
        output.status.code()
    })
}

fn told(output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout);
    format!("{out}{}", String::from_utf8_lossy(&output.stderr))
}

fn project() -> Project {
    Project::new(&[
        ("held.md", &HELD.repeat(3)),
        ("broken.md", &BROKEN.repeat(3)),
    ])
}

#[test]
fn few_descriptors() {
    let project = project();
    let mut worked = 0;
    for limit in [3, 5, 8, 10, 12, 14, 16, 24, 48] {
        let status = assert_never_wrong(&project, &format!("ulimit -n {limit}"));
        worked += usize::from(status == [Some(0), Some(1)]);
    }
    assert!(worked > 0, "with 48 descriptors it works");
}

#[test]
fn little_memory() {
    let project = project();
    let mut worked = 0;
    for limit_kb in [20_000, 40_000, 60_000, 120_000, 4_000_000] {
        let status = assert_never_wrong(&project, &format!("ulimit -v {limit_kb}"));
        worked += usize::from(status == [Some(0), Some(1)]);
    }
    assert!(worked > 0, "with 4 GB it works");
}

/// Runs in a mount namespace in which `mounts` was done first; `false` where there is none.
fn with_mounts(project: &Project, mounts: &str) -> Option<[Option<i32>; 2]> {
    let can = shell(project, &format!("unshare -Urm sh -c '{mounts}'"));
    if !can.status.success() {
        println!("left out: {}", told(&can));
        return None;
    }
    let program = env!("CARGO_BIN_EXE_snipcheck");
    let prepare = format!("set -- unshare -Urm sh -c '{mounts}; exec \"$0\" \"$@\"' '{program}'");
    // The program is then what the new shell runs.
    Some([("held.md", 0), ("broken.md", 1)].map(|(document, right)| {
        let line = format!("{prepare}; exec \"$@\" check {document} --format concise --jobs 2");
        let output = shell(project, &line);
        let said = told(&output);
        assert!(!said.contains("panicked"), "{mounts}: {said}");
        match output.status.code() {
            Some(2) => assert!(said.contains("error: "), "{mounts}: {said}"),
            code => assert_eq!(code, Some(right), "{mounts}: {said}"),
        }
        output.status.code()
    }))
}

/// A project that does not lie below `/tmp`.
fn elsewhere() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder")
}

#[test]
fn a_full_or_read_only_disk() {
    let project = project();
    let folder = elsewhere();
    for (name, text) in [("held.md", HELD), ("broken.md", BROKEN)] {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    let place = folder.path().display();
    let full = "mount -t tmpfs -o size=16k,nr_inodes=20 none /tmp && { cat /dev/zero > /tmp/x; } 2>/dev/null; true";
    let no_inodes = "mount -t tmpfs -o size=64k,nr_inodes=1 none /tmp";
    let read_only = "mount -t tmpfs -o ro none /tmp";
    let nothing = "mount -t tmpfs -o ro none /tmp && mount -t tmpfs -o ro none /dev/shm";
    for mounts in [full, no_inodes, read_only, nothing] {
        let mounts = format!("{mounts} && cd {place}");
        let Some(status) = with_mounts(&project, &mounts) else {
            return;
        };
        println!("{mounts}: {status:?}");
    }
}

/// What the machine gives where one kind of namespace is used up, as a hardened system or a container
/// has it: never more than is true, and the verdicts stay the same.
#[test]
fn without_one_kind_of_namespace() {
    let project = project();
    let kinds = [
        ("user", "rung D"),
        ("pid", "rung D"),
        ("net", "rung D"),
        ("ipc", "rung D"),
        ("uts", "rung D"),
        ("mnt", "rung C"),
        ("cgroup", "rung C"),
    ];
    for (kind, rung) in kinds {
        let script = format!("echo 0 > /proc/sys/user/max_{kind}_namespaces && exec \"$0\" \"$@\"");
        let within = |words: &str| {
            shell(
                &project,
                &format!("unshare -Ur sh -c '{script}' \"$0\" {words}"),
            )
        };
        let doctor = within("doctor");
        let said = told(&doctor);
        if said.contains("unshare") && !said.contains("rung") {
            println!("left out: {said}");
            return;
        }
        assert!(said.contains(rung), "{kind}: {said}");
        if kind == "user" {
            assert!(
                said.contains("user.max_user_namespaces"),
                "no remedy is named: {said}"
            );
        }
        if !matches!(kind, "user" | "mnt") {
            continue;
        }
        for (document, right) in [("held.md", 0), ("broken.md", 1)] {
            let output = within(&format!("check {document}"));
            assert_eq!(
                output.status.code(),
                Some(right),
                "{kind}: {}",
                told(&output)
            );
            assert!(
                told(&output).contains(&format!("sandbox {rung}")),
                "{}",
                told(&output)
            );
        }
        let refused = within("check held.md --require A");
        assert_eq!(refused.status.code(), Some(2), "{kind}: {}", told(&refused));
    }
}

/// Far more blocks at one time than there are cores: the verdicts are the same.
#[test]
fn many_at_one_time() {
    let text = format!("{HELD}\n{BROKEN}\n").repeat(60);
    let project = Project::new(&[("a.md", &text)]);
    let ran = |jobs: &str| {
        project.run(&[
            "check",
            "--format",
            "concise",
            "--timeout",
            "60",
            "--jobs",
            jobs,
            "a.md",
        ])
    };
    let one = ran("1");
    assert!(
        one.stdout.contains("120 ran, 60 passed, 60 failed"),
        "{}",
        one.stdout
    );
    for _ in 0..2 {
        assert_eq!(ran("32").stdout, one.stdout);
    }
}
