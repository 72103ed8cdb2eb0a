//! Walking the blocks of a life, newest first, and what the latest samples of its processes are.

use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::collections::{BTreeSet, HashMap};

use bc_schema::{Metrics, Resolution, usage};
use rusqlite::{Connection, Rows};

use super::Life;
use crate::cell::Cell;
use crate::sqlite::block::{self, PackedEntry};
use crate::sqlite::error::Failure;
use crate::sqlite::rows::{blob, number, signed, unsigned};

/// Up to so many parts are looked up one by one; beyond that, all are read.
const PARTS: usize = 32;

/// The blocks of one life, of all its processes or of a few.
#[derive(Clone, Copy)]
pub(super) struct Walk<'a> {
    pub(super) db: &'a Connection,
    pub(super) life: &'a Life,
    /// Numbers of processes, in order; `None`: all.
    pub(super) only: Option<&'a [u64]>,
}

impl Walk<'_> {
    /// Calls `each` with the entries in buckets from `from` on and before `to`, those of later buckets first.
    pub(super) fn blocks(
        &self,
        resolution: Resolution,
        from: u64,
        to: u64,
        mut each: impl FnMut(u64, PackedEntry<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let (life, number, from, to) = (self.life.no, number(resolution), signed(from), signed(to));
        let Some(parts) = self.parts(resolution) else {
            let mut find = self.db.prepare_cached(
                "SELECT bucket, block FROM blocks WHERE life = ?1 AND resolution = ?2 AND bucket >= ?3 AND bucket < ?4
                 ORDER BY bucket DESC",
            )?;
            return self.entries(resolution, find.query((life, number, from, to))?, &mut each);
        };
        let mut find = self.db.prepare_cached(
            "SELECT bucket, block FROM blocks WHERE life = ?1 AND resolution = ?2 AND bucket >= ?3 AND bucket < ?4 AND part = ?5
             ORDER BY bucket DESC",
        )?;
        for part in parts {
            self.entries(
                resolution,
                find.query((life, number, from, to, signed(part)))?,
                &mut each,
            )?;
        }
        Ok(())
    }

    fn parts(&self, resolution: Resolution) -> Option<Vec<u64>> {
        let mut parts: Vec<_> = self
            .only?
            .iter()
            .map(|&process| block::part(resolution, process))
            .collect();
        parts.dedup();
        (parts.len() <= PARTS).then_some(parts)
    }

    fn entries(
        &self,
        resolution: Resolution,
        mut found: Rows<'_>,
        each: &mut impl FnMut(u64, PackedEntry<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        while let Some(row) = found.next()? {
            let bucket = unsigned(row, 0)?;
            for entry in block::read(resolution, bucket, blob(row, 1)?) {
                let entry = entry?;
                if self
                    .only
                    .is_none_or(|only| only.binary_search(&entry.process).is_ok())
                {
                    each(bucket, entry)?;
                }
            }
        }
        Ok(())
    }

    /// Adds the latest sample of each process and epoch.
    pub(super) fn latest(&self, latest: &mut Latest) -> Result<(), Failure> {
        let unsealed = self.life.unsealed(Resolution::Day);
        for (resolution, from) in unsealed.chain([(Resolution::Day, 0)]) {
            self.blocks(resolution, from, i64::MAX as u64, |_, entry| {
                let epoch_ns = entry.epoch_ns()?;
                match latest.places.entry((entry.process, epoch_ns)) {
                    Occupied(known) => entry.merge_into(&mut latest.cells[*known.get()])?,
                    Vacant(new) => {
                        new.insert(latest.cells.len());
                        latest.cells.push(entry.unpack()?.cell);
                        latest.epochs.insert(epoch_ns);
                    }
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}

/// The latest sample of each process (by number) and epoch.
#[derive(Default)]
pub(super) struct Latest {
    places: HashMap<(u64, u64), usize>,
    cells: Vec<Cell>,
    /// Of any process: there are as many as recorders that could not count from the processes' beginnings.
    epochs: BTreeSet<u64>,
}

impl Latest {
    /// The processes that have one, each once.
    pub(super) fn processes(&self) -> Vec<u64> {
        let mut processes: Vec<_> = self.places.keys().map(|(process, _)| *process).collect();
        processes.sort_unstable();
        processes.dedup();
        processes
    }

    /// Whole-life usage of a process.
    pub(super) fn totals(&self, process: u64, baseline: Option<&Metrics>) -> Metrics {
        let latest: Vec<_> = self
            .of(process)
            .map(|(epoch_ns, cell)| (epoch_ns, cell.at_ns, cell.metrics))
            .collect();
        usage::totals(&latest, baseline)
    }

    /// When the latest of a process was taken.
    pub(super) fn last_ns(&self, process: u64) -> Option<u64> {
        self.of(process).map(|(_, cell)| cell.at_ns).max()
    }

    fn of(&self, process: u64) -> impl Iterator<Item = (u64, &Cell)> {
        self.epochs.iter().filter_map(move |&epoch_ns| {
            let place = self.places.get(&(process, epoch_ns))?;
            Some((epoch_ns, &self.cells[*place]))
        })
    }
}
