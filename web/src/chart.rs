//! From buckets of processes to the curves of a chart: pure, nothing of stores or HTTP.
//!
//! [`grid`] says how time is cut, [`flow`] what an amount (CPU, I/O) and [`level`] what a level (memory) puts into each bucket; here they
//! are summed, ranked and joined into steps. Buckets come run by run, so that not all must be held at once.

pub(crate) mod flow;
pub(crate) mod grid;
pub(crate) mod level;
pub(crate) mod plan;

use bc_schema::store::Run;
use bc_schema::{Metric, ProcessId, TimeRange};
use rustc_hash::FxHashMap;

use flow::Used;
use grid::Grid;
use level::{Crowd, Held, Known, Stay};

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Measure {
    /// An amount per second, from the amounts in each bucket: of these together, as far as they are known.
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

/// A chart being drawn. Its weights are amounts or levels times ns, as floats: exact where one process's numbers are below 2^53, and
/// rounded only when divided again.
#[derive(Debug)]
pub(crate) struct Canvas {
    measure: Measure,
    grid: Grid,
    /// The step of each bucket.
    steps: Vec<u32>,
    /// The weight of all processes in each bucket; `None`: nothing is known there.
    total: Vec<Option<f64>>,
    lines: FxHashMap<ProcessId, Line>,
    /// Who was there at once, where that cannot be told from sums.
    crowd: Crowd,
}

/// One process so far.
#[derive(Debug)]
struct Line {
    presence: Presence,
    sum: f64,
    /// Steps it counts in, in order, and its weight there.
    steps: Vec<(usize, f64)>,
    /// The last bucket that its amount is known in.
    told: Option<i64>,
    /// Its last level.
    held: Option<Held>,
}

impl Line {
    fn put(&mut self, step: usize, weight: f64) {
        self.sum += weight;
        match self.steps.last_mut() {
            Some((last, sum)) if *last == step => *sum += weight,
            _ => self.steps.push((step, weight)),
        }
    }
}

impl Canvas {
    pub(crate) fn new(measure: Measure, grid: Grid) -> Self {
        let crowd = match measure {
            Measure::Flow(_) => Crowd::default(),
            Measure::Memory => Crowd::of(grid.buckets),
        };
        let step = |bucket| grid.step_of(bucket) as u32;
        Self {
            measure,
            steps: (0..grid.buckets).map(step).collect(),
            total: vec![None; grid.buckets],
            grid,
            lines: FxHashMap::default(),
            crowd,
        }
    }

    /// Adds buckets of a process that follow those added before, with columns of the metrics `asked` for. `presence_of` says when a process
    /// was there.
    pub(crate) fn add(
        &mut self,
        run: Run<'_>,
        asked: &[Metric],
        presence_of: impl Fn(ProcessId) -> Presence,
    ) {
        let Self {
            measure,
            grid,
            steps,
            total,
            lines,
            crowd,
        } = self;
        let line = lines.entry(run.process).or_insert_with(|| Line {
            presence: presence_of(run.process),
            sum: 0.0,
            steps: Vec::new(),
            told: None,
            held: None,
        });
        let column = |metric: Metric| {
            let place = asked.iter().position(|&asked| asked == metric);
            place.map_or(&[][..], |place| run.usage(place))
        };
        let mut put = |line: &mut Line, bucket: usize, weight: f64| {
            *total[bucket].get_or_insert(0.0) += weight;
            line.put(steps[bucket] as usize, weight);
        };
        match measure {
            Measure::Flow(metrics) => {
                let mut columns = metrics.iter().map(|&metric| column(metric));
                let (first, more) = (columns.next().unwrap_or_default(), columns.next());
                let amount = |index: usize| {
                    let amount = first.get(index).copied().flatten();
                    let Some(other) = more.and_then(|more| more.get(index).copied().flatten())
                    else {
                        return amount;
                    };
                    Some(amount.unwrap_or(0).saturating_add(other))
                };
                let before = run.before.filter(|before| {
                    let known = |&metric: &Metric| before.metrics.get(metric).is_some();
                    metrics.iter().any(known)
                });
                let mut told = line.told.or(before.map(|before| grid.index(before.at_ns)));
                let times = run.bucket_ns().iter().zip(run.span_ns());
                let used = times
                    .enumerate()
                    .map(|(index, (&bucket_ns, &span_ns))| Used {
                        bucket_ns,
                        span_ns,
                        amount: amount(index),
                    });
                flow::parts(grid, &mut told, used, |bucket, amount| {
                    put(line, bucket, amount as f64 * 1e9);
                });
                line.told = told;
            }
            Measure::Memory => {
                let before = run.before.and_then(|before| Held::since(grid, &before));
                let (mut held, stay) = (line.held.or(before), line.presence.stay);
                let (levels, peaks) = (column(Metric::RssBytes), column(Metric::PeakRssBytes));
                let highest = run.max_rss_bytes();
                let of =
                    |column: &[Option<u64>], index: usize| column.get(index).copied().flatten();
                let times = run.bucket_ns().iter().enumerate();
                let known = times.map(|(index, &bucket_ns)| Known {
                    bucket_ns,
                    level: of(levels, index),
                    highest: of(highest, index),
                    peak: of(peaks, index),
                });
                level::advance(grid, &mut held, known, stay, |at| {
                    crowd.meet(at);
                    put(line, at.bucket, weight(at));
                });
                line.held = held;
            }
        }
    }

    /// The chart, with the `top` processes that have the most.
    pub(crate) fn finish(mut self, top: usize) -> Chart {
        let Self {
            grid,
            steps,
            total,
            lines,
            crowd,
            ..
        } = &mut self;
        let mut put = |line: &mut Line, bucket: usize, weight: f64| {
            *total[bucket].get_or_insert(0.0) += weight;
            line.put(steps[bucket] as usize, weight);
        };
        for line in lines.values_mut() {
            let (held, told, presence) = (line.held, line.told, line.presence);
            level::settle(grid, held, presence.stay, |at| {
                crowd.meet(at);
                put(line, at.bucket, weight(at));
            });
            if let Some(told) = told {
                let end = grid.index(presence.known_to_ns.saturating_sub(1)) + 1;
                flow::sleep(grid, told, end, |bucket, amount| {
                    put(line, bucket, amount as f64 * 1e9);
                });
            }
        }
        let covered = self.covered();
        let (min, max) = self.extremes();
        let mean = self.mean(&covered);
        let mut ranking: Vec<(ProcessId, Line)> = self
            .lines
            .into_iter()
            .filter(|(_, line)| !line.steps.is_empty())
            .collect();
        ranking.sort_unstable_by(|(id_a, a), (id_b, b)| {
            let order = (a.presence.order, id_a).cmp(&(b.presence.order, id_b));
            b.sum.total_cmp(&a.sum).then(order)
        });
        let rest = ranking.split_off(top.min(ranking.len()));
        let curve = |lines: &[(ProcessId, Line)]| {
            let mut weights: Vec<Option<f64>> = vec![None; covered.len()];
            for (step, weight) in lines.iter().flat_map(|(_, line)| &line.steps) {
                *weights[*step].get_or_insert(0.0) += weight;
            }
            ratios(&weights, &covered)
        };
        let sum = |lines: &[(ProcessId, Line)]| {
            rounded(lines.iter().map(|(_, line)| line.sum / 1e9).sum())
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
            top: ranking
                .chunks(1)
                .map(|one| ranked(Some(one[0].0), one))
                .collect(),
            others: (!rest.is_empty()).then(|| ranked(None, &rest)),
        }
    }

    /// The ns that each step's mean is taken over.
    fn covered(&self) -> Vec<u64> {
        self.grid
            .per_step(|bucket| self.measure.covered_ns(&self.grid, bucket))
    }

    fn mean(&self, covered: &[u64]) -> Curve {
        let mut weights: Vec<Option<f64>> = vec![None; covered.len()];
        for (bucket, weight) in self.total.iter().enumerate() {
            if let Some(weight) = weight {
                *weights[self.grid.step_of(bucket)].get_or_insert(0.0) += weight;
            }
        }
        ratios(&weights, covered)
    }

    /// The lowest and highest total within each step.
    fn extremes(&mut self) -> (Curve, Curve) {
        let mut min: Curve = vec![None; self.grid.steps()];
        let mut max = min.clone();
        let mut take = |bucket: usize, low: u64, high: u64| {
            let step = self.grid.step_of(bucket);
            min[step] = Some(min[step].map_or(low, |so_far| so_far.min(low)));
            max[step] = Some(max[step].map_or(high, |so_far| so_far.max(high)));
        };
        match self.measure {
            Measure::Flow(_) => {
                for (bucket, weight) in self.total.iter().enumerate() {
                    if let Some(weight) = weight {
                        let rate = ratio(*weight, self.measure.covered_ns(&self.grid, bucket));
                        take(bucket, rate, rate);
                    }
                }
            }
            Measure::Memory => std::mem::take(&mut self.crowd).extremes(&self.grid, take),
        }
        (min, max)
    }
}

fn weight(at: Stay) -> f64 {
    at.level as f64 * at.lived.ns() as f64
}

fn ratios(weights: &[Option<f64>], covered: &[u64]) -> Curve {
    weights
        .iter()
        .zip(covered)
        .map(|(weight, &ns)| weight.map(|weight| ratio(weight, ns)))
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
