//! What a build of the kernel programs is known by: two recorders of one build may go on with each other's maps.

use std::fmt::Write;

use bc_abi::Layout;

use super::Options;
use super::shared::Shared;

/// The object as it is loaded, with every constant that is put into it. The shapes of the maps stand in the object, or follow from the machine,
/// which pins do not outlive; their sizes are the capacities.
pub(super) fn hash(object: &[u8], layout: Layout, options: Options<'_>) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(env!("CARGO_PKG_VERSION").as_bytes());
    hasher.update(Shared(layout).bytes());
    hasher.update(&[u8::from(options.cores)]);
    let room = options.capacities;
    for size in [
        room.processes,
        room.watches,
        room.accounts,
        room.walk_records,
        room.ring_bytes,
    ] {
        hasher.update(&size.to_le_bytes());
    }
    hasher.update(object);
    let mut name = String::new();
    for byte in &hasher.finalize().as_bytes()[..16] {
        let _ = write!(name, "{byte:02x}");
    }
    name
}
