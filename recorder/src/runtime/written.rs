//! What containerd, CRI-O and kubelet have on disk of the containers that run: read when a cgroup is born, so that a container that
//! is gone a moment later keeps its name.

use std::fs;
use std::path::{Path, PathBuf};

use bc_schema::{ContainerKind, Limits};

use super::bundle::Bundle;
use super::{RuntimeFact, kubernetes};

/// Below containerd's state directory: `NAMESPACE/ID/config.json`.
const TASKS: &str = "io.containerd.runtime.v2.task";

/// Where CRI-O, on containers/storage, has its bundles: `DRIVER-containers/ID/userdata/config.json`.
const STORAGES: [&str; 2] = ["/run/containers/storage", "/var/lib/containers/storage"];

/// Where kubelet has a link to every container's log, under names that say whose it is.
const LOGS: &str = "/var/log/containers";

/// What nerdctl calls a container by, in its bundle.
const NAME_OF_NERDCTL: &str = "nerdctl/name";

/// The places to read.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    states: Vec<PathBuf>,
    storages: Vec<PathBuf>,
    logs: PathBuf,
}

impl Written {
    /// The usual places, with containerd's state directories.
    pub(crate) fn new(states: Vec<PathBuf>) -> Self {
        Self {
            states,
            storages: STORAGES.map(PathBuf::from).into(),
            logs: LOGS.into(),
        }
    }

    /// Whether containerd has this container in this namespace, and in this cgroup.
    pub(crate) fn has(&self, namespace: &str, id: &str, cgroup: &str) -> bool {
        self.tasks()
            .filter_map(|tasks| Bundle::read(&tasks.join(namespace).join(id).join("config.json")))
            .any(|bundle| bundle.cgroups_path() == Some(cgroup))
    }

    /// What is written about a container. `id` is a full one, or `NAMESPACE/NAME`.
    pub(crate) fn fact(&self, kind: ContainerKind, id: &str) -> Option<RuntimeFact> {
        if id.split('/').any(|part| part.is_empty() || part == "..") {
            return None;
        }
        let bundle = match kind {
            ContainerKind::Containerd => self.of_containerd(id),
            ContainerKind::Crio => self.of_crio(id),
            ContainerKind::Kubernetes => self.of_containerd(id).or_else(|| self.of_crio(id)),
            _ => None,
        };
        match bundle {
            Some(bundle) => Some(fact(kind, id, bundle)),
            None if kind == ContainerKind::Kubernetes => self.of_log(id),
            None => None,
        }
    }

    fn tasks(&self) -> impl Iterator<Item = PathBuf> {
        self.states.iter().map(|state| state.join(TASKS))
    }

    fn of_containerd(&self, id: &str) -> Option<Bundle> {
        self.tasks().find_map(|tasks| {
            if id.contains('/') {
                return Bundle::read(&tasks.join(id).join("config.json"));
            }
            folders(&tasks)
                .find_map(|namespace| Bundle::read(&namespace.join(id).join("config.json")))
        })
    }

    fn of_crio(&self, id: &str) -> Option<Bundle> {
        self.storages.iter().find_map(|storage| {
            folders(storage)
                .filter(|folder| folder.to_string_lossy().ends_with("-containers"))
                .find_map(|folder| Bundle::read(&folder.join(id).join("userdata/config.json")))
        })
    }

    fn of_log(&self, id: &str) -> Option<RuntimeFact> {
        let labels = fs::read_dir(&self.logs).ok()?.flatten().find_map(|entry| {
            kubernetes::labels_of_log(&entry.file_name().to_string_lossy(), id)
        })?;
        Some(RuntimeFact {
            kind: ContainerKind::Kubernetes,
            id: id.to_owned(),
            name: kubernetes::pod_name(&labels)?,
            image: None,
            labels,
            limits: Limits::default(),
            pid: None,
        })
    }
}

fn folders(place: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(place)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
}

fn fact(kind: ContainerKind, id: &str, bundle: Bundle) -> RuntimeFact {
    let limits = bundle.limits();
    let annotations = bundle.annotations.unwrap_or_default();
    let image = kubernetes::image(&annotations);
    let of_nerdctl = annotations
        .get(NAME_OF_NERDCTL)
        .filter(|name| !name.is_empty());
    let mut labels = kubernetes::labels(&annotations);
    let name = kubernetes::pod_name(&labels).or_else(|| of_nerdctl.cloned());
    if labels.is_empty() {
        labels = annotations;
    }
    RuntimeFact {
        kind,
        id: id.to_owned(),
        name: name.unwrap_or_else(|| id.to_owned()),
        image,
        labels,
        limits,
        pid: None,
    }
}

#[cfg(test)]
mod tests;
