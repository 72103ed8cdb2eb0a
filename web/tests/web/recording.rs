//! A small recording that every number of these tests comes from.
//!
//! The container `FULL` lives for ten seconds: `sh` (pid 10) uses 100 ms of CPU a second; `burn` (pid 11) 1 s a second for four seconds;
//! on CPU 0 and then on CPU 5;
//! then pid 11 is used again by a `true` that lives for 20 ms and is killed. `job_7` is long over.

use std::collections::BTreeMap;

use bc_schema::{
    Batch, Closes, Container, ContainerId, ContainerKind, CpuTotal, LifeKey, Limits, Loss,
    LossReason, Metric, Metrics, ProcessEnd, ProcessExec, ProcessId, ProcessStart, Sample,
};

pub(crate) const FULL: &str = "262b281ffa9d0123456789abcdef0123456789abcdef0123456789abcdef0123";
pub(crate) const SHORT: &str = "262b281ffa9d";
/// An hour's start, seconds since the epoch.
pub(crate) const T0: u64 = 1_699_999_200;
pub(crate) const S: u64 = 1_000_000_000;
pub(crate) const MIB: u64 = 1024 * 1024;
pub(crate) const REUSED: u64 = 11 + (1 << 32);

pub(crate) fn process(number: u8) -> ProcessId {
    ProcessId([number; 16])
}

pub(crate) fn life(container: &str, began_s: u64) -> LifeKey {
    LifeKey {
        container: ContainerId::new(container).unwrap(),
        host: "node1".into(),
        began_ns: began_s * S,
    }
}

pub(crate) fn container(life: &LifeKey, kind: ContainerKind, ended_s: Option<u64>) -> Container {
    Container {
        life: life.clone(),
        kind,
        name: "web".into(),
        image: Some("debian:12".into()),
        command: None,
        labels: BTreeMap::from([("team".into(), "<b>red</b>".into())]),
        limits: Limits {
            memory_bytes: Some(512 * MIB),
            cpu_milli: None,
            pids: None,
        },
        cgroup: format!("/docker/{}", life.container),
        uid: None,
        stated_ns: life.began_ns,
        ended_ns: ended_s.map(|s| s * S),
    }
}

pub(crate) fn start(
    life: &LifeKey,
    number: u8,
    pid: u32,
    parent: Option<u8>,
    start_ns: u64,
) -> ProcessStart {
    ProcessStart {
        process: process(number),
        life: life.clone(),
        pid,
        container_pid: Some(u32::from(number)),
        parent: parent.map(process),
        parent_pid: Some(if parent.is_some() { 10 } else { 1 }),
        uid: Some(1000),
        start_ns,
        entered_ns: start_ns,
        is_root: number == 1,
        baseline: None,
        name: "sh".into(),
    }
}

pub(crate) fn exec(number: u8, at_ns: u64, exe: &str, args: &[&str]) -> ProcessExec {
    ProcessExec {
        process: process(number),
        at_ns,
        name: exe.rsplit('/').next().unwrap().into(),
        exe: Some(exe.into()),
        args: Some(args.iter().map(|arg| (*arg).into()).collect()),
        args_cut: false,
        inherited: false,
    }
}

pub(crate) fn sample(number: u8, at_ns: u64, metrics: Metrics) -> Sample {
    Sample {
        process: process(number),
        at_ns,
        epoch_ns: 0,
        held_ns: 0,
        metrics,
        max_rss_bytes: [metrics.get(Metric::RssBytes); 3],
        closes: Closes::NONE,
    }
}

fn end(number: u8, at_ns: u64, exit_code: Option<u8>, signal: Option<u8>) -> ProcessEnd {
    ProcessEnd {
        process: process(number),
        at_ns,
        exit_code,
        signal,
        core_dumped: false,
        oom_killed: false,
        unseen: false,
    }
}

/// The recording of the file's head.
pub(crate) fn recording() -> Vec<Batch> {
    let life = life(FULL, T0);
    let job = self::life("job_7", T0 - 100_000);
    let t0 = T0 * S;
    let mut batch = Batch {
        host: "node1".into(),
        until_ns: t0 + 10 * S,
        containers: vec![
            container(&life, ContainerKind::Docker, None),
            container(&job, ContainerKind::Slurm, Some(T0 - 99_000)),
        ],
        starts: vec![
            start(&life, 1, 10, None, t0),
            start(&life, 2, 11, Some(1), t0 + 2 * S),
            start(&life, 3, 11, Some(1), t0 + 7 * S),
        ],
        execs: vec![
            exec(1, t0, "/bin/sh", &["sh", "-c", "./pipeline.sh"]),
            exec(
                2,
                t0 + 2 * S,
                "/opt/burn",
                &["burn", "<script>alert(1)</script>", "--n=4"],
            ),
            exec(3, t0 + 7 * S, "/bin/true", &["true"]),
        ],
        ends: vec![
            end(2, t0 + 6 * S, Some(3), None),
            end(3, t0 + 7 * S + S / 50, None, Some(9)),
        ],
        losses: vec![Loss {
            host: "node1".into(),
            recorder_ns: 1,
            container: None,
            second_ns: t0 + 4 * S,
            reason: LossReason::SamplesMissed,
            count: 1,
            cpu_ns: 0,
        }],
        ..Batch::default()
    };
    let levels = |rss, vm| {
        Metrics::EMPTY
            .with(Metric::RssBytes, rss)
            .with(Metric::VmBytes, vm)
    };
    for second in 0..10 {
        let metrics = levels(10 * MIB, 20 * MIB)
            .with(Metric::CpuNs, (second + 1) * S / 10)
            .with(Metric::BlockReadBytes, (second + 1) * 4096)
            .with(Metric::BlockWriteBytes, 0);
        batch
            .samples
            .push(sample(1, t0 + second * S + S / 2, metrics));
    }
    for second in 0..4 {
        let metrics = levels(100 * MIB, 200 * MIB).with(Metric::CpuNs, (second + 1) * S);
        batch
            .samples
            .push(sample(2, t0 + (2 + second) * S + S / 2, metrics));
    }
    // `burn` on its way from one CPU to another.
    for (second, cpu, cpu_ns) in [
        (2, 0, S),
        (3, 0, S + S / 4),
        (3, 5, S / 4 * 3),
        (4, 5, S / 4 * 7),
        (5, 5, S / 4 * 11),
    ] {
        batch.cpus.push(CpuTotal {
            process: process(2),
            cpu,
            at_ns: t0 + second * S + S / 2,
            epoch_ns: 0,
            cpu_ns,
        });
    }
    let last = Metrics::EMPTY.with(Metric::CpuNs, 4 * S);
    batch.samples.push(sample(2, t0 + 6 * S, last));
    let short = Metrics::EMPTY
        .with(Metric::CpuNs, S / 100)
        .with(Metric::PeakRssBytes, 50 * MIB);
    batch.samples.push(sample(3, t0 + 7 * S + S / 50, short));
    vec![batch]
}
