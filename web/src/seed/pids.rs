//! Pids as these routes tell them: the n-th reuse of a pid in one container is `pid + n·2^32`, so that no two processes merge.

use std::collections::HashMap;

use bc_schema::ProcessId;
use bc_schema::store::ProcessRecord;

/// The numbers of a container's processes. Made from all of them, or the reuses are counted wrong.
pub(crate) struct Pids(HashMap<ProcessId, u64>);

impl Pids {
    pub(crate) fn of(all: &[ProcessRecord]) -> Self {
        let mut by_start: Vec<_> = all.iter().map(|process| &process.start).collect();
        by_start.sort_by_key(|start| (start.pid, start.start_ns, start.process));
        let mut numbers = HashMap::with_capacity(all.len());
        for same_pid in by_start.chunk_by(|a, b| a.pid == b.pid) {
            for (reuse, start) in same_pid.iter().enumerate() {
                numbers.insert(start.process, u64::from(start.pid) + ((reuse as u64) << 32));
            }
        }
        Self(numbers)
    }

    pub(crate) fn seed_id(&self, process: &ProcessRecord) -> u64 {
        self.get(process.start.process)
            .unwrap_or(u64::from(process.start.pid))
    }

    /// `None`: not a process of this container.
    pub(crate) fn get(&self, process: ProcessId) -> Option<u64> {
        self.0.get(&process).copied()
    }

    /// The parent's number; its bare pid where it is not of this container, 0 where nobody knows it.
    pub(crate) fn parent(&self, process: &ProcessRecord) -> u64 {
        let start = &process.start;
        start
            .parent
            .and_then(|parent| self.get(parent))
            .or(start.parent_pid.map(u64::from))
            .unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use bc_schema::{ContainerId, LifeKey, Metrics, ProcessStart};

    use super::*;

    fn process(number: u8, pid: u32, start_ns: u64, parent: Option<u8>) -> ProcessRecord {
        let life = LifeKey {
            container: ContainerId::new("c").unwrap(),
            host: "h".into(),
            began_ns: 0,
        };
        let start = ProcessStart {
            process: ProcessId([number; 16]),
            life,
            pid,
            container_pid: None,
            parent: parent.map(|parent| ProcessId([parent; 16])),
            parent_pid: parent.map(|_| 7),
            uid: None,
            start_ns,
            entered_ns: start_ns,
            is_root: false,
            baseline: None,
            name: "x".into(),
        };
        ProcessRecord {
            start,
            execs: Vec::new(),
            end: None,
            last_sample_ns: None,
            totals: Metrics::EMPTY,
        }
    }

    #[test]
    fn a_pid_used_again_is_another_number() {
        let all = [
            process(3, 7, 30, None),
            process(1, 7, 10, None),
            process(2, 8, 20, Some(3)),
            process(4, 9, 40, Some(99)),
        ];
        let pids = Pids::of(&all);
        let numbers: Vec<u64> = all.iter().map(|process| pids.seed_id(process)).collect();
        assert_eq!(numbers, [7 + (1 << 32), 7, 8, 9]);
        assert_eq!(
            all.iter()
                .map(|process| pids.parent(process))
                .collect::<Vec<_>>(),
            [0, 0, 7 + (1 << 32), 7]
        );
    }
}
