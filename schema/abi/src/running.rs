//! Who runs on a CPU, and since which of its nanoseconds.

/// One CPU's entry: written at each of its context switches.
#[repr(C, align(64))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Running {
    /// Address of the task; 0: nothing was switched in yet.
    pub task: u64,
    /// The task's `se.sum_exec_runtime` when it was switched in, ns.
    pub since_cpu_ns: u64,
    /// The task's pid; 0: the CPU idles.
    pub pid: u32,
    /// Always 0.
    pub zero: u32,
    /// To a cache line of its own: CPUs do not share what each writes at every switch.
    pub rest: [u64; 5],
}

const _: () = assert!(size_of::<Running>() == 64);
