//! Made-up histories: what recorders on two hosts would say over an hour or two, with everything that makes it hard. And how a network
//! would deliver them.

use bc_schema::resolution::SECOND_NS;
use bc_schema::{
    Batch, Closes, Container, ContainerId, ContainerKind, LifeKey, Loss, LossReason, Metric,
    Metrics, ProcessExec, ProcessId, ProcessStart, Resolution, Sample,
};
use rand::prelude::*;

use crate::build::{MIDNIGHT, batch, container, end, id};

/// Facts in the order in which they became known, each in a batch of its own.
pub(crate) struct History {
    pub(crate) batches: Vec<Batch>,
    pub(crate) ids: Vec<ContainerId>,
}

/// Makes a history.
pub(crate) fn make(random: &mut StdRng) -> History {
    let ids = vec![id("job_1"), id("/it's a 100%_path"), id(&"ab12".repeat(16))];
    let mut told: Vec<(u64, Batch)> = Vec::new();
    let begin_ns = (MIDNIGHT - 100) * SECOND_NS;
    let mut lives = Vec::new();
    for container_id in &ids {
        for number in 0..random.random_range(1..=2) {
            let key = LifeKey {
                container: container_id.clone(),
                host: ["node1", "node2"].choose(random).unwrap().to_string(),
                began_ns: begin_ns + number * 400 * SECOND_NS,
            };
            told.extend(statements(random, &key));
            lives.push(key);
        }
    }
    for number in 0..random.random_range(4..10) {
        told.extend(process(random, number, &lives));
    }
    for _ in 0..random.random_range(0..12) {
        let loss = loss(random, &ids);
        told.push((
            loss.second_ns,
            Batch {
                losses: vec![loss],
                ..batch()
            },
        ));
    }
    told.sort_by_key(|(at_ns, _)| *at_ns);
    History {
        batches: told.into_iter().map(|(_, batch)| batch).collect(),
        ids,
    }
}

/// The batches 1 to 4 times each, in any order, some joined to one.
pub(crate) fn deliver(random: &mut StdRng, history: &History) -> Vec<Vec<Batch>> {
    let mut deliveries: Vec<Batch> = Vec::new();
    for batch in &history.batches {
        for _ in 0..random.random_range(1..=4) {
            deliveries.push(batch.clone());
        }
    }
    if random.random_bool(0.8) {
        deliveries.shuffle(random);
    }
    let mut writes = Vec::new();
    while !deliveries.is_empty() {
        let count = random.random_range(1..=60).min(deliveries.len());
        writes.push(deliveries.drain(..count).collect());
    }
    writes
}

fn statements(random: &mut StdRng, key: &LifeKey) -> Vec<(u64, Batch)> {
    let mut told = Vec::new();
    for step in 0..random.random_range(1..=3) {
        let stated_ns = key.began_ns + step * 300 * SECOND_NS;
        let stated = Container {
            life: key.clone(),
            kind: *ContainerKind::ALL.choose(random).unwrap(),
            name: format!("name {}", random.random_range(0..3)),
            image: random.random_bool(0.5).then(|| "debian:12".into()),
            ended_ns: random
                .random_bool(0.4)
                .then_some(stated_ns + random.random_range(0..8000) * SECOND_NS),
            stated_ns: stated_ns - random.random_range(0..2) * 300 * SECOND_NS,
            ..container("x", 0)
        };
        told.push((
            stated_ns,
            Batch {
                containers: vec![stated],
                ..batch()
            },
        ));
    }
    told
}

