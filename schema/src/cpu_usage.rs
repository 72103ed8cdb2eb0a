//! Usage of a bucket CPU by CPU, from running totals: last total in it less last total before it, summed over epochs (law 1).
//!
//! Every store calls this; none computes a difference by itself.

use std::collections::BTreeMap;

use crate::store::CpuSeries;

/// The last total of a process on one CPU in a bucket, as a store holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CpuEnd {
    /// Which CPU.
    pub cpu: u32,
    /// Epoch of the total ([`crate::CpuTotal::epoch_ns`]).
    pub epoch_ns: u64,
    /// Time of the total, ns since the epoch.
    pub at_ns: u64,
    /// The total, ns.
    pub cpu_ns: u64,
}

impl CpuEnd {
    /// Of two totals of one CPU and epoch: the later; of two of one instant, the larger, since totals only grow.
    pub fn later(self, other: Self) -> Self {
        if (self.at_ns, self.cpu_ns) < (other.at_ns, other.cpu_ns) {
            other
        } else {
            self
        }
    }
}

/// Turns bucket ends into what was used on each CPU. `bases` are the last totals before the first bucket, at most one per CPU and epoch; an
/// epoch without one counts from nothing. `bucket_ns` gives the bucket of a time.
pub fn cpu_series(
    mut ends: Vec<CpuEnd>,
    bases: &[CpuEnd],
    bucket_ns: impl Fn(u64) -> u64,
) -> Vec<CpuSeries> {
    ends.sort_by_key(|end| (end.cpu, bucket_ns(end.at_ns), end.epoch_ns, end.at_ns));
    let mut before: BTreeMap<(u32, u64), u64> = bases
        .iter()
        .map(|base| ((base.cpu, base.epoch_ns), base.cpu_ns))
        .collect();
    let mut all: Vec<CpuSeries> = Vec::new();
    for end in ends {
        let base_ns = before
            .insert((end.cpu, end.epoch_ns), end.cpu_ns)
            .unwrap_or(0);
        let used_ns = end.cpu_ns.saturating_sub(base_ns);
        if used_ns == 0 {
            continue;
        }
        if all.last().is_none_or(|series| series.cpu != end.cpu) {
            all.push(CpuSeries {
                cpu: end.cpu,
                points: Vec::new(),
            });
        }
        let Some(series) = all.last_mut() else {
            continue;
        };
        let bucket = bucket_ns(end.at_ns);
        match series.points.last_mut() {
            Some((last, sum_ns)) if *last == bucket => *sum_ns = sum_ns.saturating_add(used_ns),
            _ => series.points.push((bucket, used_ns)),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(cpu: u32, epoch_ns: u64, at_ns: u64, cpu_ns: u64) -> CpuEnd {
        CpuEnd {
            cpu,
            epoch_ns,
            at_ns,
            cpu_ns,
        }
    }

    #[test]
    fn usage_is_the_difference_of_totals_cpu_by_cpu_summed_over_epochs() {
        let bases = [end(0, 0, 95, 100), end(1, 0, 91, 7)];
        let ends = vec![
            end(1, 0, 119, 9),
            end(0, 0, 118, 130),
            end(0, 0, 108, 110),
            end(0, 112, 119, 4),
        ];
        let series = cpu_series(ends, &bases, |at_ns| at_ns - at_ns % 10);
        let expected = [(0, vec![(100, 10), (110, 24)]), (1, vec![(110, 2)])]
            .map(|(cpu, points)| CpuSeries { cpu, points });
        assert_eq!(series, expected);
    }

    #[test]
    fn a_bucket_without_usage_is_left_out() {
        let ends = vec![end(3, 0, 5, 8), end(3, 0, 15, 8), end(3, 0, 25, 9)];
        let series = cpu_series(ends, &[], |at_ns| at_ns - at_ns % 10);
        assert_eq!(series[0].points, [(0, 8), (20, 1)]);
    }

    #[test]
    fn of_two_totals_of_one_instant_the_larger_stands() {
        let (small, large) = (end(0, 0, 5, 8), end(0, 0, 5, 9));
        assert_eq!(small.later(large), large);
        assert_eq!(large.later(small), large);
        assert_eq!(end(0, 0, 6, 1).later(large), end(0, 0, 6, 1));
    }
}
