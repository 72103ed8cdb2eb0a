//! What the page and `/metrics` may say about the recording, filled in by whoever wires a recorder and a web together.

use std::collections::BTreeMap;
use std::time::Duration;

use bc_schema::LossReason;

/// A recorder beside this web, as far as the web cares.
pub trait Recorder: Send + Sync {
    /// How it is doing.
    fn health(&self) -> Health;
    /// Tells it that somebody looks at what it records. Called for every question about containers.
    fn looked_at(&self);
}

/// How the recording goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// Processes are being recorded.
    pub recording: bool,
    /// Why not, or what is wrong, for people.
    pub problem: Option<String>,
    /// Samples that wait in memory because the store takes nothing now, and since when, ns since the epoch; `None`: it takes what comes.
    pub waiting: Option<(u64, u64)>,
    /// Containers and jobs being watched.
    pub containers: u64,
    /// Processes known and alive.
    pub processes: u64,
    /// Samples taken since the start.
    pub samples: u64,
    /// Losses since the start, by reason.
    pub losses: BTreeMap<LossReason, u64>,
    /// The most that waited at one time in the ring that brings events from the kernel, and what it holds, bytes; `None`: not known.
    pub ring_bytes: Option<(u64, u64)>,
    /// How long the store took to make batches durable.
    pub commits: Durations,
    /// What the store takes up on its disk, and what is free there, bytes; `None`: not known.
    pub disk_bytes: Option<(u64, u64)>,
    /// CPU time of our own process, ns.
    pub own_cpu_ns: u64,
    /// Resident memory of our own process, bytes.
    pub own_rss_bytes: u64,
}

/// How often something took how long, since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Durations {
    /// By [`Durations::BOUNDS_MS`]: each is counted once, in the first that it fits; the last is for what fits none.
    pub(crate) counts: [u64; Durations::BOUNDS_MS.len() + 1],
    pub(crate) sum: Duration,
}

impl Durations {
    /// Up to and including, ms.
    pub const BOUNDS_MS: [u64; 12] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000, 30_000];

    /// Counts one.
    pub fn add(&mut self, took: Duration) {
        let fits = |bound_ms: &u64| took <= Duration::from_millis(*bound_ms);
        let place = Self::BOUNDS_MS.iter().position(fits);
        self.counts[place.unwrap_or(Self::BOUNDS_MS.len())] += 1;
        self.sum += took;
    }
}
