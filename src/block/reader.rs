//! Walks the parser's events: containers, headings, gaps and the lines of code blocks.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, OffsetIter, Options, Parser, Tag, TagEnd};

use super::id::Sections;
use super::mask::{Fence, Masked};
use super::passage::Passage;
use super::{Form, Gap};
use crate::document::Document;
use crate::problem::{self, Problem};
use crate::text::Span;

/// A code block as it stands in the document, before its code is put together.
pub(super) struct RawBlock {
    pub(super) form: Form,
    pub(super) info: String,
    pub(super) span: Span,
    pub(super) lines: Vec<RawLine>,
    pub(super) section: usize,
    pub(super) gap: Gap,
    pub(super) lead: Option<Span>,
    pub(super) comments: Vec<Span>,
}

/// A line of a code block.
#[derive(Clone, Copy)]
pub(super) struct RawLine {
    /// The line in the document without container prefix and line end.
    pub(super) span: Span,
    /// Spaces before it that a container left of a tab.
    pub(super) inserted: usize,
}

impl RawLine {
    fn text(self, document: &Document) -> &str {
        document.slice(self.span)
    }

    /// The line without the first `columns` columns of white space, or what it has of them.
    fn without_indent(self, columns: usize, document: &Document) -> RawLine {
        let mut left = columns.saturating_sub(self.inserted);
        let mut line = RawLine {
            inserted: self.inserted.saturating_sub(columns),
            ..self
        };
        for byte in self.text(document).bytes() {
            match byte {
                b' ' if left > 0 => left -= 1,
                b'\t' if left > 0 => {
                    line.inserted = 4_usize.saturating_sub(left);
                    left = 0;
                }
                _ => break,
            }
            line.span.start += 1;
        }
        line
    }
}

/// What the walk found.
pub(super) struct Found {
    pub(super) blocks: Vec<RawBlock>,
    /// Each with its section.
    pub(super) passages: Vec<(usize, Passage)>,
    pub(super) sections: Sections,
    pub(super) comments: Vec<Span>,
    pub(super) problems: Vec<Problem>,
}

/// Reads `masked`, the text of `document` as [`super::mask`] makes it.
pub(super) fn read(document: &Document, masked: &Masked<'_>) -> Found {
    let mut reader = Reader {
        document,
        masked,
        events: Parser::new_ext(&masked.text, Options::empty()).into_offset_iter(),
        frames: Vec::new(),
        frame: Frame::new(Sections::ROOT),
        section: Sections::ROOT,
        paragraph: Paragraph::None,
        passage: Passage::default(),
        question: None,
        list_depth: 0,
        hidden_seen: 0,
        found: Found {
            blocks: Vec::new(),
            passages: Vec::new(),
            sections: Sections::new(),
            comments: Vec::new(),
            problems: Vec::new(),
        },
    };
    while let Some((event, range)) = reader.events.next() {
        reader.take(event, range);
    }
    reader.found
}

/// A container: the document, a block quote or a list item.
struct Frame {
    /// The section that goes on after the container.
    outer_section: usize,
    /// What stands between the last block and here.
    gap: Gap,
    /// The paragraph right before here.
    lead: Option<Span>,
    /// The comments that stand right before here.
    comments: Vec<Span>,
}

impl Frame {
    fn new(outer_section: usize) -> Self {
        Frame {
            outer_section,
            gap: Gap::Far,
            lead: None,
            comments: Vec::new(),
        }
    }

    fn add_paragraph(&mut self, span: Span) {
        self.comments.clear();
        self.lead = Some(span);
        self.gap = match self.gap {
            Gap::Adjacent => Gap::Paragraph(span),
            Gap::Paragraph(_) | Gap::Far => Gap::Far,
        };
    }

    fn part(&mut self) {
        self.comments.clear();
        self.lead = None;
        self.gap = Gap::Far;
    }
}

/// The paragraph that inline events belong to.
enum Paragraph {
    None,
    /// One that the parser announced.
    Announced,
    /// The text of a tight list item, which the parser does not announce.
    Tight(Span),
}

