//! Builds the kernel programs and leaves their object in `OUT_DIR`, or leaves an empty file there when this machine has not got the
//! toolchain: the agent then builds all the same, and refuses to record. What to install is `cargo xtask setup`'s business.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A Rust that can build `core` for the BPF target: Debian's `rustc-web` with `rust-web-src`, or a rustup nightly with `rust-src`.
struct Toolchain {
    cargo: PathBuf,
    rustc: PathBuf,
}

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
    if run_ok(Command::new("bpf-linker").arg("--version")).is_none() {
        return Err("bpf-linker is not on the PATH".into());
    }
    let mut candidates = vec![Toolchain {
        cargo: "/usr/bin/cargo".into(),
        rustc: "/usr/bin/rustc".into(),
    }];
    let which = |tool| {
        run_ok(Command::new("rustup").args(["which", "--toolchain", "nightly", tool]))
            .map(|path| PathBuf::from(path.trim()))
    };
    if let (Some(cargo), Some(rustc)) = (which("cargo"), which("rustc")) {
        candidates.push(Toolchain { cargo, rustc });
    }
    candidates
        .into_iter()
        .find(|toolchain| {
            run_ok(clean(&mut Command::new(&toolchain.rustc)).args(["--print", "sysroot"]))
                .is_some_and(|sysroot| Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library/core").exists())
        })
        .ok_or_else(|| "no Rust with its library's source (Debian: rustc-web, cargo-web, rust-web-src; rustup: nightly with rust-src)".into())
}

fn build(toolchain: &Toolchain, root: &Path) -> Result<PathBuf, String> {
    let source = root.join("recorder-ebpf");
    // One target directory for every profile: `core` is built once.
    let target = root.join("target/ebpf");
    let mut command = Command::new(&toolchain.cargo);
    // aya-build, a build dependency that only looks for bpf-linker, claims to need a newer Rust than it does.
    clean(&mut command)
        .current_dir(&source)
        .env("RUSTC", &toolchain.rustc)
        .env("RUSTC_BOOTSTRAP", "1")
        .args([
            "build",
            "--release",
            "--locked",
            "--ignore-rust-version",
            "-Z",
            "build-std=core",
            "--target",
            "bpfel-unknown-none",
        ])
        .arg("--target-dir")
        .arg(&target);
    let output = command
        .output()
        .map_err(|error| format!("{}: {error}", toolchain.cargo.display()))?;
    if !output.status.success() {
        // A broken kernel program is an error of ours, not a poorer machine: the build must not go on without it.
        panic!(
            "building the kernel programs failed:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(target.join("bpfel-unknown-none/release/recorder"))
}

/// Takes away what the outer cargo says of its own build.
fn clean(command: &mut Command) -> &mut Command {
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let ours = [
            "CARGO",
            "RUST",
            "TARGET",
            "PROFILE",
            "OPT_LEVEL",
            "DEBUG",
            "HOST",
            "NUM_JOBS",
            "OUT_DIR",
        ];
        if ours.iter().any(|prefix| text.starts_with(prefix))
            && text != "CARGO_HOME"
            && text != "RUSTUP_HOME"
        {
            command.env_remove(&name);
        }
    }
    command
}

fn run_ok(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
