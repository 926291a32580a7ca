//! What the settings grant is given to the documents it is meant for, on every rung that can give
//! it, and to no other; the report says so.

use std::fs;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;

use serde_json::Value;

use crate::project::{Project, Ran};

const SETTINGS: &str = r#"
[[grant]]
paths = ["open/"]
reason = "reads the sample \u001b[31m"
read = ["data", "data/deep", "one.txt", "/usr/share"]
environment = { TZ = "Europe/Berlin", GREETING = "hello" }

[[grant]]
paths = ["*.net.md"]
reason = "talks to itself"
loopback = true
"#;

fn project() -> Project {
    let project = Project::new(&[
        ("snipcheck.toml", SETTINGS),
        ("data/sample.csv", "a,b"),
        ("data/deep/er.txt", "deep"),
        ("one.txt", "one"),
        ("secret.txt", "private"),
    ]);
    open_to_all(&project, "");
    project
}

/// As root the blocks are run by a user who owns nothing.
fn open_to_all(project: &Project, path: &str) {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(project.path(path), mode).expect("a mode");
}

fn check(project: &Project, rung: &str, paths: &[&str]) -> Value {
    let args = ["check", "--format", "json", "--rung-at-most", rung];
    let mut command = project.command(&args);
    let ran = Ran::new(command.args(paths).output().expect("it starts"));
    let report = serde_json::from_str(&ran.stdout);
    report.unwrap_or_else(|error| panic!("{error}: {}{}", ran.stdout, ran.stderr))
}

/// Status and reason of each block, and what it printed.
fn outcomes(report: &Value) -> Vec<String> {
    let documents = report["documents"].as_array().expect("documents");
    let blocks = documents
        .iter()
        .filter_map(|document| document["blocks"].as_array());
    blocks
        .flatten()
        .map(|block| {
            let word = |name: &str| block[name].as_str().unwrap_or_default().to_owned();
            format!("{} {} {}", word("status"), word("reason"), word("stdout"))
                .trim()
                .to_owned()
        })
        .collect()
}

const READING: &str = r#"```python
import errno, os, socket
print(open("data/sample.csv").read(), open("one.txt").read(), open("data/deep/er.txt").read())  # a,b one deep
print(os.environ["GREETING"])  # hello
def refusal(call, *args):
    try:
        call(*args)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"
where = os.path.realpath("data")
REFUSED = {"EROFS", "EACCES", "EPERM", "ENOENT", "EXDEV"}
for call, args in [
    (open, ("data/sample.csv", "a")), (open, ("data/new", "w")), (os.remove, ("data/sample.csv",)),
    (os.rename, ("data/sample.csv", "data/other")), (os.chmod, (where, 0o777)), (os.utime, (where, (0, 0))),
    (os.mkdir, ("data/new",)), (open, (where + "/../secret.txt",)), (os.link, ("data/sample.csv", "own")),
]:
    assert refusal(call, *args) in REFUSED, (call, args, refusal(call, *args))
def meet():
    with socket.socket(socket.AF_UNIX) as end:
        end.connect(where + "/socket")
print(refusal(meet))  # EPERM
print(refusal(socket.socketpair, socket.AF_UNIX, socket.SOCK_DGRAM))  # EPERM
left, right = socket.socketpair()
left.send(b"x")
print(right.recv(1))  # b'x'
import time
print(time.tzname[0])  # CET
```
"#;

#[test]
fn a_path_may_be_read_and_nothing_else_is_done_with_it() {
    for rung in ["A", "B", "C", "D"] {
        let project = project();
        let socket = UnixListener::bind(project.path("data/socket")).expect("a socket");
        socket.set_nonblocking(true).expect("a mode");
        project.write("open/a.md", READING.as_bytes());
        project.write("other/b.md", READING.as_bytes());
        let report = check(&project, rung, &["open", "other"]);
        let outcomes = outcomes(&report);
        assert!(
            outcomes[0].starts_with("passed"),
            "rung {rung}: {outcomes:?}"
        );
        assert!(
            outcomes[1].starts_with("inconclusive needs-file"),
            "rung {rung}: {outcomes:?}"
        );
        assert!(
            socket.accept().is_err(),
            "rung {rung}: the socket was reached"
        );
        let grants = report["grants"].as_array().expect("grants");
        assert_eq!(grants.len(), 1);
        assert_eq!(grants[0]["documents"], 1);
        assert_eq!(grants[0]["lacks"], serde_json::json!([]));
        let blocks = |index: usize| &report["documents"][index]["blocks"][0]["grants"];
        assert_eq!(blocks(0)[0]["gives"][1], "read `data`");
        assert_eq!(*blocks(1), serde_json::json!([]));
    }
}

/// Serves on a port that every block takes, and asks itself.
const SERVING: &str = r#"```python
import socket, time
server = socket.create_server(("127.0.0.1", 8000))
time.sleep(0.05)
client = socket.create_connection(("127.0.0.1", 8000), 5)
peer, _ = server.accept()
client.sendall(b"own")
print(peer.recv(3))  # b'own'
def reach(*address):
    try:
        socket.create_connection(address, 1).close()
    except OSError as error:
        return type(error).__name__
    return "reached"
