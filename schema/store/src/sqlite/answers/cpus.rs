//! CPU time of one process by core.

use bc_schema::cpu_usage::{self, CpuEnd};
use bc_schema::store::{CpuSeries, CpuSeriesQuery};
use bc_schema::{ContainerId, Resolution};
use rusqlite::Connection;

use super::{Life, lives, numbers, resolve};
use crate::sqlite::cpus::{self, Total};
use crate::sqlite::error::Failure;
use crate::sqlite::rows::{blob, number, signed, unsigned};

/// The curves asked for, by CPU.
pub(crate) fn cpu_series(
    db: &Connection,
    id: &ContainerId,
    query: &CpuSeriesQuery,
) -> Result<Vec<CpuSeries>, Failure> {
    let Some(container) = resolve(db, id)? else {
        return Ok(Vec::new());
    };
    let Some(process) = numbers(db, &[query.process])?.first().copied() else {
        return Ok(Vec::new());
    };
    let resolution = query.resolution;
    let from = query.range.from_ns.div_ceil(resolution.ns());
    let to = query.range.to_ns.div_ceil(resolution.ns());
    let (mut ends, mut earlier) = (Vec::new(), Vec::new());
    for life in lives(db, &container)? {
        let heads = heads(db, &life, process)?;
        // A range of seconds counts from what was before it: in seconds that are still there, or in a coarser bucket.
        for kept in Resolution::ALL
            .into_iter()
            .filter(|&kept| kept >= resolution)
        {
            let until = to
                .saturating_mul(resolution.seconds())
                .div_ceil(kept.seconds());
            let mut totals = blocks(db, &life, kept, until, process)?;
            totals.extend(heads.iter().map(|head| Total {
                bucket: head.bucket / kept.seconds(),
                ..*head
            }));
            let floor = life.floors[kept as usize];
            for total in totals.iter().filter(|total| total.bucket >= floor) {
                let end = end(kept, total);
                if kept == resolution && (from..to).contains(&total.bucket) {
                    ends.push(end);
                } else {
                    earlier.push(end);
                }
            }
        }
    }
    Ok(cpu_usage::cpu_series(ends, earlier))
}

fn end(resolution: Resolution, total: &Total) -> CpuEnd {
    CpuEnd {
        cpu: total.cpu,
        epoch_ns: total.epoch_ns,
        resolution,
        bucket_ns: total.bucket.saturating_mul(resolution.ns()),
        cpu_ns: total.cpu_ns,
    }
}

/// What is not folded yet.
fn heads(db: &Connection, life: &Life, process: u64) -> Result<Vec<Total>, Failure> {
    let mut totals = Vec::new();
    let mut find = db.prepare_cached("SELECT second, block FROM cpu_heads WHERE life = ?1")?;
    let mut found = find.query([life.no])?;
    while let Some(row) = found.next()? {
        cpus::read(unsigned(row, 0)?, Some(process), blob(row, 1)?, &mut totals)?;
    }
    Ok(totals)
}

/// What is folded of the buckets before `until`, and perhaps a few more.
fn blocks(
    db: &Connection,
    life: &Life,
    resolution: Resolution,
    until: u64,
    process: u64,
) -> Result<Vec<Total>, Failure> {
    let mut totals = Vec::new();
    let mut find = db.prepare_cached(
        "SELECT span, block FROM cpu_blocks WHERE life = ?1 AND resolution = ?2 AND span <= ?3 AND part = ?4",
    )?;
    let length = cpus::buckets_in_span(resolution);
    let mut found = find.query((
        life.no,
        number(resolution),
        signed(until / length),
        signed(cpus::part(process)),
    ))?;
    while let Some(row) = found.next()? {
        let first = unsigned(row, 0)?.wrapping_mul(length);
        cpus::read(first, Some(process), blob(row, 1)?, &mut totals)?;
    }
    Ok(totals)
}
