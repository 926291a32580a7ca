//! What differs from run to run without meaning anything, and the name that stands in its place.
//!
//! Two kinds of rules. Where an object lies, a scratch file and the place of the block in its document
//! are noise wherever they are seen ([`always`]). A duration or the number of a process is noise only
//! where runs differ in it ([`when_varying`]): `3 s` may well be what the block is about.
//!
//! | name | instead of |
//! |---|---|
//! | `‹address›` | the number in `<f at 0x7f12ab>` |
//! | `‹scratch›` | the random part of a temporary file's name |
//! | `‹python›/json/decoder.py`, `‹line›` | a file of the interpreter and the line of it |
//! | `‹origin›` | where a module comes from, in `<module 'math' from '/usr/…'>` |
//! | `‹document›`, `‹line 3›` | the document's path, and a line of the block counted from its first |
//! | `‹duration›` | `1.2 ms`, `0.5 seconds`, `0:00:01.5`; any number with a point on a line about time |
//! | `‹thread›` | the number in `Thread-7`, `ThreadPoolExecutor-0_3` |
//! | `‹pid›` | the number behind `pid` |
//! | `‹identity›` | a number as `id()` gives it |

use crate::block::Block;

/// Where a block stands: what it shows of that is noise.
#[derive(Clone, Copy, Debug)]
pub struct Home<'a> {
    /// The path of the document.
    pub document: &'a str,
    /// The block.
    pub block: &'a Block,
}

/// How a rule finds what it masks: the length to replace behind a start, and what replaces it.
type Rule<'a> = &'a dyn Fn(&str, &str) -> Option<(usize, String)>;

/// `text` without what is noise wherever it is seen.
pub(super) fn always(text: &str, home: Option<Home<'_>>) -> String {
    let fixed = |name: &'static str, len: fn(&str, &str) -> Option<usize>| {
        move |before: &str, after: &str| Some((len(before, after)?, name.to_owned()))
    };
    let text = replaced(text, "0x", &fixed("‹address›", address));
    let text = replaced(&text, "/tmp", &fixed("‹scratch›", temporary_name));
    let text = replaced(&text, "/snipcheck-", &fixed("‹scratch›", scratch_name));
    let text = replaced(&text, "<module '", &origin);
    let text = without_libraries(&text);
    match home {
        Some(home) => without_place(&text, home),
        None => text,
    }
}

/// `text`, in which runs differ, without what may be noise.
pub(super) fn when_varying(text: &str) -> String {
    let text = always(text, None);
    let text = numbers(&text);
    let thread = |before: &str, after: &str| {
        let is_word = !before.ends_with(char::is_alphanumeric);
        let len = run_of(after, |byte| byte.is_ascii_digit() || *byte == b'_');
        (is_word && len > 0).then(|| (len, "‹thread›".to_owned()))
    };
    let text = replaced(&text, "Thread-", &thread);
    replaced(&text, "ThreadPoolExecutor-", &thread)
}

/// Whether a rule of [`when_varying`] masked something in `text`.
pub(super) fn is_masked(text: &str) -> bool {
    ["‹duration›", "‹thread›", "‹pid›", "‹identity›", "‹address›"]
        .iter()
        .any(|name| text.contains(name))
}

/// `text` with what follows each `start` replaced as far as `rule` says.
fn replaced(text: &str, start: &str, rule: Rule<'_>) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut copied = 0;
    for (at, _) in text.match_indices(start) {
        let behind = at + start.len();
        if at < copied {
            continue;
        }
        if let Some((len, name)) = rule(&text[..at], &text[behind..]) {
            replaced.push_str(&text[copied..behind]);
            replaced.push_str(&name);
            copied = behind + len;
        }
    }
    replaced.push_str(&text[copied..]);
    replaced
}

fn run_of(text: &str, is_in: impl Fn(&u8) -> bool) -> usize {
    text.bytes().take_while(is_in).count()
}

/// An address: `<… at 0x7f…>`.
fn address(before: &str, after: &str) -> Option<usize> {
    let digits = run_of(after, u8::is_ascii_hexdigit);
    (before.ends_with(" at ") && digits > 0).then_some(digits)
}

/// What Python's `tempfile` puts behind `tmp`: eight of these characters.
fn temporary_name(_before: &str, after: &str) -> Option<usize> {
    let is_in = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
    (run_of(after, is_in) == 8).then_some(8)
}

