//! Bundles as containerd and CRI-O write them, and the names of kubelet's logs.

use std::collections::BTreeMap;

use super::*;

const ID: &str = "262b281ffa9d2bc4d8e31fb4d3ca9ee8b1c5bb2b1b7f9c7a4f7c0e5f36c0d1aa";

/// A machine's files, empty at first.
struct Machine {
    root: tempfile::TempDir,
    written: Written,
}

impl Machine {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let at = |name| root.path().join(name);
        let written = Written {
            states: vec![at("absent"), at("containerd")],
            storages: vec![at("absent"), at("storage")],
            logs: at("logs"),
        };
        Self { root, written }
    }

    fn write(&self, path: &str, text: impl AsRef<str>) {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text.as_ref()).unwrap();
    }

    /// A task of containerd's.
    fn task(&self, id: &str, bundle: serde_json::Value) {
        let path = format!("containerd/{TASKS}/{id}/config.json");
        self.write(&path, bundle.to_string());
    }
}

fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn a_pods_container_under_containerd_has_the_pods_name() {
    let machine = Machine::new();
    machine.task(
        &format!("k8s.io/{ID}"),
        serde_json::json!({
            "annotations": {
                "io.kubernetes.cri.container-type": "container",
                "io.kubernetes.cri.container-name": "server",
                "io.kubernetes.cri.image-name": "ghcr.io/acme/web:2",
                "io.kubernetes.cri.sandbox-name": "web-7d9",
                "io.kubernetes.cri.sandbox-namespace": "shop",
                "io.kubernetes.cri.sandbox-uid": "0c4f",
            },
            "linux": {"resources": {"memory": {"limit": 1 << 28}, "cpu": {"quota": 150_000, "period": 100_000}}},
        }),
    );
    let fact = machine.written.fact(ContainerKind::Kubernetes, ID).unwrap();
    assert_eq!(
        (fact.name.as_str(), fact.image.as_deref()),
        ("shop/web-7d9/server", Some("ghcr.io/acme/web:2"))
    );
    let expected = [
        ("io.kubernetes.container.name", "server"),
        ("io.kubernetes.pod.name", "web-7d9"),
        ("io.kubernetes.pod.namespace", "shop"),
        ("io.kubernetes.pod.uid", "0c4f"),
    ];
    assert_eq!(fact.labels, labels(&expected));
    assert_eq!(
        (fact.limits.memory_bytes, fact.limits.cpu_milli),
        (Some(1 << 28), Some(1_500))
    );
}

#[test]
fn a_pods_sandbox_is_called_pod() {
    let machine = Machine::new();
    machine.task(
        &format!("k8s.io/{ID}"),
        serde_json::json!({"annotations": {
            "io.kubernetes.cri.container-type": "sandbox",
            "io.kubernetes.cri.sandbox-name": "web-7d9",
            "io.kubernetes.cri.sandbox-namespace": "shop",
            "io.kubernetes.cri.podsandbox.image-name": "registry.k8s.io/pause:3.9",
        }}),
    );
    let fact = machine.written.fact(ContainerKind::Kubernetes, ID).unwrap();
    assert_eq!(
        (fact.name.as_str(), fact.image.as_deref()),
        ("shop/web-7d9/POD", Some("registry.k8s.io/pause:3.9"))
    );
}

#[test]
fn a_pods_container_under_cri_o_has_its_labels_too() {
    let machine = Machine::new();
    let own = r#"{"app":"web","io.kubernetes.container.name":"server","io.kubernetes.pod.name":"web-7d9","io.kubernetes.pod.namespace":"shop"}"#;
    let bundle = serde_json::json!({"annotations": {
        "io.kubernetes.cri-o.ContainerType": "container",
        "io.kubernetes.cri-o.Labels": own,
        "io.kubernetes.cri-o.ImageName": "quay.io/acme/web:2",
        "io.kubernetes.pod.uid": "0c4f",
    }});
    machine.write(
        &format!("storage/overlay-containers/{ID}/userdata/config.json"),
        bundle.to_string(),
    );
    for kind in [ContainerKind::Kubernetes, ContainerKind::Crio] {
        let fact = machine.written.fact(kind, ID).unwrap();
        assert_eq!(
            (fact.kind, fact.name.as_str(), fact.image.as_deref()),
            (kind, "shop/web-7d9/server", Some("quay.io/acme/web:2"))
        );
        assert_eq!(
            (fact.labels.len(), fact.labels["app"].as_str()),
            (5, "web"),
            "{:?}",
            fact.labels
        );
    }
    assert_eq!(machine.written.fact(ContainerKind::Containerd, ID), None);
}

#[test]
fn kubelets_log_tells_the_name_of_a_container_that_is_gone() {
    let machine = Machine::new();
    machine.write(&format!("logs/db-0_prod_postgres-{ID}.log"), "");
    machine.write("logs/other_prod_x-1.log", "");
    let fact = machine.written.fact(ContainerKind::Kubernetes, ID).unwrap();
    assert_eq!(fact.name, "prod/db-0/postgres");
    assert_eq!(
        machine.written.fact(ContainerKind::Containerd, ID),
        None,
        "only pods have such logs"
    );
}

#[test]
fn a_container_of_ctr_goes_by_its_namespace_and_nerdctls_by_its_name() {
    let machine = Machine::new();
    machine.task(
        "ci/web",
        serde_json::json!({"linux": {"cgroupsPath": "/ci/web"}}),
    );
    let fact = machine
        .written
        .fact(ContainerKind::Containerd, "ci/web")
        .unwrap();
    assert_eq!((fact.name.as_str(), fact.labels.len()), ("ci/web", 0));
    machine.task(
        &format!("default/{ID}"),
        serde_json::json!({"annotations": {"nerdctl/name": "web-1", "nerdctl/namespace": "default"}}),
    );
    let fact = machine.written.fact(ContainerKind::Containerd, ID).unwrap();
    assert_eq!((fact.name.as_str(), fact.labels.len()), ("web-1", 2));
}

#[test]
fn a_namespace_is_believed_only_with_the_cgroup_it_asked_for() {
    let machine = Machine::new();
    machine.task(
        "ci/web",
        serde_json::json!({"linux": {"cgroupsPath": "/ci/web"}}),
    );
    machine.task(
        "moby/web",
        serde_json::json!({"linux": {"cgroupsPath": "/docker/web"}}),
    );
    assert!(machine.written.has("ci", "web", "/ci/web"));
    assert!(!machine.written.has("moby", "web", "/moby/web"));
    assert!(!machine.written.has("other", "web", "/other/web"));
}

#[test]
fn what_cannot_be_read_tells_nothing() {
    let machine = Machine::new();
    machine.write(
        &format!("containerd/{TASKS}/ci/web/config.json"),
        "{\"annot",
    );
    for id in ["ci/web", "ci/../ci/web", "", "/", ID] {
        assert_eq!(
            machine.written.fact(ContainerKind::Containerd, id),
            None,
            "{id}"
        );
    }
}
