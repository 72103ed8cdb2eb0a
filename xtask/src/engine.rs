//! Real engines for the tests: starts Docker, Podman, containerd and Slurm with folders, sockets and ports of their own
//! below `target/engines`, and stops them again whatever happens. Their packages are `setup`'s business.

mod containerd;
pub(crate) mod daemon;
mod docker;
mod podman;
mod rootfs;
mod slurm;
mod slurm_v2;

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::setup::{self, Need};
use crate::{step, tree};
use daemon::Daemon;

/// What `engines` is told.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The command to run while the engines are up, after `--`.
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

/// `cargo xtask engines`: a command among the engines, with the tests' environment.
///
/// # Errors
/// An engine did not start, or the command failed.
pub(crate) fn run(options: &Options) -> Result<()> {
    let (program, arguments) = options.command.split_first().context("no command")?;
    setup::ensure(&[Need::Engines])?;
    let started = start_all()?;
    let mut command = Command::new(program);
    step::openly(
        &options.command.join(" "),
        command.args(arguments).envs(started.environment()),
    )
}

/// An engine that runs, and what tests have to be told to use it.
struct Engine {
    environment: Vec<(&'static str, OsString)>,
    /// In the order in which they were started; stopped the other way round.
    daemons: Vec<Daemon>,
    /// A tree of cgroups that it leaves behind when it has stopped.
    cgroups: Option<PathBuf>,
}

/// All engines, running. Dropping it stops them.
pub(crate) struct Started {
    engines: Vec<Engine>,
    rootfs: PathBuf,
    /// Held as long as they run: their folder serves one at a time.
    _lock: File,
}

impl Started {
    /// What tests are told.
    pub(crate) fn environment(&self) -> impl Iterator<Item = (&'static str, OsString)> + '_ {
        let of_engines = self
            .engines
            .iter()
            .flat_map(|engine| engine.environment.iter().cloned());
        of_engines.chain([("BC_ROOTFS", self.rootfs.clone().into_os_string())])
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        while let Some(mut engine) = self.engines.pop() {
            while let Some(daemon) = engine.daemons.pop() {
                drop(daemon);
            }
            if let Some(cgroups) = engine.cgroups
                && let Err(error) = slurm_v2::remove(&cgroups)
            {
                eprintln!("    the cgroup {} stays: {error}", cgroups.display());
            }
        }
    }
}

/// Starts all engines and waits until each answers.
///
/// # Errors
/// The first that did not come up, with the end of its log; those before it are stopped again.
pub(crate) fn start_all() -> Result<Started> {
    let place = tree::engines();
    std::fs::create_dir_all(&place).with_context(|| format!("making {}", place.display()))?;
    let lock = File::create(place.join("lock")).context("making the engines' lock file")?;
    if lock.try_lock().is_err() {
        bail!(
            "another `cargo xtask` runs the engines in {}; wait until it has ended",
            place.display()
        );
    }
    let rootfs = rootfs::make(&fresh(&place, "rootfs")?)?;
    let mut started = Started {
        engines: Vec::new(),
        rootfs,
        _lock: lock,
    };
    started
        .engines
        .push(docker::start(&fresh(&place, "docker")?, &started.rootfs)?);
    started
        .engines
        .push(podman::start(&fresh(&place, "podman")?)?);
    started.engines.push(containerd::start(
        &fresh(&place, "containerd")?,
        &started.rootfs,
    )?);
    started.engines.push(slurm::start(
        &fresh(&place, "slurm")?,
        &slurm::Cgroups::v1(),
    )?);
    started
        .engines
        .push(slurm_v2::start(&fresh(&place, "slurm-v2")?)?);
    Ok(started)
}

/// An empty folder, whatever an earlier run left in it, mounts included.
fn fresh(place: &Path, name: &str) -> Result<PathBuf> {
    let folder = place.join(name);
    let mounts =
        std::fs::read_to_string("/proc/self/mountinfo").context("reading the mount table")?;
    let inside = mounts
        .lines()
        .filter_map(|line| line.split(' ').nth(4))
        .filter(|mount| Path::new(mount).starts_with(&folder));
    // The latest mounts come last and may lie on top of others.
    for mount in inside.collect::<Vec<_>>().into_iter().rev() {
        let path = std::ffi::CString::new(mount).context("a mount point with a NUL in it")?;
        // SAFETY: the path is a NUL-terminated string that outlives the call.
        if unsafe { libc::umount2(path.as_ptr(), libc::MNT_DETACH) } != 0 {
            let error = std::io::Error::last_os_error();
            bail!("unmounting {mount}, left by an earlier run: {error}");
        }
    }
    if folder.exists() {
        std::fs::remove_dir_all(&folder)
            .with_context(|| format!("clearing {}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    Ok(folder)
}
