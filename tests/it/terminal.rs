//! Whatever a document, a path or a block says, a terminal shows it and does nothing, and a CI service
//! reads no command out of it: in every format, of every command, on both streams.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::process::Output;

use crate::project::Project;

/// Formats, also those that this program does not have (yet).
const FORMATS: [&str; 7] = [
    "full", "concise", "json", "junit", "sarif", "github", "html",
];

/// What must not come through: clears a screen, sets a title and the clipboard, turns the direction
/// of text, hides, begins a command of GitHub's or of Azure's, closes what a format opened.
const HOSTILE: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{1b}]52;c;b3duZWQ=\u{7}\u{9b}31m\u{202e}owned\u{2066}\u{200b}\u{feff}\
                       \u{85}\u{2028}\r\u{8}\0 ##[error]owned ::error::owned <script>owned</script> ]]> \"' \\";

fn document() -> String {
    // In Python text only what a string literal can hold.
    let spelled: String = HOSTILE
        .chars()
        .map(|c| format!("\\U{:08x}", c as u32))
        .collect();
    let raw = HOSTILE.replace(['\r', '\0', '\u{85}', '\u{2028}'], "");
    let mut text = format!("# {raw}\n\n<!-- {raw} -->\n\n");
    let mut add = |code: &str| text += &format!("## {raw}\n\n```python {raw}\n{code}\n```\n\n");
    add(&format!(
        "evil = '{spelled}'\nprint(evil)  # [1, 2]\nprint('\\n::error::owned\\n' + evil)  # 5\n"
    ));
    add(&format!("print(1)  # [\"{raw}\"]\nlen([])  # '{raw}'\n"));
    add(&format!(
        "raise ValueError('\\n::error::owned\\n{spelled}')\n"
    ));
    add(&format!(
        "class E(Exception): pass\nE.__name__ = E.__qualname__ = '{spelled}'\nraise E('{spelled}')\n"
    ));
    add(&format!(
        "import os\nos.write(1, bytes(range(256)))\nos.write(2, '{spelled}'.encode())\nos.write(1, b'\\n::error::owned\\xff\\n')\n1 / 0\n"
    ));
    add(&format!(
        "import sys\nsys.exit('\\n::error::owned {spelled}')\n"
    ));
    add(&format!("x = ({raw}\n"));
    add(&format!("__import__('{spelled}')\n"));
    add(&format!("open('{spelled}')\n"));
    add(&format!(
        "import os\nos.write(1, b'\\n::error::owned\\n' + '{spelled}'.encode())\nos._exit(0)\n"
    ));
    text += &format!("```python\nprint(2)\n```\n\n```output\n{raw}\n::error::owned\n```\n");
    text += &format!(
        "<!-- snipcheck: {raw} -->\n\n```python\nundefined_{}\n```\n",
        "name"
    );
    text
}

fn assert_harmless(whose: &str, output: &Output, takes_color: bool) {
    for (stream, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        let text = std::str::from_utf8(bytes).unwrap_or_else(|e| panic!("{whose}: {stream}: {e}"));
        let text = if takes_color {
            without_color(text)
        } else {
            text.to_owned()
        };
        for (number, line) in text.split('\n').enumerate() {
            let is_harmful = |c: char| {
                let is_hidden = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
                c.is_control() || is_hidden
            };
            let harm = line.chars().find(|&c| is_harmful(c));
            assert_eq!(
                harm,
                None,
                "{whose}: {stream}, line {}: {line:?}",
                number + 1
            );
            let start = line.trim_start();
            assert!(
                !start.starts_with("::error::owned"),
                "{whose}: {stream}: {line:?}"
            );
            assert!(!line.contains("##["), "{whose}: {stream}: {line:?}");
        }
        assert!(!text.contains("panicked"), "{whose}: {text}");
    }
}

/// The text without the colours that the program itself sets: `ESC [ digits ; m`.
fn without_color(text: &str) -> String {
    let mut pieces = text.split("\u{1b}[");
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        match piece
            .trim_start_matches(|c: char| c.is_ascii_digit() || c == ';')
            .strip_prefix('m')
        {
            Some(rest) => plain += rest,
            None => {
                plain += "\u{1b}[";
                plain += piece;
            }
        }
    }
    plain
}

