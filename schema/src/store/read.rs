//! The web's right: to read.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::StoreError;
use super::columns::{self, ColumnQuery, EachRun};
use crate::container::{Container, ContainerId, ContainerKind};
use crate::loss::Loss;
use crate::metric::Metrics;
use crate::process::{ProcessEnd, ProcessExec, ProcessStart};
use crate::process_id::ProcessId;
use crate::resolution::{Resolution, TimeRange};

/// Living or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContainerState {
    /// Its latest life has not ended.
    Live,
    /// Its latest life has ended.
    Past,
}

/// Which containers.
#[derive(Debug, Clone, Default)]
pub struct ContainerQuery {
    /// Only those whose id, name, image or command contains this, letter case aside. Never a pattern: taken as it stands.
    pub search: Option<String>,
    /// Only those in this state.
    pub state: Option<ContainerState>,
    /// Only of this kind.
    pub kind: Option<ContainerKind>,
    /// Only those whose latest life belongs to this user.
    pub uid: Option<u32>,
    /// Only those whose latest life is, or was, on this host.
    pub host: Option<String>,
    /// At most so many; the rest is known by `total`.
    pub limit: usize,
    /// Skip so many.
    pub offset: usize,
}

/// A container with all its lives, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerRecord {
    /// The facts of every life, newest first; never empty.
    pub lives: Vec<Container>,
    /// Time of the last record of any life, ns since the epoch.
    pub last_record_ns: u64,
    /// Processes recorded, over all lives.
    pub processes: u64,
    /// Of these, not known to have ended.
    pub open_processes: u64,
    /// Of these, known to have ended badly ([`ProcessEnd::failed`]).
    pub failed_processes: u64,
    /// CPU of all its processes in all lives, ns, from each process's latest totals less its baseline.
    pub cpu_ns: u64,
    /// RSS of the living processes together, as of their latest samples, bytes; absent when none is known.
    pub rss_bytes: Option<u64>,
    /// The highest peak RSS of one process since its last exec, in any life, bytes; absent when none is known.
    pub peak_rss_bytes: Option<u64>,
}

impl ContainerRecord {
    /// The latest life.
    pub fn latest(&self) -> &Container {
        &self.lives[0]
    }

    /// Live or past.
    pub fn state(&self) -> ContainerState {
        if self.latest().ended_ns.is_none() {
            ContainerState::Live
        } else {
            ContainerState::Past
        }
    }
}

/// Which processes of a container.
#[derive(Debug, Clone, Default)]
pub struct ProcessQuery {
    /// Only those that lived at some time in here.
    pub range: Option<TimeRange>,
    /// Only these.
    pub ids: Option<Vec<ProcessId>>,
}

/// Everything known of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessRecord {
    /// How it began.
    pub start: ProcessStart,
    /// What it executed, in order of time; empty when nothing is known.
    pub execs: Vec<ProcessExec>,
    /// How it ended; `None`: not known to have ended.
    pub end: Option<ProcessEnd>,
    /// When it was last known to be as its latest sample says, ns since the epoch: at that sample, or, for one that is not known to have ended,
    /// when its life was last seen whole. `None`: there is no sample.
    pub last_sample_ns: Option<u64>,
    /// Whole-life usage: totals summed over epochs and less the baseline; gauges as of the latest sample; peaks the largest.
    pub totals: Metrics,
}

/// Which curves.
#[derive(Debug, Clone)]
pub struct SeriesQuery {
    /// How finely.
    pub resolution: Resolution,
    /// Buckets that begin in here.
    pub range: TimeRange,
    /// Only of these processes.
    pub ids: Option<Vec<ProcessId>>,
}

/// One process's buckets, in order of time; only buckets with a sample, the open one included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// Whose.
    pub process: ProcessId,
    /// Seconds only: its latest sample before the range, from the minute that the range begins in or the minute before. A process that slept
    /// through the range has this alone.
    pub before: Option<Before>,
    /// The buckets.
    pub points: Vec<Point>,
}

