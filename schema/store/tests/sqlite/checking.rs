//! `check` finds what is wrong, whatever it is, and nothing where nothing is.

use std::path::Path;

use bc_schema::store::{PruneOrder, PruneStore, WriteStore};
use bc_schema::{Metric, Resolution};
use bc_store::SqliteStore;
use bc_store::sqlite::{Looking, Report, check};
use rusqlite::Connection;

use crate::records::{MIDNIGHT_NS, SECOND_NS, life, loss, place, recorded};

/// Seconds packed, a minute open, and old ones removed.
async fn written(file: &Path) {
    let store = SqliteStore::open(file).unwrap();
    for from in (1..400).step_by(7) {
        store.write(&[recorded(from..from + 7)]).await.unwrap();
    }
    let mut last = recorded(400..401);
    last.losses = vec![loss()];
    store.write(&[last]).await.unwrap();
    let order = PruneOrder {
        life: life(),
        resolution: Resolution::Second,
        before_ns: MIDNIGHT_NS + 75 * SECOND_NS,
    };
    store.prune(&order).await.unwrap();
}

fn checked(file: &Path) -> Report {
    check(file, &mut |_| {}).unwrap()
}

#[tokio::test]
async fn a_sound_database_has_no_problem() {
    let (_dir, file) = place();
    written(&file).await;
    let report = checked(&file);
    assert_eq!(report.problems, [""; 0]);
    assert_eq!((report.lives, report.processes), (1, 1));
    // Minutes 2 to 6 of seconds, and the day's hour, twice told.
    assert!(report.sums >= 6 && report.blocks >= 6, "{report:?}");
    let mut told = Vec::new();
    check(&file, &mut |looking| told.push(looking)).unwrap();
    assert_eq!(told[..2], [Looking::AtPages, Looking::AtRelations]);
    assert_eq!(told.last(), Some(&Looking::AtSums { done: 0, of: 1 }));
    // Beside a store that writes, too.
    let store = SqliteStore::open(&file).unwrap();
    store.write(&[recorded(401..402)]).await.unwrap();
    assert!(checked(&file).is_sound());
}

#[tokio::test]
async fn what_two_recorders_estimate_differently_is_no_damage() {
    let (_dir, file) = place();
    let store = SqliteStore::open(&file).unwrap();
    let mut batch = recorded(1..130);
    for (second, sample) in (1..).zip(&mut batch.samples) {
        // The second recorder, from the twentieth second on, takes some user time for system time.
        let system_ns = if second < 20 { second / 5 } else { second / 2 };
        sample.metrics.set(Metric::SystemNs, system_ns);
        sample.metrics.set(Metric::UserNs, second - system_ns);
    }
    store.write(&[batch]).await.unwrap();
    drop(store);
    assert_eq!(checked(&file).problems, [""; 0]);
}

#[tokio::test]
async fn each_kind_of_damage_is_found_and_nothing_is_changed() {
    // What is done to it, and a word of what is said of it.
    let damages = [
        ("DELETE FROM processes", "process that is not there"),
        ("DELETE FROM containers", "container that is not there"),
        ("UPDATE statements SET life = 77", "life that is not there"),
        ("UPDATE accounts SET life = 77", "not of their container"),
        (
            "INSERT INTO ends VALUES (9, 1, 0, 0, 0, 0, 0)",
            "ends of a process",
        ),
        ("UPDATE accounts SET failed = 1", "otherwise than they say"),
        (
            "INSERT INTO waiting VALUES (9, 0, 1, x'00')",
            "waiting samples",
        ),
        (
            "UPDATE lives SET last_record_ns = began_ns - 1",
            "before their beginning",
        ),
        (
            "UPDATE blocks SET block = x'ffffff' WHERE resolution = 1",
            "cannot be unpacked",
        ),
        (
            "UPDATE blocks SET entries = entries + 1 WHERE resolution = 2",
            "tells of others",
        ),
        (
            "UPDATE blocks SET bucket = bucket + 1000 WHERE resolution = 1",
            "last record",
        ),
        ("UPDATE blocks SET life = 9", "life that is not there"),
        ("UPDATE packs SET pack = x'01'", "cannot be unpacked"),
        ("UPDATE packs SET entries = entries + 1", "tells of others"),
        ("UPDATE packs SET life = 9", "life that is not there"),
        (
            "UPDATE lives SET floor_second = floor_second + 100",
            "older than what is kept",
        ),
        (
            "DELETE FROM packs WHERE minute = (SELECT max(minute) FROM packs)",
            "finer ones",
        ),
        (
            "DELETE FROM blocks WHERE resolution = 1 AND bucket = (SELECT min(bucket) + 3 FROM blocks WHERE resolution = 1)",
            "finer ones",
        ),
    ];
    let (dir, file) = place();
    written(&file).await;
    let sound = std::fs::read(&file).unwrap();
    for (damage, said) in damages {
        let damaged = dir.path().join("damaged.db");
        std::fs::write(&damaged, &sound).unwrap();
        let changed = Connection::open(&damaged)
            .unwrap()
            .execute(damage, [])
            .unwrap();
        assert!(changed > 0, "{damage}");
        let before = std::fs::read(&damaged).unwrap();
        let report = checked(&damaged);
        assert!(
            report.problems.iter().any(|problem| problem.contains(said)),
            "{damage}: {:#?}",
            report.problems
        );
        assert!(std::fs::read(&damaged).unwrap() == before, "{damage}");
    }
}

#[tokio::test]
async fn damaged_pages_are_found_and_told_of() {
    let (_dir, file) = place();
    written(&file).await;
    let sound = std::fs::read(&file).unwrap();
    let mut found = 0;
    for page in 1..sound.len() / 4096 {
        let mut bytes = sound.clone();
        bytes[page * 4096..][..4096].fill(0xa5);
        std::fs::write(&file, bytes).unwrap();
        // A page that nobody uses may hold anything.
        found += usize::from(!checked(&file).is_sound());
    }
    assert!(found * 4 >= (sound.len() / 4096) * 3, "{found}");
}

#[test]
fn where_nothing_is_there_is_nothing_to_check() {
    let (dir, file) = place();
    let answer = check(&file, &mut |_| {}).unwrap_err().to_string();
    assert!(answer.contains("is not there"), "{answer}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}
