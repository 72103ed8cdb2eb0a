//! The processes the recorder knows: living ones, and for a while what the dead executed, because their children inherit it.

use std::collections::VecDeque;
use std::sync::Arc;

use bc_abi::ProcessKey;
use bc_schema::{ProcessExec, ProcessId, Sample};
use rustc_hash::FxHashMap;

use crate::agent::cores::CoresTold;

/// How many dead processes are remembered for their children.
const REMEMBERED: usize = 16_384;
/// How many execs of one process are remembered for its children.
const EXECS: usize = 16;

/// What a process ran, from a moment on.
#[derive(Debug, Clone)]
pub(crate) struct Ran {
    /// Boot clock, ns.
    pub(crate) at_boot_ns: u64,
    /// What.
    pub(crate) exec: Arc<ProcessExec>,
}

/// A process that is being recorded.
#[derive(Debug)]
pub(crate) struct Known {
    /// Its id in every record.
    pub(crate) id: ProcessId,
    /// The life of the container it belongs to.
    pub(crate) life: u64,
    /// What it ran, oldest first.
    pub(crate) ran: Vec<Ran>,
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
    dead: FxHashMap<ProcessKey, Vec<Ran>>,
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

    /// Notes what a process ran.
    pub(crate) fn ran(&mut self, key: ProcessKey, at_boot_ns: u64, exec: ProcessExec) {
        if let Some(known) = self.living.get_mut(&key) {
            if known.ran.len() == EXECS {
                known.ran.remove(0);
            }
            known.ran.push(Ran {
                at_boot_ns,
                exec: Arc::new(exec),
            });
        }
    }

    /// Whether a process that lives, or did, is known to have executed something itself.
    pub(crate) fn has_executed(&self, key: ProcessKey) -> bool {
        let ran = self.living.get(&key).map(|known| &known.ran);
        let mut ran = ran.or_else(|| self.dead.get(&key)).into_iter().flatten();
        ran.any(|ran| !ran.exec.inherited)
    }

    /// What a process ran at a moment, whether it still lives or not.
    pub(crate) fn ran_at(&self, key: ProcessKey, boot_ns: u64) -> Option<Arc<ProcessExec>> {
        let ran = self
            .living
            .get(&key)
            .map(|known| &known.ran)
            .or_else(|| self.dead.get(&key))?;
        let at = ran
            .iter()
            .rev()
            .find(|ran| ran.at_boot_ns <= boot_ns)
            .or_else(|| ran.first())?;
        Some(at.exec.clone())
    }

    /// Takes a process out; its execs are remembered for a while.
    pub(crate) fn remove(&mut self, key: ProcessKey) -> Option<Known> {
        let mut known = self.living.remove(&key)?;
        if self.order.len() == REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.dead.remove(&oldest);
        }
        self.dead.insert(key, std::mem::take(&mut known.ran));
        self.order.push_back(key);
        Some(known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(tgid: u32) -> ProcessKey {
        ProcessKey {
            tgid,
            zero: 0,
            start_boot_ns: 5,
        }
    }

    fn exec(name: &str) -> ProcessExec {
        let id = ProcessId([0; 16]);
        ProcessExec {
            process: id,
            at_ns: 0,
            name: name.into(),
            exe: None,
            args: None,
            args_cut: false,
            inherited: false,
        }
    }

    #[test]
    fn a_child_inherits_what_its_parent_ran_when_it_was_born() {
        let mut registry = Registry::default();
        let known = Known {
            id: ProcessId([0; 16]),
            life: 0,
            ran: vec![],
            last: None,
            base_cpu_ns: 0,
            execs_lost: 0,
            new_memory: false,
            seen_walk: 0,
            changed_walk: 0,
            close_at_walk: None,
            cores: CoresTold::default(),
        };
        registry.insert(key(1), known);
        registry.ran(key(1), 10, exec("sh"));
        registry.ran(key(1), 20, exec("cc"));
        assert_eq!(registry.ran_at(key(1), 15).unwrap().name, "sh");
        registry.remove(key(1));
        assert_eq!(registry.ran_at(key(1), 25).unwrap().name, "cc");
        assert!(registry.ran_at(key(2), 25).is_none() && registry.is_empty());
    }
}
