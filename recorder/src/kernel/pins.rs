//! What the kernel counts, kept by name in the BPF file system, so that it outlives a recorder that is killed.
//!
//! ```text
//! /sys/fs/bpf/bubble-chamber/      locked while it is looked through or changed
//!     <device>-<inode>/            one folder for each data directory, named after it
//!         data                     a symbolic link to it: pins of a directory that is gone are nobody's
//!         <build>/                 every map and link, by name; renamed into place once it is whole
//! ```
//!
//! Whoever calls here holds the data directory for itself alone; so what lies in its folder is a dead recorder's.

mod detached;
mod file_system;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Options;
use super::load::Attached;

/// Where pins are put together.
const MAKING: &str = "making";
/// The way back to the data directory.
const DATA: &str = "data";

/// Why what the kernel counts would not outlive this recorder.
#[derive(Debug, thiserror::Error)]
pub(super) enum PinsError {
    /// There is no BPF file system.
    #[error("there is no BPF file system at {path}, and none can be mounted there: {source}")]
    NoFileSystem {
        /// Where.
        path: &'static str,
        /// What the kernel said.
        source: io::Error,
    },
    /// Something in it failed.
    #[error("{doing} {path}: {source}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// A killed recorder's pins wait for one that can use them.
    #[error("what a killed recorder left in {0} waits for the next `up`")]
    Waiting(PathBuf),
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> PinsError {
    move |source| PinsError::Io {
        doing,
        path: path.into(),
        source,
    }
}

/// Pins everything that runs where nobody else sees it, and lets go of it again.
pub(super) fn attempt(attached: &Attached) -> Result<(), PinsError> {
    file_system::is_at_hand()?;
    let own = detached::Detached::new().map_err(failed(
        "making a BPF file system to try, in place of",
        Path::new(file_system::MOUNT),
    ))?;
    attached
        .pin(&own.path())
        .map_err(failed("pinning maps and links in", &own.path()))
}

/// The folder of a data directory.
#[derive(Debug)]
pub(super) struct Place(PathBuf);

impl Place {
    /// Makes it where it is missing, and clears what is nobody's any more.
    pub(super) fn of(data: &Path) -> Result<Self, PinsError> {
        let _lock = file_system::locked()?;
        file_system::clear_strangers();
        let place = Self(file_system::folder_of(data)?);
        let back = place.0.join(DATA);
        match fs::create_dir(&place.0) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(place),
            made => {
                made.map_err(failed("making the folder", &place.0))?;
                std::os::unix::fs::symlink(data, &back)
                    .map_err(failed("making the link", &back))?;
                Ok(place)
            }
        }
    }

    /// What lies in it, whole or not.
    fn builds(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.0).into_iter().flatten().flatten();
        entries
            .filter(|entry| entry.file_name() != DATA)
            .map(|entry| entry.path())
            .collect()
    }

    /// Refuses where a dead recorder's pins lie, of whatever build.
    pub(super) fn must_be_empty(&self) -> Result<(), PinsError> {
        let whole = |path: &PathBuf| !path.ends_with(MAKING);
        match self.builds().into_iter().find(whole) {
            Some(build) => Err(PinsError::Waiting(build)),
            None => Ok(()),
        }
    }

    /// Opens what a dead recorder of this build left. `None`: it left nothing, or nothing that can be used, and whatever lies here has been cleared.
    pub(super) fn adopt(&self, build: &str, options: Options<'_>) -> Option<Attached> {
        let folder = self.0.join(build);
        if folder.is_dir() {
            match Attached::pinned(&folder, options) {
                Ok(attached) => return Some(attached),
                Err(error) => {
                    tracing::warn!(%error, "what a killed recorder left in the kernel cannot be used");
                }
            }
        }
        for stale in self.builds() {
            tracing::warn!(path = %stale.display(), "clearing what a recorder of another build, or one killed too early, left in the kernel: \
                counting begins anew, from the kernel's own totals");
            if let Err(error) = fs::remove_dir_all(&stale) {
                tracing::warn!(%error, path = %stale.display(), "it cannot be cleared");
            }
        }
        None
    }

    /// Pins everything that runs.
    pub(super) fn pin(&self, build: &str, attached: &Attached) -> Result<(), PinsError> {
        let making = self.0.join(MAKING);
        fs::create_dir(&making).map_err(failed("making the folder", &making))?;
        attached
            .pin(&making)
            .map_err(failed("pinning maps and links in", &making))?;
        fs::rename(&making, self.0.join(build)).map_err(failed("renaming", &making))
    }

    /// Clears all of it: an orderly end leaves nothing behind.
    pub(super) fn leave(&self) -> Result<(), PinsError> {
        let _lock = file_system::locked()?;
        file_system::clear(&self.0)?;
        file_system::remove_empty();
        Ok(())
    }
}
