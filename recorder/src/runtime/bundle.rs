//! A container's bundle: the `config.json` that an OCI runtime was started with. containerd, CRI-O and Podman all leave one on disk for
//! as long as the container runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use bc_schema::Limits;
use serde::Deserialize;

use super::said::{cpu_milli, positive};

/// The part of it that names a container and states its limits.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Bundle {
    /// What is above the OCI runtime says here what it likes.
    pub(super) annotations: Option<BTreeMap<String, String>>,
    linux: Option<Linux>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Linux {
    #[serde(rename = "cgroupsPath")]
    cgroups_path: Option<String>,
    resources: Option<Resources>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Resources {
    memory: Option<Limit>,
    pids: Option<Limit>,
    cpu: Option<Cpu>,
}

#[derive(Debug, Default, Deserialize)]
struct Limit {
    limit: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
struct Cpu {
    quota: Option<i64>,
    period: Option<u64>,
}

impl Bundle {
    /// Reads a `config.json`. One that is not there, or has another form, tells nothing: a name is no reason to fail.
    pub(super) fn read(config: &Path) -> Option<Self> {
        let json = fs::read(config).ok()?;
        serde_json::from_slice(&json)
            .inspect_err(|error| {
                tracing::debug!(config = %config.display(), %error, "a bundle has a form of its own");
            })
            .ok()
    }

    /// The cgroup it asks for.
    pub(super) fn cgroups_path(&self) -> Option<&str> {
        self.linux.as_ref()?.cgroups_path.as_deref()
    }

    /// What it states of limits.
    pub(super) fn limits(&self) -> Limits {
        let resources = self
            .linux
            .as_ref()
            .and_then(|linux| linux.resources.as_ref());
        let Some(resources) = resources else {
            return Limits::default();
        };
        let stated = |limit: &Option<Limit>| limit.as_ref()?.limit.and_then(positive);
        Limits {
            memory_bytes: stated(&resources.memory),
            cpu_milli: resources
                .cpu
                .as_ref()
                .and_then(|cpu| cpu_milli(cpu.quota, cpu.period)),
            pids: stated(&resources.pids),
        }
    }
}
