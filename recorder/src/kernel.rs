//! The kernel's side of recording, as the agent sees it: programs loaded and attached, tables read, events taken, tasks walked.
//!
//! Nothing is decided here. aya is used here and in the files below, nowhere else (law 11).

mod bpf;
mod btf;
mod build;
mod by_hand;
mod core_time;
mod event;
mod layout;
mod link;
mod load;
mod notes;
mod object;
mod path_mode;
mod pins;
mod ring_fill;
mod shared;
mod sweep;
mod tables;
mod trial;
mod walk;
mod watch;

use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use aya::Btf;
use bc_abi::{ABSENT, KernelLoss, Process, ProcessKey};

pub use self::btf::BtfError;
pub use self::event::KernelEvent;
use self::load::Attached;
#[cfg(test)]
pub(crate) use self::load::TRACEPOINTS;
pub use self::notes::Note;
pub use self::object::embedded;
use self::pins::{PinsError, Place};
pub use self::ring_fill::RingFill;
use self::shared::Shared;
pub(crate) use self::shared::text;
pub(crate) use self::trial::{Trial, attempt};
use crate::capacities::Capacities;
use crate::clock::boot_now_ns;

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

/// Attached programs with their tables.
pub struct Kernel {
    attached: Attached,
    capacities: Capacities,
    /// Boot clock when the programs were attached, ns.
    attached_boot_ns: u64,
    walks: u64,
    /// The number of the walk from which on one call is tried again.
    sweeps_from: u64,
    has_io: bool,
    log: Option<load::Log>,
    buffer: Box<[u8]>,
    pinned: Option<Place>,
    unpinned: Option<String>,
    adopted: bool,
}

impl Kernel {
    /// Waits on this for events.
    pub fn event_fd(&self) -> BorrowedFd<'_> {
        self.attached.tables.events.as_fd()
    }

    /// How full the ring of events is; `None` where the kernel does not show it.
    pub fn ring_fill(&self) -> Option<RingFill> {
        RingFill::of(self.event_fd())
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
            let item = self.attached.tables.events.next()?;
            if let Some(event) = KernelEvent::parse(&item) {
                return Some(event);
            }
        }
    }

    /// Whether it was taken over from a recorder that was killed: the programs went on counting meanwhile.
    pub fn adopted(&self) -> bool {
        self.adopted
    }

    /// Why what is counted would not outlive this process, if it would not.
    pub fn unpinned(&self) -> Option<&str> {
        self.unpinned.as_deref()
    }

    /// Lets go of what would outlive this process.
    pub fn unpin(&mut self) {
        if let Some(place) = self.pinned.take()
            && let Err(error) = place.leave()
        {
            tracing::warn!(%error, "what the kernel counts stays in it");
        }
    }

    /// Whether this kernel accounts I/O per task.
    pub fn has_io(&self) -> bool {
        self.has_io
    }

    /// A process in the kernel's table.
    pub fn process(&self, key: ProcessKey) -> Option<Process> {
        self.attached
            .tables
            .processes
            .get(&Shared(key), 0)
            .ok()
            .map(|process| process.0)
    }

    /// Every process in the kernel's table; some may be missing, and some there twice, while others come and go.
    pub fn processes(&self) -> impl Iterator<Item = (ProcessKey, Process)> {
        let table = &self.attached.tables.processes;
        // Each removal may send the search back to the beginning: it has an end all the same.
        let most = 2 * self.capacities.processes as usize;
        let found = table.iter().take(most).filter_map(Result::ok);
        found.map(|(key, process)| (key.0, process.0))
    }

    /// Takes a process out of the kernel's table, once all of it is known here.
    pub fn forget(&mut self, key: ProcessKey, process: &Process) {
        // First what hangs on it: a table of the same size then has room for whoever finds room in this one.
        if let Some(cores) = &mut self.attached.tables.cores {
            cores.forget(key, process);
        }
        let _ = self.attached.tables.processes.remove(&Shared(key));
        // A process whose threads were all seen has taken this way out by itself.
        if process.threads_ended < process.threads_begun
            && self
                .attached
                .tables
                .signals
                .get(&process.signal, 0)
                .is_ok_and(|found| found.0 == key)
        {
            let _ = self.attached.tables.signals.remove(&process.signal);
        }
    }

    /// Losses since the start: count and CPU in ns, by reason.
    pub fn losses(&self) -> [(u64, u64); KernelLoss::COUNT as usize] {
        let mut sums = [(0, 0); KernelLoss::COUNT as usize];
        let cpus = self.attached.tables.losses.get(&0, 0).ok();
        for cpu in cpus.iter().flat_map(|cpus| cpus.iter()) {
            for (sum, lost) in sums.iter_mut().zip(cpu.0) {
                sum.0 += lost.count;
                sum.1 += lost.cpu_ns;
            }
        }
        sums
    }
}

