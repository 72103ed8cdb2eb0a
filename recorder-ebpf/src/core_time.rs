//! CPU time by core. A thread's time belongs to the core it is on until it is moved to another one: it is charged then, and at its last
//! switch. So counting costs a move, which is rare, and not a context switch, which is not.

use aya_ebpf::helpers::bpf_get_smp_processor_id;
use bc_abi::{
    ABSENT, CORE_PLACES, CoreKey, KernelLoss, Process, ProcessKey, end_flag, process_flag,
};

use crate::layout::offset;
use crate::maps::{ARRIVALS, CORE_TIMES, add, lost};
use crate::task::Task;

/// Whether it is counted: set by the agent before loading. A constant to the verifier, which drops what is behind a 0.
#[unsafe(no_mangle)]
static CORES: u32 = 1;

#[inline(always)]
pub(crate) fn wanted() -> bool {
    // SAFETY: an initialised static; volatile, because the agent may have put another value there than the compiler knows.
    let asked = unsafe { core::ptr::read_volatile(&raw const CORES) != 0 };
    asked && offset!(task_core) != ABSENT
}

/// A thread begins. Of a process that was not born watched, its time counts from here; of any other, from nothing: what a task that
/// lay at the same address left behind goes.
#[inline(always)]
pub(crate) fn thread_begins(process: *mut Process, task: Task) {
    if !wanted() {
        return;
    }
    if born_watched(process) {
        let _ = ARRIVALS.remove(&(task.0 as u64));
    } else {
        arrive(task, 0);
    }
}

/// A process begins to be watched: its leader's time counts from what it has used by now.
#[inline(always)]
pub(crate) fn process_begins(born: bool, leader: Task) {
    if !wanted() {
        return;
    }
    if born {
        let _ = ARRIVALS.remove(&(leader.0 as u64));
    } else {
        arrive(leader, leader.cpu_ns());
    }
}

/// What a thread had used when it came on its core, ns. `None`, and noted now, for one that was there before its process was watched.
#[inline(always)]
pub(crate) fn since(process: *mut Process, task: Task, cpu_ns: u64) -> Option<u64> {
    // SAFETY: a live map value.
    let charged = unsafe { core::ptr::read_volatile(&raw const (*process).cores.charged) };
    let born = born_watched(process);
    if born && charged == 0 {
        return Some(0);
    }
    // SAFETY: written by moves of this very thread.
    match unsafe { ARRIVALS.get(&(task.0 as u64)) } {
        Some(since_cpu_ns) => Some(*since_cpu_ns),
        None if born => Some(0),
        None => {
            arrive(task, cpu_ns);
            None
        }
    }
}

/// A thread leaves a core for another one; it does not run, and its CPU time is up to date.
#[inline(always)]
pub(crate) fn leaves(key: ProcessKey, process: *mut Process, task: Task, core: u32) {
    let cpu_ns = task.cpu_ns();
    if let Some(since_cpu_ns) = since(process, task, cpu_ns) {
        charge(key, process, core, cpu_ns.wrapping_sub(since_cpu_ns));
        arrive(task, cpu_ns);
    }
}

/// A thread is at its last switch, on this core. Before it is counted as ended.
#[inline(always)]
pub(crate) fn ends(key: ProcessKey, process: *mut Process, task: Task, cpu_ns: u64) {
    // SAFETY: a helper without arguments.
    let core = unsafe { bpf_get_smp_processor_id() };
    // SAFETY: a live map value.
    let (charged, begun) = unsafe {
        (
            core::ptr::read_volatile(&raw const (*process).cores.charged),
            core::ptr::read_volatile(&raw const (*process).threads_begun),
        )
    };
    if charged == 0 && begun == 1 && born_watched(process) {
        // Nobody else writes: it is the only thread. Most processes are like this, and need no entry of their own.
        // SAFETY: a live map value.
        unsafe {
            (*process).end.core = core;
            (*process).end.flags |= end_flag::ONE_CORE;
        }
        return;
    }
    if let Some(since_cpu_ns) = since(process, task, cpu_ns) {
        charge(key, process, core, cpu_ns.wrapping_sub(since_cpu_ns));
    }
    let _ = ARRIVALS.remove(&(task.0 as u64));
}

#[inline(always)]
fn born_watched(process: *mut Process) -> bool {
    // SAFETY: a live map value.
    unsafe { core::ptr::read_volatile(&raw const (*process).flags) & process_flag::FORKED != 0 }
}

#[inline(always)]
fn arrive(task: Task, cpu_ns: u64) {
    if ARRIVALS.insert(&(task.0 as u64), &cpu_ns, 0).is_err() {
        lost(KernelLoss::CoreTable, 0);
    }
}

#[inline(always)]
fn charge(process_key: ProcessKey, process: *mut Process, core: u32, cpu_ns: u64) {
    let key = CoreKey {
        process: process_key,
        core,
        zero: 0,
    };
    let mut total = CORE_TIMES.get_ptr_mut(&key);
    if total.is_none() {
        // Another core may be doing the same: what is there by now is not overwritten.
        let _ = CORE_TIMES.insert(&key, &0, aya_ebpf::bindings::BPF_NOEXIST.into());
        let place = core % CORE_PLACES;
        // SAFETY: a live map value, and a place within it; every writer writes the same.
        unsafe {
            (&raw mut (*process).cores.places)
                .cast::<u8>()
                .add(place as usize)
                .write_volatile(1)
        };
        total = CORE_TIMES.get_ptr_mut(&key);
    }
    match total {
        // SAFETY: live map values.
        Some(total) => unsafe {
            add(total, cpu_ns);
            add(&raw mut (*process).cores.charged, 1);
        },
        None => lost(KernelLoss::CoreTable, 0),
    }
}
