//! Loads the programs and attaches each to its hook.

use aya::programs::{BtfTracePoint, Iter};
use aya::{Btf, Ebpf, EbpfLoader};
use aya_log::EbpfLogger;
use bc_abi::{ABSENT, Layout};

use super::core_time::CoreTimes;
use super::shared::Shared;
use super::{Kernel, KernelError, Options, by_hand};

/// Every typed tracepoint: the program's name and the hook's.
const TRACEPOINTS: [(&str, &str); 7] = [
    ("sched_switch", "sched_switch"),
    ("process_exit", "sched_process_exit"),
    ("process_exec", "sched_process_exec"),
    ("process_fork", "sched_process_fork"),
    ("cgroup_attach", "cgroup_attach_task"),
    ("cgroup_rmdir", "cgroup_rmdir"),
    ("cgroup_mkdir", "cgroup_mkdir"),
];

/// The one program that reads user memory: see `by_hand`.
const READS_USER_MEMORY: &str = "process_exec";

/// Levels of the kernel programs' log.
const LOG_NONE: u8 = 0;
const LOG_ALL: u8 = 5;

/// The iterator's program.
pub(super) const WALKER: &str = "walk_tasks";

/// What one read of a walk may bring: twice what the kernel collects at a time.
const WALK_BYTES: usize = 64 << 10;

/// What must hold before anything is tried.
pub(super) fn preflight() -> Result<(), KernelError> {
    if !nix::unistd::geteuid().is_root() {
        return Err(KernelError::NotRoot);
    }
    // The number of the initial PID namespace is fixed in the kernel (PROC_PID_INIT_INO).
    match std::fs::read_link("/proc/self/ns/pid") {
        Ok(link) if link.to_string_lossy() != "pid:[4026531836]" => Err(KernelError::PidNamespace),
        _ => Ok(()),
    }
}

/// Loads and attaches.
pub(super) fn load(
    object: &[u8],
    layout: Layout,
    btf: &Btf,
    options: Options,
) -> Result<Kernel, KernelError> {
    let has_io = layout.task_rchar != ABSENT && layout.task_block_read != ABSENT;
    let layout = Shared(layout);
    let cpus = aya::util::nr_cpus()
        .map_err(|(_, error)| KernelError::refused("counting this machine's CPUs", error))?;
    let mut ebpf = EbpfLoader::new()
        .btf(Some(btf))
        .override_global("LAYOUT", &layout, true)
        .override_global("CORES", &u32::from(options.cores), true)
        .map_max_entries("RUNNING", cpus as u32)
        // 0 is off: a constant to the verifier, which then drops every line that would log.
        .override_global(
            aya_log::LEVEL,
            if options.log { &LOG_ALL } else { &LOG_NONE },
            true,
        )
        .load(object)
        .map_err(|error| KernelError::refused("loading the kernel programs", error))?;

    let refused = |error| KernelError::refused("loading the kernel program walk_tasks", error);
    let walker: &mut Iter = ebpf
        .program_mut(WALKER)
        .ok_or(KernelError::NotEmbedded)?
        .try_into()
        .map_err(refused)?;
    walker.load("task", btf).map_err(refused)?;
    let mut by_hand = None;
    for (program, hook) in TRACEPOINTS {
        if program == READS_USER_MEMORY && !aya::features().bpf_probe_read_kernel() {
            by_hand = Some(by_hand::load(object, &ebpf, btf, program, hook)?);
            continue;
        }
        let refused =
            |error| KernelError::refused(format!("loading the kernel program {program}"), error);
        let tracepoint: &mut BtfTracePoint = ebpf
            .program_mut(program)
            .ok_or(KernelError::NotEmbedded)?
            .try_into()
            .map_err(refused)?;
        tracepoint.load(hook, btf).map_err(refused)?;
    }
    let log = options
        .log
        .then(|| EbpfLogger::init(&mut ebpf))
        .transpose()
        .map_err(|error| KernelError::refused("opening the kernel programs' log", error))?;
    let mut kernel = Kernel {
        log,
        events: map(&mut ebpf, "EVENTS")?,
        watches: map(&mut ebpf, "WATCHES")?,
        processes: map(&mut ebpf, "PROCESSES")?,
        signals: map(&mut ebpf, "SIGNALS")?,
        accounts: map(&mut ebpf, "ACCOUNTS")?,
        cores: options
            .cores
            .then(|| CoreTimes::open(&mut ebpf))
            .transpose()?,
        losses: map(&mut ebpf, "LOSSES")?,
        lost_cpu: map(&mut ebpf, "LOST_CPU")?,
        control: map(&mut ebpf, "CONTROL")?,
        walks: 0,
        has_io,
        buffer: vec![0; WALK_BYTES].into(),
        programs: ebpf,
        by_hand,
    };
    // In this order: nothing is taken into the table before its end can be seen.
    for (program, hook) in TRACEPOINTS {
        let refused = |error| KernelError::refused(format!("attaching to {hook}"), error);
        if let (READS_USER_MEMORY, Some(by_hand)) = (program, &mut kernel.by_hand) {
            by_hand
                .attach()
                .map_err(|error| KernelError::refused(format!("attaching to {hook}"), error))?;
            continue;
        }
        let tracepoint: &mut BtfTracePoint = kernel
            .programs
            .program_mut(program)
            .ok_or(KernelError::NotEmbedded)?
            .try_into()
            .map_err(refused)?;
        tracepoint.attach().map_err(refused)?;
    }
    Ok(kernel)
}

pub(super) fn map<T>(ebpf: &mut Ebpf, name: &str) -> Result<T, KernelError>
where
    T: TryFrom<aya::maps::Map, Error = aya::maps::MapError>,
{
    let map = ebpf.take_map(name).ok_or(KernelError::NotEmbedded)?;
    T::try_from(map).map_err(|error| KernelError::refused(format!("opening the map {name}"), error))
}
