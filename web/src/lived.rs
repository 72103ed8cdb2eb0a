//! Who lived in a span of time: what reading and drawing need to know of each process, without its arguments and the rest.

use std::collections::HashMap;

use bc_schema::store::{ProcessRecord, Series};
use bc_schema::{LifeKey, ProcessId, Resolution, Retention, TimeRange};

use crate::chart::Presence;
use crate::history::{self, Reach};

/// One process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lived {
    pub(crate) pid: u32,
    pub(crate) name: String,
    /// When it was in its container, and how long it is known to have been as it was.
    pub(crate) presence: Presence,
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
            presence: presence(process, reaches),
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
    pub(crate) fn presence(&self, process: ProcessId) -> Presence {
        let unknown = Presence {
            stay: TimeRange::EVER,
            known_to_ns: 0,
        };
        self.get(process).map_or(unknown, |lived| lived.presence)
    }

    /// The first instant of which a process's buckets are kept.
    pub(crate) fn kept_from_ns(&self, process: ProcessId) -> u64 {
        self.get(process)
            .and_then(|lived| self.kept_from_ns.get(&lived.life))
            .copied()
            .unwrap_or(0)
    }

    pub(crate) fn stays(&self) -> impl Iterator<Item = TimeRange> {
        self.processes.values().map(|lived| lived.presence.stay)
    }

    /// Takes away the points that retention lets go, whether a cleaner has been there or not.
    pub(crate) fn clip(&self, series: &mut Vec<Series>) {
        for one in series.iter_mut() {
            let from_ns = self.kept_from_ns(one.process);
            one.points.retain(|point| point.bucket_ns >= from_ns);
        }
        series.retain(|one| one.before.is_some() || !one.points.is_empty());
    }
}

fn presence(process: &ProcessRecord, reaches: &[Reach]) -> Presence {
    let stay = history::stay(process, reaches);
    let known_to_ns = process
        .last_sample_ns
        .map_or(0, |last_ns| last_ns.saturating_add(1));
    Presence {
        stay,
        known_to_ns: known_to_ns.min(stay.to_ns),
    }
}
