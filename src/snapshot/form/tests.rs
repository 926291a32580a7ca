//! The text form: nothing is lost, damage is told.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::{Actual, Home, digest, kept, stream};
use super::*;
use crate::block::blocks;
use crate::document::Document;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        proptest::collection::vec(
            prop_oneof![
                Just("---"),
                Just("## a"),
                Just("| "),
                Just("|"),
                Just("\\"),
                Just("\n"),
                Just("\r"),
                Just("\r\n"),
                Just(" "),
                Just("\t"),
                Just("\u{85}"),
                Just("\u{2028}"),
                Just("\u{feff}"),
                Just("\u{3000}"),
                Just("\0"),
                Just("stdout:"),
                Just("digest: x"),
                Just("<<<<<<< HEAD"),
                Just("======="),
                Just("\\u{20}"),
                Just("имя"),
                Just("exception: E"),
                Just("\x1b[31m"),
            ],
            0..8
        )
        .prop_map(|parts| parts.concat()),
    ]
}

fn kept_text() -> impl Strategy<Value = Kept> {
    prop_oneof![
        4 => text().prop_map(Kept::Text),
        1 => cause().prop_map(Kept::Varying),
    ]
}

fn cause() -> impl Strategy<Value = Cause> {
    prop_oneof![
        Just(Cause::Clock),
        Just(Cause::HashSeed),
        Just(Cause::Unknown)
    ]
}

fn any_stream() -> impl Strategy<Value = Stream> {
    let varying = proptest::option::of((0..4_usize, cause()));
    let lines = (text(), varying).prop_map(|(text, varying)| {
        let Stream::Lines { mut lines, is_open } = Stream::of_text(&text) else {
            return Stream::default();
        };
        if let Some((at, cause)) = varying
            && let Some(line) = lines.get_mut(at)
        {
            *line = Kept::Varying(cause);
        }
        Stream::of(lines, is_open)
    });
    prop_oneof![6 => lines, 1 => cause().prop_map(Stream::Varying)]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let what = prop_oneof![Just(What::Value), Just(What::After), Just(What::Raised)];
    let texts = proptest::collection::vec(kept_text(), 1..3);
    let seen = proptest::collection::btree_map((1..30_usize, what), texts, 0..3);
    let exception = proptest::option::of(kept_text());
    (any_stream(), any_stream(), seen, exception).prop_map(|(stdout, stderr, seen, exception)| {
        Outcome {
            stdout,
            stderr,
            seen,
            exception,
        }
    })
}

fn record() -> impl Strategy<Value = Record> {
    let outcomes = proptest::collection::vec(outcome(), 1..4);
    (text(), text(), outcomes).prop_map(|(id, digest, outcomes)| {
        let is_alone = outcomes.len() == 1;
        let variants = (9..).zip(outcomes).map(|(minor, outcome)| Variant {
            pythons: match is_alone {
                true => Versions::default(),
                false => Versions::of((3, minor)),
            },
            outcome,
        });
        Record {
            id: BlockId(id),
            digest,
            variants: variants.collect(),
        }
    })
}

fn snapshot() -> impl Strategy<Value = Snapshot> {
    let pythons = proptest::collection::btree_set((Just(3_u8), 7..15_u8), 0..5);
    let records = proptest::collection::vec(record(), 0..4);
    (pythons, records).prop_map(|(pythons, records)| Snapshot {
        pythons: Versions(pythons),
        records,
    })
}

proptest! {
    #[test]
    fn parse_undoes_print(snapshot in snapshot(), source in text()) {
        let text = print(&snapshot, &source);
        prop_assert_eq!(parse(&text), Ok(snapshot.clone()), "{}", text);
        let with_carriage_returns = text.replace('\n', "\r\n");
        prop_assert_eq!(parse(&with_carriage_returns), Ok(snapshot), "{}", text);
    }

    #[test]
    fn parse_survives_any_text(text in text(), snapshot in snapshot(), cut in 0.0..1.0_f64) {
        let _ = parse(&text);
        let whole = print(&snapshot, "a.md");
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "any cut will do"
        )]
        let at = whole.floor_char_boundary((whole.len() as f64 * cut) as usize);
        let _ = parse(&format!("{}{text}", &whole[..at]));
    }
}

fn damage(text: &str) -> (usize, String) {
    let error = parse(text).expect_err("it is damaged");
    (error.line.get(), error.to_string())
}

const HEADER: &str = "---\nsource: a.md\ndescription: snipcheck snapshot 1\n---\n";

