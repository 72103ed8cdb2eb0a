//! The reference store's answers.

use std::collections::BTreeSet;

use async_trait::async_trait;
use bc_schema::store::{
    Before, ContainerQuery, ContainerRecord, CpuSeries, CpuSeriesQuery, LossRecord, ProcessQuery,
    ProcessRecord, ReadStore, Series, SeriesQuery, StoreError,
};
use bc_schema::usage::{self, Base};
use bc_schema::{ContainerId, Metric, ProcessEnd, Resolution, TimeRange};

use super::{Account, Books, MemoryStore};
use crate::cell::Cell;
use crate::facts;

impl Books {
    fn container_ids(&self) -> BTreeSet<&ContainerId> {
        self.lives.keys().map(|life| &life.container).collect()
    }

    /// The container of this very id; else the one whose short id it is. A short id that fits several is the earliest's, so that nobody
    /// can take over what a short id means by choosing a long one.
    fn resolve(&self, id: &ContainerId) -> Option<ContainerId> {
        let exact = self.lives.keys().find(|life| life.container == *id);
        let short = || {
            let fits = self
                .lives
                .keys()
                .filter(|life| life.container.short() == Some(id.as_str()));
            fits.min_by_key(|life| (life.began_ns, &life.container))
        };
        exact.or_else(short).map(|life| life.container.clone())
    }

    fn container_accounts<'a>(&'a self, id: &'a ContainerId) -> impl Iterator<Item = Account<'a>> {
        self.accounts()
            .filter(move |account| account.start.life.container == *id)
    }

    fn container(&self, id: &ContainerId) -> Option<ContainerRecord> {
        let all: Vec<_> = self
            .lives
            .iter()
            .filter(|(life, _)| life.container == *id)
            .collect();
        let mut lives: Vec<_> = all
            .iter()
            .filter_map(|(_, life)| life.stated.clone())
            .collect();
        lives.sort_by(|a, b| (b.life.began_ns, &b.life.host).cmp(&(a.life.began_ns, &a.life.host)));
        if lives.is_empty() {
            return None;
        }
        let accounts: Vec<_> = self.container_accounts(id).collect();
        let open: Vec<_> = accounts
            .iter()
            .filter(|account| account.end().is_none())
            .collect();
        Some(ContainerRecord {
            lives,
            last_record_ns: all
                .iter()
                .map(|(life, _)| self.last_record_ns(life))
                .max()?,
            processes: accounts.len() as u64,
            open_processes: open.len() as u64,
            failed_processes: accounts
                .iter()
                .filter(|account| account.end().is_some_and(ProcessEnd::failed))
                .count() as u64,
            cpu_ns: accounts.iter().fold(0, |sum, account| {
                sum.saturating_add(usage::cpu_ns(&self.record(account).totals))
            }),
            rss_bytes: open
                .iter()
                .filter_map(|account| self.record(account).totals.get(Metric::RssBytes))
                .reduce(u64::saturating_add),
            peak_rss_bytes: accounts
                .iter()
                .filter_map(|account| self.record(account).totals.get(Metric::PeakRssBytes))
                .max(),
        })
    }

    fn containers(&self, query: &ContainerQuery) -> (Vec<ContainerRecord>, u64) {
        let all = self
            .container_ids()
            .into_iter()
            .filter_map(|id| self.container(id));
        let mut found: Vec<_> = all.filter(|record| fits(query, record)).collect();
        found.sort_by(|a, b| {
            b.last_record_ns
                .cmp(&a.last_record_ns)
                .then_with(|| a.latest().life.container.cmp(&b.latest().life.container))
        });
        let total = found.len() as u64;
        (
            found
                .into_iter()
                .skip(query.offset)
                .take(query.limit)
                .collect(),
            total,
        )
    }

