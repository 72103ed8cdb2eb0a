//! The BPF file system itself: found or mounted, locked, and cleared of what is nobody's.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix::mount::{MsFlags, mount};
use nix::sys::statfs::{BPF_FS_MAGIC, statfs};
use nix::unistd::{AccessFlags, access};

use super::{DATA, PinsError, failed};

/// Where everybody mounts it.
pub(super) const MOUNT: &str = "/sys/fs/bpf";
/// Ours alone.
const ROOT: &str = "/sys/fs/bpf/bubble-chamber";

/// Finds or mounts it, and keeps other recorders from it until the answer is dropped.
pub(super) fn locked() -> Result<File, PinsError> {
    mounted().map_err(|source| PinsError::NoFileSystem {
        path: MOUNT,
        source,
    })?;
    let root = Path::new(ROOT);
    // An orderly end removes it when it is empty: whoever locked a removed one comes again.
    loop {
        match DirBuilder::new().mode(0o700).create(root) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(failed("making the folder", root)(error));
            }
            _ => {}
        }
        let lock = match File::open(root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            opened => opened.map_err(failed("opening", root))?,
        };
        lock.lock().map_err(failed("locking", root))?;
        let same = |there: fs::Metadata, ours: fs::Metadata| there.ino() == ours.ino();
        if let (Ok(there), Ok(ours)) = (fs::metadata(root), lock.metadata())
            && same(there, ours)
        {
            return Ok(lock);
        }
    }
}

/// Whether it is there and may be written to, or could be mounted. Changes nothing.
pub(super) fn is_at_hand() -> Result<(), PinsError> {
    let kind = statfs(MOUNT).map_err(|error| PinsError::NoFileSystem {
        path: MOUNT,
        source: error.into(),
    })?;
    if kind.filesystem_type() == BPF_FS_MAGIC {
        access(MOUNT, AccessFlags::W_OK)
            .map_err(|error| failed("writing to", Path::new(MOUNT))(error.into()))?;
    }
    Ok(())
}

fn mounted() -> io::Result<()> {
    let kind = |path| statfs(path).map(|found| found.filesystem_type());
    if kind(MOUNT)? == BPF_FS_MAGIC {
        return Ok(());
    }
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("bpf"), MOUNT, Some("bpf"), flags, Some("mode=0700"))?;
    tracing::info!(path = MOUNT, "mounted the BPF file system");
    Ok(())
}

/// The folder of a data directory: named after its device and inode, so that two that are seen under one path are two.
pub(super) fn folder_of(data: &Path) -> Result<PathBuf, PinsError> {
    let found = fs::metadata(data).map_err(failed("looking at", data))?;
    Ok(Path::new(ROOT).join(name_of(&found)))
}

/// A name in this file system may hold no dot.
fn name_of(data: &fs::Metadata) -> String {
    format!("{:x}-{:x}", data.dev(), data.ino())
}

/// Clears the folders of data directories that are gone. Only for who holds the lock.
pub(super) fn clear_strangers() {
    for entry in fs::read_dir(ROOT).into_iter().flatten().flatten() {
        let folder = entry.path();
        let gone = match fs::read_link(folder.join(DATA)).map(fs::metadata) {
            Ok(Ok(data)) => entry.file_name() != name_of(&data).as_str(),
            Ok(Err(error)) => error.kind() == io::ErrorKind::NotFound,
            // Killed between making the folder and the link: under the lock, nobody is about to.
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        if gone {
            match clear(&folder) {
                Ok(()) => tracing::info!(
                    path = %folder.display(),
                    "cleared what a recorder left in the kernel for a data directory that is gone"
                ),
                Err(error) => tracing::warn!(%error, "what a recorder left in the kernel stays"),
            }
        }
    }
}

/// Clears a folder. Only for who holds the lock.
pub(super) fn clear(folder: &Path) -> Result<(), PinsError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(failed("clearing", folder)(error))
        }
        _ => Ok(()),
    }
}

/// Removes what holds the folders, where it holds none.
pub(super) fn remove_empty() {
    // Refused while others have folders there.
    let _ = fs::remove_dir(ROOT);
}
