//! Comments in code: which statement each belongs to, and whether it claims something about it.
//!
//! In go a block and its syntax, out come claims and notes. A comment belongs to the statement whose
//! last line it stands on, or that ends right above it; comment lines that stand together are read
//! together. What a comment's text says by itself is [`super::reading`]'s, how firm that is where it
//! stands is [`super::weight`]'s.

use std::collections::{HashMap, HashSet};

use super::exceptions;
use super::exceptions::Manner;
use super::reading::{Content, Reading, Shape, read};
use super::weight::{Place, weigh};
use super::wording::Mark;
use super::{
    Claim, ClaimKind, Claims, Evidence, Expected, ExpectedException, Note, Subject, value,
};
use crate::block::Block;
use crate::syntax::{Nesting, Statement, StatementKind, Syntax};
use crate::text::{LineNumber, Span};

/// Most comment lines that one claim spans.
const LINES_LIMIT: usize = 2_000;

/// One comment at its place in the document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    /// From the `#` to the end of the line.
    pub text: &'a str,
    /// Where the `#` stands in the document.
    pub at: usize,
}

/// A statement at its place in the document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'a> {
    /// The statement.
    pub statement: &'a Statement,
    /// The document line of its first byte.
    pub first: LineNumber,
    /// The document line of its last byte.
    pub last: LineNumber,
}

impl Target<'_> {
    fn subject(self) -> Subject {
        Subject::Statement {
            first: self.first,
            last: self.last,
            may_repeat: matches!(self.statement.nesting, Nesting::Loop | Nesting::Body),
            is_print: self.statement.kind == StatementKind::Print,
        }
    }
}

/// What the code defines and prints, as far as reading its comments needs it.
#[derive(Debug, Default)]
pub(super) struct Vocabulary<'a> {
    /// Exception classes that the code defines.
    pub defined: HashSet<&'a str>,
    /// Words for "error" that stand in the code itself: a comment that begins with one may be output.
    pub printed: Vec<&'static str>,
}

impl<'a> Vocabulary<'a> {
    /// The vocabulary of `code`.
    pub(super) fn new(code: &'a str, syntax: &Syntax) -> Self {
        let mut defined = HashSet::new();
        for statement in &syntax.statements {
            if statement.kind == StatementKind::Definition {
                let header = code.get(statement.span.start..statement.header_end);
                defined.extend(header.and_then(|header| exception_class(header, &defined)));
            }
        }
        let words = [
            "Ошибка",
            "ошибка",
            "Error",
            "error",
            "ERROR",
            "Exception",
            "Исключение",
        ];
        let count = |text: &str, word: &str| text.matches(word).count();
        let printed = words.into_iter().filter(|word| {
            let comments = syntax
                .comments
                .iter()
                .filter_map(|c| code.get(c.span.range()));
            count(code, word) > comments.map(|text| count(text, word)).sum()
        });
        Vocabulary {
            printed: printed.collect(),
            defined,
        }
    }
}

/// The name of an exception class out of the header that defines it: `class Missing(KeyError):`.
fn exception_class<'a>(header: &'a str, defined: &HashSet<&str>) -> Option<&'a str> {
    let definition = header
        .lines()
        .find_map(|line| line.trim().strip_prefix("class "))?;
    let (name, bases) = definition.split_once('(')?;
    let mut bases = bases.split([',', ')']).map(str::trim);
    let is_exception = bases.any(|base| {
        let last = base.rsplit('.').next().unwrap_or_default();
        exceptions::is_name(last) || defined.contains(last)
    });
    is_exception.then_some(name.trim())
}

/// What is said about one statement by comment lines that belong together.
pub(super) struct Remark<'a> {
    /// The statement.
    pub target: Target<'a>,
    /// Where the comment stands.
    pub place: Place,
    /// Whether the next statement begins on the line right below.
    pub is_above_next: bool,
}

/// Reads comment lines into claims and notes.
pub(super) struct Scribe<'a> {
    /// What the code defines and prints.
    pub vocabulary: Vocabulary<'a>,
    /// What has been read.
    pub claims: Claims,
}

