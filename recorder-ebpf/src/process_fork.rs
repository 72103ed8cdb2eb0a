//! `sched_process_fork`: a process is born watched, or a process gets another thread. Runs before the child does.

use core::mem::MaybeUninit;

use aya_ebpf::macros::btf_tracepoint;
use aya_ebpf::programs::BtfTracePointContext;

use crate::entry::{self, Begin};
use crate::maps::add;
use crate::task::Task;
use crate::{core_time, watch, words};

/// `(parent, child)`.
#[btf_tracepoint(function = "sched_process_fork")]
pub(crate) fn process_fork(ctx: BtfTracePointContext) -> i32 {
    let (parent, child) = (Task(ctx.arg(0)), Task(ctx.arg(1)));
    if !child.is_leader() {
        if let Some((_, process)) = entry::of(child) {
            // SAFETY: a live map value.
            unsafe { add(&raw mut (*process).threads_begun, 1) };
            core_time::thread_begins(process, child);
        }
        return 0;
    }
    let keys = match entry::of(parent) {
        // The usual case: the same cgroups as its parent, whose entry knows them.
        Some((_, process)) if parent.css_set() == child.css_set() => {
            let mut keys = MaybeUninit::uninit();
            // SAFETY: a live map value; all of `keys` is written.
            unsafe {
                words::copy(&raw const (*process).cgroups, keys.as_mut_ptr());
                keys.assume_init()
            }
        }
        _ => child.cgroups(),
    };
    if watch::any(&keys) {
        entry::make(child, child.process_key(), &keys, Begin::Forked);
    }
    0
}
