//! The report for people, in rustc's look: the document's line, the claim underlined, what Python
//! did, and the command that runs exactly this again.
//!
//! What failed is shown in full where it stands. What could not be decided follows in short, the
//! same message once for all its places. What passed is silent.

use std::collections::HashMap;
use std::io::{self, Write};

use annotate_snippets::renderer::DEFAULT_TERM_WIDTH;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::concise;
use super::excerpt::{Excerpt, Role, excerpt};
use super::finding::Finding;
use super::granted;
use super::neutral;
use super::paint::{self, paint};
use super::place::Places;
use super::summary::{self, Summary, counted, duration, thousands};
use super::telling;
use super::{BlockReport, DocumentReport, Report, Style};
use crate::compare::{ClaimVerdict, Status};
use crate::problem::Severity;
use crate::text::Position;

/// Findings that are shown with their source; the rest get a line each.
const EXCERPTS: usize = 200;
/// Columns that line number and frame take.
const FRAME_COLUMNS: usize = 12;

/// Writes `report` to `out`.
pub fn render(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let mut full = Full {
        style,
        out,
        shown: 0,
        gravest: None,
        needs_gap: false,
        undecided: Undecided::default(),
    };
    for document in &report.documents {
        full.document(document)?;
    }
    full.undecided()?;
    full.summary(report)
}

struct Full<'a> {
    style: Style,
    out: &'a mut dyn Write,
    shown: usize,
    /// The first of the gravest findings shown.
    gravest: Option<(Severity, &'static str)>,
    /// Whether lines without a blank one after them stand before.
    needs_gap: bool,
    undecided: Undecided<'a>,
}

/// A document's path and a place in it.
type PathPosition<'a> = (&'a str, Option<Position>);

