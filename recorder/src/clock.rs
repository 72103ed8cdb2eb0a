//! Time of the kernel's boot clock as UTC (law 8): a realtime reading plus the boot clock, without backward steps, also from
//! one recorder to the next.

mod kept;

use std::path::Path;
use std::time::Duration;

use bc_schema::BootId;
use nix::time::{ClockId, clock_gettime};

use self::kept::Kept;

/// How often realtime is read again.
const REREAD: Duration = Duration::from_secs(60);
/// Smaller steps forward are the drift that any clock has; they are taken and not declared.
const DECLARED_STEP_NS: i64 = 500_000_000;
/// How often the clocks are compared for one offset.
const LOOKS: u32 = 5;

/// Turns boot-clock readings into UTC.
#[derive(Debug)]
pub(crate) struct Clock {
    /// Realtime less boot clock, ns.
    offset_ns: i64,
    read_boot_ns: u64,
    kept: Option<Kept>,
}

impl Clock {
    /// Reads both clocks.
    pub(crate) fn new() -> Self {
        Self {
            offset_ns: offset_now_ns(),
            read_boot_ns: boot_now_ns(),
            kept: None,
        }
    }

    /// Reads both clocks, and goes on from where the recorder was that kept its own in this file. Gives how far realtime was set back
    /// behind that, ns; 0: it was not.
    pub(crate) fn kept_in(file: &Path, boot: BootId) -> (Self, u64) {
        Self::new().keeping(Kept::read(file, boot))
    }

    fn keeping(mut self, mut kept: Kept) -> (Self, u64) {
        let now_ns = self.offset_ns;
        self.offset_ns = kept.ahead_of(now_ns).unwrap_or(now_ns);
        kept.keep(self.offset_ns);
        self.kept = Some(kept);
        let back_ns = self.offset_ns.abs_diff(now_ns);
        (self, back_ns)
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
        if let Some(kept) = &mut self.kept {
            kept.keep(self.offset_ns);
        }
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
            kept: None,
        };
        assert_eq!(clock.take(500_000_000), None);
        assert_eq!(clock.utc_ns(7), 1_000_000_007);
        assert_eq!(clock.take(1_000_000_100), None);
        assert_eq!(clock.take(4_000_000_100), Some(3_000_000_000));
        assert_eq!(clock.utc_ns(0), 4_000_000_100);
    }

    #[test]
    fn the_next_recorder_of_a_boot_steps_back_no_more_than_this_one() {
        const SECOND_NS: i64 = 1_000_000_000;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("clock");
        let begin = |offset_ns, boot| {
            let clock = Clock {
                offset_ns,
                read_boot_ns: 0,
                kept: None,
            };
            clock.keeping(Kept::read(&file, BootId([boot; 16])))
        };
        let (mut first, back_ns) = begin(1_000 * SECOND_NS, 1);
        assert_eq!((first.offset_ns, back_ns), (1_000 * SECOND_NS, 0));
        first.take(4_600 * SECOND_NS);
        first.take(4_000 * SECOND_NS);

        let (second, back_ns) = begin(1_000 * SECOND_NS, 1);
        assert!(second.offset_ns >= first.offset_ns, "{second:?}");
        assert_eq!(back_ns / SECOND_NS as u64, 3_600);
        // Begun again and again, it does not run away.
        let (third, _) = begin(1_000 * SECOND_NS, 1);
        assert!(third.offset_ns >= second.offset_ns);
        assert!(third.offset_ns < 4_601 * SECOND_NS, "{third:?}");
        // Nobody set the clock back: it is believed.
        let (right, back_ns) = begin(5_000 * SECOND_NS + 7, 1);
        assert_eq!((right.offset_ns, back_ns), (5_000 * SECOND_NS + 7, 0));
        let (drifted, back_ns) = begin(5_000 * SECOND_NS, 1);
        assert_eq!((drifted.offset_ns, back_ns), (5_000 * SECOND_NS, 0));

        // Of another boot, nothing goes on.
        let (booted, back_ns) = begin(2_000 * SECOND_NS, 2);
        assert_eq!((booted.offset_ns, back_ns), (2_000 * SECOND_NS, 0));
        for rubbish in ["", "x", "1 2", "01010101010101010101010101010101"] {
            std::fs::write(&file, rubbish).unwrap();
            assert_eq!(begin(SECOND_NS, 1).0.offset_ns, SECOND_NS, "{rubbish}");
        }
    }
}
