//! The code blocks of a document, with their lines mapped back to the file.
//!
//! In goes a [`Document`], out come its [`Block`]s in document order and whatever is wrong with the
//! Markdown: `mask` prepares the text, `reader` walks the events of pulldown-cmark (its only user),
//! `info` reads info strings, `id` names the blocks. Nothing here knows Python beyond prompts.

mod id;
mod info;
mod mask;
mod passage;
mod reader;

use std::borrow::Cow;
use std::fmt;

use self::id::Naming;
pub use self::info::{Attribute, comment_text, own_text, words};
pub use self::passage::{CODE, InlineCode, Passage};
use self::reader::RawBlock;
use crate::document::Document;
use crate::problem::Problem;
use crate::text::{LineNumber, Span};

/// Names a block for good: heading slug and a given name or an ordinal, such as `reference-model/1`.
///
/// Unique in its document and never made of line numbers, so that editing prose keeps it.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct BlockId(pub String);

impl fmt::Display for BlockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How a block stands in the Markdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Between fences (CommonMark 0.31, section 4.5).
    Fenced,
    /// Indented by four columns (section 4.4).
    Indented,
}

/// What the info string says the block holds; the content may say otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tag {
    /// Python under any of its names: `python`, `py`, `python3`, `{.python …}`, `pycon` …
    Python,
    /// No info string, or an indented block.
    None,
    /// A name for output or a terminal: `text`, `console`, `output`, `sh`, `bash` …; lower case.
    Output(String),
    /// Any other language; lower case.
    Other(String),
}

/// What stands between a block and the one before it, in the same container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gap {
    /// The block is the first of its container, or a heading, a rule or more than one paragraph stands between.
    Far,
    /// Nothing but blank lines and HTML comments.
    Adjacent,
    /// One paragraph: its text as written (a possible lead-in such as `**Output:**`) and its place.
    Paragraph(Span),
}

/// One line of a block's code and where it stands in the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeLine {
    /// The line in the document.
    pub line: LineNumber,
    /// Offset in [`Block::code`] of the line's first byte.
    pub code_start: usize,
    /// The same line in the document, without prefix, removed indentation and line end.
    ///
    /// It equals the code line but for `inserted`.
    pub span: Span,
    /// Spaces at the start of the code line that are not in `span`: what a container left of a tab
    /// that it cut in two (CommonMark 0.31, section 2.2). Nearly always 0.
    pub inserted: usize,
}

/// One code block of a document.
#[derive(Clone, Debug)]
pub struct Block {
    /// Its lasting name.
    pub id: BlockId,
    /// How it stands in the Markdown.
    pub form: Form,
    /// What the info string says it holds.
    pub tag: Tag,
    /// The info string as written, white space trimmed; empty for an indented block.
    pub info: String,
    /// The headings above it, outermost first, as plain text.
    pub heading: Vec<String>,
    /// The whole block with its fences.
    pub span: Span,
    /// The code: container prefixes removed, lines ended by `\n`. Python and sessions lose a uniform
    /// indentation too; output keeps it, since it is compared exactly.
    pub code: String,
    /// The lines of `code`; the same number as `code.lines()`.
    pub lines: Vec<CodeLine>,
    /// What stands between this block and the one before it.
    pub gap: Gap,
    /// The paragraph right before it in the same container.
    pub lead: Option<Span>,
    /// HTML comments that stand right before the block (only blank lines between), in order.
    pub comments: Vec<Span>,
}

impl Block {
    /// Whether the block holds a `>>>` session, under whatever tag: its first line of code, blank
    /// lines and comments aside, is a prompt.
    ///
    /// A script with `>>>` further down (in a docstring, or as a sign before output) is none.
    pub fn is_session(&self) -> bool {
        starts_with_prompt(self.code.lines(), is_prompt)
    }

