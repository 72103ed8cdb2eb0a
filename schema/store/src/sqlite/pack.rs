//! Packs: what some processes of a life did in one minute, second by second, in one row and column by column.
//!
//! Seconds are written as they come, a block for each ([`super::block`]). When their minute is over they are packed: for each process and
//! each thing measured its values stand together, as differences. A pack is cut into sections, one per column, so whoever wants one column
//! does not unpack the others. The bytes are part of the file's version.
//!
//! What is read may be damaged: nothing here trusts a count further than the bytes that are there allow.

mod bits;
mod columns;
mod layout;
mod read;
mod sequence;
mod write;

pub(crate) use columns::{Opened, ReadPlace, Strip, Wanted};
pub(crate) use read::Pack;
pub(crate) use write::pack;

use bc_schema::Metric;

/// How many processes' numbers share a pack.
const PROCESSES: u64 = 256;

/// Most samples of a process and epoch that stand together; more are told of one after the other.
const TOGETHER: usize = 1 << 16;

/// Sections of a pack: who is in it, the beginning of each second's samples, and then columns.
const WHO: usize = 0;
const MOMENTS: usize = 1;
const SECONDS: usize = 2;
const OFFSETS: usize = 3;
const KNOWN: usize = 4;
const HELD: usize = 5;
const MAXIMA: usize = 6;
const METRICS: usize = 10;
const SECTIONS: usize = METRICS + Metric::ALL.len();

/// Bits of the column `KNOWN`: the metrics, then the maxima, then whether it says until when the sample before held.
const MAXIMA_BIT: u32 = 32;
const HELD_BIT: u32 = 36;

/// The part of a minute that a process is packed in.
pub(crate) fn part(process: u64) -> u64 {
    process / PROCESSES
}

/// What user time is written as where all three are known: the rest of the CPU time, which mostly is nothing. And back again.
fn rest(cpu_ns: u64, system_ns: u64, user_ns: u64) -> u64 {
    cpu_ns.wrapping_sub(system_ns).wrapping_sub(user_ns)
}

/// The bits that say that [`rest`] applies.
const TIMES: u64 =
    1 << Metric::CpuNs as u32 | 1 << Metric::UserNs as u32 | 1 << Metric::SystemNs as u32;

#[cfg(test)]
mod tests;
