//! Containers and jobs the recorder knows, and which cgroup is whose.

mod claims;

use std::collections::{BTreeMap, HashMap};

use bc_abi::{CgroupKey, ENTRY_SLOTS, ProcessKey};
use bc_schema::{Container, ContainerId, ContainerKind, LifeKey, Limits};

pub(crate) use self::claims::Claim;

/// How many decisions are kept, about anybody's cgroups.
const DECIDED: usize = 65_536;

/// Whose a cgroup is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A container's or job's, by the number of its life.
    Life(u64),
    /// Nobody's that is recorded.
    Nobody,
    /// Perhaps somebody's: it was gone before anybody read its name.
    Unnamed,
}

/// One life of a container, while it is recorded.
#[derive(Debug)]
pub(crate) struct Life {
    /// Its facts so far.
    pub(crate) facts: Container,
    /// Its cgroups, over all hierarchies; with the boot clock of its removal once it is gone.
    pub(crate) cgroups: BTreeMap<CgroupKey, Option<u64>>,
    /// Processes known and alive.
    pub(crate) open: u64,
    /// Processes recorded.
    pub(crate) processes: u64,
    /// Of these, ended by a signal or with another code than 0.
    pub(crate) failed: u64,
    /// Of the failed, ended because memory ran out.
    pub(crate) oom_killed: u64,
    /// CPU of the ended ones, ns.
    pub(crate) ended_cpu_ns: u64,
    /// Its root process, once that is known.
    pub(crate) root: Option<ProcessKey>,
    /// Something of it was lost, or may have been.
    pub(crate) lost: bool,
    /// When its last process ended or its last cgroup went, ns since the epoch.
    pub(crate) last_ns: u64,
    /// Its runtime has told what it is called.
    pub(crate) named: bool,
    /// How often its name was looked for in files.
    pub(crate) looked_up: u8,
    /// Facts that no batch has carried yet.
    pub(crate) changed: bool,
    /// A batch has carried facts of it.
    pub(crate) told: bool,
}

impl Life {
    /// Whether all its cgroups went before a boot-clock reading and no process of it is alive.
    fn over(&self, before_boot_ns: u64) -> bool {
        let gone = |at: &Option<u64>| at.is_some_and(|at| at < before_boot_ns);
        self.open == 0 && !self.cgroups.is_empty() && self.cgroups.values().all(gone)
    }

    /// A cgroup that never held a process is a container that never started, unless those that it held may be among the lost; a run was asked
    /// for all the same.
    pub(crate) fn is_worth_telling(&self) -> bool {
        self.processes > 0 || self.told || self.lost || self.facts.kind == ContainerKind::Run
    }
}

/// What a cgroup was recognised as.
#[derive(Debug, Clone)]
pub(crate) struct Recognised {
    /// The id.
    pub(crate) id: ContainerId,
    /// What manages it.
    pub(crate) kind: ContainerKind,
    /// The container's own top cgroup.
    pub(crate) cgroup: String,
    /// Whose it is.
    pub(crate) uid: Option<u32>,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Lives {
    host: String,
    next: u64,
    lives: BTreeMap<u64, Life>,
    current: HashMap<ContainerId, u64>,
    owners: HashMap<CgroupKey, Owner>,
}

impl Lives {
    /// None yet.
    pub(crate) fn new(host: String) -> Self {
        Self {
            host,
            next: 1,
            ..Self::default()
        }
    }

    /// A life by number.
    pub(crate) fn get(&self, life: u64) -> Option<&Life> {
        self.lives.get(&life)
    }

    /// A life by number.
    pub(crate) fn get_mut(&mut self, life: u64) -> Option<&mut Life> {
        self.lives.get_mut(&life)
    }

    /// The life a container is in.
    pub(crate) fn current(&self, id: &ContainerId) -> Option<u64> {
        self.current.get(id).copied()
    }

    /// Every life.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (u64, &mut Life)> {
        self.lives.iter_mut().map(|(number, life)| (*number, life))
    }

    /// The number of every life.
    pub(crate) fn numbers(&self) -> Vec<u64> {
        self.lives.keys().copied().collect()
    }

    /// How many lives are recorded.
    pub(crate) fn len(&self) -> usize {
        self.lives.len()
    }

    /// Whether nothing is recorded.
    pub(crate) fn is_empty(&self) -> bool {
        self.lives.is_empty()
    }

    /// Whose a cgroup is, where that was decided.
    pub(crate) fn owner(&self, key: CgroupKey) -> Option<Owner> {
        self.owners.get(&key).copied()
    }

    /// Decides that a cgroup is nobody's.
    pub(crate) fn disown(&mut self, key: CgroupKey) {
        self.note(key, Owner::Nobody);
    }

    /// Notes that a cgroup has no name any more.
    pub(crate) fn leave_unnamed(&mut self, key: CgroupKey) {
        self.note(key, Owner::Unnamed);
    }

    fn note(&mut self, key: CgroupKey, owner: Owner) {
        if self.owners.len() >= DECIDED {
            // Nobody tells when these go. What is still asked for is decided again.
            self.owners
                .retain(|_, owner| matches!(owner, Owner::Life(_)));
        }
        self.owners.insert(key, owner);
    }

