//! The kernel's side of recording, as the agent sees it: programs loaded and attached, tables read, events taken, tasks walked.
//!
//! Nothing is decided here. aya is used here and in the files below, nowhere else (law 11).

mod btf;
mod by_hand;
mod core_time;
mod event;
mod layout;
mod load;
mod object;
mod path_mode;
mod shared;

use std::io::{ErrorKind, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;

use aya::Btf;
use aya::maps::{Array, HashMap, MapData, PerCpuArray, RingBuf};
use aya::programs::Iter;
use aya_log::EbpfLogger;
use bc_abi::{Account, CgroupKey, Control, KernelLoss, Process, ProcessKey, TaskRecord, Watch};

pub use self::btf::BtfError;
pub use self::event::KernelEvent;
pub use self::object::embedded;
use self::shared::Shared;

/// The programs cannot be loaded, or the kernel refused something.
#[derive(Debug, thiserror::Error)]
pub enum KernelError {
    /// Not root.
    #[error("recording needs root: run it with sudo, or as a service")]
    NotRoot,
    /// In a PID namespace.
    #[error(
        "recording needs the machine's own PID namespace: the kernel shows tasks to nobody else (start the container with --pid=host)"
    )]
    PidNamespace,
    /// Built without them.
    #[error(
        "this build has no kernel programs: install the eBPF toolchain with `cargo xtask setup`, then build again with `cargo xtask build`"
    )]
    NotEmbedded,
    /// A developer's object cannot be read.
    #[error("reading the kernel object {path}: {source}")]
    Object {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// BTF.
    #[error(transparent)]
    Btf(#[from] BtfError),
    /// The programs or maps were refused.
    #[error("{doing}: {source}{advice}")]
    Refused {
        /// What was being done.
        doing: String,
        /// What aya or the kernel said.
        source: Box<dyn std::error::Error + Send + Sync>,
        /// What the user can do.
        advice: &'static str,
    },
}

impl KernelError {
    fn refused(
        doing: impl Into<String>,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        let mut text = source.to_string();
        let mut cause: Option<&dyn std::error::Error> = source.source();
        while let Some(inner) = cause {
            text.push_str(": ");
            text.push_str(&inner.to_string());
            cause = inner.source();
        }
        let advice = if text.contains("Operation not permitted") {
            "; the BPF system call is forbidden here: inside a container it needs --privileged (or CAP_BPF, CAP_PERFMON and CAP_SYS_ADMIN)"
        } else {
            ""
        };
        Self::Refused {
            doing: doing.into(),
            source: text.into(),
            advice,
        }
    }
}

/// What the programs are to do besides.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Log, through the `log` facade.
    pub log: bool,
    /// Count CPU time by core.
    pub cores: bool,
}

/// Loaded and attached programs with their tables.
pub struct Kernel {
    events: RingBuf<MapData>,
    watches: HashMap<MapData, Shared<CgroupKey>, Shared<Watch>>,
    processes: HashMap<MapData, Shared<ProcessKey>, Shared<Process>>,
    signals: HashMap<MapData, u64, Shared<ProcessKey>>,
    accounts: HashMap<MapData, Shared<CgroupKey>, Shared<Account>>,
    cores: Option<core_time::CoreTimes>,
    losses: PerCpuArray<MapData, u64>,
    lost_cpu: PerCpuArray<MapData, u64>,
    control: Array<MapData, Shared<Control>>,
    walks: u64,
    has_io: bool,
    log: Option<EbpfLogger<&'static dyn log::Log>>,
    buffer: Box<[u8]>,
    /// Keeps the programs attached for as long as it lives.
    programs: aya::Ebpf,
    by_hand: Option<by_hand::ByHand>,
}

