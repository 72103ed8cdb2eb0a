//! A Slurm of one node: munge, controller and node daemon, with keys, ports and folders of their own.

use std::ffi::OsString;
use std::fs::{File, Permissions};
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::{Daemon, Engine};
use crate::step;

/// How a Slurm uses cgroups, and what its tests know it by.
pub(super) struct Cgroups {
    /// The environment variable that tells the tests where its settings are.
    pub(super) variable: &'static str,
    /// Its `cgroup.conf`.
    pub(super) settings: String,
    /// What it takes for `JobAcctGatherType`.
    pub(super) accounting: &'static str,
    /// What slurmd and what it starts are given besides.
    pub(super) environment: Vec<(&'static str, OsString)>,
}

impl Cgroups {
    /// The hierarchies of version 1, as most clusters of Slurm's age have them.
    pub(super) fn v1() -> Self {
        Self {
            variable: "SLURM_CONF",
            settings:
                "CgroupPlugin=cgroup/v1\nCgroupMountpoint=/sys/fs/cgroup\nCgroupAutomount=no\n\
                ConstrainCores=no\nConstrainRAMSpace=no\n"
                    .to_owned(),
            accounting: "jobacct_gather/cgroup",
            environment: Vec::new(),
        }
    }
}

/// Starts the three daemons, waits until the node is idle and runs one job as a proof.
///
/// # Errors
/// One of them did not come up, or no job runs.
pub(super) fn start(folder: &Path, cgroups: &Cgroups) -> Result<Engine> {
    let host = step::ask(&mut Command::new("hostname")).context("asking for the host's name")?;
    let host = host.trim().split('.').next().unwrap_or_default().to_owned();
    let munge = folder.join("munge");
    std::fs::create_dir(&munge).context("making munge's folder")?;
    std::fs::set_permissions(&munge, Permissions::from_mode(0o755))
        .context("opening munge's folder to its clients")?;
    let socket = munge.join("munge.sock");
    let mut munged = start_munge(&munge, &socket)?;
    munged.until(Duration::from_secs(20), || socket.exists())?;

    let settings = folder.join("slurm.conf");
    let cpus = std::thread::available_parallelism()
        .context("counting the CPUs")?
        .get();
    std::fs::write(
        &settings,
        slurm_conf(folder, &host, &socket, free_ports()?, cpus, cgroups),
    )
    .context("writing slurm.conf")?;
    std::fs::write(folder.join("cgroup.conf"), &cgroups.settings).context("writing cgroup.conf")?;
    let with_settings = |program: &str| {
        let mut command = Command::new(program);
        command.env("SLURM_CONF", &settings);
        command
    };

    let mut controller = Daemon::start(
        "slurmctld",
        folder,
        with_settings("/usr/sbin/slurmctld").arg("-D"),
    )?;
    step::say("waiting for Slurm");
    controller.until(Duration::from_secs(60), || {
        step::ask(with_settings("/usr/bin/scontrol").arg("ping"))
            .is_some_and(|said| said.contains("UP"))
    })?;
    let mut node = Daemon::start(
        "slurmd",
        folder,
        with_settings("/usr/sbin/slurmd")
            .args(["-D", "-N", &host])
            .envs(
                cgroups
                    .environment
                    .iter()
                    .map(|(name, value)| (name, value)),
            ),
    )?;
    node.until(Duration::from_secs(60), || {
        step::ask(with_settings("/usr/bin/sinfo").args(["--noheader", "--format", "%T"]))
            .is_some_and(|said| said.trim() == "idle")
    })?;
    step::quietly(
        "srun hostname (a first job)",
        with_settings("/usr/bin/srun").arg("hostname"),
    )?;
    let environment = vec![(cgroups.variable, settings.into())];
    Ok(Engine {
        environment,
        daemons: vec![munged, controller, node],
        cgroups: None,
    })
}

fn start_munge(folder: &Path, socket: &Path) -> Result<Daemon> {
    let key = folder.join("munge.key");
    let mut random = [0_u8; 1024];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut random))
        .context("reading random bytes")?;
    std::fs::write(&key, random).context("writing munge's key")?;
    std::fs::set_permissions(&key, Permissions::from_mode(0o600))
        .context("closing munge's key to others")?;
    let option = |name: &str, path: &Path| format!("--{name}={}", path.display());
    Daemon::start(
        "munged",
        folder,
        // The folders above are whoever's cloned us: munge would rather have them root's.
        Command::new("/usr/sbin/munged")
            .args(["--foreground", "--force"])
            .args([
                option("socket", socket),
                option("key-file", &key),
                option("pid-file", &folder.join("munged.pid")),
                option("log-file", &folder.join("munged-own.log")),
                option("seed-file", &folder.join("munged.seed")),
            ]),
    )
}

/// Two ports that nobody listens on.
fn free_ports() -> Result<[u16; 2]> {
    // Both are held until both are known, so that they differ.
    let listen = || TcpListener::bind("127.0.0.1:0").context("looking for a free port");
    let (one, two) = (listen()?, listen()?);
    Ok([one.local_addr()?.port(), two.local_addr()?.port()])
}

fn slurm_conf(
    folder: &Path,
    host: &str,
    munge: &Path,
    [controller, node]: [u16; 2],
    cpus: usize,
    cgroups: &Cgroups,
) -> String {
    let accounting = cgroups.accounting;
    let at = folder.display();
    let munge = munge.display();
    format!(
        "ClusterName=test\nSlurmctldHost={host}(127.0.0.1)\nSlurmUser=root\nSlurmdUser=root\n\
         SlurmctldPort={controller}\nSlurmdPort={node}\n\
         AuthType=auth/munge\nAuthInfo=socket={munge}\nCredType=cred/munge\n\
         StateSaveLocation={at}/state\nSlurmdSpoolDir={at}/spool\n\
         SlurmctldPidFile={at}/slurmctld.pid\nSlurmdPidFile={at}/slurmd.pid\n\
         ProctrackType=proctrack/cgroup\nTaskPlugin=task/cgroup\nJobAcctGatherType={accounting}\n\
         ReturnToService=2\nMpiDefault=none\n\
         NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} State=UNKNOWN\n\
         PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP\n"
    )
}
