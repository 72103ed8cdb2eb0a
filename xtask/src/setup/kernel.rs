//! The toolchain of the kernel programs: a compiler that has the sources of its core library, and
//! bpf-linker. Installs what is missing; what is looked for, and how it is used, is the recorder's to say.

#[path = "../../../recorder/build/toolchain.rs"]
mod toolchain;

use std::process::Command;

use anyhow::{Result, bail};

use super::apt;
use crate::{build, step};
pub(crate) use toolchain::{Toolchain, object};

/// The LLVM that Debian's rustc-web is built with; bpf-linker has to read that compiler's bitcode.
const LLVM: &str = "22";
/// The bpf-linker that is known to work with it.
const BPF_LINKER: &str = "0.13.0";

/// Makes sure that the kernel programs can be built.
///
/// # Errors
/// What apt or cargo say.
pub(crate) fn ensure() -> Result<()> {
    let toolchain = match Toolchain::find() {
        Some(toolchain) => toolchain,
        None => {
            let packages = ["rustc-web", "cargo-web", "rust-web-src"];
            apt::install(
                "a Rust compiler with library sources, for the kernel programs",
                &packages,
            )?;
            Toolchain::debian()
        }
    };
    if apt::which("bpf-linker").is_some() {
        return Ok(());
    }
    let mut cargo;
    if toolchain == Toolchain::debian() {
        let packages = [
            &format!("llvm-{LLVM}-dev"),
            "libzstd-dev",
            "zlib1g-dev",
            "g++",
        ];
        apt::install(
            "to build bpf-linker, which links the kernel programs",
            &packages,
        )?;
        cargo = build::cargo("install");
        cargo
            .args([
                "--no-default-features",
                "--features",
                &format!("llvm-{LLVM}"),
            ])
            .env("LLVM_PREFIX", format!("/usr/lib/llvm-{LLVM}"));
    } else {
        // Its own compiler's LLVM is the one that it reads.
        cargo = Command::new(&toolchain.cargo);
        cargo.arg("install").env("RUSTC", &toolchain.rustc);
    }
    cargo.args(["--locked", "bpf-linker", "--version", BPF_LINKER]);
    step::quietly(
        &format!("cargo install bpf-linker {BPF_LINKER} (links the kernel programs)"),
        &mut cargo,
    )?;
    if apt::which("bpf-linker").is_none() {
        bail!(
            "bpf-linker is installed but not found: put cargo's bin folder (~/.cargo/bin) into PATH"
        );
    }
    Ok(())
}
