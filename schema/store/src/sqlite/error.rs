//! What SQLite's errors mean to a caller: come again, or never.

use std::path::Path;

use bc_schema::store::StoreError;
use rusqlite::{ErrorCode, ffi};

/// Why something inside the store failed, before it is known what was being done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error("{0} cannot be read back")]
    Damaged(&'static str),
    #[error("no space is left on its file system")]
    NoRoom,
    #[error("the log cannot be cut while somebody reads what stands in it")]
    Read,
    #[error("the file was removed or renamed while it was in use")]
    Gone,
    #[error("another file was put in its place while it was in use")]
    Replaced,
}

impl Failure {
    /// Sorts a failure of `doing` something to `file`.
    pub(crate) fn into_store_error(self, doing: &str, file: &Path) -> StoreError {
        let file = file.display();
        if self.may_pass() {
            return StoreError::Unavailable {
                doing: format!("{doing} {file}"),
                source: match self.advice() {
                    Some(advice) => format!("{self}; {advice}").into(),
                    None => Box::new(self),
                },
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
            _ => None,
        }
    }

    /// Nothing can be written because there is no room for it.
    pub(crate) fn is_full(&self) -> bool {
        let Self::Sql(error) = self else {
            return matches!(self, Self::NoRoom)
                || matches!(self, Self::Io(error) if error.kind() == std::io::ErrorKind::StorageFull);
        };
        // Over quota, SQLite speaks of a failed write; short of room for its shared memory, of that.
        let speaks_of_writing = error.sqlite_error().is_some_and(|error| {
            [ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_IOERR_SHMSIZE].contains(&error.extended_code)
        });
        speaks_of_writing || self.code() == Some(ErrorCode::DiskFull)
    }

    /// What people can do about it; everything else goes on by itself then.
    fn advice(&self) -> Option<&'static str> {
        match self {
            Self::NoRoom => Some("free some space there"),
            Self::Gone => Some("put it back, or start Bubble Chamber again"),
            Self::Replaced => {
                Some("start Bubble Chamber again to use that one, or put the other back")
            }
            _ => match self.code()? {
                ErrorCode::DiskFull => Some("free some space there"),
                ErrorCode::ReadOnly => Some("make its file system writable again"),
                ErrorCode::SystemIoFailure => Some(
                    "its file system may be mounted read-only, over a quota or failing: the kernel's log says which",
                ),
                _ => None,
            },
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
        matches!(
            self,
            Self::Io(_) | Self::NoRoom | Self::Read | Self::Gone | Self::Replaced
        ) || self.code().is_some_and(|code| passing.contains(&code))
    }

    /// What is stored is not as it was written.
    pub(crate) fn is_damage(&self) -> bool {
        matches!(
            self,
            Self::Damaged(_) | Self::Sql(rusqlite::Error::FromSqlConversionFailure(..))
        ) || matches!(
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
