//! What containers are called: what their runtimes say of them, now, later, or in files; and which of them are not to be recorded.

use bc_schema::{Container, ContainerId, ContainerKind};

use super::Agent;
use crate::mask::Mask;
use crate::runtime::{RuntimeFact, pod_name, podman_fact};

/// How often files are looked through for a container's name, once a second.
const LOOK_UPS: u8 = 5;
/// Facts of runtimes that are kept for containers not met yet.
const FACTS: usize = 4_096;

impl Agent {
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

    /// Looks again for names that no file had yet.
    pub(super) fn name_the_unnamed(&mut self) {
        let unnamed: Vec<u64> = self
            .lives
            .iter_mut()
            .filter(|(_, life)| !life.named && life.looked_up < LOOK_UPS)
            .filter(|(_, life)| is_written(life.facts.kind))
            .map(|(number, _)| number)
            .collect();
        for number in unnamed {
            self.name(number);
        }
    }

    /// Gives a life the name, image, labels and limits that its runtime states. Should it turn out to be one that is not to be
    /// recorded, it is gone afterwards.
    pub(super) fn name(&mut self, number: u64) {
        let stated_ns = self.clock.now_ns();
        let Some(life) = self.lives.get_mut(number) else {
            return;
        };
        let container = &life.facts.life.container;
        let kind = life.facts.kind;
        if is_written(kind)
            && life.looked_up < LOOK_UPS
            && !self.runtime_facts.contains_key(container)
        {
            life.looked_up += 1;
            let written = match kind {
                ContainerKind::Podman => self
                    .podman_roots
                    .iter()
                    .find_map(|root| podman_fact(root, container.as_str())),
                _ => self.written.fact(kind, container.as_str()),
            };
            if let Some(fact) = written {
                self.runtime_facts.insert(container.clone(), fact);
            }
        }
        if let Some(fact) = self.runtime_facts.get(container)
            && !life.named
        {
            life.named = true;
            call(&mut life.facts, fact, &self.mask, stated_ns);
            life.changed = true;
            let facts = &life.facts;
            if self.excludes.excluded(
                &facts.life.container,
                Some(&facts.name),
                facts.image.as_deref(),
                &facts.cgroup,
            ) {
                self.leave_out(number);
            }
        }
    }

    /// Forgets a life that turned out to be one that is not to be recorded. What a store has of it already ends here.
    fn leave_out(&mut self, number: u64) {
        let Some(mut life) = self.lives.remove(number) else {
            return;
        };
        for key in life.cgroups.keys() {
            self.lives.disown(*key);
            self.kernel.unwatch(*key);
        }
        let left_out = self.registry.remove_of(number);
        for (key, _) in &left_out {
            if let Some(entry) = self.kernel.process(*key) {
                self.kernel.forget(*key, &entry);
            }
        }
        let is_left_out = |process| left_out.iter().any(|(_, known)| known.id == process);
        self.out
            .starts
            .retain(|start| start.life != life.facts.life);
        self.out.execs.retain(|exec| !is_left_out(exec.process));
        self.out
            .samples
            .retain(|sample| !is_left_out(sample.process));
        self.out.ends.retain(|end| !is_left_out(end.process));
        self.out.cpus.retain(|cpus| !is_left_out(cpus.process));
        self.out
            .containers
            .retain(|container| container.life != life.facts.life);
        if life.told {
            life.facts.ended_ns = Some(life.facts.stated_ns);
            self.out.containers.push(life.facts);
        }
    }
}

/// Whether a runtime of this kind leaves names in files while a container runs.
fn is_written(kind: ContainerKind) -> bool {
    matches!(
        kind,
        ContainerKind::Podman
            | ContainerKind::Containerd
            | ContainerKind::Crio
            | ContainerKind::Kubernetes
    )
}

/// Gives a container the name, image, labels and limits that its runtime states. A pod's container stays one, whatever runs it.
fn call(facts: &mut Container, fact: &RuntimeFact, mask: &Mask, stated_ns: u64) {
    let of_pod = facts.kind == ContainerKind::Kubernetes;
    facts.name = of_pod
        .then(|| pod_name(&fact.labels))
        .flatten()
        .unwrap_or_else(|| fact.name.clone());
    if !of_pod {
        facts.kind = fact.kind;
    }
    facts.image = fact.image.clone();
    facts.labels = mask.labels(fact.labels.clone());
    facts.limits = fact.limits;
    facts.stated_ns = stated_ns;
}
