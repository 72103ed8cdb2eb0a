//! Packing: when a life's minute is over, its seconds move from a block each into packs; what comes late is added to them.
//!
//! Seconds that are not folded into their minute yet are never in a pack.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bc_schema::Resolution;
use rusqlite::{Connection, OptionalExtension};

use super::Page;
use super::known::Known;
use crate::sqlite::block::{self, Entry, PackedEntry};
use crate::sqlite::error::Failure;
use crate::sqlite::pack::{self, Pack};
use crate::sqlite::rows::{blob, number, signed, unsigned};

const MINUTE: u64 = Resolution::Minute.seconds();

/// How often a long packing says how far it is.
const SAYS: Duration = Duration::from_secs(5);

/// Packs what an older version left in blocks.
pub(crate) fn pack_all(db: &Connection) -> Result<(), Failure> {
    let mut find = db.prepare(
        "SELECT l.no, s.ended_ns IS NOT NULL FROM lives l LEFT JOIN statements s ON s.life = l.no",
    )?;
    let lives = find
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<Vec<(i64, bool)>, _>>()?;
    let mut said = Instant::now();
    for (done, &(no, ended)) in lives.iter().enumerate() {
        let mut known = Known::default();
        let mut page = Page {
            db,
            known: &mut known,
        };
        page.pack_sealed(no, ended)?;
        page.put_lives()?;
        if said.elapsed() >= SAYS {
            said = Instant::now();
            tracing::info!(done, lives = lives.len(), "the database is being upgraded");
        }
    }
    Ok(())
}

