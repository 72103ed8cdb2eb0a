//! How the kernel programs are built: with which Rust, and by which command. The build script uses it, and `cargo xtask`, which
//! installs what is missing and builds them with a defect; both compile this very file.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A Rust that can build `core` for the BPF target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Toolchain {
    pub(crate) cargo: PathBuf,
    pub(crate) rustc: PathBuf,
}

impl Toolchain {
    /// Debian's `rustc-web` and `cargo-web`, there or not; with `rust-web-src` they have the library's source.
    pub(crate) fn debian() -> Self {
        Self {
            cargo: "/usr/bin/cargo".into(),
            rustc: "/usr/bin/rustc".into(),
        }
    }

    /// The one that is there: Debian's, or else rustup's nightly, with its library's source.
    pub(crate) fn find() -> Option<Self> {
        let nightly = |tool| {
            let path = said(Command::new("rustup").args(["which", "--toolchain", "nightly", tool]));
            Some(PathBuf::from(path?.trim()))
        };
        let rustup = || {
            Some(Self {
                cargo: nightly("cargo")?,
                rustc: nightly("rustc")?,
            })
        };
        Some(Self::debian())
            .filter(Self::has_sources)
            .or_else(|| rustup().filter(Self::has_sources))
    }

    fn has_sources(&self) -> bool {
        let sysroot = said(clean(&mut Command::new(&self.rustc)).args(["--print", "sysroot"]));
        sysroot.is_some_and(|path| {
            Path::new(path.trim())
                .join("lib/rustlib/src/rust/library/core")
                .is_dir()
        })
    }

    /// Builds the programs of this folder; the object is left at [`object`] in `results`.
    pub(crate) fn build(&self, source: &Path, results: &Path) -> Command {
        let mut cargo = Command::new(&self.cargo);
        clean(&mut cargo)
            .current_dir(source)
            .env("RUSTC", &self.rustc)
            .env("RUSTC_BOOTSTRAP", "1")
            // aya-build, a build dependency that only looks for bpf-linker, claims to need a newer Rust than it does.
            .args(["build", "--release", "--locked", "--ignore-rust-version"])
            .args(["-Z", "build-std=core", "--target", "bpfel-unknown-none"])
            .arg("--target-dir")
            .arg(results);
        cargo
    }
}

/// Where a build leaves the object in its results.
pub(crate) fn object(results: &Path) -> PathBuf {
    results.join("bpfel-unknown-none/release/recorder")
}

/// A command's standard output, or `None` when it is not there or fails.
pub(crate) fn said(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Takes away what an outer cargo says of its own build: it must not reach another cargo of another version.
fn clean(command: &mut Command) -> &mut Command {
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let outer = [
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
        if outer.iter().any(|prefix| text.starts_with(prefix))
            && text != "CARGO_HOME"
            && text != "RUSTUP_HOME"
        {
            command.env_remove(&name);
        }
    }
    command
}
