//! Sums: what a process used in a minute is what it used in its seconds, as far as both are kept; and so up to the day. They are read as
//! whoever asks reads them, so this holds for answers, and not for rows alone.

use std::collections::BTreeMap;

use bc_schema::store::{Point, SeriesQuery};
use bc_schema::{ContainerId, Metric, MetricKind, ProcessId, Resolution, TimeRange};
use rusqlite::Connection;

use super::{Looking, Report};
use crate::sqlite::answers;
use crate::sqlite::error::Failure;
use crate::sqlite::rows::{self, unsigned};

/// Each resolution with the next coarser one, and how many of its buckets are looked at together.
const PAIRS: [(Resolution, Resolution, u64); 3] = [
    (Resolution::Second, Resolution::Minute, 10),
    (Resolution::Minute, Resolution::Hour, 12),
    (Resolution::Hour, Resolution::Day, 20),
];

/// Processes that are looked at together.
const PROCESSES_AT_ONCE: usize = 500;

struct Life {
    no: i64,
    container: i64,
    id: ContainerId,
    began_ns: u64,
    last_record_ns: u64,
    floors: [u64; 4],
}

pub(super) fn check(
    db: &Connection,
    report: &mut Report,
    progress: &mut dyn FnMut(Looking),
) -> Result<(), Failure> {
    let lives = lives(db)?;
    for (done, life) in lives.iter().enumerate() {
        progress(Looking::AtSums {
            done: done as u64,
            of: lives.len() as u64,
        });
        for group in processes(db, life)?.chunks(PROCESSES_AT_ONCE) {
            for (finer, coarse, buckets) in PAIRS {
                let length_ns = buckets * coarse.ns();
                let mut from_ns = first_ns(life, finer, coarse);
                while from_ns <= life.last_record_ns {
                    let range = TimeRange {
                        from_ns,
                        to_ns: from_ns.saturating_add(length_ns),
                    };
                    compare(db, life, group, (finer, coarse), range, report)?;
                    from_ns = range.to_ns;
                }
            }
        }
    }
    Ok(())
}

/// The first coarse bucket of which all finer ones are kept.
fn first_ns(life: &Life, finer: Resolution, coarse: Resolution) -> u64 {
    let kept_ns = life.floors[finer as usize].saturating_mul(finer.ns());
    let first = kept_ns
        .div_ceil(coarse.ns())
        .max(life.floors[coarse as usize])
        .max(life.began_ns / coarse.ns());
    first.saturating_mul(coarse.ns())
}

fn compare(
    db: &Connection,
    life: &Life,
    processes: &[ProcessId],
    (finer, coarse): (Resolution, Resolution),
    range: TimeRange,
    report: &mut Report,
) -> Result<(), Failure> {
    let ask = |resolution| SeriesQuery {
        resolution,
        range,
        ids: Some(processes.to_vec()),
    };
    let mut parts: BTreeMap<(ProcessId, u64), Vec<Point>> = BTreeMap::new();
    for series in answers::series(db, &life.id, &ask(finer))? {
        for point in series.points {
            let bucket_ns = coarse.bucket_ns(point.bucket_ns);
            let of_it = parts.entry((series.process, bucket_ns)).or_default();
            of_it.push(point);
        }
    }
    for series in answers::series(db, &life.id, &ask(coarse))? {
        for whole in &series.points {
            let key = (series.process, whole.bucket_ns);
            let parts = parts.remove(&key).unwrap_or_default();
            report.sums += 1;
            if let Err(what) = agree(whole, &parts) {
                let (id, at_s) = (&life.id, whole.bucket_ns / Resolution::Second.ns());
                report.problem(format!(
                    "process {} of {id}, {coarse} at {at_s}: {what}",
                    series.process
                ));
            }
        }
    }
    for (process, bucket_ns) in parts.into_keys() {
        let at_s = bucket_ns / Resolution::Second.ns();
        report.problem(format!(
            "process {process} of {}, {coarse} at {at_s}: is missing, and finer ones are there",
            life.id
        ));
    }
    Ok(())
}

fn agree(whole: &Point, parts: &[Point]) -> Result<(), String> {
    let totals = Metric::ALL
        .iter()
        .filter(|metric| metric.kind() == MetricKind::Total);
    for &metric in totals {
        let known = parts.iter().map(|part| part.usage.get(metric));
        // One that was not known all the time cannot be added up.
        let sum = known.sum::<Option<u64>>();
        if let (Some(sum), Some(value)) = (sum, whole.usage.get(metric))
            && !adds_up(metric, sum, value)
        {
            return Err(format!(
                "{} is {value}, and {sum} in the finer ones",
                metric.name()
            ));
        }
    }
    let highest = parts.iter().filter_map(|part| part.max_rss_bytes).max();
    if whole
        .max_rss_bytes
        .is_some_and(|of_all| highest > Some(of_all))
    {
        return Err("its highest RSS is lower than in one of the finer ones".to_owned());
    }
    Ok(())
}

/// How CPU time splits is estimated, by each recorder anew: what the next one of a process says of a part may be a little less than what the last one
/// said, and shows as more in the finer buckets. Nothing else ever falls.
fn adds_up(metric: Metric, of_finer: u64, value: u64) -> bool {
    match metric {
        Metric::UserNs | Metric::SystemNs => of_finer >= value,
        _ => of_finer == value,
    }
}

fn lives(db: &Connection) -> Result<Vec<Life>, Failure> {
    let mut find = db.prepare(
        "SELECT l.no, l.container, c.id, l.began_ns, l.last_record_ns, l.floor_second, l.floor_minute, l.floor_hour, l.floor_day
         FROM lives l JOIN containers c ON c.no = l.container ORDER BY l.no",
    )?;
    let lives = find.query_map([], |row| {
        Ok(Life {
            no: row.get(0)?,
            container: row.get(1)?,
            id: rows::container_id(row, 2)?,
            began_ns: unsigned(row, 3)?,
            last_record_ns: unsigned(row, 4)?,
            floors: rows::unsigned_array(row, 5)?,
        })
    })?;
    Ok(lives.collect::<Result<_, _>>()?)
}

fn processes(db: &Connection, life: &Life) -> Result<Vec<ProcessId>, Failure> {
    let mut find = db.prepare_cached(
        "SELECT p.id FROM accounts a JOIN processes p ON p.no = a.process WHERE a.container = ?1 AND a.life = ?2",
    )?;
    let ids = find.query_map((life.container, life.no), |row| row.get(0).map(ProcessId))?;
    Ok(ids.collect::<Result<_, _>>()?)
}
