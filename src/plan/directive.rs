//! What authors order about running a block: in its info string, in an HTML comment before it, at the
//! head of its code, for a whole stretch of the document, or in the settings file.
//!
//! ```text
//! ```python notest            ```python {test="skip"}       <!-- skip: next -->
//! ```python group="setup"     ```python continuation        <!-- snipcheck: skip -->
//! ```python {requires="3.12"} # snipcheck: no-run           <!-- skip: start --> … <!-- skip: end -->
//! ```
//!
//! `own` reads this program's directives, where every word must be known; `foreign` those that
//! documents carry for other tools, where what nobody knows is left alone.

mod demand;
mod foreign;
mod own;
mod region;

pub use demand::Demand;
pub use own::Wrong;
pub(super) use region::{Regions, strays};

use crate::block::{self, Block};
use crate::claim::{Claim, ClaimKind, Evidence, Expected, ExpectedException, Scope, Subject};
use crate::document::Document;
use crate::problem::{self, Problem};
use crate::text::{LineNumber, Span};

/// One thing that an author can order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Do not run it; perhaps why.
    Skip(Option<String>),
    /// Parse it only.
    NoRun,
    /// Run it all the same, whatever was ordered for more than this block.
    Run,
    /// It ends in an exception, perhaps of this type.
    Raises(Option<String>),
    /// It may end in an exception.
    MayRaise,
    /// What it prints differs from run to run.
    MayVary,
    /// No earlier block runs before it.
    NoContext,
    /// The block before it runs before it.
    Continuation,
    /// The earlier blocks of this group run before it.
    Group(String),
    /// The same under another word.
    Session(String),
    /// Its name.
    Name(String),
    /// The longest it may run, in milliseconds of wall time.
    Timeout(u64),
    /// What it requires.
    Requires(Vec<Demand>),
    /// What it reads from standard input.
    Stdin(String),
}

impl Order {
    /// The directive's name.
    pub fn name(&self) -> &'static str {
        match self {
            Order::Skip(_) => "skip",
            Order::NoRun => "no-run",
            Order::Run => "run",
            Order::Raises(_) => "raises",
            Order::MayRaise => "may-raise",
            Order::MayVary => "may-vary",
            Order::NoContext => "no-context",
            Order::Continuation => "continuation",
            Order::Group(_) => "group",
            Order::Session(_) => "session",
            Order::Name(_) => "name",
            Order::Timeout(_) => "timeout",
            Order::Requires(_) => "requires",
            Order::Stdin(_) => "stdin",
        }
    }

    /// Its value as text; for [`Order::Skip`] the reason, for [`Order::Timeout`] seconds.
    pub fn value(&self) -> Option<String> {
        match self {
            Order::Skip(reason) | Order::Raises(reason) => reason.clone(),
            Order::Group(name) | Order::Session(name) | Order::Name(name) => Some(name.clone()),
            Order::Timeout(ms) => Some((*ms as f64 / 1000.0).to_string()),
            Order::Requires(demands) => {
                let demands: Vec<String> = demands.iter().map(Demand::to_string).collect();
                Some(demands.join(", "))
            }
            Order::Stdin(text) => Some(text.clone()),
            Order::NoRun
            | Order::Run
            | Order::MayRaise
            | Order::MayVary
            | Order::NoContext
            | Order::Continuation => None,
        }
    }
}

/// Where an order is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Written {
    /// In the document.
    Document(Span),
    /// On this line of the settings file.
    Settings(LineNumber),
}

/// An order that was honoured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// What is ordered.
    pub order: Order,
    /// Where.
    pub written: Written,
}

/// Orders of a settings file for the blocks of one document.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// A pattern for the headings above a block, one of which must match; `*` stands for any text.
    pub heading: Option<String>,
    /// A pattern for the block's id.
    pub block: Option<String>,
    /// The orders.
    pub orders: Vec<Order>,
    /// Its line in the settings file.
    pub line: LineNumber,
}

impl Rule {
    /// Whether it speaks of `block`.
    pub fn is_about(&self, block: &Block) -> bool {
        let fits = |pattern: &Option<String>, texts: &[&str]| {
            let pattern = pattern.as_deref();
            pattern.is_none_or(|pattern| texts.iter().any(|text| matches(pattern, text)))
        };
        let headings: Vec<&str> = block.heading.iter().map(String::as_str).collect();
        fits(&self.heading, &headings) && fits(&self.block, &[block.id.0.as_str()])
    }
}

/// Reads the orders in a text of the settings file, or says what is wrong with it.
pub fn orders(text: &str) -> Result<Vec<Order>, Wrong> {
    let parsed = own::parse(text);
    match parsed.wrong.into_iter().next() {
        Some((_, wrong)) => Err(wrong),
        // Marks are about a place in a document.
        None if parsed.mark.is_some() => Err(Wrong::Unknown(text.to_owned(), Some("skip"))),
        None => Ok(parsed.orders.into_iter().map(|(_, order)| order).collect()),
    }
}

