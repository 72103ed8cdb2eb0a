//! What found no room even in the accounts of cgroups: sums by slot ([`bc_abi::CgroupKey::spill_slot`]), declared on the chart of whose cgroup
//! has that slot. Where several have it, each is told that it may have been the one.

use std::collections::{BTreeSet, HashMap};

use bc_abi::Account;
use bc_schema::LossReason;

use crate::agent::Agent;
use crate::kernel::Kernel;
use crate::lives::Claim;

/// What has been declared of the running sums so far.
#[derive(Debug, Default)]
pub(crate) struct Spills {
    declared: HashMap<u32, (u64, u64)>,
    /// Slots of which nothing was known the last time.
    unknown: BTreeSet<u32>,
    /// There may be something new.
    due: bool,
}

impl Spills {
    /// What a killed recorder has declared, as far as it was stored.
    pub(super) fn by(kernel: &Kernel) -> Self {
        Self {
            declared: kernel.declared_spills().collect(),
            unknown: BTreeSet::new(),
            due: true,
        }
    }

    /// The kernel programs have counted something since the last time.
    pub(super) fn look_again(&mut self) {
        self.due = true;
    }
}

impl Agent {
    /// Declares what was charged to the slots since the last time.
    pub(super) fn count_spills(&mut self, at_boot_ns: u64) {
        if !std::mem::take(&mut self.losses.spills.due) {
            return;
        }
        let mut grown: Vec<(u32, Account)> = self.kernel.spills().collect();
        grown.retain(|(slot, now)| {
            self.losses.spills.declared.get(slot) != Some(&(now.processes, now.cpu_ns))
        });
        let claims = self.lives.claims(grown.iter().map(|(slot, _)| *slot));
        for (slot, now) in grown {
            let (reason, life) = match claims[&slot].settle() {
                Claim::Life(life) => (Some(LossReason::ProcessTableFull), Some(life)),
                Claim::Several(lives) => {
                    for life in lives {
                        self.lives.touch(*life);
                    }
                    (Some(LossReason::ProcessTableFull), None)
                }
                Claim::Unnamed => (Some(LossReason::CgroupUnnamed), None),
                Claim::Nobody => (None, None),
                // Made after the last event was taken: a second later it is known, or never.
                Claim::Unknown if self.losses.spills.unknown.insert(slot) => {
                    self.losses.spills.due = true;
                    continue;
                }
                Claim::Unknown => (Some(LossReason::WatchTableFull), None),
            };
            self.losses.spills.unknown.remove(&slot);
            let now = (now.processes, now.cpu_ns);
            let before = self
                .losses
                .spills
                .declared
                .insert(slot, now)
                .unwrap_or_default();
            self.releases.spill(slot, now);
            if let Some(reason) = reason {
                let (processes, cpu_ns) = (now.0 - before.0, now.1 - before.1);
                self.lose(reason, life, at_boot_ns, processes, cpu_ns);
            }
        }
    }
}
