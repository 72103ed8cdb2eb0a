//! Runs: a cgroup is watched by request, and somebody waits for its end.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use bc_abi::CgroupKey;
use bc_schema::{Container, ContainerId, ContainerKind, LossReason};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{Agent, FIRST_DELIVERY};
use crate::clock::boot_now_ns;
use crate::command::{Command, Finished, WatchError, may_continue};
use crate::lives::{Life, Owner, Recognised};

/// A cgroup under an id of somebody's choice.
#[derive(Debug)]
pub(crate) struct Run {
    pub(super) id: ContainerId,
    pub(super) key: CgroupKey,
    pub(super) path: String,
    pub(super) uid: Option<u32>,
}

impl Run {
    /// Whether a path of the same hierarchy is the run's cgroup or lies below it.
    pub(super) fn holds(&self, path: &str) -> bool {
        path.strip_prefix(self.path.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Somebody waits for a run's end.
pub(crate) struct Finishing {
    life: u64,
    until: Instant,
    reply: oneshot::Sender<Finished>,
    /// What it was, once it is over.
    was: Option<Finished>,
}

impl Agent {
    /// Does what is asked.
    pub(super) fn obey(&mut self, command: Command) {
        match command {
            Command::Watch {
                id,
                cgroup,
                command,
                uid,
                reply,
            } => {
                let watched = self.watch_run(id, &cgroup, command, uid);
                self.answer_watch(watched, reply);
            }
            Command::Finish {
                id,
                patience,
                reply,
            } => self.finish(&id, patience, reply),
            Command::HandOver => self.hands_over = true,
        }
    }

    fn watch_run(
        &mut self,
        id: ContainerId,
        cgroup: &Path,
        command: Vec<String>,
        uid: Option<u32>,
    ) -> Result<u64, WatchError> {
        self.take_events();
        if self
            .lives
            .current(&id)
            .is_some_and(|life| !self.lives.over(life))
        {
            return Err(WatchError::InUse(id));
        }
        if self
            .latest(&id)
            .is_some_and(|earlier| !may_continue(earlier, uid))
        {
            return Err(WatchError::Others(id));
        }
        let not_a_cgroup = |reason: String| WatchError::NotACgroup {
            path: cgroup.into(),
            reason,
        };
        let key = self
            .hierarchies
            .key_of(cgroup)
            .map_err(|error| not_a_cgroup(error.to_string()))?;
        let path = self
            .hierarchies
            .path_of(key)
            .ok_or_else(|| not_a_cgroup("it has no path".into()))?;
        let watched = self.kernel.watch(key);
        if !watched.map_err(|error| WatchError::Refused(error.to_string()))? {
            self.filtered.insert(key);
        }
        if let Some(earlier) = self.lives.current(&id) {
            self.end_life(earlier);
        }
        let began_ns = self.clock.now_ns();
        let what = Recognised {
            id: id.clone(),
            kind: ContainerKind::Run,
            cgroup: path.clone(),
            uid,
        };
        let number = self.lives.own(key, &what, began_ns);
        if let Some(life) = self.lives.get_mut(number) {
            let command = self.mask.args(command);
            life.facts.command = Some(command.join(" "));
        }
        self.note(key, number);
        self.runs.push(Run { id, key, path, uid });
        // Somebody may be there already; those born from now on are seen by themselves.
        self.discover = true;
        Ok(self.flush())
    }

    /// Answers once the store knows the run, so that the next recorder would: its cgroup's path alone says nothing. A store that cannot
    /// take it now does not keep the run from running.
    fn answer_watch(
        &self,
        watched: Result<u64, WatchError>,
        reply: oneshot::Sender<Result<(), WatchError>>,
    ) {
        let mut delivered = self.delivery.delivered();
        tokio::spawn(async move {
            if let Ok(batch) = watched {
                let known = delivered.wait_for(|delivered| *delivered >= batch);
                let _ = tokio::time::timeout(FIRST_DELIVERY, known).await;
            }
            // Whoever asked may be gone: then nothing will run there, and the cgroup goes as it came.
            let _ = reply.send(watched.map(drop));
        });
    }

    /// The latest life of an id that the store may not have yet.
    fn latest(&self, id: &ContainerId) -> Option<&Container> {
        let living = self.lives.current(id).and_then(|life| self.lives.get(life));
        living.map(|life| &life.facts).or_else(|| {
            self.ended
                .iter()
                .rev()
                .find(|ended| ended.life.container == *id)
        })
    }

    fn finish(&mut self, id: &ContainerId, patience: Duration, reply: oneshot::Sender<Finished>) {
        match self.lives.current(id) {
            Some(life) => self.finishing.push(Finishing {
                life,
                until: Instant::now() + patience,
                reply,
                was: None,
            }),
            None => {
                let _ = reply.send(Finished::default());
            }
        }
    }

    /// Answers whoever waits for a run in which the kernel has no open process left.
    pub(super) fn finish_some(&mut self) {
        if self.finishing.is_empty() {
            return;
        }
        let now = Instant::now();
        let known_open = |agent: &Self, finishing: &Finishing| {
            let life = agent.lives.get(finishing.life);
            life.is_some_and(|life| life.open > 0)
        };
        // The whole table is looked through only when somebody's last process seems to have ended.
        let mut open = HashSet::new();
        if self
            .finishing
            .iter()
            .any(|finishing| !known_open(self, finishing))
        {
            open = self.open_by_kernel();
        }
        let (waiting, done) =
            std::mem::take(&mut self.finishing)
                .into_iter()
                .partition(|finishing| {
                    let is_open = known_open(self, finishing) || open.contains(&finishing.life);
                    is_open && finishing.until > now
                });
        self.finishing = waiting;
        self.answer(done);
    }

    /// Answers everybody: the recorder stops.
    pub(super) fn finish_all(&mut self) {
        let all = std::mem::take(&mut self.finishing);
        self.answer(all);
    }

    /// Lives with processes that the kernel holds open, known here or not. One that has ended counts until its announcement is taken: what it
    /// executed is announced before it.
    fn open_by_kernel(&self) -> HashSet<u64> {
        let there = self.kernel.processes();
        there
            .filter(|(key, _)| !self.releases.holds(*key))
            .filter_map(|(_, entry)| match self.lives.of(&entry.cgroups) {
                Some(Owner::Life(life)) => Some(life),
                _ => None,
            })
            .collect()
    }

    /// A life is over while somebody still waits for it: what is to be answered is what it was.
    pub(super) fn keep_answer(&mut self, number: u64, life: &Life) {
        let waiting = self.finishing.iter_mut();
        for finishing in waiting.filter(|finishing| finishing.life == number) {
            finishing.was = Some(finished(life, 0));
        }
    }

    fn answer(&mut self, done: Vec<Finishing>) {
        if done.is_empty() {
            return;
        }
        // What still lives is sampled once more, so that the answer counts it.
        if let Err(error) = self.walk() {
            tracing::warn!(%error, "a sample failed");
        }
        let mut answers = Vec::new();
        for finishing in done {
            let is = self
                .lives
                .get(finishing.life)
                .map(|life| finished(life, self.registry.cpu_ns_of(finishing.life)));
            if is.as_ref().is_some_and(|is| is.open_processes > 0) && !self.config.discover {
                // This recorder is the run's own and ends with it: what it leaves behind is not recorded from now on.
                let now = boot_now_ns();
                self.lose(LossReason::RecorderDown, Some(finishing.life), now, 1, 0);
            }
            answers.push((finishing.reply, is.or(finishing.was).unwrap_or_default()));
        }
        let number = self.flush();
        let mut delivered = self.delivery.delivered();
        tokio::spawn(async move {
            // Only what the sink has is finished (law 6).
            let _ = delivered.wait_for(|delivered| *delivered >= number).await;
            for (reply, finished) in answers {
                let _ = reply.send(finished);
            }
        });
    }
}

/// What a life amounts to, with the CPU that its living processes have used.
fn finished(life: &Life, living_cpu_ns: u64) -> Finished {
    Finished {
        processes: life.processes,
        open_processes: life.open,
        failed: life.failed,
        oom_killed: life.oom_killed,
        cpu_ns: life.ended_cpu_ns + living_cpu_ns,
    }
}
