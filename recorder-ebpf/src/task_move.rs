//! `sched_migrate_task`: a thread that does not run is moved to another core. What it used so far was used on the one it leaves.

use aya_ebpf::macros::btf_tracepoint;
use aya_ebpf::programs::BtfTracePointContext;

use crate::task::Task;
use crate::{core_time, entry};

/// `(task, core)`.
#[btf_tracepoint(function = "sched_migrate_task")]
pub(crate) fn task_move(ctx: BtfTracePointContext) -> i32 {
    let task = Task(ctx.arg(0));
    let to: u32 = ctx.arg(1);
    if !core_time::wanted() {
        return 0;
    }
    // The kernel tells of some moves that lead nowhere.
    let from = task.core();
    if from != to
        && let Some((key, process)) = entry::of(task)
    {
        core_time::leaves(key, process, task, from);
    }
    0
}
