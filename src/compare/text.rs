//! When a comment's text agrees with what Python showed: as it stands, with a remark after it, or
//! under a named tolerance.
//!
//! One function, [`agree`]; it knows nothing of where the actual text came from.

use super::number;
use super::remark::{self, After};
use super::same::{self, same};
use super::tolerance::{Likeness, Tolerance};
use crate::claim::value::{self, Value};

/// What a comment says, as `claim` read it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said<'a> {
    /// The rest of the comment behind sign and lead word.
    pub text: &'a str,
    /// The same with the lead word.
    pub with_lead: Option<&'a str>,
    /// Length of the value at the start of `text`.
    pub value_len: Option<usize>,
    /// Whether it calls itself approximate.
    pub is_approximate: bool,
    /// Whether words behind the value limit it.
    pub is_scoped: bool,
}

impl<'a> Said<'a> {
    /// The value as written, or the whole text.
    pub(super) fn expected(&self) -> &'a str {
        self.value().unwrap_or(self.text).trim()
    }

    fn value(&self) -> Option<&'a str> {
        self.value_len.and_then(|len| self.text.get(..len))
    }
}

/// How many places a text is cut at in search of a remark.
const CUT_LIMIT: usize = 8;

/// How closely the text agrees with `actual`; `None` where it does not.
pub(super) fn agree(said: &Said, actual: &str) -> Option<Likeness> {
    let actual = &tidy(actual);
    let text = said.text.trim();
    if actual.trim().is_empty() {
        let is_empty_string = value::whole(said.expected()) == Some(Value::Str(actual.clone()));
        return is_empty_string.then_some(Likeness::Under(Tolerance::QuotedString));
    }
    if stands_first(text, actual) {
        return Some(Likeness::Exact);
    }
    if said
        .with_lead
        .is_some_and(|lead| stands_first(lead.trim(), actual))
    {
        return Some(Likeness::Under(Tolerance::LeadWordInOutput));
    }
    if let Some(likeness) = said.value().and_then(|value| value_agrees(value, actual))
        && is_remark_or_nothing(said, text)
    {
        return Some(likeness);
    }
    let cut = || remark::heads(text).take(CUT_LIMIT);
    std::iter::once(text)
        .chain(cut())
        .find_map(|head| written_otherwise(head, actual))
        .or_else(|| {
            let lead = said.with_lead.map(str::trim)?;
            Some(written_otherwise(lead, actual)?.under(Tolerance::LeadWordInOutput))
        })
        .or_else(|| approximately(said, actual))
        .or_else(|| value_last(said, text, actual))
        .or_else(|| {
            std::iter::once(text)
                .chain(cut())
                .find_map(|head| one_of_values(head, actual))
        })
}

/// Words between values of which one is meant.
const OR: [&str; 3] = [" or ", " или ", " либо "];

/// `"bab" or "aba"`, where one of them was shown.
fn one_of_values(text: &str, actual: &str) -> Option<Likeness> {
    let or = OR.into_iter().find(|or| text.contains(or))?;
    let values: Vec<&str> = text
        .split(or)
        .map(|value| value.trim_end_matches(','))
        .collect();
    let likeness = values
        .iter()
        .find_map(|value| value_agrees(value, actual))?;
    values
        .iter()
        .all(|value| value::whole(value).is_some())
        .then_some(likeness.under(Tolerance::Alternative))
}

/// The actual text without white space at line ends and without final line ends.
pub(super) fn tidy(actual: &str) -> String {
    let lines: Vec<&str> = actual.split('\n').map(str::trim_end).collect();
    lines.join("\n").trim_end_matches('\n').to_owned()
}

