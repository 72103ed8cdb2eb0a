//! How a span of time is cut: into buckets of a resolution, and these into steps of equal length.
//!
//! Steps lie on multiples of their length since the epoch, so that a moving range does not make a chart shimmer.

use bc_schema::resolution::SECOND_NS;
use bc_schema::{Resolution, TimeRange};

use super::steps::Steps;

/// The cut of one chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grid {
    pub(crate) resolution: Resolution,
    /// Number of the first bucket since the epoch.
    first: u64,
    pub(crate) buckets: usize,
    /// Buckets in a step.
    joined: u64,
    /// Buckets of the first step that lie before the first one.
    lead: u64,
    /// What is recorded: a bucket that is only begun, or was entered late, counts for the part that lies in here.
    recorded: TimeRange,
}

/// A span that may be empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from_ns: u64,
    pub(crate) to_ns: u64,
}

impl Span {
    pub(crate) fn ns(self) -> u64 {
        self.to_ns.saturating_sub(self.from_ns)
    }

    pub(crate) fn within(self, other: TimeRange) -> Span {
        let from_ns = self.from_ns.max(other.from_ns);
        Span {
            from_ns,
            to_ns: self.to_ns.min(other.to_ns).max(from_ns),
        }
    }
}

impl Grid {
    /// Cuts the part of `range` that is recorded, joining as few buckets per step as keeps the steps to `points`.
    pub(crate) fn new(
        resolution: Resolution,
        range: TimeRange,
        recorded: TimeRange,
        points: u64,
    ) -> Self {
        let from_ns = range.from_ns.max(recorded.from_ns);
        let to_ns = range.to_ns.min(recorded.to_ns);
        let first = from_ns / resolution.ns();
        let buckets = count(resolution, from_ns, to_ns);
        let mut joined = buckets.div_ceil(points.max(1)).max(1);
        // A range that does not begin on a step's edge may need one step more than its length says.
        while (first % joined + buckets).div_ceil(joined) > points.max(1)
            && joined < first.saturating_add(buckets)
        {
            joined += 1;
        }
        Self {
            resolution,
            first,
            buckets: buckets as usize,
            joined,
            lead: first % joined,
            recorded,
        }
    }

    pub(crate) fn steps(&self) -> usize {
        (self.lead + self.buckets as u64).div_ceil(self.joined) as usize
    }

    pub(crate) fn step_ns(&self) -> u64 {
        self.joined * self.resolution.ns()
    }

    /// Start of each step.
    pub(crate) fn step_starts_ns(&self) -> impl Iterator<Item = u64> {
        let first_ns = (self.first - self.lead) * self.resolution.ns();
        let step_ns = self.step_ns();
        (0..self.steps() as u64).map(move |step| first_ns + step * step_ns)
    }

    /// The buckets that are counted, from the first one's start to the last one's end.
    pub(crate) fn range(&self) -> TimeRange {
        let to = self.first + self.buckets as u64;
        TimeRange {
            from_ns: self.first * self.resolution.ns(),
            to_ns: to.saturating_mul(self.resolution.ns()),
        }
    }

    /// Index of the bucket that begins at `bucket_ns`; buckets before the first have negative ones.
    pub(crate) fn index(&self, bucket_ns: u64) -> i64 {
        (bucket_ns / self.resolution.ns()) as i64 - self.first as i64
    }

    /// Whether there are buckets, and each follows the one before. They are in order, so none is left out where the last is no farther than this.
    pub(crate) fn are_without_gaps(&self, bucket_ns: &[u64]) -> bool {
        let ends = bucket_ns.first().zip(bucket_ns.last());
        ends.is_some_and(|(first_ns, last_ns)| {
            let more = bucket_ns.len() as u64 - 1;
            last_ns - first_ns == more * self.resolution.ns()
        })
    }

    #[inline]
    pub(crate) fn step_of(&self, bucket: usize) -> usize {
        ((self.lead + bucket as u64) / self.joined) as usize
    }

    /// The steps, for who looks up many.
    pub(crate) fn cut(&self) -> Steps {
        let step = |bucket| self.step_of(bucket) as u32;
        let joined = usize::try_from(self.joined).unwrap_or(usize::MAX);
        Steps::new(
            (0..self.buckets).map(step).collect(),
            joined,
            self.lead as usize,
        )
    }

    fn span(&self, bucket: usize) -> Span {
        let from_ns = (self.first + bucket as u64) * self.resolution.ns();
        Span {
            from_ns,
            to_ns: from_ns.saturating_add(self.resolution.ns()),
        }
    }

