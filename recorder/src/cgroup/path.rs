//! A cgroup's path as text. The kernel lets a name hold any bytes but `/`, a newline and NUL; paths are shown to people, and are ids.

use std::fmt::Write;

/// The text of a path: what is not text, and what would not show, stands as `\xNN`, as systemd writes it.
pub(crate) fn text(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    let escape = |text: &mut String, bytes: &[u8]| {
        for byte in bytes {
            let _ = write!(text, "\\x{byte:02x}");
        }
    };
    for chunk in path.utf8_chunks() {
        for shown in chunk.valid().chars() {
            if shown.is_control() {
                escape(&mut text, shown.encode_utf8(&mut [0; 4]).as_bytes());
            } else {
                text.push(shown);
            }
        }
        escape(&mut text, chunk.invalid());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_paths_that_differ_have_texts_that_differ_and_show() {
        assert_eq!(text(b"/a b/\"c\"/\xc3\xa9"), "/a b/\"c\"/\u{e9}");
        assert_eq!(text(b"/\xff\xfe"), "/\\xff\\xfe");
        assert_eq!(text(b"/\xff\xff"), "/\\xff\\xff");
        assert_eq!(text(b"/tab\there\x7f"), "/tab\\x09here\\x7f");
        // A control character of two bytes.
        assert_eq!(text(b"/\xc2\x85"), "/\\xc2\\x85");
    }
}
