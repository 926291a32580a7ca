//! The grammar of values as people write them: literals, reprs, and near misses of both.
//!
//! In goes text that may begin with a value, out comes a [`Value`] and how far it reaches. The reader
//! is total (any text, any depth), takes linear time, and judges nothing: whether a value followed by
//! other text is a claim is decided by its caller.
//!
//! ```text
//! [1, 2, ..., 9]   {'a': 1}   Counter({'a': 2})   <class 'int'>   [1. 2. 3.]   -1e-05   b'\x00'
//! ```

use std::cell::OnceCell;

/// A value read from text.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `None`, `True`, `False`, and other bare names inside a repr, dotted ones included.
    Name(String),
    /// A number as written (`1_000`, `0x1F`, `3.14`, `1e-3`, `2j`, `-5`, `inf`).
    Number(String),
    /// A string's content, unescaped.
    Str(String),
    /// A bytes literal's content.
    Bytes(Vec<u8>),
    /// `[…]`, its items separated by commas or, as numpy does, by spaces.
    List(Vec<Value>),
    /// `(…)`.
    Tuple(Vec<Value>),
    /// `{…}` without colons.
    Set(Vec<Value>),
    /// `{k: v, …}`; a left-out part is a pair of two [`Value::Ellipsis`].
    Dict(Vec<(Value, Value)>),
    /// `Name(…)` with positional and keyword arguments, such as `Counter({'a': 1})`, `Point(x=1)`.
    Call(String, Vec<(Option<String>, Value)>),
    /// `<…>`, content without the brackets.
    Angle(String),
    /// `...` standing for a left-out part.
    Ellipsis,
}

/// How deep brackets may nest; deeper text is no value.
const DEPTH_LIMIT: usize = 60;

/// Reads the longest value at the start of `text`: the value and how many bytes it takes.
///
/// Never takes a trailing comma that would make a tuple (`False,  because` gives `False`), nor the full
/// stop of a sentence (`3.` gives `3`). A bare name is a value only inside brackets, but for the
/// constants (`None`, `true`, `nan` …); `...` only inside brackets. `None` where no value begins.
pub fn prefix(text: &str) -> Option<(Value, usize)> {
    let mut reader = Reader {
        text,
        at: 0,
        last_quotes: OnceCell::new(),
    };
    let value = reader.value(0)?;
    Some((value, reader.at))
}

/// Reads `text` as one value and nothing else, white space at the ends ignored.
pub fn whole(text: &str) -> Option<Value> {
    let trimmed = text.trim();
    prefix(trimmed).and_then(|(value, len)| (len == trimmed.len()).then_some(value))
}

/// Whether a value ends before `rest` because of a bracket or a stop of Chinese or Japanese, which no
/// space parts from it; stops may also part values.
pub fn is_followed_full_width(rest: &str) -> bool {
    let Some(behind) = rest.strip_prefix(['（', '，', '。', '：', '；', '！']) else {
        return false;
    };
    rest.starts_with('（') || prefix(behind.trim_start()).is_none()
}

/// Whether `name` is written for a constant, in Python or as JSON does.
pub fn is_constant(name: &str) -> bool {
    matches!(
        name,
        "None" | "True" | "False" | "NotImplemented" | "Ellipsis" | "true" | "false" | "null"
    )
}

