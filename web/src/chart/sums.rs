//! Weights being added up: of each bucket, and of each step of a process.

use std::ops::Range;

use bc_schema::ProcessId;
use rustc_hash::FxHashMap;

use super::Presence;
use super::flow::Part;
use super::grid::Grid;
use super::level::{Held, Lived, Stay};
use super::steps::Steps;

/// A weight for each bucket, where anything is known of it.
#[derive(Debug)]
pub(super) struct Sums {
    weights: Vec<f64>,
    known: Vec<bool>,
}

impl Sums {
    pub(super) fn of(buckets: usize) -> Self {
        Self {
            weights: vec![0.0; buckets],
            known: vec![false; buckets],
        }
    }

    /// What each bucket has; `None`: nothing is known there.
    pub(super) fn iter(&self) -> impl Iterator<Item = Option<f64>> {
        let known = self.known.iter().zip(&self.weights);
        known.map(|(known, weight)| known.then_some(*weight))
    }

    pub(super) fn put(&mut self, bucket: usize, weight: f64) {
        self.weights[bucket] += weight;
        self.known[bucket] = true;
    }

    pub(super) fn put_part(&mut self, part: &Part<'_>) {
        match part {
            Part::Each(first, amounts) => {
                let buckets = *first..*first + amounts.len();
                self.known[buckets.clone()].fill(true);
                for (sum, amount) in self.weights[buckets].iter_mut().zip(*amounts) {
                    *sum += *amount as f64;
                }
            }
            Part::Of(bucket, amount) => self.put(*bucket, *amount as f64),
            Part::Slept(buckets) => self.known[buckets.clone()].fill(true),
        }
    }
}

/// All processes so far.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub(super) lines: Vec<(ProcessId, Line)>,
    places: FxHashMap<ProcessId, usize>,
    /// Where the next one is looked for first: processes mostly come in the same order again and again.
    next: usize,
}

impl Lines {
    /// The line of a process; a new one where it has none.
    pub(super) fn of(&mut self, process: ProcessId, new: impl FnOnce() -> Line) -> &mut Line {
        let is_next = |(at, _): &(ProcessId, Line)| *at == process;
        let place = if self.lines.get(self.next).is_some_and(is_next) {
            self.next
        } else {
            *self.places.entry(process).or_insert_with(|| {
                self.lines.push((process, new()));
                self.lines.len() - 1
            })
        };
        self.next = if place + 1 < self.lines.len() {
            place + 1
        } else {
            0
        };
        &mut self.lines[place].1
    }
}

/// One process so far.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) presence: Presence,
    pub(super) lived: Lived,
    pub(super) sum: f64,
    /// Steps it counts in, in order, and its weight there.
    pub(super) steps: Vec<(u32, f64)>,
    /// The last bucket that its amount is known in, and the same of each side.
    pub(super) told: Option<i64>,
    pub(super) sides_told: Vec<Option<i64>>,
    /// Its last level.
    pub(super) held: Option<Held>,
}

impl Line {
    pub(super) fn new(grid: &Grid, presence: Presence, sides: usize) -> Self {
        let lived = Lived::of(grid, presence.stay);
        Self {
            steps: Vec::with_capacity(lived.most_steps(grid)),
            lived,
            presence,
            sum: 0.0,
            told: None,
            sides_told: vec![None; sides],
            held: None,
        }
    }

    #[inline]
    pub(super) fn put(&mut self, step: u32, weight: f64) {
        self.sum += weight;
        match self.steps.last_mut() {
            Some((last, sum)) if *last == step => *sum += weight,
            _ => self.steps.push((step, weight)),
        }
    }

    pub(super) fn put_part(&mut self, steps: &Steps, part: &Part<'_>) {
        match part {
            Part::Each(first, amounts) => {
                for (step, buckets) in steps.cut(*first..*first + amounts.len()) {
                    let of_step = &amounts[buckets.start - first..buckets.end - first];
                    self.put(step, of_step.iter().map(|&amount| amount as f64).sum());
                }
            }
            Part::Of(bucket, amount) => self.put(steps.of(*bucket), *amount as f64),
            Part::Slept(buckets) => {
                if let Some((first, last)) = steps.ends(buckets) {
                    (first..=last).for_each(|step| self.put(step, 0.0));
                }
            }
        }
    }

    /// `covered_before_ns` is what is covered before each bucket.
    pub(super) fn put_stay(&mut self, steps: &Steps, covered_before_ns: &[u64], stay: &Stay) {
        match stay {
            Stay::Whole(buckets, level) => {
                let weight = |buckets: &Range<usize>| {
                    let lived_ns =
                        covered_before_ns[buckets.end] - covered_before_ns[buckets.start];
                    level.last as f64 * lived_ns as f64
                };
                // Mostly a level changes within a step.
                if let Some((first, last)) = steps.ends(buckets)
                    && first == last
                {
                    return self.put(first, weight(buckets));
                }
                for (step, buckets) in steps.cut(buckets.clone()) {
                    self.put(step, weight(&buckets));
                }
            }
            Stay::Part(bucket, lived, level) => {
                let weight = level.last as f64 * lived.ns() as f64;
                self.put(steps.of(*bucket), weight);
            }
        }
    }
}
