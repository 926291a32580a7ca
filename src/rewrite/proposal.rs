//! What may be written in the place of one broken claim: candidates, or why there are none.

use std::borrow::Cow;

use super::lines::{self, Care};
use super::place::Pieces;
use super::wording::{output_len, without_addresses, wordings};
use super::{Edit, Reason, Runs};
use crate::claim::value;
use crate::claim::{Claim, ClaimKind, Evidence, Expected, NAMED_PARTS, Subject};
use crate::compare::{ClaimVerdict, JudgedClaim};
use crate::document::Document;
use crate::observation::{Emission, Ending, Exception, Observation, Stream};
use crate::text::{LineNumber, Span};

/// The longest value in a comment, in characters; a longer one only where one stood already.
const COMMENT_MAX: usize = 100;

/// The most lines of a value in comments, on the same terms.
const COMMENT_LINES_MAX: usize = 30;

/// The longest line of output, in characters, on the same terms.
const OUTPUT_MAX: usize = 1_000;

/// The most lines of output, on the same terms.
const OUTPUT_LINES_MAX: usize = 400;

/// One way to write what is true.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    /// The changes.
    pub edits: Vec<Edit>,
    /// Whether the claim may end up less firm than it was.
    pub may_weaken: bool,
}

/// The ways to write what is true in the place of `judged`, the best first.
pub(super) fn candidates(
    document: &Document,
    judged: &JudgedClaim,
    runs: &Runs,
) -> Result<Vec<Candidate>, Reason> {
    let claim = &judged.claim;
    may_touch(judged, runs)?;
    let actual = &*meant(judged, &runs.first)?;
    let texts = match &claim.expected {
        Expected::Exception(_) => return exception(document, judged, &runs.first),
        _ if exception_shown(claim, actual, &runs.first).is_some() => return Err(Reason::Raised),
        Expected::Text { text, .. } if text.contains('\n') => {
            let lines: Vec<&str> = text.lines().collect();
            return in_lines(document, claim, &lines, actual, text);
        }
        Expected::Output(text) => {
            let lines: Vec<&str> = text.lines().collect();
            return in_lines(document, claim, &lines, actual, text.trim_end());
        }
        Expected::Text { value_len, .. } => one_line(document, claim, *value_len, actual)?,
    };
    finished(texts)
}

/// Whether the claim is one that may be rewritten at all.
fn may_touch(judged: &JudgedClaim, runs: &Runs) -> Result<(), Reason> {
    let claim = &judged.claim;
    let has_ended = match claim.subject {
        Subject::Block => matches!(runs.first.ending, Ending::Finished | Ending::Exited { .. }),
        Subject::Statement { .. } => true,
    };
    let is_nothing = judged
        .actual
        .as_deref()
        .is_none_or(|shown| shown.trim().is_empty());
    let announces = matches!(claim.expected, Expected::Exception(_));
    match () {
        () if judged.verdict != ClaimVerdict::Broken => Err(Reason::Undecided),
        // The names would be lost.
        () if claim.rule == NAMED_PARTS => Err(Reason::NoPlace),
        () if claim.evidence == Evidence::Weak || claim.scope.is_some() => Err(Reason::Weak),
        () if claim.evidence == Evidence::Unmarked && !is_like(judged) => Err(Reason::Weak),
        () if runs.again.is_empty() => Err(Reason::SeenOnce),
        () if !has_ended => Err(Reason::DidNotEnd),
        () if is_nothing && !announces => Err(Reason::NothingShown),
        () => Ok(()),
    }
}

/// Whether unmarked text is so like what was shown that it can be nothing else.
fn is_like(judged: &JudgedClaim) -> bool {
    const LIKE: f32 = 0.6;
    const LEN_MAX: usize = 400;
    let text = judged.claim.text.trim();
    let actual = judged.actual.as_deref().unwrap_or_default();
    let count = |signs: &[char]| text.matches(signs).count();
    text.len() <= LEN_MAX
        && actual.len() <= LEN_MAX
        && count(&['[', '(', '{']) == count(&[']', ')', '}'])
        && similar::TextDiff::from_chars(text, actual).ratio() >= LIKE
}

