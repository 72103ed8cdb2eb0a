//! What is tested: a fresh store of each kind.

use std::sync::Arc;

use bc_schema::Batch;
use bc_schema::store::{ProcessQuery, ProcessRecord, PruneStore, ReadStore, WriteStore};
use bc_store::{MemoryStore, SqliteStore};
use tempfile::TempDir;

use crate::build::id;

/// All three rights at once.
pub(crate) trait Store: WriteStore + ReadStore + PruneStore {}
impl<T: WriteStore + ReadStore + PruneStore> Store for T {}

/// A store and what it stands on.
#[derive(Clone)]
pub(crate) struct Subject {
    pub(crate) store: Arc<dyn Store>,
    _dir: Option<Arc<TempDir>>,
}

/// Makes a fresh one.
pub(crate) type Fresh<'a> = &'a dyn Fn() -> Subject;

pub(crate) fn memory() -> Subject {
    Subject {
        store: Arc::new(MemoryStore::new()),
        _dir: None,
    }
}

pub(crate) fn sqlite() -> Subject {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&dir.path().join("bubble-chamber.db")).unwrap();
    Subject {
        store: Arc::new(store),
        _dir: Some(Arc::new(dir)),
    }
}

impl Subject {
    /// Every process of a container.
    pub(crate) async fn processes_of(&self, container: &str) -> Vec<ProcessRecord> {
        self.store
            .processes(&id(container), &ProcessQuery::default())
            .await
            .unwrap()
    }

    /// Writes one batch.
    pub(crate) async fn write(&self, batch: Batch) {
        self.store.write(&[batch]).await.unwrap();
    }
}

impl std::ops::Deref for Subject {
    type Target = dyn Store;
    fn deref(&self) -> &Self::Target {
        &*self.store
    }
}
