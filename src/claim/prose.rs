//! Claims in sentences: `` `len("abc")` returns `3` ``, rows of tables, and «Выведет `[6, 6]`» right under a block.
//!
//! In go the passages of a document, out come claims about expressions, each with the expression it is about,
//! and claims about blocks. Only an expression that computes something and needs nothing but the standard
//! library is read so, and only behind words that are known; what stands around may make the claim weaker.

mod foretold;
mod joint;
mod surroundings;
mod table;

use std::collections::{HashMap, HashSet};

use self::joint::{Joint, Manner, announcement, joint};
use self::surroundings::{Firmness, Surroundings, is_about_python};
use super::exceptions::{self, announced, name_len};
use super::wording::{Tail, tail};
use super::{
    Claim, ClaimKind, Evidence, Expected, ExpectedException, Scope, Subject, reading, value,
};
use crate::block::{Block, CODE, InlineCode, Passage};
use crate::document::Document;
use crate::syntax::names::implied_import;
use crate::syntax::{Computation, computation, syntax};
use crate::text::Span;

/// A claim about an expression that stands in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    /// The expression.
    pub code: String,
    /// Where it stands in the document.
    pub span: Span,
    /// The headings above it, outermost first.
    pub heading: Vec<String>,
    /// The import statements that its names imply.
    pub supplied: Vec<String>,
    /// What is said of it.
    pub claim: Claim,
}

/// What the sentences of a document claim.
#[derive(Clone, Debug, Default)]
pub struct Prose {
    /// About expressions in the sentences themselves, in order.
    pub stated: Vec<Stated>,
    /// About code blocks: index of the block, and the claim.
    pub of_blocks: Vec<(usize, Claim)>,
}

/// Longer code than this, in bytes, is no expression in a sentence.
const CODE_LIMIT: usize = 400;

/// Reads the claims in `passages`, which stand between `blocks`.
pub fn prose(document: &Document, passages: &[Passage], blocks: &[Block]) -> Prose {
    let mut prose = Prose::default();
    let Some(of_document) = is_about_python(document, blocks) else {
        return prose;
    };
    for (index, block) in blocks.iter().enumerate() {
        let lead = block.lead.and_then(|lead| foretold::before(document, lead));
        prose.of_blocks.extend(lead.map(|claim| (index, claim)));
    }
    for passage in passages {
        let mut page = Page {
            document,
            passage,
            of_document,
            stated: Vec::new(),
        };
        // What ends in a colon speaks of what follows.
        let is_of_next = passage.text.trim_end().ends_with([':', '：']);
        if let Some(index) = passage.after.filter(|_| !is_of_next) {
            let claim = page.about_block().or_else(|| foretold::after(passage));
            prose.of_blocks.extend(claim.map(|claim| (index, claim)));
        }
        match table::rows(passage) {
            Some(rows) => page.read_rows(&rows),
            None => page.read_sentences(),
        }
        prose.stated.extend(page.stated);
    }
    prose.of_blocks.sort_by_key(|&(index, _)| index);
    doubt_contradictions(&mut prose.stated);
    prose
}

/// Of an expression that one section says to come to several things, as the answers of a quiz do, nothing is plain.
fn doubt_contradictions(stated: &mut [Stated]) {
    let key = |one: &Stated| (one.heading.clone(), one.code.clone());
    let mut said: HashMap<(Vec<String>, String), HashSet<String>> = HashMap::new();
    for one in stated.iter() {
        let values = said.entry(key(one)).or_default();
        values.insert(one.claim.text.clone());
    }
    for one in stated {
        if said.get(&key(one)).is_some_and(|values| values.len() > 1) {
            one.claim.evidence = one.claim.evidence.max(Evidence::Weak);
        }
    }
}

/// An expression that a claim may be about.
struct Closed<'a> {
    code: &'a InlineCode,
    computation: Computation,
    supplied: Vec<String>,
}

/// What stands behind a joint: a value, a text or the name of an exception.
#[derive(Clone, Copy)]
struct Value<'a> {
    text: &'a str,
    /// Where it stands in the document.
    span: Span,
    /// Where it ends in the passage.
    end: usize,
    /// Whether it stands between back-ticks.
    is_code: bool,
}

struct Page<'a> {
    document: &'a Document,
    passage: &'a Passage,
    of_document: Firmness,
    stated: Vec<Stated>,
}

