//! Comments in code: which statement each belongs to.
//!
//! In go a block and its syntax, out come claims and notes. A comment belongs to the statement whose
//! last line it stands on, or that ends right above it; comment lines that stand together are read
//! together. What they say is [`super::scribe`]'s.

use std::collections::{HashMap, HashSet};

use super::exceptions::Manner;
use super::reading::{Content, Reading, read};
use super::scribe::{Line, Remark, Scribe, Target};
use super::weight::Place;
use super::wording::Mark;
use super::{Claims, Evidence, Subject};
use crate::block::Block;
use crate::syntax::{Statement, StatementKind, Syntax};

/// The claims and notes among the comments of a script.
pub(super) fn comments(block: &Block, syntax: &Syntax) -> Claims {
    let mut page = Page::new(block, syntax);
    let mut scribe = Scribe::new(&block.code, syntax);
    let mut index = 0;
    while index < page.comments.len() {
        index += page.read_at(index, &mut scribe);
    }
    scribe.claims
}

/// `# Actual: 5`: what stands above was expected, and did not come.
fn sets_against(comment: &str) -> bool {
    let text = comment.trim_start_matches(['#', ' ']).to_lowercase();
    [
        "actual",
        "got",
        "but ",
        "in fact",
        "really",
        "на самом деле",
        "на деле",
        "но ",
        "получ",
        "фактически",
        "реально",
        "oops",
        "упс",
    ]
    .iter()
    .any(|word| text.starts_with(word))
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
                let class = matches!(reading.content, Content::Exception { .. })
                    .then(|| self.class_of_nothing(statement))
                    .flatten();
                let (statement, place) = match class {
                    Some(class) => (class, Place::Below),
                    None => (statement, Place::Trailing),
                };
                if let Some(target) = self.target(statement) {
                    let remark = Remark {
                        target,
                        place,
                        is_above_next: false,
                    };
                    let claims = scribe.claims.claims.len();
                    if scribe.read(&remark, &lines) {
                        self.claimed.insert(statement);
                    }
                    // It may as well tell of an instance, or compare the class with what it names.
                    if class.is_some() {
                        for claim in scribe.claims.claims.iter_mut().skip(claims) {
                            claim.evidence = claim.evidence.max(Evidence::Weak);
                        }
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
        if let Some(index) = ended.max() {
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

    /// The class whose body is nothing but this `pass`: what is raised there, the class raises.
    fn class_of_nothing(&self, index: usize) -> Option<usize> {
        let outer = index.checked_sub(1)?;
        let (class, only) = (self.statements.get(outer)?, self.statements.get(index)?);
        let code = &self.block.code;
        let is_nothing = matches!(only.span.of(code), "pass" | "...");
        let header = code.get(class.span.start..class.header_end)?;
        let is_class = header
            .lines()
            .any(|line| line.trim_start().starts_with("class "));
        (class.kind == StatementKind::Definition
            && class.span.end == only.span.end
            && is_nothing
            && is_class)
            .then_some(outer)
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
            scribe.notes(&lines, "not-below-a-statement");
            return;
        };
        let Some(target) = self.target(statement) else {
            return;
        };
        if self.claimed.contains(&statement) {
            if sets_against(first.line.text) {
                scribe.doubt(target);
            }
            scribe.notes(&lines, "after-claim");
            return;
        }
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
