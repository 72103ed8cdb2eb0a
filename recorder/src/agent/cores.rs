//! CPU time by core: what is told of a process that has used any.
//!
//! The kernel charges a core when a thread leaves it. What each thread has used since it came where it is stands in the walk's record of it;
//! both together are exact as of the walk. They are told only together: a thread that moved in between would be counted on both sides.

use bc_abi::{Process, ProcessKey, TaskRecord, end_flag, task_flag};
use bc_schema::{CpuTotal, ProcessId};

use super::Agent;
use crate::kernel::Kernel;
use crate::registry::Known;

/// What has been told of a process.
#[derive(Debug, Default)]
pub(crate) struct CoresTold {
    /// [`CpuTotal::epoch_ns`].
    epoch_ns: u64,
    at_ns: u64,
    totals: Vec<(u32, u64)>,
    /// What the kernel has charged, and [`bc_abi::Cores::charged`] when it was read.
    charged: Vec<(u32, u64)>,
    charged_at: u64,
}

impl CoresTold {
    /// Nothing yet of a process that is counted from its birth, or from its entry on.
    pub(crate) fn new(entered_boot_ns: Option<u64>) -> Self {
        Self {
            epoch_ns: entered_boot_ns.unwrap_or(0),
            ..Self::default()
        }
    }

    /// Tells the totals that have grown.
    fn tell(
        &mut self,
        process: ProcessId,
        at_ns: u64,
        totals: &[(u32, u64)],
        out: &mut Vec<CpuTotal>,
    ) {
        // Time does not go back for a process: a final may carry the clock of a switch that the last walk outran.
        self.at_ns = self.at_ns.max(at_ns);
        for &(cpu, cpu_ns) in totals {
            let told = at(&mut self.totals, cpu);
            if cpu_ns <= *told {
                continue;
            }
            *told = cpu_ns;
            out.push(CpuTotal {
                process,
                cpu,
                at_ns: self.at_ns,
                epoch_ns: self.epoch_ns,
                cpu_ns,
            });
        }
    }

    /// Tells the total of the one core that may have grown: that of a thread that has left none since its process was last told of. False where
    /// it has.
    fn tell_one(
        &mut self,
        process: ProcessId,
        at_ns: u64,
        record: &TaskRecord,
        out: &mut Vec<CpuTotal>,
    ) -> bool {
        if self.charged_at != record.charged {
            return false;
        }
        let charged = self.charged.iter().find(|(core, _)| *core == record.core);
        let charged_ns = charged.map_or(0, |(_, cpu_ns)| *cpu_ns);
        let total = (record.core, charged_ns + share_ns(record));
        self.tell(process, at_ns, &[total], out);
        true
    }

    /// Reads what the kernel has charged, unless it is known. False when that changed while it was read.
    fn read(&mut self, kernel: &Kernel, key: ProcessKey, charged: u64) -> bool {
        if self.charged_at != charged {
            let Some(entry) = kernel.process(key) else {
                return false;
            };
            let totals = kernel.core_times(key, &entry);
            let after = kernel.process(key).map(|entry| entry.cores.charged);
            if after != Some(entry.cores.charged) {
                return false;
            }
            self.charged = totals;
            self.charged_at = entry.cores.charged;
        }
        self.charged_at == charged
    }
}

/// What a thread has used since it came on the core it is on, ns.
fn share_ns(record: &TaskRecord) -> u64 {
    record.totals.cpu_ns.saturating_sub(record.since_cpu_ns)
}

/// The total of a core.
fn at(totals: &mut Vec<(u32, u64)>, core: u32) -> &mut u64 {
    let index = match totals.iter().position(|(known, _)| *known == core) {
        Some(index) => index,
        None => {
            totals.push((core, 0));
            totals.len() - 1
        }
    };
    &mut totals[index].1
}

/// What the threads of a process have used on the cores they are on, as a walk reads them.
#[derive(Debug, Default)]
pub(super) struct OnCores {
    shares: Vec<(u32, u64)>,
    /// [`bc_abi::Cores::charged`] when they were read; `None`: it changed among them.
    charged: Option<u64>,
    begun: bool,
}

impl OnCores {
    /// Takes one more thread in.
    pub(super) fn add(&mut self, record: &TaskRecord) {
        if !self.begun {
            (self.begun, self.charged) = (true, Some(record.charged));
        } else if self.charged != Some(record.charged) {
            self.charged = None;
        }
        if record.flags & task_flag::ENDED == 0 {
            *at(&mut self.shares, record.core) += share_ns(record);
        }
    }
}

