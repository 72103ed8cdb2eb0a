//! What container runtimes say of their containers: names, images, labels, limits.
//!
//! From docker-compatible sockets as it happens ([`follow`]), from Podman's files where it has no socket ([`podman_fact`]), and from what
//! containerd, CRI-O and kubelet have on disk while a container runs (`Written`).
//! Which cgroups there are, and whose, is known without any of this; what is said here only gives them faces. Labels leave here as
//! the runtime has them: [`crate::mask`] is the receiver's to apply.

mod bundle;
mod follow;
mod kubernetes;
mod podman;
mod said;
mod session;
mod written;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use bc_schema::{ContainerKind, Limits};

pub use follow::follow;
pub(crate) use kubernetes::pod_name;
pub use podman::{podman_fact, podman_names, podman_roots};
pub(crate) use written::Written;

/// What a runtime says of one container. A later statement replaces an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuntimeFact {
    /// Which runtime says it.
    pub kind: ContainerKind,
    /// The full id.
    pub id: String,
    /// The name, without a leading slash.
    pub name: String,
    /// The image, as it was asked for.
    pub image: Option<String>,
    /// The labels, not masked.
    pub labels: BTreeMap<String, String>,
    /// The limits.
    pub limits: Limits,
    /// Its first process on this host, while it runs.
    pub pid: Option<u32>,
}