    fn processes(&self, id: &ContainerId, query: &ProcessQuery) -> Vec<ProcessRecord> {
        let wanted = |account: &Account<'_>| {
            query
                .ids
                .as_ref()
                .is_none_or(|ids| ids.contains(&account.start.process))
        };
        let lived = |account: &Account<'_>| {
            let end_ns = account.end().map(|end| end.at_ns);
            query.range.is_none_or(|range| {
                account.start.entered_ns < range.to_ns
                    && end_ns.is_none_or(|end| end >= range.from_ns)
            })
        };
        let mut found: Vec<_> = self
            .container_accounts(id)
            .filter(|account| wanted(account) && lived(account))
            .collect();
        found.sort_by_key(|account| {
            (
                account.start.start_ns,
                account.start.pid,
                account.start.process,
            )
        });
        found.iter().map(|account| self.record(account)).collect()
    }

    fn record(&self, account: &Account<'_>) -> ProcessRecord {
        let latest: Vec<_> = account
            .epochs()
            .into_iter()
            .filter_map(|epoch_ns| account.latest(epoch_ns, |_| true))
            .collect();
        let totals: Vec<_> = latest
            .iter()
            .map(|(epoch_ns, cell)| (*epoch_ns, cell.at_ns, cell.metrics))
            .collect();
        let seen_ns = match account.end() {
            None => self.lives[&account.start.life].seen_ns,
            Some(_) => 0,
        };
        ProcessRecord {
            start: account.start.clone(),
            execs: account
                .process
                .execs
                .range(..=account.window.until_ns)
                .map(|(_, exec)| exec.clone())
                .collect(),
            end: account.end().cloned(),
            last_sample_ns: latest.iter().map(|(_, cell)| cell.at_ns.max(seen_ns)).max(),
            totals: usage::totals(&totals, account.start.baseline.as_ref()),
        }
    }

    fn cpu_series(&self, id: &ContainerId, query: &CpuSeriesQuery) -> Vec<CpuSeries> {
        let account = self
            .container_accounts(id)
            .find(|account| account.start.process == query.process);
        account.map_or_else(Vec::new, |account| {
            account.cpu_series(query, &self.lives[&account.start.life].floors_ns)
        })
    }

    fn series(&self, id: &ContainerId, query: &SeriesQuery) -> Vec<Series> {
        let mut accounts: Vec<_> = self.container_accounts(id).collect();
        accounts.retain(|account| {
            query
                .ids
                .as_ref()
                .is_none_or(|ids| ids.contains(&account.start.process))
        });
        accounts.sort_by_key(|account| {
            (
                account.start.start_ns,
                account.start.pid,
                account.start.process,
            )
        });
        let all = accounts.iter().map(|account| {
            let floors_ns = self.lives[&account.start.life].floors_ns;
            account.series(query, &floors_ns)
        });
        all.filter(|series| series.before.is_some() || !series.points.is_empty())
            .collect()
    }

    fn losses(&self, id: Option<&ContainerId>, range: TimeRange) -> Vec<LossRecord> {
        let id = id.map(|id| self.resolve(id).unwrap_or_else(|| id.clone()));
        let touches = |loss: &LossRecord| match (&id, &loss.container) {
            (None, _) => true,
            (Some(id), Some(its)) => its == id,
            (Some(id), None) => self
                .lives
                .iter()
                .filter(|(key, _)| key.container == *id)
                .any(|(key, life)| {
                    facts::touches(
                        loss,
                        key,
                        life.stated.as_ref().and_then(|stated| stated.ended_ns),
                    )
                }),
        };
        self.losses
            .values()
            .filter(|loss| range.contains(loss.second_ns) && touches(loss))
            .cloned()
            .collect()
    }
}

