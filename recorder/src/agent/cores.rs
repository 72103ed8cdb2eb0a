//! CPU time by core: which processes are looked up in a second, and what is told of them.
//!
//! The kernel charges a core when a thread leaves it. What a thread that stays on its core has used since it came there is added here, from
//! the walk's own reading: never more than will be charged, so that totals do not fall, and the last switch closes them exactly.

use std::collections::HashSet;

use bc_abi::{ProcessKey, Running, TaskRecord};
use bc_schema::{CpuTotal, ProcessId};
use rustc_hash::FxHashMap;

use super::Agent;
use crate::kernel::Kernel;

/// What has been told of a process.
#[derive(Debug, Default)]
pub(crate) struct CoresTold {
    /// [`CpuTotal::epoch_ns`].
    epoch_ns: u64,
    at_ns: u64,
    totals: Vec<(u32, u64)>,
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
    pub(crate) fn tell(
        &mut self,
        process: ProcessId,
        at_ns: u64,
        totals: &[(u32, u64)],
        out: &mut Vec<CpuTotal>,
    ) {
        // A second look at a process that has slept since may be dated before the first.
        self.at_ns = self.at_ns.max(at_ns);
        for &(cpu, cpu_ns) in totals {
            let told = match self.totals.iter_mut().find(|(told, _)| *told == cpu) {
                Some((_, told)) => told,
                None => {
                    self.totals.push((cpu, 0));
                    let last = self.totals.len() - 1;
                    &mut self.totals[last].1
                }
            };
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
}

/// Threads that were on a core before a walk.
pub(super) struct OnCore {
    by_pid: FxHashMap<u32, Seen>,
}

struct Seen {
    core: u32,
    running: Running,
    /// Whose thread the walk says it is, and its CPU time by then, ns.
    read: Option<(ProcessKey, u64)>,
}

impl OnCore {
    /// Looks before a walk.
    pub(super) fn look(kernel: &Kernel) -> Self {
        let seen = |(core, running): (u32, Running)| {
            let read = None;
            let seen = Seen {
                core,
                running,
                read,
            };
            (running.pid, seen)
        };
        Self {
            by_pid: kernel.running().into_iter().map(seen).collect(),
        }
    }

    /// Takes note of what the walk reads.
    pub(super) fn read(&mut self, record: &TaskRecord) {
        if let Some(seen) = self.by_pid.get_mut(&record.pid) {
            seen.read = Some((record.process, record.totals.cpu_ns));
        }
    }

    /// Adds to `totals`, which were read after the walk, what the threads that are still on their cores had used there by the walk.
    fn add(&self, kernel: &Kernel, key: ProcessKey, totals: &mut Vec<(u32, u64)>) {
        for seen in self.by_pid.values() {
            let Some((_, cpu_ns)) = seen.read.filter(|(process, _)| *process == key) else {
                continue;
            };
            // Another reading now: it has left the core meanwhile, and the totals may hold its share already.
            if kernel.running_on(seen.core) != Some(seen.running) {
                continue;
            }
            let share_ns = cpu_ns.saturating_sub(seen.running.since_cpu_ns);
            match totals.iter_mut().find(|(core, _)| *core == seen.core) {
                Some((_, total)) => *total += share_ns,
                None => totals.push((seen.core, share_ns)),
            }
        }
    }
}

impl Agent {
    /// Tells the cores of the processes that have used CPU since the walk before, and once more of those that had before that: a thread that
    /// was just leaving its core may have been missed.
    pub(super) fn tell_cores(&mut self, active: Vec<ProcessKey>, on_core: &OnCore) {
        let again = std::mem::replace(&mut self.active, active);
        let active: HashSet<ProcessKey> = self.active.iter().copied().collect();
        let now_ns = self.clock.now_ns();
        for key in again.iter().filter(|key| !active.contains(key)) {
            self.tell_cores_of(*key, now_ns, on_core);
        }
        for index in 0..self.active.len() {
            let key = self.active[index];
            let sampled_ns = self.registry.get_mut(key).and_then(|known| {
                let last = known.last.as_ref()?;
                Some(last.at_ns)
            });
            self.tell_cores_of(key, sampled_ns.unwrap_or(now_ns), on_core);
        }
    }

    fn tell_cores_of(&mut self, key: ProcessKey, at_ns: u64, on_core: &OnCore) {
        let Some(known) = self.registry.get_mut(key) else {
            return;
        };
        let mut totals = self.kernel.core_times(key);
        on_core.add(&self.kernel, key, &mut totals);
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
    fn a_reading_is_noted_for_a_thread_on_a_core_only() {
        let seen = Seen {
            core: 1,
            running: Running {
                pid: 40,
                ..Running::default()
            },
            read: None,
        };
        let mut on_core = OnCore {
            by_pid: [(40, seen)].into_iter().collect(),
        };
        let mut record = TaskRecord {
            pid: 41,
            ..TaskRecord::default()
        };
        on_core.read(&record);
        assert!(on_core.by_pid[&40].read.is_none());
        record.pid = 40;
        record.totals.cpu_ns = 6;
        on_core.read(&record);
        assert_eq!(on_core.by_pid[&40].read, Some((record.process, 6)));
    }
}
