//! A data directory as `db check` and `db dump` see it.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::harness::process::Process;
use crate::harness::program;
use crate::harness::up::RUNS_WITHIN;

/// Fails, with its report, unless `db check` finds nothing wrong.
#[track_caller]
pub(crate) fn assert_sound(data: &Path) {
    let ended = db(data, &["check"]);
    assert!(ended.0, "db check: {}\n{}", ended.1.join("\n"), ended.2);
}

/// What `db dump` tells.
#[track_caller]
pub(crate) fn dumped(data: &Path, arguments: &[&str]) -> Vec<Value> {
    let (succeeded, lines, said) = db(data, &[&["dump"], arguments].concat());
    assert!(succeeded, "db dump {arguments:?}: {said}");
    lines
        .iter()
        .map(|line| serde_json::from_str(line).expect("a line is a JSON object"))
        .collect()
}

/// The seconds, since 1970, in which a process has usage, and what it used in all of them.
pub(crate) fn seconds_of(usage: &[Value], process: &str) -> (BTreeSet<u64>, u64) {
    let of_it = || usage.iter().filter(|line| line["process"] == process);
    let seconds = of_it().map(|line| line["bucket_ns"].as_u64().expect("a time") / 1_000_000_000);
    let cpu_ns = of_it().map(|line| line["cpu_ns"].as_u64().expect("CPU is known"));
    (seconds.collect(), cpu_ns.sum())
}

fn db(data: &Path, arguments: &[&str]) -> (bool, Vec<String>, String) {
    let mut command = program::command(&["db"]);
    command.args(arguments).arg("--data").arg(data);
    let ended = Process::start(&mut command).finish(RUNS_WITHIN);
    (ended.status.success(), ended.stdout, ended.stderr)
}
