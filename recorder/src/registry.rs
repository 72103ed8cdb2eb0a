//! The processes the recorder knows: living ones, and for a while what the dead executed, because their children inherit it.

mod history;

use std::collections::VecDeque;
use std::sync::Arc;

use bc_abi::ProcessKey;
use bc_schema::{ProcessId, Sample};
use rustc_hash::FxHashMap;

pub(crate) use self::history::{At, History, Line};
use crate::agent::cores::CoresTold;

/// Of how many processes that the kernel's table holds one that died is remembered for its children.
const PROCESSES_PER_DEAD: usize = 2;
/// How many bytes of command lines the dead may keep, for each process that the kernel's table holds.
const BYTES_PER_PROCESS: usize = 1 << 10;

/// A process that is being recorded.
#[derive(Debug)]
pub(crate) struct Known {
    /// Its id in every record.
    pub(crate) id: ProcessId,
    /// The life of the container it belongs to.
    pub(crate) life: u64,
    /// What it ran.
    pub(crate) ran: History,
    /// Its latest sample.
    pub(crate) last: Option<Sample>,
    /// CPU that it had used before it came in, ns.
    pub(crate) base_cpu_ns: u64,
    /// Execs of it that are declared as lost.
    pub(crate) execs_lost: u64,
    /// It executed something since its latest sample: its memory map is another one.
    pub(crate) new_memory: bool,
    /// The last walk that told of it.
    pub(crate) seen_walk: u64,
    /// The last walk that found it changed; every later one found it as its latest sample says.
    pub(crate) changed_walk: u64,
    /// It is closed, but threads of it are still on their way out: taken at this walk at the latest.
    pub(crate) close_at_walk: Option<u64>,
    /// What has been told of its CPU time by core.
    pub(crate) cores: CoresTold,
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Registry {
    living: FxHashMap<ProcessKey, Known>,
    dead: FxHashMap<ProcessKey, History>,
    dead_bytes: usize,
    /// The dead, with when they were taken out, in that order.
    order: VecDeque<(ProcessKey, u64)>,
    most_dead: usize,
    most_dead_bytes: usize,
    /// Of the dead that were taken out up to then, not all are remembered.
    forgotten_until_boot_ns: u64,
}

impl Registry {
    /// Beside a kernel's table for so many processes.
    pub(crate) fn new(processes: u32) -> Self {
        let processes = processes as usize;
        Self {
            living: FxHashMap::default(),
            dead: FxHashMap::default(),
            dead_bytes: 0,
            order: VecDeque::new(),
            most_dead: processes / PROCESSES_PER_DEAD,
            most_dead_bytes: processes * BYTES_PER_PROCESS,
            forgotten_until_boot_ns: 0,
        }
    }

    /// An earlier recorder was told of what happened until now.
    pub(crate) fn others_knew(&mut self, until_boot_ns: u64) {
        self.forgotten_until_boot_ns = until_boot_ns;
    }

    /// A process, if it is known and alive.
    pub(crate) fn get_mut(&mut self, key: ProcessKey) -> Option<&mut Known> {
        self.living.get_mut(&key)
    }

    /// Whether it is known and alive.
    pub(crate) fn contains(&self, key: ProcessKey) -> bool {
        self.living.contains_key(&key)
    }

    /// Whether it lives, or is remembered.
    pub(crate) fn knows(&self, key: ProcessKey) -> bool {
        self.history(key).is_some()
    }

    /// Takes a process in.
    pub(crate) fn insert(&mut self, key: ProcessKey, known: Known) {
        self.living.insert(key, known);
    }

    /// Takes the processes of a life out.
    pub(crate) fn remove_of(&mut self, life: u64) -> Vec<(ProcessKey, Known)> {
        self.living
            .extract_if(|_, known| known.life == life)
            .collect()
    }

    /// How many live.
    pub(crate) fn len(&self) -> usize {
        self.living.len()
    }

    /// Whether none lives.
    pub(crate) fn is_empty(&self) -> bool {
        self.living.is_empty()
    }

    /// Every living process.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (ProcessKey, &mut Known)> {
        self.living.iter_mut().map(|(key, known)| (*key, known))
    }

    /// CPU that the living processes of a life have used in it as of their latest samples, ns.
    pub(crate) fn cpu_ns_of(&self, life: u64) -> u64 {
        let living = self.living.values().filter(|known| known.life == life);
        let used = living.filter_map(|known| {
            let last = known.last.as_ref()?;
            Some(bc_schema::usage::cpu_ns(&last.metrics).saturating_sub(known.base_cpu_ns))
        });
        used.sum()
    }

    /// Notes what a process ran from a moment on; `own`: it executed it itself.
    pub(crate) fn ran(&mut self, key: ProcessKey, at_boot_ns: u64, own: bool, line: Arc<Line>) {
        if let Some(known) = self.living.get_mut(&key) {
            known.ran.push(at_boot_ns, own, line);
        }
    }

    /// Whether a process that lives, or did, is known to have executed something itself.
    pub(crate) fn has_executed(&self, key: ProcessKey) -> bool {
        self.history(key).is_some_and(History::has_executed)
    }

