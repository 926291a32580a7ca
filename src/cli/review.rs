//! `snipcheck review`: pending changes one by one, each with a question.
//!
//! Answers are single keys; from a pipe they are read as characters, line ends left aside, so that a
//! review can be scripted. Whatever is decided is written at once, so that leaving loses nothing.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Read};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios};

use super::args::{PendingArgs, PendingFormatArg, RunArgs};
use super::console::{Console, Exit};
use super::pending::{Decision, Waiting, is_outdated, print_json, waiting};
use super::settings::{Settings, Typed};
use super::update::{is_ci, refusal};
use crate::snapshot::pending::{Change, Class};
use crate::text::LineNumber;

/// Lines of the document that are shown around a block on request.
const CONTEXT_LINES: usize = 8;

/// Lines of code that are shown of a block without request.
const CODE_LINES: usize = 20;

const QUESTION: &str = "[a]ccept  [r]eject  [s]kip  accept [A]ll here  [c]ontext  [q]uit? ";

/// Goes through the pending changes that the arguments name.
pub(super) fn review(args: &PendingArgs, console: &Console) -> Exit {
    let is_list = args.format == Some(PendingFormatArg::Json);
    if !is_list && is_ci() {
        return console.error(refusal("review"));
    }
    let run = RunArgs::default();
    let settings = match Settings::load(Typed::of(&args.project, &run)) {
        Ok(settings) => settings,
        Err(error) => return console.error(error),
    };
    let (found, exit) = waiting(args, &settings, console);
    if is_list {
        let listed: Vec<_> = found
            .iter()
            .map(|waiting| (waiting, HashMap::new()))
            .collect();
        return exit.max(print_json(&listed, &settings, console));
    }
    let total = found.iter().map(|waiting| waiting.changes().len()).sum();
    let mut review = Review {
        console,
        keys: Keys::new(),
        total,
        at: 0,
        accepted: 0,
        rejected: 0,
        exit,
    };
    for waiting in &found {
        if !review.document(waiting) {
            break;
        }
    }
    review.end()
}

/// An answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Accept,
    Reject,
    Skip,
    AcceptAll,
    Context,
    Quit,
}

impl Answer {
    fn of(key: u8) -> Option<Self> {
        match key {
            b'a' | b'y' => Some(Answer::Accept),
            b'r' | b'n' => Some(Answer::Reject),
            b's' => Some(Answer::Skip),
            b'A' => Some(Answer::AcceptAll),
            b'c' => Some(Answer::Context),
            // Also Ctrl-C and Ctrl-D, which a terminal that gives single keys hands on.
            b'q' | 3 | 4 => Some(Answer::Quit),
            _ => None,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Answer::Accept => "accepted",
            Answer::Reject => "rejected",
            Answer::Skip => "skipped",
            Answer::AcceptAll => "accepted, and all that follow here",
            Answer::Context => "context",
            Answer::Quit => "quit",
        }
    }
}

/// A review under way.
struct Review<'a> {
    console: &'a Console,
    keys: Keys,
    total: usize,
    at: usize,
    accepted: usize,
    rejected: usize,
    exit: Exit,
}

