//! Gets what stands packed in a store out in the open: one record a line, as it is read. What a record looks like is in the files below;
//! which store it is, is not known here.

mod cpus;
mod facts;
mod spans;
mod table;
mod usage;

use std::io::Write;

use anyhow::{Context, bail};
use bc_schema::store::{ContainerQuery, ContainerRecord, LossRecord, ProcessQuery, ReadStore};
use bc_schema::{ContainerId, Resolution, Retention, TimeRange};

pub(crate) use table::Format;
use table::Table;

/// How many processes are asked for at once, and how many containers: what is held in memory, however much there is.
const PROCESSES_AT_ONCE: usize = 1_000;
const CONTAINERS_AT_ONCE: usize = 200;

/// All but lives is told of one container.
pub(crate) const OF_WHICH: &str = "--container is missing: `bubble-chamber db dump --what lives` lists the containers that are recorded";

/// What to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum What {
    /// What each process used in each bucket of time
    Usage,
    /// What each process used on each CPU in each bucket of time
    Cpus,
    /// Each process: how it began and ended, and its totals
    Processes,
    /// What each process executed, and when
    Execs,
    /// Each life of the container; without --container, of all containers
    Lives,
    /// What could not be recorded
    Losses,
}

/// A wish.
#[derive(Debug)]
pub(crate) struct Ask {
    /// Of which container; `None`: of all (lives only).
    pub(crate) container: Option<ContainerId>,
    /// What of it.
    pub(crate) what: What,
    /// How finely, where it is usage or CPUs.
    pub(crate) resolution: Resolution,
    /// From when on, and until when; `None`: all that is kept.
    pub(crate) range: (Option<u64>, Option<u64>),
    /// In which form.
    pub(crate) format: Format,
    /// What is kept: rows that wait for the cleaner are not told unless asked for by time.
    pub(crate) retention: Retention,
}

impl Ask {
    fn range(&self) -> TimeRange {
        TimeRange {
            from_ns: self.range.0.unwrap_or(0),
            to_ns: self.range.1.unwrap_or(u64::MAX),
        }
    }

    /// When there are buckets to tell, in windows of so many.
    fn windows(
        &self,
        container: &ContainerRecord,
        buckets: u64,
    ) -> impl Iterator<Item = TimeRange> + use<> {
        let rule = self.range.0.is_none().then_some(&self.retention);
        let kept = spans::kept(&spans::lived(container), self.resolution, rule);
        spans::windows(kept, self.range(), buckets * self.resolution.ns())
    }
}

/// Writes what is asked for to `out`, record by record.
pub(crate) async fn dump(
    store: &dyn ReadStore,
    ask: &Ask,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let Some(id) = &ask.container else {
        return all_lives(store, ask, out).await;
    };
    let found = store.container(id).await?;
    let container = found.with_context(|| {
        format!("nothing is recorded of a container `{id}`: `bubble-chamber db dump --what lives` lists those that are")
    })?;
    match ask.what {
        What::Usage => usage::dump(store, &container, ask, out).await,
        What::Cpus => cpus::dump(store, &container, ask, out).await,
        What::Processes | What::Execs => processes(store, &container, ask, out).await,
        What::Lives => {
            let mut table = Table::begin(ask.format, &facts::LIFE, out)?;
            write_lives(&mut table, &container)
        }
        What::Losses => losses(store, &container, ask, out).await,
    }
}

async fn all_lives(
    store: &dyn ReadStore,
    ask: &Ask,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    if ask.what != What::Lives {
        bail!(OF_WHICH);
    }
    let mut table = Table::begin(ask.format, &facts::LIFE, out)?;
    let mut query = ContainerQuery {
        limit: CONTAINERS_AT_ONCE,
        ..ContainerQuery::default()
    };
    loop {
        let (containers, _) = store.containers(&query).await?;
        for container in &containers {
            write_lives(&mut table, container)?;
        }
        if containers.len() < query.limit {
            return Ok(());
        }
        query.offset += query.limit;
    }
}

fn write_lives(table: &mut Table<'_>, container: &ContainerRecord) -> anyhow::Result<()> {
    for life in container.lives.iter().rev() {
        table.row(&facts::life(life))?;
    }
    Ok(())
}

async fn processes(
    store: &dyn ReadStore,
    container: &ContainerRecord,
    ask: &Ask,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let columns: &[&str] = match ask.what {
        What::Execs => &facts::EXEC,
        _ => facts::process_columns(),
    };
    let mut table = Table::begin(ask.format, columns, out)?;
    let id = &container.latest().life.container;
    let ids = store.process_ids(id, ask.range()).await?;
    for group in ids.chunks(PROCESSES_AT_ONCE) {
        let query = ProcessQuery {
            range: Some(ask.range()),
            ids: Some(group.to_vec()),
        };
        for process in store.processes(id, &query).await? {
            if ask.what == What::Execs {
                for exec in &process.execs {
                    table.row(&facts::exec(exec))?;
                }
            } else {
                table.row(&facts::process(&process))?;
            }
        }
    }
    Ok(())
}

async fn losses(
    store: &dyn ReadStore,
    container: &ContainerRecord,
    ask: &Ask,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let mut table = Table::begin(ask.format, &facts::LOSS, out)?;
    let id = &container.latest().life.container;
    for day in spans::windows(spans::lived(container), ask.range(), Resolution::Day.ns()) {
        let losses: Vec<LossRecord> = store.losses(Some(id), day).await?;
        for loss in &losses {
            table.row(&facts::loss(loss))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
