//! The log's place on the disk: how long it gets, and writing it back to the file.

use super::Ledger;
use crate::sqlite::connection;
use crate::sqlite::error::Failure;

impl Ledger {
    /// Keeps the log about as short as this.
    pub(crate) fn limit_log(&self, bytes: u64) -> Result<(), Failure> {
        connection::limit_log(&self.connection, bytes)
    }

    /// Writes the whole log back to the file and cuts it to nothing. Fails, and changes nothing, while somebody reads what stands in it.
    pub(crate) fn write_log_back(&self) -> Result<(), Failure> {
        let busy: bool =
            self.connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy { Err(Failure::Read) } else { Ok(()) }
    }
}
