//! From what the kernel counts to what a sample states: units, the split of CPU time, and what is known at all.

use bc_abi::{Process, TaskRecord, Totals, end_flag, task_flag};
use bc_schema::{Metric, Metrics};

/// The running totals of one process, and its levels where it lives.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reading {
    totals: Totals,
    memory: Option<Memory>,
    max_rss_pages: u64,
    threads: Option<u64>,
    /// Its process is closed: a zombie.
    pub(crate) closed: bool,
}

#[derive(Debug, Clone, Copy)]
struct Memory {
    /// Resident and swapped-out pages.
    resident: Option<(u64, u64)>,
    peak_rss_pages: u64,
    vm_pages: u64,
}

impl Reading {
    /// Takes one more task of the process in.
    pub(crate) fn add(&mut self, record: &TaskRecord) {
        if record.flags & task_flag::ENDED == 0 {
            self.totals.add(&record.totals);
        }
        if record.flags & task_flag::SUMMED != 0 {
            self.totals.add(&record.ended);
        }
        self.max_rss_pages = self.max_rss_pages.max(record.max_rss_pages);
        self.threads = Some(record.threads);
        self.closed |= record.flags & task_flag::CLOSED != 0;
        // Any living thread shows the process's memory; a dead leader shows none.
        if record.flags & task_flag::MEMORY != 0 && self.memory.is_none() {
            self.memory = Some(Memory {
                resident: (record.flags & task_flag::RSS != 0)
                    .then_some((record.rss_pages, record.swap_pages)),
                peak_rss_pages: record.peak_rss_pages.max(record.rss_pages),
                vm_pages: record.vm_pages,
            });
        }
    }

    /// The final reading of a closed process.
    pub(crate) fn last(process: &Process) -> Self {
        let known = process.end.flags & end_flag::PEAK_KNOWN != 0;
        let peak_rss_pages = process.end.peak_rss_pages;
        Self {
            totals: process.ended,
            memory: known.then_some(Memory {
                resident: None,
                peak_rss_pages,
                vm_pages: 0,
            }),
            max_rss_pages: process.end.max_rss_pages,
            threads: None,
            closed: true,
        }
    }

    /// As measurements. `has_io`: this kernel accounts I/O per task.
    pub(crate) fn metrics(&self, page_bytes: u64, has_io: bool) -> Metrics {
        let mut metrics = totals(&self.totals, has_io);
        if let Some(memory) = self.memory {
            // Without the level, the noted peak alone is too low: the kernel notes it only when the level falls.
            if memory.resident.is_some() || self.closed {
                metrics.set(Metric::PeakRssBytes, memory.peak_rss_pages * page_bytes);
            }
            // A closed process has no level any more: nothing, not zero, is what its memory map says.
            if !self.closed {
                metrics.set(Metric::VmBytes, memory.vm_pages * page_bytes);
                if let Some((rss_pages, swap_pages)) = memory.resident {
                    metrics.set(Metric::RssBytes, rss_pages * page_bytes);
                    metrics.set(Metric::SwapBytes, swap_pages * page_bytes);
                }
            }
        }
        if self.closed || self.max_rss_pages > 0 {
            metrics.set(Metric::MaxRssBytes, self.max_rss_pages * page_bytes);
        }
        if let Some(threads) = self.threads.filter(|_| !self.closed) {
            metrics.set(Metric::Threads, threads);
        }
        metrics
    }
}

/// Totals as measurements.
pub(crate) fn totals(totals: &Totals, has_io: bool) -> Metrics {
    let mut metrics = Metrics::EMPTY
        .with(Metric::CpuNs, totals.cpu_ns)
        .with(Metric::MinorFaults, totals.minor_faults)
        .with(Metric::MajorFaults, totals.major_faults);
    if let Some((user_ns, system_ns)) = split(totals) {
        metrics.set(Metric::UserNs, user_ns);
        metrics.set(Metric::SystemNs, system_ns);
    }
    if has_io {
        metrics.set(Metric::BlockReadBytes, totals.block_read_bytes);
        metrics.set(Metric::BlockWriteBytes, totals.block_write_bytes);
        metrics.set(Metric::CancelledWriteBytes, totals.cancelled_write_bytes);
        metrics.set(Metric::ReadBytes, totals.read_bytes);
        metrics.set(Metric::WriteBytes, totals.write_bytes);
        metrics.set(Metric::ReadCalls, totals.read_calls);
        metrics.set(Metric::WriteCalls, totals.write_calls);
    }
    metrics
}

