//! `cpus`: what a process used on each CPU, as curves over one cut of time.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use bc_schema::store::{CpuSeries, CpuSeriesQuery, LossRecord, ProcessQuery};
use bc_schema::{Resolution, TimeRange};
use serde::Serialize;
use utoipa::ToSchema;

use super::{process_of, unknown_process};
use crate::api::answer::{Ms, json, resolution};
use crate::api::losses;
use crate::api::permitted::Permitted;
use crate::api::refusal::{Id, OfAny, OfMissing, OfOther, Process};
use crate::api::usage::too_fine;
use crate::app::App;
use crate::chart::grid::Grid;
use crate::chart::plan::{self, Asked, MAX_BUCKETS};
use crate::history;
use crate::parameters::Ask;
use crate::problem::Problem;

/// A process's curves by CPU.
#[derive(Serialize, ToSchema)]
pub(crate) struct Cpus {
    unit: &'static str,
    #[schema(schema_with = resolution)]
    resolution: Resolution,
    /// Length of a step, ms.
    step_ms: u64,
    from_ms: Ms,
    to_ms: Ms,
    /// The steps' beginnings, on multiples of `step_ms`.
    times_ms: Vec<Ms>,
    /// How much of each step its means are taken over.
    covered_ms: Vec<Ms>,
    /// Those that it used in the range, by number; none where CPU time by core was not counted.
    cpus: Vec<Cpu>,
    losses: Vec<losses::Shown>,
}

/// What it used on one CPU.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Cpu {
    /// As the kernel numbers them.
    cpu: u32,
    /// CPU nanoseconds in the range.
    sum: u64,
    /// CPU nanoseconds per second, step by step: 1e9 is all of that CPU.
    mean: Vec<u64>,
}

/// A process's usage by CPU
///
/// Over its own time, and no further back than is kept. 400 when the range holds more than 200,000 buckets of the resolution asked for.
#[utoipa::path(
    get, path = "/containers/{id}/processes/{process}/cpus", tag = "usage",
    params(Id, Process, Ask::<Asked>),
    responses((status = 200, body = Cpus), OfAny, OfOther, OfMissing),
)]
pub(crate) async fn cpus(
    State(app): State<Arc<App>>,
    permitted: Permitted,
    Path(path): Path<HashMap<String, String>>,
    Ask(asked): Ask<Asked>,
) -> Result<Response, Problem> {
    let process = process_of(&path)?;
    let id = permitted.id();
    let query = ProcessQuery {
        range: None,
        ids: Some(vec![process]),
    };
    let found = app.store.processes(id, &query).await?;
    let found = found.first().ok_or_else(unknown_process)?;
    let reaches = history::reaches(&permitted.0);
    let stay = history::stay(found, &reaches);
    let retention = &app.config.retention;
    let grid = plan::plan(&asked, stay, &reaches, retention)
        .map_err(|plan::TooFine| too_fine(MAX_BUCKETS))?;
    let kept_ns = reaches
        .iter()
        .find(|reach| reach.life == found.start.life)
        .map_or(0, |reach| reach.kept_from_ns(retention, grid.resolution));
    let query = CpuSeriesQuery {
        process,
        resolution: grid.resolution,
        range: grid.range(),
    };
    let mut series = app.store.cpu_series(id, &query).await?;
    for one in &mut series {
        one.points.retain(|(bucket_ns, _)| *bucket_ns >= kept_ns);
    }
    let lost_in = TimeRange {
        from_ns: asked.from_ns.unwrap_or(stay.from_ns),
        to_ns: asked.to_ns.unwrap_or(stay.to_ns),
    };
    let losses = app.store.losses(Some(id), lost_in).await?;
    json(&answer(&grid, &series, &losses))
}

