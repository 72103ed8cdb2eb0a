//! Sealing: when a life's minute is over, its seconds are folded into the minute's block; the hour's minutes into the hour's, the day's
//! hours into the day's. So the blocks of a resolution that are not folded into the next one are always of one of its buckets.

use std::collections::BTreeMap;
use std::collections::hash_map::Entry::{Occupied, Vacant};

use bc_schema::Resolution;
use rustc_hash::FxHashMap;

use super::Page;
use crate::cell::Cell;
use crate::sqlite::block::{self, Entry};
use crate::sqlite::error::Failure;
use crate::sqlite::rows::{blob, number, signed, unsigned};

/// What a resolution is folded from.
pub(super) const fn finer(resolution: Resolution) -> Resolution {
    match resolution {
        Resolution::Second | Resolution::Minute => Resolution::Second,
        Resolution::Hour => Resolution::Minute,
        Resolution::Day => Resolution::Hour,
    }
}

impl Page<'_> {
    /// A record in this second: every bucket that is over by then is sealed.
    pub(super) fn advance(&mut self, no: i64, second: u64) -> Result<(), Failure> {
        for resolution in Resolution::COARSE {
            let bucket_start = second - second % resolution.seconds();
            if self.life(no)?.sealed(resolution) < bucket_start {
                self.seal(no, resolution, bucket_start)?;
            }
        }
        let sealed = self.life(no)?.sealed(Resolution::Minute);
        self.pack_until(no, second.min(sealed) / Resolution::Minute.seconds())
    }

    /// Seals everything of a life before this second, or all of it.
    pub(super) fn seal_until(&mut self, no: i64, until: Option<u64>) -> Result<(), Failure> {
        let Some((_, last)) = self.span(no, Resolution::Second)? else {
            return Ok(());
        };
        let until = until.map_or(last + 1, |until| until.min(last + 1));
        for resolution in Resolution::COARSE {
            if self.life(no)?.sealed(resolution) < until {
                self.seal(no, resolution, until)?;
            }
        }
        Ok(())
    }

    /// Folds what the finer resolution has before this second; that one is sealed so far already.
    fn seal(&mut self, no: i64, resolution: Resolution, until: u64) -> Result<(), Failure> {
        let finer = finer(resolution);
        // A bucket that was folded in part is folded again: merging what is there already changes nothing.
        let from = self.life(no)?.sealed(resolution) / finer.seconds();
        let to = until.div_ceil(finer.seconds());
        for part in self.parts(no, finer, from, to)? {
            for (bucket, entries) in self.fold(no, resolution, part, from..to)? {
                self.merge(no, resolution, bucket, entries)?;
            }
        }
        let life = self.life(no)?;
        life.sealed[resolution as usize - 1] = until;
        life.changed = true;
        Ok(())
    }

    fn parts(
        &self,
        life: i64,
        resolution: Resolution,
        from: u64,
        to: u64,
    ) -> Result<Vec<i64>, Failure> {
        if resolution == Resolution::Second {
            return Ok(vec![0]);
        }
        let mut find = self.db.prepare_cached(
            "SELECT DISTINCT part FROM blocks WHERE life = ?1 AND resolution = ?2 AND bucket >= ?3 AND bucket < ?4",
        )?;
        let key = (life, number(resolution), signed(from), signed(to));
        Ok(find
            .query_map(key, |row| row.get(0))?
            .collect::<Result<_, _>>()?)
    }

    /// The buckets of a resolution as these of the finer one make them.
    fn fold(
        &self,
        life: i64,
        resolution: Resolution,
        part: i64,
        buckets: std::ops::Range<u64>,
    ) -> Result<BTreeMap<u64, Vec<Entry>>, Failure> {
        let finer = finer(resolution);
        let mut folded: FxHashMap<(u64, u64, u64), Cell> = FxHashMap::default();
        // The latest first: of the others only the maxima are looked at.
        let mut find = self.db.prepare_cached(
            "SELECT bucket, block FROM blocks WHERE life = ?1 AND resolution = ?2 AND bucket >= ?3 AND bucket < ?4 AND part = ?5
             ORDER BY bucket DESC",
        )?;
        let mut found = find.query((
            life,
            number(finer),
            signed(buckets.start),
            signed(buckets.end),
            part,
        ))?;
        while let Some(row) = found.next()? {
            let bucket = unsigned(row, 0)?;
            let coarse = bucket / (resolution.seconds() / finer.seconds());
            for entry in block::read(finer, bucket, blob(row, 1)?) {
                let entry = entry?;
                match folded.entry((coarse, entry.process, entry.epoch_ns()?)) {
                    Occupied(mut known) => entry.merge_into(known.get_mut())?,
                    Vacant(new) => {
                        new.insert(entry.unpack()?.cell);
                    }
                }
            }
        }
        let mut entries: BTreeMap<u64, Vec<Entry>> = BTreeMap::new();
        for ((bucket, process, epoch_ns), cell) in folded {
            entries.entry(bucket).or_default().push(Entry {
                process,
                epoch_ns,
                cell,
            });
        }
        Ok(entries)
    }

    /// Merges entries into the blocks of a bucket, unless it is pruned.
    pub(super) fn merge(
        &mut self,
        no: i64,
        resolution: Resolution,
        bucket: u64,
        mut entries: Vec<Entry>,
    ) -> Result<(), Failure> {
        let life = self.life(no)?;
        if bucket < life.floors[resolution as usize] {
            return Ok(());
        }
        let minute = bucket / Resolution::Minute.seconds();
        if resolution == Resolution::Second && minute < life.packed {
            return self.merge_packs(no, minute, entries);
        }
        block::settle(resolution, &mut entries);
        let part = |entry: &Entry| block::part(resolution, entry.process);
        for group in entries.chunk_by(|a, b| part(a) == part(b)) {
            let part = part(&group[0]);
            let known = self.block(no, resolution, bucket, part)?;
            if known.is_empty() {
                self.put_block(no, resolution, bucket, part, group)?;
                continue;
            }
            let mut merged = group.to_vec();
            for entry in block::read(resolution, bucket, &known) {
                merged.push(entry?.unpack()?);
            }
            block::settle(resolution, &mut merged);
            self.put_block(no, resolution, bucket, part, &merged)?;
        }
        Ok(())
    }

    /// The bytes of a block; none where there is none.
    fn block(
        &self,
        life: i64,
        resolution: Resolution,
        bucket: u64,
        part: u64,
    ) -> Result<Vec<u8>, Failure> {
        let mut find = self
            .db
            .prepare_cached("SELECT block FROM blocks WHERE life = ?1 AND resolution = ?2 AND bucket = ?3 AND part = ?4")?;
        let mut found = find.query((life, number(resolution), signed(bucket), signed(part)))?;
        Ok(found
            .next()?
            .map(|row| blob(row, 0).map(<[u8]>::to_vec))
            .transpose()?
            .unwrap_or_default())
    }

    /// Writes a block; without entries there is none.
    pub(super) fn put_block(
        &self,
        life: i64,
        resolution: Resolution,
        bucket: u64,
        part: u64,
        entries: &[Entry],
    ) -> Result<(), Failure> {
        let key = (life, number(resolution), signed(bucket), signed(part));
        if entries.is_empty() {
            let mut delete = self
                .db
                .prepare_cached("DELETE FROM blocks WHERE life = ?1 AND resolution = ?2 AND bucket = ?3 AND part = ?4")?;
            delete.execute(key)?;
            return Ok(());
        }
        let mut put = self.db.prepare_cached(
            "INSERT OR REPLACE INTO blocks (life, resolution, bucket, part, entries, block) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        let packed = block::pack(resolution, bucket, entries);
        put.execute((
            key.0,
            key.1,
            key.2,
            key.3,
            signed(block::rows(entries)),
            packed,
        ))?;
        Ok(())
    }

    /// The first and the last bucket of a life that have rows.
    pub(super) fn span(
        &self,
        life: i64,
        resolution: Resolution,
    ) -> Result<Option<(u64, u64)>, Failure> {
        let blocks = self.span_of_blocks(life, resolution)?;
        let packs = match resolution {
            Resolution::Second => self.packed_span(life)?,
            _ => None,
        };
        let both = blocks.into_iter().chain(packs);
        Ok(both.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))))
    }

    fn span_of_blocks(
        &self,
        life: i64,
        resolution: Resolution,
    ) -> Result<Option<(u64, u64)>, Failure> {
        // Two lookups at the ends of the key, where min and max in one query would read all between.
        let mut find = self.db.prepare_cached(
            "SELECT (SELECT bucket FROM blocks WHERE life = ?1 AND resolution = ?2 ORDER BY bucket LIMIT 1),
                    (SELECT bucket FROM blocks WHERE life = ?1 AND resolution = ?2 ORDER BY bucket DESC LIMIT 1)",
        )?;
        let ends: (Option<i64>, Option<i64>) = find
            .query_row((life, number(resolution)), |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        Ok(ends
            .0
            .zip(ends.1)
            .map(|(first, last)| (first.cast_unsigned(), last.cast_unsigned())))
    }
}
