//! `lives`: what each life of a container amounted to.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bc_schema::store::ProcessRecord;
use bc_schema::{LifeKey, Metric, ProcessEnd};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::{Ms, json};
use super::permitted::Permitted;
use super::refusal::{Id, OfAny, OfMissing, OfOther};
use crate::app::App;
use crate::history;
use crate::problem::Problem;

/// A life, and what its processes amounted to.
#[derive(Serialize, ToSchema)]
#[schema(as = LifeInFull)]
struct Life<'a> {
    host: &'a str,
    began_ms: Ms,
    ended_ms: Option<Ms>,
    /// Until then it is recorded.
    last_record_ms: Ms,
    image: Option<&'a str>,
    command: Option<&'a str>,
    #[serde(flatten)]
    sums: Sums,
}

/// What processes amount to together.
#[derive(Debug, Default, Serialize, ToSchema)]
struct Sums {
    processes: u64,
    /// Of these, not known to have ended.
    open_processes: u64,
    /// Of these, ended by a signal, the OOM killer or with an exit code other than 0.
    failed_processes: u64,
    /// CPU, ns.
    cpu_ns: u64,
    /// The most that one process held by itself since its last exec, bytes.
    peak_rss_bytes: Option<u64>,
}

impl Sums {
    fn add(&mut self, process: &ProcessRecord) {
        let totals = &process.totals;
        self.processes += 1;
        self.open_processes += u64::from(process.end.is_none());
        self.failed_processes += u64::from(process.end.as_ref().is_some_and(ProcessEnd::failed));
        let cpu_ns = totals.get(Metric::CpuNs).unwrap_or(0);
        self.cpu_ns = self.cpu_ns.saturating_add(cpu_ns);
        // Unknown is less than anything known.
        self.peak_rss_bytes = self.peak_rss_bytes.max(totals.get(Metric::PeakRssBytes));
    }
}

/// The lives of a container.
#[derive(Serialize, ToSchema)]
pub(crate) struct Lives<'a> {
    /// Newest first.
    lives: Vec<Life<'a>>,
}

/// Its lives
///
/// From its first process to its last is one life; the same id started again, requeued or on another host is another. With what the processes
/// of each amounted to.
#[utoipa::path(
    get, path = "/containers/{id}/lives", tag = "containers",
    params(Id),
    responses((status = 200, body = Lives), OfAny, OfOther, OfMissing),
)]
pub(crate) async fn lives(
    State(app): State<Arc<App>>,
    permitted: Permitted,
) -> Result<Response, Problem> {
    let (all, _turn) = app.processes(permitted.id()).await?;
    let mut sums: HashMap<&LifeKey, Sums> = HashMap::new();
    for process in &all {
        sums.entry(&process.start.life).or_default().add(process);
    }
    let record = &permitted.0;
    let reaches = history::reaches(record);
    let lives = record.lives.iter().zip(&reaches).map(|(life, reach)| Life {
        host: &life.life.host,
        began_ms: Ms(life.life.began_ns),
        ended_ms: life.ended_ns.map(Ms),
        last_record_ms: Ms(reach.last_ns),
        image: life.image.as_deref(),
        command: life.command.as_deref(),
        sums: sums.remove(&life.life).unwrap_or_default(),
    });
    json(&Lives {
        lives: lives.collect(),
    })
}
