//! Calls of kernel functions, which the loader makes of calls of the helpers that stand for them: see [`KernelFunction`].

use bc_abi::KernelFunction;

use crate::layout::Object;

/// The kernel's task iterator (`struct bpf_iter_task`), on the stack.
pub(crate) type TaskSteps = [u64; 3];

/// `BPF_TASK_ITER_ALL_THREADS`: every thread of every process.
const ALL_THREADS: u32 = 1;

/// A function pointer whose call is a call of that number.
macro_rules! function {
    ($name:ident: $kind:ty) => {{
        const NUMBER: usize = KernelFunction::$name.stand_in as usize;
        // SAFETY: the BPF target calls helpers by their number; the loader has made this one a kernel function's.
        unsafe { core::mem::transmute::<usize, $kind>(NUMBER) }
    }};
}

/// Memory at any address, with a type. Loads through it cannot fault.
#[inline(always)]
pub(crate) fn rdonly_cast(address: u64, type_id: u32) -> Object {
    let call = function!(RDONLY_CAST: unsafe extern "C" fn(u64, u32) -> Object);
    // SAFETY: it takes any address.
    unsafe { call(address, type_id) }
}

/// Does something with every task of the machine, for as long as it says true, within one RCU read-side section.
#[inline(always)]
pub(crate) fn for_each_task(mut turn: impl FnMut(Object) -> bool) {
    let lock = function!(RCU_READ_LOCK: unsafe extern "C" fn());
    let unlock = function!(RCU_READ_UNLOCK: unsafe extern "C" fn());
    let new = function!(ITER_TASK_NEW: unsafe extern "C" fn(*mut TaskSteps, Object, u32) -> i32);
    let next = function!(ITER_TASK_NEXT: unsafe extern "C" fn(*mut TaskSteps) -> Object);
    let destroy = function!(ITER_TASK_DESTROY: unsafe extern "C" fn(*mut TaskSteps));
    let mut steps = core::mem::MaybeUninit::<TaskSteps>::uninit();
    let steps = steps.as_mut_ptr();
    // SAFETY: the iterator is the kernel's from its beginning to its end, and both are within the section.
    unsafe {
        lock();
        new(steps, core::ptr::null(), ALL_THREADS);
        loop {
            let task = next(steps);
            if task.is_null() || !turn(task) {
                break;
            }
        }
        destroy(steps);
        unlock();
    }
}