    /// Whether the block holds an IPython session: its first line of code is an `In [1]:`.
    pub fn is_ipython(&self) -> bool {
        starts_with_prompt(self.code.lines(), is_ipython_prompt)
    }

    /// The words of the info string beside the language, in order.
    pub fn attributes(&self) -> Vec<Attribute<'_>> {
        info::attributes(&self.info)
    }

    /// The document line of the first line of code (of the block's start where it is empty).
    pub fn first_line(&self, document: &Document) -> LineNumber {
        match self.lines.first() {
            Some(line) => line.line,
            None => document.index.line(self.span.start),
        }
    }

    /// The document line of the last line of code.
    pub fn last_line(&self, document: &Document) -> LineNumber {
        match self.lines.last() {
            Some(line) => line.line,
            None => document.index.line(self.span.start),
        }
    }

    /// The place in the document of the byte at `offset` of [`Block::code`].
    pub fn document_offset(&self, offset: usize) -> usize {
        let index = self
            .lines
            .partition_point(|line| line.code_start <= offset)
            .saturating_sub(1);
        match self.lines.get(index) {
            Some(line) => {
                let in_line = offset.saturating_sub(line.code_start + line.inserted);
                (line.span.start + in_line).min(line.span.end)
            }
            None => self.span.start,
        }
    }

    /// The place in the document of a span of [`Block::code`].
    pub fn document_span(&self, span: Span) -> Span {
        let start = self.document_offset(span.start);
        Span::new(start, self.document_offset(span.end).max(start))
    }
}

/// What a document holds, as far as code goes.
#[derive(Clone, Debug)]
pub struct Contents {
    /// Its code blocks in order.
    pub blocks: Vec<Block>,
    /// Its paragraphs with code in them, or right before them, in order.
    pub passages: Vec<Passage>,
    /// Every HTML comment that is a block of its own, wherever it stands, in order.
    pub comments: Vec<Span>,
    /// What is wrong with its Markdown.
    pub problems: Vec<Problem>,
}

/// The code blocks of `document` in order, and what is wrong with its Markdown.
pub fn blocks(document: &Document) -> (Vec<Block>, Vec<Problem>) {
    let contents = contents(document);
    (contents.blocks, contents.problems)
}

/// The [`blocks`] of `document`, and what stands around them.
///
/// Beyond CommonMark it finds the fences in mkdocs admonitions and tabs, those that follow HTML
/// such as `<summary>` without a blank line, and those indented so far that they became indented
/// code. Code in HTML (`<pre><code>`) is not extracted: its text is escaped and its line breaks
/// are the browser's affair.
pub fn contents(document: &Document) -> Contents {
    let masked = mask::mask(document);
    let found = reader::read(document, &masked);
    let mut namings = Vec::with_capacity(found.blocks.len());
    let mut blocks = Vec::with_capacity(found.blocks.len());
    for raw in found.blocks {
        let section = raw.section;
        let block = assemble(document, raw, found.sections.path(section));
        namings.push(Naming {
            section,
            name: given_name(document, &block),
            is_runnable: block.tag == Tag::Python || block.is_session() || block.is_ipython(),
        });
        blocks.push(block);
    }
    let ids = id::ids(&found.sections, &namings);
    for (block, id) in blocks.iter_mut().zip(ids) {
        block.id = BlockId(id);
    }
    let passages = found
        .passages
        .into_iter()
        .map(|(section, passage)| Passage {
            heading: found.sections.path(section),
            ..passage
        });
    Contents {
        passages: passages.collect(),
        blocks,
        comments: found.comments,
        problems: found.problems,
    }
}

/// The name in `name=…`, `id=…` or `{#…}`, of the info string or of a comment before the block.
fn given_name(document: &Document, block: &Block) -> Option<String> {
    let is_name = |attribute: &Attribute<'_>| matches!(attribute.key, "name" | "id");
    let named = block.attributes().into_iter().find(is_name);
    if let Some(named) = named {
        return Some(named.value.to_owned());
    }
    block.comments.iter().find_map(|&comment| {
        let (_, text) = comment_text(document.slice(comment));
        if let Some(label) = text.strip_prefix("phmdoctest-label ") {
            return Some(label.trim().to_owned());
        }
        let (_, said) = own_text(text)?;
        let mut said = words(said).into_iter().map(|(_, word)| word);
        said.find(is_name).map(|named| named.value.to_owned())
    })
}

