//! A process as answers show it.

use std::collections::HashMap;

use bc_schema::store::ProcessRecord;
use bc_schema::{Metrics, ProcessExec, ProcessId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::answer::{self, Ms};
use crate::history::name;
use crate::seed::pids::Pids;

/// A process, and what it amounted to in this container.
#[derive(Serialize, ToSchema)]
#[schema(as = Process)]
pub(crate) struct Shown<'a> {
    #[schema(schema_with = answer::process_id)]
    id: ProcessId,
    /// Pid on the host.
    pid: u32,
    /// The pid, plus 2^32 for each time it had been used in this container before.
    seed_id: u64,
    /// Pid in the innermost PID namespace.
    container_pid: Option<u32>,
    /// The parent at birth; it may belong to no container.
    #[schema(schema_with = answer::process_id_or_null)]
    parent: Option<ProcessId>,
    parent_pid: Option<u32>,
    /// Real user id on the host.
    uid: Option<u32>,
    /// How many children of it were recorded in this container.
    children: usize,
    /// The first process of its container.
    is_root: bool,
    name: &'a str,
    /// The path that was executed.
    exe: Option<&'a str>,
    /// The arguments, the zeroth included, masked; `null`: they could not be read.
    args: Option<&'a [String]>,
    /// The arguments were longer than is kept.
    args_cut: bool,
    /// Program and arguments are the parent's: it never executed.
    inherited: bool,
    start_ms: Ms,
    /// When it came into the container.
    entered_ms: Ms,
    /// When it ended, or left the container.
    end_ms: Option<Ms>,
    /// Where it exited by itself.
    exit_code: Option<u8>,
    /// The signal that ended it.
    signal: Option<u8>,
    signal_name: Option<String>,
    oom_killed: bool,
    core_dumped: bool,
    /// How it ended is not known: its end was deduced, not seen.
    end_unseen: bool,
    last_sample_ms: Option<Ms>,
    #[schema(schema_with = answer::metrics)]
    totals: &'a Metrics,
}

/// A process with all that it executed.
#[derive(Serialize, ToSchema)]
#[schema(as = ProcessInFull)]
pub(crate) struct Detailed<'a> {
    #[serde(flatten)]
    process: Shown<'a>,
    /// By time.
    execs: Vec<Exec<'a>>,
}

/// What a process ran from then on.
#[derive(Serialize, ToSchema)]
struct Exec<'a> {
    at_ms: Ms,
    name: &'a str,
    exe: Option<&'a str>,
    args: Option<&'a [String]>,
    args_cut: bool,
    inherited: bool,
}

/// What is known of a process only by looking at all others.
pub(crate) struct Others {
    pids: Pids,
    children: HashMap<ProcessId, usize>,
}

impl Others {
    pub(crate) fn of(all: &[ProcessRecord]) -> Self {
        let mut children = HashMap::new();
        for parent in all.iter().filter_map(|process| process.start.parent) {
            *children.entry(parent).or_default() += 1;
        }
        Self {
            pids: Pids::of(all),
            children,
        }
    }
}

pub(crate) fn shown<'a>(process: &'a ProcessRecord, others: &Others) -> Shown<'a> {
    let start = &process.start;
    let last = process.execs.last();
    let end = process.end.as_ref();
    let signal = end.and_then(|end| end.signal);
    Shown {
        id: start.process,
        pid: start.pid,
        seed_id: others.pids.seed_id(process),
        container_pid: start.container_pid,
        parent: start.parent,
        parent_pid: start.parent_pid,
        uid: start.uid,
        children: others.children.get(&start.process).copied().unwrap_or(0),
        is_root: start.is_root,
        name: name(process),
        exe: last.and_then(|exec| exec.exe.as_deref()),
        args: last.and_then(|exec| exec.args.as_deref()),
        args_cut: last.is_some_and(|exec| exec.args_cut),
        inherited: last.is_some_and(|exec| exec.inherited),
        start_ms: Ms(start.start_ns),
        entered_ms: Ms(start.entered_ns),
        end_ms: end.map(|end| Ms(end.at_ns)),
        exit_code: end.and_then(|end| end.exit_code),
        signal,
        signal_name: signal.map(signal_name),
        oom_killed: end.is_some_and(|end| end.oom_killed),
        core_dumped: end.is_some_and(|end| end.core_dumped),
        end_unseen: end.is_some_and(|end| end.unseen),
        last_sample_ms: process.last_sample_ns.map(Ms),
        totals: &process.totals,
    }
}

impl<'a> Detailed<'a> {
    pub(crate) fn of(process: &'a ProcessRecord, others: &Others) -> Self {
        Self {
            process: shown(process, others),
            execs: process.execs.iter().map(exec).collect(),
        }
    }
}

fn exec(exec: &ProcessExec) -> Exec<'_> {
    Exec {
        at_ms: Ms(exec.at_ns),
        name: &exec.name,
        exe: exec.exe.as_deref(),
        args: exec.args.as_deref(),
        args_cut: exec.args_cut,
        inherited: exec.inherited,
    }
}

/// The numbers of x86 and ARM, in their order from 1.
const SIGNALS: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
    "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
    "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];

/// What a signal is called.
pub(super) fn signal_name(number: u8) -> String {
    match SIGNALS.get(usize::from(number).wrapping_sub(1)) {
        Some(name) => format!("SIG{name}"),
        None if number >= 34 => format!("SIGRTMIN+{}", number - 34),
        None => format!("signal {number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_are_known_by_name() {
        assert_eq!(
            [1, 9, 11, 15, 31].map(signal_name),
            ["SIGHUP", "SIGKILL", "SIGSEGV", "SIGTERM", "SIGSYS"]
        );
        assert_eq!(
            [34, 36, 0, 32].map(signal_name),
            ["SIGRTMIN+0", "SIGRTMIN+2", "signal 0", "signal 32"]
        );
    }
}
