//! Clocks: the CPU that a process has used, all in, and the moments at which to read it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};

use crate::interrupt;

/// The longest that an interruption waits to be noticed.
const PACE: Duration = Duration::from_millis(100);

/// CPU time of all threads of a process, living and dead, in user space and in the kernel, to the nanosecond. (The files of `/proc` count
/// in ticks, which miss what begins right after one.)
///
/// # Errors
/// There is no such process.
pub(super) fn cpu_ns(pid: u32) -> Result<u64> {
    let mut clock = 0;
    // SAFETY: the pointer is to a live local of the type that is asked for.
    let refused = unsafe { libc::clock_getcpuclockid(pid.cast_signed(), &raw mut clock) };
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: as above; a clock that is not there is an error, no harm.
    if refused != 0 || unsafe { libc::clock_gettime(clock, &raw mut time) } != 0 {
        bail!("reading the CPU clock of process {pid}: it has ended");
    }
    Ok(time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned())
}

/// The next moment at which this part of a UTC second has passed.
pub(super) fn next_second_at(part: Duration) -> Instant {
    let now = Instant::now();
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let passed = Duration::from_nanos(since.subsec_nanos().into());
    let wait = if passed < part {
        part - passed
    } else {
        part + Duration::from_secs(1) - passed
    };
    now + wait
}

/// Sleeps until then.
///
/// # Errors
/// Somebody asked to stop.
pub(super) fn sleep_until(moment: Instant) -> Result<()> {
    loop {
        interrupt::check()?;
        let left = moment.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(PACE));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_of_this_process_is_the_one_it_reads_itself() {
        let own = || {
            let mut time = libc::timespec {
                tv_sec: 0,
                tv_nsec: 0,
            };
            // SAFETY: the pointer is to a live local.
            let failed =
                unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
            assert_eq!(failed, 0);
            time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
        };
        let before_ns = own();
        let read_ns = cpu_ns(std::process::id()).expect("this process is there");
        assert!((before_ns..=own()).contains(&read_ns));
    }

    #[test]
    fn a_process_that_is_not_there_has_no_clock() {
        assert!(cpu_ns(0x7fff_fff0).is_err());
    }

    #[test]
    fn the_next_moment_is_less_than_a_second_away() {
        for part_ms in [0, 200, 999] {
            let part = Duration::from_millis(part_ms);
            let wait = next_second_at(part).saturating_duration_since(Instant::now());
            assert!(wait <= Duration::from_secs(1), "{wait:?}");
        }
    }
}