#[test]
fn insta_reads_and_rewrites_it_without_loss() {
    let record = |id: &str, stdout: &str| {
        let outcome = Outcome {
            stdout: Stream::of_text(stdout),
            exception: Some(Kept::Text("E: \n x ".to_owned())),
            ..Outcome::default()
        };
        actual(id, "x", outcome).into_record()
    };
    let snapshot = Snapshot {
        pythons: Versions(BTreeSet::from([(3, 9), (3, 11)])),
        records: vec![
            record("a/1", "---\n\t1 \r\n\n"),
            record("тема/2", "no end\n "),
        ],
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    for source in ["notes/a.md", "1: заметки #\u{2028}\"\\.md", "no", ""] {
        let file = folder.path().join("a.md.snap");
        let text = print(&snapshot, source);
        std::fs::write(&file, &text).expect("it is written");
        let read = insta::Snapshot::from_file(&file).expect("insta reads it");
        assert_eq!(read.metadata().source(), Some(source));
        assert_eq!(
            read.metadata().description(),
            Some("snipcheck snapshot 1 under python 3.9 3.11")
        );
        read.save(&file).expect("insta writes it");
        let rewritten = std::fs::read_to_string(&file).expect("it is read");
        assert_eq!(parse(&rewritten), Ok(snapshot.clone()), "{rewritten}");
        if source == "notes/a.md" {
            assert_eq!(rewritten, text);
        }
    }
}

#[test]
fn damage_is_told_with_its_line() {
    let cases = [
        ("", 1, "this is not a snapshot of snipcheck"),
        (
            "---\nsource: a.md\n---\n",
            3,
            "this is not a snapshot of snipcheck",
        ),
        (
            "---\ndescription: snipcheck snapshot 7\n---\n",
            2,
            "the snapshot has format 7, this snipcheck reads format 1",
        ),
    ];
    for (text, line, message) in cases {
        assert_eq!(damage(text), (line, message.to_owned()));
    }
    let cases = [
        (
            "## a/1\nstdout:\n| 1\n",
            5,
            "the snapshot is damaged: a record without digest",
        ),
        (
            "## a/1\ndigest: 0\nstdout:\n1\n",
            8,
            "the snapshot is damaged: `1`",
        ),
        (
            "## a/1\ndigest: 0\nstdout:\n| \\q\n",
            8,
            "the snapshot is damaged: a backslash that begins no escape",
        ),
        (
            "## a/1\ndigest: 0\nstdout:\n~ weather\n",
            8,
            "the snapshot is damaged: `~ weather`",
        ),
        (
            "## a/1\ndigest: 0\npython: 3.9\nstdout:\n| 1\npython: 3.8-3.9\n",
            5,
            "the snapshot is damaged: it is not clear for which Python this is",
        ),
        (
            "## a/1\ndigest: 0\npython: three\n",
            7,
            "the snapshot is damaged: it is not clear for which Python this is",
        ),
        (
            "## a/1\n<<<<<<< HEAD\ndigest: 0\n=======\ndigest: 1\n>>>>>>> b\n",
            6,
            "a merge conflict is not resolved here",
        ),
    ];
    for (body, line, message) in cases {
        assert_eq!(
            damage(&format!("{HEADER}{body}")),
            (line, message.to_owned())
        );
    }
}

#[test]
fn it_reads_well_in_a_pull_request() {
    let text = "```python\nx = [1]\nx.pop(7)\nprint(x)\n```\n";
    let (blocks, _) = blocks(&Document::new("notes/a.md", text.to_owned()));
    let home = Home {
        document: "notes/a.md",
        block: blocks.first().expect("a block"),
    };
    let stdout = "[1, 2]\n\n  C:\\new\ttab \r\n<object object at 0x7f00aa12>";
    let seen = [
        ((1, What::After), vec![kept("[1]", home)]),
        ((2, What::Raised), vec![kept("IndexError: pop index", home)]),
        ((3, What::Value), vec![Kept::Varying(Cause::HashSeed)]),
    ];
    let outcome = Outcome {
        stdout: stream(stdout, home),
        stderr: stream("notes/a.md:3: UserWarning\n", home),
        seen: seen.into(),
        exception: Some(kept("ValueError: bad\nvalue", home)),
    };
    let old = Outcome {
        stdout: Stream::Varying(Cause::Threads),
        ..Outcome::default()
    };
    let mut record = actual("lists/1", &home.block.code, outcome).into_record();
    for variant in &mut record.variants {
        variant.pythons = Versions(BTreeSet::from([(3, 9), (3, 10)]));
    }
    record.variants.push(Variant {
        pythons: Versions::of((3, 13)),
        outcome: old,
    });
    let snapshot = Snapshot {
        pythons: Versions(BTreeSet::from([(3, 9), (3, 10), (3, 13)])),
        records: vec![record],
    };
    let expected = concat!(
        "---\n",
        "source: notes/a.md\n",
        "description: snipcheck snapshot 1 under python 3.9-3.10 3.13\n",
        "---\n",
        "## lists/1\n",
        "digest: DIGEST\n",
        "python: 3.9-3.10\n",
        "stdout:\n",
        "| [1, 2]\n",
        "|\n",
        "|   C:\\\\new\\ttab \\r\n",
        "| <object object at 0x‹address›>\\\n",
        "stderr:\n",
        "| ‹document›:‹line 2›: UserWarning\n",
        "after 1: [1]\n",
        "raised 2: IndexError: pop index\n",
        "value 3 ~ hash-seed\n",
        "exception: ValueError: bad\\nvalue\n",
        "python: 3.13\n",
        "stdout ~ threads\n",
    );
    let printed = print(&snapshot, "notes/a.md");
    assert_eq!(
        printed,
        expected.replace("DIGEST", &digest(&home.block.code))
    );
    assert_eq!(parse(&printed), Ok(snapshot));
}

fn actual(id: &str, code: &str, outcome: Outcome) -> Actual {
    Actual {
        id: BlockId(id.to_owned()),
        digest: digest(code),
        outcome,
    }
}
