//! The walk in one call: where the kernel can step from task to task within a program, the agent runs this one in the place of `iter/task`
//! (`crate::walk`), and reads the records where they are written. It takes nobody in.

use core::ffi::c_void;

use crate::kernel_function::for_each_task;
use crate::layout::Object;
use crate::maps::{CONTROL, RECORDS, SWEPT};
use crate::task::Task;
use crate::walk::{tell, visit};

/// So many tasks are stepped through at most, in about ten milliseconds: a kernel that does not preempt itself lets nobody else run meanwhile,
/// as it does between the iterator's tasks.
const TASKS_MAX: u64 = 32_768;

/// In the place of the number of records: not all are there.
const IN_VAIN: u64 = u64::MAX;

/// How far a walk has come.
#[repr(C)]
pub(crate) struct Swept {
    tasks: u64,
    records: u64,
}

/// Gives the number of records, or -1 where there were too many, or too many tasks: those that are there are then worth nothing.
///
/// # Safety
/// Called by the kernel. The loader makes it a program that is run by a system call, a kind that the section's name cannot say.
#[unsafe(no_mangle)]
#[unsafe(link_section = "iter/sweep")]
pub(crate) unsafe extern "C" fn sweep_tasks(_: *const c_void) -> i32 {
    let Some(swept) = SWEPT.get_ptr_mut(0) else {
        return -1;
    };
    // SAFETY: a live map value, and there is one walk at a time.
    unsafe {
        (&raw mut (*swept).tasks).write_volatile(0);
        (&raw mut (*swept).records).write_volatile(0);
        for_each_task(|task| turn(task));
        (&raw const (*swept).records).read_volatile() as i32
    }
}

/// One task's turn; whether the walk goes on. A function of its own, which keeps nothing in registers but in maps: to the verifier
/// the loop around it is then the same each time.
#[inline(never)]
fn turn(task: Object) -> bool {
    let (Some(control), Some(swept)) = (CONTROL.get(0), SWEPT.get_ptr_mut(0)) else {
        return false;
    };
    // SAFETY: a live map value, and there is one walk at a time.
    let (tasks, records) = unsafe { (&raw mut (*swept).tasks, &raw mut (*swept).records) };
    // SAFETY: as above.
    unsafe {
        let nth = tasks.read_volatile();
        if nth == TASKS_MAX {
            records.write_volatile(IN_VAIN);
            return false;
        }
        tasks.write_volatile(nth + 1);
    }
    let task = Task(task);
    let Some((key, process)) = visit::<false>(task, control) else {
        return true;
    };
    // SAFETY: live map values, and there is one walk at a time.
    unsafe {
        let count = records.read_volatile();
        let Some(record) = RECORDS.get_ptr_mut(count as u32) else {
            records.write_volatile(IN_VAIN);
            return false;
        };
        tell(task, key, process, control, &mut *record);
        records.write_volatile(count + 1);
    }
    true
}