impl Kernel {
    /// Waits on this for events.
    pub fn event_fd(&self) -> BorrowedFd<'_> {
        self.events.as_fd()
    }

    /// Prints what the kernel programs logged (`--kernel-log`), through the `log` facade.
    pub fn flush_log(&mut self) {
        if let Some(log) = &mut self.log {
            log.flush();
        }
    }

    /// The oldest waiting event.
    pub fn next_event(&mut self) -> Option<KernelEvent> {
        loop {
            let item = self.events.next()?;
            if let Some(event) = KernelEvent::parse(&item) {
                return Some(event);
            }
        }
    }

    /// Whether this kernel accounts I/O per task.
    pub fn has_io(&self) -> bool {
        self.has_io
    }

    /// Watches a cgroup: whatever is born in it or moves into it from now on.
    pub fn watch(&mut self, key: CgroupKey) -> Result<(), KernelError> {
        let watch = Watch {
            state: Watch::CONFIRMED,
        };
        self.watches
            .insert(Shared(key), Shared(watch), 0)
            .map_err(|error| KernelError::refused("watching a cgroup", error))
    }

    /// Stops watching a cgroup.
    pub fn unwatch(&mut self, key: CgroupKey) {
        // It may be gone already: that is what was wanted.
        let _ = self.watches.remove(&Shared(key));
    }

    /// A process in the kernel's table.
    pub fn process(&self, key: ProcessKey) -> Option<Process> {
        self.processes
            .get(&Shared(key), 0)
            .ok()
            .map(|process| process.0)
    }

    /// Every process in the kernel's table.
    pub fn processes(&self) -> Vec<(ProcessKey, Process)> {
        self.processes
            .iter()
            .filter_map(Result::ok)
            .map(|(key, process)| (key.0, process.0))
            .collect()
    }

    /// Takes a process out of the kernel's table, once all of it is known here.
    pub fn forget(&mut self, key: ProcessKey, process: &Process) {
        // First what hangs on it: a table of the same size then has room for whoever finds room in this one.
        if let Some(cores) = &mut self.cores {
            cores.forget(key);
        }
        let _ = self.processes.remove(&Shared(key));
        // A process whose threads were all seen has taken this way out by itself.
        if process.threads_ended < process.threads_begun
            && self
                .signals
                .get(&process.signal, 0)
                .is_ok_and(|found| found.0 == key)
        {
            let _ = self.signals.remove(&process.signal);
        }
    }

    /// What the process table had no room for, by cgroup, since the start.
    pub fn accounts(&self) -> Vec<(CgroupKey, Account)> {
        self.accounts
            .iter()
            .filter_map(Result::ok)
            .map(|(key, account)| (key.0, account.0))
            .collect()
    }

    /// Losses since the start: count and CPU in ns, by reason.
    pub fn losses(&self) -> [(u64, u64); KernelLoss::COUNT as usize] {
        KernelLoss::ALL.map(|reason| {
            let sum = |map: &PerCpuArray<MapData, u64>| {
                map.get(&(reason as u32), 0)
                    .map_or(0, |values| values.iter().sum())
            };
            (sum(&self.losses), sum(&self.lost_cpu))
        })
    }

    /// Walks every task of the machine and hands over one record for each task of a watched container. With `discover`, processes of
    /// watched cgroups that are not in the table yet are taken in.
    pub fn walk(
        &mut self,
        discover: bool,
        mut take: impl FnMut(&TaskRecord),
    ) -> Result<(), KernelError> {
        self.walks += 1;
        let control = Control {
            walk: self.walks,
            discover: u64::from(discover),
        };
        self.control
            .set(0, Shared(control), 0)
            .map_err(|error| KernelError::refused("preparing a walk", error))?;
        let refused = |error| KernelError::refused("walking the tasks", error);
        let walker: &mut Iter = self
            .programs
            .program_mut(load::WALKER)
            .ok_or(KernelError::NotEmbedded)?
            .try_into()
            .map_err(refused)?;
        // Turning a link into a file uses the link up: a walk is a link.
        let link = walker
            .attach()
            .and_then(|id| walker.take_link(id))
            .map_err(refused)?;
        let mut file = link
            .into_file()
            .map_err(|error| KernelError::refused("walking the tasks", error))?;
        let mut filled = 0;
        loop {
            let read = match file.read(&mut self.buffer[filled..]) {
                Ok(0) => return Ok(()),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(KernelError::refused("walking the tasks", error)),
            };
            filled += read;
            let whole = filled - filled % size_of::<TaskRecord>();
            for record in self.buffer[..whole].chunks_exact(size_of::<TaskRecord>()) {
                take(&shared::read(record));
            }
            self.buffer.copy_within(whole..filled, 0);
            filled -= whole;
        }
    }
}

/// Loads the programs for this kernel and attaches them.
pub fn start(object: Option<&std::path::Path>, options: Options) -> Result<Kernel, KernelError> {
    load::preflight()?;
    let types = btf::KernelTypes::open()?;
    let mut layout = layout::fill(&types)?;
    let mut bytes = object::bytes(object)?;
    path_mode::choose(&types, &mut layout, &mut bytes)?;
    drop(types);
    let btf = Btf::from_sys_fs()
        .map_err(|error| KernelError::refused("reading the kernel's BTF", error))?;
    let kernel = load::load(&bytes, layout, &btf, options)?;
    drop(btf);
    // SAFETY: gives freed pages of the parsed BTF back; no pointer of ours is touched.
    unsafe { libc::malloc_trim(0) };
    Ok(kernel)
}
