//! What is read of a task: identity, totals, memory, cgroups. Loads only; nothing is decided here.

use aya_ebpf::helpers::bpf_probe_read_kernel;
use bc_abi::{ABSENT, CgroupKey, ENTRY_SLOTS, ProcessKey, Totals};

use crate::layout::{Object, load, load_or, offset};

/// The task is being switched away from for the last time.
const TASK_DEAD: u64 = 0x80;

/// A `task_struct` that the verifier has typed.
#[derive(Clone, Copy)]
pub(crate) struct Task(pub(crate) Object);

impl Task {
    #[inline(always)]
    pub(crate) fn is_dead(self) -> bool {
        // SAFETY: a typed task; the width is the one of this kernel.
        let state = unsafe {
            if offset!(task_state_is_long) == 1 {
                load::<u64>(self.0, offset!(task_state))
            } else {
                u64::from(load::<u32>(self.0, offset!(task_state)))
            }
        };
        state & TASK_DEAD != 0
    }

    #[inline(always)]
    pub(crate) fn pid(self) -> u32 {
        // SAFETY: a typed task.
        unsafe { load(self.0, offset!(task_pid)) }
    }

    #[inline(always)]
    pub(crate) fn tgid(self) -> u32 {
        // SAFETY: a typed task.
        unsafe { load(self.0, offset!(task_tgid)) }
    }

    /// The core it is on, or was last. Only where [`crate::core_time::wanted`].
    #[inline(always)]
    pub(crate) fn core(self) -> u32 {
        // SAFETY: a typed task.
        unsafe { load(self.0, offset!(task_core)) }
    }

    /// CPU time so far, ns: up to date for a task that does not run.
    #[inline(always)]
    pub(crate) fn cpu_ns(self) -> u64 {
        // SAFETY: a typed task.
        unsafe { load(self.0, offset!(task_cpu)) }
    }

    #[inline(always)]
    pub(crate) fn is_leader(self) -> bool {
        self.pid() == self.tgid()
    }

    #[inline(always)]
    pub(crate) fn leader(self) -> Task {
        // SAFETY: a typed task.
        Task(unsafe { load(self.0, offset!(task_group_leader)) })
    }

    #[inline(always)]
    pub(crate) fn parent(self) -> Task {
        // SAFETY: a typed task.
        Task(unsafe { load(self.0, offset!(task_real_parent)) })
    }

    #[inline(always)]
    pub(crate) fn signal(self) -> Object {
        // SAFETY: a typed task.
        unsafe { load(self.0, offset!(task_signal)) }
    }

    #[inline(always)]
    pub(crate) fn css_set(self) -> Object {
        // SAFETY: a typed task.
        unsafe { load(self.0, offset!(task_cgroups)) }
    }

    /// Null for kernel threads and for tasks past `exit_mm`.
    #[inline(always)]
    pub(crate) fn mm(self) -> Object {
        // SAFETY: a typed task.
        unsafe { load(self.0, offset!(task_mm)) }
    }

    #[inline(always)]
    pub(crate) fn exit_code(self) -> u32 {
        // SAFETY: a typed task.
        unsafe { load::<i32>(self.0, offset!(task_exit_code)) as u32 }
    }

    /// The process by its leader. Only for tasks whose leader cannot have been freed: current, newborn, or under an iterator.
    #[inline(always)]
    pub(crate) fn process_key(self) -> ProcessKey {
        // SAFETY: a typed task.
        let start_boot_ns = unsafe { load(self.leader().0, offset!(task_start_boottime)) };
        ProcessKey {
            tgid: self.tgid(),
            zero: 0,
            start_boot_ns,
        }
    }

    #[inline(always)]
    pub(crate) fn uid(self) -> u32 {
        // SAFETY: a typed task.
        unsafe {
            let cred: Object = load(self.0, offset!(task_cred));
            load(cred, offset!(cred_uid))
        }
    }

    #[inline(always)]
    pub(crate) fn comm(self) -> [u8; 16] {
        // SAFETY: a typed task; `comm` is 16 bytes in every kernel.
        let words: [u64; 2] = unsafe {
            [
                load(self.0, offset!(task_comm)),
                load(self.0, offset!(task_comm) + 8),
            ]
        };
        // SAFETY: the same size, and any bytes are valid.
        unsafe { core::mem::transmute(words) }
    }

    /// Pid in the innermost PID namespace; 0 where it cannot be told.
    #[inline(always)]
    pub(crate) fn container_pid(self) -> u32 {
        // SAFETY: a typed task; each level is a constant offset to the verifier, because the branches are.
        unsafe {
            let pid: Object = load(self.0, offset!(task_thread_pid));
            if pid.is_null() {
                return 0;
            }
            let level: u32 = load(pid, offset!(pid_level));
            if level == 0 {
                return load(pid, offset!(pid_numbers));
            }
            if offset!(pid_by_probe) == 1 {
                let behind = offset!(pid_numbers) + level * offset!(upid_size);
                return bpf_probe_read_kernel(pid.byte_add(behind as usize).cast()).unwrap_or(0);
            }
            if offset!(pid_by_probe) == ABSENT {
                return 0;
            }
            match level {
                1 => load(pid, offset!(pid_numbers) + offset!(upid_size)),
                2 => load(pid, offset!(pid_numbers) + 2 * offset!(upid_size)),
                3 => load(pid, offset!(pid_numbers) + 3 * offset!(upid_size)),
                4 => load(pid, offset!(pid_numbers) + 4 * offset!(upid_size)),
                _ => 0,
            }
        }
    }

