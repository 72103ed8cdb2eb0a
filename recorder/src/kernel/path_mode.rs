//! Chooses how the kernel programs may read what typed loads do not reach: by kfunc, by probe, or not at all.

use bc_abi::{ABSENT, KernelFunction, Layout, PathMode};

use super::KernelError;
use super::btf::KernelTypes;
use super::object::patch;

/// Where the kernel states its lockdown.
const LOCKDOWN: &str = "/sys/kernel/security/lockdown";

/// Sets the layout's mode, and makes the object fit it.
pub(super) fn choose(
    types: &KernelTypes,
    layout: &mut Layout,
    object: &mut [u8],
) -> Result<(), KernelError> {
    let kfunc = types.function_id(KernelFunction::RDONLY_CAST.name)?;
    let binprm = types.structure_id("linux_binprm")?;
    let mode = match (kfunc, binprm) {
        (Some(kfunc), Some(binprm)) if layout.binprm_buf != ABSENT => {
            patch(object, KernelFunction::RDONLY_CAST, kfunc);
            layout.binprm_id = binprm;
            PathMode::Cast
        }
        _ if !locked_down() => PathMode::Probe,
        _ => PathMode::None,
    };
    layout.path_mode = mode as u32;
    if layout.mm_rss_by_probe == 1 && locked_down() {
        tracing::warn!(
            "this kernel's lockdown hides the resident memory of processes: it is not recorded"
        );
        layout.mm_rss_by_probe = ABSENT;
    }
    if layout.pid_by_probe == 1 && locked_down() {
        layout.pid_by_probe = ABSENT;
    }
    tracing::debug!(?mode, "kernel strings");
    Ok(())
}

/// Whether `bpf_probe_read_kernel` is refused. Where securityfs is not mounted the answer is unknown, and the safe one is given.
fn locked_down() -> bool {
    std::fs::read_to_string(LOCKDOWN).map_or(true, |state| state.contains("[confidentiality]"))
}
