//! When the next sample is due: an alarm of the kernel's own. What is done then is the agent's.
//!
//! The runtime keeps its timers in a wheel whose farther slots are coarse, and wakes two or three times on the way to one that is a second ahead.
//! On a machine at rest, where nothing is in the caches any more, waking is most of what a sample costs.

use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::time::Duration;

use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Rings once each time it is set.
pub(crate) struct Alarm(AsyncFd<Timer>);

struct Timer(TimerFd);

impl AsRawFd for Timer {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

impl Alarm {
    /// Within a runtime. Not set yet.
    pub(crate) fn new() -> io::Result<Self> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let timer = Timer(TimerFd::new(ClockId::CLOCK_BOOTTIME, flags)?);
        // SAFETY: the descriptor is owned by what is registered, and closed by nobody else.
        let timer = unsafe { AsyncFd::register_with_interest(timer, Interest::READABLE) };
        Ok(Self(timer?))
    }

    /// Sets it to ring after this time, which is not none, and not when it would have before.
    pub(crate) fn set(&self, after: Duration) -> io::Result<()> {
        let once = Expiration::OneShot(TimeSpec::from_duration(after));
        let timer = &self.0.get_ref().0;
        Ok(timer.set(once, TimerSetTimeFlags::empty())?)
    }

    /// Waits until it rings; to be set again then.
    pub(crate) async fn rings(&self) -> io::Result<()> {
        self.0.readable().await?.clear_ready();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_rings_once_each_time_it_is_set() {
        let alarm = Alarm::new().unwrap();
        for _ in 0..3 {
            alarm.set(Duration::from_millis(1)).unwrap();
            alarm.rings().await.unwrap();
        }
        alarm.set(Duration::from_secs(3_600)).unwrap();
        let early = tokio::time::timeout(Duration::from_millis(20), alarm.rings()).await;
        assert!(early.is_err(), "it rang an hour too early");
    }
}
