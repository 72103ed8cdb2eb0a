//! The cleaner's right: to see how old things are, and to remove whole ranges.

use async_trait::async_trait;

use super::StoreError;
use crate::container::LifeKey;
use crate::resolution::Resolution;

/// How long a life's records reach, which is all that retention needs to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifeSpan {
    /// Which life.
    pub life: LifeKey,
    /// Time of its last record, ns since the epoch.
    pub last_record_ns: u64,
    /// For each resolution (in the order of [`Resolution::ALL`]), the first bucket that has a row; `None` where there is none.
    pub first_bucket_ns: [Option<u64>; 4],
}

/// Remove a life's rows of one resolution in all buckets before `before_ns`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PruneOrder {
    /// Of which life.
    pub life: LifeKey,
    /// Of which resolution.
    pub resolution: Resolution,
    /// Rows of buckets that begin before this go.
    pub before_ns: u64,
}

/// Removes what retention says may go.
#[async_trait]
pub trait PruneStore: Send + Sync {
    /// Every life that has rows of a resolution that is not kept for ever.
    async fn life_spans(&self) -> Result<Vec<LifeSpan>, StoreError>;

    /// Carries out an order (for any resolution but days, which totals are made of) and returns the number of rows removed. Before
    /// finer rows go, any coarse row that is missing for them (a recorder that died before it closed a bucket) is written from them.
    async fn prune(&self, order: &PruneOrder) -> Result<u64, StoreError>;

    /// Gives freed space back to the file system, as far as that takes at most a moment. Called after a round of orders.
    async fn compact(&self) -> Result<(), StoreError>;
}
