//! Node and the page's packages. Installs exactly what `package-lock.json` says, and only when it changed.

use std::process::Command;

use anyhow::{Context, Result};

use super::apt;
use crate::{step, tree};

/// Makes sure that the page can be built.
///
/// # Errors
/// What apt or npm say.
pub(crate) fn ensure() -> Result<()> {
    apt::unless_command("node", "Node, to build the page", &["nodejs"])?;
    apt::unless_command("npm", "npm, for the page's packages", &["npm"])?;
    let page = tree::page();
    let lock = page.join("package-lock.json");
    let wanted = std::fs::read(&lock).with_context(|| format!("reading {}", lock.display()))?;
    // npm leaves a lock file of its own, but changed in form; a copy of ours tells whether an install of it ended well.
    let done = page.join("node_modules/.installed-lock.json");
    if std::fs::read(&done).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund"])
        .current_dir(&page);
    step::quietly("npm ci in web/ui (the page's packages)", &mut npm)?;
    std::fs::write(&done, wanted).with_context(|| format!("writing {}", done.display()))
}
