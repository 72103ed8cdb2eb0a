//! The sample of a second: one walk over the tasks, one sample per process.

use bc_abi::{ProcessKey, task_flag};
use bc_schema::resolution::SECOND_NS;
use bc_schema::{Closes, LossReason, Metric, Metrics, Resolution, Sample};

use rustc_hash::FxHashMap;

use super::cores::{Active, OnCores};
use super::{Agent, FAILURES};
use crate::Error;
use crate::clock::{Clock, boot_now_ns};
use crate::reading::{Reading, keep_split};
use crate::registry::Known;

/// Most seconds without samples that are declared one by one; a longer gap is declared as one loss for the rest.
const DECLARED_SECONDS: u64 = 3_600;
/// Every so many walks it is asked who was not met any more. A walk tells of each process at least once a minute.
const VANISHED_WALKS: u64 = 60;

impl Agent {
    /// Takes the second's events and samples, and sends them.
    pub(super) fn sample(&mut self) -> Result<(), Error> {
        let held = self.filtered.is_empty().then(|| self.kernel.filter());
        self.take_events();
        if let Some(step_ns) = self.clock.correct() {
            tracing::warn!(
                step_s = step_ns / SECOND_NS,
                "the machine's clock was set forward"
            );
            self.lose(LossReason::ClockStepped, None, boot_now_ns(), 1, 0);
        }
        self.declare_gap();
        self.walk()?;
        self.count_kernel_losses();
        self.watch_again(held.flatten());
        self.close_due();
        self.name_the_unnamed();
        self.end_settled();
        self.flush_due();
        Ok(())
    }

