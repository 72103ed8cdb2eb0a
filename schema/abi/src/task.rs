//! What a walk over the tasks writes for each task of a watched container.

use crate::process::{ProcessKey, Totals};

/// Flags of [`TaskRecord::flags`].
pub mod task_flag {
    /// The first record of its process in this walk.
    pub const FIRST: u32 = 1;
    /// `totals` are already in `ended` (a dead leader that waits for its threads or its parent), and not valid here.
    pub const ENDED: u32 = 1 << 1;
    /// The memory fields are valid: the task has a memory map of its own.
    pub const MEMORY: u32 = 1 << 2;
    /// It is the leader.
    pub const LEADER: u32 = 1 << 3;
    /// `rss_pages` and `swap_pages` are valid: this kernel lets us read them.
    pub const RSS: u32 = 1 << 4;
    /// Its process is closed: a zombie that waits for its parent.
    pub const CLOSED: u32 = 1 << 5;
    /// `ended` is valid: threads of the process had ended when its first task was read.
    pub const SUMMED: u32 = 1 << 6;
}

/// One task. What no flag says to be valid holds anything.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TaskRecord {
    /// Whose thread.
    pub process: ProcessKey,
    /// Its own pid.
    pub pid: u32,
    /// [`task_flag`].
    pub flags: u32,
    /// Living threads by the kernel's count.
    pub threads: u64,
    /// [`crate::Cores::charged`] of its process.
    pub charged: u64,
    /// Its own CPU when it came on its core, ns.
    pub since_cpu_ns: u64,
    /// The core it is on, or was last.
    pub core: u32,
    /// Always 0.
    pub zero: u32,
    /// Its own totals.
    pub totals: Totals,
    /// Totals of the process's threads that had ended when its first task was read.
    pub ended: Totals,
    /// Resident pages.
    pub rss_pages: u64,
    /// Highest resident pages of this memory map as far as the kernel noted them.
    pub peak_rss_pages: u64,
    /// `signal->maxrss`, pages.
    pub max_rss_pages: u64,
    /// `total_vm`, pages.
    pub vm_pages: u64,
    /// Swapped-out pages.
    pub swap_pages: u64,
}

const _: () = assert!(size_of::<TaskRecord>() == 16 + 8 + 32 + 96 * 2 + 40);
