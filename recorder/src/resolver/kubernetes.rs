//! Kubernetes: pods hang below one directory, and what a container runtime makes there is a pod's container.

/// Whether all below this directory belongs to pods: `kubepods` under kubelet's cgroupfs driver, `kubepods.slice` under its systemd
/// driver, with the names of kubelet's own parent before it where it has one.
///
/// Quality-of-service classes and pods are directories in between; in themselves they hold no process.
pub(super) fn holds_pods(name: &str) -> bool {
    name == "kubepods" || name == "kubepods.slice" || name.ends_with("-kubepods.slice")
}
