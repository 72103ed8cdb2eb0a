//! The paths that runtimes make, each with what owns it and where its form comes from. `docs/runtimes.md` has the same table.

use bc_schema::ContainerKind::{self, *};

/// Two full ids, written out once; `A` and `B` in a path of the tables below stand for them.
pub(super) const A: &str = "262b281ffa9d2bc4d8e31fb4d3ca9ee8b1c5bb2b1b7f9c7a4f7c0e5f36c0d1aa";
pub(super) const B: &str = "f00ddeadbeef0123456789abcdef0123456789abcdef0123456789abcdef0123";

/// Puts the ids in their places. `A` and `B` are ids only where they are not part of a word.
pub(super) fn written_out(pattern: &str) -> String {
    let word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let mut out = String::new();
    let mut before = None;
    let mut characters = pattern.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            'A' | 'B' if !word(before) && !word(characters.peek().copied()) => {
                out.push_str(if c == 'A' { A } else { B });
            }
            _ => out.push(c),
        }
        before = Some(c);
    }
    out
}

const MOBY: &str = "moby 20.10, daemon/oci_linux.go";
const RUNC: &str = "runc 1.1, libcontainer/cgroups/systemd/common.go";
const PODMAN: &str = "podman 4.3, libpod/container_internal_linux.go";
const PODMAN_POD: &str = "podman 4.3, libpod/runtime_pod_linux.go";
const CRUN: &str = "crun 1.8, src/libcrun/cgroup-systemd.c";
const KUBELET: &str = "kubernetes 1.28, pkg/kubelet/cm/pod_container_manager_linux.go";
const KUBELET_DRIVER: &str = "kubernetes 1.28, pkg/kubelet/cm/cgroup_manager_linux.go";
const CRI: &str = "containerd 2.0, internal/cri/server/helpers.go";
const CONTAINERD: &str = "containerd 1.6, oci/spec.go";
const NERDCTL: &str = "nerdctl 2.0, pkg/cmd/container/run_cgroup_linux.go";
const CRIO: &str = "cri-o 1.30, internal/config/cgmgr/systemd_linux.go";
const CRIO_FS: &str = "cri-o 1.30, internal/config/cgmgr/cgroupfs_linux.go";
const LXC: &str = "lxc 6.0, src/lxc/cgroups/cgfsng.c";
const LXC_3_2: &str = "lxc 3.2, src/lxc/initutils.c";
const LXC_3_0: &str = "lxc 3.0, configure.ac";
const PROXMOX: &str = "lxc 6.0, lxc.cgroup.dir.container in src/lxc/confile.c";
const SLURM_V1: &str = "slurm 22.05.8, src/plugins/cgroup/v1/xcgroup.c";
const SLURM_V2: &str = "slurm 22.05.8, src/plugins/cgroup/v2/cgroup_v2.c";
const SLURM_NODES: &str = "slurm 22.05.8, src/common/cgroup.c";
const SLURM_SLUID: &str = "slurm 26.05.1, src/plugins/cgroup/v2/cgroup_v2.c and src/common/sluid.c";

/// A path that has an owner.
pub(super) struct Owned {
    /// What kind of path it is.
    pub(super) form: &'static str,
    pub(super) path: &'static str,
    pub(super) kind: ContainerKind,
    pub(super) id: &'static str,
    /// The container's top.
    pub(super) top: &'static str,
    pub(super) uid: Option<u32>,
    /// Where the form comes from: project, version, file.
    pub(super) source: &'static str,
}

const fn owned(
    form: &'static str,
    path: &'static str,
    kind: ContainerKind,
    id: &'static str,
    top: &'static str,
    source: &'static str,
) -> Owned {
    Owned {
        form,
        path,
        kind,
        id,
        top,
        uid: None,
        source,
    }
}

const fn of_user(uid: u32, owned: Owned) -> Owned {
    Owned {
        uid: Some(uid),
        ..owned
    }
}

