//! What only the SQLite store can show: files that are refused and left alone, files that outlive their process, transactions that fail.

mod begun;
mod checking;
mod records;
mod refused;
mod released;
mod upgrade;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use bc_schema::store::{
    ContainerQuery, ProcessQuery, PruneOrder, PruneStore, ReadStore, StoreError, WriteStore,
};
use bc_schema::{Batch, Resolution, TimeRange};
use bc_store::SqliteStore;
use bc_store::sqlite::{Upgraded, init, upgrade};
use rusqlite::Connection;
use tempfile::TempDir;

use records::{MIDNIGHT_NS, SECOND_NS, life, loss, place, recorded, sample, start};

async fn cpu_ns(store: &SqliteStore) -> Option<u64> {
    let found = store.container(&life().container).await.unwrap();
    found.map(|record| record.cpu_ns)
}

/// Every file of a directory with its bytes.
fn contents(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}

/// Opening, making and upgrading are all refused, and nothing in the directory is changed by it.
#[track_caller]
fn assert_refused(dir: &TempDir, file: &Path, because: &str) {
    let before = contents(dir.path());
    let answers = [
        SqliteStore::open(file).map(|_| ()).unwrap_err(),
        init(file).unwrap_err(),
        upgrade(file).map(|_| ()).unwrap_err(),
    ];
    for answer in answers {
        let StoreError::Refused(text) = answer else {
            panic!("not refused: {answer}")
        };
        assert!(text.contains(because), "{text}");
        assert!(text.contains(file.to_str().unwrap()), "which file: {text}");
    }
    assert!(contents(dir.path()) == before, "bytes were changed");
}

/// Overwrites bytes of a file.
fn patch(file: &Path, offset: usize, bytes: &[u8]) {
    let mut all = fs::read(file).unwrap();
    all[offset..offset + bytes.len()].copy_from_slice(bytes);
    fs::write(file, all).unwrap();
}

#[tokio::test]
async fn a_store_that_is_closed_is_one_file() {
    let (dir, file) = place();
    let store = SqliteStore::open(&file).unwrap();
    store.write(&[recorded(1..3)]).await.unwrap();
    assert!(store.container(&life().container).await.unwrap().is_some());
    drop(store);
    let left: Vec<_> = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(left, [file]);
}

#[tokio::test]
async fn a_newer_file_is_refused_and_left_byte_for_byte() {
    let (dir, file) = place();
    init(&file).unwrap();
    patch(&file, 60, &1_000u32.to_be_bytes());
    assert_refused(&dir, &file, "newer");
}

#[tokio::test]
async fn files_of_others_are_refused_and_left_byte_for_byte() {
    let (dir, file) = place();
    for bytes in [
        &b"Dear diary"[..],
        &[0; 4096],
        &[0xff; 50],
        b"SQLite format 3\0",
    ] {
        fs::write(&file, bytes).unwrap();
        assert_refused(&dir, &file, "not a database of Bubble Chamber");
    }
    fs::remove_file(&file).unwrap();
    Connection::open(&file)
        .unwrap()
        .execute_batch("CREATE TABLE theirs (x)")
        .unwrap();
    assert_refused(&dir, &file, "another program");
}

#[tokio::test]
async fn a_file_cut_short_is_refused_and_left_byte_for_byte() {
    let (dir, file) = place();
    let store = SqliteStore::open(&file).unwrap();
    store.write(&[recorded(1..500)]).await.unwrap();
    drop(store);
    let whole = fs::read(&file).unwrap();
    for length in [99, 4096, whole.len() - 4096, whole.len() - 1] {
        fs::write(&file, &whole[..length]).unwrap();
        let before = contents(dir.path());
        let answer = SqliteStore::open(&file).unwrap_err();
        assert!(
            matches!(answer, StoreError::Refused(_)),
            "{length}: {answer}"
        );
        assert!(
            contents(dir.path()) == before,
            "{length}: bytes were changed"
        );
    }
}