impl<'a> Page<'a> {
    fn read_sentences(&mut self) {
        let passage = self.passage;
        for (index, code) in passage.codes.iter().enumerate() {
            let behind = code.at + CODE.len_utf8();
            let Some(joint) = joint(&passage.text[behind..]) else {
                continue;
            };
            let next = passage.codes.get(index + 1);
            let Some(value) = self.value(behind + joint.len, next) else {
                continue;
            };
            let Some(closed) = closed(code) else {
                continue;
            };
            let surroundings = Surroundings::of(passage, code.at, value.end);
            self.state(&closed, joint, value, surroundings);
        }
    }

    fn read_rows(&mut self, rows: &[table::Row]) {
        for row in rows {
            let find = |at: usize| self.passage.codes.iter().position(|code| code.at == at);
            let Some(code) = find(row.expression).and_then(|at| self.passage.codes.get(at)) else {
                continue;
            };
            let next = find(row.value).and_then(|at| self.passage.codes.get(at));
            let (Some(closed), Some(value)) = (closed(code), self.value(row.value, next)) else {
                continue;
            };
            let is_whole_cell = self
                .passage
                .text
                .get(value.end..row.end)
                .is_some_and(|rest| {
                    let is_number = value::whole(value.text)
                        .is_some_and(|it| matches!(it, value::Value::Number(_)));
                    matches!(tail(rest.trim_end(), is_number), Tail::End | Tail::Remark)
                });
            if !is_whole_cell {
                continue;
            }
            let surroundings = Surroundings::of_cell(self.passage, value.end..row.end);
            let joint = Joint {
                manner: Manner::Value,
                len: 0,
                is_approximate: false,
                has_error_word: false,
            };
            self.state(&closed, joint, value, surroundings);
        }
    }

    /// What stands at `at` in the passage: the code `next`, or a plain value.
    fn value(&self, at: usize, next: Option<&'a InlineCode>) -> Option<Value<'a>> {
        let text = &self.passage.text;
        if let Some(code) = next.filter(|code| code.at == at) {
            return Some(Value {
                text: &code.text,
                span: code.span,
                end: at + CODE.len_utf8(),
                is_code: true,
            });
        }
        let rest = text.get(at..)?;
        let len = match value::prefix(rest) {
            Some((_, len)) => len,
            None => name_len(rest, &HashSet::new()).unwrap_or(0),
        };
        let value = &rest[..len];
        let is_number = value::whole(value).is_some_and(|it| matches!(it, value::Value::Number(_)));
        let is_over = match tail(&rest[len..], is_number) {
            Tail::End | Tail::Remark | Tail::Condition => true,
            Tail::Word => !is_number,
            Tail::Elision | Tail::Glued => false,
        };
        Some(Value {
            text: value,
            span: self.passage.document_span(Span::new(at, at + len)),
            end: at + len,
            is_code: false,
        })
        .filter(|_| is_over || len == 0)
    }

    /// Notes what a sentence says of an expression, if it says anything.
    fn state(
        &mut self,
        closed: &Closed<'_>,
        joint: Joint,
        value: Value<'_>,
        surroundings: Surroundings,
    ) {
        let line = self.document.index.line(closed.code.span.start);
        let subject = Subject::Statement {
            first: line,
            last: line,
            may_repeat: false,
            is_print: closed.computation == Computation::Print,
        };
        let Some((expected, mut least)) = expected(joint, value, closed.computation) else {
            return;
        };
        let head = &self.passage.text[..closed.code.at];
        if joint.manner == Manner::Loose && !is_line_start(head) {
            least = least.max(Evidence::Weak);
        }
        let claim = self.claim(joint, value, expected, subject, surroundings, least);
        self.stated.extend(claim.map(|claim| Stated {
            code: closed.code.text.clone(),
            span: closed.code.span,
            heading: self.passage.heading.clone(),
            supplied: closed.supplied.clone(),
            claim,
        }));
    }

    /// What the first sentence says of the block above: «Выведет `[6, 6]`».
    fn about_block(&self) -> Option<Claim> {
        let joint = announcement(&self.passage.text)?;
        let next = self.passage.codes.first();
        let value = self.value(joint.len, next)?;
        let is_of_output = joint.manner != Manner::Value || value.is_code;
        let (expected, least) = expected(joint, value, Computation::Operation)?;
        let least = match joint.manner {
            Manner::Print | Manner::Raise => least,
            Manner::Value | Manner::Loose => least.max(Evidence::Weak),
        };
        let surroundings = Surroundings::of(self.passage, 0, value.end);
        self.claim(joint, value, expected, Subject::Block, surroundings, least)
            .filter(|_| is_of_output)
    }

    fn claim(
        &self,
        joint: Joint,
        value: Value<'_>,
        expected: Expected,
        subject: Subject,
        surroundings: Surroundings,
        least: Evidence,
    ) -> Option<Claim> {
        let firmness = surroundings.firmness?.max(self.of_document);
        let evidence = match firmness {
            Firmness::Plain => least,
            Firmness::Confirming => Evidence::Unmarked,
        };
        let scope = match joint.is_approximate {
            true => Some(Scope::Approximate),
            false => surroundings.scope,
        };
        // "raises an error": the last word is what is claimed.
        let (span, text) = match value.text.is_empty() {
            true => self.last_word(value.end)?,
            false => (value.span, value.text),
        };
        Some(Claim {
            kind: ClaimKind::Prose,
            span,
            text: text.to_owned(),
            subject,
            expected,
            evidence,
            scope,
            rule: "sentence",
        })
    }

    /// The word that ends before `end`, and its place in the document.
    fn last_word(&self, end: usize) -> Option<(Span, &'a str)> {
        let head = self.passage.text.get(..end)?.trim_end();
        let word = head.rsplit(char::is_whitespace).next()?;
        let span = Span::new(head.len() - word.len(), head.len());
        Some((self.passage.document_span(span), word))
    }
}

/// Whether nothing but marks stands before an expression on its line.
fn is_line_start(head: &str) -> bool {
    let line = head.rsplit('\n').next().unwrap_or(head);
    !line.contains(char::is_alphanumeric) && !line.contains(CODE)
}

/// The expression in `code`, if it computes something and needs nothing but the standard library.
fn closed(code: &InlineCode) -> Option<Closed<'_>> {
    if code.text.len() > CODE_LIMIT || code.text.contains(['\n', '\r']) {
        return None;
    }
    let computation = computation(&code.text)?;
    let syntax = syntax(&code.text);
    let imports: Option<Vec<String>> = syntax.names.needs.iter().map(implied_import).collect();
    Some(Closed {
        code,
        computation,
        supplied: imports?,
    })
}

