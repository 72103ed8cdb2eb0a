//! How a sample stands in a row: as few bytes as plain variable-length integers give.
//!
//! The bytes are part of the file's version: a change of theirs is a new version with an upgrade.

use bc_schema::varint::{put, take};
use bc_schema::{Metric, Metrics, Resolution};

use super::error::Failure;
use super::times::{PutTimes, Times};
use crate::cell::{Cell, First};

/// Small amounts up and down become small numbers.
pub(crate) fn zigzag(value: u64) -> u64 {
    (value << 1) ^ (value.cast_signed() >> 63).cast_unsigned()
}

/// And back again.
pub(crate) fn unzigzag(value: u64) -> u64 {
    (value >> 1) ^ (value & 1).wrapping_neg()
}

/// Bits of the byte before the maxima, after those that say which maxima are known.
const FIRST: u8 = 1 << 4;
const HELD: u8 = 1 << 5;
const NEAR: u8 = 1 << 6;

/// Appends a sample, with its maxima for this resolution and the coarser ones. They are mostly the same or little more than each other, so
/// each is written as its distance from the one before.
pub(crate) fn put_cell(
    cell: &Cell,
    times: &PutTimes<'_>,
    resolution: Resolution,
    out: &mut Vec<u8>,
) {
    let First { at_ns, held_ns } = cell.first;
    times.put(cell.at_ns, out);
    let maxima = &cell.max_rss_bytes[resolution as usize..];
    let mut mask = NEAR;
    for (bit, max) in maxima.iter().enumerate() {
        mask |= u8::from(max.is_some()) << bit;
    }
    mask |= if at_ns == cell.at_ns { 0 } else { FIRST };
    mask |= if held_ns == 0 { 0 } else { HELD };
    out.push(mask);
    let mut before = 0;
    for max in maxima.iter().flatten() {
        put(max.wrapping_sub(before), out);
        before = *max;
    }
    if mask & FIRST != 0 {
        times.put_earlier(at_ns, cell.at_ns, out);
    }
    if mask & HELD != 0 {
        times.put_earlier(held_ns, at_ns, out);
    }
    let near = Near::to(maxima);
    near.written(&cell.metrics).pack(out);
}

/// Takes what [`put_cell`] appended.
#[inline]
pub(crate) fn take_cell(
    times: &Times<'_>,
    resolution: Resolution,
    bytes: &mut &[u8],
) -> Option<Cell> {
    let Outline {
        at_ns,
        max_rss_bytes,
        first,
        is_near,
    } = take_outline(times, resolution, bytes)?;
    let mut metrics = Metrics::unpack(bytes)?;
    if is_near {
        Near::to(&max_rss_bytes[resolution as usize..]).read(&mut metrics);
    }
    Some(Cell {
        at_ns,
        metrics,
        max_rss_bytes,
        first,
    })
}

/// A sample without its measurements.
pub(crate) struct Outline {
    pub(crate) at_ns: u64,
    pub(crate) max_rss_bytes: [Option<u64>; 4],
    pub(crate) first: First,
    /// Whether the measurements are written as [`Near`] says.
    is_near: bool,
}

/// Takes only the times and the maxima, and leaves the measurements: half of those who look need no more.
pub(crate) fn take_outline(
    times: &Times<'_>,
    resolution: Resolution,
    bytes: &mut &[u8],
) -> Option<Outline> {
    let at_ns = times.take(bytes)?;
    let (&mask, rest) = bytes.split_first()?;
    *bytes = rest;
    let mut max_rss_bytes = [None; 4];
    let mut before = 0u64;
    for (bit, max) in max_rss_bytes[resolution as usize..].iter_mut().enumerate() {
        if mask & 1 << bit != 0 {
            before = before.wrapping_add(take(bytes)?);
            *max = Some(before);
        }
    }
    let mut first = First { at_ns, held_ns: 0 };
    if mask & FIRST != 0 {
        first.at_ns = times.take_earlier(at_ns, bytes)?;
    }
    if mask & HELD != 0 {
        first.held_ns = times.take_earlier(first.at_ns, bytes)?;
    }
    Some(Outline {
        at_ns,
        max_rss_bytes,
        first,
        is_near: mask & NEAR != 0,
    })
}

