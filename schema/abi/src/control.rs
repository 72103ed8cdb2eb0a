//! What user space tells the kernel programs while they run.

/// The one entry of the control map.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct Control {
    /// Number of the walk about to be read; never 0.
    pub walk: u64,
    /// Not 0: the walk also takes in tasks of watched cgroups that are not in the process table yet, and tells of every task.
    pub discover: u64,
    /// Which minute it is; never 0. In each minute a process is told of once, whether it changed or not.
    pub minute: u64,
    /// How far into the minute it is, s: not all processes are told of at its beginning.
    pub second: u64,
    /// Boot clock when the programs were attached, ns: a process born later has all of its life under them.
    pub attached_boot_ns: u64,
}

impl Control {
    /// By which second of the minute a process with this pid is told of: the same one in every minute, and none at the very end, where a
    /// walk may already be of the next.
    pub const fn due_second(tgid: u32) -> u64 {
        (tgid % 50) as u64
    }
}
