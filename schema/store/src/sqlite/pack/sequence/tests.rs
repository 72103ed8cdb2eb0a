//! Sequences come back, and damaged ones are no crash.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;

fn packed(values: &[u64], before: u64) -> Vec<u8> {
    let mut out = Vec::new();
    let mut put = Put { before, same: 0 };
    put.put(values, &mut out);
    put.finish(&mut out);
    out
}

fn unpacked(count: usize, before: u64, mut bytes: &[u8]) -> Option<Vec<u64>> {
    let mut values = Vec::new();
    Take { before, same: 0 }.take(count, &mut bytes, &mut values)?;
    bytes.is_empty().then_some(values)
}

fn sequence(random: &mut StdRng) -> Vec<u64> {
    let count = random.random_range(0..70);
    let kind = random.random_range(0..6);
    let mut value: u64 = random.random::<u64>() >> random.random_range(0..64);
    (0..count)
        .map(|_| {
            value = match kind {
                0 => value,
                1 => value.wrapping_add(4096 * random.random_range(0..3)),
                2 => value.wrapping_sub(1_000_000 + random.random_range(0..50)),
                3 if random.random_bool(0.9) => value,
                4 => value.wrapping_add(7),
                _ => random.random(),
            };
            value
        })
        .collect()
}

#[test]
fn any_sequence_comes_back_and_a_damaged_one_is_no_crash() {
    let mut random = StdRng::seed_from_u64(4);
    for _ in 0..3_000 {
        let (values, before) = (sequence(&mut random), random.random_range(0..3));
        let bytes = packed(&values, before);
        assert_eq!(unpacked(values.len(), before, &bytes), Some(values.clone()));
        for length in 0..bytes.len() {
            assert_eq!(unpacked(values.len(), before, &bytes[..length]), None);
        }
        let mut flipped = bytes.clone();
        if let Some(byte) = flipped.get_mut(random.random_range(0..bytes.len().max(1))) {
            *byte ^= 1 << random.random_range(0..8);
            if let Some(read) = unpacked(values.len(), before, &flipped) {
                assert_eq!(read.len(), values.len());
            }
        }
    }
}

#[test]
fn what_all_have_costs_nothing() {
    let (mut put, mut bytes) = (Put::default(), Vec::new());
    let sequences = [[7; 60], [7; 60], [7; 60], [8; 60], [8; 60]];
    for values in sequences {
        put.put(&values, &mut bytes);
        put.put(&[], &mut bytes);
    }
    put.finish(&mut bytes);
    assert_eq!(bytes.len(), 2 + 2 + 2 + 1);
    let (mut take, mut rest, mut read) = (Take::default(), bytes.as_slice(), Vec::new());
    for values in sequences {
        take.take(60, &mut rest, &mut read).unwrap();
        assert_eq!(read, values);
        take.take(0, &mut rest, &mut read).unwrap();
    }
    assert_eq!((rest.len(), take.take(60, &mut rest, &mut read)), (0, None));
}

#[test]
fn what_is_even_is_small() {
    let minute = |value: fn(u64) -> u64| (0..60).map(value).collect::<Vec<u64>>();
    assert_eq!(packed(&minute(|_| 5), 5).len(), 1);
    assert_eq!(packed(&minute(|_| 90 << 20), 0).len(), 5);
    assert_eq!(packed(&minute(|second| second * 1_000_000), 0).len(), 7);
    // Pages that come and go: a byte each.
    let pages = packed(&minute(|second| (1000 + second % 7 * 3) << 12), 1000 << 12);
    assert!(pages.len() <= 62, "{}", pages.len());
}

#[test]
fn what_grows_evenly_is_told_and_not_spelled_out() {
    let brief = |values: &[u64]| {
        let (bytes, mut read) = (packed(values, 0), Vec::new());
        let taken = Take::default().take_brief(values.len(), &mut bytes.as_slice(), &mut read);
        (taken.unwrap(), read)
    };
    let even = |first: u64, step: u64| (Taken::Even(Even { first, step }), Vec::new());
    assert_eq!(brief(&[4; 60]), even(4, 0));
    assert_eq!(brief(&(5..65).collect::<Vec<_>>()), even(5, 1));
    let down: Vec<u64> = (0..9).map(|place| 3u64.wrapping_sub(place * 7)).collect();
    assert_eq!(brief(&down), even(3, 7u64.wrapping_neg()));
    let uneven = [1, 2, 3, 4, 6];
    assert_eq!(brief(&uneven), (Taken::Each, uneven.to_vec()));
}
