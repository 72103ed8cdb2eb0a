//! Every map the programs share with the agent, and the counting of what did not fit. The sizes of the tables and the ring are those that
//! the agent sets when it loads.
//!
//! What programs put entries into is preallocated, although that is most of the memory that recording takes. Kernels before 6.1 would allocate
//! with locks that whoever is interrupted may hold; later ones from a small stock, which a storm of forks empties while there is room.

use aya_ebpf::bindings::{
    BPF_F_MMAPABLE, BPF_F_NO_PREALLOC, BPF_RB_AVAIL_DATA, BPF_RB_FORCE_WAKEUP, BPF_RB_NO_WAKEUP,
    BPF_RB_RING_SIZE,
};
use aya_ebpf::macros::map;
use aya_ebpf::maps::{Array, HashMap, PerCpuArray, RingBuf};
use bc_abi::{
    ACCOUNTS_MAX, Account, CgroupKey, CgroupNote, Control, CoreKey, ExecEvent, FILTER_SLOTS,
    KernelLoss, Lost, MkdirEvent, PROCESSES_MAX, Process, ProcessKey, RECORDS_MAX, RING_BYTES,
    SPILL_SLOTS, TaskRecord, WATCHES_MAX, Watch,
};

use crate::sweep::Swept;

/// Watched cgroups.
#[map]
pub(crate) static WATCHES: HashMap<CgroupKey, Watch> = HashMap::with_max_entries(WATCHES_MAX, 0);

/// Stands in for a full watch table: how many cgroups it had no room for, by [`CgroupKey::filter_slot`], and behind those how many in all. A slot
/// whose count is not the one in `FILTER_BASE` may hold a watched cgroup. Only the programs write here.
#[map]
pub(crate) static FILTER: Array<u64> = Array::with_max_entries(FILTER_SLOTS + 1, 0);

/// The counts in `FILTER` that mean nothing (any more), or [`bc_abi::FILTER_OWNED`]. Only the agent writes here.
#[map]
pub(crate) static FILTER_BASE: Array<u64> = Array::with_max_entries(FILTER_SLOTS + 1, 0);

/// Processes of watched cgroups, living and not yet collected.
#[map]
pub(crate) static PROCESSES: HashMap<ProcessKey, Process> =
    HashMap::with_max_entries(PROCESSES_MAX, 0);

/// From the address of a living `signal_struct` to its process. A thread on its way out may see its leader freed, its signal struct never.
#[map]
pub(crate) static SIGNALS: HashMap<u64, ProcessKey> = HashMap::with_max_entries(PROCESSES_MAX, 0);

/// CPU time of processes by core, ns: what their threads used on cores that they have left since. Empty where it is not asked for.
#[map]
pub(crate) static CORE_TIMES: HashMap<CoreKey, u64> =
    HashMap::with_max_entries(2 * PROCESSES_MAX, 0);

/// What a thread had used when it came on the core it is on, ns, by the address of its task: of threads that have left another one before,
/// or were there before they were watched.
#[map]
pub(crate) static ARRIVALS: HashMap<u64, u64> = HashMap::with_max_entries(PROCESSES_MAX, 0);

/// What the process table had no room for, per cgroup.
#[map]
pub(crate) static ACCOUNTS: HashMap<CgroupKey, Account> =
    HashMap::with_max_entries(ACCOUNTS_MAX, 0);

/// Stands in for full accounts: sums of what they had no room for, by [`CgroupKey::spill_slot`]. The agent knows whose cgroups a slot is.
#[map]
pub(crate) static SPILLS: Array<Account> = Array::with_max_entries(SPILL_SLOTS, 0);

/// Events.
#[map]
pub(crate) static EVENTS: RingBuf = RingBuf::with_byte_size(RING_BYTES, 0);

/// What was lost, for every [`KernelLoss`]. One value, because the agent reads all of it every second.
#[map]
pub(crate) static LOSSES: PerCpuArray<[Lost; KernelLoss::COUNT as usize]> =
    PerCpuArray::with_max_entries(1, 0);

/// The agent's own: see [`CgroupNote`].
#[map]
pub(crate) static NOTES: HashMap<CgroupKey, CgroupNote> =
    HashMap::with_max_entries(WATCHES_MAX, BPF_F_NO_PREALLOC);

