//! What a process used on one CPU: a running total like any other (law 1), kept apart because few are asked for it.

use crate::process_id::ProcessId;

/// CPU time of one process on one CPU. Said only when it has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CpuTotal {
    /// Whose.
    pub process: ProcessId,
    /// On which CPU, as the kernel numbers them.
    pub cpu: u32,
    /// Event time, ns since the epoch, UTC.
    pub at_ns: u64,
    /// Where the total counts from: 0 when since the process began, otherwise when counting began, in ns of the host's boot clock, which does not
    /// shift when the recorder is started again.
    pub epoch_ns: u64,
    /// The total, ns.
    pub cpu_ns: u64,
}
