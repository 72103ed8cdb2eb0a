//! A container or job: what it is called, and one life of it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What users call it: a full container id, a container's name, `job_N`, a unit, the name given to `run`, or a cgroup path. At most [`ContainerId::MAX`] bytes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ContainerId(String);

impl ContainerId {
    /// Longest id that is taken, in bytes.
    pub const MAX: usize = 1024;

    /// Takes any text of 1 to [`ContainerId::MAX`] bytes without control characters; `None` otherwise.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        let good =
            !text.is_empty() && text.len() <= Self::MAX && !text.chars().any(char::is_control);
        good.then_some(Self(text))
    }

    /// The same, for names that nobody chose to be ids: one that is too long ends in what tells it from all others that begin like it.
    pub fn shortened(text: impl Into<String>) -> Option<Self> {
        const DIGITS: usize = 32;
        let mut text = text.into();
        if text.len() > Self::MAX {
            let hash = blake3::hash(text.as_bytes()).to_hex();
            text.truncate(text.floor_char_boundary(Self::MAX - DIGITS - 1));
            text.push('~');
            text.push_str(&hash[..DIGITS]);
        }
        Self::new(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The other spelling users know of a 64-digit id: its first 12 characters.
    pub fn short(&self) -> Option<&str> {
        (self.0.len() == 64 && self.0.bytes().all(|b| b.is_ascii_hexdigit())).then(|| &self.0[..12])
    }
}

impl fmt::Display for ContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl fmt::Debug for ContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// What manages it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContainerKind {
    /// Docker.
    Docker,
    /// Podman.
    Podman,
    /// containerd without Docker or Kubernetes above it: `ctr`, nerdctl.
    Containerd,
    /// CRI-O without Kubernetes above it.
    Crio,
    /// A container of a Kubernetes pod, whatever runs it.
    Kubernetes,
    /// LXC.
    Lxc,
    /// A Slurm job.
    Slurm,
    /// A systemd unit that was asked for.
    Systemd,
    /// A command under `bubble-chamber run`.
    Run,
    /// A cgroup asked for by path.
    Cgroup,
}

impl ContainerKind {
    /// Every kind.
    pub const ALL: [ContainerKind; 10] = [
        Self::Docker,
        Self::Podman,
        Self::Containerd,
        Self::Crio,
        Self::Kubernetes,
        Self::Lxc,
        Self::Slurm,
        Self::Systemd,
        Self::Run,
        Self::Cgroup,
    ];

    /// The name used in the API and in stores.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Containerd => "containerd",
            Self::Crio => "crio",
            Self::Kubernetes => "kubernetes",
            Self::Lxc => "lxc",
            Self::Slurm => "slurm",
            Self::Systemd => "systemd",
            Self::Run => "run",
            Self::Cgroup => "cgroup",
        }
    }

    /// Whether it has as a rule a PID namespace of its own, whose process 1 is its root. Elsewhere the first process is.
    pub const fn has_an_init(self) -> bool {
        match self {
            Self::Docker
            | Self::Podman
            | Self::Containerd
            | Self::Crio
            | Self::Kubernetes
            | Self::Lxc => true,
            Self::Slurm | Self::Systemd | Self::Run | Self::Cgroup => false,
        }
    }
}

/// One life of a container on one host: from its first process to its last. The same id started again is another life.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct LifeKey {
    /// Which container.
    pub container: ContainerId,
    /// On which host.
    pub host: String,
    /// When this life began, ns since the epoch, UTC.
    pub began_ns: u64,
}

/// What its runtime allows it. Absent: unlimited or unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of memory.
    pub memory_bytes: Option<u64>,
    /// Thousandths of a CPU.
    pub cpu_milli: Option<u64>,
    /// Number of processes and threads.
    pub pids: Option<u64>,
}

/// The facts of one life. Sent whole each time something of it becomes known; the later statement replaces the earlier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Which life.
    pub life: LifeKey,
    /// What manages it.
    pub kind: ContainerKind,
    /// The name people gave it; the id where there is none.
    pub name: String,
    /// Its image.
    pub image: Option<String>,
    /// The command line of a `run`, masked.
    pub command: Option<String>,
    /// Labels, masked.
    pub labels: BTreeMap<String, String>,
    /// Its limits.
    pub limits: Limits,
    /// The cgroup path it was recognised by.
    pub cgroup: String,
    /// The user it belongs to, where the runtime says so.
    pub uid: Option<u32>,
    /// When this statement was made, ns since the epoch: the later one wins.
    pub stated_ns: u64,
    /// When this life ended, ns since the epoch.
    pub ended_ns: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_become_ids_that_differ_where_the_names_do() {
        let long = "\u{e9}".repeat(ContainerId::MAX);
        let [one, other] =
            ["1", "2"].map(|end| ContainerId::shortened(format!("{long}{end}")).unwrap());
        assert_ne!(one, other);
        assert!(one.as_str().len() <= ContainerId::MAX && one.as_str().starts_with("\u{e9}"));
        assert_eq!(ContainerId::new(long), None);
        assert_eq!(ContainerId::shortened("short").unwrap().as_str(), "short");
    }
}
