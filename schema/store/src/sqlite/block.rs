//! Blocks: what the processes of one life did in one bucket, in one row.
//!
//! Entries stand in the order of their processes, so blocks merge, and whoever looks for one process passes over the others without
//! unpacking them. The bytes are part of the file's version.

use bc_schema::Resolution;
use bc_schema::varint::{put, take};

use super::error::Failure;
use super::packed::{put_cell, take_cell, take_outline};
use super::times::{PutTimes, Times, put_head, take_head};
use crate::cell::{Cell, First};

/// How many processes' numbers share a part of a block.
const PROCESSES_IN_PART: u64 = 4096;

/// One process and epoch in a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Number of the process.
    pub(crate) process: u64,
    /// Epoch of its totals.
    pub(crate) epoch_ns: u64,
    /// Its last sample there, or (in seconds) one of its samples.
    pub(crate) cell: Cell,
}

/// The part of a bucket's block that a process stands in. Those of seconds have one: a second is written as a whole, and at once.
pub(crate) fn part(resolution: Resolution, process: u64) -> u64 {
    if resolution == Resolution::Second {
        0
    } else {
        process / PROCESSES_IN_PART
    }
}

/// Brings entries of one bucket into a block's order. Seconds keep every sample, because a later statement may say that two samples of
/// one second are of two containers; coarser buckets keep the last.
pub(crate) fn settle(resolution: Resolution, entries: &mut Vec<Entry>) {
    let key = |entry: &Entry| {
        let at_ns = if resolution == Resolution::Second {
            entry.cell.at_ns
        } else {
            0
        };
        (entry.process, entry.epoch_ns, at_ns)
    };
    // Entries are large: their keys are sorted, and then each is moved once.
    if !entries.is_sorted_by_key(key) {
        entries.sort_by_cached_key(key);
    }
    entries.dedup_by(|next, kept| {
        let same = key(next) == key(kept);
        if same {
            kept.cell.merge(&next.cell);
        }
        same
    });
}

/// How many processes and epochs settled entries tell of.
pub(crate) fn rows(entries: &[Entry]) -> u64 {
    let of_one = |a: &Entry, b: &Entry| (a.process, a.epoch_ns) == (b.process, b.epoch_ns);
    entries.chunk_by(of_one).count() as u64
}

/// Packs settled entries: their times, and then for each the distance of the process's number, the length of what follows, and that.
pub(crate) fn pack(resolution: Resolution, bucket: u64, entries: &[Entry]) -> Vec<u8> {
    let times = times(entries);
    let mut block = Vec::with_capacity(8 * times.len() + entries.len() * 48);
    put_head(&times, bucket.wrapping_mul(resolution.ns()), &mut block);
    let times = PutTimes::Among(&times);
    let mut body = Vec::with_capacity(128);
    let mut before = 0;
    for entry in entries {
        body.clear();
        put(entry.epoch_ns, &mut body);
        put_cell(&entry.cell, &times, resolution, &mut body);
        put(entry.process - before, &mut block);
        put(body.len() as u64, &mut block);
        block.extend_from_slice(&body);
        before = entry.process;
    }
    block
}

/// The different times that entries tell, in order.
fn times(entries: &[Entry]) -> Vec<u64> {
    let mut times = Vec::new();
    for Entry { cell, .. } in entries {
        let First { at_ns, held_ns } = cell.first;
        let held = (held_ns != 0).then_some(held_ns);
        for time_ns in [cell.at_ns, at_ns].into_iter().chain(held) {
            // Neighbours mostly tell the same.
            if !times.iter().rev().take(4).any(|&told| told == time_ns) {
                times.push(time_ns);
            }
        }
    }
    times.sort_unstable();
    times.dedup();
    times
}

/// The entries of a block, still packed.
pub(crate) fn read(resolution: Resolution, bucket: u64, block: &[u8]) -> Packed<'_> {
    let mut rest = block;
    let times = take_head(bucket.wrapping_mul(resolution.ns()), &mut rest);
    Packed {
        resolution,
        times,
        process: 0,
        rest,
    }
}

/// What is left of a block.
#[derive(Debug)]
pub(crate) struct Packed<'a> {
    resolution: Resolution,
    /// `None`: its head is damaged.
    times: Option<Times<'a>>,
    process: u64,
    rest: &'a [u8],
}

/// An entry that is not unpacked beyond its process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PackedEntry<'a> {
    /// Number of the process.
    pub(crate) process: u64,
    resolution: Resolution,
    times: Times<'a>,
    body: &'a [u8],
}

impl<'a> Iterator for Packed<'a> {
    type Item = Result<PackedEntry<'a>, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let entry = self
            .take_entry()
            .ok_or(Failure::Damaged("a block of samples"));
        if entry.is_err() {
            // Behind damage there is nothing to be read.
            self.rest = &[];
        }
        Some(entry)
    }
}

impl<'a> Packed<'a> {
    fn take_entry(&mut self) -> Option<PackedEntry<'a>> {
        let times = self.times?;
        self.process = self.process.checked_add(take(&mut self.rest)?)?;
        let length = usize::try_from(take(&mut self.rest)?).ok()?;
        let (body, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(PackedEntry {
            process: self.process,
            resolution: self.resolution,
            times,
            body,
        })
    }
}

