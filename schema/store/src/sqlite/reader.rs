//! The reading side of a file by itself: for who looks into a database that another process writes. It makes nothing and changes nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bc_schema::store::{
    ColumnQuery, ContainerQuery, ContainerRecord, CpuSeries, CpuSeriesQuery, EachRun, LossRecord,
    ProcessQuery, ProcessRecord, ReadStore, Series, SeriesQuery, StoreError,
};
use bc_schema::{ContainerId, ProcessId, TimeRange};
use rusqlite::Connection;

use super::answers;
use super::connection::Readers;
use super::error::Failure;
use super::file;
use super::off_thread;

/// A database file, to be read.
#[derive(Debug)]
pub struct SqliteReader {
    file: PathBuf,
    readers: Arc<Readers>,
}

impl SqliteReader {
    /// Opens a database that is there and of this version; refuses every other.
    pub fn open(file: &Path) -> Result<SqliteReader, StoreError> {
        file::to_be_read(file)?;
        Ok(Self::of(file))
    }

    /// Reads a file that was looked over.
    pub(super) fn of(file: &Path) -> Self {
        Self {
            file: file.to_owned(),
            readers: Arc::new(Readers::new(file)),
        }
    }

    pub(super) async fn read_by<T: Send + 'static>(
        &self,
        doing: &'static str,
        answer: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let turn = self
            .readers
            .turns()
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        let readers = self.readers.clone();
        off_thread(&self.file, doing, move || {
            let answer = readers.with(answer);
            drop(turn);
            answer
        })
        .await
    }
}

#[async_trait]
impl ReadStore for SqliteReader {
    async fn containers(
        &self,
        query: &ContainerQuery,
    ) -> Result<(Vec<ContainerRecord>, u64), StoreError> {
        let query = query.clone();
        self.read_by("list containers of", move |connection| {
            answers::containers(connection, &query)
        })
        .await
    }

    async fn container(&self, id: &ContainerId) -> Result<Option<ContainerRecord>, StoreError> {
        let id = id.clone();
        self.read_by("look up a container in", move |connection| {
            answers::container(connection, &id)
        })
        .await
    }

    async fn processes(
        &self,
        id: &ContainerId,
        query: &ProcessQuery,
    ) -> Result<Vec<ProcessRecord>, StoreError> {
        let (id, query) = (id.clone(), query.clone());
        self.read_by("list processes of", move |connection| {
            answers::processes(connection, &id, &query)
        })
        .await
    }

    async fn process_ids(
        &self,
        id: &ContainerId,
        range: TimeRange,
    ) -> Result<Vec<ProcessId>, StoreError> {
        let id = id.clone();
        self.read_by("list processes of", move |connection| {
            answers::process_ids(connection, &id, range)
        })
        .await
    }

    async fn series(
        &self,
        id: &ContainerId,
        query: &SeriesQuery,
    ) -> Result<Vec<Series>, StoreError> {
        let (id, query) = (id.clone(), query.clone());
        self.read_by("read usage from", move |connection| {
            answers::series(connection, &id, &query)
        })
        .await
    }

    async fn columns(
        &self,
        id: &ContainerId,
        query: &ColumnQuery,
        mut each: Box<EachRun<'static>>,
    ) -> Result<(), StoreError> {
        let (id, query) = (id.clone(), query.clone());
        self.read_by("read usage from", move |connection| {
            answers::columns(connection, &id, &query, &mut *each)
        })
        .await
    }

    async fn cpu_series(
        &self,
        id: &ContainerId,
        query: &CpuSeriesQuery,
    ) -> Result<Vec<CpuSeries>, StoreError> {
        let (id, query) = (id.clone(), query.clone());
        self.read_by("read CPU time by core from", move |connection| {
            answers::cpu_series(connection, &id, &query)
        })
        .await
    }

    async fn losses(
        &self,
        id: Option<&ContainerId>,
        range: TimeRange,
    ) -> Result<Vec<LossRecord>, StoreError> {
        let id = id.cloned();
        self.read_by("read losses from", move |connection| {
            answers::losses(connection, id.as_ref(), range)
        })
        .await
    }
}
