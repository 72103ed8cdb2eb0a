//! Copying and clearing by words. The compiler would make calls of `memcpy` and `memset` of it, and those copy byte by byte here:
//! slow where it runs, and too much for the verifiers of older kernels to walk through.

/// Clears a value.
///
/// # Safety
/// `target` is valid for writes, aligned to 8, and its size is a multiple of 8.
#[inline(always)]
pub(crate) unsafe fn clear<T>(target: *mut T) {
    const { assert!(size_of::<T>() % 8 == 0) };
    let mut at = 0;
    while at < size_of::<T>() / 8 {
        // SAFETY: within the value; volatile keeps the loop from being recognised.
        unsafe { target.cast::<u64>().add(at).write_volatile(0) };
        at += 1;
    }
}

/// Copies a value.
///
/// # Safety
/// Both are valid, aligned to 8, and the size is a multiple of 8.
#[inline(always)]
pub(crate) unsafe fn copy<T>(from: *const T, to: *mut T) {
    const { assert!(size_of::<T>() % 8 == 0) };
    let mut at = 0;
    while at < size_of::<T>() / 8 {
        // SAFETY: within both values; volatile keeps the loop from being recognised.
        unsafe {
            to.cast::<u64>()
                .add(at)
                .write_volatile(from.cast::<u64>().add(at).read_volatile())
        };
        at += 1;
    }
}
