//! What the writer writes: processes that come, work and go, as a function of the second alone. Told again, it is the same.

use std::collections::BTreeMap;

use bc_schema::resolution::SECOND_NS;
use bc_schema::{
    Batch, Closes, Container, ContainerId, ContainerKind, LifeKey, Limits, Metric, Metrics,
    ProcessEnd, ProcessId, ProcessStart, Resolution, Sample,
};

/// A UTC midnight less half an hour, s: minutes, hours and a day end while it is written.
pub(crate) const BEGAN_S: u64 = 1_700_006_400 - 1_800;

/// A process begins every so many seconds,
const EVERY_S: u64 = 10;
/// and lives so long.
const LIVES_S: u64 = 45;
/// Some samples come so much later than they were taken: their minute is over by then.
const LATE_S: u64 = 90;

/// Whom all of it belongs to.
pub(crate) fn life() -> LifeKey {
    LifeKey {
        container: ContainerId::new("kept").expect("it is an id"),
        host: "node1".into(),
        began_ns: BEGAN_S * SECOND_NS,
    }
}

/// The batch of this second, counted from the beginning.
pub(crate) fn batch(second: u64) -> Batch {
    let at_ns = (BEGAN_S + second) * SECOND_NS;
    let begins = second.is_multiple_of(EVERY_S);
    let ends = second % EVERY_S == LIVES_S % EVERY_S && second >= LIVES_S;
    let in_time = living(second)
        .filter(|&number| !is_late(number, second))
        .map(|number| sample(number, second));
    let late_second = second.checked_sub(LATE_S);
    let late = late_second.into_iter().flat_map(|second| {
        living(second)
            .filter(move |&number| is_late(number, second))
            .map(move |number| sample(number, second))
    });
    Batch {
        host: life().host,
        until_ns: at_ns + SECOND_NS,
        containers: vec![container()],
        starts: begins
            .then(|| start(second / EVERY_S))
            .into_iter()
            .collect(),
        samples: in_time.chain(late).collect(),
        ends: ends
            .then(|| end((second - LIVES_S) / EVERY_S, at_ns))
            .into_iter()
            .collect(),
        ..Batch::default()
    }
}

/// The processes of a second, the ending one's last sample included.
fn living(second: u64) -> impl Iterator<Item = u64> {
    let first = second.saturating_sub(LIVES_S).div_ceil(EVERY_S);
    first..=second / EVERY_S
}

/// Of each third process, some samples; never the first or the last.
fn is_late(number: u64, second: u64) -> bool {
    let age = second - number * EVERY_S;
    number.is_multiple_of(3) && age % 7 == 3
}

fn process(number: u64) -> ProcessId {
    let mut id = [0xbc; 16];
    id[..8].copy_from_slice(&number.to_be_bytes());
    ProcessId(id)
}

fn container() -> Container {
    Container {
        life: life(),
        kind: ContainerKind::Run,
        name: "kept".into(),
        image: None,
        command: None,
        labels: BTreeMap::new(),
        limits: Limits::default(),
        cgroup: "/kept".into(),
        uid: None,
        stated_ns: BEGAN_S * SECOND_NS,
        ended_ns: None,
    }
}

fn start(number: u64) -> ProcessStart {
    let start_ns = (BEGAN_S + number * EVERY_S) * SECOND_NS;
    ProcessStart {
        process: process(number),
        life: life(),
        pid: number as u32 + 1,
        container_pid: None,
        parent: None,
        parent_pid: None,
        uid: None,
        start_ns,
        entered_ns: start_ns,
        is_root: number == 0,
        baseline: None,
        name: format!("p{number}"),
    }
}

fn sample(number: u64, second: u64) -> Sample {
    let at_ns = (BEGAN_S + second) * SECOND_NS + 900_000_000;
    let age = second - number * EVERY_S;
    let rss_bytes = |second: u64| 4096 * (1 + (second * 31 + number * 17) % 1000);
    let highest_since = |resolution: Resolution| {
        let bucket_s = resolution.bucket_ns(at_ns) / SECOND_NS;
        let first = bucket_s.saturating_sub(BEGAN_S).max(number * EVERY_S);
        (first..=second).map(rss_bytes).max()
    };
    Sample {
        process: process(number),
        at_ns,
        epoch_ns: 0,
        held_ns: 0,
        metrics: Metrics::EMPTY
            .with(Metric::CpuNs, age * (1_000_000 + number) + age * age)
            .with(Metric::RssBytes, rss_bytes(second)),
        max_rss_bytes: Resolution::COARSE.map(highest_since),
        closes: Closes::NONE,
    }
}

fn end(number: u64, at_ns: u64) -> ProcessEnd {
    ProcessEnd {
        process: process(number),
        at_ns: at_ns + 950_000_000,
        exit_code: Some(0),
        signal: None,
        core_dumped: false,
        oom_killed: false,
        unseen: false,
    }
}
