//! Writing samples: each to the account it belongs to, and with the others of its life into the block of its second.

use std::collections::BTreeMap;

use bc_schema::{Resolution, Sample};
use rusqlite::OptionalExtension;

use super::Page;
use crate::cell::Cell;
use crate::sqlite::block::Entry;
use crate::sqlite::error::Failure;
use crate::sqlite::packed;
use crate::sqlite::rows::signed;

impl Page<'_> {
    /// Adds samples to the accounts they belong to; those of processes whose start is not known yet wait.
    pub(super) fn sample(&mut self, samples: &[Sample]) -> Result<(), Failure> {
        let mut owned = Vec::with_capacity(samples.len());
        for sample in samples {
            let process = self.process(sample.process)?;
            if !process.learns(sample) {
                continue;
            }
            match process.owner(sample.at_ns) {
                Some(owner) => owned.push((owner.life, second(sample.at_ns), process.no, sample)),
                None => {
                    process.bare = false;
                    let entry = entry(process.no, sample);
                    self.wait(&entry)?;
                }
            }
        }
        // Blocks have this order: so what is moved is where the samples are, and each of them is copied once.
        owned.sort_by_key(|&(life, second, no, _)| (life, second, no));
        for group in owned.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let (life, second, ..) = group[0];
            let entries = group.iter().map(|(_, _, no, sample)| entry(*no, sample));
            self.add_second(life, second, entries.collect())?;
        }
        Ok(())
    }

    /// Adds entries to lives, in the order of their seconds.
    pub(super) fn add(&mut self, owned: Vec<(i64, Entry)>) -> Result<(), Failure> {
        let mut seconds: BTreeMap<_, Vec<Entry>> = BTreeMap::new();
        for (life, entry) in owned {
            let place = (life, second(entry.cell.at_ns));
            seconds.entry(place).or_default().push(entry);
        }
        seconds
            .into_iter()
            .try_for_each(|((life, second), entries)| self.add_second(life, second, entries))
    }

    fn add_second(&mut self, no: i64, second: u64, entries: Vec<Entry>) -> Result<(), Failure> {
        self.advance(no, second)?;
        let life = self.life(no)?;
        let minute = second / Resolution::Minute.seconds();
        if minute < life.packed && second >= life.sealed(Resolution::Minute) {
            self.unpack_from(no, minute)?;
        }
        if let Some(last_ns) = entries.iter().map(|entry| entry.cell.at_ns).max() {
            self.record(no, last_ns)?;
        }
        for resolution in Resolution::COARSE {
            // What comes late finds its minute (hour, day) folded already, and is added to it.
            if second < self.life(no)?.sealed(resolution) {
                self.merge(
                    no,
                    resolution,
                    second / resolution.seconds(),
                    entries.clone(),
                )?;
            }
        }
        self.merge(no, Resolution::Second, second, entries)
    }

    fn wait(&self, entry: &Entry) -> Result<(), Failure> {
        let key = (
            signed(entry.process),
            signed(entry.epoch_ns),
            signed(entry.cell.at_ns),
        );
        let mut find = self.db.prepare_cached(
            "SELECT sample FROM waiting WHERE process = ?1 AND epoch_ns = ?2 AND at_ns = ?3",
        )?;
        let known: Option<Vec<u8>> = find.query_row(key, |row| row.get(0)).optional()?;
        let mut cell = entry.cell;
        if let Some(known) = known {
            cell.merge(&packed::unpack_sample(&known)?);
        }
        let mut put = self.db.prepare_cached(
            "INSERT OR REPLACE INTO waiting (process, epoch_ns, at_ns, sample) VALUES (?1, ?2, ?3, ?4)",
        )?;
        put.execute((key.0, key.1, key.2, packed::pack_sample(&cell)))?;
        Ok(())
    }
}

fn second(at_ns: u64) -> u64 {
    at_ns / Resolution::Second.ns()
}

fn entry(process: u64, sample: &Sample) -> Entry {
    Entry {
        process,
        epoch_ns: sample.epoch_ns,
        cell: Cell::of(sample),
    }
}

#[cfg(test)]
mod tests {
    use bc_schema::{Batch, Closes, Metric, Metrics, ProcessId};

    use super::*;
    use crate::sqlite::file;
    use crate::sqlite::ledger::Ledger;

    #[test]
    fn the_latest_sample_once_more_changes_nothing_and_another_of_its_instant_does() {
        let dir = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::new(file::open(&dir.path().join("x.db")).unwrap());
        let mut changes = |closes, cpu_ns| {
            let sample = Sample {
                process: ProcessId([1; 16]),
                at_ns: 5,
                epoch_ns: 0,
                held_ns: 0,
                metrics: Metrics::EMPTY.with(Metric::CpuNs, cpu_ns),
                max_rss_bytes: [None; 3],
                closes,
            };
            let batch = Batch {
                samples: vec![sample],
                ..Batch::default()
            };
            let before = ledger.connection.total_changes();
            ledger.write(&[batch]).unwrap();
            ledger.connection.total_changes() - before
        };
        assert!(changes(Closes::NONE, 7) > 0);
        assert_eq!(changes(Closes::ALL, 7), 0);
        assert!(changes(Closes::ALL, 8) > 0);
    }
}
