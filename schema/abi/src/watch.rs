//! Which cgroups are watched.

/// Size of the filter that stands in for a full watch table: a power of two.
pub const FILTER_SLOTS: u32 = 32_768;
/// Stands where a slot of the filter holds a cgroup that is somebody's: a count that is never reached.
pub const FILTER_OWNED: u64 = u64::MAX;

/// How many sums stand in for full accounts: a power of two, and no more than [`FILTER_SLOTS`].
pub const SPILL_SLOTS: u32 = 8_192;

/// A cgroup of one hierarchy; ids repeat across hierarchies.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct CgroupKey {
    /// `cgroup_root.hierarchy_id`: 0 for v2, from 1 on for v1.
    pub hierarchy: u32,
    /// Always 0.
    pub zero: u32,
    /// `kernfs_node.id`. 0: no cgroup.
    pub id: u64,
}

impl CgroupKey {
    /// Its place in the filter that stands in for a full watch table.
    pub const fn filter_slot(&self) -> u32 {
        let mixed = (self.id ^ ((self.hierarchy as u64) << 48)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 32) as u32 % FILTER_SLOTS
    }

    /// Its place in the sums that stand in for full accounts.
    pub const fn spill_slot(&self) -> u32 {
        self.filter_slot() % SPILL_SLOTS
    }

    /// A key.
    pub const fn new(hierarchy: u32, id: u64) -> Self {
        Self {
            hierarchy,
            zero: 0,
            id,
        }
    }
}

/// What the kernel knows of a watched cgroup.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Watch {
    /// [`Watch::PROVISIONAL`] or [`Watch::CONFIRMED`].
    pub state: u64,
}

impl Watch {
    /// Born while the recorder ran; user space has not decided yet.
    pub const PROVISIONAL: u64 = 1;
    /// User space wants it.
    pub const CONFIRMED: u64 = 2;
}
