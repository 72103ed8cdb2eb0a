//! Facts about a process that are stated once: how it began, each exec, how it ended.

use serde::Serialize;

use crate::container::LifeKey;
use crate::metric::Metrics;
use crate::process_id::ProcessId;

/// A process began, or was found or came into the container while it lived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessStart {
    /// Who.
    pub process: ProcessId,
    /// The life of the container it belongs to.
    pub life: LifeKey,
    /// Pid on the host.
    pub pid: u32,
    /// Pid in the innermost PID namespace, where known.
    pub container_pid: Option<u32>,
    /// Parent at birth, where it was known to the recorder (it may belong to no container).
    pub parent: Option<ProcessId>,
    /// The parent's pid on the host.
    pub parent_pid: Option<u32>,
    /// Real user id on the host.
    pub uid: Option<u32>,
    /// When it began, ns since the epoch, UTC.
    pub start_ns: u64,
    /// When it came into the container, ns since the epoch; equal to `start_ns` for one that was born there.
    pub entered_ns: u64,
    /// The first process of its container.
    pub is_root: bool,
    /// The totals it had when its account here began: usage counts from these. `None` for a process born in the container (from zero).
    pub baseline: Option<Metrics>,
    /// `comm` when it was first seen.
    pub name: String,
}

/// What a process runs, from `at_ns` on. The first one of a process that only forked is what its parent ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProcessExec {
    /// Who.
    pub process: ProcessId,
    /// When, ns since the epoch, UTC.
    pub at_ns: u64,
    /// `comm` after it.
    pub name: String,
    /// The path that was executed, where known.
    pub exe: Option<String>,
    /// The arguments, the zeroth included, masked (law 9). `None`: could not be read.
    pub args: Option<Vec<String>>,
    /// The arguments were longer than the recorder keeps.
    pub args_cut: bool,
    /// Inherited from the parent by fork: no exec of its own.
    pub inherited: bool,
}

/// A process ended, or left its container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProcessEnd {
    /// Who.
    pub process: ProcessId,
    /// When, ns since the epoch, UTC.
    pub at_ns: u64,
    /// Exit code, where it exited by itself.
    pub exit_code: Option<u8>,
    /// The signal that ended it.
    pub signal: Option<u8>,
    /// A core was dumped.
    pub core_dumped: bool,
    /// The kernel's OOM killer chose it.
    pub oom_killed: bool,
    /// How it ended is unknown: its end was deduced, not seen (its final record was lost, the machine went down), or it left the container alive.
    pub unseen: bool,
}

impl ProcessEnd {
    /// Whether it is known to have gone badly: by the OOM killer, a signal, or with an exit code other than 0.
    pub fn failed(&self) -> bool {
        self.oom_killed || self.signal.is_some() || self.exit_code.is_some_and(|code| code != 0)
    }

    /// An end that nobody saw.
    pub fn unseen(process: ProcessId, at_ns: u64) -> Self {
        Self {
            process,
            at_ns,
            exit_code: None,
            signal: None,
            core_dumped: false,
            oom_killed: false,
            unseen: true,
        }
    }
}