struct Reader<'a> {
    document: &'a Document,
    masked: &'a Masked<'a>,
    events: OffsetIter<'a>,
    /// The containers around the innermost one.
    frames: Vec<Frame>,
    /// The innermost container.
    frame: Frame,
    section: usize,
    paragraph: Paragraph,
    /// What that paragraph has said so far.
    passage: Passage,
    /// The last paragraph or heading outside lists, if it asks something.
    question: Option<String>,
    list_depth: usize,
    /// How many of the masked HTML runs lie behind.
    hidden_seen: usize,
    found: Found,
}

impl Reader<'_> {
    fn take(&mut self, event: Event<'_>, range: Range<usize>) {
        if is_inline(&event) {
            self.take_inline(&event, range);
            return;
        }
        self.end_tight_paragraph();
        self.pass_hidden(range.start);
        match event {
            Event::Start(Tag::Paragraph) => {
                self.begin_passage();
                self.frame.add_paragraph(self.trimmed(range));
                self.paragraph = Paragraph::Announced;
            }
            Event::End(TagEnd::Paragraph) => {
                self.paragraph = Paragraph::None;
                self.end_passage();
            }
            Event::Start(Tag::Heading { level, .. }) => {
                let text = self.heading_text();
                self.section = self
                    .found
                    .sections
                    .open(self.section, level as usize, &text);
                self.frame.part();
                self.question = asked(&text);
            }
            Event::Start(Tag::CodeBlock(kind)) => self.take_code(&kind, range),
            Event::Start(Tag::HtmlBlock) => self.take_html(range),
            Event::Start(Tag::BlockQuote(_) | Tag::Item) => {
                self.frame.part();
                let outer = std::mem::replace(&mut self.frame, Frame::new(self.section));
                self.frames.push(outer);
            }
            Event::End(TagEnd::BlockQuote(_) | TagEnd::Item) => {
                self.section = self.frame.outer_section;
                if let Some(outer) = self.frames.pop() {
                    self.frame = outer;
                }
            }
            Event::Start(Tag::List(_)) => {
                self.list_depth += 1;
                self.frame.part();
            }
            Event::End(TagEnd::List(_)) => self.list_depth = self.list_depth.saturating_sub(1),
            Event::Rule => self.frame.part(),
            _ => {}
        }
    }

    fn take_inline(&mut self, event: &Event<'_>, range: Range<usize>) {
        let place = self.snapped(range);
        self.paragraph = match self.paragraph {
            Paragraph::Announced => Paragraph::Announced,
            Paragraph::None => {
                self.begin_passage();
                Paragraph::Tight(place)
            }
            Paragraph::Tight(span) => {
                Paragraph::Tight(Span::new(span.start, span.end.max(place.end)))
            }
        };
        self.passage.take(event, place, self.document.slice(place));
    }

    fn end_tight_paragraph(&mut self) {
        if let Paragraph::Tight(span) = self.paragraph {
            let span = self.trimmed(span.range());
            self.frame.add_paragraph(span);
            self.paragraph = Paragraph::None;
            self.end_passage();
        }
    }

    fn begin_passage(&mut self) {
        let is_right_after = self.frame.gap == Gap::Adjacent;
        self.passage = Passage {
            after: self
                .found
                .blocks
                .len()
                .checked_sub(1)
                .filter(|_| is_right_after),
            ..Passage::default()
        };
    }

    /// Keeps the passage if there is code in it, or right before it.
    fn end_passage(&mut self) {
        let mut passage = std::mem::take(&mut self.passage);
        if self.list_depth == 0 {
            self.question = asked(&passage.text);
        } else if !passage.codes.is_empty() {
            passage.question.clone_from(&self.question);
        }
        if !passage.codes.is_empty() || passage.after.is_some() {
            self.found.passages.push((self.section, passage));
        }
    }

    /// Counts the masked HTML before `offset` as the paragraphs it looked like.
    fn pass_hidden(&mut self, offset: usize) {
        while let Some(&span) = self.masked.hidden.get(self.hidden_seen)
            && span.start < offset
        {
            self.frame.add_paragraph(span);
            self.hidden_seen += 1;
        }
    }

    /// The plain text of a heading whose start was read; reads on up to its end.
    fn heading_text(&mut self) -> String {
        let mut text = String::new();
        for (event, _) in self.events.by_ref() {
            match event {
                Event::End(TagEnd::Heading(_)) => break,
                Event::Text(part) => text.push_str(&part),
                // The parser makes two spaces of a `\r\n`, and one may be left at an edge.
                Event::Code(part) => text.push_str(part.trim()),
                Event::SoftBreak | Event::HardBreak => text.push(' '),
                _ => {}
            }
        }
        text
    }

    /// A run of HTML: comments are remembered, anything else counts as a paragraph.
    fn take_html(&mut self, range: Range<usize>) {
        let span = self.trimmed(range);
        let comments = comments(self.document.slice(span), span.start);
        match comments {
            Some(mut comments) => {
                self.found.comments.extend_from_slice(&comments);
                self.frame.comments.append(&mut comments);
            }
            None => self.frame.add_paragraph(span),
        }
    }

    fn take_code(&mut self, kind: &CodeBlockKind<'_>, range: Range<usize>) {
        let lines = self.code_lines();
        let span = self.trimmed(range);
        match kind {
            CodeBlockKind::Fenced(_) => self.take_fence(span, lines),
            CodeBlockKind::Indented => {
                if !self.take_swallowed_fences(&lines) {
                    self.push(Form::Indented, String::new(), span, lines);
                }
            }
        }
    }

    /// The lines of a code block whose start was read; reads on up to its end.
    fn code_lines(&mut self) -> Vec<RawLine> {
        let mut lines = Vec::new();
        let mut inserted = 0;
        let mut is_new = true;
        for (event, range) in self.events.by_ref() {
            let text = match event {
                Event::Text(text) => text,
                _ => break,
            };
            if range.is_empty() {
                inserted += text.len();
                continue;
            }
            let mut at = range.start;
            while at < range.end {
                if is_new {
                    let line = self.document.index.line(at);
                    let end = self.document.line_span(line).end;
                    let span = Span::new(at.min(end), end);
                    lines.push(RawLine { span, inserted });
                    inserted = 0;
                }
                let rest = &self.masked.text.as_bytes()[at..range.end];
                let newline = rest.iter().position(|&byte| byte == b'\n');
                is_new = newline.is_some();
                at = newline.map_or(range.end, |newline| at + newline + 1);
            }
        }
        lines
    }

    fn take_fence(&mut self, span: Span, lines: Vec<RawLine>) {
        let document = self.document;
        let opener = document.line_span(document.index.line(span.start));
        let opener = self.trimmed(span.start..opener.end.max(span.start));
        let text = document.slice(opener);
        let info = text.trim_start_matches(['`', '~']).trim().to_owned();
        let content_end = lines.last().map_or(opener.end, |line| line.span.end);
        let is_closed = span.end > content_end;
        if !is_closed {
            self.found.problems.push(problem::unclosed_fence(opener));
            if lines
                .iter()
                .all(|line| line.text(document).trim().is_empty())
            {
                return;
            }
        }
        self.push(Form::Fenced, info, span, lines);
    }

    fn push(&mut self, form: Form, info: String, span: Span, lines: Vec<RawLine>) {
        let gap = std::mem::replace(&mut self.frame.gap, Gap::Adjacent);
        self.found.blocks.push(RawBlock {
            form,
            info,
            span,
            lines,
            section: self.section,
            gap,
            lead: self.frame.lead.take(),
            comments: std::mem::take(&mut self.frame.comments),
        });
    }

    /// Takes the fences out of indented code that begins with one: a body that was indented further
    /// than CommonMark takes for a fence. False where the code is only code.
    fn take_swallowed_fences(&mut self, lines: &[RawLine]) -> bool {
        let document = self.document;
        let mut at = 0;
        let mut is_any = false;
        let mut text: Option<Span> = None;
        while let Some(&line) = lines.get(at) {
            let content = line.text(document).trim_start();
            let Some(fence) = Fence::open(content) else {
                if !is_any && !content.is_empty() {
                    return false;
                }
                self.take_swallowed_text(&mut text, line);
                at += 1;
                continue;
            };
            let inner = &lines[at + 1..];
            let close = inner
                .iter()
                .position(|line| fence.is_closed_by(line.text(document).trim_start()));
            if close.is_none() && !is_any {
                return false;
            }
            if let Some(text) = text.take() {
                self.frame.add_paragraph(text);
            }
            let count = close.unwrap_or(inner.len());
            self.take_swallowed_fence(line, &inner[..count], inner.get(count).copied());
            is_any = true;
            at += count + 2;
        }
        if let Some(text) = text {
            self.frame.add_paragraph(text);
        }
        is_any
    }

    fn take_swallowed_text(&mut self, text: &mut Option<Span>, line: RawLine) {
        let span = self.trimmed(line.span.range());
        *text = match (text.take(), span.is_empty()) {
            (Some(above), false) => Some(Span::new(above.start, span.end)),
            (None, false) => Some(span),
            (Some(above), true) => {
                self.frame.add_paragraph(above);
                None
            }
            (None, true) => None,
        };
    }

    fn take_swallowed_fence(&mut self, open: RawLine, inner: &[RawLine], close: Option<RawLine>) {
        let document = self.document;
        let fence = self.trimmed(open.span.range());
        let columns = open.inserted + (fence.start - open.span.start);
        let lines: Vec<RawLine> = inner
            .iter()
            .map(|line| line.without_indent(columns, document))
            .collect();
        let last = close.or(inner.last().copied()).unwrap_or(open);
        let span = self.trimmed(fence.start..last.span.end.max(fence.start));
        if close.is_none() {
            self.take_fence(span, lines);
        } else {
            let info = document.slice(fence).trim_start_matches(['`', '~']);
            self.push(Form::Fenced, info.trim().to_owned(), span, lines);
        }
    }

    /// The part of `range` without white space around it; empty at its start where it is all white.
    fn trimmed(&self, range: Range<usize>) -> Span {
        let span = self.snapped(range);
        let text = self.document.slice(span).trim_ascii_end();
        let start = span.start + (text.len() - text.trim_ascii_start().len());
        Span::new(start, span.start + text.len())
    }

    /// `range` on character boundaries of the document: masking may have put some inside it.
    fn snapped(&self, range: Range<usize>) -> Span {
        let text = &self.document.text;
        let start = text.floor_char_boundary(range.start);
        Span::new(start, text.ceil_char_boundary(range.end).max(start))
    }
}

