//! Levels (memory) in buckets. A level holds from its sample to the next, and to the end of the process.
//!
//! A process counts for the part of a bucket that it lived in, so that a thousand short ones after each other weigh as one.

use std::ops::Range;

use bc_schema::store::{Before, Values};
use bc_schema::{Metric, TimeRange};

use super::grid::{Grid, Span};

/// What buckets of a process tell of its level, bytes, column by column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) bucket_ns: &'a [u64],
    /// At the last sample of each.
    pub(crate) level: Values<'a>,
    /// The highest in each.
    pub(crate) highest: Values<'a>,
    /// The highest ever.
    pub(crate) peak: Values<'a>,
}

impl<'a> Known<'a> {
    /// Level and highest, where both are known of all of them and each bucket follows the one before: most are like that.
    fn without_gaps(&self, grid: &Grid) -> Option<(&'a [u64], &'a [u64])> {
        if !grid.are_without_gaps(self.bucket_ns) {
            return None;
        }
        self.level.if_known().zip(self.highest.if_known())
    }
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
    known: Known<'_>,
    lived: &Lived,
    each: impl FnMut(Stay),
) {
    let mut joined = Joined::new(grid, lived, each);
    if let Some((levels, highest)) = known.without_gaps(grid) {
        let first = grid.index(known.bucket_ns[0]);
        joined.hold(*held, first);
        let mut at = first;
        for (&level, &highest) in levels.iter().zip(highest) {
            let high = highest.max(level);
            joined.put(at..at + 1, Level { last: level, high });
            at += 1;
        }
        *held = levels.last().map(|&level| Held { level, next: at });
        return joined.finish();
    }
    // Dividing costs more than all else here, and mostly each bucket follows the one before.
    let mut next = (0, 0);
    for (index, &bucket_ns) in known.bucket_ns.iter().enumerate() {
        let highest = known.highest.get(index);
        // The final sample of a process has no RSS any more: the level before it stands. One that was never sampled alive is known by
        // its peak alone.
        let level = known
            .level
            .get(index)
            .or(held.map(|held| held.level))
            .or(highest)
            .or_else(|| known.peak.get(index));
        let Some(level) = level else { continue };
        let at = if bucket_ns == next.0 {
            next.1
        } else {
            grid.index(bucket_ns)
        };
        next = (bucket_ns.saturating_add(grid.resolution.ns()), at + 1);
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

    #[inline]
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

    #[inline]
    fn parts(&mut self, buckets: Range<i64>, level: Level) {
        for bucket in buckets {
            let bucket = bucket as usize;
            let lived = self.grid.covered(bucket).within(self.lived.stay);
            (self.each)(Stay::Part(bucket, lived, level));
        }
    }
}

#[cfg(test)]
mod tests;