/// A project whose paths are as hostile as its text; the names of its documents.
fn project() -> (Project, Vec<Vec<u8>>) {
    let project = Project::new(&[]);
    let text = document();
    let names: [&[u8]; 4] = [
        b"plain.md",
        b"\x1b[2J\xe2\x80\xae owned.md",
        b"::error::owned\n::error::owned.md",
        b"bad-\xff\xfe-##[error]owned.md",
    ];
    for name in names {
        let path = project.path("").join(OsStr::from_bytes(name));
        fs::write(path, &text).expect("a file");
    }
    fs::write(project.path("binary.md"), b"\xff\x1b[2J\n::error::owned\n").expect("a file");
    (project, names.map(<[u8]>::to_vec).to_vec())
}

#[test]
fn no_format_of_a_report_lets_anything_through() {
    let (project, names) = project();
    let mut had = 0;
    for format in FORMATS {
        for (color, takes_color, verbose) in [("never", false, false), ("always", true, true)] {
            let mut command = project.command(&["check", "--format", format, "--color", color]);
            if verbose {
                command.arg("--verbose");
            }
            command
                .arg(".")
                .args(names.iter().map(|name| OsStr::from_bytes(name)));
            let output = command.output().expect("it starts");
            if output.status.code() == Some(2) && output.stdout.is_empty() {
                assert_harmless(format, &output, takes_color);
                continue;
            }
            had += 1;
            assert_eq!(output.status.code(), Some(1), "{format}");
            assert!(output.stdout.len() > 1_000, "{format} says too little");
            assert_harmless(&format!("{format}, {color}"), &output, takes_color);
            let text = String::from_utf8_lossy(&output.stdout);
            if format == "html" {
                assert!(!text.contains("<script>owned"), "{text}");
            }
            if format == "json" {
                let _: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            }
        }
    }
    assert!(had >= 6, "the formats were not found");
}

#[test]
fn no_other_command_lets_anything_through() {
    let (project, names) = project();
    let document = document();
    let lines: Vec<usize> = document
        .lines()
        .enumerate()
        .filter(|(_, line)| line.starts_with("```python"))
        .map(|(index, _)| index + 2)
        .collect();
    let mut commands: Vec<Vec<Vec<u8>>> = vec![
        vec![b"list".to_vec(), b".".to_vec()],
        vec![b"list".to_vec(), b"--verbose".to_vec(), b".".to_vec()],
        vec![b"update".to_vec(), b"--dry-run".to_vec(), b".".to_vec()],
        vec![b"update".to_vec(), b".".to_vec()],
        vec![b"check".to_vec(), b".".to_vec()],
        vec![b"check".to_vec(), HOSTILE.replace('\0', "").into_bytes()],
        vec![
            b"check".to_vec(),
            b"--python".to_vec(),
            b"\x1b[2J\n::error::owned".to_vec(),
        ],
        vec![HOSTILE.replace('\0', "").into_bytes()],
        vec![
            b"check".to_vec(),
            b"--format".to_vec(),
            HOSTILE.replace('\0', "").into_bytes(),
        ],
    ];
    for line in lines {
        commands.push(vec![
            b"explain".to_vec(),
            format!("plain.md:{line}").into_bytes(),
        ]);
    }
    for name in &names {
        commands.push(vec![
            b"explain".to_vec(),
            [name.as_slice(), b":11"].concat(),
        ]);
    }
    for words in commands {
        let mut command = project.command(&[]);
        command.args(words.iter().map(|word| OsStr::from_bytes(word)));
        let output = command.output().expect("it starts");
        let whose = words
            .iter()
            .map(|word| String::from_utf8_lossy(word))
            .collect::<Vec<_>>();
        assert_harmless(&format!("{:?}", whose.join(" ")), &output, false);
    }
}

#[test]
fn no_setting_lets_anything_through() {
    let spelled: String = HOSTILE
        .chars()
        .map(|c| format!("\\U{:08x}", c as u32))
        .collect();
    for settings in [
        format!("\"{spelled}\" = 1\n"),
        format!("format = \"{spelled}\"\n"),
        format!("exclude = [\"{{{spelled}\"]\n"),
        format!("python = \"{spelled}\"\n"),
        format!("[[grant]]\nreason = \"x\"\nread = [\"{spelled}\"]\n"),
        format!("[[grant]]\nreason = \"\\n::error::owned{spelled}\"\ntimeout = 3\n"),
        "strict = \u{1b}[2J\n::error::owned\n".to_owned(),
    ] {
        let project = Project::new(&[
            ("snipcheck.toml", &settings),
            ("a.md", "```python\nprint(1)  # 1\n```\n"),
        ]);
        let output = project
            .command(&["check", "a.md"])
            .output()
            .expect("it starts");
        assert_harmless(&settings.escape_debug().to_string(), &output, false);
    }
}
