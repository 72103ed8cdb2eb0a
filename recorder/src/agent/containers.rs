//! Containers come and go: cgroups made and removed. What they are called is [`super::naming`]'s.

use std::collections::BTreeMap;
use std::time::Duration;

use bc_abi::CgroupKey;
use bc_schema::{ContainerId, ContainerKind};

use super::Agent;
use crate::cgroup::{self, remove_when_empty};
use crate::clock::boot_now_ns;
use crate::lives::{Owner, Recognised};
use crate::resolver::{self, Found};

/// How long after its last sign a life is held open: threads may still be on their way to their last switch.
const SETTLE_NS: u64 = 1_000_000_000;
/// How long a run's cgroup stands empty before it is taken for deserted.
const DESERTED_NS: u64 = 3_000_000_000;
/// Ended lives that are kept for what their runtime may still say of them.
const ENDED: usize = 256;

impl Agent {
    /// A cgroup was made. The kernel watches it already; here it is confirmed or dropped.
    pub(super) fn made(&mut self, key: CgroupKey, path: Option<String>, at_boot_ns: u64) {
        // The table is ahead of the ring: a process may have told of this cgroup before, when nobody could name it.
        if !matches!(self.lives.owner(key), Some(Owner::Life(_))) {
            self.decide(key, path, at_boot_ns);
        }
    }

    /// Decides whose a cgroup is. One that has no name any more is a loss only where a process tells of it.
    pub(super) fn decide(&mut self, key: CgroupKey, path: Option<String>, at_boot_ns: u64) {
        let path = path
            .or_else(|| self.jobs.path(key))
            .or_else(|| self.hierarchies.path_of(key));
        let Some(path) = path else {
            // In a hierarchy that is not mounted nothing ever has a name: the others tell.
            match self.hierarchies.get(key.hierarchy) {
                Some(_) => self.lives.leave_unnamed(key),
                None => self.lives.disown(key),
            }
            self.kernel.unwatch(key);
            return;
        };
        if self.waits_for_number(key, &path, at_boot_ns) {
            return;
        }
        match self.recognise(key, &path) {
            Some(what) => {
                let at_boot_ns = self.jobs.began_boot_ns(key, at_boot_ns);
                let began_ns = self.clock.utc_ns(at_boot_ns);
                self.end_over(&what.id);
                let life = self.lives.own(key, &what, began_ns);
                self.name(life);
                if self.lives.get(life).is_none() {
                    // Its name is one of those that are not recorded.
                    return;
                }
                tracing::debug!(container = %what.id, path, "watching");
                self.watch(key, life, at_boot_ns);
                self.note(key, life);
            }
            None => {
                self.lives.disown(key);
                self.kernel.unwatch(key);
            }
        }
    }

    pub(super) fn recognise(&self, key: CgroupKey, path: &str) -> Option<Recognised> {
        // Below a `run`, everything is the run's.
        if let Some(run) = self
            .runs
            .iter()
            .find(|run| run.key.hierarchy == key.hierarchy && run.holds(path))
        {
            return Some(Recognised {
                id: run.id.clone(),
                kind: ContainerKind::Run,
                cgroup: run.path.clone(),
                uid: run.uid,
            });
        }
        let found = self.find(path)?;
        let kind = found.kind;
        let id = match found.is_sluid {
            true => self.jobs.id(&found.id)?,
            false => ContainerId::shortened(found.id)?,
        };
        let fact = self.runtime_facts.get(&id);
        let (name, image) = (
            fact.map(|fact| fact.name.as_str()),
            fact.and_then(|fact| fact.image.as_deref()),
        );
        if self.excludes.excluded(&id, name, image, path) {
            return None;
        }
        Some(Recognised {
            id,
            kind,
            cgroup: found.container_path.to_owned(),
            uid: found.uid,
        })
    }

