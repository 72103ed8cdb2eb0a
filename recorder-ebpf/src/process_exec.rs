//! `sched_process_exec`: what a process runs from now on. Path and arguments lie in its own fresh user memory.

use aya_ebpf::helpers::{bpf_ktime_get_boot_ns, generated};
use aya_ebpf::macros::btf_tracepoint;
use aya_ebpf::programs::BtfTracePointContext;
use aya_log_ebpf::debug;
use bc_abi::{ARGS_MAX, EventKind, ExecEvent, KernelLoss, PATH_MAX, process_flag};

use crate::entry;
use crate::layout::{load, offset};
use crate::maps::{EVENTS, EXEC_SCRATCH, add, lost, wake_when_filling};
use crate::task::Task;

/// `(task, old pid, binprm)`.
#[btf_tracepoint(function = "sched_process_exec")]
pub(crate) fn process_exec(ctx: BtfTracePointContext) -> i32 {
    let task = Task(ctx.arg(0));
    let Some((key, process)) = entry::of(task) else {
        return 0;
    };
    entry::set_flag(process, process_flag::EXECED);
    let Some(scratch) = EXEC_SCRATCH.get_ptr_mut(0) else {
        return 0;
    };
    // SAFETY: this CPU's own scratch; tracepoint programs of one CPU do not interleave.
    let scratch = unsafe { &mut *scratch };
    let event = &mut scratch.event;
    event.header.kind = EventKind::Exec as u32;
    // SAFETY: a helper without arguments.
    event.header.at_boot_ns = unsafe { bpf_ktime_get_boot_ns() };
    event.process = key;
    event.comm = task.comm();

    debug!(&ctx, "process {} executed", key.tgid);
    let mm = task.mm();
    if mm.is_null() {
        return 0;
    }
    // SAFETY: a typed memory map.
    let (start, end, env_end): (u64, u64, u64) = unsafe {
        (
            load(mm, offset!(mm_arg_start)),
            load(mm, offset!(mm_arg_end)),
            load(mm, offset!(mm_env_end)),
        )
    };
    event.args_len = if end > start { end - start } else { 0 };
    let mut taken = if event.args_len > ARGS_MAX as u64 {
        ARGS_MAX as u32
    } else {
        event.args_len as u32
    };
    // SAFETY: destination and size are within the scratch; a faulting source is reported, not taken.
    let read = unsafe {
        generated::bpf_probe_read_user(
            (&raw mut scratch.args_and_path).cast(),
            bounded::<ARGS_MAX>(taken),
            start as *const _,
        )
    };
    if read != 0 {
        lost(KernelLoss::Args, 0);
        taken = 0;
        event.args_len = u64::MAX;
    }
    event.header.tail = taken;
    // The kernel puts the path that exec was given right behind the environment.
    // SAFETY: behind the arguments there is room for the longest path.
    let path_len = unsafe {
        let behind = (&raw mut scratch.args_and_path)
            .cast::<u8>()
            .add(bounded::<ARGS_MAX>(taken) as usize);
        generated::bpf_probe_read_user_str(behind.cast(), PATH_MAX as u32, env_end as *const _)
    };
    let path_len = if path_len > 1 { path_len as u32 - 1 } else { 0 };
    event.path_len = u64::from(path_len);

    // SAFETY: the bytes from the scratch's start to the end of what was read, all initialised.
    let bytes = unsafe {
        let tail = bounded::<ARGS_MAX>(taken) + bounded::<PATH_MAX>(path_len);
        core::slice::from_raw_parts(
            core::ptr::from_mut(scratch).cast::<u8>(),
            size_of::<ExecEvent>() + tail as usize,
        )
    };
    if EVENTS.output::<[u8]>(bytes, wake_when_filling()).is_err() {
        // SAFETY: a live map value.
        unsafe { add(&raw mut (*process).execs_lost, 1) };
        lost(KernelLoss::RingExec, 0);
    }
    0
}

/// Tells the verifier what we know: the length fits the scratch. Kept from the optimiser, which knows it too and would drop it.
#[inline(always)]
fn bounded<const MOST: usize>(mut length: u32) -> u32 {
    // SAFETY: no memory is touched.
    unsafe { core::arch::asm!("/* {0} */", inout(reg) length) };
    if length > MOST as u32 {
        MOST as u32
    } else {
        length
    }
}
