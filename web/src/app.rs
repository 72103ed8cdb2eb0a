//! What every handler can reach: settings, store, news, health.

use std::sync::Arc;

use axum::http::HeaderMap;
use bc_schema::store::{ContainerRecord, ProcessQuery, ProcessRecord, ReadStore, StoreError};
use bc_schema::{Committed, ContainerId};
use tokio::sync::{Semaphore, SemaphorePermit, broadcast};
use tokio_util::sync::CancellationToken;

use crate::auth::guesses::Guesses;
use crate::auth::{Auth, Pass};
use crate::config::Config;
use crate::health::Recorder;
use crate::metrics::Requests;
use crate::problem::Problem;

/// Shared by all requests.
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) auth: Auth,
    pub(crate) guesses: Guesses,
    pub(crate) store: Arc<dyn ReadStore>,
    pub(crate) committed: broadcast::Sender<Committed>,
    pub(crate) recorder: Arc<dyn Recorder>,
    pub(crate) requests: Requests,
    pub(crate) shutdown: CancellationToken,
    /// Turns of answers that read many buckets: each holds tens of megabytes while it does.
    pub(crate) readers: Semaphore,
    /// Turns of answers that read all processes of a container.
    pub(crate) listers: Semaphore,
}

impl App {
    /// A container by either spelling of its id. The store knows full ids by their first 12 characters; that a full id also names
    /// what was recorded under the 12 (as some agents report it) is settled here.
    pub(crate) async fn container(
        &self,
        id: &ContainerId,
    ) -> Result<Option<ContainerRecord>, StoreError> {
        self.recorder.looked_at();
        if let Some(record) = self.store.container(id).await? {
            return Ok(Some(record));
        }
        let Some(short) = id.short().and_then(ContainerId::new) else {
            return Ok(None);
        };
        let record = self.store.container(&short).await?;
        // Another full id with the same beginning is another container.
        Ok(record.filter(|record| record.latest().life.container == short))
    }

    /// All processes of a container, and the turn of who reads them: kept until the answer is written.
    pub(crate) async fn processes(
        &self,
        id: &ContainerId,
    ) -> Result<(Vec<ProcessRecord>, SemaphorePermit<'_>), Problem> {
        let turn = self
            .listers
            .acquire()
            .await
            .map_err(|error| Problem::Broken(error.to_string()))?;
        let all = self.store.processes(id, &ProcessQuery::default()).await?;
        Ok((all, turn))
    }

    /// The container `id`, for a caller who may see it.
    pub(crate) async fn open(
        &self,
        headers: &HeaderMap,
        id: &ContainerId,
    ) -> Result<(Pass, Option<ContainerRecord>), Problem> {
        let pass = self.auth.pass(headers, Some(id))?;
        let record = self.container(id).await?;
        if let (Some(own), Some(record)) = (pass.container(), &record) {
            let found = &record.latest().life.container;
            // Both spellings are one container, unless somebody named a run like the beginning of another's id: then each name is
            // its own, and the token is for the one that it names.
            if own != found
                && self
                    .container(own)
                    .await?
                    .is_none_or(|its| its.latest().life.container != *found)
            {
                return Err(Problem::OtherContainer);
            }
        }
        Ok((pass, record))
    }
}
