//! What the page and `/metrics` may say about the recording, filled in by whoever wires a recorder and a web together.

use std::collections::BTreeMap;

use bc_schema::LossReason;

/// How the recording goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// Processes are being recorded.
    pub recording: bool,
    /// Why not, or what is wrong, for people.
    pub problem: Option<String>,
    /// Containers and jobs being watched.
    pub containers: u64,
    /// Processes known and alive.
    pub processes: u64,
    /// Samples taken since the start.
    pub samples: u64,
    /// Losses since the start, by reason.
    pub losses: BTreeMap<LossReason, u64>,
    /// CPU time of our own process, ns.
    pub own_cpu_ns: u64,
    /// Resident memory of our own process, bytes.
    pub own_rss_bytes: u64,
}
