//! What the kernel may let go of once the sink has what was made of it (law 6): a recorder that is killed before leaves it to the next.

use std::collections::VecDeque;

use bc_abi::{CgroupKey, KernelLoss, Process, ProcessKey};
use rustc_hash::FxHashMap;

use super::Agent;
use crate::registry::Known;

/// Something to be let go.
#[derive(Debug)]
enum Release {
    /// A process's entry.
    Process(ProcessKey),
    /// A cgroup's watch and note.
    Cgroup(CgroupKey),
    /// A loss counter, declared up to here.
    Loss(KernelLoss, (u64, u64)),
    /// An account, declared up to here.
    Account(CgroupKey, (u64, u64)),
    /// A sum that stands in for accounts, declared up to here.
    Spill(u32, (u64, u64)),
}

/// All that waits.
#[derive(Debug, Default)]
pub(crate) struct Releases {
    /// Of the batch that is being made.
    next: Vec<Release>,
    /// By the number of the batch.
    waiting: VecDeque<(u64, Release)>,
    /// Processes among them; with what is known of those that threads may still be on their way out of.
    held: FxHashMap<ProcessKey, Option<Box<Known>>>,
}

impl Releases {
    /// Whether a process's final record is on its way to the sink.
    pub(super) fn holds(&self, key: ProcessKey) -> bool {
        self.held.contains_key(&key)
    }

    /// A cgroup whose life is over.
    pub(super) fn cgroup(&mut self, key: CgroupKey) {
        self.next.push(Release::Cgroup(key));
    }

    /// A loss counter that has been declared up to here.
    pub(super) fn loss(&mut self, reason: KernelLoss, sums: (u64, u64)) {
        self.next.push(Release::Loss(reason, sums));
    }

    /// An account that has been declared up to here.
    pub(super) fn account(&mut self, key: CgroupKey, sums: (u64, u64)) {
        self.next.push(Release::Account(key, sums));
    }

    /// A sum that stands in for accounts, by its slot, that has been declared up to here.
    pub(super) fn spill(&mut self, slot: u32, sums: (u64, u64)) {
        self.next.push(Release::Spill(slot, sums));
    }

    /// What has been made since the last time travels in this batch.
    pub(super) fn travel(&mut self, batch: u64) {
        let next = self.next.drain(..);
        self.waiting.extend(next.map(|release| (batch, release)));
    }
}

impl Agent {
    /// Keeps a process's entry until the sink has its final record.
    pub(super) fn hold(&mut self, key: ProcessKey, entry: &Process, known: Known) {
        let complete = entry.threads_ended >= entry.threads_begun;
        self.releases
            .held
            .insert(key, (!complete).then(|| Box::new(known)));
        self.releases.next.push(Release::Process(key));
    }

    /// Lets go of what the sink has.
    pub(super) fn release(&mut self, delivered: u64) {
        // Final records in more than half the table: room for the living is worth more.
        let most = self.config.capacities.processes as usize / 2;
        while let Some((batch, _)) = self.releases.waiting.front()
            && (*batch <= delivered || self.releases.held.len() > most)
            && let Some((_, release)) = self.releases.waiting.pop_front()
        {
            match release {
                Release::Process(key) => self.release_process(key),
                Release::Cgroup(key) => {
                    self.settle_late(key);
                    self.kernel.unwatch(key);
                    self.kernel.close_account(key);
                    self.losses.forget(key);
                }
                Release::Loss(reason, sums) => self.kernel.declare(reason, sums),
                Release::Account(key, sums) if self.losses.has_account(key) => {
                    self.kernel.declare_account(key, sums);
                }
                // Closed since.
                Release::Account(..) => {}
                Release::Spill(slot, sums) => self.kernel.declare_spill(slot, sums),
            }
        }
    }

    fn release_process(&mut self, key: ProcessKey) {
        let (Some(known), Some(entry)) =
            (self.releases.held.remove(&key), self.kernel.process(key))
        else {
            return;
        };
        match known {
            // A thread was on its way out for longer than anybody waits: the larger final record replaces the smaller.
            Some(known) if grown(&known, &entry) => {
                self.finish_known(key, &entry, *known);
            }
            _ => self.kernel.forget(key, &entry),
        }
    }
}

fn grown(known: &Known, entry: &Process) -> bool {
    let told = known.last.as_ref();
    told.is_some_and(|last| bc_schema::usage::cpu_ns(&last.metrics) < entry.ended.cpu_ns)
}