/// The agent's own: what of [`LOSSES`] has been declared.
#[map]
pub(crate) static DECLARED: Array<Lost> = Array::with_max_entries(KernelLoss::COUNT, 0);

/// The agent's own: what of [`ACCOUNTS`] has been declared.
#[map]
pub(crate) static DECLARED_ACCOUNTS: HashMap<CgroupKey, Account> =
    HashMap::with_max_entries(ACCOUNTS_MAX, BPF_F_NO_PREALLOC);

/// The agent's own: what of [`SPILLS`] has been declared.
#[map]
pub(crate) static DECLARED_SPILLS: Array<Account> = Array::with_max_entries(SPILL_SLOTS, 0);

/// What the agent asks of the next walk.
#[map]
pub(crate) static CONTROL: Array<Control> = Array::with_max_entries(1, 0);

/// An exec event under construction, with room for its arguments.
#[repr(C)]
pub(crate) struct ExecScratch {
    pub(crate) event: ExecEvent,
    pub(crate) args_and_path: [u8; bc_abi::ARGS_MAX + bc_abi::PATH_MAX],
}

#[map]
pub(crate) static EXEC_SCRATCH: PerCpuArray<ExecScratch> = PerCpuArray::with_max_entries(1, 0);

#[map]
pub(crate) static MKDIR_SCRATCH: PerCpuArray<MkdirEvent> = PerCpuArray::with_max_entries(1, 0);

/// A record of a walk under construction.
#[map]
pub(crate) static TASK_SCRATCH: PerCpuArray<TaskRecord> = PerCpuArray::with_max_entries(1, 0);

/// The records of a walk in one call, which the agent reads where they are.
#[map]
pub(crate) static RECORDS: Array<TaskRecord> = Array::with_max_entries(RECORDS_MAX, BPF_F_MMAPABLE);

/// How far that walk has come.
#[map]
pub(crate) static SWEPT: Array<Swept> = Array::with_max_entries(1, 0);

/// Entries under construction, larger than the stack: a tracepoint's, and a walk's, which tracepoints may interrupt.
#[map]
pub(crate) static ENTRY_SCRATCH: PerCpuArray<Process> = PerCpuArray::with_max_entries(2, 0);

/// Counts a loss.
#[inline(always)]
pub(crate) fn lost(reason: KernelLoss, cpu_ns: u64) {
    lost_many(reason, 1, cpu_ns);
}

/// Counts several losses at once, or only their CPU.
#[inline(always)]
pub(crate) fn lost_many(reason: KernelLoss, count: u64, cpu_ns: u64) {
    if let Some(lost) = LOSSES.get_ptr_mut(0) {
        // SAFETY: this CPU's own value, and a reason is an index into it. A walk may lose the CPU in the middle of this to a task that
        // counts as well: hence atomically.
        unsafe {
            let sum = lost.cast::<Lost>().add(reason as usize);
            // Of a constant 0 the addition would become another instruction: see `add`.
            if count != 0 {
                add(&raw mut (*sum).count, count);
            }
            if cpu_ns != 0 {
                add(&raw mut (*sum).cpu_ns, cpu_ns);
            }
        }
    }
}

/// Flags for an event: the agent comes by itself once a second, and is woken only when the ring fills before.
#[inline(always)]
pub(crate) fn wake_when_filling() -> u64 {
    let waiting = EVENTS.query(u64::from(BPF_RB_AVAIL_DATA));
    u64::from(if waiting > EVENTS.query(u64::from(BPF_RB_RING_SIZE)) / 4 {
        BPF_RB_FORCE_WAKEUP
    } else {
        BPF_RB_NO_WAKEUP
    })
}

/// Adds to a number that other CPUs add to as well.
///
/// # Safety
/// `target` points into a live map value.
#[inline(always)]
pub(crate) unsafe fn add(target: *mut u64, value: u64) {
    // SAFETY: aligned, and in a map by contract. The result is not used: kernels before 5.12 have no fetching add. Nor have they the
    // instruction that adding a constant 0 is compiled into.
    unsafe {
        core::intrinsics::atomic_xadd::<u64, u64, { core::intrinsics::AtomicOrdering::Relaxed }>(
            target, value,
        )
    };
}
