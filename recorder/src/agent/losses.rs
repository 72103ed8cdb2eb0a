//! Losses, counted where they happened (law 3): the kernel's counters, and our own.

mod spills;

use std::collections::BTreeMap;

use bc_abi::{Account, CgroupKey, KernelLoss};
use bc_schema::{Loss, LossReason, Resolution};

use self::spills::Spills;
use super::Agent;
use crate::clock::boot_now_ns;
use crate::kernel::Kernel;

/// What has been declared of the kernel's running counters so far.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    reasons: [(u64, u64); KernelLoss::COUNT as usize],
    accounts: BTreeMap<CgroupKey, (u64, u64)>,
    pub(super) spills: Spills,
}

impl Counted {
    /// Whether this is all declared.
    pub(super) fn has_declared(&self, key: CgroupKey, now: Account) -> bool {
        self.accounts.get(&key) == Some(&(now.processes, now.cpu_ns))
    }

    /// What was charged to a cgroup since the last time: processes, and CPU in ns. It counts as declared from now on.
    pub(super) fn grown(&mut self, key: CgroupKey, now: Account) -> (u64, u64) {
        let now = (now.processes, now.cpu_ns);
        let before = self.accounts.insert(key, now).unwrap_or_default();
        (now.0 - before.0, now.1 - before.1)
    }

    /// Whether anything of this account has been declared, and it is not closed yet.
    pub(super) fn has_account(&self, key: CgroupKey) -> bool {
        self.accounts.contains_key(&key)
    }

    /// The account of a cgroup is closed.
    pub(super) fn forget(&mut self, key: CgroupKey) {
        self.accounts.remove(&key);
    }
}

impl Counted {
    /// What a killed recorder has declared, as far as it was stored.
    pub(super) fn by(kernel: &Kernel) -> Self {
        Self {
            reasons: kernel.declared(),
            accounts: kernel.declared_accounts().into_iter().collect(),
            spills: Spills::by(kernel),
        }
    }
}

impl Agent {
    /// Declares a loss at a boot-clock reading.
    pub(super) fn lose(
        &mut self,
        reason: LossReason,
        life: Option<u64>,
        at_boot_ns: u64,
        count: u64,
        cpu_ns: u64,
    ) {
        self.lose_at(reason, life, self.clock.utc_ns(at_boot_ns), count, cpu_ns);
    }

    /// Declares a loss at a UTC instant. Losses of one reason, container and second add up.
    pub(super) fn lose_at(
        &mut self,
        reason: LossReason,
        life: Option<u64>,
        at_ns: u64,
        count: u64,
        cpu_ns: u64,
    ) {
        let container = life.and_then(|life| self.lives.get_mut(life)).map(|life| {
            life.lost = true;
            life.facts.life.container.clone()
        });
        let second_ns = Resolution::Second.bucket_ns(at_ns);
        *self.status.losses.entry(reason).or_default() += count;
        let key = (second_ns, reason, container);
        let sums = self.declared.entry(key).or_default();
        sums.0 += count;
        sums.1 += cpu_ns;
    }

    /// Puts what was lost since the last batch into this one: a second that gets more is stated again, whole.
    pub(super) fn state_losses(&mut self) {
        let now_ns = self.clock.now_ns();
        for ((second_ns, reason, container), (count, cpu_ns)) in &self.declared {
            self.out.losses.push(Loss {
                host: self.config.host.clone(),
                recorder_ns: self.began_ns,
                container: container.clone(),
                second_ns: *second_ns,
                reason: *reason,
                count: *count,
                cpu_ns: *cpu_ns,
            });
        }
        // Only the running second can still get more; a later addition to an older one is a loss of the second it is noticed in.
        let running_ns = Resolution::Second.bucket_ns(now_ns);
        self.declared
            .retain(|(second_ns, _, _), _| *second_ns >= running_ns);
    }

    /// Declares what the kernel programs have counted since the last time, and makes good what can be.
    pub(super) fn count_kernel_losses(&mut self) {
        let now = self.kernel.losses();
        let at_boot_ns = boot_now_ns();
        let mut search = false;
        for (index, kernel_reason) in KernelLoss::ALL.into_iter().enumerate() {
            let (before, before_cpu_ns) = self.losses.reasons[index];
            let (count, cpu_ns) = (now[index].0 - before, now[index].1 - before_cpu_ns);
            if count == 0 && cpu_ns == 0 {
                continue;
            }
            self.releases.loss(kernel_reason, now[index]);
            let reason = match kernel_reason {
                // Nothing is lost yet: what they would have told lies in the table, or in the cgroup file system.
                KernelLoss::RingEnd | KernelLoss::RingExec => {
                    search = true;
                    continue;
                }
                KernelLoss::RingCgroup => {
                    self.search_cgroups();
                    search = true;
                    continue;
                }
                // Nor here: they wait outside of the table, and are declared when they end there.
                KernelLoss::ProcessTable => {
                    tracing::warn!(
                        refused = count,
                        "the process table is full: processes wait for room in it (recorder.capacities.processes)"
                    );
                    self.discover = true;
                    continue;
                }
                // The filter stands in.
                KernelLoss::WatchTable => continue,
                // Told with its process, by the event itself.
                KernelLoss::Args => continue,
                KernelLoss::Unaccounted => {
                    tracing::warn!(
                        processes = count,
                        cpu_ns,
                        "the accounts of what found no room are full (recorder.capacities.accounts)"
                    );
                    self.losses.spills.look_again();
                    continue;
                }
                KernelLoss::LateThread => LossReason::LateThread,
                KernelLoss::CoreTable => LossReason::CoreTableFull,
            };
            tracing::warn!(
                reason = reason.name(),
                count,
                cpu_ns,
                "records lost in the kernel"
            );
            self.lose(reason, None, at_boot_ns, count, cpu_ns);
        }
        self.losses.reasons = now;
        if search {
            self.search_table();
        }
        self.count_accounts(at_boot_ns);
        self.count_spills(at_boot_ns);
    }
}
