//! The kernel programs as bytes: embedded by the build, or a developer's file; and the one rewriting they need.

use std::path::Path;

use aya::include_bytes_aligned;
use bc_abi::KernelFunction;

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

/// Turns each call of the helper that stands for a kernel function into a call of that, by its BTF id, and says how many there were.
pub(super) fn patch(object: &mut [u8], function: KernelFunction, id: u32) -> usize {
    let [a, b, c, d] = function.stand_in.to_le_bytes();
    let mut count = 0;
    // Instructions are 8 bytes; sections of code begin at multiples of 8 in the file.
    for instruction in object.chunks_exact_mut(8) {
        if instruction == [0x85, 0, 0, 0, a, b, c, d] {
            // Source register 2 marks a call of a kernel function.
            instruction[1] = 0x20;
            instruction[4..].copy_from_slice(&id.to_le_bytes());
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
        assert_eq!(
            patch(&mut object, KernelFunction::RDONLY_CAST, 0x0102_0304),
            1
        );
        assert_eq!(object, [other, [0x85, 0x20, 0, 0, 4, 3, 2, 1]].concat());
    }
}
