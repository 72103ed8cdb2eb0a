//! `iter/task`: the sampling walk. One fixed record per task of a process in the table, straight into the reader's buffer; none of a process
//! with one thread that is as its last record said. `sweep` does the same in one call.

use core::ffi::c_void;
use core::ops::BitOrAssign;

use aya_ebpf::helpers::generated;
use bc_abi::{Control, Process, ProcessKey, Said, TaskRecord, process_flag, task_flag};

use crate::core_time;
use crate::entry::{self, Begin};
use crate::layout::{Object, load, offset};
use crate::maps::{CONTROL, PROCESSES, TASK_SCRATCH};
use crate::task::{Task, resident_pages};
use crate::{watch, words};

/// `struct bpf_iter__task`.
#[repr(C)]
pub(crate) struct Context {
    meta: Object,
    task: Object,
}

/// # Safety
/// Called by the kernel with a context of an `iter/task` program.
#[unsafe(no_mangle)]
#[unsafe(link_section = "iter/task")]
pub(crate) unsafe extern "C" fn walk_tasks(ctx: *const Context) -> i32 {
    // SAFETY: the kernel's context; `meta` begins with the `seq_file`.
    let (task, seq) = unsafe { (Task((*ctx).task), load::<Object>((*ctx).meta, 0)) };
    if task.0.is_null() {
        return 0;
    }
    let Some(control) = CONTROL.get(0) else {
        return 0;
    };
    let Some((key, process)) = visit::<true>(task, control) else {
        return 0;
    };
    let Some(scratch) = TASK_SCRATCH.get_ptr_mut(0) else {
        return 0;
    };
    // SAFETY: this CPU's own scratch, and there is one walk at a time; the process is a live map value.
    unsafe {
        let record = &mut *scratch;
        tell(task, key, process, control, record);
        generated::bpf_seq_write(
            seq as *mut _,
            core::ptr::from_ref(record).cast::<c_void>(),
            size_of::<TaskRecord>() as u32,
        );
    }
    0
}

/// One task's turn, within one RCU read-side section: its process, where there is something to tell of it. `TAKES_IN`: processes that
/// are not in the table yet are looked for, where the agent asks for it; that is a constant, because a loop has no room for it in the verifier.
#[inline(always)]
pub(crate) fn visit<const TAKES_IN: bool>(
    task: Task,
    control: &Control,
) -> Option<(ProcessKey, *mut Process)> {
    // An iterator holds its task, and with it the leader: the key can be read off, without the way over the signal struct.
    let key = task.process_key();
    let process = match PROCESSES.get_ptr_mut(&key) {
        None if TAKES_IN
            && control.discover != 0
            && task.is_leader()
            && discover(task, key, control) =>
        {
            PROCESSES.get_ptr_mut(&key)
        }
        found => found,
    };
    let process = process?;
    // SAFETY: a live map value.
    let quiet = unsafe { unchanged(task, process, control) };
    (!quiet).then_some((key, process))
}

/// Writes the whole record of a task of a process.
///
/// # Safety
/// `process` is a live map value; only walks touch `said`, and there is one at a time.
#[inline(always)]
pub(crate) unsafe fn tell(
    task: Task,
    key: ProcessKey,
    process: *mut Process,
    control: &Control,
    record: &mut TaskRecord,
) {
    let mut flags = Flags::of(record);
    record.process = key;
    record.pid = task.pid();
    // SAFETY: a live map value. Only walks touch `said`, and there is one at a time.
    unsafe {
        let walk = control.walk as u32;
        if core::ptr::read_volatile(&raw const (*process).said.walk) != walk {
            (*process).said.walk = walk;
            flags |= task_flag::FIRST;
            // Nothing to copy for most. A thread adds its totals before it is counted: one that is just between the two is missed for a
            // second, as in `switch::close`.
            let forked =
                core::ptr::read_volatile(&raw const (*process).flags) & process_flag::FORKED != 0;
            if !forked || core::ptr::read_volatile(&raw const (*process).threads_ended) != 0 {
                flags |= task_flag::SUMMED;
                words::copy(&raw const (*process).ended, &raw mut record.ended);
            }
        }
        if task.is_leader() {
            flags |= task_flag::LEADER;
            // After `ended` was read: see `switch::close` for the order on the other side.
            if core::ptr::read_volatile(&raw const (*process).flags) & process_flag::LEADER_ENDED
                != 0
            {
                flags |= task_flag::ENDED;
            }
        }
        if core::ptr::read_volatile(&raw const (*process).closed) != 0 {
            flags |= task_flag::CLOSED;
        }
        record.max_rss_pages = load(task.signal(), offset!(signal_maxrss));
    }
    record.threads = task.thread_count();
    if core_time::wanted() {
        record.core = task.core();
        // SAFETY: a live map value. Read first: a move after it makes the agent look again.
        record.charged = unsafe { core::ptr::read_volatile(&raw const (*process).cores.charged) };
    }
    if !flags.has(task_flag::ENDED) {
        record.totals = task.totals();
        if core_time::wanted() {
            match core_time::since(process, task, record.totals.cpu_ns) {
                Some(since_cpu_ns) => record.since_cpu_ns = since_cpu_ns,
                None => record.since_cpu_ns = record.totals.cpu_ns,
            }
        }
    }
    let mm = task.mm();
    if !mm.is_null() {
        flags |= task_flag::MEMORY;
        if let Some((rss_pages, swap_pages)) = resident_pages(mm) {
            flags |= task_flag::RSS;
            record.rss_pages = rss_pages;
            record.swap_pages = swap_pages;
        }
        // SAFETY: a typed memory map.
        unsafe {
            record.peak_rss_pages = load(mm, offset!(mm_hiwater_rss));
            record.vm_pages = load(mm, offset!(mm_total_vm));
        }
    }
}

