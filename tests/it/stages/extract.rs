//! A document's blocks and problems, as text.

use std::fmt::Write;

use snipcheck::block::{self, Block, Gap};
use snipcheck::document::Document;
use snipcheck::problem::Problem;

use crate::cases::Case;

/// Lists blocks, each with its lines as `line:column|code`, and then problems.
pub(crate) fn run(case: &Case) -> String {
    if let Some(part) = case.parts.first() {
        panic!(
            "{} holds a stray fence {:?}: {}",
            case.path, part.info, part.text
        );
    }
    let document = Document::new(case.path.as_str(), case.document.as_str());
    let (blocks, problems) = block::blocks(&document);
    let mut out = String::new();
    if document.has_bom {
        out.push_str("byte order mark\n");
    }
    for block in &blocks {
        push_block(&mut out, &document, block);
    }
    for problem in &problems {
        push_problem(&mut out, &document, problem);
    }
    if out.is_empty() {
        out.push_str("nothing\n");
    }
    out
}

fn push_block(out: &mut String, document: &Document, block: &Block) {
    let prompts = match (block.is_session(), block.is_ipython()) {
        (true, _) => " session",
        (_, true) => " ipython",
        _ => "",
    };
    let _ = writeln!(
        out,
        "{}: {:?} {:?}{prompts} info={:?} heading={:?} lines {}-{}",
        block.id,
        block.form,
        block.tag,
        block.info,
        block.heading,
        block.first_line(document),
        block.last_line(document),
    );
    for attribute in block.attributes() {
        let _ = writeln!(out, "  attribute: {}={:?}", attribute.key, attribute.value);
    }
    match block.gap {
        Gap::Far => {}
        Gap::Adjacent => out.push_str("  gap: adjacent\n"),
        Gap::Paragraph(span) => {
            let _ = writeln!(out, "  gap: paragraph {:?}", document.slice(span));
        }
    }
    for &comment in &block.comments {
        let _ = writeln!(out, "  comment: {:?}", document.slice(comment));
    }
    for (line, code) in block.lines.iter().zip(block.code.split('\n')) {
        let position = document.position(line.span.start);
        assert_eq!(position.line, line.line, "a line's span stands on its line");
        let _ = writeln!(out, "  {}:{}|{}", line.line, position.column, visible(code));
    }
}

fn push_problem(out: &mut String, document: &Document, problem: &Problem) {
    let place = match problem.span {
        Some(span) => {
            let position = document.position(span.start);
            format!("{}:{}", position.line, position.column)
        }
        None => "-".to_owned(),
    };
    let _ = writeln!(out, "{place} {}: {}", problem.id, problem.message);
}

/// The text with characters that nobody can see written as escapes.
fn visible(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '\t' | '\r' | '\0' | '\u{a0}' | '\u{200b}'..='\u{200f}' | '\u{feff}' => {
                out.extend(character.escape_default());
            }
            _ => out.push(character),
        }
    }
    out
}
