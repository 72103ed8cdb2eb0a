//! Where this kernel keeps its fields: one read-only global that the agent fills before loading, and the loads that use it.

use core::ffi::c_void;

use bc_abi::Layout;

/// Overridden by the agent; a constant to the verifier, unknown to the compiler.
#[unsafe(no_mangle)]
static LAYOUT: Layout = Layout::UNKNOWN;

/// A field of [`Layout`] as the verifier sees it: a constant.
macro_rules! offset {
    ($field:ident) => {{ $crate::layout::constant(|layout| &raw const layout.$field) }};
}
pub(crate) use offset;

#[inline(always)]
pub(crate) fn constant(field: impl FnOnce(&'static Layout) -> *const u32) -> u32 {
    // SAFETY: a field of an initialised static; volatile, because the agent has put other bytes there than the compiler knows.
    unsafe { core::ptr::read_volatile(field(&LAYOUT)) }
}

/// A kernel object behind a pointer that the verifier knows the type of, or null.
pub(crate) type Object = *const c_void;

/// Loads a field of a typed kernel object.
///
/// # Safety
/// `object` must be a pointer the verifier has typed; a bad one reads as zero.
#[inline(always)]
pub(crate) unsafe fn load<T: Copy>(object: Object, offset: u32) -> T {
    // SAFETY: the verifier proves the access, or makes it fault-proof.
    unsafe { core::ptr::read_volatile(object.byte_add(offset as usize).cast::<T>()) }
}

/// Loads a field that this kernel may not have.
///
/// # Safety
/// As [`load`].
#[inline(always)]
pub(crate) unsafe fn load_or<T: Copy>(object: Object, offset: u32, absent: T) -> T {
    if offset == bc_abi::ABSENT {
        return absent;
    }
    // SAFETY: as for `load`.
    unsafe { load(object, offset) }
}