/// What a joint and the value behind it say, and how firm they are by themselves.
fn expected(
    joint: Joint,
    value: Value<'_>,
    computation: Computation,
) -> Option<(Expected, Evidence)> {
    let text = value.text;
    let is_value = reading::is_value(text);
    if let Some(exception) = exception(joint, text, is_value) {
        let evidence = match exception.type_name {
            Some(_) => Evidence::Plain,
            None => Evidence::Weak,
        };
        return Some((Expected::Exception(exception), evidence));
    }
    // What `print(…)` returns is `None`, whatever it prints.
    let is_return_of_print = computation == Computation::Print && text == "None";
    if joint.manner == Manner::Raise || text.is_empty() || is_return_of_print {
        return None;
    }
    let is_name = text
        .split('.')
        .all(|part| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_'));
    let evidence = match () {
        () if is_value => Evidence::Plain,
        () if computation == Computation::Type && is_name => Evidence::Plain,
        () if value.is_code && joint.manner == Manner::Print => Evidence::Plain,
        () if value.is_code => Evidence::Unmarked,
        () => return None,
    };
    let expected = Expected::Text {
        text: text.to_owned(),
        with_lead: None,
        value_len: is_value.then_some(text.len()),
    };
    Some((expected, evidence))
}

/// The exception that is announced.
fn exception(joint: Joint, text: &str, is_value: bool) -> Option<ExpectedException> {
    if text.is_empty() {
        let is_error = joint.has_error_word && joint.manner == Manner::Raise;
        return is_error.then_some(ExpectedException {
            type_name: None,
            message: None,
        });
    }
    let found = announced(text, &HashSet::new()).filter(|_| !is_value)?;
    let is_plain = found.manner == exceptions::Manner::Plain && found.start == 0;
    let name = found.name.filter(|_| is_plain)?;
    Some(ExpectedException {
        type_name: Some(name.to_owned()),
        message: found.message.map(str::to_owned),
    })
}