#[tokio::test]
async fn a_file_with_a_damaged_page_is_refused_and_left_byte_for_byte() {
    let (_dir, file) = place();
    let store = SqliteStore::open(&file).unwrap();
    store.write(&[recorded(1..500)]).await.unwrap();
    drop(store);
    let whole = fs::read(&file).unwrap();
    let mut refused = 0;
    for page in 1..whole.len() / 4096 {
        fs::write(&file, &whole).unwrap();
        patch(&file, page * 4096, &[0xa5; 4096]);
        let damaged = fs::read(&file).unwrap();
        match SqliteStore::open(&file) {
            Err(StoreError::Refused(text)) => {
                assert!(text.contains("damaged"), "{text}");
                refused += 1;
            }
            Err(other) => panic!("page {page}: {other}"),
            // Bytes inside a packed second are not SQLite's to check.
            Ok(store) => drop(store),
        }
        assert!(
            fs::read(&file).unwrap() == damaged,
            "page {page}: bytes were changed"
        );
    }
    assert!(refused > 20, "{refused} of {} pages", whole.len() / 4096);
}

#[tokio::test]
async fn making_a_database_twice_says_so_and_changes_nothing() {
    let (dir, file) = place();
    assert!(upgrade(&file).unwrap_err().to_string().contains("db init"));
    init(&file).unwrap();
    let before = contents(dir.path());
    let answer = init(&file).unwrap_err().to_string();
    assert!(
        answer.contains("already there") && answer.contains("nothing was changed"),
        "{answer}"
    );
    assert_eq!(
        upgrade(&file).unwrap(),
        Upgraded::NothingToDo { version: 2 }
    );
    assert!(contents(dir.path()) == before);
    // An empty file, as `mktemp` leaves it, is nothing yet.
    let empty = dir.path().join("empty.db");
    fs::write(&empty, []).unwrap();
    init(&empty).unwrap();
    drop(SqliteStore::open(&empty).unwrap());
}

#[tokio::test]
async fn a_new_file_is_for_its_owner_alone_and_can_shrink() {
    let (_dir, file) = place();
    let store = SqliteStore::open(&file).unwrap();
    store.write(&[recorded(1..2)]).await.unwrap();
    for suffix in ["", "-wal", "-shm"] {
        let path = format!("{}{suffix}", file.display());
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600,
            "{path}"
        );
    }
    let settings = Connection::open(&file).unwrap();
    let setting = |name: &str| -> String {
        let value =
            settings.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0));
        format!("{:?}", value.unwrap())
    };
    assert_eq!(setting("auto_vacuum"), "Integer(2)", "incremental");
    assert_eq!(setting("journal_mode"), "Text(\"wal\")");
    assert_eq!(setting("user_version"), "Integer(2)");
    assert_eq!(
        setting("application_id"),
        format!("Integer({})", 0x6275_626c)
    );
}

#[tokio::test]
async fn space_goes_back_to_the_file_system() {
    let (_dir, file) = place();
    let store = SqliteStore::open(&file).unwrap();
    store.write(&[recorded(1..20_000)]).await.unwrap();
    let order = PruneOrder {
        life: life(),
        resolution: Resolution::Second,
        before_ns: u64::MAX,
    };
    store.compact().await.unwrap();
    let full = fs::metadata(&file).unwrap().len();
    assert_eq!(store.prune(&order).await.unwrap(), 19_999);
    store.compact().await.unwrap();
    let left = fs::metadata(&file).unwrap().len();
    assert!(left * 2 < full, "{left} of {full} bytes");
    assert_eq!(cpu_ns(&store).await, Some(19_999));
}

#[tokio::test]
async fn what_was_written_outlives_a_process_that_was_killed() {
    let (dir, file) = place();
    let store = SqliteStore::open(&file).unwrap();
    for second in 1..100 {
        store.write(&[recorded(second..second + 1)]).await.unwrap();
    }
    // The files as a crash would leave them: with a log that nobody wrote back.
    let crashed = dir.path().join("crashed");
    fs::create_dir(&crashed).unwrap();
    for suffix in ["", "-wal"] {
        let name = format!("bubble-chamber.db{suffix}");
        fs::copy(dir.path().join(&name), crashed.join(&name)).unwrap();
    }
    assert!(
        fs::metadata(crashed.join("bubble-chamber.db-wal"))
            .unwrap()
            .len()
            > 0
    );
    let again = SqliteStore::open(&crashed.join("bubble-chamber.db")).unwrap();
    assert_eq!(cpu_ns(&again).await, Some(99));
    again.write(&[recorded(100..101)]).await.unwrap();
    assert_eq!(cpu_ns(&again).await, Some(100));
    // And without a crash, but without a word either.
    drop(store);
    assert_eq!(cpu_ns(&SqliteStore::open(&file).unwrap()).await, Some(99));
}

