//! `NAME=secret`, `"name": "secret"` and `Header: secret`, wherever they stand in a text. One pass, no way back.

use std::ops::Range;

use super::names;

/// Most quotes, brackets and blanks that may stand between a name and its `=` or `:`.
const LONGEST_GAP: usize = 8;

/// Names the values in `text` that are secrets. `is_argument`: it is one argument to a program, so that the value of a name at its very
/// start (`PASSWORD=…`, `--password=…`, `--env=PASSWORD=…`) reaches to its end, blanks and all.
pub(super) fn hide(text: &str, is_argument: bool, mut hide: impl FnMut(Range<usize>)) {
    let mut scan = Scan {
        text,
        bytes: text.as_bytes(),
        is_argument,
        name: 0..0,
        open: None,
    };
    let mut at = 0;
    while at < scan.bytes.len() {
        let byte = scan.bytes[at];
        let value = match byte {
            b'=' | b':' => scan.value_after(at),
            _ => None,
        };
        match value {
            Some(value) => {
                at = value.end;
                scan.name = at..at;
                hide(value);
            }
            None => at = scan.step(at),
        }
    }
}

/// What has been seen up to some place.
struct Scan<'t> {
    text: &'t str,
    bytes: &'t [u8],
    is_argument: bool,
    /// The last run of bytes that names are made of.
    name: Range<usize>,
    /// The quote that is open here.
    open: Option<u8>,
}

/// A quote with the backslashes before it, as it stands inside other quotes.
#[derive(Clone, Copy)]
struct Quote {
    mark: u8,
    backslashes: usize,
}

