//! The data directory: what lies where in it, and who may have it. What is in the database is the store's.

mod lock;
mod secret;

use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

pub(crate) use lock::{Holder, Lock};

use bc_web::Secret;

/// A data directory, by its paths.
#[derive(Debug, Clone)]
pub(crate) struct DataDir(PathBuf);

impl DataDir {
    /// Takes the directory as it is, there or not.
    pub(crate) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Makes the directory where it is missing, for its owner alone; so is every file that this process makes from here on.
    pub(crate) fn create(path: &Path) -> anyhow::Result<Self> {
        // The store makes files of its own, which a directory that others may enter would otherwise show them.
        nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o077));
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        match made {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                bail!(
                    "the data directory {} is a file; name a directory with --data",
                    path.display()
                )
            }
            made => made.with_context(|| {
                format!(
                    "cannot make the data directory {}; another can be named with --data",
                    path.display()
                )
            })?,
        }
        // Absolute, because it stands in messages that are read elsewhere.
        let path = path
            .canonicalize()
            .with_context(|| format!("cannot look into the data directory {}", path.display()))?;
        Ok(Self(path))
    }

    /// The directory itself.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The store's file.
    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("bubble-chamber.db")
    }

    /// Where recorders keep how far they were.
    pub(crate) fn clock(&self) -> PathBuf {
        self.0.join("clock")
    }

    /// Takes the directory for this process alone; `role` tells others who has it.
    pub(crate) fn lock(&self, role: &str) -> anyhow::Result<Result<Lock, Holder>> {
        lock::take(&self.0.join("lock"), role)
    }

    /// What is said when somebody else has it.
    pub(crate) fn in_use_by(&self, holder: &Holder) -> String {
        format!(
            "the data directory {} is in use by {holder}: stop that first, or name another directory with --data",
            self.0.display()
        )
    }

    /// The directory's own secret. `None`: it has none yet.
    pub(crate) fn secret(&self) -> anyhow::Result<Option<Secret>> {
        secret::read(&self.0.join("secret"))
    }

    /// The directory's own secret, made if it has none yet. Only for who holds the lock.
    pub(crate) fn secret_or_new(&self, _lock: &Lock) -> anyhow::Result<Secret> {
        match self.secret()? {
            Some(secret) => Ok(secret),
            None => secret::make(&self.0.join("secret")),
        }
    }
}

#[cfg(test)]
mod tests;
