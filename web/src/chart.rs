//! From buckets of processes to the curves of a chart: pure, nothing of stores or HTTP.
//!
//! [`grid`] says how time is cut, [`flow`] what an amount (CPU, I/O) and [`level`] what a level (memory) puts into each bucket; [`sums`]
//! and [`crowd`] add that up, and here it is ranked and joined into steps. Buckets come run by run, so that not all must be held at once.

mod crowd;
pub(crate) mod flow;
pub(crate) mod grid;
pub(crate) mod level;
pub(crate) mod plan;
mod steps;
mod sums;

use bc_schema::resolution::SECOND_NS;
use bc_schema::store::{Column, Run, Values};
use bc_schema::{Metric, ProcessId, TimeRange};

use crowd::Crowd;
use flow::Used;
use grid::Grid;
use level::{Held, Known};
use steps::Steps;
use sums::{Line, Lines, Sums};

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Measure {
    /// An amount per second, from the amounts in each bucket: of these together, as far as they are known. Where there are several, each
    /// is a side of it that is summed by itself, too.
    Flow(&'static [Metric]),
    /// Resident memory.
    Memory,
}

impl Measure {
    /// What it is drawn from, and whether the highest RSS of each bucket is needed too.
    pub(crate) fn columns(self) -> (&'static [Metric], bool) {
        match self {
            Self::Flow(metrics) => (metrics, false),
            Self::Memory => (&[Metric::RssBytes, Metric::PeakRssBytes], true),
        }
    }

    /// The metrics whose totals are told one by one.
    fn sides(self) -> &'static [Metric] {
        match self {
            Self::Flow(metrics) if metrics.len() > 1 => metrics,
            Self::Flow(_) | Self::Memory => &[],
        }
    }

    /// What weights are multiplied with before they are divided by ns.
    fn scale(self) -> f64 {
        match self {
            Self::Flow(_) => SECOND_NS as f64,
            Self::Memory => 1.0,
        }
    }

    /// The ns that a bucket's mean is taken over.
    pub(crate) fn covered_ns(self, grid: &Grid, bucket: usize) -> u64 {
        match self {
            Self::Flow(_) => grid.covered_seconds_ns(bucket),
            Self::Memory => grid.covered(bucket).ns(),
        }
    }
}

/// One value per step; `None`: nothing is known there.
pub(crate) type Curve = Vec<Option<u64>>;

/// The curves of a chart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Chart {
    pub(crate) mean: Curve,
    pub(crate) min: Curve,
    pub(crate) max: Curve,
    /// The mean of each side, where there are several.
    pub(crate) sides: Vec<Curve>,
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

/// When a process was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Presence {
    /// Its place among all: of two with as much, the earlier one is ranked first.
    pub(crate) order: usize,
    pub(crate) stay: TimeRange,
    /// Before this it is known to be as its latest sample says.
    pub(crate) known_to_ns: u64,
}

/// A chart being drawn. Its weights are amounts, or levels times ns, as floats: exact below 2^53, and rounded only when divided again.
#[derive(Debug)]
pub(crate) struct Canvas {
    measure: Measure,
    grid: Grid,
    steps: Steps,
    /// How much is covered before each bucket, where a level is drawn, ns.
    covered_before_ns: Vec<u64>,
    /// The weight of all processes in each bucket.
    total: Sums,
    /// The same of each side.
    sides: Vec<Sums>,
    /// Amounts of all sides together, in the points that are being added.
    together: Column,
    lines: Lines,
    /// Who was there at once, where that cannot be told from sums.
    crowd: Crowd,
}

impl Canvas {
    pub(crate) fn new(measure: Measure, grid: Grid) -> Self {
        let (crowd, covered_before_ns) = match measure {
            Measure::Flow(_) => Default::default(),
            Measure::Memory => (Crowd::of(grid.buckets), grid.covered_before_ns()),
        };
        let sums = |_: &Metric| Sums::of(grid.buckets);
        Self {
            measure,
            steps: grid.cut(),
            covered_before_ns,
            total: Sums::of(grid.buckets),
            sides: measure.sides().iter().map(sums).collect(),
            together: Column::default(),
            grid,
            lines: Lines::default(),
            crowd,
        }
    }