/// Whether `text` is what `pattern` says, where `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Which earlier blocks run before a block, by the author's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Chain {
    /// Nothing said: names decide.
    None,
    /// None at all.
    Alone,
    /// The block goes on where the one before it ends.
    Continuation,
    /// All earlier blocks of the same group.
    Group(String),
}

/// What a document may ask for beyond the limit that is set, in milliseconds of wall time.
const MAX_ASKED_MS: u64 = 60_000;

/// The longest input, in bytes: it stands in a pipe before anybody reads.
const MAX_STDIN_BYTES: usize = 32 << 10;
const STDIN_LIMIT: &str = "at most 32 KiB of input";

/// What the author says about one block.
#[derive(Clone, Debug)]
pub(super) struct Directives {
    /// All orders, those for more than this block first.
    pub(super) given: Vec<Directive>,
    /// What runs before it.
    pub(super) chain: Chain,
    /// What is wrong with the directives.
    pub(super) problems: Vec<Problem>,
}

impl Directives {
    /// Reads the directives of `block`; `rules` are those of the settings for its document.
    pub(super) fn new(
        document: &Document,
        block: &Block,
        regions: &Regions,
        rules: &[Rule],
    ) -> Directives {
        let mut found = Directives {
            given: Vec::new(),
            chain: Chain::None,
            problems: Vec::new(),
        };
        for rule in rules.iter().filter(|rule| rule.is_about(block)) {
            let written = Written::Settings(rule.line);
            let orders = rule.orders.iter().cloned();
            found
                .given
                .extend(orders.map(|order| Directive { order, written }));
        }
        found.given.extend(regions.over(block.span.start).cloned());
        for &comment in &block.comments {
            found.take_comment(document, comment);
        }
        found.take_info(document, block);
        found.take_head(block);
        found.settle();
        found
    }

    fn take_comment(&mut self, document: &Document, comment: Span) {
        let (at, text) = block::comment_text(document.slice(comment));
        if let Some((own_at, said)) = block::own_text(text) {
            self.take_own(said, comment.start + at + own_at);
        } else if let Some(foreign::Said::Orders(orders)) = foreign::comment(text) {
            self.take(orders, comment);
        }
    }

    /// Takes the words of this program that stand `at` bytes into the document.
    fn take_own(&mut self, said: &str, at: usize) {
        let parsed = own::parse(said);
        for (place, order) in parsed.orders {
            self.take([order], Span::new(at + place.start, at + place.end));
        }
        for (place, wrong) in parsed.wrong {
            let place = Span::new(at + place.start, at + place.end);
            self.problems.push(wrong_problem(place, &wrong));
        }
    }

    fn take(&mut self, orders: impl IntoIterator<Item = Order>, place: Span) {
        let written = Written::Document(place);
        self.given
            .extend(orders.into_iter().map(|order| Directive { order, written }));
    }

    fn take_info(&mut self, document: &Document, block: &Block) {
        if block.info.is_empty() {
            return;
        }
        let opener = document.line_span(document.index.line(block.span.start));
        let line = Span::new(block.span.start, opener.end.max(block.span.start));
        let start = document.slice(line).find(block.info.as_str());
        let place = match start {
            Some(at) => Span::new(line.start + at, line.start + at + block.info.len()),
            None => line,
        };
        for attribute in block.attributes() {
            if attribute.key == "snipcheck" {
                let found = document.slice(place).find(attribute.value);
                self.take_own(attribute.value, place.start + found.unwrap_or(0));
            } else if let Some(order) = foreign::word(attribute) {
                self.take([order], place);
            }
        }
    }

    /// The comments with which the code begins.
    fn take_head(&mut self, block: &Block) {
        for (line, code) in block.lines.iter().zip(block.code.lines()) {
            let text = code.trim();
            let Some(comment) = text.strip_prefix('#') else {
                if text.is_empty() {
                    continue;
                }
                break;
            };
            let from = line.span.end.saturating_sub(comment.len());
            let said = comment.trim_start();
            let at = comment.len() - said.len();
            if let Some((own_at, own)) = block::own_text(said).filter(|_| said.contains(':')) {
                self.take_own(own, from + at + own_at);
            } else if let Some(order) = foreign::head(comment) {
                self.take([order], Span::new(from, from + comment.len()));
            }
        }
    }

    /// What was said last, and nearest to the block, counts.
    fn settle(&mut self) {
        if self.last_of(is_run_anyway) == Some(true) {
            self.given
                .retain(|it| !matches!(it.order, Order::Skip(_) | Order::NoRun | Order::Run));
        }
        for directive in &self.given {
            match &directive.order {
                Order::NoContext => self.chain = Chain::Alone,
                Order::Continuation => self.chain = Chain::Continuation,
                Order::Group(name) => self.chain = Chain::Group(format!("group={name}")),
                Order::Session(name) => self.chain = Chain::Group(format!("session={name}")),
                _ => {}
            }
        }
    }

