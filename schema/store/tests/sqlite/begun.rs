//! Files that somebody began to make and was killed over, by this build or one before it: they stand in nobody's way.

use std::fs;
use std::path::Path;

use bc_schema::store::WriteStore;
use bc_store::SqliteStore;
use bc_store::sqlite::{check, init};
use rusqlite::Connection;

use crate::records::{place, recorded};

/// What lies beside the file that has no place there, by the ends of the names.
fn left_over(file: &Path) -> Vec<String> {
    let (folder, name) = (file.parent().unwrap(), file.file_name().unwrap());
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let name = name.to_str().unwrap();
    let ends = names.filter_map(|other| other.strip_prefix(name).map(str::to_owned));
    ends.filter(|end| !["", "-wal", "-shm"].contains(&end.as_str()))
        .collect()
}

/// It takes records, in the mode that lets others read meanwhile, and is whole.
async fn can_be_used(file: &Path, how: &str) {
    let store = SqliteStore::open(file).unwrap_or_else(|error| panic!("{how}: {error}"));
    store.write(&[recorded(1..3)]).await.unwrap();
    assert!(
        fs::metadata(format!("{}-wal", file.display())).is_ok(),
        "{how}: no log"
    );
    drop(store);
    let report = check(file, &mut |_| {}).unwrap();
    assert!(report.is_sound() && report.lives == 1, "{how}: {report:?}");
    assert_eq!(left_over(file), Vec::<String>::new(), "{how}");
}

/// Makes a file in place, table by table, and leaves it as it stands in the middle of the transaction.
fn left_in_the_middle(file: &Path) {
    let (_other, open) = place();
    let connection = Connection::open(&open).unwrap();
    connection
        .execute_batch(
            "PRAGMA auto_vacuum = INCREMENTAL; BEGIN EXCLUSIVE; PRAGMA application_id = 0x6275626c; \
             CREATE TABLE containers (x); CREATE TABLE lives (x); PRAGMA user_version = 2",
        )
        .unwrap();
    connection.cache_flush().unwrap();
    for suffix in ["", "-journal"] {
        fs::copy(
            format!("{}{suffix}", open.display()),
            format!("{}{suffix}", file.display()),
        )
        .unwrap();
    }
}

#[tokio::test]
async fn a_file_without_a_table_is_begun_in() {
    let (_dir, file) = place();
    let connection = Connection::open(&file).unwrap();
    connection
        .execute_batch(
            "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA application_id = 0; PRAGMA user_version = 0",
        )
        .unwrap();
    drop(connection);
    assert_eq!(fs::metadata(&file).unwrap().len(), 4096);
    // Of a file that is gone: it must not be taken for the new one's.
    fs::write(format!("{}-journal", file.display()), [0xa5; 512]).unwrap();
    can_be_used(&file, "a header alone").await;
}

#[tokio::test]
async fn a_transaction_that_made_the_tables_and_was_cut_off_is_begun_again() {
    let (_dir, file) = place();
    left_in_the_middle(&file);
    can_be_used(&file, "all pages").await;

    let (_dir, file) = place();
    left_in_the_middle(&file);
    let cut = fs::OpenOptions::new().write(true).open(&file).unwrap();
    cut.set_len(4096).unwrap();
    can_be_used(&file, "the first page").await;
}

#[tokio::test]
async fn what_lies_half_made_under_the_other_name_is_made_anew() {
    for left in [&b""[..], b"Dear diary", &[0xa5; 9_000]] {
        let (_dir, file) = place();
        for suffix in ["-new", "-new-journal", "-new-wal"] {
            fs::write(format!("{}{suffix}", file.display()), left).unwrap();
        }
        init(&file).unwrap();
        can_be_used(&file, "half made").await;
    }
}

#[tokio::test]
async fn a_database_without_a_log_gets_one() {
    let (_dir, file) = place();
    init(&file).unwrap();
    let connection = Connection::open(&file).unwrap();
    connection
        .pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))
        .unwrap();
    drop(connection);
    can_be_used(&file, "without a log").await;
}

#[test]
fn two_who_begin_at_once_make_one() {
    let (_dir, file) = place();
    let stores: Vec<_> = std::thread::scope(|scope| {
        let begin = || SqliteStore::open(&file).unwrap();
        let all: Vec<_> = (0..4).map(|_| scope.spawn(begin)).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    for (second, store) in (1..).zip(&stores) {
        let batch = recorded(second..second + 1);
        runtime.block_on(store.write(&[batch])).unwrap();
    }
    drop(stores);
    let report = check(&file, &mut |_| {}).unwrap();
    assert!(report.is_sound() && report.lives == 1, "{report:?}");
}