#[tokio::test]
async fn a_write_that_fails_leaves_nothing_of_it() {
    let (_dir, file) = place();
    let store = SqliteStore::open(&file).unwrap();
    store.write(&[recorded(1..2)]).await.unwrap();
    // Losses are written last: when they fail, everything else was written already.
    let saboteur = Connection::open(&file).unwrap();
    let trap =
        "CREATE TRIGGER trap BEFORE INSERT ON losses BEGIN SELECT RAISE(ABORT, 'trapped'); END";
    saboteur.execute_batch(trap).unwrap();
    let more = Batch {
        starts: vec![start(2)],
        samples: vec![sample(1, 70), sample(2, 71)],
        losses: vec![loss()],
        ..recorded(2..3)
    };
    for _ in 0..2 {
        let answer = store
            .write(&[recorded(2..3), more.clone()])
            .await
            .unwrap_err();
        assert!(answer.to_string().contains("trapped"), "{answer}");
        let processes = store
            .processes(&life().container, &ProcessQuery::default())
            .await
            .unwrap();
        assert_eq!(processes.len(), 1);
        assert_eq!(processes[0].last_sample_ns, Some(MIDNIGHT_NS + SECOND_NS));
        assert_eq!(cpu_ns(&store).await, Some(1));
    }
    saboteur.execute_batch("DROP TRIGGER trap").unwrap();
    store.write(&[more]).await.unwrap();
    assert_eq!(cpu_ns(&store).await, Some(70 + 71));
    assert_eq!(store.losses(None, TimeRange::EVER).await.unwrap(), [loss()]);
}

#[tokio::test]
async fn a_damaged_second_is_an_answer_and_not_a_crash() {
    let (_dir, file) = place();
    let store = SqliteStore::open(&file).unwrap();
    store.write(&[recorded(1..2)]).await.unwrap();
    Connection::open(&file)
        .unwrap()
        .execute_batch("UPDATE blocks SET block = x'ffffffff'")
        .unwrap();
    let StoreError::Refused(text) = store.container(&life().container).await.unwrap_err() else {
        panic!("it may not pass")
    };
    assert!(
        text.contains("damaged") && text.contains("backup"),
        "{text}"
    );
}

#[tokio::test]
async fn two_handles_of_one_file_see_what_the_other_wrote() {
    let (_dir, file) = place();
    let stores = [
        SqliteStore::open(&file).unwrap(),
        SqliteStore::open(&file).unwrap(),
    ];
    // The samples come first, through one handle; the start through the other; and on they go in turn.
    let early = Batch {
        samples: vec![sample(1, 1)],
        ..Batch::default()
    };
    stores[0].write(&[early]).await.unwrap();
    stores[1].write(&[recorded(2..3)]).await.unwrap();
    for second in 3..200 {
        let next = Batch {
            samples: vec![sample(1, second)],
            ..Batch::default()
        };
        stores[second as usize % 2].write(&[next]).await.unwrap();
        assert_eq!(cpu_ns(&stores[1 - second as usize % 2]).await, Some(second));
    }
    let query = ContainerQuery {
        limit: 9,
        ..ContainerQuery::default()
    };
    assert_eq!(
        stores[0].containers(&query).await.unwrap(),
        stores[1].containers(&query).await.unwrap()
    );
}

#[tokio::test]
async fn a_place_that_is_not_there_is_named() {
    let (dir, _) = place();
    let answer = SqliteStore::open(&dir.path().join("no/such/place.db")).unwrap_err();
    assert!(
        matches!(answer, StoreError::Unavailable { .. }),
        "it may be mounted later"
    );
    assert!(answer.to_string().contains("no/such/place.db"), "{answer}");
}
