//! Laws that hold for any text.

use std::collections::HashSet;

use proptest::prelude::*;
use snipcheck::block::{Block, blocks};
use snipcheck::document::Document;
use snipcheck::text::{LineIndex, LineNumber, Span};

/// What Markdown is made of, and what editors and web pages leave in it.
const FRAGMENTS: &[&str] = &[
    "```python\n",
    "```\n",
    "````\n",
    "~~~\n",
    "~~~ py {#a}\n",
    "``` ",
    "```\t\n",
    "- ",
    "1. ",
    "  - ",
    "   ",
    "    ",
    "\t",
    "> ",
    ">",
    ">>> x\n",
    "... ",
    "In [1]: a\n",
    "text\n",
    "текст — é\n",
    "\n",
    "\n",
    "\n",
    "  \n",
    "# H\n",
    "## *a* `b`\n",
    "`",
    "---\n",
    "===\n",
    "+++\n",
    "a: b\n",
    "<!-- c -->\n",
    "<!--",
    "-->\n",
    "<details>\n",
    "<summary>s</summary>\n",
    "</details>\n",
    "<b>\n",
    "<pre>\n",
    "!!! note\n",
    "=== \"Ё\"\n",
    "??? tip \"ё\"\n",
    "- !!! note\n",
    "x = 1\n",
    "if x:\n",
    "\r\n",
    "\r",
    "\0",
    "\u{a0}",
    "\u{200b}",
    "\u{2028}",
    "\u{feff}",
    "\u{c}",
    "[a]: b\n",
    "**",
    "_",
    "[",
    "](",
    "&amp;",
    "\\",
    "| a |\n",
    "x",
];

fn markdown() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(FRAGMENTS), 0..24).prop_map(|parts| parts.concat())
}

fn text_with_line_ends() -> impl Strategy<Value = String> {
    const PARTS: &[&str] = &["a", "é", "\n", "\r", "\r\n", "🐍", "\u{2028}", " "];
    prop::collection::vec(prop::sample::select(PARTS), 0..24).prop_map(|parts| parts.concat())
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 2000,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn lines_tile_the_text(text in text_with_line_ends()) {
        let index = LineIndex::new(&text);
        let mut end = 0;
        for n in 1..=index.line_count() {
            let number = LineNumber::new(n);
            let (full, line) = (index.full_line_span(number), index.line_span(&text, number));
            prop_assert_eq!(full.start, end);
            prop_assert!(full.contains(line));
            prop_assert!(!line.of(&text).contains(['\n', '\r']));
            let ending = &text[line.end..full.end];
            let is_last = n == index.line_count();
            let allowed: &[&str] = if is_last { &[""] } else { &["\n", "\r", "\r\n"] };
            prop_assert!(allowed.contains(&ending));
            end = full.end;
        }
        prop_assert_eq!(end, text.len());
    }

    #[test]
    fn a_position_leads_back_to_its_offset(text in text_with_line_ends()) {
        let index = LineIndex::new(&text);
        for (offset, _) in text.char_indices().chain([(text.len(), ' ')]) {
            let position = index.position(&text, offset);
            let full = index.full_line_span(position.line);
            let before = full.of(&text).chars().take(position.column - 1);
            prop_assert_eq!(full.start + before.map(char::len_utf8).sum::<usize>(), offset);
            prop_assert_eq!(index.line(offset), position.line);
        }
    }

    #[test]
    fn any_bytes_make_a_document_or_a_problem(bytes in prop::collection::vec(any::<u8>(), 0..12)) {
        let is_utf8 = std::str::from_utf8(&bytes).is_ok();
        match Document::from_bytes("law.md", bytes) {
            Ok(_) => prop_assert!(is_utf8),
            Err(problem) => prop_assert_eq!((problem.id, is_utf8), ("not-utf8", false)),
        }
    }

    #[test]
    fn blocks_map_back_to_the_document(text in markdown()) {
        let document = Document::new("law.md", text);
        let (blocks, problems) = blocks(&document);
        let mut ids = HashSet::new();
        let mut start = 0;
        for block in &blocks {
            prop_assert!(ids.insert(block.id.clone()), "{} twice", block.id);
            prop_assert!(start <= block.span.start, "blocks overlap");
            start = block.span.end;
            check_lines(&document, block)?;
        }
        for span in problems.iter().filter_map(|problem| problem.span) {
            prop_assert!(document.text.get(span.range()).is_some());
        }
    }

    #[test]
    fn line_ends_do_not_matter(text in markdown(), ending in prop::sample::select(&["\r\n", "\r"])) {
        let plain = text.replace('\r', "");
        let other = plain.replace('\n', ending);
        let (plain, other) = (Document::new("a", plain), Document::new("b", other));
        let (expected, actual) = (outline(&plain), outline(&other));
        prop_assert_eq!(expected, actual);
    }
}

