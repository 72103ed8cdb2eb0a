//! Containers: which there are, and what each amounts to.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use bc_schema::store::{ContainerQuery, ContainerRecord, ContainerState};
use bc_schema::{Container, ContainerId, ContainerKind, Metric, usage};
use rusqlite::Connection;

use super::{Latest, Life, Resolved, latest, lives, open_minute, resolve};
use crate::facts;
use crate::sqlite::error::Failure;
use crate::sqlite::rows::{self, signed, unsigned};

/// One container by its id or short id.
pub(crate) fn container(
    db: &Connection,
    id: &ContainerId,
) -> Result<Option<ContainerRecord>, Failure> {
    resolve(db, id)?.map_or(Ok(None), |container| record(db, &container))
}

/// A page of the containers asked for, and how many those are.
pub(crate) fn containers(
    db: &Connection,
    query: &ContainerQuery,
) -> Result<(Vec<ContainerRecord>, u64), Failure> {
    let mut found: Vec<_> = summaries(db, query.search.as_deref())?
        .into_values()
        .filter(|summary| summary.fits(query))
        .collect();
    found.sort_by(|a, b| {
        b.last_record_ns
            .cmp(&a.last_record_ns)
            .then_with(|| a.container.id.cmp(&b.container.id))
    });
    let total = found.len() as u64;
    let page = found.iter().skip(query.offset).take(query.limit);
    let records = page
        .map(|summary| record(db, &summary.container))
        .collect::<Result<Vec<_>, _>>()?;
    Ok((records.into_iter().flatten().collect(), total))
}

/// What decides whether and where a container stands in the list.
struct Summary {
    container: Resolved,
    last_record_ns: u64,
    latest: Option<LatestLife>,
}

struct LatestLife {
    began_ns: u64,
    host: String,
    kind: ContainerKind,
    ended: bool,
    found: bool,
}

impl Summary {
    fn fits(&self, query: &ContainerQuery) -> bool {
        let Some(latest) = &self.latest else {
            return false;
        };
        let state = if latest.ended {
            ContainerState::Past
        } else {
            ContainerState::Live
        };
        latest.found
            && query.state.is_none_or(|wanted| wanted == state)
            && query.kind.is_none_or(|kind| kind == latest.kind)
    }
}

fn summaries(db: &Connection, search: Option<&str>) -> Result<BTreeMap<i64, Summary>, Failure> {
    let mut summaries: BTreeMap<i64, Summary> = BTreeMap::new();
    let mut find = db.prepare_cached(
        "SELECT c.no, c.id, l.last_record_ns, l.began_ns, l.host, s.kind, s.ended_ns IS NOT NULL, s.name, s.image, s.command
         FROM lives l JOIN containers c ON c.no = l.container LEFT JOIN statements s ON s.life = l.no",
    )?;
    let mut found = find.query([])?;
    while let Some(row) = found.next()? {
        let (no, last_record_ns) = (row.get(0)?, unsigned(row, 2)?);
        let summary = match summaries.entry(no) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(Summary {
                container: Resolved {
                    no,
                    id: rows::container_id(row, 1)?,
                },
                last_record_ns,
                latest: None,
            }),
        };
        summary.last_record_ns = summary.last_record_ns.max(last_record_ns);
        let (began_ns, host) = (
            unsigned(row, 3)?,
            row.get_ref(4)?.as_str().map_err(rusqlite::Error::from)?,
        );
        let stated = row.get_ref(5)?.data_type() != rusqlite::types::Type::Null;
        if stated
            && summary
                .latest
                .as_ref()
                .is_none_or(|latest| (latest.began_ns, latest.host.as_str()) < (began_ns, host))
        {
            let text = |index: usize| {
                row.get_ref(index)?
                    .as_str_or_null()
                    .map_err(rusqlite::Error::from)
            };
            let found = match search {
                Some(search) => facts::search(search, &[text(1)?, text(7)?, text(8)?, text(9)?]),
                None => true,
            };
            summary.latest = Some(LatestLife {
                began_ns,
                host: host.to_owned(),
                kind: rows::kind(row, 5)?,
                ended: row.get(6)?,
                found,
            });
        }
    }
    Ok(summaries)
}

