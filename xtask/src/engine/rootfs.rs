//! The root file system that test containers have: busybox and the folders that a container expects.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::step;

/// Debian's static busybox; it needs no library inside a container.
const BUSYBOX: &str = "/bin/busybox";

/// Fills an empty folder; answers with it.
///
/// # Errors
/// What could not be made.
pub(super) fn make(folder: &Path) -> Result<PathBuf> {
    for name in [
        "bin", "dev", "etc", "oracles", "proc", "root", "run", "sys", "tmp", "usr", "var",
    ] {
        let path = folder.join(name);
        std::fs::create_dir_all(&path).with_context(|| format!("making {}", path.display()))?;
    }
    std::fs::write(folder.join("etc/passwd"), "root:x:0:0:root:/:/bin/sh\n")
        .context("writing etc/passwd")?;
    let busybox = folder.join("bin/busybox");
    std::fs::copy(BUSYBOX, &busybox).with_context(|| format!("copying {BUSYBOX}"))?;
    let applets =
        step::ask(Command::new(BUSYBOX).arg("--list")).context("asking busybox for its applets")?;
    for applet in applets.lines().filter(|applet| *applet != "busybox") {
        let link = folder.join("bin").join(applet);
        std::os::unix::fs::symlink("busybox", &link)
            .with_context(|| format!("making {}", link.display()))?;
    }
    Ok(folder.to_path_buf())
}
