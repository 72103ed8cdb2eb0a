//! `usage`: the curves of a container. Reads the store, hands over to [`crate::chart`], and writes the answer.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use bc_schema::store::{LossRecord, ProcessQuery, Series, SeriesQuery};
use bc_schema::{Metric, Metrics, ProcessId, Resolution, TimeRange};
use serde::Serialize;
use serde_json::{Value, json};

use super::answer::Ms;
use super::losses;
use super::permitted::Permitted;
use crate::app::App;
use crate::chart::grid::Grid;
use crate::chart::plan::{self, Asked, MAX_BUCKETS};
use crate::chart::{Canvas, Curve, Measure, Ranked};
use crate::history;
use crate::lived::Everyone;
use crate::parameters::Parameters;
use crate::problem::Problem;
use crate::reading;

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

    /// What is drawn on: first the curves of processes, then, where an amount has two sides, each side's total.
    fn canvases(self, grid: &Grid) -> Vec<Canvas> {
        let mut measures = vec![self.measure()];
        if self == Self::BlockIo {
            measures.push(Measure::Flow(|metrics| metrics.get(Metric::BlockReadBytes)));
            measures.push(Measure::Flow(|metrics| {
                metrics.get(Metric::BlockWriteBytes)
            }));
        }
        measures
            .into_iter()
            .map(|measure| Canvas::new(measure, grid.clone()))
            .collect()
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

/// Most buckets of processes that are read for one answer: where the resolution is ours to choose, and where it was asked for.
const MAX_CHOSEN: u64 = 1_000_000;
const MAX_ASKED_FOR: u64 = 3_000_000;

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
            finest: Resolution::Second,
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
    let request = request(&parameters)?;
    let (grid, everyone) = plan(&app, &permitted, &request).await?;
    let id = permitted.id();
    let asked = &request.asked;
    let lost_in = TimeRange {
        from_ns: asked.from_ns.unwrap_or(0),
        to_ns: asked.to_ns.unwrap_or(u64::MAX),
    };
    let losses = app.store.losses(Some(id), lost_in).await?;
    let query = SeriesQuery {
        resolution: grid.resolution,
        range: grid.range(),
        ids: request.process.map(|process| vec![process]),
    };
    let canvases = request.drawn.canvases(&grid);
    let add = |canvases: &mut Vec<Canvas>, series: &[Series], everyone: &Everyone| {
        for canvas in canvases {
            canvas.add(series, |process| everyone.stay(process));
        }
    };
    let canvases = reading::fold(&app, id, query, &everyone, canvases, add).await?;
    let answer =
        tokio::task::spawn_blocking(move || answer(&request, &grid, canvases, &everyone, &losses));
    answer
        .await
        .map(Json)
        .map_err(|error| Problem::Broken(format!("drawing usage: {error}")))
}

/// Cuts the range, and finds who lived in it. A resolution that nobody insists on is taken coarser until what is to be read is not too much.
async fn plan(
    app: &App,
    permitted: &Permitted,
    request: &Request,
) -> Result<(Grid, Arc<Everyone>), Problem> {
    let reaches = history::reaches(&permitted.0);
    let retention = &app.config.retention;
    let mut recorded = history::recorded(&reaches, &permitted.0);
    let mut asked = request.asked;
    let mut alone = None;
    if let Some(process) = request.process {
        let query = ProcessQuery {
            range: None,
            ids: Some(vec![process]),
        };
        let found = app.store.processes(permitted.id(), &query).await?;
        let unknown =
            || Problem::NotFound("no process of this id was recorded in this container".into());
        recorded = history::stay(found.first().ok_or_else(unknown)?, &reaches);
        alone = Some(found);
    }
    loop {
        let grid = plan::plan(&asked, recorded, &reaches, retention)
            .map_err(|plan::TooFine| too_fine(MAX_BUCKETS))?;
        let living = match &alone {
            Some(found) => found.clone(),
            None => {
                let query = ProcessQuery {
                    range: Some(grid.range()),
                    ids: None,
                };
                app.store.processes(permitted.id(), &query).await?
            }
        };
        let everyone = Everyone::of(&living, &reaches, retention, grid.resolution);
        let load = reading::load(everyone.stays(), grid.resolution, grid.range());
        match asked.resolution {
            Some(_) if load > MAX_ASKED_FOR => return Err(too_fine(MAX_ASKED_FOR)),
            None if load > MAX_CHOSEN => {
                match Resolution::ALL.into_iter().find(|&r| r > grid.resolution) {
                    Some(coarser) => asked.finest = coarser,
                    None => return Ok((grid, Arc::new(everyone))),
                }
            }
            _ => return Ok((grid, Arc::new(everyone))),
        }
    }
}

fn too_fine(most: u64) -> Problem {
    let allowed =
        format!("coarser, or the range shorter: one answer is drawn from at most {most} buckets");
    Problem::parameter("resolution", allowed)
}

#[derive(Serialize)]
struct Shown<'a> {
    process: Value,
    pid: Option<u32>,
    name: &'a str,
    sum: u64,
    mean: &'a Curve,
}

fn answer(
    request: &Request,
    grid: &Grid,
    canvases: Vec<Canvas>,
    everyone: &Everyone,
    losses: &[LossRecord],
) -> Value {
    let mut canvases = canvases.into_iter();
    let chart = canvases
        .next()
        .expect("there is one for the series")
        .finish(request.top);
    let show = |ranked| shown(ranked, everyone);
    let series: Vec<Shown<'_>> = chart.top.iter().chain(&chart.others).map(show).collect();
    let mut total = json!({ "mean": chart.mean, "min": chart.min, "max": chart.max });
    for (name, canvas) in ["read", "write"].into_iter().zip(canvases) {
        total[name] = json!(canvas.finish(0).mean);
    }
    let measure = request.drawn.measure();
    let covered = grid.per_step(|bucket| measure.covered_ns(grid, bucket));
    let range = grid.range();
    json!({
        "metric": request.drawn.name(),
        "unit": request.drawn.unit(),
        "resolution": grid.resolution,
        "step_ms": grid.step_ns() / 1_000_000,
        "from_ms": Ms(range.from_ns),
        "to_ms": Ms(range.to_ns),
        "times_ms": grid.step_starts_ns().map(Ms).collect::<Vec<_>>(),
        "covered_ms": covered.into_iter().map(Ms).collect::<Vec<_>>(),
        "total": total,
        "series": series,
        "losses": losses::join(losses, grid.step_ns()),
    })
}

fn shown<'a>(ranked: &'a Ranked, everyone: &'a Everyone) -> Shown<'a> {
    let process = ranked.process.and_then(|id| everyone.get(id));
    Shown {
        process: ranked.process.map_or(json!("others"), |id| json!(id)),
        pid: process.map(|process| process.pid),
        name: match ranked.process {
            None => "others",
            Some(_) => process.map_or("", |process| &process.name),
        },
        sum: ranked.sum,
        mean: &ranked.mean,
    }
}
