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
    /// CPU time of the recorder's own process, ns.
    pub own_cpu_ns: u64,
    /// Resident memory of the recorder's own process, bytes.
    pub own_rss_bytes: u64,
}
