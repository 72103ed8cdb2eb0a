//! The toolchain of the kernel programs: a compiler that has the sources of its core library, and
//! bpf-linker. Installs what is missing; `recorder/build.rs` looks for the same and uses it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use super::apt;
use crate::{build, step};

/// The LLVM that Debian's rustc-web is built with; bpf-linker has to read that compiler's bitcode.
const LLVM: &str = "22";
/// The bpf-linker that is known to work with it.
const BPF_LINKER: &str = "0.13.0";

/// A Rust that can build `core` for the BPF target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Toolchain {
    pub(crate) cargo: PathBuf,
    pub(crate) rustc: PathBuf,
}

/// Makes sure that the kernel programs can be built.
///
/// # Errors
/// What apt or cargo say.
pub(crate) fn ensure() -> Result<()> {
    let toolchain = match find() {
        Some(toolchain) => toolchain,
        None => {
            let packages = ["rustc-web", "cargo-web", "rust-web-src"];
            apt::install(
                "a Rust compiler with library sources, for the kernel programs",
                &packages,
            )?;
            debian()
        }
    };
    if apt::which("bpf-linker").is_some() {
        return Ok(());
    }
    let mut cargo;
    if toolchain == debian() {
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

/// The toolchain that is there: Debian's, or else rustup's nightly, with its library's sources.
pub(crate) fn find() -> Option<Toolchain> {
    let nightly = |tool| {
        let path =
            step::ask(Command::new("rustup").args(["which", "--toolchain", "nightly", tool]))?;
        Some(PathBuf::from(path.trim()))
    };
    let rustup = || {
        Some(Toolchain {
            cargo: nightly("cargo")?,
            rustc: nightly("rustc")?,
        })
    };
    Some(debian())
        .filter(has_sources)
        .or_else(|| rustup().filter(has_sources))
}

fn debian() -> Toolchain {
    Toolchain {
        cargo: "/usr/bin/cargo".into(),
        rustc: "/usr/bin/rustc".into(),
    }
}

fn has_sources(toolchain: &Toolchain) -> bool {
    let sysroot = step::ask(Command::new(&toolchain.rustc).args(["--print", "sysroot"]));
    sysroot.is_some_and(|path| {
        Path::new(path.trim())
            .join("lib/rustlib/src/rust/library/core")
            .is_dir()
    })
}
