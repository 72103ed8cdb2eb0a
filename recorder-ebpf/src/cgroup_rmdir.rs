//! `cgroup_rmdir`: a cgroup is gone. Its watch goes with it; its processes have ended before, or the kernel would not have let it go.

use aya_ebpf::helpers::bpf_ktime_get_boot_ns;
use aya_ebpf::macros::btf_tracepoint;
use aya_ebpf::programs::BtfTracePointContext;
use bc_abi::{Event, EventHeader, EventKind, KernelLoss, ProcessKey};

use crate::maps::{EVENTS, WATCHES, lost};
use crate::task;

/// `(cgroup, path)`.
#[btf_tracepoint(function = "cgroup_rmdir")]
pub(crate) fn cgroup_rmdir(ctx: BtfTracePointContext) -> i32 {
    let key = task::cgroup_key(ctx.arg(0));
    // SAFETY: only the pointer's presence is looked at.
    if unsafe { WATCHES.get(&key) }.is_none() {
        return 0;
    }
    // The watch itself stays until the agent has seen this: a thread may still be on its way to its last switch.
    // SAFETY: a helper without arguments.
    let at_boot_ns = unsafe { bpf_ktime_get_boot_ns() };
    let event = Event {
        header: EventHeader {
            kind: EventKind::Rmdir as u32,
            tail: 0,
            at_boot_ns,
        },
        process: ProcessKey::default(),
        cgroup: key,
    };
    if EVENTS.output::<Event>(event, 0).is_err() {
        lost(KernelLoss::RingCgroup, 0);
    }
    0
}