    /// Decides that a cgroup belongs to a container, whose life begins with it unless it is in one. Returns the number of the life.
    pub(crate) fn own(&mut self, key: CgroupKey, what: &Recognised, began_ns: u64) -> u64 {
        let life = match self.current(&what.id) {
            // What was given an id by hand is never taken for a container that turns out to have the same.
            Some(life)
                if !self.over(life) && self.is_run(life) == (what.kind == ContainerKind::Run) =>
            {
                life
            }
            _ => self.begin(what, began_ns),
        };
        // A `run` takes its cgroup from the container it was made in, which may be over while the run goes on, and the other way round.
        if let Some(Owner::Life(before)) = self.owners.insert(key, Owner::Life(life))
            && before != life
            && let Some(before) = self.lives.get_mut(&before)
        {
            before.cgroups.remove(&key);
        }
        if let Some(life) = self.lives.get_mut(&life) {
            life.cgroups.insert(key, None);
        }
        life
    }

    fn is_run(&self, life: u64) -> bool {
        self.get(life)
            .is_some_and(|life| life.facts.kind == ContainerKind::Run)
    }

    /// The owner by a process's cgroups: an explicit `run` before all others, else the first slot that is somebody's. `None`: some slot is undecided.
    pub(crate) fn of(&self, cgroups: &[CgroupKey; ENTRY_SLOTS]) -> Option<Owner> {
        let mut found = Owner::Nobody;
        for key in cgroups.iter().filter(|key| key.id != 0) {
            match self.owner(*key) {
                Some(Owner::Life(life)) => {
                    if self.is_run(life) {
                        return Some(Owner::Life(life));
                    }
                    if !matches!(found, Owner::Life(_)) {
                        found = Owner::Life(life);
                    }
                }
                Some(Owner::Unnamed) if found == Owner::Nobody => found = Owner::Unnamed,
                Some(Owner::Nobody | Owner::Unnamed) => {}
                None => return None,
            }
        }
        Some(found)
    }

    /// Notes that a cgroup is gone.
    pub(crate) fn gone(&mut self, key: CgroupKey, at_boot_ns: u64, at_ns: u64) {
        if let Some(Owner::Life(life)) = self.owner(key)
            && let Some(life) = self.lives.get_mut(&life)
        {
            life.cgroups.insert(key, Some(at_boot_ns));
            life.last_ns = life.last_ns.max(at_ns);
        }
    }

    /// Notes that a cgroup went while nobody looked.
    pub(crate) fn vanished(&mut self, key: CgroupKey, at_boot_ns: u64) {
        if let Some(Owner::Life(life)) = self.owner(key)
            && let Some(life) = self.lives.get_mut(&life)
        {
            life.cgroups
                .entry(key)
                .or_default()
                .get_or_insert(at_boot_ns);
        }
    }

    /// Takes up a cgroup of a life that another recorder began. Returns the number of the life.
    pub(crate) fn restore(
        &mut self,
        key: CgroupKey,
        facts: Container,
        last_ns: u64,
        root: Option<ProcessKey>,
    ) -> u64 {
        let number = match self.number(&facts.life) {
            Some(number) => number,
            None => self.add(facts),
        };
        if let Some(life) = self.lives.get_mut(&number) {
            life.cgroups.insert(key, None);
            life.last_ns = life.last_ns.max(last_ns);
            life.root = life.root.or(root);
        }
        self.owners.insert(key, Owner::Life(number));
        number
    }

    /// The number of a life that is recorded.
    pub(crate) fn number(&self, key: &LifeKey) -> Option<u64> {
        let mut lives = self.lives.iter();
        lives
            .find(|(_, life)| life.facts.life == *key)
            .map(|(number, _)| *number)
    }

    /// Takes a life out that is over, with the decisions about its cgroups.
    pub(crate) fn remove(&mut self, number: u64) -> Option<Life> {
        let life = self.lives.remove(&number)?;
        for key in life.cgroups.keys() {
            self.owners.remove(key);
        }
        if self.current.get(&life.facts.life.container) == Some(&number) {
            self.current.remove(&life.facts.life.container);
        }
        Some(life)
    }

    /// Whether all its cgroups are gone and no process of it is alive.
    pub(crate) fn over(&self, life: u64) -> bool {
        self.get(life).is_none_or(|life| life.over(u64::MAX))
    }

    /// Every life that is over since before a boot-clock reading.
    pub(crate) fn all_over(&self, before_boot_ns: u64) -> Vec<u64> {
        let over = |life: &&u64| self.lives[life].over(before_boot_ns);
        self.lives.keys().filter(over).copied().collect()
    }

    fn begin(&mut self, what: &Recognised, began_ns: u64) -> u64 {
        self.add(self.facts(what, began_ns))
    }

    /// What is known of a life that is only recognised.
    pub(crate) fn facts(&self, what: &Recognised, began_ns: u64) -> Container {
        Container {
            life: LifeKey {
                container: what.id.clone(),
                host: self.host.clone(),
                began_ns,
            },
            kind: what.kind,
            name: what.id.to_string(),
            image: None,
            command: None,
            labels: BTreeMap::new(),
            limits: Limits::default(),
            cgroup: what.cgroup.clone(),
            uid: what.uid,
            stated_ns: began_ns,
            ended_ns: None,
        }
    }

    fn add(&mut self, facts: Container) -> u64 {
        let number = self.next;
        self.next += 1;
        let container = facts.life.container.clone();
        let last_ns = facts.life.began_ns;
        let life = Life {
            facts,
            cgroups: BTreeMap::new(),
            open: 0,
            processes: 0,
            failed: 0,
            oom_killed: 0,
            ended_cpu_ns: 0,
            root: None,
            lost: false,
            last_ns,
            named: false,
            looked_up: 0,
            changed: true,
            told: false,
        };
        self.lives.insert(number, life);
        self.current.insert(container, number);
        number
    }
}

#[cfg(test)]
mod tests;
