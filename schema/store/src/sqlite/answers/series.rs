//! Curves: the buckets of a container's processes. What they count from is looked for in `series/base`.

pub(super) mod base;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bc_schema::store::{Before, Point, Series, SeriesQuery};
use bc_schema::usage::{self, Base, BucketEnd};
use bc_schema::{ContainerId, LifeKey, ProcessId, ProcessStart, Resolution};
use rusqlite::Connection;
use rustc_hash::FxHashMap;

use super::processes::accounts;
use super::walk::Walk;
use super::{Life, Resolved, lives, numbers, resolve};
use crate::cell::Cell;
use crate::facts;
use crate::sqlite::block::Entry;
use crate::sqlite::error::Failure;

/// The curves asked for, by the start of their processes.
pub(crate) fn series(
    db: &Connection,
    id: &ContainerId,
    query: &SeriesQuery,
) -> Result<Vec<Series>, Failure> {
    let Some(container) = resolve(db, id)? else {
        return Ok(Vec::new());
    };
    if query.range.from_ns >= query.range.to_ns {
        return Ok(Vec::new());
    }
    let only = query
        .ids
        .as_deref()
        .map(|ids| numbers(db, ids))
        .transpose()?;
    let mut found = Vec::new();
    for life in lives(db, &container)? {
        let walk = Walk {
            db,
            life: &life,
            only: only.as_deref(),
        };
        let mut gathered = Gathered::new(walk, query)?;
        let latest = latest(&gathered.before);
        let firsts = gathered.firsts(query.resolution);
        let before = std::mem::take(&mut gathered.before);
        let bases = base::bases(walk, query.resolution, before, firsts)?;
        let processes: BTreeSet<u64> = gathered
            .buckets
            .keys()
            .chain(latest.keys())
            .copied()
            .collect();
        let starts = starts(db, &container, &life, processes.into_iter().collect())?;
        // Taken out one by one: what is gathered of all processes is large, and so is the answer.
        for (process, start) in starts {
            let buckets = gathered.buckets.remove(&process).unwrap_or_default();
            let before = latest.get(&process).map(|(_, before)| *before);
            found.push((
                place(&start),
                Series {
                    process: start.process,
                    before,
                    points: points(&start, buckets, query.resolution, process, &bases),
                },
            ));
        }
    }
    found.sort_by_key(|(place, _)| *place);
    Ok(found.into_iter().map(|(_, series)| series).collect())
}

/// Where a process stands in an answer.
fn place(start: &ProcessStart) -> (u64, u32, ProcessId) {
    (start.start_ns, start.pid, start.process)
}

/// Process and epoch.
pub(super) type Account = (u64, u64);

/// The buckets that are asked for: the first, and the first after.
pub(super) fn buckets(life: &Life, query: &SeriesQuery) -> (u64, u64) {
    let length_ns = query.resolution.ns();
    let floor = life.floors[query.resolution as usize];
    (
        query.range.from_ns.div_ceil(length_ns).max(floor),
        query.range.to_ns.div_ceil(length_ns),
    )
}

/// The last samples of seconds before a range, of each process and epoch, as far as the minute that it begins in and the one before tell.
pub(super) fn before(walk: Walk<'_>, from: u64) -> Result<FxHashMap<Account, Cell>, Failure> {
    let mut all = Gathered::default();
    all.gather_minutes_before(walk, from)?;
    let minute = from - from % Resolution::Minute.seconds();
    walk.blocks(Resolution::Second, minute, from, |_, entry| {
        all.add_before(&entry.unpack()?);
        Ok(())
    })?;
    Ok(all.before)
}

/// What one block says of a bucket: epoch, bucket, and that.
pub(super) type OfBucket = (u64, u64, Cell);

/// The cells of each process. A bucket may stand here more than once.
#[derive(Default)]
struct Gathered {
    buckets: HashMap<u64, Vec<OfBucket>>,
    /// The last samples just before the first bucket asked for.
    before: FxHashMap<Account, Cell>,
}

impl Gathered {
    fn new(walk: Walk<'_>, query: &SeriesQuery) -> Result<Self, Failure> {
        let (resolution, life) = (query.resolution, walk.life);
        let (from, to) = buckets(life, query);
        let mut all = Self::default();
        if resolution == Resolution::Second {
            all.before = before(walk, from)?;
        }
        for (finer, unsealed) in life.unsealed(resolution).chain([(resolution, 0)]) {
            let (length, finer_length) = (resolution.seconds(), finer.seconds());
            let span = (
                from.saturating_mul(length) / finer_length,
                to.saturating_mul(length).div_ceil(finer_length),
            );
            walk.blocks(finer, span.0.max(unsealed), span.1, |bucket, entry| {
                let entry = entry.unpack()?;
                let bucket = bucket * finer_length / length;
                let of_process = all.buckets.entry(entry.process).or_default();
                of_process.push((entry.epoch_ns, bucket, entry.cell));
                Ok(())
            })?;
        }
        Ok(all)
    }