/// Everything of one container; `None` while nothing was stated about it.
fn record(db: &Connection, container: &Resolved) -> Result<Option<ContainerRecord>, Failure> {
    let all = lives(db, container)?;
    let mut stated = Vec::new();
    let mut open = Latest::new();
    for life in &all {
        stated.extend(statement(db, life)?);
        open.append(&mut open_minute(db, life, |_| true)?);
    }
    if stated.is_empty() {
        return Ok(None);
    }
    stated.sort_by(|a, b| (b.life.began_ns, &b.life.host).cmp(&(a.life.began_ns, &a.life.host)));
    let (processes, open_processes) = counts(db, container.no)?;
    Ok(Some(ContainerRecord {
        lives: stated,
        last_record_ns: all
            .iter()
            .map(|life| life.last_record_ns)
            .max()
            .unwrap_or(0),
        processes,
        open_processes,
        cpu_ns: cpu_ns(db, container.no, &open)?,
        rss_bytes: rss_bytes(db, container.no, &open)?,
    }))
}

fn statement(db: &Connection, life: &Life) -> Result<Option<Container>, Failure> {
    let mut find = db.prepare_cached(
        "SELECT kind, name, image, command, labels, memory_bytes, cpu_milli, pids, cgroup, uid, stated_ns, ended_ns
         FROM statements WHERE life = ?1",
    )?;
    let mut found = find.query([life.no])?;
    Ok(found
        .next()?
        .map(|row| rows::container(row, 0, life.key.clone()))
        .transpose()?)
}

fn counts(db: &Connection, container: i64) -> Result<(u64, u64), Failure> {
    let mut find = db.prepare_cached(
        "SELECT count(*), ifnull(sum(open), 0) FROM accounts WHERE container = ?1",
    )?;
    Ok(find.query_row([container], |row| {
        Ok((unsigned(row, 0)?, unsigned(row, 1)?))
    })?)
}

/// The sum over all accounts as of their heads, corrected for those that did something in the open minute.
fn cpu_ns(db: &Connection, container: i64, open: &Latest) -> Result<u64, Failure> {
    // Summed by halves: values beyond SQLite's own integers are summed right, too.
    let mut find = db.prepare_cached(
        "SELECT ifnull(sum((cpu_ns >> 32) & 4294967295), 0), ifnull(sum(cpu_ns & 4294967295), 0) FROM accounts WHERE container = ?1",
    )?;
    let (high, low): (i64, i64) =
        find.query_row([container], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut sum = (i128::from(high) << 32) + i128::from(low);
    let mut find = db.prepare_cached(
        "SELECT cpu_ns, baseline FROM accounts WHERE container = ?1 AND process = ?2",
    )?;
    let processes: BTreeSet<u64> = open.keys().map(|(process, _)| *process).collect();
    for process in processes {
        let (sealed_ns, baseline) = find.query_row((container, signed(process)), |row| {
            Ok((unsigned(row, 0)?, rows::baseline(row, 1)?))
        })?;
        let totals = usage::totals(&latest(db, container, process, open)?, baseline.as_ref());
        sum += i128::from(usage::cpu_ns(&totals)) - i128::from(sealed_ns);
    }
    Ok(u64::try_from(sum).unwrap_or(u64::MAX))
}

fn rss_bytes(db: &Connection, container: i64, open: &Latest) -> Result<Option<u64>, Failure> {
    let mut find =
        db.prepare_cached("SELECT process FROM accounts WHERE container = ?1 AND open = 1")?;
    let mut found = find.query([container])?;
    let mut sum: Option<u64> = None;
    while let Some(row) = found.next()? {
        let totals = usage::totals(&latest(db, container, unsigned(row, 0)?, open)?, None);
        if let Some(rss_bytes) = totals.get(Metric::RssBytes) {
            sum = Some(sum.unwrap_or(0).saturating_add(rss_bytes));
        }
    }
    Ok(sum)
}
