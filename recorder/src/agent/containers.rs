//! Containers come, are named, and go: cgroups made and removed, and what their runtime says of them.

use bc_abi::CgroupKey;
use bc_schema::{Container, ContainerId, ContainerKind, LossReason};

use super::Agent;
use crate::lives::{Owner, Recognised};
use crate::mask::Mask;
use crate::runtime::{RuntimeFact, podman_fact};

/// How long after its last sign a life is held open: threads may still be on their way to their last switch.
const SETTLE_NS: u64 = 1_000_000_000;
/// How long a run's cgroup stands empty before it is taken for deserted.
const DESERTED_NS: u64 = 3_000_000_000;
/// How often Podman's files are looked through for a container's name, once a second.
const LOOK_UPS: u8 = 5;
/// Ended lives that are kept for what their runtime may still say of them.
const ENDED: usize = 256;
/// Facts of runtimes that are kept for containers not met yet.
const FACTS: usize = 4_096;

impl Agent {
    /// A cgroup was made. The kernel watches it already; here it is confirmed or dropped.
    pub(super) fn made(&mut self, key: CgroupKey, path: Option<String>, at_boot_ns: u64) {
        // The table is ahead of the ring: a process may have told of this cgroup before, when nobody could name it.
        if !matches!(self.lives.owner(key), Some(Owner::Life(_))) {
            let named = self.decide(key, path, at_boot_ns);
            if !named {
                self.lose(LossReason::CgroupUnnamed, None, at_boot_ns, 1, 0);
            }
        }
    }

