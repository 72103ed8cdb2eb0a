//! The walk over all tasks, once a second: in one call where the kernel can (`sweep`), else by its iterator, which also takes in who is not in the
//! table yet.

use std::io::{ErrorKind, Read};
use std::os::fd::AsFd;

use bc_abi::{Control, TaskRecord};

use super::shared::{self, Shared};
use super::{Kernel, KernelError};

/// What one read of the iterator may bring: twice what the kernel collects at a time.
pub(super) const BUFFER_BYTES: usize = 64 << 10;

/// So many walks go by the iterator after one call was too small for what there is: a walk in vain costs as much as one that counts.
const WALKS_BETWEEN: u64 = 60;

impl Kernel {
    /// Walks every task of the machine at this UTC second and hands over one record for each task of a watched container whose process
    /// has changed, or was not told of in this minute yet. With `discover`, processes of watched cgroups that are not in the table yet
    /// are taken in, and every task is told of.
    pub fn walk(
        &mut self,
        discover: bool,
        utc_s: u64,
        mut take: impl FnMut(&TaskRecord),
    ) -> Result<(), KernelError> {
        let mut tell_all = discover;
        if !discover && self.sweeps() && self.walks >= self.sweeps_from {
            if self.sweep(utc_s, &mut take)? {
                return Ok(());
            }
            // Whom that walk was to tell of has not changed since, in the eyes of the next.
            tell_all = true;
        }
        self.iterate(tell_all, utc_s, take)
    }

    /// Whether walks take one call.
    pub fn sweeps(&self) -> bool {
        self.attached.sweeper.is_some()
    }

    /// Walks in one call. False: to no effect, and nothing was handed over.
    fn sweep(&mut self, utc_s: u64, take: impl FnMut(&TaskRecord)) -> Result<bool, KernelError> {
        self.begin_walk(false, utc_s)?;
        let Some(sweeper) = &mut self.attached.sweeper else {
            return Ok(false);
        };
        let room = self.capacities.walk_records as usize;
        match sweeper.walk(self.attached.tables.records.as_fd(), room) {
            Ok(Some(records)) => {
                records.iter().for_each(take);
                return Ok(true);
            }
            Ok(None) => {
                tracing::debug!(room, "there is more than a walk in one call can tell of");
                self.sweeps_from = self.walks + WALKS_BETWEEN;
            }
            Err(error) => {
                tracing::warn!(%error, "tasks are walked by the iterator from now on");
                self.attached.sweeper = None;
            }
        }
        Ok(false)
    }

    /// Walks by the kernel's iterator.
    fn iterate(
        &mut self,
        discover: bool,
        utc_s: u64,
        mut take: impl FnMut(&TaskRecord),
    ) -> Result<(), KernelError> {
        self.begin_walk(discover, utc_s)?;
        let refused = |error| KernelError::refused("walking the tasks", error);
        let mut file = self.attached.walker.walk().map_err(refused)?;
        let mut filled = 0;
        loop {
            let read = match file.read(&mut self.buffer[filled..]) {
                Ok(0) => return Ok(()),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(refused(error)),
            };
            filled += read;
            let whole = filled - filled % size_of::<TaskRecord>();
            for record in self.buffer[..whole].chunks_exact(size_of::<TaskRecord>()) {
                take(&shared::read(record));
            }
            self.buffer.copy_within(whole..filled, 0);
            filled -= whole;
        }
    }

    /// Says to the kernel programs what the walk that comes is to do.
    fn begin_walk(&mut self, discover: bool, utc_s: u64) -> Result<(), KernelError> {
        self.walks += 1;
        let control = Control {
            walk: self.walks,
            discover: u64::from(discover),
            minute: utc_s / 60,
            second: utc_s % 60,
            attached_boot_ns: self.attached_boot_ns,
        };
        self.attached
            .tables
            .control
            .set(0, Shared(control), 0)
            .map_err(|error| KernelError::refused("preparing a walk", error))
    }
}
