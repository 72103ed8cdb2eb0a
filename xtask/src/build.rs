//! The complete executable: the page is built first, then the release build embeds it and the kernel
//! programs, and the result is asked whether both are really inside.

use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result, bail};

use crate::setup::{self, Need};
use crate::{step, tree};

/// What `bubble-chamber --version` says when nothing is missing inside.
const INSIDE: [(&str, &str); 2] = [
    (
        "kernel programs: embedded",
        "the kernel programs could not be built; see the warnings above, or: cargo xtask setup",
    ),
    (
        "page: embedded",
        "web/ui/dist was not embedded; remove it and build again",
    ),
];

/// Sets up, builds everything and checks it; answers with the executable's path.
///
/// # Errors
/// The first step that failed, or what is missing inside.
pub(crate) fn complete() -> Result<PathBuf> {
    setup::ensure(&setup::BUILD)?;
    page()?;
    step::openly(
        "cargo build --release",
        cargo("build").args(["--release", "-p", "bubble-chamber"]),
    )?;
    let binary = tree::binary();
    let said = step::ask(Command::new(&binary).arg("--version"))
        .with_context(|| format!("asking {} for its version", binary.display()))?;
    for (mark, what_to_do) in INSIDE {
        if !said.contains(mark) {
            bail!(
                "{} is not complete: `--version` does not say `{mark}`; {what_to_do}",
                binary.display()
            );
        }
    }
    Ok(binary)
}

/// A cargo command in the workspace. In CI the lock file is law.
pub(crate) fn cargo(subcommand: &str) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.arg(subcommand).current_dir(tree::root());
    if std::env::var_os("CI").is_some() && !["fmt", "install"].contains(&subcommand) {
        command.arg("--locked");
    }
    command
}

/// Builds the page, unless it was built from the same sources before.
///
/// # Errors
/// What npm says.
pub(crate) fn page() -> Result<()> {
    setup::ensure(&[Need::Page])?;
    let page = tree::page();
    let index = page.join("dist/index.html");
    let stamp = tree::target().join("xtask/page.stamp");
    let sources = fingerprint(&page).context("reading the page's sources")?;
    if built(&index).is_some_and(|at| {
        std::fs::read_to_string(&stamp).is_ok_and(|was| was == format!("{sources} {at}"))
    }) {
        return Ok(());
    }
    step::quietly(
        "npm run build in web/ui (the page)",
        Command::new("npm")
            .args(["run", "build"])
            .current_dir(&page),
    )?;
    let at =
        built(&index).with_context(|| format!("the page's build left no {}", index.display()))?;
    std::fs::write(&stamp, format!("{sources} {at}"))
        .with_context(|| format!("writing {}", stamp.display()))
}

/// When a file was written, ns since the epoch.
fn built(file: &Path) -> Option<u128> {
    let modified = std::fs::metadata(file).ok()?.modified().ok()?;
    Some(modified.duration_since(UNIX_EPOCH).ok()?.as_nanos())
}

/// One number for all that goes into the page: names and contents, without what is made from them.
fn fingerprint(folder: &Path) -> std::io::Result<u64> {
    let mut hasher = DefaultHasher::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let mut entries = std::fs::read_dir(&folder)?.collect::<std::io::Result<Vec<_>>>()?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name();
            if entry.file_type()?.is_dir() {
                if !["node_modules", "dist", "tests"]
                    .iter()
                    .any(|left_out| name == *left_out)
                {
                    folders.push(entry.path());
                }
            } else {
                hasher.write(entry.path().as_os_str().as_encoded_bytes());
                hasher.write(&std::fs::read(entry.path())?);
            }
        }
    }
    Ok(hasher.finish())
}

/// The executable that `BC_BIN` names, as it stands; else the complete one.
///
/// # Errors
/// What building says.
pub(crate) fn given_or_complete() -> Result<PathBuf> {
    let Some(given) = std::env::var_os("BC_BIN") else {
        return complete();
    };
    let given = std::path::absolute(given).context("finding BC_BIN")?;
    step::say(&format!("taking BC_BIN as it stands: {}", given.display()));
    Ok(given)
}

/// The executable, with none of the caller's settings.
pub(crate) fn program(binary: &Path) -> Command {
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("BC_") || text.starts_with("AUTH_") {
            command.env_remove(&name);
        }
    }
    command
}
