//! Curves column by column: the same as [`super::series`], in runs, oldest first, so that nothing but a minute of one process is held.
//!
//! Packed seconds are read by the columns that are asked for. Buckets in blocks are read whole, one after the other, and handed over some
//! at a time. Only the buckets at
//! the open end, which have to be put together from finer ones, are gathered as rows.

mod lanes;

use std::collections::BTreeSet;

use bc_schema::store::{ColumnQuery, EachRun};
use bc_schema::{ContainerId, Resolution};
use rusqlite::Connection;
use rustc_hash::FxHashMap;

use super::places::Places;
use super::series::{Account, OfBucket, base, before, buckets, latest, starts};
use super::walk::{Told, Walk};
use super::{Life, Resolved, lives, numbers, resolve};
use crate::sqlite::block::{self, PackedEntry};
use crate::sqlite::error::Failure;
use crate::sqlite::pack::{Opened, Strip, Wanted};
use lanes::Lanes;

/// Hands over the curves asked for.
pub(crate) fn columns(
    db: &Connection,
    id: &ContainerId,
    query: &ColumnQuery,
    each: &mut EachRun<'_>,
) -> Result<(), Failure> {
    let Some(container) = resolve(db, id)? else {
        return Ok(());
    };
    if query.series.range.from_ns >= query.series.range.to_ns {
        return Ok(());
    }
    let ids = query.series.ids.as_deref();
    let only = ids.map(|ids| numbers(db, ids)).transpose()?;
    for life in lives(db, &container)? {
        let walk = Walk {
            db,
            life: &life,
            only: only.as_deref(),
        };
        of_life(walk, &container, query, each)?;
    }
    Ok(())
}

fn of_life(
    walk: Walk<'_>,
    container: &Resolved,
    query: &ColumnQuery,
    each: &mut EachRun<'_>,
) -> Result<(), Failure> {
    let resolution = query.series.resolution;
    let (from, to) = buckets(walk.life, &query.series);
    let before = match resolution {
        Resolution::Second => before(walk, from)?,
        _ => FxHashMap::default(),
    };
    let latest = latest(&before);
    let firsts = firsts(walk, resolution, from, to)?;
    let processes: BTreeSet<u64> = firsts
        .keys()
        .map(|(process, _)| process)
        .chain(latest.keys())
        .copied()
        .collect();
    let starts = starts(
        walk.db,
        container,
        walk.life,
        processes.into_iter().collect(),
    )?;
    let bases = base::bases(walk, resolution, before, firsts)?;
    let mut lanes = Lanes::new(query, starts, bases, each);
    for (process, (_, before)) in latest {
        lanes.begin(process, before);
    }
    if resolution == Resolution::Second {
        packed(walk, query, from, to, &mut lanes)?;
    }
    let open = open_from(walk.life, resolution).clamp(from, to.max(from));
    walk.oldest_first(resolution, from, open, |bucket, block| {
        of_block(walk, resolution, bucket, block, &mut lanes)
    })?;
    gathered(walk, resolution, open, to, &mut lanes)?;
    lanes.finish();
    Ok(())
}

/// The first bucket that is not made of its own blocks alone.
fn open_from(life: &Life, resolution: Resolution) -> u64 {
    let unsealed = life.unsealed(resolution);
    let buckets = unsealed.map(|(finer, first)| first * finer.seconds() / resolution.seconds());
    buckets.min().unwrap_or(u64::MAX)
}

/// For each process and epoch with buckets in a range, a second of the first: in packs, that its minute begins with.
fn firsts(
    walk: Walk<'_>,
    resolution: Resolution,
    from: u64,
    to: u64,
) -> Result<FxHashMap<Account, u64>, Failure> {
    let (mut places, mut firsts) = (Places::default(), Vec::new());
    let mut add = |account: Account, second: u64| match places.of(account) {
        (_, true) => firsts.push(second),
        (place, false) => firsts[place] = second.min(firsts[place]),
    };
    if resolution == Resolution::Second {
        let mut opened = Opened::default();
        walk.open_packs(from, to, |minute, length, read| {
            let second = minute * Resolution::Minute.seconds();
            for who in opened.who(length, read)? {
                if walk.wants(who.process) {
                    add((who.process, who.epoch_ns), second.max(from));
                }
            }
            Ok(())
        })?;
    }
    let length = resolution.seconds();
    walk.oldest_first(resolution, from, to, |bucket, block| {
        for entry in block::read(resolution, bucket, block) {
            let entry = entry?;
            if walk.wants(entry.process) {
                add((entry.process, entry.epoch_ns()?), bucket * length);
            }
        }
        Ok(())
    })?;
    finer(walk, resolution, from, to, |bucket, told| {
        add((told.process(), told.epoch_ns()?), bucket * length);
        Ok(())
    })?;
    Ok(places.accounts().iter().copied().zip(firsts).collect())
}