fn answer(grid: &Grid, series: &[CpuSeries], losses: &[LossRecord]) -> Cpus {
    let covered_ns = grid.per_step(|bucket| grid.covered_seconds_ns(bucket));
    let range = grid.range();
    Cpus {
        unit: "ns_per_s",
        resolution: grid.resolution,
        step_ms: grid.step_ns() / 1_000_000,
        from_ms: Ms(range.from_ns),
        to_ms: Ms(range.to_ns),
        times_ms: grid.step_starts_ns().map(Ms).collect(),
        cpus: series
            .iter()
            .filter_map(|series| curve(grid, &covered_ns, series))
            .collect(),
        covered_ms: covered_ns.into_iter().map(Ms).collect(),
        losses: losses::join(losses, grid.step_ns()),
    }
}

/// One CPU's curve; `None`: nothing was used on it here.
fn curve(grid: &Grid, covered_ns: &[u64], series: &CpuSeries) -> Option<Cpu> {
    let mut used_ns = vec![0u64; grid.steps()];
    for &(bucket_ns, cpu_ns) in &series.points {
        spread(grid, bucket_ns, cpu_ns, |bucket, part_ns| {
            used_ns[grid.step_of(bucket)] += part_ns;
        });
    }
    let sum = used_ns.iter().sum();
    let mean = used_ns.iter().zip(covered_ns);
    let mean = mean
        .map(|(used_ns, covered_ns)| {
            (u128::from(*used_ns) * 1_000_000_000 / u128::from(*covered_ns).max(1)) as u64
        })
        .collect();
    (sum > 0).then_some(Cpu {
        cpu: series.cpu,
        sum,
        mean,
    })
}

/// A CPU gives no more than a second in a second: what is more than the bucket is long was used before it, where no sample was taken, and is
/// spread over as many buckets as it takes, to the last ns.
fn spread(grid: &Grid, bucket_ns: u64, cpu_ns: u64, mut each: impl FnMut(usize, u64)) {
    let at = grid.index(bucket_ns);
    let parts = cpu_ns.div_ceil(grid.resolution.ns()).max(1);
    let upto = |part: u64| (u128::from(cpu_ns) * u128::from(part) / u128::from(parts)) as u64;
    let first = at + 1 - parts as i64;
    for bucket in first.max(0)..(at + 1).min(grid.buckets as i64) {
        let part = (bucket - first) as u64;
        each(bucket as usize, upto(part + 1) - upto(part));
    }
}

#[cfg(test)]
mod tests {
    use bc_schema::Resolution;
    use bc_schema::resolution::SECOND_NS;

    use super::*;

    fn curve_of(points: &[(u64, u64)], steps: u64) -> Option<Cpu> {
        let range = TimeRange {
            from_ns: 100 * SECOND_NS,
            to_ns: 108 * SECOND_NS,
        };
        let grid = Grid::new(Resolution::Second, range, range, steps);
        let covered_ns = grid.per_step(|bucket| grid.covered_seconds_ns(bucket));
        let points = points
            .iter()
            .map(|&(second, cpu_ns)| (second * SECOND_NS, cpu_ns))
            .collect();
        curve(&grid, &covered_ns, &CpuSeries { cpu: 3, points })
    }

    #[test]
    fn seconds_are_told_as_they_are() {
        let curve = curve_of(&[(100, 7), (103, SECOND_NS)], 8).unwrap();
        assert_eq!(curve.mean, [7, 0, 0, SECOND_NS, 0, 0, 0, 0]);
        assert_eq!((curve.cpu, curve.sum), (3, SECOND_NS + 7));
    }

    #[test]
    fn what_no_cpu_can_give_in_a_second_was_used_before() {
        let curve = curve_of(&[(104, 2 * SECOND_NS + 2)], 8).unwrap();
        let third = 666_666_667;
        assert_eq!(curve.mean, [0, 0, third, third, third + 1, 0, 0, 0]);
        assert_eq!(curve.sum, 2 * SECOND_NS + 2);
    }

    #[test]
    fn steps_are_means_and_an_unused_cpu_is_left_out() {
        let curve = curve_of(&[(100, SECOND_NS), (101, SECOND_NS / 2)], 4).unwrap();
        assert_eq!(curve.mean, [SECOND_NS * 3 / 4, 0, 0, 0]);
        assert_eq!(curve_of(&[(50, 9)], 4), None);
    }
}