    /// Samples; a failure is declared and told, and only many in a row end the recorder.
    pub(super) fn sample_or_say(&mut self) -> Result<(), Error> {
        match self.sample() {
            Ok(()) => self.failures = 0,
            Err(error) if self.failures + 1 < FAILURES => {
                self.failures += 1;
                tracing::warn!(%error, "a sample failed");
                self.lose(LossReason::SamplesMissed, None, boot_now_ns(), 1, 0);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Walks, samples what has changed, and takes in what is new.
    pub(super) fn walk(&mut self) -> Result<(), Error> {
        self.walks += 1;
        let look = Look {
            walk: self.walks,
            at_ns: self.clock.now_ns(),
            before: self.last_look,
        };
        // A process that is not known yet lives in a cgroup that somebody has been found to own.
        if self.lives.is_empty() && self.registry.is_empty() && !self.discover {
            self.last_look = Some((look.walk, look.at_ns));
            self.status.samples += 1;
            return Ok(());
        }
        let Walked { others, mut active } = self.read_all(&look)?;
        if others.iter().any(|(key, ..)| !self.registry.contains(*key)) {
            // What the new ones and their parents have executed is told before they are taken in.
            self.take_events();
        }
        for (key, reading, on_cores) in others {
            if !self.registry.contains(key) {
                let Some(entry) = self.kernel.process(key) else {
                    continue;
                };
                if !self.take_in(key, &entry) {
                    continue;
                }
            }
            let metrics = reading.metrics(self.page_bytes, self.kernel.has_io());
            let at_ns = look.sample_ns(&self.clock, key);
            if let Some(known) = self.registry.get_mut(key)
                && known.look(&look, at_ns, metrics, reading.closed, &mut self.out.samples)
            {
                active.push(Active {
                    process: key,
                    on_cores,
                });
            }
        }
        self.tell_cores(active);
        self.last_look = Some((look.walk, look.at_ns));
        self.status.samples += 1;
        self.settle_jobs();
        // One that a batch still waits with is older.
        self.out.seen.clear();
        for (_, life) in self.lives.iter_mut().filter(|(_, life)| life.open > 0) {
            self.out.seen.push((life.facts.life.clone(), look.at_ns));
        }
        if self.walks.is_multiple_of(VANISHED_WALKS) {
            self.miss_vanished();
        }
        Ok(())
    }

    /// Reads every task that has something to tell. Nearly all processes have one thread and are known: their samples are made on the way.
    fn read_all(&mut self, look: &Look) -> Result<Walked, Error> {
        let mut others: Vec<(ProcessKey, Reading, OnCores)> = Vec::new();
        let mut active = Vec::new();
        let mut threaded: FxHashMap<ProcessKey, usize> = FxHashMap::default();
        let discover = std::mem::take(&mut self.discover);
        let (page_bytes, has_io) = (self.page_bytes, self.kernel.has_io());
        let (registry, clock) = (&mut self.registry, &self.clock);
        let counts_cores = self.kernel.counts_cores();
        let (samples, cpus) = (&mut self.out.samples, &mut self.out.cpus);
        self.kernel
            .walk(discover, look.at_ns / SECOND_NS, |record| {
                let alone = record.threads == 1 && record.flags & task_flag::FIRST != 0;
                if alone && let Some(known) = registry.get_mut(record.process) {
                    let mut reading = Reading::default();
                    reading.add(record);
                    let metrics = reading.metrics(page_bytes, has_io);
                    let at_ns = look.sample_ns(clock, record.process);
                    let untold = known.look(look, at_ns, metrics, reading.closed, samples)
                        && counts_cores
                        && !known.tell_core(record, cpus);
                    if untold {
                        let mut on_cores = OnCores::default();
                        on_cores.add(record);
                        let process = record.process;
                        active.push(Active { process, on_cores });
                    }
                    return;
                }
                let index = if alone {
                    others.len()
                } else {
                    *threaded.entry(record.process).or_insert(others.len())
                };
                if index == others.len() {
                    others.push((record.process, Reading::default(), OnCores::default()));
                }
                others[index].1.add(record);
                others[index].2.add(record);
            })?;
        Ok(Walked { others, active })
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

/// What a walk leaves to do.
struct Walked {
    /// One reading for each process that has several threads or is not known yet.
    others: Vec<(ProcessKey, Reading, OnCores)>,
    /// Of the rest, those that have used CPU since the walk before, and have left a core.
    active: Vec<Active>,
}

/// A walk, as the samples that it makes know it.
struct Look {
    walk: u64,
    at_ns: u64,
    before: Option<(u64, u64)>,
}

impl Look {
    /// Samples of one walk have one time, its beginning: a walk takes a few milliseconds, and equal times pack well. Only what was born
    /// during the walk is as old as itself.
    fn sample_ns(&self, clock: &Clock, process: ProcessKey) -> u64 {
        self.at_ns.max(clock.utc_ns(process.start_boot_ns))
    }
}

impl Known {
    /// A walk told of it. It is sampled if it has changed, or has no sample in this minute yet. Whether it has used CPU since its last sample.
    fn look(
        &mut self,
        look: &Look,
        at_ns: u64,
        metrics: Metrics,
        closed: bool,
        out: &mut Vec<Sample>,
    ) -> bool {
        self.seen_walk = look.walk;
        let cpu_ns = metrics.get(Metric::CpuNs);
        let active = !closed
            && self
                .last
                .as_ref()
                .is_none_or(|last| last.metrics.get(Metric::CpuNs) != cpu_ns);
        let same = self.last.as_ref().is_some_and(|last| {
            last.metrics == metrics && !Closes::between(last.at_ns, at_ns).any()
        });
        // The final record of a zombie is on its way, and knows more.
        if !closed && !same {
            self.sample(at_ns, metrics, Closes::NONE, look.before, out);
        }
        if closed || !same {
            self.changed_walk = look.walk;
        }
        active
    }

    /// Adds a sample, after the sample before it once more if that turns out to have closed a bucket. `before` is the last walk before this
    /// moment, by its number and time.
    pub(crate) fn sample(
        &mut self,
        at_ns: u64,
        mut metrics: Metrics,
        closes: Closes,
        before: Option<(u64, u64)>,
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
        let held_ns = match (before, &self.last) {
            (Some((walk, looked_ns)), Some(last)) if self.changed_walk < walk => {
                looked_ns.clamp(last.at_ns, at_ns)
            }
            _ => 0,
        };
        if let Some(last) = &mut self.last {
            let mut before = last.metrics;
            if self.new_memory {
                before = without_peak(before);
            }
            keep_split(&mut metrics, &before);
            metrics.never_below(&before);
            let closed = Closes::between(last.at_ns, at_ns);
            for (index, resolution) in Resolution::COARSE.into_iter().enumerate() {
                if !closed.contains(resolution) {
                    max_rss_bytes[index] = max_rss_bytes[index].max(last.max_rss_bytes[index]);
                } else if resolution.bucket_ns(held_ns) == resolution.bucket_ns(at_ns) {
                    // The bucket began at the level that held until then.
                    let held = last.metrics.get(Metric::RssBytes);
                    max_rss_bytes[index] = max_rss_bytes[index].max(held);
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
            held_ns,
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
    use crate::registry::History;

    fn known() -> Known {
        Known {
            id: ProcessId([1; 16]),
            life: 1,
            ran: History::default(),
            last: None,
            base_cpu_ns: 0,
            execs_lost: 0,
            new_memory: false,
            seen_walk: 0,
            changed_walk: 0,
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
        known.sample(
            minute_ns - 2,
            metrics(10, 900),
            Closes::NONE,
            None,
            &mut out,
        );
        known.sample(minute_ns - 1, metrics(9, 100), Closes::NONE, None, &mut out);
        known.sample(minute_ns + 1, metrics(30, 50), Closes::NONE, None, &mut out);
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
            None,
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
        known.sample(1, metrics(1, 900), Closes::NONE, None, &mut out);
        known.new_memory = true;
        known.sample(2, metrics(2, 10), Closes::NONE, None, &mut out);
        assert_eq!(out[1].metrics.get(Metric::PeakRssBytes), Some(10));
    }
}
