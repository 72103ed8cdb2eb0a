//! Slurm: a job is `job_N` below its user's directory (cgroup v1) or below slurmstepd's scope (v2), where it may also go by its SLUID.

use bc_schema::ContainerKind;

use super::{Owner, Step};

/// The job whose top this directory is. Its steps and tasks lie below it.
///
/// v1: `/slurm/uid_U/job_N`, or `/slurm_NODE/…` where several slurmd share a host. v2: `…/slurmstepd.scope/job_N`, or
/// `…/NODE_slurmstepd.scope/…`; since 26.05 the job's directory there is named by its SLUID, which says nothing of its number. What else
/// lies in these (`system`, `uid_U`) is Slurm's own.
pub(super) fn owner<'path>(step: &Step<'path>) -> Option<Owner<'path>> {
    let numbered_job = numbered(step.name, "job_").is_some();
    let uid = numbered(step.parent, "uid_");
    let slurm = |name: &str| name == "slurm" || name.starts_with("slurm_");
    let v1 = numbered_job && uid.is_some() && step.grandparent.is_some_and(slurm);
    let scope = step.parent == "slurmstepd.scope" || step.parent.ends_with("_slurmstepd.scope");
    let sluid = is_sluid(step.name);
    (v1 || scope && (numbered_job || sluid)).then_some(Owner {
        uid: uid.filter(|_| v1),
        is_sluid: sluid,
        ..Owner::new(ContainerKind::Slurm, step.name)
    })
}

/// Slurm's own id of a job: `s` and 64 bits in 13 digits of Crockford's base 32.
fn is_sluid(name: &str) -> bool {
    name.strip_prefix('s').is_some_and(|digits| {
        digits.len() == 13
            && digits.bytes().all(|byte| {
                byte.is_ascii_digit()
                    || (byte.is_ascii_uppercase() && !matches!(byte, b'I' | b'L' | b'O' | b'U'))
            })
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
