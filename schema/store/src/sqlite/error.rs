//! What SQLite's errors mean to a caller: come again, or never.

use std::path::Path;

use bc_schema::store::StoreError;
use rusqlite::ErrorCode;

/// Why something inside the store failed, before it is known what was being done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error("{0} cannot be read back")]
    Damaged(&'static str),
}

impl Failure {
    /// Sorts a failure of `doing` something to `file`.
    pub(crate) fn into_store_error(self, doing: &str, file: &Path) -> StoreError {
        let file = file.display();
        if self.may_pass() {
            return StoreError::Unavailable {
                doing: format!("{doing} {file}"),
                source: Box::new(self),
            };
        }
        if self.is_damage() {
            let advice = "stop Bubble Chamber, move the file away (with its -wal and -shm files) or put a backup in its place, and start again";
            return StoreError::Refused(format!(
                "{doing} {file}: the database is damaged ({self}); {advice}"
            ));
        }
        StoreError::Refused(format!("{doing} {file}: {self}"))
    }

    fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Sql(error) => error.sqlite_error_code(),
            Self::Io(_) | Self::Damaged(_) => None,
        }
    }

    fn may_pass(&self) -> bool {
        use ErrorCode::*;
        let passing = [
            DatabaseBusy,
            DatabaseLocked,
            DiskFull,
            SystemIoFailure,
            CannotOpen,
            ReadOnly,
            OutOfMemory,
            PermissionDenied,
            OperationInterrupted,
            OperationAborted,
            FileLockingProtocolFailed,
            NoLargeFileSupport,
            SchemaChanged,
        ];
        matches!(self, Self::Io(_)) || self.code().is_some_and(|code| passing.contains(&code))
    }

    fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged(_))
            || matches!(
                self.code(),
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
            )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(code: i32) -> StoreError {
        let error = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        Failure::Sql(error).into_store_error("write to", Path::new("/data/x.db"))
    }

    #[test]
    fn what_may_pass_is_kept_apart_from_what_will_not() {
        use rusqlite::ffi::*;
        for code in [
            SQLITE_BUSY,
            SQLITE_LOCKED,
            SQLITE_FULL,
            SQLITE_IOERR,
            SQLITE_CANTOPEN,
            SQLITE_READONLY,
            SQLITE_NOMEM,
        ] {
            assert!(
                matches!(sorted(code), StoreError::Unavailable { .. }),
                "{code}"
            );
        }
        for code in [SQLITE_CORRUPT, SQLITE_NOTADB] {
            let StoreError::Refused(text) = sorted(code) else {
                panic!("{code}")
            };
            assert!(
                text.contains("/data/x.db") && text.contains("damaged"),
                "{text}"
            );
        }
        assert!(matches!(sorted(SQLITE_CONSTRAINT), StoreError::Refused(_)));
    }
}