#[rustfmt::skip]
pub(super) const OWNED: &[Owned] = &[
    owned("cgroupfs driver", "/docker/A", Docker, "A", "/docker/A", MOBY),
    owned("what a container makes below", "/docker/A/init", Docker, "A", "/docker/A", MOBY),
    owned("`--cgroup-parent`", "/actions_job/A", Docker, "A", "/actions_job/A", MOBY),
    owned("`--cgroup-parent` of several levels", "/ecs/4f1b/A", Docker, "A", "/ecs/4f1b/A", MOBY),
    owned("`--cgroup-parent=/`", "/A", Docker, "A", "/A", MOBY),
    owned("systemd driver", "/system.slice/docker-A.scope", Docker, "A", "/system.slice/docker-A.scope", RUNC),
    owned("systemd driver, `--cgroup-parent=ci-build.slice`", "/ci.slice/ci-build.slice/docker-A.scope", Docker, "A", "/ci.slice/ci-build.slice/docker-A.scope", RUNC),
    owned("systemd inside it", "/system.slice/docker-A.scope/system.slice/cron.service", Docker, "A", "/system.slice/docker-A.scope", RUNC),
    owned("rootless, systemd driver", "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-A.scope", Docker, "A", "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-A.scope", RUNC),
    owned("a dockerd that itself lives in a cgroup", "/init.scope/docker/A", Docker, "A", "/init.scope/docker/A", MOBY),
    owned("Docker in Docker: the outer one", "/docker/A/docker/B", Docker, "A", "/docker/A", MOBY),
    owned("kind (Kubernetes in Docker): the outer one", "/docker/A/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod1b.slice/cri-containerd-B.scope", Docker, "A", "/docker/A", KUBELET_DRIVER),
    owned("Podman in Docker: the outer one", "/docker/A/libpod_parent/libpod-B", Docker, "A", "/docker/A", PODMAN),
    owned("Slurm in Docker: the outer one", "/docker/A/slurm/uid_0/job_7", Docker, "A", "/docker/A", SLURM_V1),

    owned("cgroupfs manager", "/libpod_parent/libpod-A", Podman, "A", "/libpod_parent/libpod-A", PODMAN),
    owned("cgroupfs manager, Podman 1", "/libpod_parent/libpod-A/ctr", Podman, "A", "/libpod_parent/libpod-A", PODMAN),
    owned("cgroupfs manager, in a pod", "/libpod_parent/B/libpod-A", Podman, "A", "/libpod_parent/B/libpod-A", PODMAN_POD),
    owned("cgroupfs manager, in a pod with a parent of its own", "/batch/B/libpod-A", Podman, "A", "/batch/B/libpod-A", PODMAN_POD),
    owned("systemd manager", "/machine.slice/libpod-A.scope", Podman, "A", "/machine.slice/libpod-A.scope", PODMAN),
    owned("systemd manager with crun", "/machine.slice/libpod-A.scope/container", Podman, "A", "/machine.slice/libpod-A.scope", CRUN),
    owned("systemd manager, in a pod", "/machine.slice/machine-libpod_pod_B.slice/libpod-A.scope/container", Podman, "A", "/machine.slice/machine-libpod_pod_B.slice/libpod-A.scope", PODMAN_POD),
    owned("rootless", "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-A.scope/container", Podman, "A", "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-A.scope", PODMAN),
    owned("rootless, in a pod", "/user.slice/user-1000.slice/user@1000.service/user.slice/user-libpod_pod_B.slice/libpod-A.scope", Podman, "A", "/user.slice/user-1000.slice/user@1000.service/user.slice/user-libpod_pod_B.slice/libpod-A.scope", PODMAN_POD),
    owned("rootless, cgroupfs manager with a parent of its own", "/jobs/libpod-A", Podman, "A", "/jobs/libpod-A", PODMAN),
    owned("`--cgroups=split`, as Quadlet has it", "/system.slice/nginx.service/libpod-payload-A", Podman, "A", "/system.slice/nginx.service/libpod-payload-A", PODMAN),
    owned("rootless Quadlet", "/user.slice/user-1000.slice/user@1000.service/app.slice/redis.service/libpod-payload-A", Podman, "A", "/user.slice/user-1000.slice/user@1000.service/app.slice/redis.service/libpod-payload-A", PODMAN),
    owned("Podman in Podman: the outer one", "/machine.slice/libpod-A.scope/container/libpod_parent/libpod-B", Podman, "A", "/machine.slice/libpod-A.scope", PODMAN),

    owned("`ctr`, default namespace", "/default/web", Containerd, "default/web", "/default/web", CONTAINERD),
    owned("default namespace, an id of 64 digits (nerdctl)", "/default/A/init", Containerd, "A", "/default/A", CONTAINERD),
    owned("CRI outside of pods", "/k8s.io/A", Containerd, "A", "/k8s.io/A", CONTAINERD),
    owned("CRI outside of pods, systemd driver", "/system.slice/cri-containerd-A.scope", Containerd, "A", "/system.slice/cri-containerd-A.scope", CRI),
    owned("nerdctl, systemd driver", "/system.slice/nerdctl-A.scope", Containerd, "A", "/system.slice/nerdctl-A.scope", NERDCTL),
    owned("nerdctl, rootless", "/user.slice/user-1000.slice/user@1000.service/user.slice/nerdctl-A.scope", Containerd, "A", "/user.slice/user-1000.slice/user@1000.service/user.slice/nerdctl-A.scope", NERDCTL),

    owned("outside of pods", "/system.slice/crio-A.scope", Crio, "A", "/system.slice/crio-A.scope", CRIO),
    owned("outside of pods, with crun", "/system.slice/crio-A.scope/container", Crio, "A", "/system.slice/crio-A.scope", CRUN),
    owned("outside of pods, cgroupfs manager", "/crio/crio-A", Crio, "A", "/crio/crio-A", CRIO_FS),

    owned("cgroupfs driver, best effort, containerd or Docker", "/kubepods/besteffort/pod0c4f3a0e-0000-4000-8000-000000000000/A", Kubernetes, "A", "/kubepods/besteffort/pod0c4f3a0e-0000-4000-8000-000000000000/A", KUBELET),
    owned("cgroupfs driver, guaranteed", "/kubepods/pod0c4f3a0e-0000-4000-8000-000000000000/A", Kubernetes, "A", "/kubepods/pod0c4f3a0e-0000-4000-8000-000000000000/A", KUBELET),
    owned("cgroupfs driver, CRI-O", "/kubepods/burstable/pod1b/crio-A", Kubernetes, "A", "/kubepods/burstable/pod1b/crio-A", CRIO_FS),
    owned("cgroupfs driver, kubelet with a root of its own", "/acme/kubepods/burstable/pod1b/A", Kubernetes, "A", "/acme/kubepods/burstable/pod1b/A", KUBELET_DRIVER),
    owned("systemd driver, containerd", "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1b.slice/cri-containerd-A.scope", Kubernetes, "A", "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1b.slice/cri-containerd-A.scope", CRI),
    owned("systemd driver, guaranteed, containerd", "/kubepods.slice/kubepods-pod1b.slice/cri-containerd-A.scope", Kubernetes, "A", "/kubepods.slice/kubepods-pod1b.slice/cri-containerd-A.scope", KUBELET_DRIVER),
    owned("systemd driver, CRI-O", "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1b.slice/crio-A.scope/container", Kubernetes, "A", "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1b.slice/crio-A.scope", CRIO),
    owned("systemd driver, Docker (cri-dockerd)", "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1b.slice/docker-A.scope", Kubernetes, "A", "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1b.slice/docker-A.scope", RUNC),
    owned("systemd driver, kubelet with a root of its own", "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod1b.slice/cri-containerd-A.scope", Kubernetes, "A", "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod1b.slice/cri-containerd-A.scope", KUBELET_DRIVER),
    owned("Docker in a pod: the pod's container", "/kubepods/burstable/pod1b/A/docker/B", Kubernetes, "A", "/kubepods/burstable/pod1b/A", KUBELET),

    owned("since LXC 4; LXD and Incus", "/lxc.payload.web", Lxc, "web", "/lxc.payload.web", LXC),
    owned("systemd inside it", "/lxc.payload.web/system.slice/cron.service", Lxc, "web", "/lxc.payload.web", LXC),
    owned("with a folder of its own (`lxc.cgroup.dir`)", "/batch/lxc.payload.web", Lxc, "web", "/batch/lxc.payload.web", LXC),
    owned("unprivileged, of a user", "/user.slice/user-1000.slice/session-3.scope/lxc.payload.web", Lxc, "web", "/user.slice/user-1000.slice/session-3.scope/lxc.payload.web", LXC),
    owned("LXC 3.1 and 3.2", "/lxc.payload/web", Lxc, "web", "/lxc.payload/web", LXC_3_2),
    owned("up to LXC 3.0", "/lxc/web", Lxc, "web", "/lxc/web", LXC_3_0),
    owned("a site's pattern `lxc/%n`", "/lxc/web/payload", Lxc, "web", "/lxc/web", LXC),
    owned("Proxmox VE", "/lxc/101/ns/system.slice", Lxc, "101", "/lxc/101", PROXMOX),
    owned("Docker in LXC: the outer one", "/lxc.payload.web/docker/A", Lxc, "web", "/lxc.payload.web", LXC),

    of_user(1000, owned("v1, the job", "/slurm/uid_1000/job_42", Slurm, "job_42", "/slurm/uid_1000/job_42", SLURM_V1)),
    of_user(1000, owned("v1, a task", "/slurm/uid_1000/job_42/step_0/task_0", Slurm, "job_42", "/slurm/uid_1000/job_42", SLURM_V1)),
    of_user(1000, owned("v1, the batch script", "/slurm/uid_1000/job_42/step_batch", Slurm, "job_42", "/slurm/uid_1000/job_42", SLURM_V1)),
    of_user(0, owned("v1, several slurmd on a host", "/slurm_node-1/uid_0/job_1/step_0/task_0", Slurm, "job_1", "/slurm_node-1/uid_0/job_1", SLURM_NODES)),
    owned("v2, the job", "/system.slice/slurmstepd.scope/job_42", Slurm, "job_42", "/system.slice/slurmstepd.scope/job_42", SLURM_V2),
    owned("v2, a task", "/system.slice/slurmstepd.scope/job_42/step_0/user/task_0", Slurm, "job_42", "/system.slice/slurmstepd.scope/job_42", SLURM_V2),
    owned("v2, slurmstepd", "/system.slice/slurmstepd.scope/job_42/step_extern/slurm", Slurm, "job_42", "/system.slice/slurmstepd.scope/job_42", SLURM_V2),
    owned("v2, several slurmd on a host", "/system.slice/spark-7ff0_slurmstepd.scope/job_21868/step_1/user/task_2", Slurm, "job_21868", "/system.slice/spark-7ff0_slurmstepd.scope/job_21868", SLURM_V2),
    owned("v2 since 26.05, by SLUID", "/system.slice/slurmstepd.scope/s0H25P0TN7VC00/step_0/user/task_0", Slurm, "s0H25P0TN7VC00", "/system.slice/slurmstepd.scope/s0H25P0TN7VC00", SLURM_SLUID),
    of_user(1000, owned("a Docker container in a job (`--cgroup-parent`)", "/slurm/uid_1000/job_42/A", Slurm, "job_42", "/slurm/uid_1000/job_42", MOBY)),
    owned("a rootless Podman container in a job", "/system.slice/slurmstepd.scope/job_42/step_0/user/libpod-payload-A", Slurm, "job_42", "/system.slice/slurmstepd.scope/job_42", PODMAN),
];

