//! What the kernel programs could not do, by reason.

/// What was lost for one reason.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lost {
    /// How often.
    pub count: u64,
    /// CPU lost with it, ns.
    pub cpu_ns: u64,
}

/// Why. The index into an array of [`Lost`].
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KernelLoss {
    /// An exec event found the ring full.
    RingExec = 0,
    /// A cgroup event found the ring full.
    RingCgroup = 1,
    /// An end-of-process event found the ring full; the final record is still in the table.
    RingEnd = 2,
    /// A process found the process table full. It is taken in when there is room, or charged to its cgroup when it ends.
    ProcessTable = 3,
    /// A cgroup found the watch table full: the filter stands in for it.
    WatchTable = 4,
    /// The arguments of an exec could not be read.
    Args = 5,
    /// A thread ended after its process had been collected.
    LateThread = 6,
    /// A process without an entry ended, and its cgroup found the accounts full: the sums that stand in for them have it.
    Unaccounted = 7,
    /// A process found the table of CPU time by core full.
    CoreTable = 8,
}

impl KernelLoss {
    /// How many there are.
    pub const COUNT: u32 = 9;
    /// All, in order.
    pub const ALL: [KernelLoss; 9] = [
        Self::RingExec,
        Self::RingCgroup,
        Self::RingEnd,
        Self::ProcessTable,
        Self::WatchTable,
        Self::Args,
        Self::LateThread,
        Self::Unaccounted,
        Self::CoreTable,
    ];
}
