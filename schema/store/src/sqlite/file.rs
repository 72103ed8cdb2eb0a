//! A database file: made, looked over, brought up to date. What is in its tables is left to others.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use bc_schema::store::StoreError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension};

use super::connection;
use super::error::Failure;
use super::header::{self, APPLICATION_ID, Found, with_suffix};
use super::ledger;

/// What leads from each version to the next; version 0 is the empty file.
const STEPS: &[Step] = &[
    Step {
        tables: include_str!("version_1.sql"),
        rows: |_| Ok(()),
    },
    Step {
        tables: include_str!("version_2.sql"),
        rows: |connection| {
            ledger::pack_all(connection)?;
            ledger::judge_all(connection)
        },
    },
];

/// One of them.
struct Step {
    /// Statements that bring the tables from one version to the next.
    tables: &'static str,
    /// Brings along what stands in them.
    rows: fn(&Connection) -> Result<(), Failure>,
}

/// Files up to this size are checked from end to end when they are opened; of larger ones, only the small tables are.
const CHECKED_WHOLE_BYTES: u64 = 64 << 20;

/// What an upgrade did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upgraded {
    /// The database was up to date.
    NothingToDo {
        /// Its version.
        version: u32,
    },
    /// It was brought from one version to another.
    From {
        /// The version it had.
        old: u32,
        /// The version it has.
        new: u32,
    },
}

/// Makes a new, empty database. Where one is already, says so and changes nothing.
pub fn init(file: &Path) -> Result<(), StoreError> {
    match header::look(file, newest(STEPS))? {
        Found::Nothing => {
            create(file, STEPS).map_err(|failure| failure.into_store_error("create", file))
        }
        Found::Ours { version } => Err(StoreError::Refused(format!(
            "{} is already there (version {version} of the tables); nothing was changed",
            file.display()
        ))),
    }
}

/// Brings an existing database to this version of the tables. Doing it again changes nothing.
pub fn upgrade(file: &Path) -> Result<Upgraded, StoreError> {
    upgrade_by(file, STEPS)
}

/// Opens the connection that writes; creates the file where there is none, and brings an older one to this version.
pub(crate) fn open(file: &Path) -> Result<Connection, StoreError> {
    open_by(file, STEPS)
}

fn open_by(file: &Path, steps: &[Step]) -> Result<Connection, StoreError> {
    let newest = newest(steps);
    let known = header::look(file, newest)?;
    if known == Found::Nothing {
        create(file, steps).map_err(|failure| failure.into_store_error("create", file))?;
    }
    let sorted = |failure: Failure| failure.into_store_error("open", file);
    let mut connection = looked_over(file, newest)?;
    if version(&connection).map_err(sorted)? == 0 {
        // Builds before this one could be killed while they made the tables in the file itself: SQLite has just taken that back.
        drop(connection);
        create(file, steps).map_err(|failure| failure.into_store_error("create", file))?;
        connection = looked_over(file, newest)?;
    }
    if matches!(known, Found::Ours { version } if version < newest) {
        raise(&mut connection, steps)
            .map_err(|failure| failure.into_store_error("upgrade", file))?;
    }
    // Or between the tables and this.
    keep_log(&connection).map_err(sorted)?;
    Ok(connection)
}

/// A connection to a file that shows no damage and is not newer than this version.
fn looked_over(file: &Path, newest: u32) -> Result<Connection, StoreError> {
    let sorted = |failure: Failure| failure.into_store_error("open", file);
    let connection = connection::writer(file).map_err(sorted)?;
    // Until it has been looked over, closing it again must not write the log back into the file.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .map_err(|error| sorted(error.into()))?;
    look_over(&connection, file, newest)?;
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)
        .map_err(|error| sorted(error.into()))?;
    Ok(connection)
}

/// Looks whether there is a database that this version can read; makes none.
pub(crate) fn to_be_read(file: &Path) -> Result<(), StoreError> {
    match header::look(file, newest(STEPS))? {
        Found::Nothing => Err(StoreError::Refused(format!(
            "{} is not there, or empty: nothing has been recorded in this place, or --data names another",
            file.display()
        ))),
        Found::Ours { version } if version == newest(STEPS) => Ok(()),
        Found::Ours { version } => Err(StoreError::Refused(format!(
            "{} has version {version} of the tables, this Bubble Chamber needs {}: run `bubble-chamber db upgrade` first",
            file.display(),
            newest(STEPS)
        ))),
    }
}

fn newest(steps: &[Step]) -> u32 {
    u32::try_from(steps.len()).expect("a handful of versions")
}

/// Makes the file with all its tables under another name, and only then gives it its own: whoever is killed meanwhile leaves nothing there.
fn create(file: &Path, steps: &[Step]) -> Result<(), Failure> {
    let folder = file.parent().filter(|folder| folder != &Path::new(""));
    let folder = File::open(folder.unwrap_or(Path::new(".")))?;
    // Two at once are kept apart where the file system knows how; who has the data directory is alone in it anyway.
    let _ = folder.lock();
    if header::look(file, newest(steps)).is_ok_and(|found| found != Found::Nothing) {
        return Ok(());
    }
    let making = with_suffix(file, "-new");
    remove_log(&making);
    let made = make(&making, steps).and_then(|()| {
        // What lies beside a file without a table would be taken for the new one's.
        remove_log(file);
        std::fs::rename(&making, file)?;
        Ok(folder.sync_all()?)
    });
    if made.is_err() {
        let _ = std::fs::remove_file(&making);
        remove_log(&making);
    }
    made
}

