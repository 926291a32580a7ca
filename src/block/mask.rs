//! Makes what authors mean visible to a CommonMark parser without moving a byte.
//!
//! The masked text has the length of the document's, so every offset in it is an offset in the
//! document. It differs where CommonMark alone would lose code:
//!
//! ```text
//! front matter                  blank lines
//! lone carriage return          line feed
//! !!! note   === "Tab"          "-   x": the bodies, indented by four, are list items then
//! <summary>Answer</summary>     blank, where a fence follows at once: an HTML block ends at a blank line
//! ```` and a tab                ```` and a space: the parser lets only spaces follow a closing fence
//! ```
//!
//! The scanner below knows containers only roughly. That is enough: code is always read from the
//! document, and a wrong guess blanks at most a line of HTML before a fence.

use std::borrow::Cow;

use crate::document::Document;
use crate::text::{LineNumber, Span};

/// A document's text as the parser shall see it.
pub(super) struct Masked<'d> {
    /// As many bytes as the document's text.
    pub(super) text: Cow<'d, str>,
    /// Runs of HTML lines that were blanked, in order.
    pub(super) hidden: Vec<Span>,
}

/// Masks `document`.
pub(super) fn mask(document: &Document) -> Masked<'_> {
    let mut scanner = Scanner {
        document,
        state: State::Text { after_text: false },
        edits: Vec::new(),
        hidden: Vec::new(),
    };
    if let Some(span) = document.front_matter {
        scanner.edits.push(Edit::Blank(span));
    }
    let body = document.front_matter.map_or(0, |span| span.end);
    let first = document.index.line(body).get();
    for number in first..=document.index.line_count() {
        let line = document.line_span(LineNumber::new(number));
        if line.start >= body {
            scanner.scan(LineNumber::new(number), line);
        }
    }
    let text = apply(&document.text, &scanner.edits);
    Masked {
        text,
        hidden: scanner.hidden,
    }
}

/// A change that keeps every offset.
enum Edit {
    /// Spaces for everything but line ends.
    Blank(Span),
    /// A list marker, one letter and spaces.
    ListItem(Span),
    /// One letter and spaces.
    Word(Span),
}

fn apply<'d>(text: &'d str, edits: &[Edit]) -> Cow<'d, str> {
    let bytes = text.as_bytes();
    let is_lone = |at: usize| bytes[at] == b'\r' && bytes.get(at + 1) != Some(&b'\n');
    let has_lone = (0..bytes.len()).any(is_lone);
    if edits.is_empty() && !has_lone {
        return Cow::Borrowed(text);
    }
    let mut masked = bytes.to_vec();
    for edit in edits {
        let (span, start) = match *edit {
            Edit::Blank(span) => (span, &b""[..]),
            Edit::ListItem(span) => (span, &b"-   x"[..]),
            Edit::Word(span) => (span, &b"x"[..]),
        };
        let part = &mut masked[span.range()];
        for byte in part.iter_mut().filter(|byte| !b"\r\n".contains(byte)) {
            *byte = b' ';
        }
        for (byte, &letter) in part.iter_mut().zip(start) {
            *byte = letter;
        }
    }
    for at in (0..bytes.len()).filter(|&at| is_lone(at)) {
        masked[at] = b'\n';
    }
    String::from_utf8(masked).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// What the lines read so far leave open.
enum State {
    /// Nothing.
    Text {
        /// Whether the line above may be part of a paragraph.
        after_text: bool,
    },
    /// An HTML block; its lines that a fence would make blank, and whether the first keeps a list marker.
    Html(Vec<Edit>),
    /// A fence.
    Fence(Fence),
    /// HTML whose content is opaque up to this text, in lower case.
    Opaque(&'static str),
}

/// The beginning of a fenced block.
#[derive(Clone, Copy)]
pub(super) struct Fence {
    /// Backtick or tilde.
    pub(super) letter: u8,
    /// How many.
    pub(super) count: usize,
    /// How many `>` stand before it.
    quotes: usize,
    /// Bytes before it, where a list marker is among them.
    list_indent: usize,
}

impl Fence {
    /// The fence that `line` opens, leading white space removed.
    pub(super) fn open(line: &str) -> Option<Fence> {
        let (letter, count) = fence_run(line)?;
        let is_open = letter == b'~' || !line[count..].contains('`');
        is_open.then_some(Fence {
            letter,
            count,
            quotes: 0,
            list_indent: 0,
        })
    }

    /// Whether `line`, leading white space removed, closes this fence.
    pub(super) fn is_closed_by(&self, line: &str) -> bool {
        fence_run(line).is_some_and(|(letter, count)| {
            letter == self.letter && count >= self.count && line[count..].trim().is_empty()
        })
    }
}

/// The character and length of the three or more fence characters that `line` starts with.
fn fence_run(line: &str) -> Option<(u8, usize)> {
    let letter = *line.as_bytes().first()?;
    if !matches!(letter, b'`' | b'~') {
        return None;
    }
    let count = line.bytes().take_while(|&byte| byte == letter).count();
    (count >= 3).then_some((letter, count))
}

struct Scanner<'d> {
    document: &'d Document,
    state: State,
    edits: Vec<Edit>,
    hidden: Vec<Span>,
}

