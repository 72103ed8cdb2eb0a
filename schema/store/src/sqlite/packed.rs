//! How samples stand in a row: as few bytes as plain variable-length integers give.
//!
//! The bytes are part of the file's version: a change of theirs is a new version with an upgrade.

use bc_schema::{Metric, Metrics, Resolution};

use super::error::Failure;
use crate::cell::Cell;

/// Appends an unsigned integer, seven bits a byte.
fn put(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Takes what [`put`] appended.
fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Appends a cell whose instant is not before `since_ns`, with the maxima of these resolutions. A maximum is mostly the RSS itself or little
/// more, so each is written as its distance from the one before.
fn put_cell(cell: &Cell, since_ns: u64, resolutions: &[Resolution], out: &mut Vec<u8>) {
    put(cell.at_ns.wrapping_sub(since_ns), out);
    cell.metrics.pack(out);
    let maxima = resolutions
        .iter()
        .map(|&resolution| cell.max_rss_bytes[resolution as usize]);
    out.push(
        maxima
            .clone()
            .enumerate()
            .fold(0, |mask, (bit, max)| mask | u8::from(max.is_some()) << bit),
    );
    let mut before = cell.metrics.get(Metric::RssBytes).unwrap_or(0);
    for max in maxima.flatten() {
        put(max.wrapping_sub(before), out);
        before = max;
    }
}

fn take_cell(since_ns: u64, resolutions: &[Resolution], bytes: &mut &[u8]) -> Option<Cell> {
    let at_ns = since_ns.wrapping_add(take(bytes)?);
    let metrics = Metrics::unpack(bytes)?;
    let (&mask, rest) = bytes.split_first()?;
    *bytes = rest;
    let mut max_rss_bytes = [None; 4];
    let mut before = metrics.get(Metric::RssBytes).unwrap_or(0);
    for (bit, &resolution) in resolutions.iter().enumerate() {
        if mask & 1 << bit != 0 {
            before = before.wrapping_add(take(bytes)?);
            max_rss_bytes[resolution as usize] = Some(before);
        }
    }
    Some(Cell {
        at_ns,
        metrics,
        max_rss_bytes,
    })
}

/// Packs a sample that waits for its process, whole.
pub(crate) fn pack_waiting(cell: &Cell) -> Vec<u8> {
    let mut out = Vec::with_capacity(96);
    put_cell(cell, 0, &Resolution::ALL, &mut out);
    out
}

/// Unpacks what [`pack_waiting`] packed.
pub(crate) fn unpack_waiting(mut bytes: &[u8]) -> Result<Cell, Failure> {
    take_cell(0, &Resolution::ALL, &mut bytes).ok_or(Failure::Damaged("a sample"))
}

/// Packs a head: a sample without the maxima, which belong to buckets.
pub(crate) fn pack_head(cell: &Cell) -> Vec<u8> {
    let mut out = Vec::with_capacity(96);
    put_cell(cell, 0, &[], &mut out);
    out
}

/// Unpacks what [`pack_head`] packed.
pub(crate) fn unpack_head(mut bytes: &[u8]) -> Result<Cell, Failure> {
    take_cell(0, &[], &mut bytes).ok_or(Failure::Damaged("a process's latest sample"))
}

/// Packs a cell of one bucket, with the maximum of that resolution alone.
pub(crate) fn pack_in(cell: &Cell, resolution: Resolution, bucket: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(96);
    put_cell(
        cell,
        bucket.wrapping_mul(resolution.ns()),
        &[resolution],
        &mut out,
    );
    out
}

/// Unpacks what [`pack_in`] packed.
pub(crate) fn unpack_in(
    mut bytes: &[u8],
    resolution: Resolution,
    bucket: u64,
) -> Result<Cell, Failure> {
    take_cell(
        bucket.wrapping_mul(resolution.ns()),
        &[resolution],
        &mut bytes,
    )
    .ok_or(Failure::Damaged("a bucket"))
}

/// One sample in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Number of the process.
    pub(crate) process: u64,
    /// Epoch of its totals.
    pub(crate) epoch_ns: u64,
    /// The sample.
    pub(crate) cell: Cell,
}

impl Entry {
    /// Which sample it is; a block holds each once, in this order.
    fn key(&self) -> (u64, u64, u64) {
        (self.process, self.epoch_ns, self.cell.at_ns)
    }
}

/// Brings entries into a block's order, each sample once.
pub(crate) fn settle(entries: &mut Vec<Entry>) {
    entries.sort_by_key(Entry::key);
    entries.dedup_by(|next, kept| {
        let same = next.key() == kept.key();
        if same {
            kept.cell.merge(&next.cell);
        }
        same
    });
}

/// How many processes and epochs settled entries tell of.
pub(crate) fn rows(entries: &[Entry]) -> u64 {
    entries
        .chunk_by(|a, b| (a.process, a.epoch_ns) == (b.process, b.epoch_ns))
        .count() as u64
}

