//! Amounts (CPU, bytes) in buckets. Samples tell an amount since a time that may lie several buckets back, and that before it none was.

use std::ops::Range;

use bc_schema::store::Values;

use super::grid::Grid;

/// What consecutive points of a process tell of an amount, column by column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Used<'a> {
    pub(crate) bucket_ns: &'a [u64],
    /// The time that each amount was used in, up to its bucket's last sample.
    pub(crate) span_ns: &'a [u64],
    pub(crate) amounts: Values<'a>,
}

/// What is known of some buckets of the grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    /// Each bucket from this one on has its own amount; all of them are known.
    Each(usize, &'a [u64]),
    /// This bucket has so much.
    Of(usize, u64),
    /// In these nothing was used.
    Slept(Range<usize>),
}

/// Calls `each` with every bucket of the grid in which the process used something or is known to have used nothing, in order. `told` is
/// the last bucket that it was known in so far.
///
/// Where samples are missing between two points, the later one's amount is all of its span: it is spread over it evenly, to the last
/// unit, so that the sum is the process's and no peak appears that nobody saw. The losses beside the chart say where that is so. Where
/// the span begins later than the point before ended, the process slept.
pub(crate) fn parts<'a>(
    grid: &Grid,
    told: &mut Option<i64>,
    used: Used<'a>,
    mut each: impl FnMut(Part<'a>),
) {
    if let Some((first, amounts)) = without_gaps(grid, *told, used) {
        *told = Some((first + amounts.len()) as i64 - 1);
        return each(Part::Each(first, amounts));
    }
    if used.amounts.are_unknown() {
        return;
    }
    let length_ns = grid.resolution.ns();
    let in_grid = |bucket: i64| (0..grid.buckets as i64).contains(&bucket);
    // Dividing is what costs most here, and mostly each bucket follows the one before.
    let mut next = (0, 0);
    let times = used.bucket_ns.iter().zip(used.span_ns);
    for ((&bucket_ns, &span_ns), amount) in times.zip(used.amounts.iter()) {
        let Some(amount) = amount else {
            continue;
        };
        let at = if bucket_ns == next.0 {
            next.1
        } else {
            grid.index(bucket_ns)
        };
        next = (bucket_ns.saturating_add(length_ns), at + 1);
        if is_all_its_own(grid, *told, at, span_ns) {
            *told = Some(at);
            if in_grid(at) {
                each(Part::Of(at as usize, amount));
            }
            continue;
        }
        let mut spread = (rounding(grid, span_ns) / length_ns).max(1);
        if let Some(told) = *told {
            spread = spread.min(at.saturating_sub(told).max(1) as u64);
            // The first of the buckets may lie before the grid, and so may all of those it slept through.
            let slept_to = at + 1 - spread.min(i64::MAX as u64 / 2) as i64;
            each(sleep(grid, told, slept_to));
        }
        *told = Some(at);
        let upto = |part: u64| (u128::from(amount) * u128::from(part) / u128::from(spread)) as u64;
        let first = at + 1 - spread.min(i64::MAX as u64 / 2) as i64;
        for bucket in first.max(0)..(at + 1).min(grid.buckets as i64) {
            let part = (bucket - first) as u64;
            each(Part::Of(bucket as usize, upto(part + 1) - upto(part)));
        }
    }
}

/// The amounts of points that follow each other and what was told before, all of them known and in the grid, and the first of their
/// buckets: most are like that.
fn without_gaps<'a>(grid: &Grid, told: Option<i64>, used: Used<'a>) -> Option<(usize, &'a [u64])> {
    if !grid.are_without_gaps(used.bucket_ns) {
        return None;
    }
    let amounts = used.amounts.if_known()?;
    let at = grid.index(*used.bucket_ns.first()?);
    let first = usize::try_from(at).ok()?;
    let fit = first + amounts.len() <= grid.buckets;
    (fit && is_all_its_own(grid, told, at, *used.span_ns.first()?)).then_some((first, amounts))
}

/// Whether what a point tells was used in its own bucket alone.
fn is_all_its_own(grid: &Grid, told: Option<i64>, at: i64, span_ns: u64) -> bool {
    match told {
        Some(told) => told == at - 1,
        None => rounding(grid, span_ns) < 2 * grid.resolution.ns(),
    }
}

/// A span that gives the nearest number of buckets when it is divided.
fn rounding(grid: &Grid, span_ns: u64) -> u64 {
    span_ns.saturating_add(grid.resolution.ns() / 2)
}

/// The buckets after the last one that was told of and before `end`, in which nothing was used.
pub(crate) fn sleep(grid: &Grid, told: i64, end: i64) -> Part<'static> {
    let within = |bucket: i64| bucket.clamp(0, grid.buckets as i64) as usize;
    let (from, to) = (within(told.saturating_add(1)), within(end));
    Part::Slept(from..to.max(from))
}

#[cfg(test)]
mod tests {
    use bc_schema::resolution::SECOND_NS;
    use bc_schema::store::Column;
    use bc_schema::{Resolution, TimeRange};

    use super::*;

    /// Second, amount, and the seconds it was used in.
    type Told = (u64, Option<u64>, u64);

    fn used(second: u64, amount: u64, span_s: u64) -> Told {
        (second, Some(amount), span_s)
    }

    /// What becomes of points that come in two runs; however they are cut, it is the same.
    fn spread(points: &[Told]) -> Vec<(usize, u64)> {
        let whole = spread_in(&[points]);
        for cut in 0..=points.len() {
            let (first, second) = points.split_at(cut);
            assert_eq!(spread_in(&[first, second]), whole, "{cut}");
        }
        whole
    }

    fn spread_in(runs: &[&[Told]]) -> Vec<(usize, u64)> {
        let range = TimeRange {
            from_ns: 100 * SECOND_NS,
            to_ns: 110 * SECOND_NS,
        };
        let grid = Grid::new(Resolution::Second, range, range, 10);
        let mut parts_seen = Vec::new();
        let mut told = None;
        for run in runs {
            let column = |of: fn(&Told) -> u64| run.iter().map(of).collect::<Vec<u64>>();
            let mut amounts = Column::default();
            run.iter().for_each(|point| amounts.push(point.1));
            let used = Used {
                bucket_ns: &column(|point| point.0 * SECOND_NS),
                span_ns: &column(|point| point.2 * SECOND_NS),
                amounts: amounts.all(),
            };
            parts(&grid, &mut told, used, |part| match part {
                Part::Each(first, amounts) => {
                    parts_seen.extend((first..).zip(amounts.iter().copied()));
                }
                Part::Of(bucket, amount) => parts_seen.push((bucket, amount)),
                Part::Slept(buckets) => parts_seen.extend(buckets.map(|bucket| (bucket, 0))),
            });
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
        let unknown = (102, None, 1);
        assert_eq!(
            spread(&[used(101, 4, 1), unknown, used(103, 6, 2)]),
            [(1, 4), (2, 3), (3, 3)]
        );
    }
}
