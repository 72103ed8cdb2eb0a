//! A process becomes known: through an exec, a walk, or only by its end. Whichever tells first, the same facts go out once.

use std::sync::Arc;

use bc_abi::{Process, ProcessKey, process_flag};
use bc_schema::{LossReason, ProcessExec, ProcessId, ProcessStart};

use super::Agent;
use super::cores::CoresTold;
use crate::clock::boot_now_ns;
use crate::kernel::{self, KernelEvent};
use crate::lives::Owner;
use crate::registry::{History, Known, Line};
use crate::{process_file, reading};

impl Agent {
    /// An exec: the process keeps its identity and its totals, and gets another line in its history.
    pub(super) fn executed(&mut self, event: KernelEvent) {
        let &KernelEvent::Exec {
            process: key,
            at_boot_ns,
            ..
        } = &event
        else {
            return;
        };
        if !self.registry.contains(key) {
            let Some(entry) = self.kernel.process(key) else {
                return;
            };
            if !self.take_in(key, &entry) {
                if self.jobs.holds(&entry) && !self.jobs.keep(event) {
                    self.lose(LossReason::ArgsUnreadable, None, at_boot_ns, 1, 0);
                }
                return;
            }
        }
        let KernelEvent::Exec {
            comm,
            path,
            args,
            args_cut,
            ..
        } = event
        else {
            return;
        };
        let Some(known) = self.registry.get_mut(key) else {
            return;
        };
        known.new_memory = true;
        if args.is_none() {
            let life = known.life;
            self.lose(LossReason::ArgsUnreadable, Some(life), at_boot_ns, 1, 0);
        }
        let exec = ProcessExec {
            process: self.id(key),
            at_ns: self.clock.utc_ns(at_boot_ns),
            name: comm,
            exe: path,
            args: args.map(|args| self.mask.args(process_file::split(&args))),
            args_cut,
            inherited: false,
        };
        let line = Arc::new(Line::of(&exec));
        if self.is_full() {
            let life = self.registry.get_mut(key).map(|known| known.life);
            self.lose(LossReason::ExecsFull, life, at_boot_ns, 1, 0);
        } else {
            self.delivery.expect(&exec);
            self.out.execs.push(exec);
        }
        self.registry.ran(key, at_boot_ns, true, line);
    }

    /// Takes a process in, and before it those that it comes from. False when it is nobody's (then it leaves the kernel's table), over, or
    /// has to wait for its job's number.
    pub(super) fn take_in(&mut self, key: ProcessKey, entry: &Process) -> bool {
        for (ancestor, entry) in self.unknown_ancestors(entry).into_iter().rev() {
            self.take_in_alone(ancestor, &entry);
        }
        self.take_in_alone(key, entry)
    }

