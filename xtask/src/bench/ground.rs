//! What every measurement stands on: the executable, the load programs, a folder on the disk, and the right to be the only one there.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::setup::apt;
use crate::{build, oracle, tree};

/// The measuring's own place below `target/`.
pub(super) struct Ground {
    /// The executable.
    binary: PathBuf,
    oracles: PathBuf,
    folder: PathBuf,
    /// Held for as long as something is measured: two measurements at once would measure each other.
    _lock: File,
}

impl Ground {
    /// Builds what is missing and clears the place. `BC_BIN` names an executable to be measured as it stands.
    ///
    /// # Errors
    /// Without root, while another measurement runs, or what building says.
    pub(super) fn prepare() -> Result<Self> {
        if !apt::is_root() {
            bail!("what is measured loads programs into the kernel: run as root");
        }
        let folder = tree::target().join("bench");
        std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        let lock = File::create(folder.join("lock")).context("making the lock file")?;
        if lock.try_lock().is_err() {
            bail!("another `cargo xtask bench` runs; wait until it has ended");
        }
        let ground = Self {
            binary: build::given_or_complete()?,
            oracles: oracle::compile()?,
            folder,
            _lock: lock,
        };
        ground.clear()?;
        Ok(ground)
    }

    /// For logs.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The data directory of recorders.
    pub(super) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Removes the data directory.
    ///
    /// # Errors
    /// It cannot be removed.
    pub(super) fn clear(&self) -> Result<()> {
        let data = self.data();
        match std::fs::remove_dir_all(&data) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("removing {}", data.display()))
            }
            _ => Ok(()),
        }
    }

    /// The executable, with the data directory and none of the caller's settings.
    pub(super) fn program(&self, role: &str) -> Command {
        let mut command = build::program(&self.binary);
        command
            .current_dir(&self.folder)
            .arg(role)
            .arg("--data")
            .arg(self.data());
        command
    }

    /// A command under `bubble-chamber run`.
    pub(super) fn run<S: AsRef<OsStr>>(&self, id: &str, command: &[S]) -> Command {
        let mut run = self.program("run");
        run.args(["--id", id, "--"]).args(command);
        run
    }

    /// The path of a load program.
    pub(super) fn oracle(&self, name: &str) -> String {
        self.oracles.join(name).display().to_string()
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        if let Err(error) = self.clear() {
            eprintln!("    {error:#}");
        }
    }
}
