//! What an `up` answers: any user may have a command of theirs recorded, ask for its end and for a token for its page. Root may for everybody.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use bc_recorder::Finished;
use bc_recorder::cgroup::{Hierarchies, RunCgroup, remove_when_empty};
use bc_schema::ContainerId;
use tokio::sync::Mutex;

use super::peer::Peer;
use super::server::Answers;
use super::{Answer, Ask};
use crate::link::{Links, RUN_FOR};
use crate::recording::{Desk, Run};
use crate::run::command_line;

/// Runs of one user at a time; each takes an entry of the kernel's watch table.
const RUNS_EACH: usize = 128;

/// How long the end of a run may be waited for. Every moment of it costs the recorder a look at all processes.
const LONGEST_PATIENCE: Duration = Duration::from_secs(5);

/// How long the cgroup of a run that is over may take to be empty for the kernel too.
const EMPTY_PATIENCE: Duration = Duration::from_millis(500);

/// What it takes to answer.
pub(crate) struct UpDesk {
    /// The recorder's.
    desk: Desk,
    /// The page's.
    links: Links,
    /// Runs that were begun here and may go on. Held while one begins, so that an id is looked up and taken by one user at a time.
    runs: Mutex<HashMap<ContainerId, Begun>>,
}

/// A run that was begun here.
struct Begun {
    uid: u32,
    cgroup: PathBuf,
    /// Somebody has waited for its end in vain: it left processes behind.
    lives_on: bool,
}

impl Answers for UpDesk {
    async fn answer(&self, ask: Ask, peer: &Peer) -> anyhow::Result<Answer> {
        Ok(match ask {
            Ask::Record { id, again, command } => {
                let id = known(id)?;
                self.record(id.clone(), again, &command, peer).await?;
                Answer::Recording {
                    url: self.links.container(&id),
                }
            }
            Ask::Finish { id, patience_ms } => {
                let id = self.own(id, peer).await?;
                let patience = Duration::from_millis(patience_ms).min(LONGEST_PATIENCE);
                let finished = self.finish(&id, patience).await?;
                Answer::Finished {
                    processes: finished.processes,
                    open_processes: finished.open_processes,
                    failed: finished.failed,
                    oom_killed: finished.oom_killed,
                    cpu_ns: finished.cpu_ns,
                }
            }
            Ask::Token { id, good_for_s } => {
                let id = self.own(id, peer).await?;
                let good_for = Duration::from_secs(good_for_s).min(RUN_FOR);
                let token = self.links.token(&id, good_for);
                Answer::Token {
                    token: token.context("authentication is off: the page takes no token")?,
                }
            }
            Ask::HandOver => bail!(
                "an `up` records here: stop that first, or name another directory with --data"
            ),
        })
    }
}

impl UpDesk {
    /// Answers for a recorder, with links to its page.
    pub(crate) fn new(desk: Desk, links: Links) -> Self {
        Self {
            desk,
            links,
            runs: Mutex::default(),
        }
    }

    /// Puts the peer itself into a watched cgroup below its own.
    async fn record(
        &self,
        id: ContainerId,
        again: bool,
        command: &[String],
        peer: &Peer,
    ) -> anyhow::Result<()> {
        peer.is_still_there()?;
        let mut runs = self.runs.lock().await;
        runs.retain(|_, run| run.cgroup.is_dir());
        if peer.uid != 0 && runs.values().filter(|run| run.uid == peer.uid).count() >= RUNS_EACH {
            bail!(
                "{RUNS_EACH} runs of yours are recorded now, which is as many as one user may have at a time: wait for the end of one"
            );
        }
        let (name, pid) = (id.to_string(), peer.pid);
        let cgroup = tokio::task::spawn_blocking(move || {
            RunCgroup::below(&Hierarchies::mounted()?, pid, &name)
        })
        .await??;
        let run = Run {
            id: id.clone(),
            again,
            cgroup: cgroup.directory().to_owned(),
            command: command_line::shown(command),
            uid: peer.uid,
        };
        let entered = match self.desk.watch(run).await {
            Ok(()) => enter(&cgroup, peer),
            refused => refused,
        };
        if let Err(error) = entered {
            let _ = cgroup.send_back();
            let _ = cgroup.remove(Duration::ZERO);
            return Err(error);
        }
        let begun = Begun {
            uid: peer.uid,
            cgroup: cgroup.directory().to_owned(),
            lives_on: false,
        };
        runs.insert(id, begun);
        Ok(())
    }

    /// An id that the peer may ask about: root about any, everybody else about a run of theirs.
    async fn own(&self, id: String, peer: &Peer) -> anyhow::Result<ContainerId> {
        let id = known(id)?;
        let begun = self.runs.lock().await.get(&id).map(|run| run.uid);
        if peer.uid == 0 || begun == Some(peer.uid) {
            return Ok(id);
        }
        // Begun before this `up` was, or over. To whom it is not, it is as if it were not there.
        if begun.is_some() || !self.desk.is_all_of(&id, peer.uid).await? {
            bail!("no run of yours has the id `{id}`");
        }
        Ok(id)
    }

    async fn finish(&self, id: &ContainerId, patience: Duration) -> anyhow::Result<Finished> {
        let lives_on = self.runs.lock().await.get(id).map(|run| run.lives_on);
        let patience = if lives_on == Some(true) {
            Duration::ZERO
        } else {
            patience
        };
        let finished = self.desk.finish(id.clone(), patience).await?;
        let mut runs = self.runs.lock().await;
        if finished.open_processes > 0 {
            if let Some(run) = runs.get_mut(id) {
                run.lives_on = true;
            }
        } else if let Some(run) = runs.remove(id) {
            drop(runs);
            let removed =
                tokio::task::spawn_blocking(move || remove_when_empty(&run.cgroup, EMPTY_PATIENCE));
            if let Err(error) = removed.await? {
                tracing::info!(%error, "the run's cgroup stays for now");
            }
        }
        Ok(finished)
    }
}

/// Moves the peer, and nobody else.
fn enter(cgroup: &RunCgroup, peer: &Peer) -> anyhow::Result<()> {
    peer.is_still_there()?;
    if !cgroup.is_below(&Hierarchies::mounted()?, peer.pid) {
        bail!("the process was moved to another cgroup meanwhile: try again");
    }
    cgroup
        .add(peer.pid)
        .context("cannot put the command into its cgroup")?;
    // Had it ended in between, somebody else might have been given its pid.
    peer.is_still_there()
}

fn known(id: String) -> anyhow::Result<ContainerId> {
    ContainerId::new(id).context("that is no id")
}
