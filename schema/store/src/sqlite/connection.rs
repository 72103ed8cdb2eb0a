//! Connections: how each is set up, and the readers' pool.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use super::error::Failure;

/// How long a statement waits for a lock of another process before it gives up for now.
const BUSY: Duration = Duration::from_secs(5);

/// Page cache of each connection, KiB (negative, as SQLite wants it). Small: this runs beside the users' jobs, and the system caches
/// the file anyway.
const CACHE_KIB: i64 = -2048;

/// Bytes of the log before it is written back to the file. Each life's newest page changes every second: the longer the log, the more
/// often one writing-back stands for many changes.
const LOG_BYTES: u64 = 16 << 20;

/// Bytes of a page (SQLite's default, which no version of ours has changed).
const PAGE_BYTES: u64 = 4096;

/// Prepared statements that a connection keeps: more than there are in this crate.
const STATEMENTS: usize = 96;

/// Readers at one time; each is a connection with its cache.
const READERS: usize = 4;

/// Opens the connection that writes. The file must be there.
pub(crate) fn writer(file: &Path) -> Result<Connection, Failure> {
    let connection = Connection::open_with_flags(
        file,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    set_up(&connection)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    limit_log(&connection, LOG_BYTES)?;
    Ok(connection)
}

/// Has the log written back to the file when it is as long as this, or as [`LOG_BYTES`].
pub(crate) fn limit_log(connection: &Connection, bytes: u64) -> Result<(), Failure> {
    let bytes = bytes.min(LOG_BYTES);
    connection.pragma_update(None, "wal_autocheckpoint", (bytes / PAGE_BYTES) as i64)?;
    // A burst, or somebody who reads for long, may lengthen it; the first writing after the next checkpoint cuts it back to this.
    connection.pragma_update(None, "journal_size_limit", bytes as i64)?;
    Ok(())
}

/// Opens a connection that only reads.
pub(crate) fn reader(file: &Path) -> Result<Connection, Failure> {
    let connection = Connection::open_with_flags(
        file,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    set_up(&connection)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn set_up(connection: &Connection) -> Result<(), Failure> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // What a file says about itself is data: its schema may call nothing and rewrite nothing.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // How a statement is answered does not depend on the values it is given: else it is planned again for each.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "cache_size", CACHE_KIB)?;
    connection.pragma_update(None, "mmap_size", 0)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(())
}

/// Connections that read, opened as they are needed and kept.
#[derive(Debug)]
pub(crate) struct Readers {
    file: PathBuf,
    idle: Mutex<Vec<Connection>>,
    turns: Arc<Semaphore>,
}

impl Readers {
    /// A pool without a connection yet.
    pub(crate) fn new(file: &Path) -> Self {
        Self {
            file: file.to_owned(),
            idle: Mutex::default(),
            turns: Arc::new(Semaphore::new(READERS)),
        }
    }

    /// Who holds a turn may call [`Readers::with`].
    pub(crate) fn turns(&self) -> Arc<Semaphore> {
        self.turns.clone()
    }

    /// Answers from one state of the database: what is written meanwhile is not seen by halves.
    pub(crate) fn with<T>(
        &self,
        answer: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let idle = || {
            self.idle
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner())
        };
        let kept = idle().pop();
        let mut connection = kept.map_or_else(|| reader(&self.file), Ok)?;
        let snapshot = connection.transaction()?;
        let answer = answer(&snapshot)?;
        snapshot.finish()?;
        // A connection that failed is dropped instead: a new one costs little.
        idle().push(connection);
        Ok(answer)
    }
}
