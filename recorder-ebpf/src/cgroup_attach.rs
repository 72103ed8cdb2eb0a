//! `cgroup_attach_task`: a process moves. What it used before it came belongs to where it was.

use aya_ebpf::helpers::bpf_ktime_get_boot_ns;
use aya_ebpf::macros::btf_tracepoint;
use aya_ebpf::programs::BtfTracePointContext;
use bc_abi::{CgroupKey, ENTRY_SLOTS, Event, EventHeader, EventKind, KernelLoss, process_flag};

use crate::entry::{self, Begin};
use crate::maps::{EVENTS, lost};
use crate::task::Task;

/// `(destination, path, task, whole thread group)`. The task's cgroups are the new ones already.
#[btf_tracepoint(function = "cgroup_attach_task")]
pub(crate) fn cgroup_attach(ctx: BtfTracePointContext) -> i32 {
    let task = Task(ctx.arg(2));
    if !task.is_leader() {
        // A lone thread moves within a v1 hierarchy: its process stays where its leader is.
        return 0;
    }
    let mut keys = [CgroupKey::default(); ENTRY_SLOTS];
    task.cgroups(&mut keys);
    let watched = entry::watched(&keys);
    match entry::of(task) {
        Some((key, process)) => {
            // SAFETY: a live map value; moves of one process are serialised by the kernel's cgroup lock.
            unsafe { (*process).cgroups = keys };
            if !watched {
                entry::set_flag(process, process_flag::LEFT);
                // SAFETY: a helper without arguments.
                let at_boot_ns = unsafe { bpf_ktime_get_boot_ns() };
                let header = EventHeader {
                    kind: EventKind::Left as u32,
                    tail: 0,
                    at_boot_ns,
                };
                if EVENTS
                    .output::<Event>(
                        Event {
                            header,
                            process: key,
                            cgroup: CgroupKey::default(),
                        },
                        0,
                    )
                    .is_err()
                {
                    lost(KernelLoss::RingCgroup, 0);
                }
            }
        }
        None if watched => {
            entry::make(task, task.process_key(), &keys, Begin::Moved);
        }
        None => {}
    }
    0
}
