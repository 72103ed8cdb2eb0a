//! The walk in one call: where the kernel can step from task to task within a program, the agent runs this one in the place of `iter/task`
//! (`crate::walk`), and reads the records where they are written. It takes nobody in.

use core::ffi::c_void;

use crate::kernel_function::for_each_task;
use crate::layout::Object;
use crate::maps::{CONTROL, RECORDS, TOLD};
use crate::task::Task;
use crate::walk::{tell, visit};

/// There are more records than room for them.
const FULL: u64 = u64::MAX;

/// Gives the number of records, or -1 where there was no room for all: those are then worth nothing.
///
/// # Safety
/// Called by the kernel. The loader makes it a program that is run by a system call, a kind that the section's name cannot say.
#[unsafe(no_mangle)]
#[unsafe(link_section = "iter/sweep")]
pub(crate) unsafe extern "C" fn sweep_tasks(_: *const c_void) -> i32 {
    let Some(told) = TOLD.get_ptr_mut(0) else {
        return -1;
    };
    // SAFETY: a live map value, and there is one walk at a time.
    unsafe {
        told.write_volatile(0);
        for_each_task(|task| turn(task));
        told.read_volatile() as i32
    }
}

/// One task's turn; whether there is room for more. A function of its own, which keeps nothing in registers but in maps: to the verifier
/// the loop around it is then the same each time.
#[inline(never)]
fn turn(task: Object) -> bool {
    let (Some(control), Some(told)) = (CONTROL.get(0), TOLD.get_ptr_mut(0)) else {
        return false;
    };
    let task = Task(task);
    let Some((key, process)) = visit::<false>(task, control) else {
        return true;
    };
    // SAFETY: live map values, and there is one walk at a time.
    unsafe {
        let count = told.read_volatile();
        let Some(record) = RECORDS.get_ptr_mut(count as u32) else {
            told.write_volatile(FULL);
            return false;
        };
        tell(task, key, process, control, &mut *record);
        told.write_volatile(count + 1);
    }
    true
}
