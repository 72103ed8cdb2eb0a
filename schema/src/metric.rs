//! What is measured of a process, and a set of such measurements in which unknown is not zero (law 4).

use serde::{Deserialize, Serialize};

use crate::varint;

/// How a metric behaves over time, which decides what a bucket of it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// A running total that never falls; a bucket's value is a difference of two.
    Total,
    /// A level at an instant; a bucket's value is the last one in it.
    Gauge,
    /// The highest level so far; never falls, never subtracted.
    Peak,
}

macro_rules! metrics {
    ($($(#[doc = $doc:literal])* $variant:ident = $index:literal, $name:literal, $kind:ident;)*) => {
        /// One thing measured of a process. The numbers are stored: they are never reused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[repr(u8)]
        pub enum Metric {
            $($(#[doc = $doc])* #[serde(rename = $name)] $variant = $index,)*
        }

        impl Metric {
            /// Every metric, in the order of their numbers.
            pub const ALL: &'static [Metric] = &[$(Metric::$variant),*];

            /// The name used in the API and in dumps, with its unit.
            pub const fn name(self) -> &'static str {
                match self { $(Metric::$variant => $name,)* }
            }

            /// How the metric behaves over time.
            #[inline]
            pub const fn kind(self) -> MetricKind {
                match self { $(Metric::$variant => MetricKind::$kind,)* }
            }
        }
    };
}

metrics! {
    /// CPU time of all threads, ns; exact (`sum_exec_runtime`).
    CpuNs = 0, "cpu_ns", Total;
    /// User part of the CPU time, ns; the kernel's ticks scaled to the exact runtime, an estimate.
    UserNs = 1, "user_ns", Total;
    /// System part of the CPU time, ns; estimated as `user_ns` is.
    SystemNs = 2, "system_ns", Total;
    /// Resident memory, bytes.
    RssBytes = 3, "rss_bytes", Gauge;
    /// Highest resident memory since the last exec, bytes.
    PeakRssBytes = 4, "peak_rss_bytes", Peak;
    /// `ru_maxrss` as the kernel reports it, bytes: it is inherited over fork and exec.
    MaxRssBytes = 5, "max_rss_bytes", Peak;
    /// Virtual memory size, bytes.
    VmBytes = 6, "vm_bytes", Gauge;
    /// Swapped-out memory, bytes.
    SwapBytes = 7, "swap_bytes", Gauge;
    /// Living threads.
    Threads = 8, "threads", Gauge;
    /// Minor page faults.
    MinorFaults = 9, "minor_faults", Total;
    /// Major page faults: those that waited for a disk.
    MajorFaults = 10, "major_faults", Total;
    /// Bytes the process caused to be fetched from block devices.
    BlockReadBytes = 11, "block_read_bytes", Total;
    /// Bytes the process caused to be sent to block devices.
    BlockWriteBytes = 12, "block_write_bytes", Total;
    /// Bytes whose write-back the process prevented by truncating.
    CancelledWriteBytes = 13, "cancelled_write_bytes", Total;
    /// Bytes returned by read-like system calls.
    ReadBytes = 14, "read_bytes", Total;
    /// Bytes accepted by write-like system calls.
    WriteBytes = 15, "write_bytes", Total;
    /// Read-like system calls.
    ReadCalls = 16, "read_calls", Total;
    /// Write-like system calls.
    WriteCalls = 17, "write_calls", Total;
}

/// A set of measurements: each known or absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Metrics {
    valid: u32,
    values: [u64; Metric::ALL.len()],
}

const _: () = assert!(Metric::ALL.len() <= 32, "`valid` has 32 bits");

/// The metrics that may fall, as bits of `valid`.
const GAUGES: u32 = {
    let (mut bits, mut index) = (0, 0);
    while index < Metric::ALL.len() {
        if matches!(Metric::ALL[index].kind(), MetricKind::Gauge) {
            bits |= 1 << index;
        }
        index += 1;
    }
    bits
};

impl Metrics {
    /// Nothing known.
    pub const EMPTY: Metrics = Metrics {
        valid: 0,
        values: [0; Metric::ALL.len()],
    };

    /// The value, where it is known.
    #[inline]
    pub const fn get(&self, metric: Metric) -> Option<u64> {
        if self.valid & (1 << metric as u32) == 0 {
            None
        } else {
            Some(self.values[metric as usize])
        }
    }

    /// States a value.
    #[inline]
    pub const fn set(&mut self, metric: Metric, value: u64) {
        self.valid |= 1 << metric as u32;
        self.values[metric as usize] = value;
    }

    /// Builder form of [`Metrics::set`].
    #[must_use]
    pub const fn with(mut self, metric: Metric, value: u64) -> Self {
        self.set(metric, value);
        self
    }

    /// The known values in order of their metrics.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = (Metric, u64)> + '_ {
        Metric::ALL
            .iter()
            .filter_map(|&metric| self.get(metric).map(|value| (metric, value)))
    }

    /// Lifts every total and peak to at least what `earlier` said: a running total never goes down.
    pub fn never_below(&mut self, earlier: &Metrics) {
        let never_fall = earlier.valid & !GAUGES;
        for (index, before) in earlier.values.iter().enumerate() {
            let bit = 1 << index;
            if never_fall & bit != 0 && (self.valid & bit == 0 || self.values[index] < *before) {
                self.values[index] = *before;
                self.valid |= bit;
            }
        }
    }

    /// Packs to bytes: the valid mask, then each known value, all LEB128. What [`Metrics::unpack`] reads.
    pub fn pack(&self, out: &mut Vec<u8>) {
        varint::put(u64::from(self.valid), out);
        for (_, value) in self.iter() {
            varint::put(value, out);
        }
    }

    /// Unpacks what [`Metrics::pack`] wrote and leaves `bytes` after it; `None` when the bytes end early. Metrics that this
    /// version does not know (a newer writer's) are skipped.
    pub fn unpack(bytes: &mut &[u8]) -> Option<Metrics> {
        let mut mask = varint::take(bytes)?;
        let mut metrics = Metrics::EMPTY;
        while mask != 0 {
            let value = varint::take(bytes)?;
            if let Some(&metric) = Metric::ALL.get(mask.trailing_zeros() as usize) {
                metrics.set(metric, value);
            }
            mask &= mask - 1;
        }
        Some(metrics)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Metrics::EMPTY
    }
}

impl Serialize for Metrics {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(metric, value)| (metric.name(), value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_survives_packing_and_is_not_zero() {
        let metrics = Metrics::EMPTY
            .with(Metric::CpuNs, u64::MAX)
            .with(Metric::SwapBytes, 0);
        let mut bytes = Vec::new();
        metrics.pack(&mut bytes);
        let read = Metrics::unpack(&mut bytes.as_slice()).unwrap();
        assert_eq!(read, metrics);
        assert_eq!(read.get(Metric::SwapBytes), Some(0));
        assert_eq!(read.get(Metric::RssBytes), None);
        for cut in 0..bytes.len() {
            assert_eq!(Metrics::unpack(&mut &bytes[..cut]), None);
        }
    }

    #[test]
    fn numbers_are_dense_and_names_unique() {
        let mut names: Vec<_> = Metric::ALL.iter().map(|m| m.name()).collect();
        for (index, metric) in Metric::ALL.iter().enumerate() {
            assert_eq!(*metric as usize, index);
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Metric::ALL.len());
    }

    #[test]
    fn totals_never_fall_and_gauges_may() {
        let before = Metrics::EMPTY
            .with(Metric::CpuNs, 10)
            .with(Metric::RssBytes, 10);
        let mut now = Metrics::EMPTY
            .with(Metric::CpuNs, 9)
            .with(Metric::RssBytes, 9);
        now.never_below(&before);
        assert_eq!(
            (now.get(Metric::CpuNs), now.get(Metric::RssBytes)),
            (Some(10), Some(9))
        );
    }
}