/// The random end of a scratch directory's name.
fn scratch_name(_before: &str, after: &str) -> Option<usize> {
    let len = run_of(after, u8::is_ascii_alphanumeric);
    (len > 0).then_some(len)
}

/// Where a module comes from: behind its name, as far as the closing bracket.
fn origin(_before: &str, after: &str) -> Option<(usize, String)> {
    let end = after.find(['>', '\n'])?;
    let (name, origin) = after.get(..end)?.split_once('\'')?;
    let is_whole = after.get(end..)?.starts_with('>') && origin.starts_with(' ');
    is_whole.then(|| (end, format!("{name}' ‹origin›")))
}

/// `text` without the folder of the interpreter's library, and without the numbers of its lines.
fn without_libraries(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/python3.") {
        let is_library = before.ends_with("/lib") || before.ends_with("/lib64");
        let digits = run_of(after, u8::is_ascii_digit);
        if !is_library || digits == 0 {
            masked.push_str(before);
            masked.push_str("/python3.");
            rest = after;
            continue;
        }
        let is_outside = |c: char| c.is_whitespace() || "\"'`(<,=[{".contains(c);
        let start = before.rfind(is_outside).map_or(0, |at| {
            let outside = before.get(at..).and_then(|rest| rest.chars().next());
            at + outside.map_or(0, char::len_utf8)
        });
        masked.push_str(before.get(..start).unwrap_or_default());
        masked.push_str("‹python›");
        rest = after.get(digits..).unwrap_or_default();
        let end = rest.find(is_outside).unwrap_or(rest.len());
        masked.push_str(rest.get(..end).unwrap_or_default());
        rest = rest.get(end..).unwrap_or_default();
        for start in ["\", line ", "', line "] {
            let line = rest.strip_prefix(start);
            let digits = line.map_or(0, |line| run_of(line, u8::is_ascii_digit));
            if digits > 0 {
                masked.push_str(start);
                masked.push_str("‹line›");
                rest = rest.get(start.len() + digits..).unwrap_or_default();
            }
        }
    }
    masked.push_str(rest);
    masked
}

/// `text` without the path of the document and the lines of it.
fn without_place(text: &str, home: Home<'_>) -> String {
    let name = home.document.rsplit('/').next().unwrap_or_default();
    let mut text = text.to_owned();
    for path in [home.document, name] {
        if path.is_empty() || !text.contains(path) {
            continue;
        }
        let mut masked = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once(path) {
            let is_part = |c: char| c.is_alphanumeric() || "_-./".contains(c);
            let is_whole = !before.ends_with(is_part)
                && !after.starts_with(|c: char| c.is_alphanumeric() || "_-/".contains(c));
            let place = is_whole.then(|| place(after, home)).flatten();
            masked.push_str(before);
            match place {
                // A name without line may be any file that the block speaks of.
                None if is_whole && path == home.document && path != name => {
                    masked.push_str("‹document›");
                    rest = after;
                }
                None => {
                    masked.push_str(path);
                    rest = after;
                }
                Some((shown, len)) => {
                    masked.push_str("‹document›");
                    masked.push_str(&shown);
                    rest = after.get(len..).unwrap_or_default();
                }
            }
        }
        masked.push_str(rest);
        text = masked;
    }
    text
}

/// What stands behind the path where a line of the document is named, and how long that is in `after`.
fn place(after: &str, home: Home<'_>) -> Option<(String, usize)> {
    let starts = ["\", line ", "', line ", ", line ", ":"];
    let start = starts.iter().find(|start| after.starts_with(**start))?;
    let digits = run_of(after.get(start.len()..)?, u8::is_ascii_digit);
    let len = start.len() + digits;
    let line: usize = after.get(start.len()..len)?.parse().ok()?;
    let lines = &home.block.lines;
    let found = lines.binary_search_by_key(&line, |code| code.line.get());
    let shown = match found {
        Ok(index) => format!("‹line {}›", index + 1),
        Err(_) => "‹line›".to_owned(),
    };
    Some((format!("{start}{shown}"), len))
}

/// Words of lines that tell how long something took.
const ABOUT_TIME: [&str; 10] = [
    "time",
    "took",
    "elapsed",
    "second",
    "duration",
    "врем",
    "секунд",
    "занял",
    "прошл",
    "длил",
];

