//! The news that a batch is durable: what live streams wait for.

use crate::container::ContainerId;

/// A batch was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// Until when the batch told, ns since the epoch.
    pub until_ns: u64,
    /// The containers it spoke of, each once.
    pub containers: Vec<ContainerId>,
    /// Some container began, ended or changed its facts.
    pub containers_changed: bool,
}