impl Scanner<'_> {
    fn scan(&mut self, number: LineNumber, span: Span) {
        let line = self.document.slice(span);
        let prefix = Prefix::of(line);
        let body = &line[prefix.len..];
        self.soften_trailing_tab(span, prefix.len, body);
        if let State::Fence(fence) = &self.state
            && !fence.is_left_by(line, &prefix)
        {
            let inner = match fence.quotes {
                0 => line.trim_start(),
                _ => &line[prefix.quote_len..],
            };
            if fence.is_closed_by(inner.trim_start()) {
                self.state = State::Text { after_text: false };
            }
            return;
        }
        if let State::Opaque(end) = self.state {
            if contains_ignoring_case(line, end) {
                self.state = State::Text { after_text: false };
            }
            return;
        }
        if let Some(fence) = Fence::open(body) {
            self.reveal();
            self.state = State::Fence(Fence {
                quotes: prefix.quotes,
                list_indent: match prefix.has_marker && prefix.quotes == 0 {
                    true => prefix.len,
                    false => 0,
                },
                ..fence
            });
            return;
        }
        self.scan_text(number, span, &prefix, body);
    }

    fn scan_text(&mut self, number: LineNumber, span: Span, prefix: &Prefix, body: &str) {
        if body.trim().is_empty() {
            self.state = State::Text { after_text: false };
            return;
        }
        let is_in_html = matches!(self.state, State::Html(_));
        if let Some(end) = opaque_end(body, is_in_html) {
            self.state = State::Opaque(end);
            return;
        }
        let at = Span::new(span.start + prefix.len, span.end);
        if !prefix.has_marker && is_admonition(body) && self.has_body(number, prefix.len) {
            self.edits.push(Edit::ListItem(at));
            self.state = State::Text { after_text: false };
            return;
        }
        match &mut self.state {
            State::Html(lines) => {
                let is_tag = body.starts_with('<') && !body.starts_with("<!--");
                if is_tag || (prefix.len >= 4 && !prefix.has_marker) {
                    lines.push(Edit::Blank(at));
                }
            }
            State::Text { after_text } => {
                let is_html = starts_html(body) || (!*after_text && is_lone_tag(body));
                self.state = match is_html {
                    true if prefix.has_marker => State::Html(vec![Edit::Word(at)]),
                    true => State::Html(vec![Edit::Blank(at)]),
                    false => State::Text { after_text: true },
                };
            }
            State::Fence(_) | State::Opaque(_) => {
                self.state = State::Text { after_text: true };
            }
        }
    }

    /// A fence follows: makes the HTML above it blank.
    fn reveal(&mut self) {
        let State::Html(lines) = &mut self.state else {
            return;
        };
        let spans = lines.iter().map(|edit| match *edit {
            Edit::Blank(span) | Edit::ListItem(span) | Edit::Word(span) => span,
        });
        if let Some(hidden) = spans.reduce(|all, span| Span::new(all.start, span.end)) {
            self.hidden.push(hidden);
        }
        self.edits.append(lines);
    }

    fn soften_trailing_tab(&mut self, span: Span, at: usize, body: &str) {
        if let Some((_, count)) = fence_run(body)
            && body[count..].contains('\t')
            && body[count..].trim().is_empty()
        {
            self.edits
                .push(Edit::Blank(Span::new(span.start + at + count, span.end)));
        }
    }

    /// Whether the next line that is not blank is indented by four columns more than `indent`.
    fn has_body(&self, marker: LineNumber, indent: usize) -> bool {
        // A body begins at most a few blank lines below; without a limit a document of markers and
        // blank lines would take quadratic time.
        const FARTHEST: usize = 8;
        (1..=FARTHEST)
            .map(|n| {
                let span = self.document.line_span(marker.plus(n));
                self.document.slice(span)
            })
            .find(|line| !line.trim().is_empty())
            .is_some_and(|line| indent_columns(line) >= indent + 4)
    }
}

impl Fence {
    /// Whether `line` lies outside the container that the fence stands in.
    fn is_left_by(&self, line: &str, prefix: &Prefix) -> bool {
        let is_blank = line.trim().is_empty();
        prefix.quotes < self.quotes || (!is_blank && indent_columns(line) < self.list_indent)
    }
}

/// What stands before the text of a line: white space, quote markers, list markers.
struct Prefix {
    /// How many `>`.
    quotes: usize,
    /// Bytes up to and with the last `>` and the space after it.
    quote_len: usize,
    /// Bytes before the text.
    len: usize,
    /// Whether a list marker is among them.
    has_marker: bool,
}

