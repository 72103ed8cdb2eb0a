//! Ids that only a runtime may give. Whoever has a link to an id sees all that is ever recorded under it, so a `run` must not be called
//! what a container or a job is, or will be, called.

/// Whether an id has the form of a container's, a job's or a cgroup's.
pub fn is_reserved(id: &str) -> bool {
    let number = |text: &str| text.starts_with(|first: char| first.is_ascii_digit());
    // Whole container ids, and the short form by which they are known too.
    let container = [12, 64].contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    container || id.starts_with('/') || id.strip_prefix("job_").is_some_and(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runtimes_call_theirs_is_not_given_by_hand() {
        let whole = "0123456789abcdef".repeat(4);
        for taken in [whole.as_str(), &whole[..12], "/system.slice/x", "job_7"] {
            assert!(is_reserved(taken), "{taken}");
        }
        for free in [
            "nightly-17",
            &whole[..13],
            "job_of_someone",
            "deadbeef",
            "a/b",
        ] {
            assert!(!is_reserved(free), "{free}");
        }
    }
}