    /// What a process ran at a moment, whether it still lives or not. It lived then.
    pub(crate) fn ran_at(&self, key: ProcessKey, boot_ns: u64) -> At {
        match self.history(key) {
            Some(history) => history.at(boot_ns),
            // Had it been forgotten, it would have been taken out after that moment.
            None if boot_ns <= self.forgotten_until_boot_ns => At::Forgotten,
            None => At::Unknown,
        }
    }

    fn history(&self, key: ProcessKey) -> Option<&History> {
        let living = self.living.get(&key).map(|known| &known.ran);
        living.or_else(|| self.dead.get(&key))
    }

    /// Takes a process out, now; its execs are remembered for a while.
    pub(crate) fn remove(&mut self, key: ProcessKey, now_boot_ns: u64) -> Option<Known> {
        let mut known = self.living.remove(&key)?;
        let history = std::mem::take(&mut known.ran);
        self.dead_bytes += history.bytes();
        // Who went from one container into another is taken out of each.
        if let Some(earlier) = self.dead.insert(key, history) {
            self.dead_bytes -= earlier.bytes();
            self.order.retain(|(other, _)| *other != key);
        }
        self.order.push_back((key, now_boot_ns));
        while (self.order.len() > self.most_dead || self.dead_bytes > self.most_dead_bytes)
            && let Some((oldest, out_boot_ns)) = self.order.pop_front()
        {
            let forgotten = self.dead.remove(&oldest);
            self.dead_bytes -= forgotten.map_or(0, |history| history.bytes());
            self.forgotten_until_boot_ns = self.forgotten_until_boot_ns.max(out_boot_ns);
        }
        Some(known)
    }
}

#[cfg(test)]
mod tests {
    use bc_schema::ProcessExec;

    use super::*;

    fn key(tgid: u32) -> ProcessKey {
        ProcessKey {
            tgid,
            zero: 0,
            start_boot_ns: 5,
        }
    }

    fn line(name: &str, args: usize) -> Arc<Line> {
        Arc::new(Line::of(&ProcessExec {
            process: ProcessId([0; 16]),
            at_ns: 0,
            name: name.into(),
            exe: None,
            args: Some(vec!["x".repeat(args)]),
            args_cut: false,
            inherited: false,
        }))
    }

    fn known() -> Known {
        Known {
            id: ProcessId([0; 16]),
            life: 0,
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

    #[test]
    fn a_child_inherits_what_its_parent_ran_when_it_was_born() {
        let mut registry = Registry::new(16);
        let (sh, cc) = (line("sh", 1), line("cc", 1));
        registry.insert(key(1), known());
        registry.ran(key(1), 10, true, sh.clone());
        registry.ran(key(1), 20, true, cc.clone());
        assert_eq!(registry.ran_at(key(1), 15), At::Line(sh));
        registry.remove(key(1), 30);
        assert_eq!(registry.ran_at(key(1), 25), At::Line(cc));
        assert!(registry.ran_at(key(2), 25) == At::Unknown && registry.is_empty());
    }

    #[test]
    fn the_dead_keep_no_more_bytes_than_they_may_and_who_is_forgotten_was_known() {
        const ROOM: u32 = 4_096;
        let mut registry = Registry::new(ROOM);
        for tgid in 1..=ROOM {
            registry.insert(key(tgid), known());
            registry.ran(key(tgid), 10, true, line("sh", 4_000));
            registry.remove(key(tgid), u64::from(tgid) + 20);
            assert!(registry.dead_bytes <= registry.most_dead_bytes);
        }
        // A child that was born while it lived.
        assert_eq!(registry.ran_at(key(1), 20), At::Forgotten);
        let last = registry.ran_at(key(ROOM), 20);
        assert_eq!(last, At::Line(line("sh", 4_000)));
        let later = u64::from(ROOM) + 20;
        assert_eq!(registry.ran_at(key(ROOM + 1), later), At::Unknown);
        let kept: usize = registry.dead.values().map(History::bytes).sum();
        assert_eq!(kept, registry.dead_bytes);
    }

    #[test]
    fn no_more_of_the_dead_are_remembered_than_may_be() {
        let mut registry = Registry::new(16);
        for tgid in 1..=100 {
            registry.insert(key(tgid), known());
            registry.remove(key(tgid), u64::from(tgid));
        }
        assert_eq!((registry.dead.len(), registry.order.len()), (8, 8));
        // Once more, from another container.
        registry.insert(key(93), known());
        registry.ran(key(93), 94, true, line("sh", 1));
        registry.remove(key(93), 101);
        assert_eq!((registry.dead.len(), registry.order.len()), (8, 8));
        assert_eq!(registry.ran_at(key(93), 95), At::Line(line("sh", 1)));
        assert_eq!(registry.ran_at(key(92), 90), At::Forgotten);
        assert_eq!(registry.ran_at(key(94), 94), At::Unknown);
        registry.others_knew(200);
        assert_eq!(registry.ran_at(key(200), 150), At::Forgotten);
    }
}
