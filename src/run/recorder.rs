//! Who records a run: the `up` that has the data directory, or else this process.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use bc_recorder::Finished;
use bc_recorder::cgroup::{Hierarchies, RunCgroup};
use bc_schema::ContainerId;
use bc_store::SqliteStore;
use tokio::sync::{broadcast, oneshot};
use tokio::time::Instant;

use super::alone::{self, Desk};
use super::child::Waiting;
use crate::control::Answer;
use crate::control::address::{self, Opened};
use crate::control::client::{Client, senseless};
use crate::data_dir::{DataDir, Lock};
use crate::link::Links;
use crate::recording::{Recording, Run};
use crate::settings::Settings;

/// How long an `up` may hold the directory without listening: it has just started, or is about to go.
const CHANGE_PATIENCE: Duration = Duration::from_secs(2);

/// How long an `up` that took over may take until it listens: it loads its kernel programs first.
const TAKE_OVER_PATIENCE: Duration = Duration::from_secs(30);

/// How often that is looked at.
const CHANGE_POLL: Duration = Duration::from_millis(50);

/// How long the cgroup of a command that has ended may take to be empty.
const EMPTY_PATIENCE: Duration = Duration::from_millis(500);

/// Who records.
pub(crate) enum Recorder {
    /// An `up`.
    Joined(Client),
    /// This process.
    Own(Box<Own>),
    /// An `up` to which this process has handed over.
    TakenOver(Client, RunCgroup),
}

/// A recorder and a store of this process.
pub(crate) struct Own {
    recording: Recording,
    links: Links,
    desk: Desk,
    cgroup: Option<RunCgroup>,
    socket: Opened,
    _lock: Lock,
}

/// What happens to a recorder while a command runs.
pub(crate) enum Change {
    /// It has failed.
    Failed(anyhow::Error),
    /// An `up` wants to record instead, and waits to be told that it can.
    HandOver(oneshot::Sender<()>),
}

impl Recorder {
    /// Joins the `up` of the data directory, or begins to record into it.
    pub(crate) async fn find(settings: &Settings) -> anyhow::Result<Self> {
        let socket = address::of(&settings.data);
        let up = Client::at(&socket);
        if !nix::unistd::geteuid().is_root() {
            if up.answers()? {
                return Ok(Self::Joined(up));
            }
            bail!(
                "no `up` records into {} now, and recording without one takes root: start it with `sudo bubble-chamber up`, \
                 after which any user may `run`; or say `sudo bubble-chamber run …`; or name its directory with --data",
                settings.data.display()
            );
        }
        let data = DataDir::create(&settings.data)?;
        let until = Instant::now() + CHANGE_PATIENCE;
        loop {
            let holder = match data.lock(alone::ROLE)? {
                Ok(lock) => {
                    return Ok(Self::Own(Box::new(
                        Own::start(settings, &data, lock, socket).await?,
                    )));
                }
                Err(holder) => holder,
            };
            let alone = holder.is(alone::ROLE);
            if !alone && up.answers()? {
                return Ok(Self::Joined(up));
            }
            if alone || Instant::now() > until {
                bail!(
                    "the data directory {} is in use by {holder}, which takes no commands: wait for its end, start an `up` to \
                     record several at once, or name another directory with --data",
                    data.path().display()
                );
            }
            tokio::time::sleep(CHANGE_POLL).await;
        }
    }

    /// Has the child's cgroup watched and the child put into it; from then on nothing that happens in it is missed. Gives the address
    /// of its page. `None`: the child has ended before.
    pub(crate) async fn begin(
        &mut self,
        run: Run,
        child: &mut Waiting,
    ) -> anyhow::Result<Option<String>> {
        match self {
            Self::Own(own) => own.begin(run, child).await.map(Some),
            Self::Joined(_) | Self::TakenOver(..) => {
                match tokio::task::block_in_place(|| child.ask())? {
                    Some(Answer::Recording { url }) => Ok(Some(url)),
                    Some(Answer::Refused { why }) => bail!(why),
                    Some(other) => senseless(&other),
                    None => Ok(None),
                }
            }
        }
    }

