//! Containers: which there are, and what each amounts to.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};

use bc_schema::store::{ContainerQuery, ContainerRecord, ContainerState};
use bc_schema::{Container, ContainerId, ContainerKind, Metric, Metrics, usage};
use rusqlite::Connection;

use super::latest::Latest;
use super::walk::Walk;
use super::{Life, Resolved, lives, resolve};
use crate::facts;
use crate::sqlite::error::Failure;
use crate::sqlite::rows::{self, unsigned};

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
    uid: Option<u32>,
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
            && query.uid.is_none_or(|uid| latest.uid == Some(uid))
            && query.host.as_ref().is_none_or(|host| latest.host == *host)
    }
}

fn summaries(db: &Connection, search: Option<&str>) -> Result<BTreeMap<i64, Summary>, Failure> {
    let mut summaries: BTreeMap<i64, Summary> = BTreeMap::new();
    let mut find = db.prepare_cached(
        "SELECT c.no, c.id, l.last_record_ns, l.began_ns, l.host, s.kind, s.ended_ns IS NOT NULL, s.name, s.image, s.command, s.uid
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
                uid: row.get(10)?,
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
    let mut samples = Latest::default();
    for life in &all {
        stated.extend(statement(db, life)?);
        Walk {
            db,
            life,
            only: None,
        }
        .latest(&mut samples)?;
    }
    if stated.is_empty() {
        return Ok(None);
    }
    stated.sort_by(|a, b| (b.life.began_ns, &b.life.host).cmp(&(a.life.began_ns, &a.life.host)));
    let (processes, open_processes) = counts(db, container.no)?;
    let baselines = baselines(db, container.no)?;
    let (mut cpu_ns, mut peak_rss_bytes) = (0_u64, None);
    for process in samples.processes() {
        let totals = samples.totals(process, baselines.get(&process));
        cpu_ns = cpu_ns.saturating_add(usage::cpu_ns(&totals));
        // Unknown is less than anything known.
        peak_rss_bytes = peak_rss_bytes.max(totals.get(Metric::PeakRssBytes));
    }
    Ok(Some(ContainerRecord {
        lives: stated,
        last_record_ns: all
            .iter()
            .map(|life| life.last_record_ns)
            .max()
            .unwrap_or(0),
        processes,
        open_processes,
        failed_processes: failed(db, container.no)?,
        cpu_ns,
        rss_bytes: rss_bytes(db, container.no, &samples)?,
        peak_rss_bytes,
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

fn failed(db: &Connection, container: i64) -> Result<u64, Failure> {
    let mut find =
        db.prepare_cached("SELECT count(*) FROM accounts WHERE container = ?1 AND failed = 1")?;
    Ok(find.query_row([container], |row| unsigned(row, 0))?)
}

fn baselines(db: &Connection, container: i64) -> Result<HashMap<u64, Metrics>, Failure> {
    let mut find = db.prepare_cached(
        "SELECT process, baseline FROM accounts WHERE container = ?1 AND baseline IS NOT NULL",
    )?;
    let found = find.query_map([container], |row| {
        Ok((
            unsigned(row, 0)?,
            rows::baseline(row, 1)?.unwrap_or_default(),
        ))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn rss_bytes(db: &Connection, container: i64, samples: &Latest) -> Result<Option<u64>, Failure> {
    let mut find =
        db.prepare_cached("SELECT process FROM accounts WHERE container = ?1 AND open = 1")?;
    let open = find
        .query_map([container], |row| unsigned(row, 0))?
        .collect::<Result<Vec<_>, _>>()?;
    let known = open
        .into_iter()
        .filter_map(|process| samples.totals(process, None).get(Metric::RssBytes));
    Ok(known.reduce(u64::saturating_add))
}
