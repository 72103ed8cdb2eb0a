//! Answers captured from Docker 20.10 and Podman 4.3, as facts.

use std::fs;

use bc_schema::{ContainerKind, Limits};
use bollard::models::{ContainerInspectResponse, ContainerSummary, EventMessage, SystemVersion};

use super::*;

macro_rules! captured {
    ($name:literal) => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/src/runtime/fixtures/",
            $name
        ))
    };
}

mod daemon;

const LIMITS: Limits = Limits {
    memory_bytes: Some(64 << 20),
    cpu_milli: Some(500),
    pids: Some(50),
};

fn read<T: serde::de::DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).expect("captured JSON of a known form")
}

fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|&(key, value)| (key.into(), value.into()))
        .collect()
}

/// One captured inspection as a fact.
fn inspected(kind: ContainerKind, json: &str) -> RuntimeFact {
    said::inspected(kind, read::<ContainerInspectResponse>(json)).expect("a fact")
}

#[test]
fn a_socket_says_whose_it_is() {
    let kind = |json| said::kind(&read::<SystemVersion>(json));
    assert_eq!(
        kind(captured!("docker-version.json")),
        ContainerKind::Docker
    );
    assert_eq!(
        kind(captured!("podman-version.json")),
        ContainerKind::Podman
    );
    assert_eq!(kind("{}"), ContainerKind::Docker);
}

#[test]
fn an_inspection_tells_everything() {
    let docker = inspected(ContainerKind::Docker, captured!("docker-inspect.json"));
    assert_eq!(
        (
            docker.id.len(),
            docker.name.as_str(),
            docker.image.as_deref()
        ),
        (64, "web", Some("bctest:1"))
    );
    assert_eq!(
        docker.labels,
        labels(&[("com.acme.url", "http://u:p@h/"), ("team", "a")])
    );
    assert_eq!(docker.limits, LIMITS);
    assert!(docker.pid.is_some());

    let podman = inspected(ContainerKind::Podman, captured!("podman-inspect.json"));
    assert_eq!(
        (podman.name.as_str(), podman.image.as_deref()),
        ("imaged", Some("localhost/bctest:1"))
    );
    assert_eq!(
        (podman.limits, podman.labels),
        (LIMITS, labels(&[("team", "b")]))
    );
}

#[test]
fn no_limit_is_not_a_limit_of_nothing() {
    let bare = r#"{"Id":"x","Name":"/y","State":{"Pid":0},"Config":{"Image":""},
        "HostConfig":{"Memory":0,"NanoCpus":0,"CpuQuota":-1,"CpuPeriod":0,"PidsLimit":-1}}"#;
    let fact = inspected(ContainerKind::Docker, bare);
    assert_eq!(
        (fact.limits, fact.image, fact.pid),
        (Limits::default(), None, None)
    );
    let quota = |quota, period| said::cpu_milli(Some(quota), Some(period));
    assert_eq!(
        (quota(150_000, 100_000), quota(50_000, 0), quota(0, 1)),
        (Some(1500), Some(500), None)
    );
}

#[test]
fn a_list_tells_names_and_labels() {
    let list: Vec<ContainerSummary> = read(captured!("podman-list.json"));
    let facts: Vec<_> = list
        .into_iter()
        .filter_map(|one| said::listed(ContainerKind::Podman, one))
        .collect();
    let mut told: Vec<_> = facts
        .iter()
        .map(|fact| (fact.name.as_str(), fact.image.as_deref()))
        .collect();
    told.sort();
    assert_eq!(
        told,
        [("imaged", Some("localhost/bctest:1")), ("rooted", None)]
    );
    let linked = r#"{"Id":"x","Names":["/web/db","/db"]}"#;
    assert_eq!(
        said::listed(ContainerKind::Docker, read(linked)).map(|fact| fact.name),
        Some("db".into())
    );
}

#[test]
fn an_event_is_enough_where_the_container_is_gone() {
    for (kind, lines, image) in [
        (
            ContainerKind::Docker,
            captured!("docker-events.jsonl"),
            "bctest:1",
        ),
        (
            ContainerKind::Podman,
            captured!("podman-events.jsonl"),
            "localhost/bctest:1",
        ),
    ] {
        let events: Vec<EventMessage> = lines.lines().map(read).collect();
        let happened: Vec<_> = events
            .into_iter()
            .filter_map(|event| said::happened(kind, event))
            .collect();
        let facts: Vec<_> = happened.iter().filter_map(changed).collect();
        let brief: Vec<_> = facts.iter().filter(|fact| fact.name == "brief").collect();
        assert_eq!(brief.len(), 2, "created, started: {facts:?}");
        assert!(
            brief
                .iter()
                .all(|fact| fact.image.as_deref() == Some(image) && fact.id.len() == 64)
        );
        let renamed = facts
            .iter()
            .find(|fact| fact.name.ends_with('2'))
            .expect("a rename");
        assert_eq!(renamed.labels.get("team").map(String::as_str), Some("a"));
        assert!(
            !renamed
                .labels
                .keys()
                .any(|key| key == "oldName" || key == "podId"),
            "{renamed:?}"
        );
        let gone = said::Happened::Gone(brief[0].id.clone());
        assert_eq!(happened.last(), Some(&gone));
    }
}

fn changed(happened: &said::Happened) -> Option<&RuntimeFact> {
    match happened {
        said::Happened::Changed(fact) => Some(fact),
        said::Happened::Gone(_) => None,
    }
}

#[test]
fn podmans_storage_tells_names_images_and_limits() {
    let root = tempfile::tempdir().unwrap();
    assert_eq!(podman_names(root.path()), []);
    let containers = root.path().join("vfs-containers");
    let list = captured!("podman-containers.json");
    let stored: Vec<serde_json::Value> = read(list);
    let id = |name: &str| {
        stored.iter().find(|one| one["names"][0] == name).unwrap()["id"]
            .as_str()
            .unwrap()
    };
    fs::create_dir_all(containers.join(id("imaged")).join("userdata")).unwrap();
    fs::write(containers.join("containers.json"), list).unwrap();
    fs::write(
        containers.join(id("imaged")).join("userdata/config.json"),
        captured!("podman-bundle.json"),
    )
    .unwrap();
    fs::create_dir(root.path().join("overlay-containers")).unwrap();
    fs::write(
        root.path()
            .join("overlay-containers/volatile-containers.json"),
        r#"[{"id":"v","names":["brief"]}]"#,
    )
    .unwrap();

    let mut facts = podman_names(root.path());
    facts.sort_by(|a, b| a.name.cmp(&b.name));
    let names: Vec<_> = facts.iter().map(|fact| fact.name.as_str()).collect();
    assert_eq!(names, ["brief", "imaged", "rooted2"]);
    assert_eq!(
        (facts[1].image.as_deref(), facts[1].limits),
        (Some("localhost/bctest:1"), LIMITS)
    );
    assert_eq!(
        (facts[2].image.as_deref(), facts[2].limits),
        (None, Limits::default()),
        "--rootfs has no image"
    );
    assert_eq!(
        podman_fact(root.path(), id("rooted2")).as_ref(),
        Some(&facts[2])
    );
    assert_eq!(podman_fact(root.path(), "nobody"), None);

    fs::write(containers.join("containers.json"), "[{\"id\":").unwrap();
    assert_eq!(
        podman_names(root.path()).len(),
        1,
        "a list that is broken takes nothing else with it"
    );
}
