//! What a seed route is asked: its container, resolution and `top`, and the reading of the buckets for it.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use bc_schema::resolution::SECOND_NS;
use bc_schema::store::{
    ColumnQuery, ContainerRecord, Point, ProcessQuery, ProcessRecord, Run, SeriesQuery,
};
use bc_schema::{Metric, ProcessId, Resolution, TimeRange};

use super::Plain;
use super::pids::Pids;
use super::slept::Slept;
use crate::api::of_path;
use crate::app::App;
use crate::history;
use crate::lived::Everyone;
use crate::parameters::Parameters;
use crate::problem::Problem;
use crate::reading;

/// A request whose caller may see the container it is about.
pub(crate) struct Asked {
    /// `None`: it was never seen.
    record: Option<ContainerRecord>,
    pub(crate) parameters: Parameters,
}

impl FromRequestParts<Arc<App>> for Asked {
    type Rejection = Plain;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Plain> {
        let record = of_path(parts, app).await?;
        Ok(Self {
            record,
            parameters: Parameters::of(&parts.uri)?,
        })
    }
}

/// Makes a row of a process's number, a bucket's start (whole seconds since the epoch) and the bucket; `None`: nothing is known there.
pub(crate) type Row<R> = fn(u64, u64, &Point) -> Option<R>;

impl Asked {
    /// `interval`; `None` when it is not given.
    pub(crate) fn interval(&self) -> Result<Option<Resolution>, Problem> {
        self.parameters.choice(
            "interval",
            "How finely.",
            &Resolution::ALL.map(|resolution| (resolution.letter(), resolution)),
        )
    }

    /// `top`.
    pub(crate) fn top(&self) -> Result<usize, Problem> {
        Ok(self
            .parameters
            .number("top", "How many processes.", 0..=100_000, 10)? as usize)
    }

    /// The container and all its processes; `None`: it was never seen.
    pub(crate) async fn processes(
        &self,
        app: &App,
    ) -> Result<Option<(&ContainerRecord, Vec<ProcessRecord>)>, Problem> {
        let Some(record) = &self.record else {
            return Ok(None);
        };
        let id = &record.latest().life.container;
        let all = app.store.processes(id, &ProcessQuery::default()).await?;
        Ok(Some((record, all)))
    }

    /// The rows of all its processes, or of the one with the number `pid`, by their numbers; none of one without rows. They are made of these
    /// `metrics` alone.
    pub(crate) async fn rows<R: Send + 'static>(
        &self,
        app: &App,
        resolution: Resolution,
        pid: Option<u64>,
        metrics: &'static [Metric],
        row: Row<R>,
    ) -> Result<HashMap<u64, Vec<R>>, Problem> {
        let Some((record, all)) = self.processes(app).await? else {
            return Ok(HashMap::new());
        };
        let pids = Arc::new(Pids::of(&all));
        let mut ids: Option<Vec<ProcessId>> = None;
        if let Some(pid) = pid {
            let Some(process) = all.iter().find(|process| pids.seed_id(process) == pid) else {
                return Ok(HashMap::new());
            };
            ids = Some(vec![process.start.process]);
        }
        let retention = &app.config.retention;
        let reaches = history::reaches(record);
        let recorded = history::recorded(&reaches, record);
        let kept_ns = history::first_kept_ns(&reaches, retention, resolution);
        let range = TimeRange {
            from_ns: resolution.bucket_ns(recorded.from_ns).max(kept_ns),
            ..recorded
        };
        let everyone = Arc::new(Everyone::of(&all, &reaches, retention, resolution));
        drop(all);
        let query = ColumnQuery {
            series: SeriesQuery {
                resolution,
                range,
                ids,
            },
            metrics: metrics.to_vec(),
            max_rss: false,
        };
        let id = &record.latest().life.container;
        let table = Table {
            pids,
            metrics,
            row,
            slept: Slept::new(resolution, range),
            rows: HashMap::new(),
        };
        let add = |table: &mut Table<R>, run: Run<'_>, everyone: &Everyone| {
            table.add(run, everyone);
        };
        let table = reading::fold(app, id, &query, &everyone, table, add).await?;
        Ok(table.finish(&everyone))
    }
}

/// Rows by the numbers of their processes.
struct Table<R> {
    pids: Arc<Pids>,
    metrics: &'static [Metric],
    row: Row<R>,
    slept: Slept,
    rows: HashMap<u64, Vec<R>>,
}

impl<R> Table<R> {
    fn add(&mut self, run: Run<'_>, everyone: &Everyone) {
        let from_ns = everyone.kept_from_ns(run.process);
        let Self {
            pids,
            metrics,
            row,
            slept,
            rows,
        } = self;
        slept.fill(run, metrics, from_ns, |point| {
            put(rows, pids.get(run.process), *row, point)
        });
    }

    fn finish(mut self, everyone: &Everyone) -> HashMap<u64, Vec<R>> {
        let (rows, pids) = (&mut self.rows, &self.pids);
        self.slept.finish(everyone, |process, point| {
            put(rows, pids.get(process), self.row, point);
        });
        self.rows
    }
}

fn put<R>(rows: &mut HashMap<u64, Vec<R>>, pid: Option<u64>, row: Row<R>, point: &Point) {
    let Some(pid) = pid else { return };
    if let Some(row) = row(pid, point.bucket_ns / SECOND_NS, point) {
        rows.entry(pid).or_default().push(row);
    }
}