impl PackedEntry<'_> {
    /// The epoch alone.
    pub(crate) fn epoch_ns(&self) -> Result<u64, Failure> {
        take(&mut { self.body }).ok_or(Failure::Damaged("a block of samples"))
    }

    /// The time of its last sample alone.
    pub(crate) fn at_ns(&self) -> Result<u64, Failure> {
        let mut body = self.body;
        let mut at_ns = || {
            take(&mut body)?;
            self.times.take(&mut body)
        };
        at_ns().ok_or(Failure::Damaged("a block of samples"))
    }

    /// Merges it into what is known of its process and epoch in a longer span. Earlier samples, which are most when the latest come first,
    /// are not unpacked.
    pub(crate) fn merge_into(&self, known: &mut Cell) -> Result<(), Failure> {
        let mut body = self.body;
        let mut outline = || {
            take(&mut body)?;
            take_outline(&self.times, self.resolution, &mut body)
        };
        let outline = outline().ok_or(Failure::Damaged("a block of samples"))?;
        if outline.at_ns < known.at_ns {
            known.merge_earlier(&outline.max_rss_bytes, outline.first);
        } else {
            known.merge(&self.unpack()?.cell);
        }
        Ok(())
    }

    /// All of it.
    #[inline]
    pub(crate) fn unpack(&self) -> Result<Entry, Failure> {
        let mut body = self.body;
        let mut entry = || {
            let epoch_ns = take(&mut body)?;
            let cell = take_cell(&self.times, self.resolution, &mut body)?;
            Some(Entry {
                process: self.process,
                epoch_ns,
                cell,
            })
        };
        entry().ok_or(Failure::Damaged("a block of samples"))
    }
}

#[cfg(test)]
mod tests {
    use bc_schema::{Metric, Metrics};

    use super::*;

    const SECOND: u64 = 1_700_000_000;
    const AT_NS: u64 = SECOND * Resolution::Second.ns();

    fn entry(process: u64, epoch_ns: u64, at_ns: u64) -> Entry {
        let metrics = Metrics::EMPTY
            .with(Metric::CpuNs, u64::MAX)
            .with(Metric::RssBytes, 4096);
        let max_rss_bytes = [Some(4096), None, Some(0), Some(u64::MAX)];
        Entry {
            process,
            epoch_ns,
            cell: Cell {
                at_ns,
                metrics,
                max_rss_bytes,
                first: First { at_ns, held_ns: 0 },
            },
        }
    }

    fn unpacked(block: &[u8]) -> Result<Vec<Entry>, Failure> {
        read(Resolution::Second, SECOND, block)
            .map(|entry| entry?.unpack())
            .collect()
    }

    #[test]
    fn a_block_comes_back_as_it_went_in() {
        let mut entries = vec![
            entry(70_000, 0, AT_NS + 3),
            entry(7, u64::MAX, AT_NS),
            entry(7, 0, AT_NS + 9),
            entry(7, 0, AT_NS + 9),
            entry(7, 0, AT_NS + 2),
        ];
        settle(Resolution::Second, &mut entries);
        assert_eq!((entries.len(), rows(&entries)), (4, 3));
        let block = pack(Resolution::Second, SECOND, &entries);
        assert_eq!(unpacked(&block).unwrap(), entries);
        let epochs: Vec<_> = read(Resolution::Second, SECOND, &block)
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.process, entry.epoch_ns().unwrap()))
            .collect();
        assert_eq!(epochs, [(7, 0), (7, 0), (7, u64::MAX), (70_000, 0)]);
    }

    #[test]
    fn coarser_buckets_keep_the_last_sample() {
        let mut entries = vec![
            entry(7, 0, AT_NS + 9),
            entry(7, 0, AT_NS + 2),
            entry(7, 1, AT_NS),
        ];
        settle(Resolution::Minute, &mut entries);
        let mut last = entry(7, 0, AT_NS + 9);
        last.cell.first.at_ns = AT_NS + 2;
        assert_eq!(entries, [last, entry(7, 1, AT_NS)]);
    }

    #[test]
    fn a_block_cut_short_is_damaged_and_never_read_past_its_end() {
        let block = pack(
            Resolution::Second,
            SECOND,
            &[entry(1, 0, AT_NS + 1), entry(2, 0, AT_NS)],
        );
        let whole = unpacked(&block).unwrap().len();
        for length in 0..block.len() {
            assert!(
                unpacked(&block[..length]).map_or(true, |entries| entries.len() < whole),
                "{length}"
            );
        }
        assert!(unpacked(&[0xff; 40]).is_err());
    }

    #[test]
    fn an_ordinary_sample_is_small() {
        let values = [
            5_000_000_000,
            3_000_000_000,
            2_000_000_000,
            90 << 20,
            95 << 20,
            95 << 20,
            300 << 20,
            0,
            4,
            30_000,
            12,
        ];
        let mut metrics = Metrics::EMPTY;
        values
            .iter()
            .zip(Metric::ALL)
            .for_each(|(&value, &metric)| metrics.set(metric, value));
        let max_rss_bytes = [
            Some(90 << 20),
            Some(91 << 20),
            Some(95 << 20),
            Some(95 << 20),
        ];
        let at_ns = AT_NS + 123_456_789;
        let cell = Cell {
            at_ns,
            metrics,
            max_rss_bytes,
            first: First { at_ns, held_ns: 0 },
        };
        let block = pack(
            Resolution::Second,
            SECOND,
            &[Entry {
                process: 900,
                epoch_ns: 0,
                cell,
            }],
        );
        assert!(block.len() <= 66, "{}", block.len());
    }
}
