//! A second build of the kernel programs with one defect put in on purpose: a test that does not notice it
//! is worth nothing. The object that is shipped is built by `recorder/build.rs`.

use std::path::PathBuf;
use std::process::Command;

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
    let toolchain = kernel::find()
        .context("no toolchain for the kernel programs; run: cargo xtask setup live")?;
    let results = tree::target().join("ebpf-mutant");
    let mut cargo = Command::new(&toolchain.cargo);
    // What the outer cargo says of itself must not reach another cargo of another version.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if (text.starts_with("CARGO") || text.starts_with("RUST"))
            && text != "CARGO_HOME"
            && text != "RUSTUP_HOME"
        {
            cargo.env_remove(&name);
        }
    }
    cargo
        .current_dir(tree::root().join("recorder-ebpf"))
        .env("RUSTC", &toolchain.rustc)
        .env("RUSTC_BOOTSTRAP", "1")
        // The same intermediate results as the shipped object's: the core library is built once.
        .env("CARGO_BUILD_BUILD_DIR", tree::root().join("target/ebpf"))
        .args([
            "build",
            "--release",
            "--locked",
            "--ignore-rust-version",
            "-Z",
            "build-std=core",
        ])
        .args([
            "--target",
            "bpfel-unknown-none",
            "--features",
            CLOSE_AT_EXIT,
            "--target-dir",
        ])
        .arg(&results);
    step::quietly(
        "building the kernel programs with a defect (the tests must notice it)",
        &mut cargo,
    )?;
    let object = results.join("bpfel-unknown-none/release/recorder");
    if !object.is_file() {
        bail!("building the kernel programs left no {}", object.display());
    }
    Ok(object)
}
