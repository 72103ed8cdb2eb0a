//! What is stated once, as rows: lives, processes, execs, losses.

use std::sync::LazyLock;

use bc_schema::store::{LossRecord, ProcessRecord};
use bc_schema::{Container, Metric, Metrics, ProcessExec};
use serde_json::{Value, json};

pub(super) const LIFE: [&str; 15] = [
    "container",
    "host",
    "began_ns",
    "ended_ns",
    "stated_ns",
    "kind",
    "name",
    "image",
    "command",
    "labels",
    "memory_limit_bytes",
    "cpu_limit_milli",
    "pids_limit",
    "cgroup",
    "uid",
];

pub(super) fn life(container: &Container) -> Vec<Value> {
    let Container {
        life,
        kind,
        name,
        image,
        command,
        labels,
        limits,
        cgroup,
        uid,
        stated_ns,
        ended_ns,
    } = container;
    vec![
        json!(life.container),
        json!(life.host),
        json!(life.began_ns),
        json!(ended_ns),
        json!(stated_ns),
        json!(kind),
        json!(name),
        json!(image),
        json!(command),
        json!(labels),
        json!(limits.memory_bytes),
        json!(limits.cpu_milli),
        json!(limits.pids),
        json!(cgroup),
        json!(uid),
    ]
}

/// Before the metrics.
const PROCESS: [&str; 26] = [
    "process",
    "pid",
    "container_pid",
    "parent",
    "parent_pid",
    "uid",
    "is_root",
    "name",
    "exe",
    "args",
    "args_cut",
    "host",
    "life_began_ns",
    "start_ns",
    "entered_ns",
    "end_ns",
    "exit_code",
    "signal",
    "oom_killed",
    "core_dumped",
    "end_unseen",
    "last_sample_ns",
    "execs",
    "inherited",
    "first_name",
    "baseline",
];

/// The columns of a process.
pub(super) fn process_columns() -> &'static [&'static str] {
    static COLUMNS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
        let metrics = Metric::ALL.iter().map(|metric| metric.name());
        PROCESS.into_iter().chain(metrics).collect()
    });
    &COLUMNS
}

pub(super) fn process(process: &ProcessRecord) -> Vec<Value> {
    let (start, end) = (&process.start, process.end.as_ref());
    let last = process.execs.last();
    let mut row = vec![
        json!(start.process),
        json!(start.pid),
        json!(start.container_pid),
        json!(start.parent),
        json!(start.parent_pid),
        json!(start.uid),
        json!(start.is_root),
        json!(last.map_or(&start.name, |exec| &exec.name)),
        json!(last.and_then(|exec| exec.exe.as_ref())),
        json!(last.and_then(|exec| exec.args.as_ref())),
        json!(last.map(|exec| exec.args_cut)),
        json!(start.life.host),
        json!(start.life.began_ns),
        json!(start.start_ns),
        json!(start.entered_ns),
        json!(end.map(|end| end.at_ns)),
        json!(end.and_then(|end| end.exit_code)),
        json!(end.and_then(|end| end.signal)),
        json!(end.map(|end| end.oom_killed)),
        json!(end.map(|end| end.core_dumped)),
        json!(end.map(|end| end.unseen)),
        json!(process.last_sample_ns),
        json!(process.execs.iter().filter(|exec| !exec.inherited).count()),
        json!(last.map(|exec| exec.inherited)),
        json!(start.name),
        json!(start.baseline),
    ];
    row.extend(metrics(&process.totals));
    row
}

pub(super) const EXEC: [&str; 7] = [
    "process",
    "at_ns",
    "name",
    "exe",
    "args",
    "args_cut",
    "inherited",
];

pub(super) fn exec(exec: &ProcessExec) -> Vec<Value> {
    let ProcessExec {
        process,
        at_ns,
        name,
        exe,
        args,
        args_cut,
        inherited,
    } = exec;
    vec![
        json!(process),
        json!(at_ns),
        json!(name),
        json!(exe),
        json!(args),
        json!(args_cut),
        json!(inherited),
    ]
}

pub(super) const LOSS: [&str; 8] = [
    "second_ns",
    "reason",
    "count",
    "cpu_ns",
    "container",
    "host",
    "recorder_ns",
    "says",
];

pub(super) fn loss(loss: &LossRecord) -> Vec<Value> {
    vec![
        json!(loss.second_ns),
        json!(loss.reason),
        json!(loss.count),
        json!(loss.cpu_ns),
        json!(loss.container),
        json!(loss.host),
        json!(loss.recorder_ns),
        json!(loss.reason.says()),
    ]
}

/// Every metric, known or not.
pub(super) fn metrics(metrics: &Metrics) -> impl Iterator<Item = Value> + '_ {
    Metric::ALL.iter().map(|&metric| metrics.get(metric).into())
}