    /// The part of a bucket that is recorded; at least one ns.
    pub(crate) fn covered(&self, bucket: usize) -> Span {
        let span = self.span(bucket).within(self.recorded);
        Span {
            to_ns: span.to_ns.max(span.from_ns + 1),
            ..span
        }
    }

    /// How much is covered before each bucket; the last is that of all.
    pub(crate) fn covered_before_ns(&self) -> Vec<u64> {
        let mut before_ns = vec![0; self.buckets + 1];
        for bucket in 0..self.buckets {
            before_ns[bucket + 1] = before_ns[bucket] + self.covered(bucket).ns();
        }
        before_ns
    }

    /// What of a bucket is recorded, in whole seconds: a sample says what was used since the one about a second before it, wherever in its second it lies.
    pub(crate) fn covered_seconds_ns(&self, bucket: usize) -> u64 {
        let seconds = TimeRange {
            from_ns: Resolution::Second.bucket_ns(self.recorded.from_ns),
            to_ns: self
                .recorded
                .to_ns
                .div_ceil(SECOND_NS)
                .saturating_mul(SECOND_NS),
        };
        self.span(bucket).within(seconds).ns().max(SECOND_NS)
    }

    /// Sums a value of each bucket into its step.
    pub(crate) fn per_step(&self, value: impl Fn(usize) -> u64) -> Vec<u64> {
        let mut sums = vec![0; self.steps()];
        for bucket in 0..self.buckets {
            sums[self.step_of(bucket)] += value(bucket);
        }
        sums
    }
}

/// Buckets that a span touches.
pub(crate) fn count(resolution: Resolution, from_ns: u64, to_ns: u64) -> u64 {
    if from_ns >= to_ns {
        0
    } else {
        (to_ns - 1) / resolution.ns() - from_ns / resolution.ns() + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(from: u64, to: u64) -> TimeRange {
        TimeRange {
            from_ns: from * SECOND_NS,
            to_ns: to * SECOND_NS,
        }
    }

    #[test]
    fn an_hour_of_seconds_fits_600_points() {
        let grid = Grid::new(
            Resolution::Second,
            TimeRange::EVER,
            seconds(7200, 10_800),
            600,
        );
        assert_eq!(
            (grid.buckets, grid.steps(), grid.step_ns()),
            (3600, 600, 6 * SECOND_NS)
        );
        // One second later the same length would need 601 steps of 6 s: they become 7 s.
        let grid = Grid::new(
            Resolution::Second,
            TimeRange::EVER,
            seconds(7201, 10_801),
            600,
        );
        assert_eq!((grid.buckets, grid.step_ns()), (3600, 7 * SECOND_NS));
        assert!(grid.steps() <= 600);
        assert_eq!(grid.step_starts_ns().next(), Some(7196 * SECOND_NS));
    }

    #[test]
    fn only_what_is_recorded_is_cut() {
        let grid = Grid::new(
            Resolution::Minute,
            seconds(0, 1_000_000),
            seconds(90, 150),
            10,
        );
        assert_eq!((grid.buckets, grid.range()), (2, seconds(60, 180)));
        assert_eq!(
            (grid.covered(0).ns(), grid.covered(1).ns()),
            (30 * SECOND_NS, 30 * SECOND_NS)
        );
        assert_eq!((grid.index(60 * SECOND_NS), grid.index(0)), (0, -1));
        let empty = Grid::new(Resolution::Second, seconds(200, 300), seconds(90, 150), 10);
        assert_eq!((empty.buckets, empty.steps()), (0, 0));
    }

    #[test]
    fn a_begun_second_counts_whole_for_amounts() {
        let recorded = TimeRange {
            from_ns: 60 * SECOND_NS,
            to_ns: 80 * SECOND_NS + 370_000_000,
        };
        let grid = Grid::new(Resolution::Minute, TimeRange::EVER, recorded, 10);
        assert_eq!(grid.covered_seconds_ns(0), 21 * SECOND_NS);
        assert_eq!(grid.covered(0).ns(), 20 * SECOND_NS + 370_000_000);
    }

    #[test]
    fn all_of_time_is_cut_too() {
        let grid = Grid::new(Resolution::Day, TimeRange::EVER, TimeRange::EVER, 10);
        assert!(grid.steps() <= 10 && grid.buckets == 213_504);
    }
}
