//! Files that are no database of ours, or one that cannot be trusted: refused with the reason and what to do, and left byte for byte, with
//! all that lies beside them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bc_schema::store::{StoreError, WriteStore};
use bc_store::sqlite::{check, init};
use bc_store::{SqliteReader, SqliteStore};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::records::{place, recorded};

/// What was done to the place of a database.
struct Case {
    dir: TempDir,
    file: PathBuf,
}

impl Case {
    /// A database that was written to and closed in order.
    async fn sound() -> Self {
        let (dir, file) = place();
        let store = SqliteStore::open(&file).unwrap();
        store.write(&[recorded(1..200)]).await.unwrap();
        drop(store);
        Self { dir, file }
    }

    /// One whose process was killed: part of it stands in the log.
    async fn crashed() -> Self {
        let (dir, file) = place();
        let (other, open) = place();
        let store = SqliteStore::open(&open).unwrap();
        store.write(&[recorded(1..200)]).await.unwrap();
        for suffix in ["", "-wal"] {
            let name = format!("bubble-chamber.db{suffix}");
            fs::copy(other.path().join(&name), dir.path().join(&name)).unwrap();
        }
        drop(store);
        Self { dir, file }
    }

    /// With these bytes at this offset.
    fn patched(self, suffix: &str, offset: usize, bytes: &[u8]) -> Self {
        let path = self.beside(suffix);
        let mut all = fs::read(&path).unwrap();
        all[offset..offset + bytes.len()].copy_from_slice(bytes);
        fs::write(path, all).unwrap();
        self
    }

    /// Another file in its place, or beside it.
    fn with(self, suffix: &str, bytes: &[u8]) -> Self {
        fs::write(self.beside(suffix), bytes).unwrap();
        self
    }

    fn cut(self, length: u64) -> Self {
        let file = fs::OpenOptions::new().write(true).open(&self.file).unwrap();
        file.set_len(length).unwrap();
        self
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        PathBuf::from(format!("{}{suffix}", self.file.display()))
    }

    /// Every file with its bytes.
    fn contents(&self) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let entries = fs::read_dir(self.dir.path()).unwrap();
        let read = |path: PathBuf| (path.clone(), fs::read(path).ok());
        entries.map(|entry| read(entry.unwrap().path())).collect()
    }

    /// Refused by all who would write, with these words.
    #[track_caller]
    fn assert_refused(self, what: &str, because: &str) {
        let before = self.contents();
        let answers = [
            SqliteStore::open(&self.file).map(drop).unwrap_err(),
            SqliteStore::open_with_reserve(&self.file)
                .map(drop)
                .unwrap_err(),
        ];
        for answer in answers {
            let StoreError::Refused(text) = answer else {
                panic!("{what}: not refused: {answer}")
            };
            assert!(text.contains(because), "{what}: {text}");
            assert!(text.contains(self.file.to_str().unwrap()), "{what}: {text}");
        }
        assert!(init(&self.file).is_err(), "{what}: made anew");
        let changed: Vec<_> = changed(&before, &self.contents());
        assert!(changed.is_empty(), "{what}: {changed:?} changed");
    }
}

fn changed(
    before: &BTreeMap<PathBuf, Option<Vec<u8>>>,
    after: &BTreeMap<PathBuf, Option<Vec<u8>>>,
) -> Vec<PathBuf> {
    let all = before.keys().chain(after.keys());
    let differs = |path: &&PathBuf| before.get(*path) != after.get(*path);
    all.filter(differs).cloned().collect()
}

const OURS_NOT: &str = "not a database of Bubble Chamber";

#[tokio::test]
async fn what_is_not_ours_or_not_whole_is_refused_and_untouched() {
    let sound = Case::sound;
    let crashed = Case::crashed;
    let theirs = || {
        let (_dir, file) = place();
        let connection = Connection::open(&file).unwrap();
        connection.execute_batch("CREATE TABLE theirs (x)").unwrap();
        fs::read(&file).unwrap()
    };
    let newer = 1_000u32.to_be_bytes();
    let cases: Vec<(&str, Case, &str)> = vec![
        ("a text", sound().await.with("", b"Dear diary"), OURS_NOT),
        ("zeros", sound().await.with("", &[0; 8192]), OURS_NOT),
        ("a header alone", sound().await.cut(50), OURS_NOT),
        (
            "another program's",
            sound().await.with("", &theirs()),
            "another program",
        ),
        ("newer", sound().await.patched("", 60, &newer), "newer"),
        (
            "newer, with a log",
            crashed().await.patched("", 60, &newer),
            "newer",
        ),
        ("cut in the first page", sound().await.cut(2_000), "damaged"),
        (
            "cut after the first page",
            sound().await.cut(4_096),
            "damaged",
        ),
        (
            "no page size",
            sound().await.patched("", 16, &[0, 0]),
            "damaged",
        ),
        (
            "an impossible page size",
            sound().await.patched("", 16, &[0x0f, 0xff]),
            "damaged",
        ),
        (
            "another page size",
            sound().await.patched("", 16, &[0x02, 0]),
            "damaged",
        ),
        (
            "no tables where they were",
            sound().await.patched("", 100, &[0xa5; 3_000]),
            "damaged",
        ),
        (
            "a later format",
            sound().await.patched("", 18, &[9, 9]),
            "damaged",
        ),
    ];
    for (what, case, because) in cases {
        case.assert_refused(what, because);
    }
}

#[test]
fn a_folder_in_its_place_is_refused() {
    let (dir, file) = place();
    fs::create_dir(&file).unwrap();
    fs::write(file.join("theirs"), "something").unwrap();
    Case { dir, file }.assert_refused("a folder", "is a folder");
}

/// An empty file is what a crash at the very beginning leaves, or `mktemp`: there is nothing in it to lose.
#[tokio::test]
async fn an_empty_file_is_begun_in() {
    let (_dir, file) = place();
    fs::write(&file, []).unwrap();
    let store = SqliteStore::open(&file).unwrap();
    store.write(&[recorded(1..3)]).await.unwrap();
    drop(store);
    assert!(check(&file, &mut |_| {}).unwrap().is_sound());
}

/// A log that is not this file's is passed by, as SQLite does: what is in the file counts, and stays.
#[tokio::test]
async fn a_foreign_log_beside_a_database_changes_no_answer() {
    for log in [&b"Dear diary"[..], &[0; 9_000], &[0xa5; 40_000]] {
        let case = Case::sound().await.with("-wal", log);
        let store = SqliteStore::open(&case.file).unwrap();
        store.write(&[recorded(200..210)]).await.unwrap();
        drop(store);
        let report = check(&case.file, &mut |_| {}).unwrap();
        assert!(report.is_sound(), "{:?}", report.problems);
    }
}

#[tokio::test]
async fn who_only_reads_makes_nothing() {
    let (dir, file) = place();
    assert!(SqliteReader::open(&file).is_err());
    assert!(check(&file, &mut |_| {}).is_err());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    let case = Case::sound().await;
    let before = fs::read(&case.file).unwrap();
    assert!(check(&case.file, &mut |_| {}).unwrap().is_sound());
    assert!(fs::read(&case.file).unwrap() == before);
    assert!(Path::new(&case.file).exists());
}
