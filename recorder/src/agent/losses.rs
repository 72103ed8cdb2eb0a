//! Losses, counted where they happened (law 3): the kernel's counters, and our own.

use std::collections::BTreeMap;

use bc_abi::{CgroupKey, KernelLoss};
use bc_schema::{Loss, LossReason, Resolution};

use super::Agent;
use crate::kernel::Kernel;
use crate::lives::Owner;

/// What has been declared of the kernel's running counters so far.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    reasons: [(u64, u64); KernelLoss::COUNT as usize],
    accounts: BTreeMap<CgroupKey, (u64, u64)>,
}

impl Counted {
    /// What a killed recorder has declared, as far as it was stored.
    pub(super) fn by(kernel: &Kernel) -> Self {
        Self {
            reasons: kernel.declared(),
            accounts: kernel.declared_accounts().into_iter().collect(),
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
        let container = life
            .and_then(|life| self.lives.get(life))
            .map(|life| life.facts.life.container.clone());
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
        let at_boot_ns = self.boot_now_ns();
        let mut search = false;
        for (index, kernel_reason) in KernelLoss::ALL.into_iter().enumerate() {
            let (before, before_cpu_ns) = self.losses.reasons[index];
            let (count, cpu_ns) = (now[index].0 - before, now[index].1 - before_cpu_ns);
            if count == 0 && cpu_ns == 0 {
                continue;
            }
            self.releases.loss(kernel_reason, now[index]);
            let reason = match kernel_reason {
                KernelLoss::RingEnd => {
                    // Nothing is lost yet: the final records lie in the table.
                    search = true;
                    continue;
                }
                KernelLoss::RingExec => {
                    search = true;
                    LossReason::RingFull
                }
                KernelLoss::RingCgroup => LossReason::RingFull,
                KernelLoss::ProcessTable => LossReason::ProcessTableFull,
                KernelLoss::WatchTable => LossReason::WatchTableFull,
                // Told with its process, by the event itself.
                KernelLoss::Args => continue,
                KernelLoss::LateThread => LossReason::LateThread,
                KernelLoss::EntryInexact => LossReason::EntryInexact,
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
    }

    /// CPU of processes that the table had no room for, by container.
    fn count_accounts(&mut self, at_boot_ns: u64) {
        if self.losses.reasons[KernelLoss::ProcessTable as usize].0 == 0 {
            return;
        }
        for (key, account) in self.kernel.accounts() {
            let (threads, cpu_ns) = self
                .losses
                .accounts
                .insert(key, (account.threads, account.cpu_ns))
                .unwrap_or_default();
            let (threads, cpu_ns) = (account.threads - threads, account.cpu_ns - cpu_ns);
            if threads > 0 {
                self.releases
                    .account(key, (account.threads, account.cpu_ns));
                let life = match self.lives.owner(key) {
                    Some(Owner::Life(life)) => Some(life),
                    _ => None,
                };
                self.lose(
                    LossReason::ProcessTableFull,
                    life,
                    at_boot_ns,
                    threads,
                    cpu_ns,
                );
            }
        }
    }
}
