//! Blocks: each can be unpacked, tells of processes that are known, and lies within its life and what is kept of it.

use std::collections::{HashMap, HashSet};

use bc_schema::Resolution;
use rusqlite::{Connection, Row};

use super::{Looking, Report};
use crate::sqlite::block::{self, Entry};
use crate::sqlite::error::Failure;
use crate::sqlite::rows::{self, blob, unsigned};

/// Progress is told each time so many are done.
const STRIDE: u64 = 4_096;

/// What a block of a life is held against.
struct Life {
    began_ns: u64,
    last_record_ns: u64,
    floors: [u64; 4],
}

pub(super) fn check(
    db: &Connection,
    report: &mut Report,
    progress: &mut dyn FnMut(Looking),
) -> Result<(), Failure> {
    let of = db.query_row("SELECT count(*) FROM blocks", [], |row| unsigned(row, 0))?;
    let lives = lives(db)?;
    let mut find = db.prepare("SELECT no FROM processes")?;
    let processes = find.query_map([], |row| unsigned(row, 0))?;
    let processes: HashSet<u64> = processes.collect::<Result<_, _>>()?;
    let mut find = db.prepare(
        "SELECT life, resolution, bucket, part, entries, block FROM blocks ORDER BY life, resolution, bucket, part",
    )?;
    let mut found = find.query([])?;
    while let Some(row) = found.next()? {
        if report.blocks.is_multiple_of(STRIDE) {
            progress(Looking::AtBlocks {
                done: report.blocks,
                of,
            });
        }
        report.blocks += 1;
        if let Err(what) = one(row, &lives, &processes)? {
            report.problem(what);
        }
    }
    Ok(())
}

/// What is wrong with a block.
fn one(
    row: &Row<'_>,
    lives: &HashMap<i64, Life>,
    processes: &HashSet<u64>,
) -> Result<Result<(), String>, Failure> {
    let (life, number, bucket) = (row.get::<_, i64>(0)?, unsigned(row, 1)?, unsigned(row, 2)?);
    let (part, told) = (unsigned(row, 3)?, unsigned(row, 4)?);
    let place = || format!("the block of life {life}, resolution {number}, bucket {bucket}");
    let resolution = usize::try_from(number)
        .ok()
        .and_then(|number| Resolution::ALL.get(number));
    let (Some(&resolution), Some(of)) = (resolution, lives.get(&life)) else {
        // A life that is not there was told before.
        return Ok(if resolution.is_none() {
            Err(format!("{} is of no resolution", place()))
        } else {
            Ok(())
        });
    };
    let entries: Result<Vec<Entry>, Failure> = block::read(resolution, bucket, blob(row, 5)?)
        .map(|entry| entry?.unpack())
        .collect();
    let Ok(entries) = entries else {
        return Ok(Err(format!("{} cannot be unpacked", place())));
    };
    let in_bucket = |entry: &Entry| entry.cell.at_ns / resolution.ns() == bucket;
    let wrong = [
        (
            entries.is_empty() || block::rows(&entries) != told,
            "says how many processes it tells of, and tells of others",
        ),
        (
            !entries.iter().all(in_bucket),
            "holds samples of another time",
        ),
        (
            entries
                .iter()
                .any(|entry| block::part(resolution, entry.process) != part),
            "holds processes of another part",
        ),
        (
            entries
                .iter()
                .any(|entry| !processes.contains(&entry.process)),
            "tells of a process that is not there",
        ),
        (
            entries
                .iter()
                .any(|entry| entry.cell.at_ns > of.last_record_ns),
            "is of after its life's last record",
        ),
        (
            (bucket + 1).saturating_mul(resolution.ns()) <= of.began_ns,
            "is of before its life began",
        ),
        (
            bucket < of.floors[resolution as usize],
            "is older than what is kept",
        ),
    ];
    let wrong = wrong.into_iter().find(|(wrong, _)| *wrong);
    Ok(wrong.map_or(Ok(()), |(_, what)| Err(format!("{} {what}", place()))))
}

fn lives(db: &Connection) -> Result<HashMap<i64, Life>, Failure> {
    let mut find = db.prepare(
        "SELECT no, began_ns, last_record_ns, floor_second, floor_minute, floor_hour, floor_day FROM lives",
    )?;
    let lives = find.query_map([], |row| {
        let life = Life {
            began_ns: unsigned(row, 1)?,
            last_record_ns: unsigned(row, 2)?,
            floors: rows::unsigned_array(row, 3)?,
        };
        Ok((row.get(0)?, life))
    })?;
    Ok(lives.collect::<Result<_, _>>()?)
}