fn process(random: &mut StdRng, number: u8, lives: &[LifeKey]) -> Vec<(u64, Batch)> {
    let process = ProcessId([number + 1; 16]);
    let mut told = Vec::new();
    let mut life = lives.choose(random).unwrap().clone();
    let mut now_ns = life.began_ns + random.random_range(0..200_000) * (SECOND_NS / 1000);
    let start_ns = now_ns
        - if random.random_bool(0.2) {
            500 * SECOND_NS
        } else {
            0
        };
    let mut totals = Totals::default();
    let mut epoch_ns = 0;
    if start_ns < now_ns {
        totals.grow(random);
    }
    let begin = |now_ns: u64, life: &LifeKey, totals: &Totals, random: &mut StdRng| {
        let start = ProcessStart {
            process,
            life: life.clone(),
            pid: 100 + u32::from(number),
            container_pid: random.random_bool(0.5).then_some(7),
            parent: random.random_bool(0.5).then_some(ProcessId([number; 16])),
            parent_pid: None,
            uid: Some(1000),
            start_ns,
            entered_ns: now_ns,
            is_root: false,
            baseline: (start_ns < now_ns).then_some(totals.metrics()),
            name: format!("p{number}"),
        };
        let mut batches = vec![(
            now_ns,
            Batch {
                starts: vec![start.clone()],
                ..batch()
            },
        )];
        if random.random_bool(0.3) {
            // A recorder that started later states what it found.
            let found = ProcessStart {
                parent: None,
                container_pid: None,
                baseline: None,
                entered_ns: start_ns + 3,
                name: "found".into(),
                ..start
            };
            batches.push((
                now_ns + 100 * SECOND_NS,
                Batch {
                    starts: vec![found],
                    ..batch()
                },
            ));
        }
        batches
    };
    told.extend(begin(now_ns, &life, &totals, random));
    let mut last: Option<Sample> = None;
    for _ in 0..random.random_range(0..60) {
        now_ns += match random.random_range(0..100) {
            0..80 => random.random_range(400..2_100) * (SECOND_NS / 1000),
            80..97 => random.random_range(2..100) * SECOND_NS,
            _ => random.random_range(100..5000) * SECOND_NS,
        };
        if random.random_bool(0.03) {
            // The recorder starts again and counts from now.
            epoch_ns = now_ns - 5;
            totals = Totals::default();
        }
        if random.random_bool(0.04) {
            // It moves to another container, and has been told to have left this one.
            let mut left = end(number + 1, now_ns);
            (left.exit_code, left.unseen) = (None, true);
            told.push((
                now_ns,
                Batch {
                    ends: vec![left],
                    ..batch()
                },
            ));
            life = lives.choose(random).unwrap().clone();
            told.extend(begin(now_ns, &life, &totals, random));
            now_ns += random.random_range(0..2_000_000_000);
        }
        totals.grow(random);
        let metrics = totals.metrics();
        let rss = metrics.get(Metric::RssBytes);
        let held_ns = match random.random_range(0..10) {
            0..3 => now_ns - random.random_range(0..3 * SECOND_NS),
            _ => 0,
        };
        let sample = Sample {
            process,
            at_ns: now_ns,
            epoch_ns,
            held_ns,
            metrics,
            max_rss_bytes: [rss; 3],
            closes: Closes::NONE,
        };
        if let Some(mut before) = last.take() {
            // It becomes known what the sample before closes, and that sample is told again.
            before.closes = Closes::between(before.at_ns, now_ns);
            told.push((
                now_ns,
                Batch {
                    samples: vec![before],
                    ..batch()
                },
            ));
        }
        told.push((
            now_ns,
            Batch {
                samples: vec![sample.clone()],
                ..batch()
            },
        ));
        if random.random_bool(0.02) {
            // Two truths of one instant.
            let mut other = sample.clone();
            other.metrics.set(Metric::CpuNs, totals.cpu_ns + 1);
            told.push((
                now_ns,
                Batch {
                    samples: vec![other],
                    ..batch()
                },
            ));
        }
        if random.random_bool(0.05) {
            let seen_ns = now_ns + random.random_range(0..90 * SECOND_NS);
            told.push((
                now_ns,
                Batch {
                    seen: vec![(life.clone(), seen_ns)],
                    ..batch()
                },
            ));
        }
        if random.random_bool(0.05) {
            let exec = ProcessExec {
                process,
                at_ns: now_ns - now_ns % (60 * SECOND_NS),
                name: "x".into(),
                exe: random.random_bool(0.5).then(|| "/bin/x".into()),
                args: random
                    .random_bool(0.5)
                    .then(|| vec![random.random_range(0..9u8).to_string()]),
                args_cut: false,
                inherited: random.random(),
            };
            told.push((
                now_ns,
                Batch {
                    execs: vec![exec],
                    ..batch()
                },
            ));
        }
        last = Some(sample);
    }
    if random.random_bool(0.6) {
        let mut deduced = end(number + 1, now_ns);
        (deduced.exit_code, deduced.unseen) = (None, true);
        let ends = if random.random_bool(0.3) {
            vec![deduced, end(number + 1, now_ns + 9)]
        } else {
            vec![end(number + 1, now_ns + 9)]
        };
        told.extend(ends.into_iter().map(|end| {
            (
                now_ns,
                Batch {
                    ends: vec![end],
                    ..batch()
                },
            )
        }));
    }
    told
}

fn loss(random: &mut StdRng, ids: &[ContainerId]) -> Loss {
    Loss {
        host: ["node1", "node2"].choose(random).unwrap().to_string(),
        recorder_ns: random.random_range(1..3),
        container: ids
            .choose(random)
            .filter(|_| random.random_bool(0.5))
            .cloned(),
        second_ns: (MIDNIGHT + random.random_range(0..5)) * SECOND_NS,
        reason: *LossReason::ALL.choose(random).unwrap(),
        count: random.random_range(1..100),
        cpu_ns: random.random_range(0..100),
    }
}

#[derive(Default)]
struct Totals {
    cpu_ns: u64,
    read_bytes: u64,
    rss_bytes: u64,
}

impl Totals {
    fn grow(&mut self, random: &mut StdRng) {
        self.cpu_ns += random.random_range(0..Resolution::Second.ns());
        self.read_bytes += random.random_range(0..1 << 20);
        self.rss_bytes = random.random_range(1 << 12..1 << 30);
    }

    fn metrics(&self) -> Metrics {
        let metrics = Metrics::EMPTY
            .with(Metric::CpuNs, self.cpu_ns)
            .with(Metric::ReadBytes, self.read_bytes);
        // A metric that is known only now and then.
        if self.cpu_ns.is_multiple_of(3) {
            metrics
        } else {
            metrics.with(Metric::RssBytes, self.rss_bytes)
        }
    }
}
