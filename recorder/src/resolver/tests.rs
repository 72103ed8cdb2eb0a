//! The paths that runtimes make, each with where its form comes from, and what owns them.

use bc_schema::{ContainerId, ContainerKind, ContainerKind::*};

use super::{BadGlob, Excludes, Globs, resolve};

/// Two full ids, written out once; `A` and `B` in a path of the tables below stand for them.
const A: &str = "262b281ffa9d2bc4d8e31fb4d3ca9ee8b1c5bb2b1b7f9c7a4f7c0e5f36c0d1aa";
const B: &str = "f00ddeadbeef0123456789abcdef0123456789abcdef0123456789abcdef0123";

fn written_out(pattern: &str) -> String {
    pattern.replace('A', A).replace('B', B)
}

/// (where the form comes from, path, kind, id, the container's top, uid)
type Owned = (
    &'static str,
    &'static str,
    ContainerKind,
    &'static str,
    &'static str,
    Option<u32>,
);

#[rustfmt::skip]
const OWNED: &[Owned] = &[
    // Docker: `cgroupsPath` in moby's daemon/oci_linux.go is PARENT/ID, or PARENT:docker:ID for systemd, which runc turns into a scope.
    ("cgroupfs driver", "/docker/A", Docker, "A", "/docker/A", None),
    ("what a container makes below", "/docker/A/init", Docker, "A", "/docker/A", None),
    ("--cgroup-parent", "/actions_job/A", Docker, "A", "/actions_job/A", None),
    ("--cgroup-parent of several levels", "/ecs/4f1b/A", Docker, "A", "/ecs/4f1b/A", None),
    ("--cgroup-parent=/", "/A", Docker, "A", "/A", None),
    ("systemd driver", "/system.slice/docker-A.scope", Docker, "A", "/system.slice/docker-A.scope", None),
    ("systemd driver, --cgroup-parent=ci-build.slice", "/ci.slice/ci-build.slice/docker-A.scope", Docker, "A", "/ci.slice/ci-build.slice/docker-A.scope", None),
    ("systemd inside it", "/system.slice/docker-A.scope/system.slice/cron.service", Docker, "A", "/system.slice/docker-A.scope", None),
    ("rootless, systemd driver", "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-A.scope", Docker, "A", "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-A.scope", None),
    ("a dockerd that itself lives in a cgroup", "/init.scope/docker/A", Docker, "A", "/init.scope/docker/A", None),
    ("Docker in Docker: the outer one", "/docker/A/docker/B", Docker, "A", "/docker/A", None),
    ("kind: Kubernetes in Docker", "/docker/A/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod1b.slice/cri-containerd-B.scope", Docker, "A", "/docker/A", None),
    ("Podman in Docker", "/docker/A/libpod_parent/libpod-B", Docker, "A", "/docker/A", None),
    ("Slurm in Docker", "/docker/A/slurm/uid_0/job_7", Docker, "A", "/docker/A", None),

    // Podman: OCICgroupPath in its libpod/container_internal_common.go; the scope's `container` is crun's, its `init` systemd's.
    ("cgroupfs manager (seen with 4.3.1)", "/libpod_parent/libpod-A", Podman, "A", "/libpod_parent/libpod-A", None),
    ("cgroupfs manager, Podman 1", "/libpod_parent/libpod-A/ctr", Podman, "A", "/libpod_parent/libpod-A", None),
    ("cgroupfs manager, in a pod", "/libpod_parent/B/libpod-A", Podman, "A", "/libpod_parent/B/libpod-A", None),
    ("cgroupfs manager, in a pod with a parent of its own", "/batch/B/libpod-A", Podman, "A", "/batch/B/libpod-A", None),
    ("systemd manager", "/machine.slice/libpod-A.scope", Podman, "A", "/machine.slice/libpod-A.scope", None),
    ("systemd manager with crun", "/machine.slice/libpod-A.scope/container", Podman, "A", "/machine.slice/libpod-A.scope", None),
    ("systemd manager, in a pod", "/machine.slice/machine-libpod_pod_B.slice/libpod-A.scope/container", Podman, "A", "/machine.slice/machine-libpod_pod_B.slice/libpod-A.scope", None),
    ("rootless", "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-A.scope/container", Podman, "A", "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-A.scope", None),
    ("rootless, in a pod", "/user.slice/user-1000.slice/user@1000.service/user.slice/user-libpod_pod_B.slice/libpod-A.scope", Podman, "A", "/user.slice/user-1000.slice/user@1000.service/user.slice/user-libpod_pod_B.slice/libpod-A.scope", None),
    ("--cgroups=split, as Quadlet has it", "/system.slice/nginx.service/libpod-payload-A", Podman, "A", "/system.slice/nginx.service/libpod-payload-A", None),
    ("rootless Quadlet", "/user.slice/user-1000.slice/user@1000.service/app.slice/redis.service/libpod-payload-A", Podman, "A", "/user.slice/user-1000.slice/user@1000.service/app.slice/redis.service/libpod-payload-A", None),
    ("Podman in Podman", "/machine.slice/libpod-A.scope/container/libpod_parent/libpod-B", Podman, "A", "/machine.slice/libpod-A.scope", None),

    // Slurm: v1 from plugins/cgroup/v1 (PREPEND/uid_U/job_J/step_S/task_T, PREPEND `/slurm`, with several slurmd `/slurm_NODE`; seen
    // with 22.05), v2 from plugins/cgroup/v2 (slurmstepd.scope/job_J/step_S/user/task_T, slurmstepd itself in `slurm`).
    ("v1, the job", "/slurm/uid_1000/job_42", Slurm, "job_42", "/slurm/uid_1000/job_42", Some(1000)),
    ("v1, a task", "/slurm/uid_1000/job_42/step_0/task_0", Slurm, "job_42", "/slurm/uid_1000/job_42", Some(1000)),
    ("v1, the batch script", "/slurm/uid_1000/job_42/step_batch", Slurm, "job_42", "/slurm/uid_1000/job_42", Some(1000)),
    ("v1, several slurmd on a host", "/slurm_node-1/uid_0/job_1/step_0/task_0", Slurm, "job_1", "/slurm_node-1/uid_0/job_1", Some(0)),
    ("v2, the job", "/system.slice/slurmstepd.scope/job_42", Slurm, "job_42", "/system.slice/slurmstepd.scope/job_42", None),
    ("v2, a task", "/system.slice/slurmstepd.scope/job_42/step_0/user/task_0", Slurm, "job_42", "/system.slice/slurmstepd.scope/job_42", None),
    ("v2, slurmstepd", "/system.slice/slurmstepd.scope/job_42/step_extern/slurm", Slurm, "job_42", "/system.slice/slurmstepd.scope/job_42", None),
    ("v2, several slurmd on a host", "/system.slice/spark-7ff0_slurmstepd.scope/job_21868/step_1/user/task_2", Slurm, "job_21868", "/system.slice/spark-7ff0_slurmstepd.scope/job_21868", None),
    ("a Docker container in a job (--cgroup-parent)", "/slurm/uid_1000/job_42/A", Slurm, "job_42", "/slurm/uid_1000/job_42", Some(1000)),
    ("a rootless Podman container in a job", "/system.slice/slurmstepd.scope/job_42/step_0/user/libpod-payload-A", Slurm, "job_42", "/system.slice/slurmstepd.scope/job_42", None),
];

