//! Reading: each answer from one state of the database.

mod columns;
mod containers;
mod cpus;
mod latest;
mod losses;
mod places;
mod processes;
mod series;
mod spans;
mod walk;

pub(super) use columns::columns;
pub(super) use containers::{container, containers};
pub(super) use cpus::cpu_series;
pub(super) use losses::losses;
pub(super) use processes::{process_ids, processes};
pub(super) use series::series;
pub(super) use spans::life_spans;

use bc_schema::{ContainerId, LifeKey, ProcessId, Resolution};
use rusqlite::{Connection, OptionalExtension};

use super::error::Failure;
use super::rows::{self, unsigned};

/// A container's number and id.
struct Resolved {
    no: i64,
    id: ContainerId,
}

/// What reading needs of a row of `lives`.
struct Life {
    no: i64,
    key: LifeKey,
    last_record_ns: u64,
    /// When it was last seen whole; 0: never.
    seen_ns: u64,
    /// The minute before which all seconds are packed.
    packed: u64,
    /// For each coarse resolution, the second before which everything is folded into its blocks.
    sealed: [u64; 3],
    floors: [u64; 4],
}

impl Life {
    /// The blocks of finer resolutions that are not folded into this one: each with its first bucket, newest first.
    fn unsealed(&self, resolution: Resolution) -> impl Iterator<Item = (Resolution, u64)> + '_ {
        let finer = Resolution::ALL
            .into_iter()
            .take_while(move |&finer| finer < resolution);
        // A bucket that was folded in part is told again: its samples merge with what they were folded into.
        finer
            .zip(self.sealed)
            .map(|(finer, sealed)| (finer, sealed / finer.seconds()))
    }
}

/// The container of this very id; else the one whose short id it is. A short id that fits several is the earliest's, so that nobody can
/// take over what a short id means by choosing a long one.
fn resolve(db: &Connection, id: &ContainerId) -> Result<Option<Resolved>, Failure> {
    let mut find = db.prepare_cached("SELECT no FROM containers WHERE id = ?1")?;
    if let Some(no) = find.query_row([id.as_str()], |row| row.get(0)).optional()? {
        return Ok(Some(Resolved { no, id: id.clone() }));
    }
    let mut find = db.prepare_cached(
        "SELECT c.no, c.id, l.began_ns FROM containers c JOIN lives l ON l.container = c.no WHERE c.short = ?1",
    )?;
    let fits = find.query_map([id.as_str()], |row| {
        Ok((unsigned(row, 2)?, rows::container_id(row, 1)?, row.get(0)?))
    })?;
    let earliest = fits.collect::<Result<Vec<_>, _>>()?.into_iter().min();
    Ok(earliest.map(|(_, id, no)| Resolved { no, id }))
}

fn lives(db: &Connection, container: &Resolved) -> Result<Vec<Life>, Failure> {
    let mut find = db.prepare_cached(
        "SELECT no, host, began_ns, last_record_ns, seen_ns, packed_minute, sealed_minute, sealed_hour, sealed_day,
                floor_second, floor_minute, floor_hour, floor_day
         FROM lives WHERE container = ?1",
    )?;
    let found = find.query_map([container.no], |row| {
        Ok(Life {
            no: row.get(0)?,
            key: rows::life_key(row, 1, container.id.clone())?,
            last_record_ns: unsigned(row, 3)?,
            seen_ns: unsigned(row, 4)?,
            packed: unsigned(row, 5)?,
            sealed: rows::unsigned_array(row, 6)?,
            floors: rows::unsigned_array(row, 9)?,
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The numbers of these processes, each once and in order; those nothing is known of are left out.
fn numbers(db: &Connection, ids: &[ProcessId]) -> Result<Vec<u64>, Failure> {
    let mut find = db.prepare_cached("SELECT no FROM processes WHERE id = ?1")?;
    let mut numbers = Vec::new();
    for id in ids {
        numbers.extend(find.query_row([id.0], |row| unsigned(row, 0)).optional()?);
    }
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}
