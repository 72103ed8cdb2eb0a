//! Watched cgroups: the table, the filter that stands in for it when it is full, and the accounts of what found no room.
//! How the kernel programs use them: `recorder-ebpf/src/watch.rs` and `account.rs`.

use aya::maps::{Array, MapData};
use bc_abi::{Account, CgroupKey, FILTER_OWNED, FILTER_SLOTS, SPILL_SLOTS, Watch};

use super::shared::Shared;
use super::{Kernel, KernelError};

impl Kernel {
    /// Watches a cgroup: whatever is born in it or moves into it from now on. False: the table had no room, and the filter stands in for it.
    pub fn watch(&mut self, key: CgroupKey) -> Result<bool, KernelError> {
        let watch = Watch {
            state: Watch::CONFIRMED,
        };
        let tables = &mut self.attached.tables;
        if tables.watches.insert(Shared(key), Shared(watch), 0).is_ok() {
            return Ok(true);
        }
        let refused = |error| KernelError::refused("watching a cgroup", error);
        for slot in [key.filter_slot(), FILTER_SLOTS] {
            tables
                .filter_base
                .set(slot, FILTER_OWNED, 0)
                .map_err(refused)?;
        }
        Ok(false)
    }

    /// Stops watching a cgroup.
    pub fn unwatch(&mut self, key: CgroupKey) {
        self.unnote(key);
        let tables = &mut self.attached.tables;
        let removed = tables.watches.remove(&Shared(key));
        if removed.is_ok() || tables.filter.get(&FILTER_SLOTS, 0).unwrap_or(0) == 0 {
            return;
        }
        // Not in the table: the filter may hold it. Where it holds somebody's in the same slot, it goes with that.
        let slot = key.filter_slot();
        if tables.filter_base.get(&slot, 0).unwrap_or(FILTER_OWNED) != FILTER_OWNED {
            let count = tables.filter.get(&slot, 0).unwrap_or(0);
            let _ = tables.filter_base.set(slot, count, 0);
        }
    }

    /// The cgroups in the table.
    pub fn watched(&self) -> Vec<CgroupKey> {
        let most = 2 * self.capacities.watches as usize;
        let keys = self.attached.tables.watches.keys().take(most);
        keys.filter_map(Result::ok).map(|key| key.0).collect()
    }

    /// What the filter holds, if it holds anything: to be given to [`Kernel::clear_filter`] once nothing in it matters any more.
    pub fn filter(&self) -> Option<Vec<u64>> {
        let (filter, base) = (
            &self.attached.tables.filter,
            &self.attached.tables.filter_base,
        );
        let read = |slot| (filter.get(&slot, 0).ok(), base.get(&slot, 0).ok());
        let (count, cleared) = read(FILTER_SLOTS);
        if count == cleared {
            return None;
        }
        (0..=FILTER_SLOTS).map(|slot| read(slot).0).collect()
    }

    /// Clears the filter of what it held by then.
    pub fn clear_filter(&mut self, held: &[u64]) {
        for (slot, count) in (0..).zip(held) {
            // A slot that cannot be set is one that is looked at in vain.
            let _ = self.attached.tables.filter_base.set(slot, *count, 0);
        }
    }

    /// What processes without an entry cost, by cgroup, since the start.
    pub fn accounts(&self) -> Vec<(CgroupKey, Account)> {
        let most = 2 * self.capacities.accounts as usize;
        let accounts = self.attached.tables.accounts.iter().take(most);
        let accounts = accounts.filter_map(Result::ok);
        accounts.map(|(key, account)| (key.0, account.0)).collect()
    }

    /// What processes without an entry cost in one cgroup.
    pub fn account(&self, key: CgroupKey) -> Option<Account> {
        let account = self.attached.tables.accounts.get(&Shared(key), 0);
        account.ok().map(|account| account.0)
    }

    /// What the accounts had no room for, by slot, since the start: every slot that was ever charged.
    pub fn spills(&self) -> impl Iterator<Item = (u32, Account)> {
        spilled(&self.attached.tables.spills)
    }

    /// Closes the account of a cgroup in which nothing can end any more, or which is nobody's.
    pub fn close_account(&mut self, key: CgroupKey) {
        // Nobody may have been charged since it was closed before.
        let _ = self.attached.tables.accounts.remove(&Shared(key));
        let _ = self.attached.tables.declared_accounts.remove(&Shared(key));
    }
}

/// The sums of a table of slots that are not 0.
pub(super) fn spilled(
    table: &Array<MapData, Shared<Account>>,
) -> impl Iterator<Item = (u32, Account)> {
    let slots = (0..SPILL_SLOTS).filter_map(|slot| Some((slot, table.get(&slot, 0).ok()?.0)));
    slots.filter(|(_, account)| *account != Account::default())
}
