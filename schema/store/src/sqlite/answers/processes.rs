//! Processes of a container, each with everything known of it.

use std::collections::BTreeMap;

use bc_schema::store::{ProcessQuery, ProcessRecord};
use bc_schema::{
    ContainerId, LifeKey, ProcessEnd, ProcessExec, ProcessId, ProcessStart, TimeRange,
};
use rusqlite::{Connection, OptionalExtension, Row};

use super::latest::Latest;
use super::walk::Walk;
use super::{lives, numbers, resolve};
use crate::facts::{self, Window};
use crate::sqlite::error::Failure;
use crate::sqlite::outcome;
use crate::sqlite::rows::{self, signed, unsigned};

/// The processes asked for, by start, then pid.
pub(crate) fn processes(
    db: &Connection,
    id: &ContainerId,
    query: &ProcessQuery,
) -> Result<Vec<ProcessRecord>, Failure> {
    let Some(container) = resolve(db, id)? else {
        return Ok(Vec::new());
    };
    let only = query
        .ids
        .as_deref()
        .map(|ids| numbers(db, ids))
        .transpose()?;
    let mut keys = BTreeMap::new();
    let mut seen_ns = BTreeMap::new();
    let mut samples = Latest::default();
    for life in lives(db, &container)? {
        Walk {
            db,
            life: &life,
            only: only.as_deref(),
        }
        .latest(&mut samples)?;
        seen_ns.insert(life.key.clone(), life.seen_ns);
        keys.insert(life.no, life.key);
    }
    let mut found = Vec::new();
    for account in accounts(db, container.no, only.as_deref(), &keys)? {
        let end = end(db, &account)?;
        let lived = query.range.is_none_or(|range| {
            account.start.entered_ns < range.to_ns
                && end.as_ref().is_none_or(|end| end.at_ns >= range.from_ns)
        });
        if lived {
            // Who is not known to have ended was there when its life was last seen, and was as its latest sample says.
            let seen_ns = match end {
                None => seen_ns.get(&account.start.life).copied().unwrap_or(0),
                Some(_) => 0,
            };
            let last_ns = samples.last_ns(account.process);
            found.push(ProcessRecord {
                execs: execs(db, &account)?,
                end,
                last_sample_ns: last_ns.map(|last_ns| last_ns.max(seen_ns)),
                totals: samples.totals(account.process, account.start.baseline.as_ref()),
                start: account.start,
            });
        }
    }
    found.sort_by_key(|record| {
        (
            record.start.start_ns,
            record.start.pid,
            record.start.process,
        )
    });
    Ok(found)
}

/// The ids of the processes that were in a container before the end of `range`, and are not known to have ended before its beginning. By
/// start, then pid.
pub(crate) fn process_ids(
    db: &Connection,
    id: &ContainerId,
    range: TimeRange,
) -> Result<Vec<ProcessId>, Failure> {
    let Some(container) = resolve(db, id)? else {
        return Ok(Vec::new());
    };
    let mut find = db.prepare_cached(
        "SELECT p.id, a.start_ns, a.pid, a.entered_ns,
                CASE WHEN a.open THEN NULL ELSE (SELECT max(e.at_ns) FROM ends e WHERE e.process = a.process) END
         FROM accounts a JOIN processes p ON p.no = a.process WHERE a.container = ?1",
    )?;
    let mut rows = find.query([container.no])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let last_ns = rows::maybe_unsigned(row, 4)?;
        if unsigned(row, 3)? < range.to_ns && last_ns.is_none_or(|last| last >= range.from_ns) {
            let process = ProcessId(row.get(0)?);
            found.push((unsigned(row, 1)?, row.get::<_, u32>(2)?, process));
        }
    }
    found.sort_unstable();
    Ok(found.into_iter().map(|(_, _, process)| process).collect())
}

/// A process in a container.
pub(super) struct Account {
    pub(super) process: u64,
    pub(super) start: ProcessStart,
    window: Window,
    open: bool,
}

/// Accounts of a container: all, or those of the processes with these numbers. `lives` holds the keys of its lives by their numbers.
pub(super) fn accounts(
    db: &Connection,
    container: i64,
    only: Option<&[u64]>,
    lives: &BTreeMap<i64, LifeKey>,
) -> Result<Vec<Account>, Failure> {
    let read = |row: &Row<'_>| {
        let life: i64 = row.get(2)?;
        let life = lives
            .get(&life)
            .cloned()
            .ok_or_else(|| rows::damaged(2, rusqlite::types::Type::Integer))?;
        Ok(Account {
            process: unsigned(row, 0)?,
            start: rows::start(row, 6, ProcessId(row.get(1)?), life)?,
            window: rows::window(row, 3)?,
            open: row.get(5)?,
        })
    };
    let Some(only) = only else {
        let mut find = db.prepare_cached(
            "SELECT a.process, p.id, a.life, a.after_ns, a.until_ns, a.open, a.pid, a.container_pid, a.parent, a.parent_pid, a.uid, a.start_ns,
                    a.entered_ns, a.is_root, a.baseline, a.name
             FROM accounts a JOIN processes p ON p.no = a.process WHERE a.container = ?1",
        )?;
        return Ok(find
            .query_map([container], read)?
            .collect::<Result<_, _>>()?);
    };
    let mut find = db.prepare_cached(
        "SELECT a.process, p.id, a.life, a.after_ns, a.until_ns, a.open, a.pid, a.container_pid, a.parent, a.parent_pid, a.uid, a.start_ns,
                a.entered_ns, a.is_root, a.baseline, a.name
         FROM accounts a JOIN processes p ON p.no = a.process WHERE a.container = ?1 AND a.process = ?2",
    )?;
    let mut found = Vec::new();
    for &process in only {
        found.extend(
            find.query_row((container, signed(process)), read)
                .optional()?,
        );
    }
    Ok(found)
}

fn end(db: &Connection, account: &Account) -> Result<Option<ProcessEnd>, Failure> {
    if account.open {
        return Ok(None);
    }
    let ends = outcome::ends(db, account.process, account.start.process)?;
    Ok(facts::end_within(&ends, account.window).cloned())
}

fn execs(db: &Connection, account: &Account) -> Result<Vec<ProcessExec>, Failure> {
    let mut find = db.prepare_cached(
        "SELECT at_ns, name, exe, args, args_cut, inherited FROM execs WHERE process = ?1",
    )?;
    let execs = find.query_map([signed(account.process)], |row| {
        rows::exec(row, 0, account.start.process)
    })?;
    let mut execs = execs.collect::<Result<Vec<_>, _>>()?;
    execs.retain(|exec| exec.at_ns <= account.window.until_ns);
    execs.sort_by_key(|exec| exec.at_ns);
    Ok(execs)
}
