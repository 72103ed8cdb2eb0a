//! Whose a cgroup is: from its path alone to the container or job that owns it.
//!
//! Pure: it reads no file and asks nobody. What a container is called is [`crate::runtime`]'s to know, where cgroups are mounted
//! [`crate::cgroup`]'s. A `run` is registered by whoever starts it and is not resolved here.
//!
//! A path is walked from the root down and the first owner met wins, so what runs nested in a container belongs to that container.
//! Directories that merely hold containers (`/docker`, `/libpod_parent`, `/slurm/uid_0`) own nothing. Runtimes that have no kind of
//! their own yet are recognised so that nothing of theirs is taken for somebody else's; with them, too, the search ends.

mod docker;
mod foreign;
mod globs;
mod podman;
mod slurm;

#[cfg(test)]
mod tests;

use bc_schema::ContainerKind;

pub use globs::{BadGlob, Excludes, Globs};

/// The owner of a cgroup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<'path> {
    /// What manages it.
    pub kind: ContainerKind,
    /// What users call it.
    pub id: &'path str,
    /// The container's own top cgroup: a prefix of the path that was asked for.
    pub container_path: &'path str,
    /// The path asked for is that top cgroup, and not one below it.
    pub is_top: bool,
    /// The user it belongs to, where the path says so.
    pub uid: Option<u32>,
}

/// The container or job that owns the cgroup at `path` (as in its hierarchy, without the mount point), if one does.
pub fn resolve(path: &str) -> Option<Found<'_>> {
    for step in steps(path) {
        if foreign::owns(&step) {
            return None;
        }
        if let Some(owner) = docker::owner(&step)
            .or_else(|| podman::owner(&step))
            .or_else(|| slurm::owner(&step))
        {
            let container_path = &path[..step.end];
            return Some(Found {
                kind: owner.kind,
                id: owner.id,
                container_path,
                is_top: step.below.is_none(),
                uid: owner.uid,
            });
        }
    }
    None
}

/// One directory of a path, with what its name has to be judged by.
struct Step<'path> {
    /// Its name.
    name: &'path str,
    /// The name of the directory above; empty for one directly below the root.
    parent: &'path str,
    /// The name of the directory above that one.
    grandparent: &'path str,
    /// The name of the directory below, where the path goes on.
    below: Option<&'path str>,
    /// Where its name ends in the path.
    end: usize,
}

/// What a runtime says of a directory that is a container's top.
struct Owner<'path> {
    kind: ContainerKind,
    id: &'path str,
    uid: Option<u32>,
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
    let (mut grandparent, mut parent) = ("", "");
    std::iter::from_fn(move || {
        let (name, end) = names.next()?;
        let below = names.peek().map(|&(name, _)| name);
        let step = Step {
            name,
            parent,
            grandparent,
            below,
            end,
        };
        (grandparent, parent) = (parent, name);
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
