//! Whose a cgroup is, noted in the kernel: a recorder that takes over from a killed one knows of cgroups that are gone by then.

use std::collections::HashSet;

use bc_abi::CgroupKey;
use bc_schema::{Container, ContainerKind};

use super::{Agent, Phase};
use crate::clock::boot_now_ns;
use crate::config::Resume;
use crate::kernel::Note;

impl Agent {
    /// Notes a cgroup of a life, once that has its date.
    pub(super) fn note(&mut self, key: CgroupKey, number: u64) {
        let Some(life) = self
            .lives
            .get(number)
            .filter(|_| self.phase != Phase::Finding)
        else {
            return;
        };
        let note = Note {
            began_ns: life.facts.life.began_ns,
            root: life.root,
            path: life.facts.cgroup.clone(),
        };
        if let Err(error) = self.kernel.note(key, &note) {
            tracing::warn!(%error, container = %life.facts.life.container, "a killed recorder's successor may not know whose a cgroup was");
        }
    }

    /// Notes every cgroup of a life.
    pub(super) fn note_life(&mut self, number: u64) {
        let keys: Vec<CgroupKey> = self
            .lives
            .get(number)
            .map(|life| life.cgroups.keys().copied().collect())
            .unwrap_or_default();
        for key in keys {
            self.note(key, number);
        }
    }

    /// Takes up the lives that the killed recorder noted. Returns those that the store does not know as open.
    pub(super) fn restore(&mut self) -> Vec<u64> {
        let mut unknown = Vec::new();
        for (key, note) in self.kernel.notes() {
            let Some((facts, last_ns, told)) = self.noted(key, &note) else {
                // Nobody's, as the settings are now.
                self.kernel.unwatch(key);
                continue;
            };
            let number = self.lives.restore(key, facts, last_ns, note.root);
            if let Some(life) = self.lives.get_mut(number) {
                life.told |= told;
            }
            if !told && !unknown.contains(&number) {
                unknown.push(number);
            }
        }
        unknown
    }

    /// A noted life: as the store has it, or else as its cgroup tells.
    fn noted(&self, key: CgroupKey, note: &Note) -> Option<(Container, u64, bool)> {
        let stored = self.config.resume.iter().find(|resume| {
            resume.facts.life.began_ns == note.began_ns && resume.facts.cgroup == note.path
        });
        if let Some(Resume {
            facts,
            last_record_ns,
            ..
        }) = stored
        {
            // A run was asked for by name.
            let left_out = facts.kind != ContainerKind::Run
                && self.excludes.excluded(
                    &facts.life.container,
                    Some(&facts.name),
                    facts.image.as_deref(),
                    &facts.cgroup,
                );
            return (!left_out).then(|| (facts.clone(), *last_record_ns, true));
        }
        let what = self.recognise(key, &note.path)?;
        let facts = self.lives.facts(&what, note.began_ns);
        Some((facts, note.began_ns, false))
    }

    /// Cgroups of restored lives that are gone although no event told of it.
    pub(super) fn find_vanished(&mut self) {
        let now_boot_ns = boot_now_ns();
        let there: HashSet<CgroupKey> = self.hierarchies.walk().map(|found| found.key).collect();
        let known: Vec<CgroupKey> = self
            .lives
            .iter_mut()
            .flat_map(|(_, life)| life.cgroups.keys().copied())
            .collect();
        for key in known.into_iter().filter(|key| !there.contains(key)) {
            self.lives.vanished(key, now_boot_ns);
        }
    }
}