impl Account<'_> {
    fn latest(&self, epoch_ns: u64, only: impl Fn(&Cell) -> bool) -> Option<(u64, &Cell)> {
        self.samples()
            .filter(|(epoch, cell)| *epoch == epoch_ns && only(cell))
            .last()
    }

    fn series(&self, query: &SeriesQuery, floors_ns: &[u64; 4]) -> Series {
        let mut ends = self.rows(query.resolution, floors_ns[query.resolution as usize]);
        ends.retain(|end| query.range.contains(end.bucket_ns));
        let mut bases = Vec::new();
        for epoch_ns in self.epochs() {
            let Some(first) = ends.iter().find(|end| end.epoch_ns == epoch_ns) else {
                continue;
            };
            // The last row before it, at this resolution or a coarser one: retention takes the finer ones first.
            let coarser = Resolution::ALL
                .into_iter()
                .filter(|&resolution| resolution >= query.resolution);
            let rows = coarser
                .flat_map(|resolution| self.rows(resolution, floors_ns[resolution as usize]));
            let before = rows
                .filter(|row| row.epoch_ns == epoch_ns && row.at_ns < first.bucket_ns)
                .max_by_key(|row| row.at_ns);
            let base = before.map(|row| Base {
                epoch_ns,
                at_ns: row.at_ns,
                metrics: row.metrics,
            });
            bases.extend(base.or_else(|| facts::baseline(self.start, epoch_ns)));
        }
        Series {
            process: self.start.process,
            before: self.before(query, floors_ns),
            points: usage::points(ends, &bases, facts::account_began_ns(self.start)),
        }
    }

    /// Its latest sample before a range of seconds, as far as rows of the minute in which the range begins, or of the minute before, tell.
    fn before(&self, query: &SeriesQuery, floors_ns: &[u64; 4]) -> Option<Before> {
        if query.resolution != Resolution::Second || query.range.from_ns >= query.range.to_ns {
            return None;
        }
        let from_ns = query
            .range
            .from_ns
            .max(floors_ns[Resolution::Second as usize])
            .checked_next_multiple_of(Resolution::Second.ns())?;
        let minute_ns = Resolution::Minute.bucket_ns(from_ns);
        let seconds = self.rows(Resolution::Second, floors_ns[0]).into_iter();
        let minutes = self.rows(Resolution::Minute, floors_ns[1]).into_iter();
        let told = seconds.filter(|row| row.bucket_ns >= minute_ns && row.at_ns < from_ns);
        let before_ns = minute_ns.saturating_sub(Resolution::Minute.ns());
        let told =
            told.chain(minutes.filter(|row| {
                (before_ns..=minute_ns).contains(&row.bucket_ns) && row.at_ns < from_ns
            }));
        told.max_by_key(|row| (row.at_ns, row.epoch_ns))
            .map(|row| Before {
                at_ns: row.at_ns,
                metrics: row.metrics,
            })
    }
}

/// Whether a container is one of those asked for.
fn fits(query: &ContainerQuery, record: &ContainerRecord) -> bool {
    let latest = record.latest();
    query.state.is_none_or(|state| state == record.state())
        && query.kind.is_none_or(|kind| kind == latest.kind)
        && query.uid.is_none_or(|uid| latest.uid == Some(uid))
        && query
            .host
            .as_ref()
            .is_none_or(|host| latest.life.host == *host)
        && query.search.as_ref().is_none_or(|text| {
            let texts = [
                Some(latest.life.container.as_str()),
                Some(&latest.name),
                latest.image.as_deref(),
                latest.command.as_deref(),
            ];
            facts::search(text, &texts)
        })
}

#[async_trait]
impl ReadStore for MemoryStore {
    async fn containers(
        &self,
        query: &ContainerQuery,
    ) -> Result<(Vec<ContainerRecord>, u64), StoreError> {
        Ok(self.books().containers(query))
    }

    async fn container(&self, id: &ContainerId) -> Result<Option<ContainerRecord>, StoreError> {
        let books = self.books();
        Ok(books.resolve(id).and_then(|id| books.container(&id)))
    }

    async fn processes(
        &self,
        id: &ContainerId,
        query: &ProcessQuery,
    ) -> Result<Vec<ProcessRecord>, StoreError> {
        let books = self.books();
        Ok(books
            .resolve(id)
            .map(|id| books.processes(&id, query))
            .unwrap_or_default())
    }

    async fn series(
        &self,
        id: &ContainerId,
        query: &SeriesQuery,
    ) -> Result<Vec<Series>, StoreError> {
        let books = self.books();
        Ok(books
            .resolve(id)
            .map(|id| books.series(&id, query))
            .unwrap_or_default())
    }

    async fn cpu_series(
        &self,
        id: &ContainerId,
        query: &CpuSeriesQuery,
    ) -> Result<Vec<CpuSeries>, StoreError> {
        let books = self.books();
        Ok(books
            .resolve(id)
            .map(|id| books.cpu_series(&id, query))
            .unwrap_or_default())
    }

    async fn losses(
        &self,
        id: Option<&ContainerId>,
        range: TimeRange,
    ) -> Result<Vec<LossRecord>, StoreError> {
        Ok(self.books().losses(id, range))
    }
}
