//! The table: every capability, in the order in which a process meets them.

use bc_abi::{ABSENT, Layout, PathMode};

use super::capability::{Capability, Instead, Lost, State};
use crate::kernel::Trial;

/// What every program needs, and so every hook.
const TYPED: &str = "5.10 with BTF";

/// What reading by probe needs.
const UNLOCKED: &str = "a lockdown below `confidentiality`";

/// The table.
pub(super) const TABLE: &[Capability] = &[
    hook(
        "a process is born watched",
        "`sched_process_fork`",
        "processes shorter than a second that never exec",
        |trial| typed(trial, "sched_process_fork"),
    ),
    hook(
        "what a process executes",
        "`sched_process_exec`",
        "path, arguments and name",
        |trial| typed(trial, "sched_process_exec"),
    ),
    Capability {
        gives: "arguments",
        by: "`bpf_probe_read_user`",
        needs: "5.5; allowed under every lockdown",
        instead: &[],
        lost: Lost::Required("path and arguments"),
        judge: |_| State::Works,
    },
    Capability {
        gives: "peak memory of processes that end between two samples",
        by: "`sched_process_exit`, which sees `mm_struct`",
        needs: "6.16: earlier kernels have let go of it by then",
        instead: &[],
        lost: Lost::Only("that peak (`ru_maxrss` stays)"),
        judge: |trial| given(trial, |layout| layout.exit_sees_mm == 1),
    },
    hook(
        "exact CPU, end and exit status",
        "`sched_switch`",
        "two thirds of a short process's CPU",
        |trial| typed(trial, "sched_switch"),
    ),
    Capability {
        gives: "CPU time by core",
        by: "`sched_migrate_task`, `task_struct.thread_info.cpu`",
        needs: "5.10; `CONFIG_SMP`",
        instead: &[],
        lost: Lost::Only("CPU time by core; the process's total stays exact"),
        judge: |trial| match trial.cores {
            true => given(trial, |layout| layout.task_core != ABSENT),
            false => State::Off,
        },
    },
    hook(
        "a container is watched from its birth",
        "`cgroup_mkdir`",
        "containers shorter than a look at the cgroup file system",
        |trial| typed(trial, "cgroup_mkdir"),
    ),
    Capability {
        gives: "path of a new cgroup, however short it lives",
        by: "kfunc `bpf_rdonly_cast`",
        needs: "6.2",
        instead: &[
            Instead {
                by: "`bpf_probe_read_kernel_str`",
                needs: UNLOCKED,
                costs: "",
            },
            Instead {
                by: "its file handle (`open_by_handle_at`)",
                needs: "",
                costs: "containers that are gone before user space has looked",
            },
        ],
        lost: Lost::Only("short containers"),
        judge: |trial| by_layout(trial, path),
    },
    hook(
        "a container's end",
        "`cgroup_rmdir`",
        "when it ended, to the moment",
        |trial| typed(trial, "cgroup_rmdir"),
    ),
    hook(
        "a process moves into a container",
        "`cgroup_attach_task`",
        "what runtimes move into their containers",
        |trial| typed(trial, "cgroup_attach_task"),
    ),
    Capability {
        gives: "cgroups of version 1",
        by: "`css_set.subsys` of memory, pids, freezer, cpuacct",
        needs: "the subsystem is built in",
        instead: &[Instead {
            by: "version 2 and the subsystems that are there",
            needs: "",
            costs: "containers that only a hierarchy without these shows",
        }],
        lost: Lost::Only("containers that version 2 does not show"),
        judge: |trial| by_layout(trial, hierarchies),
    },
    hook(
        "running totals, once a second",
        "`iter/task`",
        "samples",
        |_| State::Works,
    ),
    Capability {
        gives: "a walk over all tasks in one call",
        by: "kfuncs `bpf_iter_task_new`, `bpf_rcu_read_lock`",
        needs: "6.7",
        instead: &[Instead {
            by: "`iter/task`",
            needs: "",
            costs: "half a microsecond of CPU for each task and second",
        }],
        lost: Lost::Only("samples"),
        judge: |trial| match trial.swept {
            true => State::Works,
            false => State::Replaced(0),
        },
    },
    hook(
        "events in order, with losses counted",
        "the BPF ring buffer",
        "events",
        |_| State::Works,
    ),
    Capability {
        gives: "resident memory and swap",
        by: "plain loads of `mm_struct.rss_stat`",
        needs: "6.2",
        instead: &[Instead {
            by: "`bpf_probe_read_kernel`",
            needs: UNLOCKED,
            costs: "",
        }],
        lost: Lost::Only("resident memory and its peaks, swap (`ru_maxrss` stays)"),
        judge: |trial| by_layout(trial, |layout| probed(layout.mm_rss_by_probe)),
    },
    Capability {
        gives: "a process's pid inside its container",
        by: "plain loads of `pid.numbers`",
        needs: "6.5, or a later release of 6.1",
        instead: &[Instead {
            by: "`bpf_probe_read_kernel`",
            needs: UNLOCKED,
            costs: "",
        }],
        lost: Lost::Only("the pid inside; the machine's own stays"),
        judge: |trial| by_layout(trial, |layout| probed(layout.pid_by_probe)),
    },
    Capability {
        gives: "bytes and calls of reading and writing",
        by: "`task_struct.ioac`",
        needs: "`CONFIG_TASK_XACCT`, `CONFIG_TASK_IO_ACCOUNTING`",
        instead: &[],
        lost: Lost::Only("I/O of processes"),
        judge: |trial| {
            given(trial, |layout| {
                layout.task_rchar != ABSENT && layout.task_block_read != ABSENT
            })
        },
    },
    Capability {
        gives: "counting goes on when the recorder is killed",
        by: "pins in the BPF file system",
        needs: "`/sys/fs/bpf`, mounted or to be mounted, writable",
        instead: &[],
        lost: Lost::Only("what happens until the next recorder starts"),
        judge: |trial| match &trial.pinned {
            Some(Ok(())) => State::Works,
            Some(Err(_)) => State::Missing,
            None => State::Untried,
        },
    },
];

