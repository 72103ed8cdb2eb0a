//! Patterns of the user's own.

use std::ops::Range;

use regex::{Regex, RegexSet};

use super::spans::Spans;

/// Most matches of one pattern in one text; from the last of them on, everything is hidden. A search may look at all that remains
/// before it finds the next match, so without a limit the time could grow with the square of the length.
const MOST_MATCHES: usize = 256;

/// A pattern cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot use the masking pattern `{pattern}`: {reason}; it must be a regular expression, such as `--license-key[= ](\\S+)`"
)]
pub struct BadPattern {
    /// As given.
    pub pattern: String,
    /// What is wrong with it.
    pub reason: String,
}

/// The patterns, compiled.
#[derive(Debug, Clone, Default)]
pub(super) struct Own {
    any: RegexSet,
    each: Vec<Regex>,
}

impl Own {
    pub(super) fn new<S: AsRef<str>>(patterns: &[S]) -> Result<Self, BadPattern> {
        let bad = |pattern: &str, reason: String| BadPattern {
            pattern: pattern.to_owned(),
            reason,
        };
        let mut each = Vec::with_capacity(patterns.len());
        for pattern in patterns {
            let pattern = pattern.as_ref();
            let regex = Regex::new(pattern).map_err(|error| bad(pattern, reason(&error)))?;
            if regex.is_match("") {
                return Err(bad(
                    pattern,
                    "it matches nothing at all, and so everywhere".to_owned(),
                ));
            }
            each.push(regex);
        }
        let sources: Vec<_> = each.iter().map(Regex::as_str).collect();
        let any =
            RegexSet::new(&sources).map_err(|error| bad(&sources.join("` `"), reason(&error)))?;
        Ok(Self { any, each })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.each.is_empty()
    }

    pub(super) fn hide_in(&self, text: &str, hidden: &mut Spans) {
        self.find(text, |span| hidden.add(span));
    }

    /// In a command line: the arguments as one text, parted by single spaces.
    pub(super) fn hide_in_args(&self, args: &[String], hidden: &mut [Spans]) {
        if self.is_empty() {
            return;
        }
        let joined = args.join(" ");
        let mut starts = Vec::with_capacity(args.len());
        let mut start = 0;
        for arg in args {
            starts.push(start);
            start += arg.len() + 1;
        }
        self.find(&joined, |span| {
            let first = starts
                .partition_point(|&start| start <= span.start)
                .saturating_sub(1);
            for (at, arg) in args
                .iter()
                .enumerate()
                .skip(first)
                .take_while(|&(at, _)| starts[at] < span.end)
            {
                let within = |place: usize| place.saturating_sub(starts[at]).min(arg.len());
                hidden[at].add(within(span.start)..within(span.end));
            }
        });
    }

    fn find(&self, text: &str, mut hide: impl FnMut(Range<usize>)) {
        if self.is_empty() {
            return;
        }
        for index in self.any.matches(text) {
            for (number, found) in self.each[index].captures_iter(text).enumerate() {
                let Some(span) = found
                    .get(1)
                    .or_else(|| found.get(0))
                    .map(|found| found.range())
                else {
                    continue;
                };
                if number == MOST_MATCHES {
                    hide(span.start..text.len());
                    break;
                }
                hide(span);
            }
        }
    }
}

/// The gist of an error that otherwise draws the pattern over several lines.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    text.lines()
        .last()
        .unwrap_or_default()
        .trim_start_matches("error: ")
        .to_owned()
}