    /// Adds buckets of a process that follow those added before, with the columns that its measure is drawn from. `presence_of` says when a
    /// process was there.
    pub(crate) fn add(&mut self, run: Run<'_>, presence_of: impl Fn(ProcessId) -> Presence) {
        let sides = self.sides.len();
        let line = self.lines.of(run.process, || {
            Line::new(&self.grid, presence_of(run.process), sides)
        });
        match self.measure {
            Measure::Flow(metrics) => {
                let before = |of: &[Metric]| {
                    let before = run.before?;
                    let known = of
                        .iter()
                        .any(|&metric| before.metrics.get(metric).is_some());
                    known.then(|| self.grid.index(before.at_ns))
                };
                let used = |amounts| Used {
                    bucket_ns: run.bucket_ns(),
                    span_ns: run.span_ns(),
                    amounts,
                };
                for (side, total) in self.sides.iter_mut().enumerate() {
                    let told = &mut line.sides_told[side];
                    *told = told.or_else(|| before(&metrics[side..=side]));
                    let used = used(run.usage(side));
                    flow::parts(&self.grid, told, used, |part| total.put_part(&part));
                }
                let amounts = match sides {
                    0 => run.usage(0),
                    _ => join(metrics, run, &mut self.together),
                };
                let mut told = line.told.or_else(|| before(metrics));
                flow::parts(&self.grid, &mut told, used(amounts), |part| {
                    self.total.put_part(&part);
                    line.put_part(&self.steps, &part);
                });
                line.told = told;
            }
            Measure::Memory => {
                let before = run
                    .before
                    .and_then(|before| Held::since(&self.grid, &before));
                let (mut held, lived) = (line.held.or(before), line.lived.clone());
                let known = Known {
                    bucket_ns: run.bucket_ns(),
                    level: run.usage(0),
                    highest: run.max_rss_bytes(),
                    peak: run.usage(1),
                };
                level::advance(&self.grid, &mut held, known, &lived, |stay| {
                    self.crowd.meet(&stay);
                    line.put_stay(&self.steps, &self.covered_before_ns, &stay);
                });
                line.held = held;
            }
        }
    }

    /// The chart, with the `top` processes that have the most.
    pub(crate) fn finish(mut self, top: usize) -> Chart {
        self.settle();
        let covered = self.covered();
        let (min, max) = self.extremes();
        let mean = self.mean(&self.total, &covered);
        let sides = self.sides.iter();
        let sides = sides.map(|side| self.mean(side, &covered)).collect();
        let scale = self.measure.scale();
        let mut ranking = self.lines.lines;
        ranking.retain(|(_, line)| !line.steps.is_empty());
        ranking.sort_unstable_by(|(id_a, a), (id_b, b)| {
            let order = (a.presence.order, id_a).cmp(&(b.presence.order, id_b));
            b.sum.total_cmp(&a.sum).then(order)
        });
        let rest = ranking.split_off(top.min(ranking.len()));
        let curve = |lines: &[(ProcessId, Line)]| {
            let mut weights: Vec<Option<f64>> = vec![None; covered.len()];
            for (step, weight) in lines.iter().flat_map(|(_, line)| &line.steps) {
                *weights[*step as usize].get_or_insert(0.0) += weight;
            }
            ratios(&weights, &covered, scale)
        };
        let sum = |lines: &[(ProcessId, Line)]| {
            let sum: f64 = lines.iter().map(|(_, line)| line.sum).sum();
            rounded(sum * scale / SECOND_NS as f64)
        };
        let ranked = |process, lines: &[(ProcessId, Line)]| Ranked {
            process,
            sum: sum(lines),
            mean: curve(lines),
        };
        Chart {
            mean,
            min,
            max,
            sides,
            top: ranking
                .chunks(1)
                .map(|one| ranked(Some(one[0].0), one))
                .collect(),
            others: (!rest.is_empty()).then(|| ranked(None, &rest)),
        }
    }

