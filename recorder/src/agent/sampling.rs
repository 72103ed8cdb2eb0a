//! The sample of a second: one walk over the tasks, one sample per process.

use bc_abi::{ProcessKey, task_flag};
use bc_schema::resolution::SECOND_NS;
use bc_schema::{Closes, LossReason, Metric, Metrics, Resolution, Sample};

use rustc_hash::FxHashMap;

use super::cores::OnCore;
use super::{Agent, FAILURES};
use crate::Error;
use crate::reading::Reading;
use crate::registry::Known;

/// Most seconds without samples that are declared one by one; a longer gap is declared as one loss for the rest.
const DECLARED_SECONDS: u64 = 3_600;

impl Agent {
    /// Takes the second's events and samples, and sends them.
    pub(super) fn sample(&mut self) -> Result<(), Error> {
        self.take_events();
        if let Some(step_ns) = self.clock.correct() {
            tracing::warn!(
                step_s = step_ns / SECOND_NS,
                "the machine's clock was set forward"
            );
            self.lose(LossReason::ClockStepped, None, self.boot_now_ns(), 1, 0);
        }
        self.declare_gap();
        self.walk()?;
        self.count_kernel_losses();
        self.close_due();
        self.name_the_unnamed();
        self.end_lives();
        self.flush();
        Ok(())
    }

