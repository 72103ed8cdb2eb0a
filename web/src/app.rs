//! What every handler can reach: settings, store, news, health.

use std::sync::Arc;

use bc_schema::store::{ContainerRecord, ReadStore, StoreError};
use bc_schema::{Committed, ContainerId};
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

use crate::auth::Auth;
use crate::config::Config;
use crate::health::Health;
use crate::metrics::Requests;

/// Shared by all requests.
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) auth: Auth,
    pub(crate) store: Arc<dyn ReadStore>,
    pub(crate) committed: broadcast::Sender<Committed>,
    pub(crate) health: watch::Receiver<Health>,
    pub(crate) requests: Requests,
    pub(crate) shutdown: CancellationToken,
}

impl App {
    /// A container by either spelling of its id. The store knows full ids by their first 12 characters; that a full id also names
    /// what was recorded under the 12 (as some agents report it) is settled here.
    pub(crate) async fn container(
        &self,
        id: &ContainerId,
    ) -> Result<Option<ContainerRecord>, StoreError> {
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
}