    fn take_in_alone(&mut self, key: ProcessKey, entry: &Process) -> bool {
        if self.releases.holds(key) {
            // All of it is known; its entry only waits for the sink to have it.
            return false;
        }
        let Some(number) = self.owner_of(entry) else {
            // A job's process whose number is not known yet stays where it is.
            if self.jobs.holds(entry) {
                return false;
            }
            if self.lives.of(&entry.cgroups) == Some(Owner::Unnamed) {
                // It may have been a container's: gone, with a name that nobody read in time.
                self.lose(
                    LossReason::CgroupUnnamed,
                    None,
                    entry.entered_boot_ns,
                    1,
                    own_cpu_ns(entry),
                );
            }
            self.kernel.forget(key, entry);
            return false;
        };
        if self.is_full() {
            // The living wait in the kernel's table; of the dead, their container is told.
            if entry.closed != 0 {
                self.lose(
                    LossReason::QueueFull,
                    Some(number),
                    entry.end.at_boot_ns,
                    1,
                    own_cpu_ns(entry),
                );
                self.kernel.forget(key, entry);
            }
            return false;
        }
        if entry.flags & process_flag::INEXACT != 0 {
            self.lose(
                LossReason::EntryInexact,
                Some(number),
                entry.entered_boot_ns,
                1,
                0,
            );
        }
        let id = self.id(key);
        let start_ns = self.clock.utc_ns(key.start_boot_ns);
        let forked = entry.flags & process_flag::FORKED != 0;
        // Its account is its whole life.
        let whole = entry.flags & (process_flag::FORKED | process_flag::LATE) != 0;
        let entered_ns = if whole {
            start_ns
        } else {
            self.clock.utc_ns(entry.entered_boot_ns)
        };
        let has_parent = entry.parent.tgid != 0;
        let Some(life) = self.lives.get_mut(number) else {
            return false;
        };

        let container_pid = (entry.container_pid != 0).then_some(entry.container_pid);
        let own_namespace = container_pid.is_some_and(|pid| pid != key.tgid);
        let first_of_cgroup = !life.facts.kind.has_an_init();
        let looks_like_root =
            (own_namespace && container_pid == Some(1)) || (first_of_cgroup && !own_namespace);
        let is_new_root = life.root.is_none() && looks_like_root;
        if is_new_root {
            life.root = Some(key);
        }
        let is_root = life.root == Some(key);
        life.open += 1;
        life.processes += 1;
        let name = kernel::text(&entry.comm);
        self.out.starts.push(ProcessStart {
            process: id,
            life: life.facts.life.clone(),
            pid: key.tgid,
            container_pid,
            parent: has_parent
                .then(|| ProcessId::new(self.boot, entry.parent.tgid, entry.parent.start_boot_ns)),
            parent_pid: has_parent.then_some(entry.parent.tgid),
            uid: Some(entry.uid),
            start_ns,
            entered_ns,
            is_root,
            baseline: (!whole).then(|| reading::totals(&entry.base, self.kernel.has_io())),
            name: name.clone(),
        });
        let known = Known {
            id,
            life: number,
            ran: History::default(),
            last: None,
            base_cpu_ns: entry.base.cpu_ns,
            execs_lost: 0,
            new_memory: false,
            seen_walk: self.walks,
            changed_walk: self.walks,
            close_at_walk: None,
            cores: CoresTold::new((!forked).then_some(entry.entered_boot_ns)),
        };
        self.registry.insert(key, known);
        if is_new_root {
            self.note_life(number);
        }
        self.first_line(key, entry, id, name, start_ns);
        true
    }

    /// The life a process belongs to, deciding about cgroups that nobody has decided about yet.
    pub(super) fn owner_of(&mut self, entry: &Process) -> Option<u64> {
        for key in entry.cgroups.iter().filter(|key| key.id != 0) {
            if self.lives.owner(*key).is_none() {
                self.decide(*key, None, entry.entered_boot_ns);
            }
        }
        match self.lives.of(&entry.cgroups) {
            Some(Owner::Life(life)) => Some(life),
            _ => None,
        }
    }

    /// Whether as many facts wait for the sink as may.
    fn is_full(&self) -> bool {
        let facts = self.out.starts.len() + self.out.ends.len();
        self.delivery.facts() + facts >= self.config.capacities.waiting_facts
    }

    /// Declares the execs of a process that found the ring full.
    pub(super) fn count_lost_execs(&mut self, key: ProcessKey, entry: &Process) {
        let Some(known) = self.registry.get_mut(key) else {
            return;
        };
        let lost = entry.execs_lost - known.execs_lost;
        if lost > 0 {
            known.execs_lost = entry.execs_lost;
            known.ran.miss();
            let life = known.life;
            self.lose(LossReason::RingFull, Some(life), boot_now_ns(), lost, 0);
        }
    }

    /// The id of a process in every record.
    pub(super) fn id(&self, key: ProcessKey) -> ProcessId {
        ProcessId::new(self.boot, key.tgid, key.start_boot_ns)
    }
}

/// What it has used here by its threads that have ended, ns.
fn own_cpu_ns(entry: &Process) -> u64 {
    entry.ended.cpu_ns.saturating_sub(entry.base.cpu_ns)
}
