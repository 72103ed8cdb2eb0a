//! The recorder's sink in one process: the store takes the batches, then live pages hear of it.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use bc_recorder::{Sink, SinkError};
use bc_schema::store::{StoreError, WriteStore};
use bc_schema::{Batch, Committed, ContainerId, ProcessId};
use bc_web::Durations;
use tokio::sync::broadcast;

/// Writes to a store of this process.
pub(crate) struct StoreSink {
    store: Arc<dyn WriteStore>,
    committed: broadcast::Sender<Committed>,
    /// Execs and ends name only their process; the news names containers. Samples come with the lives that were looked at.
    container_of: Mutex<HashMap<ProcessId, Arc<ContainerId>>>,
    commits: CommitTimes,
}

/// How long the store took, shared with who tells of it.
pub(crate) type CommitTimes = Arc<Mutex<Durations>>;

impl StoreSink {
    /// Writes to `store`, and tells `committed` of what is durable.
    pub(crate) fn new(store: Arc<dyn WriteStore>, committed: broadcast::Sender<Committed>) -> Self {
        Self {
            store,
            committed,
            container_of: Mutex::default(),
            commits: CommitTimes::default(),
        }
    }

    /// How long commits took so far.
    pub(crate) fn commits(&self) -> CommitTimes {
        self.commits.clone()
    }

    /// The news of batches that have just become durable.
    fn news(&self, batches: &[Batch]) -> Committed {
        let mut container_of = self
            .container_of
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut touched: BTreeSet<Arc<ContainerId>> = BTreeSet::new();
        for batch in batches {
            touched.extend(
                batch
                    .containers
                    .iter()
                    .map(|container| Arc::new(container.life.container.clone())),
            );
            touched.extend(
                batch
                    .losses
                    .iter()
                    .filter_map(|loss| loss.container.clone().map(Arc::new)),
            );
            touched.extend(
                batch
                    .seen
                    .iter()
                    .map(|(life, _)| Arc::new(life.container.clone())),
            );
            for start in &batch.starts {
                // One copy of an id for all processes of a batch that share it.
                let id = match touched.get(&start.life.container) {
                    Some(id) => id.clone(),
                    None => Arc::new(start.life.container.clone()),
                };
                container_of.insert(start.process, id.clone());
                touched.insert(id);
            }
            let execs = batch.execs.iter().map(|exec| exec.process);
            let ends = batch.ends.iter().map(|end| end.process);
            touched.extend(
                execs
                    .chain(ends)
                    .filter_map(|process| container_of.get(&process).cloned()),
            );
        }
        for end in batches.iter().flat_map(|batch| &batch.ends) {
            container_of.remove(&end.process);
        }
        Committed {
            until_ns: batches
                .iter()
                .map(|batch| batch.until_ns)
                .max()
                .unwrap_or(0),
            containers: touched.into_iter().map(Arc::unwrap_or_clone).collect(),
            containers_changed: batches.iter().any(|batch| !batch.containers.is_empty()),
        }
    }
}

#[async_trait]
impl Sink for StoreSink {
    async fn deliver(&self, batches: Arc<[Batch]>) -> Result<(), SinkError> {
        let began = Instant::now();
        let written = self.store.write_shared(batches.clone()).await;
        self.commits
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .add(began.elapsed());
        written.map_err(|error| match error {
            StoreError::Unavailable { .. } => SinkError::Later(with_causes(&error)),
            StoreError::Refused(_) => SinkError::Never(with_causes(&error)),
        })?;
        // Nobody listening is no error.
        let _ = self.committed.send(self.news(&batches));
        Ok(())
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| {
        let cause = cause.to_string();
        if text.ends_with(&cause) {
            text
        } else {
            format!("{text}: {cause}")
        }
    })
}

#[cfg(test)]
mod tests;
