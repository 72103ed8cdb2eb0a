//! CPU time by core, as the kernel programs count it, and who is on a core right now. What is made of it is the agent's business.

use aya::maps::{Array, Map, MapData, PerCpuHashMap};
use bc_abi::{ProcessKey, Running};

use super::shared::Shared;
use super::tables::table;
use super::{Kernel, KernelError};

/// The two tables; absent where CPU time by core is not asked for.
pub(super) struct CoreTimes {
    times: PerCpuHashMap<MapData, Shared<ProcessKey>, u64>,
    running: Array<MapData, Shared<Running>>,
}

impl CoreTimes {
    pub(super) fn open(
        take: &mut impl FnMut(&'static str) -> Result<Map, KernelError>,
    ) -> Result<Self, KernelError> {
        Ok(Self {
            times: table(take, "CORE_TIMES")?,
            running: table(take, "RUNNING")?,
        })
    }

    pub(super) fn forget(&mut self, key: ProcessKey) {
        // Not there when the table was full.
        let _ = self.times.remove(&Shared(key));
    }
}

impl Kernel {
    /// CPU time of a process by core up to each thread's latest switch, ns: those cores that it ran on.
    pub fn core_times(&self, key: ProcessKey) -> Vec<(u32, u64)> {
        let Some(cores) = &self.attached.tables.cores else {
            return Vec::new();
        };
        let values = cores.times.get(&Shared(key), 0);
        values.map_or_else(
            |_| Vec::new(),
            |values| {
                (0..)
                    .zip(values.iter().copied())
                    .filter(|(_, cpu_ns)| *cpu_ns > 0)
                    .collect()
            },
        )
    }

    /// Who is on each core; nobody where it idles or nothing is counted.
    pub fn running(&self) -> Vec<(u32, Running)> {
        let count = self
            .attached
            .tables
            .cores
            .as_ref()
            .map_or(0, |cores| cores.running.len());
        (0..count)
            .filter_map(|core| Some((core, self.running_on(core)?)))
            .collect()
    }

    /// Who is on a core.
    pub fn running_on(&self, core: u32) -> Option<Running> {
        let running = self
            .attached
            .tables
            .cores
            .as_ref()?
            .running
            .get(&core, 0)
            .ok()?
            .0;
        (running.pid != 0).then_some(running)
    }
}
