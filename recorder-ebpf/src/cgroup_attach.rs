//! `cgroup_attach_task`: a process moves. What it used before it came belongs to where it was.

use aya_ebpf::macros::btf_tracepoint;
use aya_ebpf::programs::BtfTracePointContext;
use bc_abi::{EventKind, KernelLoss, process_flag};

use crate::entry::{self, Begin};
use crate::task::Task;
use crate::{event, watch, words};

/// `(destination, path, task, whole thread group)`. The task's cgroups are the new ones already.
#[btf_tracepoint(function = "cgroup_attach_task")]
pub(crate) fn cgroup_attach(ctx: BtfTracePointContext) -> i32 {
    let task = Task(ctx.arg(2));
    if !task.is_leader() {
        // A lone thread moves within a v1 hierarchy: its process stays where its leader is.
        return 0;
    }
    let keys = task.cgroups();
    let watched = watch::any(&keys);
    match entry::of(task) {
        Some((key, process)) => {
            // SAFETY: a live map value, which only moves write to.
            let left = unsafe { entry::left(&raw const (*process).cgroups, &keys) };
            // SAFETY: a live map value; moves of one process are serialised by the kernel's cgroup lock.
            unsafe { words::copy(&raw const keys, &raw mut (*process).cgroups) };
            if !watched {
                entry::set_flag(process, process_flag::LEFT);
            }
            if !watched || left {
                event::of_process(EventKind::Left, key, KernelLoss::RingEnd);
            }
        }
        None if watched => {
            entry::make(task, task.process_key(), &keys, Begin::Moved);
        }
        None => {}
    }
    0
}
