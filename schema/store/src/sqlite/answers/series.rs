//! Curves: the buckets of a container's processes, and what they count from.

use std::collections::{BTreeMap, HashMap};

use bc_schema::store::{Series, SeriesQuery};
use bc_schema::usage::{self, Base, BucketEnd};
use bc_schema::{ContainerId, LifeKey, Resolution};
use rusqlite::{Connection, OptionalExtension};

use super::processes::{Account, accounts, numbers};
use super::{Life, Resolved, blocks, lives, open_minute, resolve};
use crate::cell::Cell;
use crate::facts;
use crate::sqlite::error::Failure;
use crate::sqlite::packed;
use crate::sqlite::rows::{self, number, signed, unsigned};

/// Where a few processes are asked for, their buckets are looked up one by one, up to so many; else all of a span is read.
const LOOKUPS: u64 = 20_000;

/// The curves asked for, by the start of their processes.
pub(crate) fn series(
    db: &Connection,
    id: &ContainerId,
    query: &SeriesQuery,
) -> Result<Vec<Series>, Failure> {
    let Some(container) = resolve(db, id)? else {
        return Ok(Vec::new());
    };
    let ids = query.ids.as_ref().map(|ids| numbers(db, ids)).transpose()?;
    let mut found = Vec::new();
    for life in lives(db, &container)? {
        let length_ns = query.resolution.ns();
        let gathering = Gathering {
            db,
            container: &container,
            life: &life,
            resolution: query.resolution,
            from: query.range.from_ns.div_ceil(length_ns),
            to: query.range.to_ns.div_ceil(length_ns),
            ids: ids.as_deref(),
        };
        let keys = BTreeMap::from([(life.no, life.key.clone())]);
        for (process, gathered) in gathering.gather()? {
            found.extend(gathering.series(process, gathered, &keys)?);
        }
    }
    found.sort_by_key(|(start, _)| *start);
    Ok(found.into_iter().map(|(_, series)| series).collect())
}

/// One life's part of a query.
struct Gathering<'a> {
    db: &'a Connection,
    container: &'a Resolved,
    life: &'a Life,
    resolution: Resolution,
    /// Buckets from this one on.
    from: u64,
    /// Buckets before this one.
    to: u64,
    ids: Option<&'a [u64]>,
}

/// One process's part of an answer.
#[derive(Default)]
struct Gathered {
    /// Epoch, bucket, and what is known of that bucket; a bucket may stand here more than once.
    cells: Vec<(u64, u64, Cell)>,
    /// For each epoch, the last sample in the seconds just before the first bucket.
    before: HashMap<u64, Cell>,
}

/// What the order of the answer goes by.
type Start = (u64, u32, bc_schema::ProcessId);

/// A process's number, and the first and the last bucket it can have.
type Lookup = (u64, u64, u64);

