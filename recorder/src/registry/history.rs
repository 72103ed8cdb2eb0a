//! What a process ran, remembered for its children: within a bound in bytes, whatever it executes. Those that inherit a line share it.

use std::collections::VecDeque;
use std::sync::Arc;

use bc_abi::ARGS_MAX;
use bc_schema::{ProcessExec, ProcessId};

/// How many execs of one process are remembered.
const LINES: usize = 16;
/// How many bytes all of them may take. The latest is always remembered.
const BYTES: usize = 16 << 10;

/// A command line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    name: Box<str>,
    exe: Option<Box<str>>,
    /// Each with a NUL behind it: words apart would take many times their bytes.
    args: Option<Box<str>>,
    args_cut: bool,
}

impl Line {
    /// What is remembered of an exec: of its arguments, as many bytes as are ever taken from one. Masks may have added some.
    pub(crate) fn of(exec: &ProcessExec) -> Self {
        let mut args_cut = exec.args_cut;
        let args = exec.args.as_ref().map(|args| {
            let mut packed = String::new();
            for arg in args {
                packed.push_str(arg);
                packed.push('\0');
            }
            if packed.len() > ARGS_MAX {
                packed.truncate(packed.floor_char_boundary(ARGS_MAX));
                args_cut = true;
            }
            packed.into_boxed_str()
        });
        Self {
            name: exec.name.as_str().into(),
            exe: exec.exe.as_deref().map(Into::into),
            args,
            args_cut,
        }
    }

    /// What a process with another name has inherited.
    pub(crate) fn inherited(&self, process: ProcessId, at_ns: u64, name: String) -> ProcessExec {
        let words = |args: &str| args.split_terminator('\0').map(str::to_owned).collect();
        ProcessExec {
            process,
            at_ns,
            name,
            exe: self.exe.as_deref().map(str::to_owned),
            args: self.args.as_deref().map(words),
            args_cut: self.args_cut,
            inherited: true,
        }
    }

    fn bytes(&self) -> usize {
        let text = |text: &Option<Box<str>>| text.as_deref().map_or(0, str::len);
        size_of::<Self>() + self.name.len() + text(&self.exe) + text(&self.args)
    }
}

/// A line, from a moment on.
#[derive(Debug)]
struct Ran {
    at_boot_ns: u64,
    own: bool,
    line: Arc<Line>,
}

/// What a process ran, oldest first.
#[derive(Debug, Default)]
pub(crate) struct History {
    ran: VecDeque<Ran>,
    bytes: usize,
    /// Something older is not remembered any more.
    cut: bool,
    /// Something that it ran was never told, and nobody knows when.
    incomplete: bool,
}

/// What is known of a moment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// What it ran.
    Line(Arc<Line>),
    /// It was too long ago, or may be what was never told.
    Forgotten,
    /// Nothing was ever known.
    Unknown,
}

impl History {
    /// Notes what it ran from a moment on; `own`: it executed it itself.
    pub(crate) fn push(&mut self, at_boot_ns: u64, own: bool, line: Arc<Line>) {
        self.bytes += line.bytes();
        self.ran.push_back(Ran {
            at_boot_ns,
            own,
            line,
        });
        while self.ran.len() > LINES || (self.bytes > BYTES && self.ran.len() > 1) {
            let oldest = self.ran.pop_front();
            self.bytes -= oldest.map_or(0, |oldest| oldest.line.bytes());
            self.cut = true;
        }
    }

    /// Notes that it ran something of which nothing is known.
    pub(crate) fn miss(&mut self) {
        self.incomplete = true;
    }

    /// What it ran at a moment; before the first line, that one.
    pub(crate) fn at(&self, boot_ns: u64) -> At {
        if self.incomplete {
            return At::Forgotten;
        }
        let mut latest_first = self.ran.iter().rev();
        match latest_first.find(|ran| ran.at_boot_ns <= boot_ns) {
            Some(ran) => At::Line(ran.line.clone()),
            None if self.cut => At::Forgotten,
            None => (self.ran.front()).map_or(At::Unknown, |ran| At::Line(ran.line.clone())),
        }
    }

    /// The name it goes by since its latest exec.
    pub(crate) fn name(&self) -> Option<&str> {
        self.ran.back().map(|ran| &*ran.line.name)
    }

    /// Whether it has executed something itself, as far as is remembered.
    pub(crate) fn has_executed(&self) -> bool {
        self.ran.iter().any(|ran| ran.own)
    }

    /// How much memory the lines take; shared ones are counted by everybody who has them.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exec(name: &str, args: Vec<String>) -> ProcessExec {
        ProcessExec {
            process: ProcessId([0; 16]),
            at_ns: 0,
            name: name.into(),
            exe: Some("/bin/x".into()),
            args: Some(args),
            args_cut: false,
            inherited: false,
        }
    }

    #[test]
    fn a_line_gives_back_what_it_was_made_of_and_says_what_it_cut() {
        for args in [vec![], vec![""], vec!["sh", "-c", ""], vec!["\u{e9}"]] {
            let args: Vec<String> = args.into_iter().map(str::to_owned).collect();
            let inherited =
                Line::of(&exec("a", args.clone())).inherited(ProcessId([1; 16]), 5, "b".into());
            assert_eq!(inherited.args, Some(args));
            assert!(inherited.inherited && !inherited.args_cut && inherited.name == "b");
        }
        let long = Line::of(&exec("a", vec!["\u{e9}".repeat(ARGS_MAX)]));
        let inherited = long.inherited(ProcessId([1; 16]), 5, "b".into());
        assert!(inherited.args_cut);
        assert_eq!(inherited.args.unwrap()[0].len(), ARGS_MAX);
    }

    #[test]
    fn a_process_that_executes_without_end_takes_no_more_than_its_bytes() {
        let mut history = History::default();
        assert_eq!(history.at(1), At::Unknown);
        for nth in 0..1_000 {
            // As many words as fit, which apart would take twenty times as much.
            let args = vec!["w".to_owned(); ARGS_MAX / 2];
            let line = Arc::new(Line::of(&exec(&nth.to_string(), args)));
            history.push(nth, true, line);
            assert!(history.bytes() <= BYTES, "{}", history.bytes());
        }
        assert_eq!(history.at(5), At::Forgotten);
        assert!(matches!(history.at(998), At::Line(line) if &*line.name == "998"));
        assert_eq!(history.name(), Some("999"));
        history.miss();
        assert_eq!(history.at(998), At::Forgotten);
    }
}
