//! The kernel programs as bytes: embedded by the build, or a developer's file; and the one rewriting they need.

use std::path::Path;

use aya::include_bytes_aligned;

/// The number that stands for `bpf_rdonly_cast` in the object (`recorder-ebpf/src/kernel_string.rs`).
const CAST_HELPER: u32 = 9999;

static EMBEDDED: &[u8] = include_bytes_aligned!(concat!(env!("OUT_DIR"), "/recorder.bpf.o"));

/// Whether the build had the toolchain to make the kernel programs.
pub fn embedded() -> bool {
    !EMBEDDED.is_empty()
}

/// The object to load.
pub(super) fn bytes(file: Option<&Path>) -> Result<Vec<u8>, super::KernelError> {
    match file {
        Some(path) => std::fs::read(path).map_err(|source| super::KernelError::Object {
            path: path.into(),
            source,
        }),
        None if embedded() => Ok(EMBEDDED.to_vec()),
        None => Err(super::KernelError::NotEmbedded),
    }
}

/// Turns each call of the stand-in helper into a call of the kfunc with this BTF id, and says how many there were.
pub(super) fn patch_cast(object: &mut [u8], kfunc_id: u32) -> usize {
    let [a, b, c, d] = CAST_HELPER.to_le_bytes();
    let mut count = 0;
    // Instructions are 8 bytes; sections of code begin at multiples of 8 in the file.
    for instruction in object.chunks_exact_mut(8) {
        if instruction == [0x85, 0, 0, 0, a, b, c, d] {
            // Source register 2 marks a call of a kernel function.
            instruction[1] = 0x20;
            instruction[4..].copy_from_slice(&kfunc_id.to_le_bytes());
            count += 1;
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_stand_in_is_patched() {
        let other = [0x85, 0, 0, 0, 1, 0, 0, 0];
        let mut object = [other, [0x85, 0, 0, 0, 0x0f, 0x27, 0, 0]].concat();
        assert_eq!(patch_cast(&mut object, 0x0102_0304), 1);
        assert_eq!(object, [other, [0x85, 0x20, 0, 0, 4, 3, 2, 1]].concat());
    }
}