/// What the comment should say: what was shown, or what of it, or beside it, is meant.
fn meant<'a>(
    judged: &'a JudgedClaim,
    observation: &'a Observation,
) -> Result<Cow<'a, str>, Reason> {
    let shown = judged.actual.as_deref().unwrap_or_default();
    let Subject::Statement {
        first,
        last,
        is_print,
        ..
    } = judged.claim.subject
    else {
        return Ok(Cow::Borrowed(shown));
    };
    if judged.claim.kind != ClaimKind::Comment {
        return Ok(Cow::Borrowed(shown));
    }
    if judged.claim.text.contains('\n') {
        // The same number of lines may have been compared with what was printed above as well.
        let own = printed(observation, first, last);
        let is_part = !own.trim().is_empty() && shown.ends_with(own.trim_end());
        return Ok(if is_part {
            Cow::Owned(own)
        } else {
            Cow::Borrowed(shown)
        });
    }
    if is_print {
        return Ok(Cow::Borrowed(shown));
    }
    value_meant(judged, shown, observation, first).map(Cow::Borrowed)
}

/// What the statement on these lines wrote to standard output, without white space at line ends.
fn printed(observation: &Observation, first: LineNumber, last: LineNumber) -> String {
    let is_own = |emission: &&Emission| {
        let is_there = |line: LineNumber| (first..=last.max(first)).contains(&line);
        emission.stream == Stream::Stdout
            && (emission.statement == Some(first) || emission.line.is_some_and(is_there))
    };
    let all: String = observation
        .emissions
        .iter()
        .filter(is_own)
        .map(|emission| emission.text.as_str())
        .collect();
    let lines: Vec<&str> = all.trim_end().split('\n').map(str::trim_end).collect();
    lines.join("\n")
}

/// Of a statement that shows one thing and has another for its value the one that is like what stands there.
fn value_meant<'a>(
    judged: &JudgedClaim,
    shown: &'a str,
    observation: &'a Observation,
    first: LineNumber,
) -> Result<&'a str, Reason> {
    let last = |is_subject| {
        let computed = observation.computed.iter().rev();
        let mut own = computed.filter(|one| one.line == first && one.is_subject == is_subject);
        own.next()
            .map(|one| one.repr.as_str())
            .filter(|repr| *repr != "None")
    };
    let is_shown = |repr: Option<&str>| repr.is_none_or(|repr| repr == shown);
    let (own, subject) = (last(false), last(true));
    let Some(other) = own
        .or(subject)
        .filter(|_| !is_shown(own) || !is_shown(subject))
    else {
        return Ok(shown);
    };
    let kind = |text: &str| value::whole(text).map(|value| std::mem::discriminant(&value));
    let stated = kind(&judged.expected);
    let has_kind = |text: &str| stated.is_some() && kind(text) == stated;
    let is_printed = Some(shown) != own && Some(shown) != subject;
    match (has_kind(other), has_kind(shown)) {
        (true, false) => Ok(other),
        (false, true) => Ok(shown),
        // Text can only be what was printed.
        (false, false) if stated.is_none() => Ok(shown),
        // `sorted(xs)  # [1, 2]` is about the result, if it may be about `xs`.
        (true, true) if !is_printed => Ok(other),
        _ if Some(shown) == own => Ok(shown),
        _ => Err(Reason::Ambiguous),
    }
}

fn finished(texts: Vec<Vec<Edit>>) -> Result<Vec<Candidate>, Reason> {
    let with = |may_weaken| {
        texts.iter().map(move |edits| Candidate {
            edits: edits.clone(),
            may_weaken,
        })
    };
    let all: Vec<Candidate> = with(false).chain(with(true)).collect();
    match all.is_empty() {
        true => Err(Reason::NoPlace),
        false => Ok(all),
    }
}