impl Gathering<'_> {
    fn wanted(&self, process: u64) -> bool {
        self.ids
            .is_none_or(|ids| ids.binary_search(&process).is_ok())
    }

    fn gather(&self) -> Result<HashMap<u64, Gathered>, Failure> {
        let mut found: HashMap<u64, Gathered> = HashMap::new();
        if self.resolution == Resolution::Second {
            // From the beginning of the minute on: what was before that is known from sealed rows.
            let minute = self.from - self.from % Resolution::Minute.seconds();
            blocks(
                self.db,
                self.life.no,
                minute,
                self.to,
                |process| self.wanted(process),
                |second, entry| {
                    let gathered = found.entry(entry.process).or_default();
                    if second < self.from {
                        gathered
                            .before
                            .entry(entry.epoch_ns)
                            .or_insert(entry.cell)
                            .merge(&entry.cell);
                    } else {
                        gathered.cells.push((entry.epoch_ns, second, entry.cell));
                    }
                },
            )?;
            return Ok(found);
        }
        self.sealed(|process, epoch_ns, bucket, cell| {
            found
                .entry(process)
                .or_default()
                .cells
                .push((epoch_ns, bucket, cell))
        })?;
        let floor = self.life.floors[self.resolution as usize];
        for ((process, epoch_ns), cell) in
            open_minute(self.db, self.life, |process| self.wanted(process))?
        {
            let bucket = cell.at_ns / self.resolution.ns();
            if bucket >= floor && (self.from..self.to).contains(&bucket) {
                found
                    .entry(process)
                    .or_default()
                    .cells
                    .push((epoch_ns, bucket, cell));
            }
        }
        Ok(found)
    }

    /// Calls `each` with the sealed buckets: process, epoch, bucket, cell.
    fn sealed(&self, mut each: impl FnMut(u64, u64, u64, Cell)) -> Result<(), Failure> {
        let resolution = number(self.resolution);
        if let Some(spans) = self.lookups()? {
            let mut find = self.db.prepare_cached(
                "WITH RECURSIVE walk (bucket) AS (SELECT ?4 UNION ALL SELECT bucket + 1 FROM walk WHERE bucket < ?5)
                 SELECT c.epoch_ns, c.bucket, c.cell FROM walk CROSS JOIN cells c
                 ON c.life = ?1 AND c.resolution = ?2 AND c.bucket = walk.bucket AND c.process = ?3",
            )?;
            for (process, first, last) in spans {
                let mut found = find.query((
                    self.life.no,
                    resolution,
                    signed(process),
                    signed(first),
                    signed(last),
                ))?;
                while let Some(row) = found.next()? {
                    let bucket = unsigned(row, 1)?;
                    each(
                        process,
                        unsigned(row, 0)?,
                        bucket,
                        self.unpack(row, 2, bucket)?,
                    );
                }
            }
            return Ok(());
        }
        let mut find = self.db.prepare_cached(
            "SELECT process, epoch_ns, bucket, cell FROM cells WHERE life = ?1 AND resolution = ?2 AND bucket >= ?3 AND bucket < ?4",
        )?;
        let mut found =
            find.query((self.life.no, resolution, signed(self.from), signed(self.to)))?;
        while let Some(row) = found.next()? {
            let (process, bucket) = (unsigned(row, 0)?, unsigned(row, 2)?);
            if self.wanted(process) {
                each(
                    process,
                    unsigned(row, 1)?,
                    bucket,
                    self.unpack(row, 3, bucket)?,
                );
            }
        }
        Ok(())
    }

    fn unpack(&self, row: &rusqlite::Row<'_>, index: usize, bucket: u64) -> Result<Cell, Failure> {
        packed::unpack_in(
            row.get_ref(index)?
                .as_blob()
                .map_err(rusqlite::Error::from)?,
            self.resolution,
            bucket,
        )
    }

    /// For each process asked for, the first and the last bucket it can have; `None` when reading everything is less work.
    fn lookups(&self) -> Result<Option<Vec<Lookup>>, Failure> {
        let Some(ids) = self.ids else { return Ok(None) };
        let mut find = self.db.prepare_cached(
            "SELECT epoch_ns, head, first_second FROM heads WHERE container = ?1 AND process = ?2",
        )?;
        let (mut spans, mut lookups) = (Vec::new(), 0u64);
        for &process in ids {
            let mut heads = find.query((self.container.no, signed(process)))?;
            let mut span: Option<(u64, u64)> = None;
            while let Some(row) = heads.next()? {
                let (_, head) = rows::head(row, 0)?;
                let (first, last) = (
                    unsigned(row, 2)? / self.resolution.seconds(),
                    head.at_ns / self.resolution.ns(),
                );
                span =
                    Some(span.map_or((first, last), |span| (span.0.min(first), span.1.max(last))));
            }
            let Some((first, last)) = span else { continue };
            let (first, last) = (first.max(self.from), last.min(self.to.saturating_sub(1)));
            if first <= last {
                lookups += last - first + 1;
                spans.push((process, first, last));
            }
            if lookups > LOOKUPS {
                return Ok(None);
            }
        }
        Ok(Some(spans))
    }

    fn series(
        &self,
        process: u64,
        mut gathered: Gathered,
        keys: &BTreeMap<i64, LifeKey>,
    ) -> Result<Option<(Start, Series)>, Failure> {
        gathered
            .cells
            .sort_by_key(|(epoch_ns, bucket, _)| (*epoch_ns, *bucket));
        gathered.cells.dedup_by(|next, kept| {
            let same = (next.0, next.1) == (kept.0, kept.1);
            if same {
                kept.2.merge(&next.2);
            }
            same
        });
        if gathered.cells.is_empty() {
            return Ok(None);
        }
        let account = self.account(process, keys)?;
        let mut bases = Vec::new();
        for of_epoch in gathered.cells.chunk_by(|a, b| a.0 == b.0) {
            let (epoch_ns, first_bucket, _) = of_epoch[0];
            let before = self.last_before(
                process,
                epoch_ns,
                first_bucket,
                gathered.before.get(&epoch_ns),
            )?;
            let base = before.map(|cell| Base {
                epoch_ns,
                at_ns: cell.at_ns,
                metrics: cell.metrics,
            });
            bases.extend(base.or_else(|| facts::baseline(&account.start, epoch_ns)));
        }
        let ends: Vec<BucketEnd> = gathered
            .cells
            .into_iter()
            .map(|(epoch_ns, _, cell)| cell.bucket_end(epoch_ns, self.resolution))
            .collect();
        let start = &account.start;
        let points = usage::points(ends, &bases, facts::account_began_ns(start));
        Ok(Some((
            (start.start_ns, start.pid, start.process),
            Series {
                process: start.process,
                points,
            },
        )))
    }

    fn account(&self, process: u64, keys: &BTreeMap<i64, LifeKey>) -> Result<Account, Failure> {
        let mut find = self
            .db
            .prepare_cached("SELECT id FROM processes WHERE no = ?1")?;
        let id = bc_schema::ProcessId(find.query_row([signed(process)], |row| row.get(0))?);
        accounts(self.db, self.container.no, Some(&[id]), keys)?
            .pop()
            .ok_or(Failure::Damaged("a process"))
    }

    /// The last sample before a bucket that any row of this resolution or a coarser one still holds. Retention takes the finer rows first,
    /// so what a finer row could tell, these tell too.
    fn last_before(
        &self,
        process: u64,
        epoch_ns: u64,
        bucket: u64,
        nearby: Option<&Cell>,
    ) -> Result<Option<Cell>, Failure> {
        let mut find =
            self.db.prepare_cached("SELECT first_second FROM heads WHERE container = ?1 AND process = ?2 AND epoch_ns = ?3")?;
        let key = (self.container.no, signed(process), signed(epoch_ns));
        let Some(first_second) = find.query_row(key, |row| unsigned(row, 0)).optional()? else {
            return Ok(nearby.copied());
        };
        let oldest =
            first_second.max(nearby.map_or(0, |cell| cell.at_ns / Resolution::Second.ns()));

        let mut find = self.db.prepare_cached(
            "SELECT cell FROM cells WHERE life = ?1 AND resolution = ?2 AND bucket = ?3 AND process = ?4 AND epoch_ns = ?5",
        )?;
        let second = bucket * self.resolution.seconds();
        let coarse = Resolution::COARSE
            .into_iter()
            .filter(|&resolution| resolution >= self.resolution);
        for resolution in coarse {
            let length = resolution.seconds();
            // What lies before the coarser bucket around is left to the coarser row.
            let coarser = Resolution::COARSE
                .into_iter()
                .find(|&coarser| coarser > resolution);
            let bottom = coarser
                .map_or(0, |coarser| second - second % coarser.seconds())
                .max(oldest)
                / length;
            for bucket in (bottom..second / length).rev() {
                let key = (
                    self.life.no,
                    number(resolution),
                    signed(bucket),
                    signed(process),
                    signed(epoch_ns),
                );
                let found: Option<Vec<u8>> = find.query_row(key, |row| row.get(0)).optional()?;
                if let Some(cell) = found {
                    return packed::unpack_in(&cell, resolution, bucket).map(Some);
                }
            }
        }
        Ok(nearby.copied())
    }
}
