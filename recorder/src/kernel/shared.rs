//! The types of `bc-abi` as map keys and values.

/// A type of the ABI, which aya cannot know to be plain bytes.
#[repr(transparent)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Shared<T>(pub(super) T);

// SAFETY: only used with types of `bc-abi`, which are `repr(C)`, without padding, and valid for any bytes.
unsafe impl<T: Copy + 'static> aya::Pod for Shared<T> {}

impl<T: Copy + 'static> Shared<T> {
    /// As the kernel sees it.
    pub(super) fn bytes(&self) -> &[u8] {
        // SAFETY: all of it, and it has no padding.
        unsafe { std::slice::from_raw_parts(std::ptr::from_ref(self).cast(), size_of::<T>()) }
    }
}

/// Reads a type of the ABI from bytes of at least its size, at any alignment.
pub(super) fn read<T: Copy>(bytes: &[u8]) -> T {
    assert!(bytes.len() >= size_of::<T>());
    // SAFETY: long enough, and any bytes are valid for a type of the ABI.
    unsafe { bytes.as_ptr().cast::<T>().read_unaligned() }
}

/// The text in a fixed field, up to its NUL: what lies behind the NUL is left over from somebody else.
pub(crate) fn text(bytes: &[u8]) -> String {
    let end = bytes
        .iter()
        .position(|&byte| byte == 0)
        .unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}
