//! A process ends: its final record is taken from the kernel's table, where it waited.

use bc_abi::{Process, ProcessKey, end_flag, process_flag};
use bc_schema::{Closes, LossReason, ProcessEnd};

use super::{Agent, Phase};
use crate::clock::boot_now_ns;
use crate::reading::Reading;
use crate::registry::Known;

/// Walks that a closed process waits for threads on their way out.
const GRACE_WALKS: u64 = 2;
/// A process that no walk has told of for so long is gone: while it lives, one of each minute's does.
const UNSEEN_WALKS: u64 = 130;

impl Agent {
    /// The kernel says that a process is closed.
    pub(super) fn closed(&mut self, key: ProcessKey) {
        // Announced twice when threads trailed: the first time may have been enough.
        let Some(entry) = self.kernel.process(key) else {
            return;
        };
        if entry.threads_ended >= entry.threads_begun {
            self.finish_process(key, &entry);
        } else if !self.closing.contains(&key) {
            if !self.registry.contains(key) && !self.take_in(key, &entry) {
                return;
            }
            let due = self.walks + GRACE_WALKS;
            if let Some(known) = self.registry.get_mut(key) {
                known.close_at_walk = Some(due);
            }
            self.closing.push(key);
        }
    }

    /// Takes the final record of every closed process whose threads have had their time.
    pub(super) fn close_due(&mut self) {
        let walks = self.walks;
        for key in std::mem::take(&mut self.closing) {
            let due = self
                .registry
                .get_mut(key)
                .and_then(|known| known.close_at_walk);
            match (due, self.kernel.process(key)) {
                (Some(due), Some(entry))
                    if due <= walks || entry.threads_ended >= entry.threads_begun =>
                {
                    self.finish_process(key, &entry);
                }
                (Some(_), Some(_)) => self.closing.push(key),
                _ => {}
            }
        }
    }

    /// Takes every final record there is, ready or not: nobody will come for it later.
    pub(super) fn close_all_pending(&mut self) {
        for key in std::mem::take(&mut self.closing) {
            if let Some(entry) = self.kernel.process(key) {
                self.finish_process(key, &entry);
            }
        }
    }

    fn finish_process(&mut self, key: ProcessKey, entry: &Process) {
        if !self.registry.contains(key) && !self.take_in(key, entry) {
            return;
        }
        self.count_lost_execs(key, entry);
        let Some(known) = self.registry.remove(key, boot_now_ns()) else {
            return;
        };
        self.miss_args(key, entry, &known);
        if let Some(life) = self.lives.get_mut(known.life) {
            life.open = life.open.saturating_sub(1);
            life.ended_cpu_ns += entry.ended.cpu_ns.saturating_sub(entry.base.cpu_ns);
        }
        let number = known.life;
        let end = self.finish_known(key, entry, known);
        if let Some(life) = self.lives.get_mut(number) {
            life.failed += u64::from(end.failed());
            life.oom_killed += u64::from(end.oom_killed);
        }
    }

    /// A killed recorder took the exec of this process from the ring, told nobody, and nobody else can tell any more.
    fn miss_args(&mut self, key: ProcessKey, entry: &Process, known: &Known) {
        let taken_over = self.phase != Phase::Recording && self.kernel.adopted();
        let untold = entry.flags & process_flag::EXECED != 0
            && !self.registry.has_executed(key)
            && !self.stored.contains(&known.id);
        if taken_over && untold {
            let at_boot_ns = key.start_boot_ns;
            self.lose(
                LossReason::ArgsUnreadable,
                Some(known.life),
                at_boot_ns,
                1,
                0,
            );
        }
    }

