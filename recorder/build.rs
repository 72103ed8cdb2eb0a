//! Builds the kernel programs and leaves their object in `OUT_DIR`, or leaves an empty file there when this machine has not got the
//! toolchain: the agent then builds all the same, and refuses to record. What to install is `cargo xtask setup`'s business.

#[path = "build/toolchain.rs"]
mod toolchain;

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use toolchain::Toolchain;

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo")).join("..");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo")).join("recorder.bpf.o");
    for source in [
        "recorder-ebpf/src",
        "recorder-ebpf/Cargo.toml",
        "recorder-ebpf/Cargo.lock",
        "schema/abi/src",
    ] {
        println!("cargo::rerun-if-changed={}", root.join(source).display());
    }
    println!("cargo::rerun-if-env-changed=PATH");
    let object = match toolchain() {
        Ok(toolchain) => build(&toolchain, &root),
        Err(missing) => Err(missing),
    };
    match object {
        Ok(object) => {
            std::fs::copy(&object, &out).expect("OUT_DIR is writable");
        }
        Err(problem) => {
            println!(
                "cargo::warning=without kernel programs, so this build will not record: {problem}; `cargo xtask setup` installs what is needed"
            );
            std::fs::write(&out, []).expect("OUT_DIR is writable");
        }
    }
}

fn toolchain() -> Result<Toolchain, String> {
    if toolchain::said(Command::new("bpf-linker").arg("--version")).is_none() {
        return Err("bpf-linker is not on the PATH".into());
    }
    Toolchain::find().ok_or_else(|| "no Rust with its library's source (Debian: rustc-web, cargo-web, rust-web-src; rustup: nightly with rust-src)".into())
}

fn build(toolchain: &Toolchain, root: &Path) -> Result<PathBuf, String> {
    // One target directory for every profile: `core` is built once.
    let results = root.join("target/ebpf");
    let output = toolchain
        .build(&root.join("recorder-ebpf"), &results)
        .output()
        .map_err(|error| format!("{}: {error}", toolchain.cargo.display()))?;
    if !output.status.success() {
        // A broken kernel program is an error of ours, not a poorer machine: the build must not go on without it.
        panic!(
            "building the kernel programs failed:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(toolchain::object(&results))
}
