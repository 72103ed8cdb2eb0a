//! A recorder at work in this process, writing to a store of this process: what `up` and a `run` by itself have in common.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use bc_recorder::resolver::is_reserved;
use bc_recorder::{Command, Finished, Status, WatchError, may_continue};
use bc_schema::store::{ReadStore, WriteStore};
use bc_schema::{Committed, Container, ContainerId, ContainerKind};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::sink::{CommitTimes, StoreSink};

/// A stop that takes longer than this has gone wrong. The recorder itself waits 10 s for a store that takes nothing.
const STOP_PATIENCE: Duration = Duration::from_secs(15);

/// A recorder at work.
pub(crate) struct Recording {
    /// How it is doing.
    pub(crate) status: watch::Receiver<Status>,
    /// How long the store takes.
    pub(crate) commits: CommitTimes,
    /// For those who ask something of it.
    pub(crate) desk: Desk,
    shutdown: CancellationToken,
    /// Absent: it has ended, and told why.
    task: Option<JoinHandle<Result<(), bc_recorder::Error>>>,
}

impl Recording {
    /// Starts one; it records once [`Recording::ready`] has come back.
    pub(crate) fn start<S>(
        config: bc_recorder::Config,
        store: &Arc<S>,
        committed: broadcast::Sender<Committed>,
    ) -> Self
    where
        S: ReadStore + WriteStore + 'static,
    {
        let sink = Arc::new(StoreSink::new(store.clone(), committed));
        let commits = sink.commits();
        let (commands, inbox) = mpsc::channel(16);
        let (report, status) = watch::channel(Status::default());
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(bc_recorder::run(
            config,
            sink,
            inbox,
            report,
            shutdown.clone(),
        ));
        Self {
            status,
            commits,
            desk: Desk::new(commands, store.clone()),
            shutdown,
            task: Some(task),
        }
    }

    /// Comes back when the kernel programs are attached, or with the reason why they will not be.
    pub(crate) async fn ready(&mut self) -> anyhow::Result<()> {
        let recording = self
            .status
            .wait_for(|status| status.recording)
            .await
            .is_ok();
        // The status goes only with the recorder, which then says why.
        if recording {
            Ok(())
        } else {
            Err(self.failed().await)
        }
    }

    /// Comes back only if the recorder ends by itself, with the reason.
    pub(crate) async fn failed(&mut self) -> anyhow::Error {
        let Some(task) = &mut self.task else {
            return std::future::pending().await;
        };
        let ended = task.await;
        self.task = None;
        match ended {
            Ok(Ok(())) => anyhow!("the recorder ended by itself"),
            Ok(Err(error)) => error.into(),
            Err(broken) => anyhow::Error::new(broken).context("the recorder broke down"),
        }
    }

    /// Lets it deliver what it has, then ends it. One that has failed has nothing more to say.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        let Some(task) = self.task else { return Ok(()) };
        self.shutdown.cancel();
        let ended = tokio::time::timeout(STOP_PATIENCE, task)
            .await
            .map_err(|_| {
                let waited = STOP_PATIENCE.as_secs();
                anyhow!(
                    "the recorder did not stop within {waited} s; its last seconds may be missing"
                )
            })?;
        ended
            .context("the recorder broke down")?
            .context("the recorder failed at its end")
    }
}

/// A command to be recorded in a cgroup of its own.
#[derive(Debug)]
pub(crate) struct Run {
    /// What it is to be called.
    pub(crate) id: ContainerId,
    /// Whether that may have been the name of an earlier one.
    pub(crate) again: bool,
    /// Its cgroup's directory.
    pub(crate) cgroup: PathBuf,
    /// The command, to be shown.
    pub(crate) command: Vec<String>,
    /// Whom it belongs to.
    pub(crate) uid: u32,
}

/// Where one asks a recorder for something.
#[derive(Clone)]
pub(crate) struct Desk {
    commands: mpsc::Sender<Command>,
    store: Arc<dyn ReadStore>,
}

impl Desk {
    /// Asks over `commands`; `store` knows which ids have been used.
    pub(crate) fn new(commands: mpsc::Sender<Command>, store: Arc<dyn ReadStore>) -> Self {
        Self { commands, store }
    }

    /// Has a run's cgroup watched; when this comes back, nothing that happens in it is missed.
    pub(crate) async fn watch(&self, run: Run) -> anyhow::Result<()> {
        let Run {
            id,
            again,
            cgroup,
            command,
            uid,
        } = run;
        if is_reserved(id.as_str()) {
            bail!(
                "the id `{id}` is of the form that containers or jobs have: choose another with --id"
            );
        }
        if let Some(earlier) = self.earlier(&id).await? {
            if !earlier.iter().all(|life| may_continue(life, Some(uid))) {
                return Err(WatchError::Others(id).into());
            }
            if !again {
                bail!(
                    "the id `{id}` has been used: choose another with --id, or say --again to record another life of it"
                );
            }
        }
        let (reply, answer) = oneshot::channel();
        let ask = Command::Watch {
            id,
            cgroup,
            command,
            uid: Some(uid),
            reply,
        };
        self.commands
            .send(ask)
            .await
            .context("the recorder has ended")?;
        Ok(answer.await.context("the recorder has ended")??)
    }

    /// Whether an id is that of runs of one user, and of nothing else.
    pub(crate) async fn is_all_of(&self, id: &ContainerId, uid: u32) -> anyhow::Result<bool> {
        let earlier = self.earlier(id).await?;
        Ok(earlier.is_some_and(|lives| {
            let theirs =
                |life: &Container| life.kind == ContainerKind::Run && life.uid == Some(uid);
            lives.iter().all(theirs)
        }))
    }

    /// Every life that was recorded under an id; `None`: it has not been used.
    async fn earlier(&self, id: &ContainerId) -> anyhow::Result<Option<Vec<Container>>> {
        let known = self
            .store
            .container(id)
            .await
            .context("cannot look up whether the id is in use")?;
        Ok(known.map(|record| record.lives))
    }

    /// Has the kernel programs go on when the recorder stops: another waits to take them up.
    pub(crate) async fn hand_over(&self) -> anyhow::Result<()> {
        let asked = self.commands.send(Command::HandOver).await;
        asked.context("the recorder has ended")
    }

    /// Waits until every process of a run has ended and is stored, but no longer than `patience` for those that live on.
    pub(crate) async fn finish(
        &self,
        id: ContainerId,
        patience: Duration,
    ) -> anyhow::Result<Finished> {
        let (reply, answer) = oneshot::channel();
        self.commands
            .send(Command::Finish {
                id,
                patience,
                reply,
            })
            .await
            .context("the recorder has ended")?;
        answer.await.context("the recorder has ended")
    }
}
