//! A kernel string behind a plain `char *`, which no typed load can follow: by cast, by probe, or not at all.

use aya_ebpf::helpers::generated;
use bc_abi::{PATH_MAX, PathMode};

use crate::kernel_function::rdonly_cast;
use crate::layout::{load, offset};

/// Bytes of `linux_binprm.buf`, the window that memory is looked at through.
const WINDOW: usize = 256;

/// Copies the string at `address`, up to its NUL or the buffer's end. Empty where this kernel does not let us.
#[inline(always)]
pub(crate) fn copy(address: u64, buffer: &mut [u8; PATH_MAX]) {
    buffer[0] = 0;
    if offset!(path_mode) == PathMode::Probe as u32 {
        // SAFETY: the buffer's own length; a bad source is an error, not a fault.
        unsafe {
            generated::bpf_probe_read_kernel_str(
                buffer.as_mut_ptr().cast(),
                PATH_MAX as u32,
                address as *const _,
            )
        };
    } else if offset!(path_mode) == PathMode::Cast as u32 {
        let mut window = 0;
        while window < PATH_MAX {
            let start = (address + window as u64).wrapping_sub(u64::from(offset!(binprm_buf)));
            let memory = rdonly_cast(start, offset!(binprm_id));
            let mut at = 0;
            while at < WINDOW {
                // SAFETY: within the window's array of char; the bytes behind the string's end are somebody's, and never looked at.
                let word: u64 = unsafe { load(memory, offset!(binprm_buf) + at as u32) };
                // SAFETY: within the buffer.
                unsafe {
                    buffer
                        .as_mut_ptr()
                        .add(window + at)
                        .cast::<u64>()
                        .write_unaligned(word)
                };
                at += 8;
            }
            window += WINDOW;
        }
    }
}
