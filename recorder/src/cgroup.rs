//! The mounted cgroup hierarchies: their cgroups' keys in the kernel, their paths, and a cgroup of its own for a `run`.
//!
//! v1, v2 and hybrid hosts alike: every hierarchy has an id, every cgroup in it another, and only both together name a cgroup
//! ([`CgroupKey`]). Whose a path is, [`crate::resolver`] says; which cgroups are watched, the kernel's watch table.

mod deserted;
mod handle;
mod hierarchy;
pub(crate) mod path;
mod procfs;
mod run;
mod walk;

#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;

pub use bc_abi::CgroupKey;
pub(crate) use deserted::{is_for_a_run, remove_if_deserted};
pub use hierarchy::{Hierarchies, Hierarchy};
pub use run::{RunCgroup, enter, remove_when_empty};
pub use walk::Cgroup;

/// What went wrong with cgroups.
#[derive(Debug, thiserror::Error)]
pub enum CgroupError {
    /// A file of `/proc` that tells of cgroups could not be read.
    #[error("cannot read {path}: {source}; is /proc mounted?")]
    Proc {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// None is mounted.
    #[error(
        "no cgroup hierarchy is mounted; mount one, for example with `mount -t cgroup2 none /sys/fs/cgroup`"
    )]
    NoneMounted,
    /// A directory is in none of the mounted hierarchies.
    #[error("{0} is not a directory of a mounted cgroup hierarchy")]
    NotACgroup(PathBuf),
    /// A directory could not be looked at.
    #[error("cannot look at the cgroup {path}: {source}")]
    Look {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No hierarchy took a new cgroup.
    #[error(
        "cannot make a cgroup for the command below the caller's own: {}; as root, or where your cgroup is delegated to you, it works",
        .tried.join("; ")
    )]
    NoRoom {
        /// What was tried, and what each said.
        tried: Vec<String>,
    },
    /// Processes still live in it.
    #[error("cannot remove the cgroup {path}: {source}; processes of the command still live there")]
    InUse {
        /// Which.
        path: PathBuf,
        /// What the kernel said last.
        source: io::Error,
    },
}