/// Packs settled entries of one second: for each the distance of the process's number, the length of what follows, and that.
pub(crate) fn pack_block(second: u64, entries: &[Entry]) -> Vec<u8> {
    let since_ns = second.wrapping_mul(Resolution::Second.ns());
    let mut block = Vec::with_capacity(entries.len() * 80);
    let mut body = Vec::with_capacity(128);
    let mut before = 0;
    for entry in entries {
        body.clear();
        put(entry.epoch_ns, &mut body);
        put_cell(&entry.cell, since_ns, &Resolution::ALL, &mut body);
        put(entry.process - before, &mut block);
        put(body.len() as u64, &mut block);
        block.extend_from_slice(&body);
        before = entry.process;
    }
    block
}

/// Calls `each` with every entry of a block whose process is wanted; the others are passed over without unpacking.
pub(crate) fn unpack_block(
    second: u64,
    mut block: &[u8],
    wanted: impl Fn(u64) -> bool,
    mut each: impl FnMut(Entry),
) -> Result<(), Failure> {
    let since_ns = second.wrapping_mul(Resolution::Second.ns());
    let mut process = 0u64;
    while !block.is_empty() {
        let mut next = || {
            process = process.checked_add(take(&mut block)?)?;
            let length = usize::try_from(take(&mut block)?).ok()?;
            let (mut body, rest) = block.split_at_checked(length)?;
            block = rest;
            if wanted(process) {
                let epoch_ns = take(&mut body)?;
                let cell = take_cell(since_ns, &Resolution::ALL, &mut body)?;
                each(Entry {
                    process,
                    epoch_ns,
                    cell,
                });
            }
            Some(())
        };
        next().ok_or(Failure::Damaged("a second"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(process: u64, epoch_ns: u64, at_ns: u64) -> Entry {
        let metrics = Metrics::EMPTY
            .with(Metric::CpuNs, u64::MAX)
            .with(Metric::RssBytes, 4096);
        Entry {
            process,
            epoch_ns,
            cell: Cell {
                at_ns,
                metrics,
                max_rss_bytes: [Some(4096), None, Some(0), Some(u64::MAX)],
            },
        }
    }

    #[test]
    fn a_block_comes_back_as_it_went_in() {
        let second = 1_700_000_000;
        let at_ns = second * Resolution::Second.ns();
        let mut entries = vec![
            entry(70_000, 0, at_ns + 3),
            entry(7, u64::MAX, at_ns),
            entry(7, 0, at_ns + 9),
            entry(7, 0, at_ns + 9),
        ];
        settle(&mut entries);
        assert_eq!((entries.len(), rows(&entries)), (3, 3));
        let block = pack_block(second, &entries);
        let mut back = Vec::new();
        unpack_block(second, &block, |_| true, |entry| back.push(entry)).unwrap();
        assert_eq!(back, entries);
        let mut one = Vec::new();
        unpack_block(
            second,
            &block,
            |process| process == 70_000,
            |entry| one.push(entry),
        )
        .unwrap();
        assert_eq!(one, [entries[2]]);
    }

    #[test]
    fn a_block_cut_short_is_damaged_and_never_read_past_its_end() {
        let block = pack_block(5, &[entry(1, 0, 5_000_000_001)]);
        for length in 1..block.len() {
            assert!(
                unpack_block(5, &block[..length], |_| true, |_| ()).is_err(),
                "{length}"
            );
        }
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
        let at_ns = 1_700_000_000_123_456_789;
        let cell = Cell {
            at_ns,
            metrics,
            max_rss_bytes: [
                Some(90 << 20),
                Some(91 << 20),
                Some(95 << 20),
                Some(95 << 20),
            ],
        };
        let block = pack_block(
            1_700_000_000,
            &[Entry {
                process: 900,
                epoch_ns: 0,
                cell,
            }],
        );
        assert!(block.len() <= 64, "{}", block.len());
    }

    #[test]
    fn cells_of_a_bucket_keep_the_maximum_of_their_resolution() {
        let cell = entry(1, 0, u64::MAX).cell;
        let bucket = u64::MAX / Resolution::Hour.ns();
        let back = unpack_in(
            &pack_in(&cell, Resolution::Hour, bucket),
            Resolution::Hour,
            bucket,
        )
        .unwrap();
        assert_eq!(
            (back.at_ns, back.metrics, back.max_rss_bytes),
            (cell.at_ns, cell.metrics, [None, None, Some(0), None])
        );
        assert_eq!(unpack_waiting(&pack_waiting(&cell)).unwrap(), cell);
        assert_eq!(
            unpack_head(&pack_head(&cell)).unwrap(),
            Cell {
                max_rss_bytes: [None; 4],
                ..cell
            }
        );
    }
}
