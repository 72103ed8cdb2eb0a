//! Slurm: a job is `job_N` below its user's directory (cgroup v1) or below slurmstepd's scope (v2).

use bc_schema::ContainerKind;

use super::{Owner, Step};

/// The job whose top this directory is. Its steps and tasks lie below it.
///
/// v1: `/slurm/uid_U/job_N`, or `/slurm_NODE/…` where several slurmd share a host. v2: `…/slurmstepd.scope/job_N`, or
/// `…/NODE_slurmstepd.scope/…`. What else lies in these (`system`, `uid_U`) is Slurm's own.
pub(super) fn owner<'path>(step: &Step<'path>) -> Option<Owner<'path>> {
    numbered(step.name, "job_")?;
    let uid = numbered(step.parent, "uid_");
    let v1 =
        uid.is_some() && (step.grandparent == "slurm" || step.grandparent.starts_with("slurm_"));
    let v2 = step.parent == "slurmstepd.scope" || step.parent.ends_with("_slurmstepd.scope");
    (v1 || v2).then_some(Owner {
        kind: ContainerKind::Slurm,
        id: step.name,
        uid,
    })
}

fn numbered(name: &str, prefix: &str) -> Option<u32> {
    let digits = name.strip_prefix(prefix)?;
    digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| digits.parse().ok())
        .flatten()
}
