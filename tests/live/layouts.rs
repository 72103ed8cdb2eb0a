//! The layouts of runtimes that do not run here: real processes in real cgroups of the paths that these runtimes make, with the files they
//! leave beside them.

use std::path::Path;

use crate::harness::api::Container;
use crate::harness::cgroup::Tree;
use crate::harness::oracle;
use crate::harness::process::Process;
use crate::harness::program::turn;
use crate::harness::up::{Data, RUNS_WITHIN, Up};
use crate::harness::wait;

/// A full id that is nobody else's.
fn full_id(nth: u32) -> String {
    format!("{:08x}{nth:056x}", std::process::id())
}

/// Below a folder of this test's own, so that nothing of the machine's is met.
fn own(path: &str) -> String {
    format!("/bc-live-{}{path}", std::process::id())
}

/// Runs three children and their parent in a new cgroup, removes it, and returns what is known of the container afterwards.
#[track_caller]
fn lived(up: &Up, path: &str, id: &str, environment: &[(&str, &str)]) -> Container {
    let tree = Tree::new(path);
    // A job's number has to be met with while somebody is there who says it; where nobody does, it is looked for in vain for a while.
    let says_number = environment
        .iter()
        .any(|(name, value)| *name == "SLURM_JOB_ID" && !value.is_empty());
    let linger = match (environment.is_empty(), says_number) {
        (false, false) => "2500",
        _ => "-",
    };
    let mut command = tree.command(&oracle::path("storm"), &["3", "mix", linger]);
    let storm = Process::start(command.envs(environment.iter().copied()));
    if says_number {
        wait::until("the job", RUNS_WITHIN, || {
            up.api
                .container(id)
                .map(drop)
                .ok_or("it is not known".into())
        });
    }
    storm.finish(RUNS_WITHIN).success();
    drop(tree);
    let past = up.api.past(id);
    let rows = up.api.processes(id);
    let of_storm = rows.iter().filter(|row| row.name == "storm").count();
    assert_eq!(
        (past.processes, of_storm),
        (4, 4),
        "{path}: a parent and three children: {rows:?}"
    );
    past
}

fn bundle(state: &Path, task: &str, json: &serde_json::Value) {
    let folder = state.join("io.containerd.runtime.v2.task").join(task);
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    std::fs::write(folder.join("config.json"), json.to_string()).expect("a file can be written");
}

