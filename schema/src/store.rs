//! The contract of every store, split by right: who writes cannot prune, who reads can do neither.
//!
//! The traits speak in nouns, never in rows of a layout: chunks, blocks and tables are each store's own business. One conformance
//! suite (`schema/store/tests`) runs against every implementation.

mod columns;
mod prune;
mod read;
mod write;

pub use columns::{Column, ColumnQuery, Columns, EachRun, Run, Values};
pub use prune::{LifeSpan, PruneOrder, PruneStore};
pub use read::{
    Before, ContainerQuery, ContainerRecord, ContainerState, CpuSeries, CpuSeriesQuery, LossRecord,
    Point, ProcessQuery, ProcessRecord, ReadStore, Series, SeriesQuery,
};
pub use write::WriteStore;

/// Why a store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It may work later, with nothing changed: locked, full, unreachable. The caller keeps what it has and tries again.
    #[error("{doing}: {source}")]
    Unavailable {
        /// What was being done.
        doing: String,
        /// What went wrong underneath.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It will not work later either: the file is corrupt, from a newer version, not ours.
    #[error("{0}")]
    Refused(String),
}
