//! The times in a block: few different ones, because all samples of a walk have the same. They stand at its head, and each sample says the
//! place of its own.
//!
//! Blocks of older databases have no such head; there each time is its distance from another one. A head begins with a zero, which is the
//! number of no process.

use bc_schema::varint::{put, take};

use super::packed::{unzigzag, zigzag};

/// Says that a head follows.
const HEAD: u8 = 0;

/// How times are written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PutTimes<'a> {
    /// As the distance from this instant, or from one another.
    Since(u64),
    /// As places among these, which are in order.
    Among(&'a [u64]),
}

/// How times are read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Times<'a> {
    /// As [`PutTimes::Since`].
    Since(u64),
    /// As places in a block's head.
    In(Head<'a>),
}

/// A head: the earliest time, and how much later each is, in as many bytes as the last one needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head<'a> {
    earliest_ns: u64,
    width: usize,
    later: &'a [u8],
}

/// Appends a head with these times, which are in order.
pub(crate) fn put_head(times: &[u64], since_ns: u64, out: &mut Vec<u8>) {
    let Some((&earliest, &latest)) = times.first().zip(times.last()) else {
        return;
    };
    let width = (u64::BITS - (latest - earliest).leading_zeros()).div_ceil(8) as usize;
    out.push(HEAD);
    put(zigzag(earliest.wrapping_sub(since_ns)), out);
    out.push(width as u8);
    put(times.len() as u64, out);
    for time in times {
        out.extend_from_slice(&(time - earliest).to_le_bytes()[..width]);
    }
}

/// Takes the head of a block of the bucket that begins at `since_ns`, where there is one. `None`: it is damaged.
pub(crate) fn take_head<'a>(since_ns: u64, block: &mut &'a [u8]) -> Option<Times<'a>> {
    let Some((&HEAD, mut rest)) = block.split_first() else {
        return Some(Times::Since(since_ns));
    };
    let earliest_ns = since_ns.wrapping_add(unzigzag(take(&mut rest)?));
    let (&width, mut rest) = rest.split_first()?;
    let width = usize::from(width);
    let count = usize::try_from(take(&mut rest)?).ok()?;
    if width > size_of::<u64>() {
        return None;
    }
    let (later, rest) = rest.split_at_checked(count.checked_mul(width)?)?;
    *block = rest;
    Some(Times::In(Head {
        earliest_ns,
        width,
        later,
    }))
}

impl PutTimes<'_> {
    pub(super) fn put(&self, time_ns: u64, out: &mut Vec<u8>) {
        match self {
            Self::Since(since_ns) => put(time_ns.wrapping_sub(*since_ns), out),
            Self::Among(times) => put(place(times, time_ns), out),
        }
    }

    /// A time that is mostly earlier than another one.
    pub(super) fn put_earlier(&self, time_ns: u64, than_ns: u64, out: &mut Vec<u8>) {
        match self {
            Self::Since(_) => put(than_ns.wrapping_sub(time_ns), out),
            Self::Among(times) => put(place(times, time_ns), out),
        }
    }
}

fn place(times: &[u64], time_ns: u64) -> u64 {
    times.partition_point(|&other| other < time_ns) as u64
}

impl Times<'_> {
    pub(super) fn take(&self, bytes: &mut &[u8]) -> Option<u64> {
        let said = take(bytes)?;
        match self {
            Self::Since(since_ns) => Some(since_ns.wrapping_add(said)),
            Self::In(head) => head.at(said),
        }
    }

    pub(super) fn take_earlier(&self, than_ns: u64, bytes: &mut &[u8]) -> Option<u64> {
        let said = take(bytes)?;
        match self {
            Self::Since(_) => Some(than_ns.wrapping_sub(said)),
            Self::In(head) => head.at(said),
        }
    }
}

impl Head<'_> {
    fn at(&self, place: u64) -> Option<u64> {
        let place = usize::try_from(place).ok()?;
        if self.width == 0 {
            return (place == 0).then_some(self.earliest_ns);
        }
        let from = place.checked_mul(self.width)?;
        let later = self.later.get(from..from.checked_add(self.width)?)?;
        let mut bytes = [0; size_of::<u64>()];
        bytes[..self.width].copy_from_slice(later);
        Some(self.earliest_ns.wrapping_add(u64::from_le_bytes(bytes)))
    }
}
