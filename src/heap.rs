//! Keeps the heap small: Bubble Chamber runs beside other people's jobs, and what it holds is missing there.

/// Before any thread is started. The C library gives each thread a heap of its own, up to eight for each CPU; few of ours allocate at once.
pub(crate) fn keep_small() {
    #[cfg(target_env = "gnu")]
    // SAFETY: sets a number of the allocator, before there are threads.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 2);
    }
}
