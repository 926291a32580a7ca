//! What differs from run to run without meaning anything, and what stands in its place.

/// `text` with addresses and the names of temporary files replaced by what does not change.
pub(super) fn masked(text: &str) -> String {
    let text = replaced(text, "0x", address);
    let text = replaced(&text, "/tmp", temporary_name);
    replaced(&text, "/snipcheck-", scratch_name)
}

/// `text` with what follows each `start` replaced by `…`, as long as `len_of(before, after)` says.
fn replaced(text: &str, start: &str, len_of: fn(&str, &str) -> Option<usize>) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut copied = 0;
    for (at, _) in text.match_indices(start) {
        let (before, after) = (&text[..at], &text[at + start.len()..]);
        if let Some(len) = len_of(before, after) {
            replaced.push_str(&text[copied..at + start.len()]);
            replaced.push('…');
            copied = at + start.len() + len;
        }
    }
    replaced.push_str(&text[copied..]);
    replaced
}

fn run_of(text: &str, is_in: impl Fn(&u8) -> bool) -> usize {
    text.bytes().take_while(is_in).count()
}

/// An address: `<… at 0x7f…>`, or longer than any number that a person writes in hexadecimal.
fn address(before: &str, after: &str) -> Option<usize> {
    let digits = run_of(after, u8::is_ascii_hexdigit);
    let is_word = !before.ends_with(|c: char| c.is_ascii_alphanumeric());
    let is_address = (before.ends_with(" at ") && digits > 0) || digits > 8;
    (is_word && is_address).then_some(digits)
}

/// What Python's `tempfile` puts behind `tmp`: eight of these characters.
fn temporary_name(_before: &str, after: &str) -> Option<usize> {
    let is_in = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
    (run_of(after, is_in) == 8).then_some(8)
}

/// The random end of a scratch directory's name.
fn scratch_name(_before: &str, after: &str) -> Option<usize> {
    let len = run_of(after, u8::is_ascii_alphanumeric);
    (len > 0).then_some(len)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn masking_is_a_fix_point(text in any::<String>(), address in "( at )?0x[0-9a-f]{1,14}") {
            let once = masked(&format!("{text}{address}{text}"));
            prop_assert_eq!(masked(&once), once);
        }
    }

    #[test]
    fn only_noise_is_masked() {
        let cases = [
            ("<f at 0x7f12ab>, 0x7f0012345678", "<f at 0x…>, 0x…"),
            ("0xff 0xdeadbeef", "0xff 0xdeadbeef"),
            ("/tmp/tmpab12_x9z/a /tmp/tmp", "/tmp/tmp…/a /tmp/tmp"),
            (
                "/tmp/snipcheck-Ab3dE9/block.py",
                "/tmp/snipcheck-…/block.py",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(masked(text), expected);
        }
    }
}
