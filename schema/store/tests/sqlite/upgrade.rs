//! A database as version 1 left it, written by hand here, and what becomes of it.

use std::path::Path;

use bc_schema::store::{ProcessQuery, ReadStore, Series, SeriesQuery, WriteStore};
use bc_schema::{Batch, Metrics, Resolution, TimeRange};
use bc_store::sqlite::{Upgraded, upgrade};
use bc_store::{MemoryStore, SqliteStore};
use rusqlite::{Connection, params};

use crate::records::{MIDNIGHT_NS, SECOND_NS, life, place, recorded, sample};

const VERSION_1: &str = include_str!("../../src/sqlite/version_1.sql");
const MIDNIGHT: i64 = (MIDNIGHT_NS / SECOND_NS) as i64;
/// Seconds of it that are recorded: two minutes that are over, and half a minute.
const SECONDS: u64 = 150;

fn put(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A block of version 1 with one sample: number of the process, length, epoch, time within the bucket, no maxima, measurements.
fn block(process: u64, since_ns: u64, metrics: &Metrics) -> Vec<u8> {
    let mut body = Vec::new();
    put(0, &mut body);
    put(since_ns, &mut body);
    body.push(0);
    metrics.pack(&mut body);
    let mut block = Vec::new();
    put(process, &mut block);
    put(body.len() as u64, &mut block);
    block.extend(body);
    block
}

fn version_1(file: &Path) {
    let db = Connection::open(file).unwrap();
    db.execute_batch("PRAGMA auto_vacuum = INCREMENTAL")
        .unwrap();
    db.execute_batch(VERSION_1).unwrap();
    db.pragma_update(None, "application_id", 0x6275_626c)
        .unwrap();
    db.pragma_update(None, "user_version", 1).unwrap();
    db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))
        .unwrap();
    db.execute_batch("INSERT INTO containers (no, id) VALUES (1, 'c')")
        .unwrap();
    let last_ns = MIDNIGHT_NS + SECONDS * SECOND_NS;
    db.execute(
        "INSERT INTO lives VALUES (1, 1, 'node1', ?1, ?2, ?3, ?4, ?4, 0, 0, 0, 0)",
        params![MIDNIGHT_NS as i64, last_ns as i64, MIDNIGHT + 120, MIDNIGHT],
    )
    .unwrap();
    db.execute(
        "INSERT INTO statements (life, stated_ns, kind, name, labels, cgroup) VALUES (1, ?1, 'run', 'c', '{}', '/c')",
        [MIDNIGHT_NS as i64],
    )
    .unwrap();
    db.execute("INSERT INTO processes VALUES (5, ?1)", [[1u8; 16]])
        .unwrap();
    db.execute(
        "INSERT INTO accounts (container, process, life, until_ns, open, pid, start_ns, entered_ns, is_root, name)
         VALUES (1, 5, 1, -1, 1, 1, ?1, ?1, 0, 'p')",
        [MIDNIGHT_NS as i64],
    )
    .unwrap();
    let add = |resolution: i64, bucket: i64, block: Vec<u8>| {
        db.execute(
            "INSERT INTO blocks (life, resolution, bucket, part, entries, block) VALUES (1, ?1, ?2, 0, 1, ?3)",
            params![resolution, bucket, block],
        )
        .unwrap();
    };
    for second in 1..=SECONDS {
        add(
            0,
            MIDNIGHT + second as i64,
            block(5, 0, &sample(1, second).metrics),
        );
    }
    for minute in [0, 1] {
        let last = sample(1, minute * 60 + 59);
        let block = block(5, 59 * SECOND_NS, &last.metrics);
        add(1, MIDNIGHT / 60 + minute as i64, block);
    }
}

async fn curves(store: &dyn ReadStore) -> Vec<Vec<Series>> {
    let mut all = Vec::new();
    for resolution in Resolution::ALL {
        for from_ns in [0, MIDNIGHT_NS + 70 * SECOND_NS] {
            let range = TimeRange {
                from_ns,
                to_ns: u64::MAX,
            };
            let query = SeriesQuery {
                resolution,
                range,
                ids: None,
            };
            all.push(store.series(&life().container, &query).await.unwrap());
        }
    }
    all
}

/// Holds a store to what the reference store says of the same records.
async fn assert_same(store: &SqliteStore, until: u64) {
    let reference = MemoryStore::new();
    reference.write(&[recorded(1..until + 1)]).await.unwrap();
    assert_eq!(curves(store).await, curves(&reference).await);
    let (id, all) = (life().container, ProcessQuery::default());
    assert_eq!(
        store.processes(&id, &all).await.unwrap(),
        reference.processes(&id, &all).await.unwrap()
    );
    assert_eq!(
        store.container(&id).await.unwrap(),
        reference.container(&id).await.unwrap()
    );
}

fn count(file: &Path, of: &str) -> i64 {
    let db = Connection::open(file).unwrap();
    db.query_row(&format!("SELECT count(*) FROM {of}"), [], |row| row.get(0))
        .unwrap()
}

#[tokio::test]
async fn a_database_of_version_1_is_gone_on_with() {
    let (_dir, file) = place();
    version_1(&file);
    let store = SqliteStore::open(&file).unwrap();
    assert_same(&store, SECONDS).await;
    assert_eq!(count(&file, "packs"), 2, "the minutes that were over");
    assert_eq!(count(&file, "blocks WHERE resolution = 0"), 31);
    let next = Batch {
        samples: (SECONDS + 1..=200)
            .map(|second| sample(1, second))
            .collect(),
        ..Batch::default()
    };
    store.write(&[next]).await.unwrap();
    assert_same(&store, 200).await;
}

#[tokio::test]
async fn an_upgrade_by_hand_is_the_same_and_happens_once() {
    let (_dir, file) = place();
    version_1(&file);
    assert_eq!(upgrade(&file).unwrap(), Upgraded::From { old: 1, new: 2 });
    assert_eq!(
        upgrade(&file).unwrap(),
        Upgraded::NothingToDo { version: 2 }
    );
    assert_same(&SqliteStore::open(&file).unwrap(), SECONDS).await;
}

#[tokio::test]
async fn an_upgrade_that_is_cut_off_can_begin_again() {
    let (_dir, file) = place();
    version_1(&file);
    let db = Connection::open(&file).unwrap();
    // In the last of the seconds to be packed there is damage.
    let last = MIDNIGHT + 119;
    let damage = "UPDATE blocks SET block = ?1 WHERE resolution = 0 AND bucket = ?2";
    db.execute(damage, params![[0xff_u8; 3], last]).unwrap();
    drop(db);
    SqliteStore::open(&file).unwrap_err();
    upgrade(&file).unwrap_err();
    let db = Connection::open(&file).unwrap();
    let version: i64 = db
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!((version, count(&file, "blocks")), (1, 152));
    let whole = block(5, 0, &sample(1, 119).metrics);
    db.execute(damage, params![whole, last]).unwrap();
    drop(db);
    assert_same(&SqliteStore::open(&file).unwrap(), SECONDS).await;
}