    /// Samples; a failure is declared and told, and only many in a row end the recorder.
    pub(super) fn sample_or_say(&mut self) -> Result<(), Error> {
        match self.sample() {
            Ok(()) => self.failures = 0,
            Err(error) if self.failures + 1 < FAILURES => {
                self.failures += 1;
                tracing::warn!(%error, "a sample failed");
                self.lose(LossReason::SamplesMissed, None, self.boot_now_ns(), 1, 0);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Walks, takes in what is new, and samples everything.
    pub(super) fn walk(&mut self) -> Result<(), Error> {
        let mut on_core = OnCore::look(&self.kernel);
        let readings = self.read_all(&mut on_core)?;
        let mut active = Vec::new();
        for (key, reading) in &readings {
            if !self.registry.contains(*key) {
                let Some(entry) = self.kernel.process(*key) else {
                    continue;
                };
                if !self.take_in(*key, &entry) {
                    continue;
                }
            }
            let metrics = reading.metrics(self.page_bytes, self.kernel.has_io());
            let at_ns = self.clock.utc_ns(reading.at_boot_ns);
            let Some(known) = self.registry.get_mut(*key) else {
                continue;
            };
            known.seen_walk = self.walks;
            // The final record of a zombie is on its way, and knows more.
            if !reading.closed {
                let cpu_ns = metrics.get(Metric::CpuNs);
                if known
                    .last
                    .as_ref()
                    .is_none_or(|last| last.metrics.get(Metric::CpuNs) != cpu_ns)
                {
                    active.push(*key);
                }
                known.sample(at_ns, metrics, Closes::NONE, &mut self.out.samples);
            }
        }
        self.tell_cores(active, &on_core);
        self.status.samples += 1;
        self.miss_vanished();
        Ok(())
    }

    /// One reading per process. Nearly all processes have one thread, and need no looking up.
    fn read_all(&mut self, on_core: &mut OnCore) -> Result<Vec<(ProcessKey, Reading)>, Error> {
        self.walks += 1;
        let mut readings: Vec<(ProcessKey, Reading)> = Vec::with_capacity(self.registry.len() + 16);
        let mut threaded: FxHashMap<ProcessKey, usize> = FxHashMap::default();
        let discover = std::mem::take(&mut self.discover);
        self.kernel.walk(discover, |record| {
            on_core.read(record);
            let index = if record.threads == 1 && record.flags & task_flag::FIRST != 0 {
                readings.len()
            } else {
                *threaded.entry(record.process).or_insert(readings.len())
            };
            if index == readings.len() {
                readings.push((record.process, Reading::default()));
            }
            readings[index].1.add(record);
        })?;
        Ok(readings)
    }

    /// Declares the seconds since the last sample that had none: the recorder was stopped or starved.
    fn declare_gap(&mut self) {
        let now_ns = self.clock.now_ns();
        if let Some(last_ns) = self.last_sample_ns.replace(now_ns) {
            let interval_ns = self.config.interval.as_nanos() as u64;
            let first = Resolution::Second.bucket_ns(last_ns + interval_ns);
            let missed = (Resolution::Second.bucket_ns(now_ns).saturating_sub(first) / SECOND_NS)
                .min(DECLARED_SECONDS);
            if interval_ns == SECOND_NS && !self.registry.is_empty() {
                for second in 0..missed {
                    self.lose_at(
                        LossReason::SamplesMissed,
                        None,
                        first + second * SECOND_NS,
                        1,
                        0,
                    );
                }
            }
        }
    }
}

impl Known {
    /// Adds a sample, after the sample before it once more if that turns out to have closed a bucket.
    pub(crate) fn sample(
        &mut self,
        at_ns: u64,
        mut metrics: Metrics,
        closes: Closes,
        out: &mut Vec<Sample>,
    ) {
        // A peak that was not there before was reached since the sample before: what the samples missed, the kernel noted.
        let peak = metrics.get(Metric::PeakRssBytes);
        let peak_before = self
            .last
            .as_ref()
            .filter(|_| !self.new_memory)
            .and_then(|last| last.metrics.get(Metric::PeakRssBytes));
        let new_peak = peak.filter(|_| peak > peak_before);
        let mut max_rss_bytes = [metrics.get(Metric::RssBytes).max(new_peak); 3];
        // Time does not go back for a process either: a final may carry the boot clock of a switch that the last walk outran.
        let at_ns = at_ns.max(self.last.as_ref().map_or(0, |last| last.at_ns));
        if let Some(last) = &mut self.last {
            let mut before = last.metrics;
            if self.new_memory {
                before = without_peak(before);
            }
            metrics.never_below(&before);
            let closed = Closes::between(last.at_ns, at_ns);
            for (index, resolution) in Resolution::COARSE.into_iter().enumerate() {
                if !closed.contains(resolution) {
                    max_rss_bytes[index] = max_rss_bytes[index].max(last.max_rss_bytes[index]);
                }
            }
            if closed.any() {
                last.closes = closed;
                out.push(last.clone());
            }
        }
        self.new_memory = false;
        let sample = Sample {
            process: self.id,
            at_ns,
            epoch_ns: 0,
            held_ns: 0,
            metrics,
            max_rss_bytes,
            closes,
        };
        out.push(sample.clone());
        self.last = Some(sample);
    }
}

/// A new memory map has a peak of its own.
fn without_peak(metrics: Metrics) -> Metrics {
    let mut rest = Metrics::EMPTY;
    for (metric, value) in metrics
        .iter()
        .filter(|(metric, _)| *metric != Metric::PeakRssBytes)
    {
        rest.set(metric, value);
    }
    rest
}

#[cfg(test)]
mod tests {
    use bc_schema::ProcessId;

    use super::*;
    use crate::agent::cores::CoresTold;

    fn known() -> Known {
        Known {
            id: ProcessId([1; 16]),
            life: 1,
            ran: vec![],
            last: None,
            new_memory: false,
            seen_walk: 0,
            close_at_walk: None,
            cores: CoresTold::default(),
        }
    }

    fn metrics(cpu_ns: u64, rss_bytes: u64) -> Metrics {
        Metrics::EMPTY
            .with(Metric::CpuNs, cpu_ns)
            .with(Metric::RssBytes, rss_bytes)
            .with(Metric::PeakRssBytes, rss_bytes)
    }

    #[test]
    fn the_last_sample_of_a_minute_is_sent_again_as_its_last() {
        let (mut known, mut out) = (known(), Vec::new());
        let minute_ns = 60 * SECOND_NS;
        known.sample(minute_ns - 2, metrics(10, 900), Closes::NONE, &mut out);
        known.sample(minute_ns - 1, metrics(9, 100), Closes::NONE, &mut out);
        known.sample(minute_ns + 1, metrics(30, 50), Closes::NONE, &mut out);
        assert_eq!(out.len(), 4);
        assert_eq!(
            (out[2].at_ns, out[2].closes.contains(Resolution::Minute)),
            (minute_ns - 1, true)
        );
        assert_eq!(
            out[2].metrics.get(Metric::CpuNs),
            Some(10),
            "totals never fall"
        );
        assert_eq!(out[2].max_rss_bytes[0], Some(900));
        assert_eq!(out[3].max_rss_bytes, [Some(50), Some(900), Some(900)]);
        known.sample(
            minute_ns + 2,
            metrics(31, 40).with(Metric::PeakRssBytes, 950),
            Closes::NONE,
            &mut out,
        );
        assert_eq!(
            out[4].max_rss_bytes,
            [Some(950); 3],
            "a peak between two samples"
        );
    }

    #[test]
    fn an_exec_starts_a_new_peak() {
        let (mut known, mut out) = (known(), Vec::new());
        known.sample(1, metrics(1, 900), Closes::NONE, &mut out);
        known.new_memory = true;
        known.sample(2, metrics(2, 10), Closes::NONE, &mut out);
        assert_eq!(out[1].metrics.get(Metric::PeakRssBytes), Some(10));
    }
}