#[rustfmt::skip]
const NOBODYS: &[(&str, &str)] = &[
    ("the root", "/"),
    ("nothing", ""),
    ("services and sessions", "/system.slice/docker.service"),
    ("services and sessions", "/user.slice/user-1000.slice/session-3.scope"),
    ("holds Docker's containers", "/docker"),
    ("BuildKit's steps are no containers", "/docker/buildkit/s3fzqdkvcmpkwtplq5wjh0m2r"),
    ("a short id is no directory of Docker's", "/docker/262b281ffa9d"),
    ("65 digits", "/docker/Aa"),
    ("ids are lower-case", "/docker/262B281FFA9D2BC4D8E31FB4D3CA9EE8B1C5BB2B1B7F9C7A4F7C0E5F36C0D1FF"),
    ("not an id", "/system.slice/docker-latest.scope"),
    ("holds Podman's containers", "/libpod_parent"),
    ("holds Podman's containers", "/machine.slice"),
    ("Podman's monitors", "/libpod_parent/conmon"),
    ("Podman's monitor", "/machine.slice/libpod-conmon-A.scope"),
    ("a Quadlet's monitor", "/system.slice/nginx.service/runtime"),
    ("a pod of the cgroupfs manager", "/libpod_parent/B"),
    ("a pod of the systemd manager", "/machine.slice/machine-libpod_pod_B.slice"),
    ("holds jobs", "/slurm"),
    ("holds jobs", "/slurm_node-1"),
    ("holds jobs", "/slurm_node-1/uid_0"),
    ("Slurm's own", "/slurm/system"),
    ("Slurm's own", "/system.slice/slurmstepd.scope/system"),
    ("a job's name elsewhere", "/system.slice/job_42"),
    ("a job's name elsewhere", "/batch/uid_1000/job_42"),
    ("no job number", "/slurm/uid_1000/job_x"),
    ("slurmd", "/system.slice/slurmd.service"),

    // Kubernetes: pkg/kubelet/cm/cgroup_manager_linux.go; the last directory is the container runtime's.
    ("cgroupfs, Docker or containerd", "/kubepods/besteffort/pod0c4f3a0e-0000-4000-8000-000000000000/A"),
    ("cgroupfs, guaranteed", "/kubepods/pod0c4f3a0e-0000-4000-8000-000000000000/A"),
    ("systemd, Docker", "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1b.slice/docker-A.scope"),
    ("systemd, containerd", "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1b.slice/cri-containerd-A.scope"),
    ("systemd, CRI-O", "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1b.slice/crio-A.scope/container"),
    ("Docker in a pod", "/kubepods/burstable/pod1b/A/docker/B"),
    // containerd: DefaultCgroupsPath is /NAMESPACE/ID; nerdctl asks for system.slice:nerdctl:ID.
    ("containerd's default namespace", "/default/A"),
    ("containerd's namespace for Kubernetes", "/k8s.io/A"),
    ("nerdctl", "/system.slice/nerdctl-A.scope"),
    ("CRI-O's monitor", "/system.slice/crio-conmon-A.scope"),
    // LXC: lxc.cgroup.pattern, and its successor's default `lxc.payload.NAME`.
    ("LXC 3", "/lxc/A"),
    ("LXC 4, Docker inside", "/lxc.payload.web/docker/A"),
];

