//! What nobody sane would send.

use bc_schema::{
    Batch, Closes, Container, LifeKey, Limits, Loss, LossReason, Metric, Metrics, ProcessExec,
    ProcessStart, Sample,
};

use crate::answers::{ask, assert_same};
use crate::build::{at, batch, container, cpu, end, id, life, pid, sample, start};
use crate::subject::{self, Fresh};

const TEXTS: [&str; 8] = [
    "",
    "a\0b\0",
    "'; DROP TABLE lives; --",
    "%_\\\"'`",
    "<script>alert(1)</script>",
    "\u{202e}\u{feff}\u{10ffff}",
    "line\nline\r\n\t\x1b[31m",
    "{\"json\": [1, 2]}",
];

pub(crate) async fn any_text_comes_back_as_it_went_in(fresh: Fresh<'_>) {
    let (subject, reference) = (fresh(), subject::memory());
    let giant = "x".repeat(3 << 20);
    let longest = "ü".repeat(512);
    let mut ids = vec![
        id(&longest),
        id("' OR '1'='1"),
        id("../../etc/passwd"),
        id("\u{202e}\u{feff}%_\\"),
    ];
    ids.extend(
        TEXTS
            .iter()
            .filter_map(|text| bc_schema::ContainerId::new(*text)),
    );
    for (number, container_id) in ids.iter().enumerate() {
        let number = number as u8 + 1;
        let life = LifeKey {
            container: container_id.clone(),
            host: TEXTS[usize::from(number) % 8].into(),
            began_ns: at(0),
        };
        let text = |offset: u8| TEXTS[usize::from(number + offset) % 8].to_owned();
        let stated = Container {
            life: life.clone(),
            name: text(1),
            image: Some(text(2)),
            command: Some(giant.clone()),
            labels: TEXTS
                .iter()
                .map(|text| ((*text).to_owned(), (*text).to_owned()))
                .collect(),
            cgroup: text(3),
            ..container("x", at(0))
        };
        let args = vec![text(4), text(5), giant.clone()];
        let exec = ProcessExec {
            process: pid(number),
            at_ns: at(1),
            name: text(6),
            exe: Some(text(7)),
            args: Some(args),
            args_cut: true,
            inherited: false,
        };
        let start = ProcessStart {
            name: text(0),
            ..start(number, life.clone(), at(0))
        };
        let losses = vec![Loss {
            host: life.host.clone(),
            recorder_ns: 1,
            container: Some(container_id.clone()),
            second_ns: at(1),
            reason: LossReason::RingFull,
            count: 1,
            cpu_ns: 0,
        }];
        let batch = Batch {
            host: life.host,
            containers: vec![stated],
            starts: vec![start],
            execs: vec![exec],
            losses,
            ..batch()
        };
        for store in [&subject, &reference] {
            store.write(batch.clone()).await;
        }
    }
    assert_same(
        &ask(&*subject, &ids).await,
        &ask(&*reference, &ids).await,
        "hostile texts",
    );
}

pub(crate) async fn the_largest_numbers_are_safe(fresh: Fresh<'_>) {
    let (subject, reference) = (fresh(), subject::memory());
    let largest = Metric::ALL.iter().fold(Metrics::EMPTY, |metrics, &metric| {
        metrics.with(metric, u64::MAX)
    });
    let limits = Limits {
        memory_bytes: Some(u64::MAX),
        cpu_milli: Some(1 << 63),
        pids: Some(0),
    };
    let edges = [0, 1, i64::MAX as u64, 1 << 63, u64::MAX - 1, u64::MAX];
    let mut batches = Vec::new();
    for (index, edge) in edges.into_iter().enumerate() {
        let (number, life) = (index as u8 + 1, life("c", edge));
        let stated = Container {
            limits,
            uid: Some(u32::MAX),
            stated_ns: edge,
            ended_ns: Some(edge),
            ..container("c", edge)
        };
        let started = ProcessStart {
            pid: u32::MAX,
            container_pid: Some(u32::MAX),
            parent_pid: Some(u32::MAX),
            entered_ns: edge,
            baseline: Some(cpu(edge)),
            ..start(number, life, edge)
        };
        let of_edge = |at_ns: u64, epoch_ns: u64| Sample {
            epoch_ns,
            held_ns: 0,
            max_rss_bytes: [Some(u64::MAX), None, Some(edge)],
            closes: Closes::ALL,
            ..sample(number, at_ns, largest)
        };
        let samples = edges
            .iter()
            .flat_map(|&at_ns| [of_edge(at_ns, 0), of_edge(at_ns, edge)])
            .collect();
        let loss = Loss {
            host: "node1".into(),
            recorder_ns: edge,
            container: None,
            second_ns: edge,
            reason: LossReason::RingFull,
            count: edge,
            cpu_ns: edge,
        };
        let ends = vec![end(number, edge)];
        batches.push(Batch {
            until_ns: edge,
            containers: vec![stated],
            starts: vec![started],
            samples,
            ends,
            losses: vec![loss],
            ..batch()
        });
    }
    for batch in batches.iter().rev() {
        subject.write(batch.clone()).await;
    }
    reference.store.write(&batches).await.unwrap();
    let ids = [id("c")];
    assert_same(
        &ask(&*subject, &ids).await,
        &ask(&*reference, &ids).await,
        "the largest numbers",
    );
    let found = subject.container(&ids[0]).await.unwrap().unwrap();
    assert_eq!(
        (found.last_record_ns, found.cpu_ns, found.processes),
        (u64::MAX, u64::MAX, 6)
    );
    for span in subject.life_spans().await.unwrap() {
        let order = bc_schema::store::PruneOrder {
            life: span.life,
            resolution: bc_schema::Resolution::Second,
            before_ns: u64::MAX,
        };
        assert_eq!(
            subject.prune(&order).await.unwrap(),
            reference.prune(&order).await.unwrap()
        );
    }
    assert_same(
        &ask(&*subject, &ids).await,
        &ask(&*reference, &ids).await,
        "the largest numbers, pruned",
    );
}
