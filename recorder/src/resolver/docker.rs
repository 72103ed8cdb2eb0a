//! Docker: `docker-ID.scope` under the systemd driver, a directory named by the bare id under the cgroupfs driver.

use bc_schema::ContainerKind;

use super::{Owner, Step, is_full_id, podman, scope_id};

/// The container whose top this directory is.
///
/// The parent of a bare id is `docker` unless somebody chose another (`--cgroup-parent`), so any parent will do that is not known
/// to hold something else.
pub(super) fn owner<'path>(step: &Step<'path>) -> Option<Owner<'path>> {
    let bare = || Some(step.name).filter(|name| is_full_id(name) && !podman::is_pod(step));
    let id = scope_id(step.name, "docker").or_else(bare)?;
    Some(Owner::new(ContainerKind::Docker, id))
}
