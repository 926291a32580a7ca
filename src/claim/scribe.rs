//! What comment lines say about the statement they belong to, as claims and notes.
//!
//! In go a [`Remark`] (which statement, and where the comment stands) and its lines, out come claims
//! and notes with their places in the document. What a text says by itself is [`super::reading`]'s,
//! how firm that is where it stands is [`super::weight`]'s; here lines are put together.

use super::exceptions::{self, Manner};
use super::notes;
use super::parts;
use super::reading::{Content, Reading, Shape, named_value, read};
use super::vocabulary::Vocabulary;
use super::weight::{Place, Weight, weigh};
use super::wording::{self, Mark};
use super::{
    Claim, ClaimKind, Claims, Evidence, Expected, ExpectedException, Note, Subject, scope, value,
};
use crate::syntax::{Nesting, Statement, StatementKind, Syntax};
use crate::text::{LineNumber, Span};

/// What may stand between what a statement shows, as it is written in the code, and its value.
const VERBS_BEHIND_A_NAME: &[&str] = &[
    " = ",
    "=",
    " == ",
    "==",
    " => ",
    " -> ",
    " → ",
    ": ",
    " is now ",
    " is still ",
    " is ",
    " — ",
    " теперь ",
    " равно ",
    " равен ",
];

/// The rule by which a remark that hints at an exception becomes a claim, if the exception comes.
pub const HINT: &str = "hinted-exception";

/// The rule by which values are claimed by the names that a statement binds.
pub const NAMED_PARTS: &str = "named-parts";

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
    /// Whether the lines being read stand below a note of the same comment.
    is_later: bool,
}

impl<'a> Scribe<'a> {
    /// A scribe for the comments of `code`.
    pub(super) fn new(code: &'a str, syntax: &Syntax) -> Self {
        Scribe {
            vocabulary: Vocabulary::new(code, syntax),
            claims: Claims::default(),
            is_later: false,
        }
    }

    pub(super) fn note(&mut self, line: Line<'_>, rule: &'static str) {
        let end = line.at + line.text.trim_end().len();
        self.claims.notes.push(Note {
            span: Span::new(line.at, end),
            rule,
        });
    }