impl Prefix {
    fn of(line: &str) -> Prefix {
        let mut prefix = Prefix {
            quotes: 0,
            quote_len: 0,
            len: 0,
            has_marker: false,
        };
        loop {
            let rest = &line[prefix.len..];
            let text = rest.trim_start_matches([' ', '\t']);
            prefix.len += rest.len() - text.len();
            if text.starts_with('>') {
                prefix.quotes += 1;
                prefix.len += 1;
                prefix.quote_len = prefix.len;
            } else if let Some(len) = list_marker_len(text) {
                prefix.has_marker = true;
                prefix.len += len;
            } else {
                return prefix;
            }
        }
    }
}

/// Length of the list marker that `text` starts with (CommonMark 0.31, section 5.2).
fn list_marker_len(text: &str) -> Option<usize> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &text.as_bytes()[digits..];
    let is_marker = match rest.first()? {
        b'-' | b'+' | b'*' => digits == 0,
        b'.' | b')' => (1..=9).contains(&digits),
        _ => false,
    };
    (is_marker && matches!(rest.get(1), Some(b' ' | b'\t'))).then_some(digits + 1)
}

/// Columns of white space at the start of `line`; a tab goes to the next multiple of four.
fn indent_columns(line: &str) -> usize {
    let mut columns = 0;
    for byte in line.bytes() {
        match byte {
            b' ' => columns += 1,
            b'\t' => columns += 4 - columns % 4,
            _ => break,
        }
    }
    columns
}

/// Whether `body` is the marker line of a mkdocs admonition, foldable block or tab.
fn is_admonition(body: &str) -> bool {
    let body = body.trim_end();
    let is_title = |text: &str| text.len() >= 2 && text.starts_with('"') && text.ends_with('"');
    for marker in ["===+ ", "===! ", "=== "] {
        if let Some(title) = body.strip_prefix(marker) {
            return is_title(title.trim_start());
        }
    }
    ["!!! ", "???+ ", "??? "].iter().any(|marker| {
        let Some(rest) = body.strip_prefix(marker) else {
            return false;
        };
        let kinds = rest.find('"').unwrap_or(rest.len());
        let (kinds, title) = rest.split_at(kinds);
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ' ');
        kinds.starts_with(|c: char| c.is_ascii_alphanumeric())
            && kinds.chars().all(is_word)
            && (title.is_empty() || is_title(title))
    })
}

/// The text that ends the opaque HTML which `body` leaves open.
fn opaque_end(body: &str, is_in_html: bool) -> Option<&'static str> {
    if let Some(at) = body.rfind("<!--")
        && (is_in_html || body.starts_with("<!--"))
        && !body[at..].contains("-->")
    {
        return Some("-->");
    }
    const RAW: [(&str, &str); 4] = [
        ("pre", "</pre>"),
        ("script", "</script>"),
        ("style", "</style>"),
        ("textarea", "</textarea>"),
    ];
    let name = tag_name(body)?;
    let (_, end) = RAW.iter().find(|(raw, _)| name.eq_ignore_ascii_case(raw))?;
    let is_open = body.starts_with('<') && !body.starts_with("</");
    (is_open && !contains_ignoring_case(body, end)).then_some(end)
}

/// `needle` is in lower case and ASCII.
fn contains_ignoring_case(text: &str, needle: &str) -> bool {
    text.as_bytes()
        .windows(needle.len())
        .any(|part| part.eq_ignore_ascii_case(needle.as_bytes()))
}

/// The name of the tag that `body` starts with.
fn tag_name(body: &str) -> Option<&str> {
    let rest = body.strip_prefix('<')?;
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    let len = rest
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .unwrap_or(rest.len());
    let (name, after) = rest.split_at(len);
    let is_tag = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && (after.is_empty() || after.starts_with([' ', '\t', '>', '/']));
    is_tag.then_some(name)
}

/// Whether `body` starts an HTML block that may interrupt a paragraph (section 4.6, kind 6).
fn starts_html(body: &str) -> bool {
    const BLOCK_TAGS: [&str; 62] = [
        "address",
        "article",
        "aside",
        "base",
        "basefont",
        "blockquote",
        "body",
        "caption",
        "center",
        "col",
        "colgroup",
        "dd",
        "details",
        "dialog",
        "dir",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "frame",
        "frameset",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "head",
        "header",
        "hr",
        "html",
        "iframe",
        "legend",
        "li",
        "link",
        "main",
        "menu",
        "menuitem",
        "nav",
        "noframes",
        "ol",
        "optgroup",
        "option",
        "p",
        "param",
        "search",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "title",
        "tr",
        "track",
        "ul",
    ];
    tag_name(body).is_some_and(|name| BLOCK_TAGS.iter().any(|tag| name.eq_ignore_ascii_case(tag)))
}

/// Whether `body` is one tag and nothing else (section 4.6, kind 7).
fn is_lone_tag(body: &str) -> bool {
    let body = body.trim_end();
    tag_name(body).is_some() && body.find('>') == Some(body.len() - 1)
}
