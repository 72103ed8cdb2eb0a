//! How CPU time by core stands in a row: running totals of processes, sorted, each as its distance from the one before.
//!
//! A head holds one second of a life as it came. Later its totals are folded into one row per minute for the seconds, per hour for the
//! minutes, and so on: the buckets of one process lie side by side, and the others are passed by unread. The bytes are part of the
//! file's version.

use bc_schema::Resolution;
use bc_schema::varint::{put, take};

use super::error::Failure;

/// How many processes' numbers share a part.
const PROCESSES_IN_PART: u64 = 1024;
const DAMAGED: Failure = Failure::Damaged("CPU time by core");

/// A running total of a process on one CPU in a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Total {
    /// The process's number.
    pub(crate) process: u64,
    pub(crate) cpu: u32,
    pub(crate) epoch_ns: u64,
    /// Number of the bucket since the epoch, at its row's resolution.
    pub(crate) bucket: u64,
    pub(crate) cpu_ns: u64,
}

/// The part of a row that a process stands in.
pub(crate) fn part(process: u64) -> u64 {
    process / PROCESSES_IN_PART
}

/// How many buckets of a resolution share a row.
pub(crate) fn buckets_in_span(resolution: Resolution) -> u64 {
    match resolution {
        Resolution::Second | Resolution::Minute => 60,
        Resolution::Hour => 24,
        Resolution::Day => 64,
    }
}

/// Brings totals into a row's order; of two of one bucket the larger is the later.
pub(crate) fn settle(totals: &mut Vec<Total>) {
    // Stable, because that makes use of the order in which they mostly are: row after row.
    totals.sort();
    totals.dedup_by(|next, kept| {
        let of = |total: &Total| (total.process, total.cpu, total.epoch_ns, total.bucket);
        let same = of(next) == of(kept);
        if same {
            kept.cpu_ns = next.cpu_ns;
        }
        same
    });
}

/// Packs settled totals of buckets from `first` on.
pub(crate) fn pack(first: u64, totals: &[Total]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut before = 0;
    for of_process in totals.chunk_by(|a, b| a.process == b.process) {
        let process = of_process[0].process;
        let mut body = Vec::new();
        for curve in of_process.chunk_by(|a, b| (a.cpu, a.epoch_ns) == (b.cpu, b.epoch_ns)) {
            put(u64::from(curve[0].cpu), &mut body);
            put(curve[0].epoch_ns, &mut body);
            put(curve.len() as u64, &mut body);
            let (mut bucket, mut cpu_ns) = (first, 0u64);
            for total in curve {
                put(total.bucket.wrapping_sub(bucket), &mut body);
                put(total.cpu_ns.wrapping_sub(cpu_ns), &mut body);
                (bucket, cpu_ns) = (total.bucket, total.cpu_ns);
            }
        }
        put(process - before, &mut bytes);
        put(body.len() as u64, &mut bytes);
        bytes.append(&mut body);
        before = process;
    }
    bytes
}

/// Reads the totals of all processes, or of `only` one.
pub(crate) fn read(
    first: u64,
    only: Option<u64>,
    mut bytes: &[u8],
    into: &mut Vec<Total>,
) -> Result<(), Failure> {
    let mut process = 0u64;
    while !bytes.is_empty() {
        process = process.wrapping_add(take(&mut bytes).ok_or(DAMAGED)?);
        let length = take(&mut bytes).ok_or(DAMAGED)?;
        let length = usize::try_from(length).map_err(|_| DAMAGED)?;
        let (body, rest) = bytes.split_at_checked(length).ok_or(DAMAGED)?;
        bytes = rest;
        if only.is_none_or(|only| only == process) {
            read_process(first, process, body, into).ok_or(DAMAGED)?;
        }
    }
    Ok(())
}

fn read_process(first: u64, process: u64, mut body: &[u8], into: &mut Vec<Total>) -> Option<()> {
    while !body.is_empty() {
        let cpu = u32::try_from(take(&mut body)?).ok()?;
        let epoch_ns = take(&mut body)?;
        let count = take(&mut body)?;
        let (mut bucket, mut cpu_ns) = (first, 0u64);
        for _ in 0..count {
            bucket = bucket.wrapping_add(take(&mut body)?);
            cpu_ns = cpu_ns.wrapping_add(take(&mut body)?);
            into.push(Total {
                process,
                cpu,
                epoch_ns,
                bucket,
                cpu_ns,
            });
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals() -> Vec<Total> {
        let total = |process, cpu, epoch_ns, bucket, cpu_ns| Total {
            process,
            cpu,
            epoch_ns,
            bucket,
            cpu_ns,
        };
        vec![
            total(9, 127, 0, 77, u64::MAX),
            total(3, 1, u64::MAX, 60, 5),
            total(3, 0, 0, 61, 900),
            total(3, 0, 0, 61, 1_000),
            total(3, 0, 0, 60, 400),
        ]
    }

    #[test]
    fn what_is_packed_is_read_back() {
        let mut settled = totals();
        settle(&mut settled);
        assert_eq!(settled.len(), 4);
        let bytes = pack(60, &settled);
        let mut read_back = Vec::new();
        read(60, None, &bytes, &mut read_back).unwrap();
        assert_eq!(read_back, settled);
        read_back.clear();
        read(60, Some(9), &bytes, &mut read_back).unwrap();
        assert_eq!(read_back, settled[3..]);
    }

    #[test]
    fn a_busy_minute_takes_six_bytes_a_second() {
        let mut minute: Vec<Total> = (0..60)
            .map(|second| Total {
                process: 70_000,
                cpu: 3,
                epoch_ns: 0,
                bucket: 6_000 + second,
                cpu_ns: 80_000_000_000 + second * 998_765_432,
            })
            .collect();
        settle(&mut minute);
        let bytes = pack(6_000, &minute).len();
        assert!(bytes <= 6 * 60 + 16, "{bytes} bytes");
    }

    #[test]
    fn damage_is_told() {
        let mut settled = totals();
        settle(&mut settled);
        let bytes = pack(60, &settled);
        for cut in 1..bytes.len() {
            let mut read_back = Vec::new();
            if read(60, None, &bytes[..cut], &mut read_back).is_ok() {
                // Cut between two processes: what is there is whole.
                assert!(settled.starts_with(&read_back) && read_back.len() < settled.len());
            }
        }
        let mut read_back = Vec::new();
        assert!(read(60, None, &[1, 200, 1], &mut read_back).is_err());
    }
}
