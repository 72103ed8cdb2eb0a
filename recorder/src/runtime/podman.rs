//! Podman where nobody serves its socket: what its storage says of a container.
//!
//! Names and images stand in `DRIVER-containers/containers.json` (`volatile-containers.json` for some `--rm` containers), limits in
//! the runtime bundle beside it. Labels are in Podman's own database alone, and are left unknown.

use std::fs;
use std::path::{Path, PathBuf};

use bc_schema::ContainerKind;
use serde::Deserialize;

use super::RuntimeFact;
use super::bundle::Bundle;

/// Where Podman keeps what it runs as root.
const ROOTFUL: &str = "/var/lib/containers/storage";

/// And as another user, below that user's home.
const ROOTLESS: &str = ".local/share/containers/storage";

/// The storage roots on this machine: root's and every user's that has one.
pub fn podman_roots() -> Vec<PathBuf> {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let homes = users.lines().filter_map(|line| line.split(':').nth(5));
    let rootless = homes
        .filter(|home| home.starts_with('/'))
        .map(|home| Path::new(home).join(ROOTLESS));
    let mut roots: Vec<_> = std::iter::once(ROOTFUL.into())
        .chain(rootless)
        .filter(|root| root.is_dir())
        .collect();
    roots.sort();
    roots.dedup();
    roots
}

/// What a storage root says of every container in it.
pub fn podman_names(root: &Path) -> Vec<RuntimeFact> {
    let stored = stored(root).into_iter();
    stored
        .filter_map(|(directory, container)| fact(&directory, container))
        .collect()
}

/// What a storage root says of the container with this full id.
pub fn podman_fact(root: &Path, id: &str) -> Option<RuntimeFact> {
    let (directory, container) = stored(root)
        .into_iter()
        .find(|(_, container)| container.id == id)?;
    fact(&directory, container)
}

/// An entry of a `containers.json`.
#[derive(Debug, Deserialize)]
struct Stored {
    id: String,
    names: Option<Vec<String>>,
    /// JSON in a string.
    metadata: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Metadata {
    name: Option<String>,
    #[serde(rename = "image-name")]
    image: Option<String>,
}

/// Every entry, with the directory it was found in. What cannot be read is left out: the name of a container is no reason to fail.
fn stored(root: &Path) -> Vec<(PathBuf, Stored)> {
    let directories = fs::read_dir(root)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let of_containers = directories.filter(|path| path.to_string_lossy().ends_with("-containers"));
    let mut found = Vec::new();
    for directory in of_containers {
        for file in ["containers.json", "volatile-containers.json"] {
            let Ok(json) = fs::read(directory.join(file)) else {
                continue;
            };
            match serde_json::from_slice::<Vec<Stored>>(&json) {
                Ok(stored) => {
                    found.extend(stored.into_iter().map(|stored| (directory.clone(), stored)))
                }
                Err(error) => {
                    tracing::debug!(directory = %directory.display(), file, %error, "podman's list of containers has a form of its own")
                }
            }
        }
    }
    found
}

fn fact(directory: &Path, stored: Stored) -> Option<RuntimeFact> {
    let metadata: Metadata =
        serde_json::from_str(stored.metadata.as_deref().unwrap_or("{}")).unwrap_or_default();
    // After a rename the list has the new name, the metadata the old one.
    let name = stored
        .names
        .into_iter()
        .flatten()
        .next()
        .or(metadata.name)
        .filter(|name| !name.is_empty())?;
    let bundle = directory.join(&stored.id).join("userdata/config.json");
    Some(RuntimeFact {
        kind: ContainerKind::Podman,
        id: stored.id,
        name,
        image: metadata.image.filter(|image| !image.is_empty()),
        labels: Default::default(),
        limits: Bundle::read(&bundle)
            .map(|bundle| bundle.limits())
            .unwrap_or_default(),
        pid: None,
    })
}
