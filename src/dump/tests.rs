//! What comes out of a store is what went in: all of it, each once, however it is cut up for asking.

use std::collections::{BTreeMap, BTreeSet};

use bc_schema::resolution::SECOND_NS;
use bc_schema::store::WriteStore;
use bc_schema::{
    Batch, Closes, Container, ContainerKind, CpuTotal, LifeKey, Limits, Loss, LossReason, Metric,
    Metrics, ProcessId, ProcessStart, Sample,
};
use bc_store::MemoryStore;
use serde_json::Value;

use super::*;

/// What is written to and read from.
trait Both: ReadStore + WriteStore {}
impl<Store: ReadStore + WriteStore> Both for Store {}

const BEGAN_S: u64 = 1_700_006_400 - 150;

fn container(id: &str) -> Container {
    Container {
        life: LifeKey {
            container: ContainerId::new(id).unwrap(),
            host: "node1".into(),
            began_ns: BEGAN_S * SECOND_NS,
        },
        kind: ContainerKind::Run,
        name: format!("{id}, by hand"),
        image: None,
        command: None,
        labels: BTreeMap::new(),
        limits: Limits::default(),
        cgroup: "/c".into(),
        uid: None,
        stated_ns: 1,
        ended_ns: None,
    }
}

fn process(number: u32) -> ProcessId {
    let mut id = [7; 16];
    id[..4].copy_from_slice(&number.to_le_bytes());
    ProcessId(id)
}

fn start(number: u32) -> ProcessStart {
    ProcessStart {
        process: process(number),
        life: container("c").life,
        pid: number,
        container_pid: None,
        parent: None,
        parent_pid: None,
        uid: None,
        start_ns: BEGAN_S * SECOND_NS,
        entered_ns: BEGAN_S * SECOND_NS,
        is_root: number == 1,
        baseline: None,
        name: "p".into(),
    }
}

fn sample(number: u32, second: u64) -> Sample {
    Sample {
        process: process(number),
        at_ns: (BEGAN_S + second) * SECOND_NS + 5,
        epoch_ns: 0,
        held_ns: 0,
        metrics: Metrics::EMPTY.with(Metric::CpuNs, second * 10),
        max_rss_bytes: [None; 3],
        closes: Closes::NONE,
    }
}

async fn dumped(store: &dyn ReadStore, ask: Ask) -> anyhow::Result<Vec<Value>> {
    let mut out = Vec::new();
    dump(store, &ask, &mut out).await?;
    let lines = std::str::from_utf8(&out).unwrap().lines();
    Ok(lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect())
}

fn ask(id: &str, what: What) -> Ask {
    Ask {
        container: ContainerId::new(id),
        what,
        resolution: Resolution::Second,
        range: (None, None),
        format: Format::Json,
        retention: Retention::default(),
    }
}

/// 1,001 processes in one second, and one of them in each of 400 seconds.
async fn store() -> MemoryStore {
    let store = MemoryStore::default();
    let samples = (1..=1_001).map(|number| sample(number, 1));
    let batch = Batch {
        containers: vec![container("c"), container("other")],
        starts: (1..=1_001).map(start).collect(),
        samples: samples
            .chain((2..=400).map(|second| sample(1, second)))
            .collect(),
        losses: vec![Loss {
            host: "node1".into(),
            recorder_ns: 1,
            container: None,
            second_ns: (BEGAN_S + 9) * SECOND_NS,
            reason: LossReason::RingFull,
            count: 3,
            cpu_ns: 0,
        }],
        ..Batch::default()
    };
    store.write(&[batch]).await.unwrap();
    store
}

#[tokio::test]
async fn every_process_and_every_second_comes_out_once() {
    let store = store().await;
    let lines = dumped(&store, ask("c", What::Usage)).await.unwrap();
    assert_eq!(lines.len(), 1_001 + 399);
    let keys: BTreeSet<String> = lines
        .iter()
        .map(|line| format!("{} {}", line["process"], line["bucket_ns"]))
        .collect();
    assert_eq!(keys.len(), lines.len());
    let used = |lines: &[Value]| -> u64 {
        let of_one = lines
            .iter()
            .filter(|line| line["process"] == process(1).to_string());
        of_one.map(|line| line["cpu_ns"].as_u64().unwrap()).sum()
    };
    assert_eq!(used(&lines), 4_000);
    assert_eq!(lines[0]["rss_bytes"], Value::Null);

    for (resolution, buckets) in [(Resolution::Minute, 8), (Resolution::Day, 2)] {
        let coarse = Ask {
            resolution,
            ..ask("c", What::Usage)
        };
        let lines = dumped(&store, coarse).await.unwrap();
        assert_eq!((lines.len(), used(&lines)), (1_000 + buckets, 4_000));
    }
    let processes = dumped(&store, ask("c", What::Processes)).await.unwrap();
    assert_eq!(processes.len(), 1_001);
    assert_eq!(processes[0]["cpu_ns"], 4_000);
}

/// Two processes that go from one core to another, told as running totals; one of them in two epochs.
fn on_cores() -> Batch {
    let total = |number: u32, second: u64, cpu: u32, epoch_ns: u64, cpu_ns: u64| CpuTotal {
        process: process(number),
        cpu,
        at_ns: (BEGAN_S + second) * SECOND_NS + 5,
        epoch_ns,
        cpu_ns,
    };
    Batch {
        containers: vec![container("c")],
        starts: vec![start(1), start(2)],
        cpus: vec![
            total(1, 1, 0, 0, 100),
            total(1, 2, 0, 0, 150),
            total(1, 2, 7, 0, 20),
            total(1, 4_000, 7, 0, 21),
            total(1, 4_000, 0, 9, 3),
            total(2, 2, 7, 0, 1_000),
        ],
        samples: vec![sample(1, 4_000), sample(2, 4_000)],
        ..Batch::default()
    }
}

