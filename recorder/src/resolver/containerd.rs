//! containerd: what `ctr` and nerdctl run, and what its CRI plugin runs outside of pods.
//!
//! `/NAMESPACE/ID` unless the client says otherwise. Of the namespaces, two are known by name; another cannot be told from Docker's
//! `--cgroup-parent` by path alone: [`candidate`] says what may be one, and containerd's own files have the last word.

use bc_schema::ContainerKind;

use super::{Owner, Step, is_full_id, scope_id};

/// The namespaces that are containerd's wherever they stand directly below the root.
const NAMESPACES: [&str; 2] = ["default", "k8s.io"];

/// The container whose top this directory is.
pub(super) fn owner<'path>(step: &Step<'path>) -> Option<Owner<'path>> {
    let scope = || scope_id(step.name, "cri-containerd").or_else(|| scope_id(step.name, "nerdctl"));
    let below_namespace = step.grandparent.is_none() && NAMESPACES.contains(&step.parent);
    let id = scope().or_else(|| below_namespace.then(|| id(step.path, step.name)))?;
    Some(Owner::new(ContainerKind::Containerd, id))
}

/// A path of the form `/NAMESPACE/ID…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate<'path> {
    /// The namespace it would be in.
    pub namespace: &'path str,
    /// What containerd would call it.
    pub id: &'path str,
    /// What it would be known by: a full id alone; a name with its namespace, as two namespaces may have the same.
    pub known_by: &'path str,
    /// Its top cgroup.
    pub container_path: &'path str,
}

/// What a path would be if containerd has a container of that name.
pub fn candidate(path: &str) -> Option<Candidate<'_>> {
    let (namespace, rest) = path.strip_prefix('/')?.split_once('/')?;
    let id_of = rest.split('/').next().filter(|id| !id.is_empty())?;
    let container_path = &path[..1 + namespace.len() + 1 + id_of.len()];
    Some(Candidate {
        namespace,
        id: id_of,
        known_by: id(&container_path[1..], id_of),
        container_path,
    })
}

/// Names are given by people, and are unique in their namespace only.
fn id<'path>(namespaced: &'path str, name: &'path str) -> &'path str {
    if is_full_id(name) {
        name
    } else {
        namespaced.trim_start_matches('/')
    }
}
