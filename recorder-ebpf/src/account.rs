//! Processes that end without an entry: each is charged to its cgroup, and where the accounts are full, to the sums that stand in for them.
//!
//! They are counted when they end, not when they find no room: until then a walk may still take them in. So every process is either in the
//! table at its end, or charged here, never both.

use bc_abi::{Account, CgroupKey, KernelLoss};

use crate::maps::{ACCOUNTS, SPILLS, add, lost_many};
use crate::task::Task;
use crate::watch;

/// Does not replace what another CPU has just put there.
const BPF_NOEXIST: u64 = 1;

/// A thread passed its last switch, and its process is not in the table: nobody's, or one that there was no room for. All of its CPU is charged:
/// what it may have used before it moved in is nowhere written down.
#[inline(always)]
pub(crate) fn charge(task: Task) {
    let keys = task.cgroups();
    let filtering = watch::filtering();
    // Its account is its first cgroup's that is somebody's, in the order of the slots; else its first one's that may be.
    let key = if watch::is_owned(&keys[0], filtering) {
        &keys[0]
    } else if watch::is_owned(&keys[1], filtering) {
        &keys[1]
    } else if watch::is_owned(&keys[2], filtering) {
        &keys[2]
    } else if watch::is_owned(&keys[3], filtering) {
        &keys[3]
    } else if watch::is_owned(&keys[4], filtering) {
        &keys[4]
    } else if watch::may_be(&keys[0], filtering) {
        &keys[0]
    } else if watch::may_be(&keys[1], filtering) {
        &keys[1]
    } else if watch::may_be(&keys[2], filtering) {
        &keys[2]
    } else if watch::may_be(&keys[3], filtering) {
        &keys[3]
    } else if watch::may_be(&keys[4], filtering) {
        &keys[4]
    } else {
        return;
    };
    // Each process has one leader; an exec by another thread makes that one the leader.
    let processes = u64::from(task.is_leader());
    to(key, processes, task.cpu_ns());
}

#[inline(always)]
fn to(key: &CgroupKey, processes: u64, cpu_ns: u64) {
    if ACCOUNTS.get_ptr_mut(key).is_none() {
        let empty = Account {
            processes: 0,
            cpu_ns: 0,
        };
        // Full, or another CPU was faster: the next look tells.
        let _ = ACCOUNTS.insert(key, &empty, BPF_NOEXIST);
    }
    if let Some(account) = ACCOUNTS.get_ptr_mut(key) {
        charge_to(account, processes, cpu_ns);
    } else if let Some(account) = SPILLS.get_ptr_mut(key.spill_slot()) {
        charge_to(account, processes, cpu_ns);
        // Afterwards: whoever sees this counted finds it there.
        lost_many(KernelLoss::Unaccounted, processes, cpu_ns);
    }
}

#[inline(always)]
fn charge_to(account: *mut Account, processes: u64, cpu_ns: u64) {
    // SAFETY: a live map value.
    unsafe {
        add(&raw mut (*account).processes, processes);
        add(&raw mut (*account).cpu_ns, cpu_ns);
    }
}
