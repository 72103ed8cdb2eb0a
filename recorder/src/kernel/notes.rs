//! What the agent notes in the kernel for the one that comes after it, should it be killed.

use bc_abi::{Account, CgroupKey, CgroupNote, KernelLoss, Lost, PATH_MAX, ProcessKey};

use super::shared::{Shared, text};
use super::watch::spilled;
use super::{Kernel, KernelError};

/// A cgroup's note, in the agent's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// When the life of its container began, ns since the epoch.
    pub began_ns: u64,
    /// The container's root process.
    pub root: Option<ProcessKey>,
    /// The container's own top cgroup.
    pub path: String,
}

impl Kernel {
    /// Notes whose a cgroup is. A path that is too long for a note has none: should the cgroup go while nobody records, it has no name.
    pub fn note(&mut self, key: CgroupKey, note: &Note) -> Result<(), KernelError> {
        let mut path = [0; PATH_MAX];
        if note.path.len() >= PATH_MAX {
            return Ok(());
        }
        path[..note.path.len()].copy_from_slice(note.path.as_bytes());
        let note = CgroupNote {
            began_ns: note.began_ns,
            root: note.root.unwrap_or_default(),
            path,
        };
        let notes = &mut self.attached.tables.notes;
        notes
            .insert(Shared(key), Shared(note), 0)
            .map_err(|error| KernelError::refused("noting whose a cgroup is", error))
    }

    /// Takes a cgroup's note away.
    pub fn unnote(&mut self, key: CgroupKey) {
        // A path too long has none.
        let _ = self.attached.tables.notes.remove(&Shared(key));
    }

    /// Every note, that of the oldest life first.
    pub fn notes(&self) -> Vec<(CgroupKey, Note)> {
        let notes = self.attached.tables.notes.iter().filter_map(Result::ok);
        let mut notes: Vec<_> = notes
            .map(|(key, note)| {
                let CgroupNote {
                    began_ns,
                    root,
                    path,
                } = note.0;
                let note = Note {
                    began_ns,
                    root: (root.tgid != 0).then_some(root),
                    path: text(&path),
                };
                (key.0, note)
            })
            .collect();
        notes.sort_by_key(|(_, note)| note.began_ns);
        notes
    }

    /// What of the running loss counters has been declared: count and CPU in ns, by reason.
    pub fn declared(&self) -> [(u64, u64); KernelLoss::COUNT as usize] {
        KernelLoss::ALL.map(|reason| {
            let declared = self.attached.tables.declared.get(&(reason as u32), 0);
            declared.map_or((0, 0), |declared| (declared.0.count, declared.0.cpu_ns))
        })
    }

    /// Notes what of a running loss counter has been declared.
    pub fn declare(&mut self, reason: KernelLoss, (count, cpu_ns): (u64, u64)) {
        let declared = Shared(Lost { count, cpu_ns });
        let noted = self
            .attached
            .tables
            .declared
            .set(reason as u32, declared, 0);
        // It would be declared again by the next recorder: too much, not too little.
        if let Err(error) = noted {
            tracing::warn!(%error, "noting what has been declared");
        }
    }

    /// What of the accounts has been declared, by cgroup: processes and CPU in ns.
    pub fn declared_accounts(&self) -> Vec<(CgroupKey, (u64, u64))> {
        let declared = &self.attached.tables.declared_accounts;
        declared
            .iter()
            .filter_map(Result::ok)
            .map(|(key, account)| (key.0, (account.0.processes, account.0.cpu_ns)))
            .collect()
    }

    /// Notes what of an account has been declared.
    pub fn declare_account(&mut self, key: CgroupKey, (processes, cpu_ns): (u64, u64)) {
        let account = Shared(Account { processes, cpu_ns });
        let declared = &mut self.attached.tables.declared_accounts;
        if let Err(error) = declared.insert(Shared(key), account, 0) {
            tracing::warn!(%error, "noting what has been declared");
        }
    }
    /// What of the sums that stand in for full accounts has been declared, by slot: processes and CPU in ns.
    pub fn declared_spills(&self) -> impl Iterator<Item = (u32, (u64, u64))> {
        spilled(&self.attached.tables.declared_spills)
            .map(|(slot, account)| (slot, (account.processes, account.cpu_ns)))
    }

    /// Notes what of such a sum has been declared.
    pub fn declare_spill(&mut self, slot: u32, (processes, cpu_ns): (u64, u64)) {
        let account = Shared(Account { processes, cpu_ns });
        let declared = &mut self.attached.tables.declared_spills;
        if let Err(error) = declared.set(slot, account, 0) {
            tracing::warn!(%error, "noting what has been declared");
        }
    }
}