/// A process that has used CPU since the walk before.
#[derive(Debug)]
pub(super) struct Active {
    pub(super) process: ProcessKey,
    pub(super) on_cores: OnCores,
}

impl Known {
    /// Tells the core of a process with one thread, whose sample of this walk is made. False where its thread has left a core since it was last
    /// told of: then the kernel has to be asked.
    pub(super) fn tell_core(&mut self, record: &TaskRecord, out: &mut Vec<CpuTotal>) -> bool {
        let at_ns = self.last.as_ref().map_or(0, |last| last.at_ns);
        record.flags & task_flag::ENDED == 0
            && at_ns != 0
            && self.cores.tell_one(self.id, at_ns, record, out)
    }
}

impl Agent {
    /// Tells the cores of these processes. One whose threads move just now is told of by the next walk that finds it active, or by its end.
    pub(super) fn tell_cores(&mut self, active: Vec<Active>) {
        if !self.kernel.counts_cores() {
            return;
        }
        for Active { process, on_cores } in active {
            let (Some(known), Some(charged)) = (self.registry.get_mut(process), on_cores.charged)
            else {
                continue;
            };
            let at_ns = known.last.as_ref().map_or(0, |last| last.at_ns);
            if at_ns == 0 || !known.cores.read(&self.kernel, process, charged) {
                continue;
            }
            let mut totals = known.cores.charged.clone();
            for (core, share_ns) in on_cores.shares {
                *at(&mut totals, core) += share_ns;
            }
            known
                .cores
                .tell(known.id, at_ns, &totals, &mut self.out.cpus);
        }
    }

    /// Tells the cores of a process that is over, or over here, by its last entry.
    pub(super) fn tell_last_cores(
        &mut self,
        known: &mut Known,
        at_ns: u64,
        key: ProcessKey,
        entry: &Process,
    ) {
        if !self.kernel.counts_cores() {
            return;
        }
        let mut totals = self.kernel.core_times(key, entry);
        if entry.end.flags & end_flag::ONE_CORE != 0 {
            *at(&mut totals, entry.end.core) += entry.ended.cpu_ns;
        }
        known
            .cores
            .tell(known.id, at_ns, &totals, &mut self.out.cpus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_grown_is_told_and_time_does_not_go_back() {
        let (mut told, mut out) = (CoresTold::new(Some(7)), Vec::new());
        let process = ProcessId([1; 16]);
        told.tell(process, 100, &[(0, 5), (3, 9)], &mut out);
        told.tell(process, 90, &[(0, 5), (3, 10)], &mut out);
        let said: Vec<_> = out
            .iter()
            .map(|total| (total.cpu, total.at_ns, total.cpu_ns, total.epoch_ns))
            .collect();
        assert_eq!(said, [(0, 100, 5, 7), (3, 100, 9, 7), (3, 100, 10, 7)]);
    }

    #[test]
    fn a_thread_that_stays_on_its_core_is_told_of_as_if_the_kernel_had_been_asked() {
        let (mut told, mut out) = (CoresTold::default(), Vec::new());
        (told.charged, told.charged_at) = (vec![(2, 100)], 3);
        let process = ProcessId([1; 16]);
        let mut record = TaskRecord {
            core: 2,
            since_cpu_ns: 10,
            charged: 3,
            ..TaskRecord::default()
        };
        record.totals.cpu_ns = 15;
        assert!(told.tell_one(process, 50, &record, &mut out));
        assert_eq!((out[0].cpu, out[0].cpu_ns), (2, 105));
        record.charged = 4;
        assert!(!told.tell_one(process, 60, &record, &mut out));
        assert_eq!(out.len(), 1);
    }

    #[test]
    fn shares_of_threads_add_up_by_core_unless_one_moved_among_them() {
        let mut record = TaskRecord {
            core: 1,
            since_cpu_ns: 10,
            charged: 4,
            ..TaskRecord::default()
        };
        record.totals.cpu_ns = 15;
        let mut on_cores = OnCores::default();
        on_cores.add(&record);
        on_cores.add(&record);
        record.core = 0;
        on_cores.add(&record);
        // A dead leader's are charged already.
        record.flags = task_flag::ENDED;
        on_cores.add(&record);
        assert_eq!(on_cores.shares, [(1, 10), (0, 5)]);
        assert_eq!(on_cores.charged, Some(4));
        record.charged = 5;
        on_cores.add(&record);
        assert_eq!(on_cores.charged, None);
    }
}