fn make(file: &Path, steps: &[Step]) -> Result<(), Failure> {
    // Arguments of processes are in it: for its owner only. SQLite gives the files beside it the same mode.
    OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(file)?;
    let mut connection = connection::writer(file)?;
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    let transaction = connection.transaction()?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    apply(&transaction, steps, 0)?;
    transaction.commit()?;
    keep_log(&connection)?;
    connection.close().map_err(|(_, error)| error.into())
}

/// Readers and the writer do not wait for each other so. The file itself says it; where it does already, nothing is changed.
fn keep_log(connection: &Connection) -> Result<(), Failure> {
    Ok(connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?)
}

/// Removes what SQLite puts beside a file.
fn remove_log(file: &Path) {
    for suffix in ["-journal", "-wal", "-shm"] {
        let _ = std::fs::remove_file(with_suffix(file, suffix));
    }
}

fn apply(connection: &Connection, steps: &[Step], from: u32) -> Result<(), Failure> {
    for step in &steps[from as usize..] {
        connection.execute_batch(step.tables)?;
        (step.rows)(connection)?;
    }
    connection.pragma_update(None, "user_version", newest(steps))?;
    Ok(())
}

fn version(connection: &Connection) -> Result<u32, Failure> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

fn upgrade_by(file: &Path, steps: &[Step]) -> Result<Upgraded, StoreError> {
    let new = newest(steps);
    let old = match header::look(file, new)? {
        Found::Nothing => {
            return Err(StoreError::Refused(format!(
                "{} is not there, or empty: run `bubble-chamber db init` first",
                file.display()
            )));
        }
        Found::Ours { version } if version == new => return Ok(Upgraded::NothingToDo { version }),
        Found::Ours { version } => version,
    };
    let mut connection = looked_over(file, new)?;
    raise(&mut connection, steps).map_err(|failure| failure.into_store_error("upgrade", file))?;
    Ok(Upgraded::From { old, new })
}

/// Brings a database to the newest version in one transaction: a crash leaves the old one, whole.
fn raise(connection: &mut Connection, steps: &[Step]) -> Result<(), Failure> {
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    apply(&transaction, steps, version(&transaction)?)?;
    transaction.commit()?;
    // An older Bubble Chamber reads the version in the file itself: it must not find the old one there and the new one in the log.
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

/// A look for damage that takes a moment, so that trouble is found at the start and not in the middle of a day.
fn look_over(connection: &Connection, file: &Path, newest: u32) -> Result<(), StoreError> {
    let sorted = |failure: Failure| failure.into_store_error("open", file);
    let in_log = version(connection).map_err(sorted)?;
    if in_log > newest {
        return Err(StoreError::Refused(format!(
            "{} has version {in_log} of the tables, newer than this Bubble Chamber's {newest}; nothing was changed",
            file.display()
        )));
    }
    let whole = std::fs::metadata(file).is_ok_and(|metadata| metadata.len() <= CHECKED_WHOLE_BYTES);
    let checks: &[&str] = if whole {
        &["PRAGMA quick_check(1)"]
    } else {
        &[
            "PRAGMA quick_check(containers)",
            "PRAGMA quick_check(lives)",
            "PRAGMA quick_check(statements)",
        ]
    };
    for check in checks {
        let found: Option<String> = connection
            .query_row(check, [], |row| row.get(0))
            .optional()
            .map_err(|error| sorted(error.into()))?;
        if found.as_deref() != Some("ok") {
            let found = found.unwrap_or_default().replace('\n', " ");
            return Err(StoreError::Refused(format!(
                "{}: the database is damaged ({found}); nothing was changed, put a backup in its place or move it away",
                file.display()
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn step(tables: &'static str) -> Step {
        Step {
            tables,
            rows: |_| Ok(()),
        }
    }

    const FIRST: &[Step] = &[step("CREATE TABLE first (x INTEGER) STRICT;")];
    const LATER: &[Step] = &[
        step("CREATE TABLE first (x INTEGER) STRICT;"),
        step("CREATE TABLE later (x INTEGER) STRICT;"),
    ];
    const FAILING: &[Step] = &[
        step("CREATE TABLE first (x INTEGER) STRICT;"),
        Step {
            tables: "CREATE TABLE half (x INTEGER) STRICT;",
            rows: |_| Err(Failure::Damaged("a row of the test")),
        },
    ];

    fn older() -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("x.db");
        create(&file, FIRST).unwrap();
        (dir, file)
    }

    #[test]
    fn an_upgrade_happens_once_and_shows_in_the_file_itself() {
        let (_dir, file) = older();
        assert_eq!(
            upgrade_by(&file, LATER).unwrap(),
            Upgraded::From { old: 1, new: 2 }
        );
        assert_eq!(
            upgrade_by(&file, LATER).unwrap(),
            Upgraded::NothingToDo { version: 2 }
        );
        assert_eq!(header::look(&file, 2).unwrap(), Found::Ours { version: 2 });
        assert!(
            open_by(&file, FIRST)
                .unwrap_err()
                .to_string()
                .contains("newer")
        );
    }

    #[test]
    fn an_upgrade_that_fails_changes_nothing() {
        let (_dir, file) = older();
        upgrade_by(&file, FAILING).unwrap_err();
        open_by(&file, FAILING).unwrap_err();
        assert_eq!(
            upgrade_by(&file, FIRST).unwrap(),
            Upgraded::NothingToDo { version: 1 }
        );
        let tables: i64 = open_by(&file, FIRST)
            .unwrap()
            .query_row(
                "SELECT count(*) FROM sqlite_schema WHERE name = 'half'",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(tables, 0);
    }

    #[test]
    fn an_older_file_is_upgraded_when_it_is_opened() {
        let (_dir, file) = older();
        drop(open_by(&file, LATER).unwrap());
        assert_eq!(header::look(&file, 2).unwrap(), Found::Ours { version: 2 });
    }
}