impl<'a> Scribe<'a> {
    pub(super) fn note(&mut self, line: Line<'_>, rule: &'static str) {
        let end = line.at + line.text.trim_end().len();
        self.claims.notes.push(Note {
            span: Span::new(line.at, end),
            rule,
        });
    }

    pub(super) fn notes(&mut self, lines: &[Line<'_>], rule: &'static str) {
        for line in lines {
            self.note(*line, rule);
        }
    }

    /// Reads `lines`, which stand together; says whether they hold a claim.
    pub(super) fn read(&mut self, remark: &Remark<'_>, lines: &[Line<'_>]) -> bool {
        let Some((first, below)) = lines.split_first() else {
            return false;
        };
        let reading = read(first.text, &self.vocabulary.defined);
        match &reading.content {
            Content::Note(rule) => {
                self.note(*first, rule);
                self.read_later(remark, below)
            }
            Content::LoneLead if below.is_empty() => {
                self.note(*first, "lone-lead");
                false
            }
            Content::LoneLead => self.output_lines(remark, *first, below),
            Content::Exception { .. } => {
                let is_claim = self.exception(remark, *first, &reading);
                self.notes(below, "after-claim");
                is_claim
            }
            Content::Value { .. } | Content::Text | Content::Sentence => {
                self.text(remark, &reading, lines)
            }
        }
    }

