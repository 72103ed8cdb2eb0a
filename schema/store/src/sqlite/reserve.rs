//! Space kept back on the database's file system: given up when nothing else is left, so that old rows can be removed and the log be
//! written back to the file. Both need room before they give any.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::fcntl::posix_fallocate;
use nix::sys::statvfs::statvfs;

use super::header::with_suffix;

/// Of the file system, this part is kept back,
const PART: u64 = 5;
/// within these bounds, in bytes.
const LEAST: u64 = 2 << 20;
const MOST: u64 = 32 << 20;

/// A file that only takes space.
#[derive(Debug)]
pub(crate) struct Reserve {
    path: PathBuf,
    bytes: u64,
    held: bool,
}

impl Reserve {
    /// The reserve of a database, as it was left.
    pub(crate) fn beside(database: &Path) -> Self {
        let path = with_suffix(database, "-reserve");
        let folder = path.parent().unwrap_or(Path::new("/"));
        let bytes = statvfs(folder).map_or(MOST, |fs| {
            (fs.blocks().saturating_mul(fs.fragment_size()) / PART).clamp(LEAST, MOST)
        });
        let held = fs::metadata(&path).is_ok_and(|metadata| metadata.len() == bytes);
        Self { path, bytes, held }
    }

    /// How long the log may get: what stands in it can be written back to the file, and as much again be removed meanwhile.
    pub(crate) fn log_bytes(&self) -> u64 {
        self.bytes / 2
    }

    /// Whether the space is kept back now.
    pub(crate) fn held(&self) -> bool {
        self.held
    }

    /// Keeps the space back, if there is as much. All or nothing: half a reserve would only take away from who needs room now.
    pub(crate) fn take(&mut self) -> io::Result<()> {
        if self.held {
            return Ok(());
        }
        let taken = self.allocate();
        if taken.is_err() {
            let _ = fs::remove_file(&self.path);
        }
        self.held = taken.is_ok();
        taken
    }

    fn allocate(&self) -> io::Result<()> {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&self.path)?;
        let length = i64::try_from(self.bytes).expect("some megabytes");
        posix_fallocate(&file, 0, length)?;
        file.set_len(self.bytes)
    }

    /// Lets go of the space.
    pub(crate) fn give_up(&mut self) {
        if self.held {
            // Emptied first: who looks at the file's directory may not be able to change it.
            let emptied = OpenOptions::new()
                .write(true)
                .truncate(true)
                .open(&self.path);
            let removed = fs::remove_file(&self.path);
            self.held = emptied.is_err() && removed.is_err();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn space_is_taken_once_and_given_back() {
        let dir = tempfile::tempdir().unwrap();
        let database = dir.path().join("x.db");
        let mut reserve = Reserve::beside(&database);
        assert!(!reserve.held());
        reserve.take().unwrap();
        let file = fs::metadata(dir.path().join("x.db-reserve")).unwrap();
        assert!((LEAST..=MOST).contains(&file.len()) && file.len() == reserve.bytes);
        assert!(file.blocks() * 512 >= reserve.bytes, "it is really there");
        // Who comes later finds it.
        assert!(Reserve::beside(&database).held());
        reserve.give_up();
        assert!(!reserve.held() && !dir.path().join("x.db-reserve").exists());
    }

    #[test]
    fn no_half_reserve_is_left() {
        let mut reserve = Reserve {
            path: tempfile::tempdir()
                .unwrap()
                .path()
                .join("gone/x.db-reserve"),
            bytes: LEAST,
            held: false,
        };
        assert!(reserve.take().is_err() && !reserve.held());
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.db-reserve");
        let mut reserve = Reserve {
            path: path.clone(),
            bytes: 1 << 60,
            held: false,
        };
        assert!(reserve.take().is_err() && !reserve.held() && !path.exists());
    }
}
