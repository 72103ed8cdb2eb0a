//! Unsigned integers in as few bytes as they need: seven bits in each, the lowest first, the highest bit saying that more follow (LEB128).
//!
//! Samples are made of these, so they are read and written a word at a time: a loop over the bytes takes several times as long.

/// The bits of eight bytes that say that more follow.
const MORE: u64 = 0x8080_8080_8080_8080;
/// The first number that does not fit into eight bytes.
const NINE_BYTES: u64 = 1 << 56;

/// Appends an integer.
#[inline]
pub fn put(value: u64, out: &mut Vec<u8>) {
    if value < 0x80 {
        out.push(value as u8);
    } else if value < NINE_BYTES {
        let length = (u64::BITS - value.leading_zeros()).div_ceil(7) as usize;
        // All bytes but the last say that more follow.
        let more = MORE & ((1 << (8 * (length - 1))) - 1);
        out.extend_from_slice(&(spread(value) | more).to_le_bytes());
        out.truncate(out.len() - size_of::<u64>() + length);
    } else {
        put_long(value, out);
    }
}

/// Takes what [`put`] appended, and leaves `bytes` after it; `None` where they end before it does.
#[inline]
pub fn take(bytes: &mut &[u8]) -> Option<u64> {
    if let Some(word) = bytes.first_chunk() {
        let word = u64::from_le_bytes(*word);
        let last = !word & MORE;
        if last != 0 {
            let length = last.trailing_zeros() as usize / 8 + 1;
            // The bits up to the lowest one that is set.
            let own = last ^ (last - 1);
            *bytes = &bytes[length..];
            return Some(gather(word & own));
        }
    }
    take_long(bytes)
}

/// The bits of a number below [`NINE_BYTES`], seven in each byte.
#[inline]
fn spread(value: u64) -> u64 {
    let value = (value & 0x0000_0000_0fff_ffff) | ((value << 4) & 0x0fff_ffff_0000_0000);
    let value = (value & 0x0000_3fff_0000_3fff) | ((value << 2) & 0x3fff_0000_3fff_0000);
    (value & 0x007f_007f_007f_007f) | ((value << 1) & 0x7f00_7f00_7f00_7f00)
}

/// And back again; the eighth bits are let go.
#[inline]
fn gather(word: u64) -> u64 {
    let word = (word & 0x007f_007f_007f_007f) | ((word & 0x7f00_7f00_7f00_7f00) >> 1);
    let word = (word & 0x0000_3fff_0000_3fff) | ((word & 0x3fff_0000_3fff_0000) >> 2);
    (word & 0x0000_0000_0fff_ffff) | ((word & 0x0fff_ffff_0000_0000) >> 4)
}

fn put_long(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn take_long(bytes: &mut &[u8]) -> Option<u64> {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of every length, and those around them.
    fn numbers() -> impl Iterator<Item = u64> {
        (0..u64::BITS).flat_map(|bit| {
            let power = 1u64 << bit;
            [power - 1, power, power | power >> 1, power.wrapping_mul(3)]
        })
    }

    #[test]
    fn words_and_loops_say_the_same() {
        for value in numbers().chain([u64::MAX]) {
            let (mut bytes, mut plain) = (Vec::new(), Vec::new());
            put(value, &mut bytes);
            put_long(value, &mut plain);
            assert_eq!(bytes, plain, "{value}");
            // Whatever stands behind, and where nothing does.
            for behind in [&[][..], &[0; 9], &[0xff; 9]] {
                let all = [&bytes, behind].concat();
                let (mut rest, mut by_loop) = (all.as_slice(), all.as_slice());
                assert_eq!(take(&mut rest), Some(value));
                assert_eq!(take_long(&mut by_loop), Some(value));
                assert_eq!((rest, by_loop), (behind, behind));
            }
            for length in 0..bytes.len() {
                assert_eq!(take(&mut &bytes[..length]), None);
            }
        }
    }

    #[test]
    fn what_never_ends_is_no_number() {
        assert_eq!(take(&mut [0x80; 11].as_slice()), None);
        // Longer than it has to be, and a number all the same.
        assert_eq!(take(&mut [0x81, 0x80, 0].as_slice()), Some(1));
        let padded = [0x81, 0x80, 0, 9, 9, 9, 9, 9, 9];
        assert_eq!(take(&mut padded.as_slice()), Some(1));
    }
}
