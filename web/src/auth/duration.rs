//! How long a token is good for, as people write it.

use std::time::Duration;

/// The text names no time span.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time span such as 2d, 12h, 30m or 90s, from a second to a hundred years")]
pub struct BadDuration(String);

/// Longest span that is taken: a hundred years.
const MAX_S: u64 = 100 * 365 * 86_400;

/// Reads `2d`, `12h`, `30m`, `90s`, and sums such as `1d12h`.
pub fn parse_duration(text: &str) -> Result<Duration, BadDuration> {
    let bad = || BadDuration(text.chars().take(64).collect());
    let mut rest = text.trim();
    let mut seconds = 0u64;
    while !rest.is_empty() {
        let (digits, after) = rest.split_at(rest.bytes().take_while(u8::is_ascii_digit).count());
        let number: u64 = digits.parse().map_err(|_| bad())?;
        let mut letters = after.chars();
        let unit_s = match letters.next() {
            Some('d') => 86_400,
            Some('h') => 3_600,
            Some('m') => 60,
            Some('s') => 1,
            _ => return Err(bad()),
        };
        rest = letters.as_str();
        seconds = number
            .checked_mul(unit_s)
            .and_then(|more| seconds.checked_add(more))
            .ok_or_else(bad)?;
    }
    if (1..=MAX_S).contains(&seconds) {
        Ok(Duration::from_secs(seconds))
    } else {
        Err(bad())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read() {
        for (text, seconds) in [
            ("2d", 172_800),
            ("12h", 43_200),
            ("30m", 1_800),
            ("90s", 90),
            ("1d12h", 129_600),
            (" 5m ", 300),
        ] {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_secs(seconds)),
                "{text}"
            );
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            " ",
            "0s",
            "5",
            "d",
            "-1d",
            "1.5h",
            "2w",
            "1d 2h",
            "99999999999999999999d",
            "101000d",
            "1ä",
        ] {
            let refusal = parse_duration(text).unwrap_err();
            assert!(
                refusal.to_string().contains("2d, 12h, 30m or 90s"),
                "{text}"
            );
        }
    }
}