/// A value on one line: in a comment, or between back-ticks.
fn one_line(
    document: &Document,
    claim: &Claim,
    value_len: Option<usize>,
    actual: &str,
) -> Result<Vec<Vec<Edit>>, Reason> {
    let text = document
        .text
        .get(claim.span.range())
        .ok_or(Reason::NoPlace)?;
    let len = match (value_len, claim.kind) {
        (Some(_), _) | (_, ClaimKind::Prose) => text.len(),
        (None, _) => output_len(text, actual),
    };
    let old = text.get(..len).ok_or(Reason::NoPlace)?.trim_end();
    let span = Span::new(claim.span.start, claim.span.start + old.len());
    let mut found = Vec::new();
    let mut refusal = Reason::NoPlace;
    let is_alone = len == text.len();
    let before = document.text.get(..claim.span.start).unwrap_or_default();
    let is_code = claim.kind != ClaimKind::Prose || before.trim_end().ends_with('`');
    for wording in wordings(old, &without_addresses(actual)) {
        // Outside back-ticks these mean something in Markdown.
        if !is_code && wording.contains(['*', '_', '[', ']', '<', '>', '~', '\\', '&']) {
            refusal = Reason::ForeignCharacters;
            continue;
        }
        if wording.contains('\n') {
            refusal = Reason::SeveralLines;
            let lines: Vec<&str> = wording.lines().collect();
            let steps = is_alone.then(|| lines::steps(&[old], &lines, Care::Nothing));
            let pieces = Pieces::new(document, span, &[old]);
            let edits = pieces
                .zip(steps.flatten())
                .and_then(|(pieces, steps)| pieces.edits(&steps));
            if let Some(edits) = edits
                && writable(&wording, 1, old, claim.kind).is_ok()
            {
                found.push(edits);
            }
            continue;
        }
        match writable(&wording, 1, old, claim.kind) {
            Ok(()) => found.push(vec![Edit::new(span, &wording)]),
            Err(reason) => refusal = reason,
        }
    }
    match found.is_empty() {
        true => Err(refusal),
        false => Ok(found),
    }
}

/// Lines of output, or a value on several comment lines.
fn in_lines(
    document: &Document,
    claim: &Claim,
    lines: &[&str],
    actual: &str,
    old: &str,
) -> Result<Vec<Candidate>, Reason> {
    let pieces = Pieces::new(document, claim.span, lines).ok_or(Reason::NoPlace)?;
    let actual = without_addresses(actual);
    let mut wanted: Vec<(String, Care)> = Vec::new();
    if matches!(claim.expected, Expected::Text { .. }) {
        // One value over several lines.
        let merged = wordings(old, &actual).into_iter().next();
        wanted.extend(merged.map(|text| (text, Care::Nothing)));
    }
    for care in [Care::Values, Care::Lines, Care::Nothing] {
        wanted.push((actual.clone(), care));
    }
    let mut found: Vec<Vec<Edit>> = Vec::new();
    let mut refusal = Reason::NoPlace;
    for (text, care) in wanted {
        if let Err(reason) = writable(&text, lines.len(), old, claim.kind) {
            refusal = reason;
            continue;
        }
        let marked = with_blank_lines(&text, claim.kind, lines);
        let new: Vec<&str> = marked.iter().map(String::as_str).collect();
        let steps = lines::steps(lines, &new, care);
        match steps.and_then(|steps| pieces.edits(&steps)) {
            Some(edits) if !edits.is_empty() && !found.contains(&edits) => found.push(edits),
            Some(_) => {}
            None => refusal = Reason::LeftOutLines,
        }
    }
    match found.is_empty() {
        true => Err(refusal),
        false => finished(found),
    }
}

/// The lines of `text`; in a session an empty one is marked as doctest wants it, unless the document
/// has bare ones.
fn with_blank_lines(text: &str, kind: ClaimKind, old: &[&str]) -> Vec<String> {
    let has_bare = old.iter().any(|line| line.trim().is_empty());
    let is_marked = kind == ClaimKind::Session && !has_bare;
    text.lines()
        .map(|line| match line.trim().is_empty() && is_marked {
            true => "<BLANKLINE>".to_owned(),
            false => line.to_owned(),
        })
        .collect()
}

