//! Who lived in a span of time: what reading and drawing need to know of each process, without its arguments and the rest.

use bc_schema::store::{ProcessRecord, Run};
use bc_schema::{ProcessId, Resolution, Retention, TimeRange};
use rustc_hash::FxHashMap;

use crate::chart::Presence;
use crate::history::{self, Reach};

/// One process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lived {
    pub(crate) pid: u32,
    pub(crate) name: String,
    /// When it was in its container, and how long it is known to have been as it was.
    pub(crate) presence: Presence,
    /// The first instant of which its buckets are kept.
    kept_from_ns: u64,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Everyone {
    processes: FxHashMap<ProcessId, Lived>,
    /// From here on the buckets of all of them are kept.
    all_kept_from_ns: u64,
}

impl Everyone {
    pub(crate) fn of(
        processes: &[ProcessRecord],
        reaches: &[Reach],
        retention: &Retention,
        resolution: Resolution,
    ) -> Self {
        let kept_from_ns = |process: &ProcessRecord| {
            let life = &process.start.life;
            let reach = reaches.iter().find(|reach| reach.life == *life);
            reach.map_or(0, |reach| reach.kept_from_ns(retention, resolution))
        };
        let lived = |(order, process): (usize, &ProcessRecord)| {
            let lived = Lived {
                pid: process.start.pid,
                name: history::name(process).to_owned(),
                presence: presence(order, process, reaches),
                kept_from_ns: kept_from_ns(process),
            };
            (process.start.process, lived)
        };
        let processes: FxHashMap<_, _> = processes.iter().enumerate().map(lived).collect();
        let kept_from_ns = processes.values().map(|lived| lived.kept_from_ns);
        Self {
            all_kept_from_ns: kept_from_ns.max().unwrap_or(0),
            processes,
        }
    }

    pub(crate) fn get(&self, process: ProcessId) -> Option<&Lived> {
        self.processes.get(&process)
    }

    /// When a process was there; one that nobody knows is taken to have been there all the time.
    pub(crate) fn presence(&self, process: ProcessId) -> Presence {
        let unknown = Presence {
            order: usize::MAX,
            stay: TimeRange::EVER,
            known_to_ns: 0,
        };
        self.get(process).map_or(unknown, |lived| lived.presence)
    }

    /// The first instant of which a process's buckets are kept.
    pub(crate) fn kept_from_ns(&self, process: ProcessId) -> u64 {
        self.get(process).map_or(0, |lived| lived.kept_from_ns)
    }

    /// What of a run is kept: mostly all of it.
    pub(crate) fn kept<'a>(&self, run: Run<'a>) -> Run<'a> {
        match run.bucket_ns().first() {
            Some(&first_ns) if first_ns < self.all_kept_from_ns => {
                run.from(self.kept_from_ns(run.process))
            }
            _ => run,
        }
    }

    pub(crate) fn stays(&self) -> impl Iterator<Item = TimeRange> {
        self.processes.values().map(|lived| lived.presence.stay)
    }
}

fn presence(order: usize, process: &ProcessRecord, reaches: &[Reach]) -> Presence {
    let stay = history::stay(process, reaches);
    let known_to_ns = process
        .last_sample_ns
        .map_or(0, |last_ns| last_ns.saturating_add(1));
    Presence {
        order,
        stay,
        known_to_ns: known_to_ns.min(stay.to_ns),
    }
}
