//! Where batches go: a store in this process, or a web far away. The recorder does not know which.

use std::sync::Arc;

use async_trait::async_trait;
use bc_schema::Batch;

/// Takes over batches.
#[async_trait]
pub trait Sink: Send + Sync {
    /// Takes batches over; on `Ok` they are durable at the next holder (law 6). On [`SinkError::Later`] the recorder keeps them and comes again,
    /// so it shares them.
    async fn deliver(&self, batches: Arc<[Batch]>) -> Result<(), SinkError>;
}

/// Why batches were not taken.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// Not now; nothing was taken.
    #[error("the next holder is not ready: {0}")]
    Later(String),
    /// Never: these batches will not be taken. The recorder declares the loss.
    #[error("the next holder refuses: {0}")]
    Never(String),
}
