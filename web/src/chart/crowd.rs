//! Who was there at once: the sums of the levels of all processes.

use super::grid::{Grid, Span};
use super::level::{Level, Stay};

/// Who was there at once: those that lived all of a bucket together, and the few that came or went in it one by one.
///
/// Levels mostly stay as they are from bucket to bucket, so what is kept of those is how their sums change.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    /// From each bucket to the next one; one more than there are buckets.
    changes: Vec<Sums>,
    part: Vec<(usize, Span, Level)>,
}

/// So many processes, and their levels together.
#[derive(Debug, Default, Clone, Copy)]
struct Sums {
    count: i64,
    last: i128,
    high: i128,
}

impl Sums {
    fn add(&mut self, level: Level, times: i8) {
        self.count += i64::from(times);
        self.last += i128::from(level.last) * i128::from(times);
        self.high += i128::from(level.high) * i128::from(times);
    }

    /// What they come to; absent: nobody is there.
    fn level(&self) -> Option<Level> {
        let bytes = |sum: i128| u64::try_from(sum).unwrap_or(u64::MAX);
        (self.count > 0).then(|| Level {
            last: bytes(self.last),
            high: bytes(self.high),
        })
    }
}

impl Crowd {
    /// Nobody, in so many buckets.
    pub(crate) fn of(buckets: usize) -> Self {
        Self {
            changes: vec![Sums::default(); buckets + 1],
            part: Vec::new(),
        }
    }

    pub(crate) fn meet(&mut self, stay: &Stay) {
        match stay {
            Stay::Whole(buckets, level) => {
                self.changes[buckets.start].add(*level, 1);
                self.changes[buckets.end].add(*level, -1);
            }
            Stay::Part(bucket, lived, level) => self.part.push((*bucket, *lived, *level)),
        }
    }

    /// Calls `each` with the levels in buckets, each times the ns that it was there.
    pub(crate) fn weights(&self, grid: &Grid, mut each: impl FnMut(usize, f64)) {
        let mut weigh = |bucket: usize, lived: Span, level: Level| {
            each(bucket, level.last as f64 * lived.ns() as f64);
        };
        self.whole(|bucket, level| weigh(bucket, grid.covered(bucket), level));
        for &(bucket, lived, level) in &self.part {
            weigh(bucket, lived, level);
        }
    }

    /// Calls `each` with what those who lived through a bucket had together, for every bucket that somebody did.
    fn whole(&self, mut each: impl FnMut(usize, Level)) {
        let mut now = Sums::default();
        for (bucket, change) in self.changes.iter().enumerate() {
            now.count += change.count;
            now.last += change.last;
            now.high += change.high;
            if let Some(level) = now.level() {
                each(bucket, level);
            }
        }
    }

    /// Calls `each` with the lowest and the highest sum of all levels within each bucket, as far as begins and ends tell.
    pub(crate) fn extremes(mut self, grid: &Grid, mut each: impl FnMut(usize, u64, u64)) {
        let mut whole = vec![None; grid.buckets];
        self.whole(|bucket, level| whole[bucket] = Some(level));
        self.part.sort_unstable_by_key(|(bucket, ..)| *bucket);
        let mut parts = self.part.chunk_by(|a, b| a.0 == b.0).peekable();
        for (bucket, whole) in whole.into_iter().enumerate() {
            let partial = parts
                .next_if(|chunk| chunk[0].0 == bucket)
                .unwrap_or_default();
            if whole.is_none() && partial.is_empty() {
                continue;
            }
            let level = whole.unwrap_or(Level { last: 0, high: 0 });
            let (low, more) = sweep(grid.covered(bucket), partial);
            each(
                bucket,
                level.last.saturating_add(low),
                level.high.saturating_add(more),
            );
        }
    }
}

/// The lowest sum of levels and the highest sum of highs of processes that were there for parts of a span.
fn sweep(span: Span, stays: &[(usize, Span, Level)]) -> (u64, u64) {
    let mut moments: Vec<(u64, bool, usize)> = Vec::with_capacity(2 * stays.len());
    for (index, (_, lived, _)) in stays.iter().enumerate() {
        // Who comes at the instant another goes meets it: `false` sorts first.
        moments.push((lived.from_ns, false, index));
        moments.push((lived.to_ns, true, index));
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
            level = level.saturating_sub(stays[index].2.last);
            high = high.saturating_sub(stays[index].2.high);
        } else {
            level = level.saturating_add(stays[index].2.last);
            high = high.saturating_add(stays[index].2.high);
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
    use bc_schema::store::Column;
    use bc_schema::{Resolution, TimeRange};

    use super::*;
    use crate::chart::level::{Known, Lived, advance};

    const S: u64 = SECOND_NS;

    #[test]
    fn short_processes_after_each_other_do_not_add_up() {
        let stay = |from: u64, to: u64| TimeRange {
            from_ns: 100 * S + from * S / 10,
            to_ns: 100 * S + to * S / 10,
        };
        let range = TimeRange {
            from_ns: 100 * S,
            to_ns: 110 * S,
        };
        let grid = Grid::new(Resolution::Second, range, range, 10);
        let column = |value| {
            let mut column = Column::new();
            column.push(value);
            column
        };
        let (level, highest, peak) = (column(Some(50)), column(Some(60)), column(None));
        let told = Known {
            bucket_ns: &[100 * S],
            level: level.all(),
            highest: highest.all(),
            peak: peak.all(),
        };
        let of = |stays: &[TimeRange]| {
            let mut crowd = Crowd::of(10);
            for &stay in stays {
                let lived = Lived::of(&grid, stay);
                advance(&grid, &mut None, told, &lived, |stay| {
                    crowd.meet(&stay);
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