print(reach("127.0.0.1", {port}))  # ConnectionRefusedError
print(reach("192.0.2.1", 80))  # OSError
```
"#;

#[test]
fn loopback_is_each_blocks_own() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let text = SERVING.replace("{port}", &port.to_string());
    let project = project();
    project.write("a.net.md", text.repeat(6).as_bytes());
    project.write("b.md", text.as_bytes());
    for rung in ["A", "B"] {
        let report = check(&project, rung, &["--jobs", "3", "a.net.md", "b.md"]);
        let outcomes = outcomes(&report);
        let passed = outcomes
            .iter()
            .filter(|one| one.starts_with("passed"))
            .count();
        assert_eq!(passed, 6, "rung {rung}: {outcomes:?}");
        assert!(
            outcomes[6].starts_with("inconclusive needs-network"),
            "{outcomes:?}"
        );
    }
    for rung in ["C", "D"] {
        let report = check(&project, rung, &["a.net.md"]);
        let all = outcomes(&report);
        let is_told = |one: &String| one.starts_with("inconclusive needs-network");
        assert!(all.iter().all(is_told), "rung {rung}: {all:?}");
        assert_eq!(
            report["grants"][0]["lacks"],
            serde_json::json!(["loopback"])
        );
    }
    listener.set_nonblocking(true).expect("a mode");
    assert!(
        listener.accept().is_err(),
        "the machine's loopback was reached"
    );
}

#[test]
fn limits_are_lifted_for_those_who_need_it() {
    let settings = "timeout = 0.3\nmemory-mb = 64\noutput-kb = 1\nprocesses = 8\n[[grant]]\n\
                    paths = ['big.md']\nreason = 'large'\ntimeout = 20\nmemory-mb = 512\n\
                    output-kb = 64\nprocesses = 40\n";
    let text = "```python\nimport time\ntime.sleep(0.5)\n```\n\n\
                ```python\nprint(len(bytearray(200 << 20)))  # 209715200\n```\n\n\
                ```python\nprint('x' * 10_000)\n```\n\n\
                ```python\nimport threading, time\nfor _ in range(20):\n    \
                threading.Thread(target=time.sleep, args=(0.1,)).start()\n```\n";
    let project = Project::new(&[
        ("snipcheck.toml", settings),
        ("big.md", text),
        ("small.md", text),
    ]);
    let report = check(&project, "A", &["big.md", "small.md"]);
    let first_words: Vec<String> = outcomes(&report)
        .iter()
        .map(|one| {
            one.split(' ')
                .take(2)
                .collect::<Vec<_>>()
                .join(" ")
                .trim()
                .to_owned()
        })
        .collect();
    assert!(
        first_words[..4].iter().all(|one| one.starts_with("passed")),
        "{first_words:?}"
    );
    let met = ["timed-out", "memory-limit", "output-limit", "process-limit"];
    for (one, limit) in first_words[4..].iter().zip(met) {
        assert_eq!(*one, format!("failed {limit}"));
    }
}

#[test]
fn the_report_says_what_was_granted_and_why() {
    let project = project();
    project.write("open/a.md", b"```python\nprint(1)  # 1\n```\n");
    let ran = project.run(&["check", "open/a.md"]);
    let line = "granted to 1 document: read `/usr/share`, read `data`, read `data/deep`, read \
                `one.txt`, variable `GREETING`, variable `TZ`: reads the sample \\x1b[31m\n";
    assert!(ran.stdout.contains(line), "{}", ran.stdout);
    let ran = project.run(&["explain", "open/a.md:2"]);
    assert!(
        ran.stdout.contains("granted      read `/usr/share`"),
        "{}",
        ran.stdout
    );
    let ran = project.run(&["check", "--format", "concise", "open/a.md"]);
    assert!(!ran.stdout.contains('\u{1b}'), "{}", ran.stdout);
}

#[test]
fn a_grant_that_cannot_be_given_is_named() {
    let cases = [
        ("read = ['data']", "`grant.reason` must be there"),
        ("reason = 'why'", "must be tables that grant something"),
        (
            "reason = 'why'\nread = ['gone']",
            "cannot grant `gone`: No such file",
        ),
        ("reason = 'why'\nread = ['/']", "cannot grant `/`"),
        (
            "reason = 'why'\nread = ['/proc/self']",
            "cannot grant `/proc/self`",
        ),
        (
            "reason = 'why'\nnetwork = true",
            "`grant.network` must be left out",
        ),
        (
            "reason = 'why'\nread = 'data'",
            "`grant.read` must be a list of texts",
        ),
        (
            "reason = 'why'\nloopback = 1",
            "`grant.loopback` must be true or false",
        ),
        (
            "reason = 'why'\npaths = ['a{b']\nloopback = true",
            "`paths` holds a bad pattern",
        ),
        (
            "reason = 'why'\nenvironment = { LD_PRELOAD = 'x' }",
            "`grant.environment` must be",
        ),
    ];
    for (table, word) in cases {
        let settings = format!("strict = true\n\n[[grant]]\n{table}\n");
        let project = Project::new(&[("snipcheck.toml", &settings), ("a.md", "")]);
        let ran = project.run(&["check", "a.md"]);
        assert_eq!(ran.status, 2, "{table}: {}", ran.stdout);
        assert!(ran.stderr.contains(word), "{table}: {}", ran.stderr);
    }
}
