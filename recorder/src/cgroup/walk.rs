//! A walk over one hierarchy's directories.

use std::fs::{self, DirEntry};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirEntryExt, MetadataExt};
use std::path::PathBuf;

use super::CgroupKey;

/// A cgroup met on a walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cgroup {
    /// Its key in the kernel.
    pub key: CgroupKey,
    /// Its path in its hierarchy.
    pub path: String,
}

/// Depth first, parents before children.
pub(super) struct Walk {
    hierarchy: u32,
    /// Still to come: directory, path, and the id, which is the directory's inode number.
    ahead: Vec<(PathBuf, String, u64)>,
}

impl Walk {
    pub(super) fn from(hierarchy: u32, directory: PathBuf, path: String) -> Self {
        let id = fs::metadata(&directory).map(|metadata| metadata.ino());
        Self {
            hierarchy,
            ahead: id.map(|id| (directory, path, id)).into_iter().collect(),
        }
    }
}

impl Iterator for Walk {
    type Item = Cgroup;

    fn next(&mut self) -> Option<Cgroup> {
        let (directory, path, id) = self.ahead.pop()?;
        // A directory that went away since it was listed has no children left to tell of; itself was there.
        for entry in fs::read_dir(&directory)
            .into_iter()
            .flatten()
            .flatten()
            .filter(is_cgroup)
        {
            let name = entry.file_name();
            let name = super::path::text(name.as_bytes());
            let below = format!("{}/{name}", path.trim_end_matches('/'));
            self.ahead.push((entry.path(), below, entry.ino()));
        }
        Some(Cgroup {
            key: CgroupKey::new(self.hierarchy, id),
            path,
        })
    }
}

fn is_cgroup(entry: &DirEntry) -> bool {
    entry.file_type().is_ok_and(|kind| kind.is_dir())
}
