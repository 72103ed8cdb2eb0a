//! How long each resolution is kept, counted back from a life's last record (law 7).

use crate::resolution::{Resolution, SECOND_NS};

/// The keep-times. Days and whole-life totals stay until someone deletes the container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Seconds that rows of one second are kept.
    pub seconds_s: u64,
    /// Seconds that rows of one minute are kept.
    pub minutes_s: u64,
    /// Seconds that rows of one hour are kept.
    pub hours_s: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            seconds_s: 3_600,
            minutes_s: 172_800,
            hours_s: 10_368_000,
        }
    }
}

impl Retention {
    /// The first instant whose rows are kept at `resolution`, for a life whose last record is at `last_record_ns`; rows of
    /// buckets that begin before it may go. `None`: kept for ever.
    pub fn keep_from_ns(&self, resolution: Resolution, last_record_ns: u64) -> Option<u64> {
        let keep_s = match resolution {
            Resolution::Second => self.seconds_s,
            Resolution::Minute => self.minutes_s,
            Resolution::Hour => self.hours_s,
            Resolution::Day => return None,
        };
        let from = last_record_ns.saturating_sub(keep_s.saturating_mul(SECOND_NS));
        Some(resolution.bucket_ns(from))
    }
}
