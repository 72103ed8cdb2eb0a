//! Integers that change without a rule, in as many bits each as their range has: the least of them, the number of bits, and then how
//! much above the least each is. Zero bits that all of these end in are left out.

use bc_schema::varint::{put, take};

use crate::sqlite::packed::{unzigzag, zigzag};

/// Integers to be written.
pub(super) struct Bits {
    least: u64,
    shift: u32,
    width: u32,
    above: Vec<u64>,
}

impl Bits {
    /// Signed, in two's complement.
    pub(super) fn of(values: impl Iterator<Item = u64> + Clone) -> Self {
        let least = values.clone().map(u64::cast_signed).min().unwrap_or(0);
        let least = least.cast_unsigned();
        let above: Vec<u64> = values.map(|value| value.wrapping_sub(least)).collect();
        let all = above.iter().fold(0, |all, value| all | value);
        let shift = all.trailing_zeros().min(u64::BITS - 1);
        Self {
            least,
            shift,
            width: u64::BITS - (all >> shift).leading_zeros(),
            above,
        }
    }

    /// How many they are written in, about.
    pub(super) fn bytes(&self) -> usize {
        let least = (u64::BITS - zigzag(self.least).leading_zeros()).div_ceil(7) as usize;
        2 + least + (self.above.len() * self.width as usize).div_ceil(8)
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        put(zigzag(self.least), out);
        out.push(self.shift as u8);
        out.push(self.width as u8);
        let (mut held, mut count) = (0u128, 0);
        for value in &self.above {
            held |= u128::from(value >> self.shift) << count;
            count += self.width;
            while count >= 8 {
                out.push(held as u8);
                held >>= 8;
                count -= 8;
            }
        }
        if count > 0 {
            out.push(held as u8);
        }
    }

    /// Reads as many as `count`, and appends what `turn` makes of each; `None`: they are not there.
    pub(super) fn take(
        count: usize,
        bytes: &mut &[u8],
        values: &mut Vec<u64>,
        mut turn: impl FnMut(u64) -> u64,
    ) -> Option<()> {
        let least = unzigzag(take(bytes)?);
        let (&[shift, width], rest) = bytes.split_first_chunk()?;
        let (shift, width) = (u32::from(shift), u32::from(width));
        if shift >= u64::BITS || width > u64::BITS {
            return None;
        }
        let length = count.checked_mul(width as usize)?.div_ceil(8);
        let (packed, rest) = rest.split_at_checked(length)?;
        let mut each = |above: u64| turn(least.wrapping_add(above << shift));
        if width <= IN_WORD {
            let mask = (1 << width) - 1;
            // What stands behind them is masked away, and saves looking where they end.
            let behind = *bytes;
            let begin = behind.len() - packed.len() - rest.len();
            values.extend((0..count).map(|index| {
                let bit = index * width as usize;
                each(word(behind, begin + bit / 8) >> (bit % 8) & mask)
            }));
        } else {
            let mut packed = packed.iter();
            let mask = (1u128 << width) - 1;
            let (mut held, mut there) = (0u128, 0);
            for _ in 0..count {
                while there < width {
                    held |= u128::from(*packed.next()?) << there;
                    there += 8;
                }
                values.push(each((held & mask) as u64));
                held >>= width;
                there -= width;
            }
        }
        *bytes = rest;
        Some(())
    }
}

/// So many bits are in one word of eight bytes, wherever in its first byte they begin.
const IN_WORD: u32 = u64::BITS - 7;

/// The eight bytes from a place on, zeros behind the last.
#[inline]
fn word(bytes: &[u8], from: usize) -> u64 {
    let rest = bytes.get(from..).unwrap_or_default();
    if let Some(word) = rest.first_chunk() {
        return u64::from_le_bytes(*word);
    }
    let mut word = [0; 8];
    word[..rest.len()].copy_from_slice(rest);
    u64::from_le_bytes(word)
}
