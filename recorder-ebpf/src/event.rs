//! Sending the small events: those that only name something.

use core::mem::MaybeUninit;

use aya_ebpf::helpers::bpf_ktime_get_boot_ns;
use bc_abi::{CgroupKey, Event, EventKind, KernelLoss, ProcessKey};

use crate::maps::{EVENTS, lost, wake_when_filling};
use crate::words;

/// Tells the agent of a process.
#[inline(always)]
pub(crate) fn of_process(kind: EventKind, process: ProcessKey, if_lost: KernelLoss) {
    if !send(kind, process, CgroupKey::default(), wake_when_filling()) {
        lost(if_lost, 0);
    }
}

/// Tells the agent of a cgroup, at once.
#[inline(always)]
pub(crate) fn of_cgroup(kind: EventKind, cgroup: CgroupKey) {
    if !send(kind, ProcessKey::default(), cgroup, 0) {
        lost(KernelLoss::RingCgroup, 0);
    }
}

#[inline(always)]
fn send(kind: EventKind, process: ProcessKey, cgroup: CgroupKey, flags: u64) -> bool {
    let mut event = MaybeUninit::<Event>::uninit();
    let target = event.as_mut_ptr();
    // SAFETY: every field of the event on the stack is written, in its place: moved about, it would be cleared by a call.
    unsafe {
        (&raw mut (*target).header.kind).write_volatile(kind as u32);
        (&raw mut (*target).header.tail).write_volatile(0);
        (&raw mut (*target).header.at_boot_ns).write_volatile(bpf_ktime_get_boot_ns());
        words::copy(&raw const process, &raw mut (*target).process);
        words::copy(&raw const cgroup, &raw mut (*target).cgroup);
        EVENTS
            .output::<Event>(event.assume_init_ref(), flags)
            .is_ok()
    }
}