    /// Adds what processes had and did after the last bucket that they were told of in.
    fn settle(&mut self) {
        for (_, line) in &mut self.lines.lines {
            let (held, lived) = (line.held, line.lived.clone());
            level::settle(&self.grid, held, &lived, |stay| {
                self.crowd.meet(&stay);
                line.put_stay(&self.steps, &self.covered_before_ns, &stay);
            });
            let known_to_ns = line.presence.known_to_ns;
            let end = self.grid.index(known_to_ns.saturating_sub(1)) + 1;
            if let Some(told) = line.told {
                let slept = flow::sleep(&self.grid, told, end);
                self.total.put_part(&slept);
                line.put_part(&self.steps, &slept);
            }
            for (side, told) in self.sides.iter_mut().zip(&line.sides_told) {
                if let Some(told) = *told {
                    side.put_part(&flow::sleep(&self.grid, told, end));
                }
            }
        }
        let total = &mut self.total;
        self.crowd
            .weights(&self.grid, |bucket, weight| total.put(bucket, weight));
    }

    /// The ns that each step's mean is taken over.
    fn covered(&self) -> Vec<u64> {
        self.grid
            .per_step(|bucket| self.measure.covered_ns(&self.grid, bucket))
    }

    fn mean(&self, sums: &Sums, covered: &[u64]) -> Curve {
        let mut weights: Vec<Option<f64>> = vec![None; covered.len()];
        for (weight, &step) in sums.iter().zip(self.steps.all()) {
            if let Some(weight) = weight {
                *weights[step as usize].get_or_insert(0.0) += weight;
            }
        }
        ratios(&weights, covered, self.measure.scale())
    }

    /// The lowest and highest total within each step.
    fn extremes(&mut self) -> (Curve, Curve) {
        let mut min: Curve = vec![None; self.grid.steps()];
        let mut max = min.clone();
        let mut take = |bucket: usize, low: u64, high: u64| {
            let step = self.steps.of(bucket) as usize;
            min[step] = Some(min[step].map_or(low, |so_far| so_far.min(low)));
            max[step] = Some(max[step].map_or(high, |so_far| so_far.max(high)));
        };
        match self.measure {
            Measure::Flow(_) => {
                for (bucket, weight) in self.total.iter().enumerate() {
                    if let Some(weight) = weight {
                        let covered_ns = self.measure.covered_ns(&self.grid, bucket);
                        let rate = ratio(weight * self.measure.scale(), covered_ns);
                        take(bucket, rate, rate);
                    }
                }
            }
            Measure::Memory => std::mem::take(&mut self.crowd).extremes(&self.grid, take),
        }
        (min, max)
    }
}

/// Amounts of several metrics together, as far as they are known.
fn join<'a>(metrics: &[Metric], run: Run<'_>, together: &'a mut Column) -> Values<'a> {
    together.clear();
    together.extend(run.usage(0));
    for place in 1..metrics.len() {
        let others = run.usage(place);
        if together.all().are_unknown() {
            together.clear();
            together.extend(others);
            continue;
        }
        for (index, other) in others.iter().enumerate() {
            let sum = match (together.all().get(index), other) {
                (Some(sum), Some(other)) => Some(sum.saturating_add(other)),
                (sum, other) => sum.or(other),
            };
            together.set(index, sum);
        }
    }
    together.all()
}

fn ratios(weights: &[Option<f64>], covered: &[u64], scale: f64) -> Curve {
    weights
        .iter()
        .zip(covered)
        .map(|(weight, &ns)| weight.map(|weight| ratio(weight * scale, ns)))
        .collect()
}

fn ratio(weight: f64, ns: u64) -> u64 {
    rounded(weight / ns.max(1) as f64)
}

/// A float that is no longer than a u64 can tell.
fn rounded(value: f64) -> u64 {
    value.round() as u64
}

#[cfg(test)]
mod tests;
