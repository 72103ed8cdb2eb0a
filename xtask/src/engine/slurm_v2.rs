//! A second Slurm, on cgroup version 2, in a tree of its own. Slurm refuses a machine that has hierarchies of version 1 as well; there
//! its daemons are shown version 2 alone (`unified_only.c`).

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::Engine;
use super::slurm::{self, Cgroups};
use crate::step;

/// Where version 2 is mounted: beside version 1, or alone.
const MOUNTS: [&str; 2] = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"];
/// Our tree in it.
const ROOT: &str = "/bubble-chamber-test-slurm";

/// Starts it, as [`slurm::start`].
///
/// # Errors
/// Version 2 is not mounted, or as there.
pub(super) fn start(folder: &Path) -> Result<Engine> {
    let mount = MOUNTS
        .iter()
        .find(|mount| Path::new(mount).join("cgroup.controllers").is_file());
    let Some(mount) = mount else {
        bail!(
            "version 2 of cgroups is not mounted in {}",
            MOUNTS.join(" or ")
        );
    };
    let root = PathBuf::from(format!("{mount}{ROOT}"));
    // An earlier run may have been killed.
    remove(&root).with_context(|| format!("clearing {}", root.display()))?;
    let slice = root.join("system.slice");
    std::fs::create_dir_all(&slice).with_context(|| format!("making {}", slice.display()))?;
    let shim = folder.join("unified_only.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/src/engine/unified_only.c");
    let mut compiler = Command::new("cc");
    compiler.args([
        "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o",
    ]);
    compiler.arg(&shim).arg(source).arg("-ldl");
    step::quietly("cc unified_only.c", &mut compiler)?;
    let settings = format!(
        "CgroupPlugin=cgroup/v2\nCgroupMountpoint={}\nIgnoreSystemd=yes\nConstrainCores=no\nConstrainRAMSpace=no\n",
        root.display()
    );
    let cgroups = Cgroups {
        variable: "BC_SLURM_V2_CONF",
        settings,
        // The other kind needs controllers that version 2 does not have on a hybrid machine.
        accounting: "jobacct_gather/linux",
        environment: vec![("LD_PRELOAD", shim.into()), ("BC_CGROUP_ROOT", ROOT.into())],
    };
    let started = slurm::start(folder, &cgroups)?;
    Ok(Engine {
        cgroups: Some(root),
        ..started
    })
}

/// Removes a tree of cgroups in which nothing runs any more.
///
/// # Errors
/// Something does.
pub(super) fn remove(tree: &Path) -> std::io::Result<()> {
    if !tree.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(tree)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove(&entry.path())?;
        }
    }
    std::fs::remove_dir(tree)
}
