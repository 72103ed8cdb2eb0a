//! Keeps the heap small: Bubble Chamber runs beside other people's jobs, and what it holds is missing there.

/// What is kept when it is freed, for the next second's samples. What is larger is a minute being packed, and is given back at once.
const KEPT_BYTES: libc::c_int = 1 << 20;

/// Before any thread is started. The C library gives each thread a heap of its own, and keeps what is freed: measured at 1,000 processes,
/// one heap that gives back what it can is a quarter less resident memory. What each second needs again is kept, though: to give it back and
/// fault it in anew was a sixth of what recording cost.
pub(crate) fn keep_small() {
    #[cfg(target_env = "gnu")]
    // SAFETY: sets numbers of the allocator, before there are threads.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
        libc::mallopt(libc::M_TRIM_THRESHOLD, 2 * KEPT_BYTES);
        libc::mallopt(libc::M_MMAP_THRESHOLD, KEPT_BYTES);
    }
}
