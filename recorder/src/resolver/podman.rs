//! Podman: everything of it is called `libpod…`, but not everything so called is a container.

use bc_schema::ContainerKind;

use super::{Owner, Step, is_full_id, scope_id};

/// Where the cgroupfs manager puts containers and pods unless told otherwise.
const DEFAULT_PARENT: &str = "libpod_parent";

/// The container whose top this directory is. `libpod-conmon-ID.scope` is its monitor, `…libpod_pod_ID.slice` a pod: neither is one.
pub(super) fn owner<'path>(step: &Step<'path>) -> Option<Owner<'path>> {
    let id = scope_id(step.name, "libpod").or_else(|| cgroupfs_id(step.name))?;
    Some(Owner::new(ContainerKind::Podman, id))
}

/// Whether a directory named by a bare id is a pod of the cgroupfs manager. Under a parent that somebody chose, only a container
/// inside it tells.
pub(super) fn is_pod(step: &Step<'_>) -> bool {
    step.parent == DEFAULT_PARENT || step.below.is_some_and(|name| cgroupfs_id(name).is_some())
}

/// `libpod-ID`, or `libpod-payload-ID` where the container shares its unit's cgroup (`--cgroups=split`, as Quadlet does).
fn cgroupfs_id(name: &str) -> Option<&str> {
    let id = name.strip_prefix("libpod-")?;
    Some(id.strip_prefix("payload-").unwrap_or(id)).filter(|id| is_full_id(id))
}
