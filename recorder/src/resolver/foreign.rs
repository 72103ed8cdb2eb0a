//! Runtimes that are recognised only to keep their containers from being taken for Docker's or Podman's.

use super::{Step, is_full_id};

/// Whether this directory belongs to a runtime that has no kind of its own yet: Kubernetes pods, containerd, CRI-O, LXC.
pub(super) fn owns(step: &Step<'_>) -> bool {
    kubernetes(step.name) || containerd(step) || lxc(step)
}

/// All pods hang below `kubepods` (cgroupfs) or `kubepods.slice` (systemd; `kubelet-kubepods.slice` where kubelet has a parent).
fn kubernetes(name: &str) -> bool {
    name == "kubepods" || name == "kubepods.slice" || name.ends_with("-kubepods.slice")
}

/// containerd's and CRI-O's scopes outside pods, and containerd's own `/NAMESPACE/ID`: a namespace other than its two usual ones
/// cannot be told from Docker's `--cgroup-parent`; there the runtime's socket has the last word.
fn containerd(step: &Step<'_>) -> bool {
    let scope = ["cri-containerd-", "crio-", "nerdctl-"]
        .iter()
        .any(|prefix| step.name.starts_with(prefix));
    let namespaced = matches!(step.parent, "default" | "k8s.io") && step.grandparent.is_empty();
    (scope && step.name.ends_with(".scope")) || (namespaced && is_full_id(step.name))
}

/// `/lxc/NAME` up to LXC 3, `/lxc.payload.NAME` or `/lxc.payload/NAME` since LXC 4.
fn lxc(step: &Step<'_>) -> bool {
    matches!(step.parent, "lxc" | "lxc.payload") || step.name.starts_with("lxc.payload.")
}
