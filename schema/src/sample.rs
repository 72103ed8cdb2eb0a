//! A sample: one process at one instant, as running totals and levels (law 1, the merge law).
//!
//! A second in which nothing of a process changed has no sample of it: what its last one said still held, and the next one says until
//! when ([`Sample::held_ns`]). Each process has one in every minute all the same, so that no bucket that is kept for long is empty.

use serde::Serialize;

use crate::metric::Metrics;
use crate::process_id::ProcessId;
use crate::resolution::Resolution;

/// Which coarse buckets a sample is the last of, as far as its recorder knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Closes(u8);

impl Closes {
    /// None.
    pub const NONE: Closes = Closes(0);
    /// All of them: the process is over.
    pub const ALL: Closes = Closes(0b111);

    /// Every coarse bucket that holds `at_ns` and does not hold `next_ns`.
    pub fn between(at_ns: u64, next_ns: u64) -> Self {
        let mut closes = Self::NONE;
        for (bit, resolution) in Resolution::COARSE.into_iter().enumerate() {
            if resolution.bucket_ns(at_ns) != resolution.bucket_ns(next_ns) {
                closes.0 |= 1 << bit;
            }
        }
        closes
    }

    /// Whether the bucket of this resolution is closed; a second's always is.
    pub fn contains(self, resolution: Resolution) -> bool {
        match Resolution::COARSE.iter().position(|&r| r == resolution) {
            Some(bit) => self.0 & (1 << bit) != 0,
            None => true,
        }
    }

    /// Whether any coarse bucket is closed.
    pub fn any(self) -> bool {
        self.0 != 0
    }
}

/// One process at one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Whose.
    pub process: ProcessId,
    /// Event time, ns since the epoch, UTC. The order of these decides every merge.
    pub at_ns: u64,
    /// Where the totals count from: 0 when since the process began, otherwise the ns at which their source began to count.
    pub epoch_ns: u64,
    /// When the process was last looked at and still was as its sample before this one said, ns since the epoch; 0: it was not looked at in
    /// between. What is used in this sample is used since then.
    pub held_ns: u64,
    /// The totals and levels.
    pub metrics: Metrics,
    /// Highest RSS seen so far within the current minute, hour and day (in the order of [`Resolution::COARSE`]), bytes.
    pub max_rss_bytes: [Option<u64>; 3],
    /// The coarse buckets it is the last sample of. A sample is sent again, the same, when that becomes known later.
    pub closes: Closes,
}

impl Sample {
    /// Highest RSS within the bucket of `resolution` up to this sample.
    pub fn max_rss_in(&self, resolution: Resolution) -> Option<u64> {
        match Resolution::COARSE.iter().position(|&r| r == resolution) {
            Some(index) => self.max_rss_bytes[index],
            None => self.metrics.get(crate::Metric::RssBytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolution::SECOND_NS;

    #[test]
    fn a_sample_closes_what_the_next_one_is_not_in() {
        let minute = 60 * SECOND_NS;
        let closes = Closes::between(59 * SECOND_NS, minute);
        assert!(closes.contains(Resolution::Minute) && !closes.contains(Resolution::Hour));
        let day = 86_400 * SECOND_NS;
        assert_eq!(Closes::between(day - 1, day), Closes::ALL);
        assert!(!Closes::between(1, 2).any());
    }
}
