//! A sequence of integers in few bytes: what stays the same, or grows evenly, costs next to nothing.
//!
//! What changes without a rule is written in as many bits as its range has (`bits`), where that is less. One byte says how the rest is to
//! be read, of one sequence or of many that are like each other. Differences that all end in the same number of zero bits (pages, blocks)
//! are written without them. How many there are is not written: whoever reads knows. All arithmetic wraps, so that any values come back.

use bc_schema::varint::{put, take};

use super::bits::Bits;
use crate::sqlite::packed::{unzigzag, zigzag};

/// All the same, and the same as the first of the sequence before.
const SAME: u8 = 0;
/// All the same.
const CONSTANT: u8 = 1;
/// Differences from one to the next.
const DIFFERENCES: u8 = 2;
/// Differences of differences.
const CHANGES: u8 = 3;
/// Differences from one to the next, in as many bits each as their range has.
const DIFFERENCES_IN_BITS: u8 = 4;
/// Distances from the first, in bits.
const DISTANCES_IN_BITS: u8 = 5;
/// As many sequences as follows, each [`SAME`].
const ALL_SAME: u8 = 6;
/// The lowest bits say which of these; the rest, how many zero bits the differences end in.
const KIND: u8 = 7;
const SHIFT: u32 = 3;
const MOST_SHIFT: u32 = 31;

/// Sequences that are written one after the other: neighbours are often alike.
#[derive(Debug, Default, Clone)]
pub(super) struct Put {
    /// The first value of the one before.
    before: u64,
    /// So many that are [`SAME`] are not written yet.
    same: u64,
}

impl Put {
    /// Appends a sequence.
    pub(super) fn put(&mut self, values: &[u64], out: &mut Vec<u8>) {
        let Some((&first, rest)) = values.split_first() else {
            return;
        };
        if first == self.before && rest.iter().all(|&value| value == first) {
            self.same += 1;
            return;
        }
        self.finish(out);
        put_sequence(values, &mut self.before, out);
    }

    /// Appends what is not written yet.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        match std::mem::take(&mut self.same) {
            0 => {}
            1 => out.push(SAME),
            many => {
                out.push(ALL_SAME);
                put(many, out);
            }
        }
    }
}

/// Sequences that are read one after the other.
#[derive(Debug, Default)]
pub(super) struct Take {
    before: u64,
    /// So many that follow are [`SAME`].
    same: u64,
}

impl Take {
    /// Reads what [`Put::put`] appended into `values`: as many as `count`. `None`: no version of ours would have written it.
    pub(super) fn take(
        &mut self,
        count: usize,
        bytes: &mut &[u8],
        values: &mut Vec<u64>,
    ) -> Option<()> {
        if let Taken::Even(even) = self.take_brief(count, bytes, values)? {
            values.extend(even.values(count));
        }
        Some(())
    }

    /// The same, but values that grow evenly are told and not put into `values`.
    pub(super) fn take_brief(
        &mut self,
        count: usize,
        bytes: &mut &[u8],
        values: &mut Vec<u64>,
    ) -> Option<Taken> {
        values.clear();
        if count == 0 {
            return Some(Taken::Each);
        }
        if self.same == 0
            && let Some((&ALL_SAME, mut rest)) = bytes.split_first()
        {
            self.same = take(&mut rest)?;
            *bytes = rest;
            if self.same == 0 {
                return None;
            }
        }
        if self.same > 0 {
            self.same -= 1;
            return Some(Taken::Even(Even::same(self.before)));
        }
        take_sequence(count, &mut self.before, bytes, values)
    }
}

/// What was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// As many values as were asked for, each as much more than the one before.
    Even(Even),
    /// Values one by one.
    Each,
}

/// Values that grow evenly, or stay the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Even {
    pub(super) first: u64,
    pub(super) step: u64,
}

impl Even {
    pub(super) fn same(first: u64) -> Self {
        Self { first, step: 0 }
    }

    #[inline]
    pub(super) fn at(self, place: usize) -> u64 {
        self.first
            .wrapping_add(self.step.wrapping_mul(place as u64))
    }

    pub(super) fn values(self, count: usize) -> impl Iterator<Item = u64> {
        (0..count).map(move |place| self.at(place))
    }
}

