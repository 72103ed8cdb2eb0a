//! Finding the hierarchies, and going between a cgroup's key, its path and its directory.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::sys::statfs::{CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, fstatfs};

use super::procfs::{self, Mount};
use super::walk::{Cgroup, Walk};
use super::{CgroupError, CgroupKey, handle, path};

/// The controllers (and the name systemd gives its own hierarchy) whose v1 hierarchies say who is in which container.
const TELLING: [&str; 5] = ["memory", "cpuacct", "pids", "freezer", "name=systemd"];

/// A mounted hierarchy.
#[derive(Debug)]
pub struct Hierarchy {
    id: u32,
    controllers: Vec<String>,
    mount_point: PathBuf,
    root: String,
    devices: Vec<u64>,
    directory: File,
}

impl Hierarchy {
    /// The kernel's `cgroup_root.hierarchy_id`; 0 is version 2.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Version 2.
    pub fn is_unified(&self) -> bool {
        self.id == 0
    }

    /// Its controllers, and `name=…` where it has a name. Empty for version 2: those vary from cgroup to cgroup.
    pub fn controllers(&self) -> &[String] {
        &self.controllers
    }

    /// Where it is mounted.
    pub fn mount_point(&self) -> &Path {
        &self.mount_point
    }

    /// Whether its paths tell who is in which container: those of the others add nothing.
    pub fn tells_containers(&self) -> bool {
        self.is_unified()
            || self
                .controllers
                .iter()
                .any(|name| TELLING.contains(&name.as_str()))
    }

    /// The directory of the cgroup with this path; `None` where the mount does not reach it.
    pub fn directory_of(&self, path: &str) -> Option<PathBuf> {
        let below = path.strip_prefix(self.root.trim_end_matches('/'))?;
        let reached = below.is_empty() || below.starts_with('/');
        reached.then(|| self.mount_point.join(below.trim_start_matches('/')))
    }

    /// The path of the cgroup with this id, if it still exists.
    pub fn path_of(&self, id: u64) -> Option<String> {
        let directory = handle::open(self.directory.as_fd(), id).ok()?;
        let place = fs::read_link(format!("/proc/self/fd/{}", directory.as_raw_fd())).ok()?;
        // Removed between the two calls: the kernel marks the name, and the path is no more.
        if place.as_os_str().as_bytes().ends_with(b" (deleted)") && !place.exists() {
            return None;
        }
        self.path_at(&place)
    }

    fn path_at(&self, directory: &Path) -> Option<String> {
        let below = directory.strip_prefix(&self.mount_point).ok()?;
        let below = path::text(below.as_os_str().as_bytes());
        let root = self.root.trim_end_matches('/');
        Some(if below.is_empty() && !root.is_empty() {
            root.to_owned()
        } else {
            format!("{root}/{below}")
        })
    }

    fn open(mount: &Mount, id: u32, controllers: Vec<String>) -> io::Result<Self> {
        let directory = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_DIRECTORY)
            .open(&mount.mount_point)?;
        let kind = fstatfs(&directory)?.filesystem_type();
        let wanted = if mount.unified {
            CGROUP2_SUPER_MAGIC
        } else {
            CGROUP_SUPER_MAGIC
        };
        let device = libc::makedev(mount.device.0, mount.device.1);
        // Something else may have been mounted over it since.
        if kind != wanted || directory.metadata()?.dev() != device {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(Self {
            id,
            controllers,
            mount_point: mount.mount_point.clone(),
            root: mount.root.clone(),
            devices: vec![device],
            directory,
        })
    }
}

/// All mounted hierarchies, v2 first, then by id.
#[derive(Debug)]
pub struct Hierarchies(pub(super) Vec<Hierarchy>);

impl Hierarchies {
    /// Finds what is mounted now.
    pub fn mounted() -> Result<Self, CgroupError> {
        let mounts = procfs::mounts(&read("/proc/self/mountinfo")?);
        let known = procfs::memberships(&read("/proc/self/cgroup")?);
        let mut found: Vec<Hierarchy> = Vec::new();
        // A mount of the whole hierarchy is worth more than one of a part of it, and a short mount point more than a long one.
        let mut mounts: Vec<_> = mounts.iter().collect();
        mounts.sort_by_key(|mount| (mount.root != "/", mount.mount_point.as_os_str().len()));
        for mount in mounts {
            let same = |controllers: &[String]| {
                controllers.iter().all(|name| mount.options.contains(name))
            };
            let hierarchy = known.iter().find(|known| match known.hierarchy {
                0 => mount.unified,
                _ => !mount.unified && !known.controllers.is_empty() && same(&known.controllers),
            });
            let Some(hierarchy) = hierarchy else { continue };
            let Ok(opened) =
                Hierarchy::open(mount, hierarchy.hierarchy, hierarchy.controllers.clone())
            else {
                continue;
            };
            match found.iter_mut().find(|other| other.id == opened.id) {
                Some(other) => other.devices.extend(opened.devices),
                None => found.push(opened),
            }
        }
        if found.is_empty() {
            return Err(CgroupError::NoneMounted);
        }
        found.sort_by_key(|hierarchy| hierarchy.id);
        Ok(Self(found))
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Hierarchy> {
        self.0.iter()
    }

    /// The one with this id.
    pub fn get(&self, id: u32) -> Option<&Hierarchy> {
        self.0.iter().find(|hierarchy| hierarchy.id == id)
    }

    /// The v1 hierarchy of a controller.
    pub fn of_controller(&self, controller: &str) -> Option<&Hierarchy> {
        self.0
            .iter()
            .find(|hierarchy| hierarchy.controllers.iter().any(|name| name == controller))
    }

    /// The key of the cgroup whose directory this is, in any of the mounted hierarchies.
    pub fn key_of(&self, directory: &Path) -> Result<CgroupKey, CgroupError> {
        let look = |source| CgroupError::Look {
            path: directory.to_owned(),
            source,
        };
        let metadata = fs::metadata(directory).map_err(look)?;
        let hierarchy = self
            .0
            .iter()
            .find(|hierarchy| hierarchy.devices.contains(&metadata.dev()));
        let hierarchy = hierarchy.filter(|_| metadata.is_dir());
        let hierarchy = hierarchy.ok_or_else(|| CgroupError::NotACgroup(directory.to_owned()))?;
        Ok(CgroupKey::new(
            hierarchy.id,
            handle::id_of(directory).map_err(look)?,
        ))
    }

    /// The path of a cgroup in its hierarchy, if it still exists.
    pub fn path_of(&self, key: CgroupKey) -> Option<String> {
        self.get(key.hierarchy)?.path_of(key.id)
    }

    /// Every cgroup of every mounted hierarchy, parents before children. Cgroups that come or go meanwhile may be in it or not.
    pub fn walk(&self) -> impl Iterator<Item = Cgroup> {
        self.0.iter().flat_map(|hierarchy| {
            let root = if hierarchy.root.is_empty() {
                "/"
            } else {
                &hierarchy.root
            };
            Walk::from(hierarchy.id, hierarchy.mount_point.clone(), root.to_owned())
        })
    }
}

pub(super) fn read(path: &str) -> Result<String, CgroupError> {
    let bytes = fs::read(path).map_err(|source| CgroupError::Proc {
        path: path.into(),
        source,
    })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
