//! The grammar of values as people write them: literals, reprs, and near misses of both.

/// A value read from text.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `None`, `True`, `False`, `...`, and other bare names inside a repr.
    Name(String),
    /// A number as written (`1_000`, `0x1F`, `3.14`, `1e-3`, `2j`, `-5`, `inf`).
    Number(String),
    /// A string's content, unescaped.
    Str(String),
    /// A bytes literal's content.
    Bytes(Vec<u8>),
    /// `[…]`.
    List(Vec<Value>),
    /// `(…)`.
    Tuple(Vec<Value>),
    /// `{…}` without colons.
    Set(Vec<Value>),
    /// `{k: v, …}`.
    Dict(Vec<(Value, Value)>),
    /// `Name(…)` with positional and keyword arguments, such as `Counter({'a': 1})`, `Point(x=1)`.
    Call(String, Vec<(Option<String>, Value)>),
    /// `<…>`, content without the brackets.
    Angle(String),
    /// `...` standing for a left-out part.
    Ellipsis,
}

/// Reads the longest value at the start of `text`: the value and how many bytes it takes.
///
/// Never takes a trailing comma that would make a tuple. `None` where no value begins.
pub fn prefix(text: &str) -> Option<(Value, usize)> {
    let _ = text;
    None
}

/// Reads `text` as one value and nothing else, white space at the ends ignored.
pub fn whole(text: &str) -> Option<Value> {
    let trimmed = text.trim();
    prefix(trimmed).and_then(|(value, len)| (len == trimmed.len()).then_some(value))
}