impl Page<'_> {
    /// Packs what is folded; of a life that is over, its last minute too.
    pub(super) fn pack_sealed(&mut self, no: i64, ended: bool) -> Result<(), Failure> {
        let sealed = self.life(no)?.sealed(Resolution::Minute);
        let mut minute = sealed / MINUTE;
        if ended
            && let Some((_, last)) = self.span(no, Resolution::Second)?
            && last < sealed
        {
            minute = last / MINUTE + 1;
        }
        self.pack_until(no, minute)
    }

    /// Packs all seconds of a life in minutes before this one.
    pub(super) fn pack_until(&mut self, no: i64, minute: u64) -> Result<(), Failure> {
        let from = self.life(no)?.packed;
        if minute <= from {
            return Ok(());
        }
        let key = (
            no,
            number(Resolution::Second),
            signed(from.saturating_mul(MINUTE)),
            signed(minute.saturating_mul(MINUTE)),
        );
        let mut find = self.db.prepare_cached(
            "SELECT bucket, block FROM blocks WHERE life = ?1 AND resolution = ?2 AND bucket >= ?3 AND bucket < ?4 ORDER BY bucket",
        )?;
        let mut found = find.query(key)?;
        let mut blocks: Vec<(u64, Vec<u8>)> = Vec::new();
        while let Some(row) = found.next()? {
            let second = unsigned(row, 0)?;
            if (blocks.last()).is_some_and(|(last, _)| last / MINUTE != second / MINUTE) {
                self.pack_minute(no, &blocks)?;
                blocks.clear();
            }
            blocks.push((second, blob(row, 1)?.to_vec()));
        }
        self.pack_minute(no, &blocks)?;
        let mut delete = self.db.prepare_cached(
            "DELETE FROM blocks WHERE life = ?1 AND resolution = ?2 AND bucket >= ?3 AND bucket < ?4",
        )?;
        delete.execute(key)?;
        let life = self.life(no)?;
        life.packed = minute;
        life.changed = true;
        Ok(())
    }

    /// Packs one minute's blocks. They are gone through side by side, a process at a time: that is the order of a pack, and no more than one
    /// part's entries are unpacked at once.
    fn pack_minute(&self, no: i64, blocks: &[(u64, Vec<u8>)]) -> Result<(), Failure> {
        let Some(minute) = blocks.first().map(|(second, _)| second / MINUTE) else {
            return Ok(());
        };
        let mut seconds: Vec<_> = (blocks.iter())
            .map(|(second, block)| block::read(Resolution::Second, *second, block).peekable())
            .collect();
        let (mut part, mut entries) = (0, Vec::new());
        // Damage comes before every process.
        let process = |next: &Result<PackedEntry<'_>, Failure>| {
            next.as_ref().map_or(0, |entry| entry.process)
        };
        while let Some(next) = (seconds.iter_mut())
            .filter_map(|of_second| of_second.peek().map(process))
            .min()
        {
            if pack::part(next) != part {
                self.add_to_pack(no, minute, part, &mut entries)?;
                entries.clear();
                part = pack::part(next);
            }
            for of_second in &mut seconds {
                while let Some(entry) = of_second.next_if(|entry| process(entry) == next) {
                    entries.push(entry?.unpack()?);
                }
            }
        }
        self.add_to_pack(no, minute, part, &mut entries)
    }

    /// Adds samples of one minute that is packed.
    pub(super) fn merge_packs(
        &self,
        no: i64,
        minute: u64,
        entries: Vec<Entry>,
    ) -> Result<(), Failure> {
        let mut parts: BTreeMap<u64, Vec<Entry>> = BTreeMap::new();
        for entry in entries {
            parts
                .entry(pack::part(entry.process))
                .or_default()
                .push(entry);
        }
        parts
            .into_iter()
            .try_for_each(|(part, mut entries)| self.add_to_pack(no, minute, part, &mut entries))
    }

    /// Packs these together with what is in their pack, if there is one.
    fn add_to_pack(
        &self,
        no: i64,
        minute: u64,
        part: u64,
        entries: &mut Vec<Entry>,
    ) -> Result<(), Failure> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut find = self.db.prepare_cached(
            "SELECT pack FROM packs WHERE life = ?1 AND minute = ?2 AND part = ?3",
        )?;
        let mut found = find.query((no, signed(minute), signed(part)))?;
        if let Some(row) = found.next()? {
            let known = Pack::read(minute, blob(row, 0)?)?;
            known.entries(
                |_| true,
                |entry| {
                    entries.push(entry);
                    Ok(())
                },
            )?;
        }
        drop(found);
        block::settle(Resolution::Second, entries);
        self.put_pack(no, minute, part, entries)
    }

    /// Writes a pack of settled entries; without any there is none.
    pub(super) fn put_pack(
        &self,
        no: i64,
        minute: u64,
        part: u64,
        entries: &[Entry],
    ) -> Result<(), Failure> {
        let key = (no, signed(minute), signed(part));
        let second = |entry: &Entry| entry.cell.at_ns / Resolution::Second.ns();
        let seconds = entries.iter().map(second);
        let Some((first, last)) = seconds.clone().min().zip(seconds.max()) else {
            let mut delete = self.db.prepare_cached(
                "DELETE FROM packs WHERE life = ?1 AND minute = ?2 AND part = ?3",
            )?;
            delete.execute(key)?;
            return Ok(());
        };
        let mut put = self.db.prepare_cached(
            "INSERT OR REPLACE INTO packs (life, minute, part, first_second, last_second, entries, pack) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        put.execute((
            key.0,
            key.1,
            key.2,
            signed(first),
            signed(last),
            signed(rows(entries)),
            pack::pack(minute, entries),
        ))?;
        Ok(())
    }

    /// Takes a minute out of its packs again, because more seconds of it are to come that are not folded yet.
    pub(super) fn unpack_from(&mut self, no: i64, minute: u64) -> Result<(), Failure> {
        let mut seconds: BTreeMap<u64, Vec<Entry>> = BTreeMap::new();
        self.each_pack(no, minute, None, |_, _, pack| {
            pack.entries(
                |_| true,
                |entry| {
                    let second = entry.cell.at_ns / Resolution::Second.ns();
                    seconds.entry(second).or_default().push(entry);
                    Ok(())
                },
            )
        })?;
        let mut delete = self
            .db
            .prepare_cached("DELETE FROM packs WHERE life = ?1 AND minute >= ?2")?;
        delete.execute((no, signed(minute)))?;
        for (second, mut entries) in seconds {
            block::settle(Resolution::Second, &mut entries);
            self.put_block(no, Resolution::Second, second, 0, &entries)?;
        }
        let life = self.life(no)?;
        life.packed = minute;
        life.changed = true;
        Ok(())
    }

    /// Calls `each` with every pack of a life from a minute on, or with those that a process may stand in: minute, part and pack.
    pub(super) fn each_pack(
        &self,
        no: i64,
        from_minute: u64,
        process: Option<u64>,
        mut each: impl FnMut(u64, u64, &Pack<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut find = self.db.prepare_cached(
            "SELECT minute, part, pack FROM packs WHERE life = ?1 AND minute >= ?2 AND (?3 IS NULL OR part = ?3)",
        )?;
        let part = process.map(|process| signed(pack::part(process)));
        let mut found = find.query((no, signed(from_minute), part))?;
        while let Some(row) = found.next()? {
            let minute = unsigned(row, 0)?;
            let pack = Pack::read(minute, blob(row, 2)?)?;
            each(minute, unsigned(row, 1)?, &pack)?;
        }
        Ok(())
    }

    /// Removes the packed seconds of a life before this one; gives the number of rows.
    pub(super) fn prune_packs(&self, no: i64, second: u64) -> Result<u64, Failure> {
        let minute = second / MINUTE;
        let mut count = self.db.prepare_cached(
            "SELECT ifnull(sum(entries), 0) FROM packs WHERE life = ?1 AND minute < ?2",
        )?;
        let mut removed = count.query_row((no, signed(minute)), |row| unsigned(row, 0))?;
        let mut delete = self
            .db
            .prepare_cached("DELETE FROM packs WHERE life = ?1 AND minute < ?2")?;
        delete.execute((no, signed(minute)))?;
        if second.is_multiple_of(MINUTE) {
            return Ok(removed);
        }
        // Of the minute that it lies in, what is kept is packed anew.
        let mut cut = Vec::new();
        self.each_pack(no, minute, None, |at, part, pack| {
            if at > minute {
                return Ok(());
            }
            let mut entries = Vec::new();
            pack.entries(
                |_| true,
                |entry| {
                    entries.push(entry);
                    Ok(())
                },
            )?;
            cut.push((part, entries));
            Ok(())
        })?;
        for (part, mut entries) in cut {
            let before = rows(&entries);
            entries.retain(|entry| entry.cell.at_ns / Resolution::Second.ns() >= second);
            removed += before - rows(&entries);
            self.put_pack(no, minute, part, &entries)?;
        }
        Ok(removed)
    }

    /// The first and the last packed second of a life.
    pub(super) fn packed_span(&self, no: i64) -> Result<Option<(u64, u64)>, Failure> {
        let mut find = self.db.prepare_cached(
            "SELECT (SELECT min(first_second) FROM packs WHERE life = ?1 AND minute = (SELECT minute FROM packs WHERE life = ?1 ORDER BY minute LIMIT 1)),
                    (SELECT max(last_second) FROM packs WHERE life = ?1 AND minute = (SELECT minute FROM packs WHERE life = ?1 ORDER BY minute DESC LIMIT 1))",
        )?;
        let found: Option<(Option<i64>, Option<i64>)> = find
            .query_row([no], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        Ok(found
            .and_then(|(first, last)| first.zip(last))
            .map(|(first, last)| (first.cast_unsigned(), last.cast_unsigned())))
    }
}

/// How many seconds of processes and epochs settled entries tell of.
pub(crate) fn rows(entries: &[Entry]) -> u64 {
    let key = |entry: &Entry| {
        (
            entry.process,
            entry.epoch_ns,
            entry.cell.at_ns / Resolution::Second.ns(),
        )
    };
    entries.chunk_by(|a, b| key(a) == key(b)).count() as u64
}
