//! Containers of containerd, by its own `ctr`: in its default namespace, in another, and in a pod's cgroup with what its CRI plugin
//! would say of them.

use std::process::Command;

use crate::engine::{assert_storm, name as unique, up_with};
use crate::harness::oracle::{self, truths};
use crate::harness::process::Process;
use crate::harness::program::{required, turn};
use crate::harness::up::{Data, RUNS_WITHIN};

/// `ctr run` of a storm in the test's root file system, with further options.
fn run(namespace: &str, id: &str, options: &[&str]) -> Command {
    let mut command = Command::new("/usr/bin/ctr");
    command
        .args([
            "--address",
            &required("BC_CTR_ADDRESS", "containerd's socket"),
        ])
        .args(["--namespace", namespace, "run", "--rm"])
        .args(options);
    let oracles = oracle::path("storm");
    let folder = oracles.trim_end_matches("/storm");
    command.args([
        "--mount",
        &format!("type=bind,src={folder},dst=/oracles,options=rbind:ro"),
        "--rootfs",
        &required("BC_ROOTFS", "a root file system with busybox"),
        id,
    ]);
    // Its name is in a file that goes with it: long enough for a machine with much else to do.
    command.args(["/oracles/storm", "30", "mix", "5000"]);
    command
}

#[test]
fn containers_of_any_namespace_are_found_recorded_and_shown_afterwards() {
    let _turn = turn();
    let data = Data::new();
    let state = required("BC_CONTAINERD_STATE", "containerd's state directory");
    let up = up_with(&data, &["--containerd-state", &state]);
    let name = unique("ctr").trim_end_matches('-').to_owned();
    for namespace in ["default", "bc-ci"] {
        let ended = Process::start(&mut run(namespace, &name, &["--memory-limit", "268435456"]))
            .finish(RUNS_WITHIN)
            .success();
        let truth = truths(&ended.stdout).remove(0);
        let id = format!("{namespace}/{name}");
        let past = up.api.past(&id);
        assert_eq!(
            (past.kind.as_str(), past.name.as_str(), past.cgroup.as_str()),
            ("containerd", id.as_str(), format!("/{id}").as_str())
        );
        assert_eq!(past.limits.memory_bytes, Some(256 << 20), "{past:?}");
        let processes = up.api.processes(&id);
        assert_storm(&processes, &truth);
        let root = processes.iter().find(|row| row.is_root);
        assert_eq!(
            root.map(|row| (row.name.as_str(), row.container_pid)),
            Some(("storm", Some(1)))
        );
    }

    // As kubelet and the CRI plugin have it, at the lowest quality of service.
    let id = format!("{:064x}", std::process::id());
    let cgroup = format!("/kubepods/besteffort/podbc{}/{id}", std::process::id());
    let said = [
        ("container-type", "container"),
        ("container-name", "server"),
        ("sandbox-name", "web-7d9"),
        ("sandbox-namespace", "shop"),
        ("image-name", "ghcr.io/acme/web:2"),
    ];
    let annotations = said.map(|(name, value)| format!("io.kubernetes.cri.{name}={value}"));
    let mut options = vec!["--cgroup", cgroup.as_str()];
    options.extend(
        annotations
            .iter()
            .flat_map(|said| ["--annotation", said.as_str()]),
    );
    let ended = Process::start(&mut run("k8s.io", &id, &options))
        .finish(RUNS_WITHIN)
        .success();
    let truth = truths(&ended.stdout).remove(0);
    let past = up.api.past(&id);
    assert_eq!(
        (
            past.kind.as_str(),
            past.name.as_str(),
            past.image.as_deref()
        ),
        (
            "kubernetes",
            "shop/web-7d9/server",
            Some("ghcr.io/acme/web:2")
        )
    );
    assert_storm(&up.api.processes(&id), &truth);
    up.stop();
}