/// Puts a block's code together; its id is still empty.
fn assemble(document: &Document, raw: RawBlock, heading: Vec<String>) -> Block {
    let tag = info::tag(&raw.info);
    let texts: Vec<Cow<'_, str>> = raw
        .lines
        .iter()
        .map(|line| match document.slice(line.span) {
            text if line.inserted == 0 => Cow::Borrowed(text),
            text => Cow::Owned(" ".repeat(line.inserted) + text),
        })
        .collect();
    let margin = match has_free_margin(&tag, &texts) {
        true => uniform_margin(&texts),
        false => "",
    };
    let mut code = String::new();
    let mut lines = Vec::with_capacity(texts.len());
    for (line, text) in raw.lines.iter().zip(&texts) {
        let removed = common_prefix_len(text, margin);
        lines.push(CodeLine {
            line: document.index.line(line.span.start),
            code_start: code.len(),
            span: Span::new(
                line.span.start + removed.saturating_sub(line.inserted),
                line.span.end,
            ),
            inserted: line.inserted.saturating_sub(removed),
        });
        code.push_str(&text[removed..]);
        code.push('\n');
    }
    Block {
        id: BlockId(String::new()),
        form: raw.form,
        tag,
        info: raw.info,
        heading,
        span: raw.span,
        code,
        lines,
        gap: raw.gap,
        lead: raw.lead,
        comments: raw.comments,
    }
}

/// Whether a uniform indentation means nothing: in code, but not in output, which is compared exactly.
fn has_free_margin(tag: &Tag, lines: &[Cow<'_, str>]) -> bool {
    let trimmed = || lines.iter().map(|line| line.trim_start());
    *tag == Tag::Python
        || starts_with_prompt(trimmed(), is_prompt)
        || starts_with_prompt(trimmed(), is_ipython_prompt)
}

/// The indentation of the first line that is not blank, if every such line starts with it.
fn uniform_margin<'a>(lines: &'a [Cow<'_, str>]) -> &'a str {
    let mut texts = lines.iter().filter(|line| !line.trim().is_empty());
    let Some(first) = texts.next() else {
        return "";
    };
    let indent = first.len() - first.trim_start_matches([' ', '\t']).len();
    let margin = &first[..indent];
    match texts.all(|line| line.starts_with(margin)) {
        true => margin,
        false => "",
    }
}

/// How many bytes `line` and `margin` (ASCII) have in common at their starts.
fn common_prefix_len(line: &str, margin: &str) -> usize {
    let pairs = line.bytes().zip(margin.bytes());
    pairs.take_while(|(a, b)| a == b).count()
}

/// Whether the first of `lines` that is neither blank nor a comment is a prompt.
fn starts_with_prompt<'a>(
    mut lines: impl Iterator<Item = &'a str>,
    is_prompt: fn(&str) -> bool,
) -> bool {
    let code = lines.find(|line| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with('#')
    });
    code.is_some_and(is_prompt)
}

/// `>>>`, alone or before code; `>>>x` too, since no Python statement starts like that.
fn is_prompt(line: &str) -> bool {
    line.strip_prefix(">>>")
        .is_some_and(|rest| !rest.starts_with('>'))
}

/// `In [1]:` or `In []:`.
fn is_ipython_prompt(line: &str) -> bool {
    let Some((number, _)) = line
        .strip_prefix("In [")
        .and_then(|rest| rest.split_once("]:"))
    else {
        return false;
    };
    number.chars().all(|c| c.is_ascii_digit() || c == ' ')
}
