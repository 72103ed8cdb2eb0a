//! Names of Kubernetes: namespace, pod and container, from labels, from a bundle's annotations, from the names of kubelet's logs. Pure.

use std::collections::BTreeMap;

/// Labels that say which container of which pod it is: kubelet gives them to every container, and they are shown for all runtimes.
const POD: &str = "io.kubernetes.pod.name";
const NAMESPACE: &str = "io.kubernetes.pod.namespace";
const POD_UID: &str = "io.kubernetes.pod.uid";
const CONTAINER: &str = "io.kubernetes.container.name";

/// The name by which kubelet calls a pod's sandbox (its pause container) among the pod's containers.
const SANDBOX: &str = "POD";

/// What containerd's CRI plugin calls the same in a bundle.
const OF_CONTAINERD: [(&str, &str); 4] = [
    ("io.kubernetes.cri.sandbox-name", POD),
    ("io.kubernetes.cri.sandbox-namespace", NAMESPACE),
    ("io.kubernetes.cri.sandbox-uid", POD_UID),
    ("io.kubernetes.cri.container-name", CONTAINER),
];

/// Where containerd and CRI-O say that it is a sandbox.
const TYPES: [&str; 2] = [
    "io.kubernetes.cri.container-type",
    "io.kubernetes.cri-o.ContainerType",
];

/// Where containerd and CRI-O name the image, a sandbox's last.
const IMAGES: [&str; 4] = [
    "io.kubernetes.cri.image-name",
    "io.kubernetes.cri-o.ImageName",
    "io.kubernetes.cri-o.Image",
    "io.kubernetes.cri.podsandbox.image-name",
];

/// Where CRI-O has all labels, as JSON.
const LABELS_OF_CRIO: &str = "io.kubernetes.cri-o.Labels";

/// What a pod's container is called: `NAMESPACE/POD/CONTAINER`; its sandbox is `NAMESPACE/POD/POD`.
pub(crate) fn pod_name(labels: &BTreeMap<String, String>) -> Option<String> {
    let part = |label| labels.get(label).filter(|part| !part.is_empty());
    Some(format!(
        "{}/{}/{}",
        part(NAMESPACE)?,
        part(POD)?,
        part(CONTAINER)?
    ))
}

/// The labels that annotations stand for; none where they do not speak of a pod.
pub(super) fn labels(annotations: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut labels: BTreeMap<String, String> = annotations
        .get(LABELS_OF_CRIO)
        .and_then(|json| serde_json::from_str(json).ok())
        .unwrap_or_default();
    let own = [POD, NAMESPACE, POD_UID, CONTAINER].map(|label| (label, label));
    for (annotation, label) in OF_CONTAINERD.into_iter().chain(own) {
        if let Some(value) = annotations.get(annotation) {
            labels.insert(label.to_owned(), value.clone());
        }
    }
    let is_sandbox = TYPES
        .iter()
        .any(|name| annotations.get(*name).is_some_and(|what| what == "sandbox"));
    if is_sandbox {
        labels.insert(CONTAINER.to_owned(), SANDBOX.to_owned());
    }
    labels
}

/// The image that annotations name.
pub(super) fn image(annotations: &BTreeMap<String, String>) -> Option<String> {
    IMAGES
        .iter()
        .filter_map(|name| annotations.get(*name))
        .find(|image| !image.is_empty())
        .cloned()
}

/// The labels that the file name of a container's log stands for: `POD_NAMESPACE_CONTAINER-ID.log`, where none of the names has a `_`.
pub(super) fn labels_of_log(file: &str, id: &str) -> Option<BTreeMap<String, String>> {
    let names = file
        .strip_suffix(".log")?
        .strip_suffix(id)?
        .strip_suffix('-')?;
    let mut names = names.splitn(3, '_');
    [POD, NAMESPACE, CONTAINER]
        .into_iter()
        .map(|label| Some((label.to_owned(), names.next()?.to_owned())))
        .collect()
}
