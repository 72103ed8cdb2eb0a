//! Why a recorder does not record.

use crate::capacities::CapacityError;
use crate::cgroup::CgroupError;
use crate::kernel::KernelError;
use crate::mask::BadPattern;
use crate::resolver::BadGlob;

/// Why a recorder does not start, or stops by itself.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kernel.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// The cgroup file systems.
    #[error(transparent)]
    Cgroups(#[from] CgroupError),
    /// A capacity.
    #[error(transparent)]
    Capacity(#[from] CapacityError),
    /// A glob of the configuration.
    #[error(transparent)]
    Glob(#[from] BadGlob),
    /// A mask of the configuration.
    #[error(transparent)]
    Mask(#[from] BadPattern),
    /// The boot id.
    #[error("reading /proc/sys/kernel/random/boot_id: {0}; is /proc mounted?")]
    BootId(std::io::Error),
    /// The recorder's own thread.
    #[error("starting the thread that records: {0}")]
    Thread(std::io::Error),
    /// The ring.
    #[error("waiting for the kernel's events: {0}")]
    Ring(std::io::Error),
    /// The alarm.
    #[error("waiting for the next sample: {0}")]
    Alarm(std::io::Error),
    /// The store, at the end.
    #[error(
        "records are lost: the store did not take them before the end, among them {samples} samples ({why}); \
         what waits in the kernel is left there for the next recorder"
    )]
    Undelivered {
        /// Samples that are lost.
        samples: u64,
        /// Why the store took nothing, for people.
        why: String,
    },
}