    /// The last samples before a second, in the minute before its own (each process that is there has one in every minute) and, as far as a
    /// minute's block tells, in its own.
    fn gather_minutes_before(&mut self, walk: Walk<'_>, second: u64) -> Result<(), Failure> {
        let length = Resolution::Minute.seconds();
        let own = second / length;
        let first = (own.saturating_sub(1)).max(walk.life.floors[Resolution::Minute as usize]);
        let before_ns = second.saturating_mul(Resolution::Second.ns());
        for (resolution, unsealed) in walk.life.unsealed(Resolution::Minute) {
            let from = unsealed.max(first.saturating_mul(length));
            walk.blocks(resolution, from, own * length, |_, entry| {
                self.add_before(&entry.unpack()?);
                Ok(())
            })?;
        }
        let mut of_own = HashMap::new();
        walk.blocks(Resolution::Minute, first, own + 1, |minute, entry| {
            let entry = entry.unpack()?;
            if minute < own {
                self.add_before(&entry);
            } else if entry.cell.at_ns < before_ns {
                of_own.insert((entry.process, entry.epoch_ns), entry);
            }
            Ok(())
        })?;
        // The last sample of a minute that is folded in part may be later than its block says.
        for (resolution, unsealed) in walk.life.unsealed(Resolution::Minute) {
            walk.blocks(
                resolution,
                unsealed.max(second),
                (own + 1) * length,
                |_, entry| {
                    of_own.remove(&(entry.process(), entry.epoch_ns()?));
                    Ok(())
                },
            )?;
        }
        of_own.values().for_each(|entry| self.add_before(entry));
        Ok(())
    }

    fn add_before(&mut self, entry: &Entry) {
        self.before
            .entry((entry.process, entry.epoch_ns))
            .or_insert(entry.cell)
            .merge(&entry.cell);
    }

    /// The second in which the first bucket of each process and epoch begins.
    fn firsts(&self, resolution: Resolution) -> FxHashMap<Account, u64> {
        let mut firsts = FxHashMap::default();
        for (&process, buckets) in &self.buckets {
            for &(epoch_ns, bucket, _) in buckets {
                let second = bucket * resolution.seconds();
                firsts
                    .entry((process, epoch_ns))
                    .and_modify(|first: &mut u64| *first = second.min(*first))
                    .or_insert(second);
            }
        }
        firsts
    }
}

/// Of each process, the latest sample before, of whatever epoch.
pub(super) fn latest(before: &FxHashMap<Account, Cell>) -> HashMap<u64, ((u64, u64), Before)> {
    let mut latest = HashMap::new();
    for (&(process, epoch_ns), cell) in before {
        let before = Before {
            at_ns: cell.at_ns,
            metrics: cell.metrics,
        };
        let order = (cell.at_ns, epoch_ns);
        let known = latest.entry(process).or_insert((order, before));
        if known.0 < order {
            *known = (order, before);
        }
    }
    latest
}

/// How the processes began that these numbers stand for.
pub(super) fn starts(
    db: &Connection,
    container: &Resolved,
    life: &Life,
    mut processes: Vec<u64>,
) -> Result<Vec<(u64, ProcessStart)>, Failure> {
    processes.sort_unstable();
    let keys: BTreeMap<i64, LifeKey> = BTreeMap::from([(life.no, life.key.clone())]);
    let accounts = accounts(db, container.no, Some(&processes), &keys)?;
    Ok(accounts
        .into_iter()
        .map(|account| (account.process, account.start))
        .collect())
}

fn points(
    start: &ProcessStart,
    mut buckets: Vec<OfBucket>,
    resolution: Resolution,
    process: u64,
    before: &FxHashMap<Account, Cell>,
) -> Vec<Point> {
    settle(&mut buckets);
    let mut bases = Vec::new();
    for of_epoch in buckets.chunk_by(|a, b| a.0 == b.0) {
        let epoch_ns = of_epoch[0].0;
        let last = before.get(&(process, epoch_ns));
        bases.extend(base(start, epoch_ns, last));
    }
    let ends: Vec<BucketEnd> = buckets
        .into_iter()
        .map(|(epoch_ns, _, cell)| cell.bucket_end(epoch_ns, resolution))
        .collect();
    usage::points(ends, &bases, facts::account_began_ns(start))
}

/// What an epoch's totals count from, where the last sample before is known or not.
pub(super) fn base(start: &ProcessStart, epoch_ns: u64, last: Option<&Cell>) -> Option<Base> {
    let base = last.map(|cell| Base {
        epoch_ns,
        at_ns: cell.at_ns,
        metrics: cell.metrics,
    });
    base.or_else(|| facts::baseline(start, epoch_ns))
}

/// Brings what blocks say of a process in order, each bucket of an epoch once.
pub(super) fn settle(buckets: &mut Vec<OfBucket>) {
    buckets.sort_by_key(|(epoch_ns, bucket, _)| (*epoch_ns, *bucket));
    buckets.dedup_by(|next, kept| {
        let same = (next.0, next.1) == (kept.0, kept.1);
        if same {
            kept.2.merge(&next.2);
        }
        same
    });
}