/// White space runs as one space each.
pub(super) fn collapse(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether `text` is `actual`, or `actual` and then a remark.
fn stands_first(text: &str, actual: &str) -> bool {
    match text.strip_prefix(actual) {
        Some("") => true,
        Some(rest) => {
            let after = match value::whole(actual) {
                Some(_) => After::Value,
                None => After::Text,
            };
            remark::begins(rest, after) && !remark::is_all_values(text)
        }
        None => false,
    }
}

/// Whether what follows the value is no part of it.
fn is_remark_or_nothing(said: &Said, text: &str) -> bool {
    let rest = said
        .text
        .get(said.value_len.unwrap_or_default()..)
        .unwrap_or_default();
    rest.trim().is_empty()
        || said.is_scoped
        || is_worded(said, rest)
        || (remark::begins(rest, After::Value) && !remark::is_all_values(text))
}

/// Whether the value in front of the text is what was shown, whatever follows it.
pub(super) fn states(said: &Said, actual: &str) -> bool {
    let quoted = Likeness::Under(Tolerance::QuotedString);
    let is_value = said.value().is_some_and(|value| {
        value.len() < said.text.trim().len()
            && value_agrees(value, &tidy(actual)).is_some_and(|likeness| likeness != quoted)
    });
    is_value && !remark::is_all_values(said.text)
}

/// `[] and the key is there`: words right behind what only a value looks like.
fn is_worded(said: &Said, rest: &str) -> bool {
    let is_simple = matches!(
        value::whole(said.expected()),
        None | Some(Value::Number(_) | Value::Name(_))
    );
    let words = rest.strip_prefix(' ').unwrap_or_default();
    !is_simple && words.starts_with(char::is_alphabetic) && !has_alternative(said)
}

/// Whether an alternative follows the value: `[1] or [2]`.
pub(super) fn has_alternative(said: &Said) -> bool {
    let rest = said.text.get(said.value_len.unwrap_or_default()..);
    let rest = rest.unwrap_or_default().trim_start();
    ["or ", "или ", "либо ", "if ", "если "]
        .iter()
        .any(|word| rest.starts_with(word))
}

/// Compares a value as written with what was shown.
fn value_agrees(written: &str, actual: &str) -> Option<Likeness> {
    let written = written.trim();
    let expected = value::whole(written)?;
    if let Value::Str(content) = &expected
        && tidy(content) == actual
    {
        return Some(Likeness::Under(Tolerance::QuotedString));
    }
    match value::whole(actual) {
        Some(found) => same(&expected, &found)
            .map(|likeness| likeness.and(spelling(written, actual, likeness))),
        None => None,
    }
    .or_else(|| repr_of_printed(&expected, actual))
}

/// What differs between two spellings of one value.
fn spelling(written: &str, actual: &str, likeness: Likeness) -> Likeness {
    let without = |text: &str, extra: &[char]| -> String {
        text.chars()
            .filter(|c| !c.is_whitespace() && !extra.contains(c))
            .collect()
    };
    match () {
        () if likeness > Likeness::Exact || written == actual => Likeness::Exact,
        () if without(written, &[]) == without(actual, &[]) => Likeness::Under(Tolerance::Spacing),
        () if without(written, &[',']) == without(actual, &[',']) => {
            Likeness::Under(Tolerance::Commas)
        }
        () => Likeness::Under(Tolerance::Quotes),
    }
}

/// `Decimal('0.3')` for the printed `0.3`, `ValueError('bad')` for the printed `bad`.
fn repr_of_printed(expected: &Value, actual: &str) -> Option<Likeness> {
    let Value::Call(name, arguments) = expected else {
        return None;
    };
    let printed = match (
        name.rsplit('.').next().unwrap_or(name),
        arguments.as_slice(),
    ) {
        (_, [(None, Value::Str(content))]) => content.clone(),
        ("Fraction", [(None, Value::Number(above)), (None, Value::Number(below))]) => {
            format!("{above}/{below}")
        }
        _ => return None,
    };
    (printed == actual).then_some(Likeness::Under(Tolerance::ReprForStr))
}

/// The tolerances for a whole text, without a remark.
fn written_otherwise(text: &str, actual: &str) -> Option<Likeness> {
    if text.is_empty() {
        return None;
    }
    if let Some(likeness) = value_agrees(text, actual) {
        return Some(likeness);
    }
    let under = |is_so: bool, tolerance| is_so.then_some(Likeness::Under(tolerance));
    let actual_line = collapse(actual);
    let plain = remark::plain_quotes(text);
    let spaced = match actual.contains('\n') && !text.contains('\n') {
        true => Tolerance::JoinedLines,
        false => Tolerance::Spacing,
    };
    under(collapse(text) == actual_line, spaced)
        .or_else(|| {
            under(
                collapse(&plain) == collapse(&remark::plain_quotes(actual)),
                Tolerance::SmartQuotes,
            )
        })
        .or_else(|| {
            under(
                unquoted(&plain).is_some_and(|inner| inner == actual),
                Tolerance::SmartQuotes,
            )
        })
        .or_else(|| under(is_but_for_stop(text, actual), Tolerance::TrailingDot))
        .or_else(|| under(is_type_shorthand(text, actual), Tolerance::TypeShorthand))
        .or_else(|| masked(text, actual))
        .or_else(|| under(is_grouped(text, actual), Tolerance::NumberForm))
        .or_else(|| same_values(text, actual))
        .or_else(|| {
            under(
                same::matches_with_ellipsis(text, actual),
                Tolerance::Ellipsis,
            )
        })
        .or_else(|| {
            under(
                !actual.contains('\n') && is_comma_joined(text, &actual_line),
                Tolerance::CommaJoined,
            )
        })
        .or_else(|| lines_agree(text, actual))
        .or_else(|| under(is_joined_lines(text, actual), Tolerance::JoinedLines))
        .or_else(|| under(numbers_rounded(text, actual), Tolerance::FloatRounded))
        .or_else(|| line_end(text, actual))
        .or_else(|| under(is_named_exception(text, actual), Tolerance::ExceptionPrefix))
}

/// `ValueError: bad` for the printed `bad`.
fn is_named_exception(text: &str, actual: &str) -> bool {
    text.strip_suffix(actual)
        .and_then(|before| before.strip_suffix(": "))
        .is_some_and(|name| {
            ["Error", "Exception", "Warning"]
                .iter()
                .any(|end| name.ends_with(end))
                && name
                    .chars()
                    .all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
        })
}

/// `1,000,000` for the printed `1000000`.
fn is_grouped(text: &str, actual: &str) -> bool {
    let mut groups = text.trim_start_matches('-').split(',');
    let first = groups.next().unwrap_or_default();
    (1..=3).contains(&first.len())
        && text.contains(',')
        && groups.all(|group| group.len() == 3 && group.bytes().all(|b| b.is_ascii_digit()))
        && text.replace(',', "") == actual
}

/// The inside of a text in back-ticks, or in quotes that were typographic.
fn unquoted(text: &str) -> Option<&str> {
    ["`", "\"", "'"].iter().find_map(|quote| {
        text.strip_prefix(quote)?
            .strip_suffix(quote)
            .filter(|inner| !inner.is_empty())
    })
}

fn is_but_for_stop(text: &str, actual: &str) -> bool {
    text.strip_suffix('.') == Some(actual) || actual.strip_suffix('.') == Some(text)
}

pub(super) fn is_type_shorthand(text: &str, actual: &str) -> bool {
    actual
        .strip_prefix('<')
        .and_then(|rest| rest.strip_suffix('>'))
        .is_some_and(|angle| same::is_type_name(text, angle))
}

/// Equal but for memory addresses and `__main__.`, anywhere in the text.
fn masked(text: &str, actual: &str) -> Option<Likeness> {
    let unqualified = |text: &str| text.replace("__main__.", "");
    if unqualified(text) == unqualified(actual) {
        return Some(Likeness::Under(Tolerance::ModulePrefix));
    }
    if !(text.contains("at 0x") && actual.contains("at 0x")) {
        return None;
    }
    let without_addresses = |text: &str| {
        let mut parts = text.split("at 0x");
        let mut masked = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            masked.push_str("at 0x_");
            masked.push_str(part.trim_start_matches(|c: char| {
                c.is_ascii_hexdigit() || matches!(c, '.' | '…' | 'x')
            }));
        }
        unqualified(&masked)
    };
    (without_addresses(text) == without_addresses(actual))
        .then_some(Likeness::Under(Tolerance::Address))
}

