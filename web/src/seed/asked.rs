//! What a seed route is asked: its container, resolution and `top`, and the reading of the buckets for it.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use bc_schema::store::{ContainerRecord, ProcessQuery, ProcessRecord, Series, SeriesQuery};
use bc_schema::{ContainerId, ProcessId, Resolution, TimeRange};

use super::Plain;
use super::pids::Pids;
use crate::api::malformed_id;
use crate::app::App;
use crate::history;
use crate::parameters::Parameters;
use crate::problem::Problem;

/// A request whose caller may see the container it is about.
pub(crate) struct Asked {
    /// `None`: it was never seen.
    record: Option<ContainerRecord>,
    pub(crate) parameters: Parameters,
}

impl FromRequestParts<Arc<App>> for Asked {
    type Rejection = Plain;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Plain> {
        let path = Path::<HashMap<String, String>>::from_request_parts(parts, app).await;
        let id = path
            .ok()
            .and_then(|Path(path)| ContainerId::new(path.get("id")?.as_str()));
        let Some(id) = id else {
            app.auth.pass(&parts.headers, None)?;
            return Err(malformed_id().into());
        };
        let (_, record) = app.open(&parts.headers, &id).await?;
        Ok(Self {
            record,
            parameters: Parameters::of(&parts.uri)?,
        })
    }
}

/// One container's processes and their buckets at one resolution.
pub(crate) struct Buckets {
    pub(crate) pids: Pids,
    pub(crate) series: Vec<Series>,
}

impl Asked {
    /// `interval`; `None` when it is not given.
    pub(crate) fn interval(&self) -> Result<Option<Resolution>, Problem> {
        self.parameters.choice(
            "interval",
            &Resolution::ALL.map(|resolution| (resolution.letter(), resolution)),
        )
    }

    /// `top`.
    pub(crate) fn top(&self) -> Result<usize, Problem> {
        Ok(self.parameters.number("top", 0..=100_000, 10)? as usize)
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

    /// The buckets of all its processes, or of the one with the number `pid`; `None`: there is no such container or process.
    pub(crate) async fn buckets(
        &self,
        app: &App,
        resolution: Resolution,
        pid: Option<u64>,
    ) -> Result<Option<Buckets>, Problem> {
        let Some((record, all)) = self.processes(app).await? else {
            return Ok(None);
        };
        let pids = Pids::of(&all);
        let mut ids: Option<Vec<ProcessId>> = None;
        if let Some(pid) = pid {
            let Some(process) = all.iter().find(|process| pids.seed_id(process) == pid) else {
                return Ok(None);
            };
            ids = Some(vec![process.start.process]);
        }
        let retention = &app.config.retention;
        let reaches = history::reaches(record);
        let from_ns = history::first_kept_ns(&reaches, retention, resolution);
        let query = SeriesQuery {
            resolution,
            range: TimeRange {
                from_ns,
                to_ns: u64::MAX,
            },
            ids,
        };
        let mut series = app
            .store
            .series(&record.latest().life.container, &query)
            .await?;
        history::clip(&mut series, &all, &reaches, retention, resolution);
        Ok(Some(Buckets { pids, series }))
    }
}
