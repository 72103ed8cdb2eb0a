//! What found no room in the kernel's tables: cgroups are watched as soon as there is some, processes taken in, and what ended before that
//! is declared, with its CPU, on the chart of its container.

use bc_abi::{Account, CgroupKey};
use bc_schema::LossReason;

use super::Agent;
use crate::clock::boot_now_ns;
use crate::lives::Owner;

impl Agent {
    /// Watches a cgroup of a life.
    pub(super) fn watch(&mut self, key: CgroupKey, life: u64, at_boot_ns: u64) {
        match self.kernel.watch(key) {
            Ok(true) => {
                self.filtered.remove(&key);
            }
            Ok(false) => {
                self.filtered.insert(key);
            }
            Err(error) => {
                tracing::warn!(%error, "a cgroup is not watched");
                self.lose(LossReason::WatchTableFull, Some(life), at_boot_ns, 1, 0);
            }
        }
    }

    /// Tries again what the watch table had no room for. `held` is what the filter held before the last events were taken: once everybody's
    /// cgroups are in the table, none of it is needed any more.
    pub(super) fn watch_again(&mut self, held: Option<Vec<u64>>) {
        let waiting = std::mem::take(&mut self.filtered);
        for key in &waiting {
            if let Some(Owner::Life(life)) = self.lives.owner(*key) {
                self.watch(*key, life, boot_now_ns());
            }
        }
        match (waiting.is_empty(), self.filtered.is_empty()) {
            (true, _) => self.filter_told = false,
            (false, false) if !self.filter_told => {
                self.filter_told = true;
                tracing::warn!(
                    waiting = self.filtered.len(),
                    "the watch table is full: nothing is missed, but to look for these cgroups' processes costs more (recorder.capacities.watches)"
                );
            }
            _ => {}
        }
        if self.filtered.is_empty()
            && let Some(held) = held
        {
            self.kernel.clear_filter(&held);
        }
    }

    /// Events of cgroups were lost: what there is, is looked at.
    pub(super) fn search_cgroups(&mut self) {
        let now_boot_ns = boot_now_ns();
        let there: Vec<_> = self.hierarchies.walk().collect();
        for cgroup in there {
            if self.lives.owner(cgroup.key).is_none() {
                self.decide(cgroup.key, Some(cgroup.path), now_boot_ns);
            }
        }
        let lives = self.lives.iter_mut();
        let mut keys: Vec<CgroupKey> = lives
            .flat_map(|(_, life)| life.cgroups.iter().filter(|(_, gone)| gone.is_none()))
            .map(|(key, _)| *key)
            .collect();
        keys.retain(|key| self.hierarchies.path_of(*key).is_none());
        for key in keys {
            self.removed(key, now_boot_ns);
        }
        for key in self.kernel.watched() {
            if !matches!(self.lives.owner(key), Some(Owner::Life(_)))
                && self.hierarchies.path_of(key).is_none()
            {
                self.kernel.unwatch(key);
            }
        }
    }

    /// Declares what ended without an entry since the last time, by container.
    pub(super) fn count_accounts(&mut self, at_boot_ns: u64) {
        for (key, account) in self.kernel.accounts() {
            if self.losses.has_declared(key, account) {
                continue;
            }
            if self.lives.owner(key).is_none() {
                self.decide(key, None, at_boot_ns);
            }
            match self.lives.owner(key) {
                Some(Owner::Life(life)) => self.declare_account(
                    LossReason::ProcessTableFull,
                    Some(life),
                    key,
                    account,
                    at_boot_ns,
                ),
                Some(Owner::Unnamed) => {
                    self.declare_account(LossReason::CgroupUnnamed, None, key, account, at_boot_ns)
                }
                Some(Owner::Nobody) => {
                    self.losses.forget(key);
                    self.kernel.close_account(key);
                }
                // A job's, whose number is waited for.
                None => {}
            }
        }
    }

    /// The last word on the account of a cgroup in which nothing can end any more. It goes with the cgroup's watch.
    pub(super) fn settle_account(&mut self, key: CgroupKey, life: u64) {
        if let Some(account) = self.kernel.account(key) {
            let now_boot_ns = boot_now_ns();
            self.declare_account(
                LossReason::ProcessTableFull,
                Some(life),
                key,
                account,
                now_boot_ns,
            );
        }
    }

    /// Who was charged to a cgroup after its life had ended: its account is closed.
    pub(super) fn settle_late(&mut self, key: CgroupKey) {
        if let Some(account) = self.kernel.account(key) {
            let (processes, cpu_ns) = self.losses.grown(key, account);
            if processes > 0 || cpu_ns > 0 {
                let now_boot_ns = boot_now_ns();
                let reason = LossReason::ProcessTableFull;
                self.lose(reason, None, now_boot_ns, processes, cpu_ns);
            }
        }
    }

    fn declare_account(
        &mut self,
        reason: LossReason,
        life: Option<u64>,
        key: CgroupKey,
        account: Account,
        at_boot_ns: u64,
    ) {
        let (processes, cpu_ns) = self.losses.grown(key, account);
        if processes > 0 || cpu_ns > 0 {
            self.releases
                .account(key, (account.processes, account.cpu_ns));
            self.lose(reason, life, at_boot_ns, processes, cpu_ns);
        }
    }
}