/// Units of time, the longer ones first.
const UNITS: [&str; 19] = [
    "nanoseconds",
    "microseconds",
    "milliseconds",
    "seconds",
    "second",
    "minutes",
    "secs",
    "sec",
    "min",
    "ms",
    "ns",
    "us",
    "µs",
    "μs",
    "s",
    "секунд",
    "сек",
    "мс",
    "с",
];

/// `text` without durations, identities and process numbers.
fn numbers(text: &str) -> String {
    // What is masked already tells nothing of the rest of its line.
    let lower = text.replace("‹duration›", "").to_lowercase();
    let is_about_time = ABOUT_TIME.iter().any(|word| lower.contains(word));
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, number) = rest.split_at(at);
        masked.push_str(before);
        let is_word = masked.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '‹');
        let (len, name) = match is_word {
            true => (run_of(number, u8::is_ascii_digit), None),
            false => noise(&masked, number, is_about_time),
        };
        match name {
            Some(name) => masked.push_str(name),
            None => masked.push_str(number.get(..len).unwrap_or_default()),
        }
        rest = number.get(len..).unwrap_or_default();
    }
    masked.push_str(rest);
    masked
}

/// How long what begins `text` with a digit is, and its name if it may be noise.
fn noise(before: &str, text: &str, is_about_time: bool) -> (usize, Option<&'static str>) {
    if let Some(hex) = text.strip_prefix("0x") {
        let digits = run_of(hex, u8::is_ascii_hexdigit);
        return (2 + digits, (digits > 8).then_some("‹address›"));
    }
    let is_number = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b':');
    let len = run_of(text, is_number);
    let number = text.get(..len).unwrap_or_default();
    let number = number.trim_end_matches(['.', ':']);
    let exponent = exponent(text.get(number.len()..).unwrap_or_default());
    let len = number.len() + exponent;
    let after = text.get(len..).unwrap_or_default();
    if let Some(unit) = unit(after) {
        return (len + unit, Some("‹duration›"));
    }
    let is_clock = number.starts_with("0:") && number.matches(':').count() == 2;
    if is_clock || is_about_time && (number.contains('.') || exponent > 0) {
        return (len, Some("‹duration›"));
    }
    if is_identity(number) {
        return (len, Some("‹identity›"));
    }
    (len, names_process(before).then_some("‹pid›"))
}

/// The length of `e-05` and the like.
fn exponent(text: &str) -> usize {
    let Some(rest) = text.strip_prefix(['e', 'E']) else {
        return 0;
    };
    let sign = usize::from(rest.starts_with(['-', '+']));
    match run_of(rest.get(sign..).unwrap_or_default(), u8::is_ascii_digit) {
        0 => 0,
        digits => 1 + sign + digits,
    }
}