    /// Decides whose a cgroup is. False when it has no name any more: then it is taken for nobody's.
    pub(super) fn decide(&mut self, key: CgroupKey, path: Option<String>, at_boot_ns: u64) -> bool {
        let Some(path) = path.or_else(|| self.hierarchies.path_of(key)) else {
            self.lives.disown(key);
            self.kernel.unwatch(key);
            return false;
        };
        match self.recognise(key, &path) {
            Some(what) => {
                let began_ns = self.clock.utc_ns(at_boot_ns);
                self.end_over(&what.id);
                let life = self.lives.own(key, &what, began_ns);
                self.name(life);
                tracing::debug!(container = %what.id, path, "watching");
                if let Err(error) = self.kernel.watch(key) {
                    tracing::warn!(%error, container = %what.id, "a cgroup is not watched");
                    self.lose(LossReason::WatchTableFull, Some(life), at_boot_ns, 1, 0);
                }
            }
            None => {
                self.lives.disown(key);
                self.kernel.unwatch(key);
            }
        }
        true
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
        // A container inside a cgroup that was asked for by path is still itself.
        let resolved = self.config.discover.then(|| crate::resolver::resolve(path));
        let found = resolved.flatten().or_else(|| self.globs.matches(path))?;
        let id = ContainerId::new(found.id)?;
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
            kind: found.kind,
            cgroup: found.container_path.to_owned(),
            uid: found.uid,
        })
    }

    /// A cgroup is gone.
    pub(super) fn removed(&mut self, key: CgroupKey, at_boot_ns: u64) {
        self.lives
            .gone(key, at_boot_ns, self.clock.utc_ns(at_boot_ns));
        // What was decided stays for a while: processes that ended in it may still be announced.
    }

    /// A runtime told something about a container: one that lives, or one that was over before anybody could say what it is called.
    pub(super) fn learn(&mut self, fact: RuntimeFact) {
        let Some(id) = ContainerId::new(fact.id.clone()) else {
            return;
        };
        if let Some(facts) = self
            .ended
            .iter_mut()
            .rev()
            .find(|ended| ended.life.container == id)
            && self.lives.current(&id).is_none()
        {
            call(facts, &fact, &self.mask, self.clock.now_ns());
            self.out.containers.push(facts.clone());
        }
        if self.runtime_facts.len() >= FACTS {
            let lives = &self.lives;
            self.runtime_facts
                .retain(|id, _| lives.current(id).is_some());
        }
        self.runtime_facts.insert(id.clone(), fact);
        if let Some(number) = self.lives.current(&id) {
            if let Some(life) = self.lives.get_mut(number) {
                life.named = false;
            }
            self.name(number);
        }
    }

    /// Looks again for the names of Podman's containers that its files did not have yet.
    pub(super) fn name_the_unnamed(&mut self) {
        let unnamed: Vec<u64> = self
            .lives
            .iter_mut()
            .filter(|(_, life)| {
                life.facts.kind == ContainerKind::Podman && !life.named && life.looked_up < LOOK_UPS
            })
            .map(|(number, _)| number)
            .collect();
        for number in unnamed {
            self.name(number);
        }
    }

    /// Gives a life the name, image, labels and limits that its runtime states.
    fn name(&mut self, number: u64) {
        let stated_ns = self.clock.now_ns();
        let Some(life) = self.lives.get_mut(number) else {
            return;
        };
        let container = &life.facts.life.container;
        if life.facts.kind == ContainerKind::Podman
            && life.looked_up < LOOK_UPS
            && !self.runtime_facts.contains_key(container)
        {
            life.looked_up += 1;
            let stored = self
                .podman_roots
                .iter()
                .find_map(|root| podman_fact(root, container.as_str()));
            if let Some(fact) = stored {
                self.runtime_facts.insert(container.clone(), fact);
            }
        }
        if let Some(fact) = self.runtime_facts.get(container)
            && !life.named
        {
            life.named = true;
            call(&mut life.facts, fact, &self.mask, stated_ns);
            life.changed = true;
        }
    }

    /// Ends lives that are over.
    pub(super) fn end_lives(&mut self) {
        self.clear_runs();
        let now_boot_ns = self.boot_now_ns();
        let over: Vec<u64> = self
            .lives
            .iter_mut()
            .filter(|(_, life)| life.open == 0 && !life.cgroups.is_empty())
            .filter(|(_, life)| {
                life.cgroups
                    .values()
                    .all(|gone| gone.is_some_and(|at| at + SETTLE_NS < now_boot_ns))
            })
            .map(|(number, _)| number)
            .collect();
        for number in over {
            self.end_life(number);
        }
    }

    /// Ends every life that is over, settled or not: there is no later second for it.
    pub(super) fn end_all_over(&mut self) {
        let all: Vec<u64> = self.lives.iter_mut().map(|(number, _)| number).collect();
        for number in all {
            if self.lives.over(number) {
                self.end_life(number);
            }
        }
    }

    /// Removes the cgroup of a run whose last process outlived whoever started it: nobody else will.
    fn clear_runs(&mut self) {
        let now_ns = self.clock.now_ns();
        for run in &self.runs {
            let life = self
                .lives
                .current(&run.id)
                .and_then(|life| self.lives.get(life));
            let deserted = life.is_some_and(|life| {
                life.processes > 0 && life.open == 0 && life.last_ns + DESERTED_NS < now_ns
            });
            let directory = self
                .hierarchies
                .get(run.key.hierarchy)
                .and_then(|hierarchy| hierarchy.directory_of(&run.path));
            if let Some(directory) = directory.filter(|directory| deserted && directory.is_dir()) {
                // Refused while something is in it: then it is not deserted, and the next second will tell.
                let _ = std::fs::remove_dir(directory);
            }
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
        let Some(mut life) = self.lives.remove(number) else {
            return;
        };
        for key in life.cgroups.keys() {
            self.kernel.unwatch(*key);
        }
        self.runs.retain(|run| run.id != life.facts.life.container);
        // A cgroup that never held a process is a container that never started.
        if life.processes == 0 && life.facts.kind != ContainerKind::Run {
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
            if life.changed && (life.processes > 0 || life.facts.kind == ContainerKind::Run) {
                life.changed = false;
                self.out.containers.push(life.facts.clone());
            }
        }
    }
}

/// Gives a container the name, image, labels and limits that its runtime states.
fn call(facts: &mut Container, fact: &RuntimeFact, mask: &Mask, stated_ns: u64) {
    facts.kind = fact.kind;
    facts.name = fact.name.clone();
    facts.image = fact.image.clone();
    facts.labels = mask.labels(fact.labels.clone());
    facts.limits = fact.limits;
    facts.stated_ns = stated_ns;
}
