//! The four resolutions and the UTC buckets they cut time into (law 8).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Nanoseconds in a second.
pub const SECOND_NS: u64 = 1_000_000_000;

/// How finely time is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Resolution {
    /// One second.
    #[serde(rename = "s")]
    Second,
    /// One minute.
    #[serde(rename = "m")]
    Minute,
    /// One hour.
    #[serde(rename = "h")]
    Hour,
    /// One UTC day.
    #[serde(rename = "d")]
    Day,
}

impl Resolution {
    /// Finest first.
    pub const ALL: [Resolution; 4] = [Self::Second, Self::Minute, Self::Hour, Self::Day];

    /// The coarse ones: those a process has running maxima for.
    pub const COARSE: [Resolution; 3] = [Self::Minute, Self::Hour, Self::Day];

    /// Length of a bucket, ns.
    #[inline]
    pub const fn ns(self) -> u64 {
        SECOND_NS * self.seconds()
    }

    /// Length of a bucket, s.
    #[inline]
    pub const fn seconds(self) -> u64 {
        match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }

    /// Start of the bucket that holds `at_ns` (ns since the epoch, UTC).
    #[inline]
    pub const fn bucket_ns(self, at_ns: u64) -> u64 {
        at_ns - at_ns % self.ns()
    }

    /// The letter the API uses.
    pub const fn letter(self) -> &'static str {
        match self {
            Self::Second => "s",
            Self::Minute => "m",
            Self::Hour => "h",
            Self::Day => "d",
        }
    }
}

impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.letter())
    }
}

/// The text names no resolution.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a resolution is `s`, `m`, `h` or `d`")]
pub struct BadResolution;

impl FromStr for Resolution {
    type Err = BadResolution;
    fn from_str(text: &str) -> Result<Self, BadResolution> {
        Self::ALL
            .into_iter()
            .find(|r| r.letter() == text)
            .ok_or(BadResolution)
    }
}

/// A half-open span of time, ns since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// First instant inside.
    pub from_ns: u64,
    /// First instant after.
    pub to_ns: u64,
}

impl TimeRange {
    /// All of time.
    pub const EVER: TimeRange = TimeRange {
        from_ns: 0,
        to_ns: u64::MAX,
    };

    /// Whether an instant lies inside.
    pub const fn contains(&self, at_ns: u64) -> bool {
        self.from_ns <= at_ns && at_ns < self.to_ns
    }
}