/// The length of a unit of time, a space before it or not.
fn unit(after: &str) -> Option<usize> {
    let space = usize::from(after.starts_with(' '));
    let word = after.get(space..)?;
    let unit = UNITS.iter().find(|unit| {
        let behind = word.strip_prefix(**unit);
        behind.is_some_and(|behind| !behind.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    })?;
    Some(space + unit.len())
}

/// Where a 64-bit Linux process has its heap and its mappings.
fn is_identity(number: &str) -> bool {
    number.parse::<u64>().is_ok_and(|number| {
        (0x5500_0000_0000..0x5700_0000_0000).contains(&number)
            || (0x7e00_0000_0000..0x8000_0000_0000).contains(&number)
    })
}

fn names_process(before: &str) -> bool {
    let before = before.trim_end_matches([' ', ':', '=', '-', '\'', '"']);
    let tail: Vec<char> = before.chars().rev().take(8).collect();
    let word: String = tail.into_iter().rev().collect::<String>().to_lowercase();
    word.ends_with("pid") || word.ends_with("process") || word.ends_with("процесс")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::block::blocks;
    use crate::document::Document;

    fn noisy() -> impl Strategy<Value = String> {
        const PARTS: &[&str] = &[
            " at ",
            "0x",
            "7f",
            "/tmp",
            "/tmp/tmp",
            "abcdefgh",
            "/snipcheck-",
            "12",
            ".5",
            " ms",
            "s",
            "took ",
            "pid",
            "=",
            "Thread-",
            "_",
            "e-",
            "0:00:",
            "139812345678901",
            "‹",
            "›",
            "é",
            "\n",
            "<module '",
            "' from '",
            ">",
            "/lib",
            "/python3.",
            " /usr",
            "‹python›",
            "‹duration›",
            "а.md",
            "a.md",
            "\", line ",
            "7",
        ];
        proptest::collection::vec(proptest::sample::select(PARTS), 0..12)
            .prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn masking_is_a_fix_point(text in noisy(), any in any::<String>()) {
            for text in [text.clone(), any, format!("{text} at 0x7f00")] {
                let once = always(&text, None);
                prop_assert_eq!(always(&once, None), once);
                let once = when_varying(&text);
                prop_assert_eq!(when_varying(&once), once);
            }
        }
    }

    #[test]
    fn only_noise_is_always_masked() {
        let cases = [
            (
                "<f at 0x7f12ab>, 0x10000000000",
                "<f at 0x‹address›>, 0x10000000000",
            ),
            (
                "/tmp/tmpab12_x9z/a /tmp/tmp",
                "/tmp/tmp‹scratch›/a /tmp/tmp",
            ),
            (
                "/tmp/snipcheck-Ab3dE9/block.py",
                "/tmp/snipcheck-‹scratch›/block.py",
            ),
            (
                "<module 'math' from '/usr/lib/x.so'> <module 'sys' (built-in)>",
                "<module 'math' ‹origin›> <module 'sys' ‹origin›>",
            ),
            (
                "File \"/home/me/lib/python3.11/json/decoder.py\", line 337, in decode",
                "File \"‹python›/json/decoder.py\", line ‹line›, in decode",
            ),
            ("/usr/lib/python3.9 lib/python3.x", "‹python› lib/python3.x"),
            ("3 s, 4.2 ms, pid 7", "3 s, 4.2 ms, pid 7"),
        ];
        for (text, expected) in cases {
            assert_eq!(always(text, None), expected);
        }
    }

    #[test]
    fn what_runs_differ_in_may_be_noise() {
        let cases = [
            ("0x7f0012345678 0xff", "‹address› 0xff"),
            (
                "1.25 ms per loop, 3 s, 10 sets",
                "‹duration› per loop, ‹duration›, 10 sets",
            ),
            ("Elapsed: 0.00123, n = 5", "Elapsed: ‹duration›, n = 5"),
            ("9.5e-07", "9.5e-07"),
            ("took 9.5e-07", "took ‹duration›"),
            ("0:00:01.002", "‹duration›"),
            ("Заняло 0.25 сек.", "Заняло ‹duration›."),
            (
                "Thread-12 (run), MyThread-1",
                "Thread-‹thread› (run), MyThread-1",
            ),
            ("ThreadPoolExecutor-0_3", "ThreadPoolExecutor-‹thread›"),
            ("PID: 4242, ppid=1", "PID: ‹pid›, ppid=‹pid›"),
            ("id 139812345678901, 12345", "id ‹identity›, 12345"),
            ("random 0.1234", "random 0.1234"),
        ];
        for (text, expected) in cases {
            assert_eq!(when_varying(text), expected);
        }
    }

    #[test]
    fn a_place_in_the_document_is_told_from_the_block() {
        let text = "# T\n\nProse.\n\n```python\na\nb\n```\n";
        let (blocks, _) = blocks(&Document::new("notes/a.md", text.to_owned()));
        let home = Home {
            document: "notes/a.md",
            block: blocks.first().expect("a block"),
        };
        let cases = [
            (
                "File \"notes/a.md\", line 7, in f",
                "File \"‹document›\", line ‹line 2›, in f",
            ),
            (
                "notes/a.md:6: UserWarning",
                "‹document›:‹line 1›: UserWarning",
            ),
            ("bad (a.md, line 99)", "bad (‹document›, line ‹line›)"),
            (
                "open('a.md'), data.md:7, my-a.md:6",
                "open('a.md'), data.md:7, my-a.md:6",
            ),
            ("in notes/a.md.", "in ‹document›."),
        ];
        for (text, expected) in cases {
            let masked = always(text, Some(home));
            assert_eq!(masked, expected);
            assert_eq!(always(&masked, Some(home)), masked);
        }
    }
}