/// Calls `each` with what is not yet folded into buckets of this resolution.
fn finer(
    walk: Walk<'_>,
    resolution: Resolution,
    from: u64,
    to: u64,
    mut each: impl FnMut(u64, Told<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let length = resolution.seconds();
    for (finer, unsealed) in walk.life.unsealed(resolution) {
        let finer_length = finer.seconds();
        let first = from.saturating_mul(length) / finer_length;
        let end = to.saturating_mul(length).div_ceil(finer_length);
        walk.blocks(finer, first.max(unsealed), end, |bucket, told| {
            each(bucket * finer_length / length, told)
        })?;
    }
    Ok(())
}

/// The seconds that stand in packs.
fn packed(
    walk: Walk<'_>,
    query: &ColumnQuery,
    from: u64,
    to: u64,
    lanes: &mut Lanes<'_>,
) -> Result<(), Failure> {
    let wanted = Wanted::new(&query.metrics, query.max_rss);
    let (mut opened, mut strip) = (Opened::default(), Strip::of(&wanted));
    walk.open_packs(from, to, |minute, length, read| {
        let first = minute * Resolution::Minute.seconds();
        let end = first + Resolution::Minute.seconds();
        opened.read(&wanted, length, read)?;
        let pack = opened.pack(minute)?;
        if pack.has_one_epoch_each() {
            return pack.strips(
                &wanted,
                &mut strip,
                |who| walk.wants(who.process),
                |who, strip| {
                    if first < from || to < end {
                        strip.within(from, to);
                    }
                    lanes.strip(who.process, who.epoch_ns, strip);
                },
            );
        }
        gathered(
            walk,
            Resolution::Second,
            first.max(from),
            end.min(to),
            lanes,
        )
    })
}

/// One bucket in one block.
fn of_block(
    walk: Walk<'_>,
    resolution: Resolution,
    bucket: u64,
    block: &[u8],
    lanes: &mut Lanes<'_>,
) -> Result<(), Failure> {
    let mut several: Vec<OfBucket> = Vec::new();
    let mut entries = block::read(resolution, bucket, block).peekable();
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let process = entry.process;
        let same = |next: &Result<PackedEntry<'_>, Failure>| {
            next.as_ref().is_ok_and(|next| next.process == process)
        };
        if !walk.wants(process) {
            continue;
        }
        if several.is_empty() && entries.peek().is_none_or(|next| !same(next)) {
            lanes.cell(&entry.unpack()?, resolution);
            continue;
        }
        let entry = entry.unpack()?;
        several.push((entry.epoch_ns, bucket, entry.cell));
        if entries.peek().is_none_or(|next| !same(next)) {
            lanes.rows(process, std::mem::take(&mut several), resolution);
        }
    }
    Ok(())
}

/// Buckets that are put together from all that says something of them.
fn gathered(
    walk: Walk<'_>,
    resolution: Resolution,
    from: u64,
    to: u64,
    lanes: &mut Lanes<'_>,
) -> Result<(), Failure> {
    if from >= to {
        return Ok(());
    }
    let mut of_each: FxHashMap<u64, Vec<OfBucket>> = FxHashMap::default();
    let mut add = |bucket: u64, told: Told<'_>| {
        let epoch_ns = told.epoch_ns()?;
        let buckets = of_each.entry(told.process()).or_default();
        // The latest come first: mostly the ones before them in a bucket add little to it.
        match buckets.last_mut() {
            Some(last) if (last.0, last.1) == (epoch_ns, bucket) => told.merge_into(&mut last.2)?,
            _ => buckets.push((epoch_ns, bucket, told.unpack()?.cell)),
        }
        Ok(())
    };
    walk.blocks(resolution, from, to, &mut add)?;
    finer(walk, resolution, from, to, &mut add)?;
    for (process, buckets) in of_each {
        lanes.rows(process, buckets, resolution);
    }
    Ok(())
}
