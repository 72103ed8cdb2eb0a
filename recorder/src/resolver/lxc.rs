//! LXC and what is built on it (LXD, Incus, Proxmox): the payload is the container, the monitor is not.

use bc_schema::ContainerKind;

use super::{Owner, Step};

/// The container whose top this directory is.
///
/// `lxc.payload.NAME` since LXC 4, `lxc.payload/NAME` in the versions between, `lxc/NAME` up to LXC 3 and where a site has it so; there
/// the container may be in `payload` and its monitor in `monitor`.
pub(super) fn owner<'path>(step: &Step<'path>) -> Option<Owner<'path>> {
    let of_folder = || {
        let folder = matches!(step.parent, "lxc" | "lxc.payload");
        (folder && step.below != Some("monitor")).then_some(step.name)
    };
    let name = step.name.strip_prefix("lxc.payload.").or_else(of_folder)?;
    (!name.is_empty()).then(|| Owner::new(ContainerKind::Lxc, name))
}
