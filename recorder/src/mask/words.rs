//! A text as the words a shell would make of it, more or less: enough to tell an option from its value.

use std::ops::Range;

/// A word of a text.
pub(super) struct Word {
    /// Where it stands, quotes included.
    pub(super) span: Range<usize>,
    /// What its quotes hold, each.
    pub(super) quoted: Vec<Range<usize>>,
}

impl Word {
    /// Where it stands, without the quotes where it is quoted as a whole.
    pub(super) fn bare(&self, text: &str) -> Range<usize> {
        let bytes = &text.as_bytes()[self.span.clone()];
        match bytes {
            [b'"', .., b'"'] | [b'\'', .., b'\''] => self.span.start + 1..self.span.end - 1,
            _ => self.span.clone(),
        }
    }
}

/// The commands in a text, each as its words.
pub(super) fn commands(text: &str) -> Vec<Vec<Word>> {
    let bytes = text.as_bytes();
    let mut commands = vec![Vec::new()];
    let mut word: Option<Word> = None;
    // Where each quote stands last: one with no partner after it is an apostrophe.
    let last = |mark: u8| bytes.iter().rposition(|&byte| byte == mark).unwrap_or(0);
    let (last_double, last_single) = (last(b'"'), last(b'\''));
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        if byte.is_ascii_whitespace() || b";|&()<>`".contains(&byte) {
            let command = commands.last_mut();
            if let (Some(word), Some(command)) = (word.take(), command) {
                command.push(word);
            }
            if b";|&()`\n".contains(&byte)
                && commands.last().is_some_and(|command| !command.is_empty())
            {
                commands.push(Vec::new());
            }
            at += 1;
            continue;
        }
        let word = word.get_or_insert_with(|| Word {
            span: at..at,
            quoted: Vec::new(),
        });
        at += match byte {
            b'\\' => 2,
            b'"' if at < last_double => quoted(bytes, at, word),
            b'\'' if at < last_single => quoted(bytes, at, word),
            _ => 1,
        };
        at = at.min(bytes.len());
        word.span.end = at;
    }
    if let (Some(word), Some(command)) = (word, commands.last_mut()) {
        command.push(word);
    }
    commands
}

/// Takes in the quoted part that begins at `at`; its length, quotes included.
fn quoted(bytes: &[u8], at: usize, word: &mut Word) -> usize {
    let mark = bytes[at];
    let mut end = at + 1;
    while end < bytes.len() && bytes[end] != mark {
        end += if bytes[end] == b'\\' && mark == b'"' {
            2
        } else {
            1
        };
    }
    let end = end.min(bytes.len());
    word.quoted.push(at + 1..end);
    end + 1 - at
}
