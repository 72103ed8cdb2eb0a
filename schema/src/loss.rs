//! What could not be recorded (law 3): counted by reason, with the second it happened in.

use serde::{Deserialize, Serialize};

use crate::container::ContainerId;

macro_rules! reasons {
    ($($(#[doc = $doc:literal])* $variant:ident = $number:literal, $name:literal, $says:literal;)*) => {
        /// Why something is missing. The numbers are stored: they are never reused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[repr(u8)]
        pub enum LossReason {
            $($(#[doc = $doc])* #[serde(rename = $name)] $variant = $number,)*
        }

        impl LossReason {
            /// Every reason.
            pub const ALL: &'static [LossReason] = &[$(LossReason::$variant),*];

            /// The name used in the API, in metrics and in dumps.
            pub const fn name(self) -> &'static str {
                match self { $(LossReason::$variant => $name,)* }
            }

            /// What it means to a reader of a chart, as a sentence without an end.
            pub const fn says(self) -> &'static str {
                match self { $(LossReason::$variant => $says,)* }
            }
        }
    };
}

reasons! {
    /// A kernel event found the ring buffer full.
    RingFull = 0, "ring_full", "events of processes were lost: the kernel's ring buffer was full";
    /// A process ended that had found the process table full: only these sums know of it.
    ProcessTableFull = 1, "process_table_full", "processes are missing: the kernel programs had no room for them";
    /// A process ended without an entry in a cgroup of which nothing is known, with no room in the accounts; or a cgroup was not watched.
    WatchTableFull = 2, "watch_table_full", "processes may be missing: the kernel programs had no room for them, and it is not known whether they were a container's";
    /// The sampler did not run in this second (the recorder was stopped, starved or late).
    SamplesMissed = 3, "samples_missed", "no samples were taken: totals stay exact, the curve between is unknown";
    /// The arguments of an exec could not be read.
    ArgsUnreadable = 4, "args_unreadable", "arguments of a process could not be read";
    /// A thread ended after its process's final record had been taken.
    LateThread = 5, "late_thread", "CPU of a thread that ended after its process was closed";
    /// A new cgroup was gone before its path could be learnt.
    CgroupUnnamed = 6, "cgroup_unnamed", "a short-lived cgroup could not be named, what ran in it is missing";
    /// The final record of a process did not arrive; its last sample stands.
    FinalMissing = 7, "final_missing", "a process's end was not seen: its last sample stands for its totals";
    /// A process came in with several threads: their CPU before is counted in part.
    EntryInexact = 8, "entry_inexact", "a process that moved in had several threads: part of its earlier CPU may be counted";
    /// The store refused a batch for good.
    StoreRefused = 9, "store_refused", "a batch could not be stored";
    /// The realtime clock was set forward; times after it are from the new reading.
    ClockStepped = 10, "clock_stepped", "the machine's clock was set forward here";
    /// The recorder was not running.
    RecorderDown = 11, "recorder_down", "the recorder was not running";
    /// A process found the table of CPU time by core full: its CPU is known, on which cores is not.
    CoreTableFull = 12, "core_table_full", "CPU time by core is unknown for some processes: the kernel's table for it was full";
    /// A process ended while as many facts waited for the store as may.
    QueueFull = 13, "queue_full", "processes are missing: records waited for the store, and there was no room for more";
    /// An exec came while as many facts waited for the store as may.
    ExecsFull = 14, "execs_full", "what a process executed is missing: records waited for the store, and there was no room for more";
}

/// A number of losses of one kind in one second.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// The host it happened on.
    pub host: String,
    /// When the recorder that counted it began, ns since the epoch; part of the key, so that a restart does not overwrite.
    pub recorder_ns: u64,
    /// The container it touches; `None`: any on that host.
    pub container: Option<ContainerId>,
    /// Start of the second it happened in, ns since the epoch, UTC.
    pub second_ns: u64,
    /// Why.
    pub reason: LossReason,
    /// How many, in that second.
    pub count: u64,
    /// CPU that is known to be missing from processes with it, ns.
    pub cpu_ns: u64,
}
