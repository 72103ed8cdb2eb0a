//! Amounts (CPU, bytes) in buckets. Samples tell an amount since a time that may lie several buckets back, and that before it none was.

use super::grid::Grid;

/// What one bucket of a process tells of an amount.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Used {
    pub(crate) bucket_ns: u64,
    /// The time that the amount was used in, up to the bucket's last sample.
    pub(crate) span_ns: u64,
    pub(crate) amount: Option<u64>,
}

/// Calls `each` with every bucket of the grid in which the process used something or is known to have used nothing, in order. `told` is
/// the last bucket that it was known in so far.
///
/// Where samples are missing between two points, the later one's amount is all of its span: it is spread over it evenly, to the last
/// unit, so that the sum is the process's and no peak appears that nobody saw. The losses beside the chart say where that is so. Where
/// the span begins later than the point before ended, the process slept.
pub(crate) fn parts(
    grid: &Grid,
    told: &mut Option<i64>,
    buckets: impl Iterator<Item = Used>,
    mut each: impl FnMut(usize, u64),
) {
    let length_ns = grid.resolution.ns();
    // Dividing is what costs most here, and mostly each bucket follows the one before.
    let mut next = (0, 0);
    for used in buckets {
        let Some(amount) = used.amount else {
            continue;
        };
        let at = if used.bucket_ns == next.0 {
            next.1
        } else {
            grid.index(used.bucket_ns)
        };
        next = (used.bucket_ns.saturating_add(length_ns), at + 1);
        let span_ns = used.span_ns.saturating_add(length_ns / 2);
        let is_all_its_own = match *told {
            Some(told) => told == at - 1,
            None => span_ns < 2 * length_ns,
        };
        if is_all_its_own {
            *told = Some(at);
            if (0..grid.buckets as i64).contains(&at) {
                each(at as usize, amount);
            }
            continue;
        }
        let mut spread = (span_ns / length_ns).max(1);
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
    use bc_schema::{Resolution, TimeRange};

    use super::*;

    fn used(second: u64, amount: u64, span_s: u64) -> Used {
        Used {
            bucket_ns: second * SECOND_NS,
            span_ns: span_s * SECOND_NS,
            amount: Some(amount),
        }
    }

    fn spread(points: &[Used]) -> Vec<(usize, u64)> {
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
                points.iter().copied(),
                |bucket, amount| parts_seen.push((bucket, amount)),
            );
        }
        parts_seen
    }

    #[test]
    fn neighbours_keep_their_amounts() {
        assert_eq!(
            spread(&[used(100, 5, 1), used(101, 0, 1), used(102, 7, 1)]),
            [(0, 5), (1, 0), (2, 7)]
        );
    }

    #[test]
    fn a_gap_is_filled_evenly_and_nothing_is_lost() {
        let parts = spread(&[used(101, 1, 1), used(104, 11, 3)]);
        assert_eq!(parts, [(1, 1), (2, 3), (3, 4), (4, 4)]);
    }

    #[test]
    fn who_slept_used_nothing() {
        let parts = spread(&[used(101, 1, 1), used(105, 10, 2)]);
        assert_eq!(parts, [(1, 1), (2, 0), (3, 0), (4, 5), (5, 5)]);
    }

    #[test]
    fn what_was_used_before_the_grid_stays_out() {
        assert_eq!(spread(&[used(101, 40, 4)]), [(0, 10), (1, 10)]);
        assert_eq!(spread(&[used(100, 40, u64::MAX / SECOND_NS)]), [(0, 1)]);
    }

    #[test]
    fn an_unknown_amount_is_not_nothing() {
        let mut unknown = used(102, 0, 1);
        unknown.amount = None;
        assert_eq!(
            spread(&[used(101, 4, 1), unknown, used(103, 6, 2)]),
            [(1, 4), (2, 3), (3, 3)]
        );
    }
}
