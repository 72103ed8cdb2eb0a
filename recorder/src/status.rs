//! How a recorder is doing, for pages, metrics and logs.

use std::collections::BTreeMap;

use bc_schema::LossReason;

/// A recorder's own account of itself. Published once per sample through a `tokio::sync::watch`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// The kernel programs are attached.
    pub recording: bool,
    /// Why not, or what is wrong although they are, for people.
    pub problem: Option<String>,
    /// Containers and jobs being watched.
    pub containers: u64,
    /// Processes known and alive.
    pub processes: u64,
    /// Samples taken since the start.
    pub samples: u64,
    /// Losses since the start, by reason.
    pub losses: BTreeMap<LossReason, u64>,
    /// The ring that brings events from the kernel; `None`: the kernel does not show it.
    pub ring: Option<Ring>,
    /// What waits in memory because the sink takes nothing now; `None`: it takes what comes.
    pub waiting: Option<Waiting>,
    /// CPU time of the recorder's own process, ns.
    pub own_cpu_ns: u64,
    /// Resident memory of the recorder's own process, bytes.
    pub own_rss_bytes: u64,
}

/// How full the ring of events was: events that find it full are lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ring {
    /// The most that waited in it at one time since the account before, bytes.
    pub waiting_bytes: u64,
    /// What it holds, bytes.
    pub size_bytes: u64,
}

/// Records that are in memory alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Since when, ns since the epoch, UTC.
    pub since_ns: u64,
    /// Why, and what can be done, for people.
    pub why: String,
    /// Samples that wait.
    pub samples: u64,
    /// How many may.
    pub room_samples: u64,
    /// How many were given up since then because there was no more room; each is declared as a loss.
    pub shed_samples: u64,
}
