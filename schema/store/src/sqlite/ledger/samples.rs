//! Writing samples: into the block of their second, and, once the minute is over, into cells and heads.

use std::collections::BTreeMap;

use bc_schema::{Resolution, Sample, usage};
use rusqlite::OptionalExtension;

use super::Page;
use crate::cell::Cell;
use crate::sqlite::error::Failure;
use crate::sqlite::packed::{self, Entry};
use crate::sqlite::rows::{self, number, signed, unsigned};

const MINUTE_SECONDS: u64 = Resolution::Minute.seconds();

impl Page<'_> {
    /// Adds samples to the accounts they belong to; those of processes whose start is not known yet wait.
    pub(super) fn sample(&mut self, samples: &[Sample]) -> Result<(), Failure> {
        let mut owned = Vec::with_capacity(samples.len());
        for sample in samples {
            let process = self.process(sample.process)?;
            let entry = Entry {
                process: process.no,
                epoch_ns: sample.epoch_ns,
                cell: Cell::of(sample),
            };
            match process.owner(sample.at_ns) {
                Some(owner) => owned.push((owner.life, entry)),
                None => {
                    process.bare = false;
                    self.wait(&entry)?;
                }
            }
        }
        self.add(owned)
    }

    /// Adds entries to lives, in the order of their seconds.
    pub(super) fn add(&mut self, mut owned: Vec<(i64, Entry)>) -> Result<(), Failure> {
        let place =
            |(life, entry): &(i64, Entry)| (*life, entry.cell.at_ns / Resolution::Second.ns());
        owned.sort_by_key(place);
        for group in owned.chunk_by(|a, b| place(a) == place(b)) {
            let (life, second) = place(&group[0]);
            self.add_second(
                life,
                second,
                group.iter().map(|(_, entry)| *entry).collect(),
            )?;
        }
        Ok(())
    }

    fn add_second(&mut self, no: i64, second: u64, mut entries: Vec<Entry>) -> Result<(), Failure> {
        packed::settle(&mut entries);
        let minute = second - second % MINUTE_SECONDS;
        if self.life(no)?.sealed < minute {
            self.seal(no, minute)?;
        }
        let (sealed, floor) = (
            self.life(no)?.sealed,
            self.life(no)?.floors[Resolution::Second as usize],
        );
        if second < sealed {
            for entry in &entries {
                self.raise(no, second, entry.process, entry.epoch_ns, &entry.cell)?;
            }
        }
        let last_ns = entries.iter().map(|entry| entry.cell.at_ns).max();
        if second >= floor {
            self.merge_block(no, second, entries)?;
        }
        last_ns.map_or(Ok(()), |at_ns| self.record(no, at_ns))
    }

    fn merge_block(&self, life: i64, second: u64, mut entries: Vec<Entry>) -> Result<(), Failure> {
        let mut find = self
            .db
            .prepare_cached("SELECT block FROM seconds WHERE life = ?1 AND second = ?2")?;
        let mut found = find.query((life, signed(second)))?;
        if let Some(row) = found.next()? {
            packed::unpack_block(
                second,
                row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?,
                |_| true,
                |entry| entries.push(entry),
            )?;
            packed::settle(&mut entries);
        }
        drop(found);
        self.put_block(life, second, &entries)
    }

    /// Writes the block of a second; without entries there is none.
    pub(super) fn put_block(
        &self,
        life: i64,
        second: u64,
        entries: &[Entry],
    ) -> Result<(), Failure> {
        if entries.is_empty() {
            self.db
                .prepare_cached("DELETE FROM seconds WHERE life = ?1 AND second = ?2")?
                .execute((life, signed(second)))?;
            return Ok(());
        }
        let mut put = self.db.prepare_cached(
            "INSERT OR REPLACE INTO seconds (life, second, entries, block) VALUES (?1, ?2, ?3, ?4)",
        )?;
        put.execute((
            life,
            signed(second),
            signed(packed::rows(entries)),
            packed::pack_block(second, entries),
        ))?;
        Ok(())
    }

    /// Folds the seconds of a life before this one into cells and heads.
    pub(super) fn seal(&mut self, no: i64, until: u64) -> Result<(), Failure> {
        let from = self.life(no)?.sealed;
        let mut folded: BTreeMap<(u64, u64, u64), (u64, Cell)> = BTreeMap::new();
        let mut find = self.db.prepare_cached(
            "SELECT second, block FROM seconds WHERE life = ?1 AND second >= ?2 AND second < ?3",
        )?;
        let mut found = find.query((no, signed(from), signed(until)))?;
        while let Some(row) = found.next()? {
            let second = unsigned(row, 0)?;
            let block = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
            let fold = |entry: Entry| {
                let (_, cell) = folded
                    .entry((second / MINUTE_SECONDS, entry.process, entry.epoch_ns))
                    .or_insert((second, entry.cell));
                cell.merge(&entry.cell);
            };
            packed::unpack_block(second, block, |_| true, fold)?;
        }
        drop(found);
        for ((_, process, epoch_ns), (first_second, cell)) in folded {
            self.raise(no, first_second, process, epoch_ns, &cell)?;
        }
        let life = self.life(no)?;
        life.sealed = until;
        life.changed = true;
        Ok(())
    }

    /// Merges what a process did in seconds of one minute, the first of them `second`, into its coarse cells and its head.
    fn raise(
        &mut self,
        no: i64,
        second: u64,
        process: u64,
        epoch_ns: u64,
        cell: &Cell,
    ) -> Result<(), Failure> {
        let (container, floors) = (self.life(no)?.container, self.life(no)?.floors);
        for resolution in Resolution::COARSE {
            let bucket = second / resolution.seconds();
            if bucket >= floors[resolution as usize] {
                self.merge_cell(no, resolution, bucket, process, epoch_ns, cell)?;
            }
        }
        self.merge_head(container, process, epoch_ns, second, cell)?;
        self.recount_cpu(container, process)
    }

    pub(super) fn merge_cell(
        &self,
        life: i64,
        resolution: Resolution,
        bucket: u64,
        process: u64,
        epoch_ns: u64,
        cell: &Cell,
    ) -> Result<(), Failure> {
        let key = (
            life,
            number(resolution),
            signed(bucket),
            signed(process),
            signed(epoch_ns),
        );
        let mut find = self.db.prepare_cached(
            "SELECT cell FROM cells WHERE life = ?1 AND resolution = ?2 AND bucket = ?3 AND process = ?4 AND epoch_ns = ?5",
        )?;
        let known: Option<Vec<u8>> = find.query_row(key, |row| row.get(0)).optional()?;
        let mut merged = *cell;
        if let Some(known) = &known {
            merged.merge(&packed::unpack_in(known, resolution, bucket)?);
        }
        let merged = packed::pack_in(&merged, resolution, bucket);
        if known.is_none_or(|known| known != merged) {
            let mut put = self.db.prepare_cached(
                "INSERT OR REPLACE INTO cells (life, resolution, bucket, process, epoch_ns, cell) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?;
            put.execute((key.0, key.1, key.2, key.3, key.4, merged))?;
        }
        Ok(())
    }

    pub(super) fn merge_head(
        &self,
        container: i64,
        process: u64,
        epoch_ns: u64,
        second: u64,
        cell: &Cell,
    ) -> Result<(), Failure> {
        let key = (container, signed(process), signed(epoch_ns));
        let mut find =
            self.db.prepare_cached("SELECT first_second, head FROM heads WHERE container = ?1 AND process = ?2 AND epoch_ns = ?3")?;
        let known = find
            .query_row(key, |row| {
                Ok((unsigned(row, 0)?, row.get::<_, Vec<u8>>(1)?))
            })
            .optional()?;
        let (mut first, mut head) = (second, *cell);
        if let Some((known_first, known_head)) = &known {
            first = first.min(*known_first);
            head.merge(&packed::unpack_head(known_head)?);
        }
        let head = packed::pack_head(&head);
        if known.is_none_or(|known| known != (first, head.clone())) {
            let mut put = self.db.prepare_cached(
                "INSERT OR REPLACE INTO heads (container, process, epoch_ns, first_second, head) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            put.execute((key.0, key.1, key.2, signed(first), head))?;
        }
        Ok(())
    }

    /// Brings an account's CPU up to date with its heads and baseline, so that a container's can be summed from an index.
    pub(super) fn recount_cpu(&self, container: i64, process: u64) -> Result<(), Failure> {
        let key = (container, signed(process));
        let mut find = self.db.prepare_cached(
            "SELECT epoch_ns, head FROM heads WHERE container = ?1 AND process = ?2",
        )?;
        let mut latest = Vec::new();
        let mut found = find.query(key)?;
        while let Some(row) = found.next()? {
            let (epoch_ns, head) = rows::head(row, 0)?;
            latest.push((epoch_ns, head.at_ns, head.metrics));
        }
        let mut find = self.db.prepare_cached(
            "SELECT baseline, cpu_ns FROM accounts WHERE container = ?1 AND process = ?2",
        )?;
        let (baseline, known_ns) =
            find.query_row(key, |row| Ok((rows::baseline(row, 0)?, unsigned(row, 1)?)))?;
        let cpu_ns = usage::cpu_ns(&usage::totals(&latest, baseline.as_ref()));
        if cpu_ns != known_ns {
            let mut put = self.db.prepare_cached(
                "UPDATE accounts SET cpu_ns = ?3 WHERE container = ?1 AND process = ?2",
            )?;
            put.execute((key.0, key.1, signed(cpu_ns)))?;
        }
        Ok(())
    }

    fn wait(&self, entry: &Entry) -> Result<(), Failure> {
        let key = (
            signed(entry.process),
            signed(entry.epoch_ns),
            signed(entry.cell.at_ns),
        );
        let mut find = self.db.prepare_cached(
            "SELECT cell FROM waiting WHERE process = ?1 AND epoch_ns = ?2 AND at_ns = ?3",
        )?;
        let known: Option<Vec<u8>> = find.query_row(key, |row| row.get(0)).optional()?;
        let mut cell = entry.cell;
        if let Some(known) = known {
            cell.merge(&packed::unpack_waiting(&known)?);
        }
        let mut put =
            self.db.prepare_cached("INSERT OR REPLACE INTO waiting (process, epoch_ns, at_ns, cell) VALUES (?1, ?2, ?3, ?4)")?;
        put.execute((key.0, key.1, key.2, packed::pack_waiting(&cell)))?;
        Ok(())
    }
}
