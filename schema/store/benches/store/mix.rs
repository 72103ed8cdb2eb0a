//! Made-up hours of processes for measurements: what a recorder would say of them, second by second.

use std::collections::BTreeMap;

use bc_schema::resolution::SECOND_NS;
use bc_schema::{
    Batch, Closes, Container, ContainerId, ContainerKind, LifeKey, Limits, Metric, Metrics,
    ProcessId, ProcessStart, Sample,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// A UTC midnight, seconds since the epoch.
pub(crate) const BEGAN: u64 = 1_700_006_400;

/// What the processes do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mix {
    /// A third computes and moves memory and files every second, a third uses a little CPU every second, a third wakes every ten seconds.
    Busy,
    /// All sleep: one sample a minute each.
    Asleep,
}

/// Processes that go on from second to second.
pub(crate) struct Hour {
    mix: Mix,
    random: StdRng,
    processes: Vec<Running>,
}

struct Running {
    id: ProcessId,
    metrics: Metrics,
    max_rss_bytes: [u64; 3],
    slept: bool,
}

/// The eight metrics that they have.
pub(crate) const METRICS: [Metric; 8] = [
    Metric::CpuNs,
    Metric::UserNs,
    Metric::SystemNs,
    Metric::RssBytes,
    Metric::PeakRssBytes,
    Metric::VmBytes,
    Metric::MinorFaults,
    Metric::BlockWriteBytes,
];

impl Hour {
    /// So many processes; the same every time.
    pub(crate) fn new(mix: Mix, processes: u64) -> Self {
        let mut random = StdRng::seed_from_u64(processes);
        let running = |number: u64| {
            let mut id = [0; 16];
            id[..8].copy_from_slice(&number.to_be_bytes());
            let mut metrics = Metrics::EMPTY;
            for metric in METRICS {
                metrics.set(metric, 0);
            }
            let rss_bytes = random.random_range(1_000..50_000) * 4096;
            metrics.set(Metric::RssBytes, rss_bytes);
            metrics.set(Metric::PeakRssBytes, rss_bytes);
            metrics.set(Metric::VmBytes, rss_bytes * 3);
            Running {
                id: ProcessId(id),
                metrics,
                max_rss_bytes: [rss_bytes; 3],
                slept: false,
            }
        };
        Self {
            mix,
            processes: (0..processes).map(running).collect(),
            random: StdRng::seed_from_u64(1),
        }
    }

    /// The container's id.
    pub(crate) fn id() -> ContainerId {
        Self::life().container
    }

    fn life() -> LifeKey {
        LifeKey {
            container: ContainerId::new("bench").expect("a plain word"),
            host: "node1".into(),
            began_ns: BEGAN * SECOND_NS,
        }
    }

    /// What is said at the beginning.
    pub(crate) fn begin(&self) -> Batch {
        let container = Container {
            life: Self::life(),
            kind: ContainerKind::Run,
            name: "bench".into(),
            image: None,
            command: None,
            labels: BTreeMap::new(),
            limits: Limits::default(),
            cgroup: "/bench".into(),
            uid: None,
            stated_ns: BEGAN * SECOND_NS,
            ended_ns: None,
        };
        let start = |(index, running): (usize, &Running)| ProcessStart {
            process: running.id,
            life: Self::life(),
            pid: 1_000 + index as u32,
            container_pid: None,
            parent: None,
            parent_pid: None,
            uid: Some(1_000),
            start_ns: BEGAN * SECOND_NS,
            entered_ns: BEGAN * SECOND_NS,
            is_root: index == 0,
            baseline: None,
            name: format!("worker{index}"),
        };
        Batch {
            host: "node1".into(),
            containers: vec![container],
            starts: self.processes.iter().enumerate().map(start).collect(),
            ..Batch::default()
        }
    }

    /// What is said of a second: one sample of each process that changed, or whose turn in the minute it is.
    pub(crate) fn second(&mut self, second: u64) -> Batch {
        let walk_ns =
            (BEGAN + second) * SECOND_NS + 400_000_000 + self.random.random_range(0..300_000);
        let mut samples = Vec::with_capacity(self.processes.len());
        for (index, running) in self.processes.iter_mut().enumerate() {
            let index = index as u64;
            let changes = match (self.mix, index % 3) {
                (Mix::Asleep, _) => false,
                (Mix::Busy, 2) => (second + index).is_multiple_of(10),
                (Mix::Busy, _) => true,
            };
            if changes {
                running.work(index.is_multiple_of(3), &mut self.random);
            }
            if second.is_multiple_of(60) {
                running.max_rss_bytes[0] = running.rss_bytes();
            }
            if changes || second == 0 || second % 60 == index % 60 {
                // All samples of one walk have the time at which it began.
                samples.push(running.sample(walk_ns));
            } else {
                running.slept = true;
            }
        }
        Batch {
            host: "node1".into(),
            until_ns: walk_ns + SECOND_NS / 100,
            seen: vec![(Self::life(), walk_ns)],
            samples,
            ..Batch::default()
        }
    }
}

impl Running {
    fn rss_bytes(&self) -> u64 {
        self.metrics.get(Metric::RssBytes).unwrap_or(0)
    }

    fn work(&mut self, hard: bool, random: &mut StdRng) {
        let mut add = |metric: Metric, amount: u64| {
            let so_far = self.metrics.get(metric).unwrap_or(0);
            self.metrics.set(metric, so_far + amount);
        };
        let cpu_ns = if hard {
            random.random_range(100_000_000..1_000_000_000)
        } else {
            random.random_range(40_000..60_000)
        };
        let system_ns = cpu_ns / random.random_range(4..9);
        add(Metric::CpuNs, cpu_ns);
        add(Metric::SystemNs, system_ns);
        add(Metric::UserNs, cpu_ns - system_ns);
        if hard {
            add(Metric::MinorFaults, random.random_range(0..500));
            add(
                Metric::BlockWriteBytes,
                4096 * random.random_range(0..4) * random.random_range(0..2),
            );
            let pages = random.random_range(0..64) * 4096;
            let rss_bytes = match random.random_range(0..3) {
                0 => self.rss_bytes() + pages,
                1 => self.rss_bytes().saturating_sub(pages).max(4096),
                _ => self.rss_bytes(),
            };
            self.metrics.set(Metric::RssBytes, rss_bytes);
            let peak = self.metrics.get(Metric::PeakRssBytes).unwrap_or(0);
            self.metrics.set(Metric::PeakRssBytes, peak.max(rss_bytes));
            for max in &mut self.max_rss_bytes {
                *max = rss_bytes.max(*max);
            }
        }
    }

    fn sample(&mut self, at_ns: u64) -> Sample {
        let slept = std::mem::take(&mut self.slept);
        Sample {
            process: self.id,
            at_ns,
            epoch_ns: 0,
            held_ns: if slept { at_ns - SECOND_NS } else { 0 },
            metrics: self.metrics,
            max_rss_bytes: self.max_rss_bytes.map(Some),
            closes: Closes::NONE,
        }
    }
}