    /// Whether the page is served now.
    pub(crate) fn serves(&self) -> bool {
        !matches!(self, Self::Own(_))
    }

    /// Comes back when somebody else must record, or nobody does.
    pub(crate) async fn changed(&mut self) -> Change {
        match self {
            Self::Own(own) => tokio::select! {
                error = own.recording.failed() => Change::Failed(error),
                done = own.desk.asked_to_hand_over() => Change::HandOver(done),
            },
            // An `up` that goes away is noticed when it is asked for the end.
            Self::Joined(_) | Self::TakenOver(..) => std::future::pending().await,
        }
    }

    /// Stops in order and leaves the directory to the `up` that asked: it finds the run in the store, and goes on with it as the same life.
    pub(crate) async fn hand_over(self, done: oneshot::Sender<()>) -> anyhow::Result<Self> {
        let Self::Own(own) = self else {
            return Ok(self);
        };
        let Own {
            recording,
            cgroup,
            socket,
            _lock: lock,
            ..
        } = *own;
        let address = socket.path().to_owned();
        let stopped = match recording.desk.hand_over().await {
            Ok(()) => recording.stop().await,
            ended => ended,
        };
        drop(socket);
        drop(lock);
        let _ = done.send(());
        stopped.context("the last seconds before an `up` took over may be missing")?;
        let cgroup = cgroup.context("an `up` took over before the command began")?;
        Ok(Self::TakenOver(Client::at(&address), cgroup))
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
            Self::TakenOver(up, _) => {
                let until = Instant::now() + TAKE_OVER_PATIENCE;
                while !up.answers()? && Instant::now() < until {
                    tokio::time::sleep(CHANGE_POLL).await;
                }
                up.finish(id, patience).await
            }
        }
    }

    /// Ends what was begun for this run alone.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        match self {
            Self::Own(own) => {
                if let Some(cgroup) = own.cgroup {
                    remove(cgroup);
                }
                own.recording.stop().await
            }
            Self::Joined(_) => Ok(()),
            Self::TakenOver(_, cgroup) => {
                remove(cgroup);
                Ok(())
            }
        }
    }
}

impl Own {
    async fn start(
        settings: &Settings,
        data: &DataDir,
        lock: Lock,
        socket: PathBuf,
    ) -> anyhow::Result<Self> {
        let secret = settings.secret_in_force(data, &lock)?;
        let store = Arc::new(SqliteStore::open(&data.database())?);
        // Containers and jobs are for an `up`: this records the command alone.
        let config = bc_recorder::Config {
            discover: false,
            pins: Some(data.path().to_owned()),
            clock: Some(data.clock()),
            ..settings.recorder.clone()
        };
        let (committed, _) = broadcast::channel(1);
        let mut recording = Recording::start(config, &store, committed);
        recording.ready().await?;
        let links = Links::new(settings, settings.listen, &secret);
        let (desk, socket) = Desk::open(socket)?;
        Ok(Self {
            recording,
            links,
            desk,
            cgroup: None,
            socket,
            _lock: lock,
        })
    }

    async fn begin(&mut self, run: Run, child: &Waiting) -> anyhow::Result<String> {
        // Kept from here on, so that whatever fails, it is removed in the end.
        let cgroup = self.cgroup.insert(RunCgroup::below_caller(
            &Hierarchies::mounted()?,
            run.id.as_str(),
        )?);
        let page = self.links.container(&run.id);
        let run = Run {
            cgroup: cgroup.directory().to_owned(),
            ..run
        };
        self.recording.desk.watch(run).await?;
        // The child is ours, so its pid is no other's until it is waited for.
        cgroup
            .add(child.pid.as_raw().unsigned_abs())
            .context("cannot put the command into its cgroup")?;
        Ok(page)
    }
}

/// Kept by what the command left behind; then it is theirs, and goes with the next `up` that finds it empty, or the next boot.
fn remove(cgroup: RunCgroup) {
    if let Err(error) = tokio::task::block_in_place(|| cgroup.remove(EMPTY_PATIENCE)) {
        tracing::info!(%error, "the run's cgroup stays");
    }
}