/// What is mostly near to something else is written as its distance from that: RSS from the highest of its bucket, the peak from the
/// highest of the longest bucket, and user time from what system time leaves of the CPU time.
struct Near {
    highest: Option<u64>,
    highest_of_all: Option<u64>,
}

impl Near {
    fn to(maxima: &[Option<u64>]) -> Self {
        let highest = maxima.iter().flatten().next().copied();
        let highest_of_all = maxima.iter().rev().flatten().next().copied();
        Self {
            highest,
            highest_of_all,
        }
    }

    fn written(&self, metrics: &Metrics) -> Metrics {
        let mut written = *metrics;
        self.turn(&mut written, |value, near| zigzag(near.wrapping_sub(value)));
        written
    }

    fn read(&self, metrics: &mut Metrics) {
        self.turn(metrics, |distance, near| {
            near.wrapping_sub(unzigzag(distance))
        });
    }

    fn turn(&self, metrics: &mut Metrics, turn: impl Fn(u64, u64) -> u64) {
        let times = [Metric::CpuNs, Metric::SystemNs, Metric::UserNs];
        if let [Some(cpu_ns), Some(system_ns), Some(user_ns)] =
            times.map(|metric| metrics.get(metric))
        {
            metrics.set(
                Metric::UserNs,
                turn(user_ns, cpu_ns.wrapping_sub(system_ns)),
            );
        }
        let levels = [
            (Metric::RssBytes, self.highest),
            (Metric::PeakRssBytes, self.highest_of_all),
        ];
        for (metric, near) in levels {
            if let (Some(value), Some(near)) = (metrics.get(metric), near) {
                metrics.set(metric, turn(value, near));
            }
        }
    }
}

/// Packs a sample that waits for its process.
pub(crate) fn pack_sample(cell: &Cell) -> Vec<u8> {
    let mut out = Vec::with_capacity(96);
    put_cell(cell, &PutTimes::Since(0), Resolution::Second, &mut out);
    out
}

/// Unpacks what [`pack_sample`] packed.
pub(crate) fn unpack_sample(mut bytes: &[u8]) -> Result<Cell, Failure> {
    take_cell(&Times::Since(0), Resolution::Second, &mut bytes).ok_or(Failure::Damaged("a sample"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_comes_back_as_it_went_in() {
        let metrics = Metrics::EMPTY
            .with(Metric::CpuNs, u64::MAX)
            .with(Metric::UserNs, 1)
            .with(Metric::SystemNs, 7)
            .with(Metric::RssBytes, 3)
            .with(Metric::PeakRssBytes, u64::MAX - 1)
            .with(Metric::SwapBytes, 0);
        for max_rss_bytes in [
            [None; 4],
            [Some(5), Some(5), Some(4), Some(u64::MAX)],
            [None, Some(0), None, Some(7)],
        ] {
            let cell = Cell {
                at_ns: u64::MAX,
                metrics,
                max_rss_bytes,
                first: First {
                    at_ns: 7,
                    held_ns: u64::MAX,
                },
            };
            let packed = pack_sample(&cell);
            assert_eq!(unpack_sample(&packed).unwrap(), cell);
            for length in 0..packed.len() {
                assert!(unpack_sample(&packed[..length]).is_err(), "{length}");
            }
        }
    }

    #[test]
    fn maxima_of_finer_resolutions_are_left_out() {
        let cell = Cell {
            at_ns: 9,
            metrics: Metrics::EMPTY,
            max_rss_bytes: [Some(1), Some(2), Some(3), Some(4)],
            first: First {
                at_ns: 9,
                held_ns: 0,
            },
        };
        let mut out = Vec::new();
        put_cell(&cell, &PutTimes::Since(5), Resolution::Hour, &mut out);
        let back = take_cell(&Times::Since(5), Resolution::Hour, &mut out.as_slice()).unwrap();
        assert_eq!(
            back,
            Cell {
                max_rss_bytes: [None, None, Some(3), Some(4)],
                ..cell
            }
        );
    }
}
