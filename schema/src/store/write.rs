//! The worker's right: to write.

use std::sync::Arc;

use async_trait::async_trait;

use super::StoreError;
use crate::batch::Batch;

/// Takes batches. Any batch may come any number of times, in any order; the answers of the read side end bit-identical.
#[async_trait]
pub trait WriteStore: Send + Sync {
    /// Writes all of the batches, or none; durable on return (law 6). They are shared: a store may write them in a thread of its own, while
    /// who hands them over keeps them for another try.
    async fn write_shared(&self, batches: Arc<[Batch]>) -> Result<(), StoreError>;

    /// The same with a copy, for who does not share them.
    async fn write(&self, batches: &[Batch]) -> Result<(), StoreError> {
        self.write_shared(batches.into()).await
    }
}
