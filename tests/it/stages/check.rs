//! What `snipcheck check` says of a whole document: the JSON report boiled down, and the exit status.
//!
//! What differs from run to run or from one interpreter to the next is left out: times, messages,
//! tracebacks. A document can hold comments that speak to this stage:
//!
//! ```text
//! <!-- arguments: --timeout 1 -->    further arguments of the program
//! <!-- report: full -->              the snapshot also holds the full report
//! <!-- needs: python 3.12 -->        skipped, and said, where the interpreter is older
//! <!-- needs: namespaces -->         skipped, and said, where the kernel gives none
//! ```

use std::fmt::Write;
use std::sync::OnceLock;

use serde_json::Value;

use crate::cases::Case;
use crate::project::Project;

/// The longest output that a snapshot holds, in bytes.
const OUTPUT_MAX: usize = 400;

/// Gives exit status, counts and blocks; `None` where this machine lacks what the case needs.
pub(crate) fn run(case: &Case) -> Option<String> {
    if let Some(lack) = directives(case, "needs").find_map(|need| lacking(&need)) {
        println!("{}: skipped, {lack}", case.path);
        return None;
    }
    let name = case.path.rsplit('/').next().unwrap_or(&case.path);
    let project = Project::new(&[(name, &case.document)]);
    let arguments: Vec<String> = directives(case, "arguments")
        .flat_map(|text| text.split(' ').map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let check = |format: &str| {
        let mut all = vec!["check", name, "--format", format];
        all.extend(arguments.iter().map(String::as_str));
        project.run(&all)
    };
    let ran = check("json");
    assert_eq!(ran.stderr, "", "{}", case.path);
    let report: Value = serde_json::from_str(&ran.stdout).expect("the report is JSON");
    let mut out = format!("exit status {}\n", ran.status);
    push_summary(&mut out, &report["summary"]);
    for document in items(&report["documents"]) {
        push_problems(&mut out, &document["problems"]);
        for block in items(&document["blocks"]) {
            push_block(&mut out, block);
        }
    }
    if directives(case, "report").any(|word| word == "full") {
        let _ = write!(out, "\n{}", without_last_line(&check("full").stdout));
    }
    Some(out)
}

/// The values of the comments `<!-- key: value -->`.
fn directives<'c>(case: &'c Case, key: &str) -> impl Iterator<Item = String> + use<'c> {
    let start = format!("<!-- {key}: ");
    case.document.lines().filter_map(move |line| {
        let value = line.trim().strip_prefix(&start)?.strip_suffix("-->")?;
        Some(value.trim().to_owned())
    })
}

/// What the built-in interpreter or the machine lacks of `need`.
fn lacking(need: &str) -> Option<String> {
    static MACHINE: OnceLock<(u32, bool)> = OnceLock::new();
    let &(minor, has_namespaces) = MACHINE.get_or_init(|| {
        let doctor = Project::new(&[]).run(&["doctor"]).stdout;
        let version = doctor.split("cpython 3.").nth(1).unwrap_or_default();
        let minor = version.split('.').next().and_then(|it| it.parse().ok());
        (
            minor.expect("`doctor` names the interpreter"),
            !doctor.contains("rung none"),
        )
    });
    match need.strip_prefix("python 3.") {
        Some(wanted) if wanted.parse::<u32>().expect("a version") > minor => Some(format!(
            "the interpreter is Python 3.{minor}, older than 3.{wanted}"
        )),
        Some(_) => None,
        None if need == "namespaces" && !has_namespaces => {
            assert!(
                std::env::var_os("SNIPCHECK_REQUIRE_SANDBOX").is_none(),
                "the kernel gives no namespaces, and the sandbox is required"
            );
            Some("the kernel gives no namespaces".to_owned())
        }
        None => None,
    }
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn push_summary(out: &mut String, summary: &Value) {
    let claims = &summary["claims"];
    let _ = writeln!(
        out,
        "{} blocks: {} ran, {} passed, {} failed, {} inconclusive, {} skipped\n\
         claims: {} held, {} broken, {} inconclusive; {} notes",
        summary["blocks"],
        summary["ran"],
        summary["passed"],
        summary["failed"],
        summary["inconclusive"],
        summary["skipped"],
        claims["held"],
        claims["broken"],
        claims["inconclusive"],
        summary["notes"],
    );
}

fn push_block(out: &mut String, block: &Value) {
    let _ = write!(
        out,
        "\n{}:{} {} {}",
        block["line"],
        word(&block["id"]),
        word(&block["kind"]),
        word(&block["status"])
    );
    if !block["reason"].is_null() {
        let _ = write!(out, ": {}", word(&block["reason"]));
    }
    let ending = &block["ending"];
    let _ = write!(out, " ({}", word(&ending["kind"]));
    let exception = &ending["exception"];
    // Which call is refused, and how, is the business of the sandbox's layers.
    if !exception.is_null() && block["reason"] != "needs-network" {
        let _ = write!(out, ", {}", word(&exception["type"]));
        // Without memory there is no traceback either.
        if exception["type"] != "MemoryError" {
            let _ = write!(out, " at {}", exception["line"]);
        }
    }
    out.push_str(")\n");
    let context: Vec<&str> = items(&block["context"]).iter().map(word).collect();
    if !context.is_empty() {
        let _ = writeln!(out, "  after {}", context.join(", "));
    }
    push_output(out, word(&block["stdout"]));
    for claim in items(&block["claims"]) {
        push_claim(out, claim);
    }
    push_problems(out, &block["problems"]);
}

fn push_output(out: &mut String, text: &str) {
    if text.len() > OUTPUT_MAX {
        let _ = writeln!(out, "  long stdout");
    } else if !text.is_empty() {
        let _ = writeln!(out, "  stdout {:?}", stable(text));
    }
}

fn push_claim(out: &mut String, claim: &Value) {
    let _ = write!(
        out,
        "  {}:{} {} {}",
        claim["line"],
        claim["column"],
        word(&claim["kind"]),
        word(&claim["verdict"])
    );
    for why in ["tolerance", "reason"] {
        if !claim[why].is_null() {
            let _ = write!(out, " ({why} {})", word(&claim[why]));
        }
    }
    let _ = write!(out, " | {:?}", word(&claim["expected"]));
    if claim["actual"] != claim["expected"] {
        match claim["actual"].as_str() {
            Some(actual) => _ = write!(out, " | {:?}", stable(actual)),
            None => out.push_str(" | nothing"),
        }
    }
    out.push('\n');
}

fn push_problems(out: &mut String, problems: &Value) {
    for problem in items(problems) {
        let _ = writeln!(
            out,
            "  {} {}:{} {}",
            word(&problem["severity"]),
            problem["line"],
            problem["column"],
            word(&problem["id"])
        );
    }
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The text with every memory address written as `0x…`, and without what only some versions say.
fn stable(text: &str) -> String {
    let text = text
        .replace(" while getting the repr of an object", "")
        .replace(" while calling a Python object", "");
    let mut parts = text.split(" 0x");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_hexdigit());
        out.push_str(if rest.len() < part.len() {
            " 0x…"
        } else {
            " 0x"
        });
        out.push_str(rest);
    }
    out
}

/// The last line tells interpreter, sandbox and time.
fn without_last_line(text: &str) -> &str {
    let text = text.trim_end_matches('\n');
    text.rfind('\n').map_or("", |end| &text[..=end])
}