    #[inline(always)]
    pub(crate) fn totals(self) -> Totals {
        let task = self.0;
        // SAFETY: a typed task; every field is 64 bits wide.
        unsafe {
            Totals {
                cpu_ns: load(task, offset!(task_cpu)),
                user_ns: load(task, offset!(task_utime)),
                system_ns: load(task, offset!(task_stime)),
                minor_faults: load(task, offset!(task_min_flt)),
                major_faults: load(task, offset!(task_maj_flt)),
                block_read_bytes: load_or(task, offset!(task_block_read), 0),
                block_write_bytes: load_or(task, offset!(task_block_write), 0),
                cancelled_write_bytes: load_or(task, offset!(task_cancelled_write), 0),
                read_bytes: load_or(task, offset!(task_rchar), 0),
                write_bytes: load_or(task, offset!(task_wchar), 0),
                read_calls: load_or(task, offset!(task_syscr), 0),
                write_calls: load_or(task, offset!(task_syscw), 0),
            }
        }
    }

    /// Totals of the threads that the kernel itself has reaped so far: where an account begins that we did not keep from birth.
    #[inline(always)]
    pub(crate) fn reaped_totals(self) -> Totals {
        let signal = self.signal();
        // SAFETY: a typed signal struct; every field is 64 bits wide.
        unsafe {
            Totals {
                cpu_ns: load(signal, offset!(signal_cpu)),
                user_ns: load(signal, offset!(signal_utime)),
                system_ns: load(signal, offset!(signal_stime)),
                minor_faults: load(signal, offset!(signal_min_flt)),
                major_faults: load(signal, offset!(signal_maj_flt)),
                block_read_bytes: load_or(signal, offset!(signal_block_read), 0),
                block_write_bytes: load_or(signal, offset!(signal_block_write), 0),
                cancelled_write_bytes: load_or(signal, offset!(signal_cancelled_write), 0),
                read_bytes: load_or(signal, offset!(signal_rchar), 0),
                write_bytes: load_or(signal, offset!(signal_wchar), 0),
                read_calls: load_or(signal, offset!(signal_syscr), 0),
                write_calls: load_or(signal, offset!(signal_syscw), 0),
            }
        }
    }

    /// Living threads by the kernel's count.
    #[inline(always)]
    pub(crate) fn thread_count(self) -> u64 {
        // SAFETY: a typed signal struct.
        let count: i32 = unsafe { load(self.signal(), offset!(signal_nr_threads)) };
        if count > 0 { count as u64 } else { 0 }
    }

    /// Whether every thread has at least begun to exit.
    #[inline(always)]
    pub(crate) fn group_is_dead(self) -> bool {
        // SAFETY: a typed signal struct.
        unsafe { load::<i32>(self.signal(), offset!(signal_live)) <= 0 }
    }

    /// The cgroups that containers are told by, one per slot; an absent hierarchy leaves its slot empty.
    #[inline(always)]
    pub(crate) fn cgroups(self) -> [CgroupKey; ENTRY_SLOTS] {
        let css_set = self.css_set();
        [
            // SAFETY: a typed css_set.
            cgroup_key(unsafe { load(css_set, offset!(css_set_dfl_cgrp)) }),
            subsystem_key(css_set, offset!(css_set_memory)),
            subsystem_key(css_set, offset!(css_set_pids)),
            subsystem_key(css_set, offset!(css_set_freezer)),
            subsystem_key(css_set, offset!(css_set_cpuacct)),
        ]
    }
}

#[inline(always)]
fn subsystem_key(css_set: Object, offset: u32) -> CgroupKey {
    if offset == ABSENT {
        return CgroupKey::default();
    }
    // SAFETY: a typed css_set; every subsystem has a css.
    unsafe {
        let css: Object = load(css_set, offset);
        let key = cgroup_key(load(css, offset!(css_cgroup)));
        // A controller that lives on v2 is told by the first slot already.
        if key.hierarchy == 0 {
            CgroupKey::default()
        } else {
            key
        }
    }
}

/// The key of a cgroup.
#[inline(always)]
pub(crate) fn cgroup_key(cgroup: Object) -> CgroupKey {
    // SAFETY: a typed cgroup.
    unsafe {
        let root: Object = load(cgroup, offset!(cgroup_root));
        let node: Object = load(cgroup, offset!(cgroup_kn));
        CgroupKey::new(
            load::<i32>(root, offset!(root_hierarchy_id)) as u32,
            load(node, offset!(kn_id)),
        )
    }
}

/// Resident and swapped-out pages of a memory map; `None` where this kernel does not let us read them.
#[inline(always)]
pub(crate) fn resident_pages(mm: Object) -> Option<(u64, u64)> {
    if offset!(mm_rss_by_probe) == ABSENT {
        return None;
    }
    let file = counter(mm, offset!(mm_rss_file));
    let anon = counter(mm, offset!(mm_rss_anon));
    let shmem = counter(mm, offset!(mm_rss_shmem));
    Some((file + anon + shmem, counter(mm, offset!(mm_swap))))
}

/// One counter of a memory map. It is batched per CPU, and may stand a little below zero.
#[inline(always)]
fn counter(mm: Object, offset: u32) -> u64 {
    if offset == ABSENT {
        return 0;
    }
    let value: i64 = if offset!(mm_rss_by_probe) == 1 {
        // SAFETY: a bad address is an error, not a fault.
        unsafe { bpf_probe_read_kernel(mm.byte_add(offset as usize).cast()) }.unwrap_or(0)
    } else {
        // SAFETY: a typed memory map.
        unsafe { load(mm, offset) }
    };
    if value > 0 { value as u64 } else { 0 }
}
