//! `usage`: the curves of a container. Reads the store, hands over to [`crate::chart`], and writes the answer.

mod curves;
pub(crate) mod table;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bc_schema::store::{ColumnQuery, LossRecord, ProcessQuery, Run, SeriesQuery};
use bc_schema::{Metric, ProcessId, Resolution, TimeRange};

use super::answer::{self, Ms, json};
use super::losses;
use super::permitted::Permitted;
use super::processes::unknown_process;
use super::refusal::{Id, OfAny, OfMissing, OfOther};
use crate::app::App;
use crate::chart::grid::Grid;
use crate::chart::plan::{self, MAX_BUCKETS};
use crate::chart::{Canvas, Measure, Ranked};
use crate::history;
use crate::lived::Everyone;
use crate::parameters::{Ask, Asked, Parameters};
use crate::problem::Problem;
use crate::reading;
use curves::{OfOne, Total, Usage};

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
            Self::Cpu => Measure::Flow(&[Metric::CpuNs]),
            Self::Memory => Measure::Memory,
            Self::BlockIo => Measure::Flow(&[Metric::BlockReadBytes, Metric::BlockWriteBytes]),
        }
    }
}

/// Most buckets of processes that are read for one answer: where the resolution is ours to choose, and where it was asked for.
const MAX_CHOSEN: u64 = 1_000_000;
const MAX_ASKED_FOR: u64 = 3_000_000;

/// What curves, of whom, how finely.
pub(crate) struct Request {
    drawn: Drawn,
    asked: plan::Asked,
    top: usize,
    process: Option<ProcessId>,
}

impl Asked for plan::Asked {
    fn read(parameters: &Parameters) -> Result<Self, Problem> {
        let resolutions = [
            ("auto", None),
            ("s", Some(Resolution::Second)),
            ("m", Some(Resolution::Minute)),
            ("h", Some(Resolution::Hour)),
            ("d", Some(Resolution::Day)),
        ];
        let (from_ns, to_ns) = parameters.range_ns()?;
        Ok(Self {
            resolution: parameters
                .choice(
                    "resolution",
                    "Buckets of a second, minute, hour or day; `auto` (the default) is the finest that is still held for all of the range \
                     and puts at most 8 buckets into a point.",
                    &resolutions,
                )?
                .flatten(),
            finest: Resolution::Second,
            from_ns,
            to_ns,
            points: parameters.number(
                "points",
                "At most so many steps: neighbouring buckets are joined into steps of equal length.",
                10..=5000,
                600,
            )?,
        })
    }
}

impl Asked for Request {
    fn read(parameters: &Parameters) -> Result<Self, Problem> {
        Ok(Request {
            drawn: parameters
                .choice("metric", "What is drawn; `cpu` unless told otherwise.", &Drawn::ALL)?
                .unwrap_or(Drawn::Cpu),
            asked: plan::Asked::read(parameters)?,
            top: parameters.number(
                "top",
                "So many processes have curves of their own, those with the most; the others share one.",
                0..=100,
                10,
            )? as usize,
            process: parameters.parsed(
                "process",
                "Of this process alone, over its own time.",
                Some(answer::PROCESS_ID),
                "an id of 32 hexadecimal digits",
                |text| text.parse().ok(),
            )?,
        })
    }
}

/// Usage over time
///
/// The curves of the processes with the most, of the others together, and of all. `from` and `to` default to the container's recorded span,
/// and what they take in beyond it is left out. 400 when the range holds more than 200,000 buckets of the resolution asked for.
#[utoipa::path(
    get, path = "/containers/{id}/usage", tag = "usage",
    params(Id, Ask::<Request>),
    responses((status = 200, body = Usage), OfAny, OfOther, OfMissing),
)]
pub(crate) async fn usage(
    State(app): State<Arc<App>>,
    permitted: Permitted,
    Ask(request): Ask<Request>,
) -> Result<Response, Problem> {
    json(&draw(&app, &permitted, request).await?)
}

/// Reads what is asked, and draws it.
async fn draw(app: &App, permitted: &Permitted, request: Request) -> Result<Usage, Problem> {
    let (grid, everyone) = plan(app, permitted, &request).await?;
    let id = permitted.id();
    let asked = &request.asked;
    let lost_in = TimeRange {
        from_ns: asked.from_ns.unwrap_or(0),
        to_ns: asked.to_ns.unwrap_or(u64::MAX),
    };
    let losses = app.store.losses(Some(id), lost_in).await?;
    let (metrics, max_rss) = request.drawn.measure().columns();
    let query = ColumnQuery {
        series: SeriesQuery {
            resolution: grid.resolution,
            range: grid.range(),
            ids: request.process.map(|process| vec![process]),
        },
        metrics: metrics.to_vec(),
        max_rss,
    };
    let canvas = Canvas::new(request.drawn.measure(), grid.clone());
    let add = |canvas: &mut Canvas, run: Run<'_>, everyone: &Everyone| {
        canvas.add(run, |process| everyone.presence(process));
    };
    let canvas = reading::fold(app, id, &query, &everyone, canvas, add).await?;
    let drawn =
        tokio::task::spawn_blocking(move || answer(&request, &grid, canvas, &everyone, &losses));
    drawn
        .await
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
        recorded = history::stay(found.first().ok_or_else(unknown_process)?, &reaches);
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

pub(super) fn too_fine(most: u64) -> Problem {
    let allowed =
        format!("coarser, or the range shorter: one answer is drawn from at most {most} buckets");
    Problem::parameter("resolution", allowed)
}

fn answer(
    request: &Request,
    grid: &Grid,
    canvas: Canvas,
    everyone: &Everyone,
    losses: &[LossRecord],
) -> Usage {
    let chart = canvas.finish(request.top);
    let ranked = chart.top.into_iter().chain(chart.others);
    let series = ranked.map(|ranked| shown(ranked, everyone)).collect();
    // Bytes read come first in what I/O is drawn from.
    let mut sides = chart.sides.into_iter();
    let measure = request.drawn.measure();
    let covered = grid.per_step(|bucket| measure.covered_ns(grid, bucket));
    let range = grid.range();
    Usage {
        metric: request.drawn.name(),
        unit: request.drawn.unit(),
        resolution: grid.resolution,
        step_ms: grid.step_ns() / 1_000_000,
        from_ms: Ms(range.from_ns),
        to_ms: Ms(range.to_ns),
        times_ms: grid.step_starts_ns().map(Ms).collect(),
        covered_ms: covered.into_iter().map(Ms).collect(),
        total: Total {
            mean: chart.mean,
            min: chart.min,
            max: chart.max,
            read: sides.next(),
            write: sides.next(),
        },
        series,
        losses: losses::join(losses, grid.step_ns()),
    }
}

fn shown(ranked: Ranked, everyone: &Everyone) -> OfOne {
    let process = ranked.process.and_then(|id| everyone.get(id));
    OfOne {
        process: ranked
            .process
            .map_or_else(|| "others".into(), |id| id.to_string()),
        pid: process.map(|process| process.pid),
        name: match ranked.process {
            None => "others".into(),
            Some(_) => process.map_or_else(String::new, |process| process.name.clone()),
        },
        sum: ranked.sum,
        mean: ranked.mean,
    }
}
