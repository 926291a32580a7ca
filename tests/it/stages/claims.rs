//! The claims and notes of each block of a document, as text.

use std::fmt::Write;

use snipcheck::block::{self, Block, Tag};
use snipcheck::claim::{self, Claim, ClaimKind, Claims, Expected, Prose, Subject};
use snipcheck::document::Document;
use snipcheck::syntax::{self, Syntax};
use snipcheck::text::Span;

use crate::cases::Case;

/// Lists, block by block, `line:column kind evidence rule | text | value` for claims and `line:column note rule` for notes.
pub(crate) fn run(case: &Case) -> String {
    let document = Document::new(case.path.as_str(), case.document.as_str());
    let contents = block::contents(&document);
    let blocks = contents.blocks;
    let mut out = String::new();
    let mut before: Option<(&Block, Syntax)> = None;
    for block in &blocks {
        if let Some((code, syntax)) = &before
            && let Some(claim) =
                claim::output_claim(&document, code, syntax, block, code.is_session())
        {
            push_claim(&mut out, &document, &claim);
            before = None;
            continue;
        }
        let _ = writeln!(out, "{} {:?}", block.id, block.tag);
        let is_session = block.is_session() || block.is_ipython();
        if !matches!(block.tag, Tag::Python | Tag::None) && !is_session {
            before = None;
            continue;
        }
        let syntax = syntax::syntax(&block.code);
        if is_session {
            push_session(&mut out, &document, block);
        } else {
            push_claims(
                &mut out,
                &document,
                &claim::claims(&document, block, &syntax),
            );
            for error in &syntax.errors {
                let _ = writeln!(out, "  error: {}", error.message);
            }
        }
        before = Some((block, syntax));
    }
    push_prose(
        &mut out,
        &document,
        &blocks,
        &claim::prose(&document, &contents.passages, &blocks),
    );
    out
}

fn push_prose(out: &mut String, document: &Document, blocks: &[Block], prose: &Prose) {
    if !(prose.stated.is_empty() && prose.of_blocks.is_empty()) {
        out.push_str("prose\n");
    }
    for stated in &prose.stated {
        assert_eq!(document.slice(stated.span), stated.code);
        let _ = write!(out, "  `{}`", stated.code);
        if !stated.supplied.is_empty() {
            let _ = write!(out, " after {}", stated.supplied.join("; "));
        }
        push_claim(out, document, &stated.claim);
    }
    for (index, claim) in &prose.of_blocks {
        let _ = write!(out, "  {}", blocks[*index].id);
        push_claim(out, document, claim);
    }
}

fn push_session(out: &mut String, document: &Document, block: &Block) {
    let examples = claim::examples(document, block);
    for example in &examples {
        let skip = if example.is_skipped { " skipped" } else { "" };
        let _ = writeln!(
            out,
            "  {}-{}{skip} source {:?}",
            example.line, example.last, example.source
        );
        for line in example.lines.iter().chain(&example.expected) {
            assert_eq!(
                document.slice(line.span),
                line.text,
                "a line's span holds its text"
            );
        }
    }
    push_claims(
        out,
        document,
        &claim::session_claims(document, block, &examples),
    );
}

fn push_claims(out: &mut String, document: &Document, claims: &Claims) {
    let mut lines: Vec<(Span, String)> = Vec::new();
    for claim in &claims.claims {
        let mut text = String::new();
        push_claim(&mut text, document, claim);
        lines.push((claim.span, text));
    }
    for note in &claims.notes {
        let place = place(document, note.span);
        let text = document.slice(note.span);
        lines.push((
            note.span,
            format!("  {place} note {} | {text}\n", note.rule),
        ));
    }
    lines.sort_by_key(|(span, _)| span.start);
    for (_, line) in lines {
        out.push_str(&line);
    }
}

fn push_claim(out: &mut String, document: &Document, claim: &Claim) {
    let _ = write!(
        out,
        "  {} {} {:?}",
        place(document, claim.span),
        match claim.kind {
            ClaimKind::Comment => "comment",
            ClaimKind::Session => "session",
            ClaimKind::Output => "output",
            ClaimKind::Raises => "raises",
            ClaimKind::Prose => "prose",
        },
        claim.evidence,
    );
    if let Some(scope) = &claim.scope {
        let _ = write!(out, " {scope:?}");
    }
    let _ = write!(out, " {} on {}", claim.rule, subject(&claim.subject));
    match &claim.expected {
        Expected::Text {
            text,
            with_lead,
            value_len,
        } => {
            let _ = write!(out, " | {}", one_line(text));
            if let Some(len) = value_len {
                let _ = write!(out, " | value {}", one_line(&text[..*len]));
            }
            if let Some(lead) = with_lead {
                let _ = write!(out, " | lead {}", one_line(lead));
            }
        }
        Expected::Output(text) => {
            let _ = write!(out, " | output {}", one_line(text));
        }
        Expected::Exception(exception) => {
            let name = exception.type_name.as_deref().unwrap_or("any");
            let _ = write!(out, " | {name}");
            if let Some(message) = &exception.message {
                let _ = write!(out, " | {}", one_line(message));
            }
        }
    }
    let spanned = document.slice(claim.span);
    let is_text = matches!(&claim.expected, Expected::Text { text, .. } if text == spanned);
    if !is_text {
        let _ = write!(out, " | span {}", one_line(spanned));
    }
    out.push('\n');
}

fn subject(subject: &Subject) -> String {
    match subject {
        Subject::Block => "block".to_owned(),
        Subject::Statement {
            first,
            last,
            may_repeat,
            is_print,
        } => {
            let lines = if first == last {
                first.to_string()
            } else {
                format!("{first}-{last}")
            };
            let print = if *is_print { " print" } else { "" };
            let repeat = if *may_repeat { " repeats" } else { "" };
            format!("{lines}{print}{repeat}")
        }
    }
}

fn place(document: &Document, span: Span) -> String {
    let position = document.position(span.start);
    format!("{}:{}", position.line, position.column)
}

fn one_line(text: &str) -> String {
    text.replace('\n', "⏎")
}
