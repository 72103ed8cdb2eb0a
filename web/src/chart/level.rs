//! Levels (memory) in buckets. A level holds from its sample to the next, and to the end of the process.
//!
//! A process counts for the part of a bucket that it lived in, so that a thousand short ones after each other weigh as one.

use std::ops::Range;

use bc_schema::store::Before;
use bc_schema::{Metric, TimeRange};

use super::grid::{Grid, Span};

/// What one bucket of a process tells of its level, bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    pub(crate) bucket_ns: u64,
    /// At its last sample.
    pub(crate) level: Option<u64>,
    /// The highest in the bucket.
    pub(crate) highest: Option<u64>,
    /// The highest ever.
    pub(crate) peak: Option<u64>,
}

/// A process's level, bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stay {
    /// In buckets that it lived through.
    Whole(Range<usize>, Level),
    /// In the part of a bucket that it lived in.
    Part(usize, Span, Level),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Level {
    /// The last known.
    pub(crate) last: u64,
    /// The highest it is known to have been.
    pub(crate) high: u64,
}

/// When a process was there, and the buckets of the grid that it lived through.
#[derive(Debug, Clone)]
pub(crate) struct Lived {
    stay: TimeRange,
    whole: Range<i64>,
}

impl Lived {
    pub(crate) fn of(grid: &Grid, stay: TimeRange) -> Self {
        let is_whole = |bucket: i64| {
            let covered = usize::try_from(bucket).map(|bucket| grid.covered(bucket));
            covered.is_ok_and(|covered| covered.within(stay) == covered)
        };
        let (first, last) = (grid.index(stay.from_ns), grid.index(stay.to_ns - 1));
        // All between the first and the last are, and these may be.
        let (first, last) = (first.max(0), last.min(grid.buckets as i64 - 1));
        let from = if is_whole(first) { first } else { first + 1 };
        let to = if is_whole(last) { last + 1 } else { last };
        Self {
            stay,
            whole: from..to.max(from),
        }
    }

    /// No fewer steps than it counts in.
    pub(crate) fn most_steps(&self, grid: &Grid) -> usize {
        let whole = |bucket: i64| usize::try_from(bucket).unwrap_or(0).min(grid.buckets);
        let (from, to) = (whole(self.whole.start), whole(self.whole.end));
        // It may have come in the step before, and gone in the one after.
        (grid.step_of(to) - grid.step_of(from) + 3).min(grid.steps())
    }
}

/// A level that holds until something else is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    level: u64,
    /// The first bucket it is not told of yet.
    next: i64,
}

impl Held {
    /// The level of a process before what is drawn, where it is known.
    pub(crate) fn since(grid: &Grid, before: &Before) -> Option<Self> {
        before.metrics.get(Metric::RssBytes).map(|level| Self {
            level,
            next: grid.index(before.at_ns) + 1,
        })
    }
}

/// Calls `each` with every bucket up to the last one told of in which the process's level is known, in order.
pub(crate) fn advance(
    grid: &Grid,
    held: &mut Option<Held>,
    buckets: impl Iterator<Item = Known>,
    lived: &Lived,
    each: impl FnMut(Stay),
) {
    let mut joined = Joined::new(grid, lived, each);
    // Dividing costs more than all else here, and mostly each bucket follows the one before.
    let mut next = (0, 0);
    for known in buckets {
        let highest = known.highest;
        // The final sample of a process has no RSS any more: the level before it stands. One that was never sampled alive is known by
        // its peak alone.
        let level = known
            .level
            .or(held.map(|held| held.level))
            .or(highest)
            .or(known.peak);
        let Some(level) = level else { continue };
        let at = if known.bucket_ns == next.0 {
            next.1
        } else {
            grid.index(known.bucket_ns)
        };
        next = (known.bucket_ns.saturating_add(grid.resolution.ns()), at + 1);
        joined.hold(*held, at);
        *held = Some(Held {
            level,
            next: at + 1,
        });
        let high = highest.map_or(level, |highest| highest.max(level));
        joined.put(at..at + 1, Level { last: level, high });
    }
    joined.finish();
}

/// Calls `each` with the buckets that the last level holds for: to the end of the process, or of the grid.
pub(crate) fn settle(grid: &Grid, held: Option<Held>, lived: &Lived, each: impl FnMut(Stay)) {
    let mut joined = Joined::new(grid, lived, each);
    joined.hold(held, grid.index(lived.stay.to_ns - 1) + 1);
    joined.finish();
}

/// Buckets on their way out: neighbours of one level go together.
struct Joined<'a, F> {
    grid: &'a Grid,
    lived: &'a Lived,
    waiting: Option<(Range<i64>, Level)>,
    each: F,
}

impl<'a, F: FnMut(Stay)> Joined<'a, F> {
    fn new(grid: &'a Grid, lived: &'a Lived, each: F) -> Self {
        Self {
            grid,
            lived,
            waiting: None,
            each,
        }
    }

    /// A held level in the buckets before `end`.
    fn hold(&mut self, held: Option<Held>, end: i64) {
        if let Some(Held { level, next }) = held
            && next < end
        {
            let high = level;
            self.put(next..end, Level { last: level, high });
        }
    }