/// How a process was before a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Before {
    /// When, ns since the epoch.
    pub at_ns: u64,
    /// The totals and levels of that sample.
    pub metrics: Metrics,
}

/// One bucket of one process: by the merge law, whatever order its samples came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// Start of the bucket, ns since the epoch.
    pub bucket_ns: u64,
    /// Totals: usage in the bucket (since the last sample before it, summed over epochs). Gauges: the last sample's. Peaks: as of the last sample.
    pub usage: Metrics,
    /// Highest RSS in the bucket, bytes.
    pub max_rss_bytes: Option<u64>,
    /// Time since the sample before, or since when that still held, ns: longer than the bucket when samples are missing between, and usage
    /// then spans all of it.
    pub span_ns: u64,
}

/// Which curves of one process, CPU by CPU.
#[derive(Debug, Clone)]
pub struct CpuSeriesQuery {
    /// Of which process.
    pub process: ProcessId,
    /// How finely.
    pub resolution: Resolution,
    /// Buckets that begin in here.
    pub range: TimeRange,
}

/// What a process used on one CPU, in order of time; only buckets in which it used any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CpuSeries {
    /// Which CPU.
    pub cpu: u32,
    /// Start of the bucket, ns since the epoch, and CPU time used in it, ns.
    pub points: Vec<(u64, u64)>,
}

/// A stored loss.
pub type LossRecord = Loss;

/// Answers questions; every one clipped by nobody (the web knows the retention rule and the token).
#[async_trait]
pub trait ReadStore: Send + Sync {
    /// Containers by last record, latest first, and how many there are in all for this query.
    async fn containers(
        &self,
        query: &ContainerQuery,
    ) -> Result<(Vec<ContainerRecord>, u64), StoreError>;

    /// One container by its id, or by the first 12 characters of a 64-digit id.
    async fn container(&self, id: &ContainerId) -> Result<Option<ContainerRecord>, StoreError>;

    /// Processes of all lives of a container, by start, then pid. One that moved here from another container has an account in each: what
    /// it did before it came in is told there.
    async fn processes(
        &self,
        id: &ContainerId,
        query: &ProcessQuery,
    ) -> Result<Vec<ProcessRecord>, StoreError>;

    /// Ids of the processes of a container that may have lived within a range, by start, then pid: for who then asks for them in groups, where
    /// all at once would be too many.
    async fn process_ids(
        &self,
        id: &ContainerId,
        range: TimeRange,
    ) -> Result<Vec<ProcessId>, StoreError> {
        let query = ProcessQuery {
            range: Some(range),
            ids: None,
        };
        let found = self.processes(id, &query).await?;
        Ok(found
            .into_iter()
            .map(|record| record.start.process)
            .collect())
    }

    /// Curves of processes of a container.
    async fn series(
        &self,
        id: &ContainerId,
        query: &SeriesQuery,
    ) -> Result<Vec<Series>, StoreError>;

    /// The same curves column by column, handed to `each` as they are read. A store that can read single columns does so.
    async fn columns(
        &self,
        id: &ContainerId,
        query: &ColumnQuery,
        mut each: Box<EachRun<'static>>,
    ) -> Result<(), StoreError> {
        let rows = self.series(id, &query.series).await?;
        columns::transpose(query, &rows, &mut each);
        Ok(())
    }

    /// Curves of one process by CPU, in the order of the CPUs; empty where nothing was counted.
    async fn cpu_series(
        &self,
        id: &ContainerId,
        query: &CpuSeriesQuery,
    ) -> Result<Vec<CpuSeries>, StoreError>;

    /// Losses that touch a container: its own, and those of its hosts while it lived there; `None`: all losses. By time.
    async fn losses(
        &self,
        id: Option<&ContainerId>,
        range: TimeRange,
    ) -> Result<Vec<LossRecord>, StoreError>;
}
