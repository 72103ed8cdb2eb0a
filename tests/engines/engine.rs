//! Where the engines are, and what every engine's container is held against.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::harness::api::{Api, Container, Process};
use crate::harness::assert_within;
use crate::harness::oracle::{self, number};
use crate::harness::program::required;
use crate::harness::up::{Data, Up};
use crate::harness::wait::{self, PATIENCE};

/// Where the oracles are mounted in a container.
pub(crate) const ORACLES: &str = "/oracles";

/// A call of Docker's client.
pub(crate) fn docker(args: &[&str]) -> Command {
    let mut command = Command::new(required("BC_DOCKER", "Docker's client"));
    command
        .args([
            "--host",
            &required("BC_DOCKER_HOST", "the address of Docker's daemon"),
        ])
        .args(args);
    command
}

/// The image that the engines' set-up imported.
pub(crate) fn image() -> String {
    required("BC_DOCKER_IMAGE", "an image with the folder /oracles")
}

/// A call of Podman, with the settings that its own environment variables name.
pub(crate) fn podman(args: &[&str]) -> Command {
    let mut command = Command::new(required("BC_PODMAN", "Podman"));
    command.args(args);
    command
}

/// A container's name that no earlier run of the tests has left taken.
pub(crate) fn name(what: &str) -> String {
    format!("bc-{what}-{}-", std::process::id())
}

/// The mount that puts the oracles into a container.
pub(crate) fn oracles_mount() -> String {
    let oracle = oracle::path("storm");
    let folder = Path::new(&oracle)
        .parent()
        .and_then(Path::to_str)
        .expect("an oracle lies in a folder");
    format!("{folder}:{ORACLES}:ro")
}

/// Starts `up` with the engines' sockets, and waits until it follows both: it has no other way to learn a name.
#[track_caller]
pub(crate) fn up(data: &Data) -> Up {
    up_with(data, &[])
}

/// The same, with further arguments.
#[track_caller]
pub(crate) fn up_with(data: &Data, args: &[&str]) -> Up {
    let sockets = ["BC_DOCKER_HOST", "BC_PODMAN_HOST"].map(|name| {
        let address = required(name, "the address of an engine's socket");
        address.trim_start_matches("unix://").to_owned()
    });
    let own = [
        "--docker-socket",
        &sockets[0],
        "--docker-socket",
        &sockets[1],
    ];
    let up = data.up(&[&own[..], args].concat());
    wait::until("the runtimes to be followed", PATIENCE, || {
        let log = up.stderr();
        let followed = |socket: &&String| {
            let socket = format!("socket={socket}");
            log.lines()
                .any(|line| line.contains("following") && line.contains(&socket))
        };
        match sockets.iter().filter(followed).count() {
            2 => Ok(()),
            _ => Err(log.clone()),
        }
    });
    up
}

/// The container of that name, when it is known.
pub(crate) fn named(api: &Api, name: &str) -> Result<Container, String> {
    let mut found = api.containers(&format!("q={name}"));
    found.retain(|container| container.name == name);
    assert!(found.len() < 2, "one container, one row: {found:?}");
    found
        .pop()
        .ok_or_else(|| format!("no container has the name {name}"))
}

/// The processes that ran an oracle: without what the engine itself ran in the cgroup before and beside it.
pub(crate) fn of_oracle<'a>(processes: &'a [Process], oracle: &str) -> Vec<&'a Process> {
    processes
        .iter()
        .filter(|process| process.name == oracle)
        .collect()
}

/// Holds a storm's rows against what it printed from inside its PID namespace.
#[track_caller]
pub(crate) fn assert_storm(processes: &[Process], truth: &Value) {
    let rows = of_oracle(processes, "storm");
    let by_pid = |pid: u64| {
        let mut found = rows
            .iter()
            .filter(|row| row.container_pid.map(u64::from) == Some(pid));
        let row = found
            .next()
            .unwrap_or_else(|| panic!("no row has the container pid {pid}: {rows:?}"));
        assert!(
            found.next().is_none(),
            "two rows have the container pid {pid}"
        );
        row
    };
    let parent = by_pid(number(truth, "pid"));
    let children = truth["children"]
        .as_array()
        .expect("the oracle lists its children");
    assert_eq!(
        rows.len(),
        children.len() + 1,
        "one row for each process: {rows:?}"
    );
    for child in children {
        let row = by_pid(number(child, "pid"));
        assert_eq!(row.parent.as_ref(), Some(&parent.id), "{row:?}");
        assert_eq!(
            row.exit_code.map(u64::from),
            Some(number(child, "exit_code")),
            "{row:?}"
        );
        assert!(
            !row.end_unseen && row.end_ms.is_some_and(|end_ms| row.start_ms <= end_ms),
            "{row:?}"
        );
        if child["method"] == "fork" {
            assert_eq!(row.args(), parent.args(), "{row:?}");
        } else {
            assert_eq!(
                row.args(),
                [
                    "storm-child",
                    &child["index"].to_string(),
                    &child["exit_code"].to_string()
                ],
                "{row:?}"
            );
        }
    }
    let cpu_ns = rows
        .iter()
        .filter(|row| row.id != parent.id)
        .map(|row| row.total("cpu_ns"))
        .sum();
    assert_within(
        "CPU of the storm's children",
        cpu_ns,
        number(truth, "children_cpu_ns"),
        0.01,
    );
}
