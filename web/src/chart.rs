//! From buckets of processes to the curves of a chart: pure functions, nothing of stores or HTTP.
//!
//! [`grid`] says how time is cut, [`flow`] what an amount (CPU, I/O) and [`level`] what a level (memory) puts into each bucket; here they
//! are summed, ranked and joined into steps.

pub(crate) mod flow;
pub(crate) mod grid;
pub(crate) mod level;
pub(crate) mod plan;

use std::cmp::Reverse;
use std::collections::HashMap;

use bc_schema::store::Series;
use bc_schema::{Metrics, ProcessId, TimeRange};

use grid::Grid;

/// What is drawn.
#[derive(Clone, Copy)]
pub(crate) enum Measure {
    /// An amount per second, from the amount in each bucket.
    Flow(fn(&Metrics) -> Option<u64>),
    /// Resident memory.
    Memory,
}

/// One value per step; `None`: nothing is known there.
pub(crate) type Curve = Vec<Option<u64>>;

/// The curves of a chart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Chart {
    pub(crate) mean: Curve,
    pub(crate) min: Curve,
    pub(crate) max: Curve,
    /// The processes with the most, in that order.
    pub(crate) top: Vec<Ranked>,
    /// All others together, where there are any.
    pub(crate) others: Option<Ranked>,
}

/// One curve below the total.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ranked {
    /// `None`: the others.
    pub(crate) process: Option<ProcessId>,
    /// What it is ranked by: the amount in the range; for memory byte-seconds.
    pub(crate) sum: u64,
    pub(crate) mean: Curve,
}

impl Measure {
    /// Calls `each` with every bucket the process counts in, in order, and what it puts there: amount or level, times ns.
    fn weigh(self, grid: &Grid, one: &Series, stay: TimeRange, mut each: impl FnMut(usize, u128)) {
        match self {
            Self::Flow(value) => {
                flow::parts(grid, &one.points, value, |bucket, amount| {
                    each(bucket, u128::from(amount) * 1_000_000_000)
                });
            }
            Self::Memory => level::stays(grid, &one.points, stay, |at| {
                each(at.bucket, u128::from(at.level) * u128::from(at.lived.ns()))
            }),
        }
    }

    /// The ns that a bucket's weight is spread over.
    pub(crate) fn covered_ns(self, grid: &Grid, bucket: usize) -> u64 {
        match self {
            Self::Flow(_) => grid.covered_seconds_ns(bucket),
            Self::Memory => grid.covered(bucket).ns(),
        }
    }
}

/// Draws `series` on `grid`: the total and the `top` processes with the most. `stays` says when each process was there.
pub(crate) fn draw(
    measure: Measure,
    grid: &Grid,
    series: &[Series],
    stays: &HashMap<ProcessId, TimeRange>,
    top: usize,
) -> Chart {
    let stay_of = |one: &Series| stays.get(&one.process).copied().unwrap_or(TimeRange::EVER);
    let covered: Vec<u128> = grid.per_step(|bucket| u128::from(measure.covered_ns(grid, bucket)));

    let mut buckets: Vec<Option<u128>> = vec![None; grid.buckets];
    let mut present = vec![0u32; grid.steps()];
    let mut ranking: Vec<(u128, usize)> = Vec::new();
    for (index, one) in series.iter().enumerate() {
        let mut sum = 0;
        let mut last_step = None;
        measure.weigh(grid, one, stay_of(one), |bucket, weight| {
            sum += weight;
            *buckets[bucket].get_or_insert(0) += weight;
            let step = grid.step_of(bucket);
            if last_step.replace(step) != Some(step) {
                present[step] += 1;
            }
        });
        if last_step.is_some() {
            ranking.push((sum, index));
        }
    }
    ranking.sort_unstable_by_key(|&(sum, index)| (Reverse(sum), index));

    let mut rest: Vec<u128> = grid.per_step(|bucket| buckets[bucket].unwrap_or(0));
    let mean = mean(&rest, &covered, |step| present[step] > 0);
    let (min, max) = extremes(measure, grid, series, &stay_of, &buckets);
    let mut curves = Vec::with_capacity(top.min(ranking.len()));
    for &(sum, index) in ranking.iter().take(top) {
        let mut steps: Vec<Option<u128>> = vec![None; grid.steps()];
        measure.weigh(
            grid,
            &series[index],
            stay_of(&series[index]),
            |bucket, weight| {
                *steps[grid.step_of(bucket)].get_or_insert(0) += weight;
            },
        );
        for (step, weight) in steps.iter().enumerate() {
            rest[step] -= weight.unwrap_or(0);
            present[step] -= u32::from(weight.is_some());
        }
        let weights: Vec<u128> = steps.iter().map(|weight| weight.unwrap_or(0)).collect();
        let mean = self::mean(&weights, &covered, |step| steps[step].is_some());
        curves.push(Ranked {
            process: Some(series[index].process),
            sum: per_second(sum),
            mean,
        });
    }
    let others = (ranking.len() > curves.len()).then(|| Ranked {
        process: None,
        sum: per_second(rest.iter().sum()),
        mean: self::mean(&rest, &covered, |step| present[step] > 0),
    });
    Chart {
        mean,
        min,
        max,
        top: curves,
        others,
    }
}

fn mean(weights: &[u128], covered: &[u128], known: impl Fn(usize) -> bool) -> Curve {
    weights
        .iter()
        .zip(covered)
        .enumerate()
        .map(|(step, (weight, ns))| known(step).then(|| ratio(*weight, *ns)))
        .collect()
}

/// The lowest and highest total within each step.
fn extremes(
    measure: Measure,
    grid: &Grid,
    series: &[Series],
    stay_of: &dyn Fn(&Series) -> TimeRange,
    buckets: &[Option<u128>],
) -> (Curve, Curve) {
    let mut min: Curve = vec![None; grid.steps()];
    let mut max = min.clone();
    let mut take = |bucket: usize, low: u64, high: u64| {
        let step = grid.step_of(bucket);
        min[step] = Some(min[step].map_or(low, |so_far| so_far.min(low)));
        max[step] = Some(max[step].map_or(high, |so_far| so_far.max(high)));
    };
    match measure {
        Measure::Flow(_) => {
            for (bucket, weight) in buckets.iter().enumerate() {
                if let Some(weight) = weight {
                    let rate = ratio(*weight, u128::from(measure.covered_ns(grid, bucket)));
                    take(bucket, rate, rate);
                }
            }
        }
        Measure::Memory => {
            let stays = series
                .iter()
                .map(|one| (one.points.as_slice(), stay_of(one)));
            level::extremes(grid, stays, take);
        }
    }
    (min, max)
}

/// A quotient, rounded; the numbers of this file stay far below where that could overflow.
fn ratio(weight: u128, ns: u128) -> u64 {
    u64::try_from((weight + ns / 2) / ns.max(1)).unwrap_or(u64::MAX)
}

fn per_second(weight: u128) -> u64 {
    ratio(weight, 1_000_000_000)
}

#[cfg(test)]
mod tests;
