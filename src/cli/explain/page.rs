//! A page for each id of a problem and each reason: what it means, an example, what to do.

/// Names of pages, with their text.
macro_rules! pages {
    ($($id:literal,)*) => {
        &[$(($id, include_str!(concat!("pages/", $id, ".md")))),*]
    };
}

/// In order of their names.
const PAGES: &[(&str, &str)] = pages![
    "bad-directive",
    "broken-claim",
    "context-failed",
    "context-too-long",
    "early-exit",
    "exited",
    "inconclusive-claim",
    "memory-limit",
    "missing-import",
    "missing-package",
    "mixed-indentation",
    "needs-display",
    "needs-file",
    "needs-network",
    "no-run",
    "no-snapshot",
    "not-confined",
    "not-python",
    "not-utf8",
    "orphaned-snapshot",
    "other-version",
    "output-limit",
    "process-limit",
    "python2",
    "reads-input",
    "signalled",
    "skipped-by-author",
    "snapshot-differs",
    "stray-directive",
    "syntax-error",
    "timed-out",
    "too-large",
    "uncaught-exception",
    "unclosed-fence",
    "undefined-name",
    "unknown-directive",
    "unpaired-directive",
    "unreadable",
    "unused-skip",
];

/// The page for `id`.
pub(super) fn page(id: &str) -> Option<String> {
    let at = PAGES.binary_search_by_key(&id, |(id, _)| id).ok()?;
    let (_, text) = PAGES.get(at)?;
    let text = text.strip_prefix("# ").unwrap_or(text);
    Some(text.to_owned())
}

/// All ids with the first sentence of their pages.
pub(super) fn list() -> String {
    let width = PAGES.iter().map(|(id, _)| id.len()).max().unwrap_or(0);
    let lines = PAGES.iter().map(|(id, text)| {
        let first = text.split("\n\n").nth(1).unwrap_or_default();
        let sentence = first.replace('\n', " ");
        let end = sentence.find([';', '.', ':']).unwrap_or(sentence.len());
        let sentence = sentence.get(..end).unwrap_or_default();
        format!("{id:width$}  {sentence}\n")
    });
    lines.collect::<String>() + "\n`snipcheck explain ID` tells more.\n"
}

/// The id nearest to `name`.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    let ids: Vec<&str> = PAGES.iter().map(|(id, _)| *id).collect();
    let nearest = similar::get_close_matches(name, &ids, 1, 0.6);
    let nearest = nearest.first()?;
    PAGES.iter().map(|(id, _)| *id).find(|id| id == nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_in_order_and_begin_with_their_id() {
        assert!(PAGES.is_sorted_by(|a, b| a.0 < b.0));
        for (id, text) in PAGES {
            assert!(text.starts_with(&format!("# {id}\n\n")), "{id}");
            assert!(page(id).is_some(), "{id}");
        }
    }

    #[test]
    fn the_list_is_one_line_for_each() {
        let list = list();
        assert_eq!(list.lines().count(), PAGES.len() + 2);
        assert!(
            list.lines().all(|line| line.chars().count() <= 160),
            "{list}"
        );
    }
}