/// Messages of blocks that could not be decided, each with all its places.
#[derive(Default)]
struct Undecided<'a> {
    entries: Vec<(Finding, Vec<PathPosition<'a>>)>,
    index: HashMap<(&'static str, String), usize>,
}

impl<'a> Undecided<'a> {
    fn add(&mut self, path: &'a str, finding: Finding) {
        let place = (path, finding.position);
        let key = (finding.id, finding.message.clone());
        match self.index.get(&key).and_then(|&i| self.entries.get_mut(i)) {
            Some((_, places)) => places.push(place),
            None => {
                self.index.insert(key, self.entries.len());
                self.entries.push((finding, vec![place]));
            }
        }
    }
}

impl<'a> Full<'a> {
    fn document(&mut self, document: &'a DocumentReport) -> io::Result<()> {
        for finding in telling::of_document(document) {
            self.finding(document, None, &finding)?;
        }
        let mut places = telling::places(document);
        self.undecided_claims(document, None, &mut places)?;
        for block in &document.blocks {
            self.block(document, block, &mut places)?;
        }
        Ok(())
    }

    fn block(
        &mut self,
        document: &'a DocumentReport,
        block: &BlockReport,
        places: &mut Option<Places<'_>>,
    ) -> io::Result<()> {
        let status = block.verdict.status;
        let findings = telling::of_block(document, block, places);
        let last_error = findings.iter().rposition(|f| f.severity == Severity::Error);
        for (i, finding) in findings.into_iter().enumerate() {
            if status == Status::Inconclusive {
                self.undecided.add(&document.path, finding);
            } else if finding.severity > Severity::Note
                || status == Status::Failed
                || self.style.verbose
            {
                let rerun = (last_error == Some(i)).then_some(block);
                self.finding(document, rerun, &finding)?;
            }
        }
        self.undecided_claims(document, Some(block), places)?;
        if self.style.verbose && matches!(status, Status::Passed | Status::Skipped) {
            self.quiet_block(document, block)?;
        }
        Ok(())
    }

    fn undecided_claims(
        &mut self,
        document: &DocumentReport,
        block: Option<&BlockReport>,
        places: &mut Option<Places<'_>>,
    ) -> io::Result<()> {
        if !self.shows_undecided_claims() {
            return Ok(());
        }
        match telling::undecided(document, block, places) {
            Some(finding) => self.finding(document, None, &finding),
            None => Ok(()),
        }
    }

    /// Whoever fails on them, or wants to know all, must see them.
    fn shows_undecided_claims(&self) -> bool {
        self.style.verbose || self.style.strict
    }

    /// One line about a block that there is nothing to tell of.
    fn quiet_block(&mut self, document: &DocumentReport, block: &BlockReport) -> io::Result<()> {
        let line = match &document.document {
            Some(document) => block.case.block.first_line(document).to_string(),
            None => "1".to_owned(),
        };
        let place = format!("{}:{line}", neutral::path(&document.path));
        let id = neutral::text(&block.case.block.id.0);
        let (word, rest) = match (block.verdict.status, block.verdict.reason) {
            (Status::Skipped, Some(reason)) => ("skipped", reason.as_str().to_owned()),
            (Status::Skipped, None) => ("skipped", "no reason given".to_owned()),
            _ => {
                let claims = &block.verdict.claims;
                let held = claims
                    .iter()
                    .filter(|c| c.verdict == ClaimVerdict::Held)
                    .count();
                let held = counted(held, "claim held", "claims held");
                (
                    "passed",
                    format!("{held}, {}", duration(block.observation.wall_ms)),
                )
            }
        };
        let word = match word {
            "passed" => paint(self.style, paint::WELL, word),
            _ => word.to_owned(),
        };
        self.needs_gap = true;
        writeln!(self.out, "{word}: {place}: `{id}`: {rest}")
    }

    /// `rerun`: the block whose command is to be given.
    fn finding(
        &mut self,
        document: &DocumentReport,
        rerun: Option<&BlockReport>,
        finding: &Finding,
    ) -> io::Result<()> {
        self.shown += 1;
        self.note(finding);
        if self.shown == EXCERPTS + 1 {
            let n = thousands(EXCERPTS);
            writeln!(
                self.out,
                "{n} findings are shown in full; the rest follow in one line each\n"
            )?;
        }
        if self.shown > EXCERPTS {
            self.needs_gap = true;
            return writeln!(self.out, "{}", concise::line(document, finding, self.style));
        }
        self.gap()?;
        let mut finding = finding.clone();
        finding
            .help
            .extend(rerun.and_then(|block| rerun_command(document, block, &finding)));
        writeln!(self.out, "{}\n", picture(document, finding, self.style))
    }

    fn note(&mut self, finding: &Finding) {
        if self
            .gravest
            .is_none_or(|(gravest, _)| gravest < finding.severity)
        {
            self.gravest = Some((finding.severity, finding.id));
        }
    }

    fn gap(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.needs_gap) {
            writeln!(self.out)?;
        }
        Ok(())
    }

    fn undecided(&mut self) -> io::Result<()> {
        self.gap()?;
        for (finding, places) in std::mem::take(&mut self.undecided.entries) {
            self.note(&finding);
            let word = format!("{}[{}]", paint::word(finding.severity), finding.id);
            let word = paint(self.style, paint::of(finding.severity), &word);
            let message = paint(self.style, paint::STRONG, &format!(": {}", finding.message));
            writeln!(self.out, "{word}{message}")?;
            for line in place_lines(&places) {
                writeln!(
                    self.out,
                    " {} {line}",
                    paint(self.style, paint::FRAME, "-->")
                )?;
            }
            let equals = paint(self.style, paint::FRAME, "=");
            for help in &finding.help {
                let help_word = paint(self.style, paint::STRONG, "help");
                writeln!(self.out, "  {equals} {help_word}: {help}")?;
            }
            writeln!(self.out)?;
        }
        Ok(())
    }

    fn summary(&mut self, report: &Report) -> io::Result<()> {
        self.gap()?;
        let summary = Summary::of(report);
        if summary.ran > 0 && !summary::is_confined(report) {
            let warning = paint(self.style, paint::ALARM, summary::UNCONFINED);
            writeln!(self.out, "{warning}")?;
        }
        let style = if super::exit_status(report, self.style.strict) != 0 {
            paint::ALARM
        } else if summary.passed > 0 && summary.inconclusive == 0 && summary::is_confined(report) {
            paint::WELL
        } else {
            paint::STRONG
        };
        writeln!(
            self.out,
            "{}",
            paint(self.style, style, &summary.blocks_sentence())
        )?;
        if let Some(reasons) = summary.reasons_sentence() {
            writeln!(self.out, "{reasons}")?;
        }
        if summary.has_claims_to_count() {
            writeln!(self.out, "{}", summary.claims_sentence())?;
        }
        if summary.claims_inconclusive > summary.claims_not_reached
            && !self.shows_undecided_claims()
        {
            writeln!(
                self.out,
                "`--verbose` shows the claims that could not be decided"
            )?;
        }
        for granted in granted::granted(report) {
            writeln!(self.out, "{}", granted.sentence())?;
        }
        if let Some((_, id)) = self.gravest {
            writeln!(self.out, "what an id means: `snipcheck explain {id}`")?;
        }
        writeln!(self.out, "{}", summary::run_sentence(report))
    }
}

