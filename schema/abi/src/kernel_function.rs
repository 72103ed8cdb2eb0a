//! Kernel functions that the programs call. The toolchain knows none: in the object each stands as a helper that there is not, and the loader
//! rewrites its calls by BTF id. On a kernel that has not got the function the call must be dead code, or its program is not loaded.

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KernelFunction {
    /// As the kernel calls it.
    pub name: &'static str,
    /// The helper that stands for it.
    pub stand_in: u32,
}

impl KernelFunction {
    /// Gives a plain pointer a type (6.2 and later).
    pub const RDONLY_CAST: Self = Self::new("bpf_rdonly_cast", 9999);
    /// Begins an RCU read-side section (6.2 and later).
    pub const RCU_READ_LOCK: Self = Self::new("bpf_rcu_read_lock", 9998);
    /// Ends it.
    pub const RCU_READ_UNLOCK: Self = Self::new("bpf_rcu_read_unlock", 9997);
    /// Begins to step from task to task (6.7 and later).
    pub const ITER_TASK_NEW: Self = Self::new("bpf_iter_task_new", 9996);
    /// The next task.
    pub const ITER_TASK_NEXT: Self = Self::new("bpf_iter_task_next", 9995);
    /// Ends it.
    pub const ITER_TASK_DESTROY: Self = Self::new("bpf_iter_task_destroy", 9994);

    /// What walking all tasks in one call takes.
    pub const OF_A_SWEEP: [Self; 5] = [
        Self::RCU_READ_LOCK,
        Self::RCU_READ_UNLOCK,
        Self::ITER_TASK_NEW,
        Self::ITER_TASK_NEXT,
        Self::ITER_TASK_DESTROY,
    ];

    const fn new(name: &'static str, stand_in: u32) -> Self {
        Self { name, stand_in }
    }
}