    /// Notes lines that are no claims by `rule`, or by a rule of their own.
    pub(super) fn notes(&mut self, lines: &[Line<'_>], rule: &'static str) {
        for line in lines {
            match read(line.text, &self.vocabulary.defined).content {
                Content::Note(own) => self.note(*line, own),
                Content::Text if notes::is_code(line.text.trim_start_matches('#').trim()) => {
                    self.note(*line, "commented-out-code");
                }
                _ => self.note(*line, rule),
            }
        }
    }

    /// Reads `lines`, which stand together; says whether they hold a claim.
    pub(super) fn read(&mut self, remark: &Remark<'_>, lines: &[Line<'_>]) -> bool {
        let Some((first, below)) = lines.split_first() else {
            return false;
        };
        let reading = read(first.text, &self.vocabulary.defined);
        let reading = self.behind_name(remark, *first, reading);
        let reading = self.printed_at_last(remark, *first, reading);
        if self.named_parts(remark, *first, &reading) {
            self.notes(below, "after-claim");
            return true;
        }
        match &reading.content {
            Content::Note(rule) => {
                if *rule == "question" {
                    self.hint(remark, *first);
                }
                self.note(*first, rule);
                self.read_later(remark, below)
            }
            Content::LoneLead if below.is_empty() => self.lone_word(remark, *first, &reading),
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

    /// `print(a)  # a = [1, 2]`, `# a is now [1, 2]`: the value behind the name of what is shown.
    fn behind_name(&self, remark: &Remark<'_>, line: Line<'_>, reading: Reading) -> Reading {
        let is_text = reading.content == Content::Text && reading.mark == Mark::None;
        let code = self
            .vocabulary
            .code
            .get(remark.target.statement.span.range());
        let shown = match remark.target.statement.kind {
            StatementKind::Print => code
                .and_then(|code| code.strip_prefix("print("))
                .and_then(|code| code.strip_suffix(')')),
            StatementKind::Expression => code,
            _ => None,
        };
        if !is_text || remark.place != Place::Trailing {
            return reading;
        }
        let subject = remark.target.statement.subject.as_deref();
        let whole = remark.target.statement.whole.as_deref();
        let text = line.text.get(reading.start..reading.end);
        let rest = text.and_then(|text| {
            let text = behind_now(text);
            let names = [shown, subject, whole].into_iter().flatten();
            names
                .filter_map(|name| text.strip_prefix(name))
                .find(|rest| rest.starts_with([' ', '=', ':']))
        });
        // `a = f()  # a = 5` may be another line of code; `a *= 2  # a = 6` is none.
        let is_assigned = matches!(
            remark.target.statement.kind,
            StatementKind::Assignment { .. }
        ) && whole.is_none()
            && !code.is_some_and(is_augmented);
        let value = rest.and_then(|rest| {
            VERBS_BEHIND_A_NAME
                .iter()
                .filter(|verb| !(is_assigned && verb.contains('=')))
                .find_map(|verb| rest.strip_prefix(verb))
        });
        let Some(value) = value else {
            return reading;
        };
        let named = named_value(value, reading.end - value.len());
        let is_plain = matches!(
            named.content,
            Content::Value {
                shape: Shape::Whole | Shape::Remarked | Shape::Several { .. } | Shape::Worded,
                ..
            }
        );
        if is_plain { named } else { reading }
    }

    /// `print(2 + 3)  # the sum, prints 5`: the value behind a verb of printing that ends the remark.
    fn printed_at_last(&self, remark: &Remark<'_>, line: Line<'_>, reading: Reading) -> Reading {
        let is_print = remark.target.statement.kind == StatementKind::Print;
        let is_text = reading.content == Content::Text && reading.mark == Mark::None;
        let text = line.text.get(reading.start..reading.end);
        let Some((before, value)) = text
            .filter(|_| {
                is_print && is_text && remark.place == Place::Trailing && !self.calls_own(remark)
            })
            .and_then(wording::behind_last_print)
        else {
            return reading;
        };
        let last = named_value(value, reading.end - value.len());
        let is_whole = matches!(
            last.content,
            Content::Value {
                shape: Shape::Whole,
                ..
            }
        );
        match is_whole {
            // The remark may be what is printed, verb and all.
            true => Reading {
                mark: Mark::Soft,
                lead: Some(reading.start),
                scope: last.scope.or_else(|| scope::scope(before)),
                ..last
            },
            false => reading,
        }
    }

    /// Whether the statement calls what the code may define: that may print as well.
    fn calls_own(&self, remark: &Remark<'_>) -> bool {
        const SILENT: [&str; 22] = [
            "print",
            "len",
            "type",
            "sum",
            "max",
            "min",
            "sorted",
            "list",
            "set",
            "dict",
            "tuple",
            "str",
            "int",
            "float",
            "bool",
            "abs",
            "round",
            "repr",
            "any",
            "all",
            "range",
            "isinstance",
        ];
        let code = self
            .vocabulary
            .code
            .get(remark.target.statement.span.range())
            .unwrap_or_default();
        code.match_indices('(').any(|(at, _)| {
            let before = &code[..at];
            let start = before
                .rfind(|c: char| !(c.is_alphanumeric() || c == '_'))
                .map_or(0, |at| {
                    at + before[at..].chars().next().map_or(1, char::len_utf8)
                });
            let name = &before[start..];
            !name.is_empty() && !SILENT.contains(&name)
        })
    }

    /// `head, *rest = items  # head = 1, rest = [2, 3]`: the value of each name that is bound.
    fn named_parts(&mut self, remark: &Remark<'_>, line: Line<'_>, reading: &Reading) -> bool {
        let statement = remark.target.statement;
        let is_assignment = matches!(statement.kind, StatementKind::Assignment { .. });
        let is_text = reading.content == Content::Text && reading.mark == Mark::None;
        let text = line.text.get(reading.start..reading.end);
        let found = text
            .filter(|_| is_assignment && is_text && remark.place != Place::BelowBlank)
            .zip(statement.subject.as_deref())
            .and_then(|(text, subject)| Some((text, parts::named(text, subject)?)));
        let Some((text, parts)) = found else {
            return false;
        };
        let start = line.at + reading.start;
        self.claims.claims.push(Claim {
            kind: ClaimKind::Comment,
            span: Span::new(start, start + parts.len),
            text: text.to_owned(),
            subject: remark.target.subject(),
            expected: Expected::Text {
                value_len: Some(parts.value.len()),
                text: parts.value,
                with_lead: None,
            },
            // Above another statement it may tell of that one.
            evidence: match remark.is_above_next {
                true => Evidence::Weak,
                false => Evidence::Plain,
            },
            scope: parts.scope,
            rule: NAMED_PARTS,
        });
        true
    }

    /// A lead word with nothing to lead to may be the printed text itself: `print(x)  # result`.
    fn lone_word(&mut self, remark: &Remark<'_>, line: Line<'_>, reading: &Reading) -> bool {
        let is_print = remark.target.statement.kind == StatementKind::Print;
        if !is_print || remark.place != Place::Trailing {
            self.note(line, "lone-lead");
            return false;
        }
        let reading = Reading {
            content: Content::Text,
            mark: Mark::None,
            start: reading.lead.unwrap_or(reading.start),
            ..reading.clone()
        };
        self.text(remark, &reading, &[line])
    }

    /// Lines below a note: only what is marked counts, and not for much.
    ///
    /// That is tried once, at the first such line, so that a comment is read in linear time.
    fn read_later(&mut self, remark: &Remark<'_>, lines: &[Line<'_>]) -> bool {
        if self.is_later {
            self.notes(lines, "prose");
            return false;
        }
        for (index, line) in lines.iter().enumerate() {
            let reading = read(line.text, &self.vocabulary.defined);
            let is_output = reading.content == Content::LoneLead && index + 1 < lines.len();
            let is_marked = reading.mark >= Mark::Lead
                && matches!(reading.content, Content::Value { .. } | Content::Text);
            if is_output || is_marked {
                let claims = self.claims.claims.len();
                self.is_later = true;
                let is_claim = self.read(remark, lines.get(index..).unwrap_or_default());
                self.is_later = false;
                for claim in self.claims.claims.iter_mut().skip(claims) {
                    claim.evidence = claim.evidence.max(Evidence::Weak);
                }
                return is_claim;
            }
            self.notes(std::slice::from_ref(line), "prose");
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
        let mut text = first_text.to_owned();
        let mut end = first.at + reading.end;
        for line in more {
            let (start, piece) = continuation(line.text, reading.mark);
            text.push('\n');
            text.push_str(piece);
            end = line.at + start + piece.len();
        }
        let joined = joined(reading, &text, more.len());
        let (reading, parts) = match &joined {
            Some(reading) => (reading, 0),
            None => (reading, more.len()),
        };
        let is_overruled = |weight: &Weight| {
            weight.evidence == Evidence::Unmarked && rest.iter().any(|line| self.is_marked(line))
        };
        let weight = match weigh(remark, reading, first_text, parts) {
            Ok(weight) if !is_overruled(&weight) => weight,
            other => {
                self.hint(remark, *first);
                self.note(*first, other.err().unwrap_or("prose"));
                return self.read_later(remark, lines.get(1..).unwrap_or_default());
            }
        };
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
        if weight.evidence == Evidence::Unmarked {
            self.hint(remark, *first);
        }
        self.notes(rest, "after-claim");
        true
    }

    /// Notes what a remark hints at of an exception.
    ///
    /// It is a claim only if that comes, and then the block goes on behind it.
    fn hint(&mut self, remark: &Remark<'_>, line: Line<'_>) {
        let statement = remark.target.statement;
        let text = line.text.trim_start_matches('#');
        let is_shown = matches!(
            statement.kind,
            StatementKind::Print
                | StatementKind::Expression
                | StatementKind::Assignment { .. }
                | StatementKind::Delete
        );
        if !is_shown || remark.place != Place::Trailing {
            return;
        }
        let Some(name) = exceptions::hinted(text, &self.vocabulary.defined) else {
            return;
        };
        // A print of these very words shows them.
        let code = self.vocabulary.code.get(statement.span.range());
        let shows = |word: &str| code.is_some_and(|code| code.contains(word));
        if name.is_some_and(shows) || statement.is_in_handler {
            return;
        }
        let text = text.trim();
        let start =
            line.at + (line.text.len() - line.text.trim_start_matches('#').trim_start().len());
        self.claims.claims.push(Claim {
            kind: ClaimKind::Raises,
            span: Span::new(start, start + text.len()),
            text: text.to_owned(),
            subject: remark.target.subject(),
            expected: Expected::Exception(ExpectedException {
                type_name: name.map(str::to_owned),
                message: None,
            }),
            evidence: Evidence::Unmarked,
            scope: None,
            rule: HINT,
        });
    }

    /// Makes nothing plain of what was said last about a statement.
    pub(super) fn doubt(&mut self, target: Target<'_>) {
        let subject = target.subject();
        let said = self.claims.claims.iter_mut().rev();
        for claim in said.take_while(|claim| claim.subject == subject) {
            claim.evidence = claim.evidence.max(Evidence::Weak);
        }
    }

    fn is_marked(&self, line: &Line<'_>) -> bool {
        let reading = read(line.text, &self.vocabulary.defined);
        reading.mark >= Mark::Lead || reading.content == Content::LoneLead
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
            let is_text =
                |reading: &Reading| matches!(reading.content, Content::Text | Content::Sentence);
            match reading.mark {
                Mark::None | Mark::Soft | Mark::Lead => {
                    is_whole(reading) && is_whole(&other) && other.mark == Mark::None
                        || is_text(reading)
                            && (is_text(&other) || is_whole(&other))
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
        let is_plain = (remark.place != Place::BelowBlank || *kind == StatementKind::Print)
            && matches!(
                kind,
                StatementKind::Print
                    | StatementKind::Expression
                    | StatementKind::Compound
                    | StatementKind::Assignment { .. }
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
            Some(name) => self.may_print_name(remark.target.statement, name),
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

    /// Whether a print may well print the name of an exception instead of raising it.
    fn may_print_name(&self, statement: &Statement, name: &str) -> bool {
        let code = self.vocabulary.code.get(statement.span.range());
        let shows_types = ["__name__", "__class__", "type(", "repr(", "exc", "err"];
        statement.is_in_handler
            || name.ends_with("Warning")
            || code.is_some_and(|code| shows_types.iter().any(|word| code.contains(word)))
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

/// The text behind a word that says when: `now a == [1]`.
fn behind_now(text: &str) -> &str {
    [
        "now ",
        "then ",
        "so ",
        "теперь ",
        "тогда ",
        "и ",
        "Now ",
        "Теперь ",
    ]
    .iter()
    .find_map(|word| text.strip_prefix(word))
    .unwrap_or(text)
}

/// `a += 1`: whether the first `=` in a line belongs to such a sign.
fn is_augmented(code: &str) -> bool {
    code.split_once('=')
        .is_some_and(|(before, _)| before.ends_with(['+', '-', '*', '/', '%', '&', '|', '^', '@']))
}

/// The reading of several lines that one bracket joins to one value.
fn joined(reading: &Reading, text: &str, more: usize) -> Option<Reading> {
    let is_joined = more > 0 && balance(text.lines().next()?) > 0 && value::whole(text).is_some();
    is_joined.then(|| Reading {
        content: Content::Value {
            len: text.len(),
            shape: Shape::Whole,
        },
        ..reading.clone()
    })
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
