//! Time of the kernel's boot clock as UTC (law 8): a realtime reading plus the boot clock, without backward steps.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// How often realtime is read again.
const REREAD: Duration = Duration::from_secs(60);
/// Smaller steps forward are the drift that any clock has; they are taken and not declared.
const DECLARED_STEP_NS: i64 = 500_000_000;
/// How often the clocks are compared for one offset.
const LOOKS: u32 = 5;

/// Turns boot-clock readings into UTC.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    /// Realtime less boot clock, ns.
    offset_ns: i64,
    read_boot_ns: u64,
}

impl Clock {
    /// Reads both clocks.
    pub(crate) fn new() -> Self {
        Self {
            offset_ns: offset_now_ns(),
            read_boot_ns: boot_now_ns(),
        }
    }

    /// UTC of a boot-clock reading, ns since the epoch.
    pub(crate) fn utc_ns(&self, boot_ns: u64) -> u64 {
        (boot_ns as i64).saturating_add(self.offset_ns).max(0) as u64
    }

    /// UTC now.
    pub(crate) fn now_ns(&self) -> u64 {
        self.utc_ns(boot_now_ns())
    }

    /// Reads realtime again when it is due. A step forward is taken, a step back never; returns the length of a step that is large
    /// enough to be told, ns.
    pub(crate) fn correct(&mut self) -> Option<u64> {
        let boot_ns = boot_now_ns();
        if boot_ns < self.read_boot_ns + REREAD.as_nanos() as u64 {
            return None;
        }
        self.read_boot_ns = boot_ns;
        self.take(offset_now_ns())
    }

    fn take(&mut self, offset_ns: i64) -> Option<u64> {
        let step_ns = offset_ns - self.offset_ns;
        self.offset_ns = self.offset_ns.max(offset_ns);
        (step_ns >= DECLARED_STEP_NS).then_some(step_ns as u64)
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

/// The boot clock: the kernel's own for starts and ends; it goes on while the machine sleeps.
pub(crate) fn boot_now_ns() -> u64 {
    read_ns(ClockId::CLOCK_BOOTTIME)
}

/// Realtime less boot clock. Between two clocks the reader may be interrupted, on a busy machine for many milliseconds; so realtime is
/// read between two readings of the boot clock, and the closest of a few such pairs counts.
fn offset_now_ns() -> i64 {
    let look = || {
        let before_ns = boot_now_ns();
        let utc_ns = read_ns(ClockId::CLOCK_REALTIME);
        let apart_ns = boot_now_ns() - before_ns;
        (apart_ns, utc_ns as i64 - (before_ns + apart_ns / 2) as i64)
    };
    let closest = (0..LOOKS).map(|_| look()).min();
    closest.map_or(0, |(_, offset_ns)| offset_ns)
}

fn read_ns(clock: ClockId) -> u64 {
    clock_gettime(clock).map_or(0, |time| Duration::from(time).as_nanos() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_forward_are_taken_and_steps_back_are_not() {
        let mut clock = Clock {
            offset_ns: 1_000_000_000,
            read_boot_ns: 0,
        };
        assert_eq!(clock.take(500_000_000), None);
        assert_eq!(clock.utc_ns(7), 1_000_000_007);
        assert_eq!(clock.take(1_000_000_100), None);
        assert_eq!(clock.take(4_000_000_100), Some(3_000_000_000));
        assert_eq!(clock.utc_ns(0), 4_000_000_100);
    }
}
