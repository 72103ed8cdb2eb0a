//! A second build of the kernel programs with one defect put in on purpose: a test that does not notice it
//! is worth nothing. The object that is shipped is built by `recorder/build.rs`.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::setup::kernel;
use crate::{step, tree};

/// Closes a process's totals at the exit tracepoint, where most of a short process's CPU is still missing.
const CLOSE_AT_EXIT: &str = "mutant-close-at-exit";

/// Builds the object with the defect; answers with its path.
///
/// # Errors
/// Without a toolchain, or what it says.
pub(crate) fn mutant() -> Result<PathBuf> {
    let toolchain = kernel::Toolchain::find()
        .context("no toolchain for the kernel programs; run: cargo xtask setup live")?;
    let results = tree::target().join("ebpf-mutant");
    let mut cargo = toolchain.build(&tree::root().join("recorder-ebpf"), &results);
    cargo
        // The same intermediate results as the shipped object's: the core library is built once.
        .env("CARGO_BUILD_BUILD_DIR", tree::root().join("target/ebpf"))
        .args(["--features", CLOSE_AT_EXIT]);
    step::quietly(
        "building the kernel programs with a defect (the tests must notice it)",
        &mut cargo,
    )?;
    let object = kernel::object(&results);
    if !object.is_file() {
        bail!("building the kernel programs left no {}", object.display());
    }
    Ok(object)
}