fn is_name_start(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

fn is_name_part(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

struct Reader<'a> {
    text: &'a str,
    /// Offset of the next byte; always on a character boundary.
    at: usize,
    /// Where the last `'` and the last `"` of the text stand; looked up once, for linear time.
    last_quotes: OnceCell<[Option<usize>; 2]>,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn eat(&mut self, token: &str) -> bool {
        let is_next = self.rest().starts_with(token);
        if is_next {
            self.at += token.len();
        }
        is_next
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let len = rest.find(|c| !accept(c)).unwrap_or(rest.len());
        self.at += len;
        rest.get(..len).unwrap_or_default()
    }

    /// Skips white space; says whether there was any.
    fn skip_space(&mut self) -> bool {
        !self.take_while(char::is_whitespace).is_empty()
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > DEPTH_LIMIT {
            return None;
        }
        match self.peek()? {
            '[' => self.list(depth),
            '(' => self.tuple(depth),
            '{' => self.braces(depth),
            '<' => self.angle(),
            '\'' | '"' => self.string(false, false),
            '.' | '…' if depth > 0 && (self.eat("...") || self.eat("…")) => {
                Some(Value::Ellipsis)
            }
            '0'..='9' | '.' | '-' | '+' => self.number(depth),
            c if is_name_start(c) => self.named(depth),
            _ => None,
        }
    }

    fn list(&mut self, depth: usize) -> Option<Value> {
        self.eat("[");
        let mut items = Vec::new();
        let mut is_numpy_like = true;
        loop {
            self.skip_space();
            if self.eat("]") {
                return Some(Value::List(items));
            }
            let item = self.value(depth + 1)?;
            is_numpy_like &= can_stand_without_commas(&item);
            items.push(item);
            let has_space = self.skip_space();
            if self.eat(",") || self.rest().starts_with(']') {
                continue;
            }
            if !(has_space && is_numpy_like) {
                return None;
            }
        }
    }

    fn tuple(&mut self, depth: usize) -> Option<Value> {
        self.eat("(");
        let mut items = Vec::new();
        let mut has_comma = false;
        loop {
            self.skip_space();
            if self.eat(")") {
                break;
            }
            items.push(self.value(depth + 1)?);
            self.skip_space();
            if self.eat(",") {
                has_comma = true;
            } else if !self.rest().starts_with(')') {
                return None;
            }
        }
        if items.len() == 1 && !has_comma {
            // `(optional)` is a remark, `(5)` a value in brackets.
            return items.pop().filter(|item| match item {
                Value::Name(name) => depth > 0 || is_constant(name),
                _ => true,
            });
        }
        Some(Value::Tuple(items))
    }

    fn braces(&mut self, depth: usize) -> Option<Value> {
        self.eat("{");
        let mut entries: Vec<(Value, Option<Value>)> = Vec::new();
        loop {
            self.skip_space();
            if self.eat("}") {
                break;
            }
            let key = self.value(depth + 1)?;
            self.skip_space();
            let value = if self.eat(":") {
                self.skip_space();
                let value = self.value(depth + 1)?;
                self.skip_space();
                Some(value)
            } else {
                None
            };
            entries.push((key, value));
            if !self.eat(",") && !self.rest().starts_with('}') {
                return None;
            }
        }
        if !entries.is_empty() && entries.iter().all(|(_, value)| value.is_none()) {
            return Some(Value::Set(
                entries.into_iter().map(|(key, _)| key).collect(),
            ));
        }
        let pairs = entries.into_iter().map(|(key, value)| match value {
            Some(value) => Some((key, value)),
            None if key == Value::Ellipsis => Some((Value::Ellipsis, Value::Ellipsis)),
            None => None,
        });
        pairs.collect::<Option<Vec<_>>>().map(Value::Dict)
    }

    /// `<…>` with nested brackets; a quoted part may hold brackets of its own.
    fn angle(&mut self) -> Option<Value> {
        let rest = self.rest();
        let mut chars = rest.char_indices().skip(1).peekable();
        if !chars.peek().is_some_and(|&(_, c)| is_name_start(c)) {
            return None;
        }
        let mut open = 1usize;
        let mut quote: Option<char> = None;
        let mut last = '<';
        // An apostrophe that nothing can close opens nothing.
        let last_quotes = *self
            .last_quotes
            .get_or_init(|| [self.text.rfind('\''), self.text.rfind('"')]);
        for (offset, c) in chars {
            match (quote, c) {
                (Some(q), _) if c == q && last != '\\' => quote = None,
                (Some(_), _) => {}
                (None, '\'' | '"') if !is_name_part(last) => {
                    let closing = last_quotes[usize::from(c == '"')];
                    quote = closing
                        .is_some_and(|end| end > self.at + offset)
                        .then_some(c);
                }
                (None, '<') => open += 1,
                // `->` is an arrow, not an end.
                (None, '>') if last != '-' => open -= 1,
                _ => {}
            }
            if open == 0 {
                self.at += offset + 1;
                let content = rest.get(1..offset).unwrap_or_default();
                return Some(Value::Angle(content.to_owned()));
            }
            last = c;
        }
        None
    }

    fn number(&mut self, depth: usize) -> Option<Value> {
        let start = self.at;
        self.eat_number(depth)?;
        let end_of_real = self.at;
        // `1+2j` and `-1.5-2j`: a complex number's repr inside its brackets.
        if self.peek().is_some_and(|c| c == '+' || c == '-') {
            let is_complex =
                self.eat_number(depth).is_some() && self.text[start..self.at].ends_with('j');
            if !is_complex {
                self.at = end_of_real;
            }
        }
        if self.peek().is_some_and(is_name_part) {
            return None;
        }
        Some(Value::Number(self.text.get(start..self.at)?.to_owned()))
    }

    /// One real or imaginary number with its sign.
    fn eat_number(&mut self, depth: usize) -> Option<()> {
        let _ = self.eat("-") || self.eat("+");
        if self.eat("inf") || self.eat("nan") {
            return Some(());
        }
        let rest = self.rest();
        if let Some(radix) = ["0x", "0X", "0o", "0O", "0b", "0B"]
            .iter()
            .find(|r| rest.starts_with(**r))
        {
            self.at += radix.len();
            let digits = self.take_while(|c| c.is_ascii_hexdigit() || c == '_');
            return (!digits.is_empty()).then_some(());
        }
        let is_digit = |c: char| c.is_ascii_digit() || c == '_';
        let whole_part = self.take_while(is_digit);
        if whole_part.starts_with('_') {
            return None;
        }
        let after_dot = self
            .rest()
            .strip_prefix('.')
            .map(|rest| rest.chars().next());
        match after_dot {
            Some(Some(c)) if c.is_ascii_digit() => {
                self.at += 1;
                self.take_while(is_digit);
                // `1.2.3` is a version.
                if self.rest().starts_with('.')
                    && self.rest()[1..].starts_with(|c: char| c.is_ascii_digit())
                {
                    return None;
                }
            }
            // numpy writes `[1. 2.]`; outside brackets the stop ends a sentence.
            Some(next) if depth > 0 && !whole_part.is_empty() && next != Some('.') => self.at += 1,
            _ if whole_part.is_empty() => return None,
            _ => {}
        }
        self.eat_exponent();
        let _ = self.eat("j") || self.eat("J");
        Some(())
    }

    fn eat_exponent(&mut self) {
        let rest = self.rest();
        let Some(after) = rest.strip_prefix(['e', 'E']) else {
            return;
        };
        let digits = after.strip_prefix(['-', '+']).unwrap_or(after);
        let count = digits.bytes().take_while(u8::is_ascii_digit).count();
        if count > 0 {
            self.at += rest.len() - digits.len() + count;
        }
    }

    /// A name, a call, or a string with a prefix.
    fn named(&mut self, depth: usize) -> Option<Value> {
        let start = self.at;
        let mut name = self.take_while(is_name_part);
        if matches!(self.peek(), Some('\'' | '"')) {
            return match name.to_ascii_lowercase().as_str() {
                "b" => self.string(true, false),
                "r" => self.string(false, true),
                "rb" | "br" => self.string(true, true),
                "u" => self.string(false, false),
                _ => None,
            };
        }
        while self
            .rest()
            .strip_prefix('.')
            .is_some_and(|rest| rest.starts_with(is_name_start))
        {
            self.at += 1;
            self.take_while(is_name_part);
            name = self.text.get(start..self.at)?;
        }
        if self.peek() == Some('(') {
            return self.call(name.to_owned(), depth);
        }
        if matches!(name, "inf" | "nan") {
            return Some(Value::Number(name.to_owned()));
        }
        (depth > 0 || is_constant(name)).then(|| Value::Name(name.to_owned()))
    }

    fn call(&mut self, name: String, depth: usize) -> Option<Value> {
        self.eat("(");
        let mut arguments = Vec::new();
        loop {
            self.skip_space();
            if self.eat(")") {
                return Some(Value::Call(name, arguments));
            }
            let keyword = self.keyword();
            self.skip_space();
            arguments.push((keyword, self.value(depth + 1)?));
            self.skip_space();
            if !self.eat(",") && !self.rest().starts_with(')') {
                return None;
            }
        }
    }

    /// `name=` before an argument, if it is there.
    fn keyword(&mut self) -> Option<String> {
        let start = self.at;
        let name = self.take_while(is_name_part);
        let is_keyword = name.starts_with(is_name_start)
            && !self.rest().starts_with("==")
            && self.rest().starts_with('=');
        if is_keyword {
            self.at += 1;
            return Some(name.to_owned());
        }
        self.at = start;
        None
    }

    /// A string or bytes literal from its opening quote on.
    fn string(&mut self, is_bytes: bool, is_raw: bool) -> Option<Value> {
        let quote = if self.rest().starts_with('\'') {
            '\''
        } else {
            '"'
        };
        let triple: String = std::iter::repeat_n(quote, 3).collect();
        let is_triple = self.rest().starts_with(&triple);
        self.at += if is_triple { 3 } else { 1 };
        let mut content = Content {
            is_bytes,
            bytes: Vec::new(),
        };
        loop {
            if is_triple && self.eat(&triple) {
                break;
            }
            let c = self.peek()?;
            self.at += c.len_utf8();
            match c {
                _ if c == quote && !is_triple => break,
                '\n' | '\r' if !is_triple => return None,
                '\\' if is_raw => {
                    content.push(c);
                    let next = self.peek()?;
                    self.at += next.len_utf8();
                    content.push(next);
                }
                '\\' => self.escape(&mut content)?,
                _ => content.push(c),
            }
        }
        content.finish()
    }

    /// The escape after a backslash (Python reference, section 2.4.1.1).
    fn escape(&mut self, content: &mut Content) -> Option<()> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        let simple = match c {
            '\n' => return Some(()),
            '\\' | '\'' | '"' => c,
            'a' => '\x07',
            'b' => '\x08',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0b',
            'x' => return self.code_point(2, content),
            'u' if !content.is_bytes => return self.code_point(4, content),
            'U' if !content.is_bytes => return self.code_point(8, content),
            '0'..='7' => {
                let rest = self.text.get(self.at - 1..)?;
                let count = rest
                    .bytes()
                    .take(3)
                    .take_while(|b| (b'0'..=b'7').contains(b))
                    .count();
                self.at += count - 1;
                content.push_code(u32::from_str_radix(rest.get(..count)?, 8).ok()?);
                return Some(());
            }
            _ => {
                content.push('\\');
                c
            }
        };
        content.push(simple);
        Some(())
    }

    fn code_point(&mut self, digits: usize, content: &mut Content) -> Option<()> {
        let hex = self.rest().get(..digits)?;
        if !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        self.at += digits;
        content.push_code(u32::from_str_radix(hex, 16).ok()?);
        Some(())
    }
}

