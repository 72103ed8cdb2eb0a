//! `sched_process_exit`: the last sight of a process's memory map, from 6.16 on. Its CPU is not complete here: see `switch`.

use aya_ebpf::macros::btf_tracepoint;
use aya_ebpf::programs::BtfTracePointContext;
use bc_abi::end_flag;

use crate::entry;
use crate::layout::{load, offset};
use crate::task::{Task, resident_pages};

/// `(task, group is dead)`.
#[btf_tracepoint(function = "sched_process_exit")]
pub(crate) fn process_exit(ctx: BtfTracePointContext) -> i32 {
    let task = Task(ctx.arg(0));
    #[cfg(feature = "mutant-close-at-exit")]
    crate::switch::close(task);
    if offset!(exit_sees_mm) != 1 || !task.group_is_dead() {
        return 0;
    }
    let Some((_, process)) = entry::of(task) else {
        return 0;
    };
    let mm = task.mm();
    if mm.is_null() {
        return 0;
    }
    let Some((resident, _)) = resident_pages(mm) else {
        return 0;
    };
    // SAFETY: a typed memory map.
    let noted: u64 = unsafe { load(mm, offset!(mm_hiwater_rss)) };
    // SAFETY: a live map value, and the group's last thread is its only writer now.
    unsafe {
        let end = &raw mut (*process).end;
        (*end).peak_rss_pages = if resident > noted { resident } else { noted };
        (*end).flags |= end_flag::PEAK_KNOWN;
    }
    0
}
