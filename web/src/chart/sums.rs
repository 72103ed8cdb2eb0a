//! Weights being added up: of each bucket, and of each step of a process.

use super::Presence;
use super::flow::Part;
use super::grid::Grid;
use super::level::{Held, Lived, Stay};

/// A weight for each bucket; `None`: nothing is known there.
#[derive(Debug)]
pub(super) struct Sums(pub(super) Vec<Option<f64>>);

impl Sums {
    pub(super) fn of(buckets: usize) -> Self {
        Self(vec![None; buckets])
    }

    pub(super) fn put(&mut self, bucket: usize, weight: f64) {
        *self.0[bucket].get_or_insert(0.0) += weight;
    }

    pub(super) fn put_part(&mut self, part: &Part<'_>) {
        match part {
            Part::Each(first, amounts) => {
                for (sum, amount) in self.0[*first..].iter_mut().zip(amounts.iter().flatten()) {
                    *sum.get_or_insert(0.0) += *amount as f64;
                }
            }
            Part::Of(bucket, amount) => self.put(*bucket, *amount as f64),
            Part::Slept(buckets) => {
                for sum in &mut self.0[buckets.clone()] {
                    sum.get_or_insert(0.0);
                }
            }
        }
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
        Self {
            lived: Lived::of(grid, presence.stay),
            presence,
            sum: 0.0,
            steps: Vec::new(),
            told: None,
            sides_told: vec![None; sides],
            held: None,
        }
    }

    pub(super) fn put(&mut self, step: u32, weight: f64) {
        self.sum += weight;
        match self.steps.last_mut() {
            Some((last, sum)) if *last == step => *sum += weight,
            _ => self.steps.push((step, weight)),
        }
    }

    /// `steps` are those of all buckets.
    pub(super) fn put_part(&mut self, steps: &[u32], part: &Part<'_>) {
        match part {
            Part::Each(first, amounts) => {
                let steps = &steps[*first..*first + amounts.len()];
                let mut rest = *amounts;
                for same in steps.chunk_by(|a, b| a == b) {
                    let (of_step, later) = rest.split_at(same.len());
                    let weights = of_step.iter().flatten().map(|&amount| amount as f64);
                    self.put(same[0], weights.sum());
                    rest = later;
                }
            }
            Part::Of(bucket, amount) => self.put(steps[*bucket], *amount as f64),
            Part::Slept(buckets) => {
                for same in steps[buckets.clone()].chunk_by(|a, b| a == b) {
                    self.put(same[0], 0.0);
                }
            }
        }
    }

    /// `covered_before_ns` is what is covered before each bucket.
    pub(super) fn put_stay(&mut self, steps: &[u32], covered_before_ns: &[u64], stay: &Stay) {
        match stay {
            Stay::Whole(buckets, level) => {
                let mut first = buckets.start;
                for same in steps[buckets.clone()].chunk_by(|a, b| a == b) {
                    let end = first + same.len();
                    let lived_ns = covered_before_ns[end] - covered_before_ns[first];
                    self.put(same[0], level.last as f64 * lived_ns as f64);
                    first = end;
                }
            }
            Stay::Part(bucket, lived, level) => {
                self.put(steps[*bucket], level.last as f64 * lived.ns() as f64);
            }
        }
    }
}
