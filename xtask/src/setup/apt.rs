//! Debian packages, by name. Looks before it installs; refreshes the package lists at most once.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Once;

use anyhow::{Result, bail};

use crate::step;

static LISTS: Once = Once::new();

/// Where Debian puts programs; a service's own daemon is often in an sbin that is not in a user's PATH.
const SYSTEM_FOLDERS: [&str; 4] = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// A machine that has just started may still be updating itself.
const WAIT: &str = "-oDPkg::Lock::Timeout=300";

/// Installs packages for a command that may also have come from somewhere else.
///
/// # Errors
/// As [`install`].
pub(crate) fn unless_command(command: &str, why: &str, packages: &[&str]) -> Result<()> {
    if which(command).is_some() {
        Ok(())
    } else {
        install(why, packages)
    }
}

/// Installs those of the packages that are missing.
///
/// # Errors
/// Without apt-get, without the right to use it, or when it fails.
pub(crate) fn install(why: &str, packages: &[&str]) -> Result<()> {
    let missing: Vec<&str> = packages
        .iter()
        .copied()
        .filter(|name| !installed(name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    if which("apt-get").is_none() {
        bail!(
            "needed ({why}) and missing: {names}; there is no apt-get here, so install their equivalents by hand"
        );
    }
    refresh()?;
    let mut apt = as_root("apt-get")?;
    apt.args(["-q", "-y", WAIT, "--no-install-recommends", "install"])
        .args(&missing);
    step::quietly(&format!("apt-get install {names} ({why})"), &mut apt)
}

/// Gets the machine's lists of packages anew, once in a run.
///
/// # Errors
/// What apt says.
pub(crate) fn refresh() -> Result<()> {
    let mut outcome = Ok(());
    LISTS.call_once(|| {
        outcome = as_root("apt-get").and_then(|mut apt| {
            step::quietly(
                "apt-get update (the lists of packages)",
                apt.args(["-q", WAIT, "update"]),
            )
        });
    });
    outcome
}

/// The full path of a command, also in the system's own folders.
pub(crate) fn which(command: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(SYSTEM_FOLDERS.iter().map(PathBuf::from))
        .map(|folder| folder.join(command))
        .find(|file| file.is_file())
}

/// This process has root's rights.
pub(crate) fn is_root() -> bool {
    // SAFETY: geteuid takes nothing and cannot fail.
    unsafe { libc::geteuid() == 0 }
}

/// A command with root's rights: as we are, or by sudo.
fn as_root(program: &str) -> Result<Command> {
    let mut command = if is_root() {
        Command::new(program)
    } else if let Some(sudo) = which("sudo") {
        // The password is asked for here: a step runs in a process group of its own and cannot read the terminal.
        let granted = Command::new(&sudo).arg("--validate").status();
        if !granted.is_ok_and(|status| status.success()) {
            bail!(
                "{program} needs root and sudo refused; run this once as root: cargo xtask setup"
            );
        }
        let mut command = Command::new(sudo);
        command.args(["DEBIAN_FRONTEND=noninteractive", program]);
        command
    } else {
        bail!(
            "{program} needs root and there is no sudo; run this once as root: cargo xtask setup"
        );
    };
    command.env("DEBIAN_FRONTEND", "noninteractive");
    Ok(command)
}

fn installed(package: &str) -> bool {
    let status =
        step::ask(Command::new("dpkg-query").args(["-W", "-f", "${db:Status-Status}\n", package]));
    status.is_some_and(|text| text.lines().any(|line| line == "installed"))
}
