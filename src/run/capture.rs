//! Reads what a snippet writes and attributes it to lines of the document.
//!
//! The snippet's streams carry marks (`agent.py`, `Marker`):
//!
//! ```text
//! NUL STX nonce s 17 ETX     the top-level statement on line 17 begins (0: none)
//! NUL STX nonce l 18 ETX     what follows is written by line 18 (0: unknown)
//! NUL STX nonce c  3 ETX     what follows is written by context, and dropped
//! ```

use crate::observation::{Emission, Stream};
use crate::text::LineNumber;

const HEAD: [u8; 2] = [0, 2];
const TAIL: u8 = 3;
/// The longest number in a mark.
const DIGITS_MAX: usize = 10;
/// Above this many, what one line writes again and again is one emission: a snippet may write a
/// million lines.
const EMISSIONS_MANY: usize = 50_000;
/// Above this many, everything joins the last emission.
const EMISSIONS_MAX: usize = 500_000;

/// One stream of one snippet, as far as it was read.
#[derive(Debug)]
pub(super) struct Capture {
    stream: Stream,
    head: Vec<u8>,
    /// Bytes that may be the start of a mark.
    pending: Vec<u8>,
    statement: Option<LineNumber>,
    line: Option<LineNumber>,
    is_context: bool,
    begins: bool,
    emissions: Vec<(Option<LineNumber>, Option<LineNumber>, Vec<u8>)>,
    /// Bytes written, marks not counted.
    pub(super) payload: u64,
    /// Bytes read, marks counted.
    pub(super) raw: u64,
}

impl Capture {
    pub(super) fn new(stream: Stream, nonce: &str) -> Self {
        let mut head = HEAD.to_vec();
        head.extend(nonce.as_bytes());
        Capture {
            stream,
            head,
            pending: Vec::new(),
            statement: None,
            line: None,
            is_context: false,
            begins: true,
            emissions: Vec::new(),
            payload: 0,
            raw: 0,
        }
    }

    /// Takes the next bytes of the stream.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.raw += bytes.len() as u64;
        let joined;
        let mut rest = if self.pending.is_empty() {
            bytes
        } else {
            let mut start = std::mem::take(&mut self.pending);
            start.extend_from_slice(bytes);
            joined = start;
            &joined
        };
        while let Some(at) = rest.iter().position(|&byte| byte == HEAD[0]) {
            self.write(&rest[..at]);
            rest = &rest[at..];
            match self.mark(rest) {
                Mark::Whole(kind, number, len) => {
                    self.apply(kind, number);
                    rest = &rest[len..];
                }
                Mark::Partial => {
                    self.pending = rest.to_vec();
                    return;
                }
                Mark::None => {
                    self.write(&rest[..1]);
                    rest = &rest[1..];
                }
            }
        }
        self.write(rest);
    }

    fn mark(&self, bytes: &[u8]) -> Mark {
        let shared = bytes.len().min(self.head.len());
        if bytes[..shared] != self.head[..shared] {
            return Mark::None;
        }
        let Some((&kind, number)) = bytes[shared..].split_first() else {
            return Mark::Partial;
        };
        let digits = number.iter().take_while(|b| b.is_ascii_digit()).count();
        match number.get(digits) {
            None if digits <= DIGITS_MAX => Mark::Partial,
            Some(&TAIL) if b"slc".contains(&kind) && digits <= DIGITS_MAX => {
                let text = std::str::from_utf8(&number[..digits]).unwrap_or_default();
                let value = text.parse().unwrap_or(0);
                Mark::Whole(kind, value, shared + 1 + digits + 1)
            }
            _ => Mark::None,
        }
    }

    fn apply(&mut self, kind: u8, number: usize) {
        let line = (number > 0).then(|| LineNumber::new(number));
        self.begins = true;
        match kind {
            b'l' => self.line = line,
            kind => {
                self.is_context = kind == b'c';
                self.statement = line;
                self.line = None;
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.payload += bytes.len() as u64;
        if self.is_context {
            return;
        }
        let count = self.emissions.len();
        let place = (self.line, self.statement);
        match self.emissions.last_mut() {
            Some((line, statement, text))
                if !self.begins
                    || count >= EMISSIONS_MAX
                    || (count >= EMISSIONS_MANY && (*line, *statement) == place) =>
            {
                text.extend_from_slice(bytes);
            }
            _ => {
                self.emissions
                    .push((self.line, self.statement, bytes.to_vec()));
            }
        }
        self.begins = false;
    }

    /// What was written, bytes that are not UTF-8 replaced.
    pub(super) fn finish(mut self) -> Vec<Emission> {
        let pending = std::mem::take(&mut self.pending);
        self.write(&pending);
        let stream = self.stream;
        self.emissions
            .into_iter()
            .map(|(line, statement, text)| Emission {
                stream,
                line,
                statement,
                text: String::from_utf8(text)
                    .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
            })
            .collect()
    }
}

enum Mark {
    Whole(u8, usize, usize),
    Partial,
    None,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capture(parts: &[&[u8]]) -> Vec<Emission> {
        let mut capture = Capture::new(Stream::Stdout, "ab");
        for part in parts {
            capture.feed(part);
        }
        capture.finish()
    }

    fn rows(emissions: &[Emission]) -> Vec<(usize, usize, &str)> {
        let number = |line: Option<LineNumber>| line.map_or(0, LineNumber::get);
        emissions
            .iter()
            .map(|e| (number(e.statement), number(e.line), e.text.as_str()))
            .collect()
    }

    #[test]
    fn marks_attribute_what_follows() {
        let bytes = b"\0\x02abs3\x03raw\0\x02abl4\x03one\n\0\x02abl4\x03two\n\0\x02abc9\x03ctx\0\x02abs0\x03end";
        let expected = [
            (3, 0, "raw"),
            (3, 4, "one\n"),
            (3, 4, "two\n"),
            (0, 0, "end"),
        ];
        assert_eq!(rows(&capture(&[bytes])), expected);
        for split in 0..bytes.len() {
            let (a, b) = bytes.split_at(split);
            let joined: String = capture(&[a, b]).into_iter().map(|e| e.text).collect();
            assert_eq!(joined, "rawone\ntwo\nend", "split at {split}");
        }
    }

    #[test]
    fn what_only_looks_like_a_mark_is_output() {
        for text in [
            "\0",
            "\0\x02",
            "\0\x02abx1\x03",
            "\0\x02abs99999999999\x03",
            "\0\x02ac",
        ] {
            let joined: String = capture(&[text.as_bytes()])
                .into_iter()
                .map(|e| e.text)
                .collect();
            assert_eq!(joined, text);
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_unmarked_is_lost(bytes in proptest::collection::vec(1u8..128, 0..200)) {
            let joined: String = capture(&[&bytes]).into_iter().map(|e| e.text).collect();
            proptest::prop_assert_eq!(joined.as_bytes(), &bytes[..]);
        }
    }
}
