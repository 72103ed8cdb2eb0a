//! Ids that only a runtime may give. Whoever has a link to an id sees all that is ever recorded under it, so a `run` must not be called
//! what a container or a job is, or will be, called.

use super::systemd::KINDS;

/// Whether an id has the form of a container's, a job's, a unit's or a cgroup's.
pub fn is_reserved(id: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    // Whole container ids, and the short form by which they are known too.
    let container = [12, 64].contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let job = id
        .strip_prefix("job_")
        .is_some_and(|number| number.starts_with(|first: char| first.is_ascii_digit()));
    let unit = KINDS.iter().any(|kind| id.ends_with(kind));
    // `namespace/name` of containerd, `manager/unit` of systemd, and every path; a plain number is a machine of Proxmox.
    container || job || unit || digits(id) || id.contains('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runtimes_call_theirs_is_not_given_by_hand() {
        let whole = "0123456789abcdef".repeat(4);
        let of_form = [
            "/system.slice/x",
            "default/web",
            "job_7",
            "nginx.service",
            "101",
        ];
        for taken in [&whole, &whole[..12]].into_iter().chain(of_form) {
            assert!(is_reserved(taken), "{taken}");
        }
        for free in [
            "nightly-17",
            &whole[..13],
            "job_of_someone",
            "deadbeef",
            "make.test",
        ] {
            assert!(!is_reserved(free), "{free}");
        }
    }
}