    /// Lines below a note: only what is marked counts, and not for much.
    fn read_later(&mut self, remark: &Remark<'_>, lines: &[Line<'_>]) -> bool {
        for (index, line) in lines.iter().enumerate() {
            let reading = read(line.text, &self.vocabulary.defined);
            let is_output = reading.content == Content::LoneLead && index + 1 < lines.len();
            let is_marked = reading.mark >= Mark::Lead
                && matches!(reading.content, Content::Value { .. } | Content::Text);
            if is_output || is_marked {
                let claims = self.claims.claims.len();
                let is_claim = self.read(remark, lines.get(index..).unwrap_or_default());
                for claim in self.claims.claims.iter_mut().skip(claims) {
                    claim.evidence = claim.evidence.max(Evidence::Weak);
                }
                return is_claim;
            }
            self.note(*line, "prose");
        }
        false
    }

    /// A value or text on one line, or going on over the next ones.
    fn text(&mut self, remark: &Remark<'_>, reading: &Reading, lines: &[Line<'_>]) -> bool {
        let count = self.extent(remark, reading, lines);
        let (taken, rest) = lines.split_at(count);
        let Some((first, more)) = taken.split_first() else {
            return false;
        };
        let first_text = first
            .text
            .get(reading.start..reading.end)
            .unwrap_or_default();
        let weight = match weigh(remark, reading, first_text, more.len()) {
            Ok(weight) => weight,
            Err(rule) => {
                self.note(*first, rule);
                return self.read_later(remark, lines.get(1..).unwrap_or_default());
            }
        };
        let mut text = first_text.to_owned();
        let mut end = first.at + reading.end;
        for line in more {
            let (start, piece) = continuation(line.text, reading.mark);
            text.push('\n');
            text.push_str(piece);
            end = line.at + start + piece.len();
        }
        let value_len = match &reading.content {
            _ if !more.is_empty() => value::whole(&text).map(|_| text.len()),
            Content::Value { len, .. } => Some(*len),
            Content::Sentence if reading.mark > Mark::Soft => {
                value::prefix(&text).map(|(_, len)| len)
            }
            _ => None,
        };
        let start = first.at + reading.start;
        let end = match value_len {
            Some(len) if more.is_empty() => start + len,
            _ => end,
        };
        let with_lead = reading
            .lead
            .and_then(|lead| first.text.get(lead..reading.end))
            .filter(|_| more.is_empty());
        self.claims.claims.push(Claim {
            kind: ClaimKind::Comment,
            span: Span::new(start, end),
            text: text.clone(),
            subject: remark.target.subject(),
            expected: Expected::Text {
                text,
                with_lead: with_lead.map(str::to_owned),
                value_len,
            },
            evidence: weight.evidence,
            scope: reading.scope.clone(),
            rule: weight.rule,
        });
        self.notes(rest, "after-claim");
        true
    }

    /// How many of `lines` belong to the claim that the first one begins.
    fn extent(&self, remark: &Remark<'_>, reading: &Reading, lines: &[Line<'_>]) -> usize {
        let first = lines.first().map_or("", |line| line.text);
        let text = first.get(reading.start..reading.end).unwrap_or_default();
        let lines = lines.get(..LINES_LIMIT.min(lines.len())).unwrap_or(lines);
        let mut open = balance(text);
        if open > 0 && text.starts_with(['[', '(', '{']) {
            for (index, line) in lines.iter().enumerate().skip(1) {
                open += balance(continuation(line.text, reading.mark).1);
                if open <= 0 {
                    return index + 1;
                }
            }
            return 1;
        }
        let same = |line: &&Line<'_>| {
            let other = read(line.text, &self.vocabulary.defined);
            let is_whole = |reading: &Reading| {
                matches!(
                    reading.content,
                    Content::Value {
                        shape: Shape::Whole | Shape::Several { .. },
                        ..
                    }
                )
            };
            match reading.mark {
                Mark::None | Mark::Soft | Mark::Lead => {
                    is_whole(reading) && is_whole(&other) && other.mark == Mark::None
                        || reading.content == Content::Text
                            && other.content == Content::Text
                            && reading.mark == Mark::None
                            && other.mark == Mark::None
                            && remark.place != Place::Trailing
                }
                Mark::Arrow | Mark::Sign | Mark::Quote => other.mark == reading.mark,
            }
        };
        1 + lines.iter().skip(1).take_while(same).count()
    }

    /// `# Output:` and the comment lines below it.
    fn output_lines(&mut self, remark: &Remark<'_>, lead: Line<'_>, below: &[Line<'_>]) -> bool {
        let count = self.output_extent(below);
        let (taken, rest) = below.split_at(count);
        let pieces: Vec<(usize, &str)> = taken
            .iter()
            .map(|line| {
                let (start, piece) = continuation(line.text, Mark::Quote);
                (line.at + start, piece)
            })
            .collect();
        let kind = &remark.target.statement.kind;
        let (Some((start, _)), Some((last, piece))) = (pieces.first(), pieces.last()) else {
            return false;
        };
        if matches!(kind, StatementKind::Definition | StatementKind::Import) {
            self.note(lead, "on-definition");
            self.notes(below, "on-definition");
            return false;
        }
        let text: Vec<&str> = pieces.iter().map(|(_, piece)| *piece).collect();
        let text = text.join("\n");
        let reading = read(lead.text, &self.vocabulary.defined);
        let is_plain = remark.place != Place::BelowBlank
            && matches!(
                kind,
                StatementKind::Print | StatementKind::Expression | StatementKind::Compound
            )
            && remark.target.statement.nesting < Nesting::Loop;
        self.claims.claims.push(Claim {
            kind: ClaimKind::Comment,
            span: Span::new(*start, last + piece.len()),
            text: text.clone(),
            subject: remark.target.subject(),
            expected: Expected::Text {
                value_len: value::whole(&text).map(|_| text.len()),
                text,
                with_lead: None,
            },
            evidence: if is_plain {
                Evidence::Plain
            } else {
                Evidence::Weak
            },
            scope: reading.scope,
            rule: "output-lines",
        });
        self.notes(rest, "after-claim");
        true
    }

    /// How many lines below a lone lead are output: all, but for sentences below plain values.
    fn output_extent(&self, below: &[Line<'_>]) -> usize {
        let is_value = |line: &Line<'_>| {
            matches!(
                read(line.text, &self.vocabulary.defined).content,
                Content::Value { .. }
            )
        };
        let first_is_value = below.first().is_some_and(is_value);
        let is_sentence = |line: &Line<'_>| {
            let words = line.text.split_whitespace().skip(1).count();
            words >= 4 && !is_value(line)
        };
        let end = below
            .iter()
            .position(|line| first_is_value && is_sentence(line))
            .unwrap_or(below.len());
        let empty = below
            .get(..end)
            .unwrap_or_default()
            .iter()
            .rev()
            .take_while(|line| line.text.trim_matches(['#', ' ', '\t']).is_empty())
            .count();
        if end > empty { end - empty } else { end }
    }

    /// An announced exception.
    fn exception(&mut self, remark: &Remark<'_>, line: Line<'_>, reading: &Reading) -> bool {
        let Content::Exception {
            name,
            message,
            manner,
        } = &reading.content
        else {
            return false;
        };
        let text = line
            .text
            .get(reading.start..reading.end)
            .unwrap_or_default();
        let whole = line.text.trim_start_matches('#').trim();
        let is_own_line = remark.place != Place::Trailing;
        if whole.starts_with("raise ") && (is_own_line || whole.contains('(')) {
            self.note(line, "commented-out-code");
            return false;
        }
        let may_be_output = match name {
            None => self
                .vocabulary
                .printed
                .iter()
                .any(|word| text.starts_with(word)),
            Some(_) => remark.target.statement.is_in_handler,
        };
        if may_be_output && remark.target.statement.kind == StatementKind::Print {
            return self.exception_as_text(remark, line, reading);
        }
        let weight = match weigh(remark, reading, text, 0) {
            Ok(weight) => weight,
            Err(rule) => {
                self.note(line, rule);
                return false;
            }
        };
        let is_exact = |message: &&String| {
            message.is_ascii() || !self.vocabulary.defined.is_empty() || name.is_none()
        };
        // CPython's own messages are ASCII: other words explain it, and are not the message.
        let message = message.as_ref().filter(is_exact).cloned();
        let start = line.at + reading.start;
        let end = match (name, &message) {
            (Some(name), None) => start + name.len(),
            _ => line.at + reading.end,
        };
        self.claims.claims.push(Claim {
            kind: ClaimKind::Raises,
            span: Span::new(start, end),
            text: text.to_owned(),
            subject: remark.target.subject(),
            expected: Expected::Exception(ExpectedException {
                type_name: name.clone(),
                message,
            }),
            evidence: match manner {
                Manner::Conditional => Evidence::Unmarked,
                _ => weight.evidence,
            },
            scope: reading.scope.clone(),
            rule: weight.rule,
        });
        true
    }

    /// The name of an exception as what an `except` prints.
    fn exception_as_text(
        &mut self,
        remark: &Remark<'_>,
        line: Line<'_>,
        reading: &Reading,
    ) -> bool {
        let text = line
            .text
            .get(reading.start..reading.end)
            .unwrap_or_default();
        self.claims.claims.push(Claim {
            kind: ClaimKind::Comment,
            span: Span::new(line.at + reading.start, line.at + reading.end),
            text: text.to_owned(),
            subject: remark.target.subject(),
            expected: Expected::Text {
                text: text.to_owned(),
                with_lead: None,
                value_len: None,
            },
            evidence: Evidence::Weak,
            scope: reading.scope.clone(),
            rule: "printed-exception",
        });
        true
    }
}

