//! Which cgroups are watched.

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
