//! A container that is busy, and what is told of its recording while something is wrong.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use crate::database::{dumped, seconds_of};
use crate::harness::up::Up;
use crate::harness::wait::PATIENCE;

/// Uses CPU until its standard input is closed.
pub(crate) const BUSY: [&str; 3] = [
    "/bin/sh",
    "-c",
    "nice -n 19 sh -c 'while :; do :; done' & cat > /dev/null; kill $!; wait",
];

/// Until an answer shows what has changed.
pub(crate) const SHOWS_WITHIN: Duration = PATIENCE;

/// What is told to be wrong; recording itself goes on.
#[track_caller]
pub(crate) fn problem(up: &Up) -> Option<String> {
    let me = up.api.get("/api/v1/me").json();
    assert_eq!(me["recording"], true, "recording goes on: {me}");
    // That nothing can be pinned on some machine is another matter.
    me["recording_problem"]
        .as_str()
        .filter(|problem| problem.contains("nothing can be stored"))
        .map(str::to_owned)
}

/// A number of `/metrics`.
#[track_caller]
pub(crate) fn metric(up: &Up, name: &str) -> u64 {
    let page = up.api.get("/metrics").body;
    page.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
        .unwrap_or_else(|| panic!("no {name} in {page}"))
}

/// Until when a container's records are stored, ms since 1970; 0: none is.
pub(crate) fn stored_ms(up: &Up, id: &str) -> f64 {
    up.api
        .container(id)
        .map_or(0.0, |container| container.last_record_ms)
}

/// Fails where the busiest process has a second without a record or a word, or usage that no second has.
#[track_caller]
pub(crate) fn assert_no_gap(data: &Path, id: &str) {
    let processes = dumped(data, &["--container", id, "--what", "processes"]);
    let busy = processes
        .iter()
        .max_by_key(|process| process["cpu_ns"].as_u64())
        .expect("something ran");
    let usage = dumped(data, &["--container", id, "--resolution", "s"]);
    let (seconds, cpu_ns) = seconds_of(&usage, busy["process"].as_str().expect("an id"));
    assert_eq!(Some(cpu_ns), busy["cpu_ns"].as_u64(), "no usage is missing");
    let losses = dumped(data, &["--container", id, "--what", "losses"]);
    let declared: BTreeSet<u64> = losses
        .iter()
        .map(|loss| loss["second_ns"].as_u64().expect("a time") / 1_000_000_000)
        .collect();
    let first = *seconds.first().expect("it ran");
    let last = *seconds.last().expect("it ran");
    assert!(last - first >= 3, "{first} to {last}");
    // The machine may have been too busy for a sample: then that was declared.
    let missing: Vec<u64> = (first..=last)
        .filter(|second| !seconds.contains(second) && !declared.contains(second))
        .collect();
    assert_eq!(
        missing, [0; 0],
        "seconds without a record and without a word"
    );
}
