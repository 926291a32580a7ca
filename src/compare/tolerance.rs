//! The names of the ways in which expected and actual may differ and still agree.

/// A difference that does not matter, from the least to the most far-reaching.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tolerance {
    /// White space differs.
    Spacing,
    /// The kind of quotes differs.
    Quotes,
    /// Typographic quotes or back-ticks stand for plain quotes or for none.
    SmartQuotes,
    /// The same number in another spelling: `1_000`, `0x10`, `5.00`.
    NumberForm,
    /// Commas between the items of a list that numpy prints with spaces.
    Commas,
    /// A final stop more or less.
    TrailingDot,
    /// `true` for `True`.
    Case,
    /// A quoted string for printed text.
    QuotedString,
    /// Text without quotes for a string's value.
    TextInQuotes,
    /// `str(value)` for a value that is not a string.
    StrForRepr,
    /// The repr of what was printed by its `str`.
    ReprForStr,
    /// `int` for `<class 'int'>`.
    TypeShorthand,
    /// A module or an outer name is left out.
    ModulePrefix,
    /// A memory address.
    Address,
    /// The order of a set's items.
    SetOrder,
    /// The order of a dictionary's items.
    DictOrder,
    /// The repr of another version of Python for the same value.
    OlderRepr,
    /// Commas between values that `print` separates by spaces.
    CommaJoined,
    /// Several printed lines written in one.
    JoinedLines,
    /// The lead word belongs to the output.
    LeadWordInOutput,
    /// The value stands at the end of the claim: `3 * 3 = 9`.
    ValueLast,
    /// The value stands first, and words follow it: `3 and the list is shorter`.
    ValueFirst,
    /// The claim is the end of the printed line.
    LineEnd,
    /// The claim is the whole line, and the statement only ended it.
    WholeLine,
    /// A float written shorter.
    FloatRounded,
    /// `...` for a left-out part.
    Ellipsis,
    /// The statement ran several times and its first output is meant.
    FirstOfSeveral,
    /// The statement ran several times and one of its outputs is meant.
    OneOfSeveral,
    /// The claim names several values, and one of them was shown.
    Alternative,
    /// The lines tell what the statements above printed as well.
    EarlierOutput,
    /// A base class of the exception.
    BaseClass,
    /// The exception's type with an explanation in the author's own words.
    ExplainedException,
    /// `Type: message` for a printed message.
    ExceptionPrefix,
    /// What was typed stands in the output.
    TypedInput,
    /// Standard error, or the traceback, stands with standard output.
    WithStderr,
    /// The claim says of itself that it is approximate.
    Approximate,
}

impl Tolerance {
    /// The kebab-case name.
    pub fn as_str(self) -> &'static str {
        match self {
            Tolerance::Spacing => "spacing",
            Tolerance::Quotes => "quotes",
            Tolerance::SmartQuotes => "smart-quotes",
            Tolerance::NumberForm => "number-form",
            Tolerance::Commas => "commas",
            Tolerance::TrailingDot => "trailing-dot",
            Tolerance::Case => "case",
            Tolerance::QuotedString => "quoted-string",
            Tolerance::TextInQuotes => "text-in-quotes",
            Tolerance::StrForRepr => "str-for-repr",
            Tolerance::ReprForStr => "repr-for-str",
            Tolerance::TypeShorthand => "type-shorthand",
            Tolerance::ModulePrefix => "module-prefix",
            Tolerance::Address => "address",
            Tolerance::SetOrder => "set-order",
            Tolerance::DictOrder => "dict-order",
            Tolerance::OlderRepr => "older-repr",
            Tolerance::CommaJoined => "comma-joined",
            Tolerance::JoinedLines => "joined-lines",
            Tolerance::LeadWordInOutput => "lead-word-in-output",
            Tolerance::ValueLast => "value-last",
            Tolerance::ValueFirst => "value-first",
            Tolerance::LineEnd => "line-end",
            Tolerance::WholeLine => "whole-line",
            Tolerance::FloatRounded => "float-rounded",
            Tolerance::Ellipsis => "ellipsis",
            Tolerance::FirstOfSeveral => "first-of-several",
            Tolerance::OneOfSeveral => "one-of-several",
            Tolerance::Alternative => "alternative",
            Tolerance::EarlierOutput => "earlier-output",
            Tolerance::BaseClass => "base-class",
            Tolerance::ExplainedException => "explained-exception",
            Tolerance::ExceptionPrefix => "exception-prefix",
            Tolerance::TypedInput => "typed-input",
            Tolerance::WithStderr => "with-stderr",
            Tolerance::Approximate => "approximate",
        }
    }

    /// Whether a copied output may differ so: it is verbatim but for what no author can copy twice alike.
    pub(super) fn is_fit_for_copied_output(self) -> bool {
        matches!(
            self,
            Tolerance::Spacing
                | Tolerance::Quotes
                | Tolerance::ModulePrefix
                | Tolerance::Address
                | Tolerance::SetOrder
                | Tolerance::Ellipsis
        )
    }
}

/// How closely expected and actual agree, where they do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// Without any tolerance.
    Exact,
    /// Under this tolerance; of several the most far-reaching.
    Under(Tolerance),
}

impl Likeness {
    /// The likeness of a whole whose parts are alike so.
    pub(super) fn and(self, other: Likeness) -> Likeness {
        self.max(other)
    }

    /// The same under `tolerance` at least.
    pub(super) fn under(self, tolerance: Tolerance) -> Likeness {
        self.and(Likeness::Under(tolerance))
    }

    /// The tolerance's name, if one was needed.
    pub fn tolerance(self) -> Option<&'static str> {
        match self {
            Likeness::Exact => None,
            Likeness::Under(tolerance) => Some(tolerance.as_str()),
        }
    }
}
