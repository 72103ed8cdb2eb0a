//! Which cgroups are watched: those in the table, and those that the filter stands in for when the table is full.
//!
//! The filter never fills, and never misses a cgroup that was put into it. It may take another for one: such a process is dropped by the
//! agent, as one of a cgroup that is nobody's. So a full watch table costs work, and no record.

use bc_abi::{CgroupKey, ENTRY_SLOTS, FILTER_OWNED, FILTER_SLOTS, Watch};

use crate::maps::{FILTER, FILTER_BASE, WATCHES, add};

/// The id of each hierarchy's root, which is never watched. 0 is no cgroup.
const ROOT: u64 = 1;

/// Whether any of these cgroups may be watched.
#[inline(always)]
pub(crate) fn any(keys: &[CgroupKey; ENTRY_SLOTS]) -> bool {
    let filtering = filtering();
    may_be(&keys[0], filtering)
        || may_be(&keys[1], filtering)
        || may_be(&keys[2], filtering)
        || may_be(&keys[3], filtering)
        || may_be(&keys[4], filtering)
}

/// Whether a cgroup may be watched. `filtering`: see [`filtering`].
#[inline(always)]
pub(crate) fn may_be(key: &CgroupKey, filtering: bool) -> bool {
    // SAFETY: only the pointer's presence is looked at.
    key.id > ROOT
        && (unsafe { WATCHES.get(key) }.is_some() || (filtering && differs(key.filter_slot())))
}

/// Whether the agent has decided that this cgroup is somebody's, as far as the filter can tell.
#[inline(always)]
pub(crate) fn is_owned(key: &CgroupKey, filtering: bool) -> bool {
    if key.id <= ROOT {
        return false;
    }
    // SAFETY: the state is one word.
    match unsafe { WATCHES.get(key) } {
        Some(watch) => watch.state == Watch::CONFIRMED,
        None if filtering => FILTER_BASE.get(key.filter_slot()) == Some(&FILTER_OWNED),
        None => false,
    }
}

/// Whether anything is in the filter.
#[inline(always)]
pub(crate) fn filtering() -> bool {
    differs(FILTER_SLOTS)
}

/// Puts a cgroup into the filter.
#[inline(always)]
pub(crate) fn filter(key: &CgroupKey) {
    count(key.filter_slot());
    count(FILTER_SLOTS);
}

#[inline(always)]
fn differs(slot: u32) -> bool {
    match (FILTER.get(slot), FILTER_BASE.get(slot)) {
        (Some(count), Some(base)) => count != base,
        _ => false,
    }
}

#[inline(always)]
fn count(slot: u32) {
    if let Some(count) = FILTER.get_ptr_mut(slot) {
        // SAFETY: a live map value.
        unsafe { add(count, 1) };
    }
}
