//! How full the event ring is: the kernel's two positions in it, read without taking anything.

use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The positions of a ring, mapped for reading.
pub struct RingFill {
    /// Two pages: how far user space has read, then how far the kernel has written.
    positions: *const u8,
    page_bytes: usize,
    size_bytes: u64,
}

// SAFETY: the mapping belongs to no thread, and what lies in it is only loaded, atomically.
unsafe impl Send for RingFill {}
// SAFETY: as above.
unsafe impl Sync for RingFill {}

impl RingFill {
    /// Of the ring behind this descriptor; `None` where the kernel does not show it.
    pub(super) fn of(ring: BorrowedFd<'_>) -> Option<Self> {
        let page_bytes = nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE).ok()??;
        let page_bytes = usize::try_from(page_bytes).ok()?;
        let size_bytes = size_bytes(ring)?;
        // SAFETY: a new mapping at an address of the kernel's choice, of the ring's first two pages; it aliases nothing of ours.
        let positions = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                2 * page_bytes,
                libc::PROT_READ,
                libc::MAP_SHARED,
                ring.as_raw_fd(),
                0,
            )
        };
        (positions != libc::MAP_FAILED).then_some(Self {
            positions: positions.cast(),
            page_bytes,
            size_bytes,
        })
    }

    /// Bytes it holds.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Bytes of events that wait to be taken.
    pub fn waiting_bytes(&self) -> u64 {
        // The reader's first: what is written between the two loads waits too.
        let read = self.position(0);
        let written = self.position(1);
        (written.wrapping_sub(read) as u64).min(self.size_bytes)
    }

    fn position(&self, page: usize) -> usize {
        // SAFETY: within the mapping, which lives as long as `self`; a position is an aligned word at the beginning of its page, and the
        // kernel and aya write it atomically.
        let position = unsafe {
            &*self
                .positions
                .add(page * self.page_bytes)
                .cast::<AtomicUsize>()
        };
        position.load(Ordering::Acquire)
    }
}

impl Drop for RingFill {
    fn drop(&mut self) {
        // SAFETY: the mapping made above, which nobody else knows.
        unsafe { libc::munmap(self.positions.cast_mut().cast(), 2 * self.page_bytes) };
    }
}

/// What the kernel says of the map behind a descriptor.
fn size_bytes(ring: BorrowedFd<'_>) -> Option<u64> {
    let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", ring.as_raw_fd())).ok()?;
    let line = info
        .lines()
        .find_map(|line| line.strip_prefix("max_entries:"))?;
    line.trim().parse().ok()
}
