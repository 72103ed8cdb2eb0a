//! Amounts (CPU, bytes) in buckets. Samples tell an amount since a time that may lie several buckets back, and that before it none was.

use bc_schema::Metrics;
use bc_schema::store::Point;

use super::grid::Grid;

/// Calls `each` with every bucket of the grid in which the process used something or is known to have used nothing, in order. `told` is
/// the last bucket that it was known in so far.
///
/// Where samples are missing between two points, the later one's amount is all of its span: it is spread over it evenly, to the last
/// unit, so that the sum is the process's and no peak appears that nobody saw. The losses beside the chart say where that is so. Where
/// the span begins later than the point before ended, the process slept.
pub(crate) fn parts(
    grid: &Grid,
    told: &mut Option<i64>,
    points: &[Point],
    value: fn(&Metrics) -> Option<u64>,
    mut each: impl FnMut(usize, u64),
) {
    let bucket_ns = grid.resolution.ns();
    for point in points {
        let Some(amount) = value(&point.usage) else {
            continue;
        };
        let at = grid.index(point.bucket_ns);
        let mut spread = (point.span_ns.saturating_add(bucket_ns / 2) / bucket_ns).max(1);
        if let Some(told) = *told {
            spread = spread.min(at.saturating_sub(told).max(1) as u64);
            // The first of the buckets may lie before the grid, and so may all of those it slept through.
            let slept_to = at + 1 - spread.min(i64::MAX as u64 / 2) as i64;
            sleep(grid, told, slept_to, &mut each);
        }
        *told = Some(at);
        let upto = |part: u64| (u128::from(amount) * u128::from(part) / u128::from(spread)) as u64;
        let first = at + 1 - spread.min(i64::MAX as u64 / 2) as i64;
        for bucket in first.max(0)..(at + 1).min(grid.buckets as i64) {
            let part = (bucket - first) as u64;
            each(bucket as usize, upto(part + 1) - upto(part));
        }
    }
}

/// Calls `each` with the buckets after the last one that was told of and before `end`, in which nothing was used.
pub(crate) fn sleep(grid: &Grid, told: i64, end: i64, mut each: impl FnMut(usize, u64)) {
    for bucket in told.saturating_add(1).max(0)..end.min(grid.buckets as i64) {
        each(bucket as usize, 0);
    }
}

#[cfg(test)]
mod tests {
    use bc_schema::resolution::SECOND_NS;
    use bc_schema::{Metric, Resolution, TimeRange};

    use super::*;

    fn point(second: u64, cpu_ns: u64, span_s: u64) -> Point {
        let usage = Metrics::EMPTY.with(Metric::CpuNs, cpu_ns);
        Point {
            bucket_ns: second * SECOND_NS,
            usage,
            max_rss_bytes: None,
            span_ns: span_s * SECOND_NS,
        }
    }

    fn spread(points: &[Point]) -> Vec<(usize, u64)> {
        let range = TimeRange {
            from_ns: 100 * SECOND_NS,
            to_ns: 110 * SECOND_NS,
        };
        let grid = Grid::new(Resolution::Second, range, range, 10);
        let mut parts_seen = Vec::new();
        let (first, second) = points.split_at(points.len() / 2);
        let mut told = None;
        for points in [first, second] {
            parts(
                &grid,
                &mut told,
                points,
                |metrics| metrics.get(Metric::CpuNs),
                |bucket, amount| parts_seen.push((bucket, amount)),
            );
        }
        parts_seen
    }

    #[test]
    fn neighbours_keep_their_amounts() {
        assert_eq!(
            spread(&[point(100, 5, 1), point(101, 0, 1), point(102, 7, 1)]),
            [(0, 5), (1, 0), (2, 7)]
        );
    }

    #[test]
    fn a_gap_is_filled_evenly_and_nothing_is_lost() {
        let parts = spread(&[point(101, 1, 1), point(104, 11, 3)]);
        assert_eq!(parts, [(1, 1), (2, 3), (3, 4), (4, 4)]);
    }

    #[test]
    fn who_slept_used_nothing() {
        let parts = spread(&[point(101, 1, 1), point(105, 10, 2)]);
        assert_eq!(parts, [(1, 1), (2, 0), (3, 0), (4, 5), (5, 5)]);
    }

    #[test]
    fn what_was_used_before_the_grid_stays_out() {
        assert_eq!(spread(&[point(101, 40, 4)]), [(0, 10), (1, 10)]);
        assert_eq!(spread(&[point(100, 40, u64::MAX / SECOND_NS)]), [(0, 1)]);
    }

    #[test]
    fn an_unknown_amount_is_not_nothing() {
        let mut unknown = point(102, 0, 1);
        unknown.usage = Metrics::EMPTY;
        assert_eq!(
            spread(&[point(101, 4, 1), unknown, point(103, 6, 2)]),
            [(1, 4), (2, 3), (3, 3)]
        );
    }
}
