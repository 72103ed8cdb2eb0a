//! CRI-O: `crio-ID.scope` under the systemd manager, `crio-ID` under the cgroupfs manager.

use bc_schema::ContainerKind;

use super::{Owner, Step, is_full_id, scope_id};

/// The container whose top this directory is. `crio-conmon-ID` is its monitor.
pub(super) fn owner<'path>(step: &Step<'path>) -> Option<Owner<'path>> {
    let bare = || step.name.strip_prefix("crio-").filter(|id| is_full_id(id));
    let id = scope_id(step.name, "crio").or_else(bare)?;
    Some(Owner::new(ContainerKind::Crio, id))
}
