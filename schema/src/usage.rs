//! Usage of a bucket from running totals: last total in it less last total before it, summed over epochs (law 1).
//!
//! Every store calls this; none computes a difference by itself.

use std::collections::BTreeMap;

use crate::metric::{Metric, MetricKind, Metrics};
use crate::store::Point;

/// The last sample in a bucket, as a store holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketEnd {
    /// Epoch of its totals ([`crate::Sample::epoch_ns`]).
    pub epoch_ns: u64,
    /// Start of the bucket, ns since the epoch.
    pub bucket_ns: u64,
    /// Time of the last sample in it, ns since the epoch.
    pub at_ns: u64,
    /// Until when the first sample in it says that what was before still held ([`crate::Sample::held_ns`]); 0: it does not say.
    pub held_ns: u64,
    /// That sample's totals and levels.
    pub metrics: Metrics,
    /// Highest RSS in the bucket, bytes.
    pub max_rss_bytes: Option<u64>,
}

/// What an epoch's totals stood at before the first bucket asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Which epoch.
    pub epoch_ns: u64,
    /// When, ns since the epoch: the last sample before, or when the account began.
    pub at_ns: u64,
    /// The totals.
    pub metrics: Metrics,
}

/// Turns one process's bucket ends into points. `bases` holds at most one per epoch; `account_began_ns` is where an epoch without a
/// base counts from (with totals of zero).
pub fn points(mut ends: Vec<BucketEnd>, bases: &[Base], account_began_ns: u64) -> Vec<Point> {
    ends.sort_by_key(|end| (end.bucket_ns, end.epoch_ns, end.at_ns));
    // Mostly one epoch goes on: only another one has to be looked up.
    let mut others: BTreeMap<u64, (u64, Metrics)> = bases
        .iter()
        .map(|base| (base.epoch_ns, (base.at_ns, base.metrics)))
        .collect();
    let mut current: Option<(u64, (u64, Metrics))> = None;
    let mut points: Vec<Point> = Vec::with_capacity(ends.len());
    let mut last_at_ns = 0;
    for end in ends {
        let now = (end.epoch_ns, (end.at_ns, end.metrics));
        let known = match current.replace(now) {
            Some((epoch_ns, before)) if epoch_ns == end.epoch_ns => Some(before),
            Some((epoch_ns, before)) => {
                others.insert(epoch_ns, before);
                others.remove(&end.epoch_ns)
            }
            None => others.remove(&end.epoch_ns),
        };
        let (since_ns, base) =
            known.unwrap_or((account_began_ns.max(end.epoch_ns), Metrics::EMPTY));
        let span_ns = end.at_ns.saturating_sub(since_ns.max(end.held_ns));
        match points.last_mut() {
            Some(point) if point.bucket_ns == end.bucket_ns => {
                let later = end.at_ns >= last_at_ns;
                add(&mut point.usage, &end.metrics, &base, later);
                point.max_rss_bytes = point.max_rss_bytes.max(end.max_rss_bytes);
                point.span_ns = point.span_ns.saturating_add(span_ns);
            }
            _ => {
                let mut usage = Metrics::EMPTY;
                add(&mut usage, &end.metrics, &base, true);
                points.push(Point {
                    bucket_ns: end.bucket_ns,
                    usage,
                    max_rss_bytes: end.max_rss_bytes,
                    span_ns,
                });
                last_at_ns = 0;
            }
        }
        last_at_ns = last_at_ns.max(end.at_ns);
    }
    points
}

/// Whole-life usage from each epoch's latest totals, less the baseline of the account.
pub fn totals(latest: &[(u64, u64, Metrics)], baseline: Option<&Metrics>) -> Metrics {
    let mut all = Metrics::EMPTY;
    let mut last_at_ns = 0;
    let mut order: Vec<_> = latest.iter().collect();
    order.sort_by_key(|(epoch_ns, at_ns, _)| (*at_ns, *epoch_ns));
    for (epoch_ns, at_ns, metrics) in order {
        // Only totals that count from the process's beginning can include what was before the account.
        let base = if *epoch_ns == 0 {
            baseline.copied().unwrap_or_default()
        } else {
            Metrics::EMPTY
        };
        add(&mut all, metrics, &base, *at_ns >= last_at_ns);
        last_at_ns = *at_ns;
    }
    all
}

fn add(usage: &mut Metrics, end: &Metrics, base: &Metrics, later: bool) {
    for (metric, value) in end.iter() {
        let so_far = usage.get(metric);
        let value = match metric.kind() {
            MetricKind::Total => so_far
                .unwrap_or(0)
                .saturating_add(value.saturating_sub(base.get(metric).unwrap_or(0))),
            MetricKind::Peak => so_far.unwrap_or(0).max(value),
            MetricKind::Gauge if later => value,
            MetricKind::Gauge => so_far.unwrap_or(value),
        };
        usage.set(metric, value);
    }
}

/// CPU in a set of measurements, ns; absent counts as none.
pub fn cpu_ns(metrics: &Metrics) -> u64 {
    metrics.get(Metric::CpuNs).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(epoch_ns: u64, bucket_ns: u64, cpu: u64, rss: u64) -> BucketEnd {
        let metrics = Metrics::EMPTY
            .with(Metric::CpuNs, cpu)
            .with(Metric::RssBytes, rss);
        BucketEnd {
            epoch_ns,
            bucket_ns,
            at_ns: bucket_ns + 5,
            held_ns: 0,
            metrics,
            max_rss_bytes: Some(rss),
        }
    }

    #[test]
    fn usage_is_the_difference_of_totals_summed_over_epochs() {
        let base = Base {
            epoch_ns: 0,
            at_ns: 95,
            metrics: Metrics::EMPTY.with(Metric::CpuNs, 100),
        };
        let ends = vec![
            end(0, 110, 130, 7),
            end(0, 100, 110, 5),
            end(108, 110, 4, 9),
        ];
        let points = points(ends, &[base], 0);
        let cpu: Vec<_> = points
            .iter()
            .map(|p| (p.bucket_ns, p.usage.get(Metric::CpuNs).unwrap()))
            .collect();
        assert_eq!(cpu, [(100, 10), (110, 24)]);
        assert_eq!(points[1].max_rss_bytes, Some(9));
    }

    #[test]
    fn a_lost_bucket_moves_usage_to_the_next_and_loses_none() {
        let points = points(vec![end(0, 0, 10, 1), end(0, 30, 40, 1)], &[], 0);
        assert_eq!(points.iter().map(|p| cpu_ns(&p.usage)).sum::<u64>(), 40);
        assert_eq!(points[1].span_ns, 30);
    }

    #[test]
    fn what_held_until_shortly_before_is_used_since_then() {
        let slept = BucketEnd {
            held_ns: 34,
            ..end(0, 30, 40, 1)
        };
        let points = points(vec![end(0, 0, 10, 1), slept], &[], 0);
        assert_eq!((cpu_ns(&points[1].usage), points[1].span_ns), (30, 1));
    }

    #[test]
    fn totals_leave_out_what_was_before_the_account() {
        let baseline = Metrics::EMPTY.with(Metric::CpuNs, 1000);
        let latest = [
            (0, 9, Metrics::EMPTY.with(Metric::CpuNs, 1500)),
            (7, 20, Metrics::EMPTY.with(Metric::CpuNs, 3)),
        ];
        assert_eq!(
            totals(&latest, Some(&baseline)).get(Metric::CpuNs),
            Some(503)
        );
    }
}
