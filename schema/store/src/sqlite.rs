//! The embedded store: one SQLite file (rusqlite is used here and nowhere else).
//!
//! Writing a second must cost next to nothing, because it happens beside the users' jobs. So a batch appends one packed block per life
//! and second, and touches nothing else of a process that merely lives on. When a life's first sample of a new minute arrives, the
//! minute before it is *sealed*: its seconds are folded into a block of the minute; when the hour is over, its minutes into one of the
//! hour; and the hours into the day. Its seconds are then packed, column by column. What comes late, for a bucket already sealed, is folded in at once. So an answer is what the blocks
//! of its resolution say, together with the few finer ones that are not sealed yet, which are always of one bucket.
//!
//! Whole-life totals are the latest samples in the days, which are kept for ever.
//!
//! | file | what |
//! | --- | --- |
//! | `header`, `file`, `connection`, `error` | the file, its versions, its connections, its failures |
//! | `version_*.sql`, `packed`, `times`, `block`, `pack`, `cpus`, `rows` | the tables, and how samples and facts stand in them |
//! | `writer`, `reserve` | writing beside a disk that may be full, to a file that may be gone |
//! | `ledger`, `ledger/…` | what is written: facts, samples, sealing, moves between accounts, pruning |
//! | `check`, `check/…` | looking it all over |
//! | `reader`, `answers`, `answers/…` | reading |

mod answers;
mod block;
mod check;
mod connection;
mod cpus;
mod error;
mod file;
mod header;
mod ledger;
mod outcome;
mod pack;
mod packed;
mod reader;
mod reserve;
mod rows;
mod times;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bc_schema::store::{
    ColumnQuery, ContainerQuery, ContainerRecord, CpuSeries, CpuSeriesQuery, EachRun, LifeSpan,
    LossRecord, ProcessQuery, ProcessRecord, PruneOrder, PruneStore, ReadStore, Series,
    SeriesQuery, StoreError, WriteStore,
};
use bc_schema::{Batch, ContainerId, ProcessId, TimeRange};
use tokio::sync::Mutex;

pub use check::{Looking, Report, check};
pub use file::{Upgraded, init, upgrade};
pub use reader::SqliteReader;

use crate::facts;
use error::Failure;
use writer::Writer;

/// A store in one file. Clones of the handle are not needed: share it in an `Arc`.
#[derive(Debug)]
pub struct SqliteStore {
    file: PathBuf,
    // Goes before the writer: who goes last writes the log back to the file and removes it, and who may only read cannot.
    reader: SqliteReader,
    writer: Arc<Mutex<Writer>>,
}

impl SqliteStore {
    /// Opens a database, or creates it. A file that is not ours, damaged or of a newer version is refused, and stays byte for byte as it was.
    pub fn open(file: &Path) -> Result<SqliteStore, StoreError> {
        Ok(Self::of(file, Writer::open(file)?))
    }

    /// The same for a store that goes on for years: some space is kept back beside the file, so that retention still works when the file
    /// system is full. While it is, writing is refused for later, and goes on by itself when there is room again.
    pub fn open_with_reserve(file: &Path) -> Result<SqliteStore, StoreError> {
        Ok(Self::of(file, Writer::open_with_reserve(file)?))
    }

    fn of(file: &Path, writer: Writer) -> Self {
        Self {
            file: file.to_owned(),
            reader: SqliteReader::of(file),
            writer: Arc::new(Mutex::new(writer)),
        }
    }

    /// Runs `work` with the one connection that writes, off the threads that serve others.
    async fn write_by<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&mut Writer) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        // Whoever waits gets its turn: a long pruning, step by step, lets the next batch in between.
        let mut writer = self.writer.clone().lock_owned().await;
        off_thread(&self.file, doing, move || work(&mut writer)).await
    }
}

/// Runs a job on `file` where it may block.
async fn off_thread<T: Send + 'static>(
    file: &Path,
    doing: &'static str,
    job: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(job).await;
    let done = done.map_err(|error| StoreError::Unavailable {
        doing: format!("{doing} {}", file.display()),
        source: error.into(),
    })?;
    done.map_err(|failure| failure.into_store_error(doing, file))
}

#[async_trait]
impl WriteStore for SqliteStore {
    async fn write_shared(&self, batches: Arc<[Batch]>) -> Result<(), StoreError> {
        self.write_by("write to", move |writer| writer.write(&batches))
            .await
    }
}

#[async_trait]
impl ReadStore for SqliteStore {
    async fn containers(
        &self,
        query: &ContainerQuery,
    ) -> Result<(Vec<ContainerRecord>, u64), StoreError> {
        self.reader.containers(query).await
    }

    async fn container(&self, id: &ContainerId) -> Result<Option<ContainerRecord>, StoreError> {
        self.reader.container(id).await
    }

    async fn processes(
        &self,
        id: &ContainerId,
        query: &ProcessQuery,
    ) -> Result<Vec<ProcessRecord>, StoreError> {
        self.reader.processes(id, query).await
    }

    async fn process_ids(
        &self,
        id: &ContainerId,
        range: TimeRange,
    ) -> Result<Vec<ProcessId>, StoreError> {
        self.reader.process_ids(id, range).await
    }

    async fn series(
        &self,
        id: &ContainerId,
        query: &SeriesQuery,
    ) -> Result<Vec<Series>, StoreError> {
        self.reader.series(id, query).await
    }

    async fn columns(
        &self,
        id: &ContainerId,
        query: &ColumnQuery,
        each: Box<EachRun<'static>>,
    ) -> Result<(), StoreError> {
        self.reader.columns(id, query, each).await
    }

    async fn cpu_series(
        &self,
        id: &ContainerId,
        query: &CpuSeriesQuery,
    ) -> Result<Vec<CpuSeries>, StoreError> {
        self.reader.cpu_series(id, query).await
    }

    async fn losses(
        &self,
        id: Option<&ContainerId>,
        range: TimeRange,
    ) -> Result<Vec<LossRecord>, StoreError> {
        self.reader.losses(id, range).await
    }
}

#[async_trait]
impl PruneStore for SqliteStore {
    async fn life_spans(&self) -> Result<Vec<LifeSpan>, StoreError> {
        self.reader
            .read_by("list lives of", answers::life_spans)
            .await
    }

    async fn prune(&self, order: &PruneOrder) -> Result<u64, StoreError> {
        facts::check_order(order)?;
        let mut removed = 0;
        loop {
            let order = order.clone();
            let step = self
                .write_by("prune", move |writer| writer.prune(&order))
                .await?;
            removed += step.removed;
            if step.finished {
                return Ok(removed);
            }
        }
    }

    async fn compact(&self) -> Result<(), StoreError> {
        while self.write_by("give back space of", Writer::compact).await? {}
        Ok(())
    }
}