/// One line a document: `notes/np.md:5:8 (and lines 20, 31)`.
fn place_lines(places: &[PathPosition<'_>]) -> Vec<String> {
    let mut lines: Vec<(&str, String, Vec<String>)> = Vec::new();
    for (path, position) in places {
        match lines.last_mut() {
            Some((last, _, further)) if last == path => {
                further.extend(position.map(|position| position.line.to_string()));
            }
            _ => {
                let mut place = neutral::path(path);
                if let Some(position) = position {
                    place += &format!(":{}:{}", position.line, position.column);
                }
                lines.push((path, place, Vec::new()));
            }
        }
    }
    lines
        .into_iter()
        .map(|(_, place, further)| match further.as_slice() {
            [] => place,
            [one] => format!("{place} (and line {one})"),
            many => format!("{place} (and lines {})", many.join(", ")),
        })
        .collect()
}

fn rerun_command(
    document: &DocumentReport,
    block: &BlockReport,
    finding: &Finding,
) -> Option<String> {
    let line = telling::rerun_line(document, block, finding)?;
    if document.path == "<stdin>" {
        return None;
    }
    let path = match document.path.as_str() {
        path if path.starts_with('-') => format!("./{path}"),
        path => path.to_owned(),
    };
    let argument = neutral::shell_argument(&format!("{path}:{line}"));
    Some(format!(
        "run this block alone: `snipcheck check {argument}`"
    ))
}

/// The finding as rustc would draw it, without a line end.
fn picture(report: &DocumentReport, finding: Finding, style: Style) -> String {
    let width = style.width.unwrap_or(DEFAULT_TERM_WIDTH);
    let renderer = if style.color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let renderer = renderer.term_width(width);
    let path = neutral::path(&report.path);
    let excerpt = report
        .document
        .as_ref()
        .and_then(|document| excerpt(document, &finding, width.saturating_sub(FRAME_COLUMNS)));
    let title = level(finding.severity)
        .primary_title(finding.message)
        .id(finding.id);
    let mut group = Group::with_title(title);
    let mut far = Vec::new();
    let mut place = None;
    match excerpt {
        Some(excerpt) => {
            far.clone_from(&excerpt.far);
            let digits = excerpt.last.to_string().len();
            place = finding.position.map(|position| (digits, position));
            group = group.element(snippet(excerpt));
        }
        None => group = group.element(Origin::path(path.clone())),
    }
    let notes = finding.notes.iter().map(|note| note.join("\n")).chain(far);
    group = group.elements(notes.map(|note| Level::NOTE.message(note)));
    group = group.elements(
        finding
            .help
            .into_iter()
            .map(|help| Level::HELP.message(help)),
    );
    let drawn = renderer.render(&[group]);
    match place {
        Some((digits, position)) => with_place(&drawn, digits, &path, position, style),
        None => drawn,
    }
}

fn snippet(excerpt: Excerpt) -> Snippet<'static, annotate_snippets::Annotation<'static>> {
    let mut snippet = Snippet::source(excerpt.source).line_start(excerpt.first.get());
    for underline in excerpt.underlines {
        let kind = match underline.role {
            Role::Main => AnnotationKind::Primary,
            Role::Other => AnnotationKind::Context,
            Role::Shown => AnnotationKind::Visible,
        };
        let label = (!underline.label.is_empty()).then_some(underline.label);
        snippet = snippet.annotation(kind.span(underline.range).label(label));
    }
    snippet
}

/// Puts the line `--> path:line:column` below the title.
///
/// The renderer would count the column in the line as it is shown, which may be cut.
fn with_place(drawn: &str, digits: usize, path: &str, position: Position, style: Style) -> String {
    let arrow = paint(style, paint::FRAME, &format!("{}-->", " ".repeat(digits)));
    let place = format!("{arrow} {path}:{}:{}", position.line, position.column);
    match drawn.split_once('\n') {
        Some((title, rest)) => format!("{title}\n{place}\n{rest}"),
        None => format!("{drawn}\n{place}"),
    }
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    }
}