#[test]
fn every_path_has_its_owner() {
    for &(form, path, kind, id, top, uid) in OWNED {
        let (path, id, top) = (written_out(path), written_out(id), written_out(top));
        let found = resolve(&path).unwrap_or_else(|| panic!("{form}: nobody owns {path}"));
        assert_eq!(
            (found.kind, found.id, found.container_path, found.uid),
            (kind, &*id, &*top, uid),
            "{form}: {path}"
        );
        assert_eq!(found.is_top, path == top, "{form}: {path}");
    }
}

#[test]
fn the_top_of_a_container_is_owned_as_what_is_below_it() {
    for &(form, _, kind, id, top, uid) in OWNED {
        let (id, top) = (written_out(id), written_out(top));
        let found = resolve(&top);
        let said = found.map(|found| {
            (
                found.kind,
                found.id,
                found.container_path,
                found.is_top,
                found.uid,
            )
        });
        assert_eq!(said, Some((kind, &*id, &*top, true, uid)), "{form}: {top}");
    }
}

#[test]
fn what_holds_containers_or_is_foreign_is_nobodys() {
    for &(form, path) in NOBODYS {
        let path = written_out(path);
        assert_eq!(resolve(&path), None, "{form}: {path}");
    }
}

#[test]
fn odd_slashes_change_no_owner() {
    let path = written_out("//docker//A/");
    let found = resolve(&path).expect("a container");
    assert_eq!(
        (found.id, found.container_path),
        (A, &*written_out("//docker//A"))
    );
}

#[test]
fn a_glob_takes_the_shortest_ancestor() {
    let globs = Globs::new(&["/system.slice/*.service", "batch/**", "/a/{b,c}?"]).unwrap();
    let owner = |path: &'static str| {
        globs
            .matches(path)
            .map(|found| (found.container_path, found.is_top))
    };
    assert_eq!(
        owner("/system.slice/cron.service"),
        Some(("/system.slice/cron.service", true))
    );
    assert_eq!(
        owner("/system.slice/cron.service/a/b"),
        Some(("/system.slice/cron.service", false))
    );
    assert_eq!(owner("/system.slice/docker.socket"), None);
    assert_eq!(
        owner("/system.slice/x/y.service"),
        None,
        "`*` stays within a name"
    );
    assert_eq!(owner("/batch/1/2"), Some(("/batch/1", false)));
    assert_eq!(owner("/batch"), None, "it holds them");
    assert_eq!(owner("/a/b1/x"), Some(("/a/b1", false)));
    assert_eq!(owner("/"), None);
    let everything = Globs::new(&["/**"]).unwrap();
    assert_eq!(everything.matches("/"), None, "the root is the machine");
    let found = everything.matches("/x/y").unwrap();
    assert_eq!((found.kind, found.id, found.uid), (Cgroup, "/x", None));
}

#[test]
fn a_glob_that_says_nothing_is_refused() {
    assert_eq!(Globs::new(&["/"]).unwrap_err(), BadGlob::Root("/".into()));
    assert!(
        Globs::new(&["/a[".to_owned()])
            .unwrap_err()
            .to_string()
            .starts_with("cannot read the glob `/a[`: ")
    );
    assert!(Globs::new::<&str>(&[]).unwrap().matches("/a").is_none());
}

#[test]
fn excludes_look_at_id_name_image_and_cgroup() {
    let id = ContainerId::new(A).unwrap();
    let out = |globs: &[&str]| {
        Excludes::new(globs).unwrap().excluded(
            &id,
            Some("web-1"),
            Some("ghcr.io/acme/web:2"),
            "/docker/A",
        )
    };
    for glob in [
        A,
        &A[..12],
        "web-*",
        "ghcr.io/*",
        "*/web:?",
        "/docker/*",
        "{x,web-1}",
    ] {
        assert!(out(&[glob]), "{glob}");
    }
    for glob in ["web", "sysdig", "ghcr.io", "/docker", "WEB-1"] {
        assert!(!out(&[glob]), "{glob}");
    }
}
