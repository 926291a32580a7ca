//! What the names of rules, tolerances and reasons mean, in a few words each.

/// By which rule a comment, or other text, was read.
const RULES: &[(&str, &str)] = &[
    ("above-a-statement", "words above a statement"),
    ("after-a-blank-line", "words on a line after a blank one"),
    ("after-claim", "words after a claim"),
    ("annotation", "a mark for another tool"),
    ("beside-output", "words beside the output of an example"),
    ("commented-out-code", "code that is commented out"),
    ("complexity", "how time or memory grows"),
    ("directive", "words for a tool"),
    ("empty", "nothing is said"),
    ("error-word", "the word for an error, without a name"),
    ("exception", "the name of an exception"),
    (
        "exception-between",
        "the name of an exception between statements",
    ),
    ("inside-a-statement", "words inside a statement"),
    ("lone-lead", "a lead word, and nothing behind it"),
    ("marked-sentence", "a sentence behind a sign or a lead word"),
    (
        "marked-text",
        "text behind a sign or a lead word, such as `=>` or `Output:`",
    ),
    ("mentions-an-exception", "words that mention an exception"),
    (
        "named-parts",
        "the values of all names that the statement binds",
    ),
    ("no-error", "it says that nothing is raised"),
    ("no-subject", "a value, and nothing that it could be of"),
    ("not-below-a-statement", "no statement ends right above"),
    ("numbered-step", "a step with a number"),
    ("on-a-definition", "a value beside a definition"),
    (
        "on-a-header",
        "words beside the head of a compound statement",
    ),
    ("on-an-example", "words beside an example"),
    ("on-definition", "words beside a definition"),
    ("output", "what an example shows"),
    (
        "output-after-lead-in",
        "an output block behind a line such as `Output:`",
    ),
    (
        "output-block",
        "an output block right after code that prints",
    ),
    ("output-lines", "lines below a lead word"),
    (
        "output-lines-of-block",
        "lines below a lead word at the end of the block",
    ),
    ("pointer", "a remark on what stands nearby"),
    ("printed-exception", "an exception that a handler prints"),
    ("prose", "words for people"),
    ("question", "a question"),
    ("quoted-text", "text in quotes"),
    ("raises-directive", "the directive `raises`"),
    ("remark", "words for people"),
    ("ruler", "a line that divides"),
    (
        "sentence",
        "what a sentence says of an expression or a block",
    ),
    ("shows-no-value", "the statement shows no value"),
    ("skipped-by-author", "its example is skipped"),
    ("string-below", "a string below the statement"),
    ("traceback", "a traceback"),
    ("unmarked-text", "text that may be the output"),
    ("value", "a value"),
    ("value-and-condition", "a value, and when it is so"),
    ("value-and-remark", "a value with a remark behind it"),
    ("value-and-words", "a value with words behind it"),
    ("values", "several values"),
];

/// Under which tolerance a claim held.
const TOLERANCES: &[(&str, &str)] = &[
    ("address", "memory addresses differ"),
    (
        "alternative",
        "several values are named, and one of them was shown",
    ),
    ("approximate", "the text calls the value approximate"),
    (
        "base-class",
        "the exception is of a type derived from the one named",
    ),
    ("case", "upper and lower case differ, as in `true`"),
    (
        "comma-joined",
        "commas stand between what `print` divides by spaces",
    ),
    ("commas", "commas are left out or put in"),
    (
        "earlier-output",
        "the lines tell what the statements above printed as well",
    ),
    ("ellipsis", "`...` stands for a part left out"),
    (
        "exception-prefix",
        "the exception's type stands before its message",
    ),
    (
        "explained-exception",
        "the type of the exception is right, the rest is the author's explanation",
    ),
    (
        "first-of-several",
        "the line ran several times, and the first time is told",
    ),
    ("float-rounded", "the number is written with fewer digits"),
    ("joined-lines", "several printed lines are written in one"),
    ("lead-word-in-output", "the lead word is part of the output"),
    ("line-end", "the end of the printed line is told"),
    ("module-prefix", "the name of a module is left out"),
    ("number-form", "the same number in another spelling"),
    ("older-repr", "another version of Python shows the value so"),
    (
        "one-of-several",
        "the line ran several times, and one time is told",
    ),
    ("quoted-string", "a quoted string for printed text"),
    ("quotes", "other quotes"),
    (
        "repr-for-str",
        "the `repr` for what was printed by its `str`",
    ),
    ("set-order", "a set has no order"),
    ("smart-quotes", "typographic quotes"),
    ("spacing", "white space differs"),
    ("str-for-repr", "the `str` of the value"),
    ("text-in-quotes", "a string's text without its quotes"),
    ("trailing-dot", "a final stop more or less"),
    ("type-shorthand", "`int` for `<class 'int'>`"),
    (
        "typed-input",
        "what was typed stands in the output, as a terminal shows it",
    ),
    ("value-first", "words follow the value"),
    ("value-last", "the value stands at the end"),
    (
        "whole-line",
        "the whole line is told, and the statement only ended it",
    ),
    ("with-stderr", "standard error stands with the output"),
];