    fn put(&mut self, buckets: Range<i64>, level: Level) {
        match &mut self.waiting {
            Some((waiting, of)) if *of == level && waiting.end == buckets.start => {
                waiting.end = buckets.end;
            }
            _ => {
                self.finish();
                self.waiting = Some((buckets, level));
            }
        }
    }

    fn finish(&mut self) {
        let Some((buckets, level)) = self.waiting.take() else {
            return;
        };
        let (from, to) = (
            buckets.start.max(0),
            buckets.end.min(self.grid.buckets as i64),
        );
        let whole = &self.lived.whole;
        let (whole_from, whole_to) = (from.max(whole.start), to.min(whole.end));
        if whole_from >= whole_to {
            return self.parts(from..to, level);
        }
        self.parts(from..whole_from, level);
        (self.each)(Stay::Whole(whole_from as usize..whole_to as usize, level));
        self.parts(whole_to..to, level);
    }

    fn parts(&mut self, buckets: Range<i64>, level: Level) {
        for bucket in buckets {
            let bucket = bucket as usize;
            let lived = self.grid.covered(bucket).within(self.lived.stay);
            (self.each)(Stay::Part(bucket, lived, level));
        }
    }
}

#[cfg(test)]
mod tests {
    use bc_schema::resolution::SECOND_NS;
    use bc_schema::{Metrics, Resolution};

    use super::*;

    const S: u64 = SECOND_NS;

    fn grid() -> Grid {
        let range = TimeRange {
            from_ns: 100 * S,
            to_ns: 110 * S,
        };
        Grid::new(Resolution::Second, range, range, 10)
    }

    fn known(second: u64, level: Option<u64>, highest: Option<u64>) -> Known {
        Known {
            bucket_ns: second * S,
            level,
            highest,
            peak: None,
        }
    }

    /// Bucket, level, and the time lived in it.
    fn see(grid: &Grid, stay: Stay, seen: &mut Vec<(usize, u64, u64)>) {
        match stay {
            Stay::Whole(buckets, level) => {
                seen.extend(buckets.map(|bucket| (bucket, level.last, grid.covered(bucket).ns())));
            }
            Stay::Part(bucket, lived, level) => seen.push((bucket, level.last, lived.ns())),
        }
    }

    fn levels(told: &[Known], stay: TimeRange) -> Vec<(usize, u64, u64)> {
        let mut seen = Vec::new();
        let (grid, lived) = (grid(), Lived::of(&grid(), stay));
        let mut held = None;
        for &known in told {
            advance(&grid, &mut held, std::iter::once(known), &lived, |stay| {
                see(&grid, stay, &mut seen);
            });
        }
        settle(&grid, held, &lived, |stay| see(&grid, stay, &mut seen));
        let (mut at_once, mut held) = (Vec::new(), None);
        advance(&grid, &mut held, told.iter().copied(), &lived, |stay| {
            see(&grid, stay, &mut at_once);
        });
        settle(&grid, held, &lived, |stay| see(&grid, stay, &mut at_once));
        assert_eq!(at_once, seen);
        seen
    }

    #[test]
    fn a_level_holds_to_the_next_sample_and_to_the_end() {
        let stay = TimeRange {
            from_ns: 101 * S + S / 2,
            to_ns: 106 * S + S / 4,
        };
        let told = [known(101, Some(5), Some(6)), known(104, Some(9), Some(9))];
        assert_eq!(
            levels(&told, stay),
            [
                (1, 5, S / 2),
                (2, 5, S),
                (3, 5, S),
                (4, 9, S),
                (5, 9, S),
                (6, 9, S / 4)
            ]
        );
    }

    #[test]
    fn a_level_from_before_holds_until_something_else_is_known() {
        let before = Before {
            at_ns: 80 * S,
            metrics: Metrics::EMPTY.with(Metric::RssBytes, 7),
        };
        let stay = TimeRange {
            from_ns: 50 * S,
            to_ns: 102 * S,
        };
        let mut seen = Vec::new();
        settle(
            &grid(),
            Held::since(&grid(), &before),
            &Lived::of(&grid(), stay),
            |stay| see(&grid(), stay, &mut seen),
        );
        assert_eq!(seen, [(0, 7, S), (1, 7, S)]);
        let unknown = Before {
            metrics: Metrics::EMPTY,
            ..before
        };
        assert_eq!(Held::since(&grid(), &unknown), None);
    }

    #[test]
    fn a_final_sample_without_rss_keeps_the_level() {
        let stay = TimeRange {
            from_ns: 100 * S,
            to_ns: 102 * S,
        };
        assert_eq!(
            levels(
                &[known(100, Some(5), Some(5)), known(101, None, None)],
                stay
            ),
            [(0, 5, S), (1, 5, S)]
        );
    }

    #[test]
    fn a_process_never_sampled_alive_is_known_by_its_peak() {
        let stay = TimeRange {
            from_ns: 100 * S,
            to_ns: 100 * S + S / 100,
        };
        let mut only = known(100, None, None);
        only.peak = Some(70);
        assert_eq!(levels(&[only], stay), [(0, 70, S / 100)]);
        assert_eq!(levels(&[known(100, None, None)], stay), []);
    }
}
