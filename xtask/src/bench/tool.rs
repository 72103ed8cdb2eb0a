//! Other tools that sample every process once a second, measured in the same minute: atop and pidstat, each in its turn.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Serialize;

use super::clock;
use super::ground::Ground;
use crate::engine::daemon::Daemon;
use crate::setup::apt;
use crate::step;

/// Seconds between a tool's start and its first reading: what it does once is no part of a sample.
const WARM_UP: u64 = 2;
/// Seconds before the first tool starts, and between the end of one and the start of the next.
const REST: u64 = 2;

/// A tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tool {
    /// Writes its binary file, as its daemon does.
    Atop,
    /// CPU, memory and I/O of every process as text.
    Pidstat,
}

/// Both.
pub(super) const TOOLS: [Tool; 2] = [Tool::Atop, Tool::Pidstat];

impl Tool {
    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Tool::Atop => "atop",
            Tool::Pidstat => "pidstat",
        }
    }

    /// Makes sure that it is there.
    ///
    /// # Errors
    /// What apt says.
    pub(super) fn ensure(self) -> Result<()> {
        let package = match self {
            Tool::Atop => "atop",
            Tool::Pidstat => "sysstat",
        };
        let why = format!("{}, to measure beside it", self.name());
        apt::unless_command(self.name(), &why, &[package])
    }

    /// Name and version, as it says them.
    pub(super) fn version(self) -> String {
        let said = step::ask(Command::new(self.name()).arg("-V")).unwrap_or_default();
        let number = said
            .split_ascii_whitespace()
            .find(|word| word.starts_with(|first: char| first.is_ascii_digit()));
        format!("{} {}", self.name(), number.unwrap_or("of unknown version"))
    }

    /// What is typed to sample once a second.
    pub(super) fn command_line(self) -> &'static str {
        match self {
            Tool::Atop => "atop -w FILE 1",
            Tool::Pidstat => "pidstat -h -u -r -d -p ALL 1",
        }
    }

    fn command(self, folder: &Path) -> Result<Command> {
        let program =
            apt::which(self.name()).with_context(|| format!("finding {}", self.name()))?;
        let mut command = Command::new(program);
        for word in self.command_line().split(' ').skip(1) {
            match word {
                "FILE" => command.arg(raw_file(folder)),
                word => command.arg(word),
            };
        }
        Ok(command)
    }
}

fn raw_file(folder: &Path) -> std::path::PathBuf {
    folder.join("atop.raw")
}

/// What a tool took.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Taken {
    /// Which.
    pub(super) name: &'static str,
    /// Samples in which it was measured.
    pub(super) samples: u64,
    /// CPU all in, for each of them.
    pub(super) per_sample_ns: f64,
}

/// One tool's turn within a window, told of every second that passes.
pub(super) struct Turn {
    tool: Tool,
    starts: u64,
    samples: u64,
    daemon: Option<Daemon>,
    first_ns: u64,
    /// What it took, once its turn is over.
    pub(super) taken: Option<Taken>,
}

/// Turns that fit into a window of so many seconds, one after the other.
pub(super) fn turns(seconds: u64) -> Vec<Turn> {
    let each = (seconds / TOOLS.len() as u64).saturating_sub(REST + WARM_UP);
    // More would make the figure of a tool that is far from the goal no more certain.
    let samples = each.clamp(1, 20);
    let turn = |(at, tool)| Turn {
        tool,
        starts: REST + at as u64 * (WARM_UP + samples + REST),
        samples,
        daemon: None,
        first_ns: 0,
        taken: None,
    };
    TOOLS.into_iter().enumerate().map(turn).collect()
}

impl Turn {
    /// A second has passed: starts, reads or stops the tool when it is time.
    ///
    /// # Errors
    /// It did not start, or has ended by itself.
    pub(super) fn second(&mut self, ground: &Ground, second: u64) -> Result<()> {
        let first = self.starts + WARM_UP;
        if second == self.starts {
            let mut command = self.tool.command(ground.folder())?;
            self.daemon = Some(Daemon::start(
                self.tool.name(),
                ground.folder(),
                &mut command,
            )?);
        } else if let Some(daemon) = &mut self.daemon {
            if !daemon.lives() {
                bail!(
                    "{} ended by itself; it said: {}",
                    self.tool.name(),
                    daemon.said()
                );
            }
            let used_ns = clock::cpu_ns(daemon.pid())?;
            if second == first {
                self.first_ns = used_ns;
            } else if second == first + self.samples {
                let taken_ns = used_ns - self.first_ns;
                self.taken = Some(Taken {
                    name: self.tool.name(),
                    samples: self.samples,
                    per_sample_ns: taken_ns as f64 / self.samples as f64,
                });
                self.stop(ground);
            }
        }
        Ok(())
    }

    fn stop(&mut self, ground: &Ground) {
        drop(self.daemon.take());
        // A hundred megabytes that nobody will read.
        let _ = std::fs::remove_file(raw_file(ground.folder()));
        let _ = std::fs::remove_file(ground.folder().join(format!("{}.log", self.tool.name())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_follow_each_other_within_the_window() {
        for seconds in [10, 30, 60, 120] {
            let turns = turns(seconds);
            let ends = |turn: &Turn| turn.starts + WARM_UP + turn.samples;
            assert!(ends(&turns[0]) < turns[1].starts, "{seconds}");
            assert!(ends(&turns[1]) <= seconds, "{seconds}");
            assert_eq!(turns[0].samples, turns[1].samples);
        }
        assert_eq!(turns(60)[0].samples, 20);
    }
}