    /// Whose a path is. A container inside a unit or a cgroup that was asked for is still itself.
    fn find<'path>(&self, path: &'path str) -> Option<Found<'path>> {
        let resolved = self
            .config
            .discover
            .then(|| self.in_namespace(path).or_else(|| resolver::resolve(path)));
        resolved
            .flatten()
            .or_else(|| self.units.matches(path))
            .or_else(|| self.globs.matches(path))
    }

    /// A container in a namespace of containerd's that its path does not tell: containerd's files do.
    fn in_namespace<'path>(&self, path: &'path str) -> Option<Found<'path>> {
        let candidate = resolver::candidate(path)?;
        self.written
            .has(candidate.namespace, candidate.id, candidate.container_path)
            .then(|| Found {
                kind: ContainerKind::Containerd,
                id: candidate.known_by.into(),
                container_path: candidate.container_path,
                is_top: candidate.container_path == path,
                uid: None,
                is_sluid: false,
            })
    }

    /// A cgroup is gone.
    pub(super) fn removed(&mut self, key: CgroupKey, at_boot_ns: u64) {
        self.waiting_is_gone(key, at_boot_ns);
        self.lives
            .gone(key, at_boot_ns, self.clock.utc_ns(at_boot_ns));
        // What was decided stays for a while: processes that ended in it may still be announced.
    }

    /// Ends lives that are over and settled.
    pub(super) fn end_settled(&mut self) {
        self.clear_runs(DESERTED_NS);
        self.end_lives(boot_now_ns().saturating_sub(SETTLE_NS));
    }

    /// Ends lives that are over since before a boot-clock reading.
    pub(super) fn end_lives(&mut self, before_boot_ns: u64) {
        for number in self.lives.all_over(before_boot_ns) {
            self.end_life(number);
        }
    }

    /// Removes the cgroup of a run whose last process outlived whoever started it, and has been gone so long: nobody else will.
    pub(super) fn clear_runs(&mut self, deserted_ns: u64) {
        let now_ns = self.clock.now_ns();
        let (lives, hierarchies) = (&self.lives, &self.hierarchies);
        self.runs.retain(|run| {
            let life = lives.current(&run.id).and_then(|life| lives.get(life));
            if life.is_some_and(|life| life.open > 0 || life.last_ns + deserted_ns >= now_ns) {
                return true;
            }
            let directory = hierarchies
                .get(run.key.hierarchy)
                .and_then(|hierarchy| hierarchy.directory_of(&run.path))
                .filter(|directory| directory.is_dir());
            // Refused while something is in it: then it is not deserted, and the next second will tell.
            let removed = directory
                .is_none_or(|directory| remove_when_empty(&directory, Duration::ZERO).is_ok());
            life.is_some() || !removed
        });
    }

    /// Removes the empty cgroups of runs that nobody knows any more, whoever recorded them: of a recorder that was killed and never started again,
    /// or whose data directory is gone. Those of this one's own lives are [`Agent::clear_runs`]'s.
    pub(super) fn clear_deserted(&self) {
        let deserted = self
            .hierarchies
            .walk()
            .filter(|cgroup| cgroup::is_for_a_run(&cgroup.path))
            .filter(|cgroup| !matches!(self.lives.owner(cgroup.key), Some(Owner::Life(_))))
            .collect::<Vec<_>>();
        let directories = deserted.iter().filter_map(|cgroup| {
            let hierarchy = self.hierarchies.get(cgroup.key.hierarchy)?;
            hierarchy.directory_of(&cgroup.path)
        });
        // Those inside of others first.
        let removed = directories
            .rev()
            .filter(|directory| cgroup::remove_if_deserted(directory))
            .count();
        if removed > 0 {
            tracing::info!(
                removed,
                "removed empty cgroups of earlier runs, which nobody else would"
            );
        }
    }

    /// The same id begins again: its earlier life, if that is over, is closed first.
    fn end_over(&mut self, id: &ContainerId) {
        if let Some(number) = self.lives.current(id)
            && self.lives.over(number)
        {
            self.end_life(number);
        }
    }

    pub(super) fn end_life(&mut self, number: u64) {
        let stated_ns = self.clock.now_ns();
        let cgroups = self.lives.get(number).map(|life| &life.cgroups);
        let keys: Vec<CgroupKey> = cgroups
            .into_iter()
            .flat_map(BTreeMap::keys)
            .copied()
            .collect();
        for key in keys {
            self.settle_account(key, number);
            self.kernel.unwatch(key);
        }
        let Some(mut life) = self.lives.remove(number) else {
            return;
        };
        for key in life.cgroups.keys() {
            self.releases.cgroup(*key);
        }
        self.keep_answer(number, &life);
        self.runs.retain(|run| run.id != life.facts.life.container);
        self.jobs.ended(&life.facts.life.container);
        // A cgroup that never held a process is a container that never started.
        if !life.is_worth_telling() {
            return;
        }
        tracing::info!(container = %life.facts.life.container, processes = life.processes, "ended");
        life.facts.ended_ns = Some(life.last_ns);
        life.facts.stated_ns = stated_ns;
        self.out.containers.push(life.facts.clone());
        if self.ended.len() == ENDED {
            self.ended.pop_front();
        }
        self.ended.push_back(life.facts);
    }

    /// Puts what is new about containers into the batch. A container is told of once it has a process.
    pub(super) fn state_containers(&mut self) {
        for (_, life) in self.lives.iter_mut() {
            if life.changed && life.is_worth_telling() {
                life.changed = false;
                life.told = true;
                self.out.containers.push(life.facts.clone());
            }
        }
    }
}