/// The text of a line that continues a claim, and where it begins: without `#`, its mark, and one space.
fn continuation(text: &str, mark: Mark) -> (usize, &str) {
    let body = text.trim_start_matches('#');
    let body = match mark {
        Mark::Quote => body.strip_prefix('>').unwrap_or(body),
        _ => body,
    };
    let body = body.strip_prefix(' ').unwrap_or(body);
    let body = match mark {
        Mark::Arrow | Mark::Sign => ["==>", "=>", "-->", "->", "→", "⇒", ">>>"]
            .iter()
            .find_map(|sign| body.trim_start().strip_prefix(sign))
            .map_or(body, str::trim_start),
        _ => body,
    };
    (text.len() - body.len(), body.trim_end())
}

/// Opening minus closing brackets, strings left aside.
fn balance(text: &str) -> isize {
    let mut quote = None;
    let mut open = 0;
    for c in text.chars() {
        match (quote, c) {
            (Some(q), _) if q == c => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '[' | '(' | '{') => open += 1,
            (None, ']' | ')' | '}') => open -= 1,
            _ => {}
        }
    }
    open
}

/// The claims and notes among the comments of a script.
pub(super) fn comments(block: &Block, syntax: &Syntax) -> Claims {
    let mut page = Page::new(block, syntax);
    let mut scribe = Scribe {
        vocabulary: Vocabulary::new(&block.code, syntax),
        claims: Claims::default(),
    };
    let mut index = 0;
    while index < page.comments.len() {
        index += page.read_at(index, &mut scribe);
    }
    scribe.claims
}

