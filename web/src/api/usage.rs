//! `usage`: the curves of a container. Reads the store, hands over to [`crate::chart`], and writes the answer.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use bc_schema::store::{LossRecord, ProcessQuery, ProcessRecord, Series, SeriesQuery};
use bc_schema::{Metric, Metrics, ProcessId, Resolution, TimeRange};
use serde::Serialize;
use serde_json::{Value, json};

use super::answer::Ms;
use super::losses;
use super::permitted::Permitted;
use super::processes::name;
use crate::app::App;
use crate::chart::grid::Grid;
use crate::chart::plan::{self, Asked, MAX_BUCKETS};
use crate::chart::{self, Curve, Measure, Ranked};
use crate::history;
use crate::parameters::Parameters;
use crate::problem::Problem;

/// What can be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Drawn {
    Cpu,
    Memory,
    BlockIo,
}

impl Drawn {
    const ALL: [(&'static str, Drawn); 3] = [
        ("cpu", Self::Cpu),
        ("memory", Self::Memory),
        ("block_io", Self::BlockIo),
    ];

    fn name(self) -> &'static str {
        Self::ALL
            .into_iter()
            .find(|(_, drawn)| *drawn == self)
            .map_or("", |(name, _)| name)
    }

    fn unit(self) -> &'static str {
        match self {
            Self::Cpu => "ns_per_s",
            Self::Memory => "bytes",
            Self::BlockIo => "bytes_per_s",
        }
    }

    fn measure(self) -> Measure {
        match self {
            Self::Cpu => Measure::Flow(|metrics| metrics.get(Metric::CpuNs)),
            Self::Memory => Measure::Memory,
            Self::BlockIo => Measure::Flow(block_io),
        }
    }
}

/// Bytes from and to block devices; absent when neither is known.
pub(crate) fn block_io(metrics: &Metrics) -> Option<u64> {
    match (
        metrics.get(Metric::BlockReadBytes),
        metrics.get(Metric::BlockWriteBytes),
    ) {
        (None, None) => None,
        (read, write) => Some(read.unwrap_or(0).saturating_add(write.unwrap_or(0))),
    }
}

struct Request {
    drawn: Drawn,
    asked: Asked,
    top: usize,
    process: Option<ProcessId>,
}

fn request(parameters: &Parameters) -> Result<Request, Problem> {
    let resolutions = [
        ("auto", None),
        ("s", Some(Resolution::Second)),
        ("m", Some(Resolution::Minute)),
        ("h", Some(Resolution::Hour)),
        ("d", Some(Resolution::Day)),
    ];
    let (from_ns, to_ns) = parameters.range_ns()?;
    let process = parameters.text("process")?.map(str::parse).transpose();
    Ok(Request {
        drawn: parameters
            .choice("metric", &Drawn::ALL)?
            .unwrap_or(Drawn::Cpu),
        asked: Asked {
            resolution: parameters.choice("resolution", &resolutions)?.flatten(),
            from_ns,
            to_ns,
            points: parameters.number("points", 10..=5000, 600)?,
        },
        top: parameters.number("top", 0..=100, 10)? as usize,
        process: process
            .map_err(|_| Problem::parameter("process", "an id of 32 hexadecimal digits"))?,
    })
}