    /// Tells the final record, and gives it; its entry stays in the kernel until the sink has it.
    pub(super) fn finish_known(
        &mut self,
        key: ProcessKey,
        entry: &Process,
        mut known: Known,
    ) -> ProcessEnd {
        let metrics = Reading::last(entry).metrics(self.page_bytes, self.kernel.has_io());
        known.sample(
            self.clock.utc_ns(entry.end.at_boot_ns),
            metrics,
            Closes::ALL,
            self.last_look,
            &mut self.out.samples,
        );
        let at_ns = known.last.as_ref().map_or(0, |last| last.at_ns);
        self.tell_last_cores(&mut known, at_ns, key, entry);
        let status = entry.end.status;
        let signal = (status & 0x7f) as u8;
        let end = ProcessEnd {
            process: known.id,
            at_ns,
            exit_code: (signal == 0).then_some((status >> 8) as u8),
            signal: (signal != 0).then_some(signal),
            core_dumped: status & 0x80 != 0,
            oom_killed: entry.end.flags & end_flag::OOM_VICTIM != 0,
            unseen: false,
        };
        self.out.ends.push(end.clone());
        if let Some(life) = self.lives.get_mut(known.life) {
            life.last_ns = life.last_ns.max(at_ns);
        }
        self.hold(key, entry, known);
        end
    }

    /// A process left a watched cgroup: its account here closes with its latest sample. Where it came into another container's, its
    /// account there begins.
    pub(super) fn left(&mut self, key: ProcessKey, at_boot_ns: u64) {
        let Some(entry) = self.kernel.process(key) else {
            return;
        };
        if let Some(owner) = self.owner_of(&entry) {
            // It may also have come back since.
            let before = self.registry.get_mut(key).map(|known| known.life);
            if before.is_some_and(|before| before != owner) {
                self.moved.push((key, at_boot_ns));
            }
            return;
        }
        if self.jobs.holds(&entry) {
            return;
        }
        self.give_up(key, Some(&entry), self.clock.utc_ns(at_boot_ns));
        self.kernel.forget(key, &entry);
    }

    /// Processes that the walk no longer met: closed ones whose announcement was lost, and those the table has lost.
    pub(super) fn miss_vanished(&mut self) {
        let walks = self.walks;
        let missing: Vec<ProcessKey> = self
            .registry
            .iter_mut()
            .filter(|(_, known)| {
                known.seen_walk + UNSEEN_WALKS < walks && known.close_at_walk.is_none()
            })
            .map(|(key, _)| key)
            .collect();
        for key in missing {
            match self.kernel.process(key) {
                Some(entry) if entry.closed != 0 => self.closed(key),
                // On its way out: past the list of tasks, not yet past its last switch.
                Some(_) => {}
                None => {
                    let life = self.registry.get_mut(key).map(|known| known.life);
                    self.lose(LossReason::FinalMissing, life, boot_now_ns(), 1, 0);
                    self.give_up(key, None, self.clock.now_ns());
                }
            }
        }
    }

    /// Looks through the whole table after announcements were lost.
    pub(super) fn search_table(&mut self) {
        let there: Vec<_> = self.kernel.processes().map(|(key, _)| key).collect();
        // What those have executed that are over by now is in the ring before their end is found here.
        self.take_events();
        for key in there {
            let Some(entry) = self.kernel.process(key) else {
                continue;
            };
            self.count_lost_execs(key, &entry);
            if entry.closed != 0 {
                self.closed(key);
            } else if entry.flags & process_flag::LEFT != 0 {
                self.left(key, boot_now_ns());
            } else if !self.registry.contains(key) {
                self.take_in(key, &entry);
            }
        }
    }

    fn give_up(&mut self, key: ProcessKey, entry: Option<&Process>, at_ns: u64) {
        let Some(mut known) = self.registry.remove(key, boot_now_ns()) else {
            return;
        };
        if let Some(entry) = entry {
            self.tell_last_cores(&mut known, at_ns, key, entry);
        }
        if let Some(last) = &mut known.last {
            last.closes = Closes::ALL;
            self.out.samples.push(last.clone());
        }
        self.out.ends.push(ProcessEnd::unseen(known.id, at_ns));
        if let Some(life) = self.lives.get_mut(known.life) {
            life.open = life.open.saturating_sub(1);
            life.last_ns = life.last_ns.max(at_ns);
        }
    }
}
