//! The configuration file as a source of settings: the names the predecessor's users know, and ours.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use bc_recorder::Capacities;
use bc_web::Secret;
use serde::{Deserialize, Deserializer};
use serde_norway::Value;

use super::{DEFAULT_LISTEN, Environment, Layer};

/// Read from the working directory when no other file is named.
const DEFAULT_FILE: &str = "config.yml";

/// A configuration file that was read.
#[derive(Debug)]
pub(crate) struct Origin {
    /// Where it lies.
    pub(crate) path: PathBuf,
    /// Keys in it that mean nothing here.
    pub(crate) unknown: Vec<String>,
}

/// Reads the file that the command line or `BC_CONFIG` names, which then must be there; or `config.yml`, if it is there.
pub(super) fn read(
    named: Option<&Path>,
    environment: &Environment,
) -> anyhow::Result<(Layer, Option<Origin>)> {
    let named = named.map(Path::to_owned).or_else(|| environment.config());
    let path = named.clone().unwrap_or_else(|| DEFAULT_FILE.into());
    let text = match std::fs::read_to_string(&path) {
        Err(error) if named.is_none() && error.kind() == ErrorKind::NotFound => {
            return Ok((Layer::default(), None));
        }
        text => {
            text.with_context(|| format!("cannot read the configuration file {}", path.display()))?
        }
    };
    let (layer, unknown) = parse(&text).with_context(|| {
        format!(
            "the configuration file {} is not understood",
            path.display()
        )
    })?;
    Ok((layer, Some(Origin { path, unknown })))
}

/// Keys that are not known are given back, not refused: files written for the predecessor, or for a later version, stay
/// usable.
pub(super) fn parse(text: &str) -> anyhow::Result<(Layer, Vec<String>)> {
    let file: Option<File> = serde_norway::from_str(text)?;
    let file = file.unwrap_or_default();
    let unknown = file.unknown();
    Ok((file.layer(), unknown))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct File {
    data: Option<PathBuf>,
    log: Option<String>,
    #[serde(deserialize_with = "empty_or")]
    auth: Auth,
    #[serde(deserialize_with = "empty_or")]
    web: Web,
    #[serde(deserialize_with = "empty_or")]
    retention: Keep,
    #[serde(deserialize_with = "empty_or")]
    recorder: Recorder,
    /// The predecessor's, for its cluster; nothing to us yet, and no reason to warn.
    #[serde(rename = "cassandra")]
    _cassandra: Option<Value>,
    #[serde(rename = "consul")]
    _consul: Option<Value>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Auth {
    enable: Option<bool>,
    secret: Option<String>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Web {
    listen: Option<SocketAddr>,
    hostname: Option<String>,
    port: Option<u16>,
    prefix: Option<String>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Keep {
    seconds: Option<u64>,
    minutes: Option<u64>,
    hours: Option<u64>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Recorder {
    host: Option<String>,
    cgroups: Option<Vec<String>>,
    units: Option<Vec<String>>,
    exclude: Option<Vec<String>>,
    docker_sockets: Option<Vec<PathBuf>>,
    containerd_states: Option<Vec<PathBuf>>,
    mask: Option<Vec<String>>,
    per_cpu: Option<bool>,
    #[serde(deserialize_with = "empty_or")]
    capacities: Option<Room>,
    kernel_log: Option<bool>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

/// What of the capacities is said; the rest is the default.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Room {
    processes: Option<u32>,
    watches: Option<u32>,
    accounts: Option<u32>,
    walk_records: Option<u32>,
    ring_bytes: Option<u32>,
    waiting_samples: Option<usize>,
    waiting_facts: Option<usize>,
    waiting_batches: Option<usize>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

impl Room {
    fn capacities(&self) -> Capacities {
        let usual = Capacities::default();
        Capacities {
            processes: self.processes.unwrap_or(usual.processes),
            watches: self.watches.unwrap_or(usual.watches),
            accounts: self.accounts.unwrap_or(usual.accounts),
            walk_records: self.walk_records.unwrap_or(usual.walk_records),
            ring_bytes: self.ring_bytes.unwrap_or(usual.ring_bytes),
            waiting_samples: self.waiting_samples.unwrap_or(usual.waiting_samples),
            waiting_facts: self.waiting_facts.unwrap_or(usual.waiting_facts),
            waiting_batches: self.waiting_batches.unwrap_or(usual.waiting_batches),
        }
    }
}

/// A section of comments alone is no mapping, yet says nothing wrong.
fn empty_or<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    section: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(section)?.unwrap_or_default())
}

impl File {
    fn unknown(&self) -> Vec<String> {
        let nothing = BTreeMap::new();
        let room = self.recorder.capacities.as_ref();
        let sections = [
            ("", &self.rest),
            ("auth.", &self.auth.rest),
            ("web.", &self.web.rest),
            ("retention.", &self.retention.rest),
            ("recorder.", &self.recorder.rest),
            (
                "recorder.capacities.",
                room.map_or(&nothing, |room| &room.rest),
            ),
        ];
        sections
            .into_iter()
            .flat_map(|(section, rest)| rest.keys().map(move |key| format!("{section}{key}")))
            .collect()
    }

    fn layer(self) -> Layer {
        // A port alone moves the port alone.
        let port = self
            .web
            .port
            .map(|port| SocketAddr::new(DEFAULT_LISTEN.ip(), port));
        Layer {
            data: self.data,
            listen: self.web.listen.or(port),
            hostname: self.web.hostname,
            prefix: self.web.prefix,
            auth: self.auth.enable,
            secret: self.auth.secret.map(Secret::new),
            insecure: None,
            seconds_s: self.retention.seconds,
            minutes_s: self.retention.minutes,
            hours_s: self.retention.hours,
            log: self.log,
            host: self.recorder.host,
            cgroup_globs: self.recorder.cgroups,
            units: self.recorder.units,
            exclude: self.recorder.exclude,
            sockets: self.recorder.docker_sockets,
            containerd_states: self.recorder.containerd_states,
            mask: self.recorder.mask,
            per_cpu: self.recorder.per_cpu,
            capacities: self.recorder.capacities.as_ref().map(Room::capacities),
            kernel_log: self.recorder.kernel_log,
            kernel_object: None,
        }
    }
}