/// Several values: those of a tuple without its brackets, or of a print of several.
fn same_values(text: &str, actual: &str) -> Option<Likeness> {
    let stated = sequence(text)?;
    if stated.len() < 2 {
        return None;
    }
    let found = match value::whole(actual) {
        Some(Value::Tuple(items)) if text.contains(',') => items,
        _ => sequence(actual)?,
    };
    if stated.len() != found.len() {
        return None;
    }
    let likeness = stated
        .iter()
        .zip(&found)
        .try_fold(Likeness::Exact, |all, (e, a)| Some(all.and(same(e, a)?)))?;
    let joined = if actual.contains('\n') {
        Tolerance::JoinedLines
    } else {
        Tolerance::CommaJoined
    };
    Some(likeness.under(joined))
}

/// Whether both texts are as many values, more than one, of the same kinds.
pub(super) fn are_alike_in_kind(text: &str, actual: &str) -> bool {
    let (Some(stated), Some(found)) = (sequence(text), sequence(actual)) else {
        return false;
    };
    let kind = std::mem::discriminant::<Value>;
    stated.len() > 1
        && stated.len() == found.len()
        && stated.iter().zip(&found).all(|(e, a)| kind(e) == kind(a))
}

/// The values of a text made of values, white space and commas.
fn sequence(text: &str) -> Option<Vec<Value>> {
    let mut values = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (value, len) = value::prefix(rest)?;
        values.push(value);
        rest = rest.get(len..).unwrap_or_default();
        let next = rest.trim_start();
        if next.len() == rest.len() && !next.is_empty() && !next.starts_with(',') {
            return None;
        }
        rest = next.strip_prefix(',').unwrap_or(next).trim_start();
    }
    Some(values)
}

