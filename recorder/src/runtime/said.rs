//! From the answers of a docker-compatible API to facts. Pure.

use std::collections::{BTreeMap, HashMap};

use bc_schema::{ContainerKind, Limits};
use bollard::models::{
    ContainerInspectResponse, ContainerSummary, EventMessage, HostConfig, SystemVersion,
};

use super::RuntimeFact;

/// The kernel's period for CPU bandwidth where none is stated, µs.
const DEFAULT_CPU_PERIOD_US: u64 = 100_000;

/// Attributes of an event that are no labels.
const NOT_LABELS: [&str; 5] = ["image", "name", "oldName", "containerExitCode", "podId"];

/// Whose socket it is: Podman answers for Docker, but names its engine.
pub(super) fn kind(version: &SystemVersion) -> ContainerKind {
    let components = version.components.iter().flatten();
    match components
        .into_iter()
        .any(|component| component.name.starts_with("Podman"))
    {
        true => ContainerKind::Podman,
        false => ContainerKind::Docker,
    }
}

/// From the inspection of a container: all there is to know.
pub(super) fn inspected(
    kind: ContainerKind,
    said: ContainerInspectResponse,
) -> Option<RuntimeFact> {
    let config = said.config.unwrap_or_default();
    Some(RuntimeFact {
        kind,
        id: said.id?,
        name: bare(&said.name?).to_owned(),
        image: config.image.filter(|image| !image.is_empty()),
        labels: config.labels.into_iter().flatten().collect(),
        limits: said.host_config.as_ref().map(limits).unwrap_or_default(),
        pid: said
            .state
            .and_then(|state| state.pid)
            .and_then(positive)
            .and_then(|pid| pid.try_into().ok()),
    })
}

/// From a line of the list of containers.
pub(super) fn listed(kind: ContainerKind, said: ContainerSummary) -> Option<RuntimeFact> {
    // Names with a further slash are those that other containers link it by.
    let names = said.names.unwrap_or_default();
    let name = names
        .iter()
        .map(|name| bare(name))
        .find(|name| !name.contains('/'))?;
    Some(RuntimeFact {
        kind,
        id: said.id?,
        name: name.to_owned(),
        image: said.image.filter(|image| !image.is_empty()),
        labels: said.labels.into_iter().flatten().collect(),
        limits: Limits::default(),
        pid: None,
    })
}

/// What an event says of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Happened {
    /// There is something new to know. What the event itself says is enough where the container is gone before it can be inspected.
    Changed(RuntimeFact),
    /// It is gone; nothing more will be said of this id.
    Gone(String),
}

/// From an event, if it is one that matters.
pub(super) fn happened(kind: ContainerKind, said: EventMessage) -> Option<Happened> {
    let actor = said.actor?;
    match said.action.as_deref()? {
        "create" | "start" | "rename" | "update" => {}
        // Docker says the one, Podman the other.
        "destroy" | "remove" => return actor.id.map(Happened::Gone),
        _ => return None,
    }
    let mut attributes: HashMap<String, String> = actor.attributes.unwrap_or_default();
    let name = bare(attributes.get("name")?).to_owned();
    let image = attributes.remove("image").filter(|image| !image.is_empty());
    let labels: BTreeMap<_, _> = attributes
        .into_iter()
        .filter(|(key, _)| !NOT_LABELS.contains(&key.as_str()))
        .collect();
    let known = RuntimeFact {
        kind,
        id: actor.id?,
        name,
        image,
        labels,
        limits: Limits::default(),
        pid: None,
    };
    Some(Happened::Changed(known))
}

fn limits(host: &HostConfig) -> Limits {
    let nano_cpus = host
        .nano_cpus
        .and_then(positive)
        .map(|nano| nano / 1_000_000);
    Limits {
        memory_bytes: host.memory.and_then(positive),
        cpu_milli: nano_cpus
            .or_else(|| cpu_milli(host.cpu_quota, host.cpu_period.and_then(positive))),
        pids: host.pids_limit.and_then(positive),
    }
}

/// Thousandths of a CPU from a CPU bandwidth quota and its period, µs.
pub(super) fn cpu_milli(quota_us: Option<i64>, period_us: Option<u64>) -> Option<u64> {
    let quota_us = quota_us.and_then(positive)?;
    let period_us = period_us
        .filter(|&period| period > 0)
        .unwrap_or(DEFAULT_CPU_PERIOD_US);
    Some(quota_us.saturating_mul(1000) / period_us)
}

/// 0 and -1 mean that there is none.
pub(super) fn positive(number: i64) -> Option<u64> {
    u64::try_from(number).ok().filter(|&number| number > 0)
}

fn bare(name: &str) -> &str {
    name.strip_prefix('/').unwrap_or(name)
}
