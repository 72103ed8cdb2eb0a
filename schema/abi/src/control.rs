//! What user space tells the kernel programs while they run.

/// The one entry of the control map.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct Control {
    /// Number of the walk about to be read; never 0.
    pub walk: u64,
    /// Not 0: the walk also takes in tasks of watched cgroups that are not in the process table yet.
    pub discover: u64,
}
