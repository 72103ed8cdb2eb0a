//! Loads the programs and attaches each to its hook.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use aya::maps::{Map, MapData};
use aya::programs::{BtfTracePoint, Iter};
use aya::{Btf, Ebpf, EbpfLoader};
use aya_log::EbpfLogger;
use bc_abi::Layout;

use super::link::Link;
use super::shared::Shared;
use super::sweep::{SWEEPER, Sweeper};
use super::tables::Tables;
use super::{KernelError, Options, bpf, by_hand};

/// Every typed tracepoint: the program's name and the hook's.
pub(crate) const TRACEPOINTS: [(&str, &str); 8] = [
    ("sched_switch", "sched_switch"),
    ("process_exit", "sched_process_exit"),
    ("process_exec", "sched_process_exec"),
    ("process_fork", "sched_process_fork"),
    ("cgroup_attach", "cgroup_attach_task"),
    ("cgroup_rmdir", "cgroup_rmdir"),
    ("cgroup_mkdir", "cgroup_mkdir"),
    (CORES_ONLY, "sched_migrate_task"),
];

/// Attached only where CPU time by core is counted.
const CORES_ONLY: &str = "task_move";

/// The one program that reads user memory: see `by_hand`.
const READS_USER_MEMORY: &str = "process_exec";

/// Levels of the kernel programs' log.
const LOG_NONE: u8 = 0;
const LOG_ALL: u8 = 5;

/// The iterator's program.
const WALKER: &str = "walk_tasks";

/// What the kernel programs log, when asked to.
pub(super) type Log = EbpfLogger<&'static dyn log::Log>;

/// The programs at work, and what they share with the agent.
pub(super) struct Attached {
    pub(super) tables: Tables,
    /// By the program's name.
    pub(super) links: Vec<(&'static str, Link)>,
    pub(super) walker: Link,
    /// Where the kernel can walk in one call.
    pub(super) sweeper: Option<Sweeper>,
}

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

/// Loads and attaches. `sweeps`: the kernel has what a walk in one call takes, and that is wanted.
pub(super) fn load(
    object: &[u8],
    layout: Layout,
    btf: &Btf,
    sweeps: bool,
    options: Options<'_>,
) -> Result<(Attached, Option<Log>), KernelError> {
    let capacities = options.capacities;
    let layout = Shared(layout);
    let mut ebpf = EbpfLoader::new()
        .btf(Some(btf))
        .override_global("LAYOUT", &layout, true)
        .override_global("CORES", &u32::from(options.cores), true)
        // 0 is off: a constant to the verifier, which then drops every line that would log.
        .override_global(
            aya_log::LEVEL,
            if options.log { &LOG_ALL } else { &LOG_NONE },
            true,
        )
        .map_max_entries("PROCESSES", capacities.processes)
        .map_max_entries("SIGNALS", capacities.processes)
        .map_max_entries("CORE_TIMES", 2 * capacities.processes)
        .map_max_entries("ARRIVALS", capacities.processes)
        .map_max_entries("WATCHES", capacities.watches)
        .map_max_entries("NOTES", capacities.watches)
        .map_max_entries("ACCOUNTS", capacities.accounts)
        .map_max_entries("DECLARED_ACCOUNTS", capacities.accounts)
        .map_max_entries("RECORDS", if sweeps { capacities.walk_records } else { 1 })
        .map_max_entries("EVENTS", capacities.ring_bytes)
        .load(object)
        .map_err(|error| KernelError::refused("loading the kernel programs", error))?;

    let refused = |error| KernelError::refused("loading the kernel program walk_tasks", error);
    let walker: &mut Iter = ebpf
        .program_mut(WALKER)
        .ok_or(KernelError::NotEmbedded)?
        .try_into()
        .map_err(refused)?;
    walker.load("task", btf).map_err(refused)?;
    let walker = Link::iterator(walker.fd().map_err(refused)?.as_fd())
        .map_err(|error| KernelError::refused("attaching the walk over the tasks", error))?;
    let sweeper = sweeps.then(|| Sweeper::load(object, &ebpf)).flatten();
    let mut loaded = Vec::new();
    for (program, hook) in tracepoints(options) {
        loaded.push(load_tracepoint(object, &mut ebpf, btf, program, hook)?);
    }
    let log = options
        .log
        .then(|| EbpfLogger::init(&mut ebpf))
        .transpose()
        .map_err(|error| KernelError::refused("opening the kernel programs' log", error))?;
    let tables = Tables::open(options, |name| {
        ebpf.take_map(name).ok_or(KernelError::NotEmbedded)
    })?;
    // In this order: nothing is taken into the table before its end can be seen.
    let mut links = Vec::new();
    for ((program, hook), loaded) in tracepoints(options).zip(loaded) {
        let link = Link::tracepoint(loaded.as_fd())
            .map_err(|error| KernelError::refused(format!("attaching to {hook}"), error))?;
        links.push((program, link));
    }
    let attached = Attached {
        tables,
        links,
        walker,
        sweeper,
    };
    Ok((attached, log))
}

fn tracepoints(options: Options<'_>) -> impl Iterator<Item = (&'static str, &'static str)> {
    TRACEPOINTS
        .into_iter()
        .filter(move |(program, _)| options.cores || *program != CORES_ONLY)
}

fn load_tracepoint(
    object: &[u8],
    ebpf: &mut Ebpf,
    btf: &Btf,
    program: &str,
    hook: &str,
) -> Result<OwnedFd, KernelError> {
    if program == READS_USER_MEMORY && !aya::features().bpf_probe_read_kernel() {
        return by_hand::tracepoint(object, ebpf, btf, program, hook);
    }
    let doing = || format!("loading the kernel program {program}");
    let refused = |error| KernelError::refused(doing(), error);
    let tracepoint: &mut BtfTracePoint = ebpf
        .program_mut(program)
        .ok_or(KernelError::NotEmbedded)?
        .try_into()
        .map_err(refused)?;
    tracepoint.load(hook, btf).map_err(refused)?;
    let loaded = tracepoint.fd().map_err(refused)?.as_fd();
    loaded
        .try_clone_to_owned()
        .map_err(|error| KernelError::refused(doing(), error))
}

impl Attached {
    /// Pins each map and link, by name, into a folder.
    pub(super) fn pin(&self, folder: &Path) -> io::Result<()> {
        for (name, map) in &self.tables.descriptors {
            bpf::pin(map.as_fd(), &folder.join(name))?;
        }
        for (name, link) in &self.links {
            link.pin(&folder.join(name))?;
        }
        if let Some(sweeper) = &self.sweeper {
            sweeper.pin(&folder.join(SWEEPER))?;
        }
        self.walker.pin(&folder.join(WALKER))
    }

    /// Opens what was pinned in a folder.
    pub(super) fn pinned(folder: &Path, options: Options<'_>) -> Result<Self, KernelError> {
        let link = |name: &'static str| {
            Link::pinned(&folder.join(name))
                .map_err(|error| KernelError::refused(format!("opening the link {name}"), error))
        };
        let tables = Tables::open(options, |name| {
            MapData::from_pin(folder.join(name))
                .and_then(Map::from_map_data)
                .map_err(|error| KernelError::refused(format!("opening the map {name}"), error))
        })?;
        let links = tracepoints(options).map(|(name, _)| Ok((name, link(name)?)));
        Ok(Self {
            tables,
            links: links.collect::<Result<_, KernelError>>()?,
            walker: link(WALKER)?,
            sweeper: Sweeper::pinned(&folder.join(SWEEPER))?,
        })
    }
}