impl Scan<'_> {
    /// Takes in the byte at `at`; the place after it.
    fn step(&mut self, at: usize) -> usize {
        match self.bytes[at] {
            byte if is_name(byte) => {
                if self.name.end != at {
                    self.name.start = at;
                }
                self.name.end = at + 1;
            }
            mark @ (b'"' | b'\'') => {
                let escaped = self.bytes[..at].last() == Some(&b'\\');
                match self.open {
                    _ if escaped => {}
                    Some(open) if open == mark => self.open = None,
                    Some(_) => {}
                    None => self.open = Some(mark),
                }
            }
            _ => {}
        }
        at + 1
    }

    /// The secret that the `=` or `:` at `at` assigns, if it does.
    fn value_after(&self, at: usize) -> Option<Range<usize>> {
        let name = self.text.get(self.name.clone())?;
        let gap = self
            .bytes
            .get(self.name.end..at)
            .filter(|gap| gap.len() <= LONGEST_GAP)?;
        if name.is_empty() || !gap.iter().all(|byte| b" \t\"'\\]".contains(byte)) {
            return None;
        }
        let is_quoted = gap.iter().any(|&byte| is_quote(byte));
        let value = match self.bytes[at] {
            b':' if is_quoted => self.of_key(name, at + 1),
            b':' if gap.is_empty() => self.of_header(name, at + 1),
            b'=' if gap.is_empty() => self.of_variable(name, at + 1),
            // With blanks between, it is a program's text; there, only what is quoted is a value.
            b'=' => names::is_secret(name)
                .then(|| self.quoted(self.after_blanks(at + 1)))
                .flatten(),
            _ => None,
        }?;
        names::can_be_secret(self.text.get(value.clone())?).then_some(value)
    }

    /// `NAME=value`.
    fn of_variable(&self, name: &str, from: usize) -> Option<Range<usize>> {
        if !names::is_secret(name) {
            return None;
        }
        if self.is_argument && self.is_at_start() {
            return Some(from..self.bytes.len());
        }
        self.quoted(from)
            .or_else(|| Some(from..self.end_of_word(from)))
    }

    /// Whether the name stands at the start of the argument, or after an option at its start: `--env=NAME`.
    fn is_at_start(&self) -> bool {
        let before = &self.bytes[..self.name.start];
        match before.split_last() {
            None => true,
            Some((b'=', option)) => {
                option.starts_with(b"-")
                    && option.len() <= 64
                    && option.iter().copied().all(is_name)
            }
            Some(_) => false,
        }
    }

    /// `"name": value`.
    fn of_key(&self, name: &str, from: usize) -> Option<Range<usize>> {
        let is_header = names::is_header(name);
        if !is_header && !names::is_secret(name) {
            return None;
        }
        let from = self.after_blanks(from);
        let value = self.quoted(from).unwrap_or_else(|| {
            from..self.bytes[from..]
                .iter()
                .position(|b| b" \t\r\n,}]".contains(b))
                .map_or(self.bytes.len(), |n| from + n)
        });
        Some(if is_header {
            self.after_scheme(name, value)
        } else {
            value
        })
    }

    /// `Name: value`, to the end of the line or of the quotes it stands in. Without a blank, names that are headers for certain.
    fn of_header(&self, name: &str, colon: usize) -> Option<Range<usize>> {
        if !names::is_header(name) {
            return None;
        }
        let from = self.after_blanks(colon);
        let start = name
            .strip_prefix("-H")
            .unwrap_or(name)
            .get(..2)
            .unwrap_or_default();
        if from == colon && !names::has_scheme(name) && !start.eq_ignore_ascii_case("x-") {
            return None;
        }
        let end = match self.quote_before(self.name.start) {
            Some(quote) => self.closing(quote, from),
            None if from == colon => self.end_of_word(from),
            None => self.bytes[from..]
                .iter()
                .position(|&byte| byte == b'\n' || Some(byte) == self.open)
                .map_or(self.bytes.len(), |length| from + length),
        };
        Some(self.after_scheme(name, from..end))
    }

    /// Leaves `Bearer` and its like standing.
    fn after_scheme(&self, name: &str, value: Range<usize>) -> Range<usize> {
        let bytes = &self.bytes[value.clone()];
        let scheme = bytes
            .iter()
            .take_while(|&&byte| byte.is_ascii_alphanumeric() || byte == b'-')
            .count();
        let rest = bytes[scheme..]
            .iter()
            .take_while(|&&byte| byte == b' ')
            .count();
        match names::has_scheme(name)
            && (1..=20).contains(&scheme)
            && rest > 0
            && scheme + rest < bytes.len()
        {
            true => value.start + scheme + rest..value.end,
            false => value,
        }
    }

    /// What the quotes that open at `from` hold; to the end of the text where they do not close.
    fn quoted(&self, from: usize) -> Option<Range<usize>> {
        let backslashes = self.bytes[from..]
            .iter()
            .take_while(|&&byte| byte == b'\\')
            .count();
        let mark = *self.bytes.get(from + backslashes)?;
        let start = from + backslashes + 1;
        is_quote(mark).then(|| start..self.closing(Quote { mark, backslashes }, start))
    }

    /// Where the text that a quote closes ends, from `from` on.
    fn closing(&self, quote: Quote, from: usize) -> usize {
        let mut backslashes = 0;
        for (at, &byte) in self.bytes.iter().enumerate().skip(from) {
            match byte {
                b'\\' => backslashes += 1,
                _ if byte == quote.mark && backslashes == quote.backslashes => {
                    return at - backslashes;
                }
                _ => backslashes = 0,
            }
        }
        self.bytes.len()
    }

    fn quote_before(&self, at: usize) -> Option<Quote> {
        let (&mark, before) = self.bytes[..at].split_last()?;
        let backslashes = before
            .iter()
            .rev()
            .take_while(|&&byte| byte == b'\\')
            .count();
        is_quote(mark).then_some(Quote { mark, backslashes })
    }

    /// Where the word of a shell or the parameter of a URL that begins at `from` ends; quotes inside it belong to it.
    fn end_of_word(&self, from: usize) -> usize {
        let mut inside = None;
        for (at, &byte) in self.bytes.iter().enumerate().skip(from) {
            match byte {
                _ if inside == Some(byte) => inside = None,
                _ if inside.is_some() => {}
                _ if self.open == Some(byte) => return at,
                b'"' | b'\'' if self.open.is_none() => inside = Some(byte),
                b' ' | b'\t' | b'\r' | b'\n' | b'&' | b';' | b'|' | b'`' => return at,
                _ => {}
            }
        }
        self.bytes.len()
    }

    fn after_blanks(&self, from: usize) -> usize {
        from + self.bytes[from..]
            .iter()
            .take_while(|&&byte| byte == b' ' || byte == b'\t')
            .count()
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

fn is_quote(byte: u8) -> bool {
    byte == b'"' || byte == b'\''
}
