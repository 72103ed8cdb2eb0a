//! Reading: each answer from one state of the database. Sealed rows say most of it, the few blocks of the open minute the rest.

mod containers;
mod losses;
mod processes;
mod series;
mod spans;

pub(super) use containers::{container, containers};
pub(super) use losses::losses;
pub(super) use processes::processes;
pub(super) use series::series;
pub(super) use spans::life_spans;

use std::collections::BTreeMap;

use bc_schema::{ContainerId, LifeKey, ProcessId};
use rusqlite::{Connection, OptionalExtension};

use super::error::Failure;
use super::packed::{self, Entry};
use super::rows::{self, signed, unsigned};
use crate::cell::Cell;

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
    sealed: u64,
    floors: [u64; 4],
}

/// Samples by process number and epoch.
type Latest = BTreeMap<(u64, u64), Cell>;

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
        "SELECT no, host, began_ns, last_record_ns, sealed_second, floor_second, floor_minute, floor_hour, floor_day
         FROM lives WHERE container = ?1",
    )?;
    let found = find.query_map([container.no], |row| {
        Ok(Life {
            no: row.get(0)?,
            key: rows::life_key(row, 1, container.id.clone())?,
            last_record_ns: unsigned(row, 3)?,
            sealed: unsigned(row, 4)?,
            floors: [
                unsigned(row, 5)?,
                unsigned(row, 6)?,
                unsigned(row, 7)?,
                unsigned(row, 8)?,
            ],
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Calls `each` with the entries of wanted processes in a span of a life's seconds.
fn blocks(
    db: &Connection,
    life: i64,
    from: u64,
    to: u64,
    wanted: impl Fn(u64) -> bool,
    mut each: impl FnMut(u64, Entry),
) -> Result<(), Failure> {
    let mut find = db.prepare_cached(
        "SELECT second, block FROM seconds WHERE life = ?1 AND second >= ?2 AND second < ?3",
    )?;
    let mut found = find.query((life, signed(from), signed(to)))?;
    while let Some(row) = found.next()? {
        let second = unsigned(row, 0)?;
        let block = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
        packed::unpack_block(second, block, &wanted, |entry| each(second, entry))?;
    }
    Ok(())
}

/// The seconds of a life that are not sealed yet, folded: they are of one minute.
fn open_minute(
    db: &Connection,
    life: &Life,
    wanted: impl Fn(u64) -> bool,
) -> Result<Latest, Failure> {
    let mut latest = Latest::new();
    blocks(
        db,
        life.no,
        life.sealed,
        i64::MAX as u64,
        wanted,
        |_, entry| {
            latest
                .entry((entry.process, entry.epoch_ns))
                .or_insert(entry.cell)
                .merge(&entry.cell);
        },
    )?;
    Ok(latest)
}

/// The latest sample of each epoch of a process, from its heads and its open minute, as `usage::totals` takes them.
fn latest(
    db: &Connection,
    container: i64,
    process: u64,
    open: &Latest,
) -> Result<Vec<(u64, u64, bc_schema::Metrics)>, Failure> {
    let mut epochs: BTreeMap<u64, Cell> = open
        .range((process, 0)..=(process, u64::MAX))
        .map(|(&(_, epoch_ns), cell)| (epoch_ns, *cell))
        .collect();
    let mut find = db
        .prepare_cached("SELECT epoch_ns, head FROM heads WHERE container = ?1 AND process = ?2")?;
    let mut heads = find.query((container, signed(process)))?;
    while let Some(row) = heads.next()? {
        let (epoch_ns, head) = rows::head(row, 0)?;
        epochs.entry(epoch_ns).or_insert(head).merge(&head);
    }
    Ok(epochs
        .into_iter()
        .map(|(epoch_ns, cell)| (epoch_ns, cell.at_ns, cell.metrics))
        .collect())
}

/// The number of a process, if anything is known of it.
fn process_number(db: &Connection, id: ProcessId) -> Result<Option<u64>, Failure> {
    Ok(db
        .prepare_cached("SELECT no FROM processes WHERE id = ?1")?
        .query_row([id.0], |row| unsigned(row, 0))
        .optional()?)
}
