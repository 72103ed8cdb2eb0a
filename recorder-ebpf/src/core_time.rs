//! CPU time by core: what a task ran between coming on a CPU and leaving it belongs to that CPU. No clock is read: the scheduler has counted.

use aya_ebpf::helpers::bpf_get_smp_processor_id;
use bc_abi::{KernelLoss, ProcessKey};

use crate::maps::{CORE_TIMES, RUNNING, SIGNALS, lost};
use crate::task::Task;

/// Whether it is counted: set by the agent before loading. A constant to the verifier, which drops what is behind a 0.
#[unsafe(no_mangle)]
static CORES: u32 = 1;

#[inline(always)]
pub(crate) fn wanted() -> bool {
    // SAFETY: an initialised static; volatile, because the agent may have put another value there than the compiler knows.
    unsafe { core::ptr::read_volatile(&raw const CORES) != 0 }
}

/// Makes room for a process. A full table is one loss per process, and none at its switches.
#[inline(always)]
pub(crate) fn begin(key: ProcessKey) {
    if CORE_TIMES.insert(key, 0, 0).is_err() {
        lost(KernelLoss::CoreTable, 0);
    }
}

/// This CPU goes from one task to another: the first has just been charged for what it ran, the second was when it last ran.
#[inline(always)]
pub(crate) fn switched(prev: Task, next: Task) {
    // SAFETY: a helper without arguments.
    let cpu = unsafe { bpf_get_smp_processor_id() };
    let Some(running) = RUNNING.get_ptr_mut(cpu) else {
        return;
    };
    // SAFETY: a live map value, written by this CPU's switches only.
    let (task, since_cpu_ns, pid) = unsafe {
        let before = (
            (&raw const (*running).task).read_volatile(),
            (&raw const (*running).since_cpu_ns).read_volatile(),
            (&raw const (*running).pid).read_volatile(),
        );
        (&raw mut (*running).task).write_volatile(next.0 as u64);
        (&raw mut (*running).since_cpu_ns).write_volatile(next.cpu_ns());
        (&raw mut (*running).pid).write_volatile(next.pid());
        before
    };
    // The idle task is nobody's; another one than was noted came on before anybody looked.
    if pid == 0 || task != prev.0 as u64 {
        return;
    }
    let signal = prev.signal() as u64;
    // SAFETY: keys are written once, before the process runs.
    let Some(key) = (unsafe { SIGNALS.get(&signal) }) else {
        return;
    };
    let key = *key;
    if let Some(cpu_ns) = CORE_TIMES.get_ptr_mut(&key) {
        // SAFETY: this CPU's own value.
        unsafe { *cpu_ns += prev.cpu_ns() - since_cpu_ns };
    }
}