#[tokio::test]
async fn cpus_come_out_bucket_by_bucket_as_they_were_written() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = bc_store::SqliteStore::open(&folder.path().join("bubble-chamber.db")).unwrap();
    let memory = MemoryStore::default();
    let stores: [&dyn Both; 2] = [&memory, &sqlite];
    for store in stores {
        store.write(&[on_cores()]).await.unwrap();
        let all = Ask {
            range: (Some(0), None),
            ..ask("c", What::Cpus)
        };
        let mut told: Vec<_> = dumped(store, all)
            .await
            .unwrap()
            .iter()
            .map(|line| {
                let number = |name: &str| line[name].as_u64().unwrap();
                let whose = [1, 2]
                    .into_iter()
                    .find(|&one| line["process"] == process(one).to_string());
                let second = number("bucket_ns") / SECOND_NS - BEGAN_S;
                (whose.unwrap(), second, number("cpu"), number("cpu_ns"))
            })
            .collect();
        told.sort_unstable();
        let expected = [
            (1, 1, 0, 100),
            (1, 2, 0, 50),
            (1, 2, 7, 20),
            (1, 4_000, 0, 3),
            (1, 4_000, 7, 1),
            (2, 2, 7, 1_000),
        ];
        assert_eq!(told, expected);

        // An hour of seconds is kept, counted back from the end.
        let kept = dumped(store, ask("c", What::Cpus)).await.unwrap();
        assert_eq!(kept.len(), 2);
        let days = Ask {
            resolution: Resolution::Day,
            ..ask("c", What::Cpus)
        };
        let sums = |lines: &[Value], cpu: u64| -> u64 {
            let on_it = lines.iter().filter(|line| line["cpu"] == cpu);
            on_it.map(|line| line["cpu_ns"].as_u64().unwrap()).sum()
        };
        let days = dumped(store, days).await.unwrap();
        assert_eq!((sums(&days, 0), sums(&days, 7)), (153, 1_021));

        let mut csv = Vec::new();
        let wish = Ask {
            format: Format::Csv,
            resolution: Resolution::Minute,
            range: (Some((BEGAN_S + 3_900) * SECOND_NS), None),
            ..ask("c", What::Cpus)
        };
        dump(store, &wish, &mut csv).await.unwrap();
        let minute_ns = Resolution::Minute.bucket_ns((BEGAN_S + 4_000) * SECOND_NS);
        let lines = [(0, 3), (7, 1)]
            .map(|(cpu, cpu_ns)| format!("{minute_ns},{},{cpu},{cpu_ns}\n", process(1)));
        let expected = format!("bucket_ns,process,cpu,cpu_ns\n{}", lines.concat());
        assert_eq!(String::from_utf8(csv).unwrap(), expected);
    }
}

#[tokio::test]
async fn a_range_is_kept_to() {
    let store = store().await;
    let from_ns = (BEGAN_S + 100) * SECOND_NS;
    let ranged = Ask {
        range: (Some(from_ns), Some(from_ns + 150 * SECOND_NS)),
        ..ask("c", What::Usage)
    };
    let lines = dumped(&store, ranged).await.unwrap();
    assert_eq!(lines.len(), 150);
    assert_eq!(lines[0]["bucket_ns"], from_ns);
    assert_eq!(lines[0]["cpu_ns"], 10);
}

#[tokio::test]
async fn retention_decides_what_is_told_unless_time_is_asked_for() {
    let store = store().await;
    let retention = Retention {
        seconds_s: 60,
        ..Retention::default()
    };
    let short = Ask {
        retention,
        ..ask("c", What::Usage)
    };
    assert_eq!(dumped(&store, short).await.unwrap().len(), 61);
    let all = Ask {
        retention,
        range: (Some(0), None),
        ..ask("c", What::Usage)
    };
    assert_eq!(dumped(&store, all).await.unwrap().len(), 1_400);
}

#[tokio::test]
async fn lives_and_losses_are_told_and_the_unknown_is_named() {
    let store = store().await;
    let losses = dumped(&store, ask("c", What::Losses)).await.unwrap();
    assert_eq!(losses.len(), 1);
    assert_eq!(
        (&losses[0]["reason"], &losses[0]["count"]),
        (&"ring_full".into(), &3.into())
    );
    let everyone = Ask {
        container: None,
        ..ask("c", What::Lives)
    };
    assert_eq!(dumped(&store, everyone).await.unwrap().len(), 2);
    let unknown = dumped(&store, ask("nobody", What::Usage))
        .await
        .unwrap_err();
    assert!(unknown.to_string().contains("`nobody`"), "{unknown}");
    let nameless = Ask {
        container: None,
        ..ask("c", What::Usage)
    };
    assert!(dumped(&store, nameless).await.is_err());
}

#[tokio::test]
async fn csv_names_its_columns_once() {
    let mut out = Vec::new();
    let wish = Ask {
        format: Format::Csv,
        ..ask("c", What::Lives)
    };
    dump(&store().await, &wish, &mut out).await.unwrap();
    let text = String::from_utf8(out).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some(facts::LIFE.join(",").as_str()));
    let life = lines.next().unwrap();
    assert!(
        life.starts_with("c,node1,") && life.contains("\"c, by hand\""),
        "{life}"
    );
    assert_eq!(lines.next(), None);
}
