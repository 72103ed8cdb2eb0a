//! Whose a cgroup is: from its path alone to the container or job that owns it.
//!
//! Pure: it reads no file and asks nobody. What a container is called is [`crate::runtime`]'s to know, where cgroups are mounted
//! [`crate::cgroup`]'s. A `run` is registered by whoever starts it and is not resolved here.
//!
//! A path is walked from the root down and the first owner met wins, so what runs nested in a container belongs to that container.
//! Directories that merely hold containers (`/docker`, `/libpod_parent`, `/slurm/uid_0`) own nothing. The paths that are recognised, each
//! with where its form comes from, are a table in the tests, and the same table in `docs/runtimes.md`.

mod containerd;
mod crio;
mod docker;
mod globs;
mod kubernetes;
mod lxc;
mod podman;
mod reserved;
mod slurm;
mod systemd;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use bc_schema::ContainerKind;

pub use containerd::{Candidate, candidate};
pub use globs::{BadGlob, Excludes, Globs};
pub use reserved::is_reserved;
pub use systemd::Units;

/// The owner of a cgroup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<'path> {
    /// What manages it.
    pub kind: ContainerKind,
    /// What users call it.
    pub id: Cow<'path, str>,
    /// The container's own top cgroup: a prefix of the path that was asked for.
    pub container_path: &'path str,
    /// The path asked for is that top cgroup, and not one below it.
    pub is_top: bool,
    /// The user it belongs to, where the path says so.
    pub uid: Option<u32>,
    /// The id is one that Slurm alone knows the job by; its number stands in the environment of its processes.
    pub is_sluid: bool,
}

/// The container or job that owns the cgroup at `path` (as in its hierarchy, without the mount point), if one does.
pub fn resolve(path: &str) -> Option<Found<'_>> {
    let mut in_pods = false;
    for step in steps(path) {
        in_pods |= kubernetes::holds_pods(step.name);
        if let Some(owner) = owner(&step) {
            return Some(Found {
                kind: if in_pods {
                    ContainerKind::Kubernetes
                } else {
                    owner.kind
                },
                id: owner.id.into(),
                container_path: step.path,
                is_top: step.below.is_none(),
                uid: owner.uid,
                is_sluid: owner.is_sluid,
            });
        }
    }
    None
}

/// Whose top a directory is. Docker, which leaves the most open, is asked last.
fn owner<'path>(step: &Step<'path>) -> Option<Owner<'path>> {
    podman::owner(step)
        .or_else(|| slurm::owner(step))
        .or_else(|| crio::owner(step))
        .or_else(|| lxc::owner(step))
        .or_else(|| containerd::owner(step))
        .or_else(|| docker::owner(step))
}

/// One directory of a path, with what its name has to be judged by.
struct Step<'path> {
    /// Its name.
    name: &'path str,
    /// The path up to and with its name.
    path: &'path str,
    /// The name of the directory above; empty for one directly below the root.
    parent: &'path str,
    /// The name of the directory above that one, where it is not the root.
    grandparent: Option<&'path str>,
    /// The name of the directory below, where the path goes on.
    below: Option<&'path str>,
}

/// What a runtime says of a directory that is a container's top.
struct Owner<'path> {
    kind: ContainerKind,
    id: &'path str,
    uid: Option<u32>,
    is_sluid: bool,
}

impl<'path> Owner<'path> {
    fn new(kind: ContainerKind, id: &'path str) -> Self {
        Self {
            kind,
            id,
            uid: None,
            is_sluid: false,
        }
    }
}

fn steps(path: &str) -> impl Iterator<Item = Step<'_>> {
    let mut names = path
        .split('/')
        .scan(0, |end, name| {
            let start = *end;
            *end = start + name.len() + 1;
            Some((name, start + name.len()))
        })
        .filter(|(name, _)| !name.is_empty())
        .peekable();
    let (mut grandparent, mut parent) = (None, "");
    std::iter::from_fn(move || {
        let (name, end) = names.next()?;
        let below = names.peek().map(|&(name, _)| name);
        let step = Step {
            name,
            path: &path[..end],
            parent,
            grandparent,
            below,
        };
        grandparent = Some(parent).filter(|parent| !parent.is_empty());
        parent = name;
        Some(step)
    })
}

/// Whether a name is a full container id: 64 lower-case hexadecimal digits.
fn is_full_id(name: &str) -> bool {
    name.len() == 64
        && name
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The id in a systemd scope `PREFIX-ID.scope`.
fn scope_id<'path>(name: &'path str, prefix: &str) -> Option<&'path str> {
    name.strip_prefix(prefix)?
        .strip_prefix('-')?
        .strip_suffix(".scope")
        .filter(|id| is_full_id(id))
}
