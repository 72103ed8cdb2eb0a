//! A database that a released Bubble Chamber wrote, kept as SQL, and what becomes of it in this one: whatever its tables are called here,
//! it answers what was recorded then, and is written on.

use std::path::Path;

use bc_schema::store::{
    ContainerQuery, CpuSeriesQuery, ProcessQuery, PruneOrder, PruneStore, ReadStore, SeriesQuery,
    WriteStore,
};
use bc_schema::{
    Batch, Closes, Container, ContainerId, CpuTotal, LifeKey, Loss, LossReason, Metric, Metrics,
    ProcessEnd, ProcessExec, ProcessId, ProcessStart, Resolution, Sample, TimeRange,
};
use bc_store::sqlite::{check, upgrade};
use bc_store::{MemoryStore, SqliteStore};
use rusqlite::Connection;

use crate::records::{MIDNIGHT_NS, SECOND_NS, container, life, place, start};

/// What version 2 left when it was given [`recorded`], batch by batch: `sqlite3 FILE .dump`, and its two pragmas. Never changed.
const VERSION_2: &str = include_str!("version_2_left.sql");

/// A second run of a job on another host, which was over within a minute.
fn past() -> LifeKey {
    LifeKey {
        container: ContainerId::new("job_7").unwrap(),
        host: "node2".into(),
        began_ns: at(10),
    }
}

const fn at(second: u64) -> u64 {
    MIDNIGHT_NS + second * SECOND_NS
}

/// When there is something to tell of the process that works: two minutes of seconds, three hours of some minutes, two days of some hours.
fn moments() -> impl Iterator<Item = u64> {
    let seconds = 1..=130;
    let minutes = (3..180).step_by(15).map(|minute| minute * 60 + 59);
    let hours = (3..48).step_by(4).map(|hour| hour * 3_600 + 3_599);
    seconds.chain(minutes).chain(hours)
}

/// Its totals and levels then; every metric is known.
fn metrics(second: u64) -> Metrics {
    let all = Metric::ALL.iter().zip(1..);
    all.fold(Metrics::EMPTY, |metrics, (&metric, factor)| {
        metrics.with(metric, (second * 1_000_003 + second % 7) * factor)
    })
}

fn sample(process: u8, second: u64) -> Sample {
    // The recorder began again after an hour: totals of that kind count from there.
    let epoch_ns = if second > 3_600 { at(3_600) } else { 0 };
    Sample {
        process: ProcessId([process; 16]),
        at_ns: at(second),
        epoch_ns,
        held_ns: 0,
        metrics: metrics(second),
        max_rss_bytes: [Some(second * 5_000_017); 3],
        closes: Closes::NONE,
    }
}

fn cores(process: u8, second: u64) -> impl Iterator<Item = CpuTotal> {
    (0..2).map(move |cpu| CpuTotal {
        process: ProcessId([process; 16]),
        cpu,
        at_ns: at(second),
        epoch_ns: 0,
        cpu_ns: (second + u64::from(cpu)) * 300_000_007,
    })
}

fn began() -> Batch {
    let facts = Container {
        image: Some("debian:12".into()),
        command: Some("sh -c 'work & sleep'".into()),
        labels: [("team".to_owned(), "\u{e9}".to_owned())].into(),
        uid: Some(1_000),
        ..container()
    };
    let job = Container {
        life: past(),
        ended_ns: Some(at(40)),
        ..container()
    };
    let exec = |process: u8, second, args: &[&str]| ProcessExec {
        process: ProcessId([process; 16]),
        at_ns: at(second),
        name: args[0].into(),
        exe: Some(format!("/bin/{}", args[0])),
        args: Some(args.iter().map(|&arg| arg.to_owned()).collect()),
        args_cut: process == 2,
        inherited: false,
    };
    let child = ProcessStart {
        life: past(),
        parent: Some(ProcessId([9; 16])),
        parent_pid: Some(9),
        start_ns: at(11),
        entered_ns: at(12),
        baseline: Some(metrics(1)),
        ..start(3)
    };
    Batch {
        host: "node1".into(),
        containers: vec![facts, job],
        starts: vec![start(1), start(2), child],
        execs: vec![
            exec(1, 0, &["sh", "-c", "work"]),
            exec(1, 2, &["work", "\"\n"]),
            exec(2, 0, &["sleep", "1d"]),
        ],
        ..Batch::default()
    }
}

