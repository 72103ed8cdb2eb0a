//! What a recorder can be told.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bc_schema::{Container, ProcessId};

use crate::capacities::Capacities;

/// Settings of a recorder, with their defaults.
#[derive(Debug, Clone)]
pub struct Config {
    /// The name of this host in every record.
    pub host: String,
    /// How often each process is sampled.
    pub interval: Duration,
    /// Watch cgroups whose path (without the mount point) matches one of these globs, besides containers and jobs.
    pub cgroup_globs: Vec<String>,
    /// Watch systemd units whose name matches one of these globs, besides containers and jobs.
    pub units: Vec<String>,
    /// Containers not to record: globs over id, name, image and cgroup path.
    pub exclude: Vec<String>,
    /// Watch containers and jobs of every known runtime. Off for a `run` that records only itself.
    pub discover: bool,
    /// Docker-compatible sockets to ask for names, images and limits; those that do not exist are left out.
    pub sockets: Vec<PathBuf>,
    /// State directories of containerd, for the names of what it runs; those that do not exist are left out.
    pub containerd_states: Vec<PathBuf>,
    /// Further patterns of secrets to mask (regular expressions; the first group, or all of the match, is replaced).
    pub mask: Vec<String>,
    /// Count each process's CPU time by core as well.
    pub per_cpu: bool,
    /// How much is held at once.
    pub capacities: Capacities,
    /// Print what the kernel programs log (aya-log).
    pub kernel_log: bool,
    /// What an earlier recorder on this host left open: lives that had not ended and their processes.
    pub resume: Vec<Resume>,
    /// The data directory for which the kernel's maps and links are pinned, so that a killed recorder loses nothing. Who gives it holds it for
    /// itself alone. `None`: nothing is pinned.
    pub pins: Option<PathBuf>,
    /// The file that tells a recorder where the clock of the one before it was: a machine's clock may be set back between two. `None`: each believes
    /// the machine's.
    pub clock: Option<PathBuf>,
    /// Load this object instead of the embedded one; for developers of the kernel programs.
    pub kernel_object: Option<PathBuf>,
    /// Whether somebody watches: samples then go out every second, else every five. What begins, ends or is lost never waits.
    pub watched: Watched,
}

/// Asked whether somebody watches what is recorded.
#[derive(Clone)]
pub struct Watched(Arc<dyn Fn() -> bool + Send + Sync>);

impl Watched {
    /// Asks `whether`, once a second.
    pub fn by(whether: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(whether))
    }

    pub(crate) fn now(&self) -> bool {
        (self.0)()
    }
}

impl Default for Watched {
    /// Nobody can.
    fn default() -> Self {
        Self::by(|| false)
    }
}

impl std::fmt::Debug for Watched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Watched").field(&self.now()).finish()
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            host: hostname(),
            interval: Duration::from_secs(1),
            cgroup_globs: Vec::new(),
            units: Vec::new(),
            exclude: ["sysdig", "host", "cassandra"].map(String::from).into(),
            discover: true,
            sockets: ["/run/docker.sock", "/run/podman/podman.sock"]
                .map(PathBuf::from)
                .into(),
            containerd_states: [
                "/run/containerd",
                "/run/docker/containerd",
                "/run/k3s/containerd",
                "/var/snap/microk8s/common/run/containerd",
            ]
            .map(PathBuf::from)
            .into(),
            mask: Vec::new(),
            per_cpu: true,
            capacities: Capacities::default(),
            kernel_log: false,
            resume: Vec::new(),
            pins: None,
            clock: None,
            kernel_object: None,
            watched: Watched::default(),
        }
    }
}

/// A life that had not ended when the last recorder stopped.
#[derive(Debug, Clone)]
pub struct Resume {
    /// Its facts.
    pub facts: Container,
    /// Time of its last record, ns since the epoch.
    pub last_record_ns: u64,
    /// Processes not known to have ended, each with the time of its last sample (or its start), ns since the epoch.
    pub open: Vec<(ProcessId, u64)>,
    /// Processes whose end the store has had for a moment only: it may be that the kernel still keeps their entries.
    pub ended: Vec<ProcessId>,
}

fn hostname() -> String {
    nix::unistd::gethostname().map_or_else(
        |_| "localhost".into(),
        |name| name.to_string_lossy().into_owned(),
    )
}