impl Review<'_> {
    /// Asks for every change of a document; `false` where the review is to end.
    fn document(&mut self, waiting: &Waiting) -> bool {
        let mut decisions = HashMap::new();
        let mut takes_all = false;
        for change in waiting.changes() {
            self.at += 1;
            let answer = match takes_all {
                true => Answer::Accept,
                false => self.ask(waiting, &change),
            };
            let decision = match answer {
                Answer::Quit => return false,
                Answer::Skip | Answer::Context => continue,
                Answer::Reject => Decision::Rejected,
                Answer::Accept | Answer::AcceptAll => Decision::Accepted,
            };
            takes_all |= answer == Answer::AcceptAll;
            decisions.insert(change.id.clone(), decision);
            if let Err(error) = waiting.decide(&decisions) {
                self.exit = self.console.error(error);
                return false;
            }
            match decision {
                Decision::Accepted => self.accepted += 1,
                Decision::Rejected => self.rejected += 1,
                Decision::Pending => {}
            }
        }
        true
    }

    fn ask(&mut self, waiting: &Waiting, change: &Change<'_>) -> Answer {
        let head = self.head(waiting, change);
        let mut shown = format!("{head}{}", body(waiting, change, 0));
        loop {
            shown.push_str(QUESTION);
            self.exit = self.exit.max(self.console.print(&shown));
            let answer = loop {
                match self.keys.next() {
                    None => break Answer::Quit,
                    Some(key) => {
                        if let Some(answer) = Answer::of(key) {
                            break answer;
                        }
                    }
                }
            };
            let said = format!("{}\n\n", answer.word());
            self.exit = self.exit.max(self.console.print(&said));
            if answer != Answer::Context {
                return answer;
            }
            shown = body(waiting, change, CONTEXT_LINES);
        }
    }

    fn head(&self, waiting: &Waiting, change: &Change<'_>) -> String {
        let place = match waiting.line(change.id) {
            Some(line) => format!("{}:{line}", waiting.path),
            None => waiting.path.clone(),
        };
        let (at, total, class) = (self.at, self.total, change.class.as_str());
        let mut head = format!("{place}  {}  ({class}, {at} of {total})\n", change.id);
        if is_outdated(waiting, change) {
            head.push_str("  its code was changed since: `snipcheck update` runs it again\n");
        }
        head
    }

    fn end(self) -> Exit {
        let left = self.total - self.accepted - self.rejected;
        let text = match self.total {
            0 => "nothing is pending\n".to_owned(),
            _ => format!(
                "{} accepted, {} rejected, {left} left pending\n",
                self.accepted, self.rejected
            ),
        };
        self.exit.max(self.console.print(&text))
    }
}

/// The block's code, with lines of the document around it, and what changes.
fn body(waiting: &Waiting, change: &Change<'_>, around: usize) -> String {
    let mut text = code(waiting, change, around);
    match change.class {
        Class::Remove => text.push_str("  its block is not in the document any more\n"),
        Class::FormatOnly => text.push_str("  what it does did not change\n"),
        Class::Create | Class::Change => {}
    }
    for line in change.diff().lines() {
        let _ = writeln!(text, "    {line}");
    }
    text
}

fn code(waiting: &Waiting, change: &Change<'_>, around: usize) -> String {
    let mut text = String::new();
    let Some(plan) = &waiting.plan else {
        return text;
    };
    let Some(case) = plan.cases.iter().find(|case| case.block.id == *change.id) else {
        return text;
    };
    let document = &plan.document;
    let first = case.block.first_line(document).get();
    let last = case.block.last_line(document).get();
    let (first, last) = match around {
        0 => (first, last.min(first + CODE_LINES - 1)),
        n => (
            first.saturating_sub(n).max(1),
            (last + n).min(document.index.line_count()),
        ),
    };
    let width = last.to_string().len();
    for line in first..=last {
        let span = document.line_span(LineNumber::new(line));
        let shown = format!("  {line:width$} | {}", document.slice(span));
        let _ = writeln!(text, "{}", shown.trim_end());
    }
    if around == 0 && case.block.last_line(document).get() > last {
        let _ = writeln!(text, "  {:width$} | …", "");
    }
    text
}

/// The keys that are typed, or the characters of a pipe.
struct Keys {
    /// How the terminal was, to be so again.
    before: Option<Termios>,
}

impl Keys {
    /// Lets a terminal on standard input give each key at once.
    fn new() -> Self {
        let stdin = io::stdin();
        let before = stdin
            .is_terminal()
            .then(|| rustix::termios::tcgetattr(&stdin).ok())
            .flatten();
        if let Some(before) = &before {
            let mut single = before.clone();
            single.local_modes &= !(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG);
            single.special_codes[SpecialCodeIndex::VMIN] = 1;
            single.special_codes[SpecialCodeIndex::VTIME] = 0;
            // A terminal that refuses gives whole lines, which will do.
            let _ = rustix::termios::tcsetattr(&stdin, OptionalActions::Now, &single);
        }
        Keys { before }
    }

    /// The next key; `None` where no more come.
    fn next(&mut self) -> Option<u8> {
        let mut key = [0];
        match io::stdin().lock().read(&mut key) {
            Ok(1) => Some(key[0]),
            Ok(_) | Err(_) => None,
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = rustix::termios::tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }
}
