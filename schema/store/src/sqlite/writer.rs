//! Who writes to the file: the ledger, and what is done when its file system has no room left or the file is gone from under it. What is
//! written is the ledger's.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use bc_schema::Batch;
use bc_schema::store::{PruneOrder, StoreError};

use super::error::Failure;
use super::file;
use super::ledger::{Ledger, Step};
use super::reserve::Reserve;

/// The writing side of a store.
#[derive(Debug)]
pub(crate) struct Writer {
    ledger: Ledger,
    file: PathBuf,
    /// Device and inode of the file that is open.
    place: Option<(u64, u64)>,
    reserve: Option<Reserve>,
}

impl Writer {
    /// Opens a database, or makes it.
    pub(crate) fn open(file: &Path) -> Result<Self, StoreError> {
        Ok(Self {
            ledger: Ledger::new(file::open(file)?),
            file: file.to_owned(),
            place: place(file),
            reserve: None,
        })
    }

    /// Opens a database, or makes it, with space kept back beside it. On a full file system, that space lets it begin.
    pub(crate) fn open_with_reserve(file: &Path) -> Result<Self, StoreError> {
        let mut reserve = Reserve::beside(file);
        let opened = match file::open(file) {
            Err(StoreError::Unavailable { .. }) if reserve.held() => {
                reserve.give_up();
                file::open(file)?
            }
            opened => opened?,
        };
        let ledger = Ledger::new(opened);
        ledger
            .limit_log(reserve.log_bytes())
            .map_err(|failure| failure.into_store_error("open", file))?;
        if let Err(error) = reserve.take() {
            tracing::warn!(%error, file = %file.display(), "no space can be kept back: should the disk get full, old records cannot be removed");
        }
        Ok(Self {
            ledger,
            file: file.to_owned(),
            place: place(file),
            reserve: Some(reserve),
        })
    }

    /// Writes batches, all or none; durable on return.
    pub(crate) fn write(&mut self, batches: &[Batch]) -> Result<(), Failure> {
        self.is_in_place()?;
        // What was given up is for removing: as long as it cannot be had again, there is no room for more.
        self.retake()?;
        match self.ledger.write(batches) {
            Err(full) if full.is_full() => {
                // The log may take more room than what stands in it will in the file.
                self.make_room();
                self.retake().map_err(|_| full)?;
                self.ledger.write(batches)
            }
            written => written,
        }
    }

    /// Carries out a part of an order, with the space kept back if there is no other.
    pub(crate) fn prune(&mut self, order: &PruneOrder) -> Result<Step, Failure> {
        self.is_in_place()?;
        match self.ledger.prune(order) {
            Err(full) if full.is_full() => {
                self.make_room();
                self.ledger.prune(order)
            }
            pruned => pruned,
        }
    }

    /// Gives free pages back to the file system for a moment; `true`: there is more to do.
    pub(crate) fn compact(&mut self) -> Result<bool, Failure> {
        self.is_in_place()?;
        let more = match self.ledger.compact() {
            Err(full) if full.is_full() => {
                self.make_room();
                self.ledger.compact()?
            }
            compacted => compacted?,
        };
        if self.is_short() {
            // What was freed stands in the log so far.
            self.ledger.write_log_back()?;
            if !more {
                // There may be still too little: the next write tries again, and says so.
                let _ = self.retake();
            }
        }
        Ok(more)
    }

    fn is_short(&self) -> bool {
        self.reserve.as_ref().is_some_and(|reserve| !reserve.held())
    }

    fn retake(&mut self) -> Result<(), Failure> {
        let Some(reserve) = self.reserve.as_mut().filter(|reserve| !reserve.held()) else {
            return Ok(());
        };
        match reserve.take() {
            Err(error) if error.kind() == std::io::ErrorKind::StorageFull => Err(Failure::NoRoom),
            // A file system that cannot keep space back at all still takes records.
            Err(_) | Ok(()) => Ok(()),
        }
    }

    fn make_room(&mut self) {
        if let Some(reserve) = &mut self.reserve {
            reserve.give_up();
        }
        // Where it cannot be done now (somebody reads what stands in the log), what comes next fails by itself and says why.
        let _ = self.ledger.write_log_back();
    }

    /// SQLite goes on writing to a file that has no name any more, and nobody would ever find what it wrote.
    fn is_in_place(&self) -> Result<(), Failure> {
        match place(&self.file) {
            now if now == self.place => Ok(()),
            None => Err(Failure::Gone),
            Some(_) => Err(Failure::Replaced),
        }
    }
}

fn place(file: &Path) -> Option<(u64, u64)> {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.dev(), metadata.ino()))
}
