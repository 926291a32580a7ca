//! Tables whose head names a column of results: each row claims what its expression comes to.
//!
//! ```text
//! | Expression | Result |
//! |------------|--------|
//! | `7 // 2`   | `3`    |
//! ```

use super::joint::is_among;
use crate::block::{CODE, Passage};

/// An expression and the value beside it.
pub(super) struct Row {
    /// Where the expression's [`CODE`] stands in the passage.
    pub expression: usize,
    /// Where the value begins.
    pub value: usize,
    /// Where the value's cell ends.
    pub end: usize,
}

/// Heads of columns that hold results.
const RESULTS: &str = "result results output outputs value values returns evaluates prints gives returned answer \
    результат результаты вывод значение возвращает выведет ответ 结果 输出";

/// Words that may stand beside those in a head.
const BESIDE: &str = "return the to in of python is printed выражения вычисления будет что";

/// The rows of the table that `passage` is; `None` where it is none. A table without a column of results has no rows.
pub(super) fn rows(passage: &Passage) -> Option<Vec<Row>> {
    let mut lines = lines(&passage.text);
    let (head_start, head) = lines.next()?;
    let (_, delimiter) = lines.next()?;
    let is_delimiter = delimiter.contains('-')
        && delimiter.contains('|')
        && delimiter.chars().all(|c| "|-: \t".contains(c));
    if !is_delimiter {
        return None;
    }
    let head = cells(head_start, head);
    let is_result = |&(start, end): &(usize, usize)| is_result_head(&passage.text[start..end]);
    let Some(column) = head.iter().position(is_result) else {
        return Some(Vec::new());
    };
    let rows = lines.filter_map(|(start, line)| {
        let cells = cells(start, line);
        let (start, end) = *cells.get(column)?;
        let before = cells.get(..column)?;
        let mut expressions = before.iter().filter_map(|&cell| only_code(passage, cell));
        let expression = expressions.next()?;
        let text = passage.text.get(start..end)?;
        let value = start + (text.len() - text.trim_start().len());
        expressions.next().is_none().then_some(Row {
            expression,
            value,
            end,
        })
    });
    Some(rows.collect())
}

fn is_result_head(text: &str) -> bool {
    let mut words = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .peekable();
    let mut has_result = false;
    words.all(|word| {
        let is_result = is_among(RESULTS, &word);
        has_result |= is_result;
        is_result || is_among(BESIDE, &word)
    }) && has_result
}

/// The lines of `text` with the offsets of their starts.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split('\n').map(move |line| {
        let start = at;
        at += line.len() + 1;
        (start, line)
    })
}

/// The cells of a line that starts at `start`: where each begins and ends.
fn cells(start: usize, line: &str) -> Vec<(usize, usize)> {
    let inner = line.trim();
    let mut at = start + (line.len() - line.trim_start().len());
    let inner = match inner.strip_prefix('|') {
        Some(rest) => {
            at += 1;
            rest
        }
        None => inner,
    };
    let inner = inner.strip_suffix('|').unwrap_or(inner);
    inner
        .split('|')
        .map(|cell| {
            let cell_start = at;
            at += cell.len() + 1;
            (cell_start, cell_start + cell.len())
        })
        .collect()
}

/// Where the code stands that a cell consists of.
fn only_code(passage: &Passage, (start, end): (usize, usize)) -> Option<usize> {
    let text = passage.text.get(start..end)?;
    let trimmed = text.trim();
    let is_only = trimmed.starts_with(CODE) && trimmed.chars().count() == 1;
    is_only.then_some(start + (text.len() - text.trim_start().len()))
}
