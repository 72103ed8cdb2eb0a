//! What the tests on the real kernel share: the built program and its surroundings as a user meets them (command line, HTTP, files),
//! and the oracles. It knows nothing of the program's inside; what is asserted stays with the tests.

pub(crate) mod api;
pub(crate) mod cgroup;
pub(crate) mod http;
pub(crate) mod jwt;
pub(crate) mod oracle;
pub(crate) mod process;
pub(crate) mod program;
pub(crate) mod up;
pub(crate) mod user;
pub(crate) mod wait;

/// Fails unless `recorded` lies within `fraction` of `truth`.
#[track_caller]
pub(crate) fn assert_within(what: &str, recorded: u64, truth: u64, fraction: f64) {
    let error = relative_error(recorded, truth);
    let measured = format!(
        "{what}: recorded {recorded}, the truth is {truth}: off by {:+.3} %",
        error * 100.0
    );
    assert!(
        error.abs() <= fraction,
        "{measured}, allowed are {} %",
        fraction * 100.0
    );
    // Shown by --nocapture: how much room is left.
    println!("{measured}");
}

/// How far off, as a fraction of the truth.
pub(crate) fn relative_error(recorded: u64, truth: u64) -> f64 {
    assert!(truth > 0, "an oracle said 0: it did not do its work");
    (recorded as f64 - truth as f64) / truth as f64
}