/// The content of a string or bytes literal while it is read.
struct Content {
    is_bytes: bool,
    /// The bytes, or the text in UTF-8.
    bytes: Vec<u8>,
}

impl Content {
    fn push(&mut self, c: char) {
        let mut buffer = [0; 4];
        self.bytes
            .extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
    }

    /// A code point by number; a lone surrogate, which only Python can hold, becomes U+FFFD.
    fn push_code(&mut self, code: u32) {
        match u8::try_from(code) {
            Ok(byte) if self.is_bytes => self.bytes.push(byte),
            _ => self.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)),
        }
    }

    fn finish(self) -> Option<Value> {
        if self.is_bytes {
            return Some(Value::Bytes(self.bytes));
        }
        String::from_utf8(self.bytes).ok().map(Value::Str)
    }
}

/// Whether numpy prints such an item with spaces instead of commas around it.
fn can_stand_without_commas(item: &Value) -> bool {
    match item {
        Value::Number(_) | Value::Str(_) | Value::List(_) | Value::Ellipsis => true,
        Value::Name(name) => is_constant(name),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(text: &str) -> Value {
        Value::Name(text.to_owned())
    }

    fn number(text: &str) -> Value {
        Value::Number(text.to_owned())
    }

    fn string(text: &str) -> Value {
        Value::Str(text.to_owned())
    }

    #[test]
    fn a_prefix_ends_where_the_value_ends() {
        #[rustfmt::skip]
        let rows: &[(&str, Option<&str>)] = &[
            ("False,  because 3 is greater", Some("False")),
            ("3.14 is pi", Some("3.14")),
            ("5 distinct elements", Some("5")),
            ("3.", Some("3")),
            ("3. Third step", Some("3")),
            ("2nd subplot", None),
            ("1.2.3", None),
            ("3.12.1 and later", None),
            ("2024-01-15", Some("2024")),
            ("[1, 2, 3] — one object", Some("[1, 2, 3]")),
            ("[1, 2", None),
            ("{'b', 'c'}  — intersection", Some("{'b', 'c'}")),
            ("'H'", Some("'H'")),
            ("'it''s", Some("'it'")),
            ("'unclosed", None),
            ("hello", None),
            ("Truecolor", None),
            ("True (малые целые)", Some("True")),
            ("Истина", None),
            ("true", Some("true")),
            ("-5.", Some("-5")),
            ("- 5", None),
            ("-> 5", None),
            ("--5", None),
            ("(1+2j) complex", Some("(1+2j)")),
            ("1+2", Some("1")),
            ("1+2j", Some("1+2j")),
            ("1e-05;", Some("1e-05")),
            ("1_000_000 rows", Some("1_000_000")),
            ("0x1F", Some("0x1F")),
            ("0x...", None),
            ("-inf", Some("-inf")),
            ("nan", Some("nan")),
            ("nano", None),
            ("info", None),
            ("<class 'int'>, of course", Some("<class 'int'>")),
            ("<- here", None),
            ("<3", None),
            ("<function <lambda> at 0x7f1c>", Some("<function <lambda> at 0x7f1c>")),
            ("<re.Match object; span=(0, 3), match='a>b'>", Some("<re.Match object; span=(0, 3), match='a>b'>")),
            ("<Don't>, he said", Some("<Don't>")),
            ("<Signature (x) -> int>", Some("<Signature (x) -> int>")),
            ("Counter({'a': 2}) wins", Some("Counter({'a': 2})")),
            ("Color.RED", None),
            ("[Color.RED, x]", Some("[Color.RED, x]")),
            ("[hello world]", None),
            ("[1 2 3]", Some("[1 2 3]")),
            ("[[1. 2.]\n [3. 4.]]", Some("[[1. 2.]\n [3. 4.]]")),
            ("...", None),
            ("[1, ..., 9]", Some("[1, ..., 9]")),
            ("{}", Some("{}")),
            ("()", Some("()")),
            ("(5)", Some("(5)")),
            ("(n)", None),
            ("(True)", Some("(True)")),
            ("('b')", Some("('b')")),
            ("(1)!", Some("(1)")),
            ("f'{x}'", None),
            ("b'a\\x00' bytes", Some("b'a\\x00'")),
            ("'''two\nlines''' text", Some("'''two\nlines'''")),
            ("'two\nlines'", None),
            ("{'a': 1, 'b'}", None),
            ("{ a: 1, b: [ 1, 2 ] }", Some("{ a: 1, b: [ 1, 2 ] }")),
            ("datetime.datetime(2024, 1, 1, 0, 0)", Some("datetime.datetime(2024, 1, 1, 0, 0)")),
            ("Точка(x=1, y=2)", Some("Точка(x=1, y=2)")),
            ("f(a == b)", None),
            ("", None),
            ("—", None),
        ];
        for (text, expected) in rows {
            let actual = prefix(text).map(|(_, len)| &text[..len]);
            assert_eq!(actual, *expected, "{text:?}");
        }
    }

    #[test]
    fn a_value_is_read_whole() {
        let rows: Vec<(&str, Value)> = vec![
            (r"'a\tb\x41\u0416\101\q'", string("a\tbAЖA\\q")),
            (r"r'\d+'", string(r"\d+")),
            (r"b'\xff\n'", Value::Bytes(vec![0xff, b'\n'])),
            ("(5)", number("5")),
            ("(5,)", Value::Tuple(vec![number("5")])),
            ("()", Value::Tuple(Vec::new())),
            ("{1, 2,}", Value::Set(vec![number("1"), number("2")])),
            (
                "{'a': ...}",
                Value::Dict(vec![(string("a"), Value::Ellipsis)]),
            ),
            (
                "{'a': 1, ...}",
                Value::Dict(vec![
                    (string("a"), number("1")),
                    (Value::Ellipsis, Value::Ellipsis),
                ]),
            ),
            ("set()", Value::Call("set".to_owned(), Vec::new())),
            (
                "deque([1], maxlen=3)",
                Value::Call(
                    "deque".to_owned(),
                    vec![
                        (None, Value::List(vec![number("1")])),
                        (Some("maxlen".to_owned()), number("3")),
                    ],
                ),
            ),
            (
                "defaultdict(<class 'list'>, {})",
                Value::Call(
                    "defaultdict".to_owned(),
                    vec![
                        (None, Value::Angle("class 'list'".to_owned())),
                        (None, Value::Dict(Vec::new())),
                    ],
                ),
            ),
            (
                "[true null nan]",
                Value::List(vec![name("true"), name("null"), number("nan")]),
            ),
            (
                "[1, [...]]",
                Value::List(vec![number("1"), Value::List(vec![Value::Ellipsis])]),
            ),
        ];
        for (text, expected) in rows {
            assert_eq!(whole(text), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        for opening in ["[", "(", "{", "f(", "{1: ", "<a"] {
            assert_eq!(prefix(&opening.repeat(100_000)), None, "{opening}");
        }
        let deep = format!("{}{}", "[".repeat(50), "]".repeat(50));
        assert!(whole(&deep).is_some());
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC*") {
            let _ = prefix(&text);
        }

        #[test]
        fn no_brackets_make_the_reader_panic(text in "[\\[\\](){}<>'\"\\\\,:=.\\-+ jxub0-9a-fé…\n]*") {
            if let Some((_, len)) = prefix(&text) {
                prop_assert!(text.is_char_boundary(len) && len > 0);
            }
        }
    }
}
