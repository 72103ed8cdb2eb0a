//! `cgroup_mkdir`: every new cgroup is watched from birth, until the agent has read its name and decided.

use aya_ebpf::helpers::bpf_ktime_get_boot_ns;
use aya_ebpf::macros::btf_tracepoint;
use aya_ebpf::programs::BtfTracePointContext;
use aya_log_ebpf::debug;
use bc_abi::{EventKind, KernelLoss, MkdirEvent, Watch};

use crate::maps::{EVENTS, MKDIR_SCRATCH, WATCHES, lost};
use crate::{kernel_string, task, watch};

/// `(cgroup, path)`.
#[btf_tracepoint(function = "cgroup_mkdir")]
pub(crate) fn cgroup_mkdir(ctx: BtfTracePointContext) -> i32 {
    let (cgroup, path) = (ctx.arg(0), ctx.arg::<u64>(1));
    let key = task::cgroup_key(cgroup);
    debug!(
        &ctx,
        "cgroup {} of hierarchy {} made", key.id, key.hierarchy
    );
    if WATCHES
        .insert(
            &key,
            &Watch {
                state: Watch::PROVISIONAL,
            },
            0,
        )
        .is_err()
    {
        watch::filter(&key);
        lost(KernelLoss::WatchTable, 0);
    }
    let Some(event) = MKDIR_SCRATCH.get_ptr_mut(0) else {
        return 0;
    };
    // SAFETY: this CPU's own scratch; tracepoint programs of one CPU do not interleave.
    let event = unsafe { &mut *event };
    event.header.kind = EventKind::Mkdir as u32;
    event.header.tail = 0;
    // SAFETY: a helper without arguments.
    event.header.at_boot_ns = unsafe { bpf_ktime_get_boot_ns() };
    event.cgroup = key;
    kernel_string::copy(path, &mut event.path);
    if EVENTS.output::<MkdirEvent>(&*event, 0).is_err() {
        lost(KernelLoss::RingCgroup, 0);
    }
    0
}
