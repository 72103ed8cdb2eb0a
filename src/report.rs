//! What the program says to people besides its log: on standard error, and never fatal when nobody listens.

use std::fmt::Display;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use anyhow::Context;

/// Says something on standard error.
pub(crate) fn say(words: impl Display) {
    // A closed standard error must not end a recording.
    let _ = writeln!(std::io::stderr(), "bubble-chamber: {words}");
}

/// Answers on standard output. A reader that went away has what it wanted.
pub(crate) fn answer(text: impl Display) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write the answer to standard output"),
    }
}

/// Turns how a command came out into an exit code; an error is said first, with all that led to it.
pub(crate) fn exit_code(outcome: anyhow::Result<ExitCode>) -> ExitCode {
    outcome.unwrap_or_else(|error| {
        say(in_full(&error));
        ExitCode::FAILURE
    })
}

/// An error with all that led to it, each once: some tell their causes themselves.
pub(crate) fn in_full(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |mut told, cause| {
        let cause = cause.to_string();
        if told.is_empty() {
            told = cause;
        } else if !told.ends_with(&cause) {
            told = format!("{told}: {cause}");
        }
        told
    })
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn a_cause_is_told_once_whoever_tells_it() {
        let error = anyhow!("no space left");
        let of_a_library = Err::<(), _>(error).context("write a: no space left");
        let error = of_a_library.context("cannot start").unwrap_err();
        assert_eq!(in_full(&error), "cannot start: write a: no space left");
    }
}
