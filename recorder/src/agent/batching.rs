//! When what was recorded goes out, and how much of it shares a batch.

use bc_schema::{Batch, Resolution};

use super::Agent;

/// How long samples wait for more to share a batch with where nobody watches, and half a second: storing costs by the batch.
const MOST_HELD_NS: u64 = 5_500_000_000;
/// Samples that are kept at most.
const MOST_HELD_SAMPLES: usize = 4_096;

impl Agent {
    /// Sends what there is, unless it is samples alone that nobody waits for.
    pub(super) fn flush_due(&mut self) {
        self.state_containers();
        self.state_losses();
        let next_ns = self.clock.now_ns() + self.config.interval.as_nanos() as u64;
        let minute = |at_ns| Resolution::Minute.bucket_ns(at_ns);
        let may_wait = self.out.is_samples_alone()
            && self.out.samples.len() < MOST_HELD_SAMPLES
            && next_ns <= self.flushed_ns + MOST_HELD_NS
            // No batch spans two minutes: the first sample of one packs the one before.
            && minute(next_ns) == minute(self.flushed_ns);
        if !may_wait || self.config.watched.now() {
            self.send();
        }
    }

    /// Sends what there is; returns the batch's number.
    pub(super) fn flush(&mut self) -> u64 {
        self.state_containers();
        self.state_losses();
        self.send()
    }

    /// Sends what has been stated.
    fn send(&mut self) -> u64 {
        self.flushed_ns = self.clock.now_ns();
        if self.out.is_empty() {
            let number = self.delivery.pushed();
            self.releases.travel(number);
            return number;
        }
        // The next one will be much like it.
        let empty = Batch {
            host: self.config.host.clone(),
            samples: Vec::with_capacity(self.out.samples.len()),
            cpus: Vec::with_capacity(self.out.cpus.len()),
            ..Batch::default()
        };
        let mut batch = std::mem::replace(&mut self.out, empty);
        batch.until_ns = self.clock.now_ns();
        let number = self.delivery.push(batch);
        self.releases.travel(number);
        number
    }
}
