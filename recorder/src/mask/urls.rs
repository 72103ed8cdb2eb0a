//! `scheme://user:secret@host`.

use std::ops::Range;

/// Names the passwords in `text`.
pub(super) fn hide(text: &str, mut hide: impl FnMut(Range<usize>)) {
    let bytes = text.as_bytes();
    let mut from = 0;
    // Up to here it is known that no `@` follows before the URL ends.
    let mut no_user_until = 0;
    while let Some(found) = text[from..].find("://") {
        let start = from + found + 3;
        from = start;
        let until = |stops: &[u8]| {
            let length = bytes[start..].iter().position(|byte| stops.contains(byte));
            length.map_or(bytes.len(), |length| start + length)
        };
        let authority = start..until(b"/?# \t\r\n\"'`<>|");
        let password = bytes[authority.clone()]
            .iter()
            .position(|&byte| byte == b':')
            .map(|colon| start + colon + 1);
        let Some(password) = password else { continue };
        let mut at = bytes[authority.clone()]
            .iter()
            .rposition(|&byte| byte == b'@')
            .map(|at| start + at);
        // A password with a raw `/` in it: what follows the colon is no port, and an `@` comes later.
        let is_port = bytes[password..authority.end]
            .iter()
            .all(u8::is_ascii_digit)
            || bytes[start] == b'[';
        if at.is_none() && !is_port && no_user_until <= start {
            let end = until(b" \t\r\n\"'`<>|");
            at = bytes[start..end]
                .iter()
                .rposition(|&byte| byte == b'@')
                .map(|at| start + at);
            no_user_until = if at.is_none() { end } else { no_user_until };
        }
        if let Some(at) = at.filter(|&at| at > password) {
            hide(password..at);
            from = at;
        }
    }
}
