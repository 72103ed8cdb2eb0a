//! The merge law in one place: what is kept of a process's samples in one bucket, and how two such things become one.
//!
//! Merging is commutative, associative and idempotent, so any order of deliveries, with any repetitions, ends in the same cell. Every
//! store merges here and nowhere else.

use std::cmp::Ordering;

use bc_schema::usage::BucketEnd;
use bc_schema::{Metric, Metrics, Resolution, Sample};

/// The last sample of a process and epoch in some span of time, and the highest RSS in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    /// Time of the last sample.
    pub(crate) at_ns: u64,
    /// Its totals and levels.
    pub(crate) metrics: Metrics,
    /// For each resolution (in the order of [`Resolution::ALL`]), the highest RSS that any sample of the span states for the bucket of that
    /// resolution. It means something only for resolutions whose bucket holds the whole span.
    pub(crate) max_rss_bytes: [Option<u64>; 4],
    /// The first sample.
    pub(crate) first: First,
}

/// What the first sample of a span says of the time before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct First {
    /// Its time.
    pub(crate) at_ns: u64,
    /// Until when the sample before it still held; 0: it does not say.
    pub(crate) held_ns: u64,
}

impl Cell {
    /// What one sample alone says.
    pub(crate) fn of(sample: &Sample) -> Self {
        Self {
            at_ns: sample.at_ns,
            metrics: sample.metrics,
            max_rss_bytes: Resolution::ALL.map(|resolution| sample.max_rss_in(resolution)),
            first: First {
                at_ns: sample.at_ns,
                held_ns: sample.held_ns,
            },
        }
    }

    /// Takes in another cell of the same process and epoch: the later sample stands, each maximum is the larger.
    pub(crate) fn merge(&mut self, other: &Cell) {
        if self.order(other) == Ordering::Less {
            self.at_ns = other.at_ns;
            self.metrics = other.metrics;
        }
        self.merge_earlier(&other.max_rss_bytes, other.first);
    }

    /// Takes in what counts of an earlier cell: its maxima, and its first sample.
    pub(crate) fn merge_earlier(&mut self, max_rss_bytes: &[Option<u64>; 4], first: First) {
        for (mine, theirs) in self.max_rss_bytes.iter_mut().zip(max_rss_bytes) {
            *mine = (*mine).max(*theirs);
        }
        if first.at_ns < self.first.at_ns {
            self.first = first;
        } else if first.at_ns == self.first.at_ns {
            self.first.held_ns = self.first.held_ns.max(first.held_ns);
        }
    }

    /// This cell as the end of the bucket of `resolution` that holds it.
    pub(crate) fn bucket_end(&self, epoch_ns: u64, resolution: Resolution) -> BucketEnd {
        BucketEnd {
            epoch_ns,
            bucket_ns: resolution.bucket_ns(self.at_ns),
            at_ns: self.at_ns,
            held_ns: self.first.held_ns,
            metrics: self.metrics,
            max_rss_bytes: self.max_rss_bytes[resolution as usize],
        }
    }

    /// Later is greater. Two different samples of one instant cannot both be right, and no clock can tell which is: the one with the larger
    /// values, compared in the order of their metrics, stands, so that every store decides alike.
    fn order(&self, other: &Cell) -> Ordering {
        let values = |cell: &Cell| {
            Metric::ALL
                .iter()
                .map(|&metric| cell.metrics.get(metric))
                .collect::<Vec<_>>()
        };
        self.at_ns
            .cmp(&other.at_ns)
            .then_with(|| values(self).cmp(&values(other)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(at_ns: u64, cpu: u64, rss: u64) -> Cell {
        Cell {
            at_ns,
            metrics: Metrics::EMPTY.with(Metric::CpuNs, cpu),
            max_rss_bytes: [Some(rss), None, Some(1), None],
            first: First {
                at_ns,
                held_ns: cpu / 2,
            },
        }
    }

    #[test]
    fn any_order_of_merging_ends_the_same() {
        let cells = [cell(1, 10, 7), cell(2, 5, 3), cell(2, 6, 1), cell(2, 6, 1)];
        let fold = |order: [usize; 4]| {
            let mut all = cells[order[0]];
            order[1..]
                .iter()
                .for_each(|&index| all.merge(&cells[index]));
            all
        };
        let expected = Cell {
            first: cells[0].first,
            ..cell(2, 6, 7)
        };
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]] {
            assert_eq!(fold(order), expected);
        }
    }
}