/// Neither part of the CPU time falls when more ticks split it anew, and together they stay what it is: as the kernel does it.
pub(crate) fn keep_split(now: &mut Metrics, before: &Metrics) {
    let parts = |metrics: &Metrics| {
        let user_ns = metrics.get(Metric::UserNs)?;
        Some((
            metrics.get(Metric::CpuNs)?,
            user_ns,
            metrics.get(Metric::SystemNs)?,
        ))
    };
    let (Some((cpu_ns, _, system_ns)), Some((cpu_before_ns, user_before_ns, system_before_ns))) =
        (parts(now), parts(before))
    else {
        return;
    };
    let cpu_ns = cpu_ns.max(cpu_before_ns);
    let most_ns = cpu_ns.saturating_sub(user_before_ns);
    let system_ns = system_ns.min(most_ns).max(system_before_ns);
    now.set(Metric::SystemNs, system_ns);
    now.set(Metric::UserNs, cpu_ns.saturating_sub(system_ns));
}

/// The exact CPU time, split as the ticks say. A process that no tick ever met gives no hint: unknown.
fn split(totals: &Totals) -> Option<(u64, u64)> {
    let ticks = totals
        .user_ns
        .checked_add(totals.system_ns)
        .filter(|&ticks| ticks > 0)?;
    // Dividing 128 bits takes ten times as long, and is needed only for processes that have run for long.
    let system_ns = match totals.cpu_ns.checked_mul(totals.system_ns) {
        Some(product) => product / ticks,
        None => {
            (u128::from(totals.cpu_ns) * u128::from(totals.system_ns) / u128::from(ticks)) as u64
        }
    };
    Some((totals.cpu_ns - system_ns, system_ns))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_summed_and_the_dead_counted_once() {
        let ended = Totals {
            cpu_ns: 1_000,
            ..Totals::ZERO
        };
        let own = Totals {
            cpu_ns: 10,
            ..Totals::ZERO
        };
        let first = TaskRecord {
            flags: task_flag::FIRST | task_flag::SUMMED | task_flag::MEMORY | task_flag::RSS,
            totals: own,
            ended,
            rss_pages: 3,
            ..TaskRecord::default()
        };
        let second = TaskRecord {
            flags: task_flag::MEMORY,
            totals: own,
            ended,
            rss_pages: 3,
            ..TaskRecord::default()
        };
        let mut reading = Reading::default();
        reading.add(&first);
        reading.add(&second);
        let metrics = reading.metrics(4096, false);
        assert_eq!(metrics.get(Metric::CpuNs), Some(1_020));
        assert_eq!(metrics.get(Metric::RssBytes), Some(3 * 4096));
        assert_eq!(metrics.get(Metric::ReadBytes), None);
    }

    #[test]
    fn the_split_adds_up_and_is_unknown_without_ticks() {
        let ticked = Totals {
            cpu_ns: 1_000_000_007,
            user_ns: 3_000_000,
            system_ns: 1_000_000,
            ..Totals::ZERO
        };
        let (user_ns, system_ns) = split(&ticked).unwrap();
        assert_eq!(user_ns + system_ns, 1_000_000_007);
        assert_eq!(system_ns, 250_000_001);
        assert_eq!(
            split(&Totals {
                cpu_ns: 5,
                ..Totals::ZERO
            }),
            None
        );
    }

    #[test]
    fn a_split_that_shifts_lets_neither_part_fall_and_still_adds_up() {
        let split = |cpu_ns, user_ns, system_ns| {
            Metrics::EMPTY
                .with(Metric::CpuNs, cpu_ns)
                .with(Metric::UserNs, user_ns)
                .with(Metric::SystemNs, system_ns)
        };
        let before = split(100, 60, 40);
        for (now, kept) in [
            (split(110, 80, 30), split(110, 70, 40)),
            (split(110, 40, 70), split(110, 60, 50)),
            (split(110, 65, 45), split(110, 65, 45)),
            (split(100, 10, 90), before),
        ] {
            let mut settled = now;
            keep_split(&mut settled, &before);
            assert_eq!(settled, kept, "{now:?}");
        }
    }

    #[test]
    fn a_final_reading_has_a_peak_only_where_the_kernel_showed_it() {
        let mut process = Process::default();
        process.end.max_rss_pages = 9;
        assert_eq!(
            Reading::last(&process)
                .metrics(1, true)
                .get(Metric::PeakRssBytes),
            None
        );
        process.end.flags = end_flag::PEAK_KNOWN;
        process.end.peak_rss_pages = 7;
        let metrics = Reading::last(&process).metrics(1, true);
        assert_eq!(
            (
                metrics.get(Metric::PeakRssBytes),
                metrics.get(Metric::RssBytes)
            ),
            (Some(7), None)
        );
    }
}