fn check_lines(document: &Document, block: &Block) -> Result<(), TestCaseError> {
    let code: Vec<&str> = block.code.lines().collect();
    prop_assert_eq!(code.len(), block.lines.len());
    prop_assert!(block.code.is_empty() || block.code.ends_with('\n'));
    let mut above = None;
    for (line, code) in block.lines.iter().zip(code) {
        let slice = document.slice(line.span);
        prop_assert_eq!(" ".repeat(line.inserted) + slice, code);
        prop_assert!(block.code[line.code_start..].starts_with(code));
        prop_assert_eq!(document.position(line.span.start).line, line.line);
        prop_assert_eq!(line.span.end, document.line_span(line.line).end);
        prop_assert!(above < Some(line.line), "lines go down");
        above = Some(line.line);
        let whole = Span::new(
            line.code_start + line.inserted,
            line.code_start + code.len(),
        );
        prop_assert_eq!(block.document_span(whole), line.span);
    }
    if let (Some(first), Some(last)) = (block.lines.first(), block.lines.last()) {
        prop_assert_eq!(block.first_line(document), first.line);
        prop_assert_eq!(block.last_line(document), last.line);
        prop_assert!(document.index.line(block.span.start) <= first.line);
    }
    Ok(())
}

/// Everything of a document's blocks that line ends cannot change.
fn outline(document: &Document) -> Vec<String> {
    let (blocks, problems) = blocks(document);
    let blocks = blocks.iter().map(|block| {
        let line = block.first_line(document);
        format!(
            "{} {} {:?} {:?} {:?}",
            block.id, line, block.tag, block.heading, block.code
        )
    });
    let places = problems.iter().filter_map(|problem| problem.span);
    let problems = places.map(|span| format!("{:?}", document.position(span.start)));
    blocks.chain(problems).collect()
}

#[test]
fn a_hundred_thousand_blocks_get_their_ids() {
    let text =
        "# Example\n\n```python\nx = 1\n```\n\nThen\n\n```python\ny = 2\n```\n".repeat(50_000);
    let document = Document::new("large.md", text);
    let (blocks, problems) = blocks(&document);
    assert_eq!(blocks.len(), 100_000);
    assert!(problems.is_empty());
    let ids: HashSet<&str> = blocks.iter().map(|block| block.id.0.as_str()).collect();
    assert_eq!(ids.len(), 100_000);
}

#[test]
fn ten_megabytes_of_open_brackets_are_read() {
    const QUARTER: usize = 2_500_000;
    let parts = ["[", "**a *b ", "`a``b```c", "> > > ["];
    let mut text = String::new();
    for part in parts {
        text.push_str(&part.repeat(QUARTER / part.len()));
        text.push_str("\n\n");
    }
    text.push_str("```python\nx = 1\n```\n");
    let (blocks, _) = blocks(&Document::new("hostile.md", text));
    assert_eq!(blocks.len(), 1);
}
