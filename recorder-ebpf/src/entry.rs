//! The life of an entry in the process table: made, found again by a thread, added to.

use aya_ebpf::helpers::bpf_ktime_get_boot_ns;
use aya_log_ebpf::warn;
use bc_abi::{CgroupKey, ENTRY_SLOTS, KernelLoss, Process, ProcessKey, Totals, process_flag};

use crate::maps::{ENTRY_SCRATCH, PROCESSES, SIGNALS, add, lost};
use crate::task::Task;
use crate::{core_time, watch, words};

/// Whether a process that was in `before` and is in `now` has left a watched cgroup.
///
/// # Safety
/// `before` points to live memory.
#[inline(always)]
pub(crate) unsafe fn left(
    before: *const [CgroupKey; ENTRY_SLOTS],
    now: &[CgroupKey; ENTRY_SLOTS],
) -> bool {
    // SAFETY: by contract.
    let before = unsafe { &*before };
    has_left(&before[0], &now[0])
        || has_left(&before[1], &now[1])
        || has_left(&before[2], &now[2])
        || has_left(&before[3], &now[3])
        || has_left(&before[4], &now[4])
}

#[inline(always)]
fn has_left(before: &CgroupKey, now: &CgroupKey) -> bool {
    (before.id != now.id || before.hierarchy != now.hierarchy)
        && watch::may_be(before, watch::filtering())
}

/// The entry of a task's process, found by its signal struct: valid to the task's last switch.
#[inline(always)]
pub(crate) fn of(task: Task) -> Option<(ProcessKey, *mut Process)> {
    let signal = task.signal() as u64;
    // SAFETY: keys are written once, before the process runs.
    let key = unsafe { SIGNALS.get(&signal) }?;
    let key = *key;
    PROCESSES.get_ptr_mut(&key).map(|entry| (key, entry))
}

/// How an entry begins.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Begin {
    /// Born watched.
    Forked,
    /// Moved in while alive.
    Moved,
    /// Found by a walk; it was there before the programs were.
    Found,
    /// Found by a walk; it was born under the programs, when there was no room.
    Late,
}

/// Takes a process into the table. `task` is its leader. False, and counted, when the table is full; false also for one that a walk met too
/// late: it is charged to its cgroup.
#[inline(always)]
pub(crate) fn make(
    task: Task,
    key: ProcessKey,
    keys: &[CgroupKey; ENTRY_SLOTS],
    begin: Begin,
) -> bool {
    let walks = matches!(begin, Begin::Found | Begin::Late);
    if begin == Begin::Late && task.mm().is_null() {
        return false;
    }
    let Some(scratch) = ENTRY_SCRATCH.get_ptr_mut(u32::from(walks)) else {
        return false;
    };
    // SAFETY: both are whole and aligned; `keys` is what its caller has just filled.
    unsafe {
        words::clear(scratch);
        words::copy(keys, &raw mut (*scratch).cgroups);
    }
    // SAFETY: this CPU's own scratch; tracepoint programs of one CPU do not interleave, and walks have another.
    let entry = unsafe { &mut *scratch };
    let parent = task.parent();
    if !parent.0.is_null() {
        entry.parent = parent.process_key();
    }
    // SAFETY: a helper without arguments.
    entry.entered_boot_ns = unsafe { bpf_ktime_get_boot_ns() };
    entry.threads_begun = 1;
    entry.container_pid = task.container_pid();
    entry.uid = task.uid();
    entry.comm = task.comm();
    entry.flags = match begin {
        Begin::Forked => process_flag::FORKED,
        Begin::Moved => process_flag::MOVED,
        Begin::Found => process_flag::FOUND,
        Begin::Late => process_flag::FOUND | process_flag::LATE,
    };
    if begin == Begin::Late {
        // Its threads that have ended are charged to its cgroup already; those that live have all their CPU still to tell.
        entry.threads_begun = task.thread_count();
    } else if begin != Begin::Forked {
        // What the kernel has summed up of earlier threads belongs to the running totals, and all of it to what was before.
        entry.ended = task.reaped_totals();
        entry.base = task.totals();
        let before = entry.ended;
        entry.base.add(&before);
        entry.threads_begun = task.thread_count();
        if entry.threads_begun > 1 && begin == Begin::Moved {
            entry.flags |= process_flag::INEXACT;
        }
    }
    let signal = task.signal() as u64;
    entry.signal = signal;
    if PROCESSES.insert(&key, entry, 0).is_err() || SIGNALS.insert(&signal, &key, 0).is_err() {
        let _ = PROCESSES.remove(&key);
        warn!(&(), "no room for process {}", key.tgid);
        lost(KernelLoss::ProcessTable, 0);
        return false;
    }
    if begin == Begin::Late && has_passed(task, key) {
        let _ = SIGNALS.remove(&signal);
        let _ = PROCESSES.remove(&key);
        return false;
    }
    core_time::process_begins(begin == Begin::Forked, task);
    true
}

/// An atomic addition of nothing is compiled into an instruction that kernels before 5.12 do not know.
const NOT_NOTHING: u64 = 1;

/// Whether a process went all the way from its memory map to its last switch while its entry was made, and found none there: then it is
/// charged to its cgroup already.
#[inline(always)]
fn has_passed(task: Task, key: ProcessKey) -> bool {
    let Some(entry) = PROCESSES.get_ptr_mut(&key) else {
        return false;
    };
    // SAFETY: a live map value, of which no record has said anything that counts yet. Adding orders what was written before against what
    // is read now.
    unsafe {
        add(&raw mut (*entry).said.cpu_ns, NOT_NOTHING);
        task.is_dead() && core::ptr::read_volatile(&raw const (*entry).threads_ended) == 0
    }
}

/// Adds a thread's totals to those of the threads that have ended.
#[inline(always)]
pub(crate) fn add_ended(entry: *mut Process, totals: &Totals) {
    // SAFETY: a live map value; several CPUs may add at once.
    unsafe {
        let ended = &raw mut (*entry).ended;
        add(&raw mut (*ended).cpu_ns, totals.cpu_ns);
        add(&raw mut (*ended).user_ns, totals.user_ns);
        add(&raw mut (*ended).system_ns, totals.system_ns);
        add(&raw mut (*ended).minor_faults, totals.minor_faults);
        add(&raw mut (*ended).major_faults, totals.major_faults);
        add(&raw mut (*ended).block_read_bytes, totals.block_read_bytes);
        add(
            &raw mut (*ended).block_write_bytes,
            totals.block_write_bytes,
        );
        add(
            &raw mut (*ended).cancelled_write_bytes,
            totals.cancelled_write_bytes,
        );
        add(&raw mut (*ended).read_bytes, totals.read_bytes);
        add(&raw mut (*ended).write_bytes, totals.write_bytes);
        add(&raw mut (*ended).read_calls, totals.read_calls);
        add(&raw mut (*ended).write_calls, totals.write_calls);
    }
}

/// Sets a flag that only one task at a time ever sets; others may set theirs meanwhile: hence no plain `|=`.
#[inline(always)]
pub(crate) fn set_flag(entry: *mut Process, flag: u64) {
    // SAFETY: a live map value. Adding a bit that is not set is the same as or-ing it, and needs no fetching instruction.
    unsafe {
        if core::ptr::read_volatile(&raw const (*entry).flags) & flag == 0 {
            add(&raw mut (*entry).flags, flag);
        }
    }
}
