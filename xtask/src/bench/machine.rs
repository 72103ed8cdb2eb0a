//! Where and on what figures were taken: without that they say nothing.

use std::process::Command;

use serde::Serialize;

use super::tool::Tool;
use crate::{step, tree};

/// A load average above which the machine is no quiet one, per CPU.
const QUIET: f64 = 0.3;

/// A machine, and the tree that is measured on it.
#[derive(Debug, Serialize)]
pub(super) struct Machine {
    taken: String,
    commit: String,
    kernel: String,
    cpu: String,
    cpus: usize,
    /// Of the minute before.
    load: Option<f64>,
    /// Processes there before anything was started.
    processes: u64,
    /// Further recorders at work, whose kernel programs cost everybody.
    other_recorders: u64,
    tools: Vec<String>,
}

impl Machine {
    /// This one, now.
    pub(super) fn of_now(tools: &[Tool]) -> Self {
        let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
        let cpu = read("/proc/cpuinfo");
        let cpu = cpu
            .lines()
            .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
            .map_or("an unnamed CPU", |(_, name)| name);
        let load = read("/proc/loadavg");
        let load = load.split(' ').next().and_then(|text| text.parse().ok());
        Self {
            taken: said(Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"])),
            commit: commit(),
            kernel: said(Command::new("uname").arg("-sr")),
            cpu: cpu.trim().to_owned(),
            cpus: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            load,
            processes: comms().count() as u64,
            other_recorders: comms().filter(|comm| comm == "bubble-chamber").count() as u64,
            tools: tools.iter().map(|tool| tool.version()).collect(),
        }
    }

    /// As a paragraph.
    pub(super) fn in_words(&self) -> String {
        let mut text = format!(
            "{}, commit {}; {}, {} × {}",
            self.taken, self.commit, self.kernel, self.cpus, self.cpu
        );
        if !self.tools.is_empty() {
            text += &format!("; {}", self.tools.join(", "));
        }
        let load = self
            .load
            .map_or("unknown".to_owned(), |load| format!("{load:.2}"));
        text += &format!(
            ". Before: load average {load}, {} processes.",
            self.processes
        );
        let busy = self
            .load
            .is_some_and(|load| load > QUIET * self.cpus as f64);
        if busy || self.other_recorders > 0 {
            text += &format!(
                " **The machine was not quiet** ({} other recorders at work): these figures are rough.",
                self.other_recorders
            );
        }
        text
    }
}

fn said(command: &mut Command) -> String {
    let text = step::ask(command).unwrap_or_else(|| "unknown".to_owned());
    text.trim().to_owned()
}

fn commit() -> String {
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        step::ask(git.current_dir(tree::root()).args(arguments))
    };
    let Some(commit) = git(&["rev-parse", "--short", "HEAD"]) else {
        return "unknown".to_owned();
    };
    // Documents are not measured, and a report is written into one of them.
    let changed =
        git(&["status", "--porcelain", "--", ":!docs"]).is_none_or(|list| !list.is_empty());
    let also = if changed { " with changes" } else { "" };
    format!("{}{also}", commit.trim())
}

/// The names of all processes.
pub(super) fn comms() -> impl Iterator<Item = String> {
    std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| {
            let name = entry.file_name();
            name.as_encoded_bytes().iter().all(u8::is_ascii_digit)
        })
        .filter_map(|entry| std::fs::read_to_string(entry.path().join("comm")).ok())
        .map(|comm| comm.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(load: f64, other_recorders: u64) -> String {
        Machine {
            taken: "2026-01-01 00:00 UTC".into(),
            commit: "abc".into(),
            kernel: "Linux 6.18".into(),
            cpu: "a CPU".into(),
            cpus: 2,
            load: Some(load),
            processes: 80,
            other_recorders,
            tools: vec!["atop 2.8.1".into()],
        }
        .in_words()
    }

    #[test]
    fn a_busy_machine_is_told() {
        assert!(!machine(0.1, 0).contains("not quiet"));
        assert!(machine(1.9, 0).contains("not quiet"));
        assert!(machine(0.1, 1).contains("not quiet"));
        assert!(machine(0.1, 0).starts_with(
            "2026-01-01 00:00 UTC, commit abc; Linux 6.18, 2 × a CPU; atop 2.8.1. Before: load average 0.10, 80"
        ));
    }

    #[test]
    fn this_process_is_among_them() {
        let own = std::fs::read_to_string("/proc/self/comm").expect("a process has a name");
        assert!(comms().any(|comm| comm == own.trim_end()));
    }
}
