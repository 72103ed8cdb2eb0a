//! The worker's right: to write.

use async_trait::async_trait;

use super::StoreError;
use crate::batch::Batch;

/// Takes batches. Any batch may come any number of times, in any order; the answers of the read side end bit-identical.
#[async_trait]
pub trait WriteStore: Send + Sync {
    /// Writes all of the batches, or none; durable on return (law 6).
    async fn write(&self, batches: &[Batch]) -> Result<(), StoreError>;
}