#[rustfmt::skip]
pub(super) const NOBODYS: &[(&str, &str)] = &[
    ("the root", "/"),
    ("nothing", ""),
    ("services and sessions", "/system.slice/docker.service"),
    ("services and sessions", "/user.slice/user-1000.slice/session-3.scope"),
    ("holds Docker's containers", "/docker"),
    ("BuildKit's steps are no containers", "/docker/buildkit/s3fzqdkvcmpkwtplq5wjh0m2r"),
    ("a short id is no directory of Docker's", "/docker/262b281ffa9d"),
    ("ids are lower-case", "/docker/262B281FFA9D2BC4D8E31FB4D3CA9EE8B1C5BB2B1B7F9C7A4F7C0E5F36C0D1FF"),
    ("not an id", "/system.slice/docker-latest.scope"),
    ("holds Podman's containers", "/libpod_parent"),
    ("holds Podman's containers", "/machine.slice"),
    ("Podman's monitors", "/libpod_parent/conmon"),
    ("Podman's monitor", "/machine.slice/libpod-conmon-A.scope"),
    ("a Quadlet's monitor", "/system.slice/nginx.service/runtime"),
    ("a pod of Podman's cgroupfs manager", "/libpod_parent/B"),
    ("a pod of Podman's systemd manager", "/machine.slice/machine-libpod_pod_B.slice"),
    ("holds containerd's containers", "/default"),
    ("a namespace's name elsewhere", "/batch/default/web"),
    ("CRI-O's monitor", "/system.slice/crio-conmon-A.scope"),
    ("CRI-O's monitor in a pod", "/kubepods.slice/kubepods-pod1b.slice/crio-conmon-A.scope"),
    ("CRI-O's monitor in a pod, cgroupfs manager", "/kubepods/pod1b/crio-conmon-A"),
    ("holds pods", "/kubepods"),
    ("holds pods", "/kubepods/burstable"),
    ("a pod", "/kubepods/burstable/pod1b"),
    ("a pod", "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1b.slice"),
    ("LXC's monitor", "/lxc.monitor.web"),
    ("LXC's monitor, LXC 3.1 and 3.2", "/lxc.monitor/web"),
    ("LXC's monitor, a site's pattern", "/lxc/web/monitor"),
    ("holds LXC's containers", "/lxc"),
    ("holds jobs", "/slurm"),
    ("holds jobs", "/slurm_node-1"),
    ("holds jobs", "/slurm_node-1/uid_0"),
    ("holds jobs", "/system.slice/slurmstepd.scope"),
    ("Slurm's own", "/slurm/system"),
    ("Slurm's own", "/system.slice/slurmstepd.scope/system"),
    ("a job's name elsewhere", "/system.slice/job_42"),
    ("a job's name elsewhere", "/batch/uid_1000/job_42"),
    ("a SLUID elsewhere", "/system.slice/s0H25P0TN7VC00"),
    ("not a SLUID: Crockford's digits have no U", "/system.slice/slurmstepd.scope/s0U25P0TN7VC00"),
    ("no job number", "/slurm/uid_1000/job_x"),
    ("slurmd", "/system.slice/slurmd.service"),
];
