//! Command lines inside an argument: `sh -c 'mysql -psecret'`, `ssh HOST "curl -u me:secret …"`.

use std::ops::Range;

use super::programs;
use super::words::commands;

/// How many command lines may lie one in another; what is deeper is still seen by every rule that needs no words.
const DEEPEST: usize = 4;

/// Programs that take a command line or a program's text after `-c`; digits at the end of a name do not count.
const INTERPRETERS: [&str; 14] = [
    "sh", "bash", "dash", "ash", "zsh", "ksh", "fish", "busybox", "su", "runuser", "script",
    "flock", "python", "perl",
];

/// Whether this program takes a command line or a program's text as an argument.
pub(super) fn is_interpreter(word: &str) -> bool {
    let name = programs::basename(word).trim_start_matches('-');
    INTERPRETERS.contains(&name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.'))
}

/// Whether the argument after this option is such a text: `-c`, `-lc` and their like.
pub(super) fn announces(option: &str) -> bool {
    let is_short = option.starts_with('-') && !option.starts_with("--");
    (is_short && option.ends_with('c')) || option == "--command"
}

/// Names the secrets that options take in the command lines in `text`.
pub(super) fn hide(text: &str, mut hide: impl FnMut(Range<usize>)) {
    let mut ahead = vec![(0..text.len(), 0)];
    while let Some((part, depth)) = ahead.pop() {
        let Some(inner) = text
            .get(part.clone())
            .filter(|inner| inner.contains(|c: char| c.is_ascii_whitespace()))
        else {
            continue;
        };
        for command in commands(inner) {
            let bare: Vec<_> = command.iter().map(|word| word.bare(inner)).collect();
            let words: Vec<_> = bare
                .iter()
                .map(|span| inner.get(span.clone()).unwrap_or_default())
                .collect();
            programs::hide(&words, |word, span| {
                let start = part.start + bare[word].start;
                hide(start + span.start..start + span.end);
            });
            if depth < DEEPEST {
                let quoted = command.into_iter().flat_map(|word| word.quoted);
                ahead.extend(
                    quoted.map(|span| (part.start + span.start..part.start + span.end, depth + 1)),
                );
            }
        }
    }
}
