//! What is packed: blocks, packs of seconds, CPU time by core. Each can be unpacked, tells of processes that are known, and lies within its
//! life and what is kept of it.

use std::collections::{HashMap, HashSet};

use bc_schema::Resolution;
use rusqlite::{Connection, Row};

use super::{Looking, Report};
use crate::sqlite::block::{self, Entry};
use crate::sqlite::error::Failure;
use crate::sqlite::pack::{self, Pack};
use crate::sqlite::rows::{self, blob, unsigned};
use crate::sqlite::{cpus, ledger};

/// Progress is told each time so many are done.
const STRIDE: u64 = 4_096;

/// What rows are held against.
struct Known {
    lives: HashMap<i64, Life>,
    processes: HashSet<u64>,
}

struct Life {
    began_ns: u64,
    last_record_ns: u64,
    floors: [u64; 4],
}

/// What is wrong with a row.
type Wrong = Option<&'static str>;

/// Looks at a row.
type Look = fn(&Row<'_>, &Known) -> Result<Wrong, Failure>;

pub(super) fn check(
    db: &Connection,
    report: &mut Report,
    progress: &mut dyn FnMut(Looking),
) -> Result<(), Failure> {
    let all = "SELECT (SELECT count(*) FROM blocks) + (SELECT count(*) FROM packs) + (SELECT count(*) FROM cpu_heads)
                      + (SELECT count(*) FROM cpu_blocks)";
    let of = db.query_row(all, [], |row| unsigned(row, 0))?;
    let known = Known {
        lives: lives(db)?,
        processes: processes(db)?,
    };
    let tables: [(&str, &str, Look); 4] = [
        (
            "block",
            "SELECT life, resolution, bucket, part, entries, block FROM blocks ORDER BY life, resolution, bucket, part",
            block_row,
        ),
        (
            "pack",
            "SELECT life, 0, minute, part, entries, pack, first_second, last_second FROM packs ORDER BY life, minute, part",
            pack_row,
        ),
        (
            "head by core",
            "SELECT life, 0, second, 0, 0, block FROM cpu_heads ORDER BY life, second",
            core_head_row,
        ),
        (
            "block by core",
            "SELECT life, resolution, span, part, 0, block FROM cpu_blocks ORDER BY life, resolution, span, part",
            core_row,
        ),
    ];
    for (what, find, wrong) in tables {
        let mut find = db.prepare(find)?;
        let mut found = find.query([])?;
        while let Some(row) = found.next()? {
            if report.blocks.is_multiple_of(STRIDE) {
                progress(Looking::AtBlocks {
                    done: report.blocks,
                    of,
                });
            }
            report.blocks += 1;
            let wrong = match wrong(row, &known) {
                Err(Failure::Damaged(_)) => Some("cannot be unpacked"),
                wrong => wrong?,
            };
            if let Some(wrong) = wrong {
                let [life, resolution, bucket, part] = rows::unsigned_array(row, 0)?;
                report.problem(format!(
                    "the {what} of life {life}, resolution {resolution}, bucket {bucket}, part {part} {wrong}"
                ));
            }
        }
    }
    Ok(())
}

fn block_row(row: &Row<'_>, known: &Known) -> Result<Wrong, Failure> {
    let [number, bucket, part, told] = rows::unsigned_array(row, 1)?;
    let Some(resolution) = resolution(number) else {
        return Ok(Some("is of no resolution"));
    };
    let entries: Vec<Entry> = block::read(resolution, bucket, blob(row, 5)?)
        .map(|entry| entry?.unpack())
        .collect::<Result<_, _>>()?;
    if entries.is_empty() || block::rows(&entries) != told {
        return Ok(Some(
            "says how many processes it tells of, and tells of others",
        ));
    }
    if entries
        .iter()
        .any(|entry| block::part(resolution, entry.process) != part)
    {
        return Ok(Some("holds processes of another part"));
    }
    let time = bucket..bucket + 1;
    Ok(known.wrong_samples(row.get(0)?, resolution, time, &entries))
}

fn pack_row(row: &Row<'_>, known: &Known) -> Result<Wrong, Failure> {
    let [minute, part, told] = rows::unsigned_array(row, 2)?;
    let [first, last] = rows::unsigned_array(row, 6)?;
    let mut entries = Vec::new();
    Pack::read(minute, blob(row, 5)?)?.entries(
        |_| true,
        |entry| {
            entries.push(entry);
            Ok(())
        },
    )?;
    if entries.is_empty() || ledger::rows(&entries) != told {
        return Ok(Some(
            "says how many seconds it tells of, and tells of others",
        ));
    }
    if entries
        .iter()
        .any(|entry| pack::part(entry.process) != part)
    {
        return Ok(Some("holds processes of another part"));
    }
    let minutes = Resolution::Minute.seconds();
    if first / minutes != minute || last / minutes != minute {
        return Ok(Some("says that it is of another minute"));
    }
    Ok(known.wrong_samples(row.get(0)?, Resolution::Second, first..last + 1, &entries))
}

fn core_head_row(row: &Row<'_>, known: &Known) -> Result<Wrong, Failure> {
    let second = unsigned(row, 2)?;
    known.wrong_totals(row, second, second..second + 1)
}

fn core_row(row: &Row<'_>, known: &Known) -> Result<Wrong, Failure> {
    let [number, span] = rows::unsigned_array(row, 1)?;
    let Some(resolution) = resolution(number) else {
        return Ok(Some("is of no resolution"));
    };
    let buckets = cpus::buckets_in_span(resolution);
    let first = span.saturating_mul(buckets);
    known.wrong_totals(row, first, first..first.saturating_add(buckets))
}

fn resolution(number: u64) -> Option<Resolution> {
    Resolution::ALL.get(usize::try_from(number).ok()?).copied()
}

impl Known {
    /// What is wrong with samples that are said to be of these buckets of a life.
    fn wrong_samples(
        &self,
        life: i64,
        resolution: Resolution,
        buckets: std::ops::Range<u64>,
        entries: &[Entry],
    ) -> Wrong {
        // That a life is not there is told elsewhere.
        let life = self.lives.get(&life)?;
        let bucket = |entry: &Entry| entry.cell.at_ns / resolution.ns();
        let any = |wrong: &dyn Fn(&Entry) -> bool| entries.iter().any(wrong);
        if any(&|entry| !buckets.contains(&bucket(entry))) {
            Some("holds samples of another time")
        } else if any(&|entry| !self.processes.contains(&entry.process)) {
            Some("tells of a process that is not there")
        } else if any(&|entry| entry.cell.at_ns > life.last_record_ns) {
            Some("is of after its life's last record")
        } else if any(&|entry| (bucket(entry) + 1) * resolution.ns() <= life.began_ns) {
            Some("is of before its life began")
        } else if any(&|entry| bucket(entry) < life.floors[resolution as usize]) {
            Some("is older than what is kept")
        } else {
            None
        }
    }

    /// The same of totals by core; a row of them may hold buckets that are not kept any more.
    fn wrong_totals(
        &self,
        row: &Row<'_>,
        first: u64,
        buckets: std::ops::Range<u64>,
    ) -> Result<Wrong, Failure> {
        let mut totals = Vec::new();
        cpus::read(first, None, blob(row, 5)?, &mut totals)?;
        let life: i64 = row.get(0)?;
        Ok(if !self.lives.contains_key(&life) {
            Some("is of a life that is not there")
        } else if totals.iter().any(|total| !buckets.contains(&total.bucket)) {
            Some("holds totals of another time")
        } else if totals
            .iter()
            .any(|total| !self.processes.contains(&total.process))
        {
            Some("tells of a process that is not there")
        } else {
            None
        })
    }
}

fn processes(db: &Connection) -> Result<HashSet<u64>, Failure> {
    let mut find = db.prepare("SELECT no FROM processes")?;
    let processes = find.query_map([], |row| unsigned(row, 0))?;
    Ok(processes.collect::<Result<_, _>>()?)
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