const fn hook(
    gives: &'static str,
    by: &'static str,
    lost: &'static str,
    judge: fn(&Trial) -> State,
) -> Capability {
    Capability {
        gives,
        by,
        needs: TYPED,
        instead: &[],
        lost: Lost::Required(lost),
        judge,
    }
}

fn typed(trial: &Trial, hook: &str) -> State {
    match trial.absent_hooks.contains(&hook) {
        true => State::Missing,
        false => State::Works,
    }
}

fn given(trial: &Trial, is_given: fn(&Layout) -> bool) -> State {
    match trial.layout.as_ref().map(is_given) {
        Some(true) => State::Works,
        Some(false) => State::Missing,
        None => State::Untried,
    }
}

fn by_layout(trial: &Trial, state: fn(&Layout) -> State) -> State {
    trial.layout.as_ref().map_or(State::Untried, state)
}

fn path(layout: &Layout) -> State {
    match layout.path_mode {
        mode if mode == PathMode::Cast as u32 => State::Works,
        mode if mode == PathMode::Probe as u32 => State::Replaced(0),
        _ => State::Replaced(1),
    }
}

fn hierarchies(layout: &Layout) -> State {
    let subsystems = [
        layout.css_set_memory,
        layout.css_set_pids,
        layout.css_set_freezer,
        layout.css_set_cpuacct,
    ];
    match subsystems.contains(&ABSENT) {
        true => State::Replaced(0),
        false => State::Works,
    }
}

/// Of a field that says how others are read.
fn probed(how: u32) -> State {
    match how {
        0 => State::Works,
        ABSENT => State::Missing,
        _ => State::Replaced(0),
    }
}