fn put_sequence(values: &[u64], before: &mut u64, out: &mut Vec<u8>) {
    let Some((&first, rest)) = values.split_first() else {
        return;
    };
    let lead = zigzag(first.wrapping_sub(std::mem::replace(before, first)));
    if rest.iter().all(|&value| value == first) {
        out.push(CONSTANT);
        put(lead, out);
        return;
    }
    let (differences, changes) = (Steps::of(values, false), Steps::of(values, true));
    let (kind, steps) = if changes.bytes < differences.bytes {
        (CHANGES, changes)
    } else {
        (DIFFERENCES, differences)
    };
    let in_bits = |kind: u8, steps: Bits| (steps.bytes(), kind, steps);
    let of_differences = Bits::of(values.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])));
    let of_distances = Bits::of(rest.iter().map(|value| value.wrapping_sub(first)));
    let (bytes, kind_in_bits, bits) = std::cmp::min_by_key(
        in_bits(DIFFERENCES_IN_BITS, of_differences),
        in_bits(DISTANCES_IN_BITS, of_distances),
        |(bytes, ..)| *bytes,
    );
    if bytes < steps.bytes {
        out.push(kind_in_bits);
        put(lead, out);
        bits.put(out);
        return;
    }
    out.push(kind | (steps.shift as u8) << SHIFT);
    put(lead, out);
    steps.put(values, out);
}

fn take_sequence(
    count: usize,
    before: &mut u64,
    bytes: &mut &[u8],
    values: &mut Vec<u64>,
) -> Option<Taken> {
    let (&head, rest) = bytes.split_first()?;
    *bytes = rest;
    if head == SAME {
        return Some(Taken::Even(Even::same(*before)));
    }
    let mut value = before.wrapping_add(unzigzag(take(bytes)?));
    *before = value;
    let (kind, shift) = (head & KIND, u32::from(head >> SHIFT));
    if kind == CONSTANT {
        return Some(Taken::Even(Even::same(value)));
    }
    values.push(value);
    if kind == DIFFERENCES_IN_BITS {
        Bits::take(count - 1, bytes, values, |step| {
            value = value.wrapping_add(step);
            value
        })?;
        return Some(Taken::Each);
    }
    if kind == DISTANCES_IN_BITS {
        Bits::take(count - 1, bytes, values, |step| value.wrapping_add(step))?;
        return Some(Taken::Each);
    }
    let mut step = 0u64;
    while values.len() < count {
        let token = take(bytes)?;
        let (change, times) = if token == 0 {
            (0, usize::try_from(take(bytes)?).ok()?)
        } else {
            (unzigzag(token) << shift, 1)
        };
        if times == 0 || times > count - values.len() {
            return None;
        }
        if token == 0 && kind == CHANGES && values.len() == 2 && times == count - 2 {
            let first = *before;
            values.clear();
            return Some(Taken::Even(Even { first, step }));
        }
        values.extend((0..times).map(|_| {
            step = match kind {
                CHANGES => step.wrapping_add(change),
                _ => change,
            };
            value = value.wrapping_add(step);
            value
        }));
    }
    Some(Taken::Each)
}

/// What a sequence is made of after its first value, and what that would cost.
struct Steps {
    changes: bool,
    shift: u32,
    bytes: usize,
}

impl Steps {
    fn of(values: &[u64], changes: bool) -> Self {
        let mut bits = 0;
        each_step(values, changes, |step| bits |= step);
        let shift = bits.trailing_zeros().min(MOST_SHIFT);
        let (mut bytes, mut idle) = (0, false);
        each_step(values, changes, |step| {
            if step != 0 {
                let written = zigzag(signed_shift(step, shift));
                bytes += (64 - written.leading_zeros() as usize).div_ceil(7);
            } else if !idle {
                bytes += 2;
            }
            idle = step == 0;
        });
        Self {
            changes,
            shift,
            bytes,
        }
    }

    fn put(&self, values: &[u64], out: &mut Vec<u8>) {
        let mut idle = 0;
        each_step(values, self.changes, |step| {
            if step == 0 {
                idle += 1;
                return;
            }
            put_idle(std::mem::take(&mut idle), out);
            put(zigzag(signed_shift(step, self.shift)), out);
        });
        put_idle(idle, out);
    }
}

fn put_idle(times: u64, out: &mut Vec<u8>) {
    if times > 0 {
        put(0, out);
        put(times, out);
    }
}

fn each_step(values: &[u64], changes: bool, mut each: impl FnMut(u64)) {
    let mut before = 0u64;
    for pair in values.windows(2) {
        let difference = pair[1].wrapping_sub(pair[0]);
        if changes {
            each(difference.wrapping_sub(before));
            before = difference;
        } else {
            each(difference);
        }
    }
}

fn signed_shift(step: u64, shift: u32) -> u64 {
    (step.cast_signed() >> shift).cast_unsigned()
}

#[cfg(test)]
mod tests;