/// How the programs are to be started.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// Instead of the embedded object.
    pub object: Option<&'a Path>,
    /// Print what the programs log.
    pub log: bool,
    /// Count CPU time by core.
    pub cores: bool,
    /// The data directory for which maps and links are pinned.
    pub pins: Option<&'a Path>,
    /// Take over what a killed recorder left, or clear it; else it is left alone.
    pub adopt: bool,
    /// The sizes of the tables and the ring.
    pub capacities: &'a Capacities,
}

/// Attaches the programs: those of a killed recorder, if they are still at work and the same, else loaded for this kernel.
pub fn start(options: Options<'_>) -> Result<Kernel, KernelError> {
    load::preflight()?;
    let types = btf::KernelTypes::open()?;
    let mut layout = layout::fill(&types)?;
    let mut bytes = object::bytes(options.object)?;
    path_mode::choose(&types, &mut layout, &mut bytes)?;
    let sweeps = options.capacities.walk_records > 0 && sweep::choose(&types, &mut bytes)?;
    drop(types);
    let has_io = layout.task_rchar != ABSENT && layout.task_block_read != ABSENT;
    let build = build::hash(&bytes, layout, options);
    let mut place = place(options);
    let mut log = None;
    let left = match &place {
        Ok(place) if options.adopt => place.adopt(&build, options),
        _ => None,
    };
    let adopted = left.is_some();
    let attached = match left {
        Some(left) => left,
        None => {
            let btf = Btf::from_sys_fs()
                .map_err(|error| KernelError::refused("reading the kernel's BTF", error))?;
            let (attached, wanted_log) = load::load(&bytes, layout, &btf, sweeps, options)?;
            log = wanted_log;
            if let Ok(made) = &place
                && let Err(error) = made.pin(&build, &attached)
            {
                place = Err(error.to_string());
            }
            attached
        }
    };
    // SAFETY: gives freed pages of the parsed BTF back; no pointer of ours is touched.
    unsafe { libc::malloc_trim(0) };
    let attached_boot_ns = boot_now_ns();
    let control = attached.tables.control.get(&0, 0).ok();
    Ok(Kernel {
        walks: control.as_ref().map_or(0, |control| control.0.walk),
        sweeps_from: 0,
        attached_boot_ns: match control {
            Some(control) if adopted => control.0.attached_boot_ns,
            _ => attached_boot_ns,
        },
        capacities: options.capacities.clone(),
        attached,
        has_io,
        log,
        buffer: vec![0; walk::BUFFER_BYTES].into(),
        unpinned: place.as_ref().err().cloned(),
        pinned: place.ok(),
        adopted,
    })
}

/// Where pins go; else, in words, why there are none.
fn place(options: Options<'_>) -> Result<Place, String> {
    let Some(data) = options.pins else {
        return Err("no data directory to pin them for".into());
    };
    if options.log {
        return Err("the kernel programs' log was asked for".into());
    }
    let place = || -> Result<Place, PinsError> {
        let place = Place::of(data)?;
        if !options.adopt {
            place.must_be_empty()?;
        }
        Ok(place)
    };
    place().map_err(|error| error.to_string())
}
