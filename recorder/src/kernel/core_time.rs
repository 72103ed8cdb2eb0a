//! CPU time by core, as the kernel programs count it. What is made of it is the agent's business.

use aya::maps::{HashMap, Map, MapData};
use bc_abi::{CoreKey, Process, ProcessKey};

use super::shared::Shared;
use super::tables::table;
use super::{Kernel, KernelError};

/// The two tables; absent where CPU time by core is not asked for.
pub(super) struct CoreTimes {
    times: HashMap<MapData, Shared<CoreKey>, u64>,
    /// The kernel's own; kept open to be pinned.
    _arrivals: HashMap<MapData, u64, u64>,
    cores: u32,
}

impl CoreTimes {
    pub(super) fn open(
        take: &mut impl FnMut(&'static str) -> Result<Map, KernelError>,
    ) -> Result<Self, KernelError> {
        let cores = aya::util::nr_cpus()
            .map_err(|(_, error)| KernelError::refused("counting this machine's CPUs", error))?;
        Ok(Self {
            times: table(take, "CORE_TIMES")?,
            _arrivals: table(take, "ARRIVALS")?,
            cores: cores as u32,
        })
    }

    pub(super) fn forget(&mut self, process: ProcessKey, entry: &Process) {
        for core in entry.cores.of(self.cores) {
            let _ = self.times.remove(&Shared(key(process, core)));
        }
    }
}

fn key(process: ProcessKey, core: u32) -> CoreKey {
    CoreKey {
        process,
        core,
        zero: 0,
    }
}

impl Kernel {
    /// CPU time of a process on the cores that its threads have left, ns.
    pub fn core_times(&self, process: ProcessKey, entry: &Process) -> Vec<(u32, u64)> {
        let Some(cores) = &self.attached.tables.cores else {
            return Vec::new();
        };
        let time = |core| {
            let cpu_ns = cores.times.get(&Shared(key(process, core)), 0).ok()?;
            Some((core, cpu_ns))
        };
        entry.cores.of(cores.cores).filter_map(time).collect()
    }

    /// Whether CPU time by core is counted.
    pub fn counts_cores(&self) -> bool {
        self.attached.tables.cores.is_some()
    }
}