/// Why a claim could not be decided.
const REASONS: &[(&str, &str)] = &[
    (
        "approximate",
        "the text calls the value approximate, or an example",
    ),
    ("context-failed", "a block that runs before this one failed"),
    (
        "dict-order",
        "the order of a dictionary differs, which older Pythons did not keep",
    ),
    ("may-be-prose", "the text may be words about the code"),
    ("memory-limit", "the block hit its limit of memory"),
    ("missing-package", "a package is not installed"),
    ("near-miss", "it is close to what was shown, but unmarked"),
    ("no-value", "there is no value to compare it with"),
    ("not-reached", "the run ended before it came there"),
    (
        "not-repeatable",
        "another run gives, or may give, another value",
    ),
    ("not-run", "the block did not run"),
    (
        "other-message",
        "the exception is right, and its message is another",
    ),
    (
        "other-version",
        "the text speaks of other versions of Python",
    ),
    ("part-of-output", "only a part of the output is told"),
    ("raised", "the statement raised an exception instead"),
    (
        "ran-several-times",
        "the line ran several times, with other values",
    ),
    (
        "reads-input",
        "it was to be read from standard input, and there is none",
    ),
    ("shorthand", "it may be short for what was shown"),
    (
        "text-after-value",
        "it begins with the right value, and other text follows",
    ),
    (
        "typed-input",
        "what was typed and what was printed cannot be told apart",
    ),
    ("undefined-name", "a name is defined nowhere"),
    (
        "weak-evidence",
        "it stands where a comment need not be a value",
    ),
];

fn find(table: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    let found = table.iter().find(|(known, _)| *known == name);
    found.map(|(_, words)| *words)
}

fn described(table: &[(&str, &'static str)], name: &str) -> String {
    match find(table, name) {
        Some(words) => format!("{words} ({name})"),
        None => name.replace('-', " "),
    }
}

/// What a rule reads a text as.
pub(super) fn of_rule(name: &str) -> String {
    described(RULES, name)
}

/// What a tolerance lets differ.
pub(super) fn of_tolerance(name: &str) -> String {
    described(TOLERANCES, name)
}

/// Why something was not decided.
pub(super) fn of_reason(name: &str) -> String {
    described(REASONS, name)
}

/// A page for a name that is not the id of a problem; `None` where nobody knows it.
pub(super) fn page(name: &str) -> Option<String> {
    let of = |what: &str, words: &str| format!("{name}: {what}\n\n  {words}\n");
    let rule = find(RULES, name).map(|it| of("a rule by which text is read", it));
    let tolerance = || {
        let what = "a tolerance under which a claim is held";
        find(TOLERANCES, name).map(|it| of(what, it))
    };
    let reason = || {
        let what = "a reason for which a claim is inconclusive";
        find(REASONS, name).map(|it| of(what, it))
    };
    reason().or_else(tolerance).or(rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_stands_in_its_table_once() {
        for table in [RULES, TOLERANCES, REASONS] {
            assert!(table.is_sorted_by(|a, b| a.0 < b.0), "{table:?}");
        }
    }

    #[test]
    fn what_nobody_described_is_said_in_its_own_words() {
        assert_eq!(of_rule("read-by-the-moon"), "read by the moon");
        assert_eq!(of_reason("not-run"), "the block did not run (not-run)");
    }
}