/// `GET containers/{id}/usage`.
pub(crate) async fn usage(
    State(app): State<Arc<App>>,
    permitted: Permitted,
    parameters: Parameters,
) -> Result<Json<Value>, Problem> {
    let Request {
        drawn,
        asked,
        top,
        process,
    } = request(&parameters)?;
    let id = permitted.id();
    let reaches = history::reaches(&permitted.0);
    let ids = process.map(|process| vec![process]);

    let mut processes = Vec::new();
    let mut recorded = history::recorded(&reaches, &permitted.0);
    if ids.is_some() {
        processes = app
            .store
            .processes(
                id,
                &ProcessQuery {
                    range: None,
                    ids: ids.clone(),
                },
            )
            .await?;
        let process = processes.first().ok_or_else(|| {
            Problem::NotFound("no process of this id was recorded in this container".into())
        })?;
        recorded = history::stay(process, &reaches);
    }
    let retention = app.config.retention;
    let grid = plan::plan(&asked, recorded, &reaches, &retention).map_err(|_| {
        Problem::parameter("resolution", format!("coarser, or the range shorter: one answer is drawn from at most {MAX_BUCKETS} buckets"))
    })?;

    let range = grid.range();
    let query = SeriesQuery {
        resolution: grid.resolution,
        range,
        ids: ids.clone(),
    };
    let series = async {
        if grid.buckets == 0 {
            Ok(Vec::new())
        } else {
            app.store.series(id, &query).await
        }
    };
    let lost_in = TimeRange {
        from_ns: asked.from_ns.unwrap_or(0),
        to_ns: asked.to_ns.unwrap_or(u64::MAX),
    };
    let living = ProcessQuery {
        range: Some(range),
        ids: None,
    };
    let others = async {
        if ids.is_some() {
            Ok(processes)
        } else {
            app.store.processes(id, &living).await
        }
    };
    let (mut series, processes, losses) =
        tokio::try_join!(series, others, app.store.losses(Some(id), lost_in))?;

    // Summing a million points takes longer than a thread that serves others may be held.
    let answer = tokio::task::spawn_blocking(move || {
        history::clip(
            &mut series,
            &processes,
            &reaches,
            &retention,
            grid.resolution,
        );
        let stays = processes
            .iter()
            .map(|process| (process.start.process, history::stay(process, &reaches)))
            .collect();
        draw(drawn, &grid, &series, &processes, &stays, &losses, top)
    });
    answer
        .await
        .map(Json)
        .map_err(|error| Problem::Broken(format!("drawing usage: {error}")))
}

#[derive(Serialize)]
struct Shown<'a> {
    process: Value,
    pid: Option<u32>,
    name: &'a str,
    sum: u64,
    mean: &'a Curve,
}

fn draw(
    drawn: Drawn,
    grid: &Grid,
    series: &[Series],
    processes: &[ProcessRecord],
    stays: &HashMap<ProcessId, TimeRange>,
    losses: &[LossRecord],
    top: usize,
) -> Value {
    let chart = chart::draw(drawn.measure(), grid, series, stays, top);
    let known: HashMap<ProcessId, &ProcessRecord> = processes
        .iter()
        .map(|process| (process.start.process, process))
        .collect();
    let show = |ranked| shown(ranked, &known);
    let shown: Vec<Shown<'_>> = chart.top.iter().chain(&chart.others).map(show).collect();
    let mut total = json!({ "mean": chart.mean, "min": chart.min, "max": chart.max });
    if drawn == Drawn::BlockIo {
        let of = |value| chart::draw(Measure::Flow(value), grid, series, stays, 0).mean;
        total["read"] = json!(of(|metrics| metrics.get(Metric::BlockReadBytes)));
        total["write"] = json!(of(|metrics| metrics.get(Metric::BlockWriteBytes)));
    }
    let range = grid.range();
    json!({
        "metric": drawn.name(),
        "unit": drawn.unit(),
        "resolution": grid.resolution,
        "step_ms": grid.step_ns() / 1_000_000,
        "from_ms": Ms(range.from_ns),
        "to_ms": Ms(range.to_ns),
        "times_ms": grid.step_starts_ns().map(Ms).collect::<Vec<_>>(),
        "covered_ms": grid.per_step(|bucket| u128::from(drawn.measure().covered_ns(grid, bucket))).into_iter().map(|ns| Ms(ns as u64)).collect::<Vec<_>>(),
        "total": total,
        "series": shown,
        "losses": losses::join(losses, grid.step_ns()),
    })
}

fn shown<'a>(ranked: &'a Ranked, known: &HashMap<ProcessId, &'a ProcessRecord>) -> Shown<'a> {
    let process = ranked.process.and_then(|id| known.get(&id));
    Shown {
        process: ranked.process.map_or(json!("others"), |id| json!(id)),
        pid: process.map(|process| process.start.pid),
        name: match ranked.process {
            None => "others",
            Some(_) => process.map_or("", |process| name(process)),
        },
        sum: ranked.sum,
        mean: &ranked.mean,
    }
}