/// A comment and where it stands in its block.
#[derive(Clone, Copy)]
struct Placed<'a> {
    line: Line<'a>,
    /// Offset in the code.
    start: usize,
    /// Index of its line in the block.
    row: usize,
    /// Characters before it on its line.
    column: usize,
    is_own_line: bool,
}

/// The statements and comments of a block by line.
struct Page<'a> {
    block: &'a Block,
    statements: &'a [Statement],
    comments: Vec<Placed<'a>>,
    /// Statements by the row they end on, in source order.
    by_end: HashMap<usize, Vec<usize>>,
    /// The first statement that begins on a row.
    by_start: HashMap<usize, usize>,
    /// Compound statements and definitions by the row their header ends on.
    by_header: HashMap<usize, usize>,
    /// Statements that a comment has claimed something about.
    claimed: HashSet<usize>,
}

impl<'a> Page<'a> {
    fn new(block: &'a Block, syntax: &'a Syntax) -> Self {
        let mut page = Page {
            block,
            statements: &syntax.statements,
            comments: Vec::new(),
            by_end: HashMap::new(),
            by_start: HashMap::new(),
            by_header: HashMap::new(),
            claimed: HashSet::new(),
        };
        for (index, statement) in syntax.statements.iter().enumerate() {
            let end = page.row(statement.span.end);
            page.by_end.entry(end).or_default().push(index);
            let start = page.row(statement.span.start);
            page.by_start.entry(start).or_insert(index);
            if is_block_statement(&statement.kind) {
                page.by_header.insert(page.row(statement.header_end), index);
            }
        }
        page.comments = syntax
            .comments
            .iter()
            .map(|comment| {
                let row = page.row(comment.span.start);
                let before = block.code.get(page.row_start(row)..comment.span.start);
                Placed {
                    line: Line {
                        text: block.code.get(comment.span.range()).unwrap_or_default(),
                        at: block.document_offset(comment.span.start),
                    },
                    start: comment.span.start,
                    row,
                    column: before.unwrap_or_default().chars().count(),
                    is_own_line: comment.is_own_line,
                }
            })
            .collect();
        page
    }

    fn row(&self, offset: usize) -> usize {
        let lines = &self.block.lines;
        lines
            .partition_point(|line| line.code_start <= offset)
            .saturating_sub(1)
    }

    fn row_start(&self, row: usize) -> usize {
        self.block.lines.get(row).map_or(0, |line| line.code_start)
    }

    fn column(&self, offset: usize) -> usize {
        let start = self.row_start(self.row(offset));
        let before = self.block.code.get(start..offset).unwrap_or_default();
        before.chars().count()
    }

