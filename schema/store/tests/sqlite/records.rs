//! The records that the tests write.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bc_schema::{
    Batch, Closes, Container, ContainerId, ContainerKind, LifeKey, Limits, Loss, LossReason,
    Metric, Metrics, ProcessId, ProcessStart, Sample,
};
use tempfile::TempDir;

pub(crate) const SECOND_NS: u64 = 1_000_000_000;
pub(crate) const MIDNIGHT_NS: u64 = 1_700_006_400 * SECOND_NS;

pub(crate) fn place() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bubble-chamber.db");
    (dir, file)
}

pub(crate) fn life() -> LifeKey {
    LifeKey {
        container: ContainerId::new("c").unwrap(),
        host: "node1".into(),
        began_ns: MIDNIGHT_NS,
    }
}

pub(crate) fn container() -> Container {
    Container {
        life: life(),
        kind: ContainerKind::Run,
        name: "c".into(),
        image: None,
        command: None,
        labels: BTreeMap::new(),
        limits: Limits::default(),
        cgroup: "/c".into(),
        uid: None,
        stated_ns: MIDNIGHT_NS,
        ended_ns: None,
    }
}

pub(crate) fn start(number: u8) -> ProcessStart {
    ProcessStart {
        process: ProcessId([number; 16]),
        life: life(),
        pid: u32::from(number),
        container_pid: None,
        parent: None,
        parent_pid: None,
        uid: None,
        start_ns: MIDNIGHT_NS,
        entered_ns: MIDNIGHT_NS,
        is_root: false,
        baseline: None,
        name: "p".into(),
    }
}

pub(crate) fn sample(number: u8, second: u64) -> Sample {
    Sample {
        process: ProcessId([number; 16]),
        at_ns: MIDNIGHT_NS + second * SECOND_NS,
        epoch_ns: 0,
        held_ns: 0,
        metrics: Metrics::EMPTY.with(Metric::CpuNs, second),
        max_rss_bytes: [None; 3],
        closes: Closes::NONE,
    }
}

pub(crate) fn loss() -> Loss {
    Loss {
        host: "node1".into(),
        recorder_ns: 1,
        container: None,
        second_ns: MIDNIGHT_NS,
        reason: LossReason::RingFull,
        count: 1,
        cpu_ns: 0,
    }
}

/// One container, one process, its samples of these seconds.
pub(crate) fn recorded(seconds: std::ops::Range<u64>) -> Batch {
    Batch {
        host: "node1".into(),
        containers: vec![container()],
        starts: vec![start(1)],
        samples: seconds.map(|second| sample(1, second)).collect(),
        ..Batch::default()
    }
}