/// `Alice, 30` for the printed `Alice 30`.
fn is_comma_joined(text: &str, actual_line: &str) -> bool {
    let pieces: Vec<&str> = text
        .split(", ")
        .map(|piece| unquoted(piece.trim()).unwrap_or(piece.trim()))
        .collect();
    pieces.len() > 1 && pieces.join(" ") == actual_line
}

/// Compares comment lines with output lines one by one.
fn lines_agree(text: &str, actual: &str) -> Option<Likeness> {
    if !text.contains('\n') {
        return None;
    }
    let (stated, found): (Vec<&str>, Vec<&str>) =
        (text.lines().collect(), actual.lines().collect());
    if stated.len() != found.len() {
        return None;
    }
    stated
        .iter()
        .zip(&found)
        .try_fold(Likeness::Exact, |all, (line, other)| {
            let (line, other) = (line.trim(), other.trim());
            let likeness = if stands_first(line, other) {
                Likeness::Exact
            } else {
                written_otherwise(line, other)?
            };
            Some(all.and(likeness))
        })
}

/// Several printed lines in one line of the comment, with something between them.
fn is_joined_lines(text: &str, actual: &str) -> bool {
    if !actual.contains('\n') || text.contains('\n') {
        return false;
    }
    let mut rest = text;
    for (index, line) in actual.lines().map(str::trim).enumerate() {
        let separated = after_joint(rest);
        if index > 0 && separated.len() == rest.len() {
            return false;
        }
        let quoted = ["'", "\"", ""].iter().find_map(|quote| {
            separated
                .strip_prefix(quote)?
                .strip_prefix(line)?
                .strip_prefix(quote)
        });
        match quoted {
            Some(behind) => rest = behind,
            None => return false,
        }
    }
    rest.is_empty()
}

/// The rest behind what may stand between lines written in one.
fn after_joint(text: &str) -> &str {
    let mut rest = text;
    loop {
        let before = rest.len();
        rest = rest.trim_start_matches(|c: char| {
            c.is_whitespace() || matches!(c, ',' | ';' | '/' | '|' | '→')
        });
        for joint in ["\\n", "->", "=>"] {
            rest = rest.strip_prefix(joint).unwrap_or(rest);
        }
        if rest.len() == before {
            return rest;
        }
    }
}