#[test]
fn each_layout_is_a_container_of_its_kind() {
    let _turn = turn();
    let (data, state) = (
        Data::new(),
        tempfile::tempdir().expect("a folder can be made"),
    );
    let pid = std::process::id();
    let unit = format!("bc-live-{pid}.service");
    let up = data.up(&[
        "--containerd-state",
        state.path().to_str().expect("its name is text"),
        "--unit",
        &unit,
        "--exclude",
        "shop/secret-*",
    ]);

    let users = own("/user.slice/user-1000.slice/user@1000.service/user.slice");
    let burstable = own("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1b.slice");
    let (web, job) = (format!("web-{pid}"), format!("job_{pid}"));
    let layouts = [
        (
            "podman",
            full_id(1),
            format!("{users}/libpod-{}.scope/container", full_id(1)),
        ),
        (
            "containerd",
            full_id(2),
            own(&format!("/system.slice/nerdctl-{}.scope", full_id(2))),
        ),
        (
            "crio",
            full_id(3),
            own(&format!(
                "/system.slice/crio-{}.scope/container",
                full_id(3)
            )),
        ),
        (
            "kubernetes",
            full_id(4),
            format!("{burstable}/crio-{}.scope", full_id(4)),
        ),
        (
            "kubernetes",
            full_id(5),
            own(&format!("/kubepods/besteffort/pod1b/{}", full_id(5))),
        ),
        (
            "lxc",
            web.clone(),
            own(&format!("/lxc.payload.{web}/system.slice/a.service")),
        ),
        ("lxc", format!("{web}-3"), own(&format!("/lxc/{web}-3/ns"))),
        (
            "slurm",
            job.clone(),
            own(&format!("/slurmstepd.scope/{job}/step_0/user/task_0")),
        ),
        (
            "systemd",
            unit.clone(),
            format!("/bc-live-{pid}.slice/{unit}/worker"),
        ),
    ];
    for (kind, id, path) in &layouts {
        let past = lived(&up, path, id, &[]);
        assert_eq!(
            (&past.kind, &past.id, &past.name),
            (&kind.to_string(), id, id),
            "{path}"
        );
    }

    // A pod under containerd, with its sandbox: named by what their bundles say.
    let annotated = |kind: &str, pod: &str, container: Option<&str>| {
        serde_json::json!({
            "annotations": {
                "io.kubernetes.cri.container-type": kind,
                "io.kubernetes.cri.sandbox-name": pod,
                "io.kubernetes.cri.sandbox-namespace": "shop",
                "io.kubernetes.cri.container-name": container.unwrap_or_default(),
                "org.example.start": "serve --password=hunter2-of-the-pod",
                "io.kubernetes.cri.image-name": "ghcr.io/acme/web:2",
            },
            "linux": {"resources": {"pids": {"limit": 77}}},
        })
    };
    for (nth, kind, container, name) in [
        (6, "container", Some("server"), "shop/web-7d9/server"),
        (7, "sandbox", None, "shop/web-7d9/POD"),
    ] {
        let id = full_id(nth);
        bundle(
            state.path(),
            &format!("k8s.io/{id}"),
            &annotated(kind, "web-7d9", container),
        );
        let past = lived(
            &up,
            &format!("{burstable}/cri-containerd-{id}.scope"),
            &id,
            &[],
        );
        assert_eq!(
            (past.kind.as_str(), past.name.as_str()),
            ("kubernetes", name)
        );
        assert_eq!(
            past.labels
                .get("io.kubernetes.pod.namespace")
                .map(String::as_str),
            Some("shop")
        );
        assert_eq!(
            (past.limits.pids, past.image.as_deref()),
            (Some(77), Some("ghcr.io/acme/web:2"))
        );
    }

    // One that is not to be recorded, by a name that its bundle alone knows.
    let id = full_id(8);
    bundle(
        state.path(),
        &format!("k8s.io/{id}"),
        &annotated("container", "secret-1", Some("vault")),
    );
    let tree = Tree::new(&format!("{burstable}/cri-containerd-{id}.scope"));
    Process::start(&mut tree.command(&oracle::path("storm"), &["3", "mix"]))
        .finish(RUNS_WITHIN)
        .success();
    drop(tree);
    // What comes after it is known: so would it be.
    lived(
        &up,
        &own(&format!("/lxc.payload.{web}-after")),
        &format!("{web}-after"),
        &[],
    );
    assert_eq!(up.api.container(&id).map(|found| found.name), None);

    assert!(!String::from_utf8_lossy(&up.stored_bytes()).contains("hunter2"));
    up.stop();
}

#[test]
fn a_job_behind_a_sluid_goes_by_the_number_its_processes_have() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let pid = std::process::id();
    let number = pid.to_string();
    let path = |sluid: &str| {
        own(&format!(
            "/node-1_slurmstepd.scope/{sluid}/step_0/user/task_0"
        ))
    };
    let environment = [("PATH", "/usr/bin:/bin"), ("SLURM_JOB_ID", number.as_str())];
    let job = format!("job_{number}");
    let past = lived(&up, &path("s0H25P0TN7VC00"), &job, &environment);
    assert_eq!(
        (past.kind.as_str(), past.name.as_str()),
        ("slurm", job.as_str())
    );

    // Requeued: the same number in another directory is another life of it.
    lived_again(&up, &path("s0H25P0TN7VC01"), &job, &environment);

    // Nobody says a number: then the SLUID is all there is.
    let nameless = "s0H25P0TN7VC02";
    let past = lived(&up, &path(nameless), nameless, &[("SLURM_JOB_ID", "")]);
    assert_eq!(past.kind, "slurm");
    up.stop();
}

#[track_caller]
fn lived_again(up: &Up, path: &str, id: &str, environment: &[(&str, &str)]) {
    let tree = Tree::new(path);
    let mut command = tree.command(&oracle::path("storm"), &["3", "mix", "-"]);
    let storm = Process::start(command.envs(environment.iter().copied()));
    let second = |state: &str| {
        wait::until("the second life", RUNS_WITHIN, || {
            let known = up.api.get(&format!("/api/v1/containers/{id}")).json();
            let lives = known["lives"].as_array().map_or(0, Vec::len);
            match (lives, known["state"].as_str()) {
                (2, Some(is)) if is == state => Ok(()),
                _ => Err(known.to_string()),
            }
        });
    };
    second("live");
    storm.finish(RUNS_WITHIN).success();
    drop(tree);
    second("past");
}
