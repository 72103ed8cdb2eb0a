//! Packs as they are, and as a bad disk would leave them.

use bc_schema::{Metrics, Resolution};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;
use crate::cell::{Cell, First};
use crate::sqlite::block::{Entry, settle};
use crate::sqlite::error::Failure;

const MINUTE: u64 = 28_333_440;
const SECOND_NS: u64 = Resolution::Second.ns();

fn unpacked(bytes: &[u8]) -> Result<Vec<Entry>, Failure> {
    let mut entries = Vec::new();
    Pack::read(MINUTE, bytes)?.entries(
        |_| true,
        |entry| {
            entries.push(entry);
            Ok(())
        },
    )?;
    Ok(entries)
}

/// A minute of some processes that do this and that, with everything that may be absent.
fn minute(random: &mut StdRng) -> Vec<Entry> {
    let mut entries = Vec::new();
    for process in 0..random.random_range(1..12) {
        let mut value = random.random::<u64>() >> random.random_range(0..64);
        let mask: u32 = random.random();
        let mut cell = Cell {
            at_ns: 0,
            metrics: Metrics::EMPTY,
            max_rss_bytes: [Some(value), Some(value), None, Some(value)],
            first: First {
                at_ns: 0,
                held_ns: 0,
            },
        };
        for _ in 0..random.random_range(1..70) {
            cell.at_ns = MINUTE * Resolution::Minute.ns() + random.random_range(0..60 * SECOND_NS);
            cell.first.at_ns = cell.at_ns;
            cell.first.held_ns = match random.random_range(0..3) {
                0 => cell.at_ns - random.random_range(0..1000),
                1 => random.random(),
                _ => 0,
            };
            value = value.wrapping_add(random.random_range(0..5000));
            for &metric in Metric::ALL {
                if mask & 1 << metric as u32 != 0 || random.random_bool(0.02) {
                    cell.metrics.set(metric, value.wrapping_mul(metric as u64));
                }
            }
            cell.max_rss_bytes[random.random_range(0..4)] =
                random.random_bool(0.8).then_some(value);
            entries.push(Entry {
                process: process * random.random_range(1..50),
                epoch_ns: u64::from(random.random_bool(0.1)) * 77,
                cell,
            });
        }
    }
    settle(Resolution::Second, &mut entries);
    entries
}

#[test]
fn a_minute_comes_back_as_it_went_in() {
    let mut random = StdRng::seed_from_u64(7);
    for _ in 0..300 {
        let entries = minute(&mut random);
        let bytes = pack(MINUTE, &entries);
        assert_eq!(unpacked(&bytes).unwrap(), entries);
        let wanted = entries[entries.len() / 2].process;
        let mut of_one = Vec::new();
        Pack::read(MINUTE, &bytes)
            .unwrap()
            .entries(
                |process| process == wanted,
                |entry| {
                    of_one.push(entry);
                    Ok(())
                },
            )
            .unwrap();
        let expected: Vec<_> = entries
            .into_iter()
            .filter(|entry| entry.process == wanted)
            .collect();
        assert_eq!(of_one, expected);
    }
}

#[test]
fn a_damaged_pack_is_refused_or_read_and_never_a_crash() {
    let mut random = StdRng::seed_from_u64(8);
    let entries = minute(&mut random);
    let bytes = pack(MINUTE, &entries);
    for length in 0..bytes.len() {
        assert!(unpacked(&bytes[..length]).is_err(), "{length}");
    }
    for _ in 0..2_000 {
        let mut damaged = bytes.clone();
        for _ in 0..random.random_range(1..4) {
            let index = random.random_range(0..damaged.len());
            damaged[index] = random.random();
        }
        // What can still be read is as much as was said to be there, and no more.
        if let Ok(read) = unpacked(&damaged) {
            assert!(read.len() <= TOGETHER * damaged.len());
        }
    }
    for _ in 0..2_000 {
        let rubbish: Vec<u8> = (0..random.random_range(0..200))
            .map(|_| random.random())
            .collect();
        let _ = unpacked(&rubbish);
    }
}

#[test]
fn a_minute_of_sleep_is_small() {
    let of = |process: u64| {
        let at_ns = MINUTE * Resolution::Minute.ns() + (process % 60) * SECOND_NS + process * 1000;
        let mut metrics = Metrics::EMPTY;
        for &metric in &Metric::ALL[..8] {
            metrics.set(metric, 40_000_000 + process * 512);
        }
        let max_rss_bytes = [metrics.get(Metric::RssBytes); 4];
        Entry {
            process,
            epoch_ns: 0,
            cell: Cell {
                at_ns,
                metrics,
                max_rss_bytes,
                first: First {
                    at_ns,
                    held_ns: at_ns - SECOND_NS,
                },
            },
        }
    };
    let entries: Vec<_> = (0..256).map(of).collect();
    let bytes = pack(MINUTE, &entries).len();
    assert!(bytes <= 256 * 45, "{} bytes each", bytes / 256);
}
