//! `sched_switch`: the one moment when a thread's CPU is complete is its last switch. Everything a process cost is closed here.

use aya_ebpf::helpers::bpf_ktime_get_boot_ns;
use aya_ebpf::macros::btf_tracepoint;
use aya_ebpf::programs::BtfTracePointContext;
use bc_abi::{EventKind, KernelLoss, Process, end_flag, process_flag};

use crate::layout::{Object, load, offset};
use crate::maps::{PROCESSES, SIGNALS, add, lost};
use crate::task::Task;
use crate::{account, core_time, entry, event};

/// `SIGNAL_GROUP_EXIT`, the same in every kernel we know.
const GROUP_EXIT: u32 = 4;

/// `(preempt, prev, next, …)`.
#[btf_tracepoint(function = "sched_switch")]
pub(crate) fn sched_switch(ctx: BtfTracePointContext) -> i32 {
    let prev = Task(ctx.arg(1));
    if prev.is_dead() && cfg!(not(feature = "mutant-close-at-exit")) {
        close(prev);
    }
    0
}

/// Adds a dead thread to its process, and closes the process when nobody is left.
#[inline(always)]
pub(crate) fn close(task: Task) {
    let signal = task.signal() as u64;
    // SAFETY: keys are written once, before the process runs.
    let Some(key) = (unsafe { SIGNALS.get(&signal) }) else {
        account::charge(task);
        return;
    };
    let key = *key;
    let totals = task.totals();
    let Some(process) = PROCESSES.get_ptr_mut(&key) else {
        lost(KernelLoss::LateThread, totals.cpu_ns);
        return;
    };
    if task.is_leader() {
        // The flag first: a walk that sees the totals twice would lie, one that misses them for a second does not.
        entry::set_flag(process, process_flag::LEADER_ENDED);
        // What its parent is told, unless the group ended as one.
        // SAFETY: a live map value.
        unsafe { (*process).end.status = task.exit_code() };
    }
    if core_time::wanted() {
        core_time::ends(key, process, task, totals.cpu_ns);
    }
    entry::add_ended(process, &totals);
    // SAFETY: a live map value.
    unsafe { add(&raw mut (*process).threads_ended, 1) };
    if !task.group_is_dead() {
        return;
    }
    // SAFETY: a live map value; whoever comes later knows at least as much, and overwrites it whole.
    let (complete, first) = unsafe {
        note_end(task, process);
        let first = core::ptr::read_volatile(&raw const (*process).closed) == 0;
        add(&raw mut (*process).closed, 1);
        let begun = core::ptr::read_volatile(&raw const (*process).threads_begun);
        (
            core::ptr::read_volatile(&raw const (*process).threads_ended) >= begun,
            first,
        )
    };
    if complete {
        let _ = SIGNALS.remove(&signal);
    }
    if complete || first {
        event::of_process(EventKind::End, key, KernelLoss::RingEnd);
    }
}

/// # Safety
/// `process` is a live map value.
#[inline(always)]
unsafe fn note_end(task: Task, process: *mut Process) {
    let signal = task.signal();
    // SAFETY: typed objects, and a live map value by contract.
    unsafe {
        let end = &raw mut (*process).end;
        (*end).at_boot_ns = bpf_ktime_get_boot_ns();
        (*end).max_rss_pages = load(signal, offset!(signal_maxrss));
        if load::<u32>(signal, offset!(signal_flags)) & GROUP_EXIT != 0 {
            (*end).status = load::<i32>(signal, offset!(signal_group_exit_code)) as u32;
        }
        if !load::<Object>(signal, offset!(signal_oom_mm)).is_null() {
            (*end).flags |= end_flag::OOM_VICTIM;
        }
    }
}
