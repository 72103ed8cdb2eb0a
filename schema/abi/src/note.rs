//! What the agent notes in maps of its own, for the one that comes after it should it be killed. No kernel program reads them.

use crate::event::PATH_MAX;
use crate::process::ProcessKey;

/// Which life of which container a cgroup belongs to: it may be gone when somebody else asks.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CgroupNote {
    /// When the life began, ns since the epoch.
    pub began_ns: u64,
    /// The container's root process; tgid 0: not known yet.
    pub root: ProcessKey,
    /// The container's own top cgroup, up to a NUL.
    pub path: [u8; PATH_MAX],
}

const _: () = assert!(size_of::<CgroupNote>() == 8 + 16 + PATH_MAX);
