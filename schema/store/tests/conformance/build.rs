//! Short ways to say what tests need said.

use bc_schema::resolution::SECOND_NS;
use bc_schema::{
    Batch, Closes, Container, ContainerId, ContainerKind, LifeKey, Limits, Metric, Metrics,
    ProcessEnd, ProcessExec, ProcessId, ProcessStart, Sample,
};

/// A UTC midnight.
pub(crate) const MIDNIGHT: u64 = 1_700_006_400;

/// Seconds since that midnight, as ns since the epoch.
pub(crate) const fn at(second: u64) -> u64 {
    (MIDNIGHT + second) * SECOND_NS
}

pub(crate) fn id(text: &str) -> ContainerId {
    ContainerId::new(text).unwrap()
}

pub(crate) fn life(container: &str, began_ns: u64) -> LifeKey {
    LifeKey {
        container: id(container),
        host: "node1".into(),
        began_ns,
    }
}

pub(crate) fn container(container: &str, began_ns: u64) -> Container {
    Container {
        life: life(container, began_ns),
        kind: ContainerKind::Docker,
        name: format!("name of {container}"),
        image: None,
        command: None,
        labels: Default::default(),
        limits: Limits::default(),
        cgroup: "/docker/x".into(),
        uid: None,
        stated_ns: began_ns,
        ended_ns: None,
    }
}

pub(crate) fn pid(number: u8) -> ProcessId {
    ProcessId([number; 16])
}

pub(crate) fn start(number: u8, life: LifeKey, start_ns: u64) -> ProcessStart {
    ProcessStart {
        process: pid(number),
        life,
        pid: 1000 + u32::from(number),
        container_pid: None,
        parent: None,
        parent_pid: None,
        uid: None,
        start_ns,
        entered_ns: start_ns,
        is_root: false,
        baseline: None,
        name: format!("p{number}"),
    }
}

pub(crate) fn exec(number: u8, at_ns: u64, args: &[&str]) -> ProcessExec {
    let args: Vec<_> = args.iter().map(|arg| (*arg).to_owned()).collect();
    ProcessExec {
        process: pid(number),
        at_ns,
        name: "x".into(),
        exe: Some("/bin/x".into()),
        args: Some(args),
        args_cut: false,
        inherited: false,
    }
}

pub(crate) fn end(number: u8, at_ns: u64) -> ProcessEnd {
    ProcessEnd {
        process: pid(number),
        at_ns,
        exit_code: Some(0),
        signal: None,
        core_dumped: false,
        oom_killed: false,
        unseen: false,
    }
}

pub(crate) fn cpu(cpu_ns: u64) -> Metrics {
    Metrics::EMPTY.with(Metric::CpuNs, cpu_ns)
}

pub(crate) fn sample(number: u8, at_ns: u64, metrics: Metrics) -> Sample {
    let max = metrics.get(Metric::RssBytes);
    Sample {
        process: pid(number),
        at_ns,
        epoch_ns: 0,
        held_ns: 0,
        metrics,
        max_rss_bytes: [max; 3],
        closes: Closes::NONE,
    }
}

/// The same sample, that says until when what was before it still held.
pub(crate) fn held(sample: Sample, held_ns: u64) -> Sample {
    Sample { held_ns, ..sample }
}

pub(crate) fn batch() -> Batch {
    Batch {
        host: "node1".into(),
        ..Batch::default()
    }
}

/// A container `c` from midnight on with one process, number 1.
pub(crate) fn one_process() -> Batch {
    Batch {
        containers: vec![container("c", at(0))],
        starts: vec![start(1, life("c", at(0)), at(0))],
        ..batch()
    }
}
