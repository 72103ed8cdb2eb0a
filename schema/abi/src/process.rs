//! A process in the kernel's table: its identity, its accumulator and how it ended.

use crate::core_time::Cores;
use crate::watch::CgroupKey;

/// A process on this boot.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ProcessKey {
    /// Thread-group id in the initial PID namespace.
    pub tgid: u32,
    /// Always 0.
    pub zero: u32,
    /// The leader's `start_boottime`, ns.
    pub start_boot_ns: u64,
}

/// Running totals of one thread, or summed over threads.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// `se.sum_exec_runtime`, ns.
    pub cpu_ns: u64,
    /// `utime`, ns by ticks.
    pub user_ns: u64,
    /// `stime`, ns by ticks.
    pub system_ns: u64,
    /// `min_flt`.
    pub minor_faults: u64,
    /// `maj_flt`.
    pub major_faults: u64,
    /// `ioac.read_bytes`: from block devices.
    pub block_read_bytes: u64,
    /// `ioac.write_bytes`: to block devices.
    pub block_write_bytes: u64,
    /// `ioac.cancelled_write_bytes`.
    pub cancelled_write_bytes: u64,
    /// `ioac.rchar`.
    pub read_bytes: u64,
    /// `ioac.wchar`.
    pub write_bytes: u64,
    /// `ioac.syscr`.
    pub read_calls: u64,
    /// `ioac.syscw`.
    pub write_calls: u64,
}

impl Totals {
    /// Nothing.
    pub const ZERO: Totals = Totals {
        cpu_ns: 0,
        user_ns: 0,
        system_ns: 0,
        minor_faults: 0,
        major_faults: 0,
        block_read_bytes: 0,
        block_write_bytes: 0,
        cancelled_write_bytes: 0,
        read_bytes: 0,
        write_bytes: 0,
        read_calls: 0,
        write_calls: 0,
    };

    /// Adds each total.
    pub fn add(&mut self, other: &Totals) {
        self.cpu_ns += other.cpu_ns;
        self.user_ns += other.user_ns;
        self.system_ns += other.system_ns;
        self.minor_faults += other.minor_faults;
        self.major_faults += other.major_faults;
        self.block_read_bytes += other.block_read_bytes;
        self.block_write_bytes += other.block_write_bytes;
        self.cancelled_write_bytes += other.cancelled_write_bytes;
        self.read_bytes += other.read_bytes;
        self.write_bytes += other.write_bytes;
        self.read_calls += other.read_calls;
        self.write_calls += other.write_calls;
    }
}

/// Flags of [`Process::flags`].
pub mod process_flag {
    /// Born in a watched cgroup: its account is its whole life.
    pub const FORKED: u64 = 1;
    /// Came into a watched cgroup while it lived.
    pub const MOVED: u64 = 1 << 1;
    /// Was there when the recorder looked.
    pub const FOUND: u64 = 1 << 2;
    /// Has executed something since it was born.
    pub const EXECED: u64 = 1 << 3;
    /// The leader has passed its last switch: its totals are in `ended`.
    pub const LEADER_ENDED: u64 = 1 << 4;
    /// No longer in any watched cgroup.
    pub const LEFT: u64 = 1 << 5;
    /// Began under this recorder and was found only when there was room: its account is its whole life, as far as its threads live.
    pub const LATE: u64 = 1 << 6;
    /// Had several threads when it moved in: what those used before is known in part.
    pub const INEXACT: u64 = 1 << 7;
}

/// Flags of [`End::flags`].
pub mod end_flag {
    /// The OOM killer chose it (`signal->oom_mm`).
    pub const OOM_VICTIM: u32 = 1;
    /// `peak_rss_pages` was read from the memory map at the exit.
    pub const PEAK_KNOWN: u32 = 1 << 1;
    /// It had one thread, which never left `core`: all of its CPU time is that core's, and none in the table of cores.
    pub const ONE_CORE: u32 = 1 << 2;
}

/// How a process ended.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct End {
    /// Boot clock at the last switch, ns.
    pub at_boot_ns: u64,
    /// `signal->maxrss`: what wait4 reports, pages.
    pub max_rss_pages: u64,
    /// Highest RSS since the last exec, pages; see [`end_flag::PEAK_KNOWN`].
    pub peak_rss_pages: u64,
    /// Exit status in wait's encoding.
    pub status: u32,
    /// [`end_flag`].
    pub flags: u32,
    /// The core of its last switch; see [`end_flag::ONE_CORE`].
    pub core: u32,
    /// Always 0.
    pub zero: u32,
}

/// How many cgroups of a task are looked at: v2, then the v1 hierarchies of memory, pids, freezer and cpuacct.
pub const ENTRY_SLOTS: usize = 5;

/// One process of a watched container. With the kernel's own words before it an entry is nine cache lines, and what every walk looks at is
/// the first line of this.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Process {
    /// Threads that began (its leader included).
    pub threads_begun: u64,
    /// Threads that passed their last switch.
    pub threads_ended: u64,
    /// What the last record of it said, of a process with one thread.
    pub said: Said,
    /// [`process_flag`].
    pub flags: u64,
    /// Not 0: no thread is left in the kernel's own count, `end` is valid; totals may still grow by threads on their way out.
    /// A count, not a flag: threads on two CPUs may close at once.
    pub closed: u64,
    /// Its cgroups, by slot.
    pub cgroups: [CgroupKey; ENTRY_SLOTS],
    /// Parent at birth; tgid 0: none.
    pub parent: ProcessKey,
    /// Address of its `signal_struct`, by which its threads find this entry.
    pub signal: u64,
    /// When its account here began, boot clock, ns.
    pub entered_boot_ns: u64,
    /// Execs of which no event tells.
    pub execs_lost: u64,
    /// Pid in the innermost PID namespace; 0: unknown.
    pub container_pid: u32,
    /// Real uid in the initial user namespace.
    pub uid: u32,
    /// Where its CPU time by core is.
    pub cores: Cores,
    /// Totals of its threads that have passed their last switch.
    pub ended: Totals,
    /// Totals at its entry, of a process that moved in or was found.
    pub base: Totals,
    /// How it ended, once `closed`.
    pub end: End,
    /// `comm` when it was taken in, up to its NUL.
    pub comm: [u8; 16],
}

/// By what a walk sees that nothing of a process has changed since its last record: a thread that used no CPU did nothing, and only its
/// memory can be taken from it meanwhile. What has 32 bits is cut: nothing changes by as much as that in a second.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Said {
    /// Its thread's CPU, ns.
    pub cpu_ns: u64,
    /// [`crate::Control::minute`] of that record; 0: there was none.
    pub minute: u32,
    /// Threads that had ended.
    pub threads_ended: u32,
    /// Resident pages.
    pub rss_pages: u32,
    /// Swapped-out pages.
    pub swap_pages: u32,
    /// Pages of virtual memory.
    pub vm_pages: u32,
    /// Number of the last walk that took `ended` along, of any process.
    pub walk: u32,
}

/// Sums of a cgroup's processes that ended without an entry: the table had no room for them.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Account {
    /// How many, counted at the last switches of their leaders.
    pub processes: u64,
    /// Their CPU, all threads, ns.
    pub cpu_ns: u64,
}

const _: () = assert!(size_of::<ProcessKey>() == 16);
const _: () = assert!(size_of::<Totals>() == 96);
const _: () = assert!(size_of::<End>() == 40);
const _: () = assert!(size_of::<Said>() == 32);
const _: () = assert!(core::mem::offset_of!(Process, closed) == 56);
const _: () = assert!(size_of::<Process>() == 8 * 64);