/// Whether a text belongs into a document, in the place of `old`, which has so many lines.
fn writable(text: &str, old_lines: usize, old: &str, kind: ClaimKind) -> Result<(), Reason> {
    let is_output = matches!(kind, ClaimKind::Session | ClaimKind::Output);
    let (len_max, lines_max) = match is_output {
        true => (OUTPUT_MAX, OUTPUT_LINES_MAX),
        false => (COMMENT_MAX, COMMENT_LINES_MAX),
    };
    let longest = |text: &str| text.lines().map(|line| line.chars().count()).max();
    let longest_old = longest(old).unwrap_or_default();
    let is_foreign = |c: char| {
        (c.is_control() && !matches!(c, '\t' | '\n'))
            || matches!(
                c,
                '\u{fffd}' | '\u{feff}' | '\u{200b}' | '\u{2028}' | '\u{2029}'
            )
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    // What Markdown, a session or a site generator would take for its own.
    let is_markup = |line: &str| {
        let line = line.trim_start();
        ["```", "~~~", ">>>", "--8<--"]
            .iter()
            .any(|start| line.starts_with(start))
    };
    match () {
        () if longest(text).unwrap_or_default() > len_max.max(longest_old) => Err(Reason::TooLong),
        () if text.lines().count() > lines_max.max(old_lines) => Err(Reason::TooLong),
        () if text.contains(is_foreign) => Err(Reason::ForeignCharacters),
        () if kind == ClaimKind::Prose && text.contains(['`', '|', '\n']) => {
            Err(Reason::ForeignCharacters)
        }
        () if is_output && text.lines().any(is_markup) => Err(Reason::ForeignCharacters),
        () if text.contains("/snipcheck-") => Err(Reason::OfThisMachine),
        () => Ok(()),
    }
}

/// An announced exception: another type that was raised takes its place.
fn exception(
    document: &Document,
    judged: &JudgedClaim,
    observation: &Observation,
) -> Result<Vec<Candidate>, Reason> {
    let claim = &judged.claim;
    let actual = judged.actual.as_deref().unwrap_or_default();
    let raised = exception_shown(claim, actual, observation).ok_or(Reason::NothingRaised)?;
    let Expected::Exception(expected) = &claim.expected else {
        return Err(Reason::NoPlace);
    };
    let name = expected.type_name.as_deref().ok_or(Reason::NoPlace)?;
    let text = document
        .text
        .get(claim.span.range())
        .ok_or(Reason::NoPlace)?;
    let rest = text.strip_prefix(name).ok_or(Reason::NoPlace)?;
    let is_dotted = name.contains('.') || claim.kind == ClaimKind::Session;
    let last = raised.type_name.rsplit('.').next().unwrap_or_default();
    let new_name = if is_dotted {
        raised.type_name.as_str()
    } else {
        last
    };
    let name_span = Span::new(claim.span.start, claim.span.start + name.len());
    if expected.message.is_none() || raised.message.is_empty() && rest.trim().is_empty() {
        writable(new_name, 1, name, claim.kind)?;
        return finished(vec![vec![Edit::new(name_span, new_name)]]);
    }
    let rest = rest.trim_end();
    let message_start = rest.len() - rest.trim_start_matches([':', ' ']).len();
    let message = rest.get(message_start..).unwrap_or_default();
    let len = output_len(message, &raised.message);
    let old = message.get(..len).unwrap_or_default().trim_end();
    let start = name_span.end + message_start;
    let span = Span::new(start, start + old.len());
    if raised.message.contains('\n') || old.contains('\n') || raised.message.is_empty() {
        return Err(Reason::SeveralLines);
    }
    writable(&raised.message, 1, old, claim.kind)?;
    finished(vec![vec![
        Edit::new(name_span, new_name),
        Edit::new(span, &raised.message),
    ]])
}

/// The exception that `actual` shows, if one passed through what the claim is about.
fn exception_shown<'o>(
    claim: &Claim,
    actual: &str,
    observation: &'o Observation,
) -> Option<&'o Exception> {
    let is_there = |line: &LineNumber| match claim.subject {
        Subject::Statement { first, last, .. } => (first..=last.max(first)).contains(line),
        Subject::Block => true,
    };
    let watched = observation
        .raised
        .iter()
        .filter(|raised| is_there(&raised.line));
    let last = observation
        .exception
        .iter()
        .filter(|exception| exception.lines.iter().any(is_there));
    let mut all = watched.map(|raised| &raised.exception).chain(last);
    all.find(|exception| {
        let Exception {
            type_name, message, ..
        } = exception;
        match message.is_empty() {
            true => actual == type_name,
            false => {
                actual
                    .strip_prefix(type_name.as_str())
                    .and_then(|rest| rest.strip_prefix(": "))
                    == Some(message)
            }
        }
    })
}
