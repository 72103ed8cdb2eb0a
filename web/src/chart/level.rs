//! Levels (memory) in buckets. A level holds from its sample to the next, and to the end of the process.
//!
//! A process counts for the part of a bucket that it lived in, so that a thousand short ones after each other weigh as one.

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

/// A process's level in one bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stay {
    pub(crate) bucket: usize,
    /// The part of the bucket that it lived in.
    pub(crate) lived: Span,
    /// Whether that is all of it.
    whole: bool,
    /// Its last known level, bytes.
    pub(crate) level: u64,
    /// The highest it is known to have had, bytes.
    pub(crate) high: u64,
}

impl Stay {
    fn of(grid: &Grid, bucket: usize, stay: TimeRange, level: u64, high: u64) -> Self {
        let covered = grid.covered(bucket);
        let lived = covered.within(stay);
        Self {
            bucket,
            lived,
            whole: lived == covered,
            level,
            high,
        }
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
    stay: TimeRange,
    mut each: impl FnMut(Stay),
) {
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
        fill(grid, *held, at, stay, &mut each);
        *held = Some(Held {
            level,
            next: at + 1,
        });
        if (0..grid.buckets as i64).contains(&at) {
            let high = highest.map_or(level, |highest| highest.max(level));
            each(Stay::of(grid, at as usize, stay, level, high));
        }
    }
}

/// Calls `each` with the buckets that the last level holds for: to the end of the process, or of the grid.
pub(crate) fn settle(grid: &Grid, held: Option<Held>, stay: TimeRange, mut each: impl FnMut(Stay)) {
    fill(grid, held, grid.index(stay.to_ns - 1) + 1, stay, &mut each);
}

/// A held level in the buckets before `end`.
fn fill(grid: &Grid, held: Option<Held>, end: i64, stay: TimeRange, each: &mut impl FnMut(Stay)) {
    let Some(Held { level, next }) = held else {
        return;
    };
    for bucket in next.max(0)..end.min(grid.buckets as i64) {
        each(Stay::of(grid, bucket as usize, stay, level, level));
    }
}

/// Who was there at once: those that lived all of a bucket together, and the few that came or went in it one by one.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    whole: Vec<Option<(u64, u64)>>,
    part: Vec<Stay>,
}

impl Crowd {
    /// Nobody, in so many buckets.
    pub(crate) fn of(buckets: usize) -> Self {
        Self {
            whole: vec![None; buckets],
            part: Vec::new(),
        }
    }

    pub(crate) fn meet(&mut self, at: Stay) {
        if at.whole {
            let (level, high) = self.whole[at.bucket].get_or_insert((0, 0));
            *level = level.saturating_add(at.level);
            *high = high.saturating_add(at.high);
        } else {
            self.part.push(at);
        }
    }

    /// Calls `each` with the lowest and the highest sum of all levels within each bucket, as far as begins and ends tell.
    pub(crate) fn extremes(mut self, grid: &Grid, mut each: impl FnMut(usize, u64, u64)) {
        self.part.sort_unstable_by_key(|at| at.bucket);
        let mut parts = self.part.chunk_by(|a, b| a.bucket == b.bucket).peekable();
        for (bucket, whole) in self.whole.iter().enumerate() {
            let partial = parts
                .next_if(|chunk| chunk[0].bucket == bucket)
                .unwrap_or_default();
            if whole.is_none() && partial.is_empty() {
                continue;
            }
            let (level, high) = whole.unwrap_or_default();
            let (low, more) = sweep(grid.covered(bucket), partial);
            each(bucket, level.saturating_add(low), high.saturating_add(more));
        }
    }
}

/// The lowest sum of levels and the highest sum of highs of processes that were there for parts of a span.
fn sweep(span: Span, stays: &[Stay]) -> (u64, u64) {
    let mut moments: Vec<(u64, bool, usize)> = Vec::with_capacity(2 * stays.len());
    for (index, at) in stays.iter().enumerate() {
        // Who comes at the instant another goes meets it: `false` sorts first.
        moments.push((at.lived.from_ns, false, index));
        moments.push((at.lived.to_ns, true, index));
    }
    moments.sort_unstable();
    let (mut level, mut high) = (0u64, 0u64);
    let (mut lowest, mut highest) = (u64::MAX, 0);
    let mut since_ns = span.from_ns;
    for (at_ns, leaves, index) in moments {
        if at_ns > since_ns {
            lowest = lowest.min(level);
            since_ns = at_ns;
        }
        if leaves {
            level = level.saturating_sub(stays[index].level);
            high = high.saturating_sub(stays[index].high);
        } else {
            level = level.saturating_add(stays[index].level);
            high = high.saturating_add(stays[index].high);
        }
        highest = highest.max(high);
    }
    if since_ns < span.to_ns {
        lowest = lowest.min(level);
    }
    (if lowest == u64::MAX { level } else { lowest }, highest)
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

    fn levels(told: &[Known], stay: TimeRange) -> Vec<(usize, u64, u64)> {
        let mut seen = Vec::new();
        let mut see = |at: Stay| seen.push((at.bucket, at.level, at.lived.ns()));
        let mut held = None;
        for &known in told {
            advance(&grid(), &mut held, std::iter::once(known), stay, &mut see);
        }
        settle(&grid(), held, stay, see);
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
        let mut seen = Vec::new();
        settle(
            &grid(),
            Held::since(&grid(), &before),
            TimeRange {
                from_ns: 50 * S,
                to_ns: 102 * S,
            },
            |at| seen.push((at.bucket, at.level)),
        );
        assert_eq!(seen, [(0, 7), (1, 7)]);
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

    #[test]
    fn short_processes_after_each_other_do_not_add_up() {
        let stay = |from: u64, to: u64| TimeRange {
            from_ns: 100 * S + from * S / 10,
            to_ns: 100 * S + to * S / 10,
        };
        let told = [known(100, Some(50), Some(60))];
        let of = |stays: &[TimeRange]| {
            let (grid, mut crowd) = (grid(), Crowd::of(10));
            for &stay in stays {
                advance(&grid, &mut None, told.into_iter(), stay, |at| {
                    crowd.meet(at)
                });
            }
            let mut seen = None;
            crowd.extremes(&grid, |bucket, low, high| {
                assert_eq!((bucket, seen.replace((low, high))), (0, None));
            });
            seen.unwrap()
        };
        assert_eq!(of(&[stay(0, 3), stay(4, 6), stay(7, 9)]), (0, 60));
        assert_eq!(of(&[stay(0, 5), stay(4, 10)]), (50, 120));
        assert_eq!(of(&[stay(0, 10), stay(2, 3)]), (50, 120));
        assert_eq!(of(&[stay(0, 10), stay(0, 10)]), (100, 120));
    }
}