    fn target(&self, index: usize) -> Option<Target<'a>> {
        let statement = self.statements.get(index)?;
        let line = |offset| self.block.lines.get(self.row(offset)).map(|line| line.line);
        Some(Target {
            statement,
            first: line(statement.span.start)?,
            last: line(statement.span.end)?,
        })
    }

    /// Reads the comment at `index` and those that belong with it; says how many they are.
    fn read_at(&mut self, index: usize, scribe: &mut Scribe<'_>) -> usize {
        let Some(first) = self.comments.get(index).copied() else {
            return 1;
        };
        if first.is_own_line {
            let count = self.run_len(index, |one| one.column == first.column);
            self.read_own_lines(index, count, scribe);
            return count;
        }
        let reading = read(first.line.text, &scribe.vocabulary.defined);
        let is_lead = reading.content == Content::LoneLead;
        let count = self.run_len(index, |one| is_lead || one.column == first.column);
        let lines = self.lines(index, count);
        match self.trailing_target(first) {
            Ok(statement) => {
                if let Some(target) = self.target(statement) {
                    let remark = Remark {
                        target,
                        place: Place::Trailing,
                        is_above_next: false,
                    };
                    if scribe.read(&remark, &lines) {
                        self.claimed.insert(statement);
                    }
                }
            }
            Err(rule) => scribe.notes(&lines, rule),
        }
        count
    }

    /// How many comments from `index` on stand on lines of their own right below each other.
    fn run_len(&self, index: usize, belongs: impl Fn(&Placed<'_>) -> bool) -> usize {
        let rest = self.comments.get(index..).unwrap_or_default();
        let more = rest.windows(2).take_while(|pair| match pair {
            [above, below] => below.row == above.row + 1 && below.is_own_line && belongs(below),
            _ => false,
        });
        1 + more.count()
    }

    fn lines(&self, index: usize, count: usize) -> Vec<Line<'a>> {
        let run = self.comments.get(index..index + count).unwrap_or_default();
        run.iter().map(|placed| placed.line).collect()
    }

    /// The statement that a comment behind code belongs to.
    fn trailing_target(&self, comment: Placed<'_>) -> Result<usize, &'static str> {
        let ended = self.by_end.get(&comment.row).into_iter().flatten().copied();
        let ended = ended.filter(|index| {
            self.statements
                .get(*index)
                .is_some_and(|statement| statement.span.end <= comment.start)
        });
        if let Some(index) = ended.last() {
            return Ok(self.whole_of_one_line(index));
        }
        match self.by_header.get(&comment.row) {
            Some(index)
                if self
                    .statements
                    .get(*index)
                    .is_some_and(|s| s.header_end <= comment.start) =>
            {
                Ok(*index)
            }
            _ => Err("inside-a-statement"),
        }
    }

    /// `class C(A, B): pass` is meant as a whole, and so is `def f(): ...`.
    fn whole_of_one_line(&self, index: usize) -> usize {
        let outer = index
            .checked_sub(1)
            .and_then(|outer| self.statements.get(outer));
        match (outer, self.statements.get(index)) {
            (Some(outer), Some(inner))
                if outer.kind == StatementKind::Definition
                    && outer.span.end == inner.span.end
                    && self.row(outer.header_end) == self.row(inner.span.start) =>
            {
                index - 1
            }
            _ => index,
        }
    }

    fn read_own_lines(&mut self, index: usize, count: usize, scribe: &mut Scribe<'_>) {
        let (Some(first), Some(last)) = (
            self.comments.get(index).copied(),
            self.comments.get(index + count - 1).copied(),
        ) else {
            return;
        };
        let lines = self.lines(index, count);
        let next = self.by_start.get(&(last.row + 1)).copied();
        let above = self.statement_above(first);
        let reading = read(first.line.text, &scribe.vocabulary.defined);
        if matches!(
            reading.content,
            Content::Exception {
                manner: Manner::Plain,
                ..
            }
        ) && let Some(next) = next
        {
            let above = above.filter(|(_, place)| *place == Place::Below);
            self.exception_between(above.map(|(index, _)| index), next, &lines, scribe);
            return;
        }
        let Some((statement, place)) = above else {
            scribe.notes(&lines, "above-a-statement");
            return;
        };
        if self.claimed.contains(&statement) {
            scribe.notes(&lines, "after-claim");
            return;
        }
        let Some(target) = self.target(statement) else {
            return;
        };
        let remark = Remark {
            target,
            place,
            is_above_next: next.is_some(),
        };
        if self.split_over_prints(statement, place, &lines, scribe) {
            return;
        }
        let claims = scribe.claims.claims.len();
        if scribe.read(&remark, &lines) {
            self.claimed.insert(statement);
            if self.may_be_of_block(statement, last.row, &reading, lines.len()) {
                for claim in scribe.claims.claims.iter_mut().skip(claims) {
                    claim.subject = Subject::Block;
                    claim.evidence = claim.evidence.max(Evidence::Weak);
                    claim.rule = "output-lines-of-block";
                }
            }
        }
    }

    /// Lines under a lone lead at the end of the block hold what the whole block prints, where the last
    /// statement is one `print` of several.
    fn may_be_of_block(
        &self,
        statement: usize,
        row: usize,
        reading: &Reading,
        lines: usize,
    ) -> bool {
        let is_print = |one: &Statement| one.kind == StatementKind::Print;
        reading.content == Content::LoneLead
            && lines > 2
            && self.statements.get(statement).is_some_and(is_print)
            && self.statements.iter().filter(|one| is_print(one)).count() > 1
            && self.by_start.keys().all(|start| *start <= row)
    }

    /// As many signed lines as there are prints right above belong to one print each.
    fn split_over_prints(
        &mut self,
        statement: usize,
        place: Place,
        lines: &[Line<'a>],
        scribe: &mut Scribe<'_>,
    ) -> bool {
        let Some(from) = (statement + 1).checked_sub(lines.len()) else {
            return false;
        };
        let prints = from..statement + 1;
        let is_signed = |line: &Line<'_>| {
            let reading = read(line.text, &scribe.vocabulary.defined);
            reading.mark == Mark::Sign
        };
        let is_free_print = |index: usize| {
            self.statements.get(index).is_some_and(|one| {
                one.kind == StatementKind::Print && !self.claimed.contains(&index)
            })
        };
        let is_adjacent = |index: usize| {
            let (one, next) = (self.statements.get(index), self.statements.get(index + 1));
            one.zip(next)
                .is_some_and(|(one, next)| self.row(one.span.end) + 1 == self.row(next.span.start))
        };
        if lines.len() < 2
            || place != Place::Below
            || !lines.iter().all(is_signed)
            || !prints.clone().all(is_free_print)
            || !(from..statement).all(is_adjacent)
        {
            return false;
        }
        for (index, line) in prints.zip(lines) {
            if let Some(target) = self.target(index) {
                let remark = Remark {
                    target,
                    place: Place::BelowBlank,
                    is_above_next: false,
                };
                scribe.read(&remark, std::slice::from_ref(line));
                self.claimed.insert(index);
            }
        }
        true
    }

    /// An exception on a line of its own above a statement: it may be said of that one as well.
    fn exception_between(
        &mut self,
        above: Option<usize>,
        next: usize,
        lines: &[Line<'a>],
        scribe: &mut Scribe<'_>,
    ) {
        let above = above.filter(|index| !self.claimed.contains(index));
        let evidence = match above {
            Some(_) => Evidence::Unmarked,
            None => Evidence::Weak,
        };
        let claims = scribe.claims.claims.len();
        for index in above.into_iter().chain([next]) {
            let Some(target) = self.target(index) else {
                continue;
            };
            let remark = Remark {
                target,
                place: Place::Below,
                is_above_next: true,
            };
            if !is_block_statement(&target.statement.kind) || target.last < target.first.plus(1) {
                scribe.read(&remark, lines.get(..1).unwrap_or_default());
            }
        }
        for claim in scribe.claims.claims.iter_mut().skip(claims) {
            claim.evidence = claim.evidence.max(evidence);
            claim.rule = "exception-between";
        }
        if scribe.claims.claims.len() == claims {
            scribe.notes(lines, "above-a-statement");
        } else {
            scribe.notes(lines.get(1..).unwrap_or_default(), "after-claim");
        }
    }

    /// The statement above an own-line comment, with nothing but blank lines between.
    fn statement_above(&self, comment: Placed<'_>) -> Option<(usize, Place)> {
        let lines = self.block.lines.get(..comment.row)?;
        let blank = lines
            .iter()
            .rev()
            .take_while(|line| self.is_blank(line.code_start))
            .count();
        let row = comment.row.checked_sub(blank + 1)?;
        let place = if blank == 0 {
            Place::Below
        } else {
            Place::BelowBlank
        };
        let ended = self.by_end.get(&row)?;
        let innermost = ended.last().copied()?;
        let is_inside = |index: &usize| {
            self.statements
                .get(*index)
                .is_some_and(|one| self.column(one.span.start) >= comment.column)
        };
        let outermost = ended.iter().copied().find(is_inside);
        Some((outermost.unwrap_or(innermost), place))
    }

    fn is_blank(&self, start: usize) -> bool {
        let rest = self.block.code.get(start..).unwrap_or_default();
        rest.trim_start_matches([' ', '\t', '\r', '\u{c}'])
            .starts_with('\n')
    }
}

/// Whether the statement has a body of its own.
fn is_block_statement(kind: &StatementKind) -> bool {
    matches!(kind, StatementKind::Definition | StatementKind::Compound)
}
