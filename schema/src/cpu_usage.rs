//! Usage of a bucket CPU by CPU, from running totals: last total in it less last total before it, summed over epochs (law 1).
//!
//! Every store calls this; none computes a difference by itself. A total only grows, so of two of one bucket the larger is the later, and
//! needs no time of its own.

use std::collections::BTreeMap;

use crate::resolution::Resolution;
use crate::store::CpuSeries;

/// The last total of a process on one CPU in a bucket, as a store holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CpuEnd {
    /// Which CPU.
    pub cpu: u32,
    /// Epoch of the total ([`crate::CpuTotal::epoch_ns`]).
    pub epoch_ns: u64,
    /// Of what length the bucket is.
    pub resolution: Resolution,
    /// Start of the bucket, ns since the epoch.
    pub bucket_ns: u64,
    /// The total, ns.
    pub cpu_ns: u64,
}

/// Turns bucket ends of one resolution into what was used on each CPU. What an epoch counts from is the last of `earlier` (ends of this
/// resolution or a coarser one, in any order) that was over when its first bucket began; without one, nothing.
pub fn cpu_series(ends: Vec<CpuEnd>, earlier: impl IntoIterator<Item = CpuEnd>) -> Vec<CpuSeries> {
    let mut totals: BTreeMap<(u32, u64), BTreeMap<u64, u64>> = BTreeMap::new();
    for end in ends {
        let of_epoch = totals.entry((end.cpu, end.epoch_ns)).or_default();
        let total_ns = of_epoch.entry(end.bucket_ns).or_default();
        *total_ns = end.cpu_ns.max(*total_ns);
    }
    let mut bases: BTreeMap<(u32, u64), u64> = BTreeMap::new();
    for end in earlier {
        let of = (end.cpu, end.epoch_ns);
        let first_ns = totals.get(&of).and_then(|buckets| buckets.keys().next());
        let until_ns = end.bucket_ns.saturating_add(end.resolution.ns());
        if first_ns.is_some_and(|&first_ns| until_ns <= first_ns) {
            let base_ns = bases.entry(of).or_default();
            *base_ns = end.cpu_ns.max(*base_ns);
        }
    }
    let mut used: BTreeMap<u32, BTreeMap<u64, u64>> = BTreeMap::new();
    for ((cpu, epoch_ns), buckets) in totals {
        let mut before_ns = bases.get(&(cpu, epoch_ns)).copied().unwrap_or(0);
        for (bucket_ns, total_ns) in buckets {
            if total_ns > before_ns {
                let sum_ns = used.entry(cpu).or_default().entry(bucket_ns).or_default();
                *sum_ns = sum_ns.saturating_add(total_ns - before_ns);
                before_ns = total_ns;
            }
        }
    }
    used.into_iter()
        .map(|(cpu, points)| CpuSeries {
            cpu,
            points: points.into_iter().collect(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolution::SECOND_NS;

    fn end(cpu: u32, epoch_ns: u64, second: u64, cpu_ns: u64) -> CpuEnd {
        CpuEnd {
            cpu,
            epoch_ns,
            resolution: Resolution::Second,
            bucket_ns: second * SECOND_NS,
            cpu_ns,
        }
    }

    fn seconds(series: &CpuSeries) -> Vec<(u64, u64)> {
        let points = series.points.iter();
        points
            .map(|(bucket_ns, used_ns)| (bucket_ns / SECOND_NS, *used_ns))
            .collect()
    }

    #[test]
    fn usage_is_the_difference_of_totals_cpu_by_cpu_summed_over_epochs() {
        let earlier = [end(0, 0, 95, 90), end(0, 0, 99, 100), end(1, 0, 91, 7)];
        let ends = vec![
            end(1, 0, 119, 9),
            end(0, 0, 118, 130),
            end(0, 0, 108, 110),
            end(0, 112, 118, 4),
        ];
        let series = cpu_series(ends, earlier);
        assert_eq!((series[0].cpu, series[1].cpu), (0, 1));
        assert_eq!(seconds(&series[0]), [(108, 10), (118, 24)]);
        assert_eq!(seconds(&series[1]), [(119, 2)]);
    }

    #[test]
    fn a_bucket_that_was_not_over_is_no_base() {
        let minute = CpuEnd {
            resolution: Resolution::Minute,
            ..end(0, 0, 60, 500)
        };
        assert_eq!(
            seconds(&cpu_series(vec![end(0, 0, 119, 700)], [minute])[0]),
            [(119, 700)]
        );
        assert_eq!(
            seconds(&cpu_series(vec![end(0, 0, 120, 700)], [minute])[0]),
            [(120, 200)]
        );
    }

    #[test]
    fn of_two_totals_of_a_bucket_the_larger_stands_and_what_used_nothing_is_left_out() {
        let ends = vec![
            end(3, 0, 5, 8),
            end(3, 0, 5, 6),
            end(3, 0, 15, 8),
            end(3, 0, 25, 9),
        ];
        assert_eq!(seconds(&cpu_series(ends, [])[0]), [(5, 8), (25, 1)]);
    }
}
