//! Who lived in a span of time: what reading and drawing need to know of each process, without its arguments and the rest.

use std::collections::HashMap;

use bc_schema::store::{ProcessRecord, Series};
use bc_schema::{LifeKey, ProcessId, Resolution, Retention, TimeRange};

use crate::history::{self, Reach};

/// One process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lived {
    pub(crate) pid: u32,
    pub(crate) name: String,
    /// When it was in its container.
    pub(crate) stay: TimeRange,
    life: LifeKey,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Everyone {
    processes: HashMap<ProcessId, Lived>,
    kept_from_ns: HashMap<LifeKey, u64>,
}

impl Everyone {
    pub(crate) fn of(
        processes: &[ProcessRecord],
        reaches: &[Reach],
        retention: &Retention,
        resolution: Resolution,
    ) -> Self {
        let lived = |process: &ProcessRecord| Lived {
            pid: process.start.pid,
            name: history::name(process).to_owned(),
            stay: history::stay(process, reaches),
            life: process.start.life.clone(),
        };
        let kept = |reach: &Reach| {
            (
                reach.life.clone(),
                reach.kept_from_ns(retention, resolution),
            )
        };
        Self {
            processes: processes
                .iter()
                .map(|process| (process.start.process, lived(process)))
                .collect(),
            kept_from_ns: reaches.iter().map(kept).collect(),
        }
    }

    pub(crate) fn get(&self, process: ProcessId) -> Option<&Lived> {
        self.processes.get(&process)
    }

    /// When a process was there; one that nobody knows is taken to have been there all the time.
    pub(crate) fn stay(&self, process: ProcessId) -> TimeRange {
        self.get(process)
            .map_or(TimeRange::EVER, |lived| lived.stay)
    }

    pub(crate) fn stays(&self) -> impl Iterator<Item = TimeRange> {
        self.processes.values().map(|lived| lived.stay)
    }

    /// Takes away the points that retention lets go, whether a cleaner has been there or not.
    pub(crate) fn clip(&self, series: &mut Vec<Series>) {
        for one in series.iter_mut() {
            let life = self.get(one.process).map(|lived| &lived.life);
            let from_ns = life
                .and_then(|life| self.kept_from_ns.get(life))
                .copied()
                .unwrap_or(0);
            one.points.retain(|point| point.bucket_ns >= from_ns);
        }
        series.retain(|one| !one.points.is_empty());
    }
}
