//! `cgroup_rmdir`: a cgroup is gone. Its processes have ended before, or the kernel would not have let it go.

use aya_ebpf::macros::btf_tracepoint;
use aya_ebpf::programs::BtfTracePointContext;
use bc_abi::EventKind;

use crate::{event, task, watch};

/// `(cgroup, path)`.
#[btf_tracepoint(function = "cgroup_rmdir")]
pub(crate) fn cgroup_rmdir(ctx: BtfTracePointContext) -> i32 {
    let key = task::cgroup_key(ctx.arg(0));
    // The watch itself stays until the agent has seen this: a thread may still be on its way to its last switch.
    if watch::may_be(&key, watch::filtering()) {
        event::of_cgroup(EventKind::Rmdir, key);
    }
    0
}
