//! What the latest samples of processes are: all that whole-life totals are made of.

use std::collections::BTreeSet;

use bc_schema::{Metrics, Resolution, usage};

use super::places::Places;
use super::walk::{Told, Walk};
use crate::cell::Cell;
use crate::sqlite::error::Failure;

impl Walk<'_> {
    /// Adds the latest sample of each process and epoch.
    pub(super) fn latest(&self, latest: &mut Latest) -> Result<(), Failure> {
        let unsealed = self.life.unsealed(Resolution::Day);
        for (resolution, from) in unsealed.chain([(Resolution::Day, 0)]) {
            self.blocks(resolution, from, i64::MAX as u64, |bucket, entry| {
                let epoch_ns = entry.epoch_ns()?;
                let end_ns = (bucket + 1).saturating_mul(resolution.ns());
                let (place, is_new) = latest.places.of((entry.process(), epoch_ns));
                if is_new {
                    latest.cells.push(entry.unpack()?.cell);
                    latest.epochs.insert(epoch_ns);
                    return Ok(());
                }
                let known = &mut latest.cells[place];
                // Mostly a later bucket told of it: nothing of this one is later than its end.
                if known.at_ns < end_ns {
                    entry.replace_earlier(known)?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}

impl Told<'_> {
    /// Takes the place of what is known of its process and epoch, where that is earlier. The latest come first, so most is not unpacked.
    fn replace_earlier(&self, known: &mut Cell) -> Result<(), Failure> {
        let at_ns = match self {
            Self::InBlock(entry) => entry.at_ns()?,
            Self::Open(entry) => entry.cell.at_ns,
        };
        if at_ns >= known.at_ns {
            known.merge(&self.unpack()?.cell);
        }
        Ok(())
    }
}

/// The latest sample of each process (by number) and epoch.
#[derive(Default)]
pub(super) struct Latest {
    places: Places,
    cells: Vec<Cell>,
    /// Of any process: there are as many as recorders that could not count from the processes' beginnings.
    epochs: BTreeSet<u64>,
}

impl Latest {
    /// The processes that have one, each once.
    pub(super) fn processes(&self) -> Vec<u64> {
        let mut processes: Vec<_> = self
            .places
            .accounts()
            .iter()
            .map(|(process, _)| *process)
            .collect();
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
            let place = self.places.get((process, epoch_ns))?;
            Some((epoch_ns, &self.cells[place]))
        })
    }
}
