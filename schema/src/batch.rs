//! A batch: what a recorder hands over at once. Self-contained; delivering it twice changes nothing (law 1).

use crate::container::{Container, LifeKey};
use crate::cpu_total::CpuTotal;
use crate::loss::Loss;
use crate::process::{ProcessEnd, ProcessExec, ProcessStart};
use crate::sample::Sample;

/// Facts and samples of one host and a short span of time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Batch {
    /// The host it comes from.
    pub host: String,
    /// Until when it tells, ns since the epoch, UTC.
    pub until_ns: u64,
    /// Containers, in full.
    pub containers: Vec<Container>,
    /// Processes that began, were found or came in. A process's start always precedes or accompanies what else is said of it.
    pub starts: Vec<ProcessStart>,
    /// What they executed.
    pub execs: Vec<ProcessExec>,
    /// Lives that were looked at whole, and when, ns since the epoch: every process of theirs that is not known to have ended was there, and
    /// was as its latest sample says. Carries a life's last record on while its processes sleep.
    pub seen: Vec<(LifeKey, u64)>,
    /// Running totals.
    pub samples: Vec<Sample>,
    /// Running totals by CPU.
    pub cpus: Vec<CpuTotal>,
    /// Processes that ended.
    pub ends: Vec<ProcessEnd>,
    /// What could not be recorded.
    pub losses: Vec<Loss>,
}

impl Batch {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.is_samples_alone()
            && self.seen.is_empty()
            && self.samples.is_empty()
            && self.cpus.is_empty()
    }

    /// Whether it says nothing but how what is known went on.
    pub fn is_samples_alone(&self) -> bool {
        self.containers.is_empty()
            && self.starts.is_empty()
            && self.execs.is_empty()
            && self.ends.is_empty()
            && self.losses.is_empty()
    }
}