fn is_inline(event: &Event<'_>) -> bool {
    match event {
        Event::Text(_)
        | Event::Code(_)
        | Event::InlineHtml(_)
        | Event::SoftBreak
        | Event::HardBreak => true,
        Event::Start(tag) => matches!(
            tag,
            Tag::Emphasis | Tag::Strong | Tag::Link { .. } | Tag::Image { .. }
        ),
        Event::End(tag) => matches!(
            tag,
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Link | TagEnd::Image
        ),
        _ => false,
    }
}

/// The paragraph or heading if it ends in a question mark, and is short enough to be one question.
fn asked(text: &str) -> Option<String> {
    let is_question = text.len() <= 400 && text.trim_end().ends_with(['?', '？']);
    is_question.then(|| text.to_owned())
}

/// The comments that `html` consists of, `start` bytes into the document; `None` where it is more.
fn comments(html: &str, start: usize) -> Option<Vec<Span>> {
    let mut found = Vec::new();
    let mut rest = html;
    while !rest.is_empty() {
        let inside = rest.strip_prefix("<!--")?;
        let len = inside.find("-->").map_or(rest.len(), |at| at + 7);
        let at = start + (html.len() - rest.len());
        found.push(Span::new(at, at + len));
        rest = rest[len..].trim_start();
    }
    Some(found)
}
