//! The recorder's account of itself.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use tokio::sync::watch;

use super::Agent;
use crate::status::{Ring, Status};

impl Agent {
    /// Tells how it is doing.
    pub(super) fn publish(&mut self, status: &watch::Sender<Status>) {
        self.status.recording = true;
        self.status.problem = self.kernel.unpinned().map(|why| {
            format!("a recorder that is killed would lose the seconds until the next one: {why}")
        });
        self.status.containers = self.lives.len() as u64;
        self.status.processes = self.registry.len() as u64;
        let waiting_bytes = std::mem::take(&mut self.ring_waiting_bytes);
        self.status.ring = self.ring.as_ref().map(|ring| Ring {
            waiting_bytes,
            size_bytes: ring.size_bytes(),
        });
        self.status.waiting = self.delivery.waiting();
        self.status.own_cpu_ns = own_cpu_ns();
        self.status.own_rss_bytes = self.memory.resident_pages() * self.page_bytes;
        status.send_replace(self.status.clone());
    }
}

/// CPU time of this process, all in.
fn own_cpu_ns() -> u64 {
    use nix::time::{ClockId, clock_gettime};
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)
        .map_or(0, |time| Duration::from(time).as_nanos() as u64)
}

/// What the kernel says of this process's memory, kept open.
pub(super) struct OwnMemory(Option<File>);

impl OwnMemory {
    pub(super) fn open() -> Self {
        Self(File::open("/proc/self/statm").ok())
    }

    fn resident_pages(&self) -> u64 {
        let mut text = [0; 128];
        let read = self
            .0
            .as_ref()
            .and_then(|file| file.read_at(&mut text, 0).ok());
        let text = std::str::from_utf8(&text[..read.unwrap_or(0)]).unwrap_or_default();
        let pages = text.split_ascii_whitespace().nth(1);
        pages.and_then(|pages| pages.parse().ok()).unwrap_or(0)
    }
}