/// All of it, in the batches that were written.
fn recorded() -> Vec<Batch> {
    let mut batches = vec![began()];
    batches.extend(moments().map(|second| {
        // The second process sleeps: it is told of in the first second of a minute, and held until then.
        let held = (second % 60 == 1).then(|| Sample {
            held_ns: if second > 1 { at(second - 1) } else { 0 },
            metrics: metrics(5),
            max_rss_bytes: [metrics(5).get(Metric::RssBytes); 3],
            ..sample(2, second)
        });
        Batch {
            host: "node1".into(),
            until_ns: at(second),
            seen: vec![(life(), at(second))],
            samples: [sample(1, second)].into_iter().chain(held).collect(),
            cpus: cores(1, second).collect(),
            ..Batch::default()
        }
    }));
    batches.push(Batch {
        host: "node2".into(),
        samples: [15, 20, 30].map(|second| sample(3, second)).into(),
        cpus: cores(3, 30).collect(),
        ends: vec![ProcessEnd {
            process: ProcessId([3; 16]),
            at_ns: at(35),
            exit_code: None,
            signal: Some(9),
            core_dumped: false,
            oom_killed: true,
            unseen: false,
        }],
        losses: vec![Loss {
            host: "node2".into(),
            recorder_ns: at(0),
            container: Some(past().container),
            second_ns: at(20),
            reason: LossReason::ProcessTableFull,
            count: 3,
            cpu_ns: 4_500_000,
        }],
        ..Batch::default()
    });
    // Of a process that nobody has heard of yet.
    batches.push(Batch {
        host: "node1".into(),
        samples: vec![sample(4, 130)],
        cpus: cores(4, 130).collect(),
        ..Batch::default()
    });
    batches
}

/// The same, told later: it begins, and ends.
fn told_later() -> Batch {
    Batch {
        host: "node1".into(),
        starts: vec![start(4)],
        samples: vec![sample(4, 131), sample(1, 48 * 3_600 + 5)],
        ends: vec![ProcessEnd::unseen(ProcessId([4; 16]), at(140))],
        ..Batch::default()
    }
}

/// Holds a store to what the reference says of the same records.
async fn assert_same(store: &SqliteStore, batches: &[Batch]) {
    let reference = MemoryStore::new();
    reference.write(batches).await.unwrap();
    let all = ContainerQuery {
        limit: 100,
        ..ContainerQuery::default()
    };
    assert_eq!(
        store.containers(&all).await.unwrap(),
        reference.containers(&all).await.unwrap()
    );
    let always = TimeRange {
        from_ns: 0,
        to_ns: u64::MAX,
    };
    for id in [life().container, past().container] {
        let any = ProcessQuery::default();
        let processes = store.processes(&id, &any).await.unwrap();
        assert_eq!(processes, reference.processes(&id, &any).await.unwrap());
        assert_eq!(
            store.losses(Some(&id), always).await.unwrap(),
            reference.losses(Some(&id), always).await.unwrap()
        );
        for resolution in Resolution::ALL {
            for from_ns in [0, at(70), at(3_600), at(30 * 3_600)] {
                let range = TimeRange { from_ns, ..always };
                let curves = SeriesQuery {
                    resolution,
                    range,
                    ids: None,
                };
                assert_eq!(
                    store.series(&id, &curves).await.unwrap(),
                    reference.series(&id, &curves).await.unwrap(),
                    "{id:?}, {resolution:?} from {from_ns}"
                );
                for process in processes.iter().map(|record| record.start.process) {
                    let cores = CpuSeriesQuery {
                        process,
                        resolution,
                        range,
                    };
                    assert_eq!(
                        store.cpu_series(&id, &cores).await.unwrap(),
                        reference.cpu_series(&id, &cores).await.unwrap(),
                        "{process:?}, {resolution:?} from {from_ns}"
                    );
                }
            }
        }
    }
}

fn left_by_version_2(file: &Path) {
    let db = Connection::open(file).unwrap();
    db.execute_batch(VERSION_2).unwrap();
    db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))
        .unwrap();
}

#[tokio::test]
async fn a_database_of_version_2_answers_and_is_gone_on_with() {
    let (_dir, file) = place();
    left_by_version_2(&file);
    let mut all = recorded();
    let store = SqliteStore::open(&file).unwrap();
    assert_same(&store, &all).await;
    assert_eq!(check(&file, &mut |_| {}).unwrap().problems, [""; 0]);

    store.write(&[told_later()]).await.unwrap();
    all.push(told_later());
    assert_same(&store, &all).await;
    let order = PruneOrder {
        life: life(),
        resolution: Resolution::Second,
        before_ns: at(75),
    };
    store.prune(&order).await.unwrap();
    drop(store);
    assert_eq!(check(&file, &mut |_| {}).unwrap().problems, [""; 0]);
}

#[tokio::test]
async fn brought_up_by_hand_it_is_the_same() {
    let (_dir, file) = place();
    left_by_version_2(&file);
    upgrade(&file).unwrap();
    assert_same(&SqliteStore::open(&file).unwrap(), &recorded()).await;
}

#[tokio::test]
async fn a_new_database_has_the_tables_of_one_that_was_brought_up() {
    let tables = |file: &Path| -> Vec<(String, String)> {
        let db = Connection::open(file).unwrap();
        let mut all = db
            .prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
            .unwrap();
        let rows = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.unwrap().map(Result::unwrap).collect()
    };
    let ((_dir, old), (_other, new)) = (place(), place());
    left_by_version_2(&old);
    upgrade(&old).unwrap();
    drop(SqliteStore::open(&new).unwrap());
    assert_eq!(tables(&old), tables(&new));
}
