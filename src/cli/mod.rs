//! Arguments, settings and one file per command.

use std::process::ExitCode;

/// Runs the program and gives its exit status.
#[allow(clippy::all, clippy::pedantic, missing_docs)]
pub fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    if args.get(1).map(String::as_str) == Some(crate::run::FORK_SERVER_WORD) {
        return crate::run::fork_server_main(&args[2..]);
    }
    use crate::block::*;
    use crate::plan::*;
    use crate::text::*;
    let n: usize = args[1].parse().unwrap();
    let python = std::env::var("PY").ok().map(Into::into);
    let mut cases = vec![];
    for _ in 0..n {
        for f in &args[2..] {
            let code = std::fs::read_to_string(f).unwrap();
            let watches = code
                .lines()
                .enumerate()
                .filter(|(_, l)| l.contains("#W"))
                .map(|(i, l)| Watch {
                    line: LineNumber::new(i + 11),
                    last: LineNumber::new(i + 11),
                    wants_value: true,
                    subject: l.split("#W ").nth(1).map(str::to_owned),
                    expects_exception: l.contains("#WE"),
                })
                .collect();
            cases.push(Case {
                block: Block {
                    id: BlockId(f.clone()),
                    form: Form::Fenced,
                    tag: Tag::Python,
                    info: String::new(),
                    heading: vec![],
                    span: Span::at(0),
                    code: code.clone(),
                    lines: vec![],
                    gap: Gap::Far,
                    comments: vec![],
                },
                kind: SnippetKind::Script,
                decision: Decision::Run(Snippet {
                    kind: SnippetKind::Script,
                    sources: vec![Source {
                        line: LineNumber::new(11),
                        code,
                    }],
                    context: vec![],
                    supplied: vec![],
                    watches,
                }),
                context: vec![],
                static_reason: None,
                claims: vec![],
                notes: vec![],
                problems: vec![],
                policy: crate::policy::Policy::STUDY,
            });
        }
    }
    let plan = DocumentPlan {
        document: crate::document::Document::new("notes/a.md", ""),
        cases,
        claims: vec![],
        problems: vec![],
    };
    let t = std::time::Instant::now();
    let out = crate::run::run(
        &[plan],
        &crate::run::RunOptions {
            jobs: 2,
            python,
            hash_seed: 0,
            limits: crate::policy::Limits::STUDY,
        },
        &|_, _| (),
    );
    let el = t.elapsed();
    match out {
        Ok(o) => {
            if n == 1 {
                println!("{:#?}", o.observations[0]);
            }
            println!("{:?} {:?}", o.interpreter, o.confinement.rung);
            for l in &o.confinement.layers {
                println!("{l:?}");
            }
            let mut c = std::collections::BTreeMap::new();
            for x in &o.observations[0] {
                *c.entry(format!("{:?} {:?}", x.ending, x.infrastructure_failure))
                    .or_insert(0) += 1;
            }
            println!("{c:?}");
            println!("{el:?}")
        }
        Err(e) => println!("ERR {e}"),
    }
    ExitCode::SUCCESS
}
