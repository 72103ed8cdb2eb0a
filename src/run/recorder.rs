//! Who records a run: the `up` that has the data directory, or else this process.

use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use bc_recorder::Finished;
use bc_schema::ContainerId;
use bc_store::SqliteStore;
use tokio::sync::broadcast;
use tokio::time::Instant;

use crate::control::client::Client;
use crate::data_dir::{DataDir, Lock};
use crate::link::Links;
use crate::recording::{Recording, Run};
use crate::settings::Settings;

/// How long an `up` may hold the directory without listening: it has just started, or is about to go.
const CHANGE_PATIENCE: Duration = Duration::from_secs(2);

/// How often that is looked at.
const CHANGE_POLL: Duration = Duration::from_millis(50);

/// Who records.
pub(crate) enum Recorder {
    /// An `up`.
    Joined(Client),
    /// This process.
    Own(Box<Own>),
}

/// A recorder and a store of this process.
pub(crate) struct Own {
    recording: Recording,
    links: Links,
    _lock: Lock,
}

impl Recorder {
    /// Joins the `up` of the data directory, or begins to record into it.
    pub(crate) async fn find(settings: &Settings) -> anyhow::Result<Self> {
        let data = DataDir::create(&settings.data)?;
        let until = Instant::now() + CHANGE_PATIENCE;
        loop {
            let holder = match data.lock("run")? {
                Ok(lock) => {
                    return Ok(Self::Own(Box::new(
                        Own::start(settings, &data, lock).await?,
                    )));
                }
                Err(holder) => holder,
            };
            if let Some(up) = Client::find(&data.control_socket()).await? {
                return Ok(Self::Joined(up));
            }
            if Instant::now() > until {
                bail!(
                    "the data directory {} is in use by {holder}, which takes no commands: wait for its end, start an `up` to \
                     record several at once, or name another directory with --data",
                    data.path().display()
                );
            }
            tokio::time::sleep(CHANGE_POLL).await;
        }
    }

    /// Has a run's cgroup watched; when this comes back, nothing that happens in it is missed.
    pub(crate) async fn watch(&self, run: Run) -> anyhow::Result<()> {
        match self {
            Self::Own(own) => own.recording.desk.watch(run).await,
            Self::Joined(up) => up.watch(run).await,
        }
    }

    /// The page of a run, and whether it is there now.
    pub(crate) async fn page(&self, id: &ContainerId) -> anyhow::Result<(String, bool)> {
        match self {
            Self::Own(own) => Ok((own.links.container(id), false)),
            Self::Joined(up) => Ok((up.url(id).await?, true)),
        }
    }

    /// Comes back only when recording has failed, with the reason.
    pub(crate) async fn failed(&mut self) -> anyhow::Error {
        match self {
            Self::Own(own) => own.recording.failed().await,
            // An `up` that goes away is noticed when it is asked for the end.
            Self::Joined(_) => std::future::pending().await,
        }
    }

    /// Waits until every process of the run has ended and is stored, but no longer than `patience` for those that live on.
    pub(crate) async fn finish(
        &self,
        id: &ContainerId,
        patience: Duration,
    ) -> anyhow::Result<Finished> {
        match self {
            Self::Own(own) => own.recording.desk.finish(id.clone(), patience).await,
            Self::Joined(up) => up.finish(id, patience).await,
        }
    }

    /// Ends what was begun for this run alone.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        match self {
            Self::Own(own) => own.recording.stop().await,
            Self::Joined(_) => Ok(()),
        }
    }
}

impl Own {
    async fn start(settings: &Settings, data: &DataDir, lock: Lock) -> anyhow::Result<Self> {
        let secret = settings.secret_in_force(data, &lock)?;
        let store = Arc::new(SqliteStore::open(&data.database())?);
        // Containers and jobs are for an `up`: this records the command alone.
        let config = bc_recorder::Config {
            discover: false,
            pins: Some(data.path().to_owned()),
            ..settings.recorder.clone()
        };
        let (committed, _) = broadcast::channel(1);
        let mut recording = Recording::start(config, &store, committed);
        recording.ready().await?;
        let links = Links::new(settings, settings.listen, &secret);
        Ok(Self {
            recording,
            links,
            _lock: lock,
        })
    }
}