/// The flags of a record, where the verifier does not follow them: known to it, each would double what it has to look at behind it.
struct Flags(*mut u32);

impl Flags {
    #[inline(always)]
    fn of(record: &mut TaskRecord) -> Self {
        record.flags = 0;
        Self(&raw mut record.flags)
    }

    #[inline(always)]
    fn has(&self, flag: u32) -> bool {
        // SAFETY: the record outlives the walk's turn.
        unsafe { self.0.read_volatile() & flag != 0 }
    }
}

impl BitOrAssign<u32> for Flags {
    #[inline(always)]
    fn bitor_assign(&mut self, flag: u32) {
        // SAFETY: as above.
        unsafe { self.0.write_volatile(self.0.read_volatile() | flag) };
    }
}

/// Takes a living leader of a watched cgroup into the table.
#[inline(always)]
fn discover(task: Task, key: ProcessKey, control: &Control) -> bool {
    // One whose leader is gone is charged to its cgroup already.
    let late = key.start_boot_ns >= control.attached_boot_ns;
    if task.group_is_dead() || (late && task.is_dead()) {
        return false;
    }
    let keys = task.cgroups();
    let begin = if late { Begin::Late } else { Begin::Found };
    watch::any(&keys) && entry::make(task, key, &keys, begin)
}

/// Whether a process has one thread, and that has not run since its last record, and nobody took memory from it. Notes what the record
/// that is written otherwise will say.
///
/// # Safety
/// `process` is a live map value; only walks touch `said`, and there is one at a time.
#[inline(always)]
unsafe fn unchanged(task: Task, process: *mut Process, control: &Control) -> bool {
    // SAFETY: by contract.
    unsafe {
        let said = &raw mut (*process).said;
        let ended = core::ptr::read_volatile(&raw const (*process).threads_ended);
        let begun = core::ptr::read_volatile(&raw const (*process).threads_begun);
        let mm = task.mm();
        if begun.wrapping_sub(ended) != 1 || mm.is_null() {
            (*said).minute = 0;
            return false;
        }
        let (rss_pages, swap_pages) = resident_pages(mm).unwrap_or((0, 0));
        let vm_pages: u64 = load(mm, offset!(mm_total_vm));
        let minute = control.minute as u32;
        let now = Said {
            cpu_ns: task.cpu_ns(),
            minute,
            threads_ended: ended as u32,
            rss_pages: rss_pages as u32,
            swap_pages: swap_pages as u32,
            vm_pages: vm_pages as u32,
            walk: (*said).walk,
        };
        let same = now.cpu_ns == (*said).cpu_ns
            && now.threads_ended == (*said).threads_ended
            && now.rss_pages == (*said).rss_pages
            && now.swap_pages == (*said).swap_pages
            && now.vm_pages == (*said).vm_pages;
        let due = (*said).minute == 0
            || ((*said).minute != minute && control.second >= Control::due_second(task.tgid()));
        if same && !due && control.discover == 0 {
            return true;
        }
        *said = now;
        false
    }
}
