//! The container engines and the batch system that the engine tests run against, from Debian's packages.

use anyhow::Result;

use super::apt;

/// Makes sure that Docker, Podman with runc, containerd with `ctr`, Slurm and what their test image is made of are installed.
///
/// # Errors
/// What apt says.
pub(crate) fn ensure() -> Result<()> {
    apt::install("Docker, for tests with real containers", &["docker.io"])?;
    apt::install(
        "Podman with runc, for tests with real containers",
        &["podman", "runc"],
    )?;
    apt::install(
        "containerd with ctr, for tests with real containers",
        &["containerd"],
    )?;
    apt::install("what the test image is made of", &["busybox-static"])?;
    apt::install(
        "Slurm, for tests with real jobs",
        &["slurmctld", "slurmd", "slurm-client", "munge"],
    )
}