/// Equal but for floats that the text writes shorter.
fn numbers_rounded(text: &str, actual: &str) -> bool {
    if !text.contains('.') {
        return false;
    }
    let (stated, found) = (number::tokens(text), number::tokens(actual));
    stated.len() == found.len()
        && stated.len() > 1
        && stated
            .iter()
            .zip(&found)
            .all(|(e, a)| e == a || number::same(e, a).is_some())
}

/// `8` for the printed `max: 8`.
fn line_end(text: &str, actual: &str) -> Option<Likeness> {
    if actual.contains('\n') || text.contains('\n') {
        return None;
    }
    let is_value = value::whole(text).is_some();
    let inner = match value::whole(text) {
        Some(Value::Str(content)) => content,
        _ => text.to_owned(),
    };
    if let Some(before) = actual.strip_suffix(inner.as_str()) {
        // An empty string leaves the sign at the end of the line, without its space.
        let after_sign = ends_with_sign(before) || (inner.is_empty() && before.ends_with(':'));
        // `3 5` is not `5`: the print shows two values and the comment one.
        let last_word = before
            .trim_end()
            .rsplit(char::is_whitespace)
            .next()
            .unwrap_or_default();
        let after_word = is_value && before.ends_with(' ') && value::whole(last_word).is_none();
        return (after_sign || after_word).then_some(Likeness::Under(Tolerance::LineEnd));
    }
    let tails = actual
        .match_indices([':', '=', '>'])
        .filter_map(|(at, sign)| {
            let tail = actual.get(at + sign.len()..)?;
            (is_value && tail.starts_with(' ')).then(|| tail.trim())
        });
    tails
        .take(CUT_LIMIT)
        .find_map(|tail| value_agrees(text, tail))
        .map(|likeness| likeness.under(Tolerance::LineEnd))
}

fn ends_with_sign(before: &str) -> bool {
    [": ", "= ", "> ", "→ ", "— ", "=", ":\t"]
        .iter()
        .any(|sign| before.ends_with(sign))
}

/// Numbers near each other, where the claim calls itself approximate.
fn approximately(said: &Said, actual: &str) -> Option<Likeness> {
    let first_number = |text: &str| -> Option<String> {
        number::tokens(text)
            .into_iter()
            .find(|token| token.starts_with(|c: char| c.is_ascii_digit()))
            .map(str::to_owned)
    };
    let is_near =
        said.is_approximate && number::is_near(&first_number(said.text)?, &first_number(actual)?);
    is_near.then_some(Likeness::Under(Tolerance::Approximate))
}

/// `the rest is `, `получили `: few plain words that take nothing back.
fn is_in_few_words(before: &str) -> bool {
    const DENYING: &str = "not never no than without except instead unlike or from to \
        less more fewer most least меньше больше менее более \
        не нет кроме вместо без или чем от до";
    let words: Vec<&str> = before.split_whitespace().collect();
    let is_plain = |word: &&str| {
        let word = word.trim_end_matches([',', ':']);
        word.chars().all(char::is_alphabetic)
            && !DENYING
                .split_whitespace()
                .any(|other| other == word.to_lowercase())
    };
    before.ends_with(' ') && (1..=3).contains(&words.len()) && words.iter().all(is_plain)
}

/// `3 * 3 = 9` for the printed `9`, `slicing — [3, 4]` for the printed `[3, 4]`.
fn value_last(said: &Said, text: &str, actual: &str) -> Option<Likeness> {
    if said.value_len.is_some() || value::whole(actual).is_none() {
        return None;
    }
    let before = text.strip_suffix(actual)?;
    let after_equals = before.ends_with("= ") || before.ends_with("=> ");
    let after_sign = [": ", "— ", "– ", "- ", "-> ", "→ "]
        .iter()
        .any(|sign| before.ends_with(sign));
    (after_equals || is_in_few_words(before) || (after_sign && !remark::is_all_values(text)))
        .then_some(Likeness::Under(Tolerance::ValueLast))
}
