//! Where things are in the source tree and below `target/`. Knows paths, does nothing to them.

use std::path::{Path, PathBuf};

/// The root of the repository: the folder above this package.
pub(crate) fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_path_buf()
}

/// Cargo's target folder, also where it was moved by `CARGO_TARGET_DIR`.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(moved) => root().join(moved),
        None => root().join("target"),
    }
}

/// The executable that `cargo xtask build` leaves.
pub(crate) fn binary() -> PathBuf {
    target().join("release").join("bubble-chamber")
}

/// The sources of the page.
pub(crate) fn page() -> PathBuf {
    root().join("web/ui")
}

/// Everything that the engines of the tests write: data, sockets, logs.
pub(crate) fn engines() -> PathBuf {
    target().join("engines")
}

/// What quiet steps printed, one file each.
pub(crate) fn logs() -> PathBuf {
    target().join("xtask").join("logs")
}
