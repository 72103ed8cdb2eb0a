//! The processes the recorder knows: living ones, and for a while what the dead executed, because their children inherit it.

mod history;

use std::collections::VecDeque;
use std::sync::Arc;

use bc_abi::ProcessKey;
use bc_schema::{ProcessId, Sample};
use rustc_hash::FxHashMap;

pub(crate) use self::history::{At, History, Line};
use crate::agent::cores::CoresTold;

/// How many dead processes are remembered for their children.
const REMEMBERED: usize = 16_384;
/// How many bytes of command lines the dead may keep.
const REMEMBERED_BYTES: usize = 32 << 20;

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
#[derive(Debug, Default)]
pub(crate) struct Registry {
    living: FxHashMap<ProcessKey, Known>,
    dead: FxHashMap<ProcessKey, History>,
    dead_bytes: usize,
    order: VecDeque<ProcessKey>,
}

impl Registry {
    /// A process, if it is known and alive.
    pub(crate) fn get_mut(&mut self, key: ProcessKey) -> Option<&mut Known> {
        self.living.get_mut(&key)
    }

    /// Whether it is known and alive.
    pub(crate) fn contains(&self, key: ProcessKey) -> bool {
        self.living.contains_key(&key)
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

    /// What a process ran at a moment, whether it still lives or not.
    pub(crate) fn ran_at(&self, key: ProcessKey, boot_ns: u64) -> At {
        self.history(key)
            .map_or(At::Unknown, |history| history.at(boot_ns))
    }

    fn history(&self, key: ProcessKey) -> Option<&History> {
        let living = self.living.get(&key).map(|known| &known.ran);
        living.or_else(|| self.dead.get(&key))
    }

    /// Takes a process out; its execs are remembered for a while.
    pub(crate) fn remove(&mut self, key: ProcessKey) -> Option<Known> {
        let mut known = self.living.remove(&key)?;
        let history = std::mem::take(&mut known.ran);
        self.dead_bytes += history.bytes();
        self.dead.insert(key, history);
        self.order.push_back(key);
        while (self.order.len() > REMEMBERED || self.dead_bytes > REMEMBERED_BYTES)
            && let Some(oldest) = self.order.pop_front()
        {
            let forgotten = self.dead.remove(&oldest);
            self.dead_bytes -= forgotten.map_or(0, |history| history.bytes());
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
        let mut registry = Registry::default();
        let (sh, cc) = (line("sh", 1), line("cc", 1));
        registry.insert(key(1), known());
        registry.ran(key(1), 10, true, sh.clone());
        registry.ran(key(1), 20, true, cc.clone());
        assert_eq!(registry.ran_at(key(1), 15), At::Line(sh));
        registry.remove(key(1));
        assert_eq!(registry.ran_at(key(1), 25), At::Line(cc));
        assert!(registry.ran_at(key(2), 25) == At::Unknown && registry.is_empty());
    }

    #[test]
    fn the_dead_keep_no_more_bytes_than_they_may() {
        let mut registry = Registry::default();
        for tgid in 1..=REMEMBERED as u32 {
            registry.insert(key(tgid), known());
            registry.ran(key(tgid), 10, true, line("sh", 4_000));
            registry.remove(key(tgid));
            assert!(registry.dead_bytes <= REMEMBERED_BYTES);
        }
        assert_eq!(registry.ran_at(key(1), 20), At::Unknown);
        let last = registry.ran_at(key(REMEMBERED as u32), 20);
        assert_eq!(last, At::Line(line("sh", 4_000)));
        let kept: usize = registry.dead.values().map(History::bytes).sum();
        assert_eq!(kept, registry.dead_bytes);
    }
}