    /// Whether it is not to run at all.
    pub(super) fn is_skipped(&self) -> bool {
        self.gives(|order| matches!(order, Order::Skip(_)))
    }

    fn gives(&self, is_wanted: impl Fn(&Order) -> bool) -> bool {
        self.given.iter().any(|it| is_wanted(&it.order))
    }

    /// Whether it is to be parsed only.
    pub(super) fn is_not_run(&self) -> bool {
        self.gives(|order| *order == Order::NoRun)
    }

    /// What it reads from standard input.
    pub(super) fn stdin(&self) -> Option<&str> {
        self.last_of(|order| match order {
            Order::Stdin(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// Gives it what a fence at `place` holds as standard input, unless a directive does.
    pub(super) fn feed(&mut self, text: &str, place: Span) {
        if self.stdin().is_some() {
            return;
        }
        match text.len() <= MAX_STDIN_BYTES {
            true => self.take([Order::Stdin(text.to_owned())], place),
            false => self.problems.push(problem::bad_directive(
                Span::at(place.start),
                "stdin",
                STDIN_LIMIT,
            )),
        }
    }

    /// Whether `python` will not do.
    pub(super) fn refuses(&self, python: (u8, u8)) -> bool {
        self.demands().any(|demand| !demand.is_met_by(python))
    }

    fn demands(&self) -> impl Iterator<Item = &Demand> {
        self.given
            .iter()
            .flat_map(|directive| match &directive.order {
                Order::Requires(demands) => demands.as_slice(),
                _ => &[],
            })
    }

    /// The packages it says it requires.
    pub(super) fn packages(&self) -> Vec<String> {
        self.demands()
            .filter_map(|demand| match demand {
                Demand::Package(name) => Some(name.clone()),
                Demand::Python(..) => None,
            })
            .collect()
    }

    /// The wall limit it asks for, in milliseconds, where `set_ms` is the one that is set. A document
    /// may not ask for any time: it can come from a stranger.
    pub(super) fn wall_ms(&self, set_ms: u64) -> u64 {
        let asked = self.given.iter().rev().find_map(|it| match it.order {
            Order::Timeout(ms) => Some((ms, it.written)),
            _ => None,
        });
        match asked {
            Some((ms, Written::Document(_))) => ms.min(set_ms.max(MAX_ASKED_MS)),
            Some((ms, Written::Settings(_))) => ms,
            None => set_ms,
        }
    }

    fn last_of<'a, T>(&'a self, of: impl Fn(&'a Order) -> Option<T>) -> Option<T> {
        self.given.iter().rev().find_map(|it| of(&it.order))
    }

    /// What the directives claim of the block's run.
    pub(super) fn claim(&self, block: &Block) -> Option<Claim> {
        let directive = self
            .given
            .iter()
            .rev()
            .find(|directive| matches!(directive.order, Order::Raises(_) | Order::MayRaise))?;
        let type_name = match &directive.order {
            Order::Raises(name) => name.clone(),
            _ => None,
        };
        let span = match directive.written {
            Written::Document(span) => span,
            Written::Settings(_) => Span::at(block.span.start),
        };
        Some(Claim {
            kind: ClaimKind::Raises,
            span,
            text: type_name.clone().unwrap_or("an exception".to_owned()),
            subject: Subject::Block,
            expected: Expected::Exception(ExpectedException {
                type_name,
                message: None,
            }),
            evidence: match directive.order {
                Order::MayRaise => Evidence::Unmarked,
                _ => Evidence::Plain,
            },
            scope: None,
            rule: "raises-directive",
        })
    }

    /// Limits claims as the directives say.
    pub(super) fn limit(&self, claims: &mut [Claim]) {
        if self.gives(|order| *order == Order::MayVary) {
            for claim in claims {
                claim.scope.get_or_insert(Scope::Approximate);
            }
        }
    }
}

/// Whether an order lifts what keeps the block from running; `None` for one about something else.
fn is_run_anyway(order: &Order) -> Option<bool> {
    match order {
        Order::Run => Some(true),
        Order::Skip(_) | Order::NoRun => Some(false),
        _ => None,
    }
}

/// The problem with a directive at `place`.
pub(super) fn wrong_problem(place: Span, wrong: &Wrong) -> Problem {
    match wrong {
        Wrong::Unknown(word, nearest) => problem::unknown_directive(place, word, *nearest),
        Wrong::Value(name, wanted) => problem::bad_directive(place, name, wanted),
        Wrong::Empty => problem::empty_directive(place),
    }
}
