//! Walking the blocks and packs of a life, newest or oldest first.

use std::collections::BTreeSet;

use bc_schema::Resolution;
use rusqlite::blob::Blob;
use rusqlite::{Connection, MAIN_DB, Rows};

use super::Life;
use crate::cell::Cell;
use crate::sqlite::block::{self, Entry, PackedEntry};
use crate::sqlite::error::Failure;
use crate::sqlite::pack::{self, Pack, ReadPlace};
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
        mut each: impl FnMut(u64, Told<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if resolution == Resolution::Second {
            self.packs(from, to, &mut each)?;
        }
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
        each: &mut impl FnMut(u64, Told<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        while let Some(row) = found.next()? {
            let bucket = unsigned(row, 0)?;
            for entry in block::read(resolution, bucket, blob(row, 1)?) {
                let entry = entry?;
                if self.wants(entry.process) {
                    each(bucket, Told::InBlock(entry))?;
                }
            }
        }
        Ok(())
    }

    /// Calls `each` with the blocks of buckets from `from` on and before `to`: of one process, those of earlier buckets first.
    pub(super) fn oldest_first(
        &self,
        resolution: Resolution,
        from: u64,
        to: u64,
        mut each: impl FnMut(u64, &[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let parts = self.parts(resolution);
        let key = (
            self.life.no,
            number(resolution),
            signed(from),
            signed(to.min(i64::MAX as u64)),
        );
        let mut find = self.db.prepare_cached(
            "SELECT bucket, part, no FROM blocks WHERE life = ?1 AND resolution = ?2 AND bucket >= ?3 AND bucket < ?4
             ORDER BY bucket, part",
        )?;
        let mut open = self
            .db
            .prepare_cached("SELECT block FROM blocks WHERE no = ?1")?;
        let mut found = find.query(key)?;
        while let Some(row) = found.next()? {
            let part = unsigned(row, 1)?;
            if parts.as_ref().is_none_or(|parts| parts.contains(&part)) {
                let mut block = open.query([row.get::<_, i64>(2)?])?;
                if let Some(of_bucket) = block.next()? {
                    each(unsigned(row, 0)?, blob(of_bucket, 0)?)?;
                }
            }
        }
        Ok(())
    }

    /// Calls `each` with the packed seconds from `from` on and before `to`.
    fn packs(
        &self,
        from: u64,
        to: u64,
        each: &mut impl FnMut(u64, Told<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.each_pack(from, to, |minute, bytes| {
            Pack::read(minute, bytes)?.entries(
                |process| self.wants(process),
                |entry| {
                    let second = entry.cell.at_ns / Resolution::Second.ns();
                    if (from..to).contains(&second) {
                        each(second, Told::Open(entry))?;
                    }
                    Ok(())
                },
            )
        })
    }

    /// Whether a process is one of those asked for.
    pub(super) fn wants(&self, process: u64) -> bool {
        self.only
            .is_none_or(|only| only.binary_search(&process).is_ok())
    }

    /// Calls `each` with the bytes of the packs that have seconds in this range: minute and bytes.
    pub(super) fn each_pack(
        &self,
        from: u64,
        to: u64,
        mut each: impl FnMut(u64, &[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut open = self
            .db
            .prepare_cached("SELECT pack FROM packs WHERE no = ?1")?;
        self.pack_numbers(from, to, |minute, no| {
            let mut bytes = open.query([no])?;
            match bytes.next()? {
                Some(row) => each(minute, blob(row, 0)?),
                None => Ok(()),
            }
        })
    }

    /// The same for who reads single places of them: minute, length, and what fills a buffer from a place on. Oldest first.
    pub(super) fn open_packs(
        &self,
        from: u64,
        to: u64,
        mut each: impl FnMut(u64, usize, &mut ReadPlace<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut open: Option<Blob<'_>> = None;
        self.pack_numbers(from, to, |minute, no| {
            let blob = match &mut open {
                Some(blob) => {
                    blob.reopen(no)?;
                    blob
                }
                None => open.insert(self.db.blob_open(MAIN_DB, "packs", "pack", no, true)?),
            };
            each(minute, blob.len(), &mut |place, buffer| {
                Ok(blob.read_at_exact(buffer, place)?)
            })
        })
    }

    /// Calls `each` with the packs that have seconds in this range: minute and number of the row. Oldest first.
    fn pack_numbers(
        &self,
        from: u64,
        to: u64,
        mut each: impl FnMut(u64, i64) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let length = Resolution::Minute.seconds();
        let to = to.min(self.life.packed.saturating_mul(length));
        if from >= to {
            return Ok(());
        }
        let parts: Option<BTreeSet<u64>> = self
            .only
            .map(|only| only.iter().map(|&process| pack::part(process)).collect());
        let mut find = self.db.prepare_cached(
            "SELECT minute, part, no FROM packs WHERE life = ?1 AND minute >= ?2 AND minute < ?3 ORDER BY minute, part",
        )?;
        let span = (
            self.life.no,
            signed(from / length),
            signed(to.div_ceil(length)),
        );
        let mut found = find.query(span)?;
        while let Some(row) = found.next()? {
            let (minute, part) = (unsigned(row, 0)?, unsigned(row, 1)?);
            if parts.as_ref().is_none_or(|parts| parts.contains(&part)) {
                each(minute, row.get(2)?)?;
            }
        }
        Ok(())
    }
}

/// A sample, as a block or a pack has it. It is looked at once and not kept.
pub(super) enum Told<'a> {
    InBlock(PackedEntry<'a>),
    Open(Entry),
}

impl Told<'_> {
    pub(super) fn process(&self) -> u64 {
        match self {
            Self::InBlock(entry) => entry.process,
            Self::Open(entry) => entry.process,
        }
    }

    pub(super) fn epoch_ns(&self) -> Result<u64, Failure> {
        match self {
            Self::InBlock(entry) => entry.epoch_ns(),
            Self::Open(entry) => Ok(entry.epoch_ns),
        }
    }

    pub(super) fn unpack(&self) -> Result<Entry, Failure> {
        match self {
            Self::InBlock(entry) => entry.unpack(),
            Self::Open(entry) => Ok(*entry),
        }
    }

    /// Merges it into what is known of its process and epoch in a bucket.
    pub(super) fn merge_into(&self, known: &mut Cell) -> Result<(), Failure> {
        match self {
            Self::InBlock(entry) => entry.merge_into(known)?,
            Self::Open(entry) => known.merge(&entry.cell),
        }
        Ok(())
    }
}
